// SPDX-License-Identifier: Apache-2.0
#include "sql/aggregates.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "sql/functions.h"

namespace tidemark::sql {
namespace {

using Kind = AggregateKind;
using Param = AggregateParam;
using enum AggregateResult;

constexpr bool kMayNan = true;

std::vector<AggregateOverload> Rows() {
  return {
      {"count", Kind::kCount, {Param::kAny}, kBigint, "count($d$1)$m"},
      {"count_if",
       Kind::kOther,
       {Param::kBoolean},
       kBigint,
       "count($dCASE WHEN $1 THEN true END)$m"},

      {"sum", Kind::kSum, {Param::kBigint}, kBigint, "tm_sum_bigint($d$1)$m"},
      {"sum", Kind::kSum, {Param::kDouble}, kDouble, "tm_sum_double($d$1)$m"},
      {"sum", Kind::kSum, {Param::kDaySecond}, kDaySecond, "tm_sum_bigint($d$1)$m"},
      {"sum", Kind::kSum, {Param::kYearMonth}, kYearMonth, "tm_sum_bigint($d$1)$m"},
      {"avg", Kind::kAvg, {Param::kBigint}, kDouble, "tm_avg_bigint($d$1)$m"},
      {"avg", Kind::kAvg, {Param::kDouble}, kDouble, "tm_avg_double($d$1)$m"},
      {"avg", Kind::kOther, {Param::kDaySecond}, kDaySecond, "tm_avg_interval($d$1)$m"},
      {"avg", Kind::kOther, {Param::kYearMonth}, kYearMonth, "tm_avg_interval($d$1)$m"},

      // tm_min_double, tm_max_double: NaN above everything, zeros told apart.
      {"min", Kind::kMin, {Param::kOnlyDouble}, kFirst, "tm_min_double($d$1)$m"},
      {"max", Kind::kMax, {Param::kOnlyDouble}, kFirst, "tm_max_double($d$1)$m"},
      {"min", Kind::kMin, {Param::kAny}, kFirst, "min($d$1)$m"},
      {"max", Kind::kMax, {Param::kAny}, kFirst, "max($d$1)$m"},
      // Of equal places the smallest value counts; of nested ones whatever the struct's order says.
      {"min_by", Kind::kMinBy, {Param::kScalar, Param::kScalar}, kFirst, "tm_min_by($1, $2)$m"},
      {"max_by", Kind::kMaxBy, {Param::kScalar, Param::kScalar}, kFirst, "tm_max_by($1, $2)$m"},
      {"min_by",
       Kind::kMinBy,
       {Param::kAny, Param::kAny},
       kFirst,
       "struct_extract(min(CASE WHEN $2 IS NOT NULL THEN {'p': $2, 'v': $1} END)$m, 'v')"},
      {"max_by",
       Kind::kMaxBy,
       {Param::kAny, Param::kAny},
       kFirst,
       "struct_extract(max(CASE WHEN $2 IS NOT NULL THEN {'p': $2, 'v': $1} END)$m, 'v')"},

      // Keep n values. Ties of the n-valued forms go by the value itself, so that the answer is the
      // same whatever the threads do; NULL values are kept, NULL places are not.
      {"min",
       Kind::kOther,
       {Param::kAny, Param::kElements},
       kArrayOfFirst,
       "min($1, tm_elements_to_keep(coalesce($2, 0)))$m"},
      {"max",
       Kind::kOther,
       {Param::kAny, Param::kElements},
       kArrayOfFirst,
       "max($1, tm_elements_to_keep(coalesce($2, 0)))$m"},
      {"min_by",
       Kind::kOther,
       {Param::kAny, Param::kAny, Param::kElements},
       kArrayOfFirst,
       "list_transform(min(CASE WHEN $2 IS NOT NULL THEN {'p': $2, 'v': $1} END, "
       "tm_elements_to_keep(coalesce($3, 0)))$m, "
       "lambda e: struct_extract(e, 'v'))"},
      {"max_by",
       Kind::kOther,
       {Param::kAny, Param::kAny, Param::kElements},
       kArrayOfFirst,
       "list_transform(max(CASE WHEN $2 IS NOT NULL THEN {'p': $2, 'v': $1} END, "
       "tm_elements_to_keep(coalesce($3, 0)))$m, "
       "lambda e: struct_extract(e, 'v'))"},
      {"array_agg", Kind::kOther, {Param::kAny}, kArrayOfFirst, "list($d$1$o)$m"},

      // Any value would do; the smallest is the same whatever the threads do.
      {"arbitrary", Kind::kOther, {Param::kOnlyDouble}, kFirst, "tm_min_double($1)$m"},
      {"arbitrary", Kind::kOther, {Param::kAny}, kFirst, "min($1)$m"},

      {"bool_and", Kind::kOther, {Param::kBoolean}, kBoolean, "bool_and($1)$m"},
      {"bool_or", Kind::kOther, {Param::kBoolean}, kBoolean, "bool_or($1)$m"},
      {"every", Kind::kOther, {Param::kBoolean}, kBoolean, "bool_and($1)$m"},
      {"bitwise_and_agg", Kind::kOther, {Param::kBigint}, kBigint, "bit_and($1)$m"},
      {"bitwise_or_agg", Kind::kOther, {Param::kBigint}, kBigint, "bit_or($1)$m"},

      {"approx_distinct",
       Kind::kApproxDistinct,
       {Param::kScalar},
       kBigint,
       "tm_approx_distinct($1, CAST(0.023 AS DOUBLE))$m"},
      {"approx_distinct",
       Kind::kOther,
       {Param::kAny},
       kBigint,
       "tm_approx_distinct(CAST($1 AS VARCHAR), CAST(0.023 AS DOUBLE))$m"},
      {"approx_distinct",
       Kind::kOther,
       {Param::kScalar, Param::kStandardError},
       kBigint,
       "tm_approx_distinct($1, $2)$m"},
      {"approx_distinct",
       Kind::kOther,
       {Param::kAny, Param::kStandardError},
       kBigint,
       "tm_approx_distinct(CAST($1 AS VARCHAR), $2)$m"},

      {"variance", Kind::kVarSamp, {Param::kDouble}, kDouble, "tm_var_samp($d$1)$m", kMayNan},
      {"var_samp", Kind::kVarSamp, {Param::kDouble}, kDouble, "tm_var_samp($d$1)$m", kMayNan},
      {"var_pop", Kind::kVarPop, {Param::kDouble}, kDouble, "tm_var_pop($d$1)$m", kMayNan},
      {"stddev", Kind::kStddevSamp, {Param::kDouble}, kDouble, "tm_stddev_samp($d$1)$m", kMayNan},
      {"stddev_samp",
       Kind::kStddevSamp,
       {Param::kDouble},
       kDouble,
       "tm_stddev_samp($d$1)$m",
       kMayNan},
      {"stddev_pop", Kind::kStddevPop, {Param::kDouble}, kDouble, "tm_stddev_pop($d$1)$m", kMayNan},
      {"skewness", Kind::kOther, {Param::kDouble}, kDouble, "tm_skewness($d$1)$m", kMayNan},
      {"kurtosis", Kind::kOther, {Param::kDouble}, kDouble, "tm_kurtosis($d$1)$m", kMayNan},
      {"geometric_mean",
       Kind::kOther,
       {Param::kDouble},
       kDouble,
       "tm_geometric_mean($d$1)$m",
       kMayNan},
      {"covar_samp",
       Kind::kOther,
       {Param::kDouble, Param::kDouble},
       kDouble,
       "tm_covar_samp($d$1, $2)$m",
       kMayNan},
      {"covar_pop",
       Kind::kOther,
       {Param::kDouble, Param::kDouble},
       kDouble,
       "tm_covar_pop($d$1, $2)$m",
       kMayNan},
      {"corr", Kind::kOther, {Param::kDouble, Param::kDouble}, kDouble, "tm_corr($d$1, $2)$m"},
      {"regr_slope",
       Kind::kOther,
       {Param::kDouble, Param::kDouble},
       kDouble,
       "tm_regr_slope($d$1, $2)$m"},
      {"regr_intercept",
       Kind::kOther,
       {Param::kDouble, Param::kDouble},
       kDouble,
       "tm_regr_intercept($d$1, $2)$m"},
      {"approx_percentile",
       Kind::kPercentile,
       {Param::kBigint, Param::kPercentage},
       kFirst,
       "tm_percentile($d$1, $2)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kBigint, Param::kDouble, Param::kPercentage},
       kFirst,
       "tm_percentile($d$1, $2, $3)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kBigint, Param::kPercentages},
       kArrayOfFirst,
       "tm_percentiles($d$1, $2)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kBigint, Param::kDouble, Param::kPercentages},
       kArrayOfFirst,
       "tm_percentiles($d$1, $2, $3)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kBigint, Param::kDouble, Param::kPercentage, Param::kAccuracy},
       kFirst,
       "tm_percentile($d$1, $2, $3)$m"},
      {"approx_percentile",
       Kind::kPercentile,
       {Param::kDouble, Param::kPercentage},
       kFirst,
       "tm_percentile($d$1, $2)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kDouble, Param::kDouble, Param::kPercentage},
       kFirst,
       "tm_percentile($d$1, $2, $3)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kDouble, Param::kPercentages},
       kArrayOfFirst,
       "tm_percentiles($d$1, $2)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kDouble, Param::kDouble, Param::kPercentages},
       kArrayOfFirst,
       "tm_percentiles($d$1, $2, $3)$m"},
      {"approx_percentile",
       Kind::kOther,
       {Param::kDouble, Param::kDouble, Param::kPercentage, Param::kAccuracy},
       kFirst,
       "tm_percentile($d$1, $2, $3)$m"},

      // The engine collects once what stands here twice.
      {"create_time_series",
       Kind::kOther,
       {Param::kTimestamp, Param::kAny},
       kSeriesOfSecond,
       "list_select(list($d{'f0': $1, 'f1': $2})$m, "
       "tm_series_ascending(list($d{'f0': $1, 'f1': $2})$m))"},
  };
}

/// By name; the overloads of one in the order of their rows.
const std::vector<AggregateOverload>& Table() {
  static const std::vector<AggregateOverload> table = [] {
    std::multimap<std::string_view, AggregateOverload> by_name;
    for (AggregateOverload& row : Rows()) by_name.emplace(row.name, std::move(row));
    std::vector<AggregateOverload> out;
    for (auto& [name, row] : by_name) out.push_back(std::move(row));
    return out;
  }();
  return table;
}

/// Negative: it does not take it.
int Cost(Param param, const Type& type) {
  switch (param) {
    case Param::kAny:
      return 0;
    case Param::kScalar:
      return type.scalar() && type.kind() != TypeKind::kUnknown ? 0 : -1;
    case Param::kOnlyDouble:
      return type.kind() == TypeKind::kDouble ? 0 : -1;
    case Param::kPercentages: {
      const bool numbers = type.kind() == TypeKind::kArray &&
                           CoercionCost(type.element().kind(), TypeKind::kDouble) >= 0;
      return numbers ? 0 : -1;
    }
    case Param::kBoolean:
    case Param::kBigint:
    case Param::kDouble:
    case Param::kDaySecond:
    case Param::kYearMonth:
    case Param::kTimestamp:
    case Param::kElements:
    case Param::kPercentage:
    case Param::kStandardError:
    case Param::kAccuracy:
      break;
  }
  return type.scalar() ? CoercionCost(type.kind(), TypeOfParam(param).kind()) : -1;
}

}  // namespace

Type TypeOfParam(AggregateParam param) {
  switch (param) {
    case Param::kAny:
    case Param::kScalar:
      return TypeKind::kUnknown;
    case Param::kBoolean:
      return TypeKind::kBoolean;
    case Param::kBigint:
    case Param::kElements:
      return TypeKind::kBigint;
    case Param::kDouble:
    case Param::kOnlyDouble:
    case Param::kPercentage:
    case Param::kStandardError:
    case Param::kAccuracy:
      return TypeKind::kDouble;
    case Param::kDaySecond:
      return TypeKind::kIntervalDaySecond;
    case Param::kYearMonth:
      return TypeKind::kIntervalYearMonth;
    case Param::kTimestamp:
      return TypeKind::kTimestamp;
    case Param::kPercentages:
      return Type::Array(TypeKind::kDouble);
  }
  TM_UNREACHABLE();
}

Type TypeOfResult(const AggregateOverload& overload, std::span<const Type> args) {
  switch (overload.result) {
    case kBoolean:
      return TypeKind::kBoolean;
    case kBigint:
      return TypeKind::kBigint;
    case kDouble:
      return TypeKind::kDouble;
    case kDaySecond:
      return TypeKind::kIntervalDaySecond;
    case kYearMonth:
      return TypeKind::kIntervalYearMonth;
    case kFirst:
      return args[0];
    case kArrayOfFirst:
      return Type::Array(args[0]);
    case kSeriesOfSecond:
      return Type::Timeseries(args[1]);
  }
  TM_UNREACHABLE();
}

std::span<const AggregateOverload> FindAggregates(std::string_view name) {
  const auto [first, last] = std::equal_range(
      Table().begin(), Table().end(), AggregateOverload{.name = name},
      [](const AggregateOverload& a, const AggregateOverload& b) { return a.name < b.name; });
  return {first, last};
}

const AggregateOverload* ResolveAggregate(std::string_view name, std::span<const Type> args) {
  const AggregateOverload* best = nullptr;
  int best_cost = 0;
  for (const AggregateOverload& overload : FindAggregates(name)) {
    if (overload.params.size() != args.size()) continue;
    int cost = 0;
    bool takes = true;
    for (size_t i = 0; i < args.size() && takes; ++i) {
      const int step = Cost(overload.params[i], args[i]);
      takes = step >= 0;
      cost += step;
    }
    if (!takes || (best != nullptr && best_cost <= cost)) continue;
    best = &overload;
    best_cost = cost;
  }
  return best;
}

const AggregateOverload& CountRowsAggregate() {
  static const AggregateOverload rows{"count", Kind::kCountRows, {}, kBigint, "count(*)$m"};
  return rows;
}

const AggregateOverload* EdgeAggregate(AggregateKind kind, const Type& value) {
  static const std::vector<Param> params{Param::kScalar, Param::kBigint, Param::kScalar};
  static const AggregateOverload first{"min_by", Kind::kMinBy, params, kFirst,
                                       "tm_first($1, $2, $3)$m"};
  static const AggregateOverload last{"max_by", Kind::kMaxBy, params, kFirst,
                                      "tm_last($1, $2, $3)$m"};
  if (!value.scalar() || value.kind() == TypeKind::kUnknown) return nullptr;
  if (kind == Kind::kMinBy) return &first;
  return kind == Kind::kMaxBy ? &last : nullptr;
}

std::vector<std::string_view> AggregateNames() {
  std::vector<std::string_view> names;
  for (const AggregateOverload& overload : Table()) {
    if (names.empty() || names.back() != overload.name) names.push_back(overload.name);
  }
  return names;
}

}  // namespace tidemark::sql
