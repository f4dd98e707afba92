// SPDX-License-Identifier: Apache-2.0
// The values of a configuration as texts, key by key, with where each comes from.
#include <algorithm>
#include <array>
#include <utility>

#include "app/config.h"
#include "base/check.h"

namespace tidemark::app {
namespace {

using Render = std::string (*)(const Config&);

std::string Text(const std::string& value) { return value; }
std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(int64_t value) { return std::to_string(value); }
std::string Text(nanoseconds value) { return FormatDuration(value); }

/// The largest binary unit that says it exactly.
std::string Size(uint64_t bytes) {
  constexpr std::array<std::pair<uint64_t, std::string_view>, 3> kUnits{
      {{1_GiB, "GiB"}, {1_MiB, "MiB"}, {1_KiB, "KiB"}}};
  for (const auto& [width, name] : kUnits) {
    if (bytes != 0 && bytes % width == 0) {
      return std::to_string(bytes / width) + std::string(name);
    }
  }
  return std::to_string(bytes);
}

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

std::string LevelName(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};
  return std::string(kNames[static_cast<size_t>(level)]);
}
std::string FormatName(LogFormat format) {
  constexpr std::array<std::string_view, 3> kNames{"auto", "text", "json"};
  return std::string(kNames[static_cast<size_t>(format)]);
}

// Empty: the words of the key's default say it.
constexpr std::pair<std::string_view, Render> kValues[] = {
    {"listen", [](const Config& c) { return Text(c.listen); }},
    {"data_dir", [](const Config& c) { return Text(c.data_dir); }},
    {"memory_max",
     [](const Config& c) { return c.memory_max != 0 ? Size(c.memory_max) : std::string(); }},
    {"logging.level", [](const Config& c) { return LevelName(c.log_level); }},
    {"logging.format", [](const Config& c) { return FormatName(c.log_format); }},
    {"sql.pushdown", [](const Config& c) { return Text(c.sql_pushdown); }},
    {"sql.threads",
     [](const Config& c) {
       return c.sql_threads != 0 ? Text(int64_t{c.sql_threads}) : std::string();
     }},
    {"sql.memory_max",
     [](const Config& c) {
       return c.sql_memory_max != 0 ? Size(c.sql_memory_max) : std::string();
     }},
    {"sql.concurrent_max", [](const Config& c) { return Text(c.sql_concurrent_max); }},
    {"sql.queue_max", [](const Config& c) { return Text(c.sql_queue_max); }},
    {"sql.timeout", [](const Config& c) { return Text(c.sql_timeout); }},
    {"sql.first_page_wait", [](const Config& c) { return Text(c.sql_first_page_wait); }},
    {"sql.strict_paging", [](const Config& c) { return Text(c.sql_strict_paging); }},
    {"sql.result_bytes_max", [](const Config& c) { return Size(c.sql_result_bytes_max); }},
    {"sql.slow_query", [](const Config& c) { return Text(c.sql_slow_query); }},
    {"store.seal_after", [](const Config& c) { return Text(c.seal_after); }},
    {"store.seal_bytes",
     [](const Config& c) { return c.seal_bytes != 0 ? Size(c.seal_bytes) : std::string(); }},
    {"store.segment_bytes", [](const Config& c) { return Size(c.segment_bytes); }},
    {"store.feed_bytes_max", [](const Config& c) { return Size(c.feed_bytes_max); }},
    {"store.partition", [](const Config& c) { return Text(c.partition); }},
    {"store.revision_retention", [](const Config& c) { return Text(c.revision_retention); }},
    {"backup.directory",
     [](const Config& c) { return c.data_dir.empty() ? std::string() : BackupDirectoryOf(c); }},
    {"export.directory", [](const Config& c) { return Text(c.export_directory); }},
    {"http.allowed_hosts", [](const Config& c) { return Joined(c.allowed_hosts); }},
    {"views.verify_interval", [](const Config& c) { return Text(c.verify_interval); }},
    {"executor.background_threads", [](const Config& c) { return Text(c.background_threads); }},
    {"kinesis.shards_max", [](const Config& c) { return Text(c.stream_shards_max); }},
};

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// "1m" is "60s", "5000000000" is "5GB".
bool Same(std::string_view unit, std::string_view a, std::string_view b) {
  if (unit == "duration") {
    const auto x = ParseDuration(a);
    const auto y = ParseDuration(b);
    return x.ok() && y.ok() && *x == *y;
  }
  if (unit == "size") {
    const auto x = ParseByteSize(a);
    const auto y = ParseByteSize(b);
    return x.ok() && y.ok() && *x == *y;
  }
  return false;
}

}  // namespace

std::string_view ConfigSourceName(ConfigSource source) {
  switch (source) {
    case ConfigSource::kDefault:
      return "default";
    case ConfigSource::kFile:
      return "file";
    case ConfigSource::kFlag:
      return "flag";
  }
  TM_UNREACHABLE();
}

std::vector<ConfigSetting> ConfigSettings(const Config& config) {
  std::vector<ConfigSetting> out;
  for (const ConfigKey& key : ConfigKeys()) {
    ConfigSetting setting{.key = &key};
    const auto* found = std::ranges::find(kValues, key.name, [](const auto& v) { return v.first; });
    TM_CHECK(found != std::end(kValues));  // config_test.cpp reads every key
    setting.value = found->second(config);
    if (setting.value.empty() || Same(key.unit, setting.value, key.fallback)) {
      setting.value = key.fallback;
    }
    if (Has(config.in_flags, key.name)) {
      setting.source = ConfigSource::kFlag;
    } else if (Has(config.in_file, key.name)) {
      setting.source = ConfigSource::kFile;
    }
    out.push_back(std::move(setting));
  }
  return out;
}

}  // namespace tidemark::app
