// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/toml_reader.h"
#include "base/numbers.h"
#include "base/units.h"

namespace tidemark::app {
namespace {

constexpr std::array kKeys = {
    ConfigKey{"listen", "127.0.0.1:4580", "ADDRESS:PORT",
              "Where the server listens, loopback only; port 0 picks a free one. --listen wins."},
    ConfigKey{"data_dir", "none", "path",
              "Folder of all data; made if missing. --data-dir wins. One of the two is needed."},
    ConfigKey{
        "memory_max", "half of the RAM", "size",
        "Memory of all data in the process together; the store has half of it. At least 64MiB."},
    ConfigKey{"logging.level", "info", "name", "debug, info, warning or error."},
    ConfigKey{"logging.format", "auto", "name",
              "text, json, or auto: text on a terminal, else json."},
    ConfigKey{"sql.pushdown", "true", "boolean",
              "Aggregates are asked of the store where it can answer them; off for comparisons."},
    ConfigKey{"sql.threads", "one per core", "count",
              "Threads of the SQL engine, all statements together."},
    ConfigKey{"sql.memory_max", "a quarter of memory_max", "size",
              "Memory of the SQL engine; beyond it sorts and groups go to disk. What percentiles "
              "count is "
              "held to it too, and refused beyond. At least 32MiB."},
    ConfigKey{"sql.concurrent_max", "4", "count", "Statements that run at once; more wait."},
    ConfigKey{"sql.queue_max", "64", "count",
              "Statements that wait for their turn; more are throttled."},
    ConfigKey{"sql.timeout", "60s", "duration",
              "Time limit of one statement, from its first call to its last page."},
    ConfigKey{"sql.first_page_wait", "5s", "duration",
              "A Query call that has no rows by then answers an empty page with a NextToken. At "
              "least 10ms."},
    ConfigKey{"sql.strict_paging", "false", "boolean",
              "The first page of every Query is empty, as that of AWS may be."},
    ConfigKey{"sql.result_bytes_max", "5GB", "size",
              "Answer of one Query, all pages together. At least 64KiB."},
    ConfigKey{"sql.slow_query", "10s", "duration",
              "Statements that work for so long are logged; 0s: none."},
    ConfigKey{"store.seal_after", "2h", "duration",
              "Rows are written into block files once the oldest has been in memory for so long."},
    ConfigKey{"store.seal_bytes", "a quarter of the store's memory", "size",
              "Rows are written into block files once they take so much memory. At least 64KiB."},
    ConfigKey{"store.segment_bytes", "64MiB", "size",
              "A journal file is closed at this size. At least 4KiB."},
    ConfigKey{
        "store.feed_bytes_max", "8GiB", "size",
        "Journal that is kept for a view that lags; a view further behind catches up from block "
        "files. At least 1MiB."},
    ConfigKey{"store.partition", "1d", "duration",
              "Event time that one block file covers: 1h or 1d."},
    ConfigKey{
        "store.revision_retention", "30d", "duration",
        "How long the history of published values is kept; the first and the newest of a window "
        "stay. At least 1h."},
    ConfigKey{
        "backup.directory", "DATA_DIR/backups", "path",
        "Backups are made below this folder only; on the file system of the data they are links."},
    ConfigKey{
        "export.directory", "none", "path",
        "What UNLOAD writes to s3://BUCKET/KEY becomes the file BUCKET/KEY below this folder, "
        "as do error reports of scheduled queries; without it UNLOAD is refused, and reports "
        "are below DATA_DIR/reports."},
    ConfigKey{"http.allowed_hosts", "none", "names",
              "Host names that clients may call the server by, as a proxy forwards them, besides "
              "loopback "
              "names; NAME, or NAME:PORT. Requests to any other are refused."},
    ConfigKey{"views.verify_interval", "1d", "duration",
              "How often every view is verified in the background, at a twentieth of a thread; 0s: "
              "never. Else at least 1m."},
    ConfigKey{"executor.background_threads", "2", "count",
              "Threads that seal, merge, run pipelines and views."},
    ConfigKey{"kinesis.shards_max", "500", "count",
              "Shards of all streams together; more is LimitExceededException."},
};

void ReadStore(TomlTable& table, Config& out) {
  out.seal_after = table.Duration("seal_after", out.seal_after, seconds(1));
  out.seal_bytes = table.ByteSize("seal_bytes", 0, 64_KiB);
  out.segment_bytes = table.ByteSize("segment_bytes", out.segment_bytes, 4_KiB);
  out.feed_bytes_max = table.ByteSize("feed_bytes_max", out.feed_bytes_max, 1_MiB);
  out.partition = table.Duration("partition", out.partition, hours(1));
  if (out.partition != hours(1) && out.partition != hours(24)) {
    table.Problem("partition", "\"partition\" must be \"1h\" or \"1d\"");
  }
  out.revision_retention = table.Duration("revision_retention", out.revision_retention, hours(1));
}

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

std::string ConfigHelp() {
  std::string out =
      "Configuration keys (name, default, unit; \"a.b\" is key b of the table [a]):\n";
  for (const ConfigKey& key : kKeys) {
    out.append("  ").append(key.name).append("  (default: ").append(key.fallback);
    out.append("; ").append(key.unit).append(")\n      ").append(key.meaning).append("\n");
  }
  return out;
}

std::string BackupDirectoryOf(const Config& config) {
  const std::filesystem::path given = config.backup_directory.empty()
                                          ? std::filesystem::path(config.data_dir) / "backups"
                                          : std::filesystem::path(config.backup_directory);
  std::string out = std::filesystem::absolute(given).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

Result<Config> ParseConfig(std::string_view text, std::string_view file) {
  TM_ASSIGN_OR_RETURN(TomlTable root, ParseToml(text, file));
  Config out;
  out.listen = root.String("listen", out.listen);
  out.data_dir = root.String("data_dir", "");
  // Below this not even the caches and one segment's buffers fit.
  out.memory_max = root.ByteSize("memory_max", 0, 64_MiB);
  // Settings of the command line may stand in the same file (cli/settings.h).
  root.Table("cli");
  if (auto table = root.Table("logging")) {
    out.log_level =
        static_cast<LogLevel>(table->OneOf("level", "info", {"debug", "info", "warning", "error"}));
    out.log_format =
        static_cast<LogFormat>(table->OneOf("format", "auto", {"auto", "text", "json"}));
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("sql")) {
    out.sql_pushdown = table->Bool("pushdown", out.sql_pushdown);
    out.sql_threads = static_cast<int>(table->Integer("threads", 0, 0, 256));
    out.sql_memory_max = table->ByteSize("memory_max", 0, 32_MiB);
    out.sql_concurrent_max = table->Integer("concurrent_max", out.sql_concurrent_max, 1, 256);
    out.sql_queue_max = table->Integer("queue_max", out.sql_queue_max, 0, 100'000);
    out.sql_timeout = table->Duration("timeout", out.sql_timeout, milliseconds(1));
    out.sql_first_page_wait =
        table->Duration("first_page_wait", out.sql_first_page_wait, milliseconds(10));
    out.sql_strict_paging = table->Bool("strict_paging", out.sql_strict_paging);
    out.sql_result_bytes_max =
        table->ByteSize("result_bytes_max", out.sql_result_bytes_max, 64_KiB);
    out.sql_slow_query = table->Duration("slow_query", out.sql_slow_query, nanoseconds(0));
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("store")) {
    ReadStore(*table, out);
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("backup")) {
    out.backup_directory = table->String("directory", "");
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("export")) {
    out.export_directory = table->String("directory", "");
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("http")) {
    out.allowed_hosts = table->Strings("allowed_hosts", {});
    if (std::ranges::any_of(out.allowed_hosts, [](const std::string& host) {
          return host.empty() || host.find_first_of("/ *@") != std::string::npos;
        })) {
      table->Problem("allowed_hosts",
                     "\"allowed_hosts\" must be names such as \"console.example\", without scheme "
                     "or path");
    }
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("views")) {
    out.verify_interval = table->Duration("verify_interval", out.verify_interval, nanoseconds(0));
    if (out.verify_interval != nanoseconds(0) && out.verify_interval < minutes(1)) {
      table->Problem("verify_interval", "\"verify_interval\" must be \"0s\" or at least \"1m\"");
    }
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("executor")) {
    out.background_threads = table->Integer("background_threads", out.background_threads, 1, 64);
    TM_RETURN_IF_ERROR(table->Finish());
  }
  if (auto table = root.Table("kinesis")) {
    out.stream_shards_max = table->Integer("shards_max", out.stream_shards_max, 1, 100'000);
    TM_RETURN_IF_ERROR(table->Finish());
  }
  TM_RETURN_IF_ERROR(root.Finish());
  out.in_file = root.KeyPaths();
  return out;
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : ParseInt64(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535 || colon == 0) {
    return Error{Code::kInvalidArgument,
                 "\"" + std::string(text) +
                     "\" is not an address: write ADDRESS:PORT, such as 127.0.0.1:4580"};
  }
  ListenAddress out;
  out.host = text.substr(0, colon);
  out.port = static_cast<uint16_t>(*port);
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  const bool loopback = out.host == "localhost" || out.host == "::1" ||
                        (out.host.starts_with("127.") && std::ranges::all_of(out.host, [](char c) {
                           return c == '.' || (c >= '0' && c <= '9');
                         }));
  if (!loopback) {
    return Error{Code::kInvalidArgument,
                 "refusing to listen on " + out.host +
                     ": this version has no credentials, so only a loopback address is allowed "
                     "(127.0.0.1, ::1 or localhost)"};
  }
  return out;
}

}  // namespace tidemark::app
