// SPDX-License-Identifier: Apache-2.0
// An aggregate as users name it: which state is kept and what is read of it. Value, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agg/state.h"
#include "base/result.h"

namespace tidemark::agg {

struct Aggregate {
  Aggregate(Kind k);  // NOLINT(google-explicit-constructor): of kinds with one result
  Aggregate(std::string_view n, Kind k, Reading r) : name(n), kind(k), reading(r) {}

  std::string name;  // as it was asked for: "p50" and "median" read the same
  Kind kind;
  Reading reading;

  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

/// count sum avg min max first last, var_pop var_samp stddev_pop stddev_samp, median, pN with N a
/// number from 0 to 100 ("p95", "p99.9": what SQL calls approx_percentile(x, 0.999)),
/// approx_distinct. Null: something else.
std::optional<Aggregate> AggregateFromName(std::string_view name);

/// kInvalidArgument with the aggregate's name: median of VARCHAR and the like do not exist.
Result<void> CheckAggregate(const Aggregate& aggregate, Type input);
/// count and approx_distinct are BIGINT; sum, min, max, first, last as the input; the rest DOUBLE,
/// percentiles of BIGINT too (where SQL keeps BIGINT).
Type ResultTypeOf(const Aggregate& aggregate, Type input);
/// What `state` holds, in that type. `state` is of the aggregate's kind. Errors: State::Finish().
Result<Scalar> FinishAs(const Aggregate& aggregate, const State& state);

}  // namespace tidemark::agg
