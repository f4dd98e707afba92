// SPDX-License-Identifier: Apache-2.0
// An executor without threads, and a clock that its owner moves: a store and views of their own run
// to rest on the caller's thread, at a time that is not now. For what-if runs. Single-owner.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/executor.h"

namespace tidemark::app {

/// Wall and monotonic time are one; both only move when told.
class ReplayClock final : public Clock {
 public:
  explicit ReplayClock(ArrivalTime now) : now_(now.AsEventTime().ns) {}

  ArrivalTime Now() const override { return {now_ / 1'000'000}; }
  MonotonicTime Monotonic() const override { return MonotonicTime{now_}; }
  /// Never back.
  void MoveTo(MonotonicTime time) { now_ = time.ns > now_ ? time.ns : now_; }

 private:
  int64_t now_;
};

class StepExecutor final : public Executor {
 public:
  /// `clock` must outlive it.
  explicit StepExecutor(const Clock& clock) : clock_(clock) {}

  TaskId Add(std::string name, Lane lane, Steppable& task) override;
  void Wake(TaskId id) override;
  void Remove(TaskId id) override;
  Result<void> Post(Lane lane, std::move_only_function<void()> work) override;
  void Stop() override {}

  /// Until nothing is left to do at this time. The error that ended a task.
  Result<void> RunUntilIdle();
  /// When the next task wants to be stepped.
  std::optional<MonotonicTime> NextWake() const;

 private:
  struct Task {
    Steppable* steppable = nullptr;
    bool runnable = true;
    std::optional<MonotonicTime> wake_at;
  };

  const Clock& clock_;
  std::map<TaskId, Task> tasks_;
  std::deque<std::move_only_function<void()>> posts_;
  uint64_t next_id_ = 1;
};

}  // namespace tidemark::app
