// SPDX-License-Identifier: Apache-2.0
// Restart with 50 M rows that were not sealed: from the start of Open() until a first read has
// answered, the journal's segments in the page cache. Baseline: reading the same segments with
// their checksum. TM_BENCH_RESTART_ROWS makes it smaller.
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/checksum.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/testing/temp_dir.h"
#include "base/units.h"
#include "bulk_writer.h"
#include "devops_data.h"
#include "store/embedded_store.h"

namespace tidemark {
namespace {

constexpr TableId kTable{1};
constexpr size_t kSeries = 20'000;
constexpr size_t kBatch = 500;

size_t Rows() {
  const char* text = std::getenv("TM_BENCH_RESTART_ROWS");
  return text == nullptr ? 50'000'000 : std::strtoull(text, nullptr, 10);
}

class Opened {
 public:
  explicit Opened(const std::string& dir)
      : executor_(MakeThreadExecutor({.background_threads = 2, .query_threads = 2})) {
    store::EmbeddedStoreOptions options;
    options.dir = dir;
    options.memory_bytes_max = 14_GiB;
    options.seal_bytes = 13_GiB;
    options.seal_journal_bytes = 64_GiB;
    store_ =
        store::EmbeddedStore::Open(options, RealFileSystem(), clock_, *executor_, metrics_).value();
    store_->SetTable({.table = kTable,
                      .name = "\"bench\".\"points\"",
                      .memory_retention = std::chrono::hours(24 * 3650)});
  }
  ~Opened() {
    store_.reset();
    executor_->Stop();
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  store::EmbeddedStore& store() { return *store_; }

  /// Points that a scan of one measure's series finds.
  uint64_t Read() {
    store::ScanRequest request;
    request.selection.table = kTable;
    request.selection.time = {EventTime{0}, EventTime{INT64_MAX}};
    request.selection.measure = {{.op = store::TextPredicate::Op::kIn, .values = {"cpu_user"}}};
    const auto cursor = store_->Scan(request).value();
    store::SliceBuffer buffer;
    store::Slice slice;
    uint64_t points = 0;
    while (cursor->Next(buffer, slice).value()) points += slice.times.size();
    return points;
  }

 private:
  SystemClock clock_;
  MetricRegistry metrics_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<store::EmbeddedStore> store_;
};

/// A data directory with all rows in the journal; made once.
class Bed {
 public:
  static Bed& The() {
    static Bed bed;
    return bed;
  }

  Bed() : data_({.series = kSeries, .points = std::max<size_t>(1, Rows() / kSeries)}) {
    InitLogging(LogLevel::kError, LogFormat::kJson);
    Opened opened(dir_.path());
    std::vector<store::SeriesRef> series;
    for (size_t s = 0; s < data_.series(); ++s) {
      const auto& host = data_.host(s / DevopsData::kMeasures);
      store::DimensionView dimensions[DevopsData::kDimensions];
      for (size_t d = 0; d < DevopsData::kDimensions; ++d) {
        dimensions[d] = {DevopsData::dimension_names()[d], host[d]};
      }
      const store::SeriesKeyView key{.table = kTable,
                                     .measure = DevopsData::measures()[s % DevopsData::kMeasures],
                                     .dimensions = dimensions,
                                     .type = store::ValueType::kDouble,
                                     .owner = {}};
      series.push_back(opened.store().Resolve(std::span(&key, 1)).value().front().series);
    }
    // Time by time, as live points come: the journal's usual order, and the harder one to replay.
    BulkWriter writer(opened.store(), {});
    std::vector<store::PointView> points;
    for (size_t i = 0; i < data_.points_per_series(); ++i) {
      for (size_t s = 0; s < series.size(); ++s) {
        points.push_back({.series = series[s],
                          .time = data_.times()[i],
                          .version = 1,
                          .arrival = {},
                          .value = store::ValueView::Double(
                              static_cast<double>((s * 7919 + i * 13) % 10'000) / 100),
                          .row = nullptr});
        if (points.size() == kBatch) {
          writer.Write(points);
          points.clear();
        }
      }
    }
    if (!points.empty()) writer.Write(points);
    writer.Drain();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (entry.path().extension() == ".wal") segments_.push_back(entry.path().string());
    }
  }

  const std::string& dir() const { return dir_.path(); }
  const std::vector<std::string>& segments() const { return segments_; }
  const DevopsData& data() const { return data_; }

 private:
  const TempDir dir_;
  const DevopsData data_;
  std::vector<std::string> segments_;
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void BM_Restart(benchmark::State& bench) {
  Bed& bed = Bed::The();
  for (auto _ : bench) {
    const auto start = std::chrono::steady_clock::now();
    Opened opened(bed.dir());
    const uint64_t points = opened.Read();
    bench.SetIterationTime(SecondsSince(start));
    TM_CHECK(points == bed.data().points() / DevopsData::kMeasures);
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(bed.data().points()));
}
BENCHMARK(BM_Restart)->Unit(benchmark::kSecond)->Iterations(1)->Repetitions(3)->UseManualTime();

void BM_BaselineReadSegments(benchmark::State& bench) {
  Bed& bed = Bed::The();
  for (auto _ : bench) {
    const auto start = std::chrono::steady_clock::now();
    uint32_t sum = 0;
    for (const std::string& segment : bed.segments()) {
      const std::string bytes = RealFileSystem().ReadFile(segment, 1_GiB).value();
      sum = Crc32c(sum, bytes);
    }
    benchmark::DoNotOptimize(sum);
    bench.SetIterationTime(SecondsSince(start));
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(bed.data().points()));
}
BENCHMARK(BM_BaselineReadSegments)
    ->Unit(benchmark::kSecond)
    ->Iterations(1)
    ->Repetitions(3)
    ->UseManualTime();

}  // namespace
}  // namespace tidemark
