// SPDX-License-Identifier: Apache-2.0
// The table function tm_revisions(handle): rows of a view as they were, and their revisions, from
// store::RevisionCursor. One thread: rows with a history are few beside points, and come in order.
#include <algorithm>

#include "base/json.h"
#include "sql/duck_internal.h"

namespace tidemark::sql {
namespace {

using plan::ScanColumn;
using plan::TableScan;
using Source = ScanColumn::Source;
using store::Scalar;

struct RevisionScan {
  StoreTask task;
  std::unique_ptr<store::RevisionCursor> cursor;
  std::vector<const ScanColumn*> columns;  // to fill, in DuckDB's order
  ViewClock clock;
  uint64_t rows_left = UINT64_MAX;

  std::vector<store::RevisionRow> piece;
  size_t row = 0;                                // of `piece`
  size_t entry = 0;                              // of `row`: kViewRevisions
  std::vector<std::optional<int64_t>> versions;  // of `row`'s entries, once one was given

  const TableScan& scan() const { return *task.scan; }
};

/// A column of a row of columns, which was `row` in the log (JSON); null: not known.
void SetFieldCell(const ScanColumn& column, const JsonValue* row, duckdb_vector vector, size_t at) {
  const JsonValue* value = row == nullptr ? nullptr : row->Find(column.name);
  if (value == nullptr || value->is_null()) return Invalidate(vector, at, 1);
  switch (column.value_type) {
    case store::ValueType::kDouble:
      if (value->is_number()) return SetCell(vector, at, std::optional(value->double_value()));
      break;
    case store::ValueType::kBigint:
      if (const auto whole = value->AsInt64()) return SetCell(vector, at, whole);
      break;
    case store::ValueType::kBoolean:
      if (value->kind() == JsonValue::Kind::kBool)
        return SetCell(vector, at, std::optional(value->bool_value()));
      break;
    case store::ValueType::kVarchar:
      if (value->is_string())
        return SetCell(vector, at, std::optional<std::string_view>(value->string_value()));
      break;
    default:
      break;
  }
  Invalidate(vector, at, 1);
}

/// Of the log; none: no row of columns, or not known.
std::optional<JsonValue> ColumnsOf(const store::SeriesInfo& series, const Scalar* value) {
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (text == nullptr || series.type != store::ValueType::kMulti) return std::nullopt;
  auto parsed = ParseJson(*text);
  if (!parsed.ok()) return std::nullopt;
  return *std::move(parsed);
}

/// The old or new value of an entry: a number, or the JSON of a row of columns.
void SetLoggedCell(const ScanColumn& column, const Scalar& value, duckdb_vector vector, size_t at) {
  if (column.type.kind() != TypeKind::kVarchar) return SetCell(vector, at, NumberOf(value));
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return Invalidate(vector, at, 1);
  SetCell(vector, at, std::optional<std::string_view>(*text));
}

/// A measure column of a row that was `value`; null: not known.
void SetValueCell(const ScanColumn& column, const store::SeriesInfo& series, const Scalar* value,
                  duckdb_vector vector, size_t at) {
  const bool fits =
      value != nullptr && column.source == Source::kSingle && column.value_type == series.type;
  if (!fits) return Invalidate(vector, at, 1);
  if (const double* d = std::get_if<double>(value)) return SetCell(vector, at, std::optional(*d));
  if (const bool* b = std::get_if<bool>(value)) return SetCell(vector, at, std::optional(*b));
  if (const int64_t* i = std::get_if<int64_t>(value)) return SetCell(vector, at, std::optional(*i));
  if (const EventTime* t = std::get_if<EventTime>(value))
    return SetCell(vector, at, std::optional(*t));
  if (const std::string* t = std::get_if<std::string>(value))
    return SetCell(vector, at, std::optional<std::string_view>(*t));
  Invalidate(vector, at, 1);
}

bool SetNameCell(const ScanColumn& column, const store::RevisionRow& row, duckdb_vector vector,
                 size_t at) {
  switch (column.source) {
    case Source::kTime:
      SetCell(vector, at, std::optional(row.time));
      return true;
    case Source::kMeasureName:
    case Source::kDimension:
      SetCell(vector, at, NameOf(column, *row.series));
      return true;
    default:
      return false;
  }
}

void FillRowThen(const RevisionScan& scan, const store::RevisionRow& row, const RowThen& then,
                 std::span<const duckdb_vector> vectors, size_t at) {
  const std::optional<JsonValue> columns = ColumnsOf(*row.series, then.value);
  for (size_t c = 0; c < vectors.size(); ++c) {
    const ScanColumn& column = *scan.columns[c];
    if (SetNameCell(column, row, vectors[c], at)) continue;
    if (column.source == Source::kSeriesKey) {
      SetCell(vectors[c], at, std::optional<std::string_view>(row.series->canonical_key));
    } else if (column.source == Source::kField) {
      SetFieldCell(column, columns ? &*columns : nullptr, vectors[c], at);
    } else if (column.source == Source::kSingle) {
      SetValueCell(column, *row.series, then.value, vectors[c], at);
    } else {
      SetStateCell(column.source, then.state, vectors[c], at);
    }
  }
}

/// The key of a series and the number of an entry: what breaks ties of rows with one time.
std::string EntryKey(const store::RevisionRow& row, size_t entry) {
  std::string key = row.series->canonical_key;
  for (int shift = 24; shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(static_cast<uint8_t>(entry >> static_cast<unsigned>(shift))));
  return key;
}

/// Intervals are carried in nanoseconds.
std::optional<int64_t> LatenessOf(const store::RevisionEntry& entry) {
  if (!entry.lateness_max) return std::nullopt;
  return entry.lateness_max->count();
}

/// "ec2/2": the pipeline's name and the number of the partition; "direct/0".
void SetPartitionCell(const RevisionScan& scan, const store::RevisionEntry& entry,
                      duckdb_vector vector, size_t at) {
  if (!entry.partition) return Invalidate(vector, at, 1);
  const store::SourceId& source = entry.partition->source;
  std::string text = "direct";
  if (source.kind == store::SourceId::Kind::kPipeline) {
    const auto name = scan.scan().pipelines.find(source);
    text = name != scan.scan().pipelines.end() ? name->second
                                               : "pipeline " + std::to_string(source.id);
  }
  text += "/" + std::to_string(entry.partition->partition);
  SetCell(vector, at, std::optional<std::string_view>(text));
}

/// JSON, so that the functions for it read it; null: none are named.
void SetPointsCell(const RevisionScan& scan, const store::RevisionEntry& entry,
                   duckdb_vector vector, size_t at) {
  if (entry.points.empty()) return Invalidate(vector, at, 1);
  JsonWriter out;
  out.BeginArray();
  for (const store::PointKey& key : entry.points) {
    const auto series = scan.task.store->Describe(key.series);
    if (series == nullptr) continue;  // its table is gone
    out.BeginObject();
    out.Key("time").Int(key.time.ns);
    out.Key("measure").String(series->measure);
    out.Key("dimensions").BeginObject();
    for (const store::Dimension& d : series->dimensions) out.Key(d.name).String(d.value);
    out.EndObject().EndObject();
  }
  out.EndArray();
  const std::string text = std::move(out).Take();
  SetCell(vector, at, std::optional<std::string_view>(text));
}

void FillEntry(const RevisionScan& scan, const store::RevisionRow& row,
               std::span<const duckdb_vector> vectors, size_t at) {
  const store::RevisionEntry& entry = row.revisions[scan.entry];
  for (size_t c = 0; c < vectors.size(); ++c) {
    duckdb_vector vector = vectors[c];
    const ScanColumn& column = *scan.columns[c];
    if (SetNameCell(column, row, vector, at)) continue;
    switch (column.source) {
      case Source::kSeriesKey: {
        const std::string key = EntryKey(row, scan.entry);
        SetCell(vector, at, std::optional<std::string_view>(key));
        break;
      }
      case Source::kWindowStart:
        SetCell(vector, at, std::optional(entry.window_start));
        break;
      case Source::kWindowEnd:
        SetCell(vector, at, std::optional(entry.window_end));
        break;
      case Source::kRevision:
        SetCell(vector, at, std::optional(int64_t{entry.revision}));
        break;
      case Source::kOld:
        SetLoggedCell(column, entry.old_value, vector, at);
        break;
      case Source::kNew:
        SetLoggedCell(column, entry.new_value, vector, at);
        break;
      case Source::kVersion:
        SetCell(vector, at, scan.versions[scan.entry]);
        break;
      case Source::kAt:
        SetCell(vector, at, std::optional(entry.at.AsEventTime()));
        break;
      case Source::kCause:
        SetCell(vector, at, std::optional(store::CauseName(entry)));
        break;
      case Source::kLatePoints:
        SetCell(
            vector, at,
            entry.coarse ? std::nullopt : std::optional(static_cast<int64_t>(entry.late_points)));
        break;
      case Source::kLatenessMax:
        SetCell(vector, at, LatenessOf(entry));
        break;
      case Source::kPartition:
        SetPartitionCell(scan, entry, vector, at);
        break;
      case Source::kRecordCount:
        SetCell(vector, at,
                entry.record_count ? std::optional(static_cast<int64_t>(*entry.record_count))
                                   : std::nullopt);
        break;
      case Source::kRecordsAdded:
        SetCell(vector, at, store::RecordsAdded(row.revisions, scan.entry));
        break;
      case Source::kPoints:
        SetPointsCell(scan, entry, vector, at);
        break;
      default:
        Invalidate(vector, at, 1);
    }
  }
}

/// The next rows; false: none.
Result<bool> Refill(RevisionScan& scan) {
  while (scan.row == scan.piece.size()) {
    TM_RETURN_IF_ERROR(scan.task.control->Check());
    scan.row = 0;
    scan.entry = 0;
    TM_ASSIGN_OR_RETURN(const bool more, scan.cursor->Next(scan.piece));
    if (!more) return false;
  }
  return true;
}

/// One output row at most, and steps on; false: the row gave none.
bool Emit(RevisionScan& scan, std::span<const duckdb_vector> vectors, size_t at) {
  const store::RevisionRow& row = scan.piece[scan.row];
  if (scan.scan().kind == TableScan::Kind::kViewRowsAt) {
    ++scan.row;
    const AsOf as_of{*scan.scan().as_of, scan.scan().as_of_now};
    const std::optional<RowThen> then = RowAt(row, as_of, scan.clock);
    if (!then) return false;
    FillRowThen(scan, row, *then, vectors, at);
    return true;
  }
  const bool any = scan.entry < row.revisions.size();
  if (any) {
    if (scan.entry == 0) scan.versions = VersionsOf(row);
    FillEntry(scan, row, vectors, at);
    ++scan.entry;
  }
  if (scan.entry == row.revisions.size()) {
    ++scan.row;
    scan.entry = 0;
  }
  return any;
}

Result<void> FillChunk(RevisionScan& scan, duckdb_data_chunk chunk) {
  TM_RETURN_IF_ERROR(scan.task.control->Check());
  std::vector<duckdb_vector> vectors;
  for (size_t c = 0; c < scan.columns.size(); ++c)
    vectors.push_back(duckdb_data_chunk_get_vector(chunk, c));
  const size_t wanted = std::min<uint64_t>(duckdb_vector_size(), scan.rows_left);
  size_t filled = 0;
  while (filled < wanted) {
    TM_ASSIGN_OR_RETURN(const bool more, Refill(scan));
    if (!more) break;
    if (Emit(scan, vectors, filled)) ++filled;
  }
  scan.rows_left -= filled;
  duckdb_data_chunk_set_size(chunk, filled);
  scan.task.control->CountScanned(filled, filled * scan.columns.size() * sizeof(int64_t));
  return {};
}

Result<std::unique_ptr<RevisionScan>> Open(duckdb_init_info info) {
  auto out = std::make_unique<RevisionScan>();
  out->task = *static_cast<StoreTask*>(duckdb_init_get_bind_data(info));
  const TableScan& scan = out->scan();
  out->rows_left = scan.points_limit;
  const idx_t count = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < count; ++i) {
    const idx_t index = duckdb_init_get_column_index(info, i);
    // A count(*) may ask for no real column.
    out->columns.push_back(&scan.columns[index < scan.columns.size() ? index : 0]);
  }
  if (scan.kind == TableScan::Kind::kViewRowsAt && !scan.as_of)
    return Error{Code::kInternal, "the time of view_rows() has no value"};
  TM_RETURN_IF_ERROR(out->task.control->Check());
  store::Store& store = *out->task.store;
  out->clock = ReadViewClock(store, scan.selection.owners.view, scan.allowed_lateness);
  TM_ASSIGN_OR_RETURN(out->cursor, store.OpenRevisions(scan.selection));
  out->task.control->NoteGaps(out->cursor->gaps());
  return out;
}

void Init(duckdb_init_info info) noexcept try {
  Control& control = *static_cast<StoreTask*>(duckdb_init_get_bind_data(info))->control;
  Result<std::unique_ptr<RevisionScan>> scan = Open(info);
  if (!scan.ok()) {
    duckdb_init_set_error(info, MarkError(scan.error().message).c_str());
    control.Fail(std::move(scan).error());
    return;
  }
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, scan->release(),
                            [](void* data) { delete static_cast<RevisionScan*>(data); });
} catch (const std::exception& e) {
  duckdb_init_set_error(info, e.what());
}

void Scan(duckdb_function_info info, duckdb_data_chunk chunk) noexcept try {
  auto& scan = *static_cast<RevisionScan*>(duckdb_function_get_init_data(info));
  if (Result<void> filled = FillChunk(scan, chunk); !filled.ok()) {
    duckdb_function_set_error(info, MarkError(filled.error().message).c_str());
    scan.task.control->Fail(std::move(filled).error());
  }
} catch (const std::exception& e) {
  duckdb_function_set_error(info, e.what());
}

}  // namespace

Result<void> RegisterRevisionScan(duckdb_connection connection, TaskRegistry& registry) {
  DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "tm_revisions");
  const DuckType handle(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_add_parameter(function.get(), handle.get());
  duckdb_table_function_set_extra_info(function.get(), &registry, nullptr);
  duckdb_table_function_set_bind(function.get(), BindScan);
  duckdb_table_function_set_init(function.get(), Init);
  duckdb_table_function_set_function(function.get(), Scan);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBError) {
    return Error{Code::kInternal, "the execution engine refuses tm_revisions"};
  }
  return {};
}

}  // namespace tidemark::sql
