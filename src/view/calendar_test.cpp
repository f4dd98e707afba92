// SPDX-License-Identifier: Apache-2.0
#include "view/calendar.h"

#include <gtest/gtest.h>

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
