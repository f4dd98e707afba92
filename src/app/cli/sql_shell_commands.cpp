// SPDX-License-Identifier: Apache-2.0
// What the shell's backslash commands do (console-ux.md 13.5).
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "app/cli/plot.h"
#include "app/cli/sql_shell_internal.h"
#include "app/serve.h"
#include "base/numbers.h"
#include "base/time_zone.h"

namespace tidemark::app {
namespace {

constexpr std::string_view kHelp =
    "\\?                 this help\n"
    "\\q                 quit\n"
    "\\l                 databases\n"
    "\\dt [PATTERN]      tables\n"
    "\\d TABLE           columns of a table\n"
    "\\dm TABLE          measures of a table\n"
    "\\df [PATTERN]      functions\n"
    "\\c DATABASE        database of table names without one\n"
    "\\x                 one column a line, and back\n"
    "\\timing            rows, time and bytes behind each result, on and off\n"
    "\\pset NAME VALUE   format, null, tz\n"
    "\\g FILE            run what is typed, the result into a file\n"
    "\\o [FILE]          results into a file from now on, and back\n"
    "\\i FILE            run the statements of a file\n"
    "\\e                 edit what is typed in $EDITOR\n"
    "\\watch [SECONDS]   run the last statement again and again, until Ctrl-C\n"
    "\\plot              draw the last statement's result\n"
    "\\from T, \\to T     range of $__timeFilter: now-1h, a timestamp\n"
    "\\explain           the plan of the last statement\n"
    "\\s                 history\n"
    "\\! COMMAND         run a command of the system\n"
    "A statement ends with ;  Ctrl-C cancels it on the server, Ctrl-D quits.\n";

/// Of a pattern with * and ?, without case; "" is everything.
bool MatchesPattern(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return MatchesPattern(pattern.substr(1), text) ||
           (!text.empty() && MatchesPattern(pattern, text.substr(1)));
  }
  if (text.empty()) return false;
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return (pattern.front() == '?' || lower(pattern.front()) == lower(text.front())) &&
         MatchesPattern(pattern.substr(1), text.substr(1));
}

}  // namespace

std::span<const Shell::Command> Shell::Verbs() {
  // Dot spellings are taken because many fingers know them (13.5).
  static constexpr std::array kVerbs{Command{"\\?", &Shell::Help},
                                     Command{"\\q", &Shell::Quit},
                                     Command{"\\l", &Shell::Databases},
                                     Command{"\\dt", &Shell::Tables},
                                     Command{"\\d", &Shell::Columns},
                                     Command{"\\dm", &Shell::Measures},
                                     Command{"\\df", &Shell::Functions},
                                     Command{"\\c", &Shell::Connect},
                                     Command{"\\x", &Shell::Vertical},
                                     Command{"\\timing", &Shell::Timing},
                                     Command{"\\pset", &Shell::Set},
                                     Command{"\\g", &Shell::RunInto},
                                     Command{"\\o", &Shell::Output},
                                     Command{"\\i", &Shell::Include},
                                     Command{"\\e", &Shell::Edit},
                                     Command{"\\watch", &Shell::Watch},
                                     Command{"\\plot", &Shell::Plot},
                                     Command{"\\from", &Shell::From},
                                     Command{"\\to", &Shell::To},
                                     Command{"\\explain", &Shell::Explain},
                                     Command{"\\s", &Shell::History},
                                     Command{"\\!", &Shell::System},
                                     Command{".quit", &Shell::Quit},
                                     Command{".exit", &Shell::Quit},
                                     Command{".help", &Shell::Help},
                                     Command{".tables", &Shell::Tables},
                                     Command{".schema", &Shell::Columns},
                                     Command{".timer", &Shell::Timing},
                                     Command{".databases", &Shell::Databases}};
  return kVerbs;
}

Shell::Next Shell::Backslash(const std::string& line) {
  const size_t space = std::min(line.find_first_of(" \t"), line.size());
  std::string name = line.substr(0, space);
  std::string argument = line.substr(space);
  argument.erase(0, std::min(argument.find_first_not_of(" \t"), argument.size()));
  while (argument.ends_with(' ') || argument.ends_with(';')) argument.pop_back();
  if (name == ".mode") return Set("format " + argument);
  for (const Command& command : Verbs()) {
    if (command.name == name) return (this->*command.verb)(argument);
  }
  Complain(CliError(kExitUsage, "there is no command " + Harmless(name) + "; \\? lists them"));
  return Next::kGoOn;
}

Shell::Next Shell::Help(const std::string&) {
  std::fputs(std::string(kHelp).c_str(), stdout);
  return Next::kGoOn;
}

Shell::Next Shell::Databases(const std::string&) {
  ShowQuery("SHOW DATABASES");
  return Next::kGoOn;
}

Shell::Next Shell::Tables(const std::string& pattern) {
  auto api = Api::Connect(settings_);
  const auto answer = api ? api->Get("/databases") : Try<JsonValue>(std::unexpected(api.error()));
  if (!answer) {
    Complain(answer.error());
    return Next::kGoOn;
  }
  Grid grid;
  grid.head = {{"DATABASE"}, {"TABLE"}, {"SERIES", true, false}};
  for (const JsonValue& database : ListOf(*answer, "databases")) {
    const std::string name = PlainText(database.Find("name"));
    if (!database_.empty() && pattern.empty() && name != database_) continue;
    for (const JsonValue& table : ListOf(database, "tables")) {
      const std::string table_name = PlainText(table.Find("name"));
      if (!pattern.empty() && !MatchesPattern(pattern, table_name) &&
          !MatchesPattern(pattern, name + "." + table_name)) {
        continue;
      }
      grid.rows.push_back(
          {name, table_name, ShownText(table.Find("series"), Show::kNumber, "UTC")});
    }
  }
  std::fputs(MakePrinter().TableText(grid).c_str(), stdout);
  return Next::kGoOn;
}

Shell::Next Shell::Columns(const std::string& table) {
  table.empty() ? (void)Tables("") : ShowQuery("DESCRIBE " + table);
  return Next::kGoOn;
}

Shell::Next Shell::Measures(const std::string& table) {
  if (table.empty()) {
    Complain(CliError(kExitUsage, "\\dm needs a table"));
  } else {
    ShowQuery("SHOW MEASURES FROM " + table);
  }
  return Next::kGoOn;
}

Shell::Next Shell::Functions(const std::string& pattern) {
  auto api = Api::Connect(settings_);
  const auto answer =
      api ? api->Get("/sql/functions") : Try<JsonValue>(std::unexpected(api.error()));
  if (!answer) {
    Complain(answer.error());
    return Next::kGoOn;
  }
  Grid grid;
  grid.head = {{"SIGNATURE"}, {"KIND"}, {"HELP"}};
  for (const JsonValue& function : ListOf(*answer, "functions")) {
    const std::string name = PlainText(function.Find("name"));
    if (!pattern.empty() && !MatchesPattern(pattern, name)) continue;
    for (const JsonValue& signature : ListOf(function, "signatures")) {
      grid.rows.push_back({PlainText(&signature), PlainText(function.Find("kind")),
                           PlainText(function.Find("help"))});
    }
  }
  std::fputs(MakePrinter().TableText(grid).c_str(), stdout);
  return Next::kGoOn;
}

Shell::Next Shell::Connect(const std::string& database) {
  database_ = database;
  return Next::kGoOn;
}

Shell::Next Shell::Vertical(const std::string&) {
  const bool now = style_.format == Format::kVertical;
  style_.format = now ? Format::kTable : Format::kVertical;
  Say(settings_, now ? "a row a line" : "a column a line");
  return Next::kGoOn;
}

Shell::Next Shell::Timing(const std::string&) {
  style_.timing = !style_.timing;
  Say(settings_, style_.timing ? "timing is on" : "timing is off");
  return Next::kGoOn;
}

Shell::Next Shell::Set(const std::string& argument) {
  const size_t space = std::min(argument.find(' '), argument.size());
  const std::string name = argument.substr(0, space);
  const std::string value = space < argument.size() ? argument.substr(space + 1) : "";
  if (name == "format") {
    if (const auto format = ParseFormat(value)) {
      style_.format = *format;
    } else {
      Complain(CliError(kExitUsage, "format is one of " + std::string(kFormats)));
    }
  } else if (name == "null") {
    style_.null = value;
  } else if (name == "tz") {
    if (TimeZone::Find(value).ok()) {
      settings_.time_zone = value;
    } else {
      Complain(CliError(kExitUsage, "there is no time zone " + Harmless(value)));
    }
  } else {
    Complain(CliError(kExitUsage, "\\pset sets format, null or tz"));
  }
  return Next::kGoOn;
}

Shell::Next Shell::RunInto(const std::string& file) {
  const std::string sql = typed_.empty() ? last_ : std::exchange(typed_, "");
  if (sql.empty()) {
    Complain(CliError(kExitUsage, "there is no statement to run"));
    return Next::kGoOn;
  }
  const std::string before = std::exchange(output_file_, file.empty() ? output_file_ : file);
  RunStatement(sql);
  output_file_ = before;
  return Next::kGoOn;
}

Shell::Next Shell::Output(const std::string& file) {
  output_file_ = file;
  Say(settings_, file.empty() ? "results are shown here" : "results go to " + file);
  return Next::kGoOn;
}

Shell::Next Shell::Include(const std::string& file) {
  RunFile(file);
  return Next::kGoOn;
}

Shell::Next Shell::Edit(const std::string&) {
  const auto environment = ProcessSources().environment;
  std::string path = std::filesystem::temp_directory_path().string() + "/tidemark-XXXXXX.sql";
  const int file = ::mkstemps(path.data(), 4);
  if (file < 0) {
    Complain(CliError(kExitFailure, "cannot make a temporary file"));
    return Next::kGoOn;
  }
  ::close(file);
  std::ofstream(path) << (typed_.empty() ? last_ : typed_) << "\n";
  const std::string editor = environment("VISUAL").value_or(environment("EDITOR").value_or("vi"));
  if (std::system((editor + " " + path).c_str()) == 0) {
    typed_.clear();
    RunFile(path);
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return Next::kGoOn;
}

Shell::Next Shell::Watch(const std::string& argument) {
  const auto period = argument.empty() ? std::optional<double>(2) : ParseFiniteDouble(argument);
  if (!period || *period <= 0 || *period > 86'400 || last_.empty()) {
    Complain(CliError(kExitUsage,
                      last_.empty() ? "there is no statement to watch" : "\\watch takes seconds"));
    return Next::kGoOn;
  }
  while (!StopRequested().load()) {
    const auto done = PrintQuery(
        settings_, MakePrinter(),
        {.sql = last_, .database = database_, .from = from_, .to = to_, .rows_max = {}}, style_);
    if (!done) {
      Complain(done.error());
      break;
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(*period);
    while (!StopRequested().load() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  StopRequested().store(false);
  return Next::kGoOn;
}

Shell::Next Shell::Plot(const std::string&) {
  if (last_.empty()) {
    Complain(CliError(kExitUsage, "there is no statement to draw"));
    return Next::kGoOn;
  }
  PlotWish wish;
  wish.query = {.sql = last_, .database = database_, .from = from_, .to = to_, .rows_max = {}};
  wish.width = call_.out().paper().width;
  wish.style = call_.out().paper().utf8 ? PlotStyle::kBraille : PlotStyle::kAscii;
  wish.color = call_.out().paper().color;
  const auto drawn = PlotQuery(settings_, wish);
  StopRequested().store(false);
  drawn ? (void)std::fputs(drawn->c_str(), stdout) : Complain(drawn.error());
  return Next::kGoOn;
}

Shell::Next Shell::From(const std::string& time) {
  from_ = time;
  return Next::kGoOn;
}

Shell::Next Shell::To(const std::string& time) {
  to_ = time;
  return Next::kGoOn;
}

Shell::Next Shell::Explain(const std::string&) {
  const std::string sql = typed_.empty() ? last_ : std::exchange(typed_, "");
  if (!sql.empty()) ShowQuery("EXPLAIN " + sql);
  return Next::kGoOn;
}

Shell::Next Shell::History(const std::string&) {
  for (const std::string& line : editor_->History()) Printer::Line(Harmless(line));
  return Next::kGoOn;
}

Shell::Next Shell::System(const std::string& command) {
  std::fflush(stdout);
  [[maybe_unused]] const int done = std::system(command.c_str());
  StopRequested().store(false);
  return Next::kGoOn;
}

}  // namespace tidemark::app
