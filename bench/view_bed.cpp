// SPDX-License-Identifier: Apache-2.0
#include "view_bed.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/check.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/units.h"

namespace tidemark {
namespace {

/// Before the first TempDir.
bool UseMemoryDisk() {
  std::error_code ignored;
  if (std::filesystem::is_directory("/dev/shm", ignored)) (void)::setenv("TMPDIR", "/dev/shm", 0);
  InitLogging(LogLevel::kError, LogFormat::kJson);
  return true;
}
const bool kMemoryDisk = UseMemoryDisk();

class NoDeadLetters final : public pipeline::DeadLetterSink {
 public:
  Result<void> Recover(const std::string&) override { return {}; }
  void Append(std::vector<pipeline::DeadRecord>, Completion<std::string>) override {
    TM_CHECK(false);
  }
};

store::EmbeddedStoreOptions StoreOptions(const std::string& dir) {
  store::EmbeddedStoreOptions options;
  options.dir = dir;
  options.memory_bytes_max = 12_GiB;
  options.seal_bytes = 11_GiB;  // views alone: nothing is sealed meanwhile
  options.seal_journal_bytes = 64_GiB;
  options.seal_after = minutes(60 * 24 * 365);
  return options;
}

}  // namespace

ViewBed::ViewBed(ArrivalTime now)
    : clock_(now),
      executor_(clock_, 1),
      store_(store::EmbeddedStore::Open(StoreOptions(dir_.path()), RealFileSystem(), clock_,
                                        executor_, metrics_)
                 .value()) {
  for (const auto& [id, name] : {std::pair(kTable, "points"), std::pair(kRows, "rows")}) {
    store_->SetTable({.table = id,
                      .name = std::string("\"bench\".\"") + name + "\"",
                      .memory_retention = std::chrono::hours(24 * 365),
                      .magnetic_writes = true});
  }
  views_ = std::make_unique<view::Maintainer>(*store_, clock_, metrics_, nullptr);
  views_->Attach(executor_);
}

ViewBed::~ViewBed() {
  Run();
  if (pipeline_ != nullptr) pipeline_->Detach();
  pipeline_.reset();
  views_->Detach();
  views_.reset();
  store_.reset();
  executor_.Stop();
}

view::ViewDefinition ViewBed::Definition() {
  view::ViewDefinition d;
  d.id = ViewId{1};
  d.name = "mean";
  d.source = kTable;
  d.target = kRows;
  d.output = "avg_{measure}";
  d.allowed_lateness = hours(24);  // late windows wait for no budget
  return d;
}

void ViewBed::Create(const view::ViewDefinition& definition) {
  const auto created = views_->Create(definition);
  TM_CHECK(created.ok());
  Run();
}

void ViewBed::Feed(size_t events_per_step, LoadSource::Make make,
                   std::vector<std::string> dimensions) {
  catalog::PipelineDef definition;
  definition.id = PipelineId{7};
  definition.name = "ec2";
  definition.idle_timeout = hours(24 * 365);
  definition.mapping = {.format = "json",
                        .measure_name = "MeasureName",
                        .measure_value = "MeasureValue",
                        .measure_type = "MeasureValueType",
                        .time = "Time",
                        .time_unit = "TimeUnit",
                        .dimensions = std::move(dimensions)};
  auto source = std::make_unique<LoadSource>(events_per_step, std::move(make));
  source_ = source.get();
  pipeline_ =
      pipeline::Pipeline::Open(definition, kTable, hours(24 * 365), std::move(source),
                               std::make_unique<NoDeadLetters>(), *store_, clock_, metrics_, {})
          .value();
  pipeline_->Attach(executor_);
  Run();
}

void ViewBed::MakeSeries(size_t count) {
  for (size_t i = series_.size(); i < count; ++i) {
    const std::string host = "host-" + std::to_string(i);
    const store::DimensionView dimension{"host", host};
    const store::SeriesKeyView key{
        .table = kTable, .measure = "cpu", .dimensions = std::span(&dimension, 1), .owner = {}};
    series_.push_back(store_->Resolve(std::span(&key, 1)).value().front().series);
  }
}

void ViewBed::Put(std::span<const uint32_t> series, EventTime time, double value) {
  constexpr size_t kBatch = 4096;
  std::vector<store::PointView> points;
  for (size_t at = 0; at < series.size(); at += kBatch) {
    points.clear();
    for (const uint32_t s : series.subspan(at, std::min(kBatch, series.size() - at))) {
      points.push_back({.series = series_[s],
                        .time = time,
                        .arrival = clock_.Now(),
                        .value = store::ValueView::Double(value)});
    }
    store::WriteBatch batch;
    batch.points = points;
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    store_->Write(batch, [](const Result<store::WriteReply>& reply) {
      TM_CHECK(reply.ok() && reply->rejections.empty());
    });
    Run();
  }
}

void ViewBed::MoveClock(EventTime time) {
  store::WriteBatch batch;
  batch.source_progress = {{.source = {store::SourceId::Kind::kPipeline, 7},
                            .table = kTable,
                            .position = "0",
                            .max_event_time = time}};
  store_->Write(batch, [](const Result<store::WriteReply>& reply) { TM_CHECK(reply.ok()); });
}

void ViewBed::Run() { TM_CHECK(executor_.RunUntilIdle(100'000'000)); }

nanoseconds ViewBed::Step(int64_t step, EventTime now) {
  const nanoseconds ahead = now - clock_.Now().AsEventTime();
  if (ahead > nanoseconds(0)) clock_.Advance(ahead);
  const nanoseconds made = source_->spent();
  const nanoseconds begin = ThreadCpu();
  source_->Offer(step, clock_.Now());
  Run();
  return ThreadCpu() - begin - (source_->spent() - made);
}

uint64_t ViewBed::CounterOf(const std::string& name, const std::string& view) {
  return metrics_.GetCounter(name, "", {{"view", view}}).value();
}

}  // namespace tidemark
