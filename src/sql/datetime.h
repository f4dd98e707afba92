// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic and the texts of temporal types (timestream-sql.md 2.4, 4.2, 4.3). Proleptic
// Gregorian, UTC, exact in nanoseconds, also before 1970. Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sql {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;
inline constexpr int64_t kNsPerDay = 86'400 * kNsPerSecond;

struct CivilDate {
  int64_t year = 1970;
  int64_t month = 1;  // 1..12
  int64_t day = 1;    // 1..31
};

int64_t DaysOf(CivilDate date);
CivilDate CivilOf(int64_t days);
int64_t DaysInMonth(int64_t year, int64_t month);
/// ISO 8601: weeks begin on Monday; week 1 is the one with January 4th.
struct IsoWeek {
  int64_t year = 1970;
  int64_t week = 1;     // 1..53
  int64_t weekday = 1;  // 1: Monday .. 7
};
IsoWeek IsoWeekOf(int64_t days);
/// The Monday of week 1 of an ISO year.
int64_t FirstMonday(int64_t iso_year);
/// Floor: the day that contains `ns`.
int64_t DayOf(int64_t ns);

/// "YYYY-M-D[ |T hh:mm[:ss[.f{1,9}]]][Z| UTC|+hh:mm|+hhmm|+hh]" -> ns. kInvalidArgument shows the
/// text.
Result<int64_t> ParseTimestampText(std::string_view text);
Result<int64_t> ParseDateText(std::string_view text);  // days
Result<int64_t> ParseTimeText(std::string_view text);  // ns of the day
/// ISO 8601: YYYY[-MM[-DD]], YYYY-Www[-D], YYYY-DDD, then Thh[:mm[:ss[(.|,)f]]] and a zone.
Result<int64_t> ParseIso8601Timestamp(std::string_view text);
Result<int64_t> ParseIso8601Date(std::string_view text);  // days
/// "10day", "42.8ms", "1 h": nanoseconds or months (timestream-sql.md 1.2).
struct ParsedDuration {
  int64_t nanoseconds = 0;
  int64_t months = 0;
  bool in_months = false;
};
Result<ParsedDuration> ParseDurationText(std::string_view text);
/// The number of a duration literal times its unit.
Result<ParsedDuration> MakeDuration(std::string_view number, std::string_view unit);

void AppendDateText(int64_t days, std::string& out);
void AppendTimeText(int64_t ns, std::string& out);
void AppendTimestampText(int64_t ns, std::string& out);
void AppendDaySecondText(int64_t ns, std::string& out);
void AppendYearMonthText(int64_t months, std::string& out);

/// Day clipped to the month's end, time of day kept. kOutOfRange beyond int64 nanoseconds.
Result<int64_t> AddMonths(int64_t ns, int64_t months);
Result<int64_t> AddMonthsToDate(int64_t days, int64_t months);

enum class DateUnit : uint8_t {
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear
};
/// Any case; none if unknown.
std::optional<DateUnit> ParseDateUnit(std::string_view text);
/// Length of the units up to kWeek in nanoseconds; 0 for calendar units.
int64_t FixedUnitNs(DateUnit unit);
/// Start of the unit that contains `ns`; weeks begin on Monday.
Result<int64_t> TruncateTo(DateUnit unit, int64_t ns);

}  // namespace tidemark::sql
