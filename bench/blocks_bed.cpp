// SPDX-License-Identifier: Apache-2.0
#include "blocks_bed.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "base/check.h"
#include "base/file_system.h"
#include "base/units.h"
#include "bulk_writer.h"

namespace tidemark {
namespace {

constexpr TableId kPoints{1};
constexpr TableId kUpserts{2};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Say(const char* what, std::chrono::steady_clock::time_point start) {
  std::fprintf(stderr, "%-32s %6.1f s\n", what, SecondsSince(start));
}

/// Drops what the page cache holds of the files below `dir`; they must be closed.
void DropPages(const std::string& dir) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
}

void Append(std::string& out, const auto& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename Start>
Result<void> Await(Start start) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  start([&promise](const Result<void>& result) { promise.set_value(result); });
  return future.get();
}

}  // namespace

class BlocksBed::Names final : public sql::Namespace {
 public:
  std::vector<std::string> Databases() const override { return {"bench"}; }
  Result<std::vector<std::string>> Tables(std::string_view /*database*/) const override {
    return std::vector<std::string>{"points", "upserts"};
  }
  Result<TableId> Find(std::string_view /*database*/, std::string_view table) const override {
    return table == "points" ? kPoints : kUpserts;
  }
  std::optional<View> FindView(std::string_view /*name*/) const override { return std::nullopt; }
};

BlocksBed::BlocksBed(const DevopsData& data, BlocksTables tables)
    : data_(data), tables_(tables), names_(std::make_unique<Names>()) {
  std::filesystem::create_directories(dir_.File("ours"));
  FillOurs();
  const char* const baselines = std::getenv("TM_BENCH_BASELINES");
  if (baselines != nullptr && std::string_view(baselines) == "0") return;
  FillDuck();
  if (const auto library = ChdbClient::FindLibrary()) {
    click_ = std::make_unique<ChdbClient>(*library, dir_.File("click"));
    FillClick();
  }
}

BlocksBed::~BlocksBed() { CloseOurs(); }

bool BlocksBed::has(BlocksEngine engine) const {
  switch (engine) {
    case BlocksEngine::kOurs:
      break;
    case BlocksEngine::kDuck:
      return duck_ != nullptr;
    case BlocksEngine::kClick:
      return click_ != nullptr;
  }
  return true;
}

const sql::Namespace& BlocksBed::names() const { return *names_; }

std::vector<const char*> BlocksBed::TableNames() const {
  if (tables_ == BlocksTables::kPoints) return {"points"};
  return {"points", "upserts"};
}

// ----------------------------------------------------------------------------------------------
// ours

void BlocksBed::OpenOurs() {
  executor_ = MakeThreadExecutor({.background_threads = kThreads, .query_threads = kThreads});
  store::EmbeddedStoreOptions options;
  options.dir = dir_.File("ours");
  options.memory_bytes_max = 12_GiB;
  auto opened = store::EmbeddedStore::Open(options, RealFileSystem(), clock_, *executor_, metrics_);
  if (!opened.ok()) std::fprintf(stderr, "open: %s\n", opened.error().message.c_str());
  store_ = std::move(opened).value();
  for (const auto& [table, name] : {std::pair(kPoints, "points"), std::pair(kUpserts, "upserts")}) {
    store_->SetTable({.table = table,
                      .name = "\"bench\".\"" + std::string(name) + "\"",
                      .memory_retention = std::chrono::hours(24 * 3650),
                      .magnetic_writes = true});
  }
  sql::EngineOptions engine;
  engine.threads = kThreads;
  engine.memory_bytes_max = 4_GiB;
  engine_ = sql::Engine::Open(engine, *store_, *names_, clock_, metrics_).value();
}

void BlocksBed::CloseOurs() {
  engine_.reset();
  store_.reset();
  if (executor_ != nullptr) executor_->Stop();
  executor_.reset();
}

std::vector<store::SeriesRef> BlocksBed::ResolveSeries(TableId table) {
  std::vector<store::SeriesRef> out;
  for (size_t h = 0; h < data_.hosts(); ++h) {
    store::DimensionView dimensions[DevopsData::kDimensions];
    for (size_t d = 0; d < DevopsData::kDimensions; ++d) {
      dimensions[d] = {DevopsData::dimension_names()[d], data_.host(h)[d]};
    }
    for (const std::string_view measure : DevopsData::measures()) {
      const store::SeriesKeyView key{.table = table,
                                     .measure = measure,
                                     .dimensions = dimensions,
                                     .type = store::ValueType::kDouble,
                                     .owner = {}};
      out.push_back(store_->Resolve(std::span(&key, 1)).value().front().series);
    }
  }
  return out;
}

void BlocksBed::FillOurs() {
  const auto start = std::chrono::steady_clock::now();
  OpenOurs();
  constexpr size_t kBatch = 512;
  std::vector<double> values(data_.points_per_series());
  std::vector<store::PointView> points(values.size());
  std::vector<store::SeriesRef> upserted;
  for (const std::string_view name : TableNames()) {
    const TableId table = name == "points" ? kPoints : kUpserts;
    const std::vector<store::SeriesRef> series = ResolveSeries(table);
    BulkWriter writer(*store_, {});
    for (size_t s = 0; s < series.size(); ++s) {
      data_.Values(s, values);
      for (size_t i = 0; i < values.size(); ++i) {
        points[i] = {.series = series[s],
                     .time = data_.times()[i],
                     .version = 1,
                     .arrival = {},
                     .value = store::ValueView::Double(values[i]),
                     .row = nullptr};
      }
      for (size_t at = 0; at < points.size(); at += kBatch) {
        writer.Write(std::span(points).subspan(at, std::min(kBatch, points.size() - at)));
      }
    }
    writer.Drain();
    if (table == kUpserts) upserted = series;
  }
  Say("tidemark: write", start);
  SealOurs();
  if (!upserted.empty()) UpsertOurs(upserted);
}

void BlocksBed::UpsertOurs(std::span<const store::SeriesRef> series) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<store::PointView> points;
  BulkWriter writer(*store_, {});
  for (size_t s = 0; s < series.size(); ++s) {
    points.clear();
    for (const DevopsData::Upsert& upsert : data_.Upserts(s)) {
      points.push_back({.series = series[s],
                        .time = data_.times()[upsert.point],
                        .version = 2,
                        .arrival = {},
                        .value = store::ValueView::Double(upsert.value),
                        .row = nullptr});
    }
    if (!points.empty()) writer.Write(points);
  }
  writer.Drain();
  if (sealed_) {
    TM_CHECK(Await([this](Completion<void> done) { store_->Flush(std::move(done)); }).ok());
    for (const store::TableStorage& table : store_->Report().tables) {
      if (table.table == kUpserts) overlay_points_ = table.overlay_points;
    }
  }
  Say("tidemark: upserts", start);
}

void BlocksBed::SealOurs() {
  auto start = std::chrono::steady_clock::now();
  const auto flushed = Await([this](Completion<void> done) { store_->Flush(std::move(done)); });
  if (!flushed.ok()) {
    std::fprintf(stderr, "tidemark: not sealed: %s\n", flushed.error().message.c_str());
    bytes_per_point_[BlocksEngine::kOurs] = 0;
    return;
  }
  Say("tidemark: seal", start);
  start = std::chrono::steady_clock::now();
  const auto merged = Await([this](Completion<void> done) {
    store_->Compact(store::CompactMode::kFull, std::move(done));
  });
  if (!merged.ok()) std::fprintf(stderr, "tidemark: merge: %s\n", merged.error().message.c_str());
  Say("tidemark: merge", start);
  const store::StorageReport report = store_->Report();
  sealed_ = report.block_bytes > 0;
  if (!sealed_) {
    std::fprintf(stderr, "tidemark: nothing was sealed\n");
    bytes_per_point_[BlocksEngine::kOurs] = 0;
    return;
  }
  uint64_t bytes = report.dict_bytes;
  uint64_t points = 0;
  for (const store::TableStorage& table : report.tables) {
    bytes += table.bytes;
    points += table.points;
  }
  bytes_per_point_[BlocksEngine::kOurs] = static_cast<double>(bytes) / static_cast<double>(points);
}

// ----------------------------------------------------------------------------------------------
// DuckDB

void BlocksBed::FillDuck() {
  const auto start = std::chrono::steady_clock::now();
  std::filesystem::create_directories(dir_.File("duck"));
  duck_ = std::make_unique<DuckFile>(dir_.File("duck/bench.duckdb"), kThreads);
  std::string names;
  std::string columns;
  for (const std::string_view name : DevopsData::dimension_names()) {
    names += std::string(name) + ", ";
    columns += std::string(name) + " VARCHAR, ";
  }
  duck_->Execute("CREATE TABLE raw (id BIGINT, time BIGINT, value DOUBLE)");
  duck_->Execute("CREATE TABLE series (id BIGINT, measure_name VARCHAR, " +
                 columns.substr(0, columns.size() - 2) + ")");
  // Ordered as the questions ask, measure first, so that its zone maps help.
  std::string rows;
  for (size_t h = 0; h < data_.hosts(); ++h) {
    for (size_t m = 0; m < DevopsData::kMeasures; ++m) {
      rows += rows.empty() ? "(" : ", (";
      rows += std::to_string(h * DevopsData::kMeasures + m) + ", '" +
              std::string(DevopsData::measures()[m]) + "'";
      for (const std::string& value : data_.host(h)) rows += ", '" + value + "'";
      rows += ")";
    }
    if (rows.size() > 1'000'000 || h + 1 == data_.hosts()) {
      duck_->Execute("INSERT INTO series VALUES " + rows);
      rows.clear();
    }
  }
  {
    const auto appender = duck_->Append("raw");
    std::vector<double> values(data_.points_per_series());
    for (size_t m = 0; m < DevopsData::kMeasures; ++m) {
      for (size_t h = 0; h < data_.hosts(); ++h) {
        const size_t s = h * DevopsData::kMeasures + m;
        data_.Values(s, values);
        appender->Series(static_cast<int64_t>(s), data_.times(), values);
      }
    }
  }
  for (const char* table : TableNames()) {
    duck_->Execute("CREATE TABLE " + std::string(table) + " AS SELECT measure_name, " + names +
                   "time, value FROM raw JOIN series USING (id)");
    if (table != std::string_view("points")) continue;
    duck_->Execute("CHECKPOINT");
    const std::string used =
        "SELECT count(DISTINCT block_id) * 262144 FROM "
        "pragma_storage_info('points') WHERE persistent";
    bytes_per_point_[BlocksEngine::kDuck] =
        std::stod(duck_->Query(used).front().front()) / static_cast<double>(data_.points());
  }
  Say("duckdb: load", start);
  if (tables_ == BlocksTables::kPointsAndUpserts) UpsertDuck();
  duck_->Execute("DROP TABLE raw");
  duck_->Execute("CHECKPOINT");
}

void BlocksBed::UpsertDuck() {
  const auto start = std::chrono::steady_clock::now();
  duck_->Execute("CREATE TABLE changes (id BIGINT, time BIGINT, value DOUBLE)");
  {
    const auto appender = duck_->Append("changes");
    for (size_t s = 0; s < data_.series(); ++s) {
      std::vector<EventTime> times;
      std::vector<double> values;
      for (const DevopsData::Upsert& upsert : data_.Upserts(s)) {
        times.push_back(data_.times()[upsert.point]);
        values.push_back(upsert.value);
      }
      appender->Series(static_cast<int64_t>(s), times, values);
    }
  }
  duck_->Execute(
      "UPDATE upserts SET value = c.value FROM (SELECT measure_name, instance_name, time, value "
      "FROM changes JOIN series USING (id)) c WHERE upserts.measure_name = c.measure_name AND "
      "upserts.instance_name = c.instance_name AND upserts.time = c.time");
  duck_->Execute("DROP TABLE changes");
  duck_->Execute("CHECKPOINT");
  Say("duckdb: upserts", start);
}

// ----------------------------------------------------------------------------------------------
// ClickHouse

std::string BlocksBed::WriteClickFiles() {
  std::string series;
  for (size_t h = 0; h < data_.hosts(); ++h) {
    for (size_t m = 0; m < DevopsData::kMeasures; ++m) {
      series += std::to_string(h * DevopsData::kMeasures + m) + "\t" +
                std::string(DevopsData::measures()[m]);
      for (const std::string& value : data_.host(h)) series += "\t" + value;
      series += "\n";
    }
  }
  const std::string folder = dir_.File("transfer");
  std::filesystem::create_directories(folder);
  const auto write = [&folder](const char* name, const std::string& bytes, const char* mode) {
    std::FILE* file = std::fopen((folder + "/" + name).c_str(), mode);
    TM_CHECK(file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    TM_CHECK(std::fclose(file) == 0);
  };
  write("series.tsv", series, "w");
  std::vector<double> values(data_.points_per_series());
  for (size_t s = 0; s < data_.series(); ++s) {
    data_.Values(s, values);
    std::string rows;
    for (size_t i = 0; i < values.size(); ++i) {
      Append(rows, static_cast<uint32_t>(s));
      Append(rows, int64_t{data_.times()[i].ns / 1'000'000});
      Append(rows, values[i]);
    }
    write("points.bin", rows, "a");
    rows.clear();
    for (const DevopsData::Upsert& upsert : data_.Upserts(s)) {
      Append(rows, static_cast<uint32_t>(s));
      Append(rows, int64_t{data_.times()[upsert.point].ns / 1'000'000});
      Append(rows, upsert.value);
    }
    write("changes.bin", rows, "a");
  }
  return folder;
}

void BlocksBed::FillClick() {
  const auto start = std::chrono::steady_clock::now();
  const std::string folder = WriteClickFiles();
  std::string columns;
  std::string names;
  std::string texts;
  for (const std::string_view name : DevopsData::dimension_names()) {
    columns += std::string(name) + " LowCardinality(String), ";
    names += std::string(name) + ", ";
    texts += ", " + std::string(name) + " String";
  }
  for (const char* table : TableNames()) {
    click_->Execute("CREATE TABLE " + std::string(table) +
                    " (measure_name LowCardinality(String), " + columns +
                    "time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), "
                    "value Float64 CODEC(ZSTD(1)), version UInt64 CODEC(DoubleDelta, ZSTD(1))) "
                    "ENGINE = ReplacingMergeTree(version) ORDER BY (measure_name, " +
                    names + "time)");
  }
  click_->Execute("CREATE TABLE series ENGINE = Memory AS SELECT * FROM file('" + folder +
                  "/series.tsv', 'TSV', 'id UInt32, measure_name String" + texts + "')");
  const auto insert = [&](const char* table, const char* file, int version) {
    return "INSERT INTO " + std::string(table) + " SELECT measure_name, " + names +
           "fromUnixTimestamp64Milli(ms, 'UTC') AS time, value, " + std::to_string(version) +
           " AS version FROM file('" + folder + "/" + file +
           "', 'RowBinary', 'id UInt32, ms Int64, value Float64') AS p "
           "ANY LEFT JOIN series AS s ON p.id = s.id";
  };
  click_->Execute(insert("points", "points.bin", 1));
  click_->Execute("OPTIMIZE TABLE points FINAL");
  const auto used = click_->Query(
      "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'points'");
  bytes_per_point_[BlocksEngine::kClick] =
      std::stod(used.front().front()) / static_cast<double>(data_.points());
  if (tables_ == BlocksTables::kPointsAndUpserts) {
    click_->Execute("ALTER TABLE upserts ATTACH PARTITION ALL FROM points");
    click_->Execute("SYSTEM STOP MERGES upserts");
    click_->Execute(insert("upserts", "changes.bin", 2));
  }
  std::filesystem::remove_all(folder);
  Say("clickhouse: load", start);
}

// ----------------------------------------------------------------------------------------------
// questions

double BlocksBed::Run(BlocksEngine engine, const BlocksQuestion& question) {
  if (engine == BlocksEngine::kClick) return click_->Run(question.click);
  const auto start = std::chrono::steady_clock::now();
  if (engine == BlocksEngine::kDuck) {
    duck_->Run(question.duck);
  } else {
    const auto result =
        engine_->Execute({.sql = question.ours, .database = "bench", .deadline = {}}).value();
    sql::RowChunk chunk;
    while (result->Next(chunk).value()) {
    }
  }
  return SecondsSince(start);
}

void BlocksBed::MakeCold(BlocksEngine engine) {
  switch (engine) {
    case BlocksEngine::kOurs:
      CloseOurs();
      DropPages(dir_.File("ours"));
      OpenOurs();
      return;
    case BlocksEngine::kDuck:
      duck_->Close();
      DropPages(dir_.File("duck"));
      duck_->Open();
      return;
    case BlocksEngine::kClick:
      click_->Restart([this] { DropPages(dir_.File("click")); });
      return;
  }
}

BlocksBed::Rows BlocksBed::OursRows(const std::string& sql) {
  Rows out;
  auto opened = engine_->Execute({.sql = sql, .database = "bench", .deadline = {}});
  if (!opened.ok()) std::fprintf(stderr, "%s\n%s\n", sql.c_str(), opened.error().message.c_str());
  const auto result = std::move(opened).value();
  sql::RowChunk chunk;
  while (result->Next(chunk).value()) {
    for (size_t row = 0; row < chunk.rows(); ++row) {
      std::string key;
      std::vector<double> numbers;
      for (size_t column = 0; column < chunk.columns(); ++column) {
        const auto& value = chunk.at(row, column).data;
        if (const auto* number = std::get_if<double>(&value)) {
          numbers.push_back(*number);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
          key += *text + "|";
        } else {
          key += std::to_string(std::get<int64_t>(value)) + "|";
        }
      }
      TM_CHECK(out.emplace(std::move(key), std::move(numbers)).second);
    }
  }
  return out;
}

void BlocksBed::RequireEqual(const BlocksQuestion& question, const Rows& ours, const char* engine,
                             const std::vector<std::vector<std::string>>& cells) {
  const auto fail = [&](const std::string& what) {
    std::fprintf(stderr, "%s differs from %s: %s\n", question.name.c_str(), engine, what.c_str());
    std::abort();
  };
  if (cells.size() != ours.size()) {
    fail(std::to_string(ours.size()) + " rows, there " + std::to_string(cells.size()));
  }
  const size_t numbers = ours.begin()->second.size();
  for (const auto& row : cells) {
    std::string key;
    for (size_t i = 0; i + numbers < row.size(); ++i) key += row[i] + "|";
    const auto found = ours.find(key);
    if (found == ours.end()) fail("no row " + key);
    for (size_t i = 0; i < numbers; ++i) {
      const double want = std::strtod(row[row.size() - numbers + i].c_str(), nullptr);
      const double got = found->second[i];
      // Their sums depend on the order of their threads; ours are exact.
      if (std::abs(got - want) > std::max(1e-9 * std::abs(want), question.rounding)) {
        fail(key + " " + std::to_string(got) + ", there " + std::to_string(want));
      }
    }
  }
}

void BlocksBed::Compare(const BlocksQuestion& question) {
  const Rows ours = OursRows(question.ours);
  if (ours.empty()) {
    std::fprintf(stderr, "%s: no rows\n", question.name.c_str());
    std::abort();
  }
  const std::string& duck = question.duck_exact.empty() ? question.duck : question.duck_exact;
  if (duck_ != nullptr) RequireEqual(question, ours, "duckdb", duck_->Query(duck));
  if (click_ != nullptr) RequireEqual(question, ours, "clickhouse", click_->Query(question.click));
}

}  // namespace tidemark
