// SPDX-License-Identifier: Apache-2.0
// 1. A task is in one place at a time: waiting (kIdle, perhaps with a timer), queued (kReady) or
// being
//    stepped (kRunning). So its steps never overlap.
// 2. Task::woken is cleared before a step begins and looked at after it ended: a Wake() during a
// step
//    leads to another one (Executor.WakeDuringAStepLeadsToAnother).
// 3. A Lane::kWriter task has a pool of one thread to itself; the other lanes are one pool each.
#include "base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/logging.h"
#include "base/mutex.h"

namespace tidemark {
namespace {

using Work = std::move_only_function<void()>;

Error FromException(const std::exception* e) {
  return {Code::kInternal, e == nullptr ? std::string("an exception of unknown type")
                                        : std::string("exception: ") + e->what()};
}

Result<Progress> StepGuarded(Steppable& task) {
  try {
    return task.Step();
  } catch (const std::exception& e) {
    return FromException(&e);
  } catch (...) {
    return FromException(nullptr);
  }
}

void RunGuarded(Work work) {
  Error error;
  try {
    work();
    return;
  } catch (const std::exception& e) {
    error = FromException(&e);
  } catch (...) {
    error = FromException(nullptr);
  }
  Log(LogLevel::kError, "executor", "posted work failed", {{"reason", error.message}});
}

enum class TaskState : uint8_t { kIdle, kReady, kRunning, kFailed };

class Pool;

struct Task {
  Task(std::string task_name, Steppable& task_steppable, Pool& task_pool)
      : name(std::move(task_name)), steppable(task_steppable), pool(task_pool) {}

  const std::string name;
  Steppable& steppable;
  Pool& pool;
  std::atomic<bool> woken{true};

  // Guarded by the pool's mutex:
  TaskState state = TaskState::kIdle;
  bool removed = false;
  std::optional<MonotonicTime> wake_at;  // in the pool's timers
};

/// Some threads that share tasks and posted work. Thread-safe.
class Pool {
 public:
  Pool(const std::string& name, int threads, size_t posts_waiting_max)
      : posts_waiting_max_(posts_waiting_max) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { Run(); });
      // The kernel keeps 15 characters; a name is a convenience, so a failure does not matter.
      static_cast<void>(
          ::pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str()));
    }
  }
  ~Pool() { Stop(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void Start(const std::shared_ptr<Task>& task) {
    const MutexLock lock(mutex_);
    MakeReady(task);
  }

  void Wake(const std::shared_ptr<Task>& task) {
    if (task->woken.exchange(true)) return;  // a step that has not begun is owed already
    const MutexLock lock(mutex_);
    if (task->state == TaskState::kIdle && !task->removed) MakeReady(task);
  }

  void Remove(const std::shared_ptr<Task>& task) {
    const MutexLock lock(mutex_);
    task->removed = true;
    CancelTimer(*task);
    std::erase(ready_, task);
    while (task->state == TaskState::kRunning) step_done_.Wait(mutex_);
  }

  Result<void> Post(Work work) {
    const MutexLock lock(mutex_);
    if (stopping_) return Error{Code::kUnavailable, "the executor is stopping"};
    if (posts_.size() >= posts_waiting_max_) {
      return Error{Code::kResourceExhausted,
                   std::to_string(posts_waiting_max_) + " pieces of work are waiting already"};
    }
    posts_.push_back(std::move(work));
    work_.NotifyOne();
    return {};
  }

  void Stop() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      work_.NotifyAll();
    }
    for (std::jthread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  void MakeReady(const std::shared_ptr<Task>& task) TM_REQUIRES(mutex_) {
    CancelTimer(*task);
    task->state = TaskState::kReady;
    ready_.push_back(task);
    work_.NotifyOne();
  }

  void CancelTimer(Task& task) TM_REQUIRES(mutex_) {
    if (!task.wake_at) return;
    std::erase_if(timers_, [&](const auto& timer) { return timer.second.get() == &task; });
    task.wake_at.reset();
  }

  void FireTimers() TM_REQUIRES(mutex_) {
    if (timers_.empty()) return;
    const MonotonicTime now = clock_.Monotonic();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      const std::shared_ptr<Task> task = timers_.begin()->second;
      MakeReady(task);
    }
  }

  void WaitForWork() TM_REQUIRES(mutex_) {
    if (timers_.empty()) {
      work_.Wait(mutex_);
    } else {
      const nanoseconds left = timers_.begin()->first - clock_.Monotonic();
      if (left > nanoseconds(0)) work_.WaitFor(mutex_, std::min<nanoseconds>(left, hours(1)));
    }
  }

  void Run() {
    bool post_first = true;
    mutex_.Lock();
    while (true) {
      FireTimers();
      const bool run_post = !posts_.empty() && (post_first || ready_.empty());
      post_first = !run_post;
      if (run_post) {
        Work work = std::move(posts_.front());
        posts_.pop_front();
        mutex_.Unlock();
        RunGuarded(std::move(work));
        mutex_.Lock();
      } else if (!ready_.empty()) {
        const std::shared_ptr<Task> task = std::move(ready_.front());
        ready_.pop_front();
        RunStep(task);
      } else if (stopping_) {
        break;
      } else {
        WaitForWork();
      }
    }
    mutex_.Unlock();
  }

  void RunStep(const std::shared_ptr<Task>& task) TM_REQUIRES(mutex_) {
    task->state = TaskState::kRunning;
    mutex_.Unlock();
    task->woken.exchange(false);  // an exchange, to see what the waker wrote before
    const Result<Progress> result = StepGuarded(task->steppable);
    if (!result.ok()) {
      Log(LogLevel::kError, "executor", "task failed and stops",
          {{"task", task->name},
           {"code", CodeName(result.error().code)},
           {"reason", result.error().message}});
    }
    mutex_.Lock();
    if (task->removed || !result.ok()) {
      task->state = result.ok() ? TaskState::kIdle : TaskState::kFailed;
      step_done_.NotifyAll();
    } else if (result->more || task->woken.load()) {
      MakeReady(task);
    } else {
      task->state = TaskState::kIdle;
      task->wake_at = result->wake_at;
      if (task->wake_at) {
        timers_.emplace(*task->wake_at, task);
        work_.NotifyOne();  // a thread that waits without end must learn of it: this one may get
                            // busy
      }
    }
  }

  const size_t posts_waiting_max_;
  const SystemClock clock_;

  Mutex mutex_;
  CondVar work_;       // ready_, posts_ or stopping_ changed
  CondVar step_done_;  // a removed task's step ended
  std::deque<std::shared_ptr<Task>> ready_ TM_GUARDED_BY(mutex_);
  std::deque<Work> posts_ TM_GUARDED_BY(mutex_);
  std::set<std::pair<MonotonicTime, std::shared_ptr<Task>>> timers_ TM_GUARDED_BY(mutex_);
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;  // last: the threads use everything above
};

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(ThreadExecutorOptions options)
      : background_("tm-background", std::max(options.background_threads, 1),
                    options.posts_waiting_max),
        query_("tm-query", std::max(options.query_threads, 1), options.posts_waiting_max) {}
  ~ThreadExecutor() override { Stop(); }

  TaskId Add(std::string name, Lane lane, Steppable& task) override {
    std::unique_ptr<Pool> own;
    if (lane == Lane::kWriter) own = std::make_unique<Pool>(name, 1, 0);
    Pool& pool = own != nullptr ? *own : PoolOf(lane);
    auto added = std::make_shared<Task>(std::move(name), task, pool);
    TaskId id;
    {
      const WriterLock lock(mutex_);
      TM_CHECK(!stopped_);
      id = TaskId{next_id_++};
      tasks_.emplace(id, Entry{added, std::move(own)});
    }
    pool.Start(added);
    return id;
  }

  void Wake(TaskId id) override {
    // Held during the call: Remove() may destroy a writer's pool as soon as the entry is gone.
    const ReaderLock lock(mutex_);
    const auto found = tasks_.find(id);
    if (found != tasks_.end()) found->second.task->pool.Wake(found->second.task);
  }

  void Remove(TaskId id) override {
    Entry entry;
    {
      const WriterLock lock(mutex_);
      const auto found = tasks_.find(id);
      if (found == tasks_.end()) return;
      entry = std::move(found->second);
      tasks_.erase(found);
    }
    entry.task->pool.Remove(entry.task);
    // entry.own, a writer's pool, joins its thread here.
  }

  Result<void> Post(Lane lane, Work work) override {
    if (lane == Lane::kWriter) {
      return Error{Code::kInvalidArgument, "the writer lane runs tasks, not posted work"};
    }
    return PoolOf(lane).Post(std::move(work));
  }

  void Stop() override {
    {
      const WriterLock lock(mutex_);
      TM_CHECK(tasks_.empty());  // who added a task removes it before what it uses goes away
      stopped_ = true;
    }
    query_.Stop();
    background_.Stop();
  }

 private:
  struct Entry {
    std::shared_ptr<Task> task;
    std::unique_ptr<Pool> own;  // of a kWriter task
  };

  Pool& PoolOf(Lane lane) { return lane == Lane::kQuery ? query_ : background_; }

  Pool background_;
  Pool query_;
  SharedMutex mutex_;
  std::unordered_map<TaskId, Entry> tasks_ TM_GUARDED_BY(mutex_);
  uint64_t next_id_ TM_GUARDED_BY(mutex_) = 1;
  bool stopped_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor(ThreadExecutorOptions options) {
  return std::make_unique<ThreadExecutor>(options);
}

}  // namespace tidemark
