// SPDX-License-Identifier: Apache-2.0
// Merges sorted runs of one series: each time once, with the highest version, of equal ones the
// first run's. Memory is one run today; blocks and overrides add theirs. Pure.
#pragma once

#include <vector>

#include "store/conflict.h"
#include "store/series_buffer.h"

namespace tidemark::store {

/// Consecutive spans of one run, ascending by time, each time once.
using SortedRun = std::vector<RowSpan>;

/// Calls `emit(const RowSpan&, size_t first, size_t count)` for pieces of spans in time order, at
/// most `rows_max` rows in all. Returns the number of rows.
template <typename Emit>
uint64_t MergeRuns(const std::vector<SortedRun>& runs, uint64_t rows_max, Emit emit) {
  uint64_t rows = 0;
  if (runs.size() == 1) {
    for (const RowSpan& span : runs[0]) {
      const uint64_t n = span.count < rows_max - rows ? span.count : rows_max - rows;
      if (n == 0) break;
      emit(span, size_t{0}, static_cast<size_t>(n));
      rows += n;
    }
    return rows;
  }
  struct Cursor {
    size_t span = 0;
    size_t at = 0;
  };
  std::vector<Cursor> cursors(runs.size());
  const auto head = [&](size_t r) -> const RowSpan* {
    while (cursors[r].span < runs[r].size() && cursors[r].at >= runs[r][cursors[r].span].count) {
      cursors[r] = {cursors[r].span + 1, 0};
    }
    return cursors[r].span < runs[r].size() ? &runs[r][cursors[r].span] : nullptr;
  };
  while (rows < rows_max) {
    const RowSpan* best = nullptr;
    size_t best_run = 0;
    for (size_t r = 0; r < runs.size(); ++r) {
      const RowSpan* span = head(r);
      if (span == nullptr) continue;
      if (best != nullptr) {
        const size_t at = cursors[r].at;
        const size_t best_at = cursors[best_run].at;
        if (span->rows[at].time > best->rows[best_at].time) continue;
        if (span->rows[at].time == best->rows[best_at].time) {
          // The loser is skipped: that time comes once.
          if (!Supersedes(span->versions.at(span->first + at),
                          best->versions.at(best->first + best_at))) {
            ++cursors[r].at;
            continue;
          }
          ++cursors[best_run].at;
        }
      }
      best = span;
      best_run = r;
    }
    if (best == nullptr) break;
    emit(*best, cursors[best_run].at, size_t{1});
    ++cursors[best_run].at;
    ++rows;
  }
  return rows;
}

}  // namespace tidemark::store
