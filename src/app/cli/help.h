// SPDX-License-Identifier: Apache-2.0
// Texts made from the table of commands: --help, manual pages, docs/cli.md, completion. Pure
// functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/command.h"

namespace tidemark::app {

/// What of a command line names a command, and the words behind it that are no flags.
struct Located {
  const CommandSpec* command = nullptr;  // null: none
  std::vector<std::string> words;
};
Located Locate(const std::vector<std::string>& words);

/// --help of a command; null: of the program.
std::string HelpText(const CommandSpec* command);

/// "tidemark-stream.1" and its text in mdoc's older sibling, man(7), for each command of the top.
std::vector<std::pair<std::string, std::string>> ManualPages();
/// The table of exit codes (console-ux.md 13.4), for manual and reference.
std::string ExitCodesText();
/// docs/cli.md.
std::string ReferenceText();

/// The script for bash, zsh or fish; "" for another shell.
std::string CompletionScript(std::string_view shell);

/// A name that completion has to ask the server for.
using NameLookup = std::vector<std::string> (*)(Names names);
/// What may stand in place of the last of `words`: "word\tdescription".
std::vector<std::string> Complete(const std::vector<std::string>& words, NameLookup lookup);

}  // namespace tidemark::app
