// SPDX-License-Identifier: Apache-2.0
// Views over windows that overlap, leave gaps, follow a calendar, or come in levels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr auto kFreeze = LatePolicy::kFreeze;
constexpr auto kRecompute = LatePolicy::kRecompute;

// event-time.md 17.D. Under kFreeze as printed (LATE_DROP and PARTIAL_LATE are refused points),
// under kRecompute the batch over all records.
TEST(Hopping, D1ATimeIsInTwoWindows) {
  for (const auto policy : {kFreeze, kRecompute}) {
    TestView v({.slide = 5, .late = policy});
    v.Add(0, 7, 1);
    v.Add(0, 10, 2);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
    v.Add(0, 15, 0);
    EXPECT_THAT(v.Published(), ElementsAre("[5,15) r1 =3 n2"));
  }
}

TEST(Hopping, D2APartlyLateRecord) {
  TestView frozen({.slide = 5, .late = kFreeze});
  TestView v({.slide = 5});
  for (TestView* view : {&frozen, &v}) {
    view->Add(0, 7, 1);
    view->Add(0, 11, 2);
    EXPECT_THAT(view->Published(), ElementsAre("[0,10) r1 =1 n1"));
    view->Add(0, 8, 4);
  }
  EXPECT_THAT(frozen.Published(), ElementsAre("[0,10) frozen 1"));
  EXPECT_THAT(frozen.sink().Take(), ElementsAre("[0,10) t=8 frozen"));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =5 n2, late 1"));
  for (TestView* view : {&frozen, &v}) {
    view->Add(0, 15, 0);
    EXPECT_THAT(view->Published(), ElementsAre("[5,15) r1 =7 n3"));
  }
}

TEST(Hopping, D3LateInOneOnTimeInTheOther) {
  TestView v({.slide = 5, .allowed_lateness = 5, .late = kFreeze});
  v.Add(0, 7, 1);
  v.Add(0, 11, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Add(0, 8, 4);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =5 n2, late 1"));
  v.Add(0, 15, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[5,15) r1 =7 n3"));
}

TEST(Hopping, D4ATimeInNoWindowStillMovesTheClock) {
  TestView v({.window = 5, .slide = 10});
  v.Add(0, 3, 1);
  v.Add(0, 7, 9);
  EXPECT_EQ(v.W(), "6");
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) r1 =1 n1"));
  v.Add(0, 12, 2);
  v.Add(0, 6, 9);  // late, and in no window either
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().late_points_total, 0U);
}

TEST(Hopping, D5ASlideThatDoesNotDivide) {
  TestView v({.slide = 4});
  v.Add(0, 9, 1);
  v.Add(0, 18, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1", "[4,14) r1 =1 n1", "[8,18) r1 =1 n1"));
}

TEST(Hopping, ARestartFindsWindowsThatAreStillOpen) {
  TestView v({.slide = 5});
  v.Add(0, 7, 1);
  v.Add(0, 11, 2);
  v.Published();
  v.Restart();
  v.Add(0, 20, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[5,15) r1 =3 n2", "[10,20) r1 =2 n1"));
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Hopping, EarlyRowsOfEveryOpenWindow) {
  TestView v({.slide = 5, .early = seconds(1)});
  v.Add(0, 7, 1);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =1 n1", "[5,15) =1 n1"));
}

TEST(Levels, EachFiresAtItsOwnEnd) {
  TestView v({.levels = {10, 30}, .output = "{aggregate}_{window}_{measure}"});
  v.Add(0, 7, 1);
  v.Add(0, 10, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Add(0, 30, 4);
  EXPECT_THAT(v.Published(), UnorderedElementsAre("[0,30) r1 =3 n2", "[10,20) r1 =2 n1"));
  v.Restart();
  v.Add(0, 8, 16);
  EXPECT_THAT(v.Published(),
              UnorderedElementsAre("[0,10) r2 =17 n2, late 1", "[0,30) r2 =19 n3, late 1"));
  store::Selection all{.table = TestView::kTable};
  all.owners = {store::OwnerFilter::Kind::kView, v.definition().owner()};
  const auto rows = std::move(v.store().Revisions(all, 10)).value();
  ASSERT_FALSE(rows.empty());
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.series->measure);
  EXPECT_THAT(names, UnorderedElementsAre("sum_10ns_cpu", "sum_10ns_cpu", "sum_30ns_cpu"));
}

TEST(Calendars, ADayEndsAtLocalMidnight) {
  TestView v({.tick = hours(1), .calendar = "day", .zone = "Asia/Kolkata"});  // UTC+05:30
  v.Add(0, 1, 1);
  v.Add(0, 18, 2);  // 18:00 UTC, half an hour before midnight
  v.Add(0, 19, 4);
  store::Selection all{.table = TestView::kTable};
  all.owners = {store::OwnerFilter::Kind::kView, v.definition().owner()};
  const auto rows = std::move(v.store().Revisions(all, 10)).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].row.window_start, EventTime{} - minutes(330));
  EXPECT_EQ(rows[0].row.window_end, EventTime{} + hours(24) - minutes(330));
  EXPECT_EQ(rows[0].value, store::Scalar(3.0));
}

}  // namespace
}  // namespace tidemark::view
