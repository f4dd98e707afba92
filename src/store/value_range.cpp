// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>

#include "store/value_range_internal.h"

namespace tidemark::store {
namespace {

// 2^63: the first DOUBLE beyond int64; -2^63 is one itself.
constexpr double kBeyond = 9223372036854775808.0;

template <typename T>
void KeepMarked(const std::vector<uint8_t>& keep, std::vector<T>& column) {
  if (column.empty()) return;
  size_t kept = 0;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] != 0) column[kept++] = column[i];
  }
  column.resize(kept);
}

}  // namespace

Result<void> CheckValues(const AggregateRequest& request) {
  if (!request.values) return {};
  const bool of_rows = std::ranges::any_of(request.aggregates, &AggregateColumn::any_type);
  // Not a number is neither.
  if (of_rows || !(request.values->min <= request.values->max)) {
    return Error{Code::kInvalidArgument,
                 "a value range needs min <= max, and aggregates of values"};
  }
  return {};
}

ValueBounds::ValueBounds(ValueRange range) : min_(range.min), max_(range.max) {
  const double first = std::ceil(min_);
  const double last = std::floor(max_);
  if (first >= kBeyond || last < -kBeyond) return;
  first_ = first < -kBeyond ? INT64_MIN : static_cast<int64_t>(first);
  last_ = last >= kBeyond ? INT64_MAX : static_cast<int64_t>(last);
}

bool ValueBounds::Has(ValueType type, uint64_t bits) const {
  if (type == ValueType::kDouble) {
    const auto value = std::bit_cast<double>(bits);
    return min_ <= value && value <= max_;
  }
  const auto value = static_cast<int64_t>(bits);
  return type == ValueType::kBigint && first_ <= value && value <= last_;
}

bool ValueBounds::HasAll(ValueType type, const ColumnStats& stats) const {
  return stats.count == 0 ||
         (!stats.nan_seen && Has(type, stats.min_bits) && Has(type, stats.max_bits));
}

void ValueBounds::Filter(RowPiece& piece) const {
  const size_t n = piece.size();
  std::vector<uint8_t> keep(n, 0);
  for (size_t c = 0; c < piece.columns_used; ++c) {
    RowColumns::Column& column = piece.columns[c];
    if (column.valid.empty()) column.valid.assign(n, 1);
    for (size_t i = 0; i < n; ++i) {
      const bool number = column.type == ValueType::kDouble || column.type == ValueType::kBigint;
      if (column.valid[i] != 0 && number && Has(column.type, column.bits[i])) {
        keep[i] = 1;
      } else {
        column.valid[i] = 0;
      }
    }
  }
  KeepMarked(keep, piece.times);
  KeepMarked(keep, piece.versions);
  KeepMarked(keep, piece.rows);
  for (size_t c = 0; c < piece.columns_used; ++c) {
    RowColumns::Column& column = piece.columns[c];
    KeepMarked(keep, column.bits);
    KeepMarked(keep, column.texts);
    KeepMarked(keep, column.valid);
    if (piece.columns_used == 1) column.valid.clear();  // those that are left are all present
  }
}

}  // namespace tidemark::store
