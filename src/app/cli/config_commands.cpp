// SPDX-License-Identifier: Apache-2.0
// config, version.
#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/config.h"
#include "app/version.h"

namespace tidemark::app {
namespace {

int RunCheck(const Invocation& call) {
  const std::string file = call.Text("FILE", "");
  const auto text = ReadInput(file);
  if (!text) return Fail(call, text.error());
  const auto config = ParseConfig(*text, file);
  auto address =
      config.ok() ? ParseListenAddress(config->listen) : Result<ListenAddress>(config.error());
  if (!address.ok()) {
    CliError error(address.error());
    error.exit = kExitConfig;
    return Fail(call, error);
  }
  Printer::Line(file + ": ok");
  return kExitOk;
}

int RunShow(const Invocation& call) {
  if (call.Has("server")) {
    const std::vector<Column> columns{{"SETTING", "name"},
                                      {"VALUE", "value"},
                                      {"SOURCE", "source"},
                                      {"DEFAULT", "default"},
                                      {"UNIT", "unit", Show::kText, Column::In::kWide}};
    return PrintList(call, "/settings", "settings", columns);
  }
  Grid grid;
  grid.head = {{"SETTING"}, {"VALUE"}};
  if (call.Has("origin")) grid.head.push_back({"ORIGIN"});
  for (const Setting& setting : call.settings().origins) {
    grid.rows.push_back({setting.name, setting.value});
    if (call.Has("origin")) grid.rows.back().push_back(setting.origin);
  }
  call.out().Rows(grid);
  return kExitOk;
}

int RunVersion(const Invocation& call) {
  if (call.out().format() == Format::kJson || call.Has("json")) {
    Printer::Line(fmt::format("{{\"version\":\"{}\"}}", kVersion));
  } else {
    Printer::Line(fmt::format("tidemark {}", kVersion));
  }
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> ConfigCommands() {
  return {
      {.path = "version",
       .summary = "Print the version",
       .options = {{"--json", "", "As -o json"}},
       .run = RunVersion},
      {.path = "config",
       .summary = "Check a server's configuration, show the command line's",
       .more = ConfigHelp},
      {.path = "config check",
       .summary = "Report the first mistake of a server's configuration file, with its line",
       .arguments = {{"FILE", "Configuration file (TOML)", Arity::kOne, Names::kFiles}},
       .run = RunCheck},
      {.path = "config show",
       .summary = "Show the settings that hold here",
       .about = "Flags win over the environment (TIDEMARK_*, then AWS_*), that over table [cli] of "
                "./tidemark.toml, of the user's file and of the system's.",
       .examples = {"tidemark config show --origin", "tidemark config show --server"},
       .options = {{"--origin", "", "Say where each value comes from"},
                   {"--server", "", "The settings of the running server instead"}},
       .run = RunShow},
  };
}

}  // namespace tidemark::app
