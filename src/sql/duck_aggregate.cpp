// SPDX-License-Identifier: Apache-2.0
// Registers aggregates over agg::State, so that a scanned answer has the same bits as one the store
// computed: tm_sum_*, tm_avg_*, tm_min_double, tm_max_double. DuckDB moves states about as bytes;
// an agg::State of these kinds survives that, as it holds no std::string.
#include <new>
#include <string>

#include "agg/state.h"
#include "sql/duck_aggregate_internal.h"

namespace tidemark::sql {
namespace {

// ------------------------------------------------------------------------------------------
// agg::State

struct StateFunction {
  agg::Spec spec;
};

const StateFunction& FunctionOf(duckdb_function_info info) {
  return *static_cast<const StateFunction*>(duckdb_aggregate_function_get_extra_info(info));
}

agg::State& StateAt(duckdb_aggregate_state* states, size_t i) {
  return *reinterpret_cast<agg::State*>(states[i]);
}

idx_t StateSize(duckdb_function_info) { return sizeof(agg::State); }

void InitState(duckdb_function_info info, duckdb_aggregate_state state) noexcept {
  new (state) agg::State(FunctionOf(info).spec);
}

void DestroyStates(duckdb_aggregate_state* states, idx_t count) noexcept {
  for (idx_t i = 0; i < count; ++i) StateAt(states, i).~State();
}

/// Consecutive rows of one group go in together.
template <typename T>
void UpdateStates(duckdb_function_info info, duckdb_data_chunk chunk,
                  duckdb_aggregate_state* states) noexcept try {
  const size_t rows = duckdb_data_chunk_get_size(chunk);
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
  const T* data = static_cast<const T*>(duckdb_vector_get_data(vector));
  uint64_t* validity = duckdb_vector_get_validity(vector);
  const auto valid = [&](size_t row) { return duckdb_validity_row_is_valid(validity, row); };
  for (size_t start = 0; start < rows;) {
    if (!valid(start)) {
      ++start;
      continue;
    }
    size_t end = start + 1;
    while (end < rows && states[end] == states[start] && valid(end)) ++end;
    StateAt(states, start).Add({}, std::span<const T>(data + start, end - start));
    start = end;
  }
} catch (const std::exception& e) {
  duckdb_aggregate_function_set_error(info, e.what());
}

void CombineStates(duckdb_function_info info, duckdb_aggregate_state* source,
                   duckdb_aggregate_state* target, idx_t count) noexcept try {
  for (idx_t i = 0; i < count; ++i) StateAt(target, i).Merge(StateAt(source, i));
} catch (const std::exception& e) {
  duckdb_aggregate_function_set_error(info, e.what());
}

void FinalizeStates(duckdb_function_info info, duckdb_aggregate_state* source, duckdb_vector out,
                    idx_t count, idx_t offset) noexcept try {
  for (idx_t i = 0; i < count; ++i) {
    const Result<agg::Scalar> value = StateAt(source, i).Finish();
    if (!value.ok()) {
      const std::string text = std::string(agg::KindName(FunctionOf(info).spec.kind)) +
                               ": the result is out of the range of bigint";
      duckdb_aggregate_function_set_error(info, MarkError(text).c_str());
      return;
    }
    if (const auto* number = std::get_if<double>(&*value)) {
      static_cast<double*>(duckdb_vector_get_data(out))[offset + i] = *number;
    } else if (const auto* integer = std::get_if<int64_t>(&*value)) {
      static_cast<int64_t*>(duckdb_vector_get_data(out))[offset + i] = *integer;
    } else {
      SetNull(out, offset + i);
    }
  }
} catch (const std::exception& e) {
  duckdb_aggregate_function_set_error(info, e.what());
}

template <typename T>
bool RegisterState(duckdb_connection connection, const char* name, agg::Spec spec) {
  DuckAggregateFunction function(duckdb_create_aggregate_function());
  duckdb_aggregate_function_set_name(function.get(), name);
  const bool real_input = spec.input == agg::Type::kDouble;
  const bool real_result = agg::ResultType(spec) == agg::Type::kDouble;
  const DuckType input(
      duckdb_create_logical_type(real_input ? DUCKDB_TYPE_DOUBLE : DUCKDB_TYPE_BIGINT));
  const DuckType result(
      duckdb_create_logical_type(real_result ? DUCKDB_TYPE_DOUBLE : DUCKDB_TYPE_BIGINT));
  duckdb_aggregate_function_add_parameter(function.get(), input.get());
  duckdb_aggregate_function_set_return_type(function.get(), result.get());
  duckdb_aggregate_function_set_special_handling(function.get());
  duckdb_aggregate_function_set_extra_info(function.get(), new StateFunction{spec}, [](void* data) {
    delete static_cast<StateFunction*>(data);
  });
  duckdb_aggregate_function_set_functions(function.get(), StateSize, InitState, UpdateStates<T>,
                                          CombineStates, FinalizeStates);
  duckdb_aggregate_function_set_destructor(function.get(), DestroyStates);
  return duckdb_register_aggregate_function(connection, function.get()) == DuckDBSuccess;
}

}  // namespace

Result<void> RegisterAggregates(duckdb_connection connection, MemoryMeter& meter) {
  using agg::Kind;
  constexpr agg::Type kDouble = agg::Type::kDouble;
  constexpr agg::Type kBigint = agg::Type::kBigint;
  const bool ok = RegisterState<double>(connection, "tm_sum_double", {Kind::kSum, kDouble}) &&
                  RegisterState<double>(connection, "tm_avg_double", {Kind::kAvg, kDouble}) &&
                  RegisterState<double>(connection, "tm_min_double", {Kind::kMin, kDouble}) &&
                  RegisterState<double>(connection, "tm_max_double", {Kind::kMax, kDouble}) &&
                  RegisterState<int64_t>(connection, "tm_sum_bigint", {Kind::kSum, kBigint}) &&
                  RegisterState<int64_t>(connection, "tm_avg_bigint", {Kind::kAvg, kBigint}) &&
                  RegisterEdges(connection) && RegisterExtremesBy(connection) &&
                  RegisterStatistics(connection) && RegisterApproximate(connection, meter);
  if (!ok) return Error{Code::kInternal, "the execution engine refuses an aggregate function"};
  return {};
}

}  // namespace tidemark::sql
