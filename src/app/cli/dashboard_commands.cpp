// SPDX-License-Identifier: Apache-2.0
// dashboard ls, apply, export, rm (web/API.md section 12).
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"

namespace tidemark::app {
namespace {

std::string PathOf(std::string_view id) { return "/dashboards/" + Segment(id); }

int RunList(const Invocation& call) {
  const std::vector<Column> columns{{"ID", "id"},
                                    {"TITLE", "title"},
                                    {"PUBLISHED", "published", Show::kNumber},
                                    {"DRAFT", "has_draft"},
                                    {"UPDATED", "updated", Show::kTimeNs},
                                    {"SOURCE", "source"},
                                    {"TAGS", "tags", Show::kText, Column::In::kWide}};
  return PrintList(call, "/dashboards?limit=1000", "items", columns);
}

std::string JsonOf(const JsonValue* value) {
  if (value == nullptr || value->is_null()) return "";
  JsonWriter out;
  out.Value(*value);
  return std::move(out).Take();
}

/// The dashboard with its draft set to `definition`; made if it is not there.
Try<JsonValue> Store(Api& api, const std::string& id, const std::string& definition) {
  const auto found = api.Get(PathOf(id));
  if (!found && found.error().exit != kExitNotFound) return found;
  JsonWriter body;
  body.BeginObject();
  if (!found) body.Key("id").String(id);
  body.Key("definition").Raw(definition).EndObject();
  if (!found) return api.Json("POST", "/dashboards", body.text());
  return api.Json("PUT", PathOf(id), body.text(), PlainText(found->Find("etag")));
}

int RunApply(const Invocation& call) {
  const std::string file = call.Text("FILE", "");
  const auto text = ReadInput(file);
  if (!text) return Fail(call, text.error());
  const auto definition = ParseJson(*text);
  if (!definition.ok()) {
    CliError error(kExitDefinition, file + " is not JSON");
    error.cause = definition.error().message;
    return Fail(call, error);
  }
  const std::string id =
      call.Text("id", file == "-" ? "" : std::filesystem::path(file).stem().string());
  if (id.empty()) return call.Usage("standard input has no name: say --id");
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const std::string wanted = JsonOf(&*definition);
  if (const auto found = api->Get(PathOf(id)); found && !call.Has("draft")) {
    const JsonValue* draft = found->Find("draft");
    if (JsonOf(MemberOf(*found, "published.definition")) == wanted &&
        (draft == nullptr || draft->is_null())) {
      Printer::Line("dashboard " + id + " is unchanged");
      return kExitOk;
    }
  }
  const auto stored = Store(*api, id, wanted);
  if (!stored) return Fail(call, stored.error());
  if (call.Has("draft")) {
    Printer::Line("dashboard " + id + " has a new draft");
    return kExitOk;
  }
  JsonWriter body;
  body.BeginObject().Key("message").String(call.Text("message", "")).EndObject();
  const auto published =
      api->Json("POST", PathOf(id) + ":publish", body.text(), PlainText(stored->Find("etag")));
  if (!published) return Fail(call, published.error());
  Printer::Line(fmt::format("published version {} of dashboard {}",
                            PlainText(MemberOf(*published, "published.version")), id));
  return kExitOk;
}

int RunExport(const Invocation& call) {
  const std::string id = call.Text("ID", "");
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto version = call.Text("version");
  const auto found = api->Get(version ? PathOf(id) + "/versions/" + Segment(*version) : PathOf(id));
  if (!found) return Fail(call, found.error());
  const std::string text = JsonOf(version             ? found->Find("definition")
                                  : call.Has("draft") ? found->Find("draft")
                                                      : MemberOf(*found, "published.definition"));
  if (text.empty()) {
    CliError error(kExitNotFound,
                   "dashboard " + id + (call.Has("draft") ? " has no draft" : " is not published"));
    if (!call.Has("draft")) error.hint = "--draft exports what is edited";
    return Fail(call, error);
  }
  const std::string file = call.Text("file", "-");
  if (file == "-") {
    Printer::Line(text);
    return kExitOk;
  }
  std::ofstream out(file, std::ios::binary);
  out << text << "\n";
  out.close();
  if (!out) return Fail(call, CliError(kExitFailure, "cannot write " + file));
  Say(call.settings(), "wrote " + file);
  return kExitOk;
}

int RunRemove(const Invocation& call) {
  const std::string id = call.Text("ID", "");
  if (const auto refused = RefusedDeletion(call, "dashboard", id)) return *refused;
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto found = api->Get(PathOf(id));
  if (!found) return Fail(call, found.error());
  const auto done = api->Text("DELETE", PathOf(id), "", PlainText(found->Find("etag")));
  if (!done) return Fail(call, done.error());
  Printer::Line("deleted dashboard " + id);
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> DashboardCommands() {
  const std::vector<ArgumentSpec> id{{"ID", "Its id", Arity::kOne, Names::kDashboards}};
  return {
      {.path = "dashboard", .summary = "Dashboards as files"},
      {.path = "dashboard ls", .summary = "List dashboards", .run = RunList},
      {.path = "dashboard apply",
       .summary = "Publish a dashboard's file; nothing happens when it is published like that",
       .examples = {"tidemark dashboard apply dashboards/ec2.json"},
       .arguments = {{"FILE", "JSON, - for standard input", Arity::kOne, Names::kFiles}},
       .options = {{"--id", "ID", "Its id (default: the file's name without .json)", "",
                    Names::kDashboards},
                   {"--draft", "", "Keep it as the draft, do not publish"},
                   {"--message", "TEXT", "What changed"}},
       .run = RunApply},
      {.path = "dashboard export",
       .summary = "Print a dashboard's file",
       .examples = {"tidemark dashboard export ec2 -f ec2.json"},
       .arguments = id,
       .options = {{"--file,-f", "FILE", "Write there (default -, standard output)", "",
                    Names::kFiles},
                   {"--draft", "", "What is edited instead of what is published"},
                   {"--version", "N", "An older version"}},
       .run = RunExport},
      {.path = "dashboard rm",
       .summary = "Delete a dashboard with its versions and shares",
       .arguments = id,
       .options = {{"--confirm", "ID", "Its id once more, for scripts"}},
       .run = RunRemove},
  };
}

}  // namespace tidemark::app
