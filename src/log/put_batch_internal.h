// SPDX-License-Identifier: Apache-2.0
// Caches of key hashes that batches under construction borrow, so that several network threads each
// have one without a lock per record. Thread-safe.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "log/record.h"

namespace tidemark::log {

struct PutBatch::CachePool {
  std::unique_ptr<KeyHashCache> Take() {
    const MutexLock lock(mutex);
    if (idle.empty()) return nullptr;
    auto cache = std::move(idle.back());
    idle.pop_back();
    return cache;
  }
  void Give(std::unique_ptr<KeyHashCache> cache) {
    constexpr size_t kIdleMax = 8;  // 512 KiB each
    const MutexLock lock(mutex);
    if (idle.size() < kIdleMax) idle.push_back(std::move(cache));
  }

  Mutex mutex;
  std::vector<std::unique_ptr<KeyHashCache>> idle TM_GUARDED_BY(mutex);
};

}  // namespace tidemark::log
