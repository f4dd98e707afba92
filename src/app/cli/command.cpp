// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command.h"

#include <algorithm>

#include "app/cli/commands_internal.h"

namespace tidemark::app {

std::string_view OptionSpec::name() const {
  // The long spelling comes first: "--output,-o".
  const size_t end = std::min(flags.find(','), flags.size());
  return flags.substr(2, end - 2);
}

std::span<const OptionSpec> GlobalOptions() {
  static const std::vector<OptionSpec> kOptions{
      {"--endpoint", "URL", "Server to talk to (default http://127.0.0.1:4580)"},
      {"--region", "REGION", "Region for AWS clients (default us-east-1)"},
      {"--output,-o", "FORMAT", "How to print (default table)", kFormats},
      {"--quiet,-q", "", "Say nothing of what was done"},
      {"--color", "WHEN", "Colour (default auto: on a terminal)", "auto|always|never"},
      {"--no-input", "", "Never ask"},
      {"--yes,-y", "", "Do it without asking"},
      {"--timeout", "DURATION", "Longest wait for an answer (default 30s; of queries none)"},
      {"--tz", "ZONE", "Time zone of tables (default UTC)"},
      {"--config", "FILE", "Read this file instead of ./tidemark.toml and the user's", "",
       Names::kFiles},
      {"--help,-h", "", "Show help"},
      {"--version", "", "Print the version"},
  };
  return kOptions;
}

std::span<const CommandSpec> Commands() {
  static const std::vector<CommandSpec> kAll = [] {
    std::vector<CommandSpec> all;
    for (auto* const part :
         {ServerCommands, StackCommands, ConfigCommands, StreamCommands, PipelineCommands,
          ViewCommands, ViewToolCommands, ExplainCommands, TableCommands, SqlCommands, PlotCommands,
          DashboardCommands, StoreCommands, EnvironmentCommands, TopCommands, HelpCommands}) {
      for (CommandSpec& command : part()) all.push_back(std::move(command));
    }
    return all;
  }();
  return kAll;
}

const CommandSpec* FindCommand(std::string_view path) {
  const auto commands = Commands();
  const auto found = std::ranges::find(commands, path, &CommandSpec::path);
  return found == commands.end() ? nullptr : &*found;
}

std::vector<const CommandSpec*> ChildrenOf(std::string_view path) {
  std::vector<const CommandSpec*> out;
  for (const CommandSpec& command : Commands()) {
    std::string_view rest = command.path;
    if (!path.empty()) {
      if (!rest.starts_with(path) || rest.size() <= path.size() || rest[path.size()] != ' ')
        continue;
      rest.remove_prefix(path.size() + 1);
    }
    const bool hidden = rest.starts_with("__");
    if (!hidden && rest.find(' ') == std::string_view::npos) out.push_back(&command);
  }
  return out;
}

std::string_view LeafOf(std::string_view path) {
  const size_t at = path.rfind(' ');
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

const OptionSpec* FindOption(const CommandSpec* command, std::string_view word) {
  word = word.substr(0, word.find('='));
  const auto find = [&](std::span<const OptionSpec> options) -> const OptionSpec* {
    for (const OptionSpec& option : options) {
      std::string_view flags = option.flags;
      while (!flags.empty()) {
        const size_t end = std::min(flags.find(','), flags.size());
        if (flags.substr(0, end) == word) return &option;
        flags.remove_prefix(std::min(end + 1, flags.size()));
      }
    }
    return nullptr;
  };
  if (command != nullptr) {
    if (const OptionSpec* own = find(command->options)) return own;
  }
  return find(GlobalOptions());
}

Invocation::Invocation(const CommandSpec& command, Values values, Settings settings)
    : command_(&command),
      values_(std::move(values)),
      settings_(std::move(settings)),
      printer_(settings_) {}

std::optional<std::string> Invocation::Text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::string Invocation::Text(std::string_view name, std::string_view fallback) const {
  return Text(name).value_or(std::string(fallback));
}

std::vector<std::string> Invocation::All(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

int Invocation::Usage(std::string message) const {
  CliError error(kExitUsage, std::move(message));
  error.hint = "tidemark help " + std::string(command_->path);
  return PrintError(error, settings_);
}

}  // namespace tidemark::app
