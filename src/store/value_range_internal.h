// SPDX-License-Identifier: Apache-2.0
// ValueRange at work: rows and whole chunks against its bounds. Immutable.
#pragma once

#include <cstdint>
#include <span>

#include "store/series_reader.h"
#include "store/store.h"

namespace tidemark::store {

/// kInvalidArgument: a value range that makes no sense in the request.
Result<void> CheckValues(const AggregateRequest& request);

class ValueBounds {
 public:
  explicit ValueBounds(ValueRange range);

  /// Values other than DOUBLE and BIGINT are never inside.
  bool Has(ValueType type, uint64_t bits) const;
  /// Whether every value of a column with these statistics is inside.
  bool HasAll(ValueType type, const ColumnStats& stats) const;
  /// Makes values outside null, and takes rows out of `piece` that have no value inside.
  void Filter(RowPiece& piece) const;

 private:
  double min_;
  double max_;
  // The BIGINT values inside; empty: first > last.
  int64_t first_ = 1;
  int64_t last_ = 0;
};

}  // namespace tidemark::store
