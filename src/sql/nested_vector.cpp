// SPDX-License-Identifier: Apache-2.0
#include "sql/nested_vector.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace tidemark::sql {

using Kind = VectorView::Kind;

VectorView::VectorView(duckdb_vector vector)
    : data_(duckdb_vector_get_data(vector)), validity_(duckdb_vector_get_validity(vector)) {
  const DuckType type(duckdb_vector_get_column_type(vector));
  switch (duckdb_get_type_id(type.get())) {
    case DUCKDB_TYPE_BOOLEAN:
      kind_ = Kind::kBoolean;
      break;
    case DUCKDB_TYPE_INTEGER:
      kind_ = Kind::kInteger;
      break;
    case DUCKDB_TYPE_DOUBLE:
      kind_ = Kind::kDouble;
      break;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
      kind_ = Kind::kText;
      break;
    case DUCKDB_TYPE_LIST:
      kind_ = Kind::kList;
      children_.emplace_back(duckdb_list_vector_get_child(vector));
      break;
    case DUCKDB_TYPE_STRUCT: {
      kind_ = Kind::kRow;
      const idx_t count = duckdb_struct_type_child_count(type.get());
      for (idx_t i = 0; i < count; ++i) {
        children_.emplace_back(duckdb_struct_vector_get_child(vector, i));
      }
      break;
    }
    default:
      kind_ = Kind::kBigint;
  }
}

namespace {

/// Three-valued AND of what the parts say.
void And(Truth part, Truth& all) {
  if (part == Truth::kFalse || all == Truth::kFalse) {
    all = Truth::kFalse;
  } else if (part == Truth::kNull) {
    all = Truth::kNull;
  }
}

Truth EqualLists(const VectorView& a, size_t i, const VectorView& b, size_t j) {
  const auto left = a.entry(i);
  const auto right = b.entry(j);
  if (left.length != right.length) return Truth::kFalse;
  Truth all = Truth::kTrue;
  for (size_t k = 0; k < left.length && all != Truth::kFalse; ++k) {
    And(Equal(a.child(), left.offset + k, b.child(), right.offset + k), all);
  }
  return all;
}

template <typename T>
int Sign(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int OrderDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Sign(std::isnan(a) ? 1 : 0, std::isnan(b) ? 1 : 0);
  return Sign(a, b);
}

int OrderParts(const VectorView& a, size_t i, const VectorView& b, size_t j, bool& nulls_inside) {
  const bool left = a.valid(i);
  const bool right = b.valid(j);
  if (left && right) return Order(a, i, b, j, nulls_inside);
  nulls_inside = true;
  return Sign(left ? 0 : 1, right ? 0 : 1);  // some order: nulls last
}

uint64_t Mix(uint64_t hash, uint64_t part) {
  return (hash ^ part) * 0x9E3779B97F4A7C15ULL + (hash >> 29);
}

}  // namespace

Truth Equal(const VectorView& a, size_t i, const VectorView& b, size_t j) {
  if (!a.valid(i) || !b.valid(j)) return Truth::kNull;
  const auto truth = [](bool equal) { return equal ? Truth::kTrue : Truth::kFalse; };
  switch (a.kind()) {
    case Kind::kBoolean:
      return truth(a.at<bool>(i) == b.at<bool>(j));
    case Kind::kInteger:
      return truth(a.at<int32_t>(i) == b.at<int32_t>(j));
    case Kind::kBigint:
      return truth(a.at<int64_t>(i) == b.at<int64_t>(j));
    case Kind::kDouble:
      return truth(a.at<double>(i) == b.at<double>(j));
    case Kind::kText:
      return truth(a.text(i) == b.text(j));
    case Kind::kList:
      return EqualLists(a, i, b, j);
    case Kind::kRow: {
      Truth all = Truth::kTrue;
      for (size_t k = 0; k < a.fields(); ++k) And(Equal(a.child(k), i, b.child(k), j), all);
      return all;
    }
  }
  return Truth::kNull;
}

bool Identical(const VectorView& a, size_t i, const VectorView& b, size_t j) {
  const bool valid = a.valid(i);
  if (valid != b.valid(j)) return false;
  if (!valid) return true;
  if (a.kind() == Kind::kDouble) return OrderDoubles(a.at<double>(i), b.at<double>(j)) == 0;
  if (a.kind() == Kind::kRow) {
    for (size_t k = 0; k < a.fields(); ++k) {
      if (!Identical(a.child(k), i, b.child(k), j)) return false;
    }
    return true;
  }
  if (a.kind() != Kind::kList) return Equal(a, i, b, j) == Truth::kTrue;
  const auto left = a.entry(i);
  const auto right = b.entry(j);
  if (left.length != right.length) return false;
  for (size_t k = 0; k < left.length; ++k) {
    if (!Identical(a.child(), left.offset + k, b.child(), right.offset + k)) return false;
  }
  return true;
}

uint64_t HashOf(const VectorView& a, size_t i) {
  if (!a.valid(i)) return 0x5851F42D4C957F2DULL;
  switch (a.kind()) {
    case Kind::kBoolean:
      return Mix(1, a.at<bool>(i) ? 1 : 0);
    case Kind::kInteger:
      return Mix(2, static_cast<uint64_t>(a.at<int32_t>(i)));
    case Kind::kBigint:
      return Mix(2, static_cast<uint64_t>(a.at<int64_t>(i)));
    case Kind::kDouble: {
      const double value = a.at<double>(i);
      if (std::isnan(value)) return Mix(3, 1);
      return Mix(3, std::bit_cast<uint64_t>(value == 0 ? 0.0 : value));
    }
    case Kind::kText:
      return std::hash<std::string_view>{}(a.text(i));
    case Kind::kList: {
      const auto entry = a.entry(i);
      uint64_t hash = entry.length;
      for (size_t k = 0; k < entry.length; ++k)
        hash = Mix(hash, HashOf(a.child(), entry.offset + k));
      return hash;
    }
    case Kind::kRow: {
      uint64_t hash = 5;
      for (size_t k = 0; k < a.fields(); ++k) hash = Mix(hash, HashOf(a.child(k), i));
      return hash;
    }
  }
  return 0;
}

int Order(const VectorView& a, size_t i, const VectorView& b, size_t j, bool& nulls_inside) {
  switch (a.kind()) {
    case Kind::kBoolean:
      return Sign(a.at<bool>(i) ? 1 : 0, b.at<bool>(j) ? 1 : 0);
    case Kind::kInteger:
      return Sign(a.at<int32_t>(i), b.at<int32_t>(j));
    case Kind::kBigint:
      return Sign(a.at<int64_t>(i), b.at<int64_t>(j));
    case Kind::kDouble:
      return OrderDoubles(a.at<double>(i), b.at<double>(j));
    case Kind::kText:
      return a.text(i).compare(b.text(j));
    case Kind::kRow: {
      int order = 0;
      for (size_t k = 0; k < a.fields() && order == 0; ++k) {
        order = OrderParts(a.child(k), i, b.child(k), j, nulls_inside);
      }
      return order;
    }
    case Kind::kList: {
      const auto left = a.entry(i);
      const auto right = b.entry(j);
      int order = 0;
      for (size_t k = 0; k < std::min(left.length, right.length) && order == 0; ++k) {
        order = OrderParts(a.child(), left.offset + k, b.child(), right.offset + k, nulls_inside);
      }
      return order != 0 ? order : Sign(left.length, right.length);
    }
  }
  return 0;
}

bool IsNan(const VectorView& a, size_t i) {
  return a.kind() == Kind::kDouble && a.valid(i) && std::isnan(a.at<double>(i));
}

}  // namespace tidemark::sql
