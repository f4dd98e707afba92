// SPDX-License-Identifier: Apache-2.0
// Arithmetic, mathematical and bitwise functions (timestream-sql.md 4.3, 5.4, 5.12).
#include <array>

#include "sql/functions_internal.h"

namespace tidemark::sql {
namespace {

using enum TypeKind;
using kernels::Fold;
namespace k = kernels;

/// Arithmetic on one integer type; the engine raises overflow and the engine's error is translated.
void AddArithmetic(OverloadTable& table) {
  for (const TypeKind type : {kInteger, kBigint}) {
    table.Add("+", {type, type}, type, "($1 + $2)", Fold<&k::Add>);
    table.Add("-", {type, type}, type, "($1 - $2)", Fold<&k::Subtract>);
    table.Add("*", {type, type}, type, "($1 * $2)", Fold<&k::Multiply>);
    table.Add("NEG", {type}, type, "(- $1)", Fold<&k::Negate>);
    table.Add("POS", {type}, type, "$1");
    table.Add("abs", {type}, type, "abs($1)", Fold<&k::Absolute>);
  }
  // INTEGER goes through the BIGINT kernel and back.
  table.Add("/", {kInteger, kInteger}, kInteger, "CAST(tm_div($1, $2) AS INTEGER)",
            Fold<&k::Divide>);
  table.Add("/", {kBigint, kBigint}, kBigint, "tm_div", Fold<&k::Divide>);
  for (const std::string_view name : {"%", "mod"}) {
    table.Add(name, {kInteger, kInteger}, kInteger, "CAST(tm_mod($1, $2) AS INTEGER)",
              Fold<&k::Modulo>);
    table.Add(name, {kBigint, kBigint}, kBigint, "tm_mod", Fold<&k::Modulo>);
    table.Add(name, {kDouble, kDouble}, kDouble, "($1 % $2)", Fold<&k::ModuloDouble>).MayNan();
  }
  table.Add("+", {kDouble, kDouble}, kDouble, "($1 + $2)", Fold<&k::AddDouble>).MayNan();
  table.Add("-", {kDouble, kDouble}, kDouble, "($1 - $2)", Fold<&k::SubtractDouble>).MayNan();
  table.Add("*", {kDouble, kDouble}, kDouble, "($1 * $2)", Fold<&k::MultiplyDouble>).MayNan();
  table.Add("/", {kDouble, kDouble}, kDouble, "($1 / $2)", Fold<&k::DivideDouble>).MayNan();
  table.Add("NEG", {kDouble}, kDouble, "(- $1)", Fold<&k::NegateDouble>);
  table.Add("POS", {kDouble}, kDouble, "$1");
}

void AddRounding(OverloadTable& table) {
  for (const TypeKind type : {kInteger, kBigint}) {
    for (const std::string_view name : {"round", "ceil", "ceiling", "floor"}) {
      table.Add(name, {type}, type, "$1");
    }
  }
  table.Add("round", {kDouble}, kDouble, "tm_round", Fold<&k::Round>);
  table.Add("ceil", {kDouble}, kDouble, "ceil", Fold<&k::Ceiling>);
  table.Add("ceiling", {kDouble}, kDouble, "ceil", Fold<&k::Ceiling>);
  table.Add("floor", {kDouble}, kDouble, "floor", Fold<&k::Floor>);
  table.Add("truncate", {kDouble}, kDouble, "trunc", Fold<&k::Truncate>);
  table.Add("round", {kInteger, kBigint}, kInteger, "CAST(tm_round_integer($1, $2) AS INTEGER)",
            Fold<&k::RoundInteger>);
  table.Add("round", {kBigint, kBigint}, kBigint, "tm_round_integer", Fold<&k::RoundInteger>);
  table.Add("round", {kDouble, kBigint}, kDouble, "tm_round_digits", Fold<&k::RoundDigits>);
}

/// double -> double.
void AddReal(OverloadTable& table) {
  struct Row {
    std::string_view name;
    std::string_view emit;
    kernels::FoldFunction fold;
  };
  constexpr std::array kTotal{
      Row{"cbrt", "tm_cbrt", Fold<&k::CubeRoot>},
      Row{"exp", "tm_exp", Fold<&k::Exp>},
      Row{"atan", "tm_atan", Fold<&k::Atan>},
      Row{"sinh", "tm_sinh", Fold<&k::Sinh>},
      Row{"cosh", "tm_cosh", Fold<&k::Cosh>},
      Row{"tanh", "tm_tanh", Fold<&k::Tanh>},
      Row{"degrees", "tm_degrees", Fold<&k::Degrees>},
      Row{"radians", "tm_radians", Fold<&k::Radians>},
      Row{"sign", "tm_sign_double", Fold<&k::SignDouble>},
      Row{"abs", "abs", Fold<&k::AbsoluteDouble>},
  };
  // NaN outside their domain.
  constexpr std::array kPartial{
      Row{"sqrt", "tm_sqrt", Fold<&k::SquareRoot>}, Row{"ln", "tm_ln", Fold<&k::Ln>},
      Row{"log2", "tm_log2", Fold<&k::Log2>},       Row{"log10", "tm_log10", Fold<&k::Log10>},
      Row{"asin", "tm_asin", Fold<&k::Asin>},       Row{"acos", "tm_acos", Fold<&k::Acos>},
      Row{"sin", "tm_sin", Fold<&k::Sin>},          Row{"cos", "tm_cos", Fold<&k::Cos>},
      Row{"tan", "tm_tan", Fold<&k::Tan>},
  };
  for (const Row& row : kTotal) table.Add(row.name, {kDouble}, kDouble, row.emit, row.fold);
  for (const Row& row : kPartial) {
    table.Add(row.name, {kDouble}, kDouble, row.emit, row.fold).MayNan();
  }
  table.Add("log", {kDouble, kDouble}, kDouble, "tm_log", Fold<&k::Log>).MayNan();
  table.Add("pow", {kDouble, kDouble}, kDouble, "tm_power", Fold<&k::Power>).MayNan();
  table.Add("power", {kDouble, kDouble}, kDouble, "tm_power", Fold<&k::Power>).MayNan();
  table.Add("atan2", {kDouble, kDouble}, kDouble, "tm_atan2", Fold<&k::Atan2>);
  table.Add("e", {}, kDouble, "CAST(2.718281828459045e0 AS DOUBLE)", Fold<&k::E>);
  table.Add("pi", {}, kDouble, "CAST(3.141592653589793e0 AS DOUBLE)", Fold<&k::Pi>);
  table.Add("infinity", {}, kDouble, "CAST('infinity' AS DOUBLE)", Fold<&k::Infinity>);
  table.Add("nan", {}, kDouble, "CAST('nan' AS DOUBLE)", Fold<&k::NotANumber>).MayNan();
  table.Add("is_nan", {kDouble}, kBoolean, "isnan", Fold<&k::IsNan>);
  table.Add("is_finite", {kDouble}, kBoolean, "isfinite", Fold<&k::IsFinite>);
  table.Add("is_infinite", {kDouble}, kBoolean, "isinf", Fold<&k::IsInfinite>);
}

void AddInteger(OverloadTable& table) {
  table.Add("sign", {kInteger}, kInteger, "CAST(tm_sign($1) AS INTEGER)", Fold<&k::Sign>);
  table.Add("sign", {kBigint}, kBigint, "tm_sign", Fold<&k::Sign>);
  table.Add("from_base", {kVarchar, kBigint}, kBigint, "tm_from_base", Fold<&k::FromBase>);
  table.Add("to_base", {kBigint, kBigint}, kVarchar, "tm_to_base", Fold<&k::ToBase>);
  table.Add("width_bucket", {kDouble, kDouble, kDouble, kBigint}, kBigint, "tm_width_bucket",
            Fold<&k::WidthBucket>);
  table.Add("bitwise_and", {kBigint, kBigint}, kBigint, "($1 & $2)", Fold<&k::BitAnd>);
  table.Add("bitwise_or", {kBigint, kBigint}, kBigint, "($1 | $2)", Fold<&k::BitOr>);
  table.Add("bitwise_xor", {kBigint, kBigint}, kBigint, "xor", Fold<&k::BitXor>);
  table.Add("bitwise_not", {kBigint}, kBigint, "(~$1)", Fold<&k::BitNot>);
  table.Add("bit_count", {kBigint, kBigint}, kBigint, "tm_bit_count", Fold<&k::BitCount>);
}

void AddRandom(OverloadTable& table) {
  for (const std::string_view name : {"random", "rand"}) {
    table.Add(name, {}, kDouble, "random()").Volatile();
    table
        .Add(name, {kInteger}, kInteger, "CAST(tm_random_below(random(), random(), $1) AS INTEGER)")
        .Volatile();
    table.Add(name, {kBigint}, kBigint, "tm_random_below(random(), random(), $1)").Volatile();
    table
        .Add(name, {kInteger, kInteger}, kInteger,
             "CAST(tm_random_between(random(), random(), $1, $2) AS INTEGER)")
        .Volatile();
    table.Add(name, {kBigint, kBigint}, kBigint, "tm_random_between(random(), random(), $1, $2)")
        .Volatile();
  }
}

}  // namespace

void AddMath(OverloadTable& table) {
  AddArithmetic(table);
  AddRounding(table);
  AddReal(table);
  AddInteger(table);
  AddRandom(table);
}

}  // namespace tidemark::sql
