// SPDX-License-Identifier: Apache-2.0
// What one raw point means for a view: its windows there, their rows, and the revisions whose log
// entry names it. Reads only. Pure function.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"
#include "view/maintainer.h"

namespace tidemark::view {

/// A row of a window that holds the point, or of one that looks back at it.
struct PointRow {
  std::string measure;
  std::vector<store::Dimension> dimensions;
  EventTime time;  // label
  store::PointKey key;
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

/// Of a view over a view `points` are the rows of that one that hold the point; of others it alone.
/// kInvalidArgument: it would be too many windows.
Result<PointInView> ExplainPoints(store::Store& store, const ViewDefinition& definition,
                                  std::optional<EventTime> watermark,
                                  std::span<const store::PointKey> points);

/// What one view of a chain made of a point.
struct ExplainedView {
  const ViewStatus& status;
  Result<PointInView> point;  // kInvalidArgument: as above
};
/// All of `views` that the point reaches, through others too, each behind the one that it reads.
/// `views` must outlive the answer.
Result<std::vector<ExplainedView>> ExplainPoint(store::Store& store,
                                                std::span<const ViewStatus> views,
                                                const store::PointKey& point);

}  // namespace tidemark::view
