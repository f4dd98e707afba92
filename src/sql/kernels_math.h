// SPDX-License-Identifier: Apache-2.0
// Arithmetic, comparison, mathematical functions (timestream-sql.md 4.3, 4.4, 5.4). See kernels.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

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
Result<double> Ceiling(double x);
Result<double> Floor(double x);
Result<double> Truncate(double x);

// Out of the domain is NaN, ln(0) is -Infinity: no errors (timestream-sql.md 5.4).
Result<double> AbsoluteDouble(double x);
Result<int64_t> Sign(int64_t x);
Result<double> SignDouble(double x);
Result<double> CubeRoot(double x);
Result<double> SquareRoot(double x);
Result<double> Exp(double x);
Result<double> Ln(double x);
Result<double> Log2(double x);
Result<double> Log10(double x);
Result<double> Log(double base, double x);
Result<double> Power(double x, double exponent);
Result<double> Sin(double x);
Result<double> Cos(double x);
Result<double> Tan(double x);
Result<double> Asin(double x);
Result<double> Acos(double x);
Result<double> Atan(double x);
Result<double> Atan2(double y, double x);
Result<double> Sinh(double x);
Result<double> Cosh(double x);
Result<double> Tanh(double x);
Result<double> Degrees(double x);
Result<double> Radians(double x);
Result<double> E();
Result<double> Pi();
Result<double> Infinity();
Result<double> NotANumber();
Result<bool> IsNan(double x);
Result<bool> IsFinite(double x);
Result<bool> IsInfinite(double x);

Result<int64_t> FromBase(std::string_view digits, int64_t radix);
Result<std::string> ToBase(int64_t x, int64_t radix);
/// 0 below the range, count + 1 above; `low` > `high` counts downwards.
Result<int64_t> WidthBucket(double x, double low, double high, int64_t count);
/// An integer of [low, high) from two numbers of [0, 1).
Result<int64_t> RandomBetween(double first, double second, int64_t low, int64_t high);
Result<int64_t> RandomBelow(double first, double second, int64_t bound);

Result<int64_t> BitAnd(int64_t a, int64_t b);
Result<int64_t> BitOr(int64_t a, int64_t b);
Result<int64_t> BitXor(int64_t a, int64_t b);
Result<int64_t> BitNot(int64_t a);
/// Ones in the two's complement of `bits` bits.
Result<int64_t> BitCount(int64_t x, int64_t bits);
/// How many values min(x, n) and its kin keep: n itself, an error outside 1..10,000.
Result<int64_t> ElementsToKeep(int64_t n);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachMath(Visitor&& visit) {
  visit("elements_to_keep", &ElementsToKeep);
  visit("div", &Divide);
  visit("mod", &Modulo);
  visit("scale_interval", &ScaleInterval);
  visit("shrink_interval", &ShrinkInterval);
  visit("eq", &EqualDouble);
  visit("lt", &LessDouble);
  visit("le", &LessEqualDouble);
  visit("round", &Round);
  visit("round_digits", &RoundDigits);
  visit("round_integer", &RoundInteger);
  visit("ceiling", &Ceiling);
  visit("floor", &Floor);
  visit("truncate", &Truncate);
  visit("sign", &Sign);
  visit("sign_double", &SignDouble);
  visit("cbrt", &CubeRoot);
  visit("sqrt", &SquareRoot);
  visit("exp", &Exp);
  visit("ln", &Ln);
  visit("log2", &Log2);
  visit("log10", &Log10);
  visit("log", &Log);
  visit("power", &Power);
  visit("sin", &Sin);
  visit("cos", &Cos);
  visit("tan", &Tan);
  visit("asin", &Asin);
  visit("acos", &Acos);
  visit("atan", &Atan);
  visit("atan2", &Atan2);
  visit("sinh", &Sinh);
  visit("cosh", &Cosh);
  visit("tanh", &Tanh);
  visit("degrees", &Degrees);
  visit("radians", &Radians);
  visit("from_base", &FromBase);
  visit("to_base", &ToBase);
  visit("width_bucket", &WidthBucket);
  visit("random_between", &RandomBetween);
  visit("random_below", &RandomBelow);
  visit("bit_count", &BitCount);
}

}  // namespace tidemark::sql::kernels
