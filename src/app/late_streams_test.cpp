// SPDX-License-Identifier: Apache-2.0
// A view's refused late points in a real log.
#include "app/late_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/testing/temp_dir.h"
#include "store/testing/model_store.h"

namespace tidemark::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TableId kTable{1};

class LateStreamsTest : public ::testing::Test {
 protected:
  LateStreamsTest() {
    log_ = log::Log::Open({RealFileSystem(), *catalog_, clock_, executor_, metrics_},
                          dir_.File("log"), {})
               .value();
    sink_ = std::make_unique<LateStreams>(*log_, store_);
    views_ = std::make_unique<view::Maintainer>(store_, clock_, metrics_, sink_.get());
    store_.SetTable({.table = kTable, .name = "\"db\".\"t\"", .magnetic_writes = true});
    views_->Attach(executor_);
  }
  ~LateStreamsTest() override {
    views_->Detach();
    views_.reset();
    log_.reset();
  }

  void Create(const std::string& late_stream) {
    view::ViewDefinition d;
    d.id = ViewId{7};
    d.name = "v";
    d.source = d.target = kTable;
    d.source_name = d.target_name = "\"db\".\"t\"";
    d.width = nanoseconds(10);
    d.late = view::LatePolicy::kFreeze;
    d.late_stream = late_stream;
    ASSERT_TRUE(views_->Create(d).ok());
    ASSERT_TRUE(executor_.RunUntilIdle());
  }

  void Add(int64_t t, double value) {
    const store::DimensionView host{"host", "a"};
    const store::SeriesKeyView key{
        .table = kTable, .measure = "cpu", .dimensions = std::span(&host, 1), .owner = {}};
    store::PointView point;
    point.series = std::move(store_.Resolve(std::span(&key, 1))).value().front().series;
    point.time = EventTime{t};
    point.arrival = {++arrivals_};
    point.value = store::ValueView::Double(value);
    store::WriteBatch batch;
    batch.points = std::span(&point, 1);
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    store::SourceProgress clock;
    clock.source = {store::SourceId::Kind::kPipeline, 1};
    clock.table = kTable;
    clock.max_event_time = EventTime{t};
    batch.source_progress = {clock};
    store_.Write(batch, [](const Result<store::WriteReply>& reply) { ASSERT_TRUE(reply.ok()); });
    ASSERT_TRUE(executor_.RunUntilIdle());
  }

  std::vector<std::string> Records(const std::string& stream) {
    std::vector<std::string> out;
    const auto found = log_->Find(stream);
    if (found == nullptr) return out;
    const uint32_t shard = found->definition().shards.front().number;
    const auto batch = found->Read({.shard = shard, .from = log::kFirstOffset}).value();
    for (const log::RecordView& record : batch.records) out.emplace_back(record.data);
    return out;
  }

  sim::SimClock clock_;
  MetricRegistry metrics_;
  sim::SimExecutor executor_{clock_, 1};
  TempDir dir_;
  std::unique_ptr<catalog::Catalog> catalog_ = catalog::Catalog::Open(":memory:", clock_).value();
  std::unique_ptr<log::Log> log_;
  store::ModelStore store_{clock_};
  std::unique_ptr<LateStreams> sink_;
  std::unique_ptr<view::Maintainer> views_;
  int64_t arrivals_ = 0;
};

TEST_F(LateStreamsTest, ARefusedPointIsCopiedWithItsWindow) {
  Create("v-late");
  Add(1, 10);
  Add(25, 0);
  Add(3, 2.5);
  EXPECT_THAT(Records("v-late"),
              ElementsAre("{\"view\":\"v\",\"table\":\"\\\"db\\\".\\\"t\\\"\",\"measure\":\"cpu\","
                          "\"dimensions\":{\"host\":\"a\"},\"type\":\"double\",\"value\":2.5,"
                          "\"time\":3,\"window\":{\"start\":0,\"end\":10},\"watermark\":25,"
                          "\"reason\":\"frozen\"}"));
}

TEST_F(LateStreamsTest, ADeletedStreamIsMadeAgain) {
  Create("v-late");
  ASSERT_TRUE(sink_->Ensure("v-late").ok());
  ASSERT_TRUE(sink_->Ensure("v-late").ok());
  ASSERT_TRUE(log_->DeleteStream("v-late").ok());
  Add(1, 10);
  Add(25, 0);
  Add(3, 2.5);
  EXPECT_EQ(Records("v-late").size(), 1U);
}

TEST_F(LateStreamsTest, WithoutAStreamThePointsAreOnlyCounted) {
  Create("");
  Add(1, 10);
  Add(25, 0);
  Add(3, 2.5);
  EXPECT_THAT(log_->List(), IsEmpty());
  EXPECT_EQ(views_->Status("v")->frozen_total, 1U);
}

}  // namespace
}  // namespace tidemark::app
