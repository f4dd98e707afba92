// SPDX-License-Identifier: Apache-2.0
// Windows between local midnights of a time zone (event-time.md section 3, Calendar): days, weeks,
// months, quarters, years. Contiguous intervals of 23, 24 or 25 hours and the like; a date that a
// zone change skipped has none. Immutable.
//
// A zone's rules may change at a boundary: windows that begin before it are those of the rules
// before, and the first one under the new rules begins right there, whether their clocks show
// midnight then or not, and ends at their next boundary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace tidemark::view {

enum class CalendarUnit : uint8_t { kDay, kWeek, kMonth, kQuarter, kYear };

/// What the clocks of a zone show, for windows that begin at `from` or later.
struct ZoneRules {
  EventTime from{INT64_MIN};  // a boundary of the rules before; the first: all windows
  std::string version;        // of the zone data: "2026a"; "": it names none
  TimeZone zone;

  friend bool operator==(const ZoneRules&, const ZoneRules&) = default;
};

class CalendarGrid {
 public:
  /// "day", "week", "month", "quarter", "year"; an IANA zone or "" for UTC; "monday" to "sunday",
  /// read for weeks only. kInvalidArgument names what is unknown.
  static Result<CalendarGrid> Make(std::string_view unit, std::string_view zone,
                                   std::string_view week_start);
  /// Under rules whose `from` ascend, the first one from INT64_MIN on; kInvalidArgument otherwise.
  static Result<CalendarGrid> Make(std::string_view unit, std::vector<ZoneRules> rules,
                                   std::string_view week_start);

  /// Of an accepted time (base/time.h).
  TimeRange WindowOf(EventTime t) const;
  /// `start` is that of a window; the start of the next one, which is its end.
  EventTime Next(EventTime start) const { return WindowOf(start).end; }
  /// Bounds of their lengths, but for zone changes of more than an hour. The first window under
  /// new rules may be shorter.
  nanoseconds shortest() const;
  nanoseconds longest() const;
  /// How often the rules change.
  size_t changes() const { return rules_.size() - 1; }

 private:
  CalendarGrid(CalendarUnit unit, std::vector<ZoneRules> rules, int week_start)
      : unit_(unit), rules_(std::move(rules)), week_start_(week_start) {}

  struct Days;
  static Days DaysOf(CalendarUnit unit);
  int64_t Truncate(int64_t day) const;          // days since 1970, local
  int64_t After(int64_t day, int units) const;  // `day` is truncated
  TimeRange WindowBy(const TimeZone& zone, EventTime t) const;

  CalendarUnit unit_;
  std::vector<ZoneRules> rules_;  // ascending, not empty
  int week_start_;                // 0: Monday
};

}  // namespace tidemark::view
