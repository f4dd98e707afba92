// SPDX-License-Identifier: Apache-2.0
// The executor of deterministic tests: no threads; RunUntilIdle() steps the runnable tasks and
// posted work in an order drawn from the seed. Tasks with a wake_at become runnable when the test
// has moved the clock there. Single-owner.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/executor.h"

namespace tidemark::sim {

class SimExecutor final : public Executor {
 public:
  SimExecutor(const Clock& clock, uint64_t seed);
  ~SimExecutor() override;

  TaskId Add(std::string name, Lane lane, Steppable& task) override;
  void Wake(TaskId id) override;
  void Remove(TaskId id) override;
  Result<void> Post(Lane lane, std::move_only_function<void()> work) override;
  void Stop() override;

  /// One step of one runnable task or one posted work, chosen by the seed. False: nothing is
  /// runnable.
  bool RunOne();
  /// Until nothing is runnable; false when `steps_max` were not enough (a livelock: fail the test).
  bool RunUntilIdle(size_t steps_max = 1'000'000);
  /// The next wake_at of a waiting task, for tests that jump the clock there.
  std::optional<MonotonicTime> NextWake() const;
  /// The error that ended a task, if one did.
  std::optional<Error> TaskError(TaskId id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::sim
