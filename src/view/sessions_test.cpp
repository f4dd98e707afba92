// SPDX-License-Identifier: Apache-2.0
// Sessions: event-time.md 17.F under kRecompute (F7, F8, F10, F12: a late point is never dropped,
// so the merged session is what comes), and what is particular to kFreeze, groups, cells, restarts.
// Where the tables delete [1,6) and publish [1,12), a row that keeps its time goes on as the next
// revision of that row (docs/decisions/0009).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TestViewOptions Sessions() { return {.session_gap = 5, .aggregates = {agg::Kind::kCount}}; }

void ExpectRight(TestView& v) {
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
  v.Restart();
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Sessions, F1TheGapItselfSeparates) {
  TestView v(Sessions());
  v.Add(0, 1, 1);
  v.Add(0, 4, 1);
  v.Add(0, 9, 1);
  EXPECT_EQ(v.W(), "8");
  EXPECT_THAT(v.Published(), ElementsAre("[1,9) r1 =2 n2"));
  ExpectRight(v);
}

TEST(Sessions, F2JustInsideTheGapJoins) {
  TestView v(Sessions());
  v.Add(0, 1, 1);
  v.Add(0, 5, 1);
  v.Add(0, 10, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[1,10) r1 =2 n2"));
}

TEST(Sessions, F3ABridgeMergesOpenSessions) {
  TestViewOptions options = Sessions();
  options.out_of_orderness = 10;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 9, 1);
  v.Add(0, 5, 1);
  v.Add(0, 24, 1);
  EXPECT_EQ(v.W(), "13");
  EXPECT_THAT(v.Published(), ElementsAre("[1,14) r1 =3 n3"));
  ExpectRight(v);
}

TEST(Sessions, F4AndF5ALateRecordExtendsAPublishedSessionOnceItIsComplete) {
  TestViewOptions options = Sessions();
  options.allowed_lateness = 10;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 7, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  v.Add(0, 4, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_THAT(v.Rows(), ElementsAre("[1,6) =1 n1"));
  v.Add(0, 12, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,12) r2 =3 n3"));
  EXPECT_THAT(v.Rows(), ElementsAre("[1,12) =3 n3"));
  ExpectRight(v);
}

TEST(Sessions, F5WithLabelsAtTheEndTheOldRowEnds) {
  TestViewOptions options = Sessions();
  options.label = Label::kEnd;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 7, 1);
  v.Add(0, 4, 1);
  v.Published();
  v.Add(0, 12, 1);
  EXPECT_THAT(v.Published(), UnorderedElementsAre("[1,6) r2 =null", "[1,12) r1 =3 n3"));
  EXPECT_THAT(v.Rows(), ElementsAre("[1,12) =3 n3"));
  ExpectRight(v);
}

TEST(Sessions, F6TwoPublishedSessionsMerge) {
  TestViewOptions options = Sessions();
  options.allowed_lateness = 20;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 8, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  v.Add(0, 14, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[8,13) r1 =1 n1"));
  v.Add(0, 5, 1);
  EXPECT_THAT(v.Published(),
              UnorderedElementsAre("[1,13) r2 =3 n3, late 1", "[8,13) r2 =null, late 1"));
  EXPECT_THAT(v.Rows(), ElementsAre("[1,13) =3 n3"));
  ExpectRight(v);
}

TEST(Sessions, F7AndF8NoOverlapWithASessionThatIsPublished) {
  TestView v(Sessions());
  v.Add(0, 0, 1);
  v.Add(0, 7, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) r1 =1 n1"));
  v.Add(0, 3, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 20, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,12) r2 =3 n3"));
  ExpectRight(v);
}

TEST(Sessions, F9BehindTheWatermarkButOpen) {
  TestView v(Sessions());
  v.Add(0, 20, 1);
  v.Add(0, 17, 1);
  v.Add(0, 30, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[17,25) r1 =2 n2"));
  EXPECT_EQ(v.Status().late_points_total, 0U);
  ExpectRight(v);
}

TEST(Sessions, F10OldAndAlone) {
  TestView v(Sessions());
  v.Add(0, 20, 1);
  v.Add(0, 10, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[10,15) r1 =1 n1, late 1"));
  EXPECT_EQ(v.Status().late_points_total, 1U);
  ExpectRight(v);
}

TEST(Sessions, F11AnEarlyRowGrowsWithItsSession) {
  TestViewOptions options = Sessions();
  options.early = seconds(1);
  TestView v(options);
  v.Add(0, 1, 1);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[1,6) =1 n1"));
  v.Add(0, 3, 1);
  v.Add(0, 8, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,8) r1 =2 n2"));
  EXPECT_THAT(v.Rows(), ElementsAre("[1,8) =2 n2"));
  ExpectRight(v);
}

TEST(Sessions, F11EarlyRowsWithLabelsAtTheEndAreReplaced) {
  TestViewOptions options = Sessions();
  options.early = seconds(1);
  options.label = Label::kEnd;
  TestView v(options);
  v.Add(0, 1, 1);
  v.AdvanceClock(seconds(1));
  v.Add(0, 3, 1);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[1,8) =2 n2"));
  v.Add(0, 8, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,8) r1 =2 n2"));
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[8,13) =1 n1"));
}

TEST(Sessions, F12ALateRecordExtendsBackwards) {
  TestView v(Sessions());
  for (const int64_t t : {20, 24, 28, 17, 22, 40}) v.Add(0, t, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[17,33) r1 =5 n5"));
  ExpectRight(v);
}

TEST(Sessions, F13ALateRecordJoinsAPublishedAndAnOpenSession) {
  TestViewOptions options = Sessions();
  options.allowed_lateness = 3;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 6, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  v.Add(0, 2, 1);
  v.Add(0, 8, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 13, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[1,13) r2 =4 n4"));
  ExpectRight(v);
}

TEST(Sessions, NoSessionCrossesTheGridOfMaxSession) {
  TestViewOptions options = Sessions();
  options.max_session = 10;
  TestView v(options);
  for (const int64_t t : {7, 9, 11, 14, 25}) v.Add(0, t, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[7,10) r1 =2 n2", "[11,19) r1 =2 n2"));
  v.Add(0, 10, 1);
  EXPECT_THAT(v.Published(),
              UnorderedElementsAre("[10,19) r1 =3 n3, late 1", "[11,19) r2 =null, late 1"));
  ExpectRight(v);
}

// event-time.md 17.H, made by a correction that moves the point out of the filter.
TEST(Sessions, H25ACorrectionSplitsASession) {
  for (const Label label : {Label::kStart, Label::kEnd}) {
    TestViewOptions options = Sessions();
    options.label = label;
    options.filter.value_max = 10;
    TestView v(options);
    for (const int64_t t : {1, 5, 9, 14}) v.Add(0, t, 1);
    EXPECT_THAT(v.Published(), ElementsAre("[1,14) r1 =3 n3"));
    v.Add(0, 5, 11);
    if (label == Label::kStart) {
      EXPECT_THAT(v.Published(),
                  UnorderedElementsAre("[1,6) r2 =1 n1, late 1", "[9,14) r1 =1 n1, late 1"));
    } else {
      EXPECT_THAT(v.Published(),
                  UnorderedElementsAre("[9,14) r2 =1 n1, late 1", "[1,6) r1 =1 n1, late 1"));
    }
    EXPECT_THAT(v.Rows(), ElementsAre("[1,6) =1 n1", "[9,14) =1 n1"));
    v.Add(0, 5, 2);
    EXPECT_THAT(v.Rows(), ElementsAre("[1,14) =3 n3"));
    v.Add(0, 1, 20);
    EXPECT_THAT(v.Rows(), ElementsAre("[5,14) =2 n2"));
    ExpectRight(v);
  }
}

TEST(Sessions, APointThatGoesLeavesASessionThatIsOver) {
  TestViewOptions options = Sessions();
  options.filter.value_max = 10;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 4, 1);
  v.Add(0, 7, 1, "b");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 4, 11);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  ExpectRight(v);
}

TEST(Sessions, PointsOutsideOfAFilterKeepNothingOpen) {
  TestViewOptions options = Sessions();
  options.filter.value_max = 10;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 4, 11);
  v.Add(0, 6, 11);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  ExpectRight(v);
}

/// [1,6) is published, its point has left the filter, and that waits for a refresh; 4 and 7 are
/// open. Without the point [1,6) is not among what they touch.
void LeaveAPublishedRow(TestView& v) {
  v.Add(0, 1, 1);
  v.Add(0, 7, 1);
  v.Add(0, 1, 2);  // begins a refresh
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  v.Add(0, 1, 11);
  v.Add(0, 4, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
}

TEST(Sessions, ASessionEndsTheRowBeforeItWhosePointWent) {
  TestViewOptions options = Sessions();
  options.filter.value_max = 10;
  options.refresh = minutes(1);
  TestView v(options);
  LeaveAPublishedRow(v);
  v.Add(0, 20, 1);
  EXPECT_THAT(v.Published(), UnorderedElementsAre("[1,6) r2 =null", "[4,12) r1 =2 n2"));
  EXPECT_THAT(v.Rows(), ElementsAre("[4,12) =2 n2"));
  v.AdvanceClock(minutes(1));
  ExpectRight(v);
}

TEST(Sessions, APreliminaryRowIsNotWrittenOverTheRowBeforeItWhosePointWent) {
  TestViewOptions options = Sessions();
  options.filter.value_max = 10;
  options.refresh = minutes(1);
  options.early = seconds(1);
  TestView v(options);
  LeaveAPublishedRow(v);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(OverlapsOf(v.store(), v.definition()), IsEmpty());
  v.Add(0, 20, 1);
  EXPECT_THAT(v.Rows(), ElementsAre("[4,12) =2 n2"));
  v.AdvanceClock(minutes(1));
  ExpectRight(v);
}

TEST(Sessions, WhatIsLeftOfTheRowBeforeItComesWithTheSession) {
  TestViewOptions options = Sessions();
  options.filter.value_max = 10;
  options.refresh = minutes(1);
  TestView v(options);
  for (const int64_t t : {1, 5, 9, 15}) v.Add(0, t, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,14) r1 =3 n3"));
  v.Add(0, 1, 2);
  v.Add(0, 9, 11);
  v.Add(0, 12, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 30, 1);
  EXPECT_THAT(v.Published(), UnorderedElementsAre("[1,10) r2 =2 n2", "[12,20) r1 =2 n2"));
  EXPECT_THAT(v.Rows(), ElementsAre("[1,10) =2 n2", "[12,20) =2 n2"));
  v.AdvanceClock(minutes(1));
  ExpectRight(v);
}

TEST(Sessions, ASessionWithALabelAtItsEndEndsThePreliminaryRowThatIsLonger) {
  TestViewOptions options = Sessions();
  options.filter.value_max = 10;
  options.early = seconds(1);
  options.label = Label::kEnd;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 5, 1);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[1,10) =2 n2"));
  v.Add(0, 5, 11);
  v.Add(0, 7, 1, "b");
  EXPECT_THAT(v.Rows(), ElementsAre("[1,6) =1 n1"));
  EXPECT_THAT(v.Early(), IsEmpty());
  ExpectRight(v);
}

TEST(Sessions, ACorrectionRevisesOneRow) {
  TestView v({.session_gap = 5, .aggregates = {agg::Kind::kMax, agg::Kind::kCount}});
  for (const int64_t t : {1, 3, 20}) v.Add(0, t, 1);
  EXPECT_THAT(v.Published(),
              UnorderedElementsAre("[1,8) r1 =1 n2 max_cpu", "[1,8) r1 =2 n2 count_cpu"));
  v.Add(0, 3, 7);
  EXPECT_THAT(v.Published(), ElementsAre("[1,8) r2 =7 n2, late 1 max_cpu"));
  ExpectRight(v);
}

TEST(Sessions, SeriesOfAGroupShareSessions) {
  TestViewOptions options = Sessions();
  options.group_by = {};
  TestView v(options);
  v.Add(0, 1, 1, "a");
  v.Add(0, 4, 1, "b");
  v.Add(0, 7, 1, "c");
  v.Add(0, 20, 1, "b");
  EXPECT_THAT(v.Published(), ElementsAre("[1,12) r1 =3 n3 v"));
  v.Add(0, 13, 1, "d");
  v.Add(0, 10, 1, "e");
  EXPECT_THAT(v.Published(), ElementsAre("[13,18) r1 =1, late 1 v", "[1,18) r2 =5 n5, late 1 v",
                                         "[13,18) r2 =null, late 1 v"));
  ExpectRight(v);
}

TEST(Sessions, FreezeKeepsWhatIsSealedAndHandsOnWhatIsNotTaken) {
  TestViewOptions options = Sessions();
  options.late = LatePolicy::kFreeze;
  TestView v(options);
  v.Add(0, 0, 1);
  v.Add(0, 7, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) r1 =1 n1"));
  v.Add(0, 3, 1);  // F7
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) frozen 1"));
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,5) t=3 frozen"));
  v.Add(0, 20, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[7,12) r1 =1 n1"));
  v.Add(0, 14, 1);  // F10
  EXPECT_THAT(v.Published(), ElementsAre("[14,19) frozen 1"));
  EXPECT_THAT(v.sink().Take(), ElementsAre("[14,19) t=14 frozen"));
  EXPECT_EQ(v.Status().frozen_total, 2U);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,5) =1 n1", "[7,12) =1 n1"));
  v.Restart();
  EXPECT_EQ(v.Status().frozen_total, 2U);
}

// One look at the feed may bring late points of several sealed rows: each row says which it
// refused.
TEST(Sessions, EachSealedRowRefusesItsOwnLatePoints) {
  TestViewOptions options = Sessions();
  options.late = LatePolicy::kFreeze;
  TestView v(options);
  for (const int64_t t : {0, 6, 30, 60, 64}) v.Add(0, t, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) r1 =1 n1", "[6,11) r1 =1 n1", "[30,35) r1 =1 n1"));
  v.Stop();
  v.Add(0, 4, 1);  // closer together than the gap
  v.Add(0, 8, 1);
  v.Add(0, 9, 1);
  v.Start();
  EXPECT_THAT(v.Published(), UnorderedElementsAre("[0,5) frozen 1", "[6,11) frozen 2"));
  EXPECT_THAT(v.sink().Take(),
              UnorderedElementsAre("[0,5) t=4 frozen", "[6,11) t=8 frozen", "[6,11) t=9 frozen"));
  EXPECT_EQ(v.Status().frozen_total, 3U);
  ExpectRight(v);
}

// Refused points may reach as far as a row that is not sealed: a change among them leaves it alone.
TEST(Sessions, WhatASealedRowRefusesDoesNotEndTheNext) {
  TestViewOptions options = Sessions();
  options.late = LatePolicy::kFreeze;
  options.allowed_lateness = 10;
  TestView v(options);
  for (const int64_t t : {0, 8, 20}) v.Add(0, t, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) r1 =1 n1", "[8,13) r1 =1 n1"));
  v.Add(0, 4, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) frozen 1"));
  v.Add(0, 2, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) frozen 1"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,5) =1 n1", "[8,13) =1 n1"));
  ExpectRight(v);
}

TEST(Sessions, WhatFiresBesideThemDoesNotHideWhichRowsRefuse) {
  TestViewOptions options = Sessions();
  options.late = LatePolicy::kFreeze;
  options.out_of_orderness = 100;
  TestView v(options);
  for (const int64_t t : {0, 6, 12, 18}) v.Add(0, t, 1);
  v.Add(0, 121, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,5) r1 =1 n1", "[6,11) r1 =1 n1", "[12,17) r1 =1 n1"));
  v.Stop();
  v.Add(0, 7, 1);
  v.Add(0, 13, 1);
  for (int64_t t = 22; t < 200; t += 4) v.Add(0, t, 1);
  v.Add(0, 500, 1);
  v.Start();
  EXPECT_THAT(v.Published(),
              UnorderedElementsAre("[6,11) frozen 1", "[12,17) frozen 1", "[18,203) r1 =47 n47"));
  ExpectRight(v);
}

TEST(Sessions, FreezeKeepsARowWhosePointWentAndWhatItWouldTake) {
  TestViewOptions options = Sessions();
  options.late = LatePolicy::kFreeze;
  options.filter.value_max = 10;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 7, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) r1 =1 n1"));
  v.Add(0, 1, 11);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) frozen 1"));
  v.Add(0, 4, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[1,6) frozen 1"));
  v.Add(0, 20, 1);
  EXPECT_THAT(v.Rows(), ElementsAre("[1,6) =1 n1", "[7,12) =1 n1"));
  ExpectRight(v);
}

TEST(Sessions, ANewViewPublishesWhatHasPassed) {
  TestViewOptions options = Sessions();
  options.create = false;
  options.maintainer.windows_per_piece = 1;
  TestView v(options);
  for (const int64_t t : {1, 3, 20, 22, 999, 1001, 1003}) v.Add(0, t, 1);
  ASSERT_TRUE(v.Create().ok());
  EXPECT_THAT(v.Rows(), ElementsAre("[1,8) =2 n2", "[20,27) =2 n2", "[999,1000) =1 n1"));
  v.Add(0, 1010, 1);
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
  EXPECT_EQ(v.Rows().size(), 4U);
}

TEST(Sessions, SessionsThatMayHaveBegunBeforeTheSourceAreNotPublished) {
  TestViewOptions options = Sessions();
  options.complete_from_start = false;
  TestView v(options);
  v.Add(0, 101, 1);
  v.Add(0, 103, 1);
  v.Add(0, 110, 1);
  v.Add(0, 120, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[110,115) r1 =1 n1"));
}

}  // namespace
}  // namespace tidemark::view
