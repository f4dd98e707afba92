// SPDX-License-Identifier: Apache-2.0
#include "store/series_buffer.h"

#include <map>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/run_merge.h"
#include "store/undo_log.h"

namespace tidemark::store {
namespace {

using Rows = std::map<int64_t, std::pair<uint64_t, int64_t>>;

Rows Read(const std::vector<RowSpan>& spans) {
  Rows out;
  for (const RowSpan& s : spans) {
    for (size_t i = 0; i < s.count; ++i) {
      EXPECT_TRUE(out.empty() || out.rbegin()->first < s.rows[i].time);
      out[s.rows[i].time] = {s.rows[i].bits, s.versions.at(s.first + i)};
    }
  }
  return out;
}

Rows Part(const Rows& all, int64_t start, int64_t end) {
  return {all.lower_bound(start), all.lower_bound(end)};
}

TEST(SeriesBuffer, EqualsAMapUnderRandomInsertsAndReplacements) {
  SeededRandom random(3);
  for (const int64_t version_span : {int64_t{1}, int64_t{100}, int64_t{1} << 40}) {
    SeriesBuffer buffer;
    Rows expected;
    for (int i = 0; i < 6000; ++i) {
      const auto time = static_cast<int64_t>(random.Below(3) == 0 ? random.Below(4000)
                                                                  : static_cast<uint64_t>(i));
      const int64_t version =
          1'700'000'000'000 +
          static_cast<int64_t>(random.Below(static_cast<uint64_t>(version_span)));
      const Row row{time, random.Next()};
      const SeriesBuffer::Place place = buffer.Find(time);
      EXPECT_EQ(place.found, expected.contains(time));
      if (place.found) {
        buffer.Replace(place, row, version, nullptr);
      } else if (time > buffer.last_time()) {
        buffer.Append(row, version, nullptr);
      } else {
        buffer.Insert(place, row, version, nullptr);
      }
      expected[time] = {row.bits, version};
      if (i % 1000 == 999) {
        const uint64_t removed = buffer.RemoveBefore(i / 4);
        EXPECT_EQ(removed, static_cast<uint64_t>(
                               std::distance(expected.begin(), expected.lower_bound(i / 4))));
        expected.erase(expected.begin(), expected.lower_bound(i / 4));
      }
    }
    EXPECT_EQ(buffer.rows(), expected.size());
    std::vector<RowSpan> spans;
    buffer.Collect(INT64_MIN, INT64_MAX, UINT64_MAX, spans);
    EXPECT_EQ(Read(spans), expected);
    spans.clear();
    buffer.Collect(2000, 3001, UINT64_MAX, spans);
    EXPECT_EQ(Read(spans), Part(expected, 2000, 3001));
    spans.clear();
    buffer.Collect(2000, 9000, 17, spans);
    EXPECT_EQ(Read(spans).size(), 17U);
  }
}

TEST(SeriesBuffer, InOrderRowsOfOneVersionCostSixteenBytes) {
  SeriesBuffer buffer;
  for (int i = 0; i < 2160; ++i) buffer.Append({i, 0}, 1, nullptr);
  EXPECT_LT(buffer.heap_bytes(), 2160 * 20);
}

TEST(CollectAsOf, ShowsWhatWasThereBeforeLaterChanges) {
  SeriesBuffer buffer;
  UndoLog undo;
  uint64_t chain = 0;
  uint64_t lsn = 0;
  std::vector<Rows> history(1);
  SeededRandom random(5);
  for (lsn = 1; lsn <= 300; ++lsn) {
    Rows now = history.back();
    for (uint64_t k = random.Below(4); k > 0; --k) {
      const auto time = static_cast<int64_t>(random.Below(2) == 0 ? random.Below(200) : 1000 + lsn);
      const SeriesBuffer::Place place = buffer.Find(time);
      UndoRecord record;
      record.lsn = lsn;
      record.previous = chain;
      record.row = {time, place.found ? buffer.row(place).bits : 0};
      record.version = place.found ? buffer.version(place) : 0;
      record.existed = place.found;
      chain = undo.Push(std::move(record));
      const Row row{time, random.Next()};
      const auto version = static_cast<int64_t>(lsn);
      if (place.found) {
        buffer.Replace(place, row, version, nullptr);
      } else {
        buffer.Insert(place, row, version, nullptr);
      }
      now[time] = {row.bits, version};
    }
    history.push_back(std::move(now));
  }
  for (uint64_t at = 0; at < history.size(); ++at) {
    std::vector<RowSpan> spans;
    CollectAsOf(buffer, undo, chain, lsn, at, {{50}, {1200}}, UINT64_MAX, spans);
    EXPECT_EQ(Read(spans), Part(history[at], 50, 1200)) << at;
  }
  undo.Prune(250);
  std::vector<RowSpan> spans;
  CollectAsOf(buffer, undo, chain, lsn, 250, {}, UINT64_MAX, spans);
  EXPECT_EQ(Read(spans), history[250]);
}

TEST(MergeRuns, GivesEachTimeOnceWithTheHighestVersionOfAnyNumberOfRuns) {
  SeededRandom random(9);
  for (size_t runs_count = 1; runs_count <= 5; ++runs_count) {
    std::vector<SeriesBuffer> buffers(runs_count);
    Rows expected;
    for (size_t r = 0; r < runs_count; ++r) {
      for (int i = 0; i < 500; ++i) {
        const auto time = static_cast<int64_t>(random.Below(1000));
        const SeriesBuffer::Place place = buffers[r].Find(time);
        if (place.found) continue;
        const Row row{time, random.Next()};
        const auto version = static_cast<int64_t>(random.Below(4));
        buffers[r].Insert(place, row, version, nullptr);
        const auto it = expected.find(time);
        if (it == expected.end() || Supersedes(version, it->second.second))
          expected[time] = {row.bits, version};
      }
    }
    std::vector<SortedRun> runs(runs_count);
    for (size_t r = 0; r < runs_count; ++r)
      buffers[r].Collect(INT64_MIN, INT64_MAX, UINT64_MAX, runs[r]);
    std::vector<RowSpan> merged;
    const auto emit = [&](const RowSpan& span, size_t first, size_t count) {
      merged.push_back({span.rows + first, count, span.first + first, span.versions, span.owned});
    };
    EXPECT_EQ(MergeRuns(runs, UINT64_MAX, emit), expected.size());
    EXPECT_EQ(Read(merged), expected);
    merged.clear();
    EXPECT_EQ(MergeRuns(runs, 33, emit), 33U);
    EXPECT_EQ(Read(merged), Rows(expected.begin(), std::next(expected.begin(), 33)));
  }
}

}  // namespace
}  // namespace tidemark::store
