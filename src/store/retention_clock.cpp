// SPDX-License-Identifier: Apache-2.0
#include "store/retention_clock.h"

#include <cstdlib>

#include "base/logging.h"

namespace tidemark::store {
namespace {

constexpr int64_t kStepMaxMs =
    std::chrono::duration_cast<std::chrono::milliseconds>(RetentionClock::kStepMax).count();

}  // namespace

RetentionClock::RetentionClock(const Clock& clock)
    : clock_(clock), wall_(clock.Now()), at_(clock.Monotonic()) {}

ArrivalTime RetentionClock::Now() {
  const MutexLock lock(mutex_);
  const MonotonicTime at = clock_.Monotonic();
  const ArrivalTime wall = clock_.Now();
  const ArrivalTime expected{wall_.ms + (at.ns - at_.ns) / 1'000'000};
  const int64_t off = wall.ms - expected.ms;
  if (std::abs(off) <= kStepMaxMs) {
    if (jumped_at_)
      Log(LogLevel::kInfo, "store", "the wall clock is back where retention expects it");
    jumped_at_.reset();
    wall_ = wall;
    at_ = at;
    return wall;
  }
  // A second jump starts the hour anew.
  if (!jumped_at_ || std::abs(off - jump_ms_) > kStepMaxMs) {
    jumped_at_ = at;
    jump_ms_ = off;
    Log(LogLevel::kWarning, "store",
        "the wall clock jumped: retention follows once it has held for an hour",
        {{"jump_ms", off}});
  }
  if (at - *jumped_at_ >= kHold) {
    Log(LogLevel::kWarning, "store", "retention follows the wall clock's jump", {{"jump_ms", off}});
    jumped_at_.reset();
    wall_ = wall;
    at_ = at;
    return wall;
  }
  return expected;
}

std::string RetentionClock::Warning() {
  Now();
  const MutexLock lock(mutex_);
  if (!jumped_at_) return {};
  return "the wall clock jumped by " + std::to_string(jump_ms_ / 1000) +
         " s: retention follows once it has held for an hour";
}

}  // namespace tidemark::store
