// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "view/damage_internal.h"

namespace tidemark::view {
namespace {

std::vector<TimeRange> Normalised(std::vector<TimeRange> ranges) {
  std::erase_if(ranges, [](const TimeRange& r) { return r.empty(); });
  std::sort(ranges.begin(), ranges.end(),
            [](const TimeRange& a, const TimeRange& b) { return a.start < b.start; });
  size_t kept = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (kept > 0 && ranges[i].start <= ranges[kept - 1].end) {
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, ranges[i].end);
    } else {
      ranges[kept++] = ranges[i];
    }
  }
  ranges.resize(kept);
  return ranges;
}

}  // namespace

RangeSet::RangeSet(std::vector<TimeRange> ranges) : ranges_(Normalised(std::move(ranges))) {}

bool RangeSet::Contains(EventTime t) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), t,
                       [](EventTime at, const TimeRange& r) { return at < r.start; });
  return after != ranges_.begin() && std::prev(after)->Contains(t);
}

bool RangeSet::Touches(TimeRange range) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), range.start,
                                      [](EventTime at, const TimeRange& r) { return at < r.end; });
  return after != ranges_.end() && after->start < range.end && !range.empty();
}

std::vector<TimeRange> RangeSet::Inside(TimeRange range) const {
  std::vector<TimeRange> out;
  for (const TimeRange& r : ranges_) {
    const TimeRange both{std::max(r.start, range.start), std::min(r.end, range.end)};
    if (!both.empty()) out.push_back(both);
  }
  return out;
}

std::vector<TimeRange> RangeSet::Outside(TimeRange range) const {
  std::vector<TimeRange> out;
  EventTime at = range.start;
  for (const TimeRange& r : ranges_) {
    if (r.end <= at || range.end <= r.start) continue;
    if (at < r.start) out.push_back({at, r.start});
    at = r.end;
  }
  if (at < range.end) out.push_back({at, range.end});
  return out;
}

DamageMap::DamageMap(store::Store& store, Windows windows, const ViewDefinition& definition)
    : DamageMap(std::move(windows), definition) {
  const auto read = [&store](TableId table, bool accepted) {
    std::vector<TimeRange> out;
    for (const store::DamagedRange& d : store.Damaged(table)) {
      if (d.accepted == accepted) out.push_back(d.time);
    }
    return RangeSet(std::move(out));
  };
  // A row that cannot be read has an unknown revision: nothing can follow it.
  waiting_ = {read(definition.source, false), read(definition.target, false)};
  std::vector<TimeRange> touching;
  for (const TimeRange& time : waiting_.source.ranges()) {
    touching.push_back(windows_.HullOf({time.start - ahead_, time.end + reach_}));
  }
  waiting_windows_ = RangeSet(std::move(touching));
  lost_ = {read(definition.source, true), read(definition.target, true)};
}

bool DamageMap::Touches(const Damage& damage, WindowId window) const {
  if (damage.none()) return false;
  const TimeRange range = windows_.WindowAt(window);
  const TimeRange needed{range.start - reach_, range.end + ahead_};
  if (any_row_ && damage.target.Touches({needed.start, needed.end + nanoseconds(1)})) return true;
  return damage.source.Touches(needed) ||
         damage.target.Contains(label_ == Label::kEnd ? range.end : range.start);
}

void HeldWindows::Add(const Due& due, const Windows& windows) {
  exact_.push_back(due);
  // Its row may have been written by an evaluation whose outcome was not seen.
  exact_.back().fresh = false;
  if (exact_.size() <= kExactMax) return;
  SortAndMerge(exact_);
  if (exact_.size() <= kExactMax) return;
  for (const Due& d : exact_) ranges_.push_back(windows.WindowAt(d.window));
  exact_.clear();
  AddRange(windows.WindowAt(due.window));
}

void HeldWindows::AddRange(TimeRange time) {
  ranges_.push_back(time);
  ranges_ = Normalised(std::move(ranges_));
  while (ranges_.size() > kRangesMax) {
    // The two that lie closest become one.
    size_t best = 1;
    for (size_t i = 2; i < ranges_.size(); ++i) {
      if (ranges_[i].start - ranges_[i - 1].end < ranges_[best].start - ranges_[best - 1].end) {
        best = i;
      }
    }
    ranges_[best - 1].end = ranges_[best].end;
    ranges_.erase(ranges_.begin() + static_cast<ptrdiff_t>(best));
  }
}

bool HeldWindows::Contains(const Due& due) const {
  return std::any_of(exact_.begin(), exact_.end(), [&due](const Due& held) {
    return held.window == due.window && held.series == due.series;
  });
}

HeldWindows HeldWindows::Take() {
  SortAndMerge(exact_);
  return std::exchange(*this, {});
}

}  // namespace tidemark::view
