// SPDX-License-Identifier: Apache-2.0
#include "api/console/testing/test_console.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/numbers.h"

namespace tidemark::console {
namespace {

class FakeResult final : public sql::QueryResult {
 public:
  enum class Kind : uint8_t { kRows, kPoints };
  FakeResult(FakeEngine& engine, Kind kind, int64_t rows)
      : engine_(engine), kind_(kind), rows_(rows), columns_(ColumnsOf(kind)) {
    ++engine_.open;
  }
  ~FakeResult() override { --engine_.open; }
  FakeResult(const FakeResult&) = delete;
  FakeResult& operator=(const FakeResult&) = delete;

  const std::vector<sql::Column>& columns() const override { return columns_; }
  Result<bool> Next(sql::RowChunk& out) override {
    if (engine_.on_next) engine_.on_next();
    if (cancelled_) return Error{Code::kCancelled, "the statement was cancelled"};
    if (given_ == rows_) return false;
    const int64_t rows = std::min<int64_t>(3, rows_ - given_);
    out.Reset(static_cast<size_t>(rows), 2);
    for (int64_t i = 0; i < rows; ++i, ++given_) {
      out.at(static_cast<size_t>(i), 0).data = given_;
      sql::Value& second = out.at(static_cast<size_t>(i), 1);
      if (kind_ == Kind::kPoints) {
        second.data = static_cast<double>(given_ % 97);
      } else if (given_ % 2 == 0) {
        second.data = std::string("even");
      }
    }
    return true;
  }
  void Cancel() override {
    cancelled_ = true;
    ++engine_.cancelled;
  }
  sql::QueryProgress progress() const override {
    return {.rows_scanned = 324, .bytes_scanned = 5184, .percent = 50};
  }

 private:
  static std::vector<sql::Column> ColumnsOf(Kind kind) {
    if (kind == Kind::kPoints) {
      return {{"time", sql::TypeKind::kTimestamp}, {"v", sql::TypeKind::kDouble}};
    }
    return {{"n", sql::TypeKind::kBigint}, {"name", sql::TypeKind::kVarchar}};
  }

  FakeEngine& engine_;
  const Kind kind_;
  const int64_t rows_;
  int64_t given_ = 0;
  bool cancelled_ = false;
  const std::vector<sql::Column> columns_;
};

Result<StackReport> Report(std::string_view verb, const StackRequest& request) {
  if (request.text == "differs") {
    return Error{Code::kAlreadyExists, "stream \"s\" exists and differs"};
  }
  StackReport report;
  report.items.push_back({"stream", "s", std::string(verb), std::string(request.file)});
  report.outputs.emplace_back("Endpoint", std::string(request.endpoint));
  return report;
}

}  // namespace

Result<std::unique_ptr<sql::QueryResult>> FakeEngine::Execute(const sql::QueryRequest& request) {
  ++executed;
  if (request.sql == "missing")
    return Error{Code::kNotFound, "line 1:15: Table 'x' does not exist"};
  if (request.sql == "fail") {
    return Error{Code::kInvalidArgument,
                 "line 2:8: Column 'nope' does not exist; did you mean 'time'?"};
  }
  if (request.sql.starts_with("place ")) {
    const size_t line_at = request.sql.rfind('\n') + 1;
    return Error{Code::kInvalidArgument,
                 "line 2:" + std::to_string(request.sql.find("nope") - line_at + 1) +
                     ": Column 'nope' does not exist"};
  }
  const std::string_view sql = request.sql;
  const auto rows = ParseInt64(sql.substr(std::min(sql.find(' ') + 1, sql.size())));
  const auto kind =
      sql.starts_with("points ") ? FakeResult::Kind::kPoints : FakeResult::Kind::kRows;
  return std::unique_ptr<sql::QueryResult>(new FakeResult(*this, kind, rows.value_or(0)));
}

Result<sql::Description> FakeEngine::Describe(const sql::QueryRequest& request) {
  TM_ASSIGN_OR_RETURN(const auto result, Execute(request));
  --executed;
  sql::Description out;
  out.columns = result->columns();
  out.origins.resize(out.columns.size());
  return out;
}

Result<StackReport> FakeAdmin::ApplyStack(const StackRequest& request) {
  TM_ASSIGN_OR_RETURN(StackReport report, Report("created", request));
  for (const auto& [name, text] : request.files) {
    TM_ASSIGN_OR_RETURN(const std::string definition, request.dashboards.Read(text, ""));
    TM_ASSIGN_OR_RETURN(const auto before, request.dashboards.Publish(name, definition));
    report.items.push_back({"dashboard", name, std::to_string(static_cast<int>(before)), ""});
  }
  return report;
}
Result<StackCheck> FakeAdmin::CheckStack(const StackRequest& request) {
  StackCheck out;
  out.content_json = R"({"view":[{"name":"v"}]})";
  auto report = Report("create", request);
  if (report.ok()) {
    out.items = std::move(report->items);
  } else {
    out.problem = StackProblem{report.error().message, 3, "window"};
  }
  return out;
}
Result<StackReport> FakeAdmin::DescribeStack(const StackRequest& request) {
  return Report("exists", request);
}
Result<StackReport> FakeAdmin::DeleteStack(const StackRequest& request) {
  for (const auto& [name, text] : request.files) {
    TM_RETURN_IF_ERROR(request.dashboards.Delete(name));
  }
  return Report("deleted", request);
}
Result<void> FakeAdmin::StartView(std::string_view name) {
  TM_ASSIGN_OR_RETURN(const auto def, catalog_.GetView(name));
  return views_.Start(def.id);
}
Result<void> FakeAdmin::StopView(std::string_view name) {
  TM_ASSIGN_OR_RETURN(const auto def, catalog_.GetView(name));
  return views_.Stop(def.id);
}

Result<void> FakeAdmin::DropView(std::string_view name, ViewRows rows) {
  TM_RETURN_IF_ERROR(catalog_.GetView(name));
  calls.push_back("drop " + std::string(name) + (rows == ViewRows::kKeep ? " keep" : ""));
  return {};
}

Result<ViewSimulation> FakeAdmin::SimulateView(
    std::string_view name, const std::vector<std::pair<std::string, std::string>>& settings,
    const std::function<bool()>& /*gone*/) {
  TM_RETURN_IF_ERROR(catalog_.GetView(name));
  for (const auto& [key, value] : settings) calls.push_back("simulate " + key + "=" + value);
  ViewSimulation out;
  out.differences = 1;
  out.rows.push_back({.measure = "avg_cpu",
                      .dimensions = {{"host", "a"}},
                      .time = {},
                      .window = {},
                      .old_value = 1.5,
                      .new_value = {}});
  return out;
}

Result<void> FakeAdmin::PauseView(std::string_view name) {
  TM_RETURN_IF_ERROR(catalog_.GetView(name));
  calls.push_back("pause " + std::string(name));
  return {};
}
Result<void> FakeAdmin::ResumeView(std::string_view name) {
  TM_RETURN_IF_ERROR(catalog_.GetView(name));
  calls.push_back("resume " + std::string(name));
  return {};
}
Result<std::string> FakeAdmin::PipelineStack(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const auto def, catalog_.GetPipeline(name));
  return "[[pipeline]]\nname = \"" + def.name + "\"\n";
}
Result<std::string> FakeAdmin::ViewStack(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const auto def, catalog_.GetView(name));
  return "[[view]]\nname = \"" + def.name + "\"\n";
}
Result<ViewGenerations> FakeAdmin::Generations(std::string_view name) const {
  TM_RETURN_IF_ERROR(catalog_.GetView(name));
  return generations;
}
Result<void> FakeAdmin::ChangeTable(std::string_view database, std::string_view table,
                                    const TableChange& change) {
  TM_ASSIGN_OR_RETURN(catalog::TableDef def, catalog_.GetTable(database, table));
  def.memory_retention_hours = change.memory_retention_hours.value_or(def.memory_retention_hours);
  def.magnetic_retention_days =
      change.magnetic_retention_days.value_or(def.magnetic_retention_days);
  def.magnetic_writes_enabled = change.magnetic_writes.value_or(def.magnetic_writes_enabled);
  return catalog_.UpdateTable(def);
}
Result<BackupMade> FakeAdmin::Backup(std::string_view path) {
  if (path == "/backups/taken") return Error{Code::kAlreadyExists, "/backups/taken is not empty"};
  if (!path.starts_with("/backups/")) {
    return Error{Code::kInvalidArgument, std::string(path) + " is not below /backups"};
  }
  calls.push_back("backup " + std::string(path));
  return BackupMade{std::string(path), "0:7", 3, 4096};
}

std::optional<ScheduleRefusal> FakeSchedules::Call(std::string_view operation,
                                                   const JsonValue& call) {
  JsonWriter out;
  out.Value(call);
  input = std::move(out).Take();
  if (refusal) return refusal;
  const auto done = Do(operation, call);
  return done.ok() ? std::nullopt : std::optional(ScheduleRefusal{done.error(), ""});
}
Result<void> FakeSchedules::Do(std::string_view operation, const JsonValue& call) {
  catalog::ScheduledQueryDef def;
  if (operation == "CreateScheduledQuery") {
    def.name = call.Find("Name")->string_value();
    def.sql = call.Find("QueryString")->string_value();
    def.schedule = call.Find("ScheduleConfiguration")->Find("ScheduleExpression")->string_value();
    def.properties_json = input;
    def.created = clock_.Now();
    TM_RETURN_IF_ERROR(catalog_.CreateScheduledQuery(std::move(def)));
    return {};
  }
  const std::string arn = call.Find("ScheduledQueryArn")->string_value();
  TM_ASSIGN_OR_RETURN(def, catalog_.GetScheduledQuery(std::string_view(arn).substr(4)));
  if (operation == "DeleteScheduledQuery") return catalog_.DeleteScheduledQuery(def.id);
  if (operation == "UpdateScheduledQuery") {
    def.enabled = call.Find("State")->string_value() == "ENABLED";
  } else {
    const double at = call.Find("InvocationTime")->double_value();
    catalog::ScheduledRunDef run;
    run.invocation = ArrivalTime{static_cast<int64_t>(std::llround(at * 1000))};
    run.trigger = clock_.Now();
    run.manual = true;
    run.succeeded = def.runs.empty();  // the first
    run.execution_ms = 42;
    run.rows = 60;
    run.records = 58;
    if (!run.succeeded) {
      run.failure = "2 rows were not written.";
      run.report_bucket = "errors";
      run.report_key = "hourly/1.json";
    }
    def.runs.insert(def.runs.begin(), run);
  }
  return catalog_.UpdateScheduledQuery(def);
}
Result<std::vector<ArrivalTime>> FakeSchedules::NextTimes(std::string_view schedule,
                                                          size_t count) const {
  if (schedule.find("wrong") != std::string_view::npos) {
    return Error{Code::kInvalidArgument, "cron() takes six fields."};
  }
  std::vector<ArrivalTime> out;
  for (size_t i = 0; i < count && schedule != "never"; ++i) {
    out.push_back(clock_.Now() + milliseconds(3'600'000) * static_cast<int64_t>(i + 1));
  }
  return out;
}
std::optional<ArrivalTime> FakeSchedules::NextOf(const catalog::ScheduledQueryDef& def) const {
  if (!def.enabled) return std::nullopt;
  return def.created + milliseconds(3'600'000);
}

Result<void> FakeStoreAdmin::AcceptGap(const std::string& file) {
  for (store::DamagedFile& damaged : report.damaged) {
    if (damaged.file != file) continue;
    damaged.accepted = true;
    return {};
  }
  return Error{Code::kNotFound, "no damaged file is named " + file};
}

TestConsole::TestConsole(ServiceOptions options) {
  logs.OpenOrDie();
  start_ = FloorTo(logs.clock.Now().AsEventTime(), seconds(10));
  views = std::make_unique<view::Maintainer>(store, logs.clock, logs.metrics, nullptr);
  pipelines = std::make_unique<pipeline::Manager>(
      pipeline::ManagerContext{*logs.catalog, *logs.log, store, logs.clock, *logs.executor,
                               logs.metrics, orders},
      pipeline::PipelineOptions{});
  admin = std::make_unique<FakeAdmin>(*pipelines, *views, *logs.catalog);
  schedules = std::make_unique<FakeSchedules>(*logs.catalog, logs.clock);
  views->Attach(*logs.executor);
  Define();
  options.version = "0.1.0";
  service = std::make_unique<ConsoleService>(
      options, ServiceDeps{*logs.catalog, *logs.log, store, engine, *pipelines, *views, *admin,
                           *logs.executor, logs.clock, random, logs.metrics, &store_admin, nullptr,
                           &hand_shakes, &rejections, schedules.get()});
  Run();
}

TestConsole::~TestConsole() {
  service.reset();
  pipelines->Stop();
  views->Detach();
}

void TestConsole::Define() {
  logs.Create("s", 2);
  catalog::DatabaseDef database;
  database.name = "db";
  ASSERT_TRUE(logs.catalog->CreateDatabase(database).ok());
  catalog::TableDef table;
  table.database_name = "db";
  table.name = "t";
  const auto made = logs.catalog->CreateTable(table).value();
  store.SetTable({.table = made.id, .name = "\"db\".\"t\"", .magnetic_writes = true});

  catalog::ViewDef view;
  view.name = "v";
  view.database = "db";
  view.table = "t";
  view.target_table = "t";
  view.measures = {"*"};
  view.types = {"DOUBLE"};
  view.aggregates = {"avg"};
  view.window = seconds(10);
  view.group_by = {"*"};
  view.output = "avg_{measure}";
  view.label = catalog::WindowLabel::kEnd;
  view.allowed_lateness = seconds(60);
  const auto def = logs.catalog->CreateView(view).value();
  auto definition = view::FromCatalog(def, {made.id, made.id, nanoseconds(0)});
  ASSERT_TRUE(definition.ok()) << definition.error().message;
  ASSERT_TRUE(views->Create(*definition).ok());

  catalog::PipelineDef pipeline;
  pipeline.name = "p";
  pipeline.stream = "s";
  pipeline.database = "db";
  pipeline.table = "t";
  pipeline.idle_timeout = seconds(1);
  pipeline.mapping = {.format = "json",
                      .measure_name = "MeasureName",
                      .measure_value = "MeasureValue",
                      .measure_type = "MeasureValueType",
                      .time = "Time",
                      .time_unit = "TimeUnit",
                      .dimensions = {"*"}};
  const auto created = pipelines->Create(pipeline);
  ASSERT_TRUE(created.ok()) << created.error().message;
  views->SetPipelines({created->id});
}

void TestConsole::Run() { ASSERT_TRUE(logs.executor->RunUntilIdle()); }

void TestConsole::Advance(nanoseconds d) {
  // Step by step, as time passes for real: every task gets its turns.
  for (nanoseconds step = milliseconds(250); d > nanoseconds(0); d -= step) {
    logs.clock.Advance(std::min(d, step));
    Run();
  }
}

http::Request TestConsole::MakeRequest(std::string method, const std::string& target) const {
  http::Request request;
  request.method = std::move(method);
  const size_t query = target.find('?');
  request.path = target.substr(0, query);
  if (query != std::string::npos) request.query = target.substr(query + 1);
  request.headers.Add("Host", "127.0.0.1:4580");
  return request;
}

TestConsole::Answer TestConsole::Send(http::Request request) {
  http::Recorder recorder;
  service->Handle(std::move(request), recorder.MakeResponder());
  Run();
  Answer answer;
  const auto response = recorder.response();
  if (!response) {
    ADD_FAILURE() << "no answer";
    return answer;
  }
  answer.status = response->status;
  answer.headers = response->headers;
  answer.text = response->body;
  if (auto parsed = ParseJson(response->body); parsed.ok()) {
    answer.body = std::move(parsed).value();
  }
  return answer;
}

TestConsole::Answer TestConsole::Get(const std::string& target) {
  return Send(MakeRequest("GET", target));
}

TestConsole::Answer TestConsole::Post(const std::string& path, std::string body) {
  http::Request request = MakeRequest("POST", path);
  request.headers.Add("Content-Type", "application/json");
  request.headers.Add("X-Console", "1");
  request.body = std::move(body);
  return Send(std::move(request));
}

TestConsole::Answer TestConsole::Delete(const std::string& path) {
  http::Request request = MakeRequest("DELETE", path);
  request.headers.Add("X-Console", "1");
  return Send(std::move(request));
}

TestConsole::Answer TestConsole::Call(std::string method, const std::string& path, std::string body,
                                      std::vector<http::Headers::Field> headers) {
  http::Request request = MakeRequest(std::move(method), path);
  request.headers.Add("X-Console", "1");
  for (auto& [name, value] : headers) request.headers.Add(std::move(name), std::move(value));
  request.body = std::move(body);
  return Send(std::move(request));
}

void TestConsole::Put(const std::string& host, double value, EventTime time) {
  const auto stream = logs.log->Find("s");
  const auto put = logs.Put(*stream, host,
                            R"({"MeasureName":"cpu","MeasureValue":")" + FormatDoubleSql(value) +
                                R"(","MeasureValueType":"DOUBLE","Time":")" +
                                std::to_string(time.ns / 1'000'000) +
                                R"(","TimeUnit":"MILLISECONDS","host":")" + host + R"("})");
  ASSERT_TRUE(put.ok()) << put.error().message;
  Run();
}

std::vector<SseEvent> ParseEvents(const std::string& text, size_t* comments) {
  std::vector<SseEvent> out;
  SseEvent event;
  std::string data;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty()) {
      if (!data.empty()) {
        auto parsed = ParseJson(data);
        EXPECT_TRUE(parsed.ok()) << data;
        if (parsed.ok()) event.data = std::move(parsed).value();
        out.push_back(std::move(event));
      }
      event = {};
      data.clear();
    } else if (line.starts_with("id: ")) {
      event.id = line.substr(4);
    } else if (line.starts_with("event: ")) {
      event.name = line.substr(7);
    } else if (line.starts_with("data: ")) {
      data += line.substr(6);
    } else if (line.starts_with(":") && comments != nullptr) {
      ++*comments;
    }
  }
  return out;
}

}  // namespace tidemark::console
