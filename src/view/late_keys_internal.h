// SPDX-License-Identifier: Apache-2.0
// Which late points are behind the (series, window) pairs that wait for their evaluation, for the
// revision log. A few of each pair, and bounded in all: beyond it pairs name fewer or none, their
// counts stay right. Not journaled: a restart reads what was not published again, but for windows
// that were journaled as waiting. Single-owner.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "store/types.h"
#include "view/marks_internal.h"
#include "view/window.h"

namespace tidemark::view {

class LateKeys {
 public:
  static constexpr size_t kKeysMax = 65536;

  /// Of a pair the first store::kPointKeysMax in order of time are kept, whenever they come.
  void Add(WindowId window, SeriesIndex series, const store::PointKey& key);
  /// Ascending by time; null: none.
  const std::vector<store::PointKey>* Find(WindowId window, SeriesIndex series) const;
  void Forget(WindowId window, SeriesIndex series);
  /// Of sessions and samples, which rows a point belongs to is found later: each is a pair of its
  /// own, named by its time. The first of those in `range`.
  std::vector<store::PointKey> In(TimeRange range, SeriesIndex series) const;
  void ForgetIn(TimeRange range, SeriesIndex series);
  void Clear();
  bool empty() const { return pairs_.empty(); }

 private:
  std::map<std::pair<SeriesIndex, WindowId>, std::vector<store::PointKey>> pairs_;
  size_t size_ = 0;
};

}  // namespace tidemark::view
