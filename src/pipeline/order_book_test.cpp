// SPDX-License-Identifier: Apache-2.0
#include "pipeline/order_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "pipeline/positions_internal.h"
#include "pipeline/testing/test_pipeline.h"

namespace tidemark::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestPipeline;

constexpr store::SourceId kPipeline{store::SourceId::Kind::kPipeline, 7};
constexpr store::SourceId kDirect{store::SourceId::Kind::kDirect, 0};

/// A book on a simulated disk, and the next process's.
class OrderBookTest : public ::testing::Test {
 protected:
  OrderBookTest() {
    EXPECT_TRUE(fs_.CreateDirs("/data").ok());
    Restart();
  }
  ~OrderBookTest() override {
    book_->Detach();
    executor_.Stop();
  }
  void Restart() {
    book_ = std::make_unique<OrderBook>(fs_, "/data/lateness", clock_);
    book_->Load();
  }
  /// "source.partition name: in order + behind, longest", of table 1.
  std::vector<std::string> Told() {
    std::vector<std::string> out;
    for (const auto& one : book_->Into(TableId(1))) {
      out.push_back(
          std::to_string(one.key.source.id) + "." + std::to_string(one.key.partition) + " " +
          one.name + ": " + std::to_string(one.sketch.count() - one.sketch.behind()) + "+" +
          std::to_string(one.sketch.behind()) + ", " + std::to_string(one.sketch.max().count()));
    }
    return out;
  }
  static OrderSketch Sketch(uint64_t in_order, std::initializer_list<int64_t> behind) {
    OrderSketch out;
    out.AddInOrder(in_order);
    for (const int64_t ns : behind) out.Add(nanoseconds(ns));
    return out;
  }

  sim::SimClock clock_;
  sim::SimExecutor executor_{clock_, 1};
  sim::SimFileSystem fs_{1};
  std::unique_ptr<OrderBook> book_;
};

TEST_F(OrderBookTest, IsThereAfterARestart) {
  book_->Of({kPipeline, TableId(1), 0}, "shard-0")->Add(Sketch(10, {5, 7'000'000'000}), 11);
  book_->Of({kPipeline, TableId(1), 1}, "shard-1")->Add(Sketch(3, {}), std::nullopt);
  book_->Of({kDirect, TableId(1), 0}, "0")->Add(Sketch(1, {1}), std::nullopt);
  book_->Of({kDirect, TableId(2), 0}, "0")->Add(Sketch(1, {1}), std::nullopt);
  const auto told = Told();
  EXPECT_THAT(told,
              ElementsAre("7.0 shard-0: 10+2, 7000000000", "7.1 shard-1: 3+0, 0", "0.0 0: 1+1, 1"));
  ASSERT_TRUE(book_->Save().ok());
  Restart();
  EXPECT_EQ(Told(), told);
  EXPECT_EQ(book_->Of({kPipeline, TableId(1), 0}, "shard-0")->counted_to(), 11U);
  EXPECT_EQ(book_->Of({kPipeline, TableId(1), 1}, "shard-1")->counted_to(), std::nullopt);
}

TEST_F(OrderBookTest, SavesByItselfAndAtTheEnd) {
  book_->Attach(executor_);
  ASSERT_TRUE(executor_.RunUntilIdle());
  EXPECT_FALSE(fs_.Exists("/data/lateness").value()) << "nothing to save";
  const auto tally = book_->Of({kPipeline, TableId(1), 0}, "s");
  tally->Add(Sketch(1, {}), 0);
  clock_.Advance(OrderBook::kSaveEvery);
  ASSERT_TRUE(executor_.RunUntilIdle());
  tally->Add(Sketch(1, {}), 1);
  {
    // Killed here: what came since is not counted, and neither twice.
    OrderBook killed(fs_, "/data/lateness", clock_);
    killed.Load();
    EXPECT_EQ(killed.Of({kPipeline, TableId(1), 0}, "s")->counted_to(), 0U);
  }
  book_->Detach();
  Restart();
  EXPECT_THAT(Told(), ElementsAre("7.0 s: 2+0, 0"));
}

TEST_F(OrderBookTest, WhatWasForgottenStaysSo) {
  book_->Of({kPipeline, TableId(1), 0}, "s")->Add(Sketch(1, {}), 0);
  ASSERT_TRUE(book_->Save().ok());
  book_->Forget([](const OrderKey& key) { return key.source == kPipeline; });
  ASSERT_TRUE(book_->Save().ok());
  Restart();
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(OrderBookTest, AFullDiskLosesNothingThatIsKept) {
  book_->Of({kPipeline, TableId(1), 0}, "s")->Add(Sketch(1, {}), 0);
  fs_.SetFaults({.fail_nth_call = 1, .fail_all_after = true});
  EXPECT_FALSE(book_->Save().ok());
  fs_.SetFaults({});
  ASSERT_TRUE(book_->Save().ok()) << "it is still to be written";
  Restart();
  EXPECT_THAT(Told(), ElementsAre("7.0 s: 1+0, 0"));
}

// Nothing of a damaged file counts, and no byte of it does harm.
TEST_F(OrderBookTest, ADamagedFileBeginsAnew) {
  book_->Of({kPipeline, TableId(1), 0}, "s")->Add(Sketch(9, {40, 1'000}), 0);
  ASSERT_TRUE(book_->Save().ok());
  const std::string whole = fs_.ReadFile("/data/lateness", 1000).value();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    ASSERT_TRUE(WriteFileAtomically(fs_, "/data/lateness", damaged).ok());
    Restart();
    EXPECT_THAT(Told(), IsEmpty()) << at;
    ASSERT_TRUE(WriteFileAtomically(fs_, "/data/lateness", whole.substr(0, at)).ok());
    Restart();
    EXPECT_THAT(Told(), IsEmpty()) << at;
  }
}

/// What a pipeline tells: points, and how many of them were behind.
std::pair<uint64_t, uint64_t> Counted(const OrderBook& book) {
  OrderSketch all;
  for (const auto& one : book.Into(TestPipeline::kTable)) all.Merge(one.sketch);
  return {all.count(), all.behind()};
}

TEST(PipelineOrder, RecordsReadAgainAfterACrashCountOnce) {
  TestPipeline t;
  OrderBook book(RealFileSystem(), "", t.clock);
  t.orders = &book;
  const EventTime time = t.Now();
  t.Put(0, "cpu", 1, time);
  t.Put(0, "cpu", 2, time - seconds(5));
  t.Put(0, "cpu", 3, time + seconds(1));
  t.Start();
  t.Run();
  EXPECT_EQ(Counted(book), std::pair(uint64_t{3}, uint64_t{1}));
  t.Stop();
  // The book is ahead of the journal: the write of the last batch was lost.
  auto behind = t.Progress(0);
  behind.position = EncodePosition({});
  t.Put(0, "cpu", 4, time - seconds(9));
  store::WriteBatch back;
  back.time_check = store::WriteBatch::TimeCheck::kNone;
  back.source_progress.push_back(behind);
  t.store.Write(back, [](const Result<store::WriteReply>& reply) { EXPECT_TRUE(reply.ok()); });
  t.Start();
  t.Run();
  EXPECT_EQ(t.pipeline->Status().records_total, 4U) << "all were read again";
  EXPECT_EQ(Counted(book), std::pair(uint64_t{4}, uint64_t{2}));
}

TEST(PipelineOrder, ARunFromEarlierPositionsDoesNotCount) {
  TestPipeline t;
  OrderBook book(RealFileSystem(), "", t.clock);
  t.orders = &book;
  for (int i = 0; i < 3; ++i) t.Put(0, "cpu", i, t.Now() + seconds(i));
  t.Start();
  t.Run();
  t.Stop();
  StartFrom oldest;
  oldest.kind = StartFrom::Kind::kTrimHorizon;
  t.Start(oldest);
  t.Run();
  EXPECT_EQ(t.pipeline->Status().replayed_total, 3U);
  EXPECT_EQ(Counted(book), std::pair(uint64_t{3}, uint64_t{0}));
}

}  // namespace
}  // namespace tidemark::pipeline
