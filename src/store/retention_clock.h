// SPDX-License-Identifier: Apache-2.0
// The time that retention is judged by. It advances with the monotonic clock; small corrections of
// the wall clock are followed at once, a jump only after it has held for an hour, so that a machine
// that wakes up with a wrong date neither drops what is stored nor refuses what comes. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"

namespace tidemark::store {

class RetentionClock {
 public:
  /// A larger step of the wall clock is a jump.
  static constexpr minutes kStepMax{5};
  /// How long a jump must hold before it is believed.
  static constexpr minutes kHold{60};

  explicit RetentionClock(const Clock& clock);
  ArrivalTime Now();
  /// What an operator should know while the wall clock is not followed; empty: it is.
  std::string Warning();

 private:
  const Clock& clock_;
  Mutex mutex_;
  ArrivalTime wall_ TM_GUARDED_BY(mutex_);  // believed, at `at_`
  MonotonicTime at_ TM_GUARDED_BY(mutex_);
  std::optional<MonotonicTime> jumped_at_ TM_GUARDED_BY(mutex_);
  int64_t jump_ms_ TM_GUARDED_BY(mutex_) = 0;
};

}  // namespace tidemark::store
