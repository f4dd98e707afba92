// SPDX-License-Identifier: Apache-2.0
// One pipeline over a log in memory and the model store. Single-owner.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "pipeline/pipeline.h"
#include "pipeline/testing/fake_source.h"
#include "store/testing/model_store.h"
#include "store/testing/unjudging_store.h"

namespace tidemark::pipeline::testing {

/// A pipeline over a log in memory and the model store. Restart() is a crash: only what the store
/// and the logs hold is left.
class TestPipeline {
 public:
  static constexpr TableId kTable{1};
  static constexpr store::SourceId kSource{store::SourceId::Kind::kPipeline, 7};

  explicit TestPipeline(uint32_t partitions = 1) : store(clock) {
    store.SetTable({.table = kTable, .name = "\"db\".\"t\""});
    for (uint32_t p = 0; p < partitions; ++p) log->partitions[p];
    definition.id = PipelineId{7};
    definition.name = "ec2";
    definition.idle_timeout = seconds(15);
    definition.mapping = {.format = "json",
                          .measure_name = "MeasureName",
                          .measure_value = "MeasureValue",
                          .measure_type = "MeasureValueType",
                          .time = "Time",
                          .time_unit = "TimeUnit",
                          .dimensions = {"*"}};
  }
  ~TestPipeline() {
    Stop();
    executor.Stop();
  }

  void Start(StartFrom from = {}) {
    PipelineOptions options;
    options.from = std::move(from);
    options.breaker = breaker;
    options.drift_max = drift;
    options.orders = orders;
    pipeline =
        Pipeline::Open(definition, kTable, hours(24 * 365), std::make_unique<FakeSource>(log),
                       std::make_unique<FakeDeadSink>(dead), front, clock, metrics, options)
            .value();
    pipeline->Attach(executor);
  }
  void Stop() {
    if (pipeline) pipeline->Detach();
    pipeline.reset();
    dead->Crash();
  }
  void Run() { EXPECT_TRUE(executor.RunUntilIdle()); }

  void Put(uint32_t partition, std::string_view measure, double value, EventTime time) {
    log->Append(partition,
                R"({"MeasureName":")" + std::string(measure) + R"(","MeasureValue":")" +
                    std::to_string(value) + R"(","Time":")" + std::to_string(time.ns / 1'000'000) +
                    R"(","host":"a"})",
                clock.Now());
  }
  EventTime Now() const { return clock.Now().AsEventTime(); }

  std::vector<std::string> Points() {
    auto cursor = store.Scan({.selection = {.table = kTable}}).value();
    store::SliceBuffer buffer;
    store::Slice slice;
    std::vector<std::string> out;
    while (cursor->Next(buffer, slice).value()) {
      for (size_t i = 0; i < slice.times.size(); ++i) {
        out.push_back(slice.series->measure + " " + std::to_string(slice.columns[0].doubles[i]));
      }
    }
    return out;
  }
  store::SourceProgress Progress(uint32_t partition) {
    for (auto& progress : store.ProgressOf(kSource)) {
      if (progress.partition == partition) return progress;
    }
    return {};
  }

  sim::SimClock clock;
  sim::SimExecutor executor{clock, 1};
  MetricRegistry metrics;
  store::ModelStore store;
  store::UnjudgingStore front{std::shared_ptr<store::Store>(std::shared_ptr<void>(), &store)};
  std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>();
  std::shared_ptr<FakeDeadLog> dead = std::make_shared<FakeDeadLog>();
  catalog::PipelineDef definition;
  PipelineOptions::Breaker breaker = PipelineOptions::Breaker::kReset;
  nanoseconds drift{0};
  OrderBook* orders = nullptr;
  std::unique_ptr<Pipeline> pipeline;
};

}  // namespace tidemark::pipeline::testing
