// SPDX-License-Identifier: Apache-2.0
// Views over views: when their windows fire, what late points and ended rows do to them, over
// restarts; and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Over the rows of `source`, in windows of `width`: "top_{aggregate}_sum_cpu", of all hosts.
ViewDefinition Over(const ViewDefinition& source, uint32_t id, const std::string& name,
                    int64_t width) {
  ViewDefinition d;
  d.id = ViewId{id};
  d.name = name;
  d.source = source.target;
  d.target = source.target;
  d.source_name = d.target_name = source.target_name;
  d.upstream = {std::make_shared<const ViewDefinition>(source)};
  d.aggregates = {agg::Kind::kSum};
  d.group_by = {};
  d.width = nanoseconds(width);
  d.output = name + "_{measure}";
  return d;
}

void ExpectClean(TestView& v) {
  for (const ViewStatus& status : v.maintainer().Statuses()) {
    EXPECT_THAT(CheckView(v.store(), status), IsEmpty());
  }
}

TEST(OverViews, AWindowFiresWhenTheRowsThatBeginInItAreComplete) {
  TestView v;  // windows of 10
  const ViewDefinition top = Over(v.definition(), 8, "top", 20);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  v.Add(0, 1, 1, "a");
  v.Add(0, 2, 2, "b");
  v.Add(0, 19, 4, "a");
  EXPECT_THAT(v.RowsOf(top), IsEmpty());
  EXPECT_EQ(v.maintainer().Status("top")->watermark, EventTime{10});
  v.Add(0, 20, 0, "a");
  EXPECT_EQ(v.maintainer().Status("top")->watermark, EventTime{20});
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,20) =7 n3"));
  ExpectClean(v);
}

// Rows of longer windows than its own: those that begin in it decide.
TEST(OverViews, WindowsBelowMayBeLongerOrOverlap) {
  TestView v({.window = 30, .slide = 10});
  const ViewDefinition top = Over(v.definition(), 8, "top", 20);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  v.Add(0, 5, 1);
  v.Add(0, 39, 2);
  // [10,40) begins in [0,20) and is still open.
  EXPECT_EQ(v.maintainer().Status("top")->watermark, EventTime{10});
  v.Add(0, 40, 0);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[-20,0) =2 n2", "[0,20) =3 n2"));
  ExpectClean(v);
}

TEST(OverViews, LatePointsGoUpTheChainAndSoDoRestarts) {
  TestView v;
  const ViewDefinition mid = Over(v.definition(), 8, "mid", 20);
  const ViewDefinition top = Over(mid, 9, "top", 40);
  ASSERT_TRUE(v.CreateBeside(mid).ok());
  ASSERT_TRUE(v.CreateBeside(top).ok());
  for (int64_t t = 1; t < 90; t += 7) v.Add(0, t, 1, t % 2 == 0 ? "a" : "b");
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,40) =6 n2", "[40,80) =6 n2"));
  v.Add(0, 3, 10);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,40) =16 n2", "[40,80) =6 n2"));
  v.Restart();
  v.Add(0, 33, 100);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,40) =116 n2", "[40,80) =6 n2"));
  EXPECT_EQ(v.maintainer().Status("top")->revisions_total, 2U);
  ExpectClean(v);
}

TEST(OverViews, ANewOneIsBackFilledFromTheRows) {
  TestView v;
  for (int64_t t = 1; t < 90; t += 7) v.Add(0, t, 1);
  const ViewDefinition top = Over(v.definition(), 8, "top", 40);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,40) =6 n4", "[40,80) =6 n4"));
  ExpectClean(v);
}

TEST(OverViews, ARowThatEndsTakesItsValueAlong) {
  TestView v({.filter = {.texts = {}, .value_min = 0, .value_max = 100}});
  const ViewDefinition top = Over(v.definition(), 8, "top", 20);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.Add(0, 25, 0);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,20) =3 n2"));
  v.Add(0, 1, -1);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,20) =2 n1"));
  v.Add(0, 11, -1);
  EXPECT_THAT(v.RowsOf(top), IsEmpty());
  v.Add(0, 2, 5);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,20) =5 n1"));
  ExpectClean(v);
}

TEST(OverViews, PreliminaryRowsAreNotRead) {
  TestView v({.early = seconds(1)});
  const ViewDefinition top = Over(v.definition(), 8, "top", 20);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  v.Add(0, 1, 1);
  v.AdvanceClock(seconds(2));
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =1 n1"));
  EXPECT_THAT(v.RowsOf(top), IsEmpty());
  v.Add(0, 25, 0);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,20) =1 n1"));
  ExpectClean(v);
}

// event-time.md 6.5: what is missing below is missing above.
TEST(OverViews, WindowsOverOnesThatAreNotWholeHaveNoRow) {
  TestView v({.complete_from_start = false});
  const ViewDefinition top = Over(v.definition(), 8, "top", 20);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  v.Add(0, 5, 1);
  v.Add(0, 12, 1);
  v.Add(0, 25, 1);
  v.Add(0, 65, 1);
  EXPECT_THAT(v.Rows(), ElementsAre("[10,20) =1 n1", "[20,30) =1 n1"));
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[20,40) =1 n1"));
}

TEST(OverViews, OnlyLevelsThatAreReadHoldItBack) {
  TestView v({.levels = {10, 100}, .output = "{aggregate}_{window}_{measure}"});
  ViewDefinition top = Over(v.definition(), 8, "top", 20);
  top.measures = {"sum_10ns_*"};
  ASSERT_TRUE(v.CreateBeside(top).ok());
  v.Add(0, 1, 1);
  v.Add(0, 25, 0);
  EXPECT_THAT(v.RowsOf(top), ElementsAre("[0,20) =1 n1"));
  EXPECT_EQ(v.maintainer().Status("top")->watermark, EventTime{20});
}

TEST(OverViews, WhatIsReadIsNotDropped) {
  TestView v;
  const ViewDefinition top = Over(v.definition(), 8, "top", 20);
  ASSERT_TRUE(v.CreateBeside(top).ok());
  std::optional<Result<void>> dropped;
  const auto drop = [&](ViewId view) {
    dropped.reset();
    v.maintainer().Drop(view, [&](Result<void> r) { dropped = std::move(r); });
    v.Run();
    return *dropped;
  };
  EXPECT_THAT(drop(TestView::kView).error().message,
              HasSubstr("view v is read by view top: drop that one first"));
  EXPECT_TRUE(drop(top.id).ok());
  EXPECT_TRUE(drop(TestView::kView).ok());
  EXPECT_THAT(v.CreateBeside(top).error().message, HasSubstr("there is no view v to read"));
}

TEST(OverViews, WhatCannotBeReadIsRefused) {
  TestView v({.label = Label::kEnd});
  EXPECT_THAT(v.CreateBeside(Over(v.definition(), 8, "top", 20)).error().message,
              HasSubstr("needs label = \"start\" there"));
  TestView start;
  ViewDefinition top = Over(start.definition(), 8, "top", 20);
  top.early = seconds(1);
  EXPECT_THAT(start.CreateBeside(top).error().message, HasSubstr("early and provisional_after"));
  top.early = seconds(0);
  top.source_name = "\"db\".\"u\"";
  EXPECT_THAT(start.CreateBeside(top).error().message,
              HasSubstr("the rows of view v are in \"db\".\"t\", and not in \"db\".\"u\""));
}

}  // namespace
}  // namespace tidemark::view
