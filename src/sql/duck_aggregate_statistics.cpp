// SPDX-License-Identifier: Apache-2.0
// Registers the order-free states of agg with numeric results that are none of agg::State: means of
// intervals, geometric means, moments and co-moments.
#include <array>
#include <cmath>

#include "agg/exact_sum.h"
#include "agg/integer_mean.h"
#include "agg/moments.h"
#include "sql/duck_aggregate_internal.h"

namespace tidemark::sql {
namespace {

void StoreOptional(const std::optional<double>& value, duckdb_vector out, size_t row) {
  if (!value) return SetNull(out, row);
  StoreResult(out, row, *value);
}

/// avg of intervals, which are BIGINT here.
struct MeanOfIntervals {
  using State = agg::IntegerMean;

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput input(chunk, 0);
    for (size_t row = begin; row < end; ++row) {
      if (!input.valid(row)) continue;
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

/// exp of the mean logarithm: 0 where a value is 0, NaN where one is negative.
struct GeometricMean {
  struct State {
    agg::ExactSum logarithms;
    uint64_t count = 0;
  };

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput input(chunk, 0);
    for (size_t row = begin; row < end; ++row) {
      if (!input.valid(row)) continue;
      State& state = BoxedAggregate<GeometricMean>::Make(boxed);
      state.logarithms.Add(std::log(input.at<double>(row)));
      ++state.count;
    }
    return {};
  }
  static void Merge(State& state, const State& other) {
    state.logarithms.Merge(other.logarithms);
    state.count += other.count;
  }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    if (state == nullptr) {
      SetNull(out, row);
    } else {
      StoreResult(out, row, std::exp(state->logarithms.Mean(state->count)));
    }
    return {};
  }
};

template <int kOrder, std::optional<double> (*kResult)(const agg::Moments<kOrder>&)>
struct MomentsOf {
  using State = agg::Moments<kOrder>;

  /// Runs of values that are not null go in together.
  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput input(chunk, 0);
    for (size_t row = begin; row < end;) {
      if (!input.valid(row)) {
        ++row;
        continue;
      }
      const size_t first = row;
      while (row < end && input.valid(row)) ++row;
      BoxedAggregate<MomentsOf>::Make(boxed).Add({input.data<double>() + first, row - first});
    }
    return {};
  }
  static void Merge(State& state, const State& other) { state.Merge(other); }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    StoreOptional(state == nullptr ? std::nullopt : kResult(*state), out, row);
    return {};
  }
  static DuckAggregateFunction Make(std::string_view name) {
    return BoxedAggregate<MomentsOf>::Make(name, {DUCKDB_TYPE_DOUBLE}, DUCKDB_TYPE_DOUBLE);
  }
};

template <agg::Spread kSpread>
std::optional<double> Variance(const agg::Moments<2>& moments) {
  return moments.Variance(kSpread);
}
template <agg::Spread kSpread>
std::optional<double> Deviation(const agg::Moments<2>& moments) {
  return moments.StandardDeviation(kSpread);
}
std::optional<double> Skewness(const agg::Moments<4>& moments) { return moments.Skewness(); }
std::optional<double> Kurtosis(const agg::Moments<4>& moments) { return moments.Kurtosis(); }

/// Over (y, x); pairs with a null do not count.
template <std::optional<double> (*kResult)(const agg::CoMoments&)>
struct CoMomentsOf {
  using State = agg::CoMoments;

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput y(chunk, 0);
    const AggregateInput x(chunk, 1);
    for (size_t row = begin; row < end; ++row) {
      if (!y.valid(row) || !x.valid(row)) continue;
      BoxedAggregate<CoMomentsOf>::Make(boxed).Add(y.at<double>(row), x.at<double>(row));
    }
    return {};
  }
  static void Merge(State& state, const State& other) { state.Merge(other); }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    StoreOptional(state == nullptr ? std::nullopt : kResult(*state), out, row);
    return {};
  }
  static DuckAggregateFunction Make(std::string_view name) {
    return BoxedAggregate<CoMomentsOf>::Make(name, {DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_DOUBLE},
                                             DUCKDB_TYPE_DOUBLE);
  }
};

template <agg::Spread kSpread>
std::optional<double> Covariance(const agg::CoMoments& moments) {
  return moments.Covariance(kSpread);
}
std::optional<double> Correlation(const agg::CoMoments& moments) { return moments.Correlation(); }
std::optional<double> Slope(const agg::CoMoments& moments) { return moments.Slope(); }
std::optional<double> Intercept(const agg::CoMoments& moments) { return moments.Intercept(); }

}  // namespace

bool RegisterStatistics(duckdb_connection connection) {
  using agg::Spread;
  const std::array functions{
      BoxedAggregate<MeanOfIntervals>::Make("tm_avg_interval", {DUCKDB_TYPE_BIGINT},
                                            DUCKDB_TYPE_BIGINT),
      BoxedAggregate<GeometricMean>::Make("tm_geometric_mean", {DUCKDB_TYPE_DOUBLE},
                                          DUCKDB_TYPE_DOUBLE),
      MomentsOf<2, Variance<Spread::kSample>>::Make("tm_var_samp"),
      MomentsOf<2, Variance<Spread::kPopulation>>::Make("tm_var_pop"),
      MomentsOf<2, Deviation<Spread::kSample>>::Make("tm_stddev_samp"),
      MomentsOf<2, Deviation<Spread::kPopulation>>::Make("tm_stddev_pop"),
      MomentsOf<4, Skewness>::Make("tm_skewness"),
      MomentsOf<4, Kurtosis>::Make("tm_kurtosis"),
      CoMomentsOf<Covariance<Spread::kSample>>::Make("tm_covar_samp"),
      CoMomentsOf<Covariance<Spread::kPopulation>>::Make("tm_covar_pop"),
      CoMomentsOf<Correlation>::Make("tm_corr"),
      CoMomentsOf<Slope>::Make("tm_regr_slope"),
      CoMomentsOf<Intercept>::Make("tm_regr_intercept"),
  };
  bool ok = true;
  for (const DuckAggregateFunction& function : functions) {
    ok &= duckdb_register_aggregate_function(connection, function.get()) == DuckDBSuccess;
  }
  return ok;
}

}  // namespace tidemark::sql
