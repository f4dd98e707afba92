// SPDX-License-Identifier: Apache-2.0
// Runs from elsewhere, partitions that come and go, the breaker: pipeline.h, invariants 7 and 8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/breaker_internal.h"
#include "pipeline/positions_internal.h"
#include "pipeline/testing/test_pipeline.h"

namespace tidemark::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using testing::TestPipeline;
using ::testing::UnorderedElementsAre;

const StartFrom kFromOldest{.kind = StartFrom::Kind::kTrimHorizon,
                            .replay = {},
                            .time = {},
                            .savepoint = {},
                            .positions = {}};

StartFrom Replacing() {
  StartFrom from = kFromOldest;
  from.replay = StartFrom::Replay::kReplace;
  return from;
}

std::string Replayed(TestPipeline& t, std::string_view outcome) {
  const std::string text = t.metrics.Expose();
  const std::string name = "tidemark_pipeline_replayed_total{outcome=\"" + std::string(outcome) +
                           "\",pipeline=\"ec2\"} ";
  const size_t at = text.find(name);
  if (at == std::string::npos) return "none";
  return text.substr(at + name.size(), text.find('\n', at) - at - name.size());
}

// Issue: running again never regresses.
TEST(PipelineReplay, RecordsReadAgainFillHolesAndNeverTakeBackWhatIsNewer) {
  TestPipeline t;
  const EventTime time = t.Now();
  t.Put(0, "cpu", 1, time);
  t.Put(0, "mem", 5, time);
  t.clock.Advance(milliseconds(10));
  t.Put(0, "cpu", 2, time);  // a correction
  t.Start();
  t.Run();
  t.Stop();
  t.Put(0, "cpu", 3, time + seconds(1));
  t.Start({.kind = StartFrom::Kind::kLatest});
  t.Run();
  EXPECT_THAT(t.Points(), UnorderedElementsAre("cpu 2.000000", "mem 5.000000"))
      << "the last is left out";
  t.Stop();
  const auto before = t.Progress(0);
  t.definition.rules.scale = {{"mem", 2}};  // a changed mapping makes another value of the same
  t.Start(kFromOldest);
  t.Run();
  EXPECT_THAT(t.Points(), UnorderedElementsAre("cpu 2.000000", "cpu 3.000000", "mem 5.000000"));
  EXPECT_THAT(t.dead->entries, IsEmpty()) << "what loses is no dead letter";
  EXPECT_EQ(Replayed(t, "accepted"), "1");
  EXPECT_EQ(Replayed(t, "rejected"), "2");
  EXPECT_EQ(Replayed(t, "unchanged"), "1");
  EXPECT_EQ(t.Progress(0).max_event_time,
            std::max(before.max_event_time, std::optional(time + seconds(1))));
  EXPECT_EQ(DecodePosition(t.Progress(0).position)->highest, "");
  t.Stop();
  t.Start(Replacing());
  t.Run();
  EXPECT_THAT(t.Points(), UnorderedElementsAre("cpu 2.000000", "cpu 3.000000", "mem 10.000000"));
}

TEST(PipelineReplay, WhatIsNewBehindThemIsWrittenAsEver) {
  TestPipeline t;
  const EventTime time = t.Now();
  t.Put(0, "cpu", 1, time);
  t.Start();
  t.Run();
  t.Stop();
  // Of the same time and the same millisecond: as a new record it wins, read again it would not.
  t.Put(0, "cpu", 2, time);
  t.Start(kFromOldest);
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 2U);
  EXPECT_EQ(t.pipeline->Status().replayed_total, 1U);
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000"));
  EXPECT_FALSE(t.pipeline->Status().partitions.at(0).replaying);
}

// R1: a crash in the middle goes on filling holes, by the same rule.
TEST(PipelineReplay, ACrashInTheMiddleGoesOnByTheSameRule) {
  for (const bool replace : {false, true}) {
    TestPipeline t;
    t.log->polled_max = 1;
    const EventTime time = t.Now();
    for (int i = 0; i < 4; ++i) t.Put(0, "cpu", i, time + seconds(i));
    t.Start();
    t.Run();
    t.Stop();
    t.definition.rules.scale = {{"cpu", 10}};
    t.Start(replace ? Replacing() : kFromOldest);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(t.executor.RunOne());
    t.Stop();
    const auto at = DecodePosition(t.Progress(0).position).value();
    ASSERT_EQ(at.highest, "3") << "the crash came in the middle";
    EXPECT_EQ(at.replace, replace);
    t.Start();
    t.Run();
    EXPECT_THAT(t.Points(),
                replace
                    ? ElementsAre("cpu 0.000000", "cpu 10.000000", "cpu 20.000000", "cpu 30.000000")
                    : ElementsAre("cpu 0.000000", "cpu 1.000000", "cpu 2.000000", "cpu 3.000000"));
    EXPECT_THAT(t.dead->entries, IsEmpty());
  }
}

TEST(PipelineReplay, FromATimeAndFromASavepoint) {
  TestPipeline t;
  const EventTime time = t.Now();
  t.Put(0, "cpu", 1, time);
  t.clock.Advance(seconds(10));
  const ArrivalTime second = t.clock.Now();
  t.Put(0, "cpu", 2, time + seconds(1));
  t.Put(0, "cpu", 3, time + seconds(2));
  t.Start();
  t.Run();
  t.Stop();
  t.Start({.kind = StartFrom::Kind::kTime, .replay = {}, .time = second});
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 2U);
  t.Stop();
  t.Start({.kind = StartFrom::Kind::kSavepoint,
           .replay = {},
           .time = {},
           .savepoint = "s",
           .positions = {{0, "1"}}});
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 1U);
}

// event-time.md 6.5, R4: what was passed over or trimmed unread is a gap.
TEST(PipelineGaps, TrimmedRecordsRaiseTheTimeFromWhichWindowsAreWhole) {
  TestPipeline t;
  t.Put(0, "cpu", 0, t.Now());
  t.Start();
  t.Run();
  t.Stop();
  for (int i = 1; i < 5; ++i) {
    t.clock.Advance(seconds(1));
    t.Put(0, "cpu", i, t.Now());
  }
  t.log->trimmed[0] = 3;
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 0.000000", "cpu 3.000000", "cpu 4.000000"));
  const EventTime first_left = t.log->partitions[0][3].arrival.AsEventTime();
  EXPECT_THAT(t.Progress(0).whole_from, Optional(first_left + minutes(5)));
  EXPECT_EQ(t.pipeline->Status().gap_records_total, 2U);
  EXPECT_THAT(t.metrics.Expose(),
              HasSubstr("tidemark_pipeline_gap_records_total{pipeline=\"ec2\"} 2"));
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().gap_records_total, 2U) << "it is remembered, and counted once";
  t.Stop();
  t.Start(kFromOldest);
  t.Run();
  EXPECT_EQ(t.pipeline->Status().gap_records_total, 2U) << "reading again makes no other";
}

TEST(PipelineGaps, PassingUnreadRecordsOverIsOne) {
  TestPipeline t;
  t.Put(0, "cpu", 0, t.Now());
  t.Start();
  t.Run();
  t.Stop();
  t.Start({.kind = StartFrom::Kind::kLatest});
  t.Run();
  EXPECT_EQ(t.Progress(0).whole_from, std::nullopt) << "nothing was unread";
  t.Stop();
  t.Put(0, "cpu", 1, t.Now());
  t.Start({.kind = StartFrom::Kind::kLatest});
  t.Run();
  EXPECT_THAT(t.Progress(0).whole_from, Optional(t.Now() + minutes(5)));
}

// event-time.md 2.6; how the watermark follows is tested by these ids in view.
TEST(PipelinePartitions, B10ChildrenOfASplitInheritTheClockOfTheirParent) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.log->partitions[1];
  t.log->partitions[2];
  t.log->parents = {{1, {0}}, {2, {0}}};
  t.Put(1, "cpu", 3, t.Now() + seconds(2));
  t.Put(0, "cpu", 2, t.Now() + seconds(1));
  t.log->Changed();
  t.Run();
  EXPECT_THAT(t.store.ProgressOf(TestPipeline::kSource), SizeIs(1)) << "not before it is exhausted";
  t.log->closed.insert(0);
  t.log->Changed();
  t.Run();
  EXPECT_TRUE(t.Progress(0).idle) << "it leaves the minimum";
  EXPECT_THAT(t.Progress(1).max_event_time, Optional(t.Now() + seconds(2)));
  EXPECT_THAT(t.Progress(2).max_event_time, Optional(t.Now() + seconds(1)));
  EXPECT_FALSE(t.Progress(2).idle);
  EXPECT_THAT(t.Points(), SizeIs(3));
  t.Stop();
  t.Put(2, "cpu", 4, t.Now() + seconds(3));
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), SizeIs(4)) << "a restart goes on with the children";
}

TEST(PipelinePartitions, B11AMergeInheritsTheSlowerClock) {
  TestPipeline t(2);
  const EventTime time = t.Now();
  t.Put(0, "cpu", 1, time + seconds(3));
  t.Put(1, "cpu", 1, time + seconds(25));
  t.Start();
  t.Run();
  t.log->partitions[2];
  t.log->parents = {{2, {0, 1}}};
  t.log->closed = {0};
  t.log->Changed();
  t.Run();
  EXPECT_THAT(t.store.ProgressOf(TestPipeline::kSource), SizeIs(2)) << "one parent is left";
  t.log->closed = {0, 1};
  t.log->Changed();
  t.Run();
  EXPECT_THAT(t.Progress(2).max_event_time, Optional(time + seconds(3)));
  t.Put(2, "cpu", 1, time + seconds(26));
  t.Run();
  EXPECT_THAT(t.Progress(2).max_event_time, Optional(time + seconds(26)));
}

TEST(PipelinePartitions, B14ADrainCompletesEverythingAndB15AStopDoesNot) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.Stop();
  EXPECT_EQ(t.Progress(0).floor, std::nullopt);
  t.log->drained = true;
  t.Start();
  t.Run();
  EXPECT_THAT(t.Progress(0).floor, Optional(kEventTimeMax));
}

TEST(PipelinePartitions, B16ARemovedPartitionLeavesAndB17AnUnrelatedOneJoinsSilent) {
  TestPipeline t(2);
  t.Put(0, "cpu", 1, t.Now());
  t.Put(1, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.log->partitions.erase(1);
  t.log->partitions[5];
  t.log->Changed();
  t.Run();
  EXPECT_TRUE(t.Progress(1).idle);
  ASSERT_THAT(t.store.ProgressOf(TestPipeline::kSource), SizeIs(3));
  EXPECT_EQ(t.Progress(5).max_event_time, std::nullopt) << "it holds the watermark";
  EXPECT_FALSE(t.Progress(5).idle);
}

// event-time.md 2.1.
TEST(PipelinePartitions, PunctuationRaisesTheFloorAndIsNoPoint) {
  TestPipeline t;
  t.definition.mapping.punctuation = "Watermark";
  t.Put(0, "cpu", 1, t.Now());
  t.log->Append(0, R"({"Watermark":)" + std::to_string(t.clock.Now().ms + 7000) + "}",
                t.clock.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.Progress(0).floor, Optional(t.Now() + seconds(7)));
  EXPECT_THAT(t.Progress(0).max_event_time, Optional(t.Now()));
  EXPECT_THAT(t.Points(), SizeIs(1));
  EXPECT_THAT(t.dead->entries, IsEmpty());
  EXPECT_EQ(t.pipeline->Status().punctuations_total, 1U);
}

// event-time.md 2.5.
TEST(PipelinePartitions, ABackfillKeepsPartitionsTogether) {
  TestPipeline t(2);
  t.log->polled_max = 1;
  t.drift = seconds(20);
  const EventTime time = t.Now();
  for (int i = 0; i < 10; ++i) t.Put(0, "fast", i, time + seconds(30 * i));
  t.clock.Advance(hours(1));
  for (int i = 0; i < 5; ++i) t.Put(1, "slow", i, time + seconds(5 * i));
  t.Start();
  EventTime worst = time;
  for (int i = 0; i < 1000 && t.executor.RunOne(); ++i) {
    const auto fast = t.Progress(0).max_event_time;
    const auto slow = t.Progress(1).max_event_time;
    if (slow && *slow < time + seconds(20)) worst = std::max(worst, fast.value_or(time));
    t.clock.Advance(milliseconds(200));
  }
  EXPECT_LE(worst, time + seconds(60)) << "one step beyond the drift at most";
  t.Run();
  EXPECT_THAT(t.Points(), SizeIs(15)) << "and nobody waits for one that has nothing to read";
}

// event-time.md 17.K: rows that need more than the parser; the others are in json_record_test.cpp.
TEST(PipelineRecords, K8AVarcharMovesTheClock) {
  TestPipeline t;
  t.Put(0, "cpu", 4, t.Now());
  t.log->Append(
      0,
      R"({"MeasureName":"state","MeasureValue":"on","MeasureValueType":"VARCHAR","Time":")" +
          std::to_string(t.clock.Now().ms + 3000) + R"(","host":"a"})",
      t.clock.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.Progress(0).max_event_time, Optional(t.Now() + seconds(3)));
}

TEST(PipelineRecords, K10TheGoodRecordBehindABadOneIsTakenAndBothAreBehindUs) {
  TestPipeline t;
  t.log->Append(0, R"({"Time":)", t.clock.Now());
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 decode"));
  EXPECT_THAT(t.Points(), SizeIs(1));
  EXPECT_EQ(DecodePosition(t.Progress(0).position)->source, "1");
}

TEST(PipelineRecords, K17TheOrderOfDimensionsMakesNoOtherSeries) {
  TestPipeline t;
  const std::string head = R"({"MeasureName":"cpu","MeasureValue":"1","Time":")" +
                           std::to_string(t.clock.Now().ms) + R"(",)";
  t.log->Append(0, head + R"("a":"1","b":"2"})", t.clock.Now());
  t.log->Append(0, head + R"("b":"2","a":"1"})", t.clock.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), SizeIs(1));
}

// The partition stands still before that record; nothing is lost or passed over.
TEST(PipelineRecords, K23WithoutRoomForDeadLettersNothingIsPassedOver) {
  TestPipeline t;
  t.log->polled_max = 1;
  t.dead->slow = true;  // its append never ends
  t.Put(0, "cpu", 1, t.Now());
  t.log->Append(0, "{", t.clock.Now());
  t.Put(0, "cpu", 2, t.Now() + seconds(1));
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 1.000000"));
  EXPECT_EQ(DecodePosition(t.Progress(0).position)->source, "0");
  t.Stop();
  t.dead->slow = false;
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/1 decode"));
  EXPECT_THAT(t.Points(), SizeIs(2));
}

// P11: every record read is accounted for.
TEST(PipelineRecords, P11EveryRecordIsAPointFilteredPunctuationOrADeadLetter) {
  TestPipeline t;
  t.definition.mapping.punctuation = "Watermark";
  t.definition.rules.filter.texts = {{"measure_name", {"cpu"}, false}};
  SeededRandom random(11);
  for (int i = 0; i < 2000; ++i) {
    switch (random.Below(5)) {
      case 0:
        t.log->Append(0, "{", t.clock.Now());
        break;
      case 1:
        t.log->Append(0, R"({"Watermark":1})", t.clock.Now());
        break;
      case 2:
        t.Put(0, "mem", 1, t.Now());
        break;
      default:
        t.Put(0, "cpu", i, t.Now() + milliseconds(static_cast<int64_t>(random.Below(50))));
    }
  }
  t.definition.breaker = 1;
  t.Start();
  t.Run();
  const PipelineStatus s = t.pipeline->Status();
  EXPECT_EQ(s.records_total, 2000U);
  EXPECT_EQ(s.points_total + s.filtered_total + s.punctuations_total + s.dead_letters_total, 2000U);
}

// event-time.md section 14.
TEST(Breaker, OpensAtMoreThanItsShareOfTenThousandConsecutiveRecords) {
  Breaker breaker(0.05);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(breaker.Add(500, 25)) << i;
  EXPECT_TRUE(breaker.Add(500, 26));
  Breaker early(0.05);
  EXPECT_FALSE(early.Add(500, 500));
  EXPECT_TRUE(early.Add(1, 1)) << "whatever follows, there are too many";
  Breaker never(1);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(never.Add(500, 500));
}

TEST(PipelineBreaker, PausesUntilItIsStartedAndStaysSoOverARestart) {
  TestPipeline t;
  t.definition.breaker = 0.001;
  t.log->polled_max = 4;
  for (int i = 0; i < 20; ++i) t.log->Append(0, "{", t.clock.Now());
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().state, PipelineState::kPaused);
  EXPECT_TRUE(t.pipeline->Status().breaker_open);
  EXPECT_THAT(t.pipeline->Status().error, HasSubstr("malformed"));
  EXPECT_THAT(t.dead->entries, SizeIs(12)) << "more than ten, by whole batches";
  EXPECT_THAT(t.metrics.Expose(), HasSubstr("tidemark_pipeline_breaker_open{pipeline=\"ec2\"} 1"));
  t.Stop();
  t.breaker = PipelineOptions::Breaker::kKept;  // a new process
  t.Start();
  t.Run();
  EXPECT_TRUE(t.pipeline->Status().breaker_open);
  EXPECT_THAT(t.dead->entries, SizeIs(12));
  t.Stop();
  t.breaker = PipelineOptions::Breaker::kReset;  // somebody started it
  t.Start();
  t.Run();
  EXPECT_FALSE(t.pipeline->Status().breaker_open);
  EXPECT_THAT(t.dead->entries, SizeIs(20));
  EXPECT_THAT(t.Points(), SizeIs(1));
}

TEST(Positions, OldJournalsReadAndPlainOnesLookAsBefore) {
  const JournaledPosition plain{.source = "ab", .dead_end = "c"};
  EXPECT_EQ(EncodePosition(plain), std::string("\x02"
                                               "ab"
                                               "\x01"
                                               "c"));
  EXPECT_EQ(*DecodePosition(EncodePosition(plain)), plain);
  const JournaledPosition full{"ab", "c", "zz", true, 7, {9}, "why"};
  EXPECT_EQ(*DecodePosition(EncodePosition(full)), full);
  EXPECT_FALSE(DecodePosition("\x02"
                              "a")
                   .ok());
}

}  // namespace
}  // namespace tidemark::pipeline
