// SPDX-License-Identifier: Apache-2.0
// What a simulation says of other settings against a view that has them: both over the same stream,
// with late, duplicate, corrected and malformed records, behind a chain of views.
#include <gtest/gtest.h>

#include "base/testing/seed.h"
#include "crash/records.h"
#include "crash/world.h"

namespace tidemark::tests {
namespace {

constexpr char kSource[] = R"(
[[stream]]
name = "events"
shards = 3
[[database]]
name = "plant"
[[table]]
database = "plant"
name = "raw"
magnetic_retention = "1d"
[[view]]
name = "ten"
database = "plant"
table = "raw"
measures = ["cpu"]
aggregate = "max"
window = "10s"
output = "ten_{measure}"
out_of_orderness = "3s"
[[view]]
name = "twenty"
database = "plant"
table = "raw"
source = "ten"
aggregate = "sum"
window = "20s"
output = "twenty_{measure}"
[[view]]
name = "top"
database = "plant"
table = "raw"
source = "twenty"
aggregate = "avg"
window = "1m"
offset = "20s"
output = "top_{measure}"
[[view]]
name = "other"
database = "plant"
table = "raw"
source = "twenty"
aggregate = "avg"
window = "40s"
offset = "20s"
output = "top_{measure}"
target_table = "elsewhere"
[[table]]
database = "plant"
name = "elsewhere"
magnetic_retention = "1d"
)";

using RowKey = std::pair<std::string, int64_t>;  // host, s
using Rows = std::map<RowKey, double>;

class Simulated {
 public:
  explicit Simulated(uint64_t seed)
      : random_(seed),
        world_({.seed = seed,
                .stack = std::string(kSource) + kPipelineStack,
                .log_segment_bytes_max = size_t{1} << 20U,
                .journal_segment_bytes_max = size_t{1} << 20U,
                .feed_memory_bytes_max = size_t{1} << 20U,
                .maintainer = {}}),
        maker_(seed, {}) {
    Ok(world_.Open());
    Ok(world_.Apply());
    for (int step = 0; step < 120; ++step) {
      std::vector<Sample> samples;
      const EventTime now = FloorTo(world_.clock.Now().AsEventTime(), seconds(1));
      for (uint64_t n = 1 + random_.Below(6); n > 0; --n) {
        samples.push_back(step == 0 ? maker_.First(n % 5, now) : maker_.Make(now));
      }
      Put(samples);
      world_.Run();
      world_.clock.Advance(milliseconds(random_.Below(4000)));
    }
    // Whatever a window waits for, it has passed.
    world_.clock.Advance(minutes(5));
    Put({maker_.First(0, FloorTo(world_.clock.Now().AsEventTime(), seconds(1)))});
    world_.Settle();
  }
  ~Simulated() { world_.Down(World::Stop::kClose); }

  Rows RowsOf(const std::string& name) {
    const view::ViewStatus status = world_.views->Status(name).value();
    store::Selection all;
    all.table = status.definition.target;
    all.owners = {store::OwnerFilter::Kind::kView, status.definition.owner()};
    Rows out;
    const auto rows = world_.store->Revisions(all, SIZE_MAX).value();
    for (const store::RevisionRow& row : rows) {
      if (row.version == 0 || row.row.revision == 0) continue;
      out[{row.series->dimensions.front().value, row.time.ns / 1'000'000'000}] =
          std::get<double>(row.value);
    }
    return out;
  }

  console::ViewSimulation Ask(const std::vector<std::pair<std::string, std::string>>& settings) {
    auto done = world_.admin->SimulateView("top", settings, [] { return false; });
    EXPECT_TRUE(done.ok()) << done.error().message;
    return std::move(done).value_or({});
  }
  World& world() { return world_; }

 private:
  template <typename T>
  static void Ok(const Result<T>& result) {
    ASSERT_TRUE(result.ok()) << result.error().message;
  }
  void Put(const std::vector<Sample>& samples) {
    std::vector<log::PutRecordView> records;
    for (const Sample& sample : samples) {
      records.push_back({.partition_key = sample.key, .data = sample.data, .explicit_hash = {}});
    }
    world_.Stream("events")->Append(
        records, [](const Result<std::vector<log::PutResult>>& reply) { Ok(reply); });
  }

  SeededRandom random_;
  World world_;
  RecordMaker maker_;
};

class Simulation : public testing::Test {
 protected:
  const uint64_t seed_ = TestSeed();
  Simulated s_{seed_};
};

// A row comes to the same value however long its window waits.
TEST_F(Simulation, OfAChainUnderItsOwnWindowsIsTheChain) {
  SCOPED_TRACE(SeedTrace(seed_));
  const auto same = s_.Ask({{"out_of_orderness", "9s"}});
  EXPECT_EQ(same.differences, 0U);
  EXPECT_GT(s_.RowsOf("top").size(), 10U);
  EXPECT_EQ(same.present.rows, s_.RowsOf("top").size());
  EXPECT_EQ(same.simulated.rows, same.present.rows);
}

TEST_F(Simulation, OfOtherWindowsSaysWhatAViewWithThemHas) {
  SCOPED_TRACE(SeedTrace(seed_));
  const Rows top = s_.RowsOf("top");
  const Rows other = s_.RowsOf("other");
  Rows gone;
  Rows come;
  for (const auto& [key, value] : top) {
    if (const auto it = other.find(key); it == other.end() || it->second != value)
      gone[key] = value;
  }
  for (const auto& [key, value] : other) {
    if (const auto it = top.find(key); it == top.end() || it->second != value) come[key] = value;
  }
  const auto found = s_.Ask({{"window", "40s"}});
  ASSERT_LE(found.differences, found.rows.size());
  Rows told_gone;
  Rows told_come;
  for (const auto& row : found.rows) {
    const RowKey key{row.dimensions.front().second, row.time.ns / 1'000'000'000};
    if (const auto* v = std::get_if<double>(&row.old_value)) told_gone[key] = *v;
    if (const auto* v = std::get_if<double>(&row.new_value)) told_come[key] = *v;
  }
  EXPECT_EQ(told_gone, gone);
  EXPECT_EQ(told_come, come);
  EXPECT_EQ(found.simulated.rows, other.size());
}

TEST_F(Simulation, EndsWhenNobodyWaits) {
  int asked = 0;
  const auto done =
      s_.world().admin->SimulateView("top", {{"window", "40s"}}, [&asked] { return ++asked == 3; });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::kCancelled);
  EXPECT_EQ(s_.Ask({{"window", "1m"}}).differences, 0U) << "and another may begin";
}

TEST_F(Simulation, OfACalendarNeedsNoOffset) {
  const auto done =
      s_.world().admin->SimulateView("top", {{"calendar", "day"}}, [] { return false; });
  EXPECT_TRUE(done.ok()) << done.error().message;
}

}  // namespace
}  // namespace tidemark::tests
