// SPDX-License-Identifier: Apache-2.0
// Late (series, window) pairs that wait for their evaluation: all of them until the view's next
// refresh, those of sealed windows (beyond allowed lateness) for the budget as well, the newest
// windows first. Single-owner.
//
//  1. Pairs that share a row leave together: a row costs one evaluation.
//  2. Beyond kPairsMax the oldest windows leave as ranges of time (coarse), not as pairs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "view/marks_internal.h"
#include "view/window.h"

namespace tidemark::view {

class LateQueue {
 public:
  static constexpr size_t kPairsMax = 1U << 20U;

  /// `refresh` 0: at once. `sealed_per_second` >= 1: rows.
  /// `join`: of SortAndMerge().
  LateQueue(nanoseconds refresh, int64_t sealed_per_second, nanoseconds join = nanoseconds(0));

  /// Takes over what is in `due`.
  void Add(std::vector<Due>& due);

  struct Moment {
    MonotonicTime now;
    const Prefix& sealed;
    /// Of windows in it nothing waits any longer.
    const Prefix& urgent;
  };
  struct Ready {
    std::vector<Due> late;
    std::vector<Due> sealed;  // not before anything else
  };
  /// What may be evaluated now. `row_of` numbers the rows that series share.
  Ready Take(const Moment& moment, const std::function<uint32_t(SeriesIndex)>& row_of);
  /// What is beyond the bound.
  std::vector<TimeRange> Spill(const Windows& windows);
  /// When Take() gives more; none: nothing waits. After Take().
  std::optional<MonotonicTime> next_at() const { return next_at_; }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  /// Calls `f(const Due&)` for each pair.
  template <typename F>
  void ForEach(F&& f) const {
    for (const auto& [window, pairs] : waiting_) {
      for (const Due& due : pairs) f(due);
    }
  }
  /// .. `f(WindowId)` for each window.
  template <typename F>
  void ForEachWindowOf(F&& f) const {
    for (const auto& [window, pairs] : waiting_) f(window);
  }

 private:
  using Pairs = std::vector<Due>;  // sorted, each once

  void Refill(MonotonicTime now);
  void TakeRows(Pairs& pairs, const std::function<uint32_t(SeriesIndex)>& row_of, Pairs& out);

  const nanoseconds refresh_;
  const nanoseconds join_;
  const double per_second_;
  const double tokens_max_;
  double tokens_;
  std::optional<MonotonicTime> refilled_at_;
  std::optional<MonotonicTime> refresh_at_;
  std::optional<MonotonicTime> next_at_;
  std::map<WindowId, Pairs> waiting_;
  size_t size_ = 0;
};

}  // namespace tidemark::view
