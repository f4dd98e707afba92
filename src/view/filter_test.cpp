// SPDX-License-Identifier: Apache-2.0
// Filters of values: rows that change, end and come back because a correction moves a point across
// the bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

catalog::FilterDef Values(double min, double max) {
  return {.texts = {}, .value_min = min, .value_max = max};
}

void ExpectClean(TestView& v) { EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty()); }

// event-time.md 17.H. Raw points cannot be deleted: a correction takes the point out of the filter.
TEST(Filter, H13APointThatIsTakenAway) {
  TestView v({.aggregates = {agg::Kind::kAvg}, .filter = Values(0, 100)});
  v.Add(0, 1, 10);
  v.Add(0, 2, 20);
  v.Add(0, 10, 0);
  v.Add(0, 2, 26);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =15", "[0,10) r2 =18 n2, late 1"));
  v.Add(0, 1, -1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =26 n1, late 1"));
  ExpectClean(v);
}

TEST(Filter, H17APointThatIsOverwritten) {
  TestView v({.aggregates = {agg::Kind::kAvg}, .filter = Values(0, 100)});
  v.Add(0, 1, 10);
  v.Add(0, 10, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =10 n1"));
  v.Add(0, 1, 14);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =14 n1, late 1"));
  ExpectClean(v);
}

TEST(Filter, ARowEndsWithItsLastPointAndItsRevisionsGoOn) {
  TestView v({.filter = Values(0, 100)});
  v.Add(0, 1, 10);
  v.Add(0, 10, 0);
  v.Add(0, 1, 101);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =10", "[0,10) r2 =null, late 1"));
  EXPECT_THAT(v.Rows(), IsEmpty());
  ExpectClean(v);
  v.Add(0, 1, 102);  // as little as before
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Restart();
  v.Add(0, 2, 7);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =7 n1, late 1"));
  v.Add(0, 1, 100);  // the bounds are inside
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r4 =107 n2, late 1"));
  ExpectClean(v);
}

TEST(Filter, AWindowOfOtherValuesHasNoRow) {
  TestView v({.filter = Values(0, 100)});
  v.Add(0, 1, -5);
  v.Add(0, 10, 0);
  EXPECT_EQ(v.W(), "9");  // clocks come before filters (event-time.md 2.1)
  v.Add(0, 2, 1000);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Add(0, 3, 3);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n1, late 1"));
  ExpectClean(v);
}

TEST(Filter, ARowOfAGroupEndsWithItsLastMember) {
  TestView v({.group_by = {}, .filter = Values(0, 100)});
  v.Add(0, 1, 1, "b");
  v.Add(0, 2, 2, "c");
  v.Add(0, 10, 0, "b");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n2 v"));
  v.Add(0, 1, -1, "b");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =2 n1, late 1 v"));
  v.Add(0, 2, -1, "c");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =null, late 1 v"));
  ExpectClean(v);
  v.Add(0, 1, 4, "b");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r4 =4 n1, late 1 v"));
  ExpectClean(v);
}

TEST(Filter, APreliminaryRowEndsToo) {
  TestView v({.filter = Values(0, 100), .early = seconds(1)});
  v.Add(0, 1, 10);
  v.AdvanceClock(seconds(2));
  EXPECT_THAT(v.Early(), ElementsAre("[0,10) =10 n1"));
  v.Add(0, 1, 200);
  v.AdvanceClock(seconds(2));
  EXPECT_THAT(v.Early(), IsEmpty());
  v.Add(0, 10, 0);
  EXPECT_THAT(v.Rows(), IsEmpty());
  ExpectClean(v);
}

TEST(Filter, IntegersAreComparedExactly) {
  constexpr int64_t kBig = (int64_t{1} << 53) + 1;  // no double
  TestView v({.filter = {.texts = {}, .value_min = {}, .value_max = 0x1p53}});
  v.AddBigint(0, 1, kBig);
  v.AddBigint(0, 2, kBig - 1);
  v.AddBigint(0, 10, 0);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =9007199254740992 n1"));
}

TEST(Filter, BoundsAreOfNumbers) {
  TestView v({.aggregates = {agg::Kind::kCount},
              .types = {store::ValueType::kDouble, store::ValueType::kVarchar},
              .filter = Values(0, 1),
              .create = false});
  EXPECT_THAT(v.Create().error().message, HasSubstr("leave VARCHAR and BOOLEAN out of types"));
  TestView empty({.filter = Values(2, 1), .create = false});
  EXPECT_THAT(empty.Create().error().message, HasSubstr("nothing would pass"));
}

}  // namespace
}  // namespace tidemark::view
