// SPDX-License-Identifier: Apache-2.0
// Views beside damaged files: what waits, what goes on, what is given up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/damage_internal.h"
#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;
using ::testing::StartsWith;

TimeRange Ns(int64_t start, int64_t end) { return {EventTime{start}, EventTime{end}}; }

constexpr const char* kFile = "0000000007.tsb";

TEST(RangeSet, CutsRanges) {
  const RangeSet set({Ns(20, 30), Ns(5, 10), Ns(8, 12), Ns(40, 40)});
  EXPECT_THAT(set.ranges(), ElementsAre(Ns(5, 12), Ns(20, 30)));
  EXPECT_FALSE(set.Contains(EventTime{4}));
  EXPECT_TRUE(set.Contains(EventTime{5}));
  EXPECT_FALSE(set.Contains(EventTime{12}));
  EXPECT_THAT(set.Inside(Ns(0, 25)), ElementsAre(Ns(5, 12), Ns(20, 25)));
  EXPECT_THAT(set.Outside(Ns(0, 25)), ElementsAre(Ns(0, 5), Ns(12, 20)));
  EXPECT_THAT(set.Outside(Ns(6, 11)), IsEmpty());
}

TEST(HeldWindows, AreRangesBeyondABound) {
  HeldWindows held;
  for (int64_t i = 0; i <= static_cast<int64_t>(HeldWindows::kExactMax); ++i) {
    held.Add({.window = {EventTime{10 * i}}, .series = 1, .late_points = 1},
             Windows::Tumbling(nanoseconds(10)));
  }
  EXPECT_THAT(held.exact(), IsEmpty());
  EXPECT_THAT(held.ranges(),
              ElementsAre(Ns(0, 10 * static_cast<int64_t>(HeldWindows::kExactMax) + 10)));
  for (int64_t i = 0; i < 1000; ++i) held.AddRange(Ns(100'000 + 20 * i, 100'010 + 20 * i));
  EXPECT_EQ(held.ranges().size(), HeldWindows::kRangesMax);
  EXPECT_EQ(held.ranges().back().end, EventTime{100'010 + 20 * 999});
}

TEST(ViewDamage, OtherWindowsGoOnAndTheRestComesLater) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.Add(0, 21, 3);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1", "[10,20) r1 =2 n1"));
  v.store().Damage(TestView::kTable, kFile, Ns(5, 8));
  v.Add(0, 2, 4);   // late: its window touches the damage
  v.Add(0, 12, 5);  // late: beside it
  v.Add(0, 31, 6);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r2 =7 n2, late 1", "[20,30) r1 =3 n1"));
  EXPECT_EQ(v.W(), "30");
  EXPECT_EQ(v.Status().damaged_count, 1U);
  EXPECT_EQ(v.Status().dirty_count, 1U);
  EXPECT_EQ(v.Status().state, ViewState::kRunning);

  v.Restart();
  EXPECT_EQ(v.Status().damaged_count, 1U);
  v.AdvanceClock(seconds(100));
  EXPECT_THAT(v.Published(), IsEmpty());

  v.store().Repair(kFile);
  v.AdvanceClock(seconds(100));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =5 n2, late 1"));
  EXPECT_EQ(v.Status().dirty_count, 0U);
}

TEST(ViewDamage, AWindowThatFiresWaitsToo) {
  TestView v({.partitions = 2});
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.store().Damage(TestView::kTable, kFile, Ns(9, 10));
  v.Add(0, 21, 1);
  v.Add(1, 21, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =2 n1"));
  EXPECT_EQ(v.W(), "20");
  v.store().Repair(kFile);
  v.AdvanceClock(seconds(2));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
}

TEST(ViewDamage, AKnownGapIsNeverEvaluatedAgain) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.store().Damage(TestView::kTable, kFile, Ns(5, 8));
  v.Add(0, 2, 4);
  EXPECT_EQ(v.Status().damaged_count, 1U);
  v.store().AcceptGap(kFile);
  v.AdvanceClock(seconds(100));
  EXPECT_EQ(v.Status().damaged_count, 0U);
  EXPECT_EQ(v.Status().dirty_count, 0U);
  EXPECT_EQ(v.Status().frozen_total, 1U);
  v.Add(0, 3, 4);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=3 damaged"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
}

TEST(ViewDamage, ANewViewReadsAroundIt) {
  TestView v({.create = false});
  for (int64_t t = 1; t < 60; t += 10) v.Add(0, t, static_cast<double>(t));
  v.store().Damage(TestView::kTable, kFile, Ns(12, 28));
  v.Create().value();
  v.AdvanceClock(seconds(5));
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 =1 n1", "[30,40) r1 =31 n1", "[40,50) r1 =41 n1"));
  EXPECT_EQ(v.W(), "50");
  EXPECT_EQ(v.Status().damaged_count, 1U);
  v.Restart();
  v.store().Repair(kFile);
  v.AdvanceClock(seconds(100));
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) coarse r1 =11 n1", "[20,30) coarse r1 =21 n1"));
  EXPECT_EQ(v.Status().damaged_count, 0U);
}

TEST(ViewDamage, RowsThatCannotBeReadHoldTheirWindows) {
  TestView v({.label = Label::kEnd});
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.Add(0, 21, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1", "[10,20) r1 =2 n1"));
  v.store().Damage(TestView::kTable, kFile, Ns(20, 21));  // the row of [10,20), points of [20,30)
  v.Add(0, 12, 1);
  v.Add(0, 2, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1"));
  v.store().Repair(kFile);
  v.AdvanceClock(seconds(100));
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r2 =3 n2, late 1"));
}

// What fires with it is not held up.
TEST(ViewDamage, ARefusedPointOfARowThatCannotBeReadIsLoggedLater) {
  TestView v({.late = LatePolicy::kFreeze, .label = Label::kEnd, .group_by = {}});
  v.Add(0, 1, 1);
  v.Add(0, 11, 1);
  EXPECT_THAT(v.Published(), SizeIs(1));
  v.store().Damage(TestView::kTable, kFile, Ns(10, 11));  // the row of [0,10)
  v.Stop();
  v.Add(0, 2, 1);
  v.Add(0, 31, 1);
  for (const char* key : {"a", "b", "c", "d"}) v.Add(0, 41, 1, key);
  v.Add(0, 61, 1);
  v.Start();
  EXPECT_THAT(v.Published(), IsSupersetOf({StartsWith("[30,40) r1"), StartsWith("[40,50) r1")}));
  v.store().Repair(kFile);
  v.AdvanceClock(seconds(100));
  EXPECT_THAT(v.Published(), Contains(HasSubstr("frozen")));
}

}  // namespace
}  // namespace tidemark::view
