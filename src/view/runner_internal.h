// SPDX-License-Identifier: Apache-2.0
// One view at work. Single-owner: Step() by the maintainer's task; only the snapshot is shared.
//
//             +-> kFindStart -+                        +----------------------------+
//   kOpening -+---------------+-> kSeeding -> kEvaluating <-> (write in flight) -> kDraining
//        ^                                         ^                                   |
//        +-- start -- kStopped, kFailed            +------ clocks folded, due + dirty -+
//
// An epoch is: drain the feed to the end seen at its start; fold the clocks in; evaluate what is
// due or dirty, in pieces of one frame each; the last one journals the new watermark and where to
// read on.
//  1. Points are judged (in order, late, refused) by the watermark of the epoch's start
//  (event-time.md 2.7).
//  2. Frames of earlier pieces journal the old watermark and replay position: after a crash the
//  whole
//     epoch runs again and pieces that were written change nothing.
//  3. Refused (frozen) points are logged by the last piece only, so a repeat does not log them
//  twice. The sink has them before that piece is written: at least once.
//  4. Clocks count only once every point journaled before them has been drained.
//  5. A gap in the feed becomes ranges of windows (catch_up_internal.h) that the epoch evaluates
//     before what is due: those that had fired are coarse, those that fire now are not. Windows
//     that stay open are found by a scan once the epoch is committed.
//  6. Windows that wait for damaged files (damage_internal.h) are in the epoch's last frame; those
//     given back to an epoch stay journaled until its last frame is durable.
//  7. Preliminary rows are written between epochs, when the feed has been drained (kEarly), in
//     frames like the inner ones of an epoch: they change nothing of what a restart does.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"
#include "view/catch_up_internal.h"
#include "view/damage_internal.h"
#include "view/definition.h"
#include "view/evaluation_internal.h"
#include "view/late_keys_internal.h"
#include "view/late_queue_internal.h"
#include "view/maintainer.h"
#include "view/marks_internal.h"
#include "view/open_ranges_internal.h"
#include "view/progress_state_internal.h"
#include "view/series_book_internal.h"
#include "view/watermark.h"
#include "view/window.h"

namespace tidemark::view {

/// What all runners of a maintainer share; constant.
struct RunnerEnv {
  store::Store& store;
  const Clock& clock;
  MetricRegistry& metrics;
  LatePointSink* sink;
  MaintainerOptions options;
  std::function<void()> wake;  // callable from any thread, also after the maintainer is gone
  std::function<void(const Published&)> publish;
};

/// What the outside wants of a view; copied in before each step.
struct Wishes {
  bool run = true;
  bool paused = false;
  bool next = false;    // built beside the view that the definition names
  uint64_t starts = 0;  // grows with each Start(): a failed view tries again
  nanoseconds source_retention{0};
  std::shared_ptr<const std::vector<PipelineId>> pipelines;  // null: all count

  bool active() const { return run && !paused; }
};

class ViewRunner {
 public:
  ViewRunner(const RunnerEnv& env, ViewDefinition definition);
  ~ViewRunner();

  /// Bounded work. Errors put the view into kFailed and are logged here.
  Progress Step(const Wishes& wishes);
  /// Nothing of this view is on its way to the store.
  bool Quiet() const { return inflight_ == nullptr; }

  /// As of the last step that ended a piece of work. Thread-safe.
  ViewStatus Status() const;
  std::vector<WindowStatus> OpenWindows() const;
  /// Points before it are in the rows of every window that the journaled watermark has passed, but
  /// for what is held, or waits as the journal says. Thread-safe.
  store::Positions Committed() const;
  /// Where the watermark stood; none: nobody knows. Thread-safe.
  std::optional<WatermarkThen> WatermarkAt(ArrivalTime time) const;

 private:
  enum class Phase : uint8_t {
    kOpening,
    kFindStart,
    kSeeding,
    kDraining,
    kEvaluating,
    kEarly,
    kStopped,  // paused ones as well
    kFailed
  };
  struct Metrics;
  struct Inflight;
  struct Handover;
  struct Suspect;
  struct Work;                                         // everything that a stop throws away
  enum class PiecePlace : uint8_t { kInside, kLast };  // in its epoch
  struct Epoch {
    store::Positions target;            // drain to here
    std::optional<EventTime> frontier;  // the watermark once it is committed
    ArrivalTime at;                     // since when
    uint64_t late_points = 0;
    uint64_t frozen = 0;
    bool must_persist = false;
    bool gap = false;  // of the feed, met while draining
  };

  Result<Progress> Advance();
  // runner.cpp: opening and seeding
  Result<void> Open();
  Result<void> OpenSeed();
  void OpenScan(TimeRange time);
  void OpenRescan();
  Result<bool> OpenNextScan();
  bool StartsKnown() const;
  Result<Progress> FindStart();
  Result<Progress> Seed();
  void SeedSlice(const store::Slice& slice);
  void FinishSeed();
  // runner_epoch.cpp: draining, judging, firing
  Result<Progress> Drain();
  void BeginEpoch();
  void Judge(const store::FeedBatch& batch);
  void JudgeGap(const store::FeedBatch& batch);
  void JudgeBehind(SeriesIndex series, const store::FeedPoint& point,
                   const std::optional<store::SourcePartition>& partition);
  LatePartition* NoteOrigin(nanoseconds lateness,
                            const std::optional<store::SourcePartition>& partition);
  std::optional<LateReason> Refusal(WindowId window) const;
  void Refuse(const store::FeedPoint& point, WindowId window, LateReason reason);
  LatenessHistogram::Bucket& BucketOf(nanoseconds lateness);
  SeriesIndex Track(store::SeriesRef ref);
  void CloseEpoch();
  struct Passed {
    Prefix fired;
    Prefix urgent;  // late pairs that wait for no refresh
  };
  Passed TakePassed();
  void TakeLate(const Prefix& urgent);
  void RaiseTarget();
  void CommitEpoch();
  EventTime Horizon() const;
  // The clocks of what the view reads.
  bool FeedsClocks(const store::SourceProgress& p) const {
    return p.table == definition_.root().source;
  }
  void SeeClocks();
  void FoldClocks();
  std::optional<EventTime> CombineClocks();
  EventTime WholeFrom() const;
  /// Windows that start before it need points that are gone, or never came.
  EventTime FirstWhole() const;
  // runner_write.cpp: evaluating and writing
  Result<Progress> Evaluate();
  void WritePiece(Piece piece, size_t windows, PiecePlace place);
  Result<Progress> AfterWrite(Result<store::WriteReply> reply);
  void Account();
  void ForgetKeys(std::span<const Due> done);
  Result<void> NextDue();
  /// Sorts for an evaluation: pairs that share a row lie together.
  void SortDue(std::vector<Due>& due) const;
  bool SameRow(const Due& a, const Due& b) const;
  /// How many of `due` from `next` on, about `count_max`, without cutting a row's pairs.
  size_t PieceOf(const std::vector<Due>& due, size_t next, size_t count_max) const;
  /// False: partial states of the pairs are still being made.
  Result<bool> PrepareGroups(std::span<const Due> due, Evaluator::Marks marks);
  /// False: the sink has not answered yet.
  Result<bool> HandOverRefused();
  // runner_ranges.cpp: views of sessions and samples
  std::optional<EventTime> Watermark() const;  // committed
  Prefix PassedBy(EventTime watermark) const;
  bool TooOld(WindowId window, EventTime first) const;
  size_t OpenCount() const;
  TimeRange AllOf(WindowId cell) const;  // Due::range
  void PushSpan(uint32_t key, OpenSpan span, std::vector<Due>& out) const;
  void SortSpans(std::vector<Due>& due) const;
  size_t RowsOf(const Due& due) const;  // about
  EventTime OpenFrom() const;
  void SeedSpans(const store::Slice& slice, SeriesIndex series);
  void JudgeBehindInCell(SeriesIndex series, const store::FeedPoint& point,
                         const std::optional<store::SourcePartition>& partition);
  void TakeDueSpans();
  bool NextEarlySpans();
  void AskForSpans(PieceRequest& request) const;
  void NoteRefusals(Piece& piece);
  Result<bool> HandOverRefusals();
  void KeepRefusals();
  void TakeBackRefusals(const Piece& piece);
  // runner_early.cpp
  std::optional<MonotonicTime> EarlyAt() const;
  void BeginEarly();
  bool NextEarly();
  Result<Progress> EvaluateEarly();
  // runner_damage.cpp
  void RefreshDamage();
  size_t HoldDamaged(std::vector<Due>& due, size_t from);
  void ReleaseHeld();
  Progress LeaveDamaged(size_t count, const Error& error);
  Result<Progress> SeedAgain(const Error& error);
  void HoldRefused(const Inflight& done);
  void Hold(const Due& due);
  void DropLost(const Due& due);
  Progress BackOffDamaged(const Error& error);
  void KeepHeld(ProgressState& state, const HeldWindows& held) const;
  void TakeHeld(const ProgressState& state);
  ProgressState::Waiting KeepWaiting() const;
  void TakeWaiting(const ProgressState& state);

  void Fail(Error error);
  void ApplyWishes(const Wishes& wishes);
  bool ShowsEarly() const {
    return definition_.early > nanoseconds(0) || definition_.provisional_after > nanoseconds(0);
  }
  /// A next generation counts under a name of its own.
  std::string MetricsName() const {
    return wishes_.next ? definition_.name + "@" + std::to_string(definition_.generation)
                        : definition_.name;
  }
  ViewState StoppedState() const { return wishes_.run ? ViewState::kPaused : ViewState::kStopped; }
  Progress BackOff();
  void PublishStatus();
  WatermarkTracker::Now Now() const;

  const RunnerEnv& env_;
  const ViewDefinition definition_;
  const Windows windows_;
  const std::optional<Windows> upstream_windows_;  // of the view it reads
  const std::optional<RangeKind> ranges_;
  std::unique_ptr<Metrics> metrics_;

  Phase phase_ = Phase::kOpening;
  Wishes wishes_;
  std::string error_;
  std::unique_ptr<Work> work_;
  std::shared_ptr<Inflight> inflight_;
  std::shared_ptr<Handover> handover_;  // refused points on their way to the sink
  std::optional<MonotonicTime> retry_at_;
  milliseconds backoff_{0};
  milliseconds damage_backoff_{0};
  ViewTotals totals_;  // durable ones
  LatenessHistogram lateness_;
  std::map<store::SourcePartition, LatePartition> late_partitions_;  // at most kLatePartitionsMax
  std::optional<MonotonicTime> behind_since_;
  std::optional<ArrivalTime> last_fired_at_;
  std::optional<ArrivalTime> last_revised_at_;
  uint64_t steps_ = 0;
  WatermarkHistory history_;

  void TellTotals() TM_REQUIRES(status_mutex_);
  void TellStored() TM_REQUIRES(status_mutex_);

  mutable Mutex status_mutex_;
  ViewStatus status_ TM_GUARDED_BY(status_mutex_);
  WatermarkHistory shown_history_ TM_GUARDED_BY(status_mutex_);
  std::vector<WindowStatus> open_windows_ TM_GUARDED_BY(status_mutex_);
  store::Positions committed_ TM_GUARDED_BY(status_mutex_);
};

inline constexpr size_t kLatePartitionsMax = 4096;
/// Late points handed to the sink at a time: with more of them the epoch ends early.
inline constexpr size_t kRefusedKeptMax = 8192;
inline constexpr Progress kMore{.more = true, .wake_at = std::nullopt};
inline constexpr EventTime kNoTime{INT64_MIN};  // before every time: nothing has fired

struct ViewRunner::Metrics {
  Metrics(MetricRegistry& registry, const std::string& view);
  Counter& windows_published;
  Counter& revisions;
  Counter& late_points;
  Counter& frozen;
  Counter& overflows;
  Counter& refused;
  Counter& evaluated;
  Counter& early;
  Counter& gaps;
  Gauge& dirty;
  Gauge& damaged;
  Gauge& open_marks;
  Gauge& watermark_ms;
  Gauge& feed_lag_ms;
};

struct ViewRunner::Inflight {
  Mutex mutex;
  std::optional<Result<store::WriteReply>> reply TM_GUARDED_BY(mutex);
  // What the frame holds, for the account when it is durable.
  Published published;
  uint64_t windows = 0;
  uint64_t revisions = 0;
  uint64_t early = 0;
  uint64_t overflows = 0;
  uint64_t refused = 0;
  size_t entries = 0;
  ProgressState::Waiting waiting;  // with the last piece
  bool last = false;
  bool damaged = false;  // rows were refused because what is stored there cannot be read
};

struct ViewRunner::Handover {
  Mutex mutex;
  std::optional<Result<void>> result TM_GUARDED_BY(mutex);
};

struct ViewRunner::Suspect {
  SeriesIndex series = 0;  // of its row
  store::FeedPoint point;
  bool counted = false;  // as late
};

struct ViewRunner::Work {
  Work(store::Store& store, const ViewDefinition& definition, const Windows& windows,
       const MaintainerOptions& options)
      : book(store, definition),
        evaluator(store, definition, book, options.group_state_bytes_max),
        tracker(definition.root().out_of_orderness),
        marks(windows),
        waiting(definition.refresh, definition.recompute_per_second,
                RangesOf(definition) ? RangesOf(definition)->join() : nanoseconds(0)),
        catch_up(store, definition, book),
        damage(windows, definition) {
    batch.with_revisions = false;
    OpenAnew(definition);
  }

  /// Forgets open spans.
  void OpenAnew(const ViewDefinition& definition) {
    const auto ranges = RangesOf(definition);
    if (!ranges) return;
    open.emplace(*ranges,
                 definition.rows_end() ? OpenRanges::Points::kSome : OpenRanges::Points::kAll);
  }

  SeriesBook book;
  Evaluator evaluator;
  WatermarkTracker tracker;
  MarkBook marks;
  std::optional<OpenRanges> open;  // in place of marks, where rows are not windows
  std::unique_ptr<store::FeedReader> reader;
  store::FeedBatch batch;
  std::map<std::pair<store::SourceId, uint32_t>, store::SourceProgress> clocks;  // of this epoch
  std::optional<EventTime> upstream_seen;  // newest watermark of the view that it reads
  std::optional<EventTime> upstream;       // .. once every row before it has been drained

  // Committed: points are judged by these.
  EventTime frontier = kNoTime;    // watermark
  Prefix fired;                    // these windows have fired
  Prefix sealed;                   // kFreeze: these are sealed
  EventTime whole_from = kNoTime;  // windows that start before it were never whole
  bool seeded = false;
  store::Positions replay_from;  // journaled
  uint64_t points_since_progress = 0;

  // Preliminary rows
  bool unseen = true;             // points of open windows may have come since the last pass
  MonotonicTime last_point_at;    // when points were read last
  MonotonicTime last_early_at;    // begin of the last pass
  WindowId early_from;            // of a pass: the windows to come
  OpenRanges::Key early_key = 0;  // .. the keys

  bool in_epoch = false;
  Epoch epoch;
  std::vector<Due> dirty;  // late and corrected points of this epoch
  size_t dirty_merge_at = 1U << 20U;
  LateKeys late_keys;  // of late and refused pairs that are not published yet
  LateQueue waiting;   // of epochs before as well
  /// What waited at the last journaled end of an epoch: points behind it are read again after a
  /// crash, so frames in between journal this.
  ProgressState::Waiting waiting_journaled;
  uint64_t late_points_before = 0;  // of epochs that were not journaled
  std::vector<Due> frozen;
  std::vector<LatePoint> refused;
  // Of this epoch, where only an evaluation finds the row (kFreeze): late points that it may
  // refuse; what it refused; what the piece on its way refuses.
  std::vector<Suspect> suspects;
  std::vector<store::RevisionEntry> refused_entries;
  struct Refusing {
    std::vector<store::RevisionEntry> entries;
    std::vector<LatePoint> points;
    uint64_t frozen = 0;
    uint64_t late = 0;  // of them, not counted as late before
    bool handed = false;
  } refusing;
  CatchUp catch_up;                        // evaluated first
  bool in_gap = false;                     // batches of a gap are still to come
  bool rescan_open = false;                // a gap touched windows that are open after the epoch
  std::vector<Due> due;                    // being evaluated
  std::deque<std::vector<Due>> due_later;  // behind what is caught up, stage by stage
  size_t due_next = 0;
  bool groups_marked = false;   // of the next piece
  size_t piece_max = SIZE_MAX;  // halved while an evaluation meets damage that nobody knows
  PieceRequest::FreshRows fresh_rows = PieceRequest::FreshRows::kNone;

  DamageMap damage;
  HeldWindows held;
  HeldWindows released;       // in this epoch; journaled as held until its end
  bool held_changed = false;  // to be journaled
  MonotonicTime held_look_at;
  milliseconds held_backoff{0};

  // Seeding
  bool scanning = false;
  std::vector<TimeRange> scans;  // to come, the next one last
  std::unique_ptr<store::FeedReader> start_reader;
  std::unique_ptr<store::ScanCursor> cursor;
  store::SliceBuffer buffer;
  Prefix backfill;  // these windows are due at once
};

}  // namespace tidemark::view
