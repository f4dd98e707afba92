// SPDX-License-Identifier: Apache-2.0
// The server's configuration file (TOML). Every key has a default; an unknown one is an error with
// its line and the nearest name. Flags of `tidemark serve` win over the file. Immutable value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/logging.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"

namespace tidemark::app {

struct Config {
  std::string listen = "127.0.0.1:4580";
  std::string data_dir;
  /// Budget of the whole process's data: memory store, journal buffer, caches. 0: half of the
  /// machine's RAM.
  uint64_t memory_max = 0;

  LogLevel log_level = LogLevel::kInfo;     // [logging] level
  LogFormat log_format = LogFormat::kAuto;  // [logging] format

  bool sql_pushdown = true;                      // [sql] pushdown
  int sql_threads = 0;                           // [sql] threads; 0: one per core
  uint64_t sql_memory_max = 0;                   // [sql] memory_max; 0: a quarter of memory_max
  int64_t sql_concurrent_max = 4;                // [sql] concurrent_max: running at once
  int64_t sql_queue_max = 64;                    // [sql] queue_max: waiting for one of those to end
  nanoseconds sql_timeout = seconds(60);         // [sql] timeout of one statement
  nanoseconds sql_first_page_wait = seconds(5);  // [sql] first_page_wait
  bool sql_strict_paging = false;                // [sql] strict_paging
  uint64_t sql_result_bytes_max = 5'000'000'000;  // [sql] result_bytes_max of one statement
  nanoseconds sql_slow_query = seconds(10);       // [sql] slow_query; 0: none is logged

  nanoseconds seal_after = hours(2);                // [store] seal_after
  uint64_t seal_bytes = 0;                          // [store] seal_bytes; 0: see ConfigKeys()
  uint64_t segment_bytes = 64_MiB;                  // [store] segment_bytes
  uint64_t feed_bytes_max = 8_GiB;                  // [store] feed_bytes_max
  nanoseconds partition = hours(24);                // [store] partition: 1h or 1d
  nanoseconds revision_retention = hours(24) * 30;  // [store] revision_retention

  std::string backup_directory;  // [backup] directory; "": DATA_DIR/backups

  std::string export_directory;  // [export] directory; "": UNLOAD is refused

  std::vector<std::string> allowed_hosts;  // [http] allowed_hosts, besides loopback names

  nanoseconds verify_interval = hours(24);  // [views] verify_interval; 0: never by itself

  int64_t background_threads = 2;   // [executor] background_threads
  int64_t stream_shards_max = 500;  // [kinesis] shards_max: per account, as LimitExceededException

  std::vector<std::string> in_file;   // names of keys that the file gives
  std::vector<std::string> in_flags;  // names of keys that flags of the command give
};

/// What a person reads about one key: docs/configuration.md and --help, which a test compares.
struct ConfigKey {
  std::string_view name;  // "store.seal_after": key seal_after of the table [store]
  std::string_view fallback;
  std::string_view unit;
  std::string_view meaning;
};
/// Where the value of a key comes from.
enum class ConfigSource : uint8_t { kDefault, kFile, kFlag };
/// "default", "file", "flag".
std::string_view ConfigSourceName(ConfigSource source);

/// A key with the value that is in force.
struct ConfigSetting {
  const ConfigKey* key = nullptr;
  std::string value;  // as a file would have it, without quotes
  ConfigSource source = ConfigSource::kDefault;
};
/// Every key, in the order of ConfigKeys(). Values that depend on the machine ("half of the RAM")
/// are shown as what `config` has, or as the words of their default where it has none.
std::vector<ConfigSetting> ConfigSettings(const Config& config);

/// Every key that ParseConfig() knows.
std::span<const ConfigKey> ConfigKeys();
/// The keys as lines of text, for --help.
std::string ConfigHelp();

/// kInvalidArgument names `file`, line and key.
Result<Config> ParseConfig(std::string_view text, std::string_view file);

/// Where backups may be made: an absolute, normalised path without a slash at its end.
std::string BackupDirectoryOf(const Config& config);

/// Host and port of "127.0.0.1:4580". kInvalidArgument: not of that form, or not a loopback
/// address: until there are credentials nobody else may reach the server.
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
};
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace tidemark::app
