// SPDX-License-Identifier: Apache-2.0
// SQL over 43.2 M points (20,000 series of 2,160) in sealed, merged blocks, and over the same with
// 5 % written again and not merged. Baselines: a DuckDB file and a ClickHouse ReplacingMergeTree
// read with FINAL, in the same run. Cold: opened anew, nothing in the page cache; warm: asked
// before. Ends with a table. TM_BENCH_SERIES and TM_BENCH_POINTS make it smaller,
// TM_BENCH_COLD_ROUNDS=0 leaves the cold part out.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include <benchmark/benchmark.h>

#include "base/logging.h"
#include "blocks_bed.h"

namespace tidemark {
namespace {

constexpr BlocksEngine kEngines[] = {BlocksEngine::kOurs, BlocksEngine::kDuck,
                                     BlocksEngine::kClick};
// Upserted tables are slow to read in the baselines.
constexpr int kRepetitions = 5;
constexpr int kRepetitionsUpserts = 3;

const char* BenchmarkName(BlocksEngine engine) {
  switch (engine) {
    case BlocksEngine::kOurs:
      return "BM_Blocks";
    case BlocksEngine::kDuck:
      return "BM_BaselineDuckDb";
    case BlocksEngine::kClick:
      return "BM_BaselineClickHouse";
  }
  return "";
}

double Median(std::vector<double> values) {
  if (values.empty()) return NAN;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Seconds of each run, by engine and question.
using Times = std::map<std::pair<BlocksEngine, std::string>, std::vector<double>>;

struct Run {
  explicit Run(DevopsShape shape) : data(shape), bed(data, BlocksTables::kPointsAndUpserts) {
    questions = BlocksQuestions(data, "points");
    for (BlocksQuestion& question : BlocksQuestions(data, "upserts")) {
      questions.push_back(std::move(question));
    }
    for (const BlocksQuestion& question : questions) bed.Compare(question);
  }

  const DevopsData data;
  BlocksBed bed;
  std::vector<BlocksQuestion> questions;
  Times cold;
  Times warm;
};

void MeasureCold(Run& run) {
  const char* const text = std::getenv("TM_BENCH_COLD_ROUNDS");
  const int rounds = text == nullptr ? 3 : std::atoi(text);
  for (int round = 0; round < rounds; ++round) {
    for (const BlocksQuestion& question : run.questions) {
      if (question.name.ends_with("_upserts")) continue;
      for (const BlocksEngine engine : kEngines) {
        if (!run.bed.has(engine)) continue;
        run.bed.MakeCold(engine);
        run.cold[{engine, question.name}].push_back(run.bed.Run(engine, question));
      }
    }
  }
}

void Register(Run& run) {
  for (const BlocksQuestion& question : run.questions) {
    for (const BlocksEngine engine : kEngines) {
      if (!run.bed.has(engine)) continue;
      const std::string name = std::string(BenchmarkName(engine)) + "/" + question.name;
      benchmark::RegisterBenchmark(
          name.c_str(),
          [&, engine](benchmark::State& bench) {
            for (auto _ : bench) {
              const double seconds = run.bed.Run(engine, question);
              run.warm[{engine, question.name}].push_back(seconds);
              bench.SetIterationTime(seconds);
            }
            bench.SetItemsProcessed(static_cast<int64_t>(run.data.points()));
          })
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Repetitions(question.name.ends_with("_upserts") ? kRepetitionsUpserts : kRepetitions)
          ->UseManualTime();
    }
  }
}

std::string Cell(double value, const char* format) {
  if (std::isnan(value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

void PrintTable(Run& run) {
  std::printf("\n%" PRIu64
              " points in %zu series, %s; ms of wall time, medians; x: times as long as ours\n",
              run.data.points(), run.data.series(), run.bed.sealed() ? "in blocks" : "IN MEMORY");
  std::printf("%-36s %9s %9s %9s %9s %10s %11s %9s\n", "question", "cold", "warm", "duckdb",
              "clickhouse", "duckdb cold", "click cold", "best");
  std::map<BlocksEngine, std::pair<double, int>> logs;
  for (const BlocksQuestion& question : run.questions) {
    const double ours = Median(run.warm[{BlocksEngine::kOurs, question.name}]);
    const double ours_cold = Median(run.cold[{BlocksEngine::kOurs, question.name}]);
    const auto ratio = [&](BlocksEngine engine, Times& times, double base) -> std::string {
      if (!run.bed.has(engine)) return "not installed";
      const double value = Median(times[{engine, question.name}]) / base;
      if (&times == &run.warm && !std::isnan(value)) {
        logs[engine].first += std::log(value);
        ++logs[engine].second;
      }
      return Cell(value, "%.1fx");
    };
    const std::string duck = ratio(BlocksEngine::kDuck, run.warm, ours);
    const std::string click = ratio(BlocksEngine::kClick, run.warm, ours);
    std::printf("%-36s %9s %9s %9s %9s %10s %11s %9s\n", question.name.c_str(),
                Cell(1e3 * ours_cold, "%.2f").c_str(), Cell(1e3 * ours, "%.2f").c_str(),
                duck.c_str(), click.c_str(),
                ratio(BlocksEngine::kDuck, run.cold, ours_cold).c_str(),
                ratio(BlocksEngine::kClick, run.cold, ours_cold).c_str(),
                question.best_ms == 0 ? "-" : Cell(question.best_ms, "%.1f").c_str());
  }
  for (const auto& [engine, sum] : logs) {
    std::printf("geometric mean over %s: %.1fx\n", BenchmarkName(engine),
                std::exp(sum.first / sum.second));
  }
  std::printf(
      "bytes per point: tidemark %.2f, duckdb %.2f, clickhouse %s; overlay points %" PRIu64 "\n",
      run.bed.bytes_per_point(BlocksEngine::kOurs), run.bed.bytes_per_point(BlocksEngine::kDuck),
      run.bed.has(BlocksEngine::kClick)
          ? Cell(run.bed.bytes_per_point(BlocksEngine::kClick), "%.2f").c_str()
          : "not installed",
      run.bed.overlay_points());
}

}  // namespace
}  // namespace tidemark

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  tidemark::InitLogging(tidemark::LogLevel::kError, tidemark::LogFormat::kJson);
  tidemark::Run run(tidemark::DevopsShape::FromEnvironment({}));
  tidemark::MeasureCold(run);
  tidemark::Register(run);
  benchmark::RunSpecifiedBenchmarks();
  tidemark::PrintTable(run);
  benchmark::Shutdown();
  return 0;
}
