// SPDX-License-Identifier: Apache-2.0
// What commands share.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/numbers.h"

namespace tidemark::app {

int PrintList(const Invocation& call, std::string path, std::string_view member,
              std::span<const Column> columns) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(std::move(path));
  if (!answer) return Fail(call, answer.error());
  call.out().List(columns, ListOf(*answer, member));
  return kExitOk;
}

int PrintOne(const Invocation& call, std::string path, std::span<const Column> columns) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(std::move(path));
  if (!answer) return Fail(call, answer.error());
  call.out().Item(columns, *answer);
  return kExitOk;
}

std::optional<int64_t> IntOption(const Invocation& call, std::string_view name, int64_t min,
                                 int64_t max, int64_t fallback) {
  const auto text = call.Text(name);
  if (!text) return fallback;
  const auto number = ParseInt64(*text);
  if (number && *number >= min && *number <= max) return number;
  call.Usage(fmt::format("--{} must be from {} to {}, not \"{}\"", name, min, max, *text));
  return std::nullopt;
}

std::optional<int> RefusedDeletion(const Invocation& call, std::string_view kind,
                                   std::string_view name) {
  const Settings& settings = call.settings();
  if (const auto confirmed = call.Text("confirm")) {
    if (*confirmed == name) return std::nullopt;
    return call.Usage(
        fmt::format("--confirm says \"{}\", the {} is \"{}\"", *confirmed, kind, name));
  }
  if (settings.yes) return std::nullopt;
  if (!settings.stdin_terminal || settings.no_input) {
    return call.Usage(fmt::format("deleting a {} needs --confirm {} or --yes here", kind, name));
  }
  fmt::print(stderr, "Delete {} {} with its data? Type its name to confirm: ", kind, name);
  std::fflush(stderr);
  std::string typed;
  std::getline(std::cin, typed);
  if (typed == name) return std::nullopt;
  return PrintError(CliError(kExitInterrupted, "nothing was deleted"), settings);
}

std::string TableName::path() const {
  return "/databases/" + Segment(database) + "/tables/" + Segment(table);
}

Try<TableName> ParseTableName(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) {
    return std::unexpected(CliError(
        kExitUsage, "a table is written DATABASE.TABLE, not \"" + std::string(text) + "\""));
  }
  return TableName{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

Try<std::string> ReadInput(const std::string& path) {
  std::ostringstream out;
  if (path == "-") {
    out << std::cin.rdbuf();
    return std::move(out).str();
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return std::unexpected(CliError(kExitNotFound, "cannot read " + path + ": no such file?"));
  }
  out << in.rdbuf();
  return std::move(out).str();
}

}  // namespace tidemark::app
