// SPDX-License-Identifier: Apache-2.0
// The server's configuration file (TOML). Every key has a default; an unknown one is an error with
// its line and the nearest name. Flags of `tidemark serve` win over the file. Immutable value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/logging.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::app {

struct Config {
  std::string listen = "127.0.0.1:4580";
  std::string data_dir;
  /// Budget of the whole process's data: memory store, journal buffer, caches. 0: half of the
  /// machine's RAM.
  uint64_t memory_max = 0;

  LogLevel log_level = LogLevel::kInfo;     // [logging] level
  LogFormat log_format = LogFormat::kAuto;  // [logging] format

  bool sql_pushdown = true;               // [sql] pushdown
  int sql_threads = 0;                    // [sql] threads; 0: one per core
  uint64_t sql_memory_max = 0;            // [sql] memory_max; 0: a quarter of memory_max
  int64_t sql_queries_max = 4;            // [sql] queries_max: running at once
  nanoseconds sql_timeout = seconds(60);  // [sql] timeout of one statement

  int64_t background_threads = 2;   // [executor] background_threads
  int64_t stream_shards_max = 500;  // [kinesis] shards_max: per account, as LimitExceededException
};

/// kInvalidArgument names `file`, line and key.
Result<Config> ParseConfig(std::string_view text, std::string_view file);

/// Host and port of "127.0.0.1:4580". kInvalidArgument: not of that form, or not a loopback
/// address: until there are credentials nobody else may reach the server.
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
};
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace tidemark::app
