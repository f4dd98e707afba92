// SPDX-License-Identifier: Apache-2.0
// db, table, revisions.
#include <cmath>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/clock.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

/// A call of the Timestream Write protocol, which alone changes databases and tables.
Try<JsonValue> Timestream(const Invocation& call, std::string_view operation, std::string body) {
  auto api = Api::Connect(call.settings());
  if (!api) return std::unexpected(api.error());
  http::Request request;
  request.method = "POST";
  request.path = "/";
  request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", "Timestream_20181101." + std::string(operation)}};
  request.body = std::move(body);
  const auto response = api->Send(std::move(request));
  if (!response) return std::unexpected(response.error());
  auto parsed = ParseJson(response->body.empty() ? "{}" : response->body);
  if (!parsed.ok()) return std::unexpected(CliError(parsed.error()));
  if (response->status < 300) return std::move(parsed).value();
  const std::string type = PlainText(parsed->Find("__type"));
  CliError error(ExitCodeOfStatus(response->status), PlainText(parsed->Find("message")));
  if (error.message.empty()) error.message = PlainText(parsed->Find("Message"));
  if (error.message.empty()) error.message = type;
  if (type.find("NotFound") != std::string::npos) error.exit = kExitNotFound;
  if (type.find("Conflict") != std::string::npos) error.exit = kExitConflict;
  if (type.find("Throttling") != std::string::npos) error.exit = kExitThrottled;
  return std::unexpected(std::move(error));
}

// ---- db

int RunDatabases(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get("/databases");
  if (!answer) return Fail(call, answer.error());
  const auto& databases = ListOf(*answer, "databases");
  if (call.out().format() == Format::kJson || call.out().format() == Format::kJsonl) {
    call.out().List({}, databases);
    return kExitOk;
  }
  Grid grid;
  grid.head = {{"NAME"}, {"TABLES", true, false}};
  for (const JsonValue& database : databases) {
    grid.rows.push_back(
        {PlainText(database.Find("name")), std::to_string(ListOf(database, "tables").size())});
  }
  call.out().Rows(grid);
  return kExitOk;
}

int RunCreateDatabase(const Invocation& call) {
  const std::string name = call.Text("NAME", "");
  JsonWriter body;
  body.BeginObject().Key("DatabaseName").String(name).EndObject();
  const auto made = Timestream(call, "CreateDatabase", body.text());
  if (!made) return Fail(call, made.error());
  Printer::Line("created database " + name);
  return kExitOk;
}

int RunRemoveDatabase(const Invocation& call) {
  const std::string name = call.Text("NAME", "");
  if (const auto refused = RefusedDeletion(call, "database", name)) return *refused;
  JsonWriter body;
  body.BeginObject().Key("DatabaseName").String(name).EndObject();
  const auto done = Timestream(call, "DeleteDatabase", body.text());
  if (!done) return Fail(call, done.error());
  Printer::Line("deleted database " + name);
  return kExitOk;
}

// ---- table

/// The tables as items, each with its database.
Try<std::vector<JsonValue>> TablesOf(Api& api, const std::string& only) {
  const auto answer = api.Get("/databases");
  if (!answer) return std::unexpected(answer.error());
  std::vector<JsonValue> out;
  bool found = only.empty();
  for (const JsonValue& database : ListOf(*answer, "databases")) {
    const std::string name = PlainText(database.Find("name"));
    if (!only.empty() && name != only) continue;
    found = true;
    for (const JsonValue& table : ListOf(database, "tables")) {
      JsonWriter item;
      item.BeginObject().Key("database").String(name);
      for (const auto& [member, value] : table.object()) {
        item.Key(member);
        item.Value(value);
      }
      auto parsed = ParseJson(item.EndObject().text());
      if (!parsed.ok()) return std::unexpected(CliError(parsed.error()));
      out.push_back(std::move(parsed).value());
    }
  }
  if (!found)
    return std::unexpected(CliError(kExitNotFound, "Database " + only + " does not exist."));
  return out;
}

int RunTables(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto tables = TablesOf(*api, call.Text("DATABASE", ""));
  if (!tables) return Fail(call, tables.error());
  const std::vector<Column> columns{{"DATABASE", "database"},
                                    {"TABLE", "name"},
                                    {"SERIES", "series", Show::kNumber},
                                    {"POINTS", "points", Show::kNumber},
                                    {"MEMORY", "memory_retention_hours", Show::kHours},
                                    {"MAGNETIC DAYS", "magnetic_retention_days", Show::kNumber}};
  call.out().List(columns, *tables);
  return kExitOk;
}

int RunDescribeTable(const Invocation& call) {
  const auto name = ParseTableName(call.Text("TABLE", ""));
  if (!name) return Fail(call, name.error());
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto schema = api->Get(name->path() + "/schema");
  if (!schema) return Fail(call, schema.error());
  if (call.out().format() == Format::kJson || call.out().format() == Format::kJsonl) {
    call.out().Item({}, *schema);
    return kExitOk;
  }
  const std::vector<Column> head{{"database", "database"},
                                 {"table", "table"},
                                 {"series", "series", Show::kNumber},
                                 {"oldest", "oldest", Show::kTimeNs},
                                 {"newest", "newest", Show::kTimeNs},
                                 {"memory retention", "memory_retention_hours", Show::kHours},
                                 {"magnetic days", "magnetic_retention_days", Show::kNumber},
                                 {"magnetic writes", "magnetic_writes"}};
  if (!call.settings().machine()) {
    call.out().Item(head, *schema);
    Printer::Line("");
  }
  const std::vector<Column> columns{{"COLUMN", "name"}, {"TYPE", "type"}, {"KIND", "kind"}};
  call.out().List(columns, ListOf(*schema, "columns"));
  if (call.settings().machine()) return kExitOk;
  Printer::Line("");
  const std::vector<Column> measures{
      {"MEASURE", "name"}, {"TYPE", "type"}, {"SERIES", "series", Show::kNumber}, {"VIEW", "view"}};
  call.out().List(measures, ListOf(*schema, "measures"));
  return kExitOk;
}

int RunRetention(const Invocation& call) {
  const auto name = ParseTableName(call.Text("TABLE", ""));
  if (!name) return Fail(call, name.error());
  JsonWriter body;
  body.BeginObject()
      .Key("DatabaseName")
      .String(name->database)
      .Key("TableName")
      .String(name->table);
  if (!call.Has("memory-hours") && !call.Has("magnetic-days")) {
    const auto table = Timestream(call, "DescribeTable", body.EndObject().text());
    if (!table) return Fail(call, table.error());
    const JsonValue* properties = MemberOf(*table, "Table.RetentionProperties");
    const std::vector<Column> columns{
        {"memory hours", "MemoryStoreRetentionPeriodInHours", Show::kNumber},
        {"magnetic days", "MagneticStoreRetentionPeriodInDays", Show::kNumber}};
    if (properties != nullptr) call.out().Item(columns, *properties);
    return kExitOk;
  }
  if (!call.Has("memory-hours") || !call.Has("magnetic-days")) {
    return call.Usage("say both --memory-hours and --magnetic-days");
  }
  const auto memory = IntOption(call, "memory-hours", 1, 8766, 6);
  const auto magnetic = IntOption(call, "magnetic-days", 1, 73'000, 1);
  if (!memory || !magnetic) return kExitUsage;
  body.Key("RetentionProperties").BeginObject();
  body.Key("MemoryStoreRetentionPeriodInHours").Int(*memory);
  body.Key("MagneticStoreRetentionPeriodInDays").Int(*magnetic).EndObject().EndObject();
  const auto done = Timestream(call, "UpdateTable", body.text());
  if (!done) return Fail(call, done.error());
  Printer::Line(fmt::format("{}.{} keeps {} h in memory and {} d in all", name->database,
                            name->table, *memory, *magnetic));
  return kExitOk;
}

int RunSample(const Invocation& call) {
  const auto name = ParseTableName(call.Text("TABLE", ""));
  if (!name) return Fail(call, name.error());
  const auto limit = IntOption(call, "limit", 1, 100, 10);
  if (!limit) return kExitUsage;
  std::string query = "?limit=" + std::to_string(*limit);
  if (const auto measure = call.Text("measure"))
    query += "&measure=" + http::PercentEncode(*measure);
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto sample = api->Get(name->path() + "/sample" + query);
  if (!sample) return Fail(call, sample.error());
  Grid grid;
  for (const JsonValue& column : ListOf(*sample, "columns")) {
    const std::string type = PlainText(column.Find("type"));
    const bool right = type == "DOUBLE" || type == "BIGINT" || type == "INTEGER";
    grid.head.push_back({PlainText(column.Find("name")), right, !right});
  }
  for (const JsonValue& row : ListOf(*sample, "rows")) {
    auto& cells = grid.rows.emplace_back();
    for (const JsonValue& cell : row.array())
      cells.push_back(cell.is_null() ? "NULL" : PlainText(&cell));
  }
  call.out().Rows(grid);
  return kExitOk;
}

int RunRejections(const Invocation& call) {
  const auto name = ParseTableName(call.Text("TABLE", ""));
  if (!name) return Fail(call, name.error());
  const std::vector<Column> columns{{"REASON", "reason"},
                                    {"COUNT", "count", Show::kNumber},
                                    {"LAST", "last", Show::kTimeNs},
                                    {"VERSION", "samples.version", Show::kNumber},
                                    {"EXISTING", "samples.existing_version", Show::kNumber},
                                    {"FIX", "fix"},
                                    {"TEXT", "text", Show::kText, Column::In::kWide}};
  return PrintList(call, name->path() + "/rejections", "groups", columns);
}

// ---- revisions

/// "118" of the first, "+14" of later ones; "" where not known.
std::string RecordsOf(const JsonValue& revision) {
  const auto count = ParseInt64(PlainText(revision.Find("record_count")));
  const auto added = ParseInt64(PlainText(revision.Find("records_added")));
  if (!added) return count ? "= " + std::to_string(*count) : "";
  return added == count ? std::to_string(*count) : fmt::format("{:+}", *added);
}

void PrintRevisions(const Invocation& call, const JsonValue& row) {
  const std::string& zone = call.settings().time_zone;
  Grid grid;
  grid.head = {{"#", true, false},
               {"PUBLISHED"},
               {"VALUE", true, false},
               {"Δ", true, false},
               {"RECORDS", true, false},
               {"LATE POINTS", true, false},
               {"CAUSE"}};
  std::optional<double> first;
  std::optional<double> last;
  for (const JsonValue& revision : ListOf(row, "revisions")) {
    const auto before = ParseFiniteDouble(PlainText(revision.Find("old")));
    const auto now = ParseFiniteDouble(PlainText(revision.Find("new")));
    if (!first) first = now;
    if (now) last = now;
    grid.rows.push_back(
        {PlainText(revision.Find("revision")), ShownText(revision.Find("at"), Show::kTimeNs, zone),
         PlainText(revision.Find("new")),
         before && now ? fmt::format("{:+.4f}", *now - *before) : "", RecordsOf(revision),
         PlainText(revision.Find("late_points")), PlainText(revision.Find("cause"))});
  }
  std::string series;
  if (const JsonValue* dimensions = row.Find("dimensions")) {
    for (const auto& [dimension, value] : dimensions->object()) {
      series += (series.empty() ? "" : ", ") + dimension + "=" + PlainText(&value);
    }
  }
  Printer::Line(
      call.out().Bold(ShownText(row.Find("time"), Show::kTimeNs, zone) + "  " + Harmless(series)));
  Printer::Line(call.out().TableText(grid));
  if (first && last && *first != *last) {
    const std::string percent =
        *first != 0 ? fmt::format(" ({:+.1f} %)", (*last - *first) / std::fabs(*first) * 100) : "";
    Printer::Line(fmt::format("net {:+.4f}{}\n", *last - *first, percent));
  }
}

Try<std::string> ToNs(const std::string& option, const std::string& text) {
  const auto time = ParseTimestamp(text);
  if (time.ok()) return std::to_string(time->ns);
  if (text.starts_with('-')) {
    const auto ago = ParseDuration(text);
    if (ago.ok()) return std::to_string((SystemClock().Now().AsEventTime() + *ago).ns);
  }
  return std::unexpected(
      CliError(kExitUsage, "--" + option + " is a timestamp or -15m, not \"" + text + "\""));
}

int RunRevisions(const Invocation& call) {
  const auto name = ParseTableName(call.Text("TABLE", ""));
  if (!name) return Fail(call, name.error());
  const auto measure = call.Text("measure");
  if (!measure)
    return call.Usage("revisions show needs --measure NAME, the name that the view writes");
  const auto limit = IntOption(call, "limit", 1, 10'000, 100);
  if (!limit) return kExitUsage;
  std::string query =
      "?measure=" + http::PercentEncode(*measure) + "&limit=" + std::to_string(*limit);
  for (const char* option : {"from", "to", "as-of"}) {
    const auto text = call.Text(option);
    if (!text) continue;
    const auto ns = ToNs(option, *text);
    if (!ns) return Fail(call, ns.error());
    query +=
        std::string("&") + (std::string_view(option) == "as-of" ? "as_of" : option) + "=" + *ns;
  }
  for (const std::string& series : call.All("series")) {
    const size_t equals = series.find('=');
    if (equals == std::string::npos)
      return call.Usage("--series is DIMENSION=VALUE, not \"" + series + "\"");
    query += "&dim." + http::PercentEncode(series.substr(0, equals)) + "=" +
             http::PercentEncode(series.substr(equals + 1));
  }
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(name->path() + "/revisions" + query);
  if (!answer) return Fail(call, answer.error());
  std::vector<JsonValue> rows;
  for (const JsonValue& row : ListOf(*answer, "rows")) {
    if (!call.Has("all") && ListOf(row, "revisions").size() < 2) continue;
    rows.push_back(row);
  }
  if (call.settings().machine()) {
    const std::vector<Column> columns{{"TIME", "time"},
                                      {"DIMENSIONS", "dimensions"},
                                      {"REVISION", "revision"},
                                      {"VALUE", "value"},
                                      {"REVISIONS", "revisions"}};
    call.out().List(columns, rows);
    return kExitOk;
  }
  for (const JsonValue& row : rows) PrintRevisions(call, row);
  Say(call.settings(),
      fmt::format("{} of {} rows were revised", rows.size(), ListOf(*answer, "rows").size()));
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> TableCommands() {
  const std::vector<ArgumentSpec> table{{"TABLE", "DATABASE.TABLE", Arity::kOne, Names::kTables}};
  const std::vector<ArgumentSpec> database{
      {"NAME", "Name of the database", Arity::kOne, Names::kDatabases}};
  return {
      {.path = "db", .summary = "List, make and delete databases"},
      {.path = "db ls", .summary = "List databases", .run = RunDatabases},
      {.path = "db create",
       .summary = "Make a database",
       .arguments = database,
       .run = RunCreateDatabase},
      {.path = "db rm",
       .summary = "Delete a database that has no tables",
       .arguments = database,
       .options = {{"--confirm", "NAME", "Its name once more, for scripts"}},
       .run = RunRemoveDatabase},
      {.path = "table", .summary = "Look into tables"},
      {.path = "table ls",
       .summary = "List tables",
       .arguments = {{"DATABASE", "Only of this one", Arity::kOptional, Names::kDatabases}},
       .run = RunTables},
      {.path = "table describe",
       .summary = "Show a table's columns and measures",
       .arguments = table,
       .run = RunDescribeTable},
      {.path = "table retention",
       .summary = "Show or set how long a table keeps points",
       .examples = {"tidemark table retention db.t --memory-hours 12 --magnetic-days 30"},
       .arguments = table,
       .options = {{"--memory-hours", "N", "1 to 8766"}, {"--magnetic-days", "N", "1 to 73000"}},
       .run = RunRetention},
      {.path = "table sample",
       .summary = "Show the newest rows",
       .arguments = table,
       .options = {{"--limit", "N", "1 to 100 (default 10)"},
                   {"--measure", "NAME", "Only this measure"}},
       .run = RunSample},
      {.path = "table rejections",
       .summary = "Show what writers were refused, and what to change",
       .arguments = table,
       .run = RunRejections},
      {.path = "revisions", .summary = "Show how published values changed"},
      {.path = "revisions show",
       .summary = "Show each value that a view's rows had, when and why",
       .examples =
           {"tidemark revisions show InterpolatedBlogDB.EC2MetricTable --measure avg_cpu_system "
            "--from -1h --series instance_name=i-1"},
       .arguments = table,
       .options = {{"--measure", "NAME", "What the view writes, such as avg_cpu_system"},
                   {"--from", "TIME", "Rows from this time on: a timestamp, or -1h"},
                   {"--to", "TIME", "Rows before this time"},
                   {"--series", "DIMENSION=VALUE", "Only rows with this value", "", Names::kNone,
                    Arity::kMany},
                   {"--as-of", "TIME", "What was known at this time"},
                   {"--all", "", "Also rows that never changed"},
                   {"--limit", "N", "Rows at most, 1 to 10000 (default 100)"}},
       .run = RunRevisions},
  };
}

}  // namespace tidemark::app
