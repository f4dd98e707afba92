// SPDX-License-Identifier: Apache-2.0
// A clock that a test moves. Thread-safe.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace tidemark::sim {

class SimClock final : public Clock {
 public:
  /// Starts at 2026-01-01T00:00:00Z unless told otherwise.
  explicit SimClock(ArrivalTime start = {1'767'225'600'000}) : start_ms_(start.ms) {}

  ArrivalTime Now() const override {
    return {start_ms_ + elapsed_ns_.load() / 1'000'000 + wall_offset_ms_.load()};
  }
  MonotonicTime Monotonic() const override { return {elapsed_ns_.load()}; }

  void Advance(nanoseconds d) { elapsed_ns_.fetch_add(d.count()); }
  /// A step of the wall clock alone, as NTP or an operator would make; may be negative.
  void StepWall(milliseconds d) { wall_offset_ms_.fetch_add(d.count()); }

 private:
  const int64_t start_ms_;
  std::atomic<int64_t> elapsed_ns_{0};
  std::atomic<int64_t> wall_offset_ms_{0};
};

}  // namespace tidemark::sim
