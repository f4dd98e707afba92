// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/late_keys_internal.h"
#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;

/// "r2 late 3,5": revision, cause and the times of its points.
std::vector<std::string> Log(TestView& view) {
  store::Selection rows;
  rows.table = TestView::kTable;
  rows.owners = {store::OwnerFilter::Kind::kView, view.definition().owner()};
  std::vector<std::string> out;
  const auto all = std::move(view.store().Revisions(rows, 1000)).value();
  for (const store::RevisionRow& row : all) {
    for (const store::RevisionEntry& entry : row.revisions) {
      std::string line =
          "r" + std::to_string(entry.revision) + " " + std::string(store::CauseName(entry));
      for (const store::PointKey& key : entry.points) {
        line += " " + std::to_string(key.time.ns);
        if (const auto series = view.store().Describe(key.series)) {
          line += series->dimensions[0].value;
        }
      }
      out.push_back(std::move(line));
    }
  }
  return out;
}

TEST(LateKeys, RevisionsNameTheirPointsAndSayCorrectionsApart) {
  TestView view;
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  view.Add(0, 5, 2);
  view.Add(0, 5, 3);
  view.Add(0, 3, 1);
  EXPECT_THAT(Log(view),
              ElementsAre("r1 watermark", "r2 late 5a", "r3 correction 5a", "r4 late 3a"));
}

TEST(LateKeys, FrozenEntriesNameTheRefusedPoint) {
  TestView view({.late = LatePolicy::kFreeze});
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  view.Add(0, 5, 2);
  EXPECT_THAT(Log(view), ElementsAre("r1 watermark", "r1 frozen 5a"));
}

TEST(LateKeys, ARowOfAGroupNamesThePointsOfAllItsSeries) {
  TestView view({.group_by = {}});
  view.Add(0, 1, 1, "a");
  view.Add(0, 1, 1, "b");
  view.Add(0, 11, 1);
  view.Stop();
  view.Add(0, 7, 2, "b");
  view.Add(0, 6, 2, "a");
  view.Start();
  EXPECT_THAT(Log(view), ElementsAre("r1 watermark", "r2 late 6a 7b"));
}

// A late point joins two sessions; another begins one of its own.
TEST(LateKeys, SessionsNameThePointsThatChangedThem) {
  TestView view({.session_gap = 5, .aggregates = {agg::Kind::kCount}});
  for (const int64_t t : {1, 8, 40}) view.Add(0, t, 1);
  view.Stop();
  view.Add(0, 20, 1);
  view.Add(0, 5, 1);
  view.Start();
  EXPECT_THAT(Log(view), ElementsAre("r1 watermark", "r2 late 5a", "r1 watermark", "r2 late 5a",
                                     "r1 late 20a"));
}

TEST(LateKeys, FrozenSessionsNameTheRefusedPoint) {
  TestView view({.session_gap = 5, .late = LatePolicy::kFreeze});
  for (const int64_t t : {1, 40}) view.Add(0, t, 1);
  view.Add(0, 3, 1);
  view.Add(0, 20, 1);
  EXPECT_THAT(Log(view), ElementsAre("r1 watermark", "r1 frozen 3a", "r0 frozen 20a"));
}

// The sample between revises the values on both sides.
TEST(LateKeys, SamplesNameThePointsAround) {
  TestView view({.every = 5,
                 .fill = Fill::kLinear,
                 .max_gap = 20,
                 .aggregates = {{"linear", agg::Kind::kAvg, {}}},
                 .output = "x_{measure}"});
  for (const int64_t t : {0, 15, 40}) view.Add(0, t, static_cast<double>(t));
  view.Add(0, 7, 1);
  EXPECT_THAT(Log(view), ElementsAre("r1 watermark", "r1 watermark", "r2 late 7a", "r1 watermark",
                                     "r2 late 7a", "r1 watermark"));
}

TEST(LateKeys, KeepsTheFirstOfAPairAndABoundedNumberInAll) {
  LateKeys keys;
  const WindowId window{EventTime{0}};
  for (int64_t t = 40; t > 0; --t) keys.Add(window, 1, {{0, 1}, EventTime{t}});
  keys.Add(window, 1, {{0, 1}, EventTime{3}});
  ASSERT_NE(keys.Find(window, 1), nullptr);
  ASSERT_EQ(keys.Find(window, 1)->size(), store::kPointKeysMax);
  EXPECT_EQ(keys.Find(window, 1)->front().time, EventTime{1});
  EXPECT_EQ(keys.Find(window, 1)->back().time, EventTime{16});
  for (size_t i = 0; i < 2 * LateKeys::kKeysMax; ++i) {
    keys.Add(window, static_cast<SeriesIndex>(2 + i), {{0, 2}, EventTime{1}});
  }
  EXPECT_EQ(keys.Find(window, 2 + LateKeys::kKeysMax), nullptr);
  keys.Forget(window, 2);
  keys.Add(window, 2 + LateKeys::kKeysMax, {{0, 2}, EventTime{1}});
  EXPECT_NE(keys.Find(window, 2 + LateKeys::kKeysMax), nullptr);
}

}  // namespace
}  // namespace tidemark::view
