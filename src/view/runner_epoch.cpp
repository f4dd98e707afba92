// SPDX-License-Identifier: Apache-2.0
// Draining the feed, judging points, folding the clocks, and deciding what is due.
#include <algorithm>

#include "view/runner_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kFeedPointsPerRead = 8192;
constexpr size_t kRefusedKeptMax =
    65536;  // late points handed to the sink per epoch; all are counted

size_t BucketOf(nanoseconds lateness) {
  const auto& upper = LatenessHistogram::kUpperMs;
  size_t i = 0;
  while (i < upper.size() && lateness > milliseconds(upper[i])) ++i;
  return i;
}

}  // namespace

EventTime ViewRunner::Horizon() const {
  if (wishes_.source_retention <= nanoseconds(0)) return kNoTime;
  const EventTime now = env_.clock.Now().AsEventTime();
  return now.ns < kEventTimeMin.ns + wishes_.source_retention.count()
             ? kNoTime
             : now - wishes_.source_retention;
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
  w.in_epoch = true;
}

Result<Progress> ViewRunner::Drain() {
  Work& w = *work_;
  if (!w.in_epoch) BeginEpoch();
  size_t points = 0;
  bool dry = false;
  while (!w.reader->positions().Covers(w.epoch.target)) {
    if (!behind_since_) behind_since_ = env_.clock.Monotonic();
    if (points >= env_.options.feed_points_per_step) return kMore;
    TM_ASSIGN_OR_RETURN(const bool more, w.reader->Next(kFeedPointsPerRead, w.batch));
    dry = !more;
    if (dry) break;
    if (w.batch.gap) {
      // What was trimmed may have changed any window: everything is looked at again.
      w.seeded = false;
      w.in_epoch = false;
      w.fresh_rows = PieceRequest::FreshRows::kMayExist;
      w.dirty.clear();
      w.frozen.clear();
      w.refused.clear();
      w.marks = MarkBook(grid_);
      TM_RETURN_IF_ERROR(OpenSeed());
      return kMore;
    }
    Judge(w.batch);
    points += w.batch.points.size() + 1;
  }
  CloseEpoch();
  if (phase_ == Phase::kEvaluating) return kMore;
  if (!dry && !w.reader->positions().Covers(env_.store.End())) return kMore;
  behind_since_.reset();
  return Progress{.more = false, .wake_at = w.tracker.NextIdle(env_.clock.Monotonic())};
}

void ViewRunner::Judge(const store::FeedBatch& batch) {
  Work& w = *work_;
  uint64_t in_order = 0;
  for (const store::FeedPoint& point : batch.points) {
    const SeriesIndex series = Track(point.series);
    if (series == SeriesDirectory::kForeign) continue;
    if (point.time >= w.frontier) [[likely]] {
      w.marks.Mark(series, point.time);
      ++in_order;
    } else {
      JudgeBehind(series, point);
    }
  }
  lateness_.buckets[0].on_time += in_order;
  w.points_since_progress += batch.points.size();
  for (const store::SourceProgress& p : batch.sources) {
    if (p.table != definition_.source) continue;
    w.tracker.NoteStart(p);
    store::SourceProgress merged = p;
    const auto [it, is_new] = w.clocks.try_emplace({p.source, p.partition}, p);
    if (is_new) continue;
    if (!merged.max_event_time ||
        (it->second.max_event_time && *merged.max_event_time < *it->second.max_event_time)) {
      merged.max_event_time = it->second.max_event_time;
    }
    it->second = std::move(merged);
  }
}

void ViewRunner::JudgeBehind(SeriesIndex series, const store::FeedPoint& point) {
  Work& w = *work_;
  auto& bucket = lateness_.buckets[BucketOf(w.frontier - point.time)];
  if (point.time >= w.fired_until) {
    w.marks.Mark(series, point.time);
    ++bucket.on_time;
    return;
  }
  const EventTime window = grid_.StartOf(point.time);
  ++w.epoch.late_points;
  if (const auto reason = Refusal(window)) {
    ++bucket.frozen;
    ++w.epoch.frozen;
    if (*reason == LateReason::kFrozen) {
      w.frozen.push_back({.window = window, .series = series, .late_points = 1});
    }
    Refuse(point, window, *reason);
    return;
  }
  ++bucket.late;
  w.dirty.push_back({.window = window, .series = series, .late_points = 1});
  if (w.dirty.size() >= w.dirty_merge_at) {
    SortAndMerge(w.dirty);
    w.dirty_merge_at = std::max<size_t>(1U << 20U, 2 * w.dirty.size());
  }
}

std::optional<LateReason> ViewRunner::Refusal(EventTime window) const {
  const Work& w = *work_;
  if (window < w.whole_from) return LateReason::kNotWhole;
  if (window < Horizon()) return LateReason::kExpired;
  if (definition_.late == LatePolicy::kFreeze && window < w.sealed_until)
    return LateReason::kFrozen;
  return std::nullopt;
}

void ViewRunner::Refuse(const store::FeedPoint& point, EventTime window, LateReason reason) {
  Work& w = *work_;
  if (env_.sink == nullptr || w.refused.size() >= kRefusedKeptMax) return;
  w.refused.push_back({.view = definition_.id,
                       .series = point.series,
                       .time = point.time,
                       .window = grid_.WindowAt(window),
                       .watermark = w.frontier,
                       .reason = reason});
}

void ViewRunner::CloseEpoch() {
  Work& w = *work_;
  const auto now = Now();
  for (const auto& [key, progress] : w.clocks) w.tracker.Fold(progress, now.monotonic);
  w.clocks.clear();
  w.epoch.frontier = w.tracker.Combine(now);
  w.whole_from = w.tracker.whole_from().value_or(kNoTime);
  w.due.clear();
  w.due_next = 0;
  if (w.epoch.frontier) {
    const EventTime fire_until = grid_.PassedBy(*w.epoch.frontier);
    const EventTime seal_until = grid_.PassedBy(*w.epoch.frontier - definition_.allowed_lateness);
    if (fire_until > w.fired_until) {
      w.marks.TakeBefore(fire_until, w.due);
      const EventTime first = std::max(w.whole_from, Horizon());
      std::erase_if(w.due, [first](const Due& due) { return due.window < first; });
      w.epoch.must_persist = true;
    }
    if (definition_.late == LatePolicy::kFreeze && seal_until > w.sealed_until) {
      w.epoch.must_persist = true;
    }
  }
  w.due.insert(w.due.end(), w.dirty.begin(), w.dirty.end());
  w.dirty.clear();
  SortAndMerge(w.due);
  SortAndMerge(w.frozen);
  w.epoch.must_persist = w.epoch.must_persist || w.epoch.late_points > 0 ||
                         w.points_since_progress >= env_.options.points_per_progress;
  if (w.due.empty() && !w.epoch.must_persist) {
    CommitEpoch();
  } else {
    phase_ = Phase::kEvaluating;
  }
}

void ViewRunner::CommitEpoch() {
  Work& w = *work_;
  if (w.epoch.frontier) {
    w.frontier = *w.epoch.frontier;
    w.fired_until = grid_.PassedBy(w.frontier);
    w.sealed_until = grid_.PassedBy(w.frontier - definition_.allowed_lateness);
  }
  w.in_epoch = false;
  w.due.clear();
  w.due_next = 0;
  w.frozen.clear();
  if (!w.refused.empty()) env_.sink->OnLatePoints(w.refused);
  w.refused.clear();
  phase_ = Phase::kDraining;
}

}  // namespace tidemark::view
