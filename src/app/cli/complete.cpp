// SPDX-License-Identifier: Apache-2.0
// Completion: scripts for three shells that all ask `tidemark __complete -- WORDS`.
#include <algorithm>

#include "app/cli/help.h"

namespace tidemark::app {
namespace {

constexpr std::string_view kBash =
    R"sh(# bash completion of tidemark: eval "$(tidemark completion bash)"
_tidemark() {
  local line word="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    line="${line%%$'\t'*}"
    [[ "$line" == "$word"* ]] && COMPREPLY+=("$line")
  done < <(tidemark __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == __files ]]; then
    COMPREPLY=()
    compopt -o default 2>/dev/null
  fi
}
complete -F _tidemark tidemark
)sh";

constexpr std::string_view kZsh = R"sh(#compdef tidemark
# zsh completion of tidemark: eval "$(tidemark completion zsh)"
_tidemark() {
  local -a found
  local line
  for line in "${(@f)$(tidemark __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ "$line" == __files* ]] && { _files; return }
    [[ -n "$line" ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe 'tidemark' found
}
compdef _tidemark tidemark
)sh";

constexpr std::string_view kFish =
    R"sh(# fish completion of tidemark: tidemark completion fish | source
function __tidemark_complete
  set -l words (commandline -opc) (commandline -ct)
  tidemark __complete -- $words[2..-1] 2>/dev/null | string match -v '__files*'
end
complete -c tidemark -a '(__tidemark_complete)'
)sh";

std::string Described(std::string_view word, std::string_view help) {
  return std::string(word) + "\t" + std::string(help);
}

std::vector<std::string> NamesFor(Names names, std::string_view choices, NameLookup lookup) {
  std::vector<std::string> out;
  while (!choices.empty()) {
    const size_t end = std::min(choices.find('|'), choices.size());
    out.push_back(Described(choices.substr(0, end), ""));
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  if (!out.empty()) return out;
  switch (names) {
    case Names::kNone:
      return out;
    case Names::kFiles:
    case Names::kFolders:
      return {Described("__files", "")};
    case Names::kCommands:
      for (const CommandSpec* command : ChildrenOf(""))
        out.push_back(Described(command->path, command->summary));
      return out;
    default:
      break;
  }
  if (lookup != nullptr) {
    for (const std::string& name : lookup(names)) out.push_back(Described(name, ""));
  }
  return out;
}

}  // namespace

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return "";
}

std::vector<std::string> Complete(const std::vector<std::string>& words, NameLookup lookup) {
  const std::string last = words.empty() ? "" : words.back();
  const std::vector<std::string> before(words.begin(), words.end() - (words.empty() ? 0 : 1));
  const Located located = Locate(before);
  std::vector<std::string> all;
  const OptionSpec* open = before.empty() ? nullptr : FindOption(located.command, before.back());
  if (open != nullptr && !open->value.empty() && before.back().find('=') == std::string::npos) {
    all = NamesFor(open->names, open->choices, lookup);
  } else if (last.starts_with('-')) {
    const auto add = [&](std::span<const OptionSpec> options) {
      for (const OptionSpec& option : options) {
        all.push_back(Described("--" + std::string(option.name()), option.help));
      }
    };
    if (located.command != nullptr) add(located.command->options);
    add(GlobalOptions());
  } else {
    const std::string_view path = located.command != nullptr ? located.command->path : "";
    if (located.words.empty()) {
      for (const CommandSpec* child : ChildrenOf(path)) {
        all.push_back(Described(LeafOf(child->path), child->summary));
      }
    }
    if (located.command != nullptr && !located.command->arguments.empty()) {
      const auto& arguments = located.command->arguments;
      const ArgumentSpec& argument =
          arguments[std::min(located.words.size(), arguments.size() - 1)];
      if (located.words.size() < arguments.size() || argument.arity == Arity::kMany) {
        for (std::string& name : NamesFor(argument.names, "", lookup))
          all.push_back(std::move(name));
      }
    }
  }
  std::erase_if(all, [&](const std::string& word) {
    return !word.starts_with(last) && !word.starts_with("__files");
  });
  return all;
}

}  // namespace tidemark::app
