// SPDX-License-Identifier: Apache-2.0
// An aggregate as users name it: which state is kept and what is read of it. Value, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agg/state.h"
#include "base/result.h"

namespace tidemark::agg {

struct Aggregate {
  Aggregate(Kind k);  // NOLINT(google-explicit-constructor): of kinds with one result
  Aggregate(std::string_view n, Kind k, Reading r) : name(n), kind(k), reading(r) {}

  /// Of the state that it reads.
  Spec spec(Type input) const { return {kind, input, bounds}; }

  std::string name;  // as it was asked for: "p50" and "median" read the same
  Kind kind;
  Reading reading;
  Bounds bounds = nullptr;  // kHistogram: of Columns()

  friend bool operator==(const Aggregate& a, const Aggregate& b) {
    return a.name == b.name && a.reading == b.reading &&
           a.spec(Type::kDouble) == b.spec(Type::kDouble);
  }
};

/// count sum avg min max first last, var_pop var_samp stddev_pop stddev_samp, median, pN with N a
/// number from 0 to 100 ("p95", "p99.9": what SQL calls approx_percentile(x, 0.999)),
/// approx_distinct; increase, rate, delta, twa, coverage (of a twa); histogram, which is not read
/// itself but through its Columns(). Null: something else.
std::optional<Aggregate> AggregateFromName(std::string_view name);

/// The names above, for messages.
std::string_view AggregateNames();

/// What is published of an aggregate, one result each: of a histogram its buckets, cumulative, with
/// the names le_50 .. le_inf; of everything else itself. `bounds` may be null, and a histogram with
/// it is left as it is: CheckAggregate() refuses that.
std::vector<Aggregate> Columns(const Aggregate& aggregate, const Bounds& bounds);

/// kInvalidArgument with the aggregate's name: median of VARCHAR and the like do not exist.
Result<void> CheckAggregate(const Aggregate& aggregate, Type input);
/// count, approx_distinct and buckets are BIGINT; sum, min, max, first, last, increase, delta as
/// the input; the rest DOUBLE, percentiles of BIGINT too (where SQL keeps BIGINT).
Type ResultTypeOf(const Aggregate& aggregate, Type input);
/// Whether FinishAs() may be kOutOfRange: exact integers that can leave BIGINT.
bool MayOverflow(const Aggregate& aggregate, Type input);
/// What `state` holds, in that type. `state` is of aggregate.spec(), over the inputs in `window`
/// (only rate, twa and coverage look at that). Errors: State::Finish().
Result<Scalar> FinishAs(const Aggregate& aggregate, const State& state,
                        TimeRange window = {{}, {}});

}  // namespace tidemark::agg
