// SPDX-License-Identifier: Apache-2.0
// Writes of 512 points and aggregates over series in memory. Baselines in the same run: appending
// the same points to one plain vector per series, and summing plain arrays. Simulated disk: what is
// measured is the CPU.
#include <algorithm>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "store/embedded_store.h"

namespace tidemark::store {
namespace {

constexpr TableId kTable{1};
constexpr EventTime kStart{1'767'200'000'000'000'000};

// The store on a simulated disk that forgets: journal bytes are dropped with the file system.
struct Bed {
  Bed() {
    EmbeddedStoreOptions options;
    options.dir = "/data";
    options.memory_bytes_max = uint64_t{8} << 30;
    auto opened = EmbeddedStore::Open(options, fs, clock, executor, metrics);
    TM_CHECK(opened.ok());
    store = *std::move(opened);
    store->SetTable({.table = kTable, .name = "t"});
  }
  ~Bed() {
    store.reset();
    executor.Stop();
  }
  void Resolve(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const std::string host = "host-" + std::to_string(i / 20);
      const std::string measure = "measure_" + std::to_string(i % 20);
      const DimensionView dims[] = {{"region", i % 3 == 0 ? "eu" : "us"}, {"host", host}};
      const SeriesKeyView key{kTable, measure, dims, ValueType::kDouble, {}};
      series.push_back(store->Resolve(std::span(&key, 1))->at(0).series);
    }
  }
  void Write(std::span<const PointView> points) {
    WriteBatch batch;
    batch.points = points;
    batch.rule = ConflictRule::kLastWins;
    batch.time_check = WriteBatch::TimeCheck::kNone;
    store->Write(batch, [](const Result<WriteReply>& r) { TM_CHECK(r.ok()); });
  }

  sim::SimFileSystem fs{1};
  sim::SimClock clock;
  sim::SimExecutor executor{clock, 1};
  MetricRegistry metrics;
  std::unique_ptr<EmbeddedStore> store;
  std::vector<SeriesRef> series;
};

void BM_WriteBatches(benchmark::State& state) {
  Bed bed;
  bed.Resolve(20'000);
  std::vector<uint32_t> order(bed.series.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  SeededRandom random(1);
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
  std::vector<PointView> points(512);
  size_t at = 0;
  int64_t step = 0;
  for (auto _ : state) {
    for (PointView& p : points) {
      p.series = bed.series[order[at]];
      p.time = kStart + seconds(10 * step);
      p.arrival = {1000 + step};
      p.value = ValueView::Double(static_cast<double>(at));
      if (++at == order.size()) {
        at = 0;
        ++step;
      }
    }
    bed.Write(points);
    bed.executor.RunUntilIdle();
  }
  state.SetItemsProcessed(state.iterations() * 512);
}
BENCHMARK(BM_WriteBatches);

void BM_WriteBaselineVectors(benchmark::State& state) {
  std::vector<std::vector<std::pair<int64_t, double>>> rows(20'000);
  SeededRandom random(1);
  int64_t step = 0;
  for (auto _ : state) {
    for (int i = 0; i < 512; ++i)
      rows[random.Below(rows.size())].emplace_back(step, static_cast<double>(i));
    ++step;
  }
  benchmark::DoNotOptimize(rows.data());
  state.SetItemsProcessed(state.iterations() * 512);
}
BENCHMARK(BM_WriteBaselineVectors);

constexpr int kRows = 720;
constexpr size_t kSeries = 6'000;

Bed& Loaded() {
  static Bed* bed = [] {
    auto* made = new Bed;
    made->Resolve(kSeries);
    std::vector<PointView> points(kSeries);
    for (int row = 0; row < kRows; ++row) {
      for (size_t i = 0; i < kSeries; ++i) {
        points[i] = {made->series[i],
                     kStart + seconds(10 * row),
                     1,
                     {1000 + row},
                     ValueView::Double(static_cast<double>(i) * 0.01 + row),
                     nullptr};
      }
      made->Write(points);
      made->executor.RunUntilIdle();
    }
    return made;
  }();
  return *bed;
}

void Aggregate(benchmark::State& state, AggregateRequest request) {
  Bed& bed = Loaded();
  request.selection.table = kTable;
  uint64_t groups = 0;
  for (auto _ : state) {
    auto cursor = bed.store->Aggregate(request);
    TM_CHECK(cursor.ok());
    std::vector<AggregateRow> rows;
    uint64_t points = 0;
    groups = 0;
    while ((*cursor)->Next(1000, rows).ok() && !rows.empty()) {
      for (const AggregateRow& row : rows) points += row.points;
      groups += rows.size();
    }
    TM_CHECK(points == kSeries * kRows);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSeries * kRows));
  state.counters["groups"] = static_cast<double>(groups);
}

void BM_AggregateAvg(benchmark::State& state) {
  AggregateRequest request;
  request.aggregates = {{agg::Kind::kAvg, agg::Type::kDouble, "", false}};
  Aggregate(state, request);
}
BENCHMARK(BM_AggregateAvg);

void BM_AggregateFiveMinuteAvgByHost(benchmark::State& state) {
  AggregateRequest request;
  request.bins = Bins{minutes(5), nanoseconds(0)};
  request.group_by = {"host"};
  request.aggregates = {{agg::Kind::kAvg, agg::Type::kDouble, "", false}};
  Aggregate(state, request);
}
BENCHMARK(BM_AggregateFiveMinuteAvgByHost);

void BM_AggregateHourlyAvgMinMaxByMeasure(benchmark::State& state) {
  AggregateRequest request;
  request.bins = Bins{hours(1), nanoseconds(0)};
  request.group_by_measure = true;
  request.aggregates = {{agg::Kind::kAvg, agg::Type::kDouble, "", false},
                        {agg::Kind::kMin, agg::Type::kDouble, "", false},
                        {agg::Kind::kMax, agg::Type::kDouble, "", false}};
  Aggregate(state, request);
}
BENCHMARK(BM_AggregateHourlyAvgMinMaxByMeasure);

void BM_AggregateWindowsOfOneSeries(benchmark::State& state) {
  Bed& bed = Loaded();
  AggregateRequest request;
  request.selection.table = kTable;
  request.aggregates = {{agg::Kind::kAvg, agg::Type::kDouble, "", false}};
  for (uint32_t i = 0; i < kSeries; ++i) {
    request.windows.push_back({i, bed.series[i], {kStart + minutes(30), kStart + minutes(35)}});
  }
  for (auto _ : state) {
    auto cursor = bed.store->Aggregate(request);
    std::vector<AggregateRow> rows;
    size_t groups = 0;
    while ((*cursor)->Next(1000, rows).ok() && !rows.empty()) groups += rows.size();
    TM_CHECK(groups == kSeries);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSeries));
}
BENCHMARK(BM_AggregateWindowsOfOneSeries);

void BM_Scan(benchmark::State& state) {
  Bed& bed = Loaded();
  ScanRequest request;
  request.selection.table = kTable;
  for (auto _ : state) {
    auto cursor = bed.store->Scan(request);
    SliceBuffer buffer;
    Slice slice;
    size_t points = 0;
    while (*(*cursor)->Next(buffer, slice)) points += slice.times.size();
    TM_CHECK(points == kSeries * kRows);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSeries * kRows));
}
BENCHMARK(BM_Scan);

void BM_BaselineSumOfPlainArrays(benchmark::State& state) {
  std::vector<std::vector<double>> series(kSeries, std::vector<double>(kRows, 1.5));
  for (auto _ : state) {
    double sum = 0;
    for (const auto& values : series) {
      for (const double v : values) sum += v;
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSeries * kRows));
}
BENCHMARK(BM_BaselineSumOfPlainArrays);

}  // namespace
}  // namespace tidemark::store
