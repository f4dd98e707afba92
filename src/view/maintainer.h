// SPDX-License-Identifier: Apache-2.0
// Keeps every view of the process equal to its raw data (design section 7). Reads the store's feed,
// fires windows that the watermark has passed, evaluates again what late or corrected points
// changed, and writes rows, revisions and progress in one frame. Thread-safe: Step() by one
// executor task; everything else from any thread.
//
// Invariants (view_model_test.cpp):
//  1. Once the watermark has passed a window and dirty_count is 0, its row equals the same
//  aggregate over
//     the raw points, bit for bit (policy kRecompute).
//  2. Rows, revisions and progress of a step are one frame: after a restart nothing is lost, and
//  nothing
//     is published twice. An evaluation that gives the same bits writes nothing.
//  3. The watermark never falls.
//  4. One write per view is in flight; an evaluation reads a snapshot at or beyond what it drained.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/completion.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"
#include "view/verification.h"

namespace tidemark::view {

// ------------------------------------------------------------------------------------------- late
// points

enum class LateReason : uint8_t {
  kFrozen,    // its window is sealed and the view's policy is kFreeze
  kNotWhole,  // the source began after the window did (a pipeline started at `latest`)
  kExpired,   // raw points of the window have passed out of retention
  kDamaged,   // the window touches a known gap: damaged files that an operator gave up
};

/// "frozen", "not_whole", "expired", "damaged".
std::string_view LateReasonName(LateReason reason);

/// A raw point that can no longer change its window's row. It stays in the source table.
struct LatePoint {
  ViewId view;
  store::SeriesRef series;  // of the raw point
  EventTime time;
  TimeRange window;
  EventTime watermark;  // when it was judged
  LateReason reason = LateReason::kFrozen;
};

class LatePointSink {
 public:
  virtual ~LatePointSink() = default;
  /// Of one epoch of `view`. The frame that counts them is written once `done` has run: they are
  /// received at least once. After an error they are offered again. Called from Step(): must not
  /// wait for the disk.
  virtual void OnLatePoints(const ViewDefinition& view, std::span<const LatePoint> points,
                            Completion<void> done) = 0;
};

// ------------------------------------------------------------------------------------------------
// status

enum class ViewState : uint8_t { kStarting, kRunning, kPaused, kStopped, kFailed };
/// "starting", "running", "paused", "stopped", "failed": as the console says it.
std::string_view ViewStateName(ViewState state);

struct PartitionStatus {
  store::SourceId source;
  uint32_t partition = 0;
  std::optional<EventTime> max_event_time;
  std::optional<EventTime> watermark;  // max_event_time - out_of_orderness
  bool idle = false;
  bool holds_back = false;  // the view's watermark waits for this one
};

/// Points by how far they lay behind the watermark when they came, since the view was started.
struct LatenessHistogram {
  static constexpr std::array<int64_t, 8> kUpperMs{0,      1'000,   5'000,   15'000,
                                                   60'000, 300'000, 900'000, 3'600'000};
  struct Bucket {
    uint64_t on_time = 0;  // their window was still open
    uint64_t late = 0;     // their window was published already and is evaluated again
    uint64_t frozen = 0;   // never enter their window: LateReason
  };
  std::array<Bucket, kUpperMs.size() + 1> buckets{};  // the last one: above
};

/// Late points by where they came from, since the view was started.
struct LatePartition {
  store::SourcePartition from;
  uint64_t late = 0;
  uint64_t frozen = 0;
  nanoseconds lateness_max{0};
};

struct ViewStatus {
  ViewDefinition definition;
  ViewState state = ViewState::kStarting;
  std::string error;  // kFailed
  /// "Complete up to here", exclusive: every window with end <= watermark has been or is being
  /// published.
  std::optional<EventTime> watermark;
  std::vector<PartitionStatus> partitions;
  // Totals of the view's life; they survive restarts.
  uint64_t windows_published = 0;  // first revisions of (series, window)
  uint64_t revisions_total = 0;    // later ones
  uint64_t late_points_total =
      0;  // late or corrected points into published windows, frozen ones included
  uint64_t frozen_total = 0;     // points that can no longer change their row
  uint64_t overflows_total = 0;  // evaluations without a value: a BIGINT sum beyond its range
  /// (series, window) waiting for an evaluation; what was found coarse counts as one a range.
  uint64_t dirty_count = 0;
  uint64_t damaged_count = 0;  // of them: wait until damaged files can be read or are given up
  uint64_t open_marks = 0;     // (series, window) with points, not yet due
  bool caught_up = false;      // nothing of the feed is waiting
  milliseconds feed_lag{0};    // since when it has not been caught up
  bool backfilling = false;
  bool next = false;                           // built beside the view of its name
  std::optional<ArrivalTime> last_fired_at;    // last publication of a first revision
  std::optional<ArrivalTime> last_revised_at;  // last publication of a later one
  LatenessHistogram lateness;
  std::vector<LatePartition> late_partitions;  // most late points first
};

struct WindowStatus {
  TimeRange window;
  /// kOpen: the watermark has not passed it. kFinal: published, may still change as a matter of
  /// course. kClosed: past allowed lateness (recompute: a later point still corrects it).
  enum class State : uint8_t { kOpen, kFinal, kClosed } state = State::kOpen;
  uint64_t rows = 0;       // series with a row; kOpen: with points so far
  uint64_t revisions = 0;  // of those rows, first ones included
};

/// Where a view's watermark stood at some time.
struct WatermarkThen {
  EventTime watermark;
  bool exact = true;  // to a second; false: it had come at least so far
};

/// How the last verification of all of a view ended.
struct Verified {
  ArrivalTime at;
  uint64_t windows = 0;
  uint64_t differences = 0;
};

/// What one durable write of a view changed.
struct Published {
  ViewId view;
  std::string view_name;
  TableId target;
  std::vector<std::string> measures;  // of the rows, sorted
  TimeRange rows;                     // half-open hull of the rows' times
  bool revisions = false;             // among them revisions 2.. or refused late points
};

// --------------------------------------------------------------------------------------------
// maintainer

struct MaintainerOptions {
  size_t windows_per_piece = 4096;      // (series, window) pairs of one request and one write
  size_t feed_points_per_step = 65536;  // drained before other views get their turn
  /// Partial states of a view whose rows stand for many series; and of them, made again in a step.
  size_t group_state_bytes_max = 64UL << 20U;
  size_t group_leaves_per_step = 1024;
  /// Feed points after which progress is written even if no window fired, so that a restart reads
  /// little.
  uint64_t points_per_progress = 1'000'000;
};

class Maintainer final : public Steppable {
 public:
  /// All references must outlive the maintainer. `sink` may be null.
  Maintainer(store::Store& store, const Clock& clock, MetricRegistry& metrics, LatePointSink* sink,
             MaintainerOptions options = {});
  /// Detach() must have been called if Attach() was.
  ~Maintainer() override;

  /// Runs Step() as a task of `executor`, woken by the store's feed.
  void Attach(Executor& executor);
  void Detach();

  /// Checks and begins a new view: reserves its names in the target table, then back-fills every
  /// window that the watermark has passed already (revision 1). kInvalidArgument: see
  /// CheckDefinition(). kAlreadyExists: the name or id is taken, or a template can make names that
  /// another view of the table reserves. kFailedPrecondition: ownerless series of such names exist
  /// (unless definition.adopt), or the view that it reads does not; the message names them. On
  /// error nothing changed.
  Result<void> Create(ViewDefinition definition);
  /// What Create() would refuse by now; changes nothing. The definition has an id that no view has.
  /// A generation that is being built beside the view of its name is no obstacle: who makes another
  /// gives it up first.
  Result<void> Check(const ViewDefinition& definition) const;
  ///
  /// With `definition.replaces` it is the next generation of that view, built beside it: the rows
  /// of the other go on being those that are seen. Its first entry in the log for a row that the
  /// other has says `definition`, with the other's value as the old one. kAlreadyExists: one is
  /// being built; kNotFound: no such view. A view the catalog already had, at start of the process;
  /// goes on from its journaled progress.
  Result<void> Restore(ViewDefinition definition);

  /// kNotFound: no such view. Both return at once; repeating them is fine. A stopped view keeps its
  /// reservation; what comes meanwhile is picked up by Start(). Start() also retries a failed view.
  Result<void> Start(ViewId view);
  Result<void> Stop(ViewId view);
  /// An operator's hold, apart from Start() and Stop(): a paused view neither reads the feed nor
  /// evaluates; its rows, progress and reservation stay. Resume() goes on from the progress, coarse
  /// if the feed was trimmed meanwhile. Who calls keeps it over restarts: ViewDefinition::paused.
  /// kNotFound: no such view. Both return at once; repeating them is fine.
  Result<void> Pause(ViewId view);
  Result<void> Resume(ViewId view);
  bool paused(ViewId view) const;  // the wish; ViewStatus::state says what is
  /// kFailedPrecondition through `done`: another view reads it, which the message names; nothing
  /// changed. Removes the reservation at once (its rows vanish from scans), then, from Step(), the
  /// rows. kNotFound through `done` as well.
  /// kKeep: first its published rows become points of nobody's series, at their versions; what was
  /// preliminary ends. A process that ends meanwhile has the view still: drop it again.
  enum class DropRows : uint8_t { kEnd, kKeep };
  void Drop(ViewId view, Completion<void> done, DropRows rows = DropRows::kEnd);

  /// Next generations that have caught up with the feed: their turn has come.
  std::vector<ViewId> Built() const;
  /// The next generation is the view of its name from now on; the rows of the one before are gone
  /// from scans at once, then, from Step(), from the store. It runs as it did while it was built.
  /// Views that read the one before have to be built anew. kNotFound: no such generation (through
  /// `done` as well).
  void Replace(ViewId next, Completion<void> done);

  /// The retention of a table changed.
  void SetSourceRetention(TableId table, nanoseconds retention);
  /// Only these pipelines' clocks count from now on (direct writes always do). Until the first call
  /// all count; call it again whenever a pipeline is made or deleted.
  void SetPipelines(std::vector<PipelineId> pipelines);

  std::vector<ViewStatus> Statuses() const;  // by name, without next generations
  std::vector<ViewStatus> NextStatuses() const;
  Result<ViewStatus> Status(std::string_view name) const;
  /// The newest `limit` (at most 1000) windows that have rows or points, newest first; those that
  /// begin before `before`, if that is given. Reads rows from the store: not from a network thread.
  Result<std::vector<WindowStatus>> Windows(std::string_view name, size_t limit,
                                            std::optional<EventTime> before = std::nullopt) const;

  /// kNotFound: no such view. None: it had no watermark then, or nobody knows it any more.
  Result<std::optional<WatermarkThen>> WatermarkAt(std::string_view name, ArrivalTime time) const;

  /// Checks the view's rows against its raw points, by the caller's steps. The maintainer's store
  /// and clock must outlive it. kNotFound: no such view.
  Result<std::unique_ptr<Verification>> Verify(std::string_view name, VerifyOptions options) const;
  /// Keeps how a verification of all windows ended, until the next; a view that is gone: nothing.
  void NoteVerified(const VerifyReport& report);
  /// None: it has not been verified since the start of the process.
  std::optional<Verified> LastVerified(std::string_view name) const;

  /// `published` is called from Step() after each durable write: hand off only. Until
  /// Unsubscribe().
  uint64_t Subscribe(std::function<void(const Published&)> published);
  void Unsubscribe(uint64_t subscription);

  Result<Progress> Step() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::view
