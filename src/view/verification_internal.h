// SPDX-License-Identifier: Apache-2.0
// The state of one verification (verification.h). Single-owner.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "view/catch_up_internal.h"
#include "view/damage_internal.h"
#include "view/evaluation_internal.h"
#include "view/progress_state_internal.h"
#include "view/series_book_internal.h"
#include "view/verification.h"
#include "view/watermark.h"
#include "view/window.h"

namespace tidemark::view {

inline constexpr size_t kCandidatesMax = 65536;  // then they are settled

/// From the first time to behind the last one of what is selected, and of damage; none: nothing is.
Result<std::optional<TimeRange>> FindSpan(store::Store& store, const store::Selection& selection);

struct Verification::Work {
  enum class Phase : uint8_t {
    kOpening,
    kGathering,   // the pairs of a stretch of windows
    kEvaluating,  // them
    kRows,        // of the stretch that none of them stands for; of sessions and samples: before
                  // the pairs are evaluated, those that rows bring
    kSettling,    // what differs: the feed
    kReporting,   // .. and the log
    kDone
  };
  using RowKey = std::pair<store::SeriesRef, EventTime>;

  Work(VerifyEnv e, ViewDefinition d, VerifyOptions o);

  Result<void> Open();
  Result<void> LookWhereItStands();
  EventTime FirstWhole() const;
  /// Windows of `level` that begin at `from` and later; or the next level, or the end.
  void BeginStretch(EventTime from);
  Result<void> Gather();
  void MarkWindows(SeriesIndex series, std::span<const EventTime> times);
  Result<void> OpenScan(const store::ScanRequest& scan);
  Result<bool> NextSlice(store::Slice& slice);
  void MeetDamage();
  std::pair<WindowId, GroupIndex> PairOf(const Due& one) const;
  void SortPairs();
  void Shorten();
  Result<void> BeginEvaluation();
  Result<void> SkipHeld();
  bool IsHeld(WindowId window, GroupIndex group) const;
  Result<void> EvaluateSome();
  Result<bool> EvaluatePiece(std::span<const Due> piece);
  Result<void> LookForExtra();
  bool IsOfLevel(std::string_view measure) const;
  void NoteExtra(const store::Slice& slice);
  Result<void> EndStretch();
  // verification_ranges.cpp: views of sessions and samples
  TimeRange PointsAround(TimeRange time) const;
  void MarkCells(SeriesIndex series, TimeRange time);
  void MarkPoints(SeriesIndex series, std::span<const EventTime> times);
  void ShortenCells();
  Result<void> BeginRowCells();
  Result<void> GatherRowCells();
  bool IsRead(TimeRange window) const;
  void NoteOrphan(const store::Slice& slice, size_t i);
  void FilterCells();
  void AskForCells(PieceRequest& request) const;
  bool IsHeld(const RowMismatch& row) const;
  // verification_settle.cpp
  void AddCandidate(RowMismatch mismatch);
  void BeginSettling();
  Result<void> Settle();
  Result<void> ExcuseTouched();
  void Excuse(store::SeriesRef target, TimeRange changed);
  Result<bool> IsFrozen(const RowMismatch& row) const;
  Result<void> Report();

  const VerifyEnv env;
  const ViewDefinition definition;
  const VerifyOptions options;
  const Windows windows;
  const std::optional<RangeKind> ranges;
  const std::vector<std::string> templates;
  SeriesBook book;
  Evaluator evaluator;
  VerifyReport report;
  Phase phase = Phase::kOpening;

  // Where the view stood when the stretch was begun
  std::optional<EventTime> watermark;
  store::Positions stands_at;
  EventTime whole_from{INT64_MIN};
  Prefix fired;
  DamageMap damage;
  std::map<std::pair<WindowId, GroupIndex>, SeriesIndex> held;  // or late; any series of the group
  RangeSet held_ranges;

  std::optional<TimeRange> span;  // window starts to look at
  uint8_t level = 0;
  uint64_t steps = 1;  // windows of a stretch, as long as they are few pairs
  TimeRange stretch;   // window starts
  bool begun = false;
  bool blind = false;  // some of its points could not be read
  std::vector<TimeRange> scans;
  std::unique_ptr<store::ScanCursor> cursor;
  store::SliceBuffer buffer;
  std::vector<Due> due;  // one for each pair
  size_t due_next = 0;
  size_t piece_max = SIZE_MAX;  // halved where an evaluation meets damage
  bool marked = false;
  std::vector<RowKey> compared;
  std::set<WindowId> unread;  // windows with pairs that could not be read

  // Sessions and samples: what of the stretch is to be evaluated, and whose rows are whose
  std::map<std::pair<WindowId, SeriesIndex>, Due> cells;
  size_t points_in_stretch = 0;
  struct RefHash {
    size_t operator()(store::SeriesRef ref) const noexcept {
      return static_cast<size_t>(ref.lo ^ (ref.hi * 0x9e3779b97f4a7c15U));
    }
  };
  std::unordered_map<store::SeriesRef, SeriesIndex, RefHash> key_of_row;
  SeriesIndex keys_known = 0;

  std::map<RowKey, RowMismatch> candidates;
  store::Positions settle_from;
  store::Positions settle_to;
  std::unique_ptr<store::FeedReader> feed;
  store::FeedBatch batch;
};

}  // namespace tidemark::view
