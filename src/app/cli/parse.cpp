// SPDX-License-Identifier: Apache-2.0
// From words to a command that runs: CLI11 parses by the table of commands.
#include <algorithm>
#include <cstdio>
#include <deque>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/version.h"

namespace tidemark::app {
namespace {

/// One command's part of the parser, and the words it took.
struct Parser {
  struct Slot {
    std::string name;
    CLI::Option* option = nullptr;
    bool flag = false;
    std::vector<std::string> values;
    std::string text;  // of an argument that is one word
    int64_t count = 0;
  };

  explicit Parser(CLI::App& parsed) : app(parsed) {}

  void Add(const OptionSpec& spec, bool global) {
    Slot& slot = slots.emplace_back();
    slot.name = spec.name();
    if (spec.value.empty()) {
      slot.flag = true;
      slot.option = app.add_flag(std::string(spec.flags), slot.count);
    } else {
      slot.option =
          app.add_option(std::string(spec.flags), slot.values)
              ->expected(1)
              ->multi_option_policy(spec.arity == Arity::kMany ? CLI::MultiOptionPolicy::TakeAll
                                                               : CLI::MultiOptionPolicy::TakeLast);
      slot.option->allow_extra_args(false);
      // Global ones are checked where files and environment are too.
      if (!spec.choices.empty() && !global) {
        std::vector<std::string> choices;
        std::string_view rest = spec.choices;
        while (!rest.empty()) {
          const size_t end = std::min(rest.find('|'), rest.size());
          choices.emplace_back(rest.substr(0, end));
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        slot.option->check(CLI::IsMember(choices));
      }
    }
  }

  void Add(const ArgumentSpec& spec) {
    Slot& slot = slots.emplace_back();
    slot.name = spec.name;
    if (spec.arity == Arity::kMany) {
      slot.option = app.add_option(std::string(spec.name), slot.values)->expected(1, 1'000'000);
    } else {
      // A list would take the words of the next argument too.
      slot.option = app.add_option(std::string(spec.name), slot.text);
    }
    if (spec.arity != Arity::kOptional) slot.option->required();
  }

  void Take(Invocation::Values& out) const {
    for (const Slot& slot : slots) {
      if (slot.option->count() == 0) continue;
      auto& values = out[slot.name];
      if (slot.flag) values.assign(slot.option->count(), "true");
      if (!slot.flag && slot.values.empty()) values.push_back(slot.text);
      values.insert(values.end(), slot.values.begin(), slot.values.end());
    }
  }

  CLI::App& app;
  std::deque<Slot> slots;  // CLI11 keeps pointers to what it fills
};

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string Nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : known) {
    const size_t distance = EditDistance(word, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

Settings PlainSettings() {
  Settings settings;
  const SettingSources sources = ProcessSources();
  settings.stderr_terminal = sources.stderr_terminal;
  return settings;
}

/// What is wrong with words that the parser refused.
CliError ExplainRefusal(const std::vector<std::string>& words, const CLI::ParseError& refused) {
  const Located located = Locate(words);
  const std::string path(located.command != nullptr ? located.command->path : "");
  CliError error(kExitUsage, refused.what());
  std::ranges::replace(error.message, '\n', ' ');
  error.hint = path.empty() ? "tidemark --help" : "tidemark help " + path;
  const auto children = ChildrenOf(path);
  if (!children.empty() && !located.words.empty()) {
    error.message = fmt::format("there is no command \"{}{}{}\"", path, path.empty() ? "" : " ",
                                located.words.front());
    std::vector<std::string> names;
    for (const CommandSpec* child : children) names.emplace_back(LeafOf(child->path));
    if (const std::string near = Nearest(located.words.front(), names); !near.empty()) {
      error.hint = "did you mean \"" + path + (path.empty() ? "" : " ") + near + "\"?";
    }
    return error;
  }
  for (const std::string& word : words) {
    if (word.size() < 2 || word[0] != '-' || FindOption(located.command, word) != nullptr) continue;
    if (word[1] != '-' && word.size() > 2) continue;
    if (refused.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError)) break;
    error.message = "there is no flag " + word + " here";
    std::vector<std::string> names;
    for (const auto& options :
         {std::span<const OptionSpec>(located.command != nullptr
                                          ? std::span<const OptionSpec>(located.command->options)
                                          : std::span<const OptionSpec>()),
          GlobalOptions()}) {
      for (const OptionSpec& option : options) names.push_back("--" + std::string(option.name()));
    }
    if (const std::string near = Nearest(word.substr(0, word.find('=')), names); !near.empty()) {
      error.hint = "did you mean " + near + "?";
    }
    break;
  }
  return error;
}

/// "-h", "--help" or a leading "help"; the words without it.
bool WantsHelp(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "-h" || word == "--help") return true;
  }
  return !words.empty() && words.front() == "help";
}

int ShowHelp(std::vector<std::string> words) {
  if (!words.empty() && words.front() == "help") words.erase(words.begin());
  const Located located = Locate(words);
  if (!located.words.empty() && (located.command == nullptr || located.command->run == nullptr)) {
    CliError error(kExitUsage, "there is no command \"" + located.words.front() + "\"");
    error.hint = "tidemark --help";
    return PrintError(error, PlainSettings());
  }
  std::fputs(HelpText(located.command).c_str(), stdout);
  return kExitOk;
}

}  // namespace

Located Locate(const std::vector<std::string>& words) {
  Located out;
  std::string path;
  bool only_words = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!only_words && word == "--") {
      only_words = true;
      continue;
    }
    if (!only_words && word.size() > 1 && word[0] == '-') {
      const OptionSpec* option = FindOption(out.command, word);
      const bool value_follows =
          option != nullptr && !option->value.empty() && word.find('=') == std::string::npos;
      if (value_follows) ++i;
      continue;
    }
    std::string_view leaf = word;
    // 13.2: long aliases of verbs, never of the first word.
    if (!path.empty() && leaf == "list") leaf = "ls";
    if (!path.empty() && leaf == "delete") leaf = "rm";
    const std::string longer = path.empty() ? std::string(leaf) : path + " " + std::string(leaf);
    const CommandSpec* next = out.words.empty() ? FindCommand(longer) : nullptr;
    if (next != nullptr) {
      out.command = next;
      path = longer;
    } else {
      out.words.push_back(word);
    }
  }
  return out;
}

int RunCommandLine(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::fputs(HelpText(nullptr).c_str(), stdout);
    return kExitOk;
  }
  if (WantsHelp(words)) return ShowHelp(words);
  if (words.front() == "--version") {
    fmt::print("tidemark {}\n", kVersion);
    return kExitOk;
  }

  CLI::App root("tidemark");
  root.set_help_flag();
  std::deque<Parser> parsers;
  Parser& globals = parsers.emplace_back(root);
  for (const OptionSpec& option : GlobalOptions()) {
    if (option.name() != "help" && option.name() != "version") globals.Add(option, true);
  }
  std::map<std::string_view, CLI::App*> apps{{"", &root}};
  std::vector<std::pair<const CommandSpec*, Parser*>> commands;
  for (const CommandSpec& command : Commands()) {
    const size_t space = command.path.rfind(' ');
    const std::string_view parent =
        space == std::string_view::npos ? "" : command.path.substr(0, space);
    CLI::App* app = apps.at(parent)->add_subcommand(std::string(LeafOf(command.path)));
    app->set_help_flag();
    app->fallthrough();
    if (!parent.empty() && LeafOf(command.path) == "ls") app->alias("list");
    if (!parent.empty() && LeafOf(command.path) == "rm") app->alias("delete");
    apps[command.path] = app;
    Parser& parser = parsers.emplace_back(*app);
    for (const OptionSpec& option : command.options) parser.Add(option, false);
    for (const ArgumentSpec& argument : command.arguments) parser.Add(argument);
    commands.emplace_back(&command, &parser);
  }
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 takes them
    root.parse(reversed);
  } catch (const CLI::ParseError& refused) {
    return PrintError(ExplainRefusal(words, refused), PlainSettings());
  }
  Invocation::Values flags;
  globals.Take(flags);
  const CommandSpec* chosen = nullptr;
  Invocation::Values values;
  for (const auto& [command, parser] : commands) {
    if (!parser->app.parsed()) continue;
    chosen = command;  // children stand behind their group
    parser->Take(values);
  }
  auto settings = ResolveSettings(flags, ProcessSources());
  if (!settings) return PrintError(settings.error(), PlainSettings());
  if (chosen == nullptr || chosen->run == nullptr) {
    std::fputs(HelpText(chosen).c_str(), stdout);
    return chosen == nullptr ? kExitOk : kExitUsage;
  }
  return chosen->run(Invocation(*chosen, std::move(values), *std::move(settings)));
}

}  // namespace tidemark::app
