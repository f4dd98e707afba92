// SPDX-License-Identifier: Apache-2.0
// The last quarter of an hour of views and of the whole server, so that charts have a past when a
// page is opened. In memory, a step every ten seconds of the wall clock: where that stands still
// (tests) there is no step. Bounded by the number of views. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "pipeline/manager.h"
#include "sql/engine.h"
#include "view/maintainer.h"

namespace tidemark::console {

class StatusHistory {
 public:
  static constexpr milliseconds kStep = seconds(10);
  static constexpr size_t kStepsMax = 90;
  static constexpr milliseconds kPastMax = kStep * static_cast<int64_t>(kStepsMax);

  /// What a view did in the step that ended at `at`.
  struct ViewStep {
    ArrivalTime at;
    std::optional<EventTime> watermark;  // at its end
    uint64_t late = 0;
    uint64_t frozen = 0;
    uint64_t published = 0;
    uint64_t revisions = 0;
  };
  /// The server as a whole.
  struct ServerStep {
    ArrivalTime at;
    std::optional<EventTime> newest;         // event time that any pipeline has seen
    uint64_t late = 0;                       // points of all views
    std::optional<milliseconds> query_time;  // 95 of 100 of the last fifteen minutes took less
  };
  struct Seen {
    const std::vector<view::ViewStatus>& views;
    const std::vector<pipeline::PipelineStatus>& pipelines;
    const std::vector<sql::QueryInfo>& queries;
  };

  /// Whether a step has ended: only then Sample() is worth its price.
  bool Due(ArrivalTime now) const;
  void Sample(ArrivalTime now, const Seen& seen);

  /// Oldest first; those of the last kPastMax.
  std::vector<ViewStep> OfView(std::string_view name) const;
  std::vector<ServerStep> OfServer() const;

 private:
  struct Totals {
    uint64_t late = 0;
    uint64_t frozen = 0;
    uint64_t published = 0;
    uint64_t revisions = 0;
  };
  struct View {
    Totals last;
    std::deque<ViewStep> steps;
  };

  mutable Mutex mutex_;
  std::optional<ArrivalTime> last_ TM_GUARDED_BY(mutex_);
  std::optional<uint64_t> late_ TM_GUARDED_BY(mutex_);  // of all views, at last_
  std::map<std::string, View, std::less<>> views_ TM_GUARDED_BY(mutex_);
  std::deque<ServerStep> server_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::console
