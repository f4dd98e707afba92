// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels_time.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/time.h"
#include "base/time_zone.h"
#include "sql/datetime.h"
#include "sql/datetime_format.h"
#include "sql/kernels_cast.h"
#include "sql/kernels_internal.h"
#include "sql/kernels_math.h"

namespace tidemark::sql::kernels {

Result<int64_t> Bin(int64_t ns, int64_t width) {
  if (width <= 0) return Invalid("the width of bin() must be positive");
  return FloorTo(EventTime{ns}, nanoseconds(width)).ns;
}

namespace {

Result<DateUnit> UnitOf(std::string_view unit, std::string_view type, DateUnit least,
                        DateUnit most) {
  const auto found = ParseDateUnit(unit);
  if (!found || *found < least || *found > most) {
    return Invalid(fmt::format("'{}' is not a valid {} field", unit.substr(0, 50), type));
  }
  return *found;
}

Result<DateUnit> TimestampUnit(std::string_view unit) {
  return UnitOf(unit, "TIMESTAMP", DateUnit::kMillisecond, DateUnit::kYear);
}
Result<DateUnit> DateOnlyUnit(std::string_view unit) {
  return UnitOf(unit, "DATE", DateUnit::kDay, DateUnit::kYear);
}
Result<DateUnit> TimeUnit(std::string_view unit) {
  return UnitOf(unit, "TIME", DateUnit::kMillisecond, DateUnit::kHour);
}

/// Of kMonth, kQuarter, kYear.
int64_t MonthsIn(DateUnit unit) {
  return unit == DateUnit::kYear ? 12 : unit == DateUnit::kQuarter ? 3 : 1;
}

/// Complete months from a to b >= a; the later day stands for a's where the month is too short.
int64_t MonthsBetween(int64_t a, int64_t b) {
  const CivilDate from = CivilOf(DayOf(a));
  const CivilDate to = CivilOf(DayOf(b));
  const int64_t months = (to.year - from.year) * 12 + to.month - from.month;
  const Result<int64_t> moved = AddMonths(a, months);
  // What lies beyond the range of time lies behind b.
  return !moved.ok() || *moved > b ? months - 1 : months;
}

int64_t TimeOfDay(int64_t ns) {
  const int64_t rest = ns % kNsPerDay;
  return rest < 0 ? rest + kNsPerDay : rest;
}

}  // namespace

Result<int64_t> DateTrunc(std::string_view unit, int64_t ns) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, TimestampUnit(unit));
  return TruncateTo(found, ns);
}
Result<int64_t> DateTruncDate(std::string_view unit, int64_t days) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, DateOnlyUnit(unit));
  TM_ASSIGN_OR_RETURN(const int64_t ns, DateToTimestamp(days));
  TM_ASSIGN_OR_RETURN(const int64_t truncated, TruncateTo(found, ns));
  return DayOf(truncated);
}
Result<int64_t> DateTruncTime(std::string_view unit, int64_t time) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, TimeUnit(unit));
  return time - time % FixedUnitNs(found);
}

Result<int64_t> DateAdd(std::string_view unit, int64_t count, int64_t ns) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, TimestampUnit(unit));
  if (const int64_t width = FixedUnitNs(found); width != 0) {
    TM_ASSIGN_OR_RETURN(const int64_t change, Multiply(count, width));
    return Add(ns, change);
  }
  TM_ASSIGN_OR_RETURN(const int64_t months, Multiply(count, MonthsIn(found)));
  return AddMonths(ns, months);
}
Result<int64_t> DateAddDate(std::string_view unit, int64_t count, int64_t days) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, DateOnlyUnit(unit));
  if (FixedUnitNs(found) != 0) {
    TM_ASSIGN_OR_RETURN(const int64_t change, Multiply(count, FixedUnitNs(found) / kNsPerDay));
    return Add(days, change);
  }
  TM_ASSIGN_OR_RETURN(const int64_t months, Multiply(count, MonthsIn(found)));
  return AddMonthsToDate(days, months);
}
Result<int64_t> DateAddTime(std::string_view unit, int64_t count, int64_t time) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, TimeUnit(unit));
  const int64_t width = FixedUnitNs(found);
  return TimeOfDay(time + count % (kNsPerDay / width) * width);
}

Result<int64_t> DateDiff(std::string_view unit, int64_t a, int64_t b) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, TimestampUnit(unit));
  if (const int64_t width = FixedUnitNs(found); width != 0) {
    TM_ASSIGN_OR_RETURN(const int64_t difference, Subtract(b, a));
    return difference / width;
  }
  const int64_t units = MonthsBetween(std::min(a, b), std::max(a, b)) / MonthsIn(found);
  return a <= b ? units : -units;
}
Result<int64_t> DateDiffDate(std::string_view unit, int64_t a, int64_t b) {
  TM_RETURN_IF_ERROR(DateOnlyUnit(unit));
  TM_ASSIGN_OR_RETURN(const int64_t from, DateToTimestamp(a));
  TM_ASSIGN_OR_RETURN(const int64_t to, DateToTimestamp(b));
  return DateDiff(unit, from, to);
}
Result<int64_t> DateDiffTime(std::string_view unit, int64_t a, int64_t b) {
  TM_ASSIGN_OR_RETURN(const DateUnit found, TimeUnit(unit));
  return (b - a) / FixedUnitNs(found);
}

Result<int64_t> AddMonthsToTimestamp(int64_t ns, int64_t months) { return AddMonths(ns, months); }
Result<int64_t> AddMonthsToDay(int64_t days, int64_t months) {
  return AddMonthsToDate(days, months);
}
Result<int64_t> AddToDate(int64_t days, int64_t ns) {
  if (ns % kNsPerDay != 0) return Invalid("Cannot add hour, minutes or seconds to a date");
  return Add(days, ns / kNsPerDay);
}
Result<int64_t> AddToTime(int64_t time, int64_t ns) { return TimeOfDay(time + ns % kNsPerDay); }
Result<int64_t> DaysToInterval(int64_t days) { return Multiply(days, kNsPerDay); }
Result<int64_t> FromMilliseconds(int64_t ms) {
  int64_t out = 0;
  if (__builtin_mul_overflow(ms, int64_t{1'000'000}, &out)) return OutOfRange("timestamp");
  return out;
}
Result<int64_t> ToMilliseconds(int64_t ns) { return ns / 1'000'000; }
Result<int64_t> ParseDaySecond(std::string_view text) {
  TM_ASSIGN_OR_RETURN(const ParsedDuration duration, ParseDurationText(text));
  if (duration.in_months) return Invalid(fmt::format("'{}' is not a day to second interval", text));
  return duration.nanoseconds;
}

Result<int64_t> YearOf(int64_t days) { return CivilOf(days).year; }
Result<int64_t> QuarterOf(int64_t days) { return (CivilOf(days).month + 2) / 3; }
Result<int64_t> MonthOf(int64_t days) { return CivilOf(days).month; }
Result<int64_t> DayOfMonth(int64_t days) { return CivilOf(days).day; }
Result<int64_t> DayOfWeek(int64_t days) { return IsoWeekOf(days).weekday; }
Result<int64_t> DayOfYear(int64_t days) { return days - DaysOf({CivilOf(days).year, 1, 1}) + 1; }
Result<int64_t> WeekOfYear(int64_t days) { return IsoWeekOf(days).week; }
Result<int64_t> YearOfWeek(int64_t days) { return IsoWeekOf(days).year; }
Result<int64_t> LastDayOfMonth(int64_t days) {
  CivilDate date = CivilOf(days);
  date.day = DaysInMonth(date.year, date.month);
  return DaysOf(date);
}

Result<int64_t> HourOf(int64_t ns) { return TimeOfDay(ns) / (3600 * kNsPerSecond); }
Result<int64_t> MinuteOf(int64_t ns) { return TimeOfDay(ns) / (60 * kNsPerSecond) % 60; }
Result<int64_t> SecondOf(int64_t ns) { return TimeOfDay(ns) / kNsPerSecond % 60; }
Result<int64_t> MillisecondOf(int64_t ns) { return TimeOfDay(ns) / 1'000'000 % 1000; }
Result<int64_t> NanosecondOf(int64_t ns) { return TimeOfDay(ns) % kNsPerSecond; }

Result<int64_t> IntervalDays(int64_t ns) { return ns / kNsPerDay; }
Result<int64_t> IntervalHours(int64_t ns) { return ns / (3600 * kNsPerSecond) % 24; }
Result<int64_t> IntervalMinutes(int64_t ns) { return ns / (60 * kNsPerSecond) % 60; }
Result<int64_t> IntervalSeconds(int64_t ns) { return ns / kNsPerSecond % 60; }
Result<int64_t> IntervalMilliseconds(int64_t ns) { return ns / 1'000'000 % 1000; }
Result<int64_t> IntervalNanoseconds(int64_t ns) { return ns % kNsPerSecond; }
Result<int64_t> IntervalYears(int64_t months) { return months / 12; }
Result<int64_t> IntervalMonths(int64_t months) { return months % 12; }

Result<int64_t> FromUnixtime(double seconds) {
  if (std::isnan(seconds)) return 0;
  const double ms = std::floor(seconds * 1000.0 + 0.5);
  if (!(ms > -1e16 && ms < 1e16)) return OutOfRange("timestamp");
  return FromMilliseconds(static_cast<int64_t>(ms));
}
Result<double> ToUnixtime(int64_t ns) { return static_cast<double>(ns) / 1e9; }
Result<std::string> ToIso8601(int64_t ns) {
  TM_ASSIGN_OR_RETURN(std::string text, TimestampText(ns));
  text[text.find(' ')] = 'T';
  return text + "Z";
}

Result<int64_t> AtTimeZone(int64_t ns, std::string_view zone) {
  // A thread's last zone is kept: its file is read once.
  thread_local std::string name;
  thread_local std::optional<TimeZone> last;
  if (!last || name != zone) {
    last.reset();
    TM_ASSIGN_OR_RETURN(last, TimeZone::Find(zone));
    name = zone;
  }
  return Add(ns,
             last->OffsetAt(ns / kNsPerSecond - (ns % kNsPerSecond < 0 ? 1 : 0)) * kNsPerSecond);
}

namespace {

/// The pattern is nearly always the same from row to row; a thread's last one is kept.
template <Result<DatetimeFormat> (*Compile)(std::string_view)>
Result<const DatetimeFormat*> Compiled(std::string_view pattern) {
  thread_local std::string text;
  thread_local std::optional<DatetimeFormat> last;
  if (!last || text != pattern) {
    last.reset();
    TM_ASSIGN_OR_RETURN(last, Compile(pattern));
    text = pattern;
  }
  return &*last;
}

}  // namespace

Result<std::string> DateFormat(int64_t ns, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const DatetimeFormat* format, Compiled<CompileMysqlPattern>(pattern));
  return format->Format(ns);
}
Result<int64_t> DateParse(std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const DatetimeFormat* format, Compiled<CompileMysqlPattern>(pattern));
  return format->Parse(text);
}
Result<std::string> FormatDatetime(int64_t ns, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const DatetimeFormat* format, Compiled<CompileJodaPattern>(pattern));
  return format->Format(ns);
}
Result<int64_t> ParseDatetime(std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const DatetimeFormat* format, Compiled<CompileJodaPattern>(pattern));
  return format->Parse(text);
}

}  // namespace tidemark::sql::kernels
