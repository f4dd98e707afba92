// SPDX-License-Identifier: Apache-2.0
#include "view/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/audit.h"
#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;

VerifyReport Verify(TestView& view, VerifyOptions options = {}) {
  auto work = std::move(view.maintainer().Verify("v", options)).value();
  for (;;) {
    const auto more = work->Step();
    EXPECT_TRUE(more.ok()) << more.error().message;
    if (!more.ok() || !*more) break;
  }
  return work->report();
}

/// Writes a row of the view behind its back: of the measure, at `t`; none ends it.
void Corrupt(TestView& view, const std::string& measure, int64_t t, store::ValueView value) {
  const store::DimensionView host{"host", "a"};
  const store::SeriesKeyView key{.table = TestView::kTable,
                                 .measure = measure,
                                 .dimensions = std::span(&host, 1),
                                 .owner = view.definition().owner()};
  const auto resolved = std::move(view.store().Resolve(std::span(&key, 1))).value();
  store::RowInfo row{
      .window_start = view.At(t), .window_end = view.At(t + 10), .revision = 2, .record_count = 1};
  store::PointView point;
  point.series = resolved.front().series;
  point.time = view.At(t);
  point.arrival = {1};
  point.value = value;
  point.row = &row;
  store::WriteBatch batch;
  batch.points = std::span(&point, 1);
  batch.rule = store::ConflictRule::kLastWins;
  batch.owner = view.definition().owner();
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  view.store().Write(batch, [](const Result<store::WriteReply>& r) { ASSERT_TRUE(r.ok()); });
}

std::vector<std::string> Rows(const VerifyReport& report) {
  std::vector<std::string> out;
  const auto text = [](const store::Scalar& value) {
    const auto* number = std::get_if<double>(&value);
    return number == nullptr ? std::string("-") : std::to_string(static_cast<int>(*number));
  };
  for (const WrongRow& row : report.rows) {
    out.push_back(row.series->measure + " " + std::to_string(row.window.start.ns) + " " +
                  std::string(DifferenceName(row.kind)) + " " + text(row.old_value) + " " +
                  text(row.new_value));
  }
  return out;
}

TEST(Verification, SaysWhatItComparedAndWhatIsOpen) {
  TestView view;
  view.Add(0, 1, 1);
  view.Add(0, 5, 2);
  view.Add(0, 11, 4);
  view.Add(0, 25, 8, "b");
  const VerifyReport report = Verify(view);
  EXPECT_EQ(report.view, "v");
  EXPECT_EQ(report.generation, 1);
  EXPECT_EQ(report.watermark, view.At(25));
  EXPECT_EQ(report.windows, 2);
  EXPECT_EQ(report.open, 1);
  EXPECT_EQ(report.points_read, 4);
  EXPECT_TRUE(report.clean());
}

TEST(Verification, FindsRowsWithOtherBitsMissingAndExtraOnes) {
  TestView view;
  for (const int64_t t : {1, 11, 21, 31, 61}) view.Add(0, t, static_cast<double>(t));
  Corrupt(view, "sum_cpu", 0, store::ValueView::Double(7));
  Corrupt(view, "sum_cpu", 10, {});
  Corrupt(view, "sum_cpu", 40, store::ValueView::Double(5));
  const VerifyReport report = Verify(view);
  EXPECT_EQ(report.differences, 3);
  EXPECT_THAT(Rows(report), ElementsAre("sum_cpu 0 value 7 1", "sum_cpu 10 missing - 11",
                                        "sum_cpu 40 extra 5 -"));
  EXPECT_EQ(Verify(view, {.windows = {view.At(10), view.At(40)}}).differences, 1);
  EXPECT_EQ(Verify(view, {.rows_max = 1}).rows.size(), 1);
}

TEST(Verification, ZeroOfTheOtherSignDiffers) {
  TestView view({.aggregates = {agg::Kind::kMin}});
  view.Add(0, 1, 0.0);
  view.Add(0, 11, 1);
  EXPECT_TRUE(Verify(view).clean());
  Corrupt(view, "min_cpu", 0, store::ValueView::Double(-0.0));
  EXPECT_EQ(Verify(view).differences, 1);
}

TEST(Verification, PointsThatTheViewHasNotReadAreNoDifference) {
  TestView view;
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  view.Add(0, 21, 1);
  view.Stop();
  view.Add(0, 2, 5);  // late, into [0,10)
  view.Add(0, 41, 1);
  Corrupt(view, "sum_cpu", 10, store::ValueView::Double(3));
  const VerifyReport report = Verify(view);
  EXPECT_EQ(report.watermark, view.At(21));
  EXPECT_EQ(report.windows, 2);
  EXPECT_EQ(report.waiting, 1);
  EXPECT_THAT(Rows(report), ElementsAre("sum_cpu 10 value 3 1"));
  view.Start();
  const VerifyReport after = Verify(view);
  EXPECT_EQ(after.waiting, 0);
  EXPECT_EQ(after.windows, 3);
}

TEST(Verification, FrozenRowsAreToldApart) {
  TestView view({.late = LatePolicy::kFreeze});
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  view.Add(0, 30, 1);
  view.Add(0, 2, 5);   // refused; the row stays
  view.Add(0, 21, 5);  // refused; there never was a row
  const VerifyReport report = Verify(view);
  EXPECT_EQ(report.windows, 3);
  EXPECT_EQ(report.frozen, 2);
  EXPECT_TRUE(report.clean());
  Corrupt(view, "sum_cpu", 10, store::ValueView::Double(3));
  EXPECT_THAT(Rows(Verify(view)), ElementsAre("sum_cpu 10 value 3 1"));
}

TEST(Verification, WindowsThatAreNotWholeAreGaps) {
  TestView view({.complete_from_start = false});
  view.Add(0, 12, 1);
  view.Add(0, 25, 1);
  view.AddWithoutClock(0, 3, 1);
  view.Add(0, 45, 1);
  const VerifyReport report = Verify(view);
  EXPECT_EQ(report.gaps, 2);
  EXPECT_EQ(report.windows, 1);
  EXPECT_TRUE(report.clean());
}

TEST(Verification, DamageIsAGapUntilItCanBeRead) {
  TestView view;
  for (const int64_t t : {1, 11, 21, 31}) view.Add(0, t, 1);
  view.store().Damage(TestView::kTable, "f", {view.At(12), view.At(15)});
  EXPECT_EQ(Verify(view).differences, 0);
  const VerifyReport report = Verify(view);
  EXPECT_GE(report.gaps, 1);
  EXPECT_EQ(report.windows, 2);
  view.store().Repair("f");
  EXPECT_EQ(Verify(view).windows, 3);
}

TEST(Verification, GroupsHoppingWindowsAndLevels) {
  TestView groups({.group_by = {}});
  TestView hopping({.slide = 3});
  TestView levels({.levels = {10, 20, 40}, .output = "{aggregate}_{window}_{measure}"});
  for (TestView* view : {&groups, &hopping, &levels}) {
    for (int64_t t = 0; t < 200; ++t) {
      view->Add(0, t % 13 == 0 ? t / 2 : t, static_cast<double>(t), std::to_string(t % 40));
    }
    view->Add(0, 200, 1);
    const VerifyReport report = Verify(*view);
    EXPECT_TRUE(report.clean()) << Rows(report).front();
    EXPECT_EQ(report.waiting, 0);
    EXPECT_EQ(report.gaps, 0);
  }
  EXPECT_EQ(Verify(groups).windows, 20);
}

// One target for all aggregates, also where points have come that the view has not read.
TEST(Verification, RowsOfSeveralColumns) {
  TestView view({.aggregates = {agg::Kind::kAvg, agg::Kind::kCount, agg::Kind::kMax},
                 .types = {store::ValueType::kDouble},
                 .output = "m_{measure}",
                 .multi_rows = true});
  for (int64_t t = 0; t < 60; ++t) view.Add(0, t, static_cast<double>(t), std::to_string(t % 7));
  const VerifyReport report = Verify(view);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.windows, 35);
  view.Stop();
  view.Add(0, 3, 100, "3");
  EXPECT_TRUE(Verify(view).clean());
}

TEST(Verification, WritesNothing) {
  TestView view;
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  const store::Positions before = view.store().End();
  Verify(view);
  EXPECT_TRUE(before.Covers(view.store().End()));
}

TEST(Auditor, VerifiesEveryViewOnceARound) {
  TestView view;
  view.Add(0, 1, 1);
  view.Add(0, 11, 1);
  Corrupt(view, "sum_cpu", 0, store::ValueView::Double(7));
  MetricRegistry metrics;
  Auditor auditor(view.maintainer(), view.clock(), metrics, {.interval = seconds(60)});
  const auto run = [&] {
    for (int i = 0; i < 100; ++i) auditor.Step().value();
  };
  run();
  EXPECT_FALSE(view.maintainer().LastVerified("v"));  // not before its time
  view.clock().Advance(seconds(61));
  run();
  const auto last = view.maintainer().LastVerified("v");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->windows, 1);
  EXPECT_EQ(last->differences, 1);
  EXPECT_EQ(metrics.GetGauge("tidemark_view_verify_differences", "", {{"view", "v"}}).value(), 1);
  EXPECT_EQ(metrics.GetCounter("tidemark_view_verified_windows_total", "", {{"view", "v"}}).value(),
            1);
}

}  // namespace
}  // namespace tidemark::view
