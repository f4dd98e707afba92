// SPDX-License-Identifier: Apache-2.0
// Lets a service wait for its work on executor threads before the parts below it go. Thread-safe.
#pragma once

#include <cstddef>

#include "base/mutex.h"

namespace tidemark {

class WorkGate {
 public:
  /// False: the service is stopping; do nothing. Else Leave() must follow.
  bool Enter() {
    const MutexLock lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    const MutexLock lock(mutex_);
    --inside_;
    left_.NotifyAll();
  }
  /// Nobody is inside when it returns, and nobody enters again.
  void Close() {
    CloseWith([] {});
  }
  /// The same; once nobody enters any more, `nudge()` is called before it waits for those inside.
  template <typename Nudge>
  void CloseWith(const Nudge& nudge) {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    nudge();
    const MutexLock lock(mutex_);
    while (inside_ > 0) left_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar left_;
  bool closed_ TM_GUARDED_BY(mutex_) = false;
  size_t inside_ TM_GUARDED_BY(mutex_) = 0;
};

}  // namespace tidemark
