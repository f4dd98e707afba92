// SPDX-License-Identifier: Apache-2.0
#include "view/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;

/// "[0,10) complete =3 r2 late": window, state, value and revision of the row, causes that name it.
std::vector<std::string> Explain(TestView& view, int64_t t) {
  const store::DimensionView host{"host", "a"};
  const store::SeriesKeyView key{
      .table = TestView::kTable, .measure = "cpu", .dimensions = std::span(&host, 1), .owner = {}};
  const auto series = std::move(view.store().Resolve(std::span(&key, 1))).value().front().series;
  const store::PointKey point{series, view.At(t)};
  const auto found =
      ExplainPoints(view.store(), view.definition(), view.Status().watermark, std::span(&point, 1));
  std::vector<std::string> out;
  for (const PointWindow& window : found->windows) {
    for (const PointRow& row : window.rows) {
      std::string line = "[" + std::to_string(window.window.start.ns) + "," +
                         std::to_string(window.window.end.ns) + ") " +
                         std::string(WindowStateName(window.state));
      if (const auto* value = std::get_if<double>(&row.value)) {
        line += " =" + std::to_string(static_cast<int>(*value));
      }
      if (row.is_there) line += " r" + std::to_string(row.revision);
      if (row.looks_back) line += " back";
      for (const auto& entry : row.named) line += " " + std::string(store::CauseName(entry));
      out.push_back(std::move(line));
    }
  }
  return out;
}

TEST(ExplainPoint, SaysTheRowAndTheRevisionsThatNameThePoint) {
  TestView view({.allowed_lateness = 5});
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  view.Add(0, 4, 2);
  EXPECT_THAT(Explain(view, 4), ElementsAre("[0,10) complete =3 r2 late"));
  EXPECT_THAT(Explain(view, 1), ElementsAre("[0,10) complete =3 r2"));
  EXPECT_THAT(Explain(view, 11), ElementsAre("[10,20) open"));
  view.Add(0, 4, 5);
  view.Add(0, 25, 5);
  EXPECT_THAT(Explain(view, 4), ElementsAre("[0,10) sealed =6 r3 late correction"));
}

TEST(ExplainPoint, NamesEveryWindowThatHoldsOrLooksBackAtIt) {
  TestView hopping({.slide = 5, .allowed_lateness = 5});
  hopping.Add(0, 6, 1);
  hopping.Add(0, 12, 1);
  EXPECT_THAT(Explain(hopping, 6), ElementsAre("[0,10) complete =1 r1", "[5,15) open"));
  TestView counter({.aggregates = {agg::Kind::kIncrease}, .staleness = 4});
  counter.Add(0, 8, 1);
  counter.Add(0, 12, 5);
  counter.Add(0, 30, 5);
  const auto windows = Explain(counter, 8);
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_THAT(windows[1], testing::HasSubstr("back"));
}

// .. and a view over a view the rows of that one.
TEST(ExplainPoint, GoesUpTheChain) {
  TestView view;
  ViewDefinition top = view.definition();
  top.id = ViewId{8};
  top.name = "top";
  top.upstream = {std::make_shared<const ViewDefinition>(view.definition())};
  top.group_by = {};
  top.width = nanoseconds(20);
  top.output = "top_{measure}";
  ViewDefinition beside = view.definition();
  beside.id = ViewId{9};
  beside.name = "beside";
  beside.measures = {"other"};
  beside.output = "beside_{measure}";
  ASSERT_TRUE(view.CreateBeside(top).ok());
  ASSERT_TRUE(view.CreateBeside(beside).ok());
  for (const int64_t t : {1, 11, 21, 31}) view.Add(0, t, 1);
  view.Add(0, 5, 4);
  const store::DimensionView host{"host", "a"};
  const store::SeriesKeyView key{
      .table = TestView::kTable, .measure = "cpu", .dimensions = std::span(&host, 1), .owner = {}};
  const auto series = std::move(view.store().Resolve(std::span(&key, 1))).value().front().series;
  const auto statuses = view.maintainer().Statuses();
  const auto found = std::move(ExplainPoint(view.store(), statuses, {series, view.At(5)})).value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].status.definition.name, "v");
  EXPECT_EQ(found[1].status.definition.name, "top");
  const auto& windows = found[1].point->windows;
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].window.end, EventTime{20});
  ASSERT_EQ(windows[0].rows.size(), 1U);
  EXPECT_EQ(windows[0].rows[0].measure, "top_sum_cpu");
  EXPECT_EQ(std::get<double>(windows[0].rows[0].value), 6);
  EXPECT_EQ(windows[0].rows[0].named.size(), 1U);
}

TEST(MaintainerDrop, KeepsPublishedRowsAsPointsOfNobody) {
  TestView view;
  view.Add(0, 1, 1);
  view.Add(0, 5, 2);
  view.Add(0, 11, 4);
  std::optional<Result<void>> done;
  view.maintainer().Drop(
      TestView::kView, [&done](Result<void> result) { done = std::move(result); },
      Maintainer::DropRows::kKeep);
  view.Run();
  ASSERT_TRUE(done.has_value());
  ASSERT_TRUE(done->ok()) << done->error().message;
  store::ScanRequest scan;
  scan.selection.table = TestView::kTable;
  scan.selection.measure = {{.values = {"sum_cpu"}}};
  scan.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  const auto cursor = std::move(view.store().Scan(scan)).value();
  store::SliceBuffer buffer;
  store::Slice slice;
  ASSERT_TRUE(std::move(cursor->Next(buffer, slice)).value());
  ASSERT_EQ(slice.times.size(), 1U);
  EXPECT_EQ(slice.times[0], view.At(0));
  EXPECT_EQ(slice.columns[0].doubles[0], 3);
  EXPECT_FALSE(std::move(cursor->Next(buffer, slice)).value());
  EXPECT_TRUE(view.Rows().empty());
  // A new view may take them over.
  view.definition().adopt = true;
  EXPECT_TRUE(view.Create().ok());
}

TEST(MaintainerDrop, KeepsRowsOfSeveralColumns) {
  TestView view({.aggregates = {agg::Kind::kAvg, agg::Kind::kCount},
                 .output = "m_{measure}",
                 .multi_rows = true});
  view.Add(0, 1, 1);
  view.Add(0, 5, 2);
  view.Add(0, 11, 4);
  view.maintainer().Drop(
      TestView::kView, [](Result<void> result) { EXPECT_TRUE(result.ok()); },
      Maintainer::DropRows::kKeep);
  view.Run();
  store::ScanRequest scan;
  scan.selection.table = TestView::kTable;
  scan.selection.measure = {{.values = {"m_cpu"}}};
  scan.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  const auto cursor = std::move(view.store().Scan(scan)).value();
  store::SliceBuffer buffer;
  store::Slice slice;
  ASSERT_TRUE(std::move(cursor->Next(buffer, slice)).value());
  ASSERT_EQ(slice.times.size(), 1U);
  ASSERT_EQ(slice.columns.size(), 2U);
  for (const store::ColumnView& column : slice.columns) {
    if (column.name == "avg") {
      EXPECT_EQ(column.doubles[0], 1.5);
    } else {
      EXPECT_EQ(column.bigints[0], 2);
    }
  }
}

}  // namespace
}  // namespace tidemark::view
