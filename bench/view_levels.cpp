// SPDX-License-Identifier: Apache-2.0
// Late points under a view of a minute, ten minutes and an hour: one view with levels, whose coarse
// windows are made of the states of finer ones, against three views, which read each window. Every
// point is late by itself. CPU time.
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/clock.h"
#include "view_bed.h"

namespace tidemark {
namespace {

constexpr EventTime kMark{1'767'225'600'000'000'000};  // 2026-01-01
constexpr size_t kSeries = 200;
constexpr nanoseconds kInterval = seconds(1);
constexpr nanoseconds kFilled = hours(1);
constexpr int kLate = 2'000;
const std::vector<nanoseconds> kLengths{minutes(1), minutes(10), hours(1)};

enum class As : uint8_t { kLevels, kViews };

void MakeViews(ViewBed& bed, As as) {
  view::ViewDefinition mean = ViewBed::Definition();
  if (as == As::kLevels) {
    mean.width = nanoseconds(0);
    mean.levels = kLengths;
    mean.output = "{window}_" + mean.output;
    bed.Create(mean);
    return;
  }
  for (size_t i = 0; i < kLengths.size(); ++i) {
    view::ViewDefinition one = mean;
    one.id = ViewId{static_cast<uint32_t>(mean.id.value + i)};
    one.name = mean.name + std::to_string(i);
    one.output = "v" + std::to_string(i) + "_" + mean.output;
    one.width = kLengths[i];
    bed.Create(one);
  }
}

ViewBed& BedOf(As as) {
  static std::unique_ptr<ViewBed> beds[2];
  auto& bed = beds[static_cast<size_t>(as)];
  if (bed != nullptr) return *bed;
  bed = std::make_unique<ViewBed>(ArrivalTime{kMark.ns / 1'000'000});
  bed->MakeSeries(kSeries);
  MakeViews(*bed, as);
  std::vector<uint32_t> all(kSeries);
  for (uint32_t i = 0; i < kSeries; ++i) all[i] = i;
  for (nanoseconds at{0}; at < kFilled; at += kInterval) {
    bed->Put(all, kMark + at, 0.25);
    bed->MoveClock(kMark + at);
    bed->Run();
  }
  bed->MoveClock(kMark + kFilled);
  bed->Run();
  return *bed;
}

void BM_LatePoint(benchmark::State& bench, As as) {
  ViewBed& bed = BedOf(as);
  const std::string first = as == As::kLevels ? "mean" : "mean0";
  static int64_t writes = 0;
  SeededRandom random(7);
  for (auto _ : bench) {
    const uint64_t before = bed.Status(first).revisions_total;
    nanoseconds used{0};
    for (int i = 0; i < kLate; ++i) {
      const std::vector<uint32_t> one{static_cast<uint32_t>(random.Below(kSeries))};
      const auto at = kInterval * static_cast<int64_t>(random.Below(kFilled / kInterval));
      const nanoseconds begin = ThreadCpu();
      bed.Put(one, kMark + at + microseconds(++writes), 0.75);
      bed.Run();
      used += ThreadCpu() - begin;
    }
    bench.SetIterationTime(std::chrono::duration<double>(used).count());
    const uint64_t levels = as == As::kLevels ? kLengths.size() : 1;
    TM_CHECK(bed.Status(first).revisions_total - before == levels * kLate);
  }
  bench.SetItemsProcessed(bench.iterations() * kLate);
}

int RegisterAll() {
  const auto add = [](const char* name, As as) {
    benchmark::RegisterBenchmark(name, [as](benchmark::State& bench) { BM_LatePoint(bench, as); })
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1)
        ->Repetitions(3)
        ->UseManualTime();
  };
  add("BM_LatePoint/levels", As::kLevels);
  add("BM_BaselineLatePoint/three_views", As::kViews);
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace tidemark
