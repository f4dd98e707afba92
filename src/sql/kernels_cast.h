// SPDX-License-Identifier: Apache-2.0
// Casts and the texts of values (timestream-sql.md 2.4, 4.5). See kernels.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sql::kernels {

// Casts (timestream-sql.md 4.5).
Result<int64_t> DoubleToBigint(double x);
Result<int64_t> DoubleToInteger(double x);
Result<int64_t> BigintToInteger(int64_t x);
Result<int64_t> TextToBigint(std::string_view text);
Result<int64_t> TextToInteger(std::string_view text);
Result<double> TextToDouble(std::string_view text);
Result<bool> TextToBoolean(std::string_view text);
Result<int64_t> TextToTimestamp(std::string_view text);
Result<int64_t> TextToDate(std::string_view text);
Result<int64_t> TextToTime(std::string_view text);
Result<int64_t> Iso8601ToTimestamp(std::string_view text);
Result<int64_t> Iso8601ToDate(std::string_view text);
Result<std::string> DoubleText(double x);
Result<std::string> TimestampText(int64_t ns);
Result<std::string> DateText(int64_t days);
Result<std::string> TimeText(int64_t ns);
Result<std::string> DaySecondText(int64_t ns);
Result<std::string> YearMonthText(int64_t months);
Result<int64_t> DateToTimestamp(int64_t days);
Result<int64_t> TimestampToDate(int64_t ns);
Result<int64_t> TimestampToTime(int64_t ns);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachCast(Visitor&& visit) {
  visit("double_to_bigint", &DoubleToBigint);
  visit("double_to_integer", &DoubleToInteger);
  visit("bigint_to_integer", &BigintToInteger);
  visit("text_to_bigint", &TextToBigint);
  visit("text_to_integer", &TextToInteger);
  visit("text_to_double", &TextToDouble);
  visit("text_to_boolean", &TextToBoolean);
  visit("text_to_timestamp", &TextToTimestamp);
  visit("text_to_date", &TextToDate);
  visit("text_to_time", &TextToTime);
  visit("iso8601_to_timestamp", &Iso8601ToTimestamp);
  visit("iso8601_to_date", &Iso8601ToDate);
  visit("double_text", &DoubleText);
  visit("timestamp_text", &TimestampText);
  visit("date_text", &DateText);
  visit("time_text", &TimeText);
  visit("day_second_text", &DaySecondText);
  visit("year_month_text", &YearMonthText);
  visit("date_to_timestamp", &DateToTimestamp);
  visit("timestamp_to_date", &TimestampToDate);
  visit("timestamp_to_time", &TimestampToTime);
}

}  // namespace tidemark::sql::kernels
