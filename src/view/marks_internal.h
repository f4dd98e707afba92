// SPDX-License-Identifier: Apache-2.0
// Which (series, window) pairs have points: in-order points mark the slot they fall into
// (window.h), once per series, so that firing walks the lists of the window's slots and never all
// series. Late ones are counted per pair. Single-owner.
//
// A point in order costs one table look-up and two compares: the series remembers the last two
// slots it marked (two, because points around a boundary alternate).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "store/types.h"
#include "view/window.h"

namespace tidemark::view {

using SeriesIndex = uint32_t;  // into the view's tracked series

/// Numbers of the series a view has met: its own, or "not mine". Open addressing; dense references
/// of the embedded store land in order, so neighbours share cache lines.
class SeriesDirectory {
 public:
  static constexpr SeriesIndex kUnknown = UINT32_MAX;
  static constexpr SeriesIndex kForeign = UINT32_MAX - 1;

  SeriesIndex Find(store::SeriesRef ref) const {
    if (slots_.empty()) return kUnknown;
    for (size_t i = Home(ref);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].ref == ref || slots_[i].index == kUnknown) return slots_[i].index;
    }
  }
  /// `ref` must be unknown.
  void Insert(store::SeriesRef ref, SeriesIndex index);

 private:
  struct Slot {
    store::SeriesRef ref;
    SeriesIndex index = kUnknown;
  };
  size_t Home(store::SeriesRef ref) const {
    return (ref.lo ^ (ref.hi * 0x9e3779b97f4a7c15U)) & (slots_.size() - 1);
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  size_t used_ = 0;
};

/// One (series, window) to evaluate.
struct Due {
  WindowId window;
  SeriesIndex series = 0;
  uint64_t late_points = 0;
  bool fresh = false;       // never published, as far as the progress tells
  bool coarse = false;      // found without reading each change: late_points is not the whole count
  bool correction = false;  // some late point replaced a stored one
  /// Of the latest of the late points; none: not known.
  std::optional<nanoseconds> lateness{};
  std::optional<store::SourcePartition> partition{};
  /// Views of sessions and samples (range_kind.h): where points changed in the cell that `window`
  /// names, empty: anywhere. Of one of their rows: its window.
  TimeRange range{EventTime{}, EventTime{}};

  friend bool operator<(const Due& a, const Due& b) {
    if (a.window != b.window) return a.window < b.window;
    return a.series != b.series ? a.series < b.series : a.range.start < b.range.start;
  }
};

/// Adds what is known of the late points of `from`; coarse wins, and of late points the latest.
void MergeDue(Due& into, const Due& from);

/// Sorts by (window, series) and makes one of equal pairs. With `join` only of those whose ranges,
/// which are not empty, lie closer than that.
void SortAndMerge(std::vector<Due>& due, nanoseconds join = nanoseconds(0));

class MarkBook {
 public:
  explicit MarkBook(Windows windows) : windows_(std::move(windows)) {}

  /// Makes room for a series numbered next.
  void AddSeries() { last_.push_back({kNever, kNever}); }
  size_t series() const { return last_.size(); }

  void Mark(SeriesIndex series, EventTime t) {
    if (t.ns < cached_.start.ns || t.ns >= cached_.end.ns) cached_ = windows_.SlotOf(t);
    if (Touch(series, cached_.start)) Append(series, cached_.start);
  }

  /// Whether `slot` is not one of the two the series touched last; then it is now.
  bool Touch(SeriesIndex series, EventTime slot) {
    auto& last = last_[series];
    if (last[0] == slot.ns || last[1] == slot.ns) return false;
    last[1] = last[0];
    last[0] = slot.ns;
    return true;
  }

  /// Appends the pairs (`fresh`, each once, unsorted) of windows in `until` that are not in
  /// `fired`, and forgets slots that no other window needs.
  void TakeFired(const Prefix& fired, const Prefix& until, std::vector<Due>& out);
  /// Appends the marks (`fresh`, some perhaps twice) of the first window at or behind `from` that
  /// is not in `fired`, and names it; none: there is no such window.
  std::optional<WindowId> CopyFirst(WindowId from, const Prefix& fired,
                                    std::vector<Due>& out) const;
  /// Marks held: an upper bound of pairs, but for windows that overlap.
  size_t size() const { return size_; }
  /// Windows with marks that are not in `fired`, ascending, with their counts (of windows of
  /// several slots an upper bound); the newest `count_max`.
  std::vector<std::pair<WindowId, size_t>> OpenWindows(size_t count_max, const Prefix& fired) const;

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
  void Append(SeriesIndex series, EventTime slot);
  void TakeSlots(const Prefix& fired, const Prefix& until, std::vector<Due>& out);

  Windows windows_;
  TimeRange cached_{EventTime{1}, EventTime{0}};
  std::vector<std::array<int64_t, 2>> last_;  // by series
  std::map<EventTime, std::vector<SeriesIndex>> slots_;
  std::vector<SeriesIndex>* newest_ = nullptr;  // list of newest_slot_
  EventTime newest_slot_;
  size_t size_ = 0;
  std::vector<uint32_t> stamps_;  // by series: the window it was last appended for
  uint32_t stamp_ = 0;
};

}  // namespace tidemark::view
