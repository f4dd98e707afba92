// SPDX-License-Identifier: Apache-2.0
// view ls, describe, windows, late, watermarks, pause, resume.
#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

const std::vector<Column>& ViewColumns() {
  static const std::vector<Column> kColumns{
      {"NAME", "name"},
      {"STATE", "state"},
      {"TABLE", "table"},
      {"OUTPUT", "output"},
      {"WATERMARK", "watermark", Show::kTimeNs},
      {"LAG", "lag_ms", Show::kMillis},
      {"WINDOWS", "windows_published", Show::kNumber},
      {"REVISIONS", "revisions_total", Show::kNumber},
      {"LATE POINTS", "late_points_total", Show::kNumber},
      {"DIRTY", "dirty", Show::kNumber},
      {"AGGREGATE", "aggregate", Show::kText, Column::In::kWide},
      {"DATABASE", "database", Show::kText, Column::In::kWide},
      {"TARGET", "target_table", Show::kText, Column::In::kWide},
      {"LATE POLICY", "late", Show::kText, Column::In::kWide},
      {"GENERATION", "generation", Show::kText, Column::In::kWide},
      {"ERROR", "error", Show::kText, Column::In::kWide}};
  return kColumns;
}

std::string PathOf(const Invocation& call) { return "/views/" + Segment(call.Text("NAME", "")); }

int RunList(const Invocation& call) { return PrintList(call, "/views", "views", ViewColumns()); }

int RunDescribe(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto view = api->Get(PathOf(call));
  if (!view) return Fail(call, view.error());
  std::vector<Column> columns = ViewColumns();
  for (Column& column : columns) column.in = Column::In::kAlways;
  call.out().Item(columns, *view);
  if (call.settings().machine()) return kExitOk;
  Printer::Line(fmt::format("{:<18} {}", "window", PlainText(view->Find("windows"))));
  for (const auto& [title, member] : {std::pair("out of orderness", "out_of_orderness_ns"),
                                      std::pair("allowed lateness", "allowed_lateness_ns")}) {
    const auto ns = ParseInt64(PlainText(view->Find(member)));
    if (ns) Printer::Line(fmt::format("{:<18} {}", title, FormatDuration(nanoseconds(*ns))));
  }
  if (view->Find("zone_version") == nullptr) return kExitOk;
  std::string data = PlainText(view->Find("zone_version"));
  const JsonValue* changes = view->Find("zone_changes");
  if (changes != nullptr && changes->is_array() && !changes->array().empty()) {
    data +=
        " from " +
        ShownText(changes->array().back().Find("from"), Show::kTimeNs, call.settings().time_zone) +
        " on";
  }
  Printer::Line(fmt::format("{:<18} {}", "zone data", data));
  return kExitOk;
}

int RunWindows(const Invocation& call) {
  const auto limit = IntOption(call, "limit", 1, 1000, 20);
  if (!limit) return kExitUsage;
  const std::vector<Column> columns{{"START", "window_start", Show::kTimeNs},
                                    {"END", "window_end", Show::kTimeNs},
                                    {"STATE", "state"},
                                    {"SERIES", "series", Show::kNumber},
                                    {"REVISIONS", "revisions", Show::kNumber}};
  return PrintList(call, PathOf(call) + "/windows?limit=" + std::to_string(*limit), "windows",
                   columns);
}

/// "0 s – 1 m": a bucket between two upper bounds.
std::string BucketName(std::optional<int64_t> below, std::optional<int64_t> upper) {
  if (!upper) return "> " + FormatMillis(static_cast<double>(below.value_or(0)));
  if (!below) return "≤ " + FormatMillis(static_cast<double>(*upper));
  return FormatMillis(static_cast<double>(*below)) + " – " +
         FormatMillis(static_cast<double>(*upper));
}

int RunLate(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto view = api->Get(PathOf(call));
  if (!view) return Fail(call, view.error());
  const auto late = api->Get(PathOf(call) + "/lateness");
  if (!late) return Fail(call, late.error());
  if (call.settings().machine()) {
    const std::vector<Column> columns{
        {"LE MS", "le_ms"}, {"ON TIME", "on_time"}, {"LATE", "late"}, {"FROZEN", "frozen"}};
    call.out().List(columns, ListOf(*late, "buckets"));
    return kExitOk;
  }
  Grid grid;
  grid.head = {
      {"LATENESS"}, {"ON TIME", true, false}, {"LATE", true, false}, {"FROZEN", true, false}};
  std::optional<int64_t> below;
  int64_t total[3] = {0, 0, 0};
  for (const JsonValue& bucket : ListOf(*late, "buckets")) {
    const auto upper = ParseInt64(PlainText(bucket.Find("le_ms")));
    auto& row = grid.rows.emplace_back(std::vector<std::string>{BucketName(below, upper)});
    size_t column = 0;
    for (const char* member : {"on_time", "late", "frozen"}) {
      const std::string text = PlainText(bucket.Find(member));
      total[column++] += ParseInt64(text).value_or(0);
      row.push_back(text == "0" ? "-" : FormatCount(text));
    }
    below = upper;
  }
  auto& sum = grid.rows.emplace_back(std::vector<std::string>{"total"});
  for (const int64_t value : total) sum.push_back(FormatCount(std::to_string(value)));
  call.out().Rows(grid);
  const auto lateness = ParseInt64(PlainText(view->Find("allowed_lateness_ns")));
  if (lateness) {
    Printer::Line("allowed lateness is " + FormatDuration(nanoseconds(*lateness)));
  }
  return kExitOk;
}

int RunWatermarks(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(PathOf(call) + "/watermarks");
  if (!answer) return Fail(call, answer.error());
  if (call.settings().machine()) {
    const std::vector<Column> columns{
        {"SOURCE", "source"},       {"PARTITION", "partition"}, {"NEWEST", "max_event_time"},
        {"WATERMARK", "watermark"}, {"IDLE", "idle"},           {"HOLDS BACK", "holds_back"}};
    call.out().List(columns, ListOf(*answer, "partitions"));
    return kExitOk;
  }
  const std::string& zone = call.settings().time_zone;
  const bool utf8 = call.out().paper().utf8;
  Grid grid;
  grid.head = {{"SOURCE"}, {"PARTITION"}, {"NEWEST"}, {"WATERMARK"}, {"STATE"}};
  for (const JsonValue& partition : ListOf(*answer, "partitions")) {
    const JsonValue* idle = partition.Find("idle");
    const JsonValue* holds = partition.Find("holds_back");
    std::string state = idle != nullptr && idle->bool_value() ? "idle (ignored)" : "active";
    if (holds != nullptr && holds->bool_value())
      state += utf8 ? "  ◀ holds back" : "  < holds back";
    grid.rows.push_back({PlainText(partition.Find("source")),
                         PlainText(partition.Find("partition")),
                         ShownText(partition.Find("max_event_time"), Show::kTimeNs, zone),
                         ShownText(partition.Find("watermark"), Show::kTimeNs, zone), state});
  }
  grid.rows.push_back({call.Text("NAME", ""), "", "",
                       ShownText(answer->Find("watermark"), Show::kTimeNs, zone), ""});
  call.out().Rows(grid);
  return kExitOk;
}

int RunHold(const Invocation& call) {
  const bool pause = call.command().path == "view pause";
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Text("POST", PathOf(call) + (pause ? ":pause" : ":resume"), "{}");
  if (!answer) return Fail(call, answer.error());
  Printer::Line(call.out().format() == Format::kJson
                    ? *answer
                    : "view " + call.Text("NAME", "") + (pause ? " is paused" : " goes on"));
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> ViewCommands() {
  const std::vector<ArgumentSpec> name{{"NAME", "Name of the view", Arity::kOne, Names::kViews}};
  return {
      {.path = "view", .summary = "Watch views: watermarks, windows, late data"},
      {.path = "view ls", .summary = "List views: watermark, lag, revisions", .run = RunList},
      {.path = "view describe",
       .summary = "Show a view and its bounds",
       .arguments = name,
       .run = RunDescribe},
      {.path = "view windows",
       .summary = "List the newest windows with their states and revisions",
       .arguments = name,
       .options = {{"--limit", "N", "1 to 1000 (default 20)"}},
       .run = RunWindows},
      {.path = "view late",
       .summary = "Show how late points were, and what became of them",
       .arguments = name,
       .run = RunLate},
      {.path = "view watermarks",
       .summary = "Show the watermark of each partition, and which one holds back the view",
       .arguments = name,
       .run = RunWatermarks},
      {.path = "view pause",
       .summary =
           "Stop following the data; rows stay as they are, also over a restart of the server",
       .arguments = name,
       .run = RunHold},
      {.path = "view resume",
       .summary = "Go on where it was, and correct what changed meanwhile",
       .arguments = name,
       .run = RunHold},
  };
}

}  // namespace tidemark::app
