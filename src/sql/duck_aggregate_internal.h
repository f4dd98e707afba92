// SPDX-License-Identifier: Apache-2.0
// What the registrations of aggregates share. DuckDB moves states about as bytes, which a
// std::string or a std::map does not survive: a state here is one pointer, null until its first
// input.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "sql/duck_internal.h"
#include "sql/memory_meter.h"

namespace tidemark::sql {

/// One argument of an aggregate over a chunk.
class AggregateInput {
 public:
  AggregateInput(duckdb_data_chunk chunk, size_t index)
      : vector_(duckdb_data_chunk_get_vector(chunk, index)),
        data_(duckdb_vector_get_data(vector_)),
        validity_(duckdb_vector_get_validity(vector_)) {}

  bool valid(size_t row) const { return duckdb_validity_row_is_valid(validity_, row); }
  template <typename T>
  T at(size_t row) const {
    if constexpr (std::is_same_v<T, std::string_view>) {
      return DuckText(static_cast<const duckdb_string_t*>(data_)[row]);
    } else {
      return static_cast<const T*>(data_)[row];
    }
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  duckdb_vector vector() const { return vector_; }

 private:
  duckdb_vector vector_;
  const void* data_;
  uint64_t* validity_;
};

inline void SetNull(duckdb_vector out, size_t row) {
  duckdb_vector_ensure_validity_writable(out);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(out), row);
}

template <typename T>
duckdb_type DuckTypeOf() {
  if constexpr (std::is_same_v<T, bool>) return DUCKDB_TYPE_BOOLEAN;
  if constexpr (std::is_same_v<T, int32_t>) return DUCKDB_TYPE_INTEGER;
  if constexpr (std::is_same_v<T, int64_t>) return DUCKDB_TYPE_BIGINT;
  if constexpr (std::is_same_v<T, double>) return DUCKDB_TYPE_DOUBLE;
  return DUCKDB_TYPE_VARCHAR;
}

template <typename T>
void StoreResult(duckdb_vector out, size_t row, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    duckdb_vector_assign_string_element_len(out, row, value.data(), value.size());
  } else {
    static_cast<T*>(duckdb_vector_get_data(out))[row] = value;
  }
}

/// `A` is the aggregate:
///   using State            default constructible
///   A::Add(chunk, begin, end, state) -> Result<void>: rows [begin, end) of the chunk
///   A::Merge(state, other)           `other` is left as it is
///   A::Finish(state, out, row) -> Result<void>: state is null if it had no input
/// A state that may become large has a member `MeteredBytes held` and heap_bytes(); its function's
/// extra info is the MemoryMeter.
template <typename State>
concept Metered = requires(State& state) {
  { state.held } -> std::same_as<MeteredBytes&>;
  { state.heap_bytes() } -> std::convertible_to<uint64_t>;
};

template <typename A>
struct BoxedAggregate {
  using State = typename A::State;

  static State*& At(duckdb_aggregate_state* states, size_t i) {
    return *reinterpret_cast<State**>(states[i]);
  }
  static idx_t Size(duckdb_function_info) { return sizeof(State*); }
  static void Init(duckdb_function_info, duckdb_aggregate_state state) noexcept {
    *reinterpret_cast<State**>(state) = nullptr;
  }
  static void Destroy(duckdb_aggregate_state* states, idx_t count) noexcept {
    for (idx_t i = 0; i < count; ++i) {
      const std::unique_ptr<State> owned(At(states, i));
      At(states, i) = nullptr;
    }
  }
  static State& Make(State*& state) {
    if (state == nullptr) state = std::make_unique<State>().release();
    return *state;
  }

  /// Consecutive rows of one group go in together.
  static void Update(duckdb_function_info info, duckdb_data_chunk chunk,
                     duckdb_aggregate_state* states) noexcept try {
    const size_t rows = duckdb_data_chunk_get_size(chunk);
    for (size_t begin = 0; begin < rows;) {
      size_t end = begin + 1;
      while (end < rows && states[end] == states[begin]) ++end;
      if (Result<void> added = A::Add(chunk, begin, end, At(states, begin)); !added.ok())
        return Fail(info, added.error());
      if (!Fits(info, At(states, begin))) return;
      begin = end;
    }
  } catch (const std::exception& e) {
    duckdb_aggregate_function_set_error(info, e.what());
  }

  static void Combine(duckdb_function_info info, duckdb_aggregate_state* source,
                      duckdb_aggregate_state* target, idx_t count) noexcept try {
    for (idx_t i = 0; i < count; ++i) {
      const State* from = At(source, i);
      State*& into = At(target, i);
      if (from == nullptr) continue;
      if (into == nullptr) {
        into = std::make_unique<State>(*from).release();
      } else {
        A::Merge(*into, *from);
      }
      if (!Fits(info, into)) return;
    }
  } catch (const std::exception& e) {
    duckdb_aggregate_function_set_error(info, e.what());
  }

  static void Finalize(duckdb_function_info info, duckdb_aggregate_state* source, duckdb_vector out,
                       idx_t count, idx_t offset) noexcept try {
    for (idx_t i = 0; i < count; ++i) {
      Result<void> done = A::Finish(At(source, i), out, offset + i);
      if (!done.ok()) return Fail(info, done.error());
    }
  } catch (const std::exception& e) {
    duckdb_aggregate_function_set_error(info, e.what());
  }

  static DuckAggregateFunction Make(std::string_view name,
                                    std::initializer_list<duckdb_type> params, duckdb_type result) {
    std::vector<DuckType> types;
    for (const duckdb_type param : params) types.emplace_back(duckdb_create_logical_type(param));
    return Make(name, types, DuckType(duckdb_create_logical_type(result)));
  }
  static DuckAggregateFunction Make(std::string_view name, std::span<const DuckType> params,
                                    const DuckType& result) {
    DuckAggregateFunction function(duckdb_create_aggregate_function());
    duckdb_aggregate_function_set_name(function.get(), std::string(name).c_str());
    for (const DuckType& param : params)
      duckdb_aggregate_function_add_parameter(function.get(), param.get());
    duckdb_aggregate_function_set_return_type(function.get(), result.get());
    duckdb_aggregate_function_set_special_handling(function.get());
    duckdb_aggregate_function_set_functions(function.get(), Size, Init, Update, Combine, Finalize);
    duckdb_aggregate_function_set_destructor(function.get(), Destroy);
    return function;
  }

 private:
  /// Counts what the state holds now; false after an error: all states together hold too much.
  static bool Fits(duckdb_function_info info, State* state) {
    if constexpr (Metered<State>) {
      if (state == nullptr) return true;
      auto& meter = *static_cast<MemoryMeter*>(duckdb_aggregate_function_get_extra_info(info));
      state->held.Set(meter, state->heap_bytes());
      if (!meter.over()) return true;
      duckdb_aggregate_function_set_error(info, "Out of Memory: states of aggregates");
      return false;
    }
    return true;
  }
  static void Fail(duckdb_function_info info, const Error& error) {
    duckdb_aggregate_function_set_error(info, MarkError(error.message).c_str());
  }
};

/// Registers functions under one name, told apart by their arguments.
class AggregateSet {
 public:
  explicit AggregateSet(const char* name) : set_(duckdb_create_aggregate_function_set(name)) {}
  void Add(const DuckAggregateFunction& function) {
    ok_ &= duckdb_add_aggregate_function_to_set(set_.get(), function.get()) == DuckDBSuccess;
  }
  bool Register(duckdb_connection connection) const {
    return ok_ && duckdb_register_aggregate_function_set(connection, set_.get()) == DuckDBSuccess;
  }

 private:
  DuckHandle<duckdb_aggregate_function_set, duckdb_destroy_aggregate_function_set> set_;
  bool ok_ = true;
};

// One file each; false: the engine refuses one.
bool RegisterEdges(duckdb_connection connection);
bool RegisterExtremesBy(duckdb_connection connection);
bool RegisterStatistics(duckdb_connection connection);
bool RegisterApproximate(duckdb_connection connection, MemoryMeter& meter);

}  // namespace tidemark::sql
