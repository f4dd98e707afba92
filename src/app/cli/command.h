// SPDX-License-Identifier: Apache-2.0
// The one table of commands. Parsing, --help, completion, manual pages and docs/cli.md are made
// from it, so they cannot differ. Immutable values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/exit_code.h"
#include "app/cli/output.h"
#include "app/cli/settings.h"

namespace tidemark::app {

/// What completion offers for a value.
enum class Names : uint8_t {
  kNone,
  kFiles,
  kFolders,
  kStreams,
  kPipelines,
  kViews,
  kDatabases,
  kTables,
  kDashboards,
  kSavedQueries,
  kCommands,
};

enum class Arity : uint8_t { kOne, kOptional, kMany };

struct ArgumentSpec {
  std::string_view name;  // "STREAM"
  std::string_view help;
  Arity arity = Arity::kOne;
  Names names = Names::kNone;
};

struct OptionSpec {
  std::string_view flags;      // "--output,-o"
  std::string_view value;      // "FORMAT"; "": takes none
  std::string_view help;       // with the default, where there is one
  std::string_view choices{};  // "table|json"; "": anything
  Names names = Names::kNone;
  Arity arity = Arity::kOptional;  // kMany: may be repeated

  /// "output".
  std::string_view name() const;
};

class Invocation;

struct CommandSpec {
  std::string_view path;     // "stream create"
  std::string_view summary;  // one line
  std::string_view about{};  // paragraphs
  std::vector<std::string_view> examples{};
  std::vector<ArgumentSpec> arguments{};
  std::vector<OptionSpec> options{};
  int (*run)(const Invocation&) = nullptr;  // null: a group of commands
  std::string (*more)() = nullptr;          // printed behind the options
};

/// In the order of --help; a group stands before its commands.
std::span<const CommandSpec> Commands();
/// Flags that every command takes.
std::span<const OptionSpec> GlobalOptions();

/// The command whose path is exactly this; null: none.
const CommandSpec* FindCommand(std::string_view path);
/// Commands one level below `path`; "" for the top.
std::vector<const CommandSpec*> ChildrenOf(std::string_view path);
/// The last word of a path.
std::string_view LeafOf(std::string_view path);
/// The option of a command (or a global one) that a word spells, "--x", "--x=1" or "-x"; null:
/// none.
const OptionSpec* FindOption(const CommandSpec* command, std::string_view word);

/// A command line as the table understood it.
class Invocation {
 public:
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;

  Invocation(const CommandSpec& command, Values values, Settings settings);

  const CommandSpec& command() const { return *command_; }
  const Settings& settings() const { return settings_; }
  const Printer& out() const { return printer_; }

  /// Options by their long name, arguments by theirs.
  bool Has(std::string_view name) const { return values_.contains(name); }
  std::optional<std::string> Text(std::string_view name) const;
  std::string Text(std::string_view name, std::string_view fallback) const;
  std::vector<std::string> All(std::string_view name) const;

  /// Prints "error: ..."; the exit code of wrong usage.
  int Usage(std::string message) const;

 private:
  const CommandSpec* command_;
  Values values_;
  Settings settings_;
  Printer printer_;
};

/// Parses and runs `words` (without the program's name).
int RunCommandLine(const std::vector<std::string>& words);

}  // namespace tidemark::app
