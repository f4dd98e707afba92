// SPDX-License-Identifier: Apache-2.0
// Writers, scanning readers, a feed reader and seals on real threads; run under tsan
// too. Each batch writes the same number to every series at one time, so a snapshot in which two
// series differ is torn.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "base/sim/sim_file_system.h"
#include "store/embedded_store.h"

namespace tidemark::store {
namespace {

constexpr TableId kTable{7};
constexpr size_t kSeries = 40;
constexpr EventTime kStart{1'767'225'600'000'000'000};

TEST(EmbeddedStoreConcurrency, SnapshotsAreWholeWhileWritersRun) {
  sim::SimFileSystem fs(1);
  const SystemClock clock;
  MetricRegistry metrics;
  const auto executor = MakeThreadExecutor({});
  EmbeddedStoreOptions options;
  options.dir = "/data";
  options.feed_memory_bytes_max = 20'000;
  auto store = EmbeddedStore::Open(options, fs, clock, *executor, metrics);
  ASSERT_TRUE(store.ok());
  EmbeddedStore& s = **store;
  s.SetTable({.table = kTable, .name = "t"});
  std::vector<SeriesRef> series;
  for (size_t i = 0; i < kSeries; ++i) {
    const std::string host = "h" + std::to_string(i);
    const DimensionView d{"host", host};
    const SeriesKeyView key{kTable, "m", std::span(&d, 1), ValueType::kBigint, {}};
    series.push_back(s.Resolve(std::span(&key, 1))->at(0).series);
  }
  constexpr int kBatches = 300;
  std::atomic<int> writers{2};
  std::atomic<int> acked{0};
  const auto write = [&](int writer) {
    for (int b = 0; b < kBatches; ++b) {
      std::vector<PointView> points;
      for (const SeriesRef ref : series) {
        // Half of the batches are late, and every tenth is a replacement.
        const int64_t second = b % 2 == 0 ? b : b - 15;
        points.push_back({ref,
                          kStart + seconds(second),
                          b + 1,
                          {b + 1},
                          ValueView::Bigint(b * 2 + writer),
                          nullptr});
      }
      WriteBatch batch;
      batch.points = points;
      batch.rule = ConflictRule::kLastWins;
      batch.time_check = WriteBatch::TimeCheck::kNone;
      s.Write(batch, [&](const Result<WriteReply>& r) { acked += r.ok() ? 1 : 0; });
    }
    --writers;
  };
  const auto read = [&] {
    while (writers > 0) {
      ScanRequest request;
      request.selection.table = kTable;
      auto cursor = s.Scan(request);
      ASSERT_TRUE(cursor.ok());
      SliceBuffer buffer;
      Slice slice;
      std::map<EventTime, std::pair<int64_t, size_t>> seen;
      while (*(*cursor)->Next(buffer, slice)) {
        for (size_t i = 0; i < slice.times.size(); ++i) {
          auto [it, first] = seen.try_emplace(slice.times[i], slice.columns[0].bigints[i], 0);
          EXPECT_EQ(it->second.first, slice.columns[0].bigints[i]);
          ++it->second.second;
        }
      }
      for (const auto& [time, value] : seen) EXPECT_EQ(value.second, kSeries);
    }
  };
  std::atomic<uint64_t> fed{0};
  const auto feed = [&] {
    auto reader = s.OpenFeed({});
    ASSERT_TRUE(reader.ok());
    FeedBatch batch;
    while (true) {
      const bool last_round = writers == 0 && acked == 2 * kBatches;
      const auto more = (*reader)->Next(1000, batch);
      ASSERT_TRUE(more.ok()) << more.error().message;
      fed += batch.points.size();
      if (!*more && last_round) break;
      if (!*more) std::this_thread::yield();
    }
  };
  // What is told of the files, which change at each seal.
  const auto report = [&] {
    while (writers > 0) {
      std::atomic<bool> sealed{false};
      s.Flush([&](const Result<void>& done) {
        EXPECT_TRUE(done.ok());
        sealed = true;
      });
      while (!sealed) {
        EXPECT_TRUE(s.Report().damaged.empty());
        EXPECT_LE(s.Stats().series, kSeries);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.emplace_back(report);
    threads.emplace_back(write, 0);
    threads.emplace_back(write, 1);
    threads.emplace_back(read);
    threads.emplace_back(read);
    threads.emplace_back(feed);
  }
  EXPECT_EQ(acked, 2 * kBatches);
  EXPECT_GT(fed, 0U);
  AggregateRequest request;
  request.selection.table = kTable;
  request.aggregates = {{agg::Kind::kCount, agg::Type::kBigint, "", true}};
  auto cursor = s.Aggregate(request);
  std::vector<AggregateRow> rows;
  ASSERT_TRUE((*cursor)->Next(10, rows).ok());
  constexpr uint64_t kTimes = kBatches / 2 + 7;  // every second one, and those before the first
  EXPECT_EQ(rows.at(0).points, kTimes * kSeries);
  cursor->reset();
  store->reset();
  executor->Stop();
}

// A view seeds itself so: what it scanned, then the feed from there, then the clocks. Time i is in
// the batch that moves the clock to i.
TEST(EmbeddedStoreConcurrency, TheFeedOpensWhereASnapshotEndsAndItsClocksAreKnown) {
  sim::SimFileSystem fs(1);
  const SystemClock clock;
  MetricRegistry metrics;
  const auto executor = MakeThreadExecutor({});
  EmbeddedStoreOptions options;
  options.dir = "/data";
  auto store = EmbeddedStore::Open(options, fs, clock, *executor, metrics);
  ASSERT_TRUE(store.ok());
  EmbeddedStore& s = **store;
  s.SetTable({.table = kTable, .name = "t"});
  const DimensionView d{"host", "h"};
  const SeriesKeyView key{kTable, "m", std::span(&d, 1), ValueType::kBigint, {}};
  const SeriesRef series = s.Resolve(std::span(&key, 1))->at(0).series;
  const auto write = [&](int64_t i) {
    const PointView point{series, kStart + seconds(i), i, {i}, ValueView::Bigint(i), nullptr};
    WriteBatch batch;
    batch.points = std::span(&point, 1);
    batch.rule = ConflictRule::kLastWins;
    batch.time_check = WriteBatch::TimeCheck::kNone;
    batch.direct_clock = true;
    std::atomic<bool> done{false};
    s.Write(batch, [&](const Result<WriteReply>& r) {
      EXPECT_TRUE(r.ok());
      done = true;
      done.notify_one();
    });
    done.wait(false);
  };
  write(0);
  const uint64_t begin = s.End().offset(0);
  std::atomic<bool> writing{true};
  std::jthread writer([&] {
    for (int64_t i = 1; i <= 2000; ++i) write(i);
    writing = false;
  });
  while (writing && !HasFailure()) {
    ScanRequest request;
    request.selection.table = kTable;
    auto cursor = s.Scan(request);
    ASSERT_TRUE(cursor.ok());
    const auto reader = s.OpenFeed((*cursor)->snapshot());
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    const auto clocks = s.ProgressInto(kTable);
    const uint64_t batches = s.End().offset(0) - begin;
    SliceBuffer buffer;
    Slice slice;
    EventTime newest = kEventTimeMin;
    while (*(*cursor)->Next(buffer, slice)) newest = std::max(newest, slice.times.back());
    ASSERT_EQ(clocks.size(), 1U);
    EXPECT_GE(*clocks[0].max_event_time, newest);
    EXPECT_LE(*clocks[0].max_event_time, kStart + seconds(static_cast<int64_t>(batches)));
  }
  writer.join();
  store->reset();
  executor->Stop();
}

}  // namespace
}  // namespace tidemark::store
