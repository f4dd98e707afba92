// SPDX-License-Identifier: Apache-2.0
// What a view costs: events per CPU second through pipeline, store and view, by the number of
// series, the window, the share of late events and their order. Baselines with the same events: the
// same without a view, and a plain loop that adds the decoded values up in a hash map.
//
// An event of each series every second for windows of 10 s (2.5 s at a million series), every 10 s
// for longer ones; late ones are 12 s and 75 s late. A run crosses window ends as often as it has
// windows' worth of events, but once at least: the counter events_per_row says how many events
// there are for each row that is written (a five-minute window has 30).
// TM_BENCH_VIEW_ALL=1: every combination, not some of them. TM_BENCH_VIEW_EVENTS: of a run.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "view_bed.h"

namespace tidemark {
namespace {

using Order = ViewLoadOptions::Order;

constexpr EventTime kMark{1'767'225'600'000'000'000};  // 2026-01-01, where windows of any width end

struct Case {
  size_t series = 0;
  nanoseconds window{0};
  int late_percent = 0;
  Order order = Order::kProducer;

  auto key() const { return std::tuple(series, window, late_percent, order); }
  std::string Name() const {
    const std::string count = series >= 1'000'000 ? std::to_string(series / 1'000'000) + "M"
                                                  : std::to_string(series / 1'000) + "k";
    const int64_t s = window / seconds(1);
    return count + "/" +
           (s >= 3600  ? "1h"
            : s >= 300 ? "5min"
                       : "10s") +
           "/late_" + std::to_string(late_percent) +
           (order == Order::kProducer ? "/producer" : "/shuffled");
  }
};

struct Plan {
  ViewLoadOptions load;
  int64_t warm_up = 0;  // steps that are not timed
  int64_t steps = 0;    // that are
};

size_t EventsMax() {
  const char* text = std::getenv("TM_BENCH_VIEW_EVENTS");
  return text == nullptr ? 3'000'000 : std::strtoull(text, nullptr, 10);
}

Plan PlanOf(const Case& c) {
  const bool brief = c.window < minutes(1);
  const bool many = c.series >= 1'000'000;
  Plan out;
  out.load = {.series = c.series,
              .start = {},
              .interval = !brief ? seconds(10)
                          : many ? milliseconds(2500)
                                 : seconds(1),
              .lateness = brief ? milliseconds(12'250) : milliseconds(75'000),
              .late_percent = c.late_percent,
              .order = c.order};
  // Series are known by then, have rows, and so do windows that late events fall into.
  out.warm_up = brief ? out.load.lateness / out.load.interval + 2 : 2;
  if (!brief) out.load.first_earlier = c.window;
  const auto per_window = c.window / out.load.interval;
  const auto fit = std::max<int64_t>(4, static_cast<int64_t>(EventsMax() / c.series));
  const int64_t wanted = std::max<int64_t>(per_window, std::min<int64_t>(fit, 1'000));
  out.steps = std::min(fit, wanted / per_window * per_window);
  // The first end of a window is half of the way through.
  out.load.start = kMark - out.load.interval * (std::min(out.steps, per_window) / 2);
  return out;
}

/// Loads are kept: what they hold is the same for all cases of some series in some order.
const ViewLoad& LoadOf(const Case& c) {
  static std::map<decltype(c.key()), std::unique_ptr<ViewLoad>> loads;
  auto& load = loads[c.key()];
  if (load == nullptr) load = std::make_unique<ViewLoad>(PlanOf(c).load);
  return *load;
}

using Sums = std::unordered_map<uint64_t, std::pair<double, uint64_t>>;

uint64_t KeyOf(const ViewEvent& event, nanoseconds window) {
  const int64_t number = (event.time - (kMark - hours(24))) / window;
  return static_cast<uint64_t>(number) << 32U | event.series;
}

/// Every row is there, and is the average of its events.
void CheckRows(ViewBed& bed, const Case& c) {
  const Plan plan = PlanOf(c);
  const ViewLoad& load = LoadOf(c);
  Sums sums;
  for (int64_t step = -plan.warm_up; step < plan.steps; ++step) {
    for (size_t k = 0; k < c.series; ++k) {
      const ViewEvent event = load.At(step, k);
      auto& [sum, count] = sums[KeyOf(event, c.window)];
      sum += event.value;
      ++count;
    }
  }
  const EventTime end = bed.Status().watermark.value();
  store::ScanRequest scan;
  scan.selection.table = ViewBed::kRows;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, ViewBed::Definition().owner()};
  const auto cursor = bed.store().Scan(scan).value();
  store::SliceBuffer buffer;
  store::Slice slice;
  size_t rows = 0;
  while (cursor->Next(buffer, slice).value()) {
    ViewEvent event;
    for (const auto& d : slice.series->dimensions) {
      if (d.name != "instance_name") continue;
      const std::string_view measure = slice.series->measure;
      event.series = static_cast<uint32_t>(load.SeriesOf(measure.substr(4), d.value));
    }
    for (size_t i = 0; i < slice.times.size(); ++i, ++rows) {
      event.time = slice.times[i];
      const auto found = sums.find(KeyOf(event, c.window));
      TM_CHECK(found != sums.end());
      const auto& [sum, count] = found->second;
      TM_CHECK(slice.columns[0].doubles[i] == sum / static_cast<double>(count));
    }
  }
  size_t wanted = 0;
  for (const auto& [key, sum] : sums) {
    const auto number = static_cast<int64_t>(key >> 32U);
    if (kMark - hours(24) + c.window * (number + 1) <= end) ++wanted;
  }
  TM_CHECK(rows == wanted && rows > 0);
}

enum class With : uint8_t { kView, kStoreAlone };

void BM_Events(benchmark::State& bench, const Case& c, With with) {
  const Plan plan = PlanOf(c);
  const ViewLoad& load = LoadOf(c);
  static std::map<decltype(c.key()), bool> checked;
  for (auto _ : bench) {
    ViewBed bed(ArrivalTime{load.TimeOf(-plan.warm_up).ns / 1'000'000 + 1});
    if (with == With::kView) {
      view::ViewDefinition mean = ViewBed::Definition();
      mean.width = c.window;
      bed.Create(mean);
    }
    bed.Feed(c.series, [&load](int64_t step, size_t k, std::string& out) {
      load.AppendText(load.At(step, k), out);
    });
    for (int64_t step = -plan.warm_up; step < 0; ++step) bed.Step(step, load.TimeOf(step));
    nanoseconds used{0};
    view::ViewStatus before;
    if (with == With::kView) before = bed.Status();
    for (int64_t step = 0; step < plan.steps; ++step) used += bed.Step(step, load.TimeOf(step));
    bench.SetIterationTime(std::chrono::duration<double>(used).count());
    TM_CHECK(bed.points() == c.series * static_cast<size_t>(plan.warm_up + plan.steps));
    if (with == With::kStoreAlone) continue;
    const view::ViewStatus after = bed.Status();
    TM_CHECK(after.caught_up && after.dirty_count == 0);
    const uint64_t rows = after.windows_published - before.windows_published;
    bench.counters["rows"] = static_cast<double>(rows);
    bench.counters["revisions"] =
        static_cast<double>(after.revisions_total - before.revisions_total);
    bench.counters["events_per_row"] =
        static_cast<double>(c.series * static_cast<size_t>(plan.steps)) /
        static_cast<double>(std::max<uint64_t>(1, rows));
    if (std::exchange(checked[c.key()], true)) continue;
    CheckRows(bed, c);
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(c.series) * plan.steps);
}

void BM_BaselineHashMap(benchmark::State& bench, const Case& c) {
  const Plan plan = PlanOf(c);
  const ViewLoad& load = LoadOf(c);
  std::vector<ViewEvent> events(c.series);
  for (auto _ : bench) {
    Sums sums;
    nanoseconds used{0};
    for (int64_t step = 0; step < plan.steps; ++step) {
      for (size_t k = 0; k < c.series; ++k) events[k] = load.At(step, k);
      const nanoseconds begin = ThreadCpu();
      for (const ViewEvent& event : events) {
        auto& [sum, count] = sums[KeyOf(event, c.window)];
        sum += event.value;
        ++count;
      }
      used += ThreadCpu() - begin;
    }
    bench.SetIterationTime(std::chrono::duration<double>(used).count());
  }
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(c.series) * plan.steps);
}

bool All() {
  const char* all = std::getenv("TM_BENCH_VIEW_ALL");
  return all != nullptr && *all == '1';
}

std::vector<Case> Cases() {
  std::vector<Case> out;
  if (All()) {
    for (const size_t series : {1'000U, 100'000U, 1'000'000U}) {
      for (const nanoseconds window :
           {nanoseconds(seconds(10)), nanoseconds(minutes(5)), nanoseconds(hours(1))}) {
        for (const int late : {0, 5, 50}) {
          out.push_back({series, window, late, Order::kProducer});
          out.push_back({series, window, late, Order::kShuffled});
        }
      }
    }
    return out;
  }
  for (const int late : {0, 5, 50}) out.push_back({1'000, minutes(5), late});
  for (const int late : {0, 5}) out.push_back({1'000, seconds(10), late});
  for (const int late : {0, 5}) out.push_back({100'000, minutes(5), late});
  for (const int late : {0, 5}) out.push_back({100'000, minutes(5), late, Order::kShuffled});
  out.push_back({100'000, hours(1), 0});
  out.push_back({1'000'000, minutes(5), 0});
  return out;
}

int RegisterAll() {
  for (const Case& c : Cases()) {
    const auto add = [&c](const char* what, auto run) {
      benchmark::RegisterBenchmark((std::string(what) + "/" + c.Name()).c_str(), run)
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Repetitions(3)
          ->UseManualTime();
    };
    add("BM_View", [c](benchmark::State& bench) { BM_Events(bench, c, With::kView); });
    add("BM_BaselineHashMap", [c](benchmark::State& bench) { BM_BaselineHashMap(bench, c); });
    if (c.late_percent > 0 && !All()) continue;  // its baseline is the view without late events
    add("BM_BaselineStore",
        [c](benchmark::State& bench) { BM_Events(bench, c, With::kStoreAlone); });
  }
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace tidemark
