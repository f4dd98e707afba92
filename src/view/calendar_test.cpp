// SPDX-License-Identifier: Apache-2.0
#include "view/calendar.h"

#include <gtest/gtest.h>

#include "base/testing/zone_files.h"
#include "view/window.h"

namespace tidemark::view {
namespace {

struct Case {
  const char* id;
  const char* zone;
  const char* unit;
  const char* instant;
  const char* start;
  const char* end;
};

EventTime At(const char* text) { return ParseTimestamp(text).value(); }

// event-time.md 17.L; L14 is a tumbling window.
constexpr Case kCases[] = {
    {"L1", "UTC", "day", "2024-03-31 12:00", "2024-03-31 00:00", "2024-04-01 00:00"},
    {"L2", "Europe/Berlin", "day", "2024-03-31 12:00", "2024-03-30 23:00", "2024-03-31 22:00"},
    {"L3", "Europe/Berlin", "day", "2024-10-27 12:00", "2024-10-26 22:00", "2024-10-27 23:00"},
    {"L4", "America/Sao_Paulo", "day", "2018-11-04 12:00", "2018-11-04 03:00", "2018-11-05 02:00"},
    {"L5", "America/Havana", "day", "2024-11-03 04:30", "2024-11-03 04:00", "2024-11-04 05:00"},
    {"L6a", "Pacific/Apia", "day", "2011-12-30 09:59:59", "2011-12-29 10:00", "2011-12-30 10:00"},
    {"L6b", "Pacific/Apia", "day", "2011-12-30 10:00", "2011-12-30 10:00", "2011-12-31 10:00"},
    {"L7", "America/St_Johns", "day", "2010-11-07 03:00", "2010-11-07 02:30", "2010-11-08 03:30"},
    {"L8", "America/New_York", "day", "2024-03-10 12:00", "2024-03-10 05:00", "2024-03-11 04:00"},
    {"L9", "Asia/Kolkata", "month", "2024-02-15 00:00", "2024-01-31 18:30", "2024-02-29 18:30"},
    {"L10", "Asia/Kolkata", "month", "2024-01-31 18:29:59", "2023-12-31 18:30", "2024-01-31 18:30"},
    {"L11", "Europe/Berlin", "year", "2024-12-31 23:30", "2024-12-31 23:00", "2025-12-31 23:00"},
    {"L12a", "UTC", "week", "2024-12-30 00:00", "2024-12-30 00:00", "2025-01-06 00:00"},
    {"L12b", "UTC", "week", "2024-12-29 23:59:59", "2024-12-23 00:00", "2024-12-30 00:00"},
    {"L13", "America/New_York", "quarter", "2024-05-10 00:00", "2024-04-01 04:00",
     "2024-07-01 04:00"},
};

class Calendars : public ::testing::TestWithParam<Case> {};

TEST_P(Calendars, HoldsTheInstant) {
  const Case& c = GetParam();
  const auto grid = CalendarGrid::Make(c.unit, c.zone, "monday").value();
  const TimeRange window = grid.WindowOf(At(c.instant));
  EXPECT_EQ(FormatSqlTimestamp(window.start), FormatSqlTimestamp(At(c.start)));
  EXPECT_EQ(FormatSqlTimestamp(window.end), FormatSqlTimestamp(At(c.end)));
}

INSTANTIATE_TEST_SUITE_P(EventTime17, Calendars, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.id); });

TEST(Calendar, WindowsAreContiguousOverZoneChanges) {
  for (const char* zone : {"Europe/Berlin", "America/St_Johns", "Pacific/Apia", "America/Havana"}) {
    for (const char* unit : {"day", "week", "month"}) {
      const auto grid = CalendarGrid::Make(unit, zone, "sunday").value();
      const EventTime end = At("2012-03-01 00:00");
      TimeRange before = grid.WindowOf(At("2009-12-01 00:00"));
      for (int64_t step = 0; before.end < end; ++step) {
        const TimeRange window = grid.WindowOf(before.end);
        ASSERT_EQ(window.start, before.end) << zone << " " << unit << " " << step;
        ASSERT_EQ(grid.WindowOf(window.end - nanoseconds(1)), window) << zone << " " << unit;
        before = window;
      }
    }
  }
}

TEST(Calendar, WeeksBeginWhenTheyAreTold) {
  const auto grid = CalendarGrid::Make("week", "", "sunday").value();
  EXPECT_EQ(grid.WindowOf(At("2024-12-30 00:00")).start, At("2024-12-29 00:00"));
}

ZoneRules Rules(EventTime from, std::string_view rule) {
  return {from, "", TimeZone::FromTzif(MakeTzif(rule)).value()};
}

// event-time.md section 3, step 6.
TEST(Calendar, RulesChangeAtABoundary) {
  const ZoneRules berlin = Rules({INT64_MIN}, "CET-1CEST,M3.5.0,M10.5.0/3");
  const EventTime change = At("2026-11-26 23:00");  // midnight in Berlin
  for (const char* unit : {"day", "week", "month", "quarter", "year"}) {
    const auto before = CalendarGrid::Make(unit, {berlin}, "monday").value();
    // Without summer time, farther east, and so far that the new clocks show noon.
    for (const char* rule : {"CET-1", "EET-2", "<+13>-13"}) {
      SCOPED_TRACE(std::string(unit) + " " + rule);
      const ZoneRules changed = Rules(before.WindowOf(change).start, rule);
      const auto alone = CalendarGrid::Make(unit, {Rules({INT64_MIN}, rule)}, "monday").value();
      const auto grid = CalendarGrid::Make(unit, {berlin, changed}, "monday").value();
      TimeRange window = grid.WindowOf(At("2019-05-01 00:00"));
      for (int after = 0; after < 400 && window.end < At("2200-01-01");) {
        ASSERT_EQ(grid.WindowOf(window.start), window);
        ASSERT_EQ(grid.WindowOf(window.end - nanoseconds(1)), window);
        ASSERT_LE(window.end - window.start, grid.longest());
        if (window.start < changed.from) {
          ASSERT_EQ(window, before.WindowOf(window.start));
        } else {
          ASSERT_EQ(window.end, alone.WindowOf(window.start).end);
          ASSERT_EQ(window.start, after == 0 ? changed.from : alone.WindowOf(window.start).start);
          ++after;
        }
        const TimeRange next = grid.WindowOf(window.end);
        ASSERT_EQ(next.start, window.end);
        window = next;
      }
    }
  }
}

TEST(Calendar, CountsAShortWindowUnderNewRules) {
  const EventTime change = At("2026-11-26 23:00");
  const auto grid = CalendarGrid::Make("day",
                                       {Rules({INT64_MIN}, "CET-1"),
                                        Rules(change, "UTC0")},  // an hour of the 26th is left
                                       "monday")
                        .value();
  EXPECT_EQ(grid.WindowOf(change), (TimeRange{change, change + hours(1)}));
  const auto windows = Windows::Calendar(std::make_shared<const CalendarGrid>(grid));
  const TimeRange hull = windows.HullOf({change - hours(1), change + hours(2)});
  EXPECT_EQ(hull, (TimeRange{change - hours(24), change + hours(25)}));
  int64_t count = 0;
  windows.ForEachOver(hull, [&](WindowId) { ++count; });
  EXPECT_EQ(count, 3);
  EXPECT_GE(windows.CountOver(hull), count);
}

TEST(Calendar, RulesAscend) {
  const ZoneRules first = Rules({INT64_MIN}, "CET-1");
  EXPECT_FALSE(CalendarGrid::Make("day", std::vector<ZoneRules>{}, "monday").ok());
  EXPECT_FALSE(CalendarGrid::Make("day", {Rules({0}, "CET-1")}, "monday").ok());
  EXPECT_FALSE(
      CalendarGrid::Make("day", {first, Rules({0}, "UTC0"), Rules({0}, "CET-1")}, "monday").ok());
}

TEST(Calendar, NamesWhatIsUnknown) {
  EXPECT_NE(CalendarGrid::Make("decade", "", "monday").error().message.find("\"decade\""),
            std::string::npos);
  EXPECT_NE(CalendarGrid::Make("day", "Mars/Base", "monday").error().message.find("Mars/Base"),
            std::string::npos);
  EXPECT_NE(CalendarGrid::Make("week", "", "funday").error().message.find("\"funday\""),
            std::string::npos);
}

}  // namespace
}  // namespace tidemark::view
