// SPDX-License-Identifier: Apache-2.0
// Registers the order-free states of agg that are none of agg::State: means of intervals, moments,
// co-moments, percentiles and distinct counts.
#include "agg/integer_mean.h"
#include "sql/duck_aggregate_internal.h"

namespace tidemark::sql {
namespace {

/// avg of intervals, which are BIGINT here.
struct MeanOfIntervals {
  using State = agg::IntegerMean;

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput input(chunk, 0);
    for (size_t row = begin; row < end; ++row) {
      if (input.valid(row))
        BoxedAggregate<MeanOfIntervals>::Make(boxed).Add(input.at<int64_t>(row));
    }
    return {};
  }
  static void Merge(State& state, const State& other) { state.Merge(other); }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    const auto mean = state == nullptr ? std::nullopt : state->Finish();
    if (!mean) {
      SetNull(out, row);
    } else {
      StoreResult(out, row, *mean);
    }
    return {};
  }
};

}  // namespace

bool RegisterStatistics(duckdb_connection connection) {
  const auto add = [&](const DuckAggregateFunction& function) {
    return duckdb_register_aggregate_function(connection, function.get()) == DuckDBSuccess;
  };
  return add(BoxedAggregate<MeanOfIntervals>::Make("tm_avg_interval", {DUCKDB_TYPE_BIGINT},
                                                   DUCKDB_TYPE_BIGINT));
}

}  // namespace tidemark::sql
