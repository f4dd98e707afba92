// SPDX-License-Identifier: Apache-2.0
// The aggregate functions of the dialect (timestream-sql.md 5.8): one row each says what it takes,
// what it gives and the text to emit. Adding an aggregate = a row here and, if the engine lacks it
// or is not order-free, its registration in duck_aggregate*.cpp. Immutable tables, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sql/type.h"

namespace tidemark::sql {

/// Those that the store may compute by itself have a kind of their own (pushdown.cpp).
enum class AggregateKind : uint8_t {
  kCountRows,
  kCount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kMinBy,
  kMaxBy,
  kVarSamp,
  kVarPop,
  kStddevSamp,
  kStddevPop,
  kPercentile,
  kApproxDistinct,
  kOther,
};

enum class AggregateParam : uint8_t {
  kAny,
  kScalar,   // no array, row or time series
  kBoolean,  // this type or what becomes it by itself, as all below
  kBigint,
  kDouble,
  kDaySecond,
  kYearMonth,
  kTimestamp,
  kOnlyDouble,     // a double as it stands
  kElements,       // bigint: how many values to keep, 1..10,000
  kPercentage,     // double, 0..1
  kPercentages,    // array of such
  kStandardError,  // constant double, of approx_distinct
  kAccuracy,       // constant double, of approx_percentile
};

enum class AggregateResult : uint8_t {
  kBoolean,
  kBigint,
  kDouble,
  kDaySecond,
  kYearMonth,
  kFirst,           // the type of the first argument
  kArrayOfFirst,    // an array of that
  kSeriesOfSecond,  // a time series of the type of the second argument
};

struct AggregateOverload {
  std::string_view name;  // lower case
  AggregateKind kind = AggregateKind::kOther;
  std::vector<AggregateParam> params;
  AggregateResult result = AggregateResult::kDouble;
  /// $1, $2: the emitted arguments; $d: where DISTINCT goes (without one it changes nothing); $o:
  /// where an ORDER BY inside goes (without one the order does not matter); $m: where FILTER and
  /// OVER go.
  std::string_view emit;
  bool may_nan = false;  // a double result can be NaN though no argument is
};

/// All overloads of a name (lower case), empty if it is no aggregate.
std::span<const AggregateOverload> FindAggregates(std::string_view name);
/// The cheapest one that takes `args`; null: none does.
const AggregateOverload* ResolveAggregate(std::string_view name, std::span<const Type> args);
/// count(*).
const AggregateOverload& CountRowsAggregate();
/// min_by or max_by of a table's time with the series key as third argument: of equal times the
/// smallest key counts, on every path. Null: `value` does not go that way.
const AggregateOverload* EdgeAggregate(AggregateKind kind, const Type& value);

/// The type that an argument must be coerced to; kUnknown: any is taken as it is.
Type TypeOfParam(AggregateParam param);
/// Type of the result for the (coerced) arguments.
Type TypeOfResult(const AggregateOverload& overload, std::span<const Type> args);

/// Names for suggestions.
std::vector<std::string_view> AggregateNames();

}  // namespace tidemark::sql
