// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <utility>

#include "base/glob.h"
#include "base/json.h"
#include "view/row_values_internal.h"
#include "view/series_book_internal.h"

namespace tidemark::view {
namespace {

store::Scalar ScalarAt(const store::ColumnView& column, size_t i) {
  if (!column.valid.empty() && column.valid[i] == 0) return {};
  switch (column.type) {
    case store::ValueType::kDouble:
      return column.doubles[i];
    case store::ValueType::kBigint:
      return column.bigints[i];
    case store::ValueType::kVarchar:
      return std::string(column.texts[i]);
    case store::ValueType::kBoolean:
      return column.booleans[i] != 0;
    case store::ValueType::kTimestamp:
      return column.timestamps[i];
    case store::ValueType::kNone:
    case store::ValueType::kMulti:
      break;
  }
  return {};
}

bool IsNull(const store::Scalar& value) { return std::holds_alternative<std::monostate>(value); }

bool SameScalar(const store::Scalar& a, const store::Scalar& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr)
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y);
  return a == b;
}

void Write(JsonWriter& out, const store::Scalar& value) {
  if (const auto* real = std::get_if<double>(&value)) {
    out.Double(*real);
  } else if (const auto* whole = std::get_if<int64_t>(&value)) {
    out.Int(*whole);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    out.String(*text);
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    out.Bool(*truth);
  } else {
    out.Null();
  }
}

}  // namespace

bool NoValue(RowValuesView values) { return std::ranges::all_of(values, IsNull); }

bool SameBits(RowValuesView a, RowValuesView b) {
  if (NoValue(a) || NoValue(b)) return NoValue(a) == NoValue(b);
  return std::ranges::equal(a, b, SameScalar);
}

RowShape::RowShape(const ViewDefinition& definition) : definition_(definition) { Name(); }

bool RowShape::Learn(const store::FieldDef& field) {
  if (std::ranges::find(definition_.types, field.type) == definition_.types.end()) return false;
  if (std::ranges::find(fields_, field) != fields_.end()) return false;
  const auto matches = [&](const std::string& pattern) { return MatchesGlob(pattern, field.name); };
  if (std::ranges::none_of(definition_.columns, matches)) return false;
  const auto by_name = [](const store::FieldDef& a, const store::FieldDef& b) {
    return a.name < b.name;
  };
  fields_.insert(std::ranges::upper_bound(fields_, field, by_name), field);
  Name();
  return true;
}

Result<bool> RowShape::Learn(store::Store& store, const SeriesBook& book) {
  if (definition_.columns.empty()) return false;
  TM_ASSIGN_OR_RETURN(const store::TableSchema schema, store.Schema(definition_.source));
  bool fresh = false;
  for (const store::TableSchema::Measure& measure : schema.measures) {
    if (!book.ReadsMeasure(measure.name)) continue;
    for (const store::FieldDef& field : measure.fields) fresh = Learn(field) || fresh;
  }
  return fresh;
}

void RowShape::Name() {
  names_.clear();
  if (definition_.columns.empty()) {
    if (!definition_.multi_rows) return;
    for (const agg::Aggregate& aggregate : definition_.aggregates) names_.push_back(aggregate.name);
    return;
  }
  if (!definition_.multi_rows) {
    for (const store::FieldDef& field : fields_) names_.push_back(field.name);
    return;
  }
  for (const agg::Aggregate& aggregate : definition_.aggregates) {
    for (const store::FieldDef& field : fields_) {
      names_.push_back(aggregate.name + "_" + field.name);
    }
  }
}

RowValues ReadRowValues(const RowShape& shape, const store::Slice& slice, size_t i) {
  if (!shape.named()) {
    return slice.columns.empty() ? RowValues(1) : RowValues{ScalarAt(slice.columns[0], i)};
  }
  const auto names = shape.names();
  RowValues out(names.size());
  for (const store::ColumnView& column : slice.columns) {
    const auto found = std::ranges::find(names, column.name);
    if (found != names.end()) out[static_cast<size_t>(found - names.begin())] = ScalarAt(column, i);
  }
  return out;
}

store::Scalar LoggedRow(const store::Slice& slice, size_t i) {
  if (slice.columns.empty()) return {};
  if (slice.series->type != store::ValueType::kMulti) return ScalarAt(slice.columns[0], i);
  JsonWriter out;
  out.BeginObject();
  for (const store::ColumnView& column : slice.columns) {
    out.Key(column.name);
    Write(out, ScalarAt(column, i));
  }
  out.EndObject();
  return std::move(out).Take();
}

store::Scalar LoggedValue(const RowShape& shape, RowValuesView values) {
  if (NoValue(values)) return {};
  if (!shape.named()) return values.front();
  JsonWriter out;
  out.BeginObject();
  for (size_t i = 0; i < values.size(); ++i) {
    if (IsNull(values[i]) && !shape.logs_nulls()) continue;
    out.Key(shape.names()[i]);
    Write(out, values[i]);
  }
  out.EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::view
