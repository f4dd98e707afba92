// SPDX-License-Identifier: Apache-2.0
// Tumbling windows [start, start + width) on a grid shifted by `offset`: event-time.md section 3.
// Immutable value, pure functions.
#pragma once

#include "base/time.h"

namespace tidemark::view {

class WindowGrid {
 public:
  /// `width` > 0; any `offset`, negative ones too.
  constexpr WindowGrid(nanoseconds width, nanoseconds offset) : width_(width), offset_(offset) {}

  constexpr nanoseconds width() const { return width_; }
  /// Start of the window that holds `t`.
  constexpr EventTime StartOf(EventTime t) const { return FloorTo(t, width_, offset_); }
  constexpr TimeRange WindowAt(EventTime start) const { return {start, start + width_}; }
  constexpr TimeRange WindowOf(EventTime t) const { return WindowAt(StartOf(t)); }
  /// Windows that start before the result, and only they, have end <= `frontier`: those to fire. A
  /// record of time t lies in one of them exactly if t is before the result.
  constexpr EventTime PassedBy(EventTime frontier) const { return StartOf(frontier); }

 private:
  nanoseconds width_;
  nanoseconds offset_;
};

}  // namespace tidemark::view
