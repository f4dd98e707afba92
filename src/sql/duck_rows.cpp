// SPDX-License-Identifier: Apache-2.0
// Decodes the engine's vectors to values: lists and structs by their entries (nested_types.h:
// CarrierSql).
#include "sql/duck_internal.h"
#include "sql/functions.h"
#include "sql/nested_types.h"

namespace tidemark::sql {
namespace {

Value DecodeCell(duckdb_vector vector, const Type& type, size_t row);

Value DecodeList(duckdb_vector vector, const Type& type, size_t row) {
  const auto entry = static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(vector))[row];
  duckdb_vector child = duckdb_list_vector_get_child(vector);
  const Type element = ElementType(type);
  Value::List list;
  list.reserve(entry.length);
  for (size_t i = 0; i < entry.length; ++i) {
    list.push_back(DecodeCell(child, element, entry.offset + i));
  }
  return Value{std::move(list)};
}

Value DecodeRow(duckdb_vector vector, const Type& type, size_t row) {
  Value::List list;
  list.reserve(type.fields().size());
  for (size_t i = 0; i < type.fields().size(); ++i) {
    list.push_back(
        DecodeCell(duckdb_struct_vector_get_child(vector, i), type.fields()[i].type, row));
  }
  return Value{std::move(list)};
}

Value DecodeScalar(const void* data, std::string_view carrier, size_t row) {
  if (carrier == "BOOLEAN") return {static_cast<const bool*>(data)[row]};
  if (carrier == "INTEGER") return {int64_t{static_cast<const int32_t*>(data)[row]}};
  if (carrier == "DOUBLE") return {static_cast<const double*>(data)[row]};
  if (carrier == "VARCHAR") {
    return {std::string(DuckText(static_cast<const duckdb_string_t*>(data)[row]))};
  }
  return {static_cast<const int64_t*>(data)[row]};
}

Value DecodeCell(duckdb_vector vector, const Type& type, size_t row) {
  if (!duckdb_validity_row_is_valid(duckdb_vector_get_validity(vector), row)) return {};
  if (type.kind() == TypeKind::kRow) return DecodeRow(vector, type, row);
  if (!type.scalar()) return DecodeList(vector, type, row);
  return DecodeScalar(duckdb_vector_get_data(vector), CarrierName(type.kind()), row);
}

void DecodeColumn(duckdb_vector vector, const Type& type, size_t index, RowChunk& out) {
  if (!type.scalar()) {
    for (size_t row = 0; row < out.rows(); ++row)
      out.at(row, index) = DecodeCell(vector, type, row);
    return;
  }
  uint64_t* validity = duckdb_vector_get_validity(vector);
  const void* data = duckdb_vector_get_data(vector);
  const std::string_view carrier = CarrierName(type.kind());
  for (size_t row = 0; row < out.rows(); ++row) {
    if (!duckdb_validity_row_is_valid(validity, row)) continue;
    out.at(row, index) = DecodeScalar(data, carrier, row);
  }
}

}  // namespace

void DecodeChunk(duckdb_data_chunk chunk, std::span<const plan::Column> columns, RowChunk& out) {
  out.Reset(duckdb_data_chunk_get_size(chunk), columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    DecodeColumn(duckdb_data_chunk_get_vector(chunk, i), columns[i].type, i, out);
  }
}

}  // namespace tidemark::sql
