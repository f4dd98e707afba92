// SPDX-License-Identifier: Apache-2.0
#include "app/step_executor.h"

#include <algorithm>

namespace tidemark::app {

TaskId StepExecutor::Add(std::string /*name*/, Lane /*lane*/, Steppable& task) {
  const TaskId id{next_id_++};
  tasks_.emplace(id, Task{.steppable = &task, .runnable = true, .wake_at = std::nullopt});
  return id;
}

void StepExecutor::Wake(TaskId id) {
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) found->second.runnable = true;
}

void StepExecutor::Remove(TaskId id) { tasks_.erase(id); }

Result<void> StepExecutor::Post(Lane /*lane*/, std::move_only_function<void()> work) {
  posts_.push_back(std::move(work));
  return {};
}

Result<void> StepExecutor::RunUntilIdle() {
  for (bool any = true; any;) {
    any = false;
    while (!posts_.empty()) {
      auto work = std::move(posts_.front());
      posts_.pop_front();
      work();
      any = true;
    }
    // A step may wake other tasks; none is added or removed by one.
    for (auto& [id, task] : tasks_) {
      const bool due = task.wake_at && *task.wake_at <= clock_.Monotonic();
      if (!task.runnable && !due) continue;
      any = true;
      task.runnable = false;
      task.wake_at.reset();
      TM_ASSIGN_OR_RETURN(const Progress progress, task.steppable->Step());
      task.runnable = task.runnable || progress.more;
      task.wake_at = progress.wake_at;
    }
  }
  return {};
}

std::optional<MonotonicTime> StepExecutor::NextWake() const {
  std::optional<MonotonicTime> next;
  for (const auto& [id, task] : tasks_) {
    if (task.wake_at) next = std::min(next.value_or(*task.wake_at), *task.wake_at);
  }
  return next;
}

}  // namespace tidemark::app
