// SPDX-License-Identifier: Apache-2.0
// Aggregates that look back of their window: counters and the time-weighted average.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// event-time.md 17.H, H14: a late record of the window before changes this one, too.
TEST(Carry, H14ALateSampleBeforeTheWindowChangesItsIncrease) {
  TestView v({.aggregates = {*agg::AggregateFromName("increase")}, .staleness = 10});
  v.Add(0, 5, 10);
  v.Add(0, 12, 17);
  v.Add(0, 20, 20);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =0 n1", "[10,20) r1 =7 n1"));
  v.Add(0, 8, 14);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =4 n2, late 1", "[10,20) r2 =3 n1, late 1"));
  EXPECT_EQ(v.Status().late_points_total, 1U);
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Carry, ASampleThatIsTooOldIsNotLookedAt) {
  TestView v({.aggregates = {*agg::AggregateFromName("increase")}, .staleness = 5});
  v.Add(0, 1, 10);
  v.Add(0, 12, 17);
  v.Add(0, 20, 20);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =0 n1", "[10,20) r1 =0 n1"));
  v.Add(0, 6, 12);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1", "[10,20) r2 =5 n1, late 1"));
}

TEST(Carry, TheTimeWeightedAverageHoldsTheLastValue) {
  TestView v({.aggregates = {*agg::AggregateFromName("twa"), *agg::AggregateFromName("coverage")},
              .staleness = 10});
  v.Add(0, 5, 10);
  v.Add(0, 14, 20);
  v.Add(0, 20, 0);
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 =10 n1 twa_cpu", "[0,10) r1 =0.5 n1 coverage_cpu",
                          "[10,20) r1 =16 n1 twa_cpu", "[10,20) r1 =1 n1 coverage_cpu"));
}

TEST(Carry, WindowsThatLookBackBeyondTheStartAreNotWhole) {
  TestView v({.aggregates = {*agg::AggregateFromName("increase")},
              .staleness = 15,
              .complete_from_start = false});
  v.Add(0, 1, 1);
  v.Add(0, 12, 2);
  v.Add(0, 22, 4);
  v.Add(0, 32, 8);
  v.Add(0, 42, 16);
  EXPECT_THAT(v.Published(), ElementsAre("[20,30) r1 =2 n1", "[30,40) r1 =4 n1"));
}

}  // namespace
}  // namespace tidemark::view
