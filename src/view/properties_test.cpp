// SPDX-License-Identifier: Apache-2.0
// The invariants of event-time.md 18 that are about streams, each over random ones and every kind
// of window: P1, P2, P3, P5, P7, P8, P10, P14, and the rows R1 to R3 of 17.H. P4, P10 and P8 over
// crashes, faults and schedules are in view_model_test.cpp, P7 at every file call in
// view_crash_test.cpp, P9 and P13 in agg, P11 in pipeline.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/testing/seed.h"
#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kPartitions = 3;
constexpr int64_t kBound = 7;  // out_of_orderness
constexpr int64_t kEnd = 100'000;

struct KindCase {
  std::string name;
  TestViewOptions options;
};

std::vector<KindCase> Kinds() {
  std::vector<KindCase> kinds;
  const auto add = [&](const char* name, TestViewOptions options) {
    options.out_of_orderness = kBound;
    options.partitions = kPartitions;
    options.types = {store::ValueType::kDouble};  // so that a BIGINT moves clocks and nothing else
    kinds.push_back({name, std::move(options)});
  };
  add("tumbling", {.window = 10});
  add("offset", {.window = 10, .offset = 3, .label = Label::kEnd});
  add("hopping", {.window = 12, .slide = 4});
  add("gaps", {.window = 5, .slide = 10});
  add("levels", {.levels = {5, 20}, .output = "{window}_{aggregate}_{measure}"});
  add("increase",
      {.window = 10, .aggregates = {*agg::AggregateFromName("increase")}, .staleness = 30});
  add("group", {.window = 10, .group_by = {}});
  add("sessions", {.session_gap = 6, .max_session = 40});
  add("samples", {.every = 5, .aggregates = {*agg::AggregateFromName("avg")}});
  return kinds;
}

struct Record {
  int partition = 0;
  int64_t t = 0;
  double value = 0;
};

/// A host each partition, so that what a point replaces does not hang on the interleaving.
std::string HostOf(int partition) { return std::string(1, static_cast<char>('a' + partition)); }

/// Per partition in the order of arrival; within the bound of it, or anywhere in [0, 300).
std::vector<std::vector<Record>> Streams(SeededRandom& random, bool in_bound) {
  std::vector<std::vector<Record>> streams(kPartitions);
  for (int p = 0; p < kPartitions; ++p) {
    int64_t newest = static_cast<int64_t>(random.Below(30));
    for (int i = 0; i < 25; ++i) {
      int64_t t = static_cast<int64_t>(random.Below(300));
      if (in_bound) {
        t = newest - kBound + static_cast<int64_t>(random.Below(kBound + 15));
        newest = std::max(newest, t);
      }
      streams[static_cast<size_t>(p)].push_back({p, t, static_cast<double>(random.Below(100))});
    }
  }
  return streams;
}

std::vector<Record> Interleaved(SeededRandom& random, std::vector<std::vector<Record>> streams) {
  std::vector<Record> out;
  std::vector<size_t> next(streams.size());
  while (!streams.empty()) {
    const size_t p = random.Below(streams.size());
    out.push_back(streams[p][next[p]++]);
    if (next[p] < streams[p].size()) continue;
    streams.erase(streams.begin() + static_cast<std::ptrdiff_t>(p));
    next.erase(next.begin() + static_cast<std::ptrdiff_t>(p));
  }
  return out;
}

void Add(TestView& v, const Record& r) { v.Add(r.partition, r.t, r.value, HostOf(r.partition)); }

/// The watermark passes everything; the records that move it are in no window of the view.
void Drain(TestView& v, int64_t t = kEnd) {
  for (int p = 0; p < kPartitions; ++p) v.AddBigint(p, t, 0);
}

std::vector<std::string> RowsAfter(TestView& v, const std::vector<Record>& records) {
  for (const Record& r : records) Add(v, r);
  Drain(v);
  return RowTexts(v.store(), v.definition());
}

/// Without rows that ended; a group of everything is called by its view.
std::vector<std::string> Standing(TestView& v, const ViewDefinition& definition) {
  std::vector<std::string> rows = RowTexts(v.store(), definition);
  std::erase_if(rows, [](const std::string& row) { return row.ends_with(" null"); });
  const std::string by = " view=" + definition.name + " ";
  for (std::string& row : rows) {
    if (const size_t at = row.find(by); at != std::string::npos) row.erase(at, by.size() - 1);
  }
  return rows;
}

class Property : public testing::TestWithParam<size_t> {
 protected:
  const TestViewOptions options_ = Kinds()[GetParam()].options;
  SeededRandom random_{TestSeed() + GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Kinds, Property, testing::Range(size_t{0}, Kinds().size()),
                         [](const auto& kind) { return Kinds()[kind.param].name; });

TEST_P(Property, P1NoRecordWithinItsBoundIsBehind) {
  for (int round = 0; round < 5; ++round) {
    TestView v(options_);
    for (const Record& r : Interleaved(random_, Streams(random_, true))) {
      const auto watermark = v.Status().watermark;
      ASSERT_TRUE(!watermark || *watermark <= v.At(r.t));
      Add(v, r);
    }
    Drain(v);
    EXPECT_EQ(v.Status().late_points_total, 0U);
    EXPECT_EQ(v.Status().revisions_total, 0U);
    EXPECT_THAT(v.sink().Take(), IsEmpty());
  }
}

TEST_P(Property, P2InterleavingsWithinTheBoundEndAlike) {
  const auto streams = Streams(random_, true);
  TestView first(options_);
  const auto rows = RowsAfter(first, Interleaved(random_, streams));
  ASSERT_FALSE(rows.empty());
  for (int round = 0; round < 5; ++round) {
    TestView v(options_);
    EXPECT_EQ(RowsAfter(v, Interleaved(random_, streams)), rows);
  }
}

TEST_P(Property, P3TheWatermarkNeverGoesBack) {
  TestView v(options_);
  std::optional<EventTime> before;
  int partitions = kPartitions;
  for (int i = 0; i < 150; ++i) {
    const int p = static_cast<int>(random_.Below(static_cast<uint64_t>(partitions)));
    const uint64_t action = random_.Below(12);
    switch (action) {
      case 0:
        v.Idle(p);
        break;
      case 1:
        if (partitions < kPartitions + 3) v.Join(partitions++);
        break;
      case 2:
        v.Restart();
        break;
      case 3:
        v.Stop();
        v.Start();
        break;
      default:
        v.Add(p,
              static_cast<int64_t>(random_.Below(10)) + 3 * i -
                  static_cast<int64_t>(random_.Below(80)),
              1);
    }
    const std::optional<EventTime> now = v.Status().watermark;
    ASSERT_TRUE(now >= before) << "action " << action << " at step " << i << ", "
                               << (now ? now->ns : 0) << " after " << before->ns;
    before = now;
  }
  EXPECT_TRUE(before.has_value());
}

TEST_P(Property, P5WithinAllowedLatenessRowsAreThoseOfABatch) {
  TestViewOptions options = options_;
  options.allowed_lateness = 1000;
  for (int round = 0; round < 5; ++round) {
    TestView v(options);
    const auto rows = RowsAfter(v, Interleaved(random_, Streams(random_, false)));
    EXPECT_FALSE(rows.empty());
    EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
    EXPECT_EQ(v.Status().frozen_total, 0U);
  }
}

TEST_P(Property, P7AKillChangesNeitherRowsNorRevisions) {
  const auto records = Interleaved(random_, Streams(random_, false));
  TestView whole(options_);
  const auto rows = RowsAfter(whole, records);
  auto published = whole.Published();
  std::ranges::sort(published);
  for (size_t cut = 0; cut <= records.size(); cut += 7) {
    TestView v(options_);
    for (size_t i = 0; i < records.size(); ++i) {
      if (i == cut) v.Restart();
      Add(v, records[i]);
    }
    Drain(v);
    v.Restart();
    EXPECT_EQ(RowTexts(v.store(), v.definition()), rows) << cut;
    // A frame's entries are in the order in which series were met.
    auto now = v.Published();
    std::ranges::sort(now);
    const auto [a, b] = std::ranges::mismatch(now, published);
    ASSERT_TRUE(a == now.end() && b == published.end())
        << cut << ": " << (a == now.end() ? "nothing" : *a) << ", without a kill "
        << (b == published.end() ? "nothing" : *b);
  }
}

TEST_P(Property, P8RevisionsOfARowCountUp) {
  uint64_t later = 0;
  for (int round = 0; round < 8; ++round) {
    TestView v(options_);
    const auto log = std::move(v.store().OpenFeed({})).value();
    RowsAfter(v, Interleaved(random_, Streams(random_, false)));
    std::map<std::pair<store::SeriesRef, EventTime>, uint64_t> last;
    store::FeedBatch batch;
    while (std::move(log->Next(1000, batch)).value()) {
      for (const store::RevisionEntry& entry : batch.revisions) {
        uint64_t& revision = last[{entry.series, entry.time}];
        EXPECT_EQ(entry.revision, revision + 1);
        later += revision > 0 ? 1 : 0;
        revision = entry.revision;
      }
    }
  }
  EXPECT_GT(later, 0U);
}

TEST_P(Property, P10TheSameViewMadeAgainHasTheSameRows) {
  TestView v(options_);
  RowsAfter(v, Interleaved(random_, Streams(random_, false)));
  const auto before = Standing(v, v.definition());
  EXPECT_FALSE(before.empty());
  ViewDefinition again = v.definition();
  again.id = ViewId{8};
  again.name = "again";
  again.output = "again_" + again.output;
  ASSERT_TRUE(v.CreateBeside(again).ok());
  EXPECT_EQ(Standing(v, again), before);
  EXPECT_EQ(v.maintainer().Status("again")->revisions_total, 0U);
}

TEST_P(Property, P14NothingIsHeldOfWindowsThatAreOver) {
  TestView v(options_);
  std::vector<size_t> bytes;
  uint64_t held = 0;
  for (int round = 1; round <= 6; ++round) {
    auto records = Interleaved(random_, Streams(random_, false));
    for (Record& r : records) {
      r.t += round * 1000;
      Add(v, r);
    }
    held += v.Status().open_marks;
    Drain(v, round * 1000 + 900);
    EXPECT_EQ(v.Status().open_marks, 0U);
    EXPECT_EQ(v.Status().dirty_count, 0U);
    v.Restart();  // what it holds is what it reads again
    EXPECT_EQ(v.Status().open_marks, 0U);
    bytes.push_back(v.store().ProgressOf(TestView::kView)->state.size());
  }
  EXPECT_GT(held, 0U);
  // Numbers of points and positions take a byte more at a time.
  EXPECT_LE(bytes.back(), bytes.front() + 16);
}

// ------------------------------------------------------------------------------------------------
// 17.H, by value and revision

TEST(RestartTable, R1AReplayGivesTheSameRevisionsAndNothingMore) {
  TestView v({.allowed_lateness = 5, .aggregates = {agg::Kind::kAvg}});
  v.Add(0, 1, 10);
  v.Add(0, 2, 20);
  v.Add(0, 10, 0);
  v.Add(0, 3, 60);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =15", "[0,10) r2 =30 n3, late 1"));
  v.Restart();
  EXPECT_THAT(v.Published(), IsEmpty());
  // At least once: the records behind the checkpoint come again.
  v.Add(0, 10, 0);
  v.Add(0, 3, 60);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =30 n3"));
}

TEST(RestartTable, R2TheWatermarkIsRestored) {
  for (const LatePolicy late : {LatePolicy::kFreeze, LatePolicy::kRecompute}) {
    TestView v({.allowed_lateness = 5, .late = late, .aggregates = {agg::Kind::kAvg}});
    v.Add(0, 1, 10);
    v.Add(0, 2, 20);
    v.Add(0, 3, 30);
    v.Add(0, 25, 0);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =20 n3"));
    v.Restart();
    EXPECT_EQ(v.W(), "24");
    v.Add(0, 4, 100);
    v.Add(0, 26, 0);
    if (late == LatePolicy::kFreeze) {
      EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =20 n3"));
      EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=4 frozen"));
    } else {
      EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =40 n4"));
    }
  }
}

TEST(RestartTable, R3AnotherInterleavingEndsAlike) {
  for (const bool turned : {false, true}) {
    TestView v({.aggregates = {agg::Kind::kAvg}, .partitions = 2, .early = seconds(1)});
    for (const int p : {turned ? 1 : 0, turned ? 0 : 1}) {
      v.Add(p, 1 + p, 10 + 10 * p);
      v.AdvanceClock(seconds(1));
    }
    EXPECT_THAT(v.Early(), ElementsAre("[0,10) =15 n2"));
    v.Add(0, 10, 0);
    v.Add(1, 10, 0);
    EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =15 n2"));
  }
}

}  // namespace
}  // namespace tidemark::view
