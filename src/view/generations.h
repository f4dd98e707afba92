// SPDX-License-Identifier: Apache-2.0
// What changes for readers when one generation of a view takes the place of another. Pure functions
// over a store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace tidemark::view {

struct RowDifference {
  std::string measure;
  std::vector<store::Dimension> dimensions;
  EventTime time;
  store::Scalar before;  // null: no row
  store::Scalar now;
};

struct GenerationDiff {
  std::vector<RowDifference> rows;  // the first ones by measure, dimensions and time
  uint64_t same = 0;
  uint64_t changed = 0;
  uint64_t added = 0;
  uint64_t removed = 0;
  bool whole = true;  // false: there are more rows than were compared
  uint64_t differences() const { return changed + added + removed; }
};

/// Of a table that both write to: their published rows (revision 1 and later), compared by bits.
/// Reads about `rows_max` rows, by series; keeps the first `kept_max` differences.
Result<GenerationDiff> CompareGenerations(store::Store& store, TableId target, store::Owner before,
                                          store::Owner now, size_t rows_max, size_t kept_max);

}  // namespace tidemark::view
