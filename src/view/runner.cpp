// SPDX-License-Identifier: Apache-2.0
// Control, opening and seeding. A new view scans all of its source and publishes what the watermark
// has passed; a view that goes on scans only windows still open, to find its marks again.
#include <algorithm>
#include <functional>
#include <string>

#include "base/logging.h"
#include "view/runner_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kSlicesPerStep = 512;
constexpr size_t kOpenWindowsShown = 64;
constexpr uint64_t kStepsPerStatus = 16;

}  // namespace

std::string_view ViewStateName(ViewState state) {
  switch (state) {
    case ViewState::kStarting:
      return "starting";
    case ViewState::kRunning:
      return "running";
    case ViewState::kPaused:
      return "paused";
    case ViewState::kStopped:
      return "stopped";
    case ViewState::kFailed:
      return "failed";
  }
  TM_UNREACHABLE();
}

std::string_view LateReasonName(LateReason reason) {
  switch (reason) {
    case LateReason::kFrozen:
      return "frozen";
    case LateReason::kNotWhole:
      return "not_whole";
    case LateReason::kExpired:
      return "expired";
    case LateReason::kDamaged:
      return "damaged";
  }
  TM_UNREACHABLE();
}

ViewRunner::Metrics::Metrics(MetricRegistry& r, const std::string& view)
    : windows_published(r.GetCounter("tidemark_view_windows_published_total",
                                     "First revisions of (series, window) published",
                                     {{"view", view}})),
      revisions(r.GetCounter("tidemark_view_revisions_total", "Later revisions published",
                             {{"view", view}})),
      late_points(r.GetCounter("tidemark_view_late_points_total",
                               "Late or corrected points into published windows",
                               {{"view", view}})),
      frozen(r.GetCounter("tidemark_view_frozen_points_total",
                          "Points that can no longer change their row", {{"view", view}})),
      overflows(r.GetCounter("tidemark_view_overflows_total",
                             "Evaluations without a value: sum beyond its type", {{"view", view}})),
      refused(r.GetCounter("tidemark_view_rows_refused_total",
                           "Rows that the store does not accept", {{"view", view}})),
      evaluated(r.GetCounter("tidemark_view_evaluated_windows_total",
                             "Evaluations of (series, window)", {{"view", view}})),
      early(r.GetCounter("tidemark_view_early_rows_total",
                         "Preliminary rows written for windows that are still open",
                         {{"view", view}})),
      gaps(r.GetCounter("tidemark_view_feed_gaps_total",
                        "Times the feed was trimmed before the view had read it",
                        {{"view", view}})),
      dirty(r.GetGauge("tidemark_view_dirty_windows", "(series, window) waiting for evaluation",
                       {{"view", view}})),
      damaged(r.GetGauge("tidemark_view_damaged_windows",
                         "(series, window) or ranges of windows that wait for damaged files",
                         {{"view", view}})),
      open_marks(r.GetGauge("tidemark_view_open_windows",
                            "(series, window) with points, not yet due", {{"view", view}})),
      watermark_ms(r.GetGauge("tidemark_view_watermark_ms",
                              "Event time the view is complete up to, ms since 1970",
                              {{"view", view}})),
      feed_lag_ms(r.GetGauge("tidemark_view_feed_lag_ms", "Time since the view was last caught up",
                             {{"view", view}})) {}

ViewRunner::ViewRunner(const RunnerEnv& env, ViewDefinition definition)
    : env_(env),
      definition_(std::move(definition)),
      windows_(WindowsOf(definition_)),
      upstream_windows_(definition_.upstream ? std::optional(WindowsOf(*definition_.upstream.view))
                                             : std::nullopt),
      ranges_(RangesOf(definition_)) {
  wishes_.next = !definition_.replaces.none();
  metrics_ = std::make_unique<Metrics>(env_.metrics, MetricsName());
  wishes_.run = definition_.running;
  wishes_.paused = definition_.paused;
  wishes_.source_retention = definition_.source_retention;
  if (!wishes_.active()) phase_ = Phase::kStopped;
  MutexLock lock(status_mutex_);
  status_.definition = definition_;
  status_.next = wishes_.next;
  if (!wishes_.active()) {
    status_.state = StoppedState();
    TellStored();
  }
}

void ViewRunner::TellTotals() {
  status_.windows_published = totals_.windows_published;
  status_.revisions_total = totals_.revisions;
  status_.late_points_total = totals_.late_points;
  status_.frozen_total = totals_.frozen;
  status_.overflows_total = totals_.overflows;
}

/// What a view that does not run had come to. What cannot be read is told once it starts.
void ViewRunner::TellStored() {
  const auto progress = env_.store.ProgressOf(definition_.id);
  if (!progress || progress->generation != definition_.generation) return;
  Work stored(env_.store, definition_, windows_, env_.options);
  const auto state = DecodeProgressState(progress->state, stored.tracker);
  if (!state.ok()) return;
  totals_ = state->totals;
  status_.watermark = progress->watermark;
  TellTotals();
}

ViewRunner::~ViewRunner() = default;

WatermarkTracker::Now ViewRunner::Now() const {
  return {env_.clock.Monotonic(), env_.clock.Now().AsEventTime()};
}

Progress ViewRunner::Step(const Wishes& wishes) {
  Progress progress;
  if (inflight_ != nullptr) {
    std::optional<Result<store::WriteReply>> reply;
    {
      MutexLock lock(inflight_->mutex);
      reply.swap(inflight_->reply);
    }
    if (!reply) return progress;  // its completion wakes the task
    if (auto r = AfterWrite(*std::move(reply)); r.ok()) {
      progress = *r;
    } else {
      Fail(std::move(r).error());
    }
  }
  ApplyWishes(wishes);
  if (retry_at_ && env_.clock.Monotonic() < *retry_at_) {
    progress = {.more = false, .wake_at = retry_at_};
  } else if (phase_ != Phase::kStopped && phase_ != Phase::kFailed) {
    retry_at_.reset();
    auto r = Advance();
    if (r.ok()) {
      progress = *r;
    } else if (r.error().code == Code::kResourceExhausted) {
      progress = BackOff();
    } else {
      Fail(std::move(r).error());
      progress = {};
    }
  } else {
    progress = {};
  }
  if (!progress.more || ++steps_ % kStepsPerStatus == 0) PublishStatus();
  return progress;
}

Result<Progress> ViewRunner::Advance() {
  switch (phase_) {
    case Phase::kOpening:
      TM_RETURN_IF_ERROR(Open());
      return kMore;
    case Phase::kFindStart:
      return FindStart();
    case Phase::kSeeding:
      return Seed();
    case Phase::kDraining:
      return Drain();
    case Phase::kEvaluating:
      return Evaluate();
    case Phase::kEarly:
      return EvaluateEarly();
    case Phase::kStopped:
    case Phase::kFailed:
      return Progress{};
  }
  TM_UNREACHABLE();
}

void ViewRunner::ApplyWishes(const Wishes& wishes) {
  const bool started = wishes.starts != wishes_.starts;
  const bool pipelines_changed = wishes.pipelines != wishes_.pipelines;
  const bool takes_over = wishes_.next && !wishes.next;
  wishes_ = wishes;
  if (takes_over) {
    metrics_ = std::make_unique<Metrics>(env_.metrics, MetricsName());
    if (work_ != nullptr) {
      work_->evaluator.ForgetReplaced();
      env_.publish({.view = definition_.id,
                    .view_name = definition_.name,
                    .target = definition_.target,
                    .measures = work_->book.TargetNames(),
                    .rows = {},
                    .revisions = true});
    }
  }
  if (work_ != nullptr && pipelines_changed && wishes_.pipelines != nullptr) {
    work_->tracker.SetPipelines(*wishes_.pipelines);
  }
  if (!wishes_.active()) {
    // What is not journaled is found again by Start(): nothing to save here.
    work_.reset();
    handover_.reset();
    retry_at_.reset();
    behind_since_.reset();
    if (phase_ != Phase::kStopped) phase_ = Phase::kStopped;
  } else if (phase_ == Phase::kStopped || (phase_ == Phase::kFailed && started)) {
    error_.clear();
    retry_at_.reset();
    phase_ = Phase::kOpening;
  }
}

void ViewRunner::Fail(Error error) {
  Log(LogLevel::kError, "view", "view failed",
      {{"view", definition_.name}, {"error", error.message}});
  error_ = std::move(error.message);
  phase_ = Phase::kFailed;
  work_.reset();
  handover_.reset();
  behind_since_.reset();
}

Progress ViewRunner::BackOff() {
  // The store is full for the moment: 10 ms, doubling to 1 s.
  backoff_ = backoff_.count() == 0 ? milliseconds(10) : std::min(milliseconds(1000), 2 * backoff_);
  retry_at_ = env_.clock.Monotonic() + backoff_;
  return {.more = false, .wake_at = retry_at_};
}

Result<void> ViewRunner::Open() {
  work_ = std::make_unique<Work>(env_.store, definition_, windows_, env_.options);
  Work& w = *work_;
  if (wishes_.next) TM_RETURN_IF_ERROR(w.evaluator.KnowReplaced());
  totals_ = {};
  w.last_point_at = w.last_early_at = env_.clock.Monotonic();
  if (wishes_.pipelines != nullptr) w.tracker.SetPipelines(*wishes_.pipelines);
  const auto progress = env_.store.ProgressOf(definition_.id);
  if (progress && progress->generation == definition_.generation) {
    TM_ASSIGN_OR_RETURN(const ProgressState state, DecodeProgressState(progress->state, w.tracker));
    totals_ = state.totals;
    history_ = state.history;
    w.seeded = state.seeded;
    w.fresh_rows = PieceRequest::FreshRows::kMayExist;
    w.tracker.Restore(state.sweep_to ? state.sweep_to : progress->watermark);
    TakeHeld(state);
    TakeWaiting(state);
    if (state.seeded) {
      w.frontier = progress->watermark.value_or(kNoTime);
      w.replay_from = state.replay_from;
    }
  } else if (definition_.adopt) {
    w.fresh_rows = PieceRequest::FreshRows::kMayExist;
  }
  // Where a source that began at `latest` became whole stands at its first clock in the feed.
  if (!w.seeded && !StartsKnown()) {
    TM_ASSIGN_OR_RETURN(w.start_reader, env_.store.OpenFeed({}));
    phase_ = Phase::kFindStart;
    return {};
  }
  return OpenSeed();
}

bool ViewRunner::StartsKnown() const {
  const auto sources = env_.store.ProgressInto(definition_.root().source);
  return std::all_of(sources.begin(), sources.end(), [this](const store::SourceProgress& p) {
    return p.complete_from_start || !p.max_event_time ||
           work_->tracker.KnowsStart(p.source, p.partition);
  });
}

Result<Progress> ViewRunner::FindStart() {
  Work& w = *work_;
  size_t points = 0;
  while (points < env_.options.feed_points_per_step) {
    TM_ASSIGN_OR_RETURN(const bool more,
                        w.start_reader->Next(env_.options.feed_points_per_step, w.batch));
    if (!more) {
      // Trimmed, or no clock yet. The present clock is a safe answer: later than the first one.
      for (const auto& p : env_.store.ProgressInto(definition_.root().source)) {
        w.tracker.NoteStart(p);
      }
      w.start_reader.reset();
      TM_RETURN_IF_ERROR(OpenSeed());
      break;
    }
    for (const store::SourceProgress& p : w.batch.sources) {
      if (FeedsClocks(p)) w.tracker.NoteStart(p);
    }
    if (StartsKnown()) {
      w.start_reader.reset();
      TM_RETURN_IF_ERROR(OpenSeed());
      break;
    }
    points += w.batch.points.size() + 1;
  }
  return kMore;
}

// As they are by now.
void ViewRunner::SeeClocks() {
  Work& w = *work_;
  for (auto& p : env_.store.ProgressInto(definition_.root().source)) {
    w.clocks.insert_or_assign({p.source, p.partition}, std::move(p));
  }
  if (!definition_.upstream) return;
  const auto progress = env_.store.ProgressOf(definition_.upstream.view->id);
  if (progress && progress->generation == definition_.upstream.view->generation) {
    w.upstream_seen = std::max(w.upstream_seen, progress->watermark);
  }
}

Result<void> ViewRunner::OpenSeed() {
  Work& w = *work_;
  RefreshDamage();
  if (w.book.grouped()) {
    // The first evaluation of a group needs all of its members.
    TM_ASSIGN_OR_RETURN(const auto all, env_.store.Series(SourceSelection(definition_, {})));
    for (const auto& series : all) Track(series->ref);
  }
  SeeClocks();
  FoldClocks();
  w.whole_from = WholeFrom();
  w.epoch = {};
  if (w.seeded) {
    if (w.frontier != kNoTime) {
      w.fired = PassedBy(w.frontier);
      w.sealed = PassedBy(w.frontier - definition_.allowed_lateness);
    }
    TM_ASSIGN_OR_RETURN(w.reader, env_.store.OpenFeed(w.replay_from));
    OpenRescan();
    return {};
  }
  w.epoch.frontier = CombineClocks();
  w.backfill = w.epoch.frontier ? PassedBy(*w.epoch.frontier) : Prefix();
  w.reader.reset();
  w.marks = MarkBook(windows_);
  w.OpenAnew(definition_);
  OpenScan({});
  return {};
}

// Finds the marks of windows that have not fired.
void ViewRunner::OpenRescan() {
  Work& w = *work_;
  w.rescan_open = false;
  w.marks = MarkBook(windows_);
  if (w.open) {
    w.OpenAnew(definition_);
    OpenScan({OpenFrom(), kEventTimeMax});
    return;
  }
  EventTime from = kEventTimeMax;
  for (uint8_t level = 0; level < windows_.levels(); ++level) {
    from = std::min(from, w.fired.until(level));
  }
  OpenScan({std::max(from, kEventTimeMin), kEventTimeMax});
}

void ViewRunner::OpenScan(TimeRange time) {
  Work& w = *work_;
  w.cursor.reset();
  w.scans = w.damage.unreadable().Outside(time);
  std::reverse(w.scans.begin(), w.scans.end());
  for (const TimeRange& waiting : w.damage.waiting().Inside(time)) {
    w.held.AddRange(waiting);
    w.held_changed = true;
  }
  w.due.clear();
  w.due_next = 0;
  w.scanning = true;
  phase_ = Phase::kSeeding;
}

Result<bool> ViewRunner::OpenNextScan() {
  Work& w = *work_;
  store::ScanRequest scan;
  scan.at_least = w.seeded ? w.replay_from : w.epoch.target;
  if (!w.scans.empty()) {
    scan.selection = SourceSelection(definition_, w.scans.back());
    TM_ASSIGN_OR_RETURN(w.cursor, env_.store.Scan(scan));
    w.scans.pop_back();
  }
  if (w.reader == nullptr) {
    w.epoch.target = w.cursor != nullptr ? w.cursor->snapshot() : env_.store.End();
    TM_ASSIGN_OR_RETURN(w.reader, env_.store.OpenFeed(w.epoch.target));
    // Clocks that moved between the first look and the snapshot would not be in the feed any more.
    SeeClocks();
  }
  return w.cursor != nullptr;
}

Result<Progress> ViewRunner::Seed() {
  Work& w = *work_;
  store::Slice slice;
  for (size_t i = 0; i < kSlicesPerStep && w.due.size() < env_.options.windows_per_piece; ++i) {
    Result<bool> more = w.cursor == nullptr ? OpenNextScan() : w.cursor->Next(w.buffer, slice);
    if (!more.ok()) {
      if (more.error().code == Code::kCorruption) return SeedAgain(more.error());
      return std::move(more).error();
    }
    if (!slice.times.empty()) SeedSlice(slice);
    slice = {};
    if (*more) continue;
    w.cursor.reset();
    if (!w.scans.empty()) continue;
    FinishSeed();
    return kMore;
  }
  damage_backoff_ = milliseconds(0);
  if (w.due.size() >= env_.options.windows_per_piece) {
    SortDue(w.due);
    phase_ = Phase::kEvaluating;
  }
  return kMore;
}

void ViewRunner::SeedSlice(const store::Slice& slice) {
  Work& w = *work_;
  const SeriesIndex series = Track(slice.series->ref);
  if (series == SeriesDirectory::kForeign) return;
  if (w.open) return SeedSpans(slice, series);
  const EventTime first = FirstWhole();
  const Prefix& backfill = w.seeded ? w.fired : w.backfill;
  for (auto it = slice.times.begin(); it != slice.times.end();) {
    bool open = false;
    windows_.ForEachOf(*it, [&](WindowId window) { open = open || !backfill.Has(window); });
    if (open) w.marks.Mark(series, *it);
    it = std::lower_bound(it, slice.times.end(), windows_.SlotOf(*it).end);
  }
  if (w.seeded) return;
  ForEachWindow(windows_, slice.times, [&](WindowId window) {
    if (!backfill.Has(window) || window.start < first || w.damage.IsLost(window)) return;
    if (w.damage.IsWaiting(window)) {
      w.held.AddRange(windows_.WindowAt(window));
    } else {
      w.due.push_back({.window = window, .series = series, .fresh = true});
    }
  });
}

void ViewRunner::FinishSeed() {
  Work& w = *work_;
  w.scanning = false;
  damage_backoff_ = milliseconds(0);
  if (w.seeded) {
    phase_ = Phase::kDraining;
    return;
  }
  SortDue(w.due);
  w.epoch.must_persist = true;
  w.in_epoch = true;
  phase_ = Phase::kEvaluating;
}

void ViewRunner::PublishStatus() {
  const auto now = Now();
  MutexLock lock(status_mutex_);
  switch (phase_) {
    case Phase::kOpening:
    case Phase::kFindStart:
      status_.state = ViewState::kStarting;
      break;
    case Phase::kSeeding:
    case Phase::kDraining:
    case Phase::kEvaluating:
    case Phase::kEarly:
      status_.state = ViewState::kRunning;
      break;
    case Phase::kStopped:
      status_.state = StoppedState();
      break;
    case Phase::kFailed:
      status_.state = ViewState::kFailed;
      break;
  }
  status_.error = error_;
  status_.next = wishes_.next;
  TellTotals();
  status_.last_fired_at = last_fired_at_;
  status_.last_revised_at = last_revised_at_;
  status_.lateness = lateness_;
  status_.late_partitions.clear();
  for (const auto& [from, one] : late_partitions_) status_.late_partitions.push_back(one);
  std::ranges::sort(status_.late_partitions, [](const LatePartition& a, const LatePartition& b) {
    const uint64_t points_a = a.late + a.frozen;
    const uint64_t points_b = b.late + b.frozen;
    return points_a != points_b ? points_a > points_b : a.from < b.from;
  });
  status_.caught_up = phase_ == Phase::kDraining && !behind_since_;
  status_.feed_lag = behind_since_
                         ? std::chrono::duration_cast<milliseconds>(now.monotonic - *behind_since_)
                         : milliseconds(0);
  shown_history_ = history_;
  open_windows_.clear();
  status_.backfilling = false;
  if (work_ != nullptr) {
    const Work& w = *work_;
    status_.backfilling = !w.seeded;
    status_.watermark = w.frontier == kNoTime ? std::nullopt : std::optional(w.frontier);
    status_.partitions = w.tracker.Statuses(now.monotonic);
    status_.damaged_count = w.held.size();
    status_.dirty_count = w.dirty.size() + w.waiting.size() + w.due.size() - w.due_next +
                          w.catch_up.size() + w.held.size();
    for (const std::vector<Due>& stage : w.due_later) status_.dirty_count += stage.size();
    status_.open_marks = OpenCount();
    if (w.open) {
      const nanoseconds width = ranges_->sessions() ? ranges_->gap() : ranges_->every();
      for (const auto& [end, count] : w.open->Due(kOpenWindowsShown)) {
        open_windows_.push_back({.window = {end - width, end}, .rows = count});
      }
      std::ranges::reverse(open_windows_);
    }
    for (const auto& [window, count] : w.marks.OpenWindows(kOpenWindowsShown, w.fired)) {
      open_windows_.push_back({.window = windows_.WindowAt(window), .rows = count});
    }
    metrics_->dirty.Set(static_cast<int64_t>(status_.dirty_count));
    metrics_->damaged.Set(static_cast<int64_t>(status_.damaged_count));
    metrics_->open_marks.Set(static_cast<int64_t>(OpenCount()));
    if (status_.watermark) metrics_->watermark_ms.Set(status_.watermark->ns / 1'000'000);
  }
  metrics_->feed_lag_ms.Set(status_.feed_lag.count());
}

ViewStatus ViewRunner::Status() const {
  MutexLock lock(status_mutex_);
  return status_;
}

std::optional<WatermarkThen> ViewRunner::WatermarkAt(ArrivalTime time) const {
  const MutexLock lock(status_mutex_);
  const auto then = shown_history_.At(time);
  if (!then) return std::nullopt;
  return WatermarkThen{then->watermark, then->exact};
}

store::Positions ViewRunner::Committed() const {
  const MutexLock lock(status_mutex_);
  return committed_;
}

std::vector<WindowStatus> ViewRunner::OpenWindows() const {
  MutexLock lock(status_mutex_);
  return open_windows_;
}

}  // namespace tidemark::view
