// SPDX-License-Identifier: Apache-2.0
// The only sources of time and randomness. base/sim has the manual and the seeded ones; nothing
// else calls now() or rand(). Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace tidemark {

class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall clock. May step backwards; who needs order keeps its own maximum.
  virtual ArrivalTime Now() const = 0;
  /// Never goes back.
  virtual MonotonicTime Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  ArrivalTime Now() const override;
  MonotonicTime Monotonic() const override;
};

/// A server's clock in tests of whole processes: wall time stands still between steps, timeouts run
/// on.
class SteppedClock final : public Clock {
 public:
  explicit SteppedClock(ArrivalTime now) : now_ms_(now.ms) {}

  ArrivalTime Now() const override { return {now_ms_.load()}; }
  MonotonicTime Monotonic() const override { return system_.Monotonic(); }
  /// False, and nothing changed: it would go back.
  bool MoveTo(ArrivalTime now);

 private:
  const SystemClock system_;
  std::atomic<int64_t> now_ms_;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
};

/// From the operating system; for ids and tokens.
class SystemRandom final : public Random {
 public:
  uint64_t Next() override;
};

/// splitmix64: the same sequence for the same seed, everywhere. Single-owner.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// Uniform in [0, bound); `bound` > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  /// Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11U) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

}  // namespace tidemark
