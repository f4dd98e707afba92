// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "view/marks_internal.h"

namespace tidemark::view {

void SeriesDirectory::Insert(store::SeriesRef ref, SeriesIndex index) {
  TM_DCHECK(index != kUnknown && Find(ref) == kUnknown);
  if (2 * (used_ + 1) > slots_.size()) {
    std::vector<Slot> old(std::max<size_t>(64, 2 * slots_.size()));
    old.swap(slots_);
    used_ = 0;
    for (const Slot& slot : old) {
      if (slot.index != kUnknown) Insert(slot.ref, slot.index);
    }
  }
  size_t i = Home(ref);
  while (slots_[i].index != kUnknown) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {ref, index};
  ++used_;
}

void MergeDue(Due& into, const Due& from) {
  into.late_points += from.late_points;
  // On equal lateness the order in which they came must not matter.
  if (std::tie(into.lateness, into.partition) < std::tie(from.lateness, from.partition)) {
    into.lateness = from.lateness;
    into.partition = from.partition;
  }
  into.fresh = into.fresh && from.fresh;
  into.coarse = into.coarse || from.coarse;
  into.correction = into.correction || from.correction;
}

void SortAndMerge(std::vector<Due>& due, nanoseconds join) {
  // What one slot's list holds often is: series are numbered as they came.
  if (!std::is_sorted(due.begin(), due.end())) std::sort(due.begin(), due.end());
  size_t kept = 0;
  for (const Due& one : due) {
    const bool same =
        kept > 0 && due[kept - 1].window == one.window && due[kept - 1].series == one.series;
    if (same && (join == nanoseconds(0) ||
                 one.range.start < due[kept - 1].range.end - nanoseconds(1) + join)) {
      MergeDue(due[kept - 1], one);
      due[kept - 1].range.end = std::max(due[kept - 1].range.end, one.range.end);
    } else {
      due[kept++] = one;
    }
  }
  due.resize(kept);
}

void MarkBook::Append(SeriesIndex series, EventTime slot) {
  if (newest_ == nullptr || newest_slot_ != slot) {
    newest_ = &slots_[slot];
    newest_slot_ = slot;
  }
  newest_->push_back(series);
  ++size_;
}

void MarkBook::TakeFired(const Prefix& fired, const Prefix& until, std::vector<Due>& out) {
  if (!windows_.simple()) return TakeSlots(fired, until, out);
  for (auto it = slots_.begin(); it != slots_.end() && until.Has({it->first});) {
    for (const SeriesIndex series : it->second) {
      out.push_back({.window = {it->first}, .series = series, .late_points = 0, .fresh = true});
    }
    size_ -= it->second.size();
    it = slots_.erase(it);
    newest_ = nullptr;
  }
}

void MarkBook::TakeSlots(const Prefix& fired, const Prefix& until, std::vector<Due>& out) {
  std::map<WindowId, std::vector<const std::vector<SeriesIndex>*>> due;
  std::vector<EventTime> done;
  for (const auto& [slot, series] : slots_) {
    bool passed = false;
    bool open = false;
    windows_.ForEachOf(slot, [&](WindowId window) {
      (until.Has(window) ? passed : open) = true;
      if (until.Has(window) && !fired.Has(window)) due[window].push_back(&series);
    });
    if (!open) {
      done.push_back(slot);  // those of a gap between windows as well
    } else if (!passed) {
      break;  // nor has any window of a later slot
    }
  }
  stamps_.resize(last_.size());
  for (const auto& [window, slots] : due) {
    ++stamp_;
    for (const std::vector<SeriesIndex>* slot : slots) {
      for (const SeriesIndex series : *slot) {
        if (std::exchange(stamps_[series], stamp_) == stamp_) continue;
        out.push_back({.window = window, .series = series, .late_points = 0, .fresh = true});
      }
    }
  }
  for (const EventTime slot : done) {
    const auto it = slots_.find(slot);
    size_ -= it->second.size();
    slots_.erase(it);
    newest_ = nullptr;
  }
}

std::optional<WindowId> MarkBook::CopyFirst(WindowId from, const Prefix& fired,
                                            std::vector<Due>& out) const {
  std::optional<WindowId> first;
  for (const auto& [slot, series] : slots_) {
    windows_.ForEachOf(slot, [&](WindowId window) {
      if (window >= from && !fired.Has(window)) first = std::min(first.value_or(window), window);
    });
    if (first && first->start < slot && windows_.WindowAt(*first).end <= slot) break;
  }
  if (!first) return std::nullopt;
  const TimeRange window = windows_.WindowAt(*first);
  for (auto it = slots_.lower_bound(window.start); it != slots_.end() && it->first < window.end;
       ++it) {
    for (const SeriesIndex series : it->second) {
      out.push_back({.window = *first, .series = series, .fresh = true});
    }
  }
  return first;
}

std::vector<std::pair<WindowId, size_t>> MarkBook::OpenWindows(size_t count_max,
                                                               const Prefix& fired) const {
  std::map<WindowId, size_t> counts;
  for (auto it = slots_.rbegin(); it != slots_.rend(); ++it) {
    windows_.ForEachOf(it->first, [&](WindowId window) {
      if (fired.Has(window)) return;
      if (counts.size() < count_max || counts.contains(window) || counts.begin()->first < window) {
        counts[window] += it->second.size();
      }
      if (counts.size() > count_max) counts.erase(counts.begin());
    });
  }
  std::vector<std::pair<WindowId, size_t>> out;
  for (const auto& [window, count] : counts) out.emplace_back(window, std::min(count, series()));
  return out;
}

}  // namespace tidemark::view
