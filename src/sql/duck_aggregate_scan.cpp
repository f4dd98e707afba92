// SPDX-License-Identifier: Apache-2.0
// The table function tm_aggregate(handle): groups that the store computed, as finished rows.
#include <algorithm>
#include <vector>

#include "sql/aggregate_reader.h"
#include "sql/duck_internal.h"

namespace tidemark::sql {
namespace {

using From = plan::TableAggregate::Output::From;

struct AggregateScan {
  StoreTask task;
  std::unique_ptr<AggregateReader> reader;
  std::vector<size_t> outputs;  // to fill, in DuckDB's order
  std::vector<store::AggregateRow> rows;
};

void SetText(duckdb_vector vector, size_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(vector, row, text.data(), text.size());
}

void SetNull(duckdb_vector vector, size_t row) {
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

template <typename T>
void SetValue(duckdb_vector vector, size_t row, T value) {
  static_cast<T*>(duckdb_vector_get_data(vector))[row] = value;
}

void SetScalar(duckdb_vector vector, size_t row, const agg::Scalar& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    SetValue(vector, row, *number);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    SetValue(vector, row, *integer);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    SetText(vector, row, *text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    SetValue(vector, row, *flag);
  } else if (const auto* time = std::get_if<EventTime>(&value)) {
    SetValue(vector, row, time->ns);
  } else {
    SetNull(vector, row);
  }
}

using Key = std::optional<std::string>;

DuckValue KeyValue(const Key& key) {
  // An untyped null makes a constant null vector of any type (storage.md 10.5).
  return DuckValue(key ? duckdb_create_varchar_length(key->data(), key->size())
                       : duckdb_create_null_value());
}

void SetKey(duckdb_vector vector, size_t row, const Key& key) {
  if (key) {
    SetText(vector, row, *key);
  } else {
    SetNull(vector, row);
  }
}

/// Rows of one group come together (its bins): a key that holds still is a constant vector, one
/// that changes now and then a dictionary, else flat (storage.md 10.8, 10.10).
void FillKeys(std::span<const store::AggregateRow> rows, size_t key, duckdb_vector out) {
  std::vector<size_t> starts;  // of runs of one value
  for (size_t row = 0; row < rows.size(); ++row) {
    if (row == 0 || rows[row].keys[key] != rows[row - 1].keys[key]) starts.push_back(row);
  }
  if (starts.size() == 1) {
    duckdb_vector_reference_value(out, KeyValue(rows[0].keys[key]).get());
    return;
  }
  if (2 * starts.size() > rows.size()) {
    for (size_t row = 0; row < rows.size(); ++row) SetKey(out, row, rows[row].keys[key]);
    return;
  }
  const DuckType type(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const DuckVector dictionary(duckdb_create_vector(type.get(), starts.size()));
  const DuckSelection selection(duckdb_create_selection_vector(rows.size()),
                                &duckdb_destroy_selection_vector);
  sel_t* index = duckdb_selection_vector_get_data_ptr(selection.get());
  for (size_t run = 0; run < starts.size(); ++run) {
    SetKey(dictionary.get(), run, rows[starts[run]].keys[key]);
    const size_t end = run + 1 < starts.size() ? starts[run + 1] : rows.size();
    std::fill(index + starts[run], index + end, static_cast<sel_t>(run));
  }
  duckdb_vector_reference_vector(out, dictionary.get());
  duckdb_slice_vector(out, selection.get(), rows.size());
}

Result<void> FillColumn(const AggregateScan& scan, const plan::TableAggregate::Output& output,
                        duckdb_vector out) {
  const std::span<const store::AggregateRow> rows = scan.rows;
  switch (output.from) {
    case From::kGroupKey:
      FillKeys(rows, output.index, out);
      break;
    case From::kMeasureName:
      FillKeys(rows, scan.task.aggregate->measure_key(), out);
      break;
    case From::kBin:
      for (size_t row = 0; row < rows.size(); ++row) SetValue(out, row, rows[row].bin.ns);
      break;
    case From::kAggregate:
      for (size_t row = 0; row < rows.size(); ++row) {
        TM_ASSIGN_OR_RETURN(const agg::Scalar value, scan.reader->Value(rows[row], output));
        SetScalar(out, row, value);
      }
      break;
  }
  return {};
}

Result<void> FillChunk(AggregateScan& scan, duckdb_data_chunk chunk) {
  TM_RETURN_IF_ERROR(scan.reader->Next(duckdb_vector_size(), scan.rows));
  const auto& outputs = scan.task.aggregate->outputs;
  for (size_t c = 0; c < scan.outputs.size() && !scan.rows.empty(); ++c) {
    TM_RETURN_IF_ERROR(
        FillColumn(scan, outputs[scan.outputs[c]], duckdb_data_chunk_get_vector(chunk, c)));
  }
  duckdb_data_chunk_set_size(chunk, scan.rows.size());
  return {};
}

// -------------------------------------------------------------------------------------------
// callbacks

void Bind(duckdb_bind_info info) noexcept try {
  const auto& registry = *static_cast<TaskRegistry*>(duckdb_bind_get_extra_info(info));
  const DuckValue handle(duckdb_bind_get_parameter(info, 0));
  const auto task = registry.Find(static_cast<uint64_t>(duckdb_get_int64(handle.get())));
  if (!task || task->aggregate == nullptr) {
    duckdb_bind_set_error(info, MarkError("unknown aggregate").c_str());
    return;
  }
  const auto& outputs = task->aggregate->outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const DuckType type = CarrierType(outputs[i].type.kind());
    duckdb_bind_add_result_column(info, ("c" + std::to_string(i)).c_str(), type.get());
  }
  if (outputs.empty()) {  // GROUP BY nothing and no aggregate: one row
    const DuckType type = CarrierType(TypeKind::kBigint);
    duckdb_bind_add_result_column(info, "c0", type.get());
  }
  duckdb_bind_set_bind_data(info, new StoreTask(*task),
                            [](void* data) { delete static_cast<StoreTask*>(data); });
} catch (const std::exception& e) {
  duckdb_bind_set_error(info, e.what());
}

Result<std::unique_ptr<AggregateScan>> OpenAggregate(duckdb_init_info info) {
  auto scan = std::make_unique<AggregateScan>();
  scan->task = *static_cast<StoreTask*>(duckdb_init_get_bind_data(info));
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t index = duckdb_init_get_column_index(info, i);
    if (index < scan->task.aggregate->outputs.size()) scan->outputs.push_back(index);
  }
  TM_ASSIGN_OR_RETURN(scan->reader, AggregateReader::Open(*scan->task.aggregate, *scan->task.store,
                                                          *scan->task.control));
  return scan;
}

void Init(duckdb_init_info info) noexcept try {
  Control& control = *static_cast<StoreTask*>(duckdb_init_get_bind_data(info))->control;
  Result<std::unique_ptr<AggregateScan>> scan = OpenAggregate(info);
  if (!scan.ok()) {
    duckdb_init_set_error(info, MarkError(scan.error().message).c_str());
    control.Fail(std::move(scan).error());
    return;
  }
  duckdb_init_set_init_data(info, scan->release(),
                            [](void* data) { delete static_cast<AggregateScan*>(data); });
} catch (const std::exception& e) {
  duckdb_init_set_error(info, e.what());
}

void Scan(duckdb_function_info info, duckdb_data_chunk chunk) noexcept try {
  auto& scan = *static_cast<AggregateScan*>(duckdb_function_get_init_data(info));
  if (Result<void> filled = FillChunk(scan, chunk); !filled.ok()) {
    duckdb_function_set_error(info, MarkError(filled.error().message).c_str());
    scan.task.control->Fail(std::move(filled).error());
  }
} catch (const std::exception& e) {
  duckdb_function_set_error(info, e.what());
}

}  // namespace

Result<void> RegisterAggregateScan(duckdb_connection connection, TaskRegistry& registry) {
  DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "tm_aggregate");
  const DuckType handle(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_add_parameter(function.get(), handle.get());
  duckdb_table_function_set_extra_info(function.get(), &registry, nullptr);
  duckdb_table_function_set_bind(function.get(), Bind);
  duckdb_table_function_set_init(function.get(), Init);  // one thread: the cursor has one owner
  duckdb_table_function_set_function(function.get(), Scan);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBError) {
    return Error{Code::kInternal, "the execution engine refuses tm_aggregate"};
  }
  return {};
}

}  // namespace tidemark::sql
