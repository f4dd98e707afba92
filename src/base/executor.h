// SPDX-License-Identifier: Apache-2.0
// Runs background work. Work is steppable: it owns no thread, does a bounded piece per Step() and
// says whether more is waiting. ThreadExecutor runs steps on threads; sim::SimExecutor on one
// seeded thread. Thread-safe.
//
// A Step may write and sync files and run for some milliseconds; long work cuts itself into pieces.
// No two steps of the same task run at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"

namespace tidemark {

struct Progress {
  bool more = false;  // call again at once
  std::optional<MonotonicTime>
      wake_at;  // if !more: call again then at the latest; none: only on Wake()
};

class Steppable {
 public:
  virtual ~Steppable() = default;
  /// An Error ends the task: it is logged once by the executor and Step() is not called again.
  virtual Result<Progress> Step() = 0;
};

using TaskId = StrongId<struct TaskTag, uint64_t>;

/// Which threads run it. Journal and log writers have a thread of their own each, since
/// acknowledgements wait for them; queries never hold up background work, and the reverse.
enum class Lane : uint8_t { kWriter, kBackground, kQuery };

class Executor {
 public:
  virtual ~Executor() = default;

  /// `task` must outlive Remove(). The first step runs soon. `name` shows in logs and metrics.
  virtual TaskId Add(std::string name, Lane lane, Steppable& task) = 0;
  /// Step() runs again at least once after this call. Cheap; callable from any thread and from
  /// steps.
  virtual void Wake(TaskId id) = 0;
  /// Returns when no step of the task runs and none will. Not from inside the task's own step.
  virtual void Remove(TaskId id) = 0;

  /// Runs `work` once on `lane`. kResourceExhausted: `posts_waiting_max` are waiting already (then
  /// `work` was not taken). kUnavailable after Stop().
  virtual Result<void> Post(Lane lane, std::move_only_function<void()> work) = 0;

  /// Refuses new work, finishes what was posted, joins. All tasks must have been removed.
  virtual void Stop() = 0;
};

struct ThreadExecutorOptions {
  int background_threads = 2;
  int query_threads = 2;
  size_t posts_waiting_max = 1024;  // per lane
};

/// Every kWriter task gets its own thread; kBackground tasks share `background_threads`; posts to
/// kQuery run on `query_threads`.
std::unique_ptr<Executor> MakeThreadExecutor(ThreadExecutorOptions options);

}  // namespace tidemark
