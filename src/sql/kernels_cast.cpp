// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels_cast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/datetime.h"
#include "sql/kernels_internal.h"
#include "sql/unicode.h"

namespace tidemark::sql::kernels {
namespace {

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

/// Digits of any script, as Java's Long.parseLong reads them.
std::optional<int64_t> ParseDigits(std::string_view text) {
  const auto ascii = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), ascii)) return ParseInt64(text);
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const Decoded next = Decode(text, at);
    const auto digit = DecimalDigit(next.code_point);
    if (next.code_point >= 0x80 && !digit) return std::nullopt;
    plain += digit ? static_cast<char>('0' + *digit) : text[at];
    at += next.bytes;
  }
  return ParseInt64(plain);
}

Result<int64_t> RoundToInteger(double x, double limit, std::string_view type) {
  const double rounded = std::round(x);  // half away from zero
  if (std::isnan(x) || rounded >= limit || rounded < -limit) {
    return Invalid(fmt::format("Cannot cast {} to {}: out of range", FormatDoubleSql(x), type));
  }
  return static_cast<int64_t>(rounded);
}

}  // namespace

Result<int64_t> DoubleToBigint(double x) {
  return RoundToInteger(x, 9223372036854775808.0, "bigint");
}
Result<int64_t> DoubleToInteger(double x) { return RoundToInteger(x, 2147483648.0, "integer"); }
Result<int64_t> BigintToInteger(int64_t x) {
  if (x < std::numeric_limits<int32_t>::min() || x > std::numeric_limits<int32_t>::max()) {
    return Invalid(fmt::format("Cannot cast {} to integer: out of range", x));
  }
  return x;
}

Result<int64_t> TextToBigint(std::string_view text) {
  const auto n = ParseDigits(text);
  if (!n) return CannotCast(text, "bigint");
  return *n;
}
Result<int64_t> TextToInteger(std::string_view text) {
  const auto n = ParseDigits(text);
  if (!n || *n < std::numeric_limits<int32_t>::min() || *n > std::numeric_limits<int32_t>::max()) {
    return CannotCast(text, "integer");
  }
  return *n;
}
Result<double> TextToDouble(std::string_view text) {
  // Java's Double.parseDouble: blanks around are ignored, "NaN" and "Infinity" are words, a final d
  // or f is allowed, overflow gives infinity.
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  const std::string_view original = text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") {
    return negative ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::infinity();
  }
  if (!text.empty() && std::string_view("dDfF").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  // Hexadecimal needs its exponent: 0x1p3.
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  bool digits = hex && text.find_first_of("pP") != std::string_view::npos;
  for (const char c : hex ? std::string_view() : text) {
    const bool digit = c >= '0' && c <= '9';
    digits |= digit;
    if (!digit && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-')
      return CannotCast(original, "double");
  }
  if (!digits || text.front() == '+' || text.front() == '-' || text.front() == 'e' ||
      text.front() == 'E') {
    return CannotCast(original, "double");
  }
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return CannotCast(original, "double");
  return negative ? -value : value;
}
Result<bool> TextToBoolean(std::string_view text) {
  for (const std::string_view yes : {"t", "true", "1"}) {
    if (EqualsIgnoringCase(text, yes)) return true;
  }
  for (const std::string_view no : {"f", "false", "0"}) {
    if (EqualsIgnoringCase(text, no)) return false;
  }
  return CannotCast(text, "boolean");
}
namespace {
std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}
}  // namespace

Result<int64_t> TextToTimestamp(std::string_view text) { return ParseTimestampText(Trimmed(text)); }
Result<int64_t> TextToDate(std::string_view text) { return ParseDateText(Trimmed(text)); }
Result<int64_t> TextToTime(std::string_view text) { return ParseTimeText(Trimmed(text)); }
Result<int64_t> Iso8601ToTimestamp(std::string_view text) { return ParseIso8601Timestamp(text); }
Result<int64_t> Iso8601ToDate(std::string_view text) { return ParseIso8601Date(text); }

namespace {
template <typename Append>
Result<std::string> Text(Append append, int64_t value) {
  std::string out;
  append(value, out);
  return out;
}
}  // namespace

Result<std::string> DoubleText(double x) { return FormatDoubleSql(x); }
Result<std::string> TimestampText(int64_t ns) { return Text(AppendTimestampText, ns); }
Result<std::string> DateText(int64_t days) { return Text(AppendDateText, days); }
Result<std::string> TimeText(int64_t ns) { return Text(AppendTimeText, ns); }
Result<std::string> DaySecondText(int64_t ns) { return Text(AppendDaySecondText, ns); }
Result<std::string> YearMonthText(int64_t months) { return Text(AppendYearMonthText, months); }

Result<int64_t> DateToTimestamp(int64_t days) {
  int64_t out = 0;
  if (__builtin_mul_overflow(days, kNsPerDay, &out)) return OutOfRange("timestamp");
  return out;
}
Result<int64_t> TimestampToDate(int64_t ns) { return DayOf(ns); }
Result<int64_t> TimestampToTime(int64_t ns) {
  const int64_t rest = ns % kNsPerDay;
  return rest < 0 ? rest + kNsPerDay : rest;
}

}  // namespace tidemark::sql::kernels
