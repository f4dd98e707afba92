// SPDX-License-Identifier: Apache-2.0
// Date and time (timestream-sql.md 4.3, 5.5).
#include <array>
#include <span>
#include <vector>

#include "sql/datetime_format.h"
#include "sql/functions_internal.h"

namespace tidemark::sql {
namespace {

using enum TypeKind;
using kernels::Fold;
namespace k = kernels;

Result<void> CheckWidth(const Value& width) {
  TM_RETURN_IF_ERROR(k::Bin(0, std::get<int64_t>(width.data)));
  return {};
}

Result<void> CheckUnit(const Value& unit) {
  TM_RETURN_IF_ERROR(k::DateTrunc(std::get<std::string>(unit.data), 0));
  return {};
}

void AddTimeArithmetic(OverloadTable& table) {
  const TypeKind ids = kIntervalDaySecond;
  const TypeKind iym = kIntervalYearMonth;
  // All of these are BIGINT inside; DuckDB's own INTERVAL would lose nanoseconds
  // (timestream-sql.md 4.3).
  for (const TypeKind type : {kTimestamp, ids}) {
    table.Add("+", {type, ids}, type, "($1 + $2)", Fold<&k::Add>);
    table.Add("-", {type, ids}, type, "($1 - $2)", Fold<&k::Subtract>);
  }
  table.Add("+", {ids, kTimestamp}, kTimestamp, "($1 + $2)", Fold<&k::Add>);
  table.Add("-", {kTimestamp, kTimestamp}, ids, "($1 - $2)", Fold<&k::Subtract>);
  table.Add("+", {iym, iym}, iym, "($1 + $2)", Fold<&k::Add>);
  table.Add("-", {iym, iym}, iym, "($1 - $2)", Fold<&k::Subtract>);
  table.Add("+", {kTimestamp, iym}, kTimestamp, "tm_add_months", Fold<&k::AddMonthsToTimestamp>);
  table.Add("+", {iym, kTimestamp}, kTimestamp, "tm_add_months($2, $1)");
  table.Add("-", {kTimestamp, iym}, kTimestamp, "tm_add_months($1, - $2)");
  table.Add("+", {kDate, iym}, kDate, "tm_add_months_to_date", Fold<&k::AddMonthsToDay>);
  table.Add("+", {iym, kDate}, kDate, "tm_add_months_to_date($2, $1)");
  table.Add("-", {kDate, iym}, kDate, "tm_add_months_to_date($1, - $2)");
  table.Add("+", {kDate, ids}, kDate, "tm_add_to_date", Fold<&k::AddToDate>);
  table.Add("+", {ids, kDate}, kDate, "tm_add_to_date($2, $1)");
  table.Add("-", {kDate, ids}, kDate, "tm_add_to_date($1, - $2)");
  table.Add("-", {kDate, kDate}, ids, "tm_days_to_interval($1 - $2)");
  table.Add("+", {kTime, ids}, kTime, "tm_add_to_time", Fold<&k::AddToTime>);
  table.Add("+", {ids, kTime}, kTime, "tm_add_to_time($2, $1)");
  table.Add("-", {kTime, ids}, kTime, "tm_add_to_time($1, - $2)");
  table.Add("-", {kTime, kTime}, ids, "($1 - $2)", Fold<&k::Subtract>);
  for (const TypeKind type : {ids, iym}) {
    table.Add("*", {type, kBigint}, type, "($1 * $2)", Fold<&k::Multiply>);
    table.Add("*", {kBigint, type}, type, "($1 * $2)", Fold<&k::Multiply>);
    table.Add("*", {type, kDouble}, type, "tm_scale_interval", Fold<&k::ScaleInterval>);
    table.Add("*", {kDouble, type}, type, "tm_scale_interval($2, $1)");
    table.Add("/", {type, kDouble}, type, "tm_shrink_interval", Fold<&k::ShrinkInterval>);
    table.Add("NEG", {type}, type, "(- $1)", Fold<&k::Negate>);
    table.Add("POS", {type}, type, "$1");
  }
}

/// Fields of dates and instants, and of intervals.
void AddFields(OverloadTable& table) {
  struct Field {
    std::vector<std::string_view> names;
    std::string_view of_instant;
    std::string_view of_day;
    kernels::FoldFunction fold_instant;
    kernels::FoldFunction fold_day;
  };
  const std::vector<Field> fields{
      {{"year"}, "tm_year_at", "tm_year", Fold<&k::OfInstant<k::YearOf>>, Fold<&k::YearOf>},
      {{"quarter"},
       "tm_quarter_at",
       "tm_quarter",
       Fold<&k::OfInstant<k::QuarterOf>>,
       Fold<&k::QuarterOf>},
      {{"month"}, "tm_month_at", "tm_month", Fold<&k::OfInstant<k::MonthOf>>, Fold<&k::MonthOf>},
      {{"day", "day_of_month"},
       "tm_day_at",
       "tm_day",
       Fold<&k::OfInstant<k::DayOfMonth>>,
       Fold<&k::DayOfMonth>},
      {{"day_of_week", "dow"},
       "tm_day_of_week_at",
       "tm_day_of_week",
       Fold<&k::OfInstant<k::DayOfWeek>>,
       Fold<&k::DayOfWeek>},
      {{"day_of_year", "doy"},
       "tm_day_of_year_at",
       "tm_day_of_year",
       Fold<&k::OfInstant<k::DayOfYear>>,
       Fold<&k::DayOfYear>},
      {{"week", "week_of_year"},
       "tm_week_at",
       "tm_week",
       Fold<&k::OfInstant<k::WeekOfYear>>,
       Fold<&k::WeekOfYear>},
      {{"year_of_week", "yow"},
       "tm_year_of_week_at",
       "tm_year_of_week",
       Fold<&k::OfInstant<k::YearOfWeek>>,
       Fold<&k::YearOfWeek>},
  };
  for (const Field& field : fields) {
    for (const std::string_view name : field.names) {
      table.Add(name, {kTimestamp}, kBigint, field.of_instant, field.fold_instant);
      table.Add(name, {kDate}, kBigint, field.of_day, field.fold_day);
    }
  }
  table.Add("last_day_of_month", {kTimestamp}, kDate, "tm_last_day_of_month_at",
            Fold<&k::OfInstant<k::LastDayOfMonth>>);
  table.Add("last_day_of_month", {kDate}, kDate, "tm_last_day_of_month", Fold<&k::LastDayOfMonth>);
  table.Add("year", {kIntervalYearMonth}, kBigint, "tm_interval_year", Fold<&k::IntervalYears>);
  table.Add("month", {kIntervalYearMonth}, kBigint, "tm_interval_month", Fold<&k::IntervalMonths>);
  table.Add("day", {kIntervalDaySecond}, kBigint, "tm_interval_day", Fold<&k::IntervalDays>);
}

Result<Value> FoldZero(std::span<const Value>) { return Value{int64_t{0}}; }

void AddClockFields(OverloadTable& table) {
  struct Field {
    std::string_view name;
    std::string_view of_time;
    std::string_view of_interval;
    kernels::FoldFunction fold_time;
    kernels::FoldFunction fold_interval;
  };
  constexpr std::array kFields{
      Field{"hour", "tm_hour", "tm_interval_hour", Fold<&k::HourOf>, Fold<&k::IntervalHours>},
      Field{"minute", "tm_minute", "tm_interval_minute", Fold<&k::MinuteOf>,
            Fold<&k::IntervalMinutes>},
      Field{"second", "tm_second", "tm_interval_second", Fold<&k::SecondOf>,
            Fold<&k::IntervalSeconds>},
      Field{"millisecond", "tm_millisecond", "tm_interval_millisecond", Fold<&k::MillisecondOf>,
            Fold<&k::IntervalMilliseconds>},
      Field{"nanosecond", "tm_nanosecond", "tm_interval_nanosecond", Fold<&k::NanosecondOf>,
            Fold<&k::IntervalNanoseconds>},
  };
  for (const Field& field : kFields) {
    table.Add(field.name, {kTimestamp}, kBigint, field.of_time, field.fold_time);
    table.Add(field.name, {kTime}, kBigint, field.of_time, field.fold_time);
    table.Add(field.name, {kDate}, kBigint, "($1 * 0)", FoldZero);
    table.Add(field.name, {kIntervalDaySecond}, kBigint, field.of_interval, field.fold_interval);
  }
}

void AddCalendar(OverloadTable& table) {
  table.Add("date_trunc", {kVarchar, kTimestamp}, kTimestamp, "tm_date_trunc", Fold<&k::DateTrunc>)
      .Check(0, CheckUnit);
  table.Add("date_trunc", {kVarchar, kDate}, kDate, "tm_date_trunc_date", Fold<&k::DateTruncDate>)
      .Check(0, CheckUnit);
  table.Add("date_trunc", {kVarchar, kTime}, kTime, "tm_date_trunc_time", Fold<&k::DateTruncTime>)
      .Check(0, CheckUnit);
  table
      .Add("date_add", {kVarchar, kBigint, kTimestamp}, kTimestamp, "tm_date_add",
           Fold<&k::DateAdd>)
      .Check(0, CheckUnit);
  table
      .Add("date_add", {kVarchar, kBigint, kDate}, kDate, "tm_date_add_date", Fold<&k::DateAddDate>)
      .Check(0, CheckUnit);
  table
      .Add("date_add", {kVarchar, kBigint, kTime}, kTime, "tm_date_add_time", Fold<&k::DateAddTime>)
      .Check(0, CheckUnit);
  table
      .Add("date_diff", {kVarchar, kTimestamp, kTimestamp}, kBigint, "tm_date_diff",
           Fold<&k::DateDiff>)
      .Check(0, CheckUnit);
  table
      .Add("date_diff", {kVarchar, kDate, kDate}, kBigint, "tm_date_diff_date",
           Fold<&k::DateDiffDate>)
      .Check(0, CheckUnit);
  table
      .Add("date_diff", {kVarchar, kTime, kTime}, kBigint, "tm_date_diff_time",
           Fold<&k::DateDiffTime>)
      .Check(0, CheckUnit);
}

/// Numbers and texts from and to time.
void AddConversions(OverloadTable& table) {
  table.Add("to_milliseconds", {kTimestamp}, kBigint, "($1 // 1000000)", Fold<&k::ToMilliseconds>);
  table.Add("to_milliseconds", {kIntervalDaySecond}, kBigint, "($1 // 1000000)",
            Fold<&k::ToMilliseconds>);
  table.Add("to_nanoseconds", {kTimestamp}, kBigint, "$1");
  table.Add("to_nanoseconds", {kIntervalDaySecond}, kBigint, "$1");
  table.Add("from_milliseconds", {kBigint}, kTimestamp, "tm_from_milliseconds",
            Fold<&k::FromMilliseconds>);
  table.Add("from_nanoseconds", {kBigint}, kTimestamp, "$1", FoldSame);
  table.Add("from_unixtime", {kDouble}, kTimestamp, "tm_from_unixtime", Fold<&k::FromUnixtime>);
  table.Add("to_unixtime", {kTimestamp}, kDouble, "tm_to_unixtime", Fold<&k::ToUnixtime>);
  table.Add("to_iso8601", {kTimestamp}, kVarchar, "tm_to_iso8601", Fold<&k::ToIso8601>);
  table.Add("to_iso8601", {kDate}, kVarchar, "tm_date_text", Fold<&k::DateText>);
  table.Add("from_iso8601_timestamp", {kVarchar}, kTimestamp, "tm_iso8601_to_timestamp",
            Fold<&k::Iso8601ToTimestamp>);
  table.Add("from_iso8601_date", {kVarchar}, kDate, "tm_iso8601_to_date", Fold<&k::Iso8601ToDate>);
  table.Add("parse_duration", {kVarchar}, kIntervalDaySecond, "tm_parse_duration",
            Fold<&k::ParseDaySecond>);
  table.Add("date", {kTimestamp}, kDate, "tm_timestamp_to_date", Fold<&k::TimestampToDate>);
  table.Add("date", {kDate}, kDate, "$1", FoldSame);
}

Result<void> CheckMysqlPattern(const Value& pattern) {
  TM_RETURN_IF_ERROR(CompileMysqlPattern(std::get<std::string>(pattern.data)));
  return {};
}

Result<void> CheckJodaPattern(const Value& pattern) {
  TM_RETURN_IF_ERROR(CompileJodaPattern(std::get<std::string>(pattern.data)));
  return {};
}

Result<void> CheckZone(const Value& zone) {
  TM_RETURN_IF_ERROR(k::AtTimeZone(0, std::get<std::string>(zone.data)));
  return {};
}

void AddFormats(OverloadTable& table) {
  table.Add("date_format", {kTimestamp, kVarchar}, kVarchar, "tm_date_format", Fold<&k::DateFormat>)
      .Check(1, CheckMysqlPattern);
  table.Add("date_parse", {kVarchar, kVarchar}, kTimestamp, "tm_date_parse", Fold<&k::DateParse>)
      .Check(1, CheckMysqlPattern);
  table
      .Add("format_datetime", {kTimestamp, kVarchar}, kVarchar, "tm_format_datetime",
           Fold<&k::FormatDatetime>)
      .Check(1, CheckJodaPattern);
  table
      .Add("parse_datetime", {kVarchar, kVarchar}, kTimestamp, "tm_parse_datetime",
           Fold<&k::ParseDatetime>)
      .Check(1, CheckJodaPattern);
  table
      .Add("at_timezone", {kTimestamp, kVarchar}, kTimestamp, "tm_at_time_zone",
           Fold<&k::AtTimeZone>)
      .Check(1, CheckZone);
}

}  // namespace

void AddTime(OverloadTable& table) {
  AddTimeArithmetic(table);
  AddFields(table);
  AddClockFields(table);
  AddCalendar(table);
  AddConversions(table);
  AddFormats(table);
  table.Add("bin", {kTimestamp, kIntervalDaySecond}, kTimestamp, "tm_bin", Fold<&k::Bin>)
      .Check(1, CheckWidth);
}

}  // namespace tidemark::sql
