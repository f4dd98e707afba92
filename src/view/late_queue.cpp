// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "view/late_queue_internal.h"

namespace tidemark::view {
namespace {

/// A queue that waits for its budget is looked at about that often.
constexpr double kSealedStep = 0.1;

}  // namespace

LateQueue::LateQueue(nanoseconds refresh, int64_t sealed_per_second, nanoseconds join)
    : refresh_(refresh),
      join_(join),
      per_second_(static_cast<double>(sealed_per_second)),
      tokens_max_(std::max(
          1.0, per_second_ * std::max(1.0, std::chrono::duration<double>(refresh).count()))),
      tokens_(tokens_max_) {}

void LateQueue::Add(std::vector<Due>& due) {
  SortAndMerge(due, join_);
  for (auto it = due.begin(); it != due.end();) {
    Pairs& pairs = waiting_[it->window];
    size_ -= pairs.size();
    const WindowId window = it->window;
    for (; it != due.end() && it->window == window; ++it) pairs.push_back(std::move(*it));
    SortAndMerge(pairs, join_);
    size_ += pairs.size();
  }
  due.clear();
}

void LateQueue::Refill(MonotonicTime now) {
  if (refilled_at_) {
    const double passed = std::chrono::duration<double>(now - *refilled_at_).count();
    tokens_ = std::min(tokens_max_, tokens_ + per_second_ * passed);
  }
  refilled_at_ = now;
}

void LateQueue::TakeRows(Pairs& pairs, const std::function<uint32_t(SeriesIndex)>& row_of,
                         Pairs& out) {
  const auto by_row = [&row_of](const Due& a, const Due& b) {
    return std::pair(row_of(a.series), a.series) < std::pair(row_of(b.series), b.series);
  };
  std::sort(pairs.begin(), pairs.end(), by_row);
  size_t taken = 0;
  while (taken < pairs.size() && tokens_ >= 1) {
    tokens_ -= 1;
    const uint32_t row = row_of(pairs[taken].series);
    for (; taken < pairs.size() && row_of(pairs[taken].series) == row; ++taken) {
      out.push_back(std::move(pairs[taken]));
    }
  }
  pairs.erase(pairs.begin(), pairs.begin() + static_cast<ptrdiff_t>(taken));
  std::sort(pairs.begin(), pairs.end());
}

LateQueue::Ready LateQueue::Take(const Moment& moment,
                                 const std::function<uint32_t(SeriesIndex)>& row_of) {
  Ready ready;
  next_at_.reset();
  Refill(moment.now);
  const bool refreshes = !refresh_at_ || *refresh_at_ <= moment.now;
  bool sealed_waits = false;
  for (auto it = waiting_.end(); it != waiting_.begin();) {
    --it;
    Pairs& pairs = it->second;
    size_ -= pairs.size();
    const bool sealed = moment.sealed.Has(it->first);
    if (moment.urgent.Has(it->first) || (refreshes && !sealed)) {
      std::move(pairs.begin(), pairs.end(), std::back_inserter(ready.late));
      pairs.clear();
    } else if (refreshes) {
      if (tokens_ >= 1) TakeRows(pairs, row_of, ready.sealed);
      sealed_waits = sealed_waits || !pairs.empty();
    }
    size_ += pairs.size();
    if (pairs.empty()) it = waiting_.erase(it);
  }
  if (refreshes && refresh_ > nanoseconds(0) && !(ready.late.empty() && ready.sealed.empty())) {
    refresh_at_ = moment.now + refresh_;
  }
  if (waiting_.empty()) return ready;
  if (refresh_at_ && *refresh_at_ > moment.now) {
    next_at_ = refresh_at_;
  } else if (sealed_waits) {
    const double wanted =
        std::max(1.0, std::min(std::floor(per_second_ * kSealedStep), static_cast<double>(size_)));
    const double wait = std::max(0.0, wanted - tokens_) / per_second_;
    next_at_ = moment.now + nanoseconds(static_cast<int64_t>(std::ceil(wait * 1e9)) + 1);
  }
  return ready;
}

std::vector<TimeRange> LateQueue::Spill(const Windows& windows) {
  std::vector<TimeRange> out;
  while (size_ > kPairsMax && !waiting_.empty()) {
    const auto oldest = waiting_.begin();
    out.push_back(windows.WindowAt(oldest->first));
    size_ -= oldest->second.size();
    waiting_.erase(oldest);
  }
  return out;
}

}  // namespace tidemark::view
