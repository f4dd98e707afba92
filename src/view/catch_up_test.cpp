// SPDX-License-Identifier: Apache-2.0
// Views whose feed was trimmed before they read it, and views on hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/catch_up_internal.h"
#include "view/testing/test_view.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ViewGap, LatePointsBehindItAreFoundCoarse) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.Add(0, 21, 3);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1", "[10,20) r1 =2 n1"));
  v.Stop();
  v.Add(0, 2, 4);
  v.Add(0, 3, 4);
  v.Add(0, 31, 3);
  v.store().TrimFeed(v.store().End());
  v.Add(0, 12, 1);  // behind the gap: read as ever
  v.Start();
  // [20,30) fires as if nothing had been trimmed. The gap's ranges reach [10,20) as well, and
  // coarse wins over the point that was read.
  EXPECT_THAT(v.Published(),
              ElementsAre("[0,10) coarse r2 =9 n3", "[10,20) coarse r2 =3 n2", "[20,30) r1 =3 n1"));
  EXPECT_EQ(v.W(), "30");
  EXPECT_EQ(v.Status().late_points_total, 1U);
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
  v.Add(0, 41, 1);  // a window that was open at the gap
  EXPECT_THAT(v.Published(), ElementsAre("[30,40) r1 =3 n1"));
  v.Restart();
  EXPECT_THAT(v.Published(), IsEmpty());
}

// Its marks are found again by a scan only if it is known that open windows are among them.
TEST(CatchUp, ARangeThatEndsBetweenWindowsReachesTheOpenOneBefore) {
  TestView v({.window = 1, .slide = 5, .create = false});
  SeriesBook book(v.store(), v.definition());
  CatchUp catch_up(v.store(), v.definition(), book);
  catch_up.AddAll({v.At(8), v.At(13)});  // [10,11), and the gap behind it
  Prefix fired;
  fired.Set(0, v.At(10));
  EXPECT_TRUE(catch_up.Bound(v.At(0), fired));
  fired.Set(0, v.At(15));
  EXPECT_FALSE(catch_up.Bound(v.At(0), fired));
}

TEST(ViewGap, UnchangedWindowsStayAsTheyAre) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.Stop();
  v.Published();
  v.Add(0, 1, 1);  // the same again
  v.Add(0, 12, 2);
  v.store().TrimFeed(v.store().End());
  v.Start();
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_TRUE(v.Status().caught_up);
  EXPECT_EQ(v.Status().revisions_total, 0U);
}

TEST(ViewGap, ANewViewIsOnTime) {
  TestView v({.create = false});
  for (int64_t t = 1; t < 30; t += 10) v.Add(0, t, 1);
  v.store().TrimFeed(v.store().End());
  v.Create().value();
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1", "[10,20) r1 =1 n1"));
  EXPECT_EQ(v.W(), "20");
}

TEST(ViewGap, ASealedWindowSaysThatItDiffers) {
  TestView v({.late = LatePolicy::kFreeze});
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  v.Add(0, 21, 2);
  v.Published();
  v.Stop();
  v.Add(0, 2, 4);
  v.store().TrimFeed(v.store().End());
  v.Start();
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) coarse frozen 0"));
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1", "[10,20) =2 n1"));
}

TEST(ViewGap, IsReadAgainAfterAKill) {
  TestView v({.maintainer = {.windows_per_piece = 1, .feed_points_per_step = 1}});
  for (int64_t t = 1; t < 100; t += 10) v.Add(0, t, 1);
  v.Stop();
  for (int64_t t = 2; t < 102; t += 10) v.Add(0, t, 1);
  v.store().TrimFeed(v.store().End());
  v.store().SetRefusal({.full = true});
  v.Start();
  v.Restart();
  v.store().SetRefusal({.full = false});
  v.AdvanceClock(seconds(5));
  EXPECT_THAT(CheckView(v.store(), v.Status()), IsEmpty());
  EXPECT_EQ(v.Status().revisions_total, 9U);
}

TEST(ViewPause, HoldsStillAndGoesOn) {
  TestView v;
  v.Add(0, 1, 1);
  v.Add(0, 11, 2);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =1 n1"));
  ASSERT_TRUE(v.maintainer().Pause(TestView::kView).ok());
  v.Run();
  EXPECT_EQ(v.Status().state, ViewState::kPaused);
  EXPECT_TRUE(v.maintainer().paused(TestView::kView));
  const auto watermark = v.Status().watermark;
  ASSERT_TRUE(watermark.has_value());
  v.Add(0, 2, 1);
  v.Add(0, 21, 2);
  v.definition().paused = true;
  v.Restart();
  EXPECT_EQ(v.Status().state, ViewState::kPaused);
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_THAT(v.Rows(), ElementsAre("[0,10) =1 n1"));
  EXPECT_EQ(v.Status().windows_published, 1U) << "what was, is still told";
  EXPECT_EQ(v.Status().watermark, watermark);
  // Stopping and starting is another matter.
  v.Stop();
  EXPECT_EQ(v.Status().state, ViewState::kStopped);
  v.Start();
  EXPECT_EQ(v.Status().state, ViewState::kPaused);
  ASSERT_TRUE(v.maintainer().Resume(TestView::kView).ok());
  v.Run();
  EXPECT_EQ(v.Status().state, ViewState::kRunning);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =2 n1", "[0,10) r2 =2 n2, late 1"));
  EXPECT_EQ(v.maintainer().Pause(ViewId{99}).error().code, Code::kNotFound);
  EXPECT_FALSE(v.maintainer().paused(ViewId{99}));
}

}  // namespace
}  // namespace tidemark::view
