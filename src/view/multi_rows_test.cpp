// SPDX-License-Identifier: Apache-2.0
// rows = "multi": one row of several columns in place of one row an aggregate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TestViewOptions Multi() {
  TestViewOptions options;
  options.aggregates = {agg::Kind::kAvg, agg::Kind::kCount, *agg::AggregateFromName("var_samp")};
  options.output = "five_{measure}";
  options.multi_rows = true;
  return options;
}

void ExpectClean(TestView& v) { EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty()); }

/// "name=value.." of the columns of the view's rows.
std::vector<std::string> Columns(TestView& v) {
  store::ScanRequest scan;
  scan.selection.table = TestView::kTable;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, v.definition().owner()};
  const auto cursor = std::move(v.store().Scan(scan)).value();
  std::vector<std::string> out;
  store::SliceBuffer buffer;
  store::Slice slice;
  while (std::move(cursor->Next(buffer, slice)).value()) {
    for (size_t i = 0; i < slice.times.size(); ++i) {
      std::string& row = out.emplace_back(slice.series->measure);
      for (const store::ColumnView& column : slice.columns) {
        if (!column.valid.empty() && column.valid[i] == 0) continue;
        row += " " + std::string(column.name) + "=" +
               std::to_string(column.doubles.empty() ? column.bigints[i]
                                                     : static_cast<int64_t>(column.doubles[i]));
      }
    }
  }
  return out;
}

TEST(MultiRows, ARowHasAColumnForEachAggregate) {
  TestView v(Multi());
  v.Add(0, 1, 1);
  v.Add(0, 2, 3);
  v.Add(0, 11, 5);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 ={\"avg\":2,\"count\":2,\"var_samp\":2} n2"));
  EXPECT_THAT(Columns(v), ElementsAre("five_cpu avg=2 count=2 var_samp=2"));
  ExpectClean(v);
}

TEST(MultiRows, AColumnWithoutAValueIsNull) {
  TestView v(Multi());
  v.Add(0, 1, 4);
  v.Add(0, 11, 5);
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 ={\"avg\":4,\"count\":1,\"var_samp\":null} n1"));
  EXPECT_THAT(Columns(v), ElementsAre("five_cpu avg=4 count=1"));
  v.Add(0, 2, 6);
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r2 ={\"avg\":5,\"count\":2,\"var_samp\":2} n2, late 1"));
  ExpectClean(v);
}

TEST(MultiRows, WhatChangesNoColumnWritesNothing) {
  TestView v(Multi());
  v.Add(0, 1, 1);
  v.Add(0, 11, 5);
  v.Published();
  v.Add(0, 1, 1);
  EXPECT_THAT(v.Published(), IsEmpty());
  v.Restart();
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_EQ(v.Status().windows_published, 1U);
}

TEST(MultiRows, ARowEndsAsAWhole) {
  TestViewOptions options = Multi();
  options.filter.value_min = 0;
  TestView v(options);
  v.Add(0, 1, 1);
  v.Add(0, 2, 3);
  v.Add(0, 11, 5);
  v.Add(0, 2, -3);
  EXPECT_THAT(Columns(v), ElementsAre("five_cpu avg=1 count=1"));  // no var_samp of before
  v.Published();
  v.Add(0, 1, -1);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 =null, late 1"));
  EXPECT_THAT(Columns(v), IsEmpty());
  ExpectClean(v);
}

TEST(MultiRows, GroupsAndLevels) {
  TestViewOptions options = Multi();
  options.group_by = {};
  options.levels = {10, 20};
  options.output = "{window}_{measure}";
  TestView v(options);
  v.Add(0, 1, 1, "b");
  v.Add(0, 2, 3, "c");
  v.Add(0, 21, 5, "b");
  EXPECT_THAT(Columns(v), UnorderedElementsAre("10ns_cpu avg=2 count=2 var_samp=2",
                                               "20ns_cpu avg=2 count=2 var_samp=2"));
  ExpectClean(v);
}

TEST(MultiRows, WhatDoesNotFitIsRefused) {
  TestViewOptions options = Multi();
  options.output = "{aggregate}_{measure}";
  options.create = false;
  EXPECT_THAT(TestView(options).Create().error().message, HasSubstr("has no {aggregate}"));
  options.output = "five_{measure}";
  options.aggregates = {agg::Kind::kCount, agg::Kind::kLast};
  EXPECT_THAT(TestView(options).Create().error().message,
              HasSubstr("column last would have several types"));
  ViewDefinition sessions = TestView(options).definition();
  sessions.aggregates = {agg::Kind::kCount};
  sessions.width = nanoseconds(0);
  sessions.session_gap = nanoseconds(5);
  EXPECT_THAT(CheckDefinition(sessions).error().message, HasSubstr("goes with windows"));
  TestView v(Multi());
  ViewDefinition over = v.definition();
  over.id = ViewId{8};
  over.name = "over";
  over.multi_rows = false;
  over.output = "over_{aggregate}_{measure}";
  over.upstream = {std::make_shared<const ViewDefinition>(v.definition())};
  EXPECT_THAT(v.CreateBeside(over).error().message, HasSubstr("needs rows = \"single\" there"));
}

}  // namespace
}  // namespace tidemark::view
