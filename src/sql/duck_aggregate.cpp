// SPDX-License-Identifier: Apache-2.0
// Registers aggregates over agg::State, so that a scanned answer has the same bits as one the store
// computed: tm_sum_*, tm_avg_*, tm_min_double, tm_max_double; and tm_first_*, tm_last_* (value,
// time, series key), which unlike agg's keep nulls, as max_by(x, time) does.
#include <new>
#include <string>

#include "agg/state.h"
#include "sql/duck_internal.h"

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

void SetNull(duckdb_vector out, size_t row) {
  duckdb_vector_ensure_validity_writable(out);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(out), row);
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

// --------------------------------------------------------------------------------------- first and
// last

template <typename T>
struct Edge {
  bool any = false;
  bool null = false;
  int64_t time = 0;
  std::string series_key;
  T value{};
};

enum class Side : uint8_t { kFirst, kLast };

template <typename T, Side kSide>
struct EdgeAggregate {
  using State = Edge<T>;

  static State& At(duckdb_aggregate_state* states, size_t i) {
    return *reinterpret_cast<State*>(states[i]);
  }
  static idx_t Size(duckdb_function_info) { return sizeof(State); }
  static void Init(duckdb_function_info, duckdb_aggregate_state state) noexcept {
    new (state) State();
  }
  static void Destroy(duckdb_aggregate_state* states, idx_t count) noexcept {
    for (idx_t i = 0; i < count; ++i) At(states, i).~State();
  }

  /// The rule of agg::Kind::kFirst and kLast: of equal times the smallest series key.
  static bool Better(const State& state, int64_t time, std::string_view key) {
    if (!state.any) return true;
    if (time != state.time) return kSide == Side::kFirst ? time < state.time : time > state.time;
    return key < state.series_key;
  }

  static void Update(duckdb_function_info info, duckdb_data_chunk chunk,
                     duckdb_aggregate_state* states) noexcept try {
    duckdb_vector value = duckdb_data_chunk_get_vector(chunk, 0);
    duckdb_vector time = duckdb_data_chunk_get_vector(chunk, 1);
    duckdb_vector key = duckdb_data_chunk_get_vector(chunk, 2);
    uint64_t* validity = duckdb_vector_get_validity(value);
    const auto* times = static_cast<const int64_t*>(duckdb_vector_get_data(time));
    const auto* keys = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(key));
    for (size_t row = 0; row < duckdb_data_chunk_get_size(chunk); ++row) {
      State& state = At(states, row);
      const std::string_view text = DuckText(keys[row]);
      if (!Better(state, times[row], text)) continue;
      state.any = true;
      state.time = times[row];
      if (state.series_key != text) state.series_key = text;
      state.null = !duckdb_validity_row_is_valid(validity, row);
      if (state.null) continue;
      if constexpr (std::is_same_v<T, std::string>) {
        state.value =
            DuckText(static_cast<const duckdb_string_t*>(duckdb_vector_get_data(value))[row]);
      } else {
        state.value = static_cast<const T*>(duckdb_vector_get_data(value))[row];
      }
    }
  } catch (const std::exception& e) {
    duckdb_aggregate_function_set_error(info, e.what());
  }

  static void Combine(duckdb_function_info info, duckdb_aggregate_state* source,
                      duckdb_aggregate_state* target, idx_t count) noexcept try {
    for (idx_t i = 0; i < count; ++i) {
      const State& from = At(source, i);
      if (from.any && Better(At(target, i), from.time, from.series_key)) At(target, i) = from;
    }
  } catch (const std::exception& e) {
    duckdb_aggregate_function_set_error(info, e.what());
  }

  static void Finalize(duckdb_function_info info, duckdb_aggregate_state* source, duckdb_vector out,
                       idx_t count, idx_t offset) noexcept try {
    for (idx_t i = 0; i < count; ++i) {
      const State& state = At(source, i);
      if (!state.any || state.null) {
        SetNull(out, offset + i);
      } else if constexpr (std::is_same_v<T, std::string>) {
        duckdb_vector_assign_string_element_len(out, offset + i, state.value.data(),
                                                state.value.size());
      } else {
        static_cast<T*>(duckdb_vector_get_data(out))[offset + i] = state.value;
      }
    }
  } catch (const std::exception& e) {
    duckdb_aggregate_function_set_error(info, e.what());
  }

  static bool Register(duckdb_connection connection, const char* name, duckdb_type value_type) {
    DuckAggregateFunction function(duckdb_create_aggregate_function());
    duckdb_aggregate_function_set_name(function.get(), name);
    const DuckType value(duckdb_create_logical_type(value_type));
    const DuckType time(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
    const DuckType key(duckdb_create_logical_type(DUCKDB_TYPE_BLOB));
    for (const DuckType* type : {&value, &time, &key}) {
      duckdb_aggregate_function_add_parameter(function.get(), type->get());
    }
    duckdb_aggregate_function_set_return_type(function.get(), value.get());
    duckdb_aggregate_function_set_special_handling(function.get());
    duckdb_aggregate_function_set_functions(function.get(), Size, Init, Update, Combine, Finalize);
    duckdb_aggregate_function_set_destructor(function.get(), Destroy);
    return duckdb_register_aggregate_function(connection, function.get()) == DuckDBSuccess;
  }
};

template <typename T>
bool RegisterEdges(duckdb_connection connection, const char* first, const char* last,
                   duckdb_type type) {
  return EdgeAggregate<T, Side::kFirst>::Register(connection, first, type) &&
         EdgeAggregate<T, Side::kLast>::Register(connection, last, type);
}

}  // namespace

Result<void> RegisterAggregates(duckdb_connection connection) {
  using agg::Kind;
  constexpr agg::Type kDouble = agg::Type::kDouble;
  constexpr agg::Type kBigint = agg::Type::kBigint;
  const bool ok =
      RegisterState<double>(connection, "tm_sum_double", {Kind::kSum, kDouble}) &&
      RegisterState<double>(connection, "tm_avg_double", {Kind::kAvg, kDouble}) &&
      RegisterState<double>(connection, "tm_min_double", {Kind::kMin, kDouble}) &&
      RegisterState<double>(connection, "tm_max_double", {Kind::kMax, kDouble}) &&
      RegisterState<int64_t>(connection, "tm_sum_bigint", {Kind::kSum, kBigint}) &&
      RegisterState<int64_t>(connection, "tm_avg_bigint", {Kind::kAvg, kBigint}) &&
      RegisterEdges<double>(connection, "tm_first_DOUBLE", "tm_last_DOUBLE", DUCKDB_TYPE_DOUBLE) &&
      RegisterEdges<int64_t>(connection, "tm_first_BIGINT", "tm_last_BIGINT", DUCKDB_TYPE_BIGINT) &&
      RegisterEdges<bool>(connection, "tm_first_BOOLEAN", "tm_last_BOOLEAN", DUCKDB_TYPE_BOOLEAN) &&
      RegisterEdges<std::string>(connection, "tm_first_VARCHAR", "tm_last_VARCHAR",
                                 DUCKDB_TYPE_VARCHAR);
  if (!ok) return Error{Code::kInternal, "the execution engine refuses an aggregate function"};
  return {};
}

}  // namespace tidemark::sql
