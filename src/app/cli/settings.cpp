// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/toml_reader.h"
#include "base/time_zone.h"

namespace tidemark::app {
namespace {

struct Key {
  std::string_view name;      // of the flag and of the key in [cli]
  std::string_view fallback;  // as `config show` has it
  std::array<std::string_view, 3> environment;
};

constexpr std::array<Key, 6> kKeys{{
    {"endpoint", "http://127.0.0.1:4580", {"TIDEMARK_ENDPOINT", "AWS_ENDPOINT_URL", ""}},
    {"region", "us-east-1", {"TIDEMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"}},
    {"output", "table", {"TIDEMARK_OUTPUT", "", ""}},
    {"color", "auto", {"TIDEMARK_COLOR", "", ""}},
    {"timeout", "", {"TIDEMARK_TIMEOUT", "", ""}},
    {"tz", "UTC", {"TIDEMARK_TZ", "", ""}},
}};

struct File {
  std::string path;
  std::map<std::string, std::string, std::less<>> values;
};

Try<std::vector<File>> ReadFiles(const SettingSources& sources,
                                 const std::optional<std::string>& named) {
  std::vector<std::string> paths;
  if (named) {
    paths.push_back(*named);
  } else {
    paths.emplace_back("./tidemark.toml");
    const auto base = sources.environment("XDG_CONFIG_HOME");
    const auto home = sources.environment("HOME");
    if (base && !base->empty()) {
      paths.push_back(*base + "/tidemark/config.toml");
    } else if (home && !home->empty()) {
      paths.push_back(*home + "/.config/tidemark/config.toml");
    }
    paths.emplace_back("/etc/tidemark/config.toml");
  }
  std::vector<File> out;
  for (const std::string& path : paths) {
    const auto text = sources.file(path);
    if (!text) {
      if (named) return std::unexpected(CliError(kExitUsage, "cannot read " + path));
      continue;
    }
    auto root = ParseToml(*text, path);
    if (!root.ok()) return std::unexpected(CliError(kExitConfig, root.error().message));
    // The rest of ./tidemark.toml may be a server's configuration.
    auto table = root->Table("cli");
    if (!table) continue;
    File& file = out.emplace_back();
    file.path = path;
    for (const Key& key : kKeys) {
      if (std::string value = table->String(key.name, ""); !value.empty()) {
        file.values.emplace(key.name, std::move(value));
      }
    }
    if (auto done = table->Finish(); !done.ok()) {
      return std::unexpected(CliError(kExitConfig, done.error().message));
    }
  }
  return out;
}

Setting Find(const Key& key,
             const std::map<std::string, std::vector<std::string>, std::less<>>& flags,
             const SettingSources& sources, const std::vector<File>& files) {
  Setting out{std::string(key.name), std::string(key.fallback), "default"};
  if (const auto flag = flags.find(key.name); flag != flags.end() && !flag->second.empty()) {
    out.value = flag->second.back();
    out.origin = "flag --" + out.name;
    return out;
  }
  for (const std::string_view variable : key.environment) {
    if (variable.empty()) continue;
    const auto value = sources.environment(std::string(variable));
    if (!value || value->empty()) continue;
    out.value = *value;
    out.origin = "environment " + std::string(variable);
    return out;
  }
  for (const File& file : files) {
    const auto value = file.values.find(key.name);
    if (value == file.values.end()) continue;
    out.value = value->second;
    out.origin = "file " + file.path;
    return out;
  }
  return out;
}

CliError Wrong(const Setting& setting, std::string_view want) {
  CliError error(
      setting.origin.starts_with("flag") ? kExitUsage : kExitConfig,
      setting.name + " must be " + std::string(want) + ", not \"" + setting.value + "\"");
  if (!setting.origin.starts_with("flag")) error.cause = "it comes from " + setting.origin;
  return error;
}

Try<void> Take(const Setting& setting, Settings& out) {
  if (setting.name == "endpoint") {
    out.endpoint = setting.value;
  } else if (setting.name == "region") {
    out.region = setting.value;
  } else if (setting.name == "output") {
    const auto format = ParseFormat(setting.value);
    if (!format) return std::unexpected(Wrong(setting, "one of " + std::string(kFormats)));
    out.format = *format;
  } else if (setting.name == "color") {
    if (setting.value != "auto" && setting.value != "always" && setting.value != "never") {
      return std::unexpected(Wrong(setting, "auto, always or never"));
    }
    out.color = setting.value == "always"  ? Color::kAlways
                : setting.value == "never" ? Color::kNever
                                           : Color::kAuto;
  } else if (setting.name == "timeout" && !setting.value.empty()) {
    const auto duration = ParseDuration(setting.value);
    if (!duration.ok() || *duration < nanoseconds(0)) {
      return std::unexpected(Wrong(setting, "a duration such as 30s"));
    }
    out.timeout = std::chrono::duration_cast<milliseconds>(*duration);
  } else if (setting.name == "tz") {
    if (!TimeZone::Find(setting.value).ok()) {
      return std::unexpected(Wrong(setting, "a time zone such as UTC or Europe/Berlin"));
    }
    out.time_zone = setting.value;
  }
  return {};
}

}  // namespace

std::optional<Format> ParseFormat(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Format>, 9> kNames{
      {{"table", Format::kTable},
       {"wide", Format::kWide},
       {"vertical", Format::kVertical},
       {"json", Format::kJson},
       {"jsonl", Format::kJsonl},
       {"csv", Format::kCsv},
       {"tsv", Format::kTsv},
       {"markdown", Format::kMarkdown},
       {"plain", Format::kPlain}}};
  for (const auto& [name, format] : kNames) {
    if (name == text) return format;
  }
  return std::nullopt;
}

SettingSources ProcessSources() {
  SettingSources out;
  out.environment = [](const std::string& name) -> std::optional<std::string> {
    // Read before any thread exists.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): see above
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  out.file = [](const std::string& path) -> std::optional<std::string> {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
  };
  out.stdin_terminal = ::isatty(STDIN_FILENO) == 1;
  out.stdout_terminal = ::isatty(STDOUT_FILENO) == 1;
  out.stderr_terminal = ::isatty(STDERR_FILENO) == 1;
  return out;
}

Try<Settings> ResolveSettings(
    const std::map<std::string, std::vector<std::string>, std::less<>>& flags,
    const SettingSources& sources) {
  const auto text = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = flags.find(name);
    if (found == flags.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
  };
  auto named = text("config");
  if (!named) {
    named = sources.environment("TIDEMARK_CONFIG");
    if (named && named->empty()) named.reset();
  }
  const auto files = ReadFiles(sources, named);
  if (!files) return std::unexpected(files.error());
  Settings out;
  for (const Key& key : kKeys) {
    Setting setting = Find(key, flags, sources, *files);
    if (auto taken = Take(setting, out); !taken) return std::unexpected(taken.error());
    out.origins.push_back(std::move(setting));
  }
  out.quiet = flags.contains("quiet");
  out.no_input = flags.contains("no-input");
  out.yes = flags.contains("yes");
  out.stdin_terminal = sources.stdin_terminal;
  out.stdout_terminal = sources.stdout_terminal;
  out.stderr_terminal = sources.stderr_terminal;
  // NO_COLOR, FORCE_COLOR and TERM=dumb decide where nobody else did (13.1).
  if (out.color == Color::kAuto) {
    const auto set = [&](const char* name) {
      const auto value = sources.environment(name);
      return value && !value->empty();
    };
    if (set("NO_COLOR") || sources.environment("TERM") == "dumb") {
      out.color = Color::kNever;
    } else if (set("FORCE_COLOR")) {
      out.color = Color::kAlways;
    }
  }
  return out;
}

}  // namespace tidemark::app
