// SPDX-License-Identifier: Apache-2.0
// What is different in a view of sessions or samples (docs/decisions/0009): which rows a point may
// touch is found by looking, so points and changes are kept as spans of time in cells.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "view/runner_internal.h"

namespace tidemark::view {
namespace {

constexpr nanoseconds kTick{1};

}  // namespace

std::optional<EventTime> ViewRunner::Watermark() const {
  return work_->frontier == kNoTime ? std::nullopt : std::optional(work_->frontier);
}

Prefix ViewRunner::PassedBy(EventTime watermark) const {
  if (!ranges_) return windows_.PassedBy(watermark);
  Prefix out;  // cells that may have rows
  out.Set(0, watermark);
  return out;
}

bool ViewRunner::TooOld(WindowId window, EventTime first) const {
  return ranges_ ? windows_.WindowAt(window).end <= first : window.start < first;
}

TimeRange ViewRunner::AllOf(WindowId cell) const {
  return ranges_ ? windows_.WindowAt(cell) : TimeRange{EventTime{}, EventTime{}};
}

size_t ViewRunner::OpenCount() const {
  return work_->open ? work_->open->size() : work_->marks.size();
}

void ViewRunner::PushSpan(uint32_t key, OpenSpan span, std::vector<Due>& out) const {
  const EventTime end = std::max(span.first, span.last) + kTick;
  for (EventTime at = span.first; at < end;) {
    const TimeRange cell = ranges_->CellOf(at);
    out.push_back({.window = {cell.start},
                   .series = work_->book.first(key),
                   .fresh = true,
                   .range = {at, std::min(end, cell.end)}});
    at = cell.end;
  }
}

void ViewRunner::SortSpans(std::vector<Due>& due) const {
  for (Due& one : due) {
    one.series = work_->book.first(work_->book.group(one.series));
    if (one.range.empty()) one.range = windows_.WindowAt(one.window);
  }
  SortAndMerge(due, ranges_->join());
}

size_t ViewRunner::RowsOf(const Due& due) const {
  const nanoseconds unit = ranges_->sessions() ? ranges_->gap() : ranges_->every();
  return 1 + static_cast<size_t>((due.range.end - due.range.start) / unit);
}

// Found again: points that rows follow from which the watermark has not passed.
EventTime ViewRunner::OpenFrom() const {
  const auto watermark = Watermark();
  return watermark ? std::max(*watermark - ranges_->open_reach(), kEventTimeMin) : kEventTimeMin;
}

void ViewRunner::SeedSpans(const store::Slice& slice, SeriesIndex series) {
  Work& w = *work_;
  const auto watermark = w.seeded ? Watermark() : w.epoch.frontier;
  const uint32_t key = w.book.group(series);
  const EventTime open_from =
      watermark ? std::max(*watermark - ranges_->open_reach(), kEventTimeMin) : kEventTimeMin;
  for (auto it = std::ranges::lower_bound(slice.times, open_from); it != slice.times.end(); ++it) {
    w.open->Add(key, *it, watermark);
  }
  if (w.seeded || !watermark) return;
  const EventTime first = FirstWhole();
  for (auto it = slice.times.begin(); it != slice.times.end() && *it < *watermark;) {
    const TimeRange cell = ranges_->CellOf(*it);
    const auto end = std::lower_bound(it, slice.times.end(), cell.end);
    const OpenSpan span{*it, *std::prev(end)};
    it = end;
    const WindowId window{cell.start};
    if (TooOld(window, first) || w.damage.IsLost(window)) continue;
    if (w.damage.IsWaiting(window)) {
      w.held.AddRange(cell);
    } else {
      PushSpan(key, span, w.due);
    }
  }
}

void ViewRunner::JudgeBehindInCell(SeriesIndex series, const store::FeedPoint& point,
                                   const std::optional<store::SourcePartition>& partition) {
  Work& w = *work_;
  const nanoseconds lateness = w.frontier - point.time;
  auto& bucket = BucketOf(lateness);
  const WindowId cell{ranges_->CellOf(point.time).start};
  std::optional<LateReason> reason;
  if (point.time < w.whole_from) {
    reason = LateReason::kNotWhole;
  } else if (point.time < Horizon()) {
    reason = LateReason::kExpired;
  } else if (w.damage.IsLost(cell)) {
    reason = LateReason::kDamaged;
  }
  if (reason) {
    ++w.epoch.late_points;
    ++w.epoch.frozen;
    ++bucket.frozen;
    if (LatePartition* origin = NoteOrigin(lateness, partition)) ++origin->frozen;
    Refuse(point, cell, *reason);
    return;
  }
  const uint32_t key = w.book.group(series);
  w.open->Add(key, point.time, w.frontier);
  const bool late = ranges_->LateFrom(point.time) <= w.frontier;
  const bool freezes = definition_.late == LatePolicy::kFreeze;
  if (late) {
    ++w.epoch.late_points;
    ++bucket.late;
    if (LatePartition* origin = NoteOrigin(lateness, partition)) ++origin->late;
  } else {
    ++bucket.on_time;
    // What it joins is still open. But a sealed row may be in its way; and if it went, what it
    // joined may be over.
    if (!freezes && !definition_.rows_end()) return;
  }
  w.dirty.push_back({.window = cell,
                     .series = w.book.first(key),
                     .late_points = late || freezes ? 1U : 0U,
                     .lateness = lateness,
                     .partition = partition,
                     .range = {point.time, point.time + kTick}});
  if (late || freezes) {
    w.late_keys.Add({point.time}, w.book.first(key), {point.series, point.time});
  }
  if (freezes) {
    w.suspects.push_back({w.book.first(key), point, late});
  }
  if (w.dirty.size() >= w.dirty_merge_at) {
    SortAndMerge(w.dirty, ranges_->join());
    w.dirty_merge_at = std::max<size_t>(1U << 20U, 2 * w.dirty.size());
  }
}

void ViewRunner::TakeDueSpans() {
  Work& w = *work_;
  if (!w.epoch.frontier) return;
  std::vector<OpenRanges::Range> due;
  w.open->TakeDue(*w.epoch.frontier, due);
  for (const OpenRanges::Range& range : due) PushSpan(range.key, range.span, w.due);
  const EventTime first = FirstWhole();
  std::erase_if(w.due, [&](const Due& one) { return TooOld(one.window, first); });
}

// A session that a gap of the feed would not let begin begins after all: it had waited for damaged
// files.
void ViewRunner::TakeBackRefusals(const Piece& piece) {
  std::vector<store::RevisionEntry>& entries = work_->refused_entries;
  if (entries.empty() || piece.points.empty()) return;
  std::set<std::pair<store::SeriesRef, EventTime>> written;
  for (const store::PointView& point : piece.points) written.emplace(point.series, point.time);
  std::erase_if(entries, [&written](const store::RevisionEntry& entry) {
    return entry.coarse && written.contains({entry.series, entry.time});
  });
}

bool ViewRunner::NextEarlySpans() {
  Work& w = *work_;
  while (w.early_key < w.open->keys()) {
    std::vector<OpenRanges::Range> open;
    w.early_key = w.open->Copy(w.early_key, env_.options.windows_per_piece, open);
    for (const OpenRanges::Range& range : open) PushSpan(range.key, range.span, w.due);
    SortSpans(w.due);
    std::erase_if(w.due, [&w](const Due& due) {
      return w.damage.IsLost(due.window) || w.damage.IsWaiting(due.window);
    });
    if (!w.due.empty()) return true;
  }
  return false;
}

void ViewRunner::AskForSpans(PieceRequest& request) const {
  const Work& w = *work_;
  const bool early = request.kind == PieceRequest::Kind::kEarly;
  request.watermark = early ? w.frontier : w.epoch.frontier.value_or(kNoTime);
  request.watermark_before = w.frontier;
  request.first_whole = FirstWhole();
  if (w.frontier != kNoTime) request.sealed_until = w.frontier - definition_.allowed_lateness;
}

// What an evaluation refuses counts once its frame is durable; the sink has it before, at least
// once.
void ViewRunner::NoteRefusals(Piece& piece) {
  Work& w = *work_;
  const bool handed = w.refusing.handed;  // the piece is evaluated again
  w.refusing = {};
  w.refusing.handed = handed;
  w.refusing.entries = std::move(piece.refusal_entries);
  for (const Piece::Refusal& refusal : piece.refusals) {
    w.refusing.frozen += refusal.due.late_points;
    for (const Suspect& one : w.suspects) {
      if (one.series != refusal.due.series || !refusal.due.range.Contains(one.point.time)) continue;
      if (!one.counted) ++w.refusing.late;
      if (env_.sink == nullptr) continue;
      w.refusing.points.push_back({.view = definition_.id,
                                   .series = one.point.series,
                                   .time = one.point.time,
                                   .window = refusal.window,
                                   .watermark = w.frontier,
                                   .reason = LateReason::kFrozen});
    }
  }
}

Result<bool> ViewRunner::HandOverRefusals() {
  Work& w = *work_;
  if (w.refusing.points.empty()) return true;
  if (!w.refusing.handed) {
    std::ranges::copy(w.refusing.points, std::back_inserter(w.refused));
    w.refusing.handed = true;
  }
  return HandOverRefused();
}

void ViewRunner::KeepRefusals() {
  Work& w = *work_;
  w.epoch.frozen += w.refusing.frozen;
  w.epoch.late_points += w.refusing.late;
  std::ranges::move(w.refusing.entries, std::back_inserter(w.refused_entries));
  w.refusing = {};
}

}  // namespace tidemark::view
