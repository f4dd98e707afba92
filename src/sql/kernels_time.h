// SPDX-License-Identifier: Apache-2.0
// Date and time (timestream-sql.md 5.5). See kernels.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/kernels_cast.h"

namespace tidemark::sql::kernels {

// Time.
Result<int64_t> Bin(int64_t ns, int64_t width);
Result<int64_t> DateTrunc(std::string_view unit, int64_t ns);
Result<int64_t> DateTruncDate(std::string_view unit, int64_t days);
Result<int64_t> DateTruncTime(std::string_view unit, int64_t time);
Result<int64_t> AddMonthsToTimestamp(int64_t ns, int64_t months);
Result<int64_t> AddMonthsToDay(int64_t days, int64_t months);
Result<int64_t> AddToDate(int64_t days, int64_t ns);  // whole days only
Result<int64_t> AddToTime(int64_t time, int64_t ns);  // wraps at midnight
Result<int64_t> DaysToInterval(int64_t days);
Result<int64_t> FromMilliseconds(int64_t ms);
Result<int64_t> ToMilliseconds(int64_t ns);
Result<int64_t> ParseDaySecond(std::string_view text);

// Fields of a day (days since 1970); weeks begin on Monday, week 1 holds January 4th (ISO 8601).
Result<int64_t> YearOf(int64_t days);
Result<int64_t> QuarterOf(int64_t days);
Result<int64_t> MonthOf(int64_t days);
Result<int64_t> DayOfMonth(int64_t days);
Result<int64_t> DayOfWeek(int64_t days);  // 1: Monday
Result<int64_t> DayOfYear(int64_t days);
Result<int64_t> WeekOfYear(int64_t days);
Result<int64_t> YearOfWeek(int64_t days);
Result<int64_t> LastDayOfMonth(int64_t days);
/// The same of the day that contains `ns`.
template <Result<int64_t> (*OfDay)(int64_t)>
Result<int64_t> OfInstant(int64_t ns) {
  TM_ASSIGN_OR_RETURN(const int64_t days, TimestampToDate(ns));
  return OfDay(days);
}
// Fields of a time of day or an instant.
Result<int64_t> HourOf(int64_t ns);
Result<int64_t> MinuteOf(int64_t ns);
Result<int64_t> SecondOf(int64_t ns);
Result<int64_t> MillisecondOf(int64_t ns);
Result<int64_t> NanosecondOf(int64_t ns);
// Components of an interval, with its sign; the day is unbounded.
Result<int64_t> IntervalDays(int64_t ns);
Result<int64_t> IntervalHours(int64_t ns);
Result<int64_t> IntervalMinutes(int64_t ns);
Result<int64_t> IntervalSeconds(int64_t ns);
Result<int64_t> IntervalMilliseconds(int64_t ns);
Result<int64_t> IntervalNanoseconds(int64_t ns);
Result<int64_t> IntervalYears(int64_t months);
Result<int64_t> IntervalMonths(int64_t months);

Result<int64_t> DateAdd(std::string_view unit, int64_t count, int64_t ns);
Result<int64_t> DateAddDate(std::string_view unit, int64_t count, int64_t days);
Result<int64_t> DateAddTime(std::string_view unit, int64_t count, int64_t time);
/// b - a in complete units.
Result<int64_t> DateDiff(std::string_view unit, int64_t a, int64_t b);
Result<int64_t> DateDiffDate(std::string_view unit, int64_t a, int64_t b);
Result<int64_t> DateDiffTime(std::string_view unit, int64_t a, int64_t b);

Result<int64_t> FromUnixtime(double seconds);  // to the nearest millisecond
Result<double> ToUnixtime(int64_t ns);
Result<std::string> ToIso8601(int64_t ns);
/// The wall clock of a zone ("Europe/Berlin", "+05:30") as a timestamp.
Result<int64_t> AtTimeZone(int64_t ns, std::string_view zone);

// Patterns: datetime_format.h.
Result<std::string> DateFormat(int64_t ns, std::string_view pattern);
Result<int64_t> DateParse(std::string_view text, std::string_view pattern);
Result<std::string> FormatDatetime(int64_t ns, std::string_view pattern);
Result<int64_t> ParseDatetime(std::string_view text, std::string_view pattern);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachTime(Visitor&& visit) {
  visit("date_trunc_time", &DateTruncTime);
  visit("bin", &Bin);
  visit("date_trunc", &DateTrunc);
  visit("date_trunc_date", &DateTruncDate);
  visit("add_months", &AddMonthsToTimestamp);
  visit("add_months_to_date", &AddMonthsToDay);
  visit("add_to_date", &AddToDate);
  visit("add_to_time", &AddToTime);
  visit("days_to_interval", &DaysToInterval);
  visit("from_milliseconds", &FromMilliseconds);
  visit("parse_duration", &ParseDaySecond);
  visit("year", &YearOf);
  visit("quarter", &QuarterOf);
  visit("month", &MonthOf);
  visit("day", &DayOfMonth);
  visit("day_of_week", &DayOfWeek);
  visit("day_of_year", &DayOfYear);
  visit("week", &WeekOfYear);
  visit("year_of_week", &YearOfWeek);
  visit("last_day_of_month", &LastDayOfMonth);
  visit("year_at", &OfInstant<YearOf>);
  visit("quarter_at", &OfInstant<QuarterOf>);
  visit("month_at", &OfInstant<MonthOf>);
  visit("day_at", &OfInstant<DayOfMonth>);
  visit("day_of_week_at", &OfInstant<DayOfWeek>);
  visit("day_of_year_at", &OfInstant<DayOfYear>);
  visit("week_at", &OfInstant<WeekOfYear>);
  visit("year_of_week_at", &OfInstant<YearOfWeek>);
  visit("last_day_of_month_at", &OfInstant<LastDayOfMonth>);
  visit("hour", &HourOf);
  visit("minute", &MinuteOf);
  visit("second", &SecondOf);
  visit("millisecond", &MillisecondOf);
  visit("nanosecond", &NanosecondOf);
  visit("interval_day", &IntervalDays);
  visit("interval_hour", &IntervalHours);
  visit("interval_minute", &IntervalMinutes);
  visit("interval_second", &IntervalSeconds);
  visit("interval_millisecond", &IntervalMilliseconds);
  visit("interval_nanosecond", &IntervalNanoseconds);
  visit("interval_year", &IntervalYears);
  visit("interval_month", &IntervalMonths);
  visit("date_add", &DateAdd);
  visit("date_add_date", &DateAddDate);
  visit("date_add_time", &DateAddTime);
  visit("date_diff", &DateDiff);
  visit("date_diff_date", &DateDiffDate);
  visit("date_diff_time", &DateDiffTime);
  visit("from_unixtime", &FromUnixtime);
  visit("to_unixtime", &ToUnixtime);
  visit("to_iso8601", &ToIso8601);
  visit("at_time_zone", &AtTimeZone);
  visit("date_format", &DateFormat);
  visit("date_parse", &DateParse);
  visit("format_datetime", &FormatDatetime);
  visit("parse_datetime", &ParseDatetime);
}

}  // namespace tidemark::sql::kernels
