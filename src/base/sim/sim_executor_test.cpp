// SPDX-License-Identifier: Apache-2.0
#include "base/sim/sim_executor.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"

namespace tidemark::sim {
namespace {

using namespace std::chrono_literals;

class Stepper final : public Steppable {
 public:
  explicit Stepper(std::move_only_function<Result<Progress>()> step) : step_(std::move(step)) {}
  Result<Progress> Step() override { return step_(); }

 private:
  std::move_only_function<Result<Progress>()> step_;
};

/// Three tasks of ten steps and three posts: the order in which they ran.
std::string Order(uint64_t seed) {
  const SimClock clock;
  SimExecutor executor(clock, seed);
  std::string order;
  std::vector<std::unique_ptr<Stepper>> tasks;
  for (char name = 'a'; name < 'd'; ++name) {
    tasks.push_back(
        std::make_unique<Stepper>([&order, name, left = 10]() mutable -> Result<Progress> {
          order.push_back(name);
          return Progress{.more = --left > 0, .wake_at = {}};
        }));
    executor.Add(std::string(1, name), Lane::kBackground, *tasks.back());
    EXPECT_TRUE(
        executor
            .Post(Lane::kQuery, [&order, name] { order.push_back(static_cast<char>(name - 32)); })
            .ok());
  }
  EXPECT_TRUE(executor.RunUntilIdle());
  EXPECT_EQ(order.size(), 33U);
  return order;
}

TEST(SimExecutor, TheSeedDecidesTheOrder) {
  EXPECT_EQ(Order(1), Order(1));
  EXPECT_NE(Order(1), Order(2));
}

TEST(SimExecutor, WakeAtWaitsForTheClock) {
  SimClock clock;
  SimExecutor executor(clock, 1);
  int steps = 0;
  Stepper task([&]() -> Result<Progress> {
    ++steps;
    return Progress{.wake_at = clock.Monotonic() + 10ms};
  });
  const TaskId id = executor.Add("t", Lane::kBackground, task);
  EXPECT_TRUE(executor.RunUntilIdle());
  EXPECT_EQ(steps, 1);
  ASSERT_TRUE(executor.NextWake().has_value());
  EXPECT_EQ(*executor.NextWake(), MonotonicTime{10'000'000});
  clock.Advance(9ms);
  EXPECT_FALSE(executor.RunOne());
  clock.Advance(1ms);
  EXPECT_TRUE(executor.RunOne());
  EXPECT_FALSE(executor.RunOne());
  EXPECT_EQ(steps, 2);
  executor.Wake(id);
  EXPECT_TRUE(executor.RunOne());
  executor.Remove(id);
  EXPECT_EQ(executor.NextWake(), std::nullopt);
}

TEST(SimExecutor, WakeDuringAStepLeadsToAnother) {
  const SimClock clock;
  SimExecutor executor(clock, 1);
  TaskId id;
  int steps = 0;
  Stepper task([&]() -> Result<Progress> {
    if (++steps == 1) executor.Wake(id);
    return Progress{};
  });
  id = executor.Add("t", Lane::kWriter, task);
  EXPECT_TRUE(executor.RunUntilIdle());
  EXPECT_EQ(steps, 2);
}

TEST(SimExecutor, AnErrorEndsTheTask) {
  const SimClock clock;
  SimExecutor executor(clock, 1);
  Stepper task([]() -> Result<Progress> { return Error{Code::kNoSpace, "full"}; });
  const TaskId id = executor.Add("t", Lane::kWriter, task);
  EXPECT_EQ(executor.TaskError(id), std::nullopt);
  EXPECT_TRUE(executor.RunUntilIdle());
  executor.Wake(id);
  EXPECT_FALSE(executor.RunOne());
  ASSERT_TRUE(executor.TaskError(id).has_value());
  EXPECT_EQ(executor.TaskError(id)->code, Code::kNoSpace);
  executor.Remove(id);
  EXPECT_TRUE(executor.TaskError(id).has_value());
}

TEST(SimExecutor, ALivelockIsReported) {
  const SimClock clock;
  SimExecutor executor(clock, 1);
  Stepper task([]() -> Result<Progress> { return Progress{.more = true, .wake_at = {}}; });
  executor.Add("t", Lane::kWriter, task);
  EXPECT_FALSE(executor.RunUntilIdle(100));
}

TEST(SimExecutor, StopRunsPostsAndRefusesMore) {
  const SimClock clock;
  SimExecutor executor(clock, 1);
  int ran = 0;
  ASSERT_TRUE(executor.Post(Lane::kQuery, [&] { ++ran; }).ok());
  executor.Stop();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(executor.Post(Lane::kQuery, [] {}).error().code, Code::kUnavailable);
}

TEST(SimExecutor, PostsAreBounded) {
  const SimClock clock;
  SimExecutor executor(clock, 1);
  size_t taken = 0;
  while (executor.Post(Lane::kQuery, [] {}).ok()) ++taken;
  EXPECT_EQ(taken, ThreadExecutorOptions{}.posts_waiting_max);
  EXPECT_TRUE(executor.Post(Lane::kBackground, [] {}).ok());
}

}  // namespace
}  // namespace tidemark::sim
