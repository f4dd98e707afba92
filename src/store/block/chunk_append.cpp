// SPDX-License-Identifier: Apache-2.0
// Whole chunks back into rows, for merges.
#include <algorithm>

#include "store/block/chunk.h"

namespace tidemark::store {
namespace {

/// Room for `more` rows: of texts for VARCHAR, of bits for the rest.
void Extend(RowColumns::Column& column, size_t rows) {
  if (column.type == ValueType::kVarchar) {
    column.texts.resize(rows);
  } else {
    column.bits.resize(rows);
  }
}

void AppendNulls(RowColumns::Column& column, size_t before, size_t rows) {
  if (column.valid.empty()) column.valid.assign(before, 1);
  column.valid.resize(rows, 0);
  Extend(column, rows);
}

/// The column of `field` in `out`, made (null so far) where it is missing.
Result<RowColumns::Column*> ColumnFor(RowColumns& out, uint32_t field, ValueType type,
                                      size_t before) {
  auto at = std::lower_bound(
      out.columns.begin(), out.columns.end(), field,
      [](const RowColumns::Column& column, uint32_t f) { return column.field < f; });
  if (at == out.columns.end() || at->field != field) {
    at = out.columns.insert(at, RowColumns::Column{.field = field, .type = type});
    if (before > 0) AppendNulls(*at, 0, before);
  } else if (at->type != type) {
    return Error{Code::kCorruption, "chunk: the type of a column differs from other chunks'"};
  }
  return &*at;
}

Result<void> AppendColumn(Chunk& chunk, size_t c, size_t before, RowColumns::Column& column,
                          TextArena& arena) {
  const size_t rows = before + chunk.rows();
  Extend(column, rows);
  if (chunk.has_nulls(c) && column.valid.empty()) column.valid.assign(before, 1);
  if (!column.valid.empty() || chunk.has_nulls(c)) column.valid.resize(rows, 1);
  for (size_t b = 0; b < chunk.blocks(); ++b) {
    const size_t at = before + b * kBlockRows;
    if (column.type == ValueType::kVarchar) {
      TM_RETURN_IF_ERROR(chunk.Texts(c, b, column.texts.data() + at, arena));
    } else {
      TM_RETURN_IF_ERROR(chunk.Bits(c, b, column.bits.data() + at));
    }
    if (chunk.has_nulls(c)) TM_RETURN_IF_ERROR(chunk.Valid(c, b, column.valid.data() + at));
  }
  return {};
}

}  // namespace

Result<void> Chunk::AppendTo(RowColumns& out, TextArena& arena) {
  const size_t before = out.rows();
  const size_t after = before + rows();
  for (size_t c = 0; c < columns(); ++c) {
    TM_ASSIGN_OR_RETURN(RowColumns::Column* const column,
                        ColumnFor(out, field(c), type(c), before));
    TM_RETURN_IF_ERROR(AppendColumn(*this, c, before, *column, arena));
  }
  for (RowColumns::Column& column : out.columns) {
    const size_t size =
        column.type == ValueType::kVarchar ? column.texts.size() : column.bits.size();
    if (size < after) AppendNulls(column, before, after);
  }
  out.times.resize(after);
  out.versions.resize(after);
  if (owned() || !out.infos.empty()) out.infos.resize(after);
  if (has_tombstones() || !out.tombstones.empty()) out.tombstones.resize(after);
  for (size_t b = 0; b < blocks(); ++b) {
    const size_t at = before + b * kBlockRows;
    TM_RETURN_IF_ERROR(Times(b, out.times.data() + at));
    TM_RETURN_IF_ERROR(Versions(b, out.versions.data() + at));
    if (owned()) TM_RETURN_IF_ERROR(Infos(b, out.infos.data() + at));
    if (has_tombstones()) TM_RETURN_IF_ERROR(Tombstones(b, out.tombstones.data() + at));
  }
  return {};
}

}  // namespace tidemark::store
