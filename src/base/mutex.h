// SPDX-License-Identifier: Apache-2.0
// Mutex and condition variable with clang's thread-safety annotations, proved by the `lint` preset.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define TM_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define TM_THREAD_ANNOTATION(x)
#endif

#define TM_CAPABILITY(x) TM_THREAD_ANNOTATION(capability(x))
#define TM_SCOPED_CAPABILITY TM_THREAD_ANNOTATION(scoped_lockable)
#define TM_GUARDED_BY(x) TM_THREAD_ANNOTATION(guarded_by(x))
#define TM_PT_GUARDED_BY(x) TM_THREAD_ANNOTATION(pt_guarded_by(x))
#define TM_ACQUIRE(...) TM_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define TM_ACQUIRE_SHARED(...) TM_THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define TM_RELEASE(...) TM_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define TM_RELEASE_SHARED(...) TM_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
#define TM_RELEASE_GENERIC(...) TM_THREAD_ANNOTATION(release_generic_capability(__VA_ARGS__))
#define TM_TRY_ACQUIRE(...) TM_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define TM_REQUIRES(...) TM_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define TM_REQUIRES_SHARED(...) TM_THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define TM_EXCLUDES(...) TM_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define TM_NO_THREAD_SAFETY_ANALYSIS TM_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace tidemark {

class TM_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() TM_ACQUIRE() { mutex_.lock(); }
  void Unlock() TM_RELEASE() { mutex_.unlock(); }
  bool TryLock() TM_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class TM_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() TM_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class TM_CAPABILITY("shared_mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void Lock() TM_ACQUIRE() { mutex_.lock(); }
  void Unlock() TM_RELEASE() { mutex_.unlock(); }
  void LockShared() TM_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void UnlockShared() TM_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class TM_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) TM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~WriterLock() TM_RELEASE() { mutex_.Unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class TM_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) TM_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.LockShared();
  }
  ~ReaderLock() TM_RELEASE_GENERIC() { mutex_.UnlockShared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

/// Wait() gives the mutex back while it sleeps. Always wait in a loop over the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) TM_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  /// False when `duration` passed without a notification.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds duration) TM_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool notified = cv_.wait_for(lock, duration) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace tidemark
