// SPDX-License-Identifier: Apache-2.0
// The insides of the SQL shell that its sources share. Single-owner.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/commands_internal.h"
#include "app/cli/line_editor.h"
#include "app/cli/query_run.h"
#include "app/cli/sql_words.h"

namespace tidemark::app {

class Shell {
 public:
  explicit Shell(const Invocation& call)
      : call_(call),
        settings_(call.settings()),
        words_(settings_),
        database_(call.Text("database", "")),
        from_(call.Text("from", "")),
        to_(call.Text("to", "")) {
    style_.format = call.out().format();
  }

  int Run();

 private:
  enum class Next : uint8_t { kGoOn, kQuit };
  using Verb = Next (Shell::*)(const std::string& argument);
  struct Command {
    std::string_view name;
    Verb verb;
  };
  static std::span<const Command> Verbs();

  Next Feed(const std::string& line);
  Next Backslash(const std::string& line);
  void RunStatement(const std::string& sql);
  void RunFile(const std::string& path);
  void Print(const std::string& sql, const ResultStyle& style);
  void ShowQuery(const std::string& sql);
  void Complain(const CliError& error) { PrintError(error, settings_); }
  std::vector<std::string> CompleteAt(std::string_view before, std::string_view word);
  std::string Prompt() const;
  Printer MakePrinter() const { return Printer(settings_, call_.out().paper()); }

  Next Quit(const std::string&) { return Next::kQuit; }
  Next Help(const std::string&);
  Next Databases(const std::string&);
  Next Tables(const std::string& pattern);
  Next Columns(const std::string& table);
  Next Measures(const std::string& table);
  Next Functions(const std::string& pattern);
  Next Connect(const std::string& database);
  Next Vertical(const std::string&);
  Next Timing(const std::string&);
  Next Set(const std::string& argument);
  Next RunInto(const std::string& file);
  Next Output(const std::string& file);
  Next Include(const std::string& file);
  Next Edit(const std::string&);
  Next Watch(const std::string& argument);
  Next Plot(const std::string&);
  Next From(const std::string& time);
  Next To(const std::string& time);
  Next Explain(const std::string&);
  Next History(const std::string&);
  Next System(const std::string& command);

  const Invocation& call_;
  Settings settings_;
  SqlWords words_;
  std::unique_ptr<LineEditor> editor_;
  ResultStyle style_;
  std::string database_;
  std::string from_;
  std::string to_;
  std::string output_file_;
  std::string typed_;  // of a statement that is not ended
  std::string last_;   // the statement before
};

}  // namespace tidemark::app
