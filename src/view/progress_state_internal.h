// SPDX-License-Identifier: Apache-2.0
// The view's own bytes in store::ViewProgress::state. ViewProgress::positions is where the last
// evaluation looked (it orders evaluations); what a restart has to read again is in here:
//
//   u8 version = 1 | u8 flags (1: seeded, 2: sweep_to) | Positions replay_from | varint totals x 5
//   | i64 sweep_to ns, if flagged | incomplete sources: varint n, then n x (u8 kind, varint id,
//   varint partition, i64 whole from ns)
//   | held windows, if flagged (4): varint n, then n x (u64 hi, u64 lo, i64 window start ns, u8
//   coarse + 2 * level + 16 * correction, varint late points) | varint n, then n x (i64 from ns,
//   i64 until ns) | late windows that wait for the view's refresh or budget, if flagged (16):
//   varint n, then n x (u64 hi, u64 lo, i64 window start ns, u8 level, varint late points, u8 how
//   (1: coarse, 2: lateness, 4: partition, 8: correction), i64 lateness ns, partition as
//   store::SourcePartition, if flagged) | varint n, then n x (i64 from ns, i64 until ns) | steps of
//   the watermark, if flagged (8): varint n, i64 exact since ms, then n x (signed ms, signed ns),
//   differences to the step before
//
// Everything before `replay_from` is in the view's rows as far as `watermark` says; marks of
// windows that are still open are found again by a scan, late points by reading the feed from
// there. So a firing that was cut in pieces needs no list of what is left: it runs again, and done
// pieces write nothing. Immutable values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/types.h"
#include "view/watermark.h"
#include "view/watermark_history_internal.h"

namespace tidemark::view {

struct ViewTotals {
  uint64_t windows_published = 0;
  uint64_t revisions = 0;
  uint64_t late_points = 0;
  uint64_t frozen = 0;
  uint64_t overflows = 0;
  friend bool operator==(const ViewTotals&, const ViewTotals&) = default;
};

struct ProgressState {
  bool seeded = false;  // the back-fill is complete; else it begins again
  store::Positions replay_from;
  ViewTotals totals;
  /// Rows up to this watermark may be written although ViewProgress::watermark is older: a piece
  /// that is not its epoch's last. The next watermark must not be lower, or those rows would be
  /// ahead of it.
  std::optional<EventTime> sweep_to;
  /// Windows that wait for damaged files (damage_internal.h).
  struct Held {
    store::SeriesRef series;
    WindowId window;
    uint64_t late_points = 0;
    bool coarse = false;
    bool correction = false;
    friend bool operator==(const Held&, const Held&) = default;
  };
  std::vector<Held> held;
  std::vector<TimeRange> held_ranges;
  /// Late windows in the view's queue (late_queue_internal.h).
  static constexpr size_t kWaitingPairsMax = 8192;  // about 300 KiB
  struct WaitingPair {
    store::SeriesRef series;
    WindowId window;
    uint64_t late_points = 0;
    bool coarse = false;
    bool correction = false;
    std::optional<nanoseconds> lateness;
    std::optional<store::SourcePartition> partition;
    friend bool operator==(const WaitingPair&, const WaitingPair&) = default;
  };
  struct Waiting {
    std::vector<WaitingPair> pairs;
    std::vector<TimeRange> ranges;  // in place of pairs, when there are too many
    bool empty() const { return pairs.empty() && ranges.empty(); }
    friend bool operator==(const Waiting&, const Waiting&) = default;
  };
  Waiting waiting;
  WatermarkHistory history;
};

std::string EncodeProgressState(const ProgressState& state, const WatermarkTracker& tracker);
/// kCorruption: these are not such bytes. Fills the tracker's incomplete sources.
Result<ProgressState> DecodeProgressState(std::string_view bytes, WatermarkTracker& tracker);

}  // namespace tidemark::view
