// SPDX-License-Identifier: Apache-2.0
// Seeded schedules of writers, journal, sealer, compactor, retention and readers, one step at a
// time, with power cuts, kills and clean stops in between (storage.md 11.2, 11.3). Batches are
// numbered by a row of their own, so what is read tells which prefix it must equal: every
// acknowledged batch, none half, none missing in between, the same for a reader in the middle of
// everything.
//
// TM_SEED gives the first run, TM_RUNS the number of runs.
#include <cstdlib>
#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "store/testing/embedded_host.h"

namespace tidemark::store {
namespace {

// A minute of release builds; checked and sanitized builds are many times slower.
#ifdef TM_DEBUG_CHECKS
constexpr uint64_t kRuns = 60;
#else
constexpr uint64_t kRuns = 1500;
#endif

constexpr TableId kTable{7};
constexpr EventTime kStart{(1'767'225'600LL - 40 * 3600) * 1'000'000'000};

struct Cell {
  int64_t version = 0;
  int64_t value = 0;
  friend bool operator==(const Cell&, const Cell&) = default;
};
using State = std::map<std::pair<std::string, int64_t>, Cell>;  // by series and time

// What one batch changed, judged against everything before it.
struct Change {
  std::pair<std::string, int64_t> key;
  Cell cell;
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed), host_(seed, Options()) { SetUp(); }

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      const uint64_t pick = random_.Below(100);
      if (pick < 30) {
        Write();
      } else if (pick < 80) {
        const uint64_t n = 1 + random_.Below(6);
        for (uint64_t k = 0; k < n && host_.executor().RunOne(); ++k) {
        }
      } else if (pick < 86) {
        Read();
      } else if (pick < 89) {
        host_.embedded()->Flush([](const Result<void>&) {});
      } else if (pick < 91) {
        host_.embedded()->Compact(random_.Below(2) == 0 ? CompactMode::kDue : CompactMode::kFull,
                                  [](const Result<void>&) {});
      } else if (pick < 94) {
        host_.clock().Advance(seconds(static_cast<int64_t>(random_.Below(1200))));
      } else if (pick < 97) {
        Stop();
      }
    }
    Stop();
  }
  /// What the schedule went through, so that it cannot become empty unnoticed.
  struct Seen {
    uint64_t files = 0;
    uint64_t stops = 0;
    uint64_t reads = 0;
  };
  const Seen& seen() const { return seen_; }

 private:
  EmbeddedStoreOptions Options() {
    EmbeddedStoreOptions options;
    options.segment_bytes_max = 600 + random_.Below(4000);
    options.frame_bytes_max = 1 + random_.Below(800);
    options.feed_memory_bytes_max = 2000;
    options.feed_bytes_max = random_.Below(5000);
    options.chunk_rows_max = 1 + random_.Below(12);
    options.seal_after = minutes(5 + random_.Below(200));
    options.seal_bytes = random_.Below(2) == 0 ? 0 : 1500 + random_.Below(8000);
    options.partition = hours(random_.Below(2) == 0 ? 1 : 24);
    return options;
  }

  void SetUp() {
    host_.store().SetTable({.table = kTable,
                            .name = "t",
                            .memory_retention = hours(48),
                            .magnetic_retention = hours(24 * 3650),
                            .magnetic_writes = true});
  }

  SeriesRef Ref(const std::string& host) {
    const DimensionView d{"host", host};
    const SeriesKeyView key{kTable, "m", std::span(&d, 1), ValueType::kBigint, {}};
    const auto resolved = host_.store().Resolve(std::span(&key, 1));
    EXPECT_TRUE(resolved.ok());
    return resolved->at(0).series;
  }

  static std::string NameOf(const std::string& host) { return "m{host=" + host + "}"; }

  // A batch of some points: fresh, late, overwriting, repeated; and the row with its number.
  void Write() {
    const auto number = static_cast<int64_t>(batches_.size());
    std::vector<PointView> points;
    std::vector<Change> changes;
    State after = state_;
    const auto add = [&](const std::string& host, int64_t second, int64_t version, int64_t value) {
      points.push_back(
          {Ref(host), kStart + seconds(second), version, {1}, ValueView::Bigint(value), nullptr});
      Cell& cell = after[{NameOf(host), (kStart + seconds(second)).ns}];
      if (version > cell.version) {
        cell = {version, value};
        changes.push_back({{NameOf(host), (kStart + seconds(second)).ns}, cell});
      }
    };
    const uint64_t n = 1 + random_.Below(6);
    for (uint64_t i = 0; i < n; ++i) {
      const int64_t second = random_.Below(4) == 0
                                 ? static_cast<int64_t>(random_.Below(36 * 3600))
                                 : number * 20 + static_cast<int64_t>(random_.Below(40));
      add("h" + std::to_string(random_.Below(5)), second,
          static_cast<int64_t>(1 + random_.Below(4)), static_cast<int64_t>(random_.Below(3)));
    }
    add("seq", number, 1, number);
    WriteBatch batch;
    batch.points = points;
    batch.time_check = WriteBatch::TimeCheck::kNone;
    host_.store().Write(batch, [this, number, run = run_](const Result<WriteReply>& r) {
      if (r.ok() && run == run_) acked_ = std::max(acked_, number);
    });
    state_ = std::move(after);
    batches_.push_back(std::move(changes));
  }

  State StateAfter(int64_t number) const {
    State out = base_;
    for (int64_t i = base_number_ + 1; i <= number; ++i)
      for (const Change& c : batches_[static_cast<size_t>(i)]) out[c.key] = c.cell;
    return out;
  }

  static State StateOf(const std::vector<ReadRow>& rows) {
    State out;
    for (const ReadRow& r : rows)
      out[{r.series, r.time_ns}] = {r.version, std::stoll(r.value.substr(2))};
    return out;
  }

  static int64_t NumberOf(const State& state) {
    int64_t number = -1;
    for (const auto& [key, cell] : state)
      if (key.first == NameOf("seq")) number = std::max(number, cell.value);
    return number;
  }

  // A cursor is drained while the world goes on; what it saw is one prefix.
  void Read() {
    ScanRequest request;
    request.selection.table = kTable;
    request.versions_wanted = true;
    auto cursor = host_.store().Scan(request);
    ASSERT_TRUE(cursor.ok()) << cursor.error().message;
    const int64_t acked = acked_;
    std::vector<ReadRow> rows;
    SliceBuffer buffer;
    Slice slice;
    while (true) {
      const auto more = (*cursor)->Next(buffer, slice);
      ASSERT_TRUE(more.ok()) << more.error().message;
      if (!*more) break;
      for (size_t i = 0; i < slice.times.size(); ++i) {
        rows.push_back({SeriesText(*slice.series),
                        slice.times[i].ns,
                        "i:" + std::to_string(slice.columns[0].bigints[i]),
                        slice.versions[i],
                        {}});
      }
      for (uint64_t k = random_.Below(4); k > 0 && host_.executor().RunOne(); --k) {
      }
      if (random_.Below(8) == 0) Write();
    }
    ++seen_.reads;
    const State seen = StateOf(rows);
    EXPECT_EQ(seen.size(), rows.size()) << "a (series, time) came twice";
    const int64_t number = NumberOf(seen);
    EXPECT_GE(number, acked);
    EXPECT_EQ(seen, StateAfter(number));
  }

  void Stop() {
    const uint64_t pick = random_.Below(4);
    if (pick == 0) host_.Settle();
    if (pick == 3) {
      // The machine is gone at one of the next calls, mostly inside a seal, a merge or a start.
      host_.fs().SetFaults({.fail_nth_call = 1 + random_.Below(60), .fail_all_after = true});
      for (uint64_t k = random_.Below(40); k > 0 && host_.executor().RunOne(); --k) {
      }
    }
    host_.Close();
    if (pick == 1) host_.fs().Kill();
    if (pick >= 2) host_.fs().Crash();
    ++run_;
    if (random_.Below(3) == 0) {
      // The start is cut short, too.
      host_.fs().SetFaults({.fail_nth_call = 1 + random_.Below(60), .fail_all_after = true});
      if (host_.Open().ok()) host_.Close();
      host_.fs().Crash();
    }
    const auto opened = host_.Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    SetUp();
    ++seen_.stops;
    for (const TableStorage& t : host_.embedded()->Report().tables) seen_.files += t.block_files;
    ScanRequest request;
    request.selection.table = kTable;
    request.versions_wanted = true;
    auto cursor = host_.store().Scan(request);
    ASSERT_TRUE(cursor.ok()) << cursor.error().message;
    const State seen = StateOf(ReadAll(**cursor));
    const int64_t number = NumberOf(seen);
    EXPECT_GE(number, acked_) << "an acknowledged batch is gone";
    ASSERT_LT(number, static_cast<int64_t>(batches_.size()));
    EXPECT_EQ(seen, StateAfter(number));
    base_ = seen;
    state_ = seen;
    base_number_ = number;
    batches_.resize(static_cast<size_t>(number + 1));
    acked_ = number;
  }

  SeededRandom random_;
  EmbeddedHost host_;
  State base_;   // after batch `base_number_`
  State state_;  // after every batch written
  int64_t base_number_ = -1;
  int64_t acked_ = -1;
  int run_ = 0;
  std::vector<std::vector<Change>> batches_;
  Seen seen_;
};

TEST(EmbeddedStoreSchedule, EveryPrefixIsWhole) {
  const uint64_t seed = TestSeed(1);
  const char* text = std::getenv("TM_RUNS");
  const uint64_t runs = text == nullptr ? kRuns : std::strtoull(text, nullptr, 10);
  World::Seen all;
  for (uint64_t run = 0; run < runs && !HasFailure(); ++run) {
    SCOPED_TRACE(testing::Message() << "TM_SEED=" << seed + run << " TM_RUNS=1");
    World world(seed + run);
    world.Run(300);
    all.files += world.seen().files;
    all.stops += world.seen().stops;
    all.reads += world.seen().reads;
  }
  EXPECT_GT(all.stops, 5 * runs);
  EXPECT_GT(all.reads, 5 * runs);
  EXPECT_GT(all.files, 5 * runs) << "hardly anything was sealed";
  RecordProperty("stops", std::to_string(all.stops));
}

}  // namespace
}  // namespace tidemark::store
