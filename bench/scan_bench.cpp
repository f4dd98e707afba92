// SPDX-License-Identifier: Apache-2.0
// Aggregates over 20,000 series x 2,160 points (six hours at 10 s) through sql::Engine, against a
// native DuckDB table with the same rows in the order in which they would have arrived (time by
// time). Both use two threads; time is a BIGINT of nanoseconds in the native table, the fastest
// form there. Wall time. Every answer is compared before anything is timed: counts and extremes
// exactly, DuckDB's own DOUBLE averages to 1e-9 (they are not order-free). TM_SCAN_POINTS=360 makes
// a smaller run.
#include <duckdb.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "app/fleet.h"
#include "base/check.h"
#include "base/testing/temp_dir.h"
#include "sql/engine.h"
#include "store/embedded_store.h"

namespace tidemark {
namespace {

constexpr TableId kTable{1};
constexpr size_t kHosts = 1000;
constexpr size_t kMeasures = 20;
constexpr EventTime kStart{1'767'225'600'000'000'000};

int64_t PointsPerSeries() {
  const char* text = std::getenv("TM_SCAN_POINTS");
  return text == nullptr ? 2160 : std::atoll(text);
}

/// Two decimals, as gauges have; the same expression stands in the native table's SQL.
double ValueOf(int64_t series, int64_t i) {
  return static_cast<double>((series * 7919 + i * 104729) % 10007) / 100.0;
}
/// A nanosecond per series, so that "last" has one answer.
EventTime TimeOf(int64_t series, int64_t i) {
  return kStart + seconds(10 * i) + nanoseconds(series);
}

class OneTable final : public sql::Namespace {
 public:
  std::vector<std::string> Databases() const override { return {"db"}; }
  Result<std::vector<std::string>> Tables(std::string_view /*database*/) const override {
    return std::vector<std::string>{"t"};
  }
  Result<TableId> Find(std::string_view /*database*/, std::string_view /*table*/) const override {
    return kTable;
  }
  std::optional<View> FindView(std::string_view /*name*/) const override { return std::nullopt; }
};

using Rows = std::vector<std::vector<sql::Value>>;

/// Our store and engine, and the native table, with the same rows. Built once.
class Bed {
 public:
  static Bed& Get() {
    static Bed bed;
    return bed;
  }

  Rows Ours(const std::string& text) {
    auto result = engine_->Execute({.sql = text});
    TM_CHECK(result.ok());
    Rows rows;
    sql::RowChunk chunk;
    while (true) {
      auto more = (*result)->Next(chunk);
      if (!more.ok()) fmt::print(stderr, "{}\n", more.error().message);
      TM_CHECK(more.ok());
      if (!*more) return rows;
      for (size_t r = 0; r < chunk.rows(); ++r) {
        std::vector<sql::Value> row;
        for (size_t c = 0; c < chunk.columns(); ++c) row.push_back(chunk.at(r, c));
        rows.push_back(std::move(row));
      }
    }
  }

  /// Columns of kinds BIGINT, DOUBLE and VARCHAR.
  Rows Native(const std::string& text) {
    duckdb_result result;
    if (duckdb_query(connection_, text.c_str(), &result) == DuckDBError) {
      fmt::print(stderr, "{}: {}\n", text, duckdb_result_error(&result));
      std::abort();
    }
    Rows rows(duckdb_row_count(&result));
    for (idx_t c = 0; c < duckdb_column_count(&result); ++c) {
      for (idx_t r = 0; r < rows.size(); ++r) {
        sql::Value value;
        switch (duckdb_column_type(&result, c)) {
          case DUCKDB_TYPE_DOUBLE:
            value.data = duckdb_value_double(&result, c, r);
            break;
          case DUCKDB_TYPE_VARCHAR: {
            char* copy = duckdb_value_varchar(&result, c, r);
            value.data = std::string(copy);
            duckdb_free(copy);
            break;
          }
          default:
            value.data = duckdb_value_int64(&result, c, r);
        }
        rows[r].push_back(std::move(value));
      }
    }
    duckdb_destroy_result(&result);
    return rows;
  }

  int64_t points() const { return points_; }

 private:
  Bed() {
    executor_ = MakeThreadExecutor({});
    store::EmbeddedStoreOptions options;
    options.dir = dir_.path();
    options.memory_bytes_max = uint64_t{16} << 30U;
    auto opened =
        store::EmbeddedStore::Open(options, RealFileSystem(), clock_, *executor_, metrics_);
    TM_CHECK(opened.ok());
    store_ = std::move(opened).value();
    store_->SetTable(
        {.table = kTable, .name = "\"db\".\"t\"", .memory_retention = hours(24 * 365 * 100)});
    auto engine = sql::Engine::Open({.memory_bytes_max = uint64_t{2} << 30U, .threads = 2}, *store_,
                                    names_, clock_, metrics_);
    TM_CHECK(engine.ok());
    engine_ = std::move(engine).value();
    TM_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
    TM_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
    Native("SET threads = 2");
    Load();
  }
  ~Bed() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
    engine_.reset();
    store_.reset();
    executor_->Stop();
  }

  void Load() {
    const app::Fleet fleet({.host_scale = 1, .hosts_max = kHosts, .seed = 1});
    Native(
        "CREATE TABLE s (id BIGINT, region VARCHAR, cell VARCHAR, silo VARCHAR, availability_zone "
        "VARCHAR, "
        "microservice_name VARCHAR, instance_type VARCHAR, os_version VARCHAR, instance_name "
        "VARCHAR, measure_name VARCHAR)");
    std::vector<store::SeriesRef> series;
    std::string values;
    for (const app::Host& host : fleet.hosts()) {
      std::vector<store::DimensionView> dimensions;
      for (const auto& [name, value] : host.dimensions) dimensions.push_back({name, value});
      for (size_t m = 0; m < kMeasures; ++m) {
        const std::string measure = fmt::format("measure_{:02}", m);
        const store::SeriesKeyView key{kTable, measure, dimensions, store::ValueType::kDouble, {}};
        values += fmt::format("{}({}", values.empty() ? "" : ",", series.size());
        for (const auto& dimension : dimensions) values += fmt::format(",'{}'", dimension.value);
        values += fmt::format(",'{}')", measure);
        series.push_back(store_->Resolve(std::span(&key, 1))->front().series);
      }
    }
    Native("INSERT INTO s VALUES " + values);
    const int64_t per_series = PointsPerSeries();
    points_ = per_series * static_cast<int64_t>(series.size());
    Native(
        fmt::format("CREATE TABLE t AS SELECT region, cell, silo, availability_zone, "
                    "microservice_name, instance_type, os_version, "
                    "instance_name, measure_name, {} + i * 10000000000 + id AS time, ((id * 7919 + "
                    "i * 104729) % 10007) / 100.0 AS v "
                    "FROM range({}) r(i), s",
                    kStart.ns, per_series));
    std::vector<store::PointView> batch;
    for (int64_t i = 0; i < per_series; ++i) {
      for (size_t s = 0; s < series.size(); ++s) {
        const auto id = static_cast<int64_t>(s);
        store::PointView point;
        point.series = series[s];
        point.time = TimeOf(id, i);
        point.value = store::ValueView::Double(ValueOf(id, i));
        batch.push_back(point);
        if (batch.size() == 4096 || (s + 1 == series.size() && i + 1 == per_series)) Flush(batch);
      }
    }
    while (written_.load() < points_) written_.wait(written_.load());
  }

  void Flush(std::vector<store::PointView>& batch) {
    bool taken = false;
    while (!taken) {
      taken = true;
      store::WriteBatch write;
      write.points = batch;
      write.time_check = store::WriteBatch::TimeCheck::kNone;
      const auto count = static_cast<int64_t>(batch.size());
      store_->Write(write, [&taken, count, this](Result<store::WriteReply> reply) {
        if (!reply.ok()) {  // the journal queue is full: refused inside the call
          TM_CHECK(reply.error().code == Code::kResourceExhausted);
          taken = false;
          return;
        }
        written_.fetch_add(count);
        written_.notify_all();
      });
      if (!taken) {
        const int64_t seen = written_.load();
        if (seen < submitted_) written_.wait(seen);
      }
    }
    submitted_ += static_cast<int64_t>(batch.size());
    batch.clear();
  }

  TempDir dir_;
  SystemClock clock_;
  MetricRegistry metrics_;
  OneTable names_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sql::Engine> engine_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  int64_t points_ = 0;
  int64_t submitted_ = 0;
  std::atomic<int64_t> written_{0};
};

struct Case {
  const char* name;
  const char* ours;
  const char* native;
};

// Same rows in the same order on both sides; bins as BIGINT nanoseconds.
constexpr Case kCases[] = {
    {"Avg", "SELECT avg(measure_value::double) FROM \"db\".\"t\"", "SELECT avg(v) FROM t"},
    {"BinAvgOneMeasure",
     "SELECT bin(time, 5m), avg(measure_value::double) FROM \"db\".\"t\" WHERE measure_name = "
     "'measure_07' GROUP BY bin(time, 5m) ORDER BY 1",
     "SELECT time // 300000000000 * 300000000000 AS b, avg(v) FROM t WHERE measure_name = "
     "'measure_07' GROUP BY b ORDER BY 1"},
    {"HourlyByMeasure",
     "SELECT measure_name, bin(time, 1h), avg(measure_value::double), min(measure_value::double), "
     "max(measure_value::double) "
     "FROM \"db\".\"t\" GROUP BY measure_name, bin(time, 1h) ORDER BY 1, 2",
     "SELECT measure_name, time // 3600000000000 * 3600000000000 AS b, avg(v), min(v), max(v) FROM "
     "t GROUP BY measure_name, b ORDER BY 1, 2"},
    {"MaxAndLastByTwoDimensions",
     "SELECT region, microservice_name, max(measure_value::double), max_by(measure_value::double, "
     "time) FROM \"db\".\"t\" "
     "GROUP BY region, microservice_name ORDER BY 1, 2",
     "SELECT region, microservice_name, max(v), arg_max(v, time) FROM t GROUP BY region, "
     "microservice_name ORDER BY 1, 2"},
};

bool Same(const sql::Value& a, const sql::Value& b) {
  const auto* x = std::get_if<double>(&a.data);
  const auto* y = std::get_if<double>(&b.data);
  if (x != nullptr && y != nullptr) return std::abs(*x - *y) <= 1e-9 * std::max(1.0, std::abs(*x));
  return a == b;
}

void CheckEqual(const Case& one) {
  const Rows ours = Bed::Get().Ours(one.ours);
  const Rows native = Bed::Get().Native(one.native);
  bool equal = !ours.empty() && ours.size() == native.size();
  for (size_t r = 0; equal && r < ours.size(); ++r) {
    for (size_t c = 0; equal && c < ours[r].size(); ++c) equal = Same(ours[r][c], native[r][c]);
  }
  if (!equal) {
    fmt::print(stderr, "{}: the answers differ ({} and {} rows)\n", one.name, ours.size(),
               native.size());
    std::abort();
  }
}

void Register() {
  for (const Case& one : kCases) {
    benchmark::RegisterBenchmark(
        fmt::format("BM_Ours{}", one.name).c_str(),
        [&one](benchmark::State& state) {
          CheckEqual(one);
          for (auto _ : state) benchmark::DoNotOptimize(Bed::Get().Ours(one.ours));
          state.SetItemsProcessed(state.iterations() * Bed::Get().points());
        })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(
        fmt::format("BM_Native{}", one.name).c_str(),
        [&one](benchmark::State& state) {
          for (auto _ : state) benchmark::DoNotOptimize(Bed::Get().Native(one.native));
          state.SetItemsProcessed(state.iterations() * Bed::Get().points());
        })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace tidemark

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  tidemark::Register();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
