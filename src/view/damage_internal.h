// SPDX-License-Identifier: Apache-2.0
// What damage in the source or target table means for a view's windows, and the windows that wait
// for it.
//
//  1. A window that touches damage nobody accepted waits: its published row stays, it is tried
//  again
//     later, and nothing else waits for it.
//  2. A window that touches an accepted one (a known gap) is never evaluated again: its points are
//     not whole (design section 2, guard).
//  3. What waits is journaled with the view's progress; beyond kExactMax pairs only as time ranges,
//     whose windows are then found by a scan and published as `coarse`.
#pragma once

#include <vector>

#include "base/time.h"
#include "store/store.h"
#include "view/definition.h"
#include "view/marks_internal.h"
#include "view/window.h"

namespace tidemark::view {

/// Sorted, disjoint. Immutable value.
class RangeSet {
 public:
  RangeSet() = default;
  explicit RangeSet(std::vector<TimeRange> ranges);
  bool Contains(EventTime t) const;
  bool Touches(TimeRange range) const;
  const std::vector<TimeRange>& ranges() const { return ranges_; }
  /// The parts of `range` inside, and outside.
  std::vector<TimeRange> Inside(TimeRange range) const;
  std::vector<TimeRange> Outside(TimeRange range) const;
  friend bool operator==(const RangeSet&, const RangeSet&) = default;

 private:
  std::vector<TimeRange> ranges_;
};

class DamageMap {
 public:
  DamageMap(Windows windows, const ViewDefinition& definition)
      : windows_(std::move(windows)), label_(definition.label), reach_(definition.reach()) {
    if (const auto ranges = RangesOf(definition)) reach_ = ahead_ = ranges->reach();
    any_row_ = definition.ranged();
  }
  DamageMap(store::Store& store, Windows windows, const ViewDefinition& definition);

  bool none() const { return waiting_.none() && lost_.none(); }
  /// Lost wins.
  bool IsLost(WindowId window) const { return Touches(lost_, window); }
  bool IsWaiting(WindowId window) const { return Touches(waiting_, window) && !IsLost(window); }
  /// Times of the windows that touch such.
  const RangeSet& waiting() const { return waiting_windows_; }
  /// Times of the source that a scan cannot pass.
  const RangeSet& unreadable() const { return waiting_.source; }
  friend bool operator==(const DamageMap& a, const DamageMap& b) {
    return a.waiting_ == b.waiting_ && a.lost_ == b.lost_;
  }

 private:
  struct Damage {
    RangeSet source;  // times of raw points
    RangeSet target;  // times of rows
    bool none() const { return source.ranges().empty() && target.ranges().empty(); }
    friend bool operator==(const Damage&, const Damage&) = default;
  };
  bool Touches(const Damage& damage, WindowId window) const;

  Windows windows_;
  Label label_;
  nanoseconds reach_;     // of what a window needs, before its start
  nanoseconds ahead_{0};  // .. behind its end
  bool any_row_ = false;  // rows are anywhere in their cell, not at its label
  Damage waiting_;
  RangeSet waiting_windows_;
  Damage lost_;
};

class HeldWindows {
 public:
  static constexpr size_t kExactMax = 1024;
  static constexpr size_t kRangesMax = 64;

  bool empty() const { return exact_.empty() && ranges_.empty(); }
  size_t size() const { return exact_.size() + ranges_.size(); }
  void Add(const Due& due, const Windows& windows);
  /// Windows of any series that hold some time of `time`.
  void AddRange(TimeRange time);

  bool Contains(const Due& due) const;  // the pair

  const std::vector<Due>& exact() const { return exact_; }
  const std::vector<TimeRange>& ranges() const { return ranges_; }
  /// Empties it.
  HeldWindows Take();

 private:
  std::vector<Due> exact_;
  std::vector<TimeRange> ranges_;  // sorted, disjoint
};

}  // namespace tidemark::view
