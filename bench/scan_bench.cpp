// SPDX-License-Identifier: Apache-2.0
// Aggregates by SQL over 20,000 series of 2,160 points (a point every 10 s for six hours, 43.2 M in
// all) in the embedded store. Baseline: the same question to a DuckDB table with the same rows, in
// the same process, with the same number of threads. TM_BENCH_POINTS makes the series shorter.
#include <cmath>
#include <cstdlib>
#include <map>
#include <string_view>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/numbers.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/testing/temp_dir.h"
#include "base/units.h"
#include "duck_file.h"
#include "sql/engine.h"
#include "store/embedded_store.h"

namespace tidemark {
namespace {

constexpr size_t kHosts = 1000;
constexpr size_t kMeasures = 20;
constexpr int kThreads = 2;
constexpr EventTime kStart{1'767'225'600'000'000'000};

size_t PointsPerSeries() {
  const char* text = std::getenv("TM_BENCH_POINTS");
  return text == nullptr ? 2160 : std::strtoull(text, nullptr, 10);
}

struct Question {
  const char* name;
  const char* ours;
  const char* native;
};

// Each answer is ordered only when it is compared.
constexpr Question kQuestions[] = {
    {"avg", "SELECT avg(measure_value::double) FROM bench.points", "SELECT avg(value) FROM points"},
    {"bin_avg_one_measure",
     "SELECT bin(time, 1h) AS b, avg(measure_value::double) FROM bench.points "
     "WHERE measure_name = 'measure_07' GROUP BY bin(time, 1h)",
     "SELECT time - time % 3600000000000 AS b, avg(value) FROM points "
     "WHERE measure_name = 'measure_07' GROUP BY b"},
    {"hourly_per_measure",
     "SELECT measure_name, bin(time, 1h) AS b, avg(measure_value::double), "
     "min(measure_value::double), max(measure_value::double) FROM bench.points "
     "GROUP BY measure_name, bin(time, 1h)",
     "SELECT measure_name, time - time % 3600000000000 AS b, avg(value), min(value), max(value) "
     "FROM points GROUP BY measure_name, b"},
    {"max_last_per_two_dimensions",
     "SELECT region, zone, max(measure_value::double), max_by(measure_value::double, time) "
     "FROM bench.points GROUP BY region, zone",
     "SELECT region, zone, max(value), max_by(value, time) FROM points "
     "GROUP BY region, zone"},
};

class Names final : public sql::Namespace {
 public:
  std::vector<std::string> Databases() const override { return {"bench"}; }
  Result<std::vector<std::string>> Tables(std::string_view /*database*/) const override {
    return std::vector<std::string>{"points"};
  }
  Result<TableId> Find(std::string_view /*database*/, std::string_view /*table*/) const override {
    return TableId{1};
  }
  std::optional<View> FindView(std::string_view /*name*/) const override { return std::nullopt; }
};

class Bed {
 public:
  static Bed& The() {
    static Bed bed;
    return bed;
  }

  Bed()
      : clock_({kStart.ns / 1'000'000 + 7 * 3'600'000}),
        executor_(clock_, 1),
        native_(":memory:", kThreads) {
    InitLogging(LogLevel::kError, LogFormat::kJson);
    store::EmbeddedStoreOptions options;
    options.dir = dir_.path();
    options.memory_bytes_max = 12_GiB;
    store_ =
        store::EmbeddedStore::Open(options, RealFileSystem(), clock_, executor_, metrics_).value();
    store_->SetTable({.table = TableId{1}, .name = "\"bench\".\"points\""});
    Fill();
    sql::EngineOptions engine;
    engine.threads = kThreads;
    engine.memory_bytes_max = 4_GiB;
    engine_ = sql::Engine::Open(engine, *store_, names_, system_clock_, metrics_).value();
    engine.pushdown = false;
    scan_engine_ = sql::Engine::Open(engine, *store_, names_, system_clock_, metrics_).value();
    for (const Question& question : kQuestions) Compare(question);
  }
  ~Bed() {
    engine_.reset();
    scan_engine_.reset();
    store_.reset();
  }

  uint64_t points() const { return kHosts * kMeasures * PointsPerSeries(); }
  DuckFile& native() { return native_; }
  sql::Engine& engine() { return *engine_; }
  sql::Engine& scan_engine() { return *scan_engine_; }

  static uint64_t Run(sql::Engine& engine, const std::string& sql) {
    const auto result = engine.Execute({.sql = sql, .database = "bench", .deadline = {}}).value();
    uint64_t rows = 0;
    sql::RowChunk chunk;
    while (result->Next(chunk).value()) rows += chunk.rows();
    return rows;
  }

 private:
  void Fill() {
    const size_t count = PointsPerSeries();
    SeededRandom random(1);
    std::vector<EventTime> times(count);
    for (size_t i = 0; i < count; ++i) {
      times[i] = kStart + seconds(10 * static_cast<int64_t>(i));
    }
    std::vector<double> values(count);
    std::vector<store::PointView> points(count);
    native_.Execute("CREATE TABLE raw (id BIGINT, time BIGINT, value DOUBLE)");
    native_.Execute(
        "CREATE TABLE series (id BIGINT, measure_name VARCHAR, region VARCHAR, zone VARCHAR, "
        "host VARCHAR)");
    auto raw = native_.Append("raw");
    std::string names;
    int64_t id = 0;
    for (size_t h = 0; h < kHosts; ++h) {
      const std::string region = "region-" + std::to_string(h % 6);
      const std::string zone = region + "-" + std::to_string(h / 6 % 3);
      const std::string host = "host-" + std::to_string(h);
      for (size_t m = 0; m < kMeasures; ++m) {
        const std::string measure = (m < 10 ? "measure_0" : "measure_") + std::to_string(m);
        const store::DimensionView dimensions[] = {
            {"region", region}, {"zone", zone}, {"host", host}};
        const store::SeriesKeyView key{.table = TableId{1},
                                       .measure = measure,
                                       .dimensions = dimensions,
                                       .type = store::ValueType::kDouble,
                                       .owner = {}};
        const auto series = store_->Resolve(std::span(&key, 1)).value().front().series;
        // All series end at one time, so the last values of a group (18 of them, by h) are equal.
        for (size_t i = 0; i < count; ++i) {
          values[i] = static_cast<double>(random.Below(10'000)) / 100;
          if (i + 1 == count) values[i] = static_cast<double>(h % 18);
          points[i] = {.series = series,
                       .time = times[i],
                       .version = 1,
                       .arrival = {},
                       .value = store::ValueView::Double(values[i]),
                       .row = nullptr};
        }
        for (size_t at = 0; at < count; at += 512) {
          store::WriteBatch batch;
          batch.points = std::span(points).subspan(at, std::min<size_t>(512, count - at));
          batch.time_check = store::WriteBatch::TimeCheck::kNone;
          store_->Write(batch, [](const Result<store::WriteReply>& reply) {
            TM_CHECK(reply.ok() && reply->rejections.empty());
          });
        }
        names += (id == 0 ? "(" : ", (") + std::to_string(id) + ", '" + measure + "', '" + region +
                 "', '" + zone + "', '" + host + "')";
        raw->Series(id++, times, values);
      }
      TM_CHECK(executor_.RunUntilIdle());
    }
    raw.reset();
    native_.Execute("INSERT INTO series VALUES " + names);
    native_.Execute(
        "CREATE TABLE points AS SELECT measure_name, region, zone, host, time, value "
        "FROM raw JOIN series USING (id)");
    native_.Execute("DROP TABLE raw");
  }

  using Rows = std::map<std::string, std::vector<double>>;

  /// Texts and times make the key, doubles are compared.
  Rows Ours(sql::Engine& engine, const std::string& sql) {
    Rows out;
    const auto result = engine.Execute({.sql = sql, .database = "bench", .deadline = {}}).value();
    sql::RowChunk chunk;
    while (result->Next(chunk).value()) {
      for (size_t row = 0; row < chunk.rows(); ++row) {
        std::string key;
        std::vector<double> numbers;
        for (size_t column = 0; column < chunk.columns(); ++column) {
          const auto& value = chunk.at(row, column).data;
          if (const auto* d = std::get_if<double>(&value)) {
            numbers.push_back(*d);
          } else if (const auto* text = std::get_if<std::string>(&value)) {
            key += *text + "|";
          } else {
            key += std::to_string(std::get<int64_t>(value)) + "|";
          }
        }
        out[key] = std::move(numbers);
      }
    }
    return out;
  }

  Rows Native(const Rows& like, const std::string& sql) {
    const size_t numbers = like.begin()->second.size();
    Rows out;
    for (const auto& cells : native_.Query(sql)) {
      std::string key;
      std::vector<double> values;
      for (size_t i = 0; i < cells.size(); ++i) {
        if (i + numbers < cells.size()) {
          key += cells[i] + "|";
        } else {
          values.push_back(std::strtod(cells[i].c_str(), nullptr));
        }
      }
      out[key] = std::move(values);
    }
    return out;
  }

  /// With and without pushdown the same bits; the baseline's averages are sums in another order.
  void Compare(const Question& question) {
    const Rows ours = Ours(*engine_, question.ours);
    TM_CHECK(!ours.empty() && ours == Ours(*scan_engine_, question.ours));
    const Rows native = Native(ours, question.native);
    TM_CHECK(native.size() == ours.size());
    for (const auto& [key, numbers] : ours) {
      const auto found = native.find(key);
      TM_CHECK(found != native.end() && found->second.size() == numbers.size());
      for (size_t i = 0; i < numbers.size(); ++i) {
        TM_CHECK(std::abs(numbers[i] - found->second[i]) <= 1e-9 * std::abs(numbers[i]));
      }
    }
  }

  const TempDir dir_;
  sim::SimClock clock_;
  sim::SimExecutor executor_;
  SystemClock system_clock_;
  MetricRegistry metrics_;
  Names names_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sql::Engine> engine_;
  std::unique_ptr<sql::Engine> scan_engine_;
  DuckFile native_;  // the same rows in a table of its own
};

void Report(benchmark::State& bench) {
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(Bed::The().points()));
}

void BM_Sql(benchmark::State& bench, const Question& question) {
  Bed& bed = Bed::The();
  for (auto _ : bench) benchmark::DoNotOptimize(Bed::Run(bed.engine(), question.ours));
  Report(bench);
}

void BM_SqlWithoutPushdown(benchmark::State& bench, const Question& question) {
  Bed& bed = Bed::The();
  for (auto _ : bench) benchmark::DoNotOptimize(Bed::Run(bed.scan_engine(), question.ours));
  Report(bench);
}

void BM_BaselineNativeTable(benchmark::State& bench, const Question& question) {
  Bed& bed = Bed::The();
  for (auto _ : bench) benchmark::DoNotOptimize(bed.native().Run(question.native));
  Report(bench);
}

int RegisterAll() {
  const auto add = [](const std::string& name, const Question& question,
                      void (*run)(benchmark::State&, const Question&)) {
    benchmark::RegisterBenchmark(
        (name + "/" + question.name).c_str(),
        [run, &question](benchmark::State& bench) { run(bench, question); })
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
  };
  for (const Question& question : kQuestions) {
    add("BM_Sql", question, BM_Sql);
    // The scan alone; grouping behind it is DuckDB's own work, and slow.
    if (std::string_view(question.name).ends_with("avg") ||
        std::string_view(question.name).starts_with("bin")) {
      add("BM_SqlWithoutPushdown", question, BM_SqlWithoutPushdown);
    }
    add("BM_BaselineNativeTable", question, BM_BaselineNativeTable);
  }
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace tidemark
