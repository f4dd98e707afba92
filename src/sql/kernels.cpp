// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels.h"

#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/numbers.h"
#include "base/regex.h"
#include "base/time.h"
#include "sql/datetime.h"

namespace tidemark::sql::kernels {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

Error Invalid(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
Error OutOfRange(std::string_view type) { return Invalid(fmt::format("{} out of range", type)); }
Error CannotCast(std::string_view text, std::string_view type) {
  return Invalid(fmt::format("Cannot cast '{}' to {}", text.substr(0, 100), type));
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

Result<int64_t> RoundToInteger(double x, double limit, std::string_view type) {
  const double rounded = std::round(x);  // half away from zero
  if (std::isnan(x) || rounded >= limit || rounded < -limit) {
    return Invalid(fmt::format("Cannot cast {} to {}: out of range", FormatDoubleSql(x), type));
  }
  return static_cast<int64_t>(rounded);
}

}  // namespace

Result<int64_t> Add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return OutOfRange("sum");
  return out;
}
Result<int64_t> Subtract(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_sub_overflow(a, b, &out)) return OutOfRange("difference");
  return out;
}
Result<int64_t> Multiply(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return OutOfRange("product");
  return out;
}
Result<int64_t> Negate(int64_t a) {
  if (a == kMin) return OutOfRange("bigint");
  return -a;
}
Result<int64_t> Absolute(int64_t a) {
  if (a == kMin) return OutOfRange("bigint");
  return a < 0 ? -a : a;
}
Result<int64_t> Divide(int64_t a, int64_t b) {
  if (b == 0) return Invalid("Division by zero");
  if (a == kMin && b == -1) return OutOfRange("quotient");
  return a / b;
}
Result<int64_t> Modulo(int64_t a, int64_t b) {
  if (b == 0) return Invalid("Division by zero");
  return b == -1 ? 0 : a % b;
}
Result<double> AddDouble(double a, double b) { return a + b; }
Result<double> SubtractDouble(double a, double b) { return a - b; }
Result<double> MultiplyDouble(double a, double b) { return a * b; }
Result<double> DivideDouble(double a, double b) { return a / b; }
Result<double> ModuloDouble(double a, double b) { return std::fmod(a, b); }
Result<double> NegateDouble(double a) { return -a; }

Result<int64_t> ScaleInterval(int64_t ns, double factor) {
  const double out = static_cast<double>(ns) * factor;
  if (!(out < 9.223372036854775e18 && out > -9.223372036854775e18)) return OutOfRange("interval");
  return static_cast<int64_t>(out);
}
Result<int64_t> ShrinkInterval(int64_t ns, double divisor) {
  const double out = static_cast<double>(ns) / divisor;
  if (!(out < 9.223372036854775e18 && out > -9.223372036854775e18)) return OutOfRange("interval");
  return static_cast<int64_t>(out);
}

Result<bool> EqualDouble(double a, double b) { return a == b; }
Result<bool> LessDouble(double a, double b) { return a < b; }
Result<bool> LessEqualDouble(double a, double b) { return a <= b; }

Result<double> Round(double x) { return std::round(x); }

Result<double> RoundDigits(double x, int64_t digits) {
  // As the dialect does it: round(x * 10^d) / 10^d; where the scaling overflows x is returned.
  if (!std::isfinite(x)) return x;
  if (digits > 400) return x;
  if (digits < -400) return 0.0;
  const double factor = std::pow(10.0, static_cast<double>(digits));
  if (x < 0) return -std::round(-x * factor) / factor;
  const double out = std::round(x * factor) / factor;
  return std::isfinite(out) ? out : x;
}

Result<int64_t> RoundInteger(int64_t x, int64_t digits) {
  if (digits >= 0) return x;
  if (digits <= -19) return Invalid("the number of digits to round to is out of range");
  int64_t factor = 1;
  for (int64_t i = digits; i < 0; ++i) factor *= 10;
  const int64_t rest = x % factor;
  const int64_t base = x - rest;
  const bool away = (rest < 0 ? -rest : rest) >= factor - (rest < 0 ? -rest : rest);
  if (!away) return base;
  return Add(base, x < 0 ? -factor : factor);
}

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
  const auto n = ParseInt64(text);
  if (!n) return CannotCast(text, "bigint");
  return *n;
}
Result<int64_t> TextToInteger(std::string_view text) {
  const auto n = ParseInt64(text);
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

Result<int64_t> Bin(int64_t ns, int64_t width) {
  if (width <= 0) return Invalid("the width of bin() must be positive");
  return FloorTo(EventTime{ns}, nanoseconds(width)).ns;
}

Result<int64_t> DateTrunc(std::string_view unit, int64_t ns) {
  const auto found = ParseDateUnit(unit);
  if (!found)
    return Invalid(fmt::format("'{}' is not a valid unit for date_trunc", unit.substr(0, 50)));
  return TruncateTo(*found, ns);
}
Result<int64_t> DateTruncDate(std::string_view unit, int64_t days) {
  const auto found = ParseDateUnit(unit);
  if (!found || *found < DateUnit::kDay) {
    return Invalid(fmt::format("'{}' is not a valid unit for a date", unit.substr(0, 50)));
  }
  TM_ASSIGN_OR_RETURN(const int64_t ns, DateToTimestamp(days));
  TM_ASSIGN_OR_RETURN(const int64_t truncated, TruncateTo(*found, ns));
  return DayOf(truncated);
}
Result<int64_t> DateTruncTime(std::string_view unit, int64_t time) {
  const auto found = ParseDateUnit(unit);
  if (!found || *found >= DateUnit::kDay) {
    return Invalid(fmt::format("'{}' is not a valid unit for a time", unit.substr(0, 50)));
  }
  return time - time % FixedUnitNs(*found);
}
Result<int64_t> AddMonthsToTimestamp(int64_t ns, int64_t months) { return AddMonths(ns, months); }
Result<int64_t> AddMonthsToDay(int64_t days, int64_t months) {
  return AddMonthsToDate(days, months);
}
Result<int64_t> AddToDate(int64_t days, int64_t ns) {
  if (ns % kNsPerDay != 0) return Invalid("Cannot add hour, minutes or seconds to a date");
  return Add(days, ns / kNsPerDay);
}
Result<int64_t> AddToTime(int64_t time, int64_t ns) {
  return TimestampToTime(time + ns % kNsPerDay);
}
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

namespace {

size_t CharacterBytes(std::string_view text, size_t at) {
  const auto first = static_cast<uint8_t>(text[at]);
  const size_t n = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(n, text.size() - at);
}

}  // namespace

Result<bool> RegexpLike(std::string_view text, std::string_view pattern) {
  // The pattern is nearly always the same from row to row; compiling it costs thousands of rows.
  // A thread's last one is kept: a cache, of no effect on results.
  thread_local std::optional<Regex> last;
  if (!last || last->pattern() != pattern) {
    TM_ASSIGN_OR_RETURN(last, Regex::Compile(pattern));
  }
  return last->Matches(text);
}

Result<bool> Like(std::string_view text, std::string_view pattern, std::string_view escape) {
  if (!escape.empty() && CharacterBytes(escape, 0) != escape.size()) {
    return Invalid("Escape string must be a single character");
  }
  // One backtrack point suffices: the last '%'.
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  const auto escaped = [&](size_t at) {
    return !escape.empty() && pattern.substr(at).starts_with(escape);
  };
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (!escaped(at)) continue;
    at += escape.size();
    const bool valid =
        at < pattern.size() && (pattern[at] == '%' || pattern[at] == '_' || escaped(at));
    if (!valid)
      return Invalid(
          "Escape character must be followed by '%', '_' or the escape character itself");
    if (escaped(at)) at += escape.size() - 1;
  }
  while (t < text.size()) {
    bool matched = false;
    if (p < pattern.size()) {
      if (escaped(p)) {
        const size_t literal = p + escape.size();
        const size_t n = CharacterBytes(pattern, literal);
        if (text.substr(t).starts_with(pattern.substr(literal, n))) {
          p = literal + n;
          t += n;
          matched = true;
        }
      } else if (pattern[p] == '%') {
        star = ++p;
        star_text = t;
        continue;
      } else if (pattern[p] == '_') {
        ++p;
        t += CharacterBytes(text, t);
        matched = true;
      } else if (pattern[p] == text[t]) {
        ++p;
        ++t;
        matched = true;
      }
    }
    if (matched) continue;
    if (star == std::string_view::npos) return false;
    star_text += CharacterBytes(text, star_text);
    t = star_text;
    p = star;
  }
  while (p < pattern.size() && pattern[p] == '%' && !escaped(p)) ++p;
  return p == pattern.size();
}

}  // namespace tidemark::sql::kernels
