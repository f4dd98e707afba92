// SPDX-License-Identifier: Apache-2.0
#include "base/executor.h"

#include <atomic>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/testing/semaphore.h"

namespace tidemark {
namespace {

using namespace std::chrono_literals;

/// A task whose step is a function.
class Stepper final : public Steppable {
 public:
  explicit Stepper(std::move_only_function<Result<Progress>()> step) : step_(std::move(step)) {}
  Result<Progress> Step() override { return step_(); }

 private:
  std::move_only_function<Result<Progress>()> step_;
};

class ThreadExecutorTest : public ::testing::TestWithParam<Lane> {
 protected:
  std::unique_ptr<Executor> executor_ = MakeThreadExecutor({});
};

INSTANTIATE_TEST_SUITE_P(Lanes, ThreadExecutorTest,
                         ::testing::Values(Lane::kWriter, Lane::kBackground, Lane::kQuery),
                         [](const auto& lane) {
                           return lane.param == Lane::kWriter       ? "Writer"
                                  : lane.param == Lane::kBackground ? "Background"
                                                                    : "Query";
                         });

TEST_P(ThreadExecutorTest, FirstStepNeedsNoWakeAndMoreStepsAgain) {
  TestSemaphore done;
  int steps = 0;
  Stepper task([&]() -> Result<Progress> {
    if (++steps < 100) return Progress{.more = true, .wake_at = {}};
    done.Release();
    return Progress{};
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  done.Acquire();
  executor_->Remove(id);
  EXPECT_EQ(steps, 100);
}

TEST_P(ThreadExecutorTest, WakeDuringAStepLeadsToAnother) {
  TestSemaphore stepping;
  TestSemaphore go_on;
  TestSemaphore second;
  int steps = 0;
  Stepper task([&]() -> Result<Progress> {
    if (++steps == 1) {
      stepping.Release();
      go_on.Acquire();
    } else {
      second.Release();
    }
    return Progress{};
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  stepping.Acquire();
  executor_->Wake(id);
  go_on.Release();
  second.Acquire();
  executor_->Remove(id);
  EXPECT_EQ(steps, 2);
}

TEST_P(ThreadExecutorTest, EveryWakeIsSeenByALaterStep) {
  std::atomic<int> wanted{0};
  std::atomic<int> seen{0};
  TestSemaphore moved;
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  Stepper task([&]() -> Result<Progress> {
    if (inside.fetch_add(1) != 0) overlapped = true;
    seen = wanted.load();
    inside.fetch_sub(1);
    moved.Release();
    return Progress{};
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  for (int i = 1; i <= 2000; ++i) {
    wanted = i;
    executor_->Wake(id);
    while (seen != i) moved.Acquire();
  }
  executor_->Remove(id);
  EXPECT_FALSE(overlapped);
}

TEST_P(ThreadExecutorTest, WakeAtStepsAgainWithoutAWake) {
  const SystemClock clock;
  TestSemaphore done;
  std::vector<MonotonicTime> due;
  bool early = false;
  Stepper task([&]() -> Result<Progress> {
    if (!due.empty() && clock.Monotonic() < due.back()) early = true;
    if (due.size() == 5) {
      done.Release();
      return Progress{};
    }
    due.push_back(clock.Monotonic() + 1ms);
    return Progress{.wake_at = due.back()};
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  done.Acquire();
  executor_->Remove(id);
  EXPECT_FALSE(early);
}

TEST_P(ThreadExecutorTest, WakeComesBeforeAFarWakeAt) {
  const SystemClock clock;
  TestSemaphore steps;
  Stepper task([&]() -> Result<Progress> {
    steps.Release();
    return Progress{.wake_at = clock.Monotonic() + hours(1000)};
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  steps.Acquire();
  executor_->Wake(id);
  steps.Acquire();
  executor_->Remove(id);
}

TEST_P(ThreadExecutorTest, RemoveWaitsForTheRunningStep) {
  TestSemaphore stepping;
  TestSemaphore go_on;
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  Stepper task([&]() -> Result<Progress> {
    if (++begun == 1) {
      stepping.Release();
      go_on.Acquire();
    }
    ++ended;
    return Progress{.more = true, .wake_at = {}};  // may step any number of times before Remove()
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  stepping.Acquire();
  auto other = MakeThreadExecutor({.background_threads = 1});
  ASSERT_TRUE(other->Post(Lane::kBackground, [&] { go_on.Release(); }).ok());
  executor_->Remove(id);
  EXPECT_GE(ended, 1);
  EXPECT_EQ(ended, begun);
  executor_->Wake(id);
  other->Stop();
}

TEST_P(ThreadExecutorTest, AnErrorEndsTheTaskAndIsLoggedOnce) {
  testing::internal::CaptureStderr();
  TestSemaphore stepped;
  int steps = 0;
  Stepper task([&]() -> Result<Progress> {
    ++steps;
    stepped.Release();
    if (steps == 1) throw std::runtime_error("boom");
    return Progress{.more = true, .wake_at = {}};
  });
  const TaskId id = executor_->Add("t", GetParam(), task);
  stepped.Acquire();
  executor_->Wake(id);
  executor_->Remove(id);
  EXPECT_EQ(steps, 1);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("boom"), std::string::npos) << log;
  EXPECT_EQ(log.find('\n'), log.size() - 1) << log;
}

TEST(ThreadExecutor, StopDrainsWhatWasPostedAndRefusesMore) {
  auto executor = MakeThreadExecutor({});
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(executor->Post(Lane::kQuery, [&] { ++ran; }).ok());
    ASSERT_TRUE(executor->Post(Lane::kBackground, [&] { ++ran; }).ok());
  }
  executor->Stop();
  EXPECT_EQ(ran, 200);
  EXPECT_EQ(executor->Post(Lane::kQuery, [] {}).error().code, Code::kUnavailable);
  EXPECT_EQ(executor->Post(Lane::kWriter, [] {}).error().code, Code::kInvalidArgument);
}

TEST(ThreadExecutor, PostsAreBoundedPerLane) {
  auto executor = MakeThreadExecutor({.query_threads = 1, .posts_waiting_max = 2});
  TestSemaphore running;
  TestSemaphore go_on;
  std::atomic<int> ran{0};
  ASSERT_TRUE(executor
                  ->Post(Lane::kQuery,
                         [&] {
                           running.Release();
                           go_on.Acquire();
                         })
                  .ok());
  running.Acquire();
  EXPECT_TRUE(executor->Post(Lane::kQuery, [&] { ++ran; }).ok());
  EXPECT_TRUE(executor->Post(Lane::kQuery, [&] { ++ran; }).ok());
  EXPECT_EQ(executor->Post(Lane::kQuery, [&] { ++ran; }).error().code, Code::kResourceExhausted);
  EXPECT_TRUE(executor->Post(Lane::kBackground, [&] { ++ran; }).ok());
  go_on.Release();
  executor->Stop();
  EXPECT_EQ(ran, 3);
}

TEST(ThreadExecutor, PostedWorkThatThrowsLeavesTheThreadAlive) {
  testing::internal::CaptureStderr();
  auto executor = MakeThreadExecutor({.background_threads = 1});
  std::atomic<bool> ran{false};
  ASSERT_TRUE(executor->Post(Lane::kBackground, [] { throw std::runtime_error("boom"); }).ok());
  ASSERT_TRUE(executor->Post(Lane::kBackground, [&] { ran = true; }).ok());
  executor->Stop();
  EXPECT_TRUE(ran);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("boom"), std::string::npos);
}

TEST(ThreadExecutor, ABusyTaskStarvesNeitherOthersNorPosts) {
  auto executor = MakeThreadExecutor({.background_threads = 1});
  std::atomic<bool> stop{false};
  Stepper busy([&]() -> Result<Progress> { return Progress{.more = !stop, .wake_at = {}}; });
  const TaskId busy_id = executor->Add("busy", Lane::kBackground, busy);
  TestSemaphore posted;
  TestSemaphore stepped;
  Stepper other([&]() -> Result<Progress> {
    stepped.Release();
    return Progress{};
  });
  ASSERT_TRUE(executor->Post(Lane::kBackground, [&] { posted.Release(); }).ok());
  const TaskId other_id = executor->Add("other", Lane::kBackground, other);
  posted.Acquire();
  stepped.Acquire();
  stop = true;
  executor->Remove(busy_id);
  executor->Remove(other_id);
}

TEST(ThreadExecutor, ManyTasksWakeEachOther) {
  auto executor = MakeThreadExecutor({.background_threads = 3});
  constexpr size_t kTasks = 8;
  constexpr int kHops = 5000;
  std::atomic<int> hops{0};
  TestSemaphore done;
  std::atomic<bool> ready{false};
  std::vector<TaskId> ids(kTasks);
  std::vector<std::unique_ptr<Stepper>> tasks;
  for (size_t i = 0; i < kTasks; ++i) {
    tasks.push_back(std::make_unique<Stepper>([&, i]() -> Result<Progress> {
      if (!ready) return Progress{};
      const int hop = ++hops;
      if (hop < kHops) executor->Wake(ids[(i + 1) % kTasks]);
      if (hop == kHops) done.Release();
      return Progress{};
    }));
  }
  for (size_t i = 0; i < kTasks; ++i) {
    ids[i] = executor->Add("t", i % 2 == 0 ? Lane::kBackground : Lane::kWriter, *tasks[i]);
  }
  ready = true;
  executor->Wake(ids[0]);
  done.Acquire();
  for (const TaskId id : ids) executor->Remove(id);
  EXPECT_GE(hops, kHops);
}

}  // namespace
}  // namespace tidemark
