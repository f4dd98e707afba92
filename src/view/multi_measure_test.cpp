// SPDX-License-Identifier: Apache-2.0
// Views of multi-measure records (design section 7): a row of columns for each aggregate, or one
// with all of them.
#include <cstdint>
#include <functional>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using store::FieldView;
using store::ValueView;

FieldView Real(std::string_view name, double value) { return {name, ValueView::Double(value)}; }
FieldView Whole(std::string_view name, int64_t value) { return {name, ValueView::Bigint(value)}; }

TestViewOptions Columns(std::vector<std::string> columns = {"*"}) {
  TestViewOptions options;
  options.types = {store::ValueType::kDouble};
  options.aggregates = {agg::Kind::kAvg};
  options.columns = std::move(columns);
  return options;
}

TestViewOptions OneRow() {
  TestViewOptions options = Columns();
  options.types = {store::ValueType::kDouble, store::ValueType::kBigint};
  options.aggregates = {agg::Kind::kAvg, agg::Kind::kMax};
  options.output = "five_{measure}";
  options.multi_rows = true;
  return options;
}

void ExpectClean(TestView& v) { EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty()); }

TEST(MultiMeasure, ARowHasTheColumnsOfTheRecords) {
  TestView v(Columns());
  v.AddRecord(0, 1, {Real("cpu", 1), Real("mem", 10), Whole("pid", 7)});
  v.AddRecord(0, 2, {Real("cpu", 3)});
  v.Add(0, 3, 99);  // of a single measure: not read
  v.AddRecord(0, 11, {Real("cpu", 0)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 ={\"cpu\":2,\"mem\":10} n2"));
  ExpectClean(v);
}

TEST(MultiMeasure, PatternsAndTypesChooseTheColumns) {
  TestViewOptions options = Columns({"cpu_*", "d?sk"});
  options.types = {store::ValueType::kBigint};
  options.aggregates = {agg::Kind::kSum};
  TestView v(options);
  v.AddRecord(0, 1, {Whole("cpu_user", 1), Real("cpu_idle", 0.5), Whole("disk", 5), Whole("x", 9)});
  v.AddRecord(0, 11, {Whole("cpu_user", 0)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 ={\"cpu_user\":1,\"disk\":5} n1"));
  ExpectClean(v);
}

TEST(MultiMeasure, OneRowOfAllAggregates) {
  TestView v(OneRow());
  v.AddRecord(0, 1, {Real("cpu", 1), Whole("n", 9007199254740993)});
  v.AddRecord(0, 2, {Real("cpu", 2), Whole("n", 1)});
  v.AddRecord(0, 11, {Real("cpu", 0)});
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 ={\"avg_cpu\":1.5,\"avg_n\":4503599627370497,\"max_cpu\":2,"
                          "\"max_n\":9007199254740993} n2"));
  ExpectClean(v);
}

TEST(MultiMeasure, ALateRecordOrAColumnTakenBackIsARevision) {
  TestView v(Columns());
  v.AddRecord(0, 1, {Real("cpu", 1), Real("mem", 10)});
  v.AddRecord(0, 11, {Real("cpu", 0)});
  v.Published();
  v.AddRecord(0, 2, {Real("cpu", 3)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 ={\"cpu\":2,\"mem\":10} n2, late 1"));
  v.AddRecord(0, 1, {Real("cpu", 1)});  // takes the place of the whole record
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 ={\"cpu\":2} n2, late 1"));
  v.AddRecord(0, 2, {Real("cpu", 3)});
  EXPECT_THAT(v.Published(), IsEmpty());
  ExpectClean(v);
}

TEST(MultiMeasure, ARowWithoutAnyColumnEndsAndComesBack) {
  TestView v(Columns({"cpu"}));
  v.AddRecord(0, 1, {Real("cpu", 1)});
  v.AddRecord(0, 11, {Real("cpu", 0)});
  v.Published();
  v.AddRecord(0, 1, {Real("mem", 1)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =null, late 1"));
  v.AddRecord(0, 1, {Real("cpu", 4)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r3 ={\"cpu\":4} n1, late 1"));
  ExpectClean(v);
}

TEST(MultiMeasure, AColumnThatComesLaterJoins) {
  for (const bool grouped : {false, true}) {
    TestViewOptions options = Columns();
    if (grouped) options.group_by = {};
    TestView v(options);
    v.AddRecord(0, 1, {Real("mem", 4)}, "b");
    v.AddRecord(0, 11, {Real("mem", 8)}, "b");
    v.Published();
    v.AddRecord(0, 2, {Real("cpu", 2)}, "b");  // before "mem" by name
    v.AddRecord(0, 12, {Real("cpu", 6)}, "b");
    v.AddRecord(0, 21, {Real("cpu", 0)}, "b");
    const std::string of = grouped ? " v" : " b";
    EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 ={\"cpu\":2,\"mem\":4} n2, late 1" + of,
                                           "[10,20) r1 ={\"cpu\":6,\"mem\":8} n2" + of));
    v.Restart();
    EXPECT_THAT(v.Published(), IsEmpty());
    ExpectClean(v);
  }
}

TEST(MultiMeasure, GroupsAndLevels) {
  TestViewOptions options = OneRow();
  options.group_by = {};
  options.levels = {10, 20};
  options.output = "{window}_{measure}";
  TestView v(options);
  v.AddRecord(0, 1, {Real("cpu", 1)}, "b");
  v.AddRecord(0, 2, {Real("cpu", 3), Whole("n", 5)}, "c");
  v.AddRecord(0, 13, {Real("cpu", 5)}, "c");
  v.AddRecord(0, 21, {Real("cpu", 0)}, "b");
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) r1 ={\"avg_cpu\":2,\"avg_n\":5,\"max_cpu\":3,\"max_n\":5} n2 v",
                          "[0,20) r1 ={\"avg_cpu\":3,\"avg_n\":5,\"max_cpu\":5,\"max_n\":5} n3 v",
                          "[10,20) r1 ={\"avg_cpu\":5,\"max_cpu\":5} n1 v"));
  v.AddRecord(0, 3, {Whole("n", 7)}, "b");
  EXPECT_THAT(v.Rows().size(), 3U);
  ExpectClean(v);
}

TEST(MultiMeasure, ASumBeyondBigintIsLeftOutOfItsRow) {
  TestViewOptions options = Columns();
  options.types = {store::ValueType::kBigint};
  options.aggregates = {agg::Kind::kSum};
  TestView v(options);
  v.AddRecord(0, 1, {Whole("a", INT64_MAX), Whole("b", 1)});
  v.AddRecord(0, 2, {Whole("a", 1), Whole("b", 1)});
  v.AddRecord(0, 11, {Whole("b", 0)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 ={\"b\":2} n2"));
  EXPECT_EQ(v.Status().overflows_total, 1U);
  ExpectClean(v);
}

TEST(MultiMeasure, CountersLookBackByColumn) {
  TestViewOptions options = Columns();
  options.aggregates = {*agg::AggregateFromName("increase")};
  options.staleness = 30;
  TestView v(options);
  v.AddRecord(0, 8, {Real("in", 20), Real("out", 1)});
  v.AddRecord(0, 12, {Real("in", 30)});
  v.AddRecord(0, 18, {Real("in", 50), Real("out", 5)});
  v.AddRecord(0, 25, {Real("in", 0)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 ={\"in\":0,\"out\":0} n1",
                                         "[10,20) r1 ={\"in\":30,\"out\":4} n2"));
  v.AddRecord(0, 9, {Real("in", 25), Real("out", 1)});  // the carry of the next window
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 ={\"in\":5,\"out\":0} n2, late 1",
                                         "[10,20) r2 ={\"in\":25,\"out\":4} n2, late 1"));
  ExpectClean(v);
}

TEST(MultiMeasure, OpenWindowsAreShownEarly) {
  TestViewOptions options = Columns();
  options.early = seconds(1);
  TestView v(options);
  v.AddRecord(0, 1, {Real("cpu", 1)});
  v.AdvanceClock(seconds(1));
  EXPECT_EQ(v.Early().size(), 1U);
  v.AddRecord(0, 11, {Real("cpu", 0)});
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 ={\"cpu\":1} n1"));
}

TEST(MultiMeasure, WhatDoesNotFitIsRefused) {
  const auto refused = [](const std::function<void(ViewDefinition&)>& change) {
    TestViewOptions options = Columns();
    options.create = false;
    TestView v(options);
    ViewDefinition d = v.definition();
    change(d);
    return CheckDefinition(d).error().message;
  };
  EXPECT_THAT(refused([](ViewDefinition& d) {
                d.width = nanoseconds(0);
                d.session_gap = nanoseconds(5);
              }),
              HasSubstr("columns goes with windows"));
  EXPECT_THAT(refused([](ViewDefinition& d) { d.filter.value_min = 1; }),
              HasSubstr("leave them out of a view with columns"));
  EXPECT_THAT(refused([](ViewDefinition& d) { d.aggregates = {agg::Kind::kCount}; }),
              HasSubstr("columns: count of DOUBLE is BIGINT, and a table has one type for each "
                        "column: give the columns names of their own by rows = \"multi\", or set "
                        "target_table"));
  EXPECT_THAT(refused([](ViewDefinition& d) {
                d.target = TableId{2};
                d.aggregates = {agg::Kind::kCount, agg::Kind::kMax};
              }),
              HasSubstr("columns: max of DOUBLE is DOUBLE"));
  EXPECT_THAT(refused([](ViewDefinition& d) {
                ViewDefinition up = d;
                up.label = Label::kStart;
                d.upstream = {std::make_shared<const ViewDefinition>(up)};
              }),
              HasSubstr("has rows of several columns"));
}

}  // namespace
}  // namespace tidemark::view
