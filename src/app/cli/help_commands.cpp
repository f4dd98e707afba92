// SPDX-License-Identifier: Apache-2.0
// completion, and the hidden commands that write what is made from the table of commands.
#include <cstdio>
#include <fstream>

#include "app/cli/commands_internal.h"
#include "app/cli/help.h"

namespace tidemark::app {
namespace {

int RunCompletion(const Invocation& call) {
  std::fputs(CompletionScript(call.Text("SHELL", "")).c_str(), stdout);
  return kExitOk;
}

/// Names on the server, or nothing: completion never waits long and never complains (13.6).
std::vector<std::string> LookUp(Names names) {
  auto settings = ResolveSettings({}, ProcessSources());
  if (!settings) return {};
  settings->timeout = milliseconds(300);
  auto api = Api::Connect(*settings);
  if (!api) return {};
  const auto list = [&](std::string path, std::string_view member, std::string_view name) {
    std::vector<std::string> out;
    const auto answer = api->Get(std::move(path));
    if (!answer) return out;
    for (const JsonValue& item : ListOf(*answer, member)) out.push_back(PlainText(item.Find(name)));
    return out;
  };
  switch (names) {
    case Names::kStreams:
      return list("/streams", "streams", "name");
    case Names::kPipelines:
      return list("/pipelines", "pipelines", "name");
    case Names::kViews:
      return list("/views", "views", "name");
    case Names::kDatabases:
      return list("/databases", "databases", "name");
    case Names::kDashboards:
      return list("/dashboards", "items", "id");
    case Names::kSavedQueries:
      return list("/saved-queries", "items", "id");
    case Names::kTables:
      break;
    default:
      return {};
  }
  std::vector<std::string> out;
  const auto answer = api->Get("/databases");
  if (!answer) return out;
  for (const JsonValue& database : ListOf(*answer, "databases")) {
    for (const JsonValue& table : ListOf(database, "tables")) {
      out.push_back(PlainText(database.Find("name")) + "." + PlainText(table.Find("name")));
    }
  }
  return out;
}

int RunComplete(const Invocation& call) {
  for (const std::string& word : Complete(call.All("WORDS"), LookUp)) Printer::Line(word);
  return kExitOk;
}

int RunManual(const Invocation& call) {
  const std::string folder = call.Text("DIR", "");
  for (const auto& [name, text] : ManualPages()) {
    std::ofstream out(folder + "/" + name, std::ios::binary);
    out << text;
    if (!out) return Fail(call, CliError(kExitFailure, "cannot write " + folder + "/" + name));
  }
  return kExitOk;
}

int RunReference(const Invocation&) {
  std::fputs(ReferenceText().c_str(), stdout);
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> HelpCommands() {
  return {
      {.path = "completion",
       .summary = "Print the script that completes commands, flags and names in a shell",
       .examples = {"eval \"$(tidemark completion bash)\"", "tidemark completion fish | source"},
       .arguments = {{"SHELL", "bash, zsh or fish"}},
       .run =
           [](const Invocation& call) {
             if (CompletionScript(call.Text("SHELL", "")).empty()) {
               return call.Usage("there are scripts for bash, zsh and fish");
             }
             return RunCompletion(call);
           }},
      {.path = "__complete",
       .summary = "What completion offers",
       .arguments = {{"WORDS", "The words so far", Arity::kMany}},
       .run = RunComplete},
      {.path = "__manual",
       .summary = "Write the manual pages",
       .arguments = {{"DIR", "Folder", Arity::kOne, Names::kFolders}},
       .run = RunManual},
      {.path = "__reference", .summary = "Print docs/cli.md", .run = RunReference},
  };
}

}  // namespace tidemark::app
