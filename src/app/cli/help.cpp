// SPDX-License-Identifier: Apache-2.0
#include "app/cli/help.h"

#include <algorithm>

#include "app/version.h"

namespace tidemark::app {
namespace {

constexpr size_t kTextWidth = 100;
constexpr size_t kNameWidth = 26;
constexpr std::string_view kAbout =
    "tidemark: streams, event-time views and time-series SQL in one program\n"
    "Speaks the Kinesis and Timestream protocols; late data corrects what was published.\n";
constexpr std::string_view kStart =
    "  tidemark serve --data-dir ./data --stack examples/ec2/stack.toml\n"
    "  tidemark generate --hosts 10 --start -1h --percent-late 5\n"
    "  tidemark sql 'SHOW DATABASES'\n";

/// Words filled into lines of `width`; line breaks of the text stay.
std::string Wrap(std::string_view text, size_t indent, size_t width) {
  std::string out;
  size_t column = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (column > indent && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    if (column < indent) column = indent;
    out += word;
    column += word.size();
    if (end < text.size() && text[end] == '\n') {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string Entry(std::string_view name, std::string_view help) {
  std::string out = "  " + std::string(name);
  if (out.size() + 2 > kNameWidth) {
    out += "\n" + std::string(kNameWidth, ' ');
  } else {
    out.resize(kNameWidth, ' ');
  }
  return out + Wrap(help, kNameWidth, kTextWidth) + "\n";
}

std::string OptionName(const OptionSpec& option) {
  const std::string_view flags = option.flags;
  const size_t comma = flags.find(',');
  std::string out;
  if (comma != std::string_view::npos) out = std::string(flags.substr(comma + 1)) + ", ";
  out += flags.substr(0, comma);
  if (!option.value.empty()) out += " " + std::string(option.value);
  return out;
}

std::string OptionHelp(const OptionSpec& option) {
  std::string out(option.help);
  if (!option.choices.empty()) {
    std::string choices(option.choices);
    for (size_t at = choices.find('|'); at != std::string::npos; at = choices.find('|', at + 2)) {
      choices.replace(at, 1, ", ");
    }
    out += ": " + choices;
  }
  if (option.arity == Arity::kMany && !option.value.empty()) out += "; may be repeated";
  return out;
}

std::string ArgumentUsage(const ArgumentSpec& argument) {
  const std::string name(argument.name);
  return argument.arity == Arity::kOptional ? "[" + name + "]"
         : argument.arity == Arity::kMany   ? name + "..."
                                            : name;
}

std::string UsageLine(const CommandSpec& command) {
  std::string out = "tidemark " + std::string(command.path);
  if (command.run == nullptr) return out + " COMMAND";
  for (const ArgumentSpec& argument : command.arguments) out += " " + ArgumentUsage(argument);
  return out + (command.options.empty() ? "" : " [flags]");
}

std::string ChildrenText(std::string_view path) {
  std::string out;
  for (const CommandSpec* child : ChildrenOf(path))
    out += Entry(LeafOf(child->path), child->summary);
  return out;
}

std::string GlobalText() {
  std::string out;
  for (const OptionSpec& option : GlobalOptions())
    out += Entry(OptionName(option), OptionHelp(option));
  return out;
}

// ---- manual pages

std::string Roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      if (line_start && (c == '.' || c == '\'')) out += "\\&";
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

void AppendOptions(std::string& out, std::span<const OptionSpec> options) {
  for (const OptionSpec& option : options) {
    out += ".TP\n.B " + Roff(OptionName(option)) + "\n" + Roff(OptionHelp(option)) + "\n";
  }
}

void AppendManualCommand(std::string& out, const CommandSpec& command) {
  out += ".SS " + Roff(UsageLine(command)) + "\n" + Roff(command.summary) + ".\n";
  if (!command.about.empty()) out += ".PP\n" + Roff(command.about) + "\n";
  for (const ArgumentSpec& argument : command.arguments) {
    out += ".TP\n.I " + Roff(argument.name) + "\n" + Roff(argument.help) + "\n";
  }
  AppendOptions(out, command.options);
  if (!command.examples.empty()) {
    out += ".PP\nExamples:\n.PP\n.nf\n";
    for (const std::string_view example : command.examples) out += Roff(example) + "\n";
    out += ".fi\n";
  }
}

std::string ManualHead(std::string_view name, std::string_view summary) {
  std::string upper;
  for (const char c : name) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return ".TH " + upper + " 1 \"\" \"tidemark " + std::string(kVersion) + "\"\n.SH NAME\n" +
         Roff(name) + " \\- " + Roff(summary) + "\n";
}

void AppendTree(std::string& out, std::string_view path) {
  for (const CommandSpec* child : ChildrenOf(path)) {
    if (child->run != nullptr) AppendManualCommand(out, *child);
    AppendTree(out, child->path);
  }
}

// ---- reference

void AppendReference(std::string& out, const CommandSpec& command) {
  out += "\n### " + std::string(command.path) + "\n\n```text\n" + HelpText(&command) + "```\n";
}

void AppendReferenceTree(std::string& out, std::string_view path) {
  for (const CommandSpec* child : ChildrenOf(path)) {
    if (child->run != nullptr) AppendReference(out, *child);
    AppendReferenceTree(out, child->path);
  }
}

}  // namespace

std::string HelpText(const CommandSpec* command) {
  if (command == nullptr) {
    return std::string(kAbout) + "\nStart here:\n" + std::string(kStart) + "\nCommands:\n" +
           ChildrenText("") + "\nFlags of every command:\n" + GlobalText() +
           "\n\"tidemark help COMMAND\" says more.\n";
  }
  std::string out =
      "Usage: " + UsageLine(*command) + "\n\n" + std::string(command->summary) + ".\n";
  if (!command->examples.empty()) {
    out += "\nExamples:\n";
    for (const std::string_view example : command->examples)
      out += "  " + std::string(example) + "\n";
  }
  if (!command->about.empty()) out += "\n" + Wrap(command->about, 0, kTextWidth) + "\n";
  if (const std::string children = ChildrenText(command->path); !children.empty()) {
    out += "\nCommands:\n" + children;
  }
  if (!command->arguments.empty()) {
    out += "\nArguments:\n";
    for (const ArgumentSpec& argument : command->arguments)
      out += Entry(argument.name, argument.help);
  }
  if (!command->options.empty()) {
    out += "\nFlags:\n";
    for (const OptionSpec& option : command->options)
      out += Entry(OptionName(option), OptionHelp(option));
  }
  out += "\nFlags of every command: tidemark --help\n";
  if (command->more != nullptr) out += "\n" + command->more();
  return out;
}

std::vector<std::pair<std::string, std::string>> ManualPages() {
  std::vector<std::pair<std::string, std::string>> pages;
  std::string main = ManualHead("tidemark", "streams, event-time views and time-series SQL");
  main += ".SH SYNOPSIS\n.B tidemark\n.I COMMAND\n[flags]\n.SH DESCRIPTION\n" + Roff(kAbout) +
          ".SH COMMANDS\n";
  for (const CommandSpec* command : ChildrenOf("")) {
    main += ".TP\n.B " + Roff(command->path) + "\n" + Roff(command->summary) + ". See tidemark\\-" +
            Roff(command->path) + "(1).\n";
    std::string page = ManualHead("tidemark-" + std::string(command->path), command->summary);
    page += ".SH COMMANDS\n";
    if (command->run != nullptr) AppendManualCommand(page, *command);
    AppendTree(page, command->path);
    page +=
        ".SH SEE ALSO\n.BR tidemark (1)\nhas the flags of every command, exit codes and files.\n";
    pages.emplace_back("tidemark-" + std::string(command->path) + ".1", std::move(page));
  }
  main += ".SH OPTIONS\n";
  AppendOptions(main, GlobalOptions());
  main += ".SH EXIT STATUS\n.nf\n" + Roff(ExitCodesText()) + ".fi\n";
  main +=
      ".SH FILES\n./tidemark.toml, then $XDG_CONFIG_HOME/tidemark/config.toml (or "
      "~/.config/tidemark/config.toml), then /etc/tidemark/config.toml: table [cli] with endpoint, "
      "region, output, color, timeout, tz. The environment (TIDEMARK_ENDPOINT, ..., then "
      "AWS_ENDPOINT_URL, AWS_REGION, AWS_PROFILE) wins over them, flags over that.\n";
  pages.emplace_back("tidemark.1", std::move(main));
  std::ranges::sort(pages);
  return pages;
}

std::string ReferenceText() {
  std::string out =
      "# The command line\n\nWritten by `tidemark __reference`; a test compares it. The manual "
      "pages in "
      "docs/man come from the same table of\ncommands (src/app/cli).\n\n```text\n" +
      HelpText(nullptr) + "```\n\n## Exit codes\n\n```text\n" + ExitCodesText() +
      "```\n\n## Output\n\nData goes to standard output, everything else to standard error. On a "
      "terminal "
      "tables fit its width and have colour;\nelsewhere nothing is cut. `-o json` prints what the "
      "server says "
      "(web/API.md), lists as one array; `jsonl` an object a line;\n`csv`, `tsv` and `plain` have "
      "the "
      "members' values as they are, `plain` without a header for `awk`.\n\n## Commands\n";
  AppendReferenceTree(out, "");
  return out;
}

std::string ExitCodesText() {
  return "0    success\n"
         "1    another failure; doctor or check found problems\n"
         "2    wrong usage: unknown flag, missing argument\n"
         "3    not found\n"
         "4    exists already, conflict\n"
         "5    not permitted\n"
         "6    cannot reach the server\n"
         "7    throttled, after retries\n"
         "8    error in a statement or definition\n"
         "9    data rejected in part\n"
         "10   not ready (health)\n"
         "78   configuration error\n"
         "124  timed out\n"
         "130  interrupted\n"
         "143  terminated\n";
}

}  // namespace tidemark::app
