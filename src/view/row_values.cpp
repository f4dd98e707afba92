// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <utility>

#include "base/json.h"
#include "view/row_values_internal.h"

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

RowValues ReadRowValues(const ViewDefinition& definition, const store::Slice& slice, size_t i) {
  if (!definition.multi_rows) {
    return slice.columns.empty() ? RowValues(1) : RowValues{ScalarAt(slice.columns[0], i)};
  }
  const auto& aggregates = definition.aggregates;
  RowValues out(aggregates.size());
  for (const store::ColumnView& column : slice.columns) {
    const auto found = std::ranges::find(aggregates, column.name, &agg::Aggregate::name);
    if (found != aggregates.end())
      out[static_cast<size_t>(found - aggregates.begin())] = ScalarAt(column, i);
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

store::Scalar LoggedValue(const ViewDefinition& definition, RowValuesView values) {
  if (NoValue(values)) return {};
  if (!definition.multi_rows) return values.front();
  JsonWriter out;
  out.BeginObject();
  for (size_t a = 0; a < values.size(); ++a) {
    out.Key(definition.aggregates[a].name);
    Write(out, values[a]);
  }
  out.EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::view
