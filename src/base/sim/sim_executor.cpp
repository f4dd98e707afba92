// SPDX-License-Identifier: Apache-2.0
#include "base/sim/sim_executor.h"

#include <exception>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"

namespace tidemark::sim {

using Work = std::move_only_function<void()>;

struct SimExecutor::Impl {
  struct Task {
    std::string name;
    Steppable* steppable;
    bool runnable = true;
    bool running = false;
    std::optional<MonotonicTime> wake_at;
  };
  struct Posted {
    Lane lane;
    Work work;
  };

  Impl(const Clock& c, uint64_t seed) : clock(c), random(seed) {}

  bool Due(const Task& task, MonotonicTime now) const {
    return !task.running && (task.runnable || (task.wake_at && *task.wake_at <= now));
  }

  static Result<Progress> StepGuarded(Steppable& steppable) {
    try {
      return steppable.Step();
    } catch (const std::exception& e) {
      return Error{Code::kInternal, std::string("exception: ") + e.what()};
    }
  }

  void StepTask(TaskId id) {
    Task& task = tasks.at(id);
    task.runnable = false;  // before the step: a Wake() inside leads to another
    task.wake_at.reset();
    task.running = true;
    Result<Progress> result = StepGuarded(*task.steppable);
    // Still there: Remove() of a running task aborts, and the map's nodes stay put.
    task.running = false;
    if (!result.ok()) {
      errors.emplace(id, std::move(result).error());
      tasks.erase(id);
      return;
    }
    if (result->more) task.runnable = true;
    task.wake_at = result->wake_at;
  }

  const Clock& clock;
  SeededRandom random;
  std::map<TaskId, Task> tasks;  // those that failed are gone
  std::map<TaskId, Error> errors;
  std::vector<Posted> posts;
  uint64_t next_id = 1;
  bool stopped = false;
};

SimExecutor::SimExecutor(const Clock& clock, uint64_t seed)
    : impl_(std::make_unique<Impl>(clock, seed)) {}
SimExecutor::~SimExecutor() = default;

TaskId SimExecutor::Add(std::string name, Lane /*lane*/, Steppable& task) {
  TM_CHECK(!impl_->stopped);
  const TaskId id{impl_->next_id++};
  impl_->tasks.emplace(id, Impl::Task{.name = std::move(name), .steppable = &task, .wake_at = {}});
  return id;
}

void SimExecutor::Wake(TaskId id) {
  const auto found = impl_->tasks.find(id);
  if (found != impl_->tasks.end()) found->second.runnable = true;
}

void SimExecutor::Remove(TaskId id) {
  const auto found = impl_->tasks.find(id);
  if (found == impl_->tasks.end()) return;
  TM_CHECK(!found->second.running);
  impl_->tasks.erase(found);
}

Result<void> SimExecutor::Post(Lane lane, Work work) {
  if (lane == Lane::kWriter) {
    return Error{Code::kInvalidArgument, "the writer lane runs tasks, not posted work"};
  }
  if (impl_->stopped) return Error{Code::kUnavailable, "the executor is stopping"};
  size_t waiting = 0;
  for (const Impl::Posted& posted : impl_->posts) waiting += posted.lane == lane ? 1 : 0;
  if (waiting >= ThreadExecutorOptions{}.posts_waiting_max) {
    return Error{Code::kResourceExhausted, "too much work is waiting already"};
  }
  impl_->posts.push_back({lane, std::move(work)});
  return {};
}

void SimExecutor::Stop() {
  TM_CHECK(impl_->tasks.empty());
  impl_->stopped = true;
  while (RunOne()) {
  }
}

bool SimExecutor::RunOne() {
  const MonotonicTime now = impl_->clock.Monotonic();
  std::vector<TaskId> due;
  for (const auto& [id, task] : impl_->tasks) {
    if (impl_->Due(task, now)) due.push_back(id);
  }
  const size_t choices = due.size() + impl_->posts.size();
  if (choices == 0) return false;
  const auto choice = static_cast<size_t>(impl_->random.Below(choices));
  if (choice < due.size()) {
    impl_->StepTask(due[choice]);
    return true;
  }
  // Any of them: several threads may start them in order and still finish in any.
  const auto at = impl_->posts.begin() + static_cast<ptrdiff_t>(choice - due.size());
  Work work = std::move(at->work);
  impl_->posts.erase(at);
  work();
  return true;
}

bool SimExecutor::RunUntilIdle(size_t steps_max) {
  for (size_t i = 0; i < steps_max; ++i) {
    if (!RunOne()) return true;
  }
  return false;
}

std::optional<MonotonicTime> SimExecutor::NextWake() const {
  std::optional<MonotonicTime> next;
  for (const auto& [id, task] : impl_->tasks) {
    if (task.wake_at && (!next || *task.wake_at < *next)) next = task.wake_at;
  }
  return next;
}

std::optional<Error> SimExecutor::TaskError(TaskId id) const {
  const auto found = impl_->errors.find(id);
  if (found == impl_->errors.end()) return std::nullopt;
  return found->second;
}

}  // namespace tidemark::sim
