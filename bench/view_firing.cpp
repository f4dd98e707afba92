// SPDX-License-Identifier: Apache-2.0
// What views do with a million series at once: every group fires at one step of the watermark; late
// points go on coming into one group of all of them; what a view keeps in memory. CPU time.
// TM_BENCH_VIEW_SERIES makes them smaller.
#include <malloc.h>

#include <cstdlib>
#include <numeric>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/clock.h"
#include "view_bed.h"

namespace tidemark {
namespace {

constexpr EventTime kMark{1'767'225'600'000'000'000};  // 2026-01-01
constexpr nanoseconds kWindow = minutes(5);
constexpr int64_t kPointsPerWindow = 3;

size_t SeriesCount() {
  const char* text = std::getenv("TM_BENCH_VIEW_SERIES");
  return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

std::vector<uint32_t> AllOf(size_t count) {
  std::vector<uint32_t> out(count);
  std::iota(out.begin(), out.end(), 0U);
  return out;
}

/// Points of all series in a window; the watermark stays before its end.
void Fill(ViewBed& bed, int64_t window) {
  const auto all = AllOf(bed.series().size());
  for (int64_t i = 0; i < kPointsPerWindow; ++i) {
    const EventTime time = kMark + kWindow * window + minutes(1) * i;
    bed.Put(all, time, static_cast<double>(i) + 0.25);
    bed.MoveClock(time);
    bed.Run();
  }
}

nanoseconds Timed(ViewBed& bed) {
  const nanoseconds begin = ThreadCpu();
  bed.Run();
  return ThreadCpu() - begin;
}

// ------------------------------------------------------------------------------------------------
// firing

/// One window has fired: the rows have their series.
ViewBed& FiringBed() {
  static const auto bed = [] {
    auto made = std::make_unique<ViewBed>(ArrivalTime{kMark.ns / 1'000'000});
    made->MakeSeries(SeriesCount());
    view::ViewDefinition mean = ViewBed::Definition();
    mean.width = kWindow;
    made->Create(mean);
    Fill(*made, 0);
    made->MoveClock(kMark + kWindow);
    made->Run();
    return made;
  }();
  return *bed;
}
int64_t g_window = 0;  // of FiringBed(): the newest that is full

void BM_Fire(benchmark::State& bench) {
  ViewBed& bed = FiringBed();
  const auto series = static_cast<int64_t>(bed.series().size());
  for (auto _ : bench) {
    Fill(bed, ++g_window);
    const uint64_t before = bed.Status().windows_published;
    bed.MoveClock(kMark + kWindow * (g_window + 1));
    const nanoseconds used = Timed(bed);
    bench.SetIterationTime(std::chrono::duration<double>(used).count());
    TM_CHECK(bed.Status().windows_published - before == bed.series().size());
  }
  bench.SetItemsProcessed(bench.iterations() * series);
}

/// As many points into the store and past the view, by batches of the same size.
void BM_BaselineWritePoints(benchmark::State& bench) {
  ViewBed& bed = FiringBed();
  const auto all = AllOf(bed.series().size());
  for (auto _ : bench) {
    static int64_t writes = 0;
    // The view reads them too, and marks them: far ahead, where nothing fires.
    const nanoseconds begin = ThreadCpu();
    bed.Put(all, kMark + hours(24) + seconds(++writes), 0.5);
    bench.SetIterationTime(std::chrono::duration<double>(ThreadCpu() - begin).count());
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(all.size()));
}

// ------------------------------------------------------------------------------------------------
// one group of all series

ViewBed& GroupBed() {
  static const auto bed = [] {
    auto made = std::make_unique<ViewBed>(ArrivalTime{kMark.ns / 1'000'000});
    made->MakeSeries(SeriesCount());
    view::ViewDefinition mean = ViewBed::Definition();
    mean.width = kWindow;
    mean.group_by = {};
    made->Create(mean);
    Fill(*made, 0);
    made->MoveClock(kMark + kWindow);
    made->Run();
    TM_CHECK(made->Status().windows_published == 1);
    return made;
  }();
  return *bed;
}

/// Late points of so many series, each at a time of its own; one refresh for all of them.
void BM_GroupRefresh(benchmark::State& bench, size_t dirty) {
  ViewBed& bed = GroupBed();
  static int64_t writes = 0;
  SeededRandom random(dirty);
  for (auto _ : bench) {
    std::vector<uint32_t> some(dirty);
    for (uint32_t& s : some) s = static_cast<uint32_t>(random.Below(bed.series().size()));
    const uint64_t before = bed.Status().revisions_total;
    const nanoseconds begin = ThreadCpu();
    bed.Put(some, kMark + microseconds(++writes), 0.75);
    bench.SetIterationTime(std::chrono::duration<double>(ThreadCpu() - begin).count());
    TM_CHECK(bed.Status().revisions_total > before);
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(dirty));
}

// ------------------------------------------------------------------------------------------------
// memory

/// Bytes that the process holds after so many windows of all series, none of which has fired.
size_t BytesAfter(int64_t windows, bool with_view, size_t series) {
  const size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  ViewBed bed(ArrivalTime{kMark.ns / 1'000'000});
  bed.MakeSeries(series);
  if (with_view) {
    view::ViewDefinition mean = ViewBed::Definition();
    mean.width = kWindow;
    mean.out_of_orderness = hours(1);
    bed.Create(mean);
  }
  for (int64_t window = 0; window < windows; ++window) Fill(bed, window);
  if (with_view) {
    TM_CHECK(bed.Status().open_marks == static_cast<uint64_t>(windows) * series);
  }
  return ::mallinfo2().uordblks + ::mallinfo2().hblkhd - before;
}

/// The counters are the result: what a view adds for each group, and for each open window of one.
void BM_ViewMemory(benchmark::State& bench) {
  constexpr size_t kSeries = 100'000;
  for (auto _ : bench) {
    const auto more = [](int64_t windows) {
      return static_cast<double>(BytesAfter(windows, true, kSeries)) -
             static_cast<double>(BytesAfter(windows, false, kSeries));
    };
    const nanoseconds begin = ThreadCpu();
    const double one = more(1);
    const double five = more(5);
    bench.SetIterationTime(std::chrono::duration<double>(ThreadCpu() - begin).count());
    const double window = (five - one) / 4 / kSeries;
    bench.counters["bytes_per_open_window"] = window;
    bench.counters["bytes_per_group"] = one / kSeries - window;
  }
}

int RegisterAll() {
  const auto once = [](benchmark::internal::Benchmark* b) {
    b->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(3)->UseManualTime();
  };
  once(benchmark::RegisterBenchmark("BM_Fire/1M", BM_Fire));
  once(benchmark::RegisterBenchmark("BM_BaselineWritePoints/1M", BM_BaselineWritePoints));
  for (const size_t dirty : {1U, 10U, 100U, 1'000U, 10'000U, 100'000U}) {
    once(benchmark::RegisterBenchmark(
        ("BM_GroupRefresh/dirty_" + std::to_string(dirty)).c_str(),
        [dirty](benchmark::State& bench) { BM_GroupRefresh(bench, dirty); }));
  }
  once(benchmark::RegisterBenchmark("BM_ViewMemory", BM_ViewMemory));
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace tidemark
