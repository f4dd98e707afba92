// SPDX-License-Identifier: Apache-2.0
// Preliminary rows: event-time.md 4, table G (periodic early timers), 2.3 (provisional_after),
// and what must not change because of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr nanoseconds kPeriod = seconds(10);

TEST(ViewEarly, G5APeriodicTimerShowsWhatIsNew) {
  TestView v({.early = kPeriod});
  v.Add(0, 1, 1);
  EXPECT_THAT(v.Early(), IsEmpty());
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =1 n1"));
  const uint64_t first = v.EarlyRows();
  v.AdvanceClock(kPeriod);
  EXPECT_EQ(v.EarlyRows(), first);
  v.Add(0, 2, 2);  // a period has passed since the last pass
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =3 n2"));
  v.Add(0, 3, 3);
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =3 n2"));
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =6 n3"));
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().windows_published, 0U);
}

TEST(ViewEarly, G1TheWatermarkPublishesTheSameValueAsRevisionOne) {
  TestView v({.early = kPeriod});
  v.Add(0, 1, 1);
  v.AdvanceClock(kPeriod);
  v.Add(0, 10, 5);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
  EXPECT_EQ(v.Status().revisions_total, 0U);
}

TEST(ViewEarly, G6OnlyUnfiredWindowsTakeEarlyRows) {
  TestView v({.early = kPeriod});
  v.Add(0, 1, 1);
  v.Add(0, 10, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(), ElementsAre("[10,20) =0 n1"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
  EXPECT_THAT(v.Published(), IsEmpty());
}

TEST(ViewEarly, ALateRevisionDoesNotKnowOfIt) {
  TestView v({.early = kPeriod});
  v.Add(0, 1, 1);
  v.AdvanceClock(kPeriod);
  v.Add(0, 2, 2);
  v.Add(0, 10, 0);
  v.Add(0, 3, 4);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3", "[0,10) r2 =7 n3, late 1"));
}

TEST(ViewEarly, SilenceShowsTheLastWindowsOnce) {
  TestView v({.provisional_after = kPeriod});
  v.Add(0, 1, 1);
  v.AdvanceClock(kPeriod - seconds(1));
  v.Add(0, 12, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.AdvanceClock(kPeriod - seconds(1));
  EXPECT_THAT(v.Early(), IsEmpty());
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[10,20) =2 n1"));
  EXPECT_EQ(v.W(), "11");
  const uint64_t first = v.EarlyRows();
  v.AdvanceClock(10 * kPeriod);
  EXPECT_EQ(v.EarlyRows(), first);
}

TEST(ViewEarly, EachSeriesAndAggregateHasItsRow) {
  TestView v({.aggregates = {agg::Kind::kMin, agg::Kind::kCount}, .early = kPeriod});
  v.Add(0, 1, 5);
  v.Add(0, 2, 4, "b");
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(),
              ElementsAre("[0,10) =1 n1", "[0,10) =1 n1", "[0,10) =4 n1", "[0,10) =5 n1"));
  // The minimum stays, the count does not.
  v.Add(0, 3, 9);
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(),
              ElementsAre("[0,10) =1 n1", "[0,10) =2 n2", "[0,10) =4 n1", "[0,10) =5 n2"));
}

TEST(ViewEarly, SurvivesARestart) {
  TestView v({.early = kPeriod});
  v.Add(0, 1, 1);
  v.AdvanceClock(kPeriod);
  const uint64_t before = v.EarlyRows();
  v.Restart();
  v.AdvanceClock(kPeriod);
  EXPECT_EQ(v.EarlyRows(), before) << "nothing new";
  v.Add(0, 4, 2);
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =3 n2"));
  v.Restart();
  v.Add(0, 10, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n2"));
}

TEST(ViewEarly, ASumThatOverflowsEndsIt) {
  TestView v({.types = {store::ValueType::kBigint}, .early = kPeriod});
  v.AddBigint(0, 1, INT64_MAX);
  v.AdvanceClock(kPeriod);
  EXPECT_EQ(v.Early().size(), 1U);
  v.AddBigint(0, 2, 1);
  v.AdvanceClock(kPeriod);
  EXPECT_THAT(v.Early(), IsEmpty());
  v.AddBigint(0, 10, 0);
  EXPECT_THAT(v.Rows(), IsEmpty());
}

}  // namespace
}  // namespace tidemark::view
