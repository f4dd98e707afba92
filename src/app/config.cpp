// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <algorithm>

#include "app/toml_reader.h"
#include "base/numbers.h"
#include "base/units.h"

namespace tidemark::app {

Result<Config> ParseConfig(std::string_view text, std::string_view file) {
  TM_ASSIGN_OR_RETURN(TomlTable root, ParseToml(text, file));
  Config out;
  out.listen = root.String("listen", out.listen);
  out.data_dir = root.String("data_dir", "");
  // Below this not even the caches and one segment's buffers fit.
  out.memory_max = root.ByteSize("memory_max", 0, 64_MiB);
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
    out.sql_queries_max = table->Integer("queries_max", out.sql_queries_max, 1, 256);
    out.sql_timeout = table->Duration("timeout", out.sql_timeout, milliseconds(1));
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
