// SPDX-License-Identifier: Apache-2.0
// Statements from text to rows over 43.2 M points in sealed, merged blocks: panels of the EC2
// sample, the shapes of the perf-scale workload and of TSBS devops (sql_questions.h). Baselines in
// the same run: a DuckDB file with the same rows and a ClickHouse ReplacingMergeTree. Then what a
// statement costs besides its data: parse, bind and emit (baseline: DuckDB's prepare), an answer
// from nothing (baseline: DuckDB's), and the Query API's JSON of a million rows (baseline: memcpy).
// Ends with a table. TM_BENCH_SERIES and TM_BENCH_POINTS make it smaller, TM_BENCH_BASELINES=0
// leaves the baselines out.
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include <benchmark/benchmark.h>

#include "api/timestream/value_json_internal.h"
#include "base/logging.h"
#include "blocks_bed.h"
#include "sql/binder.h"
#include "sql/emitter.h"
#include "sql/parser.h"
#include "sql_questions.h"

namespace tidemark {
namespace {

constexpr BlocksEngine kEngines[] = {BlocksEngine::kOurs, BlocksEngine::kDuck,
                                     BlocksEngine::kClick};
constexpr int kRepetitions = 9;
constexpr size_t kEncodedRows = 1'000'000;
constexpr size_t kPageBytes = 1'000'000;

const char* BenchmarkName(BlocksEngine engine) {
  switch (engine) {
    case BlocksEngine::kOurs:
      return "BM_Sql";
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

struct Run {
  explicit Run(DevopsShape shape)
      : data(shape), bed(data, BlocksTables::kPoints), questions(SqlQuestions(data)) {
    for (const BlocksQuestion& question : questions) bed.Compare(question);
  }

  const DevopsData data;
  BlocksBed bed;
  const std::vector<BlocksQuestion> questions;
  std::map<std::pair<BlocksEngine, std::string>, std::vector<double>> seconds;
};

void RegisterQuestions(Run& run) {
  for (const BlocksQuestion& question : run.questions) {
    for (const BlocksEngine engine : kEngines) {
      if (!run.bed.has(engine)) continue;
      benchmark::RegisterBenchmark(
          (std::string(BenchmarkName(engine)) + "/" + question.name).c_str(),
          [&, engine](benchmark::State& bench) {
            for (auto _ : bench) {
              const double seconds = run.bed.Run(engine, question);
              run.seconds[{engine, question.name}].push_back(seconds);
              bench.SetIterationTime(seconds);
            }
          })
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Repetitions(kRepetitions)
          ->UseManualTime();
    }
  }
}

// ------------------------------------------------------------------------------------------------
// what a statement costs besides its data

void RegisterCompile(Run& run, const std::string& name) {
  const BlocksQuestion& question = QuestionNamed(run.questions, name);
  const auto add = [&](const std::string& step, const std::function<void()>& work) {
    benchmark::RegisterBenchmark((step + "/" + name).c_str(), [work](benchmark::State& bench) {
      for (auto _ : bench) work();
    })->Unit(benchmark::kMicrosecond);
  };
  const auto bind = [&run](const sql::ast::Statement& statement) {
    return sql::Bind(*statement.query, run.bed.names(), run.bed.store(),
                     {.database = "bench", .now = DevopsData::kStart + hours(12)})
        .value();
  };
  const auto emit = [](const sql::plan::Plan& plan) {
    const std::vector<uint64_t> scans(plan.scans.size());
    const std::vector<uint64_t> aggregates(plan.aggregates.size());
    benchmark::DoNotOptimize(sql::Emit(plan, {scans, aggregates}));
  };
  add("BM_Parse",
      [&] { benchmark::DoNotOptimize(sql::ParseStatement(question.ours).value().query.get()); });
  add("BM_ParseBind", [&question, bind] {
    benchmark::DoNotOptimize(bind(sql::ParseStatement(question.ours).value()).scans.data());
  });
  add("BM_ParseBindEmit",
      [&question, bind, emit] { emit(bind(sql::ParseStatement(question.ours).value())); });
  if (!run.bed.has(BlocksEngine::kDuck)) return;
  add("BM_BaselineDuckDbPrepare", [&] { run.bed.duck().Prepare(question.duck); });
}

void RegisterFixedCosts(Run& run) {
  struct Fixed {
    const char* name;
    const char* ours;
    const char* duck;
  };
  // Answered by the store alone, by chunk statistics alone, by the execution engine alone.
  static constexpr Fixed kFixed[] = {
      {"no_series", "SELECT max(measure_value::double) FROM bench.points WHERE region = 'none'",
       "SELECT max(value) FROM points WHERE region = 'none'"},
      {"constant", "SELECT 1", "SELECT 1"},
  };
  for (const Fixed& fixed : kFixed) {
    benchmark::RegisterBenchmark((std::string("BM_Fixed/") + fixed.name).c_str(),
                                 [&run, &fixed](benchmark::State& bench) {
                                   const BlocksQuestion question{.name = fixed.name,
                                                                 .ours = fixed.ours};
                                   for (auto _ : bench) run.bed.Run(BlocksEngine::kOurs, question);
                                 })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
    if (!run.bed.has(BlocksEngine::kDuck)) continue;
    benchmark::RegisterBenchmark((std::string("BM_BaselineDuckDbFixed/") + fixed.name).c_str(),
                                 [&run, &fixed](benchmark::State& bench) {
                                   for (auto _ : bench) run.bed.duck().Run(fixed.duck);
                                 })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  }
}

// ------------------------------------------------------------------------------------------------
// the Query API's JSON

/// A result as the engine gives it, and its pages' bytes.
struct Encoding {
  explicit Encoding(Run& run) {
    const std::string sql =
        "SELECT instance_name, measure_name, time, measure_value::double FROM bench.points "
        "LIMIT " +
        std::to_string(kEncodedRows);
    result = run.bed.engine().Execute({.sql = sql, .database = "bench", .deadline = {}}).value();
    for (sql::RowChunk chunk; result->Next(chunk).value();) chunks.push_back(std::move(chunk));
    bytes = Encode();
  }

  /// Into pages, as the API does; their bytes.
  size_t Encode() const {
    size_t sum = 0;
    std::string page;
    for (const sql::RowChunk& chunk : chunks) {
      for (size_t row = 0; row < chunk.rows(); ++row) {
        page += ',';
        timestream::AppendRow(result->columns(), chunk, row, page);
        if (page.size() < kPageBytes) continue;
        benchmark::DoNotOptimize(page.data());
        sum += page.size();
        page = std::string();
      }
    }
    return sum + page.size();
  }

  std::unique_ptr<sql::QueryResult> result;
  std::vector<sql::RowChunk> chunks;
  size_t bytes = 0;
};

const Encoding& TheEncoding(Run& run) {
  static const Encoding encoding(run);
  return encoding;
}

void RegisterEncoding(Run& run) {
  benchmark::RegisterBenchmark("BM_EncodeRows", [&run](benchmark::State& bench) {
    const Encoding& encoding = TheEncoding(run);
    for (auto _ : bench) benchmark::DoNotOptimize(encoding.Encode());
    bench.SetBytesProcessed(bench.iterations() * static_cast<int64_t>(encoding.bytes));
  })->Unit(benchmark::kMillisecond);
  // From text to JSON: the store's scan, the execution engine, its rows decoded, their JSON.
  benchmark::RegisterBenchmark(
      "BM_QueryToJson",
      [&run](benchmark::State& bench) {
        const std::string sql =
            "SELECT instance_name, measure_name, time, measure_value::double FROM bench.points "
            "LIMIT " +
            std::to_string(kEncodedRows);
        size_t bytes = 0;
        for (auto _ : bench) {
          const auto result =
              run.bed.engine().Execute({.sql = sql, .database = "bench", .deadline = {}}).value();
          std::string page;
          for (sql::RowChunk chunk; result->Next(chunk).value();) {
            for (size_t row = 0; row < chunk.rows(); ++row) {
              page += ',';
              timestream::AppendRow(result->columns(), chunk, row, page);
              if (page.size() < kPageBytes) continue;
              bytes += page.size();
              page = std::string();
            }
          }
          bytes += page.size();
        }
        bench.SetBytesProcessed(static_cast<int64_t>(bytes));
      })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
  benchmark::RegisterBenchmark("BM_BaselineMemcpy", [&run](benchmark::State& bench) {
    const std::string text(TheEncoding(run).bytes, 'x');
    for (auto _ : bench) {
      for (size_t at = 0; at < text.size(); at += kPageBytes) {
        std::string page = text.substr(at, kPageBytes);
        benchmark::DoNotOptimize(page.data());
      }
    }
    bench.SetBytesProcessed(bench.iterations() * static_cast<int64_t>(text.size()));
  })->Unit(benchmark::kMillisecond);
}

// ------------------------------------------------------------------------------------------------

void PrintTable(Run& run) {
  std::printf("\n%" PRIu64
              " points in %zu series, %s; medians of wall time, warm; x: times as long as ours\n",
              run.data.points(), run.data.series(), run.bed.sealed() ? "in blocks" : "IN MEMORY");
  std::printf("%-32s %10s %10s %12s\n", "question", "ours, ms", "duckdb", "clickhouse");
  std::map<BlocksEngine, std::pair<double, int>> logs;
  for (const BlocksQuestion& question : run.questions) {
    const double ours = Median(run.seconds[{BlocksEngine::kOurs, question.name}]);
    if (std::isnan(ours)) continue;
    std::printf("%-32s %10.3f", question.name.c_str(), 1e3 * ours);
    for (const BlocksEngine engine : {BlocksEngine::kDuck, BlocksEngine::kClick}) {
      const double ratio = Median(run.seconds[{engine, question.name}]) / ours;
      if (std::isnan(ratio)) {
        std::printf(" %10s", "-");
        continue;
      }
      std::printf(" %9.1fx", ratio);
      logs[engine].first += std::log(ratio);
      ++logs[engine].second;
    }
    std::printf("\n");
  }
  for (const auto& [engine, sum] : logs) {
    std::printf("geometric mean over %s: %.1fx\n", BenchmarkName(engine),
                std::exp(sum.first / sum.second));
  }
}

}  // namespace
}  // namespace tidemark

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  tidemark::InitLogging(tidemark::LogLevel::kError, tidemark::LogFormat::kJson);
  tidemark::Run run(tidemark::DevopsShape::FromEnvironment({}));
  tidemark::RegisterQuestions(run);
  for (const char* name : {"perf_q1_alert", "ec2_host_hour_1m", "perf_q3_above_average"}) {
    tidemark::RegisterCompile(run, name);
  }
  tidemark::RegisterFixedCosts(run);
  tidemark::RegisterEncoding(run);
  benchmark::RunSpecifiedBenchmarks();
  tidemark::PrintTable(run);
  benchmark::Shutdown();
  return 0;
}
