// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <errno.h>
#include <sys/random.h>

#include <chrono>

#include "base/check.h"

namespace tidemark {

ArrivalTime SystemClock::Now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::floor<milliseconds>(since_epoch).count()};
}

MonotonicTime SystemClock::Monotonic() const {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<nanoseconds>(since_start).count()};
}

bool SteppedClock::MoveTo(ArrivalTime now) {
  int64_t before = now_ms_.load();
  while (before <= now.ms) {
    if (now_ms_.compare_exchange_weak(before, now.ms)) return true;
  }
  return false;
}

uint64_t SystemRandom::Next() {
  uint64_t value = 0;
  ssize_t got = 0;
  do {
    got = ::getrandom(&value, sizeof(value), 0);
  } while (got < 0 && errno == EINTR);
  // getrandom() of up to 256 bytes is never short once the kernel's pool is ready.
  TM_CHECK(got == sizeof(value));
  return value;
}

}  // namespace tidemark
