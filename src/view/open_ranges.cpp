// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "view/open_ranges_internal.h"

namespace tidemark::view {

void OpenRanges::Add(Key key, EventTime t, std::optional<EventTime> watermark) {
  OpenSpan span{t, t};
  if (watermark) {
    const auto rest = kind_.Rest(span, *watermark);
    if (!rest) return;
    span = *rest;
  }
  if (key >= spans_.size()) {
    spans_.resize(key + size_t{1});
    armed_.resize(key + size_t{1}, kNever);
  }
  auto& spans = spans_[key];
  if (!spans.empty() && spans.back().first <= t && t <= spans.back().last) return;
  Insert(key, span);
}

void OpenRanges::Insert(Key key, OpenSpan span) {
  auto& spans = spans_[key];
  const auto joins = [this](const OpenSpan& a, const OpenSpan& b) {  // a begins first
    // Samples of a series are looked at together.
    if (!kind_.sessions()) return true;
    return counting_ == Points::kAll ? kind_.LateFrom(a.last) > b.first : a.last == b.first;
  };
  auto at = std::ranges::upper_bound(spans, span.first, {}, &OpenSpan::first);
  if (at != spans.begin() && joins(*std::prev(at), span)) {
    --at;
    span = {at->first, std::max(at->last, span.last)};
  } else {
    at = spans.insert(at, span);
    ++size_;
  }
  auto end = std::next(at);
  while (end != spans.end() && joins(span, *end)) {
    span = {std::min(span.first, end->first), std::max(span.last, end->last)};
    ++end;
  }
  *at = span;
  size_ -= static_cast<size_t>(end - at) - 1;
  spans.erase(std::next(at), end);
  Arm(key, kind_.DueAt(span));
}

void OpenRanges::Arm(Key key, EventTime at) {
  if (armed_[key] <= at) return;
  armed_[key] = at;
  timers_[at].push_back(key);
}

void OpenRanges::TakeDue(EventTime watermark, std::vector<Range>& out) {
  // What is left is due later than the watermark, so this ends.
  while (!timers_.empty() && timers_.begin()->first <= watermark) {
    const auto timer = timers_.extract(timers_.begin());
    for (const Key key : timer.mapped()) {
      if (armed_[key] != timer.key()) continue;
      armed_[key] = kNever;
      auto& spans = spans_[key];
      size_t kept = 0;
      for (const OpenSpan& span : spans) {
        if (kind_.DueAt(span) <= watermark) out.push_back({key, span});
        if (const auto rest = kind_.Rest(span, watermark)) spans[kept++] = *rest;
      }
      size_ -= spans.size() - kept;
      spans.resize(kept);
      if (kept == 0) spans.shrink_to_fit();
      for (const OpenSpan& span : spans) Arm(key, kind_.DueAt(span));
    }
  }
}

OpenRanges::Key OpenRanges::Copy(Key from, size_t count_max, std::vector<Range>& out) const {
  Key key = from;
  for (; key < keys() && out.size() < count_max; ++key) {
    for (const OpenSpan& span : spans_[key]) out.push_back({key, span});
  }
  return key;
}

std::vector<std::pair<EventTime, size_t>> OpenRanges::Due(size_t count_max) const {
  std::vector<std::pair<EventTime, size_t>> out;
  for (auto it = timers_.rbegin(); it != timers_.rend() && out.size() < count_max; ++it) {
    const auto count = static_cast<size_t>(
        std::ranges::count_if(it->second, [&](Key key) { return armed_[key] == it->first; }));
    if (count > 0) out.emplace_back(it->first, count);
  }
  return out;
}

}  // namespace tidemark::view
