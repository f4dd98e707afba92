// SPDX-License-Identifier: Apache-2.0
// What one raw point means for a view: its windows there, their rows, and the revisions whose log
// entry names it. Reads only. Pure function.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"

namespace tidemark::view {

/// A row of a window that holds the point, or of one that looks back at it.
struct PointRow {
  std::string measure;
  std::vector<store::Dimension> dimensions;
  EventTime time;  // label
  bool is_there = false;
  bool looks_back = false;  // the window begins behind the point and its aggregates look back
  store::Scalar value;
  uint32_t revision = 0;
  uint64_t record_count = 0;
  std::vector<store::RevisionEntry> named;  // entries whose points name it
};

struct PointWindow {
  TimeRange window;
  enum class State : uint8_t { kOpen, kComplete, kSealed } state = State::kOpen;
  std::vector<PointRow> rows;  // by aggregate
};

struct PointInView {
  bool reads = false;  // the view reads the point's series
  std::vector<PointWindow> windows;
};

/// "open", "complete", "sealed" (event-time.md 1).
std::string_view WindowStateName(PointWindow::State state);

Result<PointInView> ExplainPoint(store::Store& store, const ViewDefinition& definition,
                                 std::optional<EventTime> watermark, store::SeriesRef series,
                                 EventTime time);

}  // namespace tidemark::view
