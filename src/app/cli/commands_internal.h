// SPDX-License-Identifier: Apache-2.0
// The parts of the table of commands, each beside what its commands do; and what they share.
#pragma once

#include <string>
#include <vector>

#include "app/cli/api.h"
#include "app/cli/command.h"

namespace tidemark::app {

std::vector<CommandSpec> ServerCommands();
std::vector<CommandSpec> StackCommands();
std::vector<CommandSpec> ConfigCommands();
std::vector<CommandSpec> StreamCommands();
std::vector<CommandSpec> PipelineCommands();
std::vector<CommandSpec> ViewCommands();
std::vector<CommandSpec> ViewToolCommands();
std::vector<CommandSpec> ExplainCommands();
std::vector<CommandSpec> TableCommands();
std::vector<CommandSpec> SqlCommands();
std::vector<CommandSpec> PlotCommands();
std::vector<CommandSpec> DashboardCommands();
std::vector<CommandSpec> TopCommands();
std::vector<CommandSpec> StoreCommands();
std::vector<CommandSpec> EnvironmentCommands();
std::vector<CommandSpec> HelpCommands();

/// Prints the error; the exit code.
inline int Fail(const Invocation& call, const CliError& error) {
  return PrintError(error, call.settings());
}

/// GET `path` and print the list in its member.
int PrintList(const Invocation& call, std::string path, std::string_view member,
              std::span<const Column> columns);
/// GET `path` and print the object.
int PrintOne(const Invocation& call, std::string path, std::span<const Column> columns);

/// A whole number of an option; the fallback without it, none (and a message) when it is wrong.
std::optional<int64_t> IntOption(const Invocation& call, std::string_view name, int64_t min,
                                 int64_t max, int64_t fallback);

/// Whether something with a name may be deleted: --confirm NAME, --yes, or the name typed on a
/// terminal. Else the exit code, after a message that says which flag is needed.
std::optional<int> RefusedDeletion(const Invocation& call, std::string_view kind,
                                   std::string_view name);

/// "DATABASE.TABLE" at its first dot; kExitUsage without one.
struct TableName {
  std::string database;
  std::string table;
  std::string path() const;  // "/databases/D/tables/T"
};
Try<TableName> ParseTableName(std::string_view text);

/// A file, or standard input for "-".
Try<std::string> ReadInput(const std::string& path);

}  // namespace tidemark::app
