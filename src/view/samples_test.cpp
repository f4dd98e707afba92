// SPDX-License-Identifier: Apache-2.0
// Samples on a regular grid: event-time.md section 9, J24 to J30, and when a value is settled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TestViewOptions Samples(Fill fill, int64_t every, int64_t max_gap) {
  const bool makes_double = fill == Fill::kLinear || fill == Fill::kSpline;
  return {.every = every,
          .fill = fill,
          .max_gap = max_gap,
          .aggregates = {{FillName(fill), makes_double ? agg::Kind::kAvg : agg::Kind::kLast, {}}}};
}

void ExpectRight(TestView& v) {
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
  v.Restart();
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Samples, J24Linear) {
  TestView v(Samples(Fill::kLinear, 5, 10));
  v.Add(0, 0, 10);
  v.Add(0, 10, 30);
  v.Add(0, 15, 0);
  // A sample is itself (n1), a filled value has none (n0).
  EXPECT_THAT(v.Rows(), ElementsAre("[0,5) =10 n1", "[5,10) =20 n0", "[10,15) =30 n1"));
  ExpectRight(v);
}

TEST(Samples, J25LocfCarriesUpToMaxGap) {
  TestView v(Samples(Fill::kLocf, 1, 5));
  v.Add(0, 0, 10);
  v.Add(0, 10, 30);
  v.Add(0, 13, 7);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,1) =10 n1", "[1,2) =10 n0", "[2,3) =10 n0", "[3,4) =10 n0",
                                    "[4,5) =10 n0", "[5,6) =10 n0", "[10,11) =30 n1",
                                    "[11,12) =30 n0", "[12,13) =30 n0"));
  ExpectRight(v);
}

TEST(Samples, J26LocfEndsAtMaxGapAndNeverPassesTheWatermark) {
  TestView v(Samples(Fill::kLocf, 2, 5));
  v.Add(0, 0, 10);
  v.Add(0, 3, 20);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,2) =10 n1"));
  for (int64_t t = 4; t < 20; ++t) v.Add(0, t, 1, "b");
  std::vector<std::string> own;
  for (const std::string& row : v.Rows()) {
    if (row.find("=20") != std::string::npos) own.push_back(row);
  }
  EXPECT_THAT(own, ElementsAre("[4,6) =20 n0", "[6,8) =20 n0", "[8,10) =20 n0"));
  ExpectRight(v);
}

TEST(Samples, J27NothingBehindTheLastSample) {
  TestView v(Samples(Fill::kLinear, 5, 100));
  v.Add(0, 0, 10);
  v.Add(0, 12, 30);
  v.Add(0, 40, 30, "b");
  EXPECT_THAT(v.Rows(), ElementsAre("[0,5) =10 n1", "[5,10) =18.333333333333336 n0",
                                    "[10,15) =26.666666666666668 n0"));
}

TEST(Samples, J28SplineThroughThree) {
  TestView v(Samples(Fill::kSpline, 1, 4));
  v.Add(0, 0, 0);
  v.Add(0, 2, 1);
  v.Add(0, 4, 0);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,1) =0 n1", "[2,3) =1 n1"));
  v.Add(0, 20, 0, "b");
  EXPECT_THAT(v.Rows(), ElementsAre("[0,1) =0 n1", "[1,2) =0.6875 n0", "[2,3) =1 n1",
                                    "[3,4) =0.6875 n0", "[4,5) =0 n1"));
  ExpectRight(v);
}

TEST(Samples, J29SplineThroughFour) {
  TestView v(Samples(Fill::kSpline, 1, 4));
  for (const auto& [t, value] : {std::pair(0, 0), {2, 1}, {4, 0}, {6, 1}}) v.Add(0, t, value);
  v.Add(0, 20, 0, "b");
  EXPECT_THAT(v.Rows(), ::testing::Contains("[3,4) =0.5 n0"));
}

TEST(Samples, J30SplineOfUnequalWidths) {
  TestView v(Samples(Fill::kSpline, 1, 4));
  for (const auto& [t, value] : {std::pair(0, 0), {2, 4}, {3, 1}}) v.Add(0, t, value);
  v.Add(0, 20, 0, "b");
  EXPECT_THAT(v.Rows(), ::testing::Contains("[1,2) =3.25 n0"));
}

TEST(Samples, NextAndConstant) {
  TestView next(Samples(Fill::kNext, 1, 2));
  next.Add(0, 0, 1);
  next.Add(0, 4, 2);
  next.Add(0, 5, 3);
  EXPECT_THAT(next.Rows(), ElementsAre("[-2,-1) =1 n0", "[-1,0) =1 n0", "[0,1) =1 n1",
                                       "[2,3) =2 n0", "[3,4) =2 n0", "[4,5) =2 n1"));
  ExpectRight(next);
  TestViewOptions options = Samples(Fill::kConstant, 1, 2);
  options.fill_value = -7;
  TestView constant(options);
  constant.AddBigint(0, 0, 1);
  constant.AddBigint(0, 4, 2);
  EXPECT_THAT(constant.Rows(), ElementsAre("[0,1) =1 n1", "[1,2) =-7 n0", "[2,3) =-7 n0"));
  ExpectRight(constant);
}

TEST(Samples, TooWideAGapIsNotFilled) {
  TestView v(Samples(Fill::kLinear, 1, 2));
  v.Add(0, 0, 1);
  v.Add(0, 3, 4);
  v.Add(0, 5, 6);
  v.Add(0, 6, 0);
  EXPECT_THAT(v.Rows(), ElementsAre("[0,1) =1 n1", "[3,4) =4 n1", "[4,5) =5 n0", "[5,6) =6 n1"));
  v.Published();
  v.Add(0, 2, 3);
  EXPECT_THAT(v.Published(), ElementsAre("[1,2) r1 =2 n0, late 1", "[2,3) r1 =3 n1, late 1"));
  ExpectRight(v);
}

TEST(Samples, ALateSampleChangesTheRowsBetweenItsNeighbours) {
  TestView v(Samples(Fill::kLinear, 2, 10));
  for (const int64_t t : {0, 8, 12, 20}) v.Add(0, t, static_cast<double>(t));
  v.Published();
  v.Add(0, 5, 50);
  EXPECT_THAT(v.Published(), ElementsAre("[2,4) r2 =20 n0, late 1", "[4,6) r2 =40 n0, late 1",
                                         "[6,8) r2 =36 n0, late 1"));
  v.Add(0, 8, 9);  // a correction
  EXPECT_THAT(v.Published(), ElementsAre("[6,8) r3 =36.333333333333336 n0, late 1",
                                         "[8,10) r2 =9 n1, late 1", "[10,12) r2 =10.5 n0, late 1"));
  ExpectRight(v);
}

TEST(Samples, ALateSampleIsCarriedOn) {
  TestView v(Samples(Fill::kLocf, 2, 6));
  v.Add(0, 0, 1);
  v.Add(0, 11, 1, "b");
  v.Published();
  v.Add(0, 8, 5);
  EXPECT_THAT(v.Published(), ElementsAre("[8,10) r1 =5 n1, late 1"));
  v.Add(0, 20, 1, "b");
  std::vector<std::string> own;
  for (const std::string& row : v.Rows()) {
    if (row.find("=5") != std::string::npos) own.push_back(row);
  }
  EXPECT_THAT(own, ElementsAre("[8,10) =5 n1", "[10,12) =5 n0", "[12,14) =5 n0", "[14,16) =5 n0"));
  ExpectRight(v);
}

TEST(Samples, FreezeKeepsSealedRows) {
  TestViewOptions options = Samples(Fill::kLinear, 2, 10);
  options.late = LatePolicy::kFreeze;
  TestView v(options);
  for (const int64_t t : {0, 8, 12}) v.Add(0, t, static_cast<double>(t));
  v.Published();
  v.Add(0, 5, 50);
  EXPECT_THAT(v.Published(), ElementsAre("[2,4) frozen 1", "[4,6) frozen 1", "[6,8) frozen 1"));
  v.Add(0, 20, 20);
  EXPECT_THAT(v.Published(), ElementsAre("[10,12) r1 =10 n0", "[12,14) r1 =12 n1"));
}

// A correction that takes a point out of the filter leaves a gap too long to fill.
TEST(Samples, ARowThatEndedGoesOnCountingWhenItComesBack) {
  TestViewOptions options = Samples(Fill::kLinear, 2, 4);
  options.filter.value_max = 50;
  TestView v(options);
  for (const int64_t t : {0, 4, 8, 20}) v.Add(0, t, static_cast<double>(t));
  v.Published();
  v.Add(0, 4, 51);
  EXPECT_THAT(v.Published(), ElementsAre("[2,4) r2 =null, late 1", "[4,6) r2 =null, late 1",
                                         "[6,8) r2 =null, late 1"));
  v.Add(0, 4, 4);
  EXPECT_THAT(v.Published(), ElementsAre("[2,4) r3 =2 n0, late 1", "[4,6) r3 =4 n1, late 1",
                                         "[6,8) r3 =6 n0, late 1"));
  ExpectRight(v);
}

// .. before it is certain that no other sample comes: nobody looks at that time again.
TEST(Samples, ARowEndsWithItsSampleThoughAnotherMayCome) {
  for (const Fill fill : {Fill::kNext, Fill::kLinear}) {
    SCOPED_TRACE(FillName(fill));
    TestViewOptions options = Samples(fill, 10, 15);
    options.filter.value_min = 0.5;
    TestView v(options);
    for (const int64_t t : {564, 576}) v.Add(0, t, 3);
    v.Add(0, 580, 0);
    EXPECT_EQ(v.W(), "579");
    const auto before = v.Published();
    EXPECT_EQ(before.back(), "[570,580) r1 =3 n0");
    v.Add(0, 576, 0);
    EXPECT_THAT(v.Published(), ElementsAre("[570,580) r2 =null, late 1"));
    EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
    v.Add(0, 700, 3);
    EXPECT_THAT(v.Published(), IsEmpty());
    ExpectRight(v);
  }
}

// A change that comes in time may be certain only when its row is sealed: its log says so.
TEST(Samples, ASealedRowSaysThatItWaitedTooLong) {
  TestViewOptions options = Samples(Fill::kLinear, 10, 60);
  options.late = LatePolicy::kFreeze;
  options.allowed_lateness = 25;
  options.filter.value_min = 0.5;
  TestView v(options);
  v.Add(0, 560, 1);
  v.Add(0, 590, 4);
  v.Add(0, 603, 9);
  v.Published();
  v.Add(0, 590, 0);  // 570 is between 560 and 603 now, which is still open
  v.Add(0, 608, 9);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 612, 9);
  EXPECT_THAT(v.Published(), Contains("[570,580) coarse frozen 0"));
  ExpectRight(v);
}

TEST(Samples, EarlyRowsOfWhatIsKnown) {
  TestViewOptions options = Samples(Fill::kLinear, 5, 10);
  options.early = seconds(1);
  options.out_of_orderness = 100;
  TestView v(options);
  v.Add(0, 0, 10);
  v.Add(0, 10, 30);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[0,5) =10 n1", "[10,15) =30 n1", "[5,10) =20 n0"));
  v.Add(0, 5, 0);
  v.AdvanceClock(seconds(1));
  EXPECT_THAT(v.Early(), ElementsAre("[0,5) =10 n1", "[10,15) =30 n1", "[5,10) =0 n1"));
}

}  // namespace
}  // namespace tidemark::view
