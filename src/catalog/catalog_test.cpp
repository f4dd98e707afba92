// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "catalog/check.h"

namespace tidemark::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StillClock final : public Clock {
 public:
  ArrivalTime Now() const override { return {1'700'000'000'000}; }
  MonotonicTime Monotonic() const override { return {}; }
};

/// A folder of its own per test, removed afterwards.
class CatalogFile : public ::testing::Test {
 protected:
  CatalogFile() {
    std::string pattern = ::testing::TempDir() + "catalog_XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~CatalogFile() override { std::filesystem::remove_all(dir_); }

  std::string path() const { return dir_ + "/catalog.db"; }
  std::unique_ptr<Catalog> Open() {
    auto opened = Catalog::Open(path(), clock_);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(opened).value();
  }
  void RunSql(const char* sql) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  StillClock clock_;
  std::string dir_;
};

template <typename T>
Code CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.error().code;
}

StreamDef TwoShards(std::string name) {
  StreamDef def{.name = std::move(name), .retention_hours = 48};
  def.mode = StreamMode::kOnDemand;
  def.record_kib_max = 2048;
  def.tags = {{"env", "dev"}};
  def.shards = {{.number = 0,
                 .hash_end = {0x7fffffffffffffff, UINT64_MAX},
                 .created = {5},
                 .closed = ArrivalTime{9}},
                {.number = 1,
                 .hash_start = {0x8000000000000000, 0},
                 .parent = 0,
                 .adjacent_parent = 7,
                 .created = {6}}};
  return def;
}

PipelineDef Ec2Pipeline() {
  PipelineDef def{.name = "ec2",
                  .stream = "ec2-metrics",
                  .database = "InterpolatedBlogDB",
                  .table = "EC2MetricTable"};
  def.start = StartAt::kLatest;
  def.idle_timeout = seconds(15);
  def.mapping = {.measure_name = "MeasureName",
                 .measure_value = "MeasureValue",
                 .measure_type = "MeasureValueType",
                 .time = "Time",
                 .time_unit = "TimeUnit",
                 .dimensions = {"*"}};
  def.mapping.punctuation = "Watermark";
  def.rules.filter.texts = {{"region", {"a", "b"}, false}, {"host", {"m5*"}, true}};
  def.rules.filter.value_min = -0.5;
  def.rules.rename = {{"old", "new"}};
  def.rules.set = {{"site", "plant-{line}"}};
  def.rules.scale = {{"temp", 0.1}};
  def.breaker = 0.25;
  def.savepoints = {{"before", {{0, std::string("\0\xff", 2)}, {3, ""}}, "{}", ArrivalTime{7}}};
  def.running = false;
  def.definition = "name=\"ec2\"\n";
  return def;
}

ViewDef Ec2View() {
  ViewDef def{.generation = 3,
              .name = "ec2-5m",
              .database = "InterpolatedBlogDB",
              .table = "EC2MetricTable",
              .target_table = "EC2MetricTable",
              .measures = {"*"},
              .types = {"DOUBLE", "BIGINT"},
              .aggregates = {"avg"}};
  def.window = minutes(5);
  def.offset = seconds(90);
  def.early = seconds(10);
  def.provisional_after = seconds(30);
  def.group_by = {"*"};
  def.output = "avg_{measure}";
  def.label = WindowLabel::kEnd;
  def.out_of_orderness = seconds(3);
  def.allowed_lateness = minutes(2);
  def.late = LatePolicy::kFreeze;
  def.adopt = true;
  def.running = false;
  def.paused = true;
  def.definition = "view";
  def.source = "ec2-1m";
  def.filter = {
      {{"region", {"us-east-1", "eu-west-1"}, false}, {"instance_type", {"m5*"}, true}}, 0.0, 99.5};
  def.label_map = {"tier", "instance_type", {{"m5*", "general"}, {"c?", "compute"}}};
  def.slide = minutes(1);
  def.session_gap = seconds(7);
  def.max_session = hours(8);
  def.calendar = "week";
  def.zone = "Europe/Berlin";
  def.week_start = "sunday";
  def.zone_rules = {{.version = "2025b", .tzif = std::string("TZif2\0\xff", 7)},
                    {EventTime{1'700'000'000'000'000'001}, "2026a", "TZif2"}};
  def.every = seconds(10);
  def.fill = "constant";
  def.fill_value = -0.5;
  def.max_gap = minutes(3);
  def.levels = {minutes(1), hours(24 * 365 * 11) + nanoseconds(1)};  // more than a double holds
  def.multi_rows = true;
  def.columns = {"cpu_*", "mem"};
  def.buckets = {0, 0.1, 90};
  def.staleness = minutes(6);
  def.horizon = minutes(9);
  def.recompute_per_second = 77;
  def.refresh = seconds(2);
  def.late_stream = "ec2-late";
  return def;
}

TEST_F(CatalogFile, KeepsSavedQueriesAndDashboardsOverARestart) {
  SavedQueryDef query{.name = "q-1",
                      .title = "cpu \"<b>\" \u05d0",
                      .sql = "SELECT 1",
                      .from = "now-1h",
                      .to = "now",
                      .tags = {"a", "b"}};
  DashboardDef dashboard{.name = "ec2", .source = "console", .draft = R"({"schema":1})"};
  dashboard.versions = {{2, ArrivalTime{7}, "second", R"({"title":"b"})"},
                        {1, ArrivalTime{5}, "", R"({"title":"a"})"}};
  dashboard.shares = {{"s-1", "00ff", ArrivalTime{8}, ArrivalTime{9}, R"({"host":["a"]})"},
                      {"s-2", "ff00", ArrivalTime{8}, std::nullopt, ""}};
  {
    const auto catalog = Open();
    query = catalog->CreateSavedQuery(query).value();
    dashboard = catalog->CreateDashboard(dashboard).value();
    EXPECT_EQ(CodeOf(catalog->CreateDashboard(dashboard)), Code::kAlreadyExists);
    query.revision = 2;
    ASSERT_TRUE(catalog->UpdateSavedQuery(query).ok());
  }
  const auto catalog = Open();
  EXPECT_EQ(catalog->GetSavedQuery("q-1").value(), query);
  EXPECT_EQ(catalog->GetDashboard("ec2").value(), dashboard);
  EXPECT_EQ(catalog->ListDashboards().size(), 1U);
  ASSERT_TRUE(catalog->DeleteDashboard(dashboard.id).ok());
  ASSERT_TRUE(catalog->DeleteSavedQuery(query.id).ok());
  EXPECT_EQ(CodeOf(catalog->GetDashboard("ec2")), Code::kNotFound);
  EXPECT_TRUE(catalog->ListSavedQueries().empty());
}

ScheduledQueryDef HourlyQuery() {
  ScheduledQueryDef def{.name = "hourly", .suffix = "9376096f7309", .sql = "SELECT 1"};
  def.schedule = "rate(1 hour)";
  def.enabled = false;
  def.properties_json = R"({"KmsKeyId":"k"})";
  def.client_token = "t";
  def.request_hash = "h";
  def.considered = {17};
  def.runs = {{.invocation = {7},
               .trigger = {8},
               .manual = true,
               .succeeded = true,
               .execution_ms = 9,
               .bytes_written = 10,
               .records = 11,
               .rows = 12,
               .bytes_scanned = 13,
               .report_bucket = "b",
               .report_key = "k",
               .failure = "f"},
              {.invocation = {5}, .trigger = {6}}};
  return def;
}

TEST_F(CatalogFile, KeepsScheduledQueriesOverARestart) {
  ScheduledQueryDef kept;
  {
    auto catalog = Open();
    kept = catalog->CreateScheduledQuery(HourlyQuery()).value();
    EXPECT_EQ(CodeOf(catalog->CreateScheduledQuery(HourlyQuery())), Code::kAlreadyExists);
  }
  auto catalog = Open();
  EXPECT_EQ(catalog->GetScheduledQuery("hourly").value(), kept);
  kept.runs.clear();
  ASSERT_TRUE(catalog->UpdateScheduledQuery(kept).ok());
  EXPECT_EQ(catalog->GetScheduledQuery(kept.id).value(), kept);
  EXPECT_EQ(catalog->ListScheduledQueries().size(), 1U);
  ASSERT_TRUE(catalog->DeleteScheduledQuery(kept.id).ok());
  EXPECT_EQ(CodeOf(catalog->GetScheduledQuery("hourly")), Code::kNotFound);
}

TEST_F(CatalogFile, KeepsEveryFieldOverARestart) {
  StreamDef stream;
  DatabaseDef database;
  TableDef table;
  PipelineDef pipeline;
  ViewDef view;
  {
    auto catalog = Open();
    stream = catalog->CreateStream(TwoShards("s")).value();
    database =
        catalog->CreateDatabase({.name = "InterpolatedBlogDB", .extra_json = R"({"KmsKeyId":"k"})"})
            .value();
    TableDef wanted{.database_name = "InterpolatedBlogDB", .name = "EC2MetricTable"};
    wanted.memory_retention_hours = 7;
    wanted.magnetic_retention_days = 8;
    wanted.magnetic_writes_enabled = true;
    wanted.extra_json = R"({"Schema":{}})";
    table = catalog->CreateTable(wanted).value();
    pipeline = catalog->CreatePipeline(Ec2Pipeline()).value();
    view = catalog->CreateView(Ec2View()).value();
    ASSERT_TRUE(catalog->PutSetting("iterator_key", std::string_view("a\0b", 3)).ok());
  }
  auto catalog = Open();
  EXPECT_EQ(stream.created.ms, 1'700'000'000'000);
  EXPECT_EQ(table.database, database.id);
  EXPECT_EQ(catalog->GetStream("s").value(), stream);
  EXPECT_EQ(catalog->GetStream(stream.id).value(), stream);
  EXPECT_EQ(catalog->GetDatabase("InterpolatedBlogDB").value(), database);
  EXPECT_EQ(catalog->GetTable("InterpolatedBlogDB", "EC2MetricTable").value(), table);
  EXPECT_EQ(catalog->GetPipeline("ec2").value(), pipeline);
  EXPECT_EQ(catalog->GetView("ec2-5m").value(), view);
  EXPECT_EQ(catalog->GetSetting("iterator_key"), std::string("a\0b", 3));
  EXPECT_EQ(catalog->GetSetting("other"), std::nullopt);
}

// Generations of a view: the next one beside it, and the change between them in one step.
TEST_F(CatalogFile, SwitchesAViewToItsNextGeneration) {
  ViewDef first;
  ViewDef next = Ec2View();
  {
    auto catalog = Open();
    first = catalog->CreateView(Ec2View()).value();
    next.generation = 4;
    next.replaces = first.id;
    next = catalog->CreateView(next).value();
    EXPECT_EQ(CodeOf(catalog->CreateView(next)), Code::kAlreadyExists);
    EXPECT_EQ(CodeOf(catalog->SwitchView(first.id)), Code::kFailedPrecondition);
  }
  {
    auto catalog = Open();
    EXPECT_EQ(catalog->GetView("ec2-5m").value(), first);
    EXPECT_THAT(catalog->ListViews(), ElementsAre(first));
    EXPECT_THAT(catalog->ListNextViews(), ElementsAre(next));
    next.retired = {first.id};
    next.replaces = {};
    EXPECT_EQ(catalog->SwitchView(next.id).value(), next);
    EXPECT_EQ(CodeOf(catalog->GetView(first.id)), Code::kNotFound);
  }
  auto catalog = Open();
  EXPECT_EQ(catalog->GetView("ec2-5m").value(), next);
  EXPECT_THAT(catalog->ListViews(), ElementsAre(next));
  EXPECT_THAT(catalog->ListNextViews(), ElementsAre());
}

TEST_F(CatalogFile, NeverGivesAnIdTwice) {
  auto catalog = Open();
  const StreamId first = catalog->CreateStream({.name = "a"}).value().id;
  ASSERT_TRUE(catalog->DeleteStream(first).ok());
  const StreamId second = catalog->CreateStream({.name = "a"}).value().id;
  EXPECT_NE(first, second);
  ASSERT_TRUE(catalog->DeleteStream(second).ok());
  catalog.reset();
  catalog = Open();
  const StreamId third = catalog->CreateStream({.name = "a"}).value().id;
  EXPECT_GT(third, second);
}

TEST_F(CatalogFile, NamesAreUniquePerKindAndTablesPerDatabase) {
  auto catalog = Open();
  ASSERT_TRUE(catalog->CreateStream({.name = "x"}).ok());
  EXPECT_EQ(CodeOf(catalog->CreateStream({.name = "x"})), Code::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog->CreateStream({})), Code::kInvalidArgument);
  ASSERT_TRUE(catalog->CreateDatabase({.name = "x"}).ok());
  ASSERT_TRUE(catalog->CreateDatabase({.name = "y"}).ok());
  ASSERT_TRUE(catalog->CreateTable({.database_name = "x", .name = "t"}).ok());
  EXPECT_EQ(CodeOf(catalog->CreateTable({.database_name = "x", .name = "t"})),
            Code::kAlreadyExists);
  ASSERT_TRUE(catalog->CreateTable({.database_name = "y", .name = "t"}).ok());
  EXPECT_EQ(CodeOf(catalog->CreateTable({.database_name = "z", .name = "t"})), Code::kNotFound);
  EXPECT_EQ(catalog->ListTables().size(), 2U);
  EXPECT_EQ(catalog->ListTables("x").value().size(), 1U);
  EXPECT_EQ(CodeOf(catalog->ListTables("z")), Code::kNotFound);
}

TEST_F(CatalogFile, UpdateReplacesTheDefinitionButNotTheName) {
  auto catalog = Open();
  PipelineDef def = catalog->CreatePipeline(Ec2Pipeline()).value();
  def.running = true;
  ASSERT_TRUE(catalog->UpdatePipeline(def).ok());
  EXPECT_TRUE(catalog->GetPipeline(def.id).value().running);
  def.name = "other";
  EXPECT_EQ(CodeOf(catalog->UpdatePipeline(def)), Code::kInvalidArgument);
  def.id = {77};
  EXPECT_EQ(CodeOf(catalog->UpdatePipeline(def)), Code::kNotFound);
  catalog.reset();
  EXPECT_TRUE(Open()->GetPipeline("ec2").value().running);
}

TEST_F(CatalogFile, DeletesOnlyEmptyDatabases) {
  auto catalog = Open();
  const DatabaseDef database = catalog->CreateDatabase({.name = "d"}).value();
  const TableDef table = catalog->CreateTable({.database_name = "d", .name = "t"}).value();
  EXPECT_EQ(CodeOf(catalog->DeleteDatabase(database.id)), Code::kFailedPrecondition);
  ASSERT_TRUE(catalog->DeleteTable(table.id).ok());
  EXPECT_EQ(CodeOf(catalog->DeleteTable(table.id)), Code::kNotFound);
  ASSERT_TRUE(catalog->DeleteDatabase(database.id).ok());
  EXPECT_EQ(CodeOf(catalog->GetDatabase("d")), Code::kNotFound);
}

TEST_F(CatalogFile, ListsByName) {
  auto catalog = Open();
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(catalog->CreateStream({.name = name}).ok());
  std::vector<std::string> names;
  for (const StreamDef& def : catalog->ListStreams()) names.push_back(def.name);
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
}

TEST_F(CatalogFile, RefusesANewerSchemaByName) {
  Open().reset();
  RunSql("PRAGMA user_version=99");
  const auto opened = Catalog::Open(path(), clock_);
  ASSERT_EQ(CodeOf(opened), Code::kFailedPrecondition);
  EXPECT_THAT(opened.error().message, HasSubstr(path()));
  EXPECT_THAT(opened.error().message, HasSubstr("schema version 99"));
}

TEST_F(CatalogFile, RefusesForeignAndDamagedFiles) {
  RunSql("CREATE TABLE somebody_elses (x)");
  EXPECT_EQ(CodeOf(Catalog::Open(path(), clock_)), Code::kCorruption);
  std::FILE* file = std::fopen(path().c_str(), "w");
  std::fputs(
      "this is not an SQLite file, but long enough to look at its "
      "header............................................",
      file);
  std::fclose(file);
  EXPECT_EQ(CodeOf(Catalog::Open(path(), clock_)), Code::kCorruption);
}

TEST_F(CatalogFile, RefusesASecondOpener) {
  auto catalog = Open();
  ASSERT_TRUE(catalog->CreateStream({.name = "a"}).ok());
  const auto second = Catalog::Open(path(), clock_);
  ASSERT_EQ(CodeOf(second), Code::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr("another server"));
}

// The first schema, as released: rows without checksums.
constexpr const char* kSchema1 = R"(
  PRAGMA application_id=0x544d6374; PRAGMA user_version=1;
  CREATE TABLE sequence (kind TEXT PRIMARY KEY, last_id INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE object (
    kind TEXT NOT NULL, id INTEGER NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (kind, id), UNIQUE (kind, scope, name)) WITHOUT ROWID;
  CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  INSERT INTO sequence VALUES ('database', 4);
  INSERT INTO object VALUES ('database', 3, '', 'd', '{"created_ms":7}');
  INSERT INTO setting VALUES ('key', x'00ff');)";

TEST_F(CatalogFile, BringsTheFirstSchemaForward) {
  RunSql(kSchema1);
  for (int start = 0; start < 2; ++start) {
    auto catalog = Open();
    EXPECT_EQ(catalog->GetDatabase("d").value().created.ms, 7);
    EXPECT_EQ(catalog->GetSetting("key"), std::string("\0\xff", 2));
  }
  EXPECT_EQ(Open()->CreateDatabase({.name = "e"}).value().id.value, 5U);
}

TEST_F(CatalogFile, NamesTheDefinitionThatMakesNoSense) {
  RunSql(kSchema1);
  RunSql("UPDATE object SET definition = '{\"created_ms\":\"x\"}'");
  const auto opened = Catalog::Open(path(), clock_);
  ASSERT_EQ(CodeOf(opened), Code::kCorruption);
  EXPECT_THAT(opened.error().message, HasSubstr("database d"));
  EXPECT_THAT(opened.error().message, HasSubstr("created_ms"));
}

// Every value of every table; each change alone keeps the file a valid SQLite file.
TEST_F(CatalogFile, RefusesToStartOnAChangedRowAndNamesIt) {
  const struct {
    const char* change;
    const char* row;
  } cases[] = {
      {"UPDATE object SET definition = replace(definition, '48', '49')", "row stream s (number 1)"},
      {"UPDATE object SET name = 't'", "table object, row stream t (number 1)"},
      {"UPDATE object SET scope = 'd'", "row stream s"},
      {"UPDATE object SET id = 2", "row stream s (number 2)"},
      {"UPDATE object SET kind = 'view'", "row view s"},
      {"UPDATE object SET crc = crc + 1", "row stream s"},
      {"UPDATE sequence SET last_id = 0", "table sequence, row stream"},
      {"UPDATE setting SET value = x'02' WHERE key = 'k'", "table setting, row k"},
      {"UPDATE setting SET key = 'l' WHERE key = 'k'", "table setting, row l"},
  };
  for (const auto& one : cases) {
    std::filesystem::remove(path());
    {
      auto catalog = Open();
      ASSERT_TRUE(catalog->CreateStream(TwoShards("s")).ok());
      ASSERT_TRUE(catalog->PutSetting("k", "1").ok());
      ASSERT_TRUE(catalog->PutSetting("k", std::string_view("\1", 1)).ok());
    }
    Open().reset();  // intact
    RunSql(one.change);
    const auto opened = Catalog::Open(path(), clock_);
    ASSERT_EQ(CodeOf(opened), Code::kCorruption) << one.change;
    EXPECT_THAT(opened.error().message, HasSubstr(one.row));
    EXPECT_THAT(opened.error().message, HasSubstr(path()));
    EXPECT_THAT(opened.error().message, HasSubstr("tidemark restore"));
    std::vector<std::string> found;
    const auto checked = CheckCatalogFile(path(), "catalog.sqlite", [&](const Finding& finding) {
      EXPECT_EQ(finding.file, "catalog.sqlite");
      if (finding.kind == "checksum") found.push_back(finding.message);
    });
    EXPECT_TRUE(checked.ok()) << checked.error().message;
    EXPECT_THAT(found, ElementsAre(HasSubstr(one.row)));
  }
}

TEST_F(CatalogFile, EveryChangeKeepsTheChecksumsRight) {
  auto catalog = Open();
  StreamDef stream = catalog->CreateStream(TwoShards("s")).value();
  ASSERT_TRUE(catalog->CreateStream(TwoShards("t")).ok());
  stream.retention_hours = 99;
  ASSERT_TRUE(catalog->UpdateStream(stream).ok());
  ASSERT_TRUE(catalog->PutSetting("k", "1").ok());
  ASSERT_TRUE(catalog->PutSetting("k", "2").ok());
  catalog.reset();
  size_t findings = 0;
  const auto streams = CheckCatalogFile(path(), "c", [&](const Finding& finding) {
    ++findings;
    ADD_FAILURE() << finding.message;
  });
  ASSERT_TRUE(streams.ok()) << streams.error().message;
  ASSERT_EQ(streams->size(), 2U);
  EXPECT_EQ((*streams)[0], stream);
  EXPECT_EQ(findings, 0U);
}

TEST_F(CatalogFile, CheckFindsABrokenFileAndChangesNoneOfAnOlderSchema) {
  RunSql(kSchema1);
  const auto before = std::filesystem::file_size(path());
  size_t findings = 0;
  const FindingSink count = [&](const Finding&) { ++findings; };
  ASSERT_TRUE(CheckCatalogFile(path(), "c", count).ok());
  EXPECT_EQ(findings, 0U);
  EXPECT_EQ(std::filesystem::file_size(path()), before);
  EXPECT_EQ(CodeOf(CheckCatalogFile(dir_ + "/none", "c", count)), Code::kNotFound);
  std::FILE* file = std::fopen(path().c_str(), "r+");
  std::fseek(file, 4096, SEEK_SET);  // the second page
  std::fputs("garbage in place of a b-tree page", file);
  std::fclose(file);
  ASSERT_TRUE(CheckCatalogFile(path(), "c", count).ok());
  EXPECT_GT(findings, 0U);
  EXPECT_EQ(CodeOf(Catalog::Open(path(), clock_)), Code::kCorruption);
}

TEST_F(CatalogFile, CopiesItselfWhileOpen) {
  auto catalog = Open();
  const StreamDef stream = catalog->CreateStream(TwoShards("s")).value();
  ASSERT_TRUE(catalog->CopyTo(dir_ + "/copy").ok());
  ASSERT_TRUE(catalog->CreateStream({.name = "later"}).ok());
  EXPECT_FALSE(catalog->CopyTo(dir_ + "/copy").ok());
  auto copy = Catalog::Open(dir_ + "/copy", clock_);
  ASSERT_TRUE(copy.ok()) << copy.error().message;
  EXPECT_EQ((*copy)->GetStream("s").value(), stream);
  EXPECT_FALSE((*copy)->GetStream("later").ok());
}

// docs/format/catalog.md: what is on disk, column by column.
TEST_F(CatalogFile, WritesTheDocumentedRows) {
  Open()->CreateStream(TwoShards("s")).value();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
  sqlite3_stmt* query = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db,
                               "SELECT kind || '|' || id || '|' || scope || '|' || name || '|' || "
                               "definition FROM object",
                               -1, &query, nullptr),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_step(query), SQLITE_ROW);
  EXPECT_STREQ(
      reinterpret_cast<const char*>(sqlite3_column_text(query, 0)),
      R"(stream|1||s|{"shards":[{"number":0,"hash_start":"00000000000000000000000000000000",)"
      R"("hash_end":"7fffffffffffffffffffffffffffffff","created_ms":5,"closed_ms":9},)"
      R"({"number":1,"hash_start":"80000000000000000000000000000000",)"
      R"("hash_end":"ffffffffffffffffffffffffffffffff","parent":0,"adjacent_parent":7,"created_ms":6}],)"
      R"("retention_hours":48,"mode":"on_demand","record_kib_max":2048,"tags":{"env":"dev"},"created_ms":1700000000000})");
  sqlite3_finalize(query);
  sqlite3_close(db);
}

TEST(Catalog, LivesInMemoryForSimulatedTests) {
  const StillClock clock;
  auto catalog = Catalog::Open(":memory:", clock).value();
  ASSERT_TRUE(catalog->CreateDatabase({.name = "d"}).ok());
  EXPECT_TRUE(catalog->GetDatabase("d").ok());
}

}  // namespace
}  // namespace tidemark::catalog
