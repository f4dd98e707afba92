// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "view/late_keys_internal.h"

namespace tidemark::view {
namespace {

bool IsBefore(const store::PointKey& a, const store::PointKey& b) {
  return a.time != b.time ? a.time < b.time : a.series < b.series;
}

}  // namespace

void LateKeys::Add(WindowId window, SeriesIndex series, const store::PointKey& key) {
  if (size_ >= kKeysMax) return;
  auto& keys = pairs_[{series, window}];
  const auto at = std::lower_bound(keys.begin(), keys.end(), key, IsBefore);
  if (at != keys.end() && !IsBefore(key, *at)) return;  // corrected again
  if (at == keys.end() && keys.size() >= store::kPointKeysMax) return;
  keys.insert(at, key);
  ++size_;
  if (keys.size() <= store::kPointKeysMax) return;
  keys.pop_back();
  --size_;
}

const std::vector<store::PointKey>* LateKeys::Find(WindowId window, SeriesIndex series) const {
  const auto it = pairs_.find({series, window});
  return it == pairs_.end() ? nullptr : &it->second;
}

std::vector<store::PointKey> LateKeys::In(TimeRange range, SeriesIndex series) const {
  std::vector<store::PointKey> out;
  const auto end = pairs_.lower_bound({series, {range.end}});
  for (auto it = pairs_.lower_bound({series, {range.start}}); it != end; ++it) {
    for (const store::PointKey& key : it->second) {
      if (out.size() == store::kPointKeysMax) return out;
      out.push_back(key);
    }
  }
  return out;
}

void LateKeys::ForgetIn(TimeRange range, SeriesIndex series) {
  const auto begin = pairs_.lower_bound({series, {range.start}});
  const auto end = pairs_.lower_bound({series, {range.end}});
  for (auto it = begin; it != end; ++it) size_ -= it->second.size();
  pairs_.erase(begin, end);
}

void LateKeys::Forget(WindowId window, SeriesIndex series) {
  const auto it = pairs_.find({series, window});
  if (it == pairs_.end()) return;
  size_ -= it->second.size();
  pairs_.erase(it);
}

void LateKeys::Clear() {
  pairs_.clear();
  size_ = 0;
}

}  // namespace tidemark::view
