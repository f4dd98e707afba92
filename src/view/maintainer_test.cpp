// SPDX-License-Identifier: Apache-2.0
// event-time.md 17.C and 17.M under both policies, corrections, refusals, back-fill, stop and
// start.
#include "view/maintainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kFreeze = LatePolicy::kFreeze;
constexpr auto kRecompute = LatePolicy::kRecompute;

TEST(Maintainer, C1FreezeRefusesBeyondAllowedLateness) {
  TestView v({.allowed_lateness = 5, .late = kFreeze, .aggregates = {agg::Kind::kAvg}});
  v.Add(0, 1, 10);
  v.Add(0, 2, 20);
  v.Add(0, 10, 99);
  EXPECT_EQ(v.W(), "9");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =15 n2"));
  v.Add(0, 3, 60);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =30 n3, late 1"));
  v.Add(0, 15, 1);
  EXPECT_EQ(v.W(), "14");
  v.Add(0, 4, 5);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) frozen 1"));
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=4 frozen"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =30 n3"));
  EXPECT_EQ(v.Status().late_points_total, 2U);
  EXPECT_EQ(v.Status().frozen_total, 1U);
}

TEST(Maintainer, C1RecomputeTakesEveryRecord) {
  TestView v({.allowed_lateness = 5, .aggregates = {agg::Kind::kAvg}});
  v.Add(0, 1, 10);
  v.Add(0, 2, 20);
  v.Add(0, 10, 99);
  v.Add(0, 3, 60);
  v.Add(0, 15, 1);
  v.Add(0, 4, 5);
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 =15", "[0,10) r2 =30, late 1", "[0,10) r3 =23.75 n4, late 1"));
  EXPECT_THAT(v.sink().Take(), IsEmpty());
}

TEST(Maintainer, TheLogSaysWhereTheLatestPointCameFrom) {
  TestView v({.allowed_lateness = 5, .late = kFreeze, .partitions = 2});
  v.Add(0, 1, 10);
  v.Add(1, 12, 1);
  v.Add(0, 12, 99);
  EXPECT_THAT(v.Origins(), ElementsAre("r1"));
  v.Stop();  // the three come in one epoch
  v.Add(0, 4, 1);
  v.Add(1, 2, 1);
  v.Add(0, 6, 1);
  v.Start();
  EXPECT_THAT(v.Origins(), ElementsAre("r2 10 pipeline 1/1"));
  v.Add(0, 40, 1);
  v.Add(1, 40, 1);
  v.Add(1, 3, 5);
  EXPECT_THAT(v.Origins(), ElementsAre("r1", "frozen 37 pipeline 1/1"));
  v.WriteDirect(39, 5, 7);
  EXPECT_THAT(v.Origins(), ElementsAre("r1 1 direct 0/0"));
}

TEST(Maintainer, ASinkThatTakesNothingIsAskedAgainBeforeThePointCounts) {
  TestView v({.late = kFreeze});
  v.Add(0, 1, 10);
  v.Add(0, 25, 99);
  v.sink().Refuse(2);
  v.Add(0, 3, 60);
  EXPECT_EQ(v.Status().frozen_total, 0U);
  v.AdvanceClock(milliseconds(10));
  EXPECT_EQ(v.Status().frozen_total, 0U);
  v.AdvanceClock(milliseconds(20));
  EXPECT_EQ(v.Status().frozen_total, 1U);
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=3 frozen"));
  // Refused when the process ends: the next one offers them.
  v.sink().Refuse(1);
  v.Add(0, 4, 60);
  v.Restart();
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=4 frozen"));
  EXPECT_EQ(v.Status().frozen_total, 2U);
}

TEST(Maintainer, C2TheLastAdmissibleMoment) {
  for (const auto policy : {kFreeze, kRecompute}) {
    TestView v({.allowed_lateness = 5, .late = policy});
    v.Add(0, 1, 1);
    v.Add(0, 10, 0);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
    v.Add(0, 14, 0);
    EXPECT_EQ(v.W(), "13");
    v.Add(0, 2, 1);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1"));
  }
}

TEST(Maintainer, C3EmptyWindowsHaveNoRow) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 45, 1);
  EXPECT_EQ(v.W(), "44");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
}

TEST(Maintainer, C4TheFirstRecordOfAWindowIsLate) {
  for (const auto policy : {kFreeze, kRecompute}) {
    TestView v({.allowed_lateness = 30, .late = policy});
    v.Add(0, 25, 1);
    v.Add(0, 12, 7);
    EXPECT_EQ(v.W(), "24");
    EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =7 n1, late 1"));
  }
}

TEST(Maintainer, C5ARecordForAWindowAlreadyExpired) {
  TestView frozen({.late = kFreeze});
  frozen.Add(0, 21, 1);
  frozen.Add(0, 11, 1);
  EXPECT_THAT(frozen.Published(), ElementsAre("[10,20) frozen 1"));
  frozen.Add(0, 100, 1);
  EXPECT_THAT(frozen.Published(), ElementsAre("[20,30) r1 =1 n1"));
  EXPECT_THAT(frozen.Rows(), ElementsAre("[20,30) =1 n1"));

  TestView v;
  v.Add(0, 21, 1);
  v.Add(0, 11, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =1 n1, late 1"));
  v.Add(0, 100, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[20,30) r1 =1 n1"));
}

TEST(Maintainer, C6SimultaneousFiringsComeInOrderOfTheirEnds) {
  TestView v({.out_of_orderness = 20, .late = kFreeze});
  v.Add(0, 25, 1);
  EXPECT_EQ(v.W(), "4");
  v.Add(0, 5, 2);
  v.Add(0, 15, 3);
  EXPECT_EQ(v.W(), "4");
  v.Add(0, 60, 0);
  EXPECT_EQ(v.W(), "39");
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 =2 n1", "[10,20) r1 =3 n1", "[20,30) r1 =1 n1"));
}

TEST(Maintainer, C7FiringAndSealingInOneJump) {
  TestView v({.allowed_lateness = 3, .late = kFreeze});
  v.Add(0, 1, 1);
  v.Add(0, 50, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Add(0, 2, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) frozen 1"));
}

TEST(Maintainer, C8TwoKeys) {
  TestView v;
  v.Add(0, 1, 1, "a");
  v.Add(0, 2, 5, "b");
  v.Add(0, 10, 1, "a");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1", "[0,10) r1 =5 n1 b"));
}

TEST(Maintainer, C9EachLateRecordRevises) {
  for (const auto policy : {kFreeze, kRecompute}) {
    TestView v({.allowed_lateness = 5, .late = policy});
    v.Add(0, 1, 1);
    v.Add(0, 11, 0);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
    v.Add(0, 2, 1);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n2, late 1"));
    v.Add(0, 3, 1);
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =3 n3, late 1"));
  }
}

TEST(Maintainer, C10BeyondLatenessIsRecomputedFromTheStore) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 2, 2);
  v.Add(0, 30, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n2"));
  v.Add(0, 3, 4);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =7 n3, late 1"));
}

TEST(Maintainer, C11Offset) {
  TestView v({.offset = 3});
  v.Add(0, 2, 1);
  v.Add(0, 3, 10);
  EXPECT_THAT(v.Published(), ElementsAre("[-7,3) r1 =1 n1"));
  v.Add(0, 13, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[3,13) r1 =10 n1"));
}

TEST(Maintainer, C12BeforeTheEpoch) {
  TestView v;
  v.Add(0, -5, 1);
  EXPECT_EQ(v.W(), "-6");
  v.Add(0, -1, 2);
  v.Add(0, 0, 4);
  EXPECT_EQ(v.W(), "-1");
  EXPECT_THAT(v.Published(), ElementsAre("[-10,0) r1 =3 n2"));
}

// event-time.md 17.M: the seed's five minutes, 3 s and 2 min, in milliseconds.
TestViewOptions Seed(LatePolicy late, int partitions = 1) {
  return {.tick = milliseconds(1),
          .window = 300'000,
          .out_of_orderness = 3'000,
          .allowed_lateness = 120'000,
          .late = late,
          .aggregates = {agg::Kind::kAvg},
          .partitions = partitions};
}

TEST(Maintainer, M1FirstFiringWhenMaxIsEndPlusBound) {
  TestView v(Seed(kRecompute));
  v.Add(0, 0, 10);
  v.Add(0, 299'999, 20);
  v.Add(0, 302'999, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 303'000, 1);
  EXPECT_EQ(v.Status().watermark, v.At(300'000));
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) r1 =15 n2"));
}

TEST(Maintainer, M2LastAdmissibleAndFirstRefused) {
  TestView v(Seed(kFreeze));
  v.Add(0, 1'000, 10);
  v.Add(0, 303'000, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) r1 =10 n1"));
  v.Add(0, 422'999, 0);
  v.Add(0, 2'000, 20);
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) r2 =15 n2, late 1"));
  v.Add(0, 423'000, 0);
  v.Add(0, 3'000, 30);
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) frozen 1"));

  TestView recompute(Seed(kRecompute));
  recompute.Add(0, 1'000, 10);
  recompute.Add(0, 423'000, 0);
  recompute.Add(0, 2'000, 20);
  recompute.Add(0, 3'000, 30);
  EXPECT_THAT(recompute.Rows(), ElementsAre("[0,300000) =20 n3"));
}

TEST(Maintainer, M3ProducersOfWholeSeconds) {
  TestView v(Seed(kRecompute));
  v.Add(0, 299'000, 8);
  v.Add(0, 300'000, 2);
  v.Add(0, 303'000, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) r1 =8 n1"));
  v.Add(0, 298'000, 10);
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) r2 =9 n2, late 1"));
}

TEST(Maintainer, M4TwoShardsOneBehindNothingIsLate) {
  TestView v(Seed(kFreeze, 2));
  v.Add(0, 1'000, 10);
  v.Add(0, 900'000, 1);
  v.Add(1, 2'000, 20);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(1, 310'000, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,300000) r1 =15 n2"));
  EXPECT_EQ(v.Status().late_points_total, 0U);
}

TEST(Maintainer, M5OneClockForBothLosesNothingUnderRecompute) {
  TestView frozen(Seed(kFreeze));
  frozen.Add(0, 1'000, 10);
  frozen.Add(0, 900'000, 1);
  EXPECT_THAT(frozen.Published(), ElementsAre("[0,300000) r1 =10 n1"));
  frozen.Add(0, 2'000, 20);
  frozen.Add(0, 310'000, 0);
  EXPECT_THAT(frozen.Published(), ElementsAre("[0,300000) frozen 1", "[300000,600000) frozen 1"));

  TestView v(Seed(kRecompute));
  v.Add(0, 1'000, 10);
  v.Add(0, 900'000, 1);
  v.Add(0, 2'000, 20);
  v.Add(0, 310'000, 0);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,300000) =15 n2", "[300000,600000) =0 n1"));
}

// event-time.md 17.H, H12 and H17: corrections of stored points.
TEST(Maintainer, ACorrectionRevisesAndAnEqualValueDoesNot) {
  TestView v({.aggregates = {agg::Kind::kAvg}});
  v.Add(0, 1, 10);
  v.Add(0, 2, 20);
  v.Add(0, 10, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =15 n2"));
  v.Add(0, 2, 26);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =18 n2, late 1"));
  v.Add(0, 2, 26);  // a duplicate
  v.Add(0, 3, 18);  // late, but the average stays
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().dirty_count, 0U);
  EXPECT_EQ(v.Status().late_points_total, 2U);
}

TEST(Maintainer, AHigherVersionRevisesALowerOneDoesNot) {
  TestView v({.partitions = 0});
  v.WriteDirect(1, 10, 5);
  v.WriteDirect(25, 0, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =10 n1"));
  v.WriteDirect(1, 14, 6);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =14 n1, late 1"));
  v.WriteDirect(1, 99, 4);
  EXPECT_THAT(v.Published(), IsEmpty());
}

TEST(Maintainer, AHoursLatePointAfterARestartChangesExactlyItsRow) {
  TestView v({.tick = seconds(1), .window = 300, .aggregates = {agg::Kind::kAvg}});
  for (int64_t t = 0; t <= 4 * 3600; t += 100) v.Add(0, t, 1);
  v.Published();
  const auto before = v.Rows();
  v.Restart();
  v.Add(0, 3'601, 5);
  EXPECT_THAT(v.Published(), ElementsAre("[3600,3900) r2 =2 n4, late 1"));
  auto after = v.Rows();
  ASSERT_EQ(after.size(), before.size());
  int changed = 0;
  for (size_t i = 0; i < after.size(); ++i) changed += after[i] != before[i] ? 1 : 0;
  EXPECT_EQ(changed, 1);
}

TEST(Maintainer, LabelEndPutsTheRowAtTheWindowsEnd) {
  TestView v({.label = Label::kEnd});
  v.Add(0, 3, 1);
  v.Add(0, 10, 1);
  store::Selection all{.table = TestView::kTable};
  all.owners.kind = store::OwnerFilter::Kind::kView;
  all.owners.view = v.definition().owner();
  const auto rows = std::move(v.store().Revisions(all, 10)).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].time, EventTime{10});
  EXPECT_EQ(rows[0].row.window_start, EventTime{0});
  EXPECT_EQ(rows[0].series->measure, "sum_cpu");
  ASSERT_EQ(rows[0].revisions.size(), 1U);
  EXPECT_EQ(rows[0].revisions[0].old_value, store::Scalar());
}

TEST(Maintainer, SeveralAggregatesOfOneWindow) {
  TestView v({.aggregates = {agg::Kind::kCount, agg::Kind::kMin, agg::Kind::kMax}});
  v.AddBigint(0, 1, 7);
  v.AddBigint(0, 2, 3);
  v.AddBigint(0, 10, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =2 n2 count_n", "[0,10) r1 =3 n2 min_n",
                                         "[0,10) r1 =7 n2 max_n"));
}

TEST(Maintainer, AverageOfBigintIsADouble) {
  TestView v({.aggregates = {agg::Kind::kAvg}});
  v.AddBigint(0, 1, 7);
  v.AddBigint(0, 2, 4);
  v.AddBigint(0, 10, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =5.5 n2"));
}

TEST(Maintainer, ABigintSumBeyondItsRangeHasNoRow) {
  TestView v;
  v.AddBigint(0, 1, INT64_MAX);
  v.AddBigint(0, 11, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =9223372036854775807 n1"));
  v.AddBigint(0, 2, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =null, late 1"));
  EXPECT_EQ(v.Status().overflows_total, 1U);
  EXPECT_THAT(v.Rows(), IsEmpty());
  v.AddBigint(0, 2, -1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =9223372036854775806 n2, late 1"));
}

TEST(Maintainer, ReadsOnlyItsMeasuresAndTypes) {
  TestView v({.types = {store::ValueType::kBigint}, .measures = {"n"}});
  v.Add(0, 1, 1);
  v.AddBigint(0, 1, 5);
  v.Add(0, 10, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =5 n1"));
}

TEST(Maintainer, NeverReadsItsOwnRows) {
  TestView v({.window = 10});
  v.Add(0, 1, 1);
  for (int64_t t = 10; t < 100; t += 10) v.Add(0, t, 1);
  for (const std::string& row : v.Rows()) EXPECT_THAT(row, HasSubstr("=1 n1"));
}

TEST(Maintainer, ReservesItsNames) {
  TestView v({.output = "avg_{measure}"});
  const store::SeriesKeyView key{
      .table = TestView::kTable, .measure = "avg_disk", .dimensions = {}};
  const auto resolved = std::move(v.store().Resolve(std::span(&key, 1))).value();
  EXPECT_EQ(resolved[0].rejection, store::RejectReason::kSeriesReserved);
  EXPECT_THAT(resolved[0].text, HasSubstr("maintained by view v"));
}

TEST(Maintainer, RefusesNamesThatAreTaken) {
  TestView v({.output = "c{measure}", .create = false});
  v.Add(0, 1, 1);  // measure "cpu"
  const auto taken = v.Create();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(taken.error().message, HasSubstr("cpu"));
  v.Add(0, 2, 1);  // not reserved after the refusal
  EXPECT_THAT(v.maintainer().Statuses(), IsEmpty());

  v.definition().output = "sum_{measure}";
  ASSERT_TRUE(v.Create().ok());
  ViewDefinition other = v.definition();
  EXPECT_EQ(v.maintainer().Create(other).error().code, Code::kAlreadyExists);
  other.id = ViewId{8};
  EXPECT_EQ(v.maintainer().Create(other).error().code, Code::kAlreadyExists);
  other.name = "w";
  EXPECT_THAT(v.maintainer().Create(other).error().message, HasSubstr("reserved"));
  other.output = "total_{measure}";
  EXPECT_TRUE(v.maintainer().Create(other).ok());
}

TEST(Maintainer, ChecksWhatItWouldRefuseAndChangesNothing) {
  TestView v({.output = "c{measure}", .create = false});
  v.Add(0, 1, 1);  // measure "cpu"
  ViewDefinition wished = v.definition();
  wished.id = ViewId{99};
  EXPECT_THAT(v.maintainer().Check(wished).error().message, HasSubstr("set adopt = true"));
  wished.adopt = true;
  EXPECT_TRUE(v.maintainer().Check(wished).ok());
  wished.width = nanoseconds(0);
  EXPECT_THAT(v.maintainer().Check(wished).error().message, HasSubstr("window"));
  EXPECT_THAT(v.maintainer().Statuses(), IsEmpty());

  v.definition().output = "sum_{measure}";
  ASSERT_TRUE(v.Create().ok());
  wished = v.definition();
  wished.id = ViewId{99};
  EXPECT_THAT(v.maintainer().Check(wished).error().message, HasSubstr("exists"));
  wished.name = "w";
  EXPECT_THAT(v.maintainer().Check(wished).error().message, HasSubstr("reserved"));
  wished.name = v.definition().name;
  wished.replaces = v.definition().owner();
  wished.generation = 2;
  EXPECT_TRUE(v.maintainer().Check(wished).ok());
  ViewDefinition building = wished;
  building.id = ViewId{8};
  ASSERT_TRUE(v.maintainer().Create(building).ok());
  EXPECT_FALSE(v.maintainer().Create(wished).ok());
  EXPECT_TRUE(v.maintainer().Check(wished).ok());
}

TEST(Maintainer, AdoptsOwnerlessSeries) {
  TestView v({.output = "c{measure}", .measures = {"n"}, .create = false});
  v.Add(0, 1, 4);  // "cpu" matches "c{measure}"
  v.definition().adopt = true;
  ASSERT_TRUE(v.Create().ok());
  v.AddBigint(0, 12, 3);
  v.AddBigint(0, 20, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =3 n1"));
}

// Issue 3, check 4.
TEST(Maintainer, ABackFillPublishesRevisionOneOnly) {
  TestView before;
  TestView after({.create = false});
  for (TestView* v : {&before, &after}) {
    v->Add(0, 5, 1);
    v->Add(0, 15, 2);
    v->Add(0, 32, 3);
    v->Add(0, 7, 4);
    v->Add(0, 15, 5);
  }
  ASSERT_TRUE(after.Create().ok());
  EXPECT_THAT(after.Published(), ElementsAre("[0,10) r1 =5 n2", "[10,20) r1 =5 n1"));
  EXPECT_EQ(after.Rows(), before.Rows());
  after.Add(0, 40, 0);
  EXPECT_THAT(after.Published(), ElementsAre("[30,40) r1 =3 n1"));
}

TEST(Maintainer, AStoppedViewPicksUpCorrectionsWhenItStarts) {
  TestView v;
  v.Add(0, 5, 1);
  v.Add(0, 12, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  v.Stop();
  v.Add(0, 6, 1);
  v.Add(0, 5, 3);
  v.Add(0, 14, 1);
  v.Add(0, 30, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Start();
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =3 n2", "[0,10) r2 =4 n2, late 2"));
  v.Restart();
  EXPECT_THAT(v.Published(), IsEmpty());
}

TEST(Maintainer, AStoppedViewStaysStoppedOverARestart) {
  TestView v;
  v.definition().running = false;
  v.Restart();
  EXPECT_EQ(v.Status().state, ViewState::kStopped);
  v.Add(0, 5, 1);
  v.Add(0, 12, 2);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Start();
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
}

TEST(Maintainer, TotalsSurviveARestart) {
  TestView v;
  v.Add(0, 5, 1);
  v.Add(0, 12, 2);
  v.Add(0, 6, 1);
  v.Restart();
  const ViewStatus status = v.Status();
  EXPECT_EQ(status.windows_published, 1U);
  EXPECT_EQ(status.revisions_total, 1U);
  EXPECT_EQ(status.late_points_total, 1U);
  EXPECT_TRUE(status.caught_up);
  EXPECT_EQ(status.dirty_count, 0U);
}

TEST(Maintainer, PiecesOfOneFiringAreOneAfterAnother) {
  TestView v({.maintainer = {.windows_per_piece = 3}});
  for (int k = 0; k < 10; ++k) v.Add(0, 1, k, "k" + std::to_string(k));
  v.Add(0, 10, 0);
  EXPECT_EQ(v.Published().size(), 10U);
  EXPECT_EQ(v.Status().windows_published, 10U);
  v.Restart();
  EXPECT_THAT(v.Published(), IsEmpty());
}

// event-time.md 6.5 and R4.
TEST(Maintainer, WindowsThatWereNeverWholeAreNotEvaluated) {
  TestView v({.late = kRecompute, .complete_from_start = false});
  v.Add(0, 5, 1);  // the source begins here: [0,10) lacks what came before
  v.Add(0, 12, 2);
  v.Add(0, 25, 3);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =2 n1"));
  v.Add(0, 6, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_THAT(v.sink().Take(), ElementsAre("[0,10) t=6 not_whole"));
  v.Restart();
  v.Add(0, 7, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().frozen_total, 2U);
}

TEST(Maintainer, ABackFillLeavesOutWindowsThatWereNeverWhole) {
  TestView v({.complete_from_start = false, .create = false});
  v.Add(0, 5, 1);
  v.Add(0, 12, 2);
  v.Add(0, 25, 3);
  ASSERT_TRUE(v.Create().ok());
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =2 n1"));
}

TEST(Maintainer, WindowsPastRetentionKeepTheirRow) {
  TestView v({.tick = seconds(1), .window = 3600});
  const int64_t now = v.clock().Now().ms / 1000 / 3600 * 3600;
  v.Add(0, now - 7200, 1);
  v.Add(0, now, 2);
  EXPECT_EQ(v.Published().size(), 1U);
  v.maintainer().SetSourceRetention(TestView::kTable, minutes(90));
  v.Run();
  v.Add(0, now - 7100, 1);  // its window begins before what is kept
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.sink().Take().size(), 1U);
  v.Add(0, now - 3000, 1);
  EXPECT_EQ(v.Published().size(), 1U);
}

TEST(Maintainer, DropRemovesRowsAndReservation) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 10, 1);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
  bool done = false;
  v.maintainer().Drop(TestView::kView, [&](Result<void> r) { done = r.ok(); });
  v.Run();
  EXPECT_TRUE(done);
  EXPECT_THAT(v.Rows(), IsEmpty());
  EXPECT_THAT(v.maintainer().Statuses(), IsEmpty());
  EXPECT_EQ(v.maintainer().Status("v").error().code, Code::kNotFound);
  v.definition().id = ViewId{9};
  ASSERT_TRUE(v.Create().ok());
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
}

TEST(Maintainer, TellsSubscribersWhatBecameVisible) {
  TestView v({.label = Label::kEnd});
  std::vector<Published> seen;
  const auto id = v.maintainer().Subscribe([&](const Published& p) { seen.push_back(p); });
  v.Add(0, 1, 1);
  v.Add(0, 10, 1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_THAT(seen[0].measures, ElementsAre("sum_cpu"));
  EXPECT_EQ(seen[0].rows, (TimeRange{EventTime{10}, EventTime{11}}));
  EXPECT_FALSE(seen[0].revisions);
  v.Add(0, 2, 1);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[1].revisions);
  v.maintainer().Unsubscribe(id);
  v.Add(0, 3, 1);
  EXPECT_EQ(seen.size(), 2U);
}

TEST(Maintainer, ListsOpenAndClosedWindows) {
  TestView v({.allowed_lateness = 15});
  v.Add(0, 1, 1);
  v.Add(0, 2, 1, "b");
  v.Add(0, 12, 1);
  v.Add(0, 3, 1);
  v.Add(0, 31, 1);
  const auto windows = std::move(v.maintainer().Windows("v", 10)).value();
  ASSERT_EQ(windows.size(), 3U);
  EXPECT_EQ(windows[0].window.start, EventTime{30});
  EXPECT_EQ(windows[0].state, WindowStatus::State::kOpen);
  EXPECT_EQ(windows[0].rows, 1U);
  EXPECT_EQ(windows[1].window.start, EventTime{10});
  EXPECT_EQ(windows[1].state, WindowStatus::State::kFinal);
  EXPECT_EQ(windows[2].state, WindowStatus::State::kClosed);
  EXPECT_EQ(windows[2].rows, 2U);
  EXPECT_EQ(windows[2].revisions, 3U);
}

TEST(Maintainer, BacksOffWhileTheStoreIsFull) {
  TestView v;
  v.Add(0, 1, 1);
  v.Stop();
  v.Add(0, 10, 1);
  v.store().SetRefusal({.full = true});
  v.Start();
  EXPECT_EQ(v.Status().state, ViewState::kRunning);
  v.AdvanceClock(seconds(5));
  v.store().SetRefusal({.full = false});
  EXPECT_THAT(v.Published(), IsEmpty());
  v.AdvanceClock(seconds(2));
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
}

TEST(Maintainer, CountsHowLateRecordsAre) {
  TestView v({.tick = seconds(1), .allowed_lateness = 100, .late = kFreeze});
  v.Add(0, 3, 1);    // in order
  v.Add(0, 125, 1);  // in order
  v.Add(0, 121, 1);  // 4 s behind, its window is open
  v.Add(0, 55, 1);   // 70 s behind: late
  v.Add(0, 5, 1);    // 120 s behind: sealed
  const auto& buckets = v.Status().lateness.buckets;
  EXPECT_EQ(buckets[0].on_time, 2U);
  EXPECT_EQ(buckets[2].on_time, 1U);
  EXPECT_EQ(buckets[5].late, 1U);
  EXPECT_EQ(buckets[5].frozen, 1U);
}

}  // namespace
}  // namespace tidemark::view
