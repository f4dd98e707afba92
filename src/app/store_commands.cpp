// SPDX-License-Identifier: Apache-2.0
// The operator's commands: store, backup and view ask a running server; restore and check work on
// folders that no server holds.
#include <chrono>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "app/backup.h"
#include "app/cli.h"
#include "app/client_internal.h"
#include "base/file_system.h"

namespace tidemark::app {
namespace {

/// Sealing and merging answer when they are done.
Result<std::unique_ptr<http::Client>> ConnectPatiently(const ClientOptions& options) {
  http::ClientOptions patient;
  patient.answer_timeout = std::chrono::hours(24);
  return http::Client::Connect(EndpointOf(options), patient);
}

void PrintStats(const JsonValue& stats) {
  std::vector<std::vector<std::string>> rows;
  if (const JsonValue* tables = stats.Find("tables")) {
    for (const JsonValue& table : tables->array()) {
      std::vector<std::string> row;
      for (const char* member :
           {"database", "table", "points", "series", "bytes", "block_files", "overlay_points"}) {
        row.push_back(TextOf(table.Find(member)));
      }
      rows.push_back(std::move(row));
    }
  }
  PrintTable({"database", "table", "points", "series", "bytes", "files", "overlay points"}, rows);
  fmt::print("\ndictionary {} bytes, journal {} bytes, write amplification {}\n",
             TextOf(stats.Find("dict_bytes")), TextOf(stats.Find("journal_bytes")),
             TextOf(stats.Find("write_amplification")));
  rows.clear();
  if (const JsonValue* memory = stats.Find("memory")) {
    for (const auto& [budget, bytes] : memory->object()) rows.push_back({budget, TextOf(&bytes)});
  }
  fmt::print("\n");
  PrintTable({"memory budget", "bytes"}, rows);
}

std::string Absolute(const std::string& path) {
  std::string out = std::filesystem::absolute(path).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

void PrintBackup(std::string_view what, std::string_view path, std::string_view files,
                 std::string_view bytes, std::string_view position, OutputFormat output) {
  if (output == OutputFormat::kJson) {
    JsonWriter out;
    out.BeginObject().Key("path").String(path).Key("position").String(position);
    out.Key("files").Raw(files).Key("bytes").Raw(bytes).EndObject();
    std::puts(out.text().c_str());
    return;
  }
  fmt::print("{} {}: {} files, {} bytes, journal position {}\n", what, path, files, bytes,
             position);
}

}  // namespace

int StoreCommand(StoreVerb verb, const std::string& file, const ClientOptions& options) {
  const auto client = ConnectPatiently(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  JsonWriter body;
  body.BeginObject();
  std::string path = "/store";
  switch (verb) {
    case StoreVerb::kStats:
      break;
    case StoreVerb::kFlush:
      path += ":flush";
      break;
    case StoreVerb::kCompact:
      path += ":compact";
      break;
    case StoreVerb::kCompactFull:
      path += ":compact";
      body.Key("full").Bool(true);
      break;
    case StoreVerb::kAcceptGap:
      path += ":acceptGap";
      body.Key("file").String(file);
      break;
  }
  body.EndObject();
  const bool stats = verb == StoreVerb::kStats;
  const auto answer =
      CallText(**client, stats ? "GET" : "POST", path, stats ? std::string() : body.text());
  if (!answer.ok()) return Fail(answer.error(), options.output);
  if (options.output == OutputFormat::kJson) {
    std::puts(answer->c_str());
  } else if (stats) {
    const auto parsed = ParseJson(*answer);
    if (!parsed.ok()) return Fail(parsed.error(), options.output);
    PrintStats(*parsed);
  } else if (verb == StoreVerb::kAcceptGap) {
    fmt::print("{} is a known gap now: queries serve the rest and say so\n", file);
  } else {
    fmt::print("{}\n", verb == StoreVerb::kFlush ? "everything is sealed" : "merged");
  }
  return kExitOk;
}

int ViewCommand(ViewVerb verb, const std::string& name, const ClientOptions& options) {
  const auto client = Connect(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  const auto answer = CallText(
      **client, "POST",
      "/views/" + http::PercentEncode(name) + (verb == ViewVerb::kPause ? ":pause" : ":resume"),
      "{}");
  if (!answer.ok()) return Fail(answer.error(), options.output);
  if (options.output == OutputFormat::kJson) {
    std::puts(answer->c_str());
  } else {
    fmt::print("view {} {}\n", name, verb == ViewVerb::kPause ? "is paused" : "goes on");
  }
  return kExitOk;
}

int BackupCommand(const std::string& dir, const ClientOptions& options) {
  const auto client = ConnectPatiently(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  JsonWriter body;
  body.BeginObject().Key("path").String(Absolute(dir)).EndObject();
  const auto made = Call(**client, "POST", "/backups", body.text());
  if (!made.ok()) return Fail(made.error(), options.output);
  PrintBackup("backed up to", TextOf(made->Find("path")), TextOf(made->Find("files")),
              TextOf(made->Find("bytes")), TextOf(made->Find("position")), options.output);
  return kExitOk;
}

int RestoreCommand(const std::string& backup, const std::string& data_dir, OutputFormat output) {
  const auto done = RestoreBackup(RealFileSystem(), Absolute(backup), Absolute(data_dir));
  if (!done.ok()) return Fail(done.error(), output);
  PrintBackup("restored into", done->path, std::to_string(done->files), std::to_string(done->bytes),
              done->position, output);
  return kExitOk;
}

int CheckCommand(const std::string& dir) {
  uint64_t findings = 0;
  const auto checked = CheckDirectory(RealFileSystem(), Absolute(dir), [&](const Finding& f) {
    ++findings;
    JsonWriter out;
    out.BeginObject().Key("file").String(f.file).Key("kind").String(f.kind);
    out.Key("message").String(f.message).EndObject();
    std::puts(out.text().c_str());
  });
  if (!checked.ok()) return Fail(checked.error(), OutputFormat::kTable);
  fmt::print(stderr, "{}: {}\n", dir,
             findings == 0 ? std::string("ok") : fmt::format("{} found damaged", findings));
  return findings == 0 ? kExitOk : kExitFailure;
}

}  // namespace tidemark::app
