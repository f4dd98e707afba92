// SPDX-License-Identifier: Apache-2.0
// Views whose rows do not follow from a point's time alone: sessions (event-time.md 5) and samples
// on a regular grid (event-time.md 9). A row depends on the points around it, so a change names
// where it was, and an evaluation looks there (docs/decisions/0009). Immutable values, pure
// functions.
//
// A cell is a piece of time that names a change, as a window does in other views: of sessions the
// grid that no session crosses, of samples some grid times. Times outside of the range that events
// may have do not occur.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "view/window.h"

namespace tidemark::view {

/// What stands at a grid time without a sample of its own.
enum class Fill : uint8_t {
  kLinear,    // on the line between the neighbours
  kLocf,      // the last sample before it
  kNext,      // the first one behind it
  kSpline,    // on the natural cubic spline through the neighbours
  kConstant,  // a given value, as long as kLocf has one
};
/// "linear", "locf", "next", "spline", "constant".
std::optional<Fill> FillFromText(std::string_view text);
std::string_view FillName(Fill fill);

/// Samples on each side of a gap that a spline goes through; farther ones move it by less than
/// 4^-16 of their own bend, and would let each point change every row of its series.
inline constexpr uint32_t kSplineNeighbours = 16;

/// Points of one row's series that are not worked off: the first and the last of them.
struct OpenSpan {
  EventTime first;
  EventTime last;
  friend bool operator==(const OpenSpan&, const OpenSpan&) = default;
};

class RangeKind {
 public:
  /// Points closer than `gap` are of one session; none crosses a multiple of `longest`.
  static RangeKind Sessions(nanoseconds gap, nanoseconds longest);
  /// A value at every offset + n * `every` that is not farther than `max_gap` from the samples
  /// that make it.
  static RangeKind Samples(nanoseconds every, nanoseconds offset, Fill fill, nanoseconds max_gap);

  bool sessions() const { return every_ == nanoseconds(0); }
  Windows cells() const { return Windows::Tumbling(cell_, offset_); }
  TimeRange CellOf(EventTime t) const {
    const EventTime start = FloorTo(t, cell_, offset_);
    return {start, start + cell_};
  }
  /// The grid times from one on, and the first that lies behind `t`.
  EventTime SlotOf(EventTime t) const { return FloorTo(t, every_, offset_); }
  EventTime SlotEnd(EventTime t) const { return SlotOf(t) + every_; }

  nanoseconds gap() const { return gap_; }  // of sessions; of samples max_gap
  nanoseconds every() const { return every_; }
  Fill fill() const { return fill_; }
  /// The value at a grid time follows from samples up to it.
  bool forward() const { return fill_ == Fill::kLocf || fill_ == Fill::kConstant; }

  /// From this watermark on a point at `t` is late.
  EventTime LateFrom(EventTime t) const;
  /// Behind the time from which on points are whole, rows begin to be.
  nanoseconds back() const;
  /// Rows that the watermark has not passed need no points from before that much before it.
  nanoseconds open_reach() const;
  /// A point changes no row, and a row needs no point, that lies farther than this from its cell.
  nanoseconds reach() const { return sessions() ? nanoseconds(0) : back(); }
  /// Spans of points closer than this are looked at as one.
  nanoseconds join() const { return gap_; }

  /// The watermark at which `open` is due for the first time.
  EventTime DueAt(const OpenSpan& open) const;
  /// What is left of `open` when all that the watermark has passed is evaluated.
  std::optional<OpenSpan> Rest(const OpenSpan& open, EventTime watermark) const;

 private:
  nanoseconds cell_{1};
  nanoseconds offset_{0};
  nanoseconds gap_{0};
  nanoseconds every_{0};  // 0: sessions
  Fill fill_ = Fill::kLinear;
};

/// The sessions of `times`, which ascend; each ends `gap` behind its last point, but inside of its
/// cell.
std::vector<TimeRange> SplitSessions(std::span<const EventTime> times, const RangeKind& kind);

}  // namespace tidemark::view
