// SPDX-License-Identifier: Apache-2.0
// Draining the feed, judging points, folding the clocks, and deciding what is due.
#include <algorithm>

#include "base/logging.h"
#include "view/runner_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kFeedPointsPerRead = 8192;

std::optional<store::SourcePartition> OriginOf(const store::FeedPoint& point,
                                               const store::FeedBatch& batch) {
  if (point.origin == 0) return std::nullopt;
  return batch.origins[point.origin - 1];
}

}  // namespace

LatenessHistogram::Bucket& ViewRunner::BucketOf(nanoseconds lateness) {
  const auto& upper = LatenessHistogram::kUpperMs;
  size_t i = 0;
  while (i < upper.size() && lateness > milliseconds(upper[i])) ++i;
  return lateness_.buckets[i];
}

EventTime ViewRunner::Horizon() const {
  if (wishes_.source_retention <= nanoseconds(0)) return kNoTime;
  const EventTime now = env_.clock.Now().AsEventTime();
  return now.ns < kEventTimeMin.ns + wishes_.source_retention.count()
             ? kNoTime
             : now - wishes_.source_retention;
}

EventTime ViewRunner::FirstWhole() const {
  return std::max(work_->whole_from, Horizon()) + definition_.reach();
}

void ViewRunner::FoldClocks() {
  Work& w = *work_;
  const MonotonicTime now = env_.clock.Monotonic();
  for (const auto& [key, progress] : w.clocks) w.tracker.Fold(progress, now);
  w.clocks.clear();
  w.upstream = std::max(w.upstream, w.upstream_seen);
}

std::optional<EventTime> ViewRunner::CombineClocks() {
  Work& w = *work_;
  if (!upstream_windows_) return w.tracker.Combine(Now());
  std::optional<EventTime> frontier;
  if (w.upstream) frontier = FrontierOver(definition_, *upstream_windows_, *w.upstream);
  return w.tracker.Follow(frontier, Now());
}

// What the views before it never evaluated is missing here as well.
EventTime ViewRunner::WholeFrom() const {
  const auto from = work_->tracker.whole_from();
  return from ? *from + definition_.reach_before() : kNoTime;
}

SeriesIndex ViewRunner::Track(store::SeriesRef ref) {
  Work& w = *work_;
  const SeriesIndex index = w.book.Find(ref);
  while (w.marks.series() < w.book.size()) w.marks.AddSeries();
  return index;
}

void ViewRunner::BeginEpoch() {
  Work& w = *work_;
  w.epoch = {};
  w.epoch.target = env_.store.End();
  w.epoch.late_points = std::exchange(w.late_points_before, 0);
  w.in_epoch = true;
  RefreshDamage();
}

Result<Progress> ViewRunner::Drain() {
  Work& w = *work_;
  if (w.rescan_open) {
    OpenRescan();
    return kMore;
  }
  if (!w.in_epoch) BeginEpoch();
  size_t points = 0;
  bool dry = false;
  while (w.in_gap || !w.reader->positions().Covers(w.epoch.target)) {
    if (!behind_since_) behind_since_ = env_.clock.Monotonic();
    if (points >= env_.options.feed_points_per_step) return kMore;
    TM_ASSIGN_OR_RETURN(const bool more, w.reader->Next(kFeedPointsPerRead, w.batch));
    dry = !more;
    if (dry) break;
    if (w.batch.gap) JudgeGap(w.batch);
    Judge(w.batch);
    points += w.batch.points.size() + w.batch.changed.size() + 1;
    if (w.refused.size() + w.suspects.size() >= kRefusedKeptMax && !w.in_gap) {
      w.epoch.target = w.reader->positions();
      break;
    }
  }
  CloseEpoch();
  if (phase_ == Phase::kEvaluating || w.rescan_open) return kMore;
  if (!dry && !w.reader->positions().Covers(env_.store.End())) return kMore;
  behind_since_.reset();
  std::optional<MonotonicTime> wake_at = w.tracker.NextIdle(env_.clock.Monotonic());
  if (!w.held.empty()) wake_at = std::min(wake_at.value_or(w.held_look_at), w.held_look_at);
  if (const auto next = w.waiting.next_at()) wake_at = std::min(wake_at.value_or(*next), *next);
  if (const auto early = EarlyAt()) {
    if (*early <= env_.clock.Monotonic()) {
      BeginEarly();
      return kMore;
    }
    wake_at = std::min(wake_at.value_or(*early), *early);
  }
  return Progress{.more = false, .wake_at = wake_at};
}

// Which points came is not known any more, only where: windows that had fired are evaluated again,
// those that fire with this epoch are found in the same ranges.
void ViewRunner::JudgeGap(const store::FeedBatch& batch) {
  Work& w = *work_;
  if (!w.epoch.gap) {
    metrics_->gaps.Add(1);
    Log(LogLevel::kWarning, "view", "the feed was trimmed before the view had read it",
        {{"view", definition_.name}, {"from", w.replay_from.ToString()}});
  }
  w.epoch.gap = true;
  w.in_gap = !batch.gap_ends;
  w.epoch.must_persist = true;
  w.evaluator.ForgetLevels();
  for (const store::ChangedRange& changed : batch.changed) {
    const SeriesIndex series = Track(changed.series);
    if (series == SeriesDirectory::kForeign) continue;
    w.catch_up.Add(series, {changed.time.start, changed.time.end + definition_.reach()});
  }
}

void ViewRunner::Judge(const store::FeedBatch& batch) {
  Work& w = *work_;
  uint64_t in_order = 0;
  uint64_t ours = 0;
  for (const store::FeedPoint& point : batch.points) {
    const SeriesIndex series = Track(point.series);
    if (series == SeriesDirectory::kForeign) continue;
    ++ours;
    if (point.time >= w.frontier) [[likely]] {
      if (w.open) {
        w.open->Add(w.book.group(series), point.time, Watermark());
      } else {
        w.marks.Mark(series, point.time);
      }
      ++in_order;
    } else if (w.open) {
      JudgeBehindInCell(series, point, OriginOf(point, batch));
    } else {
      JudgeBehind(series, point, OriginOf(point, batch));
    }
  }
  lateness_.buckets[0].on_time += in_order;
  if (ours > 0) {
    w.unseen = true;
    w.last_point_at = env_.clock.Monotonic();
  }
  w.points_since_progress += batch.points.size();
  for (const store::ViewProgress& p : batch.views) {
    if (definition_.upstream && store::Owner{p.view, p.generation} == definition_.reads()) {
      w.upstream_seen = std::max(w.upstream_seen, p.watermark);
    }
  }
  const MonotonicTime now = env_.clock.Monotonic();
  for (const store::SourceProgress& p : batch.sources) {
    if (!FeedsClocks(p)) continue;
    w.tracker.NoteStart(p);
    store::SourceProgress merged = p;
    const auto [it, is_new] = w.clocks.try_emplace({p.source, p.partition}, p);
    // A partition that joins or wakes may hold the watermark back: how far it had come cannot be
    // told from the clocks any more, so it is journaled (event-time.md P3).
    const bool joins = is_new ? w.tracker.Joins(p, now) : it->second.idle && !p.idle;
    if (joins) w.epoch.must_persist = true;
    if (is_new) continue;
    if (!merged.max_event_time ||
        (it->second.max_event_time && *merged.max_event_time < *it->second.max_event_time)) {
      merged.max_event_time = it->second.max_event_time;
    }
    it->second = std::move(merged);
  }
}

/// Null: where it came from is not known, or too many are.
LatePartition* ViewRunner::NoteOrigin(nanoseconds lateness,
                                      const std::optional<store::SourcePartition>& partition) {
  if (!partition) return nullptr;
  const auto found = late_partitions_.find(*partition);
  if (found == late_partitions_.end() && late_partitions_.size() >= kLatePartitionsMax) {
    return nullptr;
  }
  LatePartition& origin =
      found == late_partitions_.end() ? late_partitions_[*partition] : found->second;
  origin.from = *partition;
  origin.lateness_max = std::max(origin.lateness_max, lateness);
  return &origin;
}

void ViewRunner::JudgeBehind(SeriesIndex series, const store::FeedPoint& point,
                             const std::optional<store::SourcePartition>& partition) {
  Work& w = *work_;
  w.evaluator.Forget(series, point.time);
  const nanoseconds lateness = w.frontier - point.time;
  auto& bucket = BucketOf(lateness);
  bool late = false;
  bool refused = false;
  bool open = false;
  // Windows that hold it, and those that begin so soon behind it that they look back at it.
  const TimeRange changed{point.time, point.time + definition_.reach() + nanoseconds(1)};
  windows_.ForEachOver(changed, [&](WindowId window) {
    const bool holds = window.start <= point.time;
    if (!w.fired.Has(window)) {
      open = open || holds;
      return;
    }
    const Due due{.window = window,
                  .series = series,
                  .late_points = 1,
                  .correction = point.replaced,
                  .lateness = lateness,
                  .partition = partition};
    if (const auto reason = Refusal(window)) {
      if (!holds) return;  // it is not missing there
      refused = true;
      if (*reason == LateReason::kFrozen) {
        w.frozen.push_back(due);
        w.late_keys.Add(window, series, {point.series, point.time});
      }
      Refuse(point, window, *reason);
    } else {
      late = true;
      w.dirty.push_back(due);
      w.late_keys.Add(window, series, {point.series, point.time});
    }
  });
  if (open) w.marks.Mark(series, point.time);
  if (!late && !refused) {
    ++bucket.on_time;
    return;
  }
  // A point that some of its windows take and others refuse counts as refused (event-time.md 4).
  LatePartition* origin = NoteOrigin(lateness, partition);
  ++w.epoch.late_points;
  ++(refused ? bucket.frozen : bucket.late);
  if (origin != nullptr) ++(refused ? origin->frozen : origin->late);
  if (refused) ++w.epoch.frozen;
  if (w.dirty.size() >= w.dirty_merge_at) {
    SortAndMerge(w.dirty);
    w.dirty_merge_at = std::max<size_t>(1U << 20U, 2 * w.dirty.size());
  }
}

std::optional<LateReason> ViewRunner::Refusal(WindowId window) const {
  const Work& w = *work_;
  const EventTime needed = window.start - definition_.reach();
  if (needed < w.whole_from) return LateReason::kNotWhole;
  if (needed < Horizon()) return LateReason::kExpired;
  if (w.damage.IsLost(window)) return LateReason::kDamaged;
  if (definition_.late == LatePolicy::kFreeze && w.sealed.Has(window)) return LateReason::kFrozen;
  return std::nullopt;
}

void ViewRunner::Refuse(const store::FeedPoint& point, WindowId window, LateReason reason) {
  Work& w = *work_;
  if (env_.sink == nullptr) return;
  w.refused.push_back({.view = definition_.id,
                       .series = point.series,
                       .time = point.time,
                       .window = windows_.WindowAt(window),
                       .watermark = w.frontier,
                       .reason = reason});
}

// What the new watermark fires.
ViewRunner::Passed ViewRunner::TakePassed() {
  Work& w = *work_;
  Passed out{.fired = w.fired, .urgent = {}};
  if (w.open) {
    TakeDueSpans();
    // What is sealed by then would refuse what waits.
    if (definition_.late == LatePolicy::kFreeze) out.urgent.Set(0, EventTime{INT64_MAX});
    if (w.epoch.frontier) {
      out.fired = PassedBy(*w.epoch.frontier);
      // A view that reads this one waits for cells to be passed.
      const bool passes =
          !Watermark() || ranges_->CellOf(*w.epoch.frontier) != ranges_->CellOf(w.frontier);
      w.epoch.must_persist = w.epoch.must_persist || passes;
    }
    w.epoch.must_persist = w.epoch.must_persist || !w.due.empty();
  } else if (w.epoch.frontier) {
    // The watermark never falls, so neither do these.
    const Prefix to_fire = windows_.PassedBy(*w.epoch.frontier);
    const Prefix to_seal = windows_.PassedBy(*w.epoch.frontier - definition_.allowed_lateness);
    if (to_fire != w.fired) {
      w.marks.TakeFired(w.fired, to_fire, w.due);
      const EventTime first = FirstWhole();
      std::erase_if(w.due, [first](const Due& due) { return due.window.start < first; });
      out.fired = to_fire;
      w.epoch.must_persist = true;
    }
    if (definition_.late == LatePolicy::kFreeze && to_seal != w.sealed) {
      w.epoch.must_persist = true;
      out.urgent = to_seal;  // else points that are refused would come in with those that wait
    }
  }
  return out;
}

void ViewRunner::CloseEpoch() {
  Work& w = *work_;
  FoldClocks();
  w.epoch.frontier = CombineClocks();
  w.epoch.at = env_.clock.Now();
  w.whole_from = WholeFrom();
  w.due.clear();
  w.due_later.clear();
  w.due_next = 0;
  RaiseTarget();
  const Passed passed = TakePassed();
  TakeLate(passed.urgent);
  ReleaseHeld();
  if (w.open) {
    SortSpans(w.due);
  } else {
    SortAndMerge(w.due);
  }
  SortAndMerge(w.frozen);
  if (w.book.grouped() && !w.open) SortDue(w.due);
  // A sealed window that waited for damaged files is evaluated now, with its refused points,
  // whichever series of its row they are of.
  const auto row_of = [&w](const Due& due) {
    return std::pair(due.window, w.book.group(due.series));
  };
  if (!w.open) {
    std::erase_if(w.frozen, [&w, &row_of](const Due& frozen) {
      const auto same = std::ranges::equal_range(w.due, row_of(frozen), {}, row_of);
      return std::ranges::any_of(same, [](const Due& due) { return !due.coarse; });
    });
  }
  HoldDamaged(w.due, 0);
  if (!w.catch_up.empty()) {
    EventTime from = FirstWhole();
    if (w.open) from = ranges_->CellOf(std::max(from, kEventTimeMin)).start;
    w.rescan_open = w.catch_up.Bound(from, passed.fired) || w.open;
    w.catch_up.Exclude(w.damage, w.held);
    if (!w.due.empty()) {  // what was caught up comes first: it answers for more
      w.due_later.push_front(std::exchange(w.due, {}));
    }
    w.fresh_rows = PieceRequest::FreshRows::kMayExist;  // a window may be in both
  }
  const bool late_waits = !w.waiting.empty() && w.epoch.frozen == 0 && w.frozen.empty();
  w.epoch.must_persist = w.epoch.must_persist || w.held_changed ||
                         (w.epoch.late_points > 0 && !late_waits) ||
                         w.points_since_progress >= env_.options.points_per_progress;
  if (w.due.empty() && w.due_later.empty() && w.catch_up.empty() && !w.epoch.must_persist) {
    w.late_points_before = w.epoch.late_points;
    CommitEpoch();
  } else {
    phase_ = Phase::kEvaluating;
  }
}

// Late pairs whose turn it is. Those of sealed windows are a stage of their own, the last one.
void ViewRunner::TakeLate(const Prefix& urgent) {
  Work& w = *work_;
  w.waiting.Add(w.dirty);
  for (const TimeRange& range : w.waiting.Spill(windows_)) w.catch_up.AddAll(range);
  LateQueue::Ready ready =
      w.waiting.Take({.now = env_.clock.Monotonic(), .sealed = w.sealed, .urgent = urgent},
                     [&w](SeriesIndex series) { return w.book.group(series); });
  // While it waited its points may have passed out of retention.
  const EventTime first = FirstWhole();
  const auto gone = [this, &w, first](const Due& due) {
    if (!TooOld(due.window, first) && !w.damage.IsLost(due.window)) return false;
    DropLost(due);
    return true;
  };
  std::erase_if(ready.late, gone);
  std::erase_if(ready.sealed, gone);
  std::ranges::move(ready.late, std::back_inserter(w.due));
  if (ready.sealed.empty()) return;
  SortDue(ready.sealed);
  HoldDamaged(ready.sealed, 0);
  if (!ready.sealed.empty()) w.due_later.push_back(std::move(ready.sealed));
}

// What was read beyond the target (a batch is whole frames, a gap ends where it ends) is done too.
void ViewRunner::RaiseTarget() {
  Work& w = *work_;
  const store::Positions& read = w.reader->positions();
  for (uint32_t p = 0; p < read.partitions(); ++p) {
    if (read.offset(p) > w.epoch.target.offset(p)) w.epoch.target.Set({p, read.offset(p)});
  }
}

void ViewRunner::CommitEpoch() {
  Work& w = *work_;
  if (w.epoch.frontier) {
    w.frontier = *w.epoch.frontier;
    history_.Note(w.epoch.at, w.frontier);
    w.fired = PassedBy(w.frontier);
    w.sealed = PassedBy(w.frontier - definition_.allowed_lateness);
  }
  w.in_epoch = false;
  if (w.waiting.empty()) {
    if (w.held.empty()) w.late_keys.Clear();
    const MutexLock lock(status_mutex_);
    committed_ = w.epoch.target;
  }
  w.due.clear();
  w.due_next = 0;
  w.frozen.clear();
  w.refused_entries.clear();
  w.suspects.clear();
  phase_ = Phase::kDraining;
}

}  // namespace tidemark::view
