// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels_math.h"

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "sql/kernels_internal.h"

namespace tidemark::sql::kernels {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

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

Result<double> Ceiling(double x) { return std::ceil(x); }
Result<double> Floor(double x) { return std::floor(x); }
Result<double> Truncate(double x) { return std::trunc(x); }

Result<double> AbsoluteDouble(double x) { return std::fabs(x); }
Result<int64_t> Sign(int64_t x) { return x < 0 ? -1 : x > 0 ? 1 : 0; }
Result<double> SignDouble(double x) { return x < 0 ? -1.0 : x > 0 ? 1.0 : x; }
Result<double> CubeRoot(double x) { return std::cbrt(x); }
Result<double> SquareRoot(double x) { return std::sqrt(x); }
Result<double> Exp(double x) { return std::exp(x); }
Result<double> Ln(double x) { return std::log(x); }
Result<double> Log2(double x) { return std::log2(x); }
Result<double> Log10(double x) { return std::log10(x); }
Result<double> Log(double base, double x) { return std::log(x) / std::log(base); }
Result<double> Power(double x, double exponent) { return std::pow(x, exponent); }
Result<double> Sin(double x) { return std::sin(x); }
Result<double> Cos(double x) { return std::cos(x); }
Result<double> Tan(double x) { return std::tan(x); }
Result<double> Asin(double x) { return std::asin(x); }
Result<double> Acos(double x) { return std::acos(x); }
Result<double> Atan(double x) { return std::atan(x); }
Result<double> Atan2(double y, double x) { return std::atan2(y, x); }
Result<double> Sinh(double x) { return std::sinh(x); }
Result<double> Cosh(double x) { return std::cosh(x); }
Result<double> Tanh(double x) { return std::tanh(x); }
Result<double> Degrees(double x) { return x * (180.0 / std::numbers::pi); }
Result<double> Radians(double x) { return x * (std::numbers::pi / 180.0); }
Result<double> E() { return std::numbers::e; }
Result<double> Pi() { return std::numbers::pi; }
Result<double> Infinity() { return std::numeric_limits<double>::infinity(); }
Result<double> NotANumber() { return std::numeric_limits<double>::quiet_NaN(); }
Result<bool> IsNan(double x) { return std::isnan(x); }
Result<bool> IsFinite(double x) { return std::isfinite(x); }
Result<bool> IsInfinite(double x) { return std::isinf(x); }

namespace {

Result<void> CheckRadix(int64_t radix) {
  if (radix >= 2 && radix <= 36) return {};
  return Invalid("Radix must be between 2 and 36");
}

int64_t DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return std::numeric_limits<int64_t>::max();
}

}  // namespace

Result<int64_t> FromBase(std::string_view digits, int64_t radix) {
  TM_RETURN_IF_ERROR(CheckRadix(radix));
  const auto bad = [&] {
    return Invalid(fmt::format("Not a valid base-{} number: {}", radix, digits.substr(0, 100)));
  };
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty()) return bad();
  // Counted downwards: the smallest number has no positive counterpart.
  int64_t value = 0;
  for (const char c : rest) {
    const int64_t digit = DigitOf(c);
    const bool fits = digit < radix && !__builtin_mul_overflow(value, radix, &value) &&
                      !__builtin_sub_overflow(value, digit, &value);
    if (!fits) return bad();
  }
  if (negative) return value;
  if (value == kMin) return bad();
  return -value;
}

Result<std::string> ToBase(int64_t x, int64_t radix) {
  TM_RETURN_IF_ERROR(CheckRadix(radix));
  std::string out;
  const auto base = static_cast<uint64_t>(radix);
  uint64_t rest = x < 0 ? 0 - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
  do {
    out.insert(out.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[rest % base]);
    rest /= base;
  } while (rest != 0);
  if (x < 0) out.insert(out.begin(), '-');
  return out;
}

Result<int64_t> WidthBucket(double x, double low, double high, int64_t count) {
  if (count <= 0) return Invalid("bucketCount must be greater than 0");
  if (std::isnan(x)) return Invalid("operand must not be NaN");
  if (!std::isfinite(low)) return Invalid("first bound must be finite");
  if (!std::isfinite(high)) return Invalid("second bound must be finite");
  if (low == high) return Invalid("bounds cannot equal each other");
  const bool ascending = low < high;
  const double from = ascending ? low : high;
  const double to = ascending ? high : low;
  if (x < from || x > to || x == (ascending ? to : from)) {
    const bool above = ascending ? x >= to : x <= from;
    return above ? Add(count, 1) : Result<int64_t>(0);
  }
  const double share = (ascending ? x - low : low - x) / (to - from);
  return static_cast<int64_t>(static_cast<double>(count) * share) + 1;
}

Result<int64_t> RandomBetween(double first, double second, int64_t low, int64_t high) {
  if (low >= high) return Invalid("bound must be positive");
  // 32 bits of each: one double has too few for a bigint.
  constexpr double kTwo32 = 4294967296.0;
  const uint64_t bits =
      static_cast<uint64_t>(first * kTwo32) << 32U | static_cast<uint64_t>(second * kTwo32);
  const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  __extension__ using Wide = unsigned __int128;
  const auto offset = static_cast<uint64_t>(static_cast<Wide>(bits) * width >> 64U);
  return static_cast<int64_t>(static_cast<uint64_t>(low) + offset);
}

Result<int64_t> RandomBelow(double first, double second, int64_t bound) {
  return RandomBetween(first, second, 0, bound);
}

Result<int64_t> BitAnd(int64_t a, int64_t b) { return a & b; }
Result<int64_t> BitOr(int64_t a, int64_t b) { return a | b; }
Result<int64_t> BitXor(int64_t a, int64_t b) { return a ^ b; }
Result<int64_t> BitNot(int64_t a) { return ~a; }

Result<int64_t> BitCount(int64_t x, int64_t bits) {
  if (bits < 2 || bits > 64) {
    return Invalid(
        fmt::format("Bits specified in bit_count must be between 2 and 64, got {}", bits));
  }
  if (bits == 64) return std::popcount(static_cast<uint64_t>(x));
  const int64_t limit = int64_t{1} << (bits - 1);
  if (x < -limit || x >= limit) {
    return Invalid(fmt::format(
        "Number must be representable with the bits specified. {} can not be represented with {} "
        "bits",
        x, bits));
  }
  const uint64_t mask = (uint64_t{1} << static_cast<uint64_t>(bits)) - 1;
  return std::popcount(static_cast<uint64_t>(x) & mask);
}

Result<int64_t> ElementsToKeep(int64_t n) {
  if (n >= 1 && n <= 10'000) return n;
  return Error{Code::kInvalidArgument,
               "the number of values to keep must be 1 to 10000, not " + std::to_string(n)};
}

}  // namespace tidemark::sql::kernels
