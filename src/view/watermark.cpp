// SPDX-License-Identifier: Apache-2.0
#include "view/watermark.h"

#include <algorithm>

namespace tidemark::view {

using store::SourceId;

void WatermarkTracker::Fold(const store::SourceProgress& progress, MonotonicTime now) {
  const Key key{progress.source, progress.partition};
  Partition& p = partitions_[key];
  if (progress.max_event_time &&
      (!p.max_event_time || *p.max_event_time < *progress.max_event_time)) {
    p.max_event_time = progress.max_event_time;
  }
  p.floor = std::max(p.floor, progress.floor);
  p.idle = progress.idle;
  p.complete = progress.complete_from_start;
  p.seen = now;
}

bool WatermarkTracker::Joins(const store::SourceProgress& progress, MonotonicTime now) const {
  const auto found = partitions_.find({progress.source, progress.partition});
  if (found == partitions_.end()) return true;
  return !progress.idle && IsIdle(found->first, found->second, now);
}

void WatermarkTracker::NoteStart(const store::SourceProgress& progress) {
  // Records before the start were at most the bound newer than the first one behind it, if the
  // bound holds.
  if (!progress.complete_from_start && progress.max_event_time) {
    whole_from_.try_emplace({progress.source, progress.partition},
                            *progress.max_event_time + bound_ + nanoseconds(1));
  }
  if (!progress.whole_from) return;
  EventTime& from =
      whole_from_.try_emplace({progress.source, progress.partition}, *progress.whole_from)
          .first->second;
  from = std::max(from, *progress.whole_from);
}

std::optional<EventTime> WatermarkTracker::FrontierOf(const Partition& p) const {
  if (!p.max_event_time) return p.floor;
  return std::max(p.floor, std::optional(*p.max_event_time - bound_));
}

void WatermarkTracker::SetPipelines(std::optional<std::vector<PipelineId>> pipelines) {
  pipelines_ = std::move(pipelines);
}

bool WatermarkTracker::Counts(const Key& key) const {
  if (key.first.kind == SourceId::Kind::kDirect || !pipelines_) return true;
  return std::find(pipelines_->begin(), pipelines_->end(), PipelineId{key.first.id}) !=
         pipelines_->end();
}

bool WatermarkTracker::IsIdle(const Key& key, const Partition& p, MonotonicTime now) const {
  if (p.idle) return true;
  return key.first.kind == SourceId::Kind::kDirect && now - p.seen >= kDirectIdleAfter;
}

void WatermarkTracker::NoteIdleStart(const Key& key, const Partition& p, Now now) {
  // Idle before its first record: what it skipped can be as new as now.
  if (!p.complete && !p.max_event_time) whole_from_.try_emplace(key, now.wall);
}

std::optional<EventTime> WatermarkTracker::Follow(std::optional<EventTime> upstream, Now now) {
  for (const auto& [key, p] : partitions_) {
    if (Counts(key) && IsIdle(key, p, now.monotonic)) NoteIdleStart(key, p, now);
  }
  watermark_ = std::max(watermark_, upstream);
  return watermark_;
}

std::optional<EventTime> WatermarkTracker::Combine(Now now) {
  std::optional<EventTime> slowest;
  std::optional<EventTime> fastest;
  bool any_active = false;
  for (const auto& [key, p] : partitions_) {
    if (!Counts(key)) continue;
    const std::optional<EventTime> frontier = FrontierOf(p);
    fastest = std::max(fastest, frontier);
    if (IsIdle(key, p, now.monotonic)) {
      NoteIdleStart(key, p, now);
      continue;
    }
    if (!frontier) return watermark_;  // B4, B5: never seen, not idle: holds it
    slowest = std::min(any_active ? *slowest : *frontier, *frontier);
    any_active = true;
  }
  const std::optional<EventTime> decisive = any_active ? slowest : fastest;
  if (decisive && (!watermark_ || *watermark_ < *decisive)) watermark_ = decisive;
  return watermark_;
}

std::optional<MonotonicTime> WatermarkTracker::NextIdle(MonotonicTime now) const {
  std::optional<MonotonicTime> next;
  for (const auto& [key, p] : partitions_) {
    if (key.first.kind != SourceId::Kind::kDirect || IsIdle(key, p, now)) continue;
    const MonotonicTime at = p.seen + kDirectIdleAfter;
    next = std::min(next.value_or(at), at);
  }
  return next;
}

std::optional<EventTime> WatermarkTracker::whole_from() const {
  std::optional<EventTime> out;
  for (const auto& [key, from] : whole_from_) {
    if (Counts(key)) out = std::max(out.value_or(from), from);
  }
  return out;
}

std::vector<PartitionStatus> WatermarkTracker::Statuses(MonotonicTime now) const {
  std::vector<PartitionStatus> out;
  out.reserve(partitions_.size());
  std::optional<EventTime> slowest;
  bool silent = false;
  for (const auto& [key, p] : partitions_) {
    PartitionStatus status{.source = key.first,
                           .partition = key.second,
                           .max_event_time = p.max_event_time,
                           .watermark = std::nullopt,
                           .idle = IsIdle(key, p, now) || !Counts(key)};
    status.watermark = FrontierOf(p);
    if (!status.idle) {
      silent = silent || !status.watermark;
      if (status.watermark)
        slowest = std::min(slowest.value_or(*status.watermark), *status.watermark);
    }
    out.push_back(std::move(status));
  }
  for (PartitionStatus& status : out) {
    if (status.idle) continue;
    status.holds_back = silent ? !status.watermark : status.watermark == slowest;
  }
  return out;
}

void WatermarkTracker::AppendTo(ByteWriter& out) const {
  out.PutVarint(whole_from_.size());
  for (const auto& [key, from] : whole_from_) {
    out.PutU8(static_cast<uint8_t>(key.first.kind));
    out.PutVarint(key.first.id);
    out.PutVarint(key.second);
    out.PutI64(from.ns);
  }
}

void WatermarkTracker::Read(ByteReader& in) {
  whole_from_.clear();
  for (uint64_t n = in.GetVarint(); n > 0 && in.ok(); --n) {
    Key key;
    key.first.kind = static_cast<SourceId::Kind>(in.GetU8());
    key.first.id = static_cast<uint32_t>(in.GetVarint());
    key.second = static_cast<uint32_t>(in.GetVarint());
    whole_from_[key] = EventTime{in.GetI64()};
  }
}

}  // namespace tidemark::view
