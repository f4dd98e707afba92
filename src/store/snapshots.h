// SPDX-License-Identifier: Apache-2.0
// Which positions and which generation of files are being read: one critical section for taking and
// publishing, so that nobody sees a row twice or not at all (storage.md 5.4), and undo records and
// frozen rows are kept exactly as long as somebody needs them. Thread-safe.
//
// Invariant: every row in the files of the current version has an LSN <= visible().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/mutex.h"
#include "base/time.h"
#include "store/version.h"

namespace tidemark::store {

class Snapshots {
 public:
  /// Ends when destroyed.
  class Lease {
   public:
    Lease(Snapshots& owner, uint64_t lsn, std::shared_ptr<const Version> version)
        : owner_(&owner), lsn_(lsn), version_(std::move(version)) {}
    Lease(Lease&& other) noexcept
        : owner_(other.owner_), lsn_(other.lsn_), version_(std::move(other.version_)) {
      other.owner_ = nullptr;
    }
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (owner_ != nullptr) owner_->Release(lsn_, version_->seal_no);
    }
    uint64_t lsn() const { return lsn_; }
    const Version& version() const { return *version_; }

   private:
    Snapshots* owner_;
    uint64_t lsn_;
    std::shared_ptr<const Version> version_;
  };

  /// Everything durable now, held.
  Lease Take(ArrivalTime now) {
    const MutexLock lock(mutex_);
    Held& held = held_[visible_];
    if (held.count++ == 0) held.since = now;
    ++seals_held_[version_->seal_no];
    return Lease(*this, visible_, version_);
  }
  /// Readers from now on use `version`. Every row in its files is visible.
  void Install(std::shared_ptr<const Version> version) {
    const MutexLock lock(mutex_);
    version_ = std::move(version);
  }
  std::shared_ptr<const Version> version() const {
    const MutexLock lock(mutex_);
    return version_;
  }
  /// Frozen parts of this seal and earlier ones are needed by nobody.
  uint64_t SealPassed() const {
    const MutexLock lock(mutex_);
    return seals_held_.empty() ? version_->seal_no
                               : std::min(version_->seal_no, seals_held_.begin()->first);
  }
  /// `released` runs, on a reader's thread and cheaply, when SealPassed() may have grown. Set once.
  void SetReleased(std::function<void()> released) { released_ = std::move(released); }

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

  void Release(uint64_t lsn, uint64_t seal_no) {
    bool grown = false;
    {
      const MutexLock lock(mutex_);
      const auto it = held_.find(lsn);
      if (--it->second.count == 0) held_.erase(it);
      UpdateBound();
      const auto seal = seals_held_.find(seal_no);
      if (--seal->second == 0) {
        seals_held_.erase(seal);
        grown = seal_no < version_->seal_no;
      }
    }
    if (grown && released_) released_();
  }
  void UpdateBound() TM_REQUIRES(mutex_) {
    bound_.store(held_.empty() ? visible_ : std::min(visible_, held_.begin()->first),
                 std::memory_order_release);
  }

  mutable Mutex mutex_;
  uint64_t visible_ TM_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Held> held_ TM_GUARDED_BY(mutex_);
  std::shared_ptr<const Version> version_ TM_GUARDED_BY(mutex_) = std::make_shared<Version>();
  std::map<uint64_t, size_t> seals_held_ TM_GUARDED_BY(mutex_);
  std::function<void()> released_;  // constant after the start
  std::atomic<uint64_t> bound_{0};
};

}  // namespace tidemark::store
