// SPDX-License-Identifier: Apache-2.0
// What holds for every command: where the server is, how to print. Flags win over the environment,
// that over ./tidemark.toml, the user's file, the system's file and the defaults (console-ux.md
// 13.1). Values.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/exit_code.h"
#include "base/time.h"

namespace tidemark::app {

enum class Format : uint8_t {
  kTable,
  kWide,
  kVertical,
  kJson,
  kJsonl,
  kCsv,
  kTsv,
  kMarkdown,
  kPlain
};
std::optional<Format> ParseFormat(std::string_view text);
inline constexpr std::string_view kFormats =
    "table|wide|vertical|json|jsonl|csv|tsv|markdown|plain";

enum class Color : uint8_t { kAuto, kAlways, kNever };

struct Setting {
  std::string name;
  std::string value;
  std::string
      origin;  // "default", "flag --endpoint", "environment AWS_REGION", "file ./tidemark.toml"
};

struct Settings {
  std::string endpoint = "http://127.0.0.1:4580";
  std::string region = "us-east-1";
  Format format = Format::kTable;
  Color color = Color::kAuto;
  std::optional<milliseconds> timeout;  // none: 30 s, queries without end
  std::string time_zone = "UTC";
  bool quiet = false;
  bool no_input = false;
  bool yes = false;
  bool stdin_terminal = false;
  bool stdout_terminal = false;
  bool stderr_terminal = false;
  std::vector<Setting> origins;  // of those that files and environment may set

  bool machine() const {
    return format != Format::kTable && format != Format::kWide && format != Format::kVertical;
  }
};

/// What Settings are made from; tests give their own.
struct SettingSources {
  std::function<std::optional<std::string>(const std::string&)> environment;
  /// The text of a file; none: there is none.
  std::function<std::optional<std::string>(const std::string&)> file;
  bool stdin_terminal = false;
  bool stdout_terminal = false;
  bool stderr_terminal = false;
};
SettingSources ProcessSources();

/// `flags`: values of the global flags by name. kExitUsage or kExitConfig name what is wrong.
Try<Settings> ResolveSettings(
    const std::map<std::string, std::vector<std::string>, std::less<>>& flags,
    const SettingSources& sources);

}  // namespace tidemark::app
