// SPDX-License-Identifier: Apache-2.0
// The window queries of Nexmark as far as views express them (README.md says how): events per CPU
// second through pipeline, store and views, none or 5 % of the bids 12 s late. Baseline: the same
// events into the store alone. TM_BENCH_NEXMARK_EVENTS: of a run.
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "agg/histogram.h"
#include "base/check.h"
#include "nexmark_load.h"
#include "view_bed.h"

namespace tidemark {
namespace {

constexpr EventTime kStart{1'767'225'600'000'000'000};  // 2026-01-01
constexpr size_t kEventsPerStep = 10'000;               // a second of them

size_t StepCount() {
  const char* text = std::getenv("TM_BENCH_NEXMARK_EVENTS");
  return (text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10)) / kEventsPerStep;
}

struct Query {
  const char* name;
  std::vector<std::string> dimensions;  // of the points; what else a record has is left out
  std::vector<view::ViewDefinition> (*views)();
};

view::ViewDefinition Base(uint32_t id, const char* name, const char* measure) {
  view::ViewDefinition d = ViewBed::Definition();
  d.id = ViewId{id};
  d.name = name;
  d.types = {store::ValueType::kBigint};
  d.measures = {measure};
  d.aggregates = {agg::Kind::kCount};
  d.output = std::string(name) + "_{aggregate}_{measure}";
  return d;
}

std::vector<view::ViewDefinition> HotItems() {
  view::ViewDefinition bids = Base(1, "bids", "price");
  bids.width = seconds(10);
  bids.slide = seconds(2);
  view::ViewDefinition most = Base(2, "most", "bids_count_price");
  most.upstream = {std::make_shared<const view::ViewDefinition>(bids)};
  most.source = ViewBed::kRows;
  most.group_by = {};
  most.width = seconds(2);  // windows of `bids` that begin in it: one
  most.aggregates = {agg::Kind::kMax};
  return {bids, most};
}

std::vector<view::ViewDefinition> HighestBid() {
  view::ViewDefinition d = Base(1, "highest", "price");
  d.width = seconds(10);
  d.group_by = {};
  d.aggregates = {agg::Kind::kMax};
  return {d};
}

std::vector<view::ViewDefinition> NewUsers() {
  view::ViewDefinition persons = Base(1, "persons", "person");
  persons.width = seconds(10);
  view::ViewDefinition auctions = Base(2, "auctions", "auction");
  auctions.width = seconds(10);
  return {persons, auctions};
}

std::vector<view::ViewDefinition> UserSessions() {
  view::ViewDefinition d = Base(1, "sessions", "price");
  d.session_gap = seconds(10);
  return {d};
}

std::vector<view::ViewDefinition> UserWindows() {
  view::ViewDefinition d = Base(1, "windows", "price");
  d.width = seconds(10);
  return {d};
}

std::vector<view::ViewDefinition> AuctionStatistics() {
  view::ViewDefinition d = Base(1, "statistics", "price");
  d.calendar = "day";
  d.early = seconds(10);  // what is known of the day so far
  d.multi_rows = true;
  d.output = "statistics_{measure}";
  d.aggregates = {agg::Kind::kCount, agg::Kind::kMin, agg::Kind::kMax, agg::Kind::kAvg,
                  agg::Kind::kSum};
  const auto buckets = agg::HistogramBounds::Make({1e4, 1e6}).value();
  for (const agg::Aggregate& one : agg::Columns(*agg::AggregateFromName("histogram"), buckets)) {
    d.aggregates.push_back(one);
  }
  return {d};
}

const std::vector<Query>& Queries() {
  static const std::vector<Query> queries = {
      {"q5", {"auction"}, HotItems},    {"q7", {"auction"}, HighestBid},
      {"q8", {"person"}, NewUsers},     {"q11", {"person"}, UserSessions},
      {"q12", {"person"}, UserWindows}, {"q17", {"auction"}, AuctionStatistics}};
  return queries;
}

void Verify(ViewBed& bed, const view::ViewDefinition& definition) {
  const view::ViewStatus status = bed.Status(definition.name);
  TM_CHECK(status.caught_up && status.dirty_count == 0);
  if (definition.ranged()) return;
  auto verification =
      bed.views().Verify(definition.name, {.windows = {kEventTimeMin, kEventTimeMax}});
  TM_CHECK(verification.ok());
  while (true) {
    const auto more = (*verification)->Step();
    TM_CHECK(more.ok());
    if (!*more) break;
  }
  TM_CHECK((*verification)->report().clean());
}

void BM_Nexmark(benchmark::State& bench, const Query& query, int late_percent, bool with_views) {
  const NexmarkLoad load(kStart, late_percent, seconds(12));
  const auto steps = static_cast<int64_t>(StepCount());
  static std::set<std::pair<std::string, int>> verified;
  for (auto _ : bench) {
    ViewBed bed(ArrivalTime{kStart.ns / 1'000'000});
    const auto definitions = with_views ? query.views() : std::vector<view::ViewDefinition>();
    for (const view::ViewDefinition& definition : definitions) bed.Create(definition);
    bed.Feed(
        kEventsPerStep,
        [&load](int64_t step, size_t k, std::string& out) {
          NexmarkLoad::AppendText(load.At(static_cast<uint64_t>(step) * kEventsPerStep + k), out);
        },
        query.dimensions);
    nanoseconds used{0};
    for (int64_t step = 0; step < steps; ++step) {
      used += bed.Step(step, load.TimeOf(static_cast<uint64_t>(step) * kEventsPerStep));
    }
    bench.SetIterationTime(std::chrono::duration<double>(used).count());
    TM_CHECK(bed.points() == kEventsPerStep * static_cast<size_t>(steps));
    uint64_t rows = 0;
    uint64_t revisions = 0;
    for (const view::ViewDefinition& definition : definitions) {
      const view::ViewStatus status = bed.Status(definition.name);
      rows += status.windows_published;
      revisions += status.revisions_total;
      if (!verified.contains({query.name, late_percent})) Verify(bed, definition);
    }
    bench.counters["rows"] = static_cast<double>(rows);
    bench.counters["revisions"] = static_cast<double>(revisions);
    if (with_views) verified.insert({query.name, late_percent});
  }
  bench.SetItemsProcessed(bench.iterations() * steps * static_cast<int64_t>(kEventsPerStep));
}

int RegisterAll() {
  for (const Query& query : Queries()) {
    const auto add = [&query](const char* what, int late, bool with_views) {
      const std::string name =
          std::string(what) + "/" + query.name + "/late_" + std::to_string(late);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&query, late, with_views](benchmark::State& bench) {
                                     BM_Nexmark(bench, query, late, with_views);
                                   })
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Repetitions(3)
          ->UseManualTime();
    };
    add("BM_Nexmark", 0, true);
    add("BM_Nexmark", 5, true);
    add("BM_BaselineStore", 0, false);
  }
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace tidemark
