// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

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

void SortAndMerge(std::vector<Due>& due) {
  std::sort(due.begin(), due.end());
  size_t kept = 0;
  for (size_t i = 0; i < due.size(); ++i) {
    if (kept > 0 && due[kept - 1].window == due[i].window &&
        due[kept - 1].series == due[i].series) {
      due[kept - 1].late_points += due[i].late_points;
      // On equal lateness the order in which they came must not matter.
      if (std::tie(due[kept - 1].lateness, due[kept - 1].partition) <
          std::tie(due[i].lateness, due[i].partition)) {
        due[kept - 1].lateness = due[i].lateness;
        due[kept - 1].partition = due[i].partition;
      }
      due[kept - 1].fresh = due[kept - 1].fresh && due[i].fresh;
      due[kept - 1].coarse = due[kept - 1].coarse || due[i].coarse;
    } else {
      due[kept++] = due[i];
    }
  }
  due.resize(kept);
}

void MarkBook::Append(SeriesIndex series, EventTime window) {
  if (newest_ == nullptr || newest_window_ != window) {
    newest_ = &windows_[window];
    newest_window_ = window;
  }
  newest_->push_back(series);
  ++size_;
}

void MarkBook::TakeBefore(EventTime until, std::vector<Due>& out) {
  for (auto it = windows_.begin(); it != windows_.end() && it->first < until;) {
    for (const SeriesIndex series : it->second) {
      out.push_back({.window = it->first, .series = series, .late_points = 0, .fresh = true});
    }
    size_ -= it->second.size();
    it = windows_.erase(it);
    newest_ = nullptr;
  }
}

std::optional<EventTime> MarkBook::CopyFirst(EventTime from, std::vector<Due>& out) const {
  const auto it = windows_.lower_bound(from);
  if (it == windows_.end()) return std::nullopt;
  for (const SeriesIndex series : it->second)
    out.push_back({.window = it->first, .series = series, .fresh = true});
  return it->first;
}

std::vector<std::pair<EventTime, size_t>> MarkBook::OpenWindows(size_t count_max) const {
  std::vector<std::pair<EventTime, size_t>> out;
  for (auto it = windows_.rbegin(); it != windows_.rend() && out.size() < count_max; ++it) {
    out.emplace_back(it->first, it->second.size());
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace tidemark::view
