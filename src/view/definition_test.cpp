// SPDX-License-Identifier: Apache-2.0
#include "view/definition.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ViewDefinition Valid() {
  ViewDefinition d;
  d.id = ViewId{1};
  d.name = "v";
  d.width = minutes(5);
  d.output = "avg_{measure}";
  return d;
}

std::string Refused(const ViewDefinition& d) {
  const auto r = CheckDefinition(d);
  return r.ok() ? "accepted" : r.error().message;
}

TEST(Definition, RefusesTemplatesThatNameNothing) {
  ViewDefinition d = Valid();
  EXPECT_EQ(Refused(d), "accepted");
  d.output = "{measure}";
  EXPECT_THAT(Refused(d), HasSubstr("needs literal text"));
  d.output = "avg";
  EXPECT_THAT(Refused(d), HasSubstr("exactly once"));
  d.output = "{measure}_{measure}";
  EXPECT_THAT(Refused(d), HasSubstr("exactly once"));
  d.output = "{measure}_{host}";
  EXPECT_THAT(Refused(d), HasSubstr("knows only"));
  d.output = "{aggregate}_{measure}";
  EXPECT_EQ(Refused(d), "accepted");
}

TEST(Definition, SeveralAggregatesNeedTheirNameInTheTemplate) {
  ViewDefinition d = Valid();
  d.aggregates = {agg::Kind::kAvg, agg::Kind::kMax};
  EXPECT_THAT(Refused(d), HasSubstr("{aggregate}"));
  d.output = "{aggregate}_{measure}_5m";
  EXPECT_EQ(Refused(d), "accepted");
  EXPECT_THAT(NameTemplates(d), ElementsAre("avg_{measure}_5m", "max_{measure}_5m"));
  EXPECT_EQ(MakeName("avg_{measure}_5m", "cpu"), "avg_cpu_5m");
}

TEST(Definition, RefusesWhatHasNoMeaning) {
  ViewDefinition d = Valid();
  d.width = nanoseconds(0);
  EXPECT_THAT(Refused(d), HasSubstr("window must be longer"));
  d = Valid();
  d.out_of_orderness = seconds(-1);
  EXPECT_THAT(Refused(d), HasSubstr("out_of_orderness"));
  d = Valid();
  d.types = {store::ValueType::kVarchar};
  EXPECT_THAT(Refused(d), HasSubstr("view v"));  // avg of VARCHAR
  d = Valid();
  d.aggregates = {agg::Kind::kAvg, agg::Kind::kAvg};
  d.output = "{aggregate}_{measure}";
  EXPECT_THAT(Refused(d), HasSubstr("twice"));
}

TEST(Definition, TemplatesOverlapWhenOneNameFitsBoth) {
  EXPECT_TRUE(TemplatesOverlap("avg_{measure}", "avg_{measure}"));
  EXPECT_TRUE(TemplatesOverlap("avg_{measure}", "avg_5m_{measure}"));
  EXPECT_TRUE(TemplatesOverlap("avg_{measure}", "{measure}_avg"));  // "avg_x_avg"
  EXPECT_FALSE(TemplatesOverlap("avg_{measure}", "sum_{measure}"));
  EXPECT_FALSE(TemplatesOverlap("{measure}_5m", "{measure}_1h"));
}

TEST(Definition, ReadsTheCatalogsWords) {
  catalog::ViewDef def;
  def.id = ViewId{3};
  def.name = "ec2-5m";
  def.database = "db";
  def.table = "t";
  def.target_table = "t";
  def.measures = {"*"};
  def.types = {"DOUBLE", "BIGINT"};
  def.aggregates = {"avg"};
  def.window = minutes(5);
  def.group_by = {"*"};
  def.output = "avg_{measure}";
  def.label = catalog::WindowLabel::kEnd;
  def.late = catalog::LatePolicy::kFreeze;
  const auto d = FromCatalog(def, {.source = TableId{1}, .target = TableId{2}});
  ASSERT_TRUE(d.ok()) << d.error().message;
  EXPECT_EQ(d->types, (std::vector{store::ValueType::kDouble, store::ValueType::kBigint}));
  EXPECT_EQ(d->label, Label::kEnd);
  EXPECT_EQ(d->late, LatePolicy::kFreeze);
  EXPECT_EQ(d->target, TableId{2});
  def.group_by = {"host", "host"};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("host twice"));
  def.group_by = {"host", "*"};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("stands alone"));
  def.group_by = {"*"};
  def.label_map = {"tier", "type", {{"*", "x"}}};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("group_by does not name"));
  def.label_map = {};
  def.source = "below";
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("there is no view below"));
  def.source = "";
  def.calendar = "day";
  def.zone = "Mars/Base";
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("Mars/Base"));
  def.calendar = "";
  def.zone = "";
  def.levels = std::vector<nanoseconds>(kLevelsMax + 1, minutes(1));
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("levels: at most"));
  def.levels.clear();
  def.aggregates = {"median", "p99.9"};
  def.output = "{aggregate}_{measure}";
  const auto several = FromCatalog(def, {.source = TableId{1}, .target = TableId{2}});
  ASSERT_TRUE(several.ok()) << several.error().message;
  EXPECT_EQ(NameTemplates(*several),
            (std::vector<std::string>{"median_{measure}", "p99.9_{measure}"}));
  def.aggregates = {"mode"};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("\"mode\""));
}

TEST(Definition, SessionsAndSamplesComeFromTheCatalog) {
  catalog::ViewDef def;
  def.id = ViewId{1};
  def.name = "v";
  def.measures = {"*"};
  def.types = {"DOUBLE"};
  def.aggregates = {"avg"};
  def.group_by = {"*"};
  def.session_gap = minutes(5);
  const auto sessions = FromCatalog(def, {});
  ASSERT_TRUE(sessions.ok()) << sessions.error().message;
  EXPECT_EQ(WindowWords(*sessions), "sessions 5m apart");
  EXPECT_EQ(sessions->reach(), nanoseconds(0));
  def.max_session = minutes(5);
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("max_session must be longer"));
  def.max_session = hours(24);
  def.aggregates = {"twa"};
  def.horizon = minutes(1);
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("its own points only"));
  def.horizon = {};
  def.session_gap = {};
  def.every = seconds(10);
  def.fill = "spline";
  auto samples = FromCatalog(def, {});
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(WindowWords(*samples), "every 10s, spline");
  EXPECT_EQ(NameTemplates(*samples), std::vector<std::string>{"spline_{measure}"});
  EXPECT_EQ(samples->max_gap, seconds(100)) << "ten times every";
  def.fill = "constant";
  def.fill_value = 0.5;
  EXPECT_TRUE(FromCatalog(def, {}).ok());
  def.types = {"DOUBLE", "BIGINT"};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("fill_value must be a whole number"));
  def.types = {"VARCHAR"};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("reads DOUBLE and BIGINT"));
  def.types = {"DOUBLE"};
  def.max_gap = hours(100);
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("10000 times every"));
  def.max_gap = {};
  def.group_by = {"host"};
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("a row for each series"));
}

TEST(Definition, WindowsThatMakeNoSenseAreRefused) {
  const auto error = [](const std::function<void(ViewDefinition&)>& change) {
    ViewDefinition d = Valid();
    change(d);
    const auto r = CheckDefinition(d);
    return r.ok() ? std::string() : r.error().message;
  };
  EXPECT_EQ(error([](auto& d) { d.slide = seconds(10); }), "");
  EXPECT_THAT(error([](auto& d) { d.slide = milliseconds(1); }), HasSubstr("more than 10000"));
  EXPECT_THAT(error([](auto& d) { d.calendar = "decade"; }), HasSubstr("decade"));
  EXPECT_THAT(error([](auto& d) {
                d.calendar = "day";
                d.zone = "Nowhere";
              }),
              HasSubstr("Nowhere"));
  const auto levels = [&](std::vector<nanoseconds> sizes, std::string output) {
    return error([&](auto& d) {
      d.levels = std::move(sizes);
      d.output = std::move(output);
    });
  };
  EXPECT_EQ(levels({seconds(1), seconds(60)}, "avg_{window}_{measure}"), "");
  EXPECT_THAT(levels({seconds(2), seconds(5)}, "avg_{window}_{measure}"),
              HasSubstr("not a multiple of 2s"));
  EXPECT_THAT(levels({seconds(1)}, "avg_{measure}"), HasSubstr("must contain {window}"));
  EXPECT_THAT(error([](auto& d) { d.output = "avg_{window}_{measure}"; }),
              HasSubstr("goes with levels"));
}

}  // namespace
}  // namespace tidemark::view
