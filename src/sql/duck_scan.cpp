// SPDX-License-Identifier: Apache-2.0
// The table function tm_scan(handle): store::ScanCursor -> vectors (storage.md section 10).
//  1. Threads share one cursor; each has its own slice buffer.
//  2. A run of at least kConstantRun rows of one series fills a chunk of its own: names are
//  constant
//     vectors. Shorter runs are packed: names are dictionary vectors. Never flat strings
//     (10.8, 10.10).
//  3. Time is BIGINT nanoseconds; numbers are copied as they lie.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "sql/duck_internal.h"

namespace tidemark::sql {

using plan::ScanColumn;
using Source = ScanColumn::Source;

std::optional<std::string_view> NameOf(const ScanColumn& column, const store::SeriesInfo& series) {
  if (column.source == Source::kMeasureName) return series.measure;
  if (column.source == Source::kSeriesKey) return series.canonical_key;
  for (const store::Dimension& dimension : series.dimensions) {
    if (dimension.name == column.name) return dimension.value;
  }
  return std::nullopt;
}

void Invalidate(duckdb_vector vector, size_t at, size_t rows) {
  duckdb_vector_ensure_validity_writable(vector);
  uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t i = at; i < at + rows; ++i) duckdb_validity_set_row_invalid(validity, i);
}

void SetCell(duckdb_vector vector, size_t at, std::optional<int64_t> value) {
  if (!value) return Invalidate(vector, at, 1);
  static_cast<int64_t*>(duckdb_vector_get_data(vector))[at] = *value;
}

void SetCell(duckdb_vector vector, size_t at, std::optional<EventTime> value) {
  SetCell(vector, at, value ? std::optional(value->ns) : std::nullopt);
}

void SetCell(duckdb_vector vector, size_t at, std::optional<bool> value) {
  if (!value) return Invalidate(vector, at, 1);
  static_cast<bool*>(duckdb_vector_get_data(vector))[at] = *value;
}

void SetCell(duckdb_vector vector, size_t at, std::optional<double> value) {
  if (!value) return Invalidate(vector, at, 1);
  static_cast<double*>(duckdb_vector_get_data(vector))[at] = *value;
}

void SetCell(duckdb_vector vector, size_t at, std::optional<std::string_view> value) {
  if (!value) return Invalidate(vector, at, 1);
  duckdb_vector_assign_string_element_len(vector, at, value->data(), value->size());
}

void SetStateCell(Source source, const RowState& state, duckdb_vector vector, size_t at) {
  switch (source) {
    case Source::kWindowStart:
      return SetCell(vector, at, state.window_start);
    case Source::kWindowEnd:
      return SetCell(vector, at, state.window_end);
    case Source::kRevision:
      return SetCell(vector, at, state.revision);
    case Source::kRecordCount:
      return SetCell(vector, at, state.record_count);
    case Source::kPreliminary:
      return SetCell(vector, at, state.preliminary);
    case Source::kFilled:
      return SetCell(vector, at, std::optional(state.filled));
    case Source::kComplete:
      return SetCell(vector, at, state.complete);
    case Source::kSealed:
      return SetCell(vector, at, state.sealed);
    default:
      return Invalidate(vector, at, 1);
  }
}

void BindScan(duckdb_bind_info info) noexcept try {
  const auto& registry = *static_cast<TaskRegistry*>(duckdb_bind_get_extra_info(info));
  const DuckValue handle(duckdb_bind_get_parameter(info, 0));
  const auto task = registry.Find(static_cast<uint64_t>(duckdb_get_int64(handle.get())));
  if (!task || task->scan == nullptr) {
    duckdb_bind_set_error(info, MarkError("unknown scan").c_str());
    return;
  }
  for (size_t i = 0; i < task->scan->columns.size(); ++i) {
    const ScanColumn& column = task->scan->columns[i];
    const DuckType type = column.source == Source::kSeriesKey
                              ? DuckType(duckdb_create_logical_type(DUCKDB_TYPE_BLOB))
                              : CarrierType(column.type.kind());
    duckdb_bind_add_result_column(info, ("c" + std::to_string(i)).c_str(), type.get());
  }
  duckdb_bind_set_bind_data(info, new StoreTask(*task),
                            [](void* data) { delete static_cast<StoreTask*>(data); });
} catch (const std::exception& e) {
  duckdb_bind_set_error(info, e.what());
}

namespace {

constexpr size_t kConstantRun = 128;   // storage.md 10.8: constant vectors lose on shorter runs
constexpr size_t kPackedEnough = 256;  // a packed chunk this full makes room for a long run

size_t VectorSize() {
  static const size_t size = duckdb_vector_size();
  return size;
}

struct GlobalScan {
  StoreTask task;
  std::unique_ptr<store::ScanCursor> cursor;
  std::vector<const ScanColumn*> columns;  // to fill, in DuckDB's order
  ViewClock clock;                         // of a view's rows
};

/// Rows [start, start + rows) of a slice, copied to `at` of the chunk.
struct Segment {
  std::shared_ptr<const store::SeriesInfo> series;
  size_t at = 0;
  size_t rows = 0;
};

struct LocalScan {
  store::SliceBuffer buffer;
  store::Slice slice;
  size_t offset = 0;  // rows of `slice` already given out
  bool pending = false;
  bool done = false;
  // Names of the series whose constants are built.
  std::shared_ptr<const store::SeriesInfo> constants_of;
  std::vector<DuckValue> constants;
};

bool IsName(const ScanColumn& column) {
  return column.source == Source::kMeasureName || column.source == Source::kDimension ||
         column.source == Source::kSeriesKey;
}

/// An untyped null makes a constant null vector of any type (storage.md 10.5).
DuckValue NullValue() { return DuckValue(duckdb_create_null_value()); }

DuckValue NameValue(const ScanColumn& column, std::optional<std::string_view> text) {
  if (!text) return NullValue();
  if (column.source == Source::kSeriesKey) {
    return DuckValue(
        duckdb_create_blob(reinterpret_cast<const uint8_t*>(text->data()), text->size()));
  }
  return DuckValue(duckdb_create_varchar_length(text->data(), text->size()));
}

template <typename To, typename From>
void Copy(duckdb_vector vector, size_t at, std::span<const From> from) {
  static_assert(sizeof(To) == sizeof(From));
  To* data = static_cast<To*>(duckdb_vector_get_data(vector)) + at;
  std::memcpy(data, from.data(), from.size_bytes());
}

const store::ColumnView* FindColumn(const ScanColumn& column, const store::Slice& slice) {
  for (const store::ColumnView& view : slice.columns) {
    const bool named =
        column.source == Source::kSingle ? view.name.empty() : view.name == column.name;
    if (named && view.type == column.value_type) return &view;
  }
  return nullptr;
}

/// Values [start, start + rows) of one measure column; false: the series has none.
bool CopyValues(const ScanColumn& column, const store::Slice& slice, size_t start, size_t rows,
                duckdb_vector vector, size_t at) {
  const store::ColumnView* view = FindColumn(column, slice);
  if (view == nullptr) return false;
  switch (view->type) {
    case store::ValueType::kDouble:
      Copy<double>(vector, at, view->doubles.subspan(start, rows));
      break;
    case store::ValueType::kBigint:
      Copy<int64_t>(vector, at, view->bigints.subspan(start, rows));
      break;
    case store::ValueType::kTimestamp:
      Copy<int64_t>(vector, at, view->timestamps.subspan(start, rows));
      break;
    case store::ValueType::kBoolean:
      Copy<bool>(vector, at, view->booleans.subspan(start, rows));
      break;
    case store::ValueType::kVarchar:
      for (size_t i = 0; i < rows; ++i) {
        const std::string_view text = view->texts[start + i];
        duckdb_vector_assign_string_element_len(vector, at + i, text.data(), text.size());
      }
      break;
    case store::ValueType::kNone:
    case store::ValueType::kMulti:
      return false;
  }
  for (size_t i = 0; i < rows && !view->valid.empty(); ++i) {
    if (view->valid[start + i] == 0) Invalidate(vector, at + i, 1);
  }
  return true;
}

bool CopyRowInfo(const ScanColumn& column, const ViewClock& clock, const store::Slice& slice,
                 size_t start, size_t rows, duckdb_vector vector, size_t at) {
  if (slice.rows.empty()) return false;
  for (size_t i = 0; i < rows; ++i)
    SetStateCell(column.source, StateOf(slice.rows[start + i], clock), vector, at + i);
  return true;
}

/// Copies everything but names; false where the series lacks the column.
bool CopyColumn(const ScanColumn& column, const ViewClock& clock, const store::Slice& slice,
                size_t start, size_t rows, duckdb_vector vector, size_t at) {
  if (column.source == Source::kTime) {
    Copy<int64_t>(vector, at, slice.times.subspan(start, rows));
    return true;
  }
  if (column.source == Source::kSingle || column.source == Source::kField) {
    return CopyValues(column, slice, start, rows, vector, at);
  }
  return CopyRowInfo(column, clock, slice, start, rows, vector, at);
}

/// True with rows waiting in local.slice.
Result<bool> Refill(GlobalScan& global, LocalScan& local) {
  if (local.pending) return true;
  if (local.done) return false;
  TM_ASSIGN_OR_RETURN(const bool more, global.cursor->Next(local.buffer, local.slice));
  local.done = !more;
  local.pending = more && !local.slice.times.empty();
  local.offset = 0;
  if (more && !local.pending) return Refill(global, local);
  return more;
}

void Consume(LocalScan& local, size_t rows) {
  local.offset += rows;
  local.pending = local.offset < local.slice.times.size();
}

/// One series, at least kConstantRun rows.
size_t FillConstant(GlobalScan& global, LocalScan& local, duckdb_data_chunk chunk) {
  const size_t rows = std::min(local.slice.times.size() - local.offset, VectorSize());
  if (local.constants_of != local.slice.series) {
    local.constants.clear();
    for (const ScanColumn* column : global.columns) {
      local.constants.push_back(
          IsName(*column) ? NameValue(*column, NameOf(*column, *local.slice.series)) : NullValue());
    }
    local.constants_of = local.slice.series;
  }
  for (size_t c = 0; c < global.columns.size(); ++c) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
    const bool copied =
        !IsName(*global.columns[c]) &&
        CopyColumn(*global.columns[c], global.clock, local.slice, local.offset, rows, vector, 0);
    if (!copied) duckdb_vector_reference_value(vector, local.constants[c].get());
  }
  Consume(local, rows);
  return rows;
}

/// A dictionary of the distinct texts of the segments, and which row has which.
void FillNames(const ScanColumn& column, std::span<const Segment> segments, size_t rows,
               duckdb_vector out) {
  const DuckType type(column.source == Source::kSeriesKey
                          ? duckdb_create_logical_type(DUCKDB_TYPE_BLOB)
                          : duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const DuckVector dictionary(duckdb_create_vector(type.get(), segments.size()));
  const DuckSelection selection(duckdb_create_selection_vector(rows),
                                &duckdb_destroy_selection_vector);
  sel_t* index = duckdb_selection_vector_get_data_ptr(selection.get());
  std::unordered_map<std::string_view, sel_t> known;
  std::optional<sel_t> null;
  sel_t size = 0;
  for (const Segment& segment : segments) {
    const std::optional<std::string_view> text = NameOf(column, *segment.series);
    sel_t entry = 0;
    if (!text) {
      if (!null) {
        null = size++;
        Invalidate(dictionary.get(), *null, 1);
      }
      entry = *null;
    } else {
      const auto [found, added] = known.try_emplace(*text, size);
      if (added)
        duckdb_vector_assign_string_element_len(dictionary.get(), size++, text->data(),
                                                text->size());
      entry = found->second;
    }
    std::fill_n(index + segment.at, segment.rows, entry);
  }
  duckdb_vector_reference_vector(out, dictionary.get());
  duckdb_slice_vector(out, selection.get(), rows);
}

Result<size_t> FillPacked(GlobalScan& global, LocalScan& local, duckdb_data_chunk chunk) {
  std::vector<Segment> segments;
  std::vector<duckdb_vector> vectors;
  std::vector<uint8_t> any(global.columns.size(), 0);  // some series has the column
  for (size_t c = 0; c < global.columns.size(); ++c) {
    vectors.push_back(duckdb_data_chunk_get_vector(chunk, c));
  }
  size_t filled = 0;
  while (filled < VectorSize()) {
    TM_ASSIGN_OR_RETURN(const bool more, Refill(global, local));
    if (!more) break;
    const size_t waiting = local.slice.times.size() - local.offset;
    if (waiting >= kConstantRun && filled >= kPackedEnough) break;
    const size_t rows = std::min(waiting, VectorSize() - filled);
    for (size_t c = 0; c < global.columns.size(); ++c) {
      if (IsName(*global.columns[c])) continue;
      if (CopyColumn(*global.columns[c], global.clock, local.slice, local.offset, rows, vectors[c],
                     filled)) {
        any[c] = 1;
      } else {
        Invalidate(vectors[c], filled, rows);
      }
    }
    segments.push_back({local.slice.series, filled, rows});
    filled += rows;
    Consume(local, rows);
  }
  for (size_t c = 0; c < global.columns.size() && filled > 0; ++c) {
    if (IsName(*global.columns[c])) {
      FillNames(*global.columns[c], segments, filled, vectors[c]);
    } else if (any[c] == 0) {
      duckdb_vector_reference_value(vectors[c], NullValue().get());
    }
  }
  return filled;
}

Result<void> FillChunk(GlobalScan& global, LocalScan& local, duckdb_data_chunk chunk) {
  TM_RETURN_IF_ERROR(global.task.control->Check());
  size_t rows = 0;
  TM_ASSIGN_OR_RETURN(const bool more, Refill(global, local));
  if (more && local.slice.times.size() - local.offset >= kConstantRun) {
    rows = FillConstant(global, local, chunk);
  } else if (more) {
    TM_ASSIGN_OR_RETURN(rows, FillPacked(global, local, chunk));
  }
  duckdb_data_chunk_set_size(chunk, rows);
  global.task.control->CountScanned(rows, rows * global.columns.size() * sizeof(int64_t));
  return {};
}

// -------------------------------------------------------------------------------------------
// callbacks

Result<std::unique_ptr<GlobalScan>> OpenScan(duckdb_init_info info) {
  auto global = std::make_unique<GlobalScan>();
  global->task = *static_cast<StoreTask*>(duckdb_init_get_bind_data(info));
  const plan::TableScan& scan = *global->task.scan;
  store::ScanRequest request;
  request.selection = scan.selection;
  request.points_limit = scan.points_limit;
  const idx_t count = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < count; ++i) {
    const idx_t index = duckdb_init_get_column_index(info, i);
    // A count(*) may ask for no real column: time is the cheapest.
    const ScanColumn& column = scan.columns[index < scan.columns.size() ? index : 0];
    global->columns.push_back(&column);
    if (column.source == Source::kField) request.fields.push_back(column.name);
    request.rows_wanted |= column.source >= Source::kWindowStart;
  }
  if (request.fields.empty())
    request.fields.emplace_back();  // no field at all; empty would mean all
  TM_RETURN_IF_ERROR(global->task.control->Check());
  store::Store& store = *global->task.store;
  if (scan.kind == plan::TableScan::Kind::kViewRows)
    global->clock = ReadViewClock(store, scan.selection.owners.view, scan.allowed_lateness);
  if (scan.last_points) {
    TM_ASSIGN_OR_RETURN(global->cursor, store.LastPoints(request));
  } else {
    TM_ASSIGN_OR_RETURN(global->cursor, store.Scan(request));
    global->task.control->ExpectRows(
        std::min(global->cursor->points_estimate(), request.points_limit));
  }
  global->task.control->NoteGaps(global->cursor->gaps());
  return global;
}

void Init(duckdb_init_info info) noexcept try {
  Control& control = *static_cast<StoreTask*>(duckdb_init_get_bind_data(info))->control;
  Result<std::unique_ptr<GlobalScan>> global = OpenScan(info);
  if (!global.ok()) {
    duckdb_init_set_error(info, MarkError(global.error().message).c_str());
    control.Fail(std::move(global).error());
    return;
  }
  duckdb_init_set_max_threads(info,
                              static_cast<idx_t>((*global)->task.threads));  // the default is 1
  duckdb_init_set_init_data(info, global->release(),
                            [](void* data) { delete static_cast<GlobalScan*>(data); });
} catch (const std::exception& e) {
  duckdb_init_set_error(info, e.what());
}

void InitLocal(duckdb_init_info info) noexcept try {
  duckdb_init_set_init_data(info, new LocalScan(),
                            [](void* data) { delete static_cast<LocalScan*>(data); });
} catch (const std::exception& e) {
  duckdb_init_set_error(info, e.what());
}

void Scan(duckdb_function_info info, duckdb_data_chunk chunk) noexcept try {
  auto& global = *static_cast<GlobalScan*>(duckdb_function_get_init_data(info));
  auto& local = *static_cast<LocalScan*>(duckdb_function_get_local_init_data(info));
  if (Result<void> filled = FillChunk(global, local, chunk); !filled.ok()) {
    duckdb_function_set_error(info, MarkError(filled.error().message).c_str());
    global.task.control->Fail(std::move(filled).error());
  }
} catch (const std::exception& e) {
  duckdb_function_set_error(info, e.what());
}

}  // namespace

Result<void> RegisterScan(duckdb_connection connection, TaskRegistry& registry) {
  DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "tm_scan");
  const DuckType handle(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_add_parameter(function.get(), handle.get());
  duckdb_table_function_set_extra_info(function.get(), &registry, nullptr);
  duckdb_table_function_set_bind(function.get(), BindScan);
  duckdb_table_function_set_init(function.get(), Init);
  duckdb_table_function_set_local_init(function.get(), InitLocal);
  duckdb_table_function_set_function(function.get(), Scan);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBError) {
    return Error{Code::kInternal, "the execution engine refuses tm_scan"};
  }
  return {};
}

}  // namespace tidemark::sql
