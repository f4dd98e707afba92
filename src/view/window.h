// SPDX-License-Identifier: Apache-2.0
// Which windows a time belongs to (event-time.md section 3): tumbling, hopping, calendar, or
// several tumbling grids at once (levels). Immutable value, pure functions.
//
// A slot is a piece of time whose points all belong to the same windows, and every window is a
// whole number of slots: the window itself, unless windows overlap. Points mark slots; windows
// fire.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"

namespace tidemark::view {

class CalendarGrid;

/// Names one window of a view.
struct WindowId {
  EventTime start;
  uint8_t level = 0;  // index into the view's levels; 0 without
  friend constexpr auto operator<=>(const WindowId&, const WindowId&) = default;
};

/// Of levels, as many as a view may have.
inline constexpr size_t kLevelsMax = 8;

/// A prefix of all windows: by level, those that start before a time.
class Prefix {
 public:
  /// None.
  constexpr Prefix() { until_.fill(EventTime{INT64_MIN}); }
  constexpr bool Has(WindowId window) const { return window.start < until_[window.level]; }
  constexpr EventTime until(uint8_t level = 0) const { return until_[level]; }
  constexpr void Set(uint8_t level, EventTime until) { until_[level] = until; }
  friend constexpr bool operator==(const Prefix&, const Prefix&) = default;

 private:
  std::array<EventTime, kLevelsMax> until_{};
};

class Windows {
 public:
  /// Both > 0; any `offset`, negative ones too. A slide beyond the size leaves gaps.
  static Windows Hopping(nanoseconds size, nanoseconds slide, nanoseconds offset);
  static Windows Tumbling(nanoseconds size, nanoseconds offset = nanoseconds(0)) {
    return Hopping(size, size, offset);
  }
  static Windows Calendar(std::shared_ptr<const CalendarGrid> grid);
  /// One to kLevelsMax sizes, ascending, each a multiple of the first.
  static Windows Levels(const std::vector<nanoseconds>& sizes, nanoseconds offset);

  uint8_t levels() const { return levels_; }
  TimeRange WindowAt(WindowId window) const;
  TimeRange SlotOf(EventTime t) const;
  /// Whether each time is in one window and each window is one slot.
  bool simple() const { return simple_; }
  /// From one window's start to the next one's, of a level at most; a window's length at most.
  nanoseconds step_max() const;
  nanoseconds longest() const;

  /// Calls `f(WindowId)` for every window that holds `t`, ascending within a level.
  template <typename F>
  void ForEachOf(EventTime t, F&& f) const {
    ForEachOver({t, t + nanoseconds(1)}, f);
  }
  /// .. for every window that holds some time of `time`.
  template <typename F>
  void ForEachOver(TimeRange time, F&& f) const {
    if (time.empty()) return;
    for (uint8_t level = 0; level < levels_; ++level) {
      const EventTime end = FirstFrom(time.end, level);
      for (EventTime start = FirstEndingAfter(time.start, level); start < end;
           start = Next(start, level)) {
        f(WindowId{start, level});
      }
    }
  }
  /// Start of the last window of a level that starts at `t` or before.
  EventTime StartOf(EventTime t, uint8_t level) const;
  /// From the start of the first to the end of the last window that holds some time of `time`,
  /// which is not empty.
  TimeRange HullOf(TimeRange time) const;
  /// About how many ForEachOver() has.
  int64_t CountOver(TimeRange time) const;

  /// The windows with end <= frontier: those to fire.
  Prefix PassedBy(EventTime frontier) const;

 private:
  struct Grid {
    nanoseconds size{1};
    nanoseconds slide{1};
  };

  /// Start of the first window that starts at `t` or later; ends after `t`.
  EventTime FirstFrom(EventTime t, uint8_t level) const;
  EventTime FirstEndingAfter(EventTime t, uint8_t level) const;
  EventTime Next(EventTime start, uint8_t level) const;

  uint8_t levels_ = 1;
  bool simple_ = true;
  std::array<Grid, kLevelsMax> grids_{};
  nanoseconds offset_{0};
  nanoseconds slot_{1};
  std::shared_ptr<const CalendarGrid> calendar_;
};

/// Calls `f(WindowId)` once for each window that holds some of `times`, which ascend.
template <typename F>
void ForEachWindow(const Windows& windows, std::span<const EventTime> times, F&& f) {
  std::array<EventTime, kLevelsMax> next;  // by level: the first window that was not named yet
  next.fill(EventTime{INT64_MIN});
  for (auto it = times.begin(); it != times.end();) {
    const TimeRange slot = windows.SlotOf(*it);
    windows.ForEachOf(*it, [&](WindowId window) {
      if (window.start < next[window.level]) return;
      next[window.level] = window.start + nanoseconds(1);
      f(window);
    });
    it = std::lower_bound(it, times.end(), slot.end);
  }
}

}  // namespace tidemark::view
