// SPDX-License-Identifier: Apache-2.0
// Every publication of view rows, by series and time; filled from durable frames. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "store/types.h"

namespace tidemark::store {

class RevisionLog {
 public:
  void Add(std::span<const RevisionEntry> entries);
  /// Entries of the series with times in `range`, by time, in the order they were added.
  std::map<EventTime, std::vector<RevisionEntry>> Of(SeriesRef series, TimeRange range) const;
  void RemoveBefore(uint32_t series, EventTime floor);
  void Forget(uint32_t series);
  size_t heap_bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  // A third of a RevisionEntry: DOUBLE and BIGINT values lie in their bits, others in `texts`.
  struct Stored {
    EventTime time;
    EventTime window_start;
    EventTime window_end;
    uint64_t old_bits = 0;
    uint64_t new_bits = 0;
    int64_t at_ms = 0;
    uint32_t revision = 0;
    uint32_t late_points = 0;
    uint8_t old_kind = 0;  // Scalar::index()
    uint8_t new_kind = 0;
    bool frozen = false;
  };
  struct Log {
    std::vector<Stored> entries;  // by time
    std::vector<std::string> texts;
  };

  static uint64_t Pack(const Scalar& scalar, Log& log);
  static Scalar Unpack(uint8_t kind, uint64_t bits, const Log& log);

  mutable Mutex mutex_;
  std::unordered_map<uint32_t, Log> logs_ TM_GUARDED_BY(mutex_);
  std::atomic<size_t> bytes_{0};
};

}  // namespace tidemark::store
