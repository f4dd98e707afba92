// SPDX-License-Identifier: Apache-2.0
// apply, describe, delete: a stack file's objects.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/stack.h"

namespace tidemark::app {
namespace {

/// A view, and what differed when its next generation took over.
using Switched = std::vector<std::pair<std::string, JsonValue>>;

void PrintSwitch(const Invocation& call, const std::string& view, const JsonValue& last);

void PrintReport(const Invocation& call, const JsonValue& report, const Switched& switched) {
  const auto& items = ListOf(report, "items");
  const auto& outputs = ListOf(report, "outputs");
  if (call.out().format() == Format::kJson) {
    JsonWriter out;
    out.BeginObject().Key("items").BeginArray();
    for (const JsonValue& item : items) out.Value(item);
    out.EndArray().Key("outputs").BeginObject();
    for (const JsonValue& item : outputs) {
      out.Key(PlainText(item.Find("name"))).String(PlainText(item.Find("value")));
    }
    out.EndObject();
    if (!switched.empty()) {
      out.Key("generations").BeginObject();
      for (const auto& [view, last] : switched) out.Key(view).Value(last);
      out.EndObject();
    }
    out.EndObject();
    Printer::Line(out.text());
    return;
  }
  if (call.out().format() != Format::kTable) {
    const std::vector<Column> columns{
        {"ACTION", "action"}, {"KIND", "kind"}, {"NAME", "name"}, {"DETAIL", "detail"}};
    call.out().List(columns, items);
    return;
  }
  for (const JsonValue& item : items) {
    const std::string detail = PlainText(item.Find("detail"));
    Printer::Line(Harmless(fmt::format("{:<9} {:<10} {}{}", PlainText(item.Find("action")),
                                       PlainText(item.Find("kind")), PlainText(item.Find("name")),
                                       detail.empty() ? "" : "  (" + detail + ")")));
  }
  if (!outputs.empty()) Printer::Line("\nOutputs");
  for (const JsonValue& item : outputs) {
    Printer::Line(
        fmt::format("  {:<9} {}", PlainText(item.Find("name")), PlainText(item.Find("value"))));
  }
  for (const auto& [view, last] : switched) PrintSwitch(call, view, last);
}

std::optional<int> RefusedStackDeletion(const Invocation& call, const std::string& file) {
  const Settings& settings = call.settings();
  if (settings.yes) return std::nullopt;
  if (!settings.stdin_terminal || settings.no_input) {
    return call.Usage("delete needs --yes when stdin is not a terminal");
  }
  fmt::print(stderr,
             "Delete everything that {} names, with its data? Type \"delete\" to confirm: ", file);
  std::fflush(stderr);
  std::string typed;
  std::getline(std::cin, typed);
  if (typed == "delete") return std::nullopt;
  return Fail(call, CliError(kExitInterrupted, "nothing was deleted"));
}

constexpr auto kBuildPoll = std::chrono::milliseconds(200);

/// The views that the report says are being built.
std::vector<std::string> ViewsInTheMaking(const JsonValue& report) {
  std::vector<std::string> out;
  for (const JsonValue& item : ListOf(report, "items")) {
    if (PlainText(item.Find("kind")) == "view" &&
        PlainText(item.Find("detail")).ends_with("is being built")) {
      out.push_back(PlainText(item.Find("name")));
    }
  }
  return out;
}

/// Waits until the view's next generation has taken over; what differed then.
Try<JsonValue> WaitForView(Api& api, const std::string& view) {
  for (;;) {
    auto told = api.Get("/views/" + Segment(view) + "/generations");
    if (!told) return told;
    const JsonValue* next = told->Find("next");
    if (next == nullptr || !next->is_object()) return told;
    if (PlainText(next->Find("state")) == "failed") {
      return std::unexpected(
          CliError(kExitFailure, "generation " + PlainText(next->Find("generation")) + " of view " +
                                     view + " failed: " + PlainText(next->Find("error"))));
    }
    std::this_thread::sleep_for(kBuildPoll);
  }
}

void PrintSwitch(const Invocation& call, const std::string& view, const JsonValue& last) {
  Printer::Line(Harmless(fmt::format(
      "\nview {}: generation {}: {} rows changed, {} added, {} removed, {} as before{}", view,
      PlainText(last.Find("generation")), PlainText(last.Find("changed")),
      PlainText(last.Find("added")), PlainText(last.Find("removed")), PlainText(last.Find("same")),
      last.Find("whole")->bool_value() ? "" : " (of those compared: there are more)")));
  const auto& rows = ListOf(last, "rows");
  if (rows.empty()) return;
  Grid grid;
  grid.head = {{"MEASURE"}, {"DIMENSIONS"}, {"TIME"}, {"OLD"}, {"NEW"}};
  for (const JsonValue& row : rows) {
    std::string dimensions;
    for (const auto& [name, value] : row.Find("dimensions")->object()) {
      dimensions += (dimensions.empty() ? "" : " ") + name + "=" + PlainText(&value);
    }
    grid.rows.push_back({PlainText(row.Find("measure")), dimensions,
                         ShownText(row.Find("time"), Show::kTimeNs, call.settings().time_zone),
                         PlainText(row.Find("before")), PlainText(row.Find("now"))});
  }
  call.out().Rows(grid);
}

/// What apply would do; a problem is an error of the file.
int PrintCheck(const Invocation& call, const std::string& file, const JsonValue& check) {
  if (const JsonValue* problem = check.Find("problem"); problem->is_object()) {
    const std::string line = PlainText(problem->Find("line"));
    return Fail(call, CliError(kExitDefinition, file + (line.empty() ? "" : ":" + line) + ": " +
                                                    PlainText(problem->Find("message"))));
  }
  PrintReport(call, check, {});
  return kExitOk;
}

int RunStack(const Invocation& call) {
  const std::string file = call.Text("FILE", "");
  const auto text = ReadInput(file);
  if (!text) return Fail(call, text.error());
  const std::string verb(call.command().path);
  if (verb == "delete") {
    if (const auto refused = RefusedStackDeletion(call, file)) return *refused;
  }
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  JsonWriter body;
  body.BeginObject().Key("file").String(file).Key("text").String(*text);
  // What makes no sense here makes none there: the server says it.
  const auto stack = ParseStack(*text, file);
  if (verb != "delete" && stack.ok()) {
    const auto files = ReadStackFiles(*stack, file);
    if (!files.ok()) return Fail(call, CliError(kExitNotFound, files.error().message));
    body.Key("files").BeginObject();
    for (const auto& [path, content] : *files) body.Key(path).String(content);
    body.EndObject();
  }
  body.EndObject();
  const bool dry_run = verb == "apply" && call.Has("dry-run");
  const auto report = api->Json("POST", "/stack:" + (dry_run ? "check" : verb), body.text());
  if (!report) return Fail(call, report.error());
  if (dry_run) return PrintCheck(call, file, *report);
  Switched switched;
  if (verb == "apply" && call.Has("wait")) {
    for (const std::string& view : ViewsInTheMaking(*report)) {
      auto told = WaitForView(*api, view);
      if (!told) return Fail(call, told.error());
      const JsonValue* last = told->Find("last");
      if (last != nullptr && last->is_object()) switched.emplace_back(view, *last);
    }
  }
  PrintReport(call, *report, switched);
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> StackCommands() {
  const std::vector<ArgumentSpec> file{
      {"FILE", "Stack file (TOML), - for standard input", Arity::kOne, Names::kFiles}};
  return {
      {.path = "apply",
       .summary = "Make the objects of a stack file exist",
       .about =
           "Streams, databases, tables, pipelines, views and dashboards. May be repeated. What "
           "exists and differs is an error (exit 4), and nothing of the file is applied; a "
           "dashboard whose published version differs gets a new version. A view that differs, but "
           "not in its tables, is built anew as its next generation beside the one that is seen, "
           "and takes its place once it has caught up; --wait waits for that and prints the rows "
           "that changed. --dry-run makes nothing: it says what would be created or updated, or "
           "what is "
           "wrong with the file (exit 8). Files that the stack names lie beside it.",
       .examples = {"tidemark apply examples/ec2/stack.toml"},
       .arguments = file,
       .options = {{"--wait", "", "Wait until changed views have been built and switched"},
                   {"--dry-run", "", "Say what would be made or changed, and make nothing"}},
       .run = RunStack},
      {.path = "describe",
       .summary = "Show what of a stack file exists, and its outputs",
       .examples = {"tidemark describe examples/ec2/stack.toml"},
       .arguments = file,
       .run = RunStack},
      {.path = "delete",
       .summary = "Delete what a stack file names, with its data",
       .about = "Asks first; --yes does not, and is needed when standard input is no terminal.",
       .examples = {"tidemark delete --yes examples/ec2/stack.toml"},
       .arguments = file,
       .run = RunStack},
  };
}

}  // namespace tidemark::app
