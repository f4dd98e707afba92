// SPDX-License-Identifier: Apache-2.0
#include "store/row_columns.h"

#include <algorithm>

#include "store/conflict.h"
#include "store/embedded_state_internal.h"
#include "store/journal_format.h"
#include "store/text_pool.h"

namespace tidemark::store {
namespace {

void AddMulti(std::span<const RowSpan> spans, std::span<const FieldDef> fields, RowColumns& out) {
  std::vector<std::vector<EncodedField>> rows(out.rows());
  std::vector<uint32_t> ids;
  size_t at = 0;
  for (const RowSpan& span : spans) {
    for (size_t i = 0; i < span.count; ++i, ++at) {
      if (!out.tombstones.empty() && out.tombstones[at] != 0) continue;
      DecodeFields(TextPool::TextOf(span.rows[i].bits), rows[at]);
      for (const EncodedField& f : rows[at]) {
        const auto place = std::lower_bound(ids.begin(), ids.end(), f.id);
        if (place == ids.end() || *place != f.id) ids.insert(place, f.id);
      }
    }
  }
  out.columns.resize(ids.size());
  for (size_t c = 0; c < ids.size(); ++c) {
    RowColumns::Column& column = out.columns[c];
    column.field = ids[c];
    column.type = fields[ids[c]].type;
    column.valid.assign(rows.size(), 0);
    const bool text = column.type == ValueType::kVarchar;
    column.texts.assign(text ? rows.size() : 0, {});
    column.bits.assign(text ? 0 : rows.size(), 0);
    for (size_t r = 0; r < rows.size(); ++r) {
      const auto field =
          std::lower_bound(rows[r].begin(), rows[r].end(), ids[c],
                           [](const EncodedField& f, uint32_t id) { return f.id < id; });
      if (field == rows[r].end() || field->id != ids[c]) continue;
      column.valid[r] = 1;
      if (text) {
        column.texts[r] = field->value.as_varchar();
      } else {
        column.bits[r] = ScalarBits(field->value);
      }
    }
    if (std::find(column.valid.begin(), column.valid.end(), 0) == column.valid.end())
      column.valid.clear();
  }
}

void AddSingle(std::span<const RowSpan> spans, ValueType type, RowColumns& out) {
  out.columns.resize(1);
  RowColumns::Column& column = out.columns[0];
  column.field = kSingleField;
  column.type = type;
  column.bits.clear();
  column.texts.clear();
  column.valid.clear();
  size_t at = 0;
  bool nulls = false;
  for (const RowSpan& span : spans) {
    for (size_t i = 0; i < span.count; ++i, ++at) {
      const bool ended = !out.tombstones.empty() && out.tombstones[at] != 0;
      nulls |= ended;
      if (type == ValueType::kVarchar) {
        column.texts.push_back(ended ? std::string_view() : TextPool::TextOf(span.rows[i].bits));
      } else {
        column.bits.push_back(ended ? 0 : span.rows[i].bits);
      }
    }
  }
  if (!nulls) return;
  for (const uint8_t ended : out.tombstones) column.valid.push_back(ended == 0 ? 1 : 0);
}

}  // namespace

void ColumnsOf(std::span<const RowSpan> spans, ValueType type, std::span<const FieldDef> fields,
               RowColumns& out) {
  out.Clear();
  bool any_tombstone = false;
  for (const RowSpan& span : spans) {
    for (size_t i = 0; i < span.count; ++i) {
      out.times.push_back(span.rows[i].time);
      out.versions.push_back(span.versions.at(span.first + i));
      if (span.owned == nullptr) continue;
      const OwnedRow& owned = span.owned[span.first + i];
      out.infos.push_back(owned.info);
      out.tombstones.push_back(owned.tombstone ? 1 : 0);
      any_tombstone |= owned.tombstone;
    }
  }
  if (!any_tombstone) out.tombstones.clear();
  if (type == ValueType::kMulti) {
    AddMulti(spans, fields, out);
  } else {
    AddSingle(spans, type, out);
  }
}

namespace {

size_t ColumnAt(const RowColumns& rows, uint32_t field) {
  size_t c = 0;
  while (c < rows.columns.size() && rows.columns[c].field != field) ++c;
  return c;
}

void AppendNulls(RowColumns::Column& column, size_t before, size_t count) {
  column.valid.resize(before, 1);
  column.valid.resize(before + count, 0);
  if (column.type == ValueType::kVarchar) {
    column.texts.resize(before + count);
  } else {
    column.bits.resize(before + count, 0);
  }
}

void AppendRow(const RowColumns& from, size_t row, RowColumns& to) {
  const size_t before = to.rows();
  to.times.push_back(from.times[row]);
  to.versions.push_back(from.versions[row]);
  if (!from.infos.empty()) to.infos.push_back(from.infos[row]);
  if (!from.tombstones.empty() || !to.tombstones.empty()) {
    to.tombstones.resize(before, 0);
    to.tombstones.push_back(from.tombstones.empty() ? 0 : from.tombstones[row]);
  }
  for (RowColumns::Column& column : to.columns) {
    const size_t c = ColumnAt(from, column.field);
    if (c == from.columns.size()) {
      AppendNulls(column, before, 1);
      continue;
    }
    const RowColumns::Column& source = from.columns[c];
    if (column.type == ValueType::kVarchar) {
      column.texts.push_back(source.texts[row]);
    } else {
      column.bits.push_back(source.bits[row]);
    }
    if (source.valid.empty() && column.valid.empty()) continue;
    column.valid.resize(before, 1);
    column.valid.push_back(source.valid.empty() ? 1 : source.valid[row]);
  }
}

// Gives `to` every column of `from`; rows that are there get nulls.
void AdoptColumns(const RowColumns& from, RowColumns& to) {
  for (const RowColumns::Column& column : from.columns) {
    if (ColumnAt(to, column.field) < to.columns.size()) continue;
    RowColumns::Column fresh;
    fresh.field = column.field;
    fresh.type = column.type;
    if (to.rows() > 0) AppendNulls(fresh, 0, to.rows());
    const auto place = std::lower_bound(
        to.columns.begin(), to.columns.end(), column.field,
        [](const RowColumns::Column& c, uint32_t field) { return c.field < field; });
    to.columns.insert(place, std::move(fresh));
  }
}

}  // namespace

void CopyRows(const RowColumns& rows, size_t from, size_t to, Tombstones tombstones,
              RowColumns& out) {
  out.Clear();
  out.columns.clear();
  AdoptColumns(rows, out);
  for (size_t i = from; i < to; ++i) {
    const bool ended = !rows.tombstones.empty() && rows.tombstones[i] != 0;
    if (!ended || tombstones == Tombstones::kKeep) AppendRow(rows, i, out);
  }
  if (std::find(out.tombstones.begin(), out.tombstones.end(), 1) == out.tombstones.end())
    out.tombstones.clear();
}

void MergeByVersion(std::span<const RowColumns> runs, RowColumns& out) {
  for (const RowColumns& run : runs) AdoptColumns(run, out);
  std::vector<size_t> at(runs.size(), 0);
  while (true) {
    size_t best = runs.size();
    for (size_t r = 0; r < runs.size(); ++r) {
      if (at[r] == runs[r].rows()) continue;
      if (best == runs.size() || runs[r].times[at[r]] < runs[best].times[at[best]]) best = r;
    }
    if (best == runs.size()) return;
    const int64_t time = runs[best].times[at[best]];
    for (size_t r = 0; r < runs.size(); ++r) {
      if (r == best || at[r] == runs[r].rows() || runs[r].times[at[r]] != time) continue;
      if (Supersedes(runs[r].versions[at[r]], runs[best].versions[at[best]])) {
        ++at[best];
        best = r;
      } else {
        ++at[r];
      }
    }
    AppendRow(runs[best], at[best]++, out);
  }
}

}  // namespace tidemark::store
