// SPDX-License-Identifier: Apache-2.0
// The operator's commands: store and backup ask a running server; restore and check work on folders
// that no server holds.
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "app/backup.h"
#include "app/cli/commands_internal.h"
#include "base/file_system.h"

namespace tidemark::app {
namespace {

std::string Absolute(const std::string& path) {
  std::string out = std::filesystem::absolute(path).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

void PrintStats(const Invocation& call, const JsonValue& stats) {
  const std::vector<Column> tables{{"DATABASE", "database"},
                                   {"TABLE", "table"},
                                   {"POINTS", "points", Show::kNumber},
                                   {"SERIES", "series", Show::kNumber},
                                   {"SIZE", "bytes", Show::kBytes},
                                   {"FILES", "block_files", Show::kNumber},
                                   {"OVERLAY POINTS", "overlay_points", Show::kNumber}};
  call.out().List(tables, ListOf(stats, "tables"));
  if (call.settings().machine()) return;
  Printer::Line(fmt::format("\ndictionary {}, journal {}, write amplification {}\n",
                            ShownText(stats.Find("dict_bytes"), Show::kBytes, "UTC"),
                            ShownText(stats.Find("journal_bytes"), Show::kBytes, "UTC"),
                            PlainText(stats.Find("write_amplification"))));
  Grid memory;
  memory.head = {{"MEMORY BUDGET"}, {"SIZE", true, false}};
  if (const JsonValue* budgets = stats.Find("memory")) {
    for (const auto& [budget, bytes] : budgets->object()) {
      memory.rows.push_back({budget, ShownText(&bytes, Show::kBytes, "UTC")});
    }
  }
  call.out().Rows(memory);
}

int RunStats(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto text = api->Text("GET", "/store");
  if (!text) return Fail(call, text.error());
  if (call.out().format() == Format::kJson) {
    Printer::Line(*text);
    return kExitOk;
  }
  const auto stats = ParseJson(*text);
  if (!stats.ok()) return Fail(call, stats.error());
  PrintStats(call, *stats);
  return kExitOk;
}

int PostAndSay(const Invocation& call, std::string path, std::string body, std::string_view said) {
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  const auto answer = api->Text("POST", std::move(path), std::move(body));
  if (!answer) return Fail(call, answer.error());
  Printer::Line(call.out().format() == Format::kJson ? *answer : std::string(said));
  return kExitOk;
}

int RunFlush(const Invocation& call) {
  return PostAndSay(call, "/store:flush", "{}", "everything is sealed");
}

int RunCompact(const Invocation& call) {
  return PostAndSay(call, "/store:compact", call.Has("full") ? R"({"full":true})" : "{}", "merged");
}

int RunAcceptGap(const Invocation& call) {
  const std::string file = call.Text("FILE", "");
  JsonWriter body;
  body.BeginObject().Key("file").String(file).EndObject();
  return PostAndSay(call, "/store:acceptGap", body.text(),
                    file + " is a known gap now: queries serve the rest and say so");
}

void PrintBackup(const Invocation& call, std::string_view what, std::string_view path,
                 std::string_view files, std::string_view bytes, std::string_view position) {
  if (call.out().format() == Format::kJson) {
    JsonWriter out;
    out.BeginObject().Key("path").String(path).Key("position").String(position);
    out.Key("files").Raw(files).Key("bytes").Raw(bytes).EndObject();
    Printer::Line(out.text());
    return;
  }
  Printer::Line(fmt::format("{} {}: {} files, {} bytes, journal position {}", what, path, files,
                            bytes, position));
}

int RunBackup(const Invocation& call) {
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  JsonWriter body;
  body.BeginObject().Key("path").String(Absolute(call.Text("DIR", ""))).EndObject();
  const auto made = api->Json("POST", "/backups", body.text());
  if (!made) return Fail(call, made.error());
  PrintBackup(call, "backed up to", PlainText(made->Find("path")), PlainText(made->Find("files")),
              PlainText(made->Find("bytes")), PlainText(made->Find("position")));
  return kExitOk;
}

int RunRestore(const Invocation& call) {
  const auto data_dir = call.Text("data-dir");
  if (!data_dir) return call.Usage("restore needs --data-dir DIR");
  const auto done =
      RestoreBackup(RealFileSystem(), Absolute(call.Text("BACKUP", "")), Absolute(*data_dir));
  if (!done.ok()) return Fail(call, done.error());
  PrintBackup(call, "restored into", done->path, std::to_string(done->files),
              std::to_string(done->bytes), done->position);
  return kExitOk;
}

int RunCheckFolder(const Invocation& call) {
  const std::string dir = call.Text("DIR", "");
  uint64_t findings = 0;
  const auto checked = CheckDirectory(RealFileSystem(), Absolute(dir), [&](const Finding& f) {
    ++findings;
    JsonWriter out;
    out.BeginObject().Key("file").String(f.file).Key("kind").String(f.kind);
    out.Key("message").String(f.message).EndObject();
    Printer::Line(out.text());
  });
  if (!checked.ok()) return Fail(call, checked.error());
  Say(call.settings(),
      fmt::format("{}: {}", dir,
                  findings == 0 ? std::string("ok") : fmt::format("{} found damaged", findings)));
  return findings == 0 ? kExitOk : kExitFailure;
}

}  // namespace

std::vector<CommandSpec> StoreCommands() {
  return {
      {.path = "store", .summary = "Sizes, sealing, merging and damage of the store"},
      {.path = "store stats",
       .summary = "Points, series, bytes and files of each table; memory by budget",
       .run = RunStats},
      {.path = "store flush",
       .summary = "Write every row in memory into block files; returns once they are",
       .run = RunFlush},
      {.path = "store compact",
       .summary = "Merge block files as far as the rules ask for it",
       .options = {{"--full", "", "Merge everything: the smallest files, the fastest scans"}},
       .run = RunCompact},
      {.path = "store accept-gap",
       .summary = "Give up the points of a damaged file: queries go on without them and say so",
       .arguments = {{"FILE", "Its name, as /readyz has it"}},
       .run = RunAcceptGap},
      {.path = "backup",
       .summary =
           "Make a backup of a running server: tables, streams and definitions of one moment",
       .about = "The server writes it, below its backup.directory (default: DATA_DIR/backups). The "
                "folder must be new.",
       .examples = {"tidemark backup ./data/backups/monday"},
       .arguments = {{"DIR", "New folder, on the server's machine", Arity::kOne, Names::kFolders}},
       .run = RunBackup},
      {.path = "restore",
       .summary = "Make a data directory out of a backup",
       .examples = {"tidemark restore ./data/backups/monday --data-dir ./restored"},
       .arguments = {{"BACKUP", "Folder that `tidemark backup` made", Arity::kOne,
                      Names::kFolders}},
       .options = {{"--data-dir", "DIR", "New or empty folder", "", Names::kFolders}},
       .run = RunRestore},
      {.path = "check",
       .summary = "Check every byte of a data directory or backup that no server uses",
       .about =
           "Prints one JSON object a line for each thing that is damaged and exits 1; 0: all is "
           "well; 4: a server uses it.",
       .arguments = {{"DIR", "Data directory or backup", Arity::kOne, Names::kFolders}},
       .run = RunCheckFolder},
  };
}

}  // namespace tidemark::app
