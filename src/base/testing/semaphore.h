// SPDX-License-Identifier: Apache-2.0
// Lets a test wait for a thread without sleeping. Thread-safe. Not std::counting_semaphore: the one
// of g++ 12 can sleep through a release (GCC bug 104928).
#pragma once

#include "base/mutex.h"

namespace tidemark {

class TestSemaphore {
 public:
  void Release() {
    const MutexLock lock(mutex_);
    ++count_;
    released_.NotifyOne();
  }
  void Acquire() {
    const MutexLock lock(mutex_);
    while (count_ == 0) released_.Wait(mutex_);
    --count_;
  }

 private:
  Mutex mutex_;
  CondVar released_;
  int count_ TM_GUARDED_BY(mutex_) = 0;
};

}  // namespace tidemark
