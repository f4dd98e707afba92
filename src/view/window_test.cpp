// SPDX-License-Identifier: Apache-2.0
#include "view/window.h"

#include <gtest/gtest.h>

namespace tidemark::view {
namespace {

TimeRange Range(int64_t start, int64_t end) { return {EventTime{start}, EventTime{end}}; }

TimeRange Tumbling(int64_t width, int64_t offset, int64_t t) {
  return WindowGrid(nanoseconds(width), nanoseconds(offset)).WindowOf(EventTime{t});
}

// event-time.md 17.A, rows of tumbling windows; A17 is the pipeline's range check.
TEST(WindowGrid, A1InsideAWindow) { EXPECT_EQ(Tumbling(10, 0, 7), Range(0, 10)); }
TEST(WindowGrid, A2AnEndBelongsToTheNext) { EXPECT_EQ(Tumbling(10, 0, 10), Range(10, 20)); }
TEST(WindowGrid, A3BeforeTheEpochRoundsDown) { EXPECT_EQ(Tumbling(10, 0, -1), Range(-10, 0)); }
TEST(WindowGrid, A4ANegativeBoundary) { EXPECT_EQ(Tumbling(10, 0, -10), Range(-10, 0)); }
TEST(WindowGrid, A5Offset) { EXPECT_EQ(Tumbling(10, 3, 2), Range(-7, 3)); }
TEST(WindowGrid, A6NegativeOffset) {
  EXPECT_EQ(Tumbling(10, -3, 6), Range(-3, 7));
  EXPECT_EQ(Tumbling(10, -3, 7), Range(7, 17));
}
TEST(WindowGrid, A7OffsetBeyondTheWidth) { EXPECT_EQ(Tumbling(10, 13, 12), Range(3, 13)); }
TEST(WindowGrid, A8Nanoseconds) {
  EXPECT_EQ(Tumbling(300'000'000'000, 0, 1'700'000'000'123'456'789),
            Range(1'699'999'800'000'000'000, 1'700'000'100'000'000'000));
}

TEST(WindowGrid, PassesAWindowWhenTheFrontierReachesItsEnd) {
  const WindowGrid grid(nanoseconds(10), nanoseconds(3));
  EXPECT_EQ(grid.PassedBy(EventTime{12}), EventTime{3});   // [-7,3) has passed, [3,13) has not
  EXPECT_EQ(grid.PassedBy(EventTime{13}), EventTime{13});  // [3,13) has
}

}  // namespace
}  // namespace tidemark::view
