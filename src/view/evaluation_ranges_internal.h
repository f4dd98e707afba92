// SPDX-License-Identifier: Apache-2.0
// What evaluation_ranges.cpp and evaluation_range_rows.cpp share.
#pragma once

#include <map>
#include <vector>

#include "view/evaluation_internal.h"
#include "view/range_reader_internal.h"

namespace tidemark::view {

inline bool Overlap(TimeRange a, TimeRange b) { return a.start < b.end && b.start < a.end; }

/// What one key of a piece comes to.
struct Evaluator::RangeWork {
  std::vector<const Due*> due;
  std::vector<RangeRun> runs;     // one for each; what changed may be more than its range
  std::vector<TimeRange> spans;   // where rows may change; of sessions one for each
  std::map<EventTime, Due> rows;  // that ought to be, by their start, with their late points
};

}  // namespace tidemark::view
