// SPDX-License-Identifier: Apache-2.0
// event-time.md 17.B through the whole view; `late_drop` of the page is policy kFreeze here.
#include "view/watermark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Watermark, B1FiresWhenTheBoundIsReachedNotBefore) {
  TestView v;
  v.Add(0, 3, 5);
  EXPECT_EQ(v.W(), "2");
  v.Add(0, 9, 1);
  EXPECT_EQ(v.W(), "8");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 10, 2);
  EXPECT_EQ(v.W(), "9");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =6 n2"));
}

TEST(Watermark, B2BehindIsNotLateWhileTheWindowIsOpen) {
  TestView v({.out_of_orderness = 3});
  v.Add(0, 5, 1);
  EXPECT_EQ(v.W(), "1");
  v.Add(0, 12, 1);
  EXPECT_EQ(v.W(), "8");
  v.Add(0, 8, 1);
  EXPECT_EQ(v.W(), "8");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 13, 1);
  EXPECT_EQ(v.W(), "9");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =2 n2"));
  EXPECT_EQ(v.Status().late_points_total, 0U);
}

TEST(Watermark, B3NeverFalls) {
  TestView v({.out_of_orderness = 3});
  v.Add(0, 13, 1);
  EXPECT_EQ(v.W(), "9");
  v.Add(0, 20, 1);
  EXPECT_EQ(v.W(), "16");
  v.Add(0, 15, 1);
  v.Add(0, 18, 1);
  EXPECT_EQ(v.W(), "16");
  EXPECT_THAT(v.Published(), IsEmpty());
}

TEST(Watermark, B4TheSlowestPartitionDecides) {
  TestView v({.partitions = 2});
  v.Add(0, 3, 1);
  v.Add(0, 50, 1);
  EXPECT_EQ(v.W(), "-inf");
  v.Add(1, 4, 1);
  EXPECT_EQ(v.W(), "3");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(1, 10, 1);
  EXPECT_EQ(v.W(), "9");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =2 n2"));
}

TEST(Watermark, B5ASilentPartitionHoldsUntilIdle) {
  TestView v({.partitions = 2});
  v.Add(0, 3, 1);
  v.Add(0, 30, 1);
  EXPECT_EQ(v.W(), "-inf");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Idle(1);
  EXPECT_EQ(v.W(), "29");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
}

TEST(Watermark, B6AWokenPartitionCountsAtOnceAndItsOldRecordIsLate) {
  TestView v({.late = LatePolicy::kFreeze, .partitions = 2});
  v.Add(0, 3, 1);
  v.Add(0, 30, 1);
  v.Idle(1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Add(1, 5, 9);
  EXPECT_EQ(v.W(), "29");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) frozen 1"));
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=5 frozen"));
  v.Add(1, 31, 1);
  EXPECT_EQ(v.W(), "29");
  v.Add(0, 40, 1);
  EXPECT_EQ(v.W(), "30");
}

TEST(Watermark, B6RecomputeTakesItIn) {
  TestView v({.partitions = 2});
  v.Add(0, 3, 1);
  v.Add(0, 30, 1);
  v.Idle(1);
  v.Published();
  v.Add(1, 5, 9);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =10 n2, late 1"));
}

TEST(Watermark, B7AllowedLatenessRepairsAWrongIdle) {
  TestView v({.allowed_lateness = 20, .late = LatePolicy::kFreeze, .partitions = 2});
  v.Add(0, 3, 1);
  v.Add(0, 25, 1);
  v.Idle(1);
  EXPECT_EQ(v.W(), "24");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Add(1, 5, 9);
  EXPECT_EQ(v.W(), "24");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =10 n2, late 1"));
}

TEST(Watermark, B8WhenAllAreIdleTheMaximumCounts) {
  TestView v({.partitions = 2});
  v.Add(0, 3, 1);
  v.Add(1, 12, 1);
  EXPECT_EQ(v.W(), "2");
  v.Idle(1);
  EXPECT_EQ(v.W(), "2");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Idle(0);
  EXPECT_EQ(v.W(), "11");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
}

// A parent that is read to its end is idle; its children join when they are read.
TEST(Watermark, B10ChildrenOfASplitHoldUntilBothHaveMoved) {
  TestView v;
  v.Add(0, 3, 1);
  v.Add(0, 12, 1);
  EXPECT_EQ(v.W(), "11");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Idle(0);
  v.Join(1);
  v.Join(2);
  EXPECT_EQ(v.W(), "11");
  v.Add(1, 20, 1);
  EXPECT_EQ(v.W(), "11");
  v.Add(2, 21, 1);
  EXPECT_EQ(v.W(), "19");
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =1 n1"));
}

TEST(Watermark, B11AMergedChildGoesOnWhereTheParentsStood) {
  TestView v({.partitions = 3});
  v.Add(0, 3, 1);
  EXPECT_EQ(v.W(), "-inf");
  v.Idle(2);  // not there yet
  EXPECT_EQ(v.W(), "-inf");
  v.Add(1, 25, 1);
  EXPECT_EQ(v.W(), "2");
  v.Join(2);
  v.Idle({0, 1});
  EXPECT_EQ(v.W(), "2");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(2, 26, 1);
  EXPECT_EQ(v.W(), "25");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
}

TEST(Watermark, B13ARecordThatDoesNotMoveTheClockIsKeptInItsWindow) {
  TestView v;
  v.Add(0, 95, 1);
  EXPECT_EQ(v.W(), "94");
  v.AddWithoutClock(0, 200, 7);
  EXPECT_EQ(v.W(), "94");
  v.Add(0, 96, 1);
  EXPECT_EQ(v.W(), "95");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 201, 1);
  EXPECT_EQ(v.W(), "200");
  EXPECT_THAT(v.Published(), ElementsAre("[90,100) r1 =2 n2"));
  v.Add(0, 210, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[200,210) r1 =8 n2"));
}

TEST(Watermark, B15StoppingFiresNothing) {
  TestView v({.out_of_orderness = 2});
  v.Add(0, 3, 1);
  v.Add(0, 11, 1);
  EXPECT_EQ(v.W(), "8");
  v.Stop();
  EXPECT_EQ(v.W(), "8");
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().state, ViewState::kStopped);
}

TEST(Watermark, B16APartitionThatEndedLeavesTheMinimum) {
  TestView v({.partitions = 2});
  v.Add(0, 3, 1);
  v.Add(0, 30, 1);
  v.Add(1, 2, 1);
  EXPECT_EQ(v.W(), "1");
  v.Idle(1);
  EXPECT_EQ(v.W(), "29");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =2 n2"));
}

TEST(Watermark, B17APartitionThatJoinsHoldsButDoesNotLower) {
  TestView v;
  v.Add(0, 3, 1);
  v.Add(0, 12, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Join(1);
  v.Add(0, 35, 1);
  EXPECT_EQ(v.W(), "11");
  v.Add(1, 14, 1);
  EXPECT_EQ(v.W(), "13");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(1, 40, 1);
  EXPECT_EQ(v.W(), "34");
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =2 n2"));
}

// Issue 3, check 6: both halves repeat after a restart.
TEST(Watermark, HoldsAndGoesOnByTheIdleRuleAfterARestart) {
  TestView v({.partitions = 4});
  for (int p = 0; p < 3; ++p) v.Add(p, 600 + p, 1);
  v.Add(3, 2, 1);
  EXPECT_EQ(v.W(), "1");
  v.Restart();
  EXPECT_EQ(v.W(), "1");
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Idle(3);
  EXPECT_EQ(v.W(), "599");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Restart();
  EXPECT_EQ(v.W(), "599");
  EXPECT_THAT(v.Published(), IsEmpty());
  const auto partitions = v.Status().partitions;
  ASSERT_EQ(partitions.size(), 4U);
  EXPECT_TRUE(partitions[0].holds_back);
  EXPECT_FALSE(partitions[1].holds_back);
  EXPECT_TRUE(partitions[3].idle);
}

TEST(Watermark, DirectWritesJoinAndAreIdleAfterOneSecond) {
  TestView v({.partitions = 1});
  v.Add(0, 100, 1);
  EXPECT_EQ(v.W(), "99");
  v.WriteDirect(42, 5, 1);
  v.Add(0, 200, 1);
  EXPECT_EQ(v.W(), "99") << "direct stands at 42";
  v.AdvanceClock(milliseconds(999));
  EXPECT_EQ(v.W(), "99");
  v.AdvanceClock(milliseconds(1));
  EXPECT_EQ(v.W(), "199");
}

TEST(Watermark, OnlyExistingPipelinesCount) {
  TestView v({.partitions = 2});
  v.Add(0, 30, 1);
  EXPECT_EQ(v.W(), "-inf");
  v.maintainer().SetPipelines({PipelineId{2}});
  v.Run();
  v.WriteDirect(12, 1, 1);
  EXPECT_EQ(v.W(), "11");
}

/// The tracker alone, fed with what pipelines journal when partitions come and go
/// (event-time.md 2.6); pipeline_replay_test.cpp has the other half of these rows.
class Partitions {
 public:
  explicit Partitions(int64_t bound) : tracker_(nanoseconds(bound)) {}

  /// Inclusive watermark after the step, as the page prints it.
  std::string Fold(uint32_t partition, std::optional<int64_t> max, bool idle = false,
                   std::optional<int64_t> floor = std::nullopt) {
    store::SourceProgress progress;
    progress.source = {store::SourceId::Kind::kPipeline, 1};
    progress.partition = partition;
    if (max) progress.max_event_time = EventTime{*max};
    if (floor) progress.floor = EventTime{*floor};
    progress.idle = idle;
    tracker_.Fold(progress, {});
    const auto w = tracker_.Combine({});
    return w ? std::to_string(w->ns - 1) : "-inf";
  }

 private:
  WatermarkTracker tracker_;
};

TEST(WatermarkTracker, B10ChildrenOfASplitStartAtTheirParents) {
  Partitions p(0);
  EXPECT_EQ(p.Fold(0, 12), "11");
  p.Fold(0, 12, true);
  p.Fold(1, 12);
  EXPECT_EQ(p.Fold(2, 12), "11");
  EXPECT_EQ(p.Fold(1, 20), "11");
  EXPECT_EQ(p.Fold(2, 21), "19");
}

TEST(WatermarkTracker, B11AMergeStartsAtTheSlower) {
  Partitions p(0);
  p.Fold(1, std::nullopt);
  EXPECT_EQ(p.Fold(0, 3), "-inf");
  EXPECT_EQ(p.Fold(1, 25), "2");
  p.Fold(2, 3);
  p.Fold(0, 3, true);
  EXPECT_EQ(p.Fold(1, 25, true), "2");
  EXPECT_EQ(p.Fold(2, 26), "25");
}

TEST(WatermarkTracker, B14ADrainLeavesNothingOpen) {
  Partitions p(2);
  EXPECT_EQ(p.Fold(0, 3), "0");
  EXPECT_EQ(p.Fold(0, 11), "8");
  EXPECT_EQ(p.Fold(0, 11, false, kEventTimeMax.ns), std::to_string(kEventTimeMax.ns - 1));
}

TEST(WatermarkTracker, B16AndB17PartitionsLeaveAndJoin) {
  Partitions left(0);
  left.Fold(1, std::nullopt);
  left.Fold(0, 30);
  EXPECT_EQ(left.Fold(1, 2), "1");
  EXPECT_EQ(left.Fold(1, 2, true), "29");
  Partitions joined(0);
  EXPECT_EQ(joined.Fold(0, 12), "11");
  EXPECT_EQ(joined.Fold(1, std::nullopt), "11");
  EXPECT_EQ(joined.Fold(0, 35), "11");
  EXPECT_EQ(joined.Fold(1, 14), "13");
  EXPECT_EQ(joined.Fold(1, 40), "34");
}

// event-time.md 2.1: punctuation stands above the bound, and does not make up for other partitions.
TEST(WatermarkTracker, AFloorHoldsWhateverTheBound) {
  Partitions p(100);
  EXPECT_EQ(p.Fold(0, 150), "49");
  EXPECT_EQ(p.Fold(0, 150, false, 120), "119");
  EXPECT_EQ(p.Fold(0, 160, false, 90), "119") << "it never falls";
  EXPECT_EQ(p.Fold(0, 300, false, 120), "199");
  Partitions silent(100);
  silent.Fold(1, std::nullopt);
  EXPECT_EQ(silent.Fold(0, std::nullopt, false, 50), "-inf");
  EXPECT_EQ(silent.Fold(1, std::nullopt, false, 70), "49") << "a floor is a clock";
}

// event-time.md 6.5, R4: what was lost unread counts whenever it happened, and over a restart.
TEST(WatermarkTracker, AGapRaisesTheTimeFromWhichWindowsAreWhole) {
  WatermarkTracker tracker(nanoseconds(0));
  store::SourceProgress progress;
  progress.source = {store::SourceId::Kind::kPipeline, 1};
  progress.max_event_time = EventTime{10};
  tracker.NoteStart(progress);
  EXPECT_EQ(tracker.whole_from(), std::nullopt);
  progress.whole_from = EventTime{70};
  tracker.NoteStart(progress);
  progress.whole_from = EventTime{50};
  tracker.NoteStart(progress);
  EXPECT_EQ(tracker.whole_from(), EventTime{70});
  ByteWriter bytes;
  tracker.AppendTo(bytes);
  WatermarkTracker again(nanoseconds(0));
  ByteReader in(bytes.view());
  again.Read(in);
  EXPECT_EQ(again.whole_from(), EventTime{70});
}

}  // namespace
}  // namespace tidemark::view
