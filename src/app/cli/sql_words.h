// SPDX-License-Identifier: Apache-2.0
// Words that may stand in a statement: keywords, functions and macros of the server, names of
// databases, tables and their columns. Asked for when first needed. Single-owner.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/settings.h"

namespace tidemark::app {

class SqlWords {
 public:
  explicit SqlWords(const Settings& settings) : settings_(settings) {}

  /// Those that begin with `word` (without case), for a statement that is `before` up to it.
  std::vector<std::string> Matching(std::string_view before, std::string_view word);
  /// Names changed: ask again.
  void Forget();

 private:
  void Load();
  const std::vector<std::string>& ColumnsOf(const std::string& table);

  Settings settings_;
  bool loaded_ = false;
  std::vector<std::string> words_;                           // keywords, functions, macros
  std::vector<std::string> names_;                           // databases and tables
  std::map<std::string, std::vector<std::string>> columns_;  // by "db.table"
};

}  // namespace tidemark::app
