// SPDX-License-Identifier: Apache-2.0
#include "sql/functions.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

namespace tidemark::sql {
namespace {

using enum TypeKind;
using kernels::Fold;
namespace k = kernels;

/// Arithmetic on one integer type; the engine raises overflow and the engine's error is translated.
void AddArithmetic(std::vector<Overload>& out) {
  for (const TypeKind type : {kInteger, kBigint}) {
    out.push_back({"+", {type, type}, type, "($1 + $2)", Fold<&k::Add>, false, true});
    out.push_back({"-", {type, type}, type, "($1 - $2)", Fold<&k::Subtract>, false, true});
    out.push_back({"*", {type, type}, type, "($1 * $2)", Fold<&k::Multiply>, false, true});
    out.push_back({"NEG", {type}, type, "(- $1)", Fold<&k::Negate>, false, true});
    out.push_back({"POS", {type}, type, "$1", nullptr});
    out.push_back({"abs", {type}, type, "abs($1)", Fold<&k::Absolute>, false, true});
  }
  // INTEGER goes through the BIGINT kernel and back.
  out.push_back({"/",
                 {kInteger, kInteger},
                 kInteger,
                 "CAST(tm_div(CAST($1 AS BIGINT), CAST($2 AS BIGINT)) AS INTEGER)",
                 Fold<&k::Divide>,
                 false,
                 true});
  out.push_back({"%",
                 {kInteger, kInteger},
                 kInteger,
                 "CAST(tm_mod(CAST($1 AS BIGINT), CAST($2 AS BIGINT)) AS INTEGER)",
                 Fold<&k::Modulo>,
                 false,
                 true});
  out.push_back(
      {"/", {kBigint, kBigint}, kBigint, "tm_div($1, $2)", Fold<&k::Divide>, false, true});
  out.push_back(
      {"%", {kBigint, kBigint}, kBigint, "tm_mod($1, $2)", Fold<&k::Modulo>, false, true});
  out.push_back({"+", {kDouble, kDouble}, kDouble, "($1 + $2)", Fold<&k::AddDouble>, true});
  out.push_back({"-", {kDouble, kDouble}, kDouble, "($1 - $2)", Fold<&k::SubtractDouble>, true});
  out.push_back({"*", {kDouble, kDouble}, kDouble, "($1 * $2)", Fold<&k::MultiplyDouble>, true});
  out.push_back({"/", {kDouble, kDouble}, kDouble, "($1 / $2)", Fold<&k::DivideDouble>, true});
  out.push_back({"%", {kDouble, kDouble}, kDouble, "($1 % $2)", Fold<&k::ModuloDouble>, true});
  out.push_back({"NEG", {kDouble}, kDouble, "(- $1)", Fold<&k::NegateDouble>});
  out.push_back({"POS", {kDouble}, kDouble, "$1", nullptr});
  out.push_back({"abs", {kDouble}, kDouble, "abs($1)", nullptr});
}

void AddTimeArithmetic(std::vector<Overload>& out) {
  const TypeKind ids = kIntervalDaySecond;
  const TypeKind iym = kIntervalYearMonth;
  // All of these are BIGINT inside; DuckDB's own INTERVAL would lose nanoseconds
  // (timestream-sql.md 4.3).
  for (const TypeKind type : {kTimestamp, ids}) {
    out.push_back({"+", {type, ids}, type, "($1 + $2)", Fold<&k::Add>, false, true});
    out.push_back({"-", {type, ids}, type, "($1 - $2)", Fold<&k::Subtract>, false, true});
  }
  out.push_back({"+", {ids, kTimestamp}, kTimestamp, "($1 + $2)", Fold<&k::Add>, false, true});
  out.push_back({"-", {kTimestamp, kTimestamp}, ids, "($1 - $2)", Fold<&k::Subtract>, false, true});
  out.push_back({"+", {iym, iym}, iym, "($1 + $2)", Fold<&k::Add>, false, true});
  out.push_back({"-", {iym, iym}, iym, "($1 - $2)", Fold<&k::Subtract>, false, true});
  out.push_back({"+",
                 {kTimestamp, iym},
                 kTimestamp,
                 "tm_add_months($1, $2)",
                 Fold<&k::AddMonthsToTimestamp>,
                 false,
                 true});
  out.push_back(
      {"+", {iym, kTimestamp}, kTimestamp, "tm_add_months($2, $1)", nullptr, false, true});
  out.push_back(
      {"-", {kTimestamp, iym}, kTimestamp, "tm_add_months($1, - $2)", nullptr, false, true});
  out.push_back({"+",
                 {kDate, iym},
                 kDate,
                 "tm_add_months_to_date($1, $2)",
                 Fold<&k::AddMonthsToDay>,
                 false,
                 true});
  out.push_back({"+", {iym, kDate}, kDate, "tm_add_months_to_date($2, $1)", nullptr, false, true});
  out.push_back(
      {"-", {kDate, iym}, kDate, "tm_add_months_to_date($1, - $2)", nullptr, false, true});
  out.push_back(
      {"+", {kDate, ids}, kDate, "tm_add_to_date($1, $2)", Fold<&k::AddToDate>, false, true});
  out.push_back({"+", {ids, kDate}, kDate, "tm_add_to_date($2, $1)", nullptr, false, true});
  out.push_back({"-", {kDate, ids}, kDate, "tm_add_to_date($1, - $2)", nullptr, false, true});
  out.push_back({"-", {kDate, kDate}, ids, "tm_days_to_interval($1 - $2)", nullptr, false, true});
  out.push_back(
      {"+", {kTime, ids}, kTime, "tm_add_to_time($1, $2)", Fold<&k::AddToTime>, false, true});
  out.push_back({"+", {ids, kTime}, kTime, "tm_add_to_time($2, $1)", nullptr, false, true});
  out.push_back({"-", {kTime, ids}, kTime, "tm_add_to_time($1, - $2)", nullptr, false, true});
  out.push_back({"-", {kTime, kTime}, ids, "($1 - $2)", Fold<&k::Subtract>});
  for (const TypeKind type : {ids, iym}) {
    out.push_back({"*", {type, kBigint}, type, "($1 * $2)", Fold<&k::Multiply>, false, true});
    out.push_back({"*", {kBigint, type}, type, "($1 * $2)", Fold<&k::Multiply>, false, true});
    out.push_back({"*",
                   {type, kDouble},
                   type,
                   "tm_scale_interval($1, $2)",
                   Fold<&k::ScaleInterval>,
                   false,
                   true});
    out.push_back({"*", {kDouble, type}, type, "tm_scale_interval($2, $1)", nullptr, false, true});
    out.push_back({"/",
                   {type, kDouble},
                   type,
                   "tm_shrink_interval($1, $2)",
                   Fold<&k::ShrinkInterval>,
                   false,
                   true});
    out.push_back({"NEG", {type}, type, "(- $1)", Fold<&k::Negate>, false, true});
    out.push_back({"POS", {type}, type, "$1", nullptr});
  }
}

void AddFunctions(std::vector<Overload>& out) {
  out.push_back({"||", {kVarchar, kVarchar}, kVarchar, "($1 || $2)", nullptr});
  out.push_back({"regexp_like",
                 {kVarchar, kVarchar},
                 kBoolean,
                 "tm_regexp_like($1, $2)",
                 Fold<&k::RegexpLike>,
                 false,
                 true});
  out.push_back({"bin",
                 {kTimestamp, kIntervalDaySecond},
                 kTimestamp,
                 "tm_bin($1, $2)",
                 Fold<&k::Bin>,
                 false,
                 true});
  out.push_back({"date_trunc",
                 {kVarchar, kTimestamp},
                 kTimestamp,
                 "tm_date_trunc($1, $2)",
                 Fold<&k::DateTrunc>,
                 false,
                 true});
  out.push_back({"date_trunc",
                 {kVarchar, kDate},
                 kDate,
                 "tm_date_trunc_date($1, $2)",
                 Fold<&k::DateTruncDate>,
                 false,
                 true});
  out.push_back(
      {"to_milliseconds", {kTimestamp}, kBigint, "($1 // 1000000)", Fold<&k::ToMilliseconds>});
  out.push_back({"date_trunc",
                 {kVarchar, kTime},
                 kTime,
                 "tm_date_trunc_time($1, $2)",
                 Fold<&k::DateTruncTime>,
                 false,
                 true});
  out.push_back({"to_milliseconds",
                 {kIntervalDaySecond},
                 kBigint,
                 "($1 // 1000000)",
                 Fold<&k::ToMilliseconds>});
  out.push_back({"to_nanoseconds", {kTimestamp}, kBigint, "$1", nullptr});
  out.push_back({"to_nanoseconds", {kIntervalDaySecond}, kBigint, "$1", nullptr});
  out.push_back({"from_milliseconds",
                 {kBigint},
                 kTimestamp,
                 "tm_from_milliseconds($1)",
                 Fold<&k::FromMilliseconds>,
                 false,
                 true});
  out.push_back({"from_nanoseconds", {kBigint}, kTimestamp, "$1", nullptr});
  out.push_back({"from_iso8601_timestamp",
                 {kVarchar},
                 kTimestamp,
                 "tm_iso8601_to_timestamp($1)",
                 Fold<&k::Iso8601ToTimestamp>,
                 false,
                 true});
  out.push_back({"from_iso8601_date",
                 {kVarchar},
                 kDate,
                 "tm_iso8601_to_date($1)",
                 Fold<&k::Iso8601ToDate>,
                 false,
                 true});
  out.push_back({"parse_duration",
                 {kVarchar},
                 kIntervalDaySecond,
                 "tm_parse_duration($1)",
                 Fold<&k::ParseDaySecond>,
                 false,
                 true});
  out.push_back({"round", {kInteger}, kInteger, "$1", nullptr});
  out.push_back({"round", {kBigint}, kBigint, "$1", nullptr});
  out.push_back({"round", {kDouble}, kDouble, "tm_round($1)", Fold<&k::Round>});
  out.push_back({"round",
                 {kInteger, kBigint},
                 kInteger,
                 "CAST(tm_round_integer(CAST($1 AS BIGINT), $2) AS INTEGER)",
                 Fold<&k::RoundInteger>,
                 false,
                 true});
  out.push_back({"round",
                 {kBigint, kBigint},
                 kBigint,
                 "tm_round_integer($1, $2)",
                 Fold<&k::RoundInteger>,
                 false,
                 true});
  out.push_back(
      {"round", {kDouble, kBigint}, kDouble, "tm_round_digits($1, $2)", Fold<&k::RoundDigits>});
  out.push_back({"nan", {}, kDouble, "CAST('nan' AS DOUBLE)", nullptr, true});
  out.push_back({"infinity", {}, kDouble, "CAST('infinity' AS DOUBLE)", nullptr});
  out.push_back({"is_nan", {kDouble}, kBoolean, "isnan($1)", nullptr});
  out.push_back({"is_finite", {kDouble}, kBoolean, "isfinite($1)", nullptr});
  out.push_back({"is_infinite", {kDouble}, kBoolean, "isinf($1)", nullptr});
}

std::vector<Overload> SortedOverloads() {
  std::vector<Overload> all;
  AddArithmetic(all);
  AddTimeArithmetic(all);
  AddFunctions(all);
  // By name, those of one name in the order of definition. Not std::stable_sort: clang refuses the
  // deprecated buffer that libstdc++ 12 uses there.
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tie(all[a].name, a) < std::tie(all[b].name, b);
  });
  std::vector<Overload> sorted;
  sorted.reserve(all.size());
  for (const size_t i : order) sorted.push_back(std::move(all[i]));
  return sorted;
}

const std::vector<Overload>& Overloads() {
  static const std::vector<Overload> all = SortedOverloads();
  return all;
}

Cast MakeCast(TypeKind from, TypeKind to, std::string_view emit, kernels::FoldFunction fold,
              std::string_view try_emit = {}) {
  const bool may_fail = !try_emit.empty();
  return {from, to, {"CAST", {from}, to, emit, fold, false, may_fail}, may_fail ? try_emit : emit};
}

Result<Value> FoldSame(std::span<const Value> args) { return args[0]; }
Result<Value> FoldToDouble(std::span<const Value> args) {
  return Value{static_cast<double>(std::get<int64_t>(args[0].data))};
}
Result<Value> FoldIntegerText(std::span<const Value> args) {
  return Value{std::to_string(std::get<int64_t>(args[0].data))};
}

std::vector<Cast> MakeCasts() {
  std::vector<Cast> out;
  const auto add = [&out](auto&&... args) { out.push_back(MakeCast(args...)); };
  add(kInteger, kBigint, "CAST($1 AS BIGINT)", FoldSame);
  add(kInteger, kDouble, "CAST($1 AS DOUBLE)", FoldToDouble);
  add(kBigint, kDouble, "CAST($1 AS DOUBLE)", FoldToDouble);
  add(kBigint, kInteger, "CAST(tm_bigint_to_integer($1) AS INTEGER)", Fold<&k::BigintToInteger>,
      "CAST(tm_try_bigint_to_integer($1) AS INTEGER)");
  add(kDouble, kBigint, "tm_double_to_bigint($1)", Fold<&k::DoubleToBigint>,
      "tm_try_double_to_bigint($1)");
  add(kDouble, kInteger, "CAST(tm_double_to_integer($1) AS INTEGER)", Fold<&k::DoubleToInteger>,
      "CAST(tm_try_double_to_integer($1) AS INTEGER)");
  for (const TypeKind type : {kInteger, kBigint, kDouble}) {
    add(type, kBoolean, "($1 <> 0)", kernels::FoldFunction{nullptr});
  }
  add(kBoolean, kInteger, "CAST($1 AS INTEGER)", kernels::FoldFunction{nullptr});
  add(kBoolean, kBigint, "CAST($1 AS BIGINT)", kernels::FoldFunction{nullptr});
  add(kBoolean, kDouble, "CAST($1 AS DOUBLE)", kernels::FoldFunction{nullptr});
  add(kBoolean, kVarchar, "CAST($1 AS VARCHAR)", kernels::FoldFunction{nullptr});
  add(kInteger, kVarchar, "CAST($1 AS VARCHAR)", FoldIntegerText);
  add(kBigint, kVarchar, "CAST($1 AS VARCHAR)", FoldIntegerText);
  add(kDouble, kVarchar, "tm_double_text($1)", Fold<&k::DoubleText>);
  add(kTimestamp, kVarchar, "tm_timestamp_text($1)", Fold<&k::TimestampText>);
  add(kDate, kVarchar, "tm_date_text($1)", Fold<&k::DateText>);
  add(kTime, kVarchar, "tm_time_text($1)", Fold<&k::TimeText>);
  add(kIntervalDaySecond, kVarchar, "tm_day_second_text($1)", Fold<&k::DaySecondText>);
  add(kIntervalYearMonth, kVarchar, "tm_year_month_text($1)", Fold<&k::YearMonthText>);
  add(kVarchar, kBigint, "tm_text_to_bigint($1)", Fold<&k::TextToBigint>,
      "tm_try_text_to_bigint($1)");
  add(kVarchar, kInteger, "CAST(tm_text_to_integer($1) AS INTEGER)", Fold<&k::TextToInteger>,
      "CAST(tm_try_text_to_integer($1) AS INTEGER)");
  add(kVarchar, kDouble, "tm_text_to_double($1)", Fold<&k::TextToDouble>,
      "tm_try_text_to_double($1)");
  add(kVarchar, kBoolean, "tm_text_to_boolean($1)", Fold<&k::TextToBoolean>,
      "tm_try_text_to_boolean($1)");
  add(kVarchar, kTimestamp, "tm_text_to_timestamp($1)", Fold<&k::TextToTimestamp>,
      "tm_try_text_to_timestamp($1)");
  add(kVarchar, kDate, "tm_text_to_date($1)", Fold<&k::TextToDate>, "tm_try_text_to_date($1)");
  add(kVarchar, kTime, "tm_text_to_time($1)", Fold<&k::TextToTime>, "tm_try_text_to_time($1)");
  add(kDate, kTimestamp, "tm_date_to_timestamp($1)", Fold<&k::DateToTimestamp>,
      "tm_try_date_to_timestamp($1)");
  add(kTimestamp, kDate, "tm_timestamp_to_date($1)", Fold<&k::TimestampToDate>);
  add(kTimestamp, kTime, "tm_timestamp_to_time($1)", Fold<&k::TimestampToTime>);
  return out;
}

}  // namespace

std::string_view CarrierName(TypeKind kind) {
  switch (kind) {
    case kBoolean:
      return "BOOLEAN";
    case kInteger:
      return "INTEGER";
    case kDouble:
      return "DOUBLE";
    case kVarchar:
      return "VARCHAR";
    case kUnknown:
    case kBigint:
    case kTimestamp:
    case kDate:
    case kTime:
    case kIntervalDaySecond:
    case kIntervalYearMonth:
    case kArray:
    case kRow:
    case kTimeseries:
      return "BIGINT";
  }
  return "BIGINT";
}

const Cast* FindCast(TypeKind from, TypeKind to) {
  static const std::vector<Cast> casts = MakeCasts();
  for (const Cast& cast : casts) {
    if (cast.from == from && cast.to == to) return &cast;
  }
  return nullptr;
}

int CoercionCost(TypeKind from, TypeKind to) {
  if (from == to) return 0;
  if (from == kUnknown) return 1;
  if (from == kInteger && to == kBigint) return 1;
  if (from == kInteger && to == kDouble) return 3;
  if (from == kBigint && to == kDouble) return 2;
  if (from == kDate && to == kTimestamp) return 2;
  if (from == kVarchar && (to == kTimestamp || to == kDate || to == kTime)) return 5;
  return -1;
}

std::optional<TypeKind> CommonType(TypeKind a, TypeKind b) {
  const int forward = CoercionCost(a, b);
  if (forward >= 0) return b;
  if (CoercionCost(b, a) >= 0) return a;
  return std::nullopt;
}

std::span<const Overload> FindOverloads(std::string_view name) {
  const std::vector<Overload>& all = Overloads();
  const auto by_name = [](const Overload& o, std::string_view n) { return o.name < n; };
  const auto first = std::lower_bound(all.begin(), all.end(), name, by_name);
  auto last = first;
  while (last != all.end() && last->name == name) ++last;
  return {first, last};
}

const Overload* ResolveOverload(std::string_view name, std::span<const TypeKind> args) {
  const Overload* best = nullptr;
  int best_cost = 0;
  const bool is_operator = !name.empty() && !(name.front() >= 'a' && name.front() <= 'z');
  for (const Overload& overload : FindOverloads(name)) {
    if (overload.params.size() != args.size()) continue;
    int cost = 0;
    bool takes = true;
    bool typed = false;  // some operand has the parameter's type by itself
    bool from_text = false;
    for (size_t i = 0; i < args.size() && takes; ++i) {
      const int step = CoercionCost(args[i], overload.params[i]);
      takes = step >= 0;
      cost += step;
      typed |= step == 0;
      from_text |= args[i] == kVarchar && overload.params[i] != kVarchar;
    }
    // '1' - '2' is no difference of timestamps.
    if (!takes || (is_operator && from_text && !typed)) continue;
    if (best == nullptr || cost < best_cost) {
      best = &overload;
      best_cost = cost;
    }
  }
  return best;
}

std::vector<std::string_view> FunctionNames() {
  std::vector<std::string_view> names;
  for (const Overload& overload : Overloads()) {
    if (overload.name.front() >= 'a' && (names.empty() || names.back() != overload.name)) {
      names.push_back(overload.name);
    }
  }
  return names;
}

}  // namespace tidemark::sql
