// SPDX-License-Identifier: Apache-2.0
// What a view of sessions or samples has to look at when the watermark comes to it: by row's key
// the spans of points that are not worked off. Points in memory only, found again by a scan; an
// evaluation reads the rest from the store. Single-owner.
//
//  1. Each row that the watermark has not passed has a span with a point of it, or that it follows
//     from, that is due when the row is.
//  2. A point in order costs a compare; a key is looked at once for each of its rows, not at every
//     watermark.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "view/range_kind.h"

namespace tidemark::view {

class OpenRanges {
 public:
  using Key = uint32_t;
  struct Range {
    Key key = 0;
    OpenSpan span;
    friend bool operator==(const Range&, const Range&) = default;
  };

  /// kSome: whether a point counts is seen only when it is read. Then each stands for itself, since
  /// what it seems to join may be farther away.
  enum class Points : uint8_t { kAll, kSome };
  OpenRanges(const RangeKind& kind, Points counting) : kind_(kind), counting_(counting) {}

  /// A point of `key`; at `watermark` it may be late.
  void Add(Key key, EventTime t, std::optional<EventTime> watermark);
  /// Appends what is due by `watermark` and keeps what is left of it.
  void TakeDue(EventTime watermark, std::vector<Range>& out);
  /// Appends all spans of keys at or behind `from`, of about `count_max`; the key to go on with.
  Key Copy(Key from, size_t count_max, std::vector<Range>& out) const;
  Key keys() const { return static_cast<Key>(spans_.size()); }
  /// Spans held.
  size_t size() const { return size_; }
  /// When keys are due, the latest first, and about how many.
  std::vector<std::pair<EventTime, size_t>> Due(size_t count_max) const;

 private:
  static constexpr EventTime kNever{INT64_MAX};
  void Arm(Key key, EventTime at);
  void Insert(Key key, OpenSpan span);

  RangeKind kind_;
  Points counting_;
  std::vector<std::vector<OpenSpan>> spans_;  // by key; ascending, farther apart than they join
  std::vector<EventTime> armed_;              // by key: its entry in timers_; others are stale
  std::map<EventTime, std::vector<Key>> timers_;
  size_t size_ = 0;
};

}  // namespace tidemark::view
