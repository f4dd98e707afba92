// SPDX-License-Identifier: Apache-2.0
// What streams did lately: records and refusals over the last quarter of an hour, and records of
// each shard over the last ten seconds. Sample() is called about once a second. Bounded by the
// number of streams and shards. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/time.h"
#include "log/log.h"

namespace tidemark::console {

class StreamMeter {
 public:
  static constexpr milliseconds kStep = seconds(10);
  static constexpr size_t kStepsMax = 90;

  StreamMeter(const log::Log& log, MetricRegistry& metrics) : log_(log), metrics_(metrics) {}

  void Sample(MonotonicTime now);

  /// Records per second of each step, oldest first; fewer after a start.
  std::vector<double> History(StreamId stream) const;
  /// Refused appends since the start, and per minute over the last one.
  struct Throttled {
    uint64_t total = 0;
    double per_minute = 0;
  };
  Throttled ThrottledOf(const log::Stream& stream) const;
  /// Records per second of each shard, in the order of the definition.
  std::vector<double> ShardRates(const log::Stream& stream, MonotonicTime now) const;

 private:
  struct Totals {
    uint64_t records = 0;
    uint64_t refused = 0;
  };
  struct Tips {
    uint64_t records = 0;  // of the stream: unchanged means that no tip moved
    std::shared_ptr<const std::vector<log::RecordOffset>> tips;
  };
  Totals TotalsOf(std::string_view stream) const;
  static void PushSteps(std::deque<Totals>& steps, const Totals& total, size_t passed);

  const log::Log& log_;
  MetricRegistry& metrics_;

  mutable Mutex mutex_;
  MonotonicTime step_begun_ TM_GUARDED_BY(mutex_);
  std::map<StreamId, std::deque<Totals>> steps_ TM_GUARDED_BY(mutex_);  // at the steps' ends
  std::deque<std::pair<MonotonicTime, std::map<StreamId, Tips>>> tips_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::console
