// SPDX-License-Identifier: Apache-2.0
// apply, describe, delete: a stack file's objects.
#include <cstdio>
#include <iostream>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/stack.h"

namespace tidemark::app {
namespace {

void PrintReport(const Invocation& call, const JsonValue& report) {
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
    out.EndObject().EndObject();
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
  const auto report = api->Json("POST", "/stack:" + verb, body.text());
  if (!report) return Fail(call, report.error());
  PrintReport(call, *report);
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
           "dashboard whose published version differs gets a new version. Files that the "
           "stack names lie beside it.",
       .examples = {"tidemark apply examples/ec2/stack.toml"},
       .arguments = file,
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
