// SPDX-License-Identifier: Apache-2.0
// Points per CPU second into memory and journal on a real disk, every batch acknowledged after its
// sync, at 10,000 and 1,000,000 series: in order, 5 % late, half of them shuffled, 10 % written
// over. Baseline: appending as many bytes to a file with as many syncs. Then late writes into
// sealed ranges against in-order ones, and a scan with 1 % overrides against one without.
// TM_BENCH_WRITE_POINTS and TM_BENCH_WRITE_SERIES (the larger number) make it smaller.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/testing/temp_dir.h"
#include "base/units.h"
#include "bulk_writer.h"
#include "store/embedded_store.h"

namespace tidemark {
namespace {

constexpr TableId kTable{1};
constexpr EventTime kStart{1'767'225'600'000'000'000};
constexpr size_t kFewSeries = 10'000;
constexpr size_t kBatch = 512;

size_t FromEnv(const char* name, size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

size_t PointsPerRun() { return FromEnv("TM_BENCH_WRITE_POINTS", 8'000'000); }
size_t ManySeries() { return FromEnv("TM_BENCH_WRITE_SERIES", 1'000'000); }

enum class Order : uint8_t { kInOrder, kLate5, kShuffled50, kOverwrite10 };

/// A store on the disk with its series resolved.
class Bed {
 public:
  explicit Bed(size_t series) {
    executor_ = MakeThreadExecutor({.background_threads = 1, .query_threads = 1});
    store::EmbeddedStoreOptions options;
    options.dir = dir_.path();
    options.memory_bytes_max = 12_GiB;
    options.seal_bytes = 11_GiB;  // the write path alone: nothing seals unless asked
    options.seal_journal_bytes = 64_GiB;
    store_ =
        store::EmbeddedStore::Open(options, RealFileSystem(), clock_, *executor_, metrics_).value();
    store_->SetTable({.table = kTable,
                      .name = "\"bench\".\"points\"",
                      .memory_retention = std::chrono::hours(24 * 3650),
                      .magnetic_writes = true});
    series_.reserve(series);
    for (size_t i = 0; i < series; ++i) {
      const std::string host = "host-" + std::to_string(i / 20);
      const std::string measure = "measure_" + std::to_string(i % 20);
      const store::DimensionView dimensions[] = {
          {"region", i / 20 % 3 == 0 ? "eu-west-1" : "us-east-1"}, {"host", host}};
      const store::SeriesKeyView key{.table = kTable,
                                     .measure = measure,
                                     .dimensions = dimensions,
                                     .type = store::ValueType::kDouble,
                                     .owner = {}};
      series_.push_back(store_->Resolve(std::span(&key, 1)).value().front().series);
    }
  }
  ~Bed() {
    store_.reset();
    executor_->Stop();
  }
  Bed(const Bed&) = delete;
  Bed& operator=(const Bed&) = delete;

  /// Round `step` of every series at `step` times ten seconds.
  store::PointView Point(size_t series, int64_t step, int64_t version) const {
    return {
        .series = series_[series],
        .time = kStart + seconds(10 * step),
        .version = version,
        .arrival = {},
        .value = store::ValueView::Double(static_cast<double>((series * 31 + step) % 10'000) / 100),
        .row = nullptr};
  }
  size_t series() const { return series_.size(); }
  store::EmbeddedStore& store() { return *store_; }
  uint64_t journal_bytes() {
    return metrics_.GetCounter("tidemark_store_journal_bytes_total", "").value();
  }
  uint64_t fsyncs() {
    return metrics_.GetCounter("tidemark_store_journal_fsyncs_total", "").value();
  }
  void Flush() {
    std::promise<Result<void>> promise;
    store_->Flush([&promise](const Result<void>& result) { promise.set_value(result); });
    TM_CHECK(promise.get_future().get().ok());
  }

 private:
  const TempDir dir_;
  SystemClock clock_;
  MetricRegistry metrics_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::vector<store::SeriesRef> series_;
};

/// The points of one run, in the order they are written. Made before the clock starts.
std::vector<store::PointView> MakePoints(const Bed& bed, Order order, size_t count) {
  SeededRandom random(7);
  std::vector<store::PointView> out;
  out.reserve(count);
  for (int64_t step = 0; out.size() < count; ++step) {
    for (size_t s = 0; s < bed.series() && out.size() < count; ++s) {
      const uint64_t dice = random.Below(100);
      if (order == Order::kOverwrite10 && step > 0 && dice < 10) {
        out.push_back(bed.Point(s, step - 1, 2));
        out.back().value = store::ValueView::Double(-1);
      } else {
        out.push_back(bed.Point(s, step, 1));
      }
    }
  }
  // A late point comes some batches after its time: it changes places with one further on.
  const uint64_t percent = order == Order::kLate5 ? 5 : order == Order::kShuffled50 ? 50 : 0;
  const size_t reach = std::min(out.size(), 3 * bed.series());
  for (size_t i = 0; percent != 0 && i < out.size(); ++i) {
    if (random.Below(200) < percent) {
      std::swap(out[i], out[std::min(out.size() - 1, i + random.Below(reach))]);
    }
  }
  return out;
}

void WriteAll(store::Store& store, std::span<const store::PointView> points) {
  BulkWriter writer(store, {});
  for (size_t at = 0; at < points.size(); at += kBatch) {
    writer.Write(points.subspan(at, std::min(kBatch, points.size() - at)));
  }
  writer.Drain();
}

/// What the in-order run put on the disk, for the baseline.
struct Disk {
  uint64_t bytes = 0;
  uint64_t syncs = 1;
};
Disk g_in_order[2];

void BM_Write(benchmark::State& bench, Order order, bool many) {
  for (auto _ : bench) {
    bench.PauseTiming();
    auto bed = std::make_unique<Bed>(many ? ManySeries() : kFewSeries);
    const auto points = MakePoints(*bed, order, PointsPerRun());
    const Disk before{bed->journal_bytes(), bed->fsyncs()};
    bench.ResumeTiming();
    WriteAll(bed->store(), points);
    bench.PauseTiming();
    const Disk used{bed->journal_bytes() - before.bytes, bed->fsyncs() - before.syncs};
    if (order == Order::kInOrder) g_in_order[many ? 1 : 0] = used;
    bench.counters["journal_B_per_point"] =
        static_cast<double>(used.bytes) / static_cast<double>(points.size());
    bench.counters["syncs"] = static_cast<double>(used.syncs);
    bed.reset();
    bench.ResumeTiming();
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(PointsPerRun()));
}

void BM_BaselineAppend(benchmark::State& bench, bool many) {
  // Random order of benchmarks may bring the baseline first: then what a run was seen to write.
  Disk disk = g_in_order[many ? 1 : 0];
  if (disk.bytes == 0) disk = {.bytes = PointsPerRun() * 12, .syncs = PointsPerRun() / 16'000 + 1};
  const std::string piece(disk.bytes / disk.syncs + 1, 'x');
  for (auto _ : bench) {
    const TempDir dir;
    auto file = RealFileSystem().OpenAppend(dir.File("log"), OpenMode::kCreateNew).value();
    for (uint64_t i = 0; i < disk.syncs; ++i) {
      TM_CHECK(file->Append(std::as_bytes(std::span(piece))).ok() && file->Sync().ok());
    }
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(PointsPerRun()));
}

// ----------------------------------------------------------------------------------------------
// sealed ranges

constexpr size_t kSealedSeries = 2'000;
constexpr int64_t kSealedSteps = 1'000;

/// Rows of every series, sealed; every second step is left out, for the late ones.
std::unique_ptr<Bed> SealedBed() {
  auto bed = std::make_unique<Bed>(kSealedSeries);
  std::vector<store::PointView> points;
  for (int64_t step = 0; step < kSealedSteps; ++step) {
    for (size_t s = 0; s < kSealedSeries; ++s) points.push_back(bed->Point(s, 2 * step, 1));
  }
  WriteAll(bed->store(), points);
  bed->Flush();
  return bed;
}

void BM_WriteIntoSealed(benchmark::State& bench, bool late) {
  const size_t count = kSealedSeries * kSealedSteps / 4;
  for (auto _ : bench) {
    bench.PauseTiming();
    auto bed = SealedBed();
    SeededRandom random(3);
    std::vector<store::PointView> points;
    for (size_t i = 0; i < count; ++i) {
      const size_t s = i % kSealedSeries;
      const auto step = static_cast<int64_t>(i / kSealedSeries);
      points.push_back(late ? bed->Point(s, 4 * step + 1, 1)
                            : bed->Point(s, 2 * kSealedSteps + step, 1));
    }
    bench.ResumeTiming();
    WriteAll(bed->store(), points);
    bench.PauseTiming();
    bed.reset();
    bench.ResumeTiming();
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(count));
}

void BM_ScanSealed(benchmark::State& bench, bool overrides) {
  auto bed = SealedBed();
  if (overrides) {
    SeededRandom random(5);
    std::vector<store::PointView> points;
    for (size_t i = 0; i < kSealedSeries * kSealedSteps / 100; ++i) {
      points.push_back(bed->Point(random.Below(kSealedSeries),
                                  2 * static_cast<int64_t>(random.Below(kSealedSteps)), 2));
    }
    WriteAll(bed->store(), points);
  }
  store::ScanRequest request;
  request.selection.table = kTable;
  request.selection.time = {kStart, kStart + seconds(1'000'000)};
  for (auto _ : bench) {
    const auto cursor = bed->store().Scan(request).value();
    store::SliceBuffer buffer;
    store::Slice slice;
    size_t points = 0;
    double sum = 0;
    while (cursor->Next(buffer, slice).value()) {
      points += slice.times.size();
      for (const double value : slice.columns.front().doubles) sum += value;
    }
    benchmark::DoNotOptimize(sum);
    TM_CHECK(points == kSealedSeries * kSealedSteps);
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(kSealedSeries * kSealedSteps));
}

int RegisterAll() {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const auto once = [](benchmark::internal::Benchmark* b) {
    b->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(3)->MeasureProcessCPUTime();
  };
  for (const bool many : {false, true}) {
    const std::string suffix = many ? "_many_series" : "_10k_series";
    for (const auto& [name, order] :
         {std::pair("in_order", Order::kInOrder), std::pair("late_5", Order::kLate5),
          std::pair("shuffled_50", Order::kShuffled50),
          std::pair("overwrite_10", Order::kOverwrite10)}) {
      once(benchmark::RegisterBenchmark(
          ("BM_Write/" + std::string(name) + suffix).c_str(),
          [order, many](benchmark::State& bench) { BM_Write(bench, order, many); }));
    }
    once(benchmark::RegisterBenchmark(
        ("BM_BaselineAppend/" + suffix.substr(1)).c_str(),
        [many](benchmark::State& bench) { BM_BaselineAppend(bench, many); }));
  }
  for (const bool late : {true, false}) {
    once(benchmark::RegisterBenchmark(
        late ? "BM_WriteIntoSealed/late" : "BM_BaselineWriteIntoSealed/in_order",
        [late](benchmark::State& bench) { BM_WriteIntoSealed(bench, late); }));
  }
  for (const bool overrides : {true, false}) {
    benchmark::RegisterBenchmark(
        overrides ? "BM_ScanSealed/overrides_1" : "BM_BaselineScanSealed/clean",
        [overrides](benchmark::State& bench) { BM_ScanSealed(bench, overrides); })
        ->Unit(benchmark::kMillisecond)
        ->Iterations(3)
        ->MeasureProcessCPUTime();
  }
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace tidemark
