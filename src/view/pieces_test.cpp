// SPDX-License-Identifier: Apache-2.0
// A firing of many groups, cut into pieces: each is a frame of its own, points go on coming in
// between, `complete` turns true with the last one, and a crash repeats none of what was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::IsEmpty;

constexpr size_t kHosts = 100;

/// [0,10) of all hosts is due; nothing of it is written yet.
class Firing {
 public:
  Firing() : view_({.maintainer = {.windows_per_piece = 10}}) {
    view_.Stop();
    for (size_t host = 0; host < kHosts; ++host) Add(1, host);
    Add(10, 0);
    TM_CHECK(view_.maintainer().Start(TestView::kView).ok());
  }

  TestView& view() { return view_; }
  void Add(int64_t t, size_t host) { view_.Add(0, t, 1, "h" + std::to_string(host)); }

  /// Until so many rows are there.
  void StepUntil(size_t rows) {
    while (view_.Rows().size() < rows) {
      ASSERT_TRUE(view_.maintainer().Step().ok());
      const size_t now = view_.Rows().size();
      ASSERT_TRUE(now == kHosts || !Complete()) << now;
    }
  }
  bool Complete() {
    const auto progress = view_.store().ProgressOf(TestView::kView);
    return progress && progress->watermark && *progress->watermark >= EventTime{10};
  }

 private:
  TestView view_;
};

TEST(Pieces, TheWindowIsCompleteWithTheLastOne) {
  Firing firing;
  ASSERT_NO_FATAL_FAILURE(firing.StepUntil(kHosts));
  firing.view().Run();
  EXPECT_TRUE(firing.Complete());
  EXPECT_EQ(firing.view().Published().size(), kHosts);
  EXPECT_THAT(CheckView(firing.view().store(), firing.view().Status()), IsEmpty());
}

TEST(Pieces, PointsAreVisibleInBetween) {
  Firing firing;
  TestView& v = firing.view();
  ASSERT_NO_FATAL_FAILURE(firing.StepUntil(30));
  const store::Positions before = v.store().End();
  const store::DimensionView host{"host", "h5"};
  const store::SeriesKeyView key{
      .table = TestView::kTable, .measure = "cpu", .dimensions = std::span(&host, 1), .owner = {}};
  store::PointView point;
  point.series = std::move(v.store().Resolve(std::span(&key, 1))).value().front().series;
  point.time = v.At(2);
  point.value = store::ValueView::Double(5);
  store::WriteBatch batch;
  batch.points = std::span(&point, 1);
  batch.rule = store::ConflictRule::kLastWins;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  bool written = false;
  v.store().Write(batch, [&](Result<store::WriteReply> reply) { written = reply.ok(); });
  EXPECT_TRUE(written);
  EXPECT_FALSE(v.store().End() == before);
  store::ScanRequest scan;
  scan.selection.table = TestView::kTable;
  scan.selection.series = {{point.series}};
  store::SliceBuffer buffer;
  store::Slice slice;
  const auto cursor = v.store().Scan(scan).value();
  ASSERT_TRUE(cursor->Next(buffer, slice).value());
  EXPECT_EQ(slice.times.size(), 2U);
  EXPECT_LT(v.Rows().size(), kHosts);
  v.Run();
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
}

TEST(Pieces, ACrashBetweenThemRepeatsNothing) {
  for (const size_t rows : {10, 50, 90}) {
    Firing firing;
    TestView& v = firing.view();
    ASSERT_NO_FATAL_FAILURE(firing.StepUntil(rows));
    v.Restart();
    EXPECT_TRUE(firing.Complete());
    const auto published = v.Published();
    EXPECT_EQ(published.size(), kHosts);  // each once: those written before are equal by bits
    for (const std::string& entry : published) EXPECT_TRUE(entry.starts_with("[0,10) r1 =1 n1"));
    EXPECT_EQ(v.Status().windows_published, kHosts);
    EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
  }
}

}  // namespace
}  // namespace tidemark::view
