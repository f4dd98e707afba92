// SPDX-License-Identifier: Apache-2.0
#include "view/window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TimeRange Range(int64_t start, int64_t end) { return {EventTime{start}, EventTime{end}}; }

std::vector<TimeRange> Of(const Windows& windows, int64_t t) {
  std::vector<TimeRange> out;
  windows.ForEachOf(EventTime{t}, [&](WindowId id) { out.push_back(windows.WindowAt(id)); });
  return out;
}

std::vector<TimeRange> Tumbling(int64_t size, int64_t offset, int64_t t) {
  return Of(Windows::Tumbling(nanoseconds(size), nanoseconds(offset)), t);
}

std::vector<TimeRange> Hopping(int64_t size, int64_t slide, int64_t t) {
  return Of(Windows::Hopping(nanoseconds(size), nanoseconds(slide), nanoseconds(0)), t);
}

// event-time.md 17.A; A14 to A16 are of a kind that is not offered, A17 is the pipeline's range
// check.
TEST(Windows, A1InsideAWindow) { EXPECT_THAT(Tumbling(10, 0, 7), ElementsAre(Range(0, 10))); }
TEST(Windows, A2AnEndBelongsToTheNext) {
  EXPECT_THAT(Tumbling(10, 0, 10), ElementsAre(Range(10, 20)));
}
TEST(Windows, A3BeforeTheEpochRoundsDown) {
  EXPECT_THAT(Tumbling(10, 0, -1), ElementsAre(Range(-10, 0)));
}
TEST(Windows, A4ANegativeBoundary) {
  EXPECT_THAT(Tumbling(10, 0, -10), ElementsAre(Range(-10, 0)));
}
TEST(Windows, A5Offset) { EXPECT_THAT(Tumbling(10, 3, 2), ElementsAre(Range(-7, 3))); }
TEST(Windows, A6NegativeOffset) {
  EXPECT_THAT(Tumbling(10, -3, 6), ElementsAre(Range(-3, 7)));
  EXPECT_THAT(Tumbling(10, -3, 7), ElementsAre(Range(7, 17)));
}
TEST(Windows, A7OffsetBeyondTheWidth) {
  EXPECT_THAT(Tumbling(10, 13, 12), ElementsAre(Range(3, 13)));
}
TEST(Windows, A8Nanoseconds) {
  EXPECT_THAT(Tumbling(300'000'000'000, 0, 1'700'000'000'123'456'789),
              ElementsAre(Range(1'699'999'800'000'000'000, 1'700'000'100'000'000'000)));
}
TEST(Windows, A9HoppingHoldsATimeTwice) {
  EXPECT_THAT(Hopping(10, 5, 7), ElementsAre(Range(0, 10), Range(5, 15)));
}
TEST(Windows, A10HoppingAtABoundary) {
  EXPECT_THAT(Hopping(10, 5, 5), ElementsAre(Range(0, 10), Range(5, 15)));
  EXPECT_THAT(Hopping(10, 5, 0), ElementsAre(Range(-5, 5), Range(0, 10)));
}
TEST(Windows, A11HoppingBeforeTheEpoch) {
  EXPECT_THAT(Hopping(10, 5, -1), ElementsAre(Range(-10, 0), Range(-5, 5)));
}
TEST(Windows, A12ASlideThatDoesNotDivide) {
  EXPECT_THAT(Hopping(10, 4, 9), ElementsAre(Range(0, 10), Range(4, 14), Range(8, 18)));
  EXPECT_THAT(Hopping(10, 4, 7), ElementsAre(Range(0, 10), Range(4, 14)));
}
TEST(Windows, A13Gaps) {
  EXPECT_THAT(Hopping(5, 10, 3), ElementsAre(Range(0, 5)));
  EXPECT_THAT(Hopping(5, 10, 7), IsEmpty());
}

TEST(Windows, LevelsHoldATimeOnceEach) {
  const Windows levels = Windows::Levels({nanoseconds(10), nanoseconds(60)}, nanoseconds(3));
  EXPECT_THAT(Of(levels, 62), ElementsAre(Range(53, 63), Range(3, 63)));
}

TEST(Windows, PassesAWindowWhenTheFrontierReachesItsEnd) {
  const Windows grid = Windows::Tumbling(nanoseconds(10), nanoseconds(3));
  EXPECT_EQ(grid.PassedBy(EventTime{12}).until(), EventTime{3});   // [-7,3) has passed
  EXPECT_EQ(grid.PassedBy(EventTime{13}).until(), EventTime{13});  // and [3,13)
}

/// What the definition of a window says, one start at a time.
TEST(Windows, EveryKindIsContiguousAndPassesInOrder) {
  const std::vector<Windows> kinds{
      Windows::Tumbling(nanoseconds(10)),
      Windows::Hopping(nanoseconds(10), nanoseconds(4), nanoseconds(1)),
      Windows::Hopping(nanoseconds(12), nanoseconds(3), nanoseconds(-2)),
      Windows::Hopping(nanoseconds(5), nanoseconds(8), nanoseconds(0)),
      Windows::Levels({nanoseconds(4), nanoseconds(12), nanoseconds(24)}, nanoseconds(2))};
  for (const Windows& windows : kinds) {
    for (int64_t t = -60; t < 60; ++t) {
      const TimeRange slot = windows.SlotOf(EventTime{t});
      ASSERT_TRUE(slot.Contains(EventTime{t}));
      const Prefix passed = windows.PassedBy(EventTime{t});
      size_t of = 0;
      windows.ForEachOver(Range(-100, 100), [&](WindowId id) {
        const TimeRange window = windows.WindowAt(id);
        EXPECT_EQ(passed.Has(id), window.end <= EventTime{t});
        const bool holds = window.Contains(EventTime{t});
        of += holds ? 1 : 0;
        // A slot is wholly inside a window or wholly outside.
        EXPECT_EQ(window.Contains(slot.start), holds);
        EXPECT_EQ(window.Contains(slot.end - nanoseconds(1)), holds);
      });
      EXPECT_EQ(Of(windows, t).size(), of) << t;
    }
  }
}

TEST(Windows, NamesEachWindowOfSomeTimesOnce) {
  const Windows windows = Windows::Hopping(nanoseconds(10), nanoseconds(5), nanoseconds(0));
  const std::vector<EventTime> times{{1}, {2}, {6}, {30}};
  std::vector<int64_t> starts;
  ForEachWindow(windows, times, [&](WindowId id) { starts.push_back(id.start.ns); });
  EXPECT_THAT(starts, ElementsAre(-5, 0, 5, 25, 30));
}

}  // namespace
}  // namespace tidemark::view
