// SPDX-License-Identifier: Apache-2.0
// Scalar functions in C++: one definition serves the execution engine (duck_scalar.cpp registers
// each under its name, and under "tm_try_..." with null instead of an error) and constant folding.
// A null argument gives null. Temporal types are int64 (type.h). Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/result.h"
#include "sql/type.h"

namespace tidemark::sql::kernels {

// Arithmetic. Errors are kInvalidArgument: "Division by zero", "... out of range".
Result<int64_t> Add(int64_t a, int64_t b);
Result<int64_t> Subtract(int64_t a, int64_t b);
Result<int64_t> Multiply(int64_t a, int64_t b);
Result<int64_t> Negate(int64_t a);
Result<int64_t> Divide(int64_t a, int64_t b);  // truncates
Result<int64_t> Modulo(int64_t a, int64_t b);  // sign of `a`
Result<double> AddDouble(double a, double b);
Result<double> SubtractDouble(double a, double b);
Result<double> MultiplyDouble(double a, double b);
Result<double> DivideDouble(double a, double b);
Result<double> ModuloDouble(double a, double b);
Result<double> NegateDouble(double a);
Result<int64_t> ScaleInterval(int64_t ns, double factor);
Result<int64_t> ShrinkInterval(int64_t ns, double divisor);
Result<int64_t> Absolute(int64_t a);

// Comparison of doubles: false where one is NaN (timestream-sql.md 4.4).
Result<bool> EqualDouble(double a, double b);
Result<bool> LessDouble(double a, double b);
Result<bool> LessEqualDouble(double a, double b);

// Rounding: half away from zero.
Result<double> Round(double x);
Result<double> RoundDigits(double x, int64_t digits);
Result<int64_t> RoundInteger(int64_t x, int64_t digits);

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

/// LIKE with an optional escape ("" or one character); kInvalidArgument: a bad escape.
Result<bool> Like(std::string_view text, std::string_view pattern, std::string_view escape);

/// Whether `pattern` (base/regex.h) is found anywhere in `text`, as the store's kRegex predicate.
Result<bool> RegexpLike(std::string_view text, std::string_view pattern);

/// Calls visitor.template operator()<&Kernel>("tm_name") for each kernel the engine registers.
template <typename Visitor>
void ForEachRegistered(Visitor&& visitor) {
  visitor.template operator()<&Divide>("div");
  visitor.template operator()<&Modulo>("mod");
  visitor.template operator()<&ScaleInterval>("scale_interval");
  visitor.template operator()<&ShrinkInterval>("shrink_interval");
  visitor.template operator()<&EqualDouble>("eq");
  visitor.template operator()<&LessDouble>("lt");
  visitor.template operator()<&LessEqualDouble>("le");
  visitor.template operator()<&Round>("round");
  visitor.template operator()<&RoundDigits>("round_digits");
  visitor.template operator()<&RoundInteger>("round_integer");
  visitor.template operator()<&DoubleToBigint>("double_to_bigint");
  visitor.template operator()<&DoubleToInteger>("double_to_integer");
  visitor.template operator()<&BigintToInteger>("bigint_to_integer");
  visitor.template operator()<&TextToBigint>("text_to_bigint");
  visitor.template operator()<&TextToInteger>("text_to_integer");
  visitor.template operator()<&TextToDouble>("text_to_double");
  visitor.template operator()<&TextToBoolean>("text_to_boolean");
  visitor.template operator()<&TextToTimestamp>("text_to_timestamp");
  visitor.template operator()<&TextToDate>("text_to_date");
  visitor.template operator()<&TextToTime>("text_to_time");
  visitor.template operator()<&Iso8601ToTimestamp>("iso8601_to_timestamp");
  visitor.template operator()<&Iso8601ToDate>("iso8601_to_date");
  visitor.template operator()<&DateTruncTime>("date_trunc_time");
  visitor.template operator()<&DoubleText>("double_text");
  visitor.template operator()<&TimestampText>("timestamp_text");
  visitor.template operator()<&DateText>("date_text");
  visitor.template operator()<&TimeText>("time_text");
  visitor.template operator()<&DaySecondText>("day_second_text");
  visitor.template operator()<&YearMonthText>("year_month_text");
  visitor.template operator()<&DateToTimestamp>("date_to_timestamp");
  visitor.template operator()<&TimestampToDate>("timestamp_to_date");
  visitor.template operator()<&TimestampToTime>("timestamp_to_time");
  visitor.template operator()<&Bin>("bin");
  visitor.template operator()<&DateTrunc>("date_trunc");
  visitor.template operator()<&DateTruncDate>("date_trunc_date");
  visitor.template operator()<&AddMonthsToTimestamp>("add_months");
  visitor.template operator()<&AddMonthsToDay>("add_months_to_date");
  visitor.template operator()<&AddToDate>("add_to_date");
  visitor.template operator()<&AddToTime>("add_to_time");
  visitor.template operator()<&DaysToInterval>("days_to_interval");
  visitor.template operator()<&FromMilliseconds>("from_milliseconds");
  visitor.template operator()<&ParseDaySecond>("parse_duration");
  visitor.template operator()<&Like>("like");
  visitor.template operator()<&RegexpLike>("regexp_like");
}

/// Evaluates a kernel over constants without nulls.
using FoldFunction = Result<Value> (*)(std::span<const Value>);

namespace internal {

template <typename T>
T Argument(const Value& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return std::get<std::string>(value.data);
  } else {
    return std::get<T>(value.data);
  }
}

template <typename R, typename... A, size_t... I>
Result<Value> Call(Result<R> (*function)(A...), std::span<const Value> args,
                   std::index_sequence<I...>) {
  Result<R> result = function(Argument<A>(args[I])...);
  if (!result.ok()) return std::move(result).error();
  Value value;
  value.data = std::move(result).value();
  return value;
}

template <typename R, typename... A>
Result<Value> Call(Result<R> (*function)(A...), std::span<const Value> args) {
  return Call(function, args, std::index_sequence_for<A...>{});
}

}  // namespace internal

template <auto Function>
Result<Value> Fold(std::span<const Value> args) {
  return internal::Call(Function, args);
}

}  // namespace tidemark::sql::kernels
