// SPDX-License-Identifier: Apache-2.0
// Owners of the C API's handles and what the duck_*.cpp share. The only header that sees DuckDB.
#pragma once

#include <duckdb.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "sql/execution.h"
#include "sql/plan.h"
#include "sql/view_history.h"

namespace tidemark::sql {

class MemoryMeter;

/// Owns a handle that is freed through its address.
template <typename T, void (*Destroy)(T*)>
class DuckHandle {
 public:
  DuckHandle() = default;
  explicit DuckHandle(T handle) : handle_(handle) {}
  DuckHandle(DuckHandle&& other) noexcept : handle_(std::exchange(other.handle_, T{})) {}
  DuckHandle& operator=(DuckHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  DuckHandle(const DuckHandle&) = delete;
  DuckHandle& operator=(const DuckHandle&) = delete;
  ~DuckHandle() {
    if (handle_ != T{}) Destroy(&handle_);
  }
  T get() const { return handle_; }
  T* address() { return &handle_; }

 private:
  T handle_{};
};

using DuckDatabase = DuckHandle<duckdb_database, duckdb_close>;
using DuckConnection = DuckHandle<duckdb_connection, duckdb_disconnect>;
using DuckConfig = DuckHandle<duckdb_config, duckdb_destroy_config>;
using DuckPrepared = DuckHandle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckPending = DuckHandle<duckdb_pending_result, duckdb_destroy_pending>;
using DuckChunk = DuckHandle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using DuckType = DuckHandle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckValue = DuckHandle<duckdb_value, duckdb_destroy_value>;
using DuckVector = DuckHandle<duckdb_vector, duckdb_destroy_vector>;
using DuckSelection =
    std::unique_ptr<_duckdb_selection_vector, decltype(&duckdb_destroy_selection_vector)>;
using DuckScalarFunction = DuckHandle<duckdb_scalar_function, duckdb_destroy_scalar_function>;
using DuckAggregateFunction =
    DuckHandle<duckdb_aggregate_function, duckdb_destroy_aggregate_function>;
using DuckTableFunction = DuckHandle<duckdb_table_function, duckdb_destroy_table_function>;

class DuckResult {
 public:
  DuckResult() = default;
  ~DuckResult() { duckdb_destroy_result(&result_); }
  DuckResult(const DuckResult&) = delete;
  DuckResult& operator=(const DuckResult&) = delete;
  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

inline std::string_view DuckText(const duckdb_string_t& text) {
  if (duckdb_string_is_inlined(text))
    return {text.value.inlined.inlined, text.value.inlined.length};
  return {text.value.pointer.ptr, text.value.pointer.length};
}

/// The carrier of a type (functions.h: CarrierName).
DuckType CarrierType(TypeKind kind);

/// Our Error for what DuckDB reports; its own wording never gets out.
Error TranslateError(std::string_view text, duckdb_error_type type);

/// A scan or aggregate of a plan that waits to be bound and run, found by its handle.
struct StoreTask {
  const plan::TableScan* scan = nullptr;            // tm_scan
  const plan::TableAggregate* aggregate = nullptr;  // tm_aggregate
  store::Store* store = nullptr;
  Control* control = nullptr;
  int threads = 1;
};

/// Thread-safe.
class TaskRegistry {
 public:
  uint64_t Add(const StoreTask& task) TM_EXCLUDES(mutex_);
  void Remove(uint64_t handle) TM_EXCLUDES(mutex_);
  std::optional<StoreTask> Find(uint64_t handle) const TM_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  uint64_t next_ TM_GUARDED_BY(mutex_) = 1;
  std::map<uint64_t, StoreTask> tasks_ TM_GUARDED_BY(mutex_);
};

// Each registers functions for the whole database; `registry` must outlive it. kInternal on
// refusal.
Result<void> RegisterScan(duckdb_connection connection, TaskRegistry& registry);
Result<void> RegisterRevisionScan(duckdb_connection connection, TaskRegistry& registry);
Result<void> RegisterAggregateScan(duckdb_connection connection, TaskRegistry& registry);
Result<void> RegisterScalars(duckdb_connection connection);
Result<void> RegisterNested(duckdb_connection connection);
/// `meter` must outlive the database.
Result<void> RegisterAggregates(duckdb_connection connection, MemoryMeter& meter);

/// The bind callback of what reads a plan::TableScan: its columns, and the task for init.
void BindScan(duckdb_bind_info info) noexcept;

/// The text of a name column in a series; none: SQL NULL.
std::optional<std::string_view> NameOf(const plan::ScanColumn& column,
                                       const store::SeriesInfo& series);

/// Nulls in rows [at, at + rows).
void Invalidate(duckdb_vector vector, size_t at, size_t rows);
/// One cell of a vector of that type; none: null.
void SetCell(duckdb_vector vector, size_t at, std::optional<int64_t> value);
void SetCell(duckdb_vector vector, size_t at, std::optional<EventTime> value);
void SetCell(duckdb_vector vector, size_t at, std::optional<bool> value);
void SetCell(duckdb_vector vector, size_t at, std::optional<double> value);
void SetCell(duckdb_vector vector, size_t at, std::optional<std::string_view> value);
/// A hidden column of a view's row.
void SetStateCell(plan::ScanColumn::Source source, const RowState& state, duckdb_vector vector,
                  size_t at);

/// Decodes a chunk by the result's types.
void DecodeChunk(duckdb_data_chunk chunk, std::span<const plan::Column> columns, RowChunk& out);

}  // namespace tidemark::sql
