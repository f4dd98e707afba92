// SPDX-License-Identifier: Apache-2.0
// Windows between local midnights of a time zone (event-time.md section 3, Calendar): days, weeks,
// months, quarters, years. Contiguous intervals of 23, 24 or 25 hours and the like; a date that a
// zone change skipped has none. Immutable.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace tidemark::view {

enum class CalendarUnit : uint8_t { kDay, kWeek, kMonth, kQuarter, kYear };

class CalendarGrid {
 public:
  /// "day", "week", "month", "quarter", "year"; an IANA zone or "" for UTC; "monday" to "sunday",
  /// read for weeks only. kInvalidArgument names what is unknown.
  static Result<CalendarGrid> Make(std::string_view unit, std::string_view zone,
                                   std::string_view week_start);

  /// Of an accepted time (base/time.h).
  TimeRange WindowOf(EventTime t) const;
  /// `start` is that of a window; the start of the next one, which is its end.
  EventTime Next(EventTime start) const { return WindowOf(start).end; }
  /// Bounds of their lengths, but for zone changes of more than an hour.
  nanoseconds shortest() const;
  nanoseconds longest() const;

 private:
  CalendarGrid(CalendarUnit unit, TimeZone zone, int week_start)
      : unit_(unit), zone_(std::move(zone)), week_start_(week_start) {}

  struct Days;
  static Days DaysOf(CalendarUnit unit);
  int64_t Truncate(int64_t day) const;          // days since 1970, local
  int64_t After(int64_t day, int units) const;  // `day` is truncated
  EventTime StartOf(int64_t day) const;

  CalendarUnit unit_;
  TimeZone zone_;
  int week_start_;  // 0: Monday
};

}  // namespace tidemark::view
