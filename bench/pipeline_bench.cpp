// SPDX-License-Identifier: Apache-2.0
// One million EC2 records that are already in the log -> decoded -> embedded store -> five-minute
// averages, 20,000 series, a record every 10 s, 5 % of them 75 s late. Events per CPU second, in
// the order of a producer (the measures of a host in a row) and shuffled (all records of a step in
// random order). Baseline: parsing the same bytes with simdjson's DOM, and nothing else.
//
// All parts run on one thread (the simulated executor), so CPU time is the work. Files are real
// ones in memory (/dev/shm, unless TMPDIR says otherwise): a sync costs no time that others decide.
#include <simdjson.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>

#include <benchmark/benchmark.h>

#include "api/timestream/tables.h"
#include "app/fleet.h"
#include "base/logging.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/testing/temp_dir.h"
#include "base/units.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "pipeline/manager.h"
#include "store/embedded_store.h"
#include "view/maintainer.h"

namespace tidemark {
namespace {

constexpr int64_t kStart_s = 1'767'225'600;  // 2026-01-01, a five-minute mark
constexpr int64_t kStep_s = 10;
constexpr int64_t kLate_s = 75;
constexpr double kLatePercent = 5;
constexpr size_t kSeries = 20'000;

size_t RecordCount() {
  const char* text = std::getenv("TM_BENCH_RECORDS");  // fewer, for callgrind
  return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

enum class Order : uint8_t { kProducer, kShuffled };

struct SourceRecordText {
  std::string key;
  std::string data;
};

/// Before the first TempDir.
bool UseMemoryDisk() {
  std::error_code ignored;
  if (std::filesystem::is_directory("/dev/shm", ignored)) (void)::setenv("TMPDIR", "/dev/shm", 0);
  return true;
}
const bool kMemoryDisk = UseMemoryDisk();

/// The records in the order in which they are put.
template <typename Take>
void Generate(Order order, Take take) {
  // 20 measures a host and 5 for each of the processes of a silo.
  app::FleetOptions options;
  for (options.hosts_max = kSeries / 28; app::Fleet(options).records_per_step() < kSeries;) {
    options.hosts_max += 5;
  }
  const app::Fleet fleet(options);
  SeededRandom random(1);
  const size_t steps = RecordCount() / fleet.records_per_step();
  for (size_t step = 0; step < steps; ++step) {
    const int64_t now_s = kStart_s + static_cast<int64_t>(step) * kStep_s;
    std::vector<SourceRecordText> records;
    for (const app::Host& host : fleet.hosts()) {
      const bool late = fleet.IsLate(host, now_s, kLatePercent);
      std::vector<std::string> texts;
      fleet.AppendRecords(host, late ? now_s - kLate_s : now_s,
                          late ? app::Fleet::Sent::kLate : app::Fleet::Sent::kOnTime, texts);
      const std::string key = std::string(app::DimensionOf(host.dimensions, "instance_name")) +
                              "/" + std::string(app::DimensionOf(host.dimensions, "silo"));
      for (std::string& text : texts) records.push_back({key, std::move(text)});
    }
    if (order == Order::kShuffled) {
      for (size_t i = records.size(); i > 1; --i) {
        std::swap(records[i - 1], records[random.Below(i)]);
      }
    }
    take(records);
  }
}

/// A log that holds the records, made once per order.
class Bed {
 public:
  static Bed& Of(Order order) {
    static std::map<Order, std::unique_ptr<Bed>> beds;
    auto& bed = beds[order];
    if (bed == nullptr) bed = std::make_unique<Bed>(order);
    return *bed;
  }

  explicit Bed(Order order)
      : clock_({(kStart_s + 3600) * 1000}),
        catalog_(catalog::Catalog::Open(":memory:", clock_).value()),
        executor_(clock_, 1) {
    InitLogging(LogLevel::kError, LogFormat::kJson);
    log_ = log::Log::Open({RealFileSystem(), *catalog_, clock_, executor_, metrics_},
                          dir_.File("log"), {})
               .value();
    const auto stream = log_->CreateStream({.name = "events", .shards = 4}).value();
    Generate(order, [&](const std::vector<SourceRecordText>& records) {
      for (size_t at = 0; at < records.size(); at += 500) {
        log::PutBatch batch = stream->NewBatch();
        for (size_t i = at; i < std::min(at + 500, records.size()); ++i) {
          TM_CHECK(batch.Add({records[i].key, records[i].data, std::nullopt}).ok());
          bytes_ += records[i].data.size();
          ++records_;
        }
        stream->Append(std::move(batch), [](const Result<std::vector<log::PutResult>>& reply) {
          TM_CHECK(reply.ok());
        });
      }
      TM_CHECK(executor_.RunUntilIdle());
    });
    TM_CHECK(catalog_->CreateDatabase({.name = "bench"}).ok());
    table_ = catalog_
                 ->CreateTable({.database_name = "bench",
                                .name = "table",
                                .magnetic_retention_days = 1,
                                .magnetic_writes_enabled = true})
                 .value();
    catalog::PipelineDef pipeline;
    pipeline.name = "ec2";
    pipeline.stream = "events";
    pipeline.database = "bench";
    pipeline.table = "table";
    pipeline.idle_timeout = seconds(1);
    pipeline.mapping = {"json", "MeasureName", "MeasureValue", "MeasureValueType",
                        "Time", "TimeUnit",    {"*"}};
    TM_CHECK(catalog_->CreatePipeline(pipeline).ok());
    TM_CHECK(log_->CreateStream({.name = pipeline::DeadLetterStreamOf("ec2")}).ok());
    Run(nullptr);  // checks, and warms the page cache
  }
  ~Bed() { TM_CHECK(log_->Close().ok()); }

  uint64_t records() const { return records_; }
  uint64_t bytes() const { return bytes_; }

  /// From nothing to every window published. `bench`: its timer runs while the parts work.
  void Run(benchmark::State* bench) {
    if (bench != nullptr) bench->PauseTiming();
    const TempDir dir;
    MetricRegistry metrics;
    store::EmbeddedStoreOptions options;
    options.dir = dir.path();
    options.memory_bytes_max = 4_GiB;
    auto store =
        store::EmbeddedStore::Open(options, RealFileSystem(), clock_, executor_, metrics).value();
    timestream::TableAdmin tables(*catalog_, *store);
    tables.LoadTables();
    view::Maintainer views(*store, clock_, metrics, nullptr);
    TM_CHECK(views.Create(Average()).ok());
    views.Attach(executor_);
    pipeline::OrderBook orders(RealFileSystem(), "", clock_);
    pipeline::Manager pipelines({*catalog_, *log_, *store, clock_, executor_, metrics, orders}, {});
    TM_CHECK(pipelines.Restore().ok());
    if (bench != nullptr) bench->ResumeTiming();

    TM_CHECK(executor_.RunUntilIdle(100'000'000));
    for (int i = 0; i < 3; ++i) {  // the shards become idle, the last windows close
      clock_.Advance(seconds(1));
      TM_CHECK(executor_.RunUntilIdle(100'000'000));
    }

    if (bench != nullptr) bench->PauseTiming();
    const auto pipeline = pipelines.Status("ec2").value();
    TM_CHECK(pipeline.points_total == records_ && pipeline.dead_letters_total == 0);
    const auto view = views.Status("mean").value();
    TM_CHECK(view.caught_up && view.dirty_count == 0 &&
             (view.windows_published > 0 || RecordCount() < 1'000'000));
    rows_ = view.windows_published;
    revisions_ = view.revisions_total;
    if (bench == nullptr) CheckRows(*store, view.definition);
    pipelines.Stop();
    views.Detach();
    store.reset();
    if (bench != nullptr) bench->ResumeTiming();
  }

  uint64_t rows() const { return rows_; }
  uint64_t revisions() const { return revisions_; }
  log::Stream& stream() { return *log_->Find("events"); }

 private:
  view::ViewDefinition Average() const {
    view::ViewDefinition d;
    d.id = ViewId{1};
    d.name = "mean";
    d.source = d.target = table_.id;
    d.types = {store::ValueType::kDouble, store::ValueType::kBigint};
    d.width = minutes(5);
    d.output = "avg_{measure}";
    d.label = view::Label::kEnd;
    d.out_of_orderness = seconds(3);
    d.allowed_lateness = minutes(2);
    return d;
  }

  /// Every row of the view is the aggregate of its raw points.
  void CheckRows(store::Store& store, const view::ViewDefinition& view) const {
    const std::vector<std::string> dimensions{"region", "cell", "silo", "instance_name",
                                              "process_name"};
    std::map<std::pair<std::string, int64_t>, double> expected;
    for (const auto type : {agg::Type::kDouble, agg::Type::kBigint}) {
      store::AggregateRequest request;
      request.selection.table = table_.id;
      request.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
      request.bins = store::Bins{view.width, nanoseconds(0)};
      request.group_by = dimensions;
      request.group_by_measure = true;
      request.aggregates = {{agg::Kind::kAvg, type, "", false}};
      auto cursor = store.Aggregate(request).value();
      std::vector<store::AggregateRow> rows;
      while (cursor->Next(4096, rows).ok() && !rows.empty()) {
        for (const auto& row : rows) {
          if (row.states[0].count() == 0) continue;
          std::string key = "avg_" + row.keys.back().value();
          for (size_t i = 0; i < dimensions.size(); ++i) key += "/" + row.keys[i].value_or("");
          expected[{key, row.bin.ns + view.width.count()}] =
              std::get<double>(row.states[0].Finish().value());
        }
      }
    }
    uint64_t rows = 0;
    store::ScanRequest scan;
    scan.selection.table = table_.id;
    scan.selection.owners = {store::OwnerFilter::Kind::kView, view.owner()};
    auto cursor = store.Scan(scan).value();
    store::SliceBuffer buffer;
    store::Slice slice;
    while (cursor->Next(buffer, slice).value()) {
      std::string key = slice.series->measure;
      for (const std::string& name : dimensions) {
        key += "/";
        for (const auto& d : slice.series->dimensions) {
          if (d.name == name) key += d.value;
        }
      }
      for (size_t i = 0; i < slice.times.size(); ++i, ++rows) {
        const auto found = expected.find({key, slice.times[i].ns});
        TM_CHECK(found != expected.end() && found->second == slice.columns[0].doubles[i]);
      }
    }
    TM_CHECK(rows == rows_);
  }

  TempDir dir_;
  sim::SimClock clock_;
  std::unique_ptr<catalog::Catalog> catalog_;
  sim::SimExecutor executor_;
  MetricRegistry metrics_;
  std::unique_ptr<log::Log> log_;
  catalog::TableDef table_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
  uint64_t rows_ = 0;
  uint64_t revisions_ = 0;
};

void Report(benchmark::State& bench, const Bed& bed) {
  const auto runs = static_cast<int64_t>(bench.iterations());
  bench.SetItemsProcessed(runs * static_cast<int64_t>(bed.records()));
  bench.SetBytesProcessed(runs * static_cast<int64_t>(bed.bytes()));
}

void BM_LogToView(benchmark::State& bench, Order order) {
  Bed& bed = Bed::Of(order);
  for (auto _ : bench) bed.Run(&bench);
  Report(bench, bed);
  bench.counters["rows"] = static_cast<double>(bed.rows());
  bench.counters["revisions"] = static_cast<double>(bed.revisions());
}

void BM_BaselineSimdjsonDom(benchmark::State& bench, Order order) {
  Bed& bed = Bed::Of(order);
  simdjson::dom::parser parser;
  for (auto _ : bench) {
    uint64_t parsed = 0;
    for (const auto& shard : bed.stream().definition().shards) {
      log::ReadRequest request{.shard = shard.number};
      while (true) {
        bench.PauseTiming();
        const auto batch = bed.stream().Read(request).value();
        bench.ResumeTiming();
        for (const log::RecordView& record : batch.records) {
          const auto element =
              parser.parse(record.data.data(), record.data.size(), false);  // padded already
          if (element.error() == simdjson::SUCCESS) ++parsed;
        }
        if (batch.at_tip) break;
        request.from = batch.next;
      }
    }
    TM_CHECK(parsed == bed.records());
  }
  Report(bench, bed);
}

BENCHMARK_CAPTURE(BM_LogToView, producer, Order::kProducer)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_LogToView, shuffled, Order::kShuffled)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_BaselineSimdjsonDom, producer, Order::kProducer)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_BaselineSimdjsonDom, shuffled, Order::kShuffled)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidemark
