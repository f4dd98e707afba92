// SPDX-License-Identifier: Apache-2.0
// Spreads independent tasks over the caller and whatever query threads are free at the moment. The
// caller works too, so nothing waits for a thread that does not come.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/executor.h"
#include "base/mutex.h"

namespace tidemark::store {

/// Calls `work(worker, task)` once for every task in [0, tasks), worker < helpers + 1; returns when
/// all have ended. `work` of different workers runs at the same time.
inline void RunParallel(Executor& executor, size_t helpers, size_t tasks,
                        const std::function<void(size_t, size_t)>& work) {
  struct Shared {
    Mutex mutex;
    CondVar idle;
    size_t active TM_GUARDED_BY(mutex) = 0;
    bool closed TM_GUARDED_BY(mutex) = false;
    std::atomic<size_t> next{0};
    std::atomic<size_t> next_worker{1};
  };
  if (helpers == 0 || tasks < 2) {
    for (size_t i = 0; i < tasks; ++i) work(0, i);
    return;
  }
  const auto shared = std::make_shared<Shared>();
  const auto drain = [&work, tasks](Shared& s, size_t worker) {
    for (size_t i = s.next.fetch_add(1); i < tasks; i = s.next.fetch_add(1)) work(worker, i);
  };
  for (size_t h = 0; h < helpers; ++h) {
    const auto posted = executor.Post(Lane::kQuery, [shared, &drain] {
      {
        const MutexLock lock(shared->mutex);
        if (shared->closed) return;  // then `drain` is gone
        ++shared->active;
      }
      drain(*shared, shared->next_worker.fetch_add(1));
      const MutexLock lock(shared->mutex);
      if (--shared->active == 0) shared->idle.NotifyAll();
    });
    if (!posted.ok()) break;  // busy: the caller does it all
  }
  drain(*shared, 0);
  const MutexLock lock(shared->mutex);
  shared->closed = true;
  while (shared->active > 0) shared->idle.Wait(shared->mutex);
}

}  // namespace tidemark::store
