// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/dirty_internal.h"
#include "base/logging.h"

namespace tidemark::console {
namespace {

constexpr size_t kPointsPerRead = 65'536;
constexpr size_t kSeriesCachedMax = 1'000'000;
constexpr uint32_t kNoSlot = UINT32_MAX;
// Pipelines store points up to this far ahead without a complaint (event-time.md 2.4).
constexpr minutes kAhead{5};

}  // namespace

void Dirty::Merge(const Dirty& other) {
  if (kinds == 0) {
    *this = other;
    return;
  }
  first = std::min(first, other.first);
  last = std::max(last, other.last);
  kinds |= other.kinds;
  if (measures.empty() || other.measures.empty()) {
    measures.clear();
  } else {
    measures.insert(other.measures.begin(), other.measures.end());
  }
}

Result<void> DirtyTracker::Start(const store::Positions& from) {
  if (reader_ != nullptr) return {};
  TM_ASSIGN_OR_RETURN(reader_, store_.OpenFeed(from));
  return {};
}

void DirtyTracker::Stop() {
  reader_.reset();
  slot_of_.clear();
  slot_ids_.clear();
  slots_.clear();
  whole_.clear();
  batch_ = {};
}

uint32_t DirtyTracker::SlotOf(store::SeriesRef series) {
  const auto found = slot_of_.find(series);
  if (found != slot_of_.end()) return found->second;
  if (slot_of_.size() >= kSeriesCachedMax) slot_of_.clear();
  uint32_t slot = kNoSlot;
  if (const auto info = store_.Describe(series)) {
    const uint8_t kind = info->owner.none() ? Dirty::kRaw : Dirty::kView;
    const auto [at, added] = slot_ids_.try_emplace(std::tuple(info->table, info->measure, kind),
                                                   static_cast<uint32_t>(slots_.size()));
    if (added) slots_.push_back({.table = info->table, .measure = info->measure, .kind = kind});
    slot = at->second;
  }
  slot_of_.emplace(series, slot);
  return slot;
}

void DirtyTracker::Touch(uint32_t slot, EventTime time) {
  if (slot == kNoSlot) return;
  Slot& s = slots_[slot];
  if (!s.touched) {
    s.touched = true;
    s.first = time;
    s.last = time;
    return;
  }
  s.first = std::min(s.first, time);
  s.last = std::max(s.last, time);
}

void DirtyTracker::Collect(const store::FeedBatch& batch) {
  for (const store::FeedPoint& point : batch.points) Touch(SlotOf(point.series), point.time);
  for (const store::RevisionEntry& entry : batch.revisions) {
    const uint32_t slot = SlotOf(entry.series);
    if (slot == kNoSlot) continue;
    Touch(slot, entry.time);
    slots_[slot].kind |= Dirty::kRevision;
  }
}

void DirtyTracker::Drain(size_t points_max, const std::vector<TableId>& tables) {
  if (reader_ == nullptr) return;
  size_t points = 0;
  for (bool whole = true; whole;) {
    const auto more = reader_->Next(kPointsPerRead, batch_);
    if (more.ok() && !*more) return;
    whole = more.ok() && !batch_.gap;
    if (more.ok()) Collect(batch_);
    points += batch_.points.size();
    whole = whole && points < points_max;
  }
  // The end first: what comes after it is read, what came before it is named by MarkAll().
  auto reopened = store_.OpenFeed(store_.End());
  if (!reopened.ok()) {
    Log(LogLevel::kWarning, "console", "live updates cannot read the feed",
        {{"error", reopened.error().message}});
    reader_.reset();
  } else {
    reader_ = std::move(reopened).value();
  }
  MarkAll(tables);
}

void DirtyTracker::MarkAll(const std::vector<TableId>& tables) {
  Dirty all;
  all.first = kEventTimeMin;
  all.last = clock_.Now().AsEventTime() + kAhead;
  all.kinds = Dirty::kRaw | Dirty::kView | Dirty::kRevision;
  for (const TableId table : tables) whole_[table] = all;
}

std::map<TableId, Dirty> DirtyTracker::Take() {
  std::map<TableId, Dirty> out = std::move(whole_);
  whole_.clear();
  for (Slot& slot : slots_) {
    if (!slot.touched) continue;
    slot.touched = false;
    Dirty dirty{
        .measures = {slot.measure}, .first = slot.first, .last = slot.last, .kinds = slot.kind};
    slot.kind &= Dirty::kRaw | Dirty::kView;
    out[slot.table].Merge(dirty);
  }
  return out;
}

}  // namespace tidemark::console
