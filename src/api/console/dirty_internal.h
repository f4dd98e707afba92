// SPDX-License-Identifier: Apache-2.0
// What changed in the tables, from the store's feed: per table the hull of the times, the measures
// and the kinds, never the points. One hash look-up per point, so that listening costs little
// beside writing. Single-owner.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace tidemark::console {

/// What a reader of a table has to ask again.
struct Dirty {
  enum Kind : uint8_t { kRaw = 1, kView = 2, kRevision = 4 };  // bits

  std::set<std::string> measures;  // empty: all of them
  EventTime first;                 // inclusive
  EventTime last;                  // inclusive
  uint8_t kinds = 0;

  void Merge(const Dirty& other);
};

class DirtyTracker {
 public:
  /// Both must outlive the tracker.
  DirtyTracker(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  bool started() const { return reader_ != nullptr; }
  /// Begins behind `from`; does nothing when started.
  Result<void> Start(const store::Positions& from);
  void Stop();

  /// Reads what the feed brought, at most about `points_max` points. When more was waiting, or the
  /// feed has a hole, every table that `tables` names counts as changed everywhere, and reading
  /// goes on at the end: a reader that cannot keep up asks for everything anyway.
  void Drain(size_t points_max, const std::vector<TableId>& tables);
  /// Takes what was collected.
  std::map<TableId, Dirty> Take();

 private:
  struct SeriesHash {
    size_t operator()(const store::SeriesRef& ref) const noexcept {
      return static_cast<size_t>((ref.hi ^ ref.lo) * 0x9e3779b97f4a7c15U);
    }
  };
  /// One (table, measure, kind); all of its series share it.
  struct Slot {
    TableId table;
    std::string measure;
    uint8_t kind = Dirty::kRaw;
    bool touched = false;
    EventTime first;
    EventTime last;
  };

  uint32_t SlotOf(store::SeriesRef series);
  void Touch(uint32_t slot, EventTime time);
  void Collect(const store::FeedBatch& batch);
  void MarkAll(const std::vector<TableId>& tables);

  store::Store& store_;
  const Clock& clock_;
  std::unique_ptr<store::FeedReader> reader_;
  store::FeedBatch batch_;  // kept for its memory
  std::unordered_map<store::SeriesRef, uint32_t, SeriesHash> slot_of_;
  std::map<std::tuple<TableId, std::string, uint8_t>, uint32_t> slot_ids_;
  std::vector<Slot> slots_;
  std::map<TableId, Dirty> whole_;  // changed everywhere
};

}  // namespace tidemark::console
