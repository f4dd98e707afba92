// SPDX-License-Identifier: Apache-2.0
// Variances, percentiles and distinct counts against what one would write without them: Welford's
// update (order-dependent), a sort of all values, a set of all values.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include <benchmark/benchmark.h>

#include "agg/distinct_sketch.h"
#include "agg/moments.h"
#include "agg/percentiles.h"
#include "base/check.h"

namespace tidemark::agg {
namespace {

constexpr size_t kPoints = size_t{1} << 17U;

/// Two-decimal gauges: at most 10,000 different values.
std::vector<double> Gauges() {
  std::vector<double> values;
  for (size_t i = 0; i < kPoints; ++i)
    values.push_back(static_cast<double>(i * 7919 % 10'000) / 100.0);
  return values;
}
/// Their low bits are all zero.
std::vector<double> WholeNumbers() {
  std::vector<double> values;
  for (size_t i = 0; i < kPoints; ++i) values.push_back(static_cast<double>(i * 7919 % 10'000));
  return values;
}
/// All different: beyond the bound of percentiles.
std::vector<double> Different() {
  std::vector<double> values;
  for (size_t i = 0; i < kPoints; ++i)
    values.push_back(std::sqrt(static_cast<double>(i * 7919 % kPoints) + 2));
  return values;
}

/// Calls `run` for each group of `range(0)` neighbours.
template <typename Run>
void OverGroups(benchmark::State& bench, const std::vector<double>& values, Run run) {
  const auto group = static_cast<size_t>(bench.range(0));
  const std::span<const double> all(values);
  size_t points = 0;
  for (auto _ : bench) {
    for (size_t i = 0; i + group <= all.size(); i += group) {
      benchmark::DoNotOptimize(run(all.subspan(i, group)));
      points += group;
    }
  }
  bench.SetItemsProcessed(static_cast<int64_t>(points));
}

double Welford(std::span<const double> values) {
  double n = 0;
  double mean = 0;
  double m2 = 0;
  for (const double value : values) {
    n += 1;
    const double delta = value - mean;
    mean += delta / n;
    m2 += delta * (value - mean);
  }
  return m2 / (n - 1);
}
double Exact(std::span<const double> values) {
  Moments<2> moments;
  moments.Add(values);
  return moments.Variance(Spread::kSample).value_or(0);
}

double SortAll(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() * 9 / 10];
}
double Counted(std::span<const double> values) {
  Percentiles percentiles;
  for (const double value : values) percentiles.Add(OrderedBits(value));
  return DoubleOfOrdered(percentiles.At(0.9).value_or(0));
}

size_t SetOfAll(std::span<const double> values) {
  return std::unordered_set<double>(values.begin(), values.end()).size();
}
size_t Sketched(std::span<const double> values) {
  DistinctSketch sketch;
  for (const double value : values) sketch.Add(DistinctHash(value));
  return sketch.Estimate();
}

void CheckAnswers() {
  const std::vector<double> values = Gauges();
  TM_CHECK(std::abs(Welford(values) / Exact(values) - 1) < 1e-9);
  TM_CHECK(SortAll(values) == Counted(values));
  TM_CHECK(std::abs(static_cast<double>(Sketched(values)) / 10'000 - 1) < 0.07);
}

template <double (*kRun)(std::span<const double>)>
void BM_Gauges(benchmark::State& bench) {
  CheckAnswers();
  OverGroups(bench, Gauges(), kRun);
}
template <double (*kRun)(std::span<const double>)>
void BM_WholeNumbers(benchmark::State& bench) {
  OverGroups(bench, WholeNumbers(), kRun);
}
template <double (*kRun)(std::span<const double>)>
void BM_Different(benchmark::State& bench) {
  OverGroups(bench, Different(), kRun);
}
template <size_t (*kRun)(std::span<const double>)>
void BM_Distinct(benchmark::State& bench) {
  OverGroups(bench, Gauges(), kRun);
}

BENCHMARK(BM_Gauges<Welford>)->Name("Variance/BaselineWelford")->Arg(12)->Arg(360)->Arg(kPoints);
BENCHMARK(BM_Gauges<Exact>)->Name("Variance/Exact")->Arg(12)->Arg(360)->Arg(kPoints);
BENCHMARK(BM_Gauges<SortAll>)->Name("Percentile/BaselineSort")->Arg(12)->Arg(360)->Arg(kPoints);
BENCHMARK(BM_Gauges<Counted>)->Name("Percentile/Counted")->Arg(12)->Arg(360)->Arg(kPoints);
BENCHMARK(BM_WholeNumbers<Counted>)->Name("PercentileOfWholeNumbers/Counted")->Arg(kPoints);
BENCHMARK(BM_Different<SortAll>)->Name("PercentileOfDifferent/BaselineSort")->Arg(kPoints);
BENCHMARK(BM_Different<Counted>)->Name("PercentileOfDifferent/Counted")->Arg(kPoints);
BENCHMARK(BM_Distinct<SetOfAll>)->Name("Distinct/BaselineSet")->Arg(12)->Arg(360)->Arg(kPoints);
BENCHMARK(BM_Distinct<Sketched>)->Name("Distinct/Sketch")->Arg(12)->Arg(360)->Arg(kPoints);

}  // namespace
}  // namespace tidemark::agg
