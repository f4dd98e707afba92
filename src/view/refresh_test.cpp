// SPDX-License-Identifier: Apache-2.0
// Late windows that wait: for the view's refresh, for the budget of sealed ones; over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/late_queue_internal.h"
#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void ExpectClean(TestView& v) { EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty()); }

TEST(Refresh, LatePointsOfAnIntervalArePublishedTogether) {
  TestView v({.allowed_lateness = 100, .refresh = seconds(1)});
  v.Add(0, 1, 1);
  v.Add(0, 11, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Add(0, 2, 1);  // the first one at once: nothing was published in the last second
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1"));
  v.Add(0, 3, 1);
  v.Add(0, 4, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().dirty_count, 1U);
  v.AdvanceClock(milliseconds(999));
  EXPECT_THAT(v.Published(), IsEmpty());
  v.AdvanceClock(milliseconds(1));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =4 n4, late 2"));
  EXPECT_EQ(v.Status().dirty_count, 0U);
  EXPECT_EQ(v.Status().late_points_total, 3U);
  ExpectClean(v);
}

TEST(Refresh, WindowsThatFireDoNotWait) {
  TestView v({.allowed_lateness = 100, .refresh = seconds(1)});
  v.Add(0, 1, 1);
  v.Add(0, 11, 0);
  v.Add(0, 2, 1);
  v.Add(0, 3, 1);
  v.Published();
  v.Add(0, 25, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =0 n1"));
  EXPECT_EQ(v.Status().dirty_count, 1U);
}

TEST(Refresh, WhatWaitsSurvivesARestart) {
  for (const bool fires : {false, true}) {
    TestView v({.allowed_lateness = 100, .refresh = seconds(10)});
    v.Add(0, 1, 1);
    v.Add(0, 11, 0);
    v.Add(0, 2, 1);
    v.Add(0, 3, 1);
    v.Add(0, 4, 1);
    v.Published();
    if (fires) v.Add(0, 25, 0);  // its frame journals what waits; else the feed is read again
    v.Published();
    v.Restart();  // with a new interval
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =4 n4, late 2")) << fires;
    EXPECT_EQ(v.Status().late_points_total, 3U);
    ExpectClean(v);
  }
}

TEST(Refresh, FrozenWindowsTakeWhatWaitsBeforeTheyAreSealed) {
  TestView v({.allowed_lateness = 5, .late = LatePolicy::kFreeze, .refresh = seconds(10)});
  v.Add(0, 1, 1);
  v.Add(0, 10, 0);
  v.Add(0, 2, 1);
  v.Add(0, 3, 1);
  v.Published();
  v.Add(0, 15, 0);  // seals [0,10)
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =3 n3, late 1"));
  v.Add(0, 4, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) frozen 1"));
  v.AdvanceClock(seconds(20));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =3 n3"));
}

TEST(Budget, SealedWindowsAreEvaluatedNewestFirst) {
  TestView v({.recompute_per_second = 2});
  for (const int64_t t : {1, 11, 21, 31, 41}) v.Add(0, t, 1);
  v.Published();
  v.Stop();
  for (const int64_t t : {2, 12, 22, 32}) v.Add(0, t, 1);
  v.Start();
  EXPECT_THAT(v.Published(), ElementsAre("[20,30) r2 =2 n2, late 1", "[30,40) r2 =2 n2, late 1"));
  EXPECT_EQ(v.Status().dirty_count, 2U);
  v.AdvanceClock(milliseconds(499));
  EXPECT_THAT(v.Published(), IsEmpty());
  v.AdvanceClock(milliseconds(2));
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r2 =2 n2, late 1"));
  v.Restart();  // what is left waits on
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1"));
  EXPECT_EQ(v.Status().dirty_count, 0U);
  ExpectClean(v);
}

TEST(Budget, WhatIsNotSealedGoesFirstAndFree) {
  TestView v({.allowed_lateness = 15, .recompute_per_second = 1});
  for (const int64_t t : {1, 11, 21, 31, 41}) v.Add(0, t, 1);  // sealed: [0,10), [10,20)
  v.Published();
  v.Stop();
  for (const int64_t t : {2, 12, 22, 32}) v.Add(0, t, 1);
  v.Add(0, 51, 1);  // fires [40,50) and seals [20,30), whose late point came before that
  v.Start();
  EXPECT_THAT(v.Published(), ElementsAre("[20,30) r2 =2 n2, late 1", "[30,40) r2 =2 n2, late 1",
                                         "[40,50) r1 =1 n1", "[10,20) r2 =2 n2, late 1"));
  v.AdvanceClock(seconds(2));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1"));
  ExpectClean(v);
}

TEST(Budget, ARowOfAGroupCostsOne) {
  TestView v({.group_by = {}, .recompute_per_second = 1});
  for (const char* host : {"a", "b", "c"}) v.Add(0, 1, 1, host);
  v.Add(0, 11, 0);
  v.Published();
  v.Stop();
  for (const char* host : {"a", "b", "c"}) v.Add(0, 2, 1, host);
  v.Start();
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =6 n6, late 3 v"));
}

TEST(Budget, ItMustLetSomethingThrough) {
  TestView v({.recompute_per_second = 0, .create = false});
  EXPECT_THAT(v.Create().error().message, HasSubstr("recompute_per_second must be 1 at least"));
}

// Beyond its bound a queue keeps where, not what: nothing is lost, and memory does not grow.
TEST(LateQueue, SpillsTheOldestWindows) {
  const Windows windows = Windows::Tumbling(nanoseconds(10));
  LateQueue queue(nanoseconds(0), 1);
  for (int64_t window = 0; window < 3; ++window) {
    std::vector<Due> due(LateQueue::kPairsMax / 2);
    for (uint32_t i = 0; i < due.size(); ++i) {
      due[i] = {.window = {EventTime{10 * window}}, .series = i, .late_points = 1};
    }
    queue.Add(due);
  }
  EXPECT_THAT(queue.Spill(windows), ElementsAre(TimeRange{EventTime{0}, EventTime{10}}));
  EXPECT_EQ(queue.size(), LateQueue::kPairsMax);
}

}  // namespace
}  // namespace tidemark::view
