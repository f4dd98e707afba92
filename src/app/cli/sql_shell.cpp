// SPDX-License-Identifier: Apache-2.0
#include "app/cli/sql_shell.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "app/cli/sql_shell_internal.h"
#include "app/serve.h"
#include "app/version.h"

namespace tidemark::app {
namespace {

std::string ConfigFolder(const char* variable, const char* below_home) {
  const auto environment = ProcessSources().environment;
  const auto base = environment(variable);
  if (base && !base->empty()) return *base + "/tidemark";
  const auto home = environment("HOME");
  return home && !home->empty() ? *home + below_home + "/tidemark" : "";
}

std::string HistoryFile() {
  const std::string folder = ConfigFolder("XDG_STATE_HOME", "/.local/state");
  if (folder.empty()) return "";
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  return failed ? "" : folder + "/sql_history";
}

/// Standard output goes elsewhere while it lives: a file, or a pager that shows what is longer than
/// the screen.
class Redirect {
 public:
  static std::optional<Redirect> ToFile(const std::string& path) {
    std::FILE* to = std::fopen(path.c_str(), "wb");
    if (to == nullptr) return std::nullopt;
    return Redirect(to, Kind::kFile);
  }
  static std::optional<Redirect> ToPager() {
    const auto environment = ProcessSources().environment;
    // -F: what fits the screen is just printed.
    const std::string pager = environment("PAGER").value_or("less -FRSX");
    if (pager.empty() || pager == "cat") return std::nullopt;
    if (std::system(
            ("command -v " + pager.substr(0, pager.find(' ')) + " >/dev/null 2>&1").c_str()) != 0) {
      return std::nullopt;
    }
    std::FILE* to = ::popen(pager.c_str(), "w");
    if (to == nullptr) return std::nullopt;
    return Redirect(to, Kind::kPager);
  }
  Redirect(Redirect&& other) noexcept
      : to_(std::exchange(other.to_, nullptr)), kind_(other.kind_), saved_(other.saved_) {}
  Redirect& operator=(Redirect&&) = delete;
  ~Redirect() {
    if (to_ == nullptr) return;
    std::fflush(stdout);
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    kind_ == Kind::kPager ? ::pclose(to_) : std::fclose(to_);
  }

 private:
  enum class Kind : uint8_t { kFile, kPager };
  Redirect(std::FILE* to, Kind kind) : to_(to), kind_(kind) {
    std::fflush(stdout);
    saved_ = ::dup(STDOUT_FILENO);
    ::dup2(::fileno(to), STDOUT_FILENO);
  }

  std::FILE* to_;
  Kind kind_;
  int saved_ = -1;
};

}  // namespace

std::string Shell::Prompt() const {
  return (database_.empty() ? "tidemark" : database_) + (typed_.empty() ? "=> " : "-> ");
}

std::vector<std::string> Shell::CompleteAt(std::string_view before, std::string_view word) {
  if (before.empty() && word.starts_with('\\')) {
    std::vector<std::string> out;
    for (const Command& command : Verbs()) {
      if (command.name.starts_with(word)) out.emplace_back(command.name);
    }
    return out;
  }
  return words_.Matching(typed_ + std::string(before), word);
}

int Shell::Run() {
  WatchSignals();
  // Before the first prompt, so that a wrong address is said at once and with its exit code.
  if (auto api = Api::Connect(settings_); !api) return Fail(call_, api.error());
  editor_ = std::make_unique<LineEditor>(
      HistoryFile(),
      [this](std::string_view before, std::string_view word) { return CompleteAt(before, word); });
  Say(settings_,
      fmt::format("tidemark {} at {}. \\? for help, \\q to quit.", kVersion, settings_.endpoint));
  if (const std::string folder = ConfigFolder("XDG_CONFIG_HOME", "/.config");
      !call_.Has("no-rc") && !folder.empty() && std::filesystem::exists(folder + "/sqlrc")) {
    RunFile(folder + "/sqlrc");
  }
  std::string line;
  while (true) {
    switch (editor_->Read(Prompt(), line)) {
      case LineEditor::Got::kEnd:
        std::fputc('\n', stdout);
        return kExitOk;
      case LineEditor::Got::kInterrupted:
        typed_.clear();
        continue;
      case LineEditor::Got::kLine:
        break;
    }
    if (Feed(line) == Next::kQuit) return kExitOk;
  }
}

Shell::Next Shell::Feed(const std::string& line) {
  const size_t first = line.find_first_not_of(" \t");
  if (typed_.empty() && first == std::string::npos) return Next::kGoOn;
  const bool dot = typed_.empty() && first != std::string::npos && line[first] == '.';
  const size_t backslash = line.find('\\');
  if (dot || (first != std::string::npos && line[first] == '\\')) {
    editor_->Remember(line);
    return Backslash(line.substr(first));
  }
  // "SELECT 1 \g FILE": the command works on what is typed before it.
  if (backslash != std::string::npos && line.find('\'') == std::string::npos) {
    typed_ += (typed_.empty() ? "" : "\n") + line.substr(0, backslash);
    return Backslash(line.substr(backslash));
  }
  typed_ += (typed_.empty() ? "" : "\n") + line;
  Statements statements = SplitStatements(typed_);
  typed_ = std::move(statements.open);
  for (const std::string& sql : statements.list) {
    editor_->Remember(sql + ";");
    RunStatement(sql);
  }
  return Next::kGoOn;
}

void Shell::RunStatement(const std::string& sql) {
  last_ = sql;
  Print(sql, style_);
  // A statement may have made or dropped something, and Ctrl-C ended only it.
  StopRequested().store(false);
}

void Shell::Print(const std::string& sql, const ResultStyle& style) {
  QueryWish wish;
  wish.sql = sql;
  wish.database = database_;
  wish.from = from_;
  wish.to = to_;
  std::optional<Redirect> redirect = !output_file_.empty()       ? Redirect::ToFile(output_file_)
                                     : settings_.stdout_terminal ? Redirect::ToPager()
                                                                 : std::nullopt;
  const auto done = PrintQuery(settings_, MakePrinter(), wish, style);
  redirect.reset();
  if (!done) Complain(done.error());
}

void Shell::ShowQuery(const std::string& sql) {
  ResultStyle style = style_;
  style.timing = false;
  Print(sql, style);
}

void Shell::RunFile(const std::string& path) {
  const auto text = ReadInput(path);
  if (!text) return Complain(text.error());
  std::string pending;
  size_t at = 0;
  while (at < text->size()) {
    const size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, end - at);
    at = end + 1;
    if (pending.empty() && line.starts_with('\\')) {
      if (Backslash(line) == Next::kQuit) return;
      continue;
    }
    pending += line + "\n";
    Statements statements = SplitStatements(pending);
    for (const std::string& sql : statements.list) RunStatement(sql);
    if (!statements.list.empty()) pending = statements.open;
  }
  if (pending.find_first_not_of(" \t\r\n") != std::string::npos) RunStatement(pending);
}

int RunSqlShell(const Invocation& call) { return Shell(call).Run(); }

}  // namespace tidemark::app
