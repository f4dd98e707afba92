// SPDX-License-Identifier: Apache-2.0
// Registers tm_percentile (x [, weight], p), tm_percentiles (x [, weight], array of p) and
// tm_approx_distinct (x, standard error) over agg::Percentiles and agg::DistinctSketch.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "agg/distinct_sketch.h"
#include "agg/percentiles.h"
#include "base/numbers.h"
#include "sql/duck_aggregate_internal.h"

namespace tidemark::sql {
namespace {

enum class Weighted : uint8_t { kNo, kYes };

template <typename T>
T OfOrdered(uint64_t ordered) {
  if constexpr (std::is_same_v<T, double>) {
    return agg::DoubleOfOrdered(ordered);
  } else {
    return agg::IntegerOfOrdered(ordered);
  }
}

Error OfArgument(std::string message) { return Error{Code::kInvalidArgument, std::move(message)}; }

Result<void> CheckPercentage(double p) {
  if (p >= 0 && p <= 1) return {};
  return OfArgument("percentage must be between 0 and 1, not " + FormatDoubleSql(p));
}

/// The input side, which one percentage and several share. What varies between rows (the
/// percentages, by rights constant) is settled in favour of the largest: no order matters.
template <typename T, Weighted kWeighted>
struct PercentileInput {
  explicit PercentileInput(duckdb_data_chunk chunk)
      : x(chunk, 0), weight(chunk, kWeighted == Weighted::kYes ? 1 : 0) {}

  Result<void> Add(size_t row, agg::Percentiles& values) const {
    uint64_t times = 1;
    if constexpr (kWeighted == Weighted::kYes) {
      const auto w = weight.template at<double>(row);
      if (!(w >= 1 && w < 0x1p63 && std::trunc(w) == w)) {
        return OfArgument("weight must be an integer of at least 1, was " + FormatDoubleSql(w));
      }
      times = static_cast<uint64_t>(w);
    }
    values.Add(agg::OrderedBits(x.template at<T>(row)), times);
    return {};
  }
  bool valid(size_t row) const { return x.valid(row) && weight.valid(row); }

  AggregateInput x;
  AggregateInput weight;
};

struct OnePercentile {
  agg::Percentiles values;
  double p = 0;
  MeteredBytes held = {};

  uint64_t heap_bytes() const { return values.heap_bytes(); }
};

template <typename T, Weighted kWeighted>
struct PercentileOf {
  using State = OnePercentile;

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const PercentileInput<T, kWeighted> input(chunk);
    const AggregateInput percentage(chunk, kWeighted == Weighted::kYes ? 2 : 1);
    for (size_t row = begin; row < end; ++row) {
      if (!input.valid(row)) continue;
      if (!percentage.valid(row)) return OfArgument("percentage must not be NULL");
      const auto p = percentage.at<double>(row);
      TM_RETURN_IF_ERROR(CheckPercentage(p));
      State& state = BoxedAggregate<PercentileOf>::Make(boxed);
      state.p = std::max(state.p, p);
      TM_RETURN_IF_ERROR(input.Add(row, state.values));
    }
    return {};
  }
  static void Merge(State& state, const State& other) {
    state.values.Merge(other.values);
    state.p = std::max(state.p, other.p);
  }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    const auto found = state == nullptr ? std::nullopt : state->values.At(state->p);
    if (!found) {
      SetNull(out, row);
    } else {
      StoreResult(out, row, OfOrdered<T>(*found));
    }
    return {};
  }
  static DuckAggregateFunction Make(const char* name) {
    using Boxed = BoxedAggregate<PercentileOf>;
    if (kWeighted == Weighted::kNo)
      return Boxed::Make(name, {DuckTypeOf<T>(), DUCKDB_TYPE_DOUBLE}, DuckTypeOf<T>());
    return Boxed::Make(name, {DuckTypeOf<T>(), DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_DOUBLE},
                       DuckTypeOf<T>());
  }
};

struct ManyPercentiles {
  agg::Percentiles values;
  std::vector<double> ps;
  MeteredBytes held = {};

  uint64_t heap_bytes() const { return values.heap_bytes(); }
};

template <typename T, Weighted kWeighted>
struct PercentilesOf {
  using State = ManyPercentiles;

  static Result<void> ReadPercentages(const AggregateInput& input, size_t row,
                                      std::vector<double>& out) {
    if (!input.valid(row)) return OfArgument("the array of percentages must not be NULL");
    const auto entry = input.at<duckdb_list_entry>(row);
    duckdb_vector child = duckdb_list_vector_get_child(input.vector());
    const auto* values = static_cast<const double*>(duckdb_vector_get_data(child));
    uint64_t* validity = duckdb_vector_get_validity(child);
    out.clear();
    for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (!duckdb_validity_row_is_valid(validity, i))
        return OfArgument("percentage must not be NULL");
      TM_RETURN_IF_ERROR(CheckPercentage(values[i]));
      out.push_back(values[i]);
    }
    return {};
  }

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const PercentileInput<T, kWeighted> input(chunk);
    const AggregateInput percentages(chunk, kWeighted == Weighted::kYes ? 2 : 1);
    std::vector<double> ps;
    for (size_t row = begin; row < end; ++row) {
      if (!input.valid(row)) continue;
      TM_RETURN_IF_ERROR(ReadPercentages(percentages, row, ps));
      State& state = BoxedAggregate<PercentilesOf>::Make(boxed);
      if (state.ps < ps) state.ps = ps;
      TM_RETURN_IF_ERROR(input.Add(row, state.values));
    }
    return {};
  }
  static void Merge(State& state, const State& other) {
    state.values.Merge(other.values);
    if (state.ps < other.ps) state.ps = other.ps;
  }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    if (state == nullptr) {
      SetNull(out, row);
      return {};
    }
    const std::vector<uint64_t> found = state->values.At(state->ps);
    const size_t start = duckdb_list_vector_get_size(out);
    duckdb_list_vector_reserve(out, start + found.size());
    duckdb_list_vector_set_size(out, start + found.size());
    duckdb_vector child = duckdb_list_vector_get_child(out);
    for (size_t i = 0; i < found.size(); ++i) StoreResult(child, start + i, OfOrdered<T>(found[i]));
    StoreResult(out, row, duckdb_list_entry{start, found.size()});
    return {};
  }
  static DuckAggregateFunction Make(const char* name) {
    const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
    const DuckType value(duckdb_create_logical_type(DuckTypeOf<T>()));
    std::vector<DuckType> params;
    params.emplace_back(duckdb_create_logical_type(DuckTypeOf<T>()));
    if (kWeighted == Weighted::kYes)
      params.emplace_back(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
    params.emplace_back(duckdb_create_list_type(number.get()));
    return BoxedAggregate<PercentilesOf>::Make(name, params,
                                               DuckType(duckdb_create_list_type(value.get())));
  }
};

template <template <typename, Weighted> typename A>
bool RegisterPercentiles(duckdb_connection connection, const char* name, MemoryMeter& meter) {
  AggregateSet set(name);
  const auto add = [&](const DuckAggregateFunction& function) {
    duckdb_aggregate_function_set_extra_info(function.get(), &meter, nullptr);
    set.Add(function);
  };
  add(A<double, Weighted::kNo>::Make(name));
  add(A<int64_t, Weighted::kNo>::Make(name));
  add(A<double, Weighted::kYes>::Make(name));
  add(A<int64_t, Weighted::kYes>::Make(name));
  return set.Register(connection);
}

// ---------------------------------------------------------------------------------------------

template <typename T>
struct ApproxDistinct {
  using State = agg::DistinctSketch;
  using Cell = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput input(chunk, 0);
    const AggregateInput error(chunk, 1);
    for (size_t row = begin; row < end; ++row) {
      if (!input.valid(row)) continue;
      if (boxed == nullptr) {
        const int precision = agg::DistinctSketch::PrecisionFor(error.at<double>(row));
        boxed = std::make_unique<State>(precision).release();
      }
      if constexpr (std::is_same_v<T, int32_t>) {
        boxed->Add(agg::DistinctHash(int64_t{input.at<T>(row)}));
      } else {
        boxed->Add(agg::DistinctHash(input.at<Cell>(row)));
      }
    }
    return {};
  }
  static void Merge(State& state, const State& other) { state.Merge(other); }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    StoreResult(out, row, state == nullptr ? int64_t{0} : static_cast<int64_t>(state->Estimate()));
    return {};
  }
  static DuckAggregateFunction Make(const char* name) {
    return BoxedAggregate<ApproxDistinct>::Make(name, {DuckTypeOf<T>(), DUCKDB_TYPE_DOUBLE},
                                                DUCKDB_TYPE_BIGINT);
  }
};

bool RegisterDistinct(duckdb_connection connection) {
  constexpr const char* kName = "tm_approx_distinct";
  AggregateSet set(kName);
  set.Add(ApproxDistinct<double>::Make(kName));
  set.Add(ApproxDistinct<int64_t>::Make(kName));
  set.Add(ApproxDistinct<int32_t>::Make(kName));
  set.Add(ApproxDistinct<bool>::Make(kName));
  set.Add(ApproxDistinct<std::string>::Make(kName));
  return set.Register(connection);
}

}  // namespace

bool RegisterApproximate(duckdb_connection connection, MemoryMeter& meter) {
  return RegisterPercentiles<PercentileOf>(connection, "tm_percentile", meter) &&
         RegisterPercentiles<PercentilesOf>(connection, "tm_percentiles", meter) &&
         RegisterDistinct(connection);
}

}  // namespace tidemark::sql
