// SPDX-License-Identifier: Apache-2.0
// A pipeline's frames and a view over the embedded store on the simulated file system: every file
// call in turn fails, once or for good, then the machine loses what was not synced. After the next
// start nothing acknowledged is lost, the rest is sent again from the journaled progress, and rows
// and revisions are those of an undisturbed run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "base/testing/seed.h"
#include "store/embedded_store.h"
#include "view/maintainer.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::IsEmpty;

constexpr TableId kTable{1};
constexpr int kBatches = 26;
constexpr int64_t kStart = 1'767'225'600;  // s

class Machine {
 public:
  explicit Machine(uint64_t seed) : seed_(seed), fs_(seed) {
    definition_.id = ViewId{1};
    definition_.name = "v";
    definition_.source = definition_.target = kTable;
    definition_.types = {store::ValueType::kDouble};
    definition_.aggregates = {agg::Kind::kAvg, agg::Kind::kCount};
    definition_.width = seconds(10);
    definition_.label = Label::kEnd;
    definition_.out_of_orderness = seconds(3);
    definition_.allowed_lateness = seconds(20);
    definition_.early = seconds(1);
  }
  ~Machine() { Close(); }

  sim::SimFileSystem& fs() { return fs_; }
  /// Batches that were acknowledged: 0 .. acked() - 1.
  int acked() const { return acked_; }

  Result<void> Open() {
    executor_ = std::make_unique<sim::SimExecutor>(clock_, seed_);
    TM_RETURN_IF_ERROR(fs_.CreateDirs("data"));
    store::EmbeddedStoreOptions options;
    options.dir = "data";
    options.segment_bytes_max = 4096;
    TM_ASSIGN_OR_RETURN(store_,
                        store::EmbeddedStore::Open(options, fs_, clock_, *executor_, metrics_));
    store_->SetTable({.table = kTable, .name = "\"db\".\"t\"", .magnetic_writes = true});
    maintainer_ = std::make_unique<Maintainer>(*store_, clock_, metrics_, nullptr,
                                               MaintainerOptions{.windows_per_piece = 2});
    maintainer_->Attach(*executor_);
    TM_RETURN_IF_ERROR(maintainer_->Restore(definition_));
    executor_->RunUntilIdle();
    return {};
  }

  void Close() {
    if (maintainer_ != nullptr) maintainer_->Detach();
    maintainer_.reset();
    store_.reset();
    executor_.reset();
  }

  /// Sends what the journaled progress does not have yet, up to batch `end`; stops at the first
  /// failure.
  Result<void> SendUntil(int end) {
    int next = 0;
    for (const auto& p : store_->ProgressOf(store::SourceId{})) {
      next = std::max(next, std::stoi(p.position) + 1);
    }
    EXPECT_GE(next, acked_) << "an acknowledged batch is lost";
    for (; next < end; ++next) {
      TM_RETURN_IF_ERROR(Send(next));
      acked_ = std::max(acked_, next + 1);
    }
    return {};
  }

  ViewStatus Status() const { return std::move(maintainer_->Status("v")).value(); }
  std::vector<std::string> Wrong() { return CheckView(*store_, Status()); }
  std::vector<std::string> Rows() { return RowTexts(*store_, definition_); }

 private:
  Result<void> Send(int number) {
    SeededRandom random(static_cast<uint64_t>(number) + 1);
    std::vector<store::PointView> points;
    store::WriteBatch batch;
    store::SourceProgress progress;
    progress.source = store::SourceId{};
    progress.table = kTable;
    progress.partition = static_cast<uint32_t>(number % 2);
    progress.position = std::to_string(number);
    progress.max_event_time = EventTime{(kStart + 3 * number) * 1'000'000'000};
    for (int host = 0; host < 3; ++host) {
      store::PointView point;
      TM_ASSIGN_OR_RETURN(point.series, Series(host));
      point.time = *progress.max_event_time;
      if (random.Below(5) == 0) point.time = point.time - seconds(15 + random.Below(40));
      point.arrival = {number + 1};
      point.value = store::ValueView::Double(random.Unit());
      points.push_back(point);
    }
    batch.points = points;
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kRetentionOnly;
    batch.source_progress = {progress};
    std::optional<Result<store::WriteReply>> reply;
    store_->Write(batch, [&](Result<store::WriteReply> r) { reply = std::move(r); });
    executor_->RunUntilIdle();
    if (!reply) return Error{Code::kUnavailable, "never answered"};
    if (!reply->ok()) return reply->error();
    return {};
  }

  Result<store::SeriesRef> Series(int host) {
    const std::string name = std::to_string(host);
    const store::DimensionView dimension{"host", name};
    const store::SeriesKeyView key{
        .table = kTable, .measure = "cpu", .dimensions = std::span(&dimension, 1), .owner = {}};
    TM_ASSIGN_OR_RETURN(const auto resolved, store_->Resolve(std::span(&key, 1)));
    return resolved.front().series;
  }

  const uint64_t seed_;
  sim::SimClock clock_;
  sim::SimFileSystem fs_;
  MetricRegistry metrics_;
  ViewDefinition definition_;
  std::unique_ptr<sim::SimExecutor> executor_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<Maintainer> maintainer_;
  int acked_ = 0;
};

// With a restart inside.
Result<void> RunAll(Machine& machine) {
  TM_RETURN_IF_ERROR(machine.Open());
  TM_RETURN_IF_ERROR(machine.SendUntil(kBatches / 2));
  machine.Close();
  TM_RETURN_IF_ERROR(machine.Open());
  return machine.SendUntil(kBatches);
}

void FailEveryCall(sim::SimFaults faults) {
  const uint64_t seed = TestSeed();
  std::vector<std::string> expected;
  {
    Machine undisturbed(seed);
    const auto r = RunAll(undisturbed);
    ASSERT_TRUE(r.ok()) << r.error().message;
    ASSERT_THAT(undisturbed.Wrong(), IsEmpty());
    expected = undisturbed.Rows();
    ASSERT_GT(expected.size(), 30U);
    ASSERT_GT(undisturbed.Status().revisions_total, 2U);
  }
  for (uint64_t n = 1; !::testing::Test::HasFailure(); ++n) {
    SCOPED_TRACE("file call " + std::to_string(n) + ", " + SeedTrace(seed));
    Machine machine(seed + n);
    faults.fail_nth_call = n;
    machine.fs().SetFaults(faults);
    const auto disturbed = RunAll(machine);
    if (disturbed.ok() && !machine.fs().fired()) break;
    machine.fs().SetFaults({});
    machine.fs().Crash();
    machine.Close();
    const auto reopened = machine.Open();
    ASSERT_TRUE(reopened.ok()) << reopened.error().message;
    const auto rest = machine.SendUntil(kBatches);
    ASSERT_TRUE(rest.ok()) << rest.error().message;
    EXPECT_THAT(machine.Wrong(), IsEmpty());
    EXPECT_EQ(machine.Rows(), expected);
  }
}

TEST(ViewCrash, AFailingCallLosesNothing) { FailEveryCall({}); }

TEST(ViewCrash, AMachineThatStopsLosesNothing) { FailEveryCall({.fail_all_after = true}); }

}  // namespace
}  // namespace tidemark::view
