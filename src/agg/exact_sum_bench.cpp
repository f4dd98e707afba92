// SPDX-License-Identifier: Apache-2.0
// Exact sums against the plain, order-dependent loop over the same values (exact-sums.md, its
// table).
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "agg/state.h"
#include "base/check.h"

namespace tidemark::agg {
namespace {

constexpr size_t kPoints = size_t{1} << 15U;  // 256 KiB: stays in the second-level cache

std::vector<double> Gauges() {
  std::vector<double> values;
  for (size_t i = 0; i < kPoints; ++i) {
    values.push_back(static_cast<double>(i * 7919 % 10'000) / 100.0);
  }
  return values;
}
std::vector<double> Mixed() {  // never fits a pair
  std::vector<double> values;
  for (size_t i = 0; i < kPoints; ++i) {
    values.push_back(std::pow(10.0, static_cast<double>(i * 7919 % 600) - 300.0));
  }
  return values;
}

/// Calls `sum` for each group of `range(0)` neighbours.
template <typename Sum>
void OverGroups(benchmark::State& bench, const std::vector<double>& values, Sum sum) {
  const auto group = static_cast<size_t>(bench.range(0));
  const std::span<const double> all(values);
  size_t points = 0;
  for (auto _ : bench) {
    for (size_t i = 0; i + group <= all.size(); i += group) {
      benchmark::DoNotOptimize(sum(all.subspan(i, group)));
      points += group;
    }
  }
  bench.SetItemsProcessed(static_cast<int64_t>(points));
}

double PlainLoop(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}
double Exact(std::span<const double> values) {
  ExactSum sum;
  sum.AddMany(values);
  return sum.Round();
}

void BM_BaselinePlainLoop(benchmark::State& bench) { OverGroups(bench, Gauges(), PlainLoop); }
void BM_ExactSum(benchmark::State& bench) {
  const std::vector<double> values = Gauges();
  // Hundredths are integers when scaled, so this sum is known.
  double cents = 0;
  for (const double value : values) cents += std::round(value * 100);
  TM_CHECK(std::abs(Exact(values) - cents / 100) < 1e-6);
  OverGroups(bench, values, Exact);
}
void BM_ExactSumSpilled(benchmark::State& bench) { OverGroups(bench, Mixed(), Exact); }

void BM_ExactSumKernel(benchmark::State& bench) {
  const auto kernels = SumKernels();
  const auto index = static_cast<size_t>(bench.range(1));
  if (index >= kernels.size()) {
    bench.SkipWithError("this CPU has no such kernel");
    return;
  }
  bench.SetLabel(std::string(kernels[index].name));
  OverGroups(bench, Gauges(), [run = kernels[index].run](std::span<const double> values) {
    const BlockSum sum = run(values);
    return sum.hi + sum.lo;
  });
}

void BM_StateAvg(benchmark::State& bench) {
  State state({Kind::kAvg, Type::kDouble});
  OverGroups(bench, Gauges(), [&state](std::span<const double> values) {
    state.Reset();
    state.Add({}, values);
    return state.count();
  });
}
/// count, sum, avg, min and max of each group in one call.
void BM_StateFiveAtOnce(benchmark::State& bench) {
  std::vector<State> states;
  for (const Kind kind : {Kind::kCount, Kind::kSum, Kind::kAvg, Kind::kMin, Kind::kMax}) {
    states.emplace_back(Spec{kind, Type::kDouble});
  }
  OverGroups(bench, Gauges(), [&states](std::span<const double> values) {
    for (State& state : states) state.Reset();
    AddToAll(states, {}, values);
    return states.back().count();
  });
}

BENCHMARK(BM_BaselinePlainLoop)->Arg(6)->Arg(30)->Arg(2160);
BENCHMARK(BM_ExactSum)->Arg(6)->Arg(30)->Arg(2160);
BENCHMARK(BM_ExactSumSpilled)->Arg(6)->Arg(30)->Arg(2160);
BENCHMARK(BM_ExactSumKernel)->ArgsProduct({{2160}, {0, 1, 2}});
BENCHMARK(BM_StateAvg)->Arg(6)->Arg(30)->Arg(2160);
BENCHMARK(BM_StateFiveAtOnce)->Arg(6)->Arg(30)->Arg(2160);

}  // namespace
}  // namespace tidemark::agg
