// SPDX-License-Identifier: Apache-2.0
// Which positions are being read: one critical section for taking and publishing, so that undo
// records are kept exactly as long as somebody needs them. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "base/mutex.h"
#include "base/time.h"

namespace tidemark::store {

class Snapshots {
 public:
  /// Ends when destroyed.
  class Lease {
   public:
    Lease(Snapshots& owner, uint64_t lsn) : owner_(&owner), lsn_(lsn) {}
    Lease(Lease&& other) noexcept : owner_(other.owner_), lsn_(other.lsn_) {
      other.owner_ = nullptr;
    }
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (owner_ != nullptr) owner_->Release(lsn_);
    }
    uint64_t lsn() const { return lsn_; }

   private:
    Snapshots* owner_;
    uint64_t lsn_;
  };

  /// Everything durable now, held.
  Lease Take(ArrivalTime now) {
    const MutexLock lock(mutex_);
    Held& held = held_[visible_];
    if (held.count++ == 0) held.since = now;
    return Lease(*this, visible_);
  }
  /// Everything up to `lsn` is durable.
  void Publish(uint64_t lsn) {
    const MutexLock lock(mutex_);
    visible_ = lsn;
    UpdateBound();
  }
  uint64_t visible() const {
    const MutexLock lock(mutex_);
    return visible_;
  }
  /// Changes at or before it are past every reader.
  uint64_t bound() const { return bound_.load(std::memory_order_acquire); }
  /// When the oldest snapshot was taken; `now` if none is.
  ArrivalTime OldestSince(ArrivalTime now) const {
    const MutexLock lock(mutex_);
    for (const auto& [lsn, held] : held_) now = std::min(now, held.since);
    return now;
  }

 private:
  struct Held {
    size_t count = 0;
    ArrivalTime since;
  };

  void Release(uint64_t lsn) {
    const MutexLock lock(mutex_);
    const auto it = held_.find(lsn);
    if (--it->second.count == 0) held_.erase(it);
    UpdateBound();
  }
  void UpdateBound() TM_REQUIRES(mutex_) {
    bound_.store(held_.empty() ? visible_ : std::min(visible_, held_.begin()->first),
                 std::memory_order_release);
  }

  mutable Mutex mutex_;
  uint64_t visible_ TM_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Held> held_ TM_GUARDED_BY(mutex_);
  std::atomic<uint64_t> bound_{0};
};

}  // namespace tidemark::store
