// SPDX-License-Identifier: Apache-2.0
#include "view/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/audit.h"
#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

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
void Corrupt(TestView& view, const std::string& measure, int64_t t, store::ValueView value,
             int64_t length = 10) {
  const store::DimensionView host{"host", "a"};
  const store::SeriesKeyView key{.table = TestView::kTable,
                                 .measure = measure,
                                 .dimensions = std::span(&host, 1),
                                 .owner = view.definition().owner()};
  const auto resolved = std::move(view.store().Resolve(std::span(&key, 1))).value();
  store::RowInfo row{.window_start = view.At(t),
                     .window_end = view.At(t + length),
                     .revision = 2,
                     .record_count = 1};
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

TEST(Verification, ReadsTheSeriesThatItsPatternNames) {
  for (const char* pattern : {"cp*", "*u", "c?u", "*"}) {
    TestView view({.measures = {pattern}});
    view.Add(0, 1, 1);
    view.AddBigint(0, 2, 2);  // of another measure
    view.Add(0, 15, 4);
    const VerifyReport report = Verify(view);
    EXPECT_EQ(report.points_read, *pattern == '*' && pattern[1] == 0 ? 3 : 2) << pattern;
    EXPECT_TRUE(report.clean());
  }
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

// [1,9) [20,26) [40,..: what a row is called by, how far it goes, and that nothing else is there.
TEST(Verification, SessionsByTheirBoundsAndValues) {
  TestView view({.session_gap = 5});
  for (const int64_t t : {1, 4, 20, 21, 40}) view.Add(0, t, static_cast<double>(t));
  const VerifyReport report = Verify(view);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.windows, 2);
  EXPECT_EQ(report.open, 1);
  EXPECT_GE(report.points_read, 5);
  view.Add(0, 16, 1);  // late: [16,26) in place of [20,26)
  EXPECT_TRUE(Verify(view).clean());
  Corrupt(view, "sum_cpu", 1, store::ValueView::Double(5), 7);  // the value, but not the bounds
  Corrupt(view, "sum_cpu", 16, store::ValueView::Double(43), 10);
  Corrupt(view, "sum_cpu", 30, store::ValueView::Double(2), 5);
  Corrupt(view, "sum_gone", 32, store::ValueView::Double(3), 5);  // no such series is read
  EXPECT_THAT(Rows(Verify(view)),
              UnorderedElementsAre("sum_cpu 1 value 5 5", "sum_cpu 16 value 43 42",
                                   "sum_cpu 30 extra 2 -", "sum_gone 32 extra 3 -"));
  EXPECT_EQ(Verify(view, {.windows = {view.At(2), view.At(31)}}).differences, 2);
  Corrupt(view, "sum_cpu", 1, {});
  EXPECT_THAT(Rows(Verify(view)), Contains("sum_cpu 1 missing - 5"));
}

// A point that the view has not read joins two sessions.
TEST(Verification, SessionsWaitForPointsThatTheViewHasNotRead) {
  TestView view({.session_gap = 5, .group_by = {}});
  view.Add(0, 1, 1);
  view.Add(0, 8, 1, "b");
  view.Add(0, 30, 1);
  view.Stop();
  view.Add(0, 5, 1, "c");
  Corrupt(view, "sum_gone", 20, store::ValueView::Double(3), 5);
  const VerifyReport report = Verify(view);
  EXPECT_THAT(Rows(report), ElementsAre("sum_gone 20 extra 3 -"));
  EXPECT_GE(report.waiting, 1);
  view.Start();
  EXPECT_EQ(Verify(view).waiting, 0);
}

TEST(Verification, ARowUnderAnOpenSessionStays) {
  TestView view({.session_gap = 5});
  view.Add(0, 1, 1);
  view.Add(0, 10, 1);
  view.Add(0, 6, 1);  // late, and joins what is open with what was published: [1,15)
  view.Add(0, 5, 1);
  EXPECT_THAT(view.Rows(), ElementsAre("[1,6) =1 n1"));
  EXPECT_TRUE(Verify(view).clean());
  view.Add(0, 20, 1);
  EXPECT_TRUE(Verify(view).clean());
}

TEST(Verification, FrozenSessionsAreToldApart) {
  TestView view({.session_gap = 5, .late = LatePolicy::kFreeze});
  for (const int64_t t : {1, 4, 12, 22, 40}) view.Add(0, t, 1);
  view.Add(0, 8, 1);   // refused by [1,9), would join [12,17)
  view.Add(0, 30, 1);  // would be sealed at once
  const VerifyReport report = Verify(view);
  EXPECT_TRUE(report.clean()) << Rows(report).front();
  EXPECT_EQ(report.frozen, 3);
  Corrupt(view, "sum_cpu", 22, store::ValueView::Double(3), 5);
  EXPECT_EQ(Verify(view).differences, 1);
}

// A point in time joins [1,6) to a session that is open until [1,6) is sealed.
TEST(Verification, ASessionThatIsSealedUnderAnOpenOneStays) {
  TestView view({.session_gap = 5, .allowed_lateness = 10, .late = LatePolicy::kFreeze});
  view.Add(0, 1, 1);
  view.Add(0, 8, 1);
  EXPECT_THAT(view.Published(), ElementsAre("[1,6) r1 =1 n1"));
  view.Add(0, 5, 1);
  for (int64_t t = 12; t < 40; t += 4) view.Add(0, t, 1);
  view.Add(0, 60, 1);
  EXPECT_THAT(view.Rows(), ElementsAre("[1,6) =1 n1", "[8,41) =8 n8"));
  const VerifyReport report = Verify(view);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.frozen, 2);
}

TEST(Verification, SessionsThatAreNotWholeAndDamageAreGaps) {
  TestView view({.session_gap = 5, .max_session = 100, .complete_from_start = false});
  view.Add(0, 12, 1);
  view.Add(0, 25, 1);
  view.AddWithoutClock(0, 3, 1);
  view.Add(0, 145, 1);
  view.Add(0, 245, 1);
  const VerifyReport report = Verify(view);
  EXPECT_EQ(report.gaps, 2);
  EXPECT_EQ(report.windows, 2);
  EXPECT_TRUE(report.clean());
  view.store().Damage(TestView::kTable, "f", {view.At(150), view.At(155)});
  EXPECT_EQ(Verify(view).differences, 0);
  EXPECT_EQ(Verify(view).windows, 1);
  view.store().Repair("f");
  EXPECT_EQ(Verify(view).windows, 2);
}

TEST(Verification, SamplesOfEveryFill) {
  for (const Fill fill :
       {Fill::kLinear, Fill::kLocf, Fill::kNext, Fill::kSpline, Fill::kConstant}) {
    SCOPED_TRACE(FillName(fill));
    const bool makes_double = fill == Fill::kLinear || fill == Fill::kSpline;
    TestView view(
        {.every = 3,
         .fill = fill,
         .max_gap = 12,
         .aggregates = {{FillName(fill), makes_double ? agg::Kind::kAvg : agg::Kind::kLast, {}}},
         .output = "x_{measure}"});
    // Farther apart than a cell of 64 grid times, too.
    for (const int64_t t : {0, 2, 7, 14, 26, 60, 61, 70, 500, 505, 900}) {
      view.Add(0, t, static_cast<double>(t % 13));
    }
    view.Add(0, 21, 5);
    const VerifyReport clean = Verify(view);
    EXPECT_TRUE(clean.clean()) << Rows(clean).front();
    EXPECT_GE(clean.windows, 8);
    EXPECT_EQ(clean.windows + clean.open, view.Rows().size() + clean.open);
    Corrupt(view, "x_cpu", 9, store::ValueView::Double(99), 3);
    Corrupt(view, "x_cpu", 450, store::ValueView::Double(98), 3);
    const VerifyReport report = Verify(view);
    EXPECT_EQ(report.differences, 2) << report.rows.size();
    view.Stop();
    view.Add(0, 10, 3);
    EXPECT_THAT(Rows(Verify(view)), ElementsAre("x_cpu 450 extra 98 -"));
  }
}

TEST(Verification, FrozenSamplesAreToldApart) {
  TestView view({.every = 5,
                 .fill = Fill::kLocf,
                 .max_gap = 10,
                 .late = LatePolicy::kFreeze,
                 .aggregates = {{"locf", agg::Kind::kLast, {}}}});
  for (const int64_t t : {0, 10, 40}) view.Add(0, t, static_cast<double>(t));
  view.Add(0, 3, 5);
  const VerifyReport report = Verify(view);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.frozen, 1);
  Corrupt(view, "locf_cpu", 15, store::ValueView::Double(3), 5);
  EXPECT_THAT(Rows(Verify(view)), ElementsAre("locf_cpu 15 value 3 10"));
}

// A stretch is cut where it has more points than memory should hold; each row counts once.
TEST(Verification, ManySessionsInShortStretches) {
  TestView view({.session_gap = 5, .maintainer = {.windows_per_piece = 3}});
  for (int64_t t = 0; t < 900; t += t % 7 == 0 ? 8 : 3) {
    view.Add(0, t, 1, std::to_string(t % 5));
  }
  view.Add(0, 1000, 1);
  const VerifyReport report = Verify(view);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.windows, view.Rows().size());
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

// A cell of samples is 64 of them: those after it may follow from a point that waits in it.
TEST(Verification, SamplesOfTheNextCellWaitWithTheirPoint) {
  TestViewOptions options;
  options.every = 1;
  options.fill = Fill::kConstant;
  options.max_gap = 4;
  options.aggregates = {{FillName(Fill::kConstant), agg::Kind::kLast, {}}};
  options.refresh = seconds(2);
  TestView view(options);
  for (const int64_t t : {10, 200, 20}) view.Add(0, t, 1);
  view.Add(0, 63, 1);
  const VerifyReport waits = Verify(view);
  EXPECT_EQ(waits.differences, 0);
  EXPECT_EQ(waits.waiting, 5);
  view.AdvanceClock(seconds(2));
  EXPECT_TRUE(Verify(view).clean());
  EXPECT_EQ(Verify(view).waiting, 0);
}

}  // namespace
}  // namespace tidemark::view
