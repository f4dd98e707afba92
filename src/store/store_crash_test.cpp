// SPDX-License-Identifier: Apache-2.0
// Count-up fault injection over everything the store does to its files: each file operation fails
// or is the last one, in turn. Acknowledged batches survive, none is half visible, data and
// progress are one prefix, and what was shown once stays (issue check 5, storage.md 11.3).
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "store/testing/embedded_host.h"

namespace tidemark::store {
namespace {

constexpr TableId kTable{7};
constexpr SourceId kSource{SourceId::Kind::kPipeline, 1};
constexpr Owner kView{ViewId{3}, 1};
constexpr EventTime kStart{(1'767'225'600LL - 7200) * 1'000'000'000};
constexpr int kBatches = 40;

EmbeddedStoreOptions SmallSegments() {
  EmbeddedStoreOptions options;
  options.segment_bytes_max = 1500;
  options.revision_retention = hours(24 * 36500);  // the entries are of 1970
  return options;
}

void Prepare(Store& store) {
  store.SetTable({.table = kTable, .name = "t", .magnetic_writes = true});
  store.SetReservations({{kTable, kView.view, "v", 1, "avg_{measure}"}});
}

std::optional<SeriesRef> Ref(Store& store, std::string_view measure, std::string_view host,
                             Owner owner = {}) {
  const DimensionView d{"host", host};
  const SeriesKeyView key{kTable, measure, std::span(&d, 1), ValueType::kDouble, owner};
  const auto resolved = store.Resolve(std::span(&key, 1));
  if (!resolved.ok()) return std::nullopt;
  return resolved->at(0).series;
}

// Batch `i`: three points, one of them new in an old series and one a replacement, a view's row
// with its revision, and the progress of both. False: not acknowledged.
bool WriteBatchNumber(EmbeddedHost& host, int i) {
  Store& store = host.store();
  const auto a = Ref(store, "cpu", "a");
  const auto b = Ref(store, "cpu", "h" + std::to_string(i % 7));
  if (!a || !b) return false;
  std::vector<PointView> points(3);
  points[0] = {*a, kStart + seconds(i), 1, {1000 + i}, ValueView::Double(i), nullptr};
  points[1] = {*b, kStart + seconds(i), 1, {1000 + i}, ValueView::Double(i), nullptr};
  points[2] = {*a, kStart - seconds(1), 1, {1000 + i}, ValueView::Double(i), nullptr};
  WriteBatch batch;
  batch.points = points;
  batch.rule = ConflictRule::kLastWins;
  batch.time_check = WriteBatch::TimeCheck::kNone;
  batch.source_progress = {
      {kSource, kTable, 0, std::to_string(i), kStart + seconds(i), false, true}};
  bool acked = false;
  store.Write(batch, [&](const Result<WriteReply>& r) { acked = r.ok(); });
  host.Settle();
  if (!acked) return false;
  if (i % 5 != 0) return true;
  const auto avg = Ref(store, "avg_cpu", "a", kView);
  if (!avg) return true;
  const RowInfo info{kStart, kStart + seconds(300), static_cast<uint32_t>(i / 5 + 1),
                     static_cast<uint64_t>(i)};
  const PointView row{*avg, kStart + seconds(300), 1, {2000 + i}, ValueView::Double(i), &info};
  const RevisionEntry revision{*avg,
                               row.time,
                               info.window_start,
                               info.window_end,
                               info.revision,
                               {},
                               double(i),
                               0,
                               ArrivalTime{2000 + i},
                               false};
  WriteBatch view = batch;
  view.points = std::span(&row, 1);
  view.owner = kView;
  view.source_progress.clear();
  view.view_progress = ViewProgress{kView.view, 1, store.End(), std::nullopt, std::to_string(i)};
  view.revisions = std::span(&revision, 1);
  bool view_acked = false;
  store.Write(view, [&](const Result<WriteReply>& r) { view_acked = r.ok(); });
  host.Settle();
  return view_acked;
}

struct Recovered {
  int last = -1;       // number of the last batch, by progress
  int view_last = -1;  // of the view
  std::vector<ReadRow> rows;
};

// Reads everything and checks that it is exactly the state after batch `last`.
Recovered CheckPrefix(EmbeddedHost& host) {
  Store& store = host.store();
  Recovered out;
  for (const SourceProgress& p : store.ProgressOf(kSource)) out.last = std::stoi(p.position);
  if (const auto p = store.ProgressOf(kView.view)) out.view_last = std::stoi(p->state);
  ScanRequest request;
  request.selection.table = kTable;
  request.versions_wanted = true;
  request.rows_wanted = true;
  auto cursor = store.Scan(request);
  EXPECT_TRUE(cursor.ok()) << cursor.error().message;
  if (!cursor.ok()) return out;
  out.rows = ReadAll(**cursor);
  std::map<std::pair<std::string, int64_t>, double> expected;
  for (int i = 0; i <= out.last; ++i) {
    expected[{"cpu{host=a}", (kStart + seconds(i)).ns}] = i;
    expected[{"cpu{host=h" + std::to_string(i % 7) + "}", (kStart + seconds(i)).ns}] = i;
    expected[{"cpu{host=a}", (kStart - seconds(1)).ns}] = i;
  }
  if (out.view_last >= 0) expected[{"avg_cpu{host=a}", (kStart + seconds(300)).ns}] = out.view_last;
  EXPECT_EQ(out.rows.size(), expected.size());
  for (const ReadRow& row : out.rows) {
    const auto it = expected.find({row.series, row.time_ns});
    EXPECT_TRUE(it != expected.end()) << row.series << " " << row.time_ns;
    if (it == expected.end()) continue;
    EXPECT_EQ(row.value, ValueText(ValueView::Double(it->second)));
  }
  // The feed tells the same story.
  size_t points = 0;
  size_t revisions = 0;
  bool gap = false;
  std::set<std::pair<std::string, int64_t>> told;  // times that changed ranges cover
  auto feed = store.OpenFeed({});
  EXPECT_TRUE(feed.ok());
  FeedBatch batch;
  while (feed.ok()) {
    const auto more = (*feed)->Next(10, batch);
    EXPECT_TRUE(more.ok()) << more.error().message;
    if (!more.ok() || !*more) break;
    gap |= batch.gap;
    for (const ChangedRange& c : batch.changed) {
      const std::string series = SeriesText(*store.Describe(c.series));
      for (const auto& [key, value] : expected) {
        if (key.first == series && c.time.Contains({key.second})) told.insert(key);
      }
    }
    for (const FeedPoint& p : batch.points)
      told.insert({SeriesText(*store.Describe(p.series)), p.time.ns});
    points += batch.points.size();
    revisions += batch.revisions.size();
  }
  const size_t view_batches = out.view_last < 0 ? 0 : static_cast<size_t>(out.view_last / 5 + 1);
  if (!gap) {
    EXPECT_EQ(points, static_cast<size_t>(3 * (out.last + 1)) + view_batches);
    EXPECT_EQ(revisions, view_batches);
  }
  EXPECT_EQ(told.size(), expected.size());
  const auto log = store.Revisions(request.selection, 10);
  EXPECT_TRUE(log.ok());
  if (view_batches > 0) {
    EXPECT_EQ(log->at(0).revisions.size(), view_batches);
  }
  return out;
}

enum class End : uint8_t { kKill, kPowerLoss };
enum class Seals : uint8_t { kNo, kYes };

struct Outcome {
  bool fired = false;
  uint64_t calls = 0;
};

// Seals now and then, and merges once: both may fail, which harms nobody.
void SealSome(EmbeddedHost& host, int i) {
  if (i % 4 == 3) host.embedded()->Flush([](const Result<void>&) {});
  if (i % 10 == 9) host.embedded()->Compact(CompactMode::kFull, [](const Result<void>&) {});
  host.Settle();
}

Outcome RunOnce(uint64_t seed, const sim::SimFaults& faults, End end, Seals seals) {
  EmbeddedHost host(seed, SmallSegments());
  const int batches = seals == Seals::kYes ? kBatches / 2 : kBatches;
  host.Close();
  host.fs().SetFaults(faults);
  int acked = -1;
  if (host.Open().ok()) {
    Prepare(host.store());
    for (int i = 0; i < batches; ++i) {
      if (i == batches / 2) {
        host.Close();
        if (!host.Open().ok()) break;
        Prepare(host.store());
        const auto progress = host.store().ProgressOf(kSource);
        EXPECT_EQ(progress.empty() ? -1 : std::stoi(progress[0].position), acked)
            << "lost over a restart";
      }
      if (!WriteBatchNumber(host, i)) break;
      acked = i;
      if (seals == Seals::kYes) SealSome(host, i);
    }
    host.Close();
  }
  const Outcome outcome{host.fs().fired(), host.fs().calls()};
  if (end == End::kKill) {
    host.fs().Kill();
  } else {
    host.fs().Crash();
  }
  const auto reopened = host.Open();
  EXPECT_TRUE(reopened.ok()) << reopened.error().message;
  if (!reopened.ok()) return outcome;
  Prepare(host.store());
  const Recovered first = CheckPrefix(host);
  EXPECT_GE(first.last, acked);
  // What was shown once stays, whatever happens next; and the store goes on.
  host.Close();
  host.fs().Crash();
  const auto again = host.Open();
  EXPECT_TRUE(again.ok()) << again.error().message;
  if (!again.ok()) return outcome;
  Prepare(host.store());
  const Recovered second = CheckPrefix(host);
  EXPECT_EQ(second.rows, first.rows);
  EXPECT_TRUE(WriteBatchNumber(host, second.last + 1));
  EXPECT_EQ(CheckPrefix(host).last, second.last + 1);
  return outcome;
}

void CountUp(sim::SimFaults faults, End end, Seals seals = Seals::kNo) {
  const uint64_t seed = TestSeed(11);
  for (uint64_t n = 1;; ++n) {
    SCOPED_TRACE(testing::Message() << "call " << n << ", TM_SEED=" << seed);
    faults.fail_nth_call = n;
    const Outcome outcome = RunOnce(seed + n, faults, end, seals);
    if (testing::Test::HasFailure()) return;
    if (!outcome.fired) {
      EXPECT_GT(outcome.calls, 100U) << "the workload got too small to mean something";
      return;
    }
  }
}

TEST(EmbeddedStoreCrash, OneCallFailsThenKill) { CountUp({}, End::kKill); }
TEST(EmbeddedStoreCrash, OneCallFailsThenPowerLoss) { CountUp({}, End::kPowerLoss); }
TEST(EmbeddedStoreCrash, EachCallIsTheLastThenKill) {
  CountUp({.fail_all_after = true}, End::kKill);
}
TEST(EmbeddedStoreCrash, EachCallIsTheLastThenPowerLoss) {
  CountUp({.fail_all_after = true}, End::kPowerLoss);
}
TEST(EmbeddedStoreCrash, TheDiskIsFullFromEachCallOn) {
  CountUp({.fail_all_after = true, .no_space = true}, End::kPowerLoss);
}

// What a failed seal has appended to the dictionary is cut off by the next one.
TEST(EmbeddedStoreCrash, TheSealAfterAFailedOneDefinesNothingTwice) {
  const uint64_t seed = TestSeed(11);
  for (uint64_t n = 1;; ++n) {
    SCOPED_TRACE(testing::Message() << "call " << n << ", TM_SEED=" << seed);
    EmbeddedHost host(seed, SmallSegments());
    Prepare(host.store());
    int acked = -1;
    while (acked < 2 && WriteBatchNumber(host, acked + 1)) ++acked;
    sim::SimFaults faults;
    faults.fail_nth_call = n;
    host.fs().SetFaults(faults);
    host.embedded()->Flush([](const Result<void>&) {});
    host.Settle();
    const bool fired = host.fs().fired();
    if (WriteBatchNumber(host, acked + 1)) ++acked;
    host.clock().Advance(minutes(10));  // when a failed seal is tried again
    host.embedded()->Flush([](const Result<void>&) {});
    host.Settle();
    host.Close();
    const auto opened = host.Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    Prepare(host.store());
    EXPECT_EQ(CheckPrefix(host).last, acked);
    if (testing::Test::HasFailure()) return;
    if (!fired) {
      EXPECT_GT(n, 20U) << "a seal got too short to mean something";
      return;
    }
  }
}

TEST(EmbeddedStoreCrash, OneCallOfASealOrMergeFails) { CountUp({}, End::kPowerLoss, Seals::kYes); }
TEST(EmbeddedStoreCrash, EachCallOfASealOrMergeIsTheLast) {
  CountUp({.fail_all_after = true}, End::kPowerLoss, Seals::kYes);
}
TEST(EmbeddedStoreCrash, TheDiskIsFullFromEachCallOfASealOrMergeOn) {
  CountUp({.fail_all_after = true, .no_space = true}, End::kKill, Seals::kYes);
}

TEST(EmbeddedStoreCrash, AFullDiskTurnsTheStoreReadOnly) {
  EmbeddedHost host(TestSeed(5), SmallSegments());
  Prepare(host.store());
  ASSERT_TRUE(WriteBatchNumber(host, 0));
  host.fs().SetFaults({.space_bytes_max = 0});
  EXPECT_FALSE(WriteBatchNumber(host, 1));
  host.fs().SetFaults({});
  std::optional<Error> error;
  const auto a = Ref(host.store(), "cpu", "a");
  const PointView point{*a, kStart, 1, {1}, ValueView::Double(1), nullptr};
  WriteBatch batch;
  batch.points = std::span(&point, 1);
  host.store().Write(batch, [&](const Result<WriteReply>& r) { error = r.error(); });
  host.Settle();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Code::kNoSpace);
  EXPECT_EQ(CheckPrefix(host).last, 0);  // reads go on, at what was durable
  host.Restart();
  Prepare(host.store());
  EXPECT_GE(CheckPrefix(host).last, 0);
}

TEST(EmbeddedStoreCrash, DamageBeforeTheTailRefusesAndNamesTheOption) {
  EmbeddedStoreOptions options = SmallSegments();
  EmbeddedHost host(TestSeed(5), options);
  Prepare(host.store());
  for (int i = 0; i < kBatches; ++i) ASSERT_TRUE(WriteBatchNumber(host, i));
  host.Close();
  const auto names = host.fs().List("/data/store/wal");
  ASSERT_TRUE(names.ok());
  ASSERT_GT(names->size(), 3U);
  host.fs().FlipBit("/data/store/wal/" + names->at(1), 8 * 200);  // in its first frame
  const auto refused = host.Open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kCorruption);
  EXPECT_NE(refused.error().message.find(names->at(1)), std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find("--accept-log-loss="), std::string::npos);
}

}  // namespace
}  // namespace tidemark::store
