// SPDX-License-Identifier: Apache-2.0
// Rows that stand for several series: group_by, label_map, filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/group_states_internal.h"
#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Named(TestView& v) {
  auto texts = RowTexts(v.store(), v.definition());
  for (std::string& text : texts) text = text.substr(0, text.find(" @"));
  return texts;
}

TEST(Groups, NoDimensionGivesOneSeriesOfTheView) {
  TestView v({.group_by = {}});
  v.Add(0, 1, 1, "a");
  v.Add(0, 2, 2, "b");
  v.Add(0, 11, 4, "c");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n2 v"));
  EXPECT_THAT(Named(v), ElementsAre("sum_cpu view=v"));
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Groups, ALatePointCostsItsLeafAndNotTheGroup) {
  TestView v({.group_by = {}});
  for (int host = 0; host < 400; ++host) v.Add(0, 1, 1, "h" + std::to_string(host));
  v.Add(0, 11, 0, "h0");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =400 n400 v"));
  const uint64_t before = v.store().windows_asked();
  v.Add(0, 2, 7, "h77");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =407 n401, late 1 v"));
  EXPECT_LE(v.store().windows_asked() - before, GroupStates::kFanOut);
  // Without the partial states, as after a restart, all of them are made again.
  v.Restart();
  v.Add(0, 3, 1, "h3");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =408 n402, late 1 v"));
}

TEST(Groups, ABackFillPublishesARowOnceHoweverItsMembersAreScanned) {
  TestView v({.group_by = {}, .create = false, .maintainer = {.windows_per_piece = 1}});
  for (const char* host : {"a", "b", "c"}) {
    v.Add(0, 1, 1, host);
    v.Add(0, 11, 2, host);
  }
  v.Add(0, 21, 0, "a");
  ASSERT_TRUE(v.Create().ok());
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n3 v", "[10,20) r1 =6 n3 v"));
  EXPECT_EQ(v.Status().windows_published, 2U);
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Groups, LateMembersJoin) {
  TestView v({.group_by = {}});
  v.Add(0, 1, 1, "a");
  v.Add(0, 11, 1, "a");
  v.Add(0, 2, 5, "new");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 v", "[0,10) r2 =6 n2, late 1 v"));
}

TEST(Groups, ALabelIsTheLongestPatternThatMatches) {
  TestView v(
      {.group_by = {"tier"},
       .label_map = {"tier", "host", {{"*", "other"}, {"m5*", "general"}, {"m5x*", "big"}}}});
  v.Add(0, 1, 1, "m5a");
  v.Add(0, 2, 2, "m5b");
  v.Add(0, 3, 4, "m5x");
  v.Add(0, 4, 8, "c");
  v.Add(0, 11, 0, "c");
  EXPECT_THAT(Named(v),
              ElementsAre("sum_cpu tier=big", "sum_cpu tier=general", "sum_cpu tier=other"));
}

TEST(Groups, AFilterLeavesSeriesOut) {
  TestView v({.group_by = {},
              .filter = {.texts = {{"host", {"a", "b"}, false}, {"measure_name", {"c?u"}, true}}}});
  v.Add(0, 1, 1, "a");
  v.Add(0, 2, 2, "b");
  v.Add(0, 3, 4, "c");
  v.Add(0, 11, 0, "c");
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =3 n2 v"));
  EXPECT_EQ(v.W(), "10");  // clocks come before filters (event-time.md 2.1)
}

}  // namespace
}  // namespace tidemark::view
