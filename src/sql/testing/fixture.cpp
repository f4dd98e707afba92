// SPDX-License-Identifier: Apache-2.0
#include "sql/testing/fixture.h"

#include <gtest/gtest.h>

#include "sql/datetime.h"
#include "sql/nested_types.h"
#include "store/embedded_store.h"
#include "store/testing/model_store.h"

namespace tidemark::sql {
namespace {

EventTime At(std::string_view text) { return {ParseTimestampText(text).value()}; }

std::vector<store::DimensionView> Dimensions(std::string_view text) {
  std::vector<store::DimensionView> out;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    const size_t equal = pair.find('=');
    out.push_back({pair.substr(0, equal), pair.substr(equal + 1)});
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
  }
  return out;
}

/// Another value of the same type and the same fields; `fields` holds them.
store::ValueView Wrong(const store::ValueView& value, std::vector<store::FieldView>& fields) {
  switch (value.type()) {
    case store::ValueType::kDouble:
      return store::ValueView::Double(value.as_double() + 1000);
    case store::ValueType::kBigint:
      return store::ValueView::Bigint(value.as_bigint() + 1000);
    case store::ValueType::kTimestamp:
      return store::ValueView::Timestamp(value.as_timestamp() + seconds(1000));
    case store::ValueType::kBoolean:
      return store::ValueView::Boolean(!value.as_boolean());
    case store::ValueType::kVarchar:
      return store::ValueView::Varchar("wrong");
    case store::ValueType::kMulti:
      for (const store::FieldView& field : value.as_fields()) {
        std::vector<store::FieldView> none;
        fields.push_back({field.name, Wrong(field.value, none)});
      }
      return store::ValueView::Multi(fields);
    case store::ValueType::kNone:
      break;
  }
  return value;
}

}  // namespace

std::string_view StoreKindName(StoreKind kind) {
  switch (kind) {
    case StoreKind::kModel:
      return "Model";
    case StoreKind::kEmbedded:
      return "Memory";
    case StoreKind::kSealed:
      return "Sealed";
    case StoreKind::kHalfSealed:
      return "HalfSealed";
  }
  return "";
}

std::vector<std::string> TestNamespace::Databases() const {
  std::vector<std::string> out;
  for (const auto& [name, tables] : databases) out.push_back(name);
  return out;
}

Result<std::vector<std::string>> TestNamespace::Tables(std::string_view database) const {
  const auto found = databases.find(database);
  if (found == databases.end()) return Error{Code::kNotFound, "no such database"};
  std::vector<std::string> out;
  for (const auto& [name, id] : found->second) out.push_back(name);
  return out;
}

Result<TableId> TestNamespace::Find(std::string_view database, std::string_view table) const {
  const auto found = databases.find(database);
  if (found == databases.end()) return Error{Code::kNotFound, "no such database"};
  const auto id = found->second.find(std::string(table));
  if (id == found->second.end()) return Error{Code::kNotFound, "no such table"};
  return id->second;
}

std::optional<Namespace::View> TestNamespace::FindView(std::string_view name) const {
  const auto found = views.find(name);
  if (found == views.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> TestNamespace::Views() const {
  std::vector<std::string> out;
  for (const auto& [name, view] : views) out.push_back(name);
  return out;
}

TestDatabase::TestDatabase(StoreKind kind)
    : clock({At("2022-03-02 00:00:00").ns / 1'000'000}),
      owned_store_(MakeStore(kind)),
      store(*owned_store_),
      kind_(kind) {
  Open({});
}

TestDatabase::TestDatabase(std::unique_ptr<TestDatabase> before)
    : clock(before->clock.Now()),
      names(before->names),
      files_([&before] {
        auto files = before->files_;
        before.reset();
        return files;
      }()),
      owned_store_(MakeStore(StoreKind::kEmbedded)),
      store(*owned_store_),
      kind_(StoreKind::kEmbedded) {
  for (const auto& [database, tables] : names.databases) {
    for (const auto& [table, id] : tables) {
      SetTable(id, database, table);
      next_table_ = std::max(next_table_, id.value + 1);
    }
  }
  Open({});
}

TestDatabase::~TestDatabase() {
  engine.reset();
  owned_store_.reset();
  if (executor_) executor_->Stop();
}

std::unique_ptr<store::Store> TestDatabase::MakeStore(StoreKind kind) {
  if (kind == StoreKind::kModel) return std::make_unique<store::ModelStore>(clock);
  executor_ = std::make_unique<sim::SimExecutor>(clock, 1);
  auto opened = store::EmbeddedStore::Open({.dir = "data"}, *files_, clock, *executor_, metrics);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(opened).value();
}

void TestDatabase::Write(const store::WriteBatch& batch) {
  bool done = false;
  store.Write(batch, [&done](Result<store::WriteReply> reply) {
    done = true;
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    ASSERT_TRUE(reply->rejections.empty()) << reply->rejections[0].text;
  });
  if (executor_) executor_->RunUntilIdle();
  ASSERT_TRUE(done);
}

void TestDatabase::Open(EngineOptions options) {
  engine.reset();
  Result<std::unique_ptr<Engine>> opened =
      Engine::Open(std::move(options), store, names, clock, metrics);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  engine = std::move(opened).value();
}

TableId TestDatabase::AddTable(const std::string& database, const std::string& table) {
  const auto [found, added] = names.databases[database].try_emplace(table, TableId{next_table_});
  const TableId id = found->second;
  if (!added) return id;
  ++next_table_;
  SetTable(id, database, table);
  return id;
}

void TestDatabase::SetTable(TableId id, const std::string& database, const std::string& table) {
  store::TableSettings settings;
  settings.table = id;
  settings.name = "\"" + database + "\".\"" + table + "\"";
  settings.magnetic_writes = true;
  store.SetTable(settings);
}

void TestDatabase::Write(TableId table, std::vector<TestPoint> points) {
  std::vector<store::PointView> views;
  std::vector<store::FieldView> fields;
  for (TestPoint& point : points) {
    // A sample that corrects another comes behind it.
    const size_t place = pass_ == Pass::kAll ? 0 : samples_++ % 3;
    const size_t third = pass_ != Pass::kAll && point.version > 1 ? 2 : place;
    if (third == 0 && pass_ == Pass::kAfterSealing) continue;
    if (third == 2 && pass_ == Pass::kBeforeSealing) continue;
    if (third == 1 && pass_ == Pass::kBeforeSealing) point.value = Wrong(point.value, fields);
    if (third == 1 && pass_ == Pass::kAfterSealing) ++point.version;
    const auto dimensions = Dimensions(point.dimensions);
    const store::SeriesKeyView key{table, point.measure, dimensions, point.value.type(), {}};
    const auto resolved = store.Resolve(std::span(&key, 1));
    ASSERT_TRUE(resolved.ok()) << resolved.error().message;
    store::PointView view;
    view.series = (*resolved)[0].series;
    view.time = point.time;
    view.value = point.value;
    view.version = point.version;
    views.push_back(view);
  }
  if (views.empty()) return;
  store::WriteBatch batch;
  batch.points = views;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  Write(batch);
}

void TestDatabase::Seal() {
  auto* admin = dynamic_cast<store::EmbeddedStore*>(&store);
  ASSERT_NE(admin, nullptr);
  bool done = false;
  admin->Flush([&done](const Result<void>& result) {
    done = true;
    ASSERT_TRUE(result.ok()) << result.error().message;
  });
  executor_->RunUntilIdle();
  ASSERT_TRUE(done);
}

void TestDatabase::WriteViewRow(TableId table, ViewId view, const TestPoint& point,
                                const store::RowInfo& row) {
  PublishViewRow(table, view, point, row, {}, ArrivalTime{point.version});
}

void TestDatabase::PublishViewRow(TableId table, ViewId view, const TestPoint& point,
                                  const store::RowInfo& row, std::vector<store::RevisionEntry> log,
                                  ArrivalTime at) {
  const auto dimensions = Dimensions(point.dimensions);
  const store::Owner owner{view, 1};
  const bool ends = point.value.type() == store::ValueType::kNone;
  const store::ValueType type = ends ? store::ValueType::kDouble : point.value.type();
  const store::SeriesKeyView key{table, point.measure, dimensions, type, owner};
  const auto resolved = store.Resolve(std::span(&key, 1));
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  store::PointView out;
  out.series = (*resolved)[0].series;
  out.time = point.time;
  out.value = point.value;
  out.arrival = at;
  out.row = &row;
  for (store::RevisionEntry& entry : log) entry.series = out.series;
  store::WriteBatch batch;
  batch.points = std::span(&out, 1);
  batch.rule = store::ConflictRule::kLastWins;
  batch.owner = owner;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.revisions = log;
  Write(batch);
}

void TestDatabase::WriteProgress(ViewId view, EventTime watermark) {
  store::WriteBatch batch;
  batch.owner = {view, 1};
  batch.view_progress = store::ViewProgress{view, 1, store.End(), watermark, ""};
  Write(batch);
}

void TestDatabase::AddSamples() {
  if (kind_ == StoreKind::kHalfSealed) {
    for (const Pass pass : {Pass::kBeforeSealing, Pass::kAfterSealing}) {
      pass_ = pass;
      samples_ = 0;
      WriteSamples();
      if (pass == Pass::kBeforeSealing) Seal();
    }
    pass_ = Pass::kAll;
    return;
  }
  WriteSamples();
  if (kind_ == StoreKind::kSealed) Seal();
}

void TestDatabase::WriteSamples() {
  using store::FieldView;
  using store::ValueView;
  const TableId devops = AddTable("sampleDB", "DevOps");
  const EventTime start = At("2019-12-04 19:00:00");
  const auto host = [&](std::string_view dimensions, std::array<int, 3> at,
                        std::array<double, 3> cpu, std::array<int64_t, 3> net) {
    for (size_t i = 0; i < 3; ++i) {
      Write(devops,
            {{"cpu_utilization", dimensions, start + seconds(at[i]), ValueView::Double(cpu[i])}});
    }
    for (size_t i = 0; i < 3; ++i) {
      Write(devops,
            {{"network_bytes_in", dimensions, start + seconds(at[i]), ValueView::Bigint(net[i])}});
    }
  };
  host("region=us-east-1,az=us-east-1a,hostname=frontend01", {0, 5, 10}, {35.1, 55.2, 15.3},
       {1500, 1245, 23});
  host("region=us-east-1,az=us-east-1b,hostname=frontend02", {0, 8, 16}, {38.5, 65.6, 44.0},
       {23000, 1245, 1450});
  host("region=us-east-1,az=us-east-1c,hostname=frontend03", {0, 20, 40}, {45.0, 12.1, 66.4},
       {15000, 1400, 300});

  const TableId iot = AddTable("sampleDB", "IoT");
  const EventTime service = At("2021-05-01");
  const std::vector<FieldView> all{
      {"speed", ValueView::Double(60.0)},   {"fuel", ValueView::Double(80.0)},
      {"load", ValueView::Bigint(100)},     {"location", ValueView::Varchar("Seattle")},
      {"moving", ValueView::Boolean(true)}, {"last_service", ValueView::Timestamp(service)}};
  const auto telemetry = [&](std::string_view dimensions, std::string_view time,
                             std::vector<FieldView> fields) {
    Write(iot, {{"telemetry", dimensions, At(time), ValueView::Multi(fields)}});
  };
  telemetry("truck_id=T1,fleet=A", "2021-06-01 08:00:00", all);
  telemetry("truck_id=T1,fleet=A", "2021-06-01 08:05:00",
            {{"speed", ValueView::Double(0.0)},
             {"fuel", ValueView::Double(79.5)},
             {"load", ValueView::Bigint(100)},
             {"location", ValueView::Varchar("Tacoma")},
             {"moving", ValueView::Boolean(false)}});
  telemetry("truck_id=T1,fleet=A", "2021-06-01 08:10:00", {{"fuel", ValueView::Double(79.0)}});
  const auto truck = [&](std::string_view dimensions, std::string_view time, double speed,
                         double fuel, int64_t load, std::string_view location) {
    telemetry(dimensions, time,
              {{"speed", ValueView::Double(speed)},
               {"fuel", ValueView::Double(fuel)},
               {"load", ValueView::Bigint(load)},
               {"location", ValueView::Varchar(location)},
               {"moving", ValueView::Boolean(true)}});
  };
  truck("truck_id=T2,fleet=A", "2021-06-01 08:00:00", 55.5, 8.0, 1200, "Portland");
  truck("truck_id=T2,fleet=A", "2021-06-01 08:10:00", 65.5, 5.0, 1200, "Salem");
  truck("truck_id=T3,fleet=B", "2021-06-01 08:02:30", 40.0, 50.0, 700, "Boise");

  const TableId series = AddTable("lab", "series");
  const auto point = [&](std::string_view dimensions, int at, double value) {
    Write(series,
          {{"v", dimensions, At("2020-01-01 00:00:00") + seconds(at), ValueView::Double(value)}});
  };
  point("id=a", 0, 10.0);
  point("id=a", 10, 20.0);
  point("id=a", 30, 0.0);
  point("id=a", 40, 40.0);
  point("id=b", 5, 1.0);
  point("id=b", 25, 3.0);

  const TableId cpu = AddTable("lab", "cpu");
  const auto raw = [&](std::string_view measure, std::string_view time, double value,
                       int64_t version = 1) {
    Write(cpu, {{measure, "instance=i-1", At(time), ValueView::Double(value), version}});
  };
  raw("cpu_idle", "2022-03-01 12:00:10", 90.0);
  raw("cpu_idle", "2022-03-01 12:00:40", 80.0);
  raw("cpu_idle", "2022-03-01 12:01:05", 70.0);
  raw("cpu_idle", "2022-03-01 12:01:50", 60.0);
  raw("cpu_idle", "2022-03-01 12:00:55", 40.0);
  raw("avg_cpu_idle", "2022-03-01 12:00:00", 85.0, 1);
  raw("avg_cpu_idle", "2022-03-01 12:00:00", 70.0, 2);
  raw("avg_cpu_idle", "2022-03-01 12:01:00", 65.0);
}

std::string CellText(const Type& type, const Value& value) {
  if (value.is_null()) return "-";
  std::string out;
  if (const auto* list = std::get_if<Value::List>(&value.data)) {
    for (size_t i = 0; i < list->size(); ++i) {
      const Type inner = type.kind() == TypeKind::kRow ? type.fields()[i].type : ElementType(type);
      out += (i == 0 ? "" : ",") + CellText(inner, (*list)[i]);
    }
    return (type.kind() == TypeKind::kRow ? "(" : "[") + out +
           (type.kind() == TypeKind::kRow ? ")" : "]");
  }
  AppendScalarText(type, value, out);
  constexpr std::string_view kZero = ".000000000";
  if (type.kind() == TypeKind::kTimestamp && out.ends_with(kZero))
    out.resize(out.size() - kZero.size());
  return out;
}

Result<std::vector<std::vector<Value>>> ReadAll(QueryResult& result) {
  std::vector<std::vector<Value>> rows;
  for (RowChunk chunk;;) {
    TM_ASSIGN_OR_RETURN(const bool more, result.Next(chunk));
    if (!more) return rows;
    for (size_t row = 0; row < chunk.rows(); ++row) {
      std::vector<Value>& cells = rows.emplace_back();
      for (size_t c = 0; c < chunk.columns(); ++c) cells.push_back(chunk.at(row, c));
    }
  }
}

Result<std::unique_ptr<QueryResult>> TestDatabase::Execute(std::string_view sql) {
  return engine->Execute({.sql = std::string(sql), .database = "", .deadline = {}});
}

TextRows TestDatabase::Rows(std::string_view sql) { return TextsOf(Execute(sql)); }

TextRows TestDatabase::RowsAsOf(std::string_view sql, EventTime as_of) {
  return TextsOf(engine->Execute({.sql = std::string(sql), .as_of = as_of}));
}

TextRows TestDatabase::TextsOf(Result<std::unique_ptr<QueryResult>> result) {
  if (!result.ok()) return {{"error: " + result.error().message}};
  const auto rows = ReadAll(**result);
  if (!rows.ok()) return {{"error: " + rows.error().message}};
  TextRows out;
  for (const std::vector<Value>& row : *rows) {
    std::vector<std::string>& cells = out.emplace_back();
    for (size_t c = 0; c < row.size(); ++c)
      cells.push_back(CellText((*result)->columns()[c].type, row[c]));
  }
  return out;
}

std::string TestDatabase::ErrorOf(std::string_view sql) {
  Result<std::unique_ptr<QueryResult>> result = Execute(sql);
  if (!result.ok()) return result.error().message;
  const auto rows = ReadAll(**result);
  return rows.ok() ? "no error" : rows.error().message;
}

Code TestDatabase::CodeOf(std::string_view sql) {
  Result<std::unique_ptr<QueryResult>> result = Execute(sql);
  if (!result.ok()) return result.error().code;
  const auto rows = ReadAll(**result);
  EXPECT_FALSE(rows.ok()) << sql;
  return rows.ok() ? Code::kInternal : rows.error().code;
}

std::vector<Column> TestDatabase::Columns(std::string_view sql) {
  Result<std::unique_ptr<QueryResult>> result = Execute(sql);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? (*result)->columns() : std::vector<Column>();
}

}  // namespace tidemark::sql
