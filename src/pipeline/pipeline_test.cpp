// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/testing/test_pipeline.h"

namespace tidemark::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

using testing::TestPipeline;

constexpr TableId kTable = TestPipeline::kTable;

TEST(Pipeline, WritesPointsAndTheirProgress) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now());
  t.Put(0, "cpu", 2, t.Now() + seconds(1));
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 1.000000", "cpu 2.000000"));
  EXPECT_THAT(t.Progress(0).max_event_time, Optional(t.Now() + seconds(1)));
  EXPECT_FALSE(t.Progress(0).idle);
  EXPECT_EQ(t.pipeline->Status().points_total, 2U);
  EXPECT_EQ(t.pipeline->Status().lag_records, 0U) << "without waiting for the next measurement";
  EXPECT_EQ(t.pipeline->Status().partitions.at(0).sequence, "1");
}

TEST(Pipeline, EveryKnownPartitionIsJournaledBeforeItsFirstRecord) {
  TestPipeline t(3);
  t.Start();
  t.Run();
  EXPECT_THAT(t.store.ProgressInto(kTable), SizeIs(3));
  EXPECT_EQ(t.Progress(2).max_event_time, std::nullopt);
}

TEST(Pipeline, GoesOnBehindTheLastFrameAfterARestart) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.Stop();
  t.Put(0, "cpu", 2, t.Now() + seconds(1));
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 1U);
  EXPECT_EQ(t.pipeline->Status().partitions.at(0).sequence, "1");
  EXPECT_THAT(t.Points(), SizeIs(2));
}

// event-time.md 2.3: the idle clock runs from having read to the end.
TEST(Pipeline, APartitionIsIdleAfterItsTimeoutAndActiveAgainWithARecord) {
  TestPipeline t(2);
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.clock.Advance(seconds(14));
  t.Run();
  EXPECT_FALSE(t.Progress(0).idle);
  EXPECT_FALSE(t.Progress(1).idle);
  t.clock.Advance(seconds(1));
  t.Run();
  EXPECT_TRUE(t.Progress(0).idle);
  EXPECT_TRUE(t.Progress(1).idle) << "one that never had a record is idle by the same rule";
  t.Put(0, "cpu", 2, t.Now());
  t.Run();
  EXPECT_FALSE(t.Progress(0).idle);
  EXPECT_TRUE(t.Progress(1).idle);
}

TEST(Pipeline, IdlenessSurvivesARestart) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.clock.Advance(seconds(15));
  t.Run();
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_TRUE(t.Progress(0).idle);
}

TEST(Pipeline, MalformedRecordsAreDeadLettersOnceAndDoNotMoveTheClock) {
  TestPipeline t;
  const EventTime time = t.Now();
  t.Put(0, "cpu", 1, time);
  t.log->Append(0, "{", t.clock.Now());
  t.log->Append(0, R"({"MeasureName":"cpu","MeasureValue":"x","Time":"1","host":"a"})",
                t.clock.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/1 decode", "p0/2 value"));
  EXPECT_THAT(t.Progress(0).max_event_time, Optional(time));
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, SizeIs(2));
  EXPECT_NE(t.metrics.Expose().find(
                R"(tidemark_pipeline_dead_letters_total{pipeline="ec2",reason="decode"} 1)"),
            std::string::npos);
}

TEST(Pipeline, DeadLettersLeftByACrashAreNotRepeated) {
  TestPipeline t;
  // The append was durable, the batch's progress was not.
  t.dead->entries.push_back("p0/0 decode");
  t.log->Append(0, "{", t.clock.Now());
  t.log->Append(0, "[", t.clock.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 decode", "p0/1 decode"));
}

TEST(Pipeline, AFullStorePausesReadingAndLosesNothing) {
  TestPipeline t;
  t.log->polled_max = 2;
  t.Start();
  t.Run();
  t.store.SetRefusal({.full = true});
  for (int i = 0; i < 10; ++i) t.Put(0, "cpu", i, t.Now() + seconds(i));
  t.Run();
  EXPECT_EQ(t.pipeline->Status().state, PipelineState::kPaused);
  EXPECT_THAT(t.pipeline->Status().lag_records, Optional(8U))
      << "one batch is held, the rest unread";
  EXPECT_THAT(t.Points(), IsEmpty());
  t.store.SetRefusal({.full = false});
  t.clock.Advance(seconds(1));
  t.Run();
  EXPECT_EQ(t.pipeline->Status().state, PipelineState::kRunning);
  EXPECT_THAT(t.Points(), SizeIs(10));
}

TEST(Pipeline, StartingAtLatestLeavesOldRecordsAndSaysThatWindowsAreNotWhole) {
  TestPipeline t;
  t.definition.start = catalog::StartAt::kLatest;
  t.Put(0, "cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.Put(0, "cpu", 2, t.Now() + seconds(1));
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000"));
  EXPECT_FALSE(t.Progress(0).complete_from_start);
}

// A block file of the first hour is damaged; the rest of the table is not.
TEST(Pipeline, WhatDamageKeepsFromBeingJudgedIsOfferedAgainAndTakenOnceItEnds) {
  TestPipeline t;
  const EventTime old = t.Now() - hours(5);
  t.front.Damage("7.tsb", {old, old + hours(1)});
  t.Put(0, "cpu", 1, old);
  t.Put(0, "cpu", 2, t.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000"));
  t.clock.Advance(seconds(29));
  t.Run();
  EXPECT_THAT(t.Points(), SizeIs(1));
  EXPECT_THAT(t.dead->entries, IsEmpty());
  t.front.Repair();
  t.clock.Advance(seconds(1));
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 1.000000", "cpu 2.000000"));
  t.clock.Advance(seconds(10));
  t.Run();
  EXPECT_THAT(t.dead->entries, IsEmpty());
  EXPECT_EQ(t.pipeline->Status().dead_letters_total, 0U);
}

TEST(Pipeline, WhatStaysUnjudgedForHalfAMinuteIsADeadLetterAndTheRestGoesOn) {
  TestPipeline t;
  const EventTime old = t.Now() - hours(5);
  t.front.Damage("7.tsb", {old, old + hours(1)});
  t.Put(0, "cpu", 1, old);
  t.Put(0, "cpu", 2, t.Now());
  t.Start();
  t.Run();
  t.Put(0, "cpu", 3, t.Now() + seconds(1));
  t.Run();
  EXPECT_THAT(t.Points(), SizeIs(2)) << "later records do not wait";
  for (int i = 0; i < 31; ++i) {
    EXPECT_THAT(t.dead->entries, IsEmpty()) << i;
    t.clock.Advance(seconds(1));
    t.Run();
    if (i == 29) break;
  }
  t.clock.Advance(seconds(1));
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 unjudgeable"));
  EXPECT_NE(t.metrics.Expose().find(
                R"(tidemark_pipeline_dead_letters_total{pipeline="ec2",reason="unjudgeable"} 1)"),
            std::string::npos);
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U) << "the position has moved on";
}

TEST(Pipeline, ACrashWhileSomethingIsUnjudgedReadsItAgain) {
  TestPipeline t;
  t.log->polled_max = 1;
  const EventTime old = t.Now() - hours(5);
  t.front.Damage("7.tsb", {old, old + hours(1)});
  t.Put(0, "cpu", 1, t.Now());
  t.Put(0, "cpu", 2, old);
  t.Put(0, "cpu", 3, t.Now() + seconds(1));
  t.Start();
  t.Run();
  t.Stop();
  EXPECT_THAT(t.dead->entries, IsEmpty());
  t.front.Repair();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 2U) << "from the unjudged record on";
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000", "cpu 1.000000", "cpu 3.000000"));
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U);
}

TEST(Pipeline, StartsWhereItIsTold) {
  TestPipeline t;
  t.log->polled_max = 1;
  t.Put(0, "cpu", 1, t.Now());
  t.log->Append(0, "no json", t.clock.Now());
  t.Put(0, "cpu", 2, t.Now() + seconds(1));
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/1 decode"));
  t.Stop();
  t.Put(0, "cpu", 3, t.Now() + seconds(2));
  t.Start({.kind = StartFrom::Kind::kLatest});
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U) << "what came meanwhile is left out";
  t.Put(0, "cpu", 4, t.Now() + seconds(3));
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 1.000000", "cpu 2.000000", "cpu 4.000000"));
  EXPECT_TRUE(t.Progress(0).complete_from_start) << "what was complete before stays so";
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U) << "the leap is journaled";
  t.Stop();

  t.Start({.kind = StartFrom::Kind::kTrimHorizon});
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 5U);
  EXPECT_THAT(t.Points(),
              ElementsAre("cpu 1.000000", "cpu 2.000000", "cpu 3.000000", "cpu 4.000000"));
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/1 decode")) << "one letter a record";
  EXPECT_THAT(t.Progress(0).max_event_time, Optional(t.Now() + seconds(3)));
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U);
}

TEST(Pipeline, LastRecordOfATimeWins) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now());
  t.Put(0, "cpu", 2, t.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000"));
}

TEST(Pipeline, PointsOlderThanTheTableKeepsAreDeadLetters) {
  TestPipeline t;
  t.Put(0, "cpu", 1, t.Now() - hours(24 * 366));
  t.Put(0, "cpu", 2, t.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 retention"));
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000"));
}

TEST(Pipeline, NamesThatAViewReservesAreDeadLetters) {
  TestPipeline t;
  t.store.SetReservations(
      {{.target = kTable, .view = ViewId{3}, .view_name = "v", .name_template = "avg_{measure}"}});
  t.Put(0, "avg_cpu", 1, t.Now());
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 reserved"));
}

// The name is reserved after the record was resolved, before it is written: the store refuses the
// point, and only then is it known that the record becomes a letter (invariant 3).
TEST(Pipeline, ALetterThatTheWriteBroughtOutlivesACrashBeforeItsAppend) {
  TestPipeline t;
  t.log->polled_max = 2;
  t.dead->slow = true;
  t.log->Append(0, "{", t.clock.Now());
  t.Put(0, "avg_cpu", 1, t.Now());
  t.Put(0, "cpu", 2, t.Now());
  t.Start();
  t.Run();
  ASSERT_THAT(t.dead->waiting, SizeIs(1)) << "the batch waits for the letter of its first record";
  t.store.SetReservations(
      {{.target = kTable, .view = ViewId{3}, .view_name = "v", .name_template = "avg_{measure}"}});
  t.dead->FinishOne();
  t.Run();
  EXPECT_THAT(t.dead->waiting, SizeIs(1)) << "the letter that the write brought";
  t.Put(0, "cpu", 3, t.Now() + seconds(1));
  t.clock.Advance(seconds(60));  // idle meanwhile: that is journaled too, with no other position
  t.Run();
  t.Stop();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 decode"));

  t.dead->slow = false;
  t.Start();
  t.Run();
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 decode", "p0/1 reserved"));
  EXPECT_THAT(t.Points(), ElementsAre("cpu 2.000000", "cpu 3.000000"));
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U) << "the position has moved on";
}

TEST(Pipeline, WhatWasReadBehindAWaitingLetterIsJournaledOnceItIsDurable) {
  TestPipeline t;
  t.dead->slow = true;
  t.log->Append(0, "{", t.clock.Now());
  t.Put(0, "avg_cpu", 1, t.Now());
  t.Start();
  t.Run();
  t.store.SetReservations(
      {{.target = kTable, .view = ViewId{3}, .view_name = "v", .name_template = "avg_{measure}"}});
  t.dead->FinishOne();
  t.Run();
  for (int i = 0; i < 5; ++i) t.Put(0, "cpu", i, t.Now() + seconds(i));
  t.Run();
  t.dead->FinishOne();
  t.Run();
  EXPECT_THAT(t.Points(), SizeIs(5));
  t.Stop();
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 0U);
  EXPECT_THAT(t.dead->entries, ElementsAre("p0/0 decode", "p0/1 reserved"));
}

}  // namespace
}  // namespace tidemark::pipeline
