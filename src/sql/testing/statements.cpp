// SPDX-License-Identifier: Apache-2.0
// For tests outside of this program (tests/sqlglot):
//   sql_statements --generate SEED COUNT   that many generated statements, a JSON string a line
//   sql_statements < LINES                 for each JSON string a line: "ok", or why the parser
//                                          refuses that statement
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>

#include "base/json.h"
#include "sql/parser.h"
#include "sql/testing/query_generator.h"

namespace tidemark::sql {
namespace {

void Generate(uint64_t seed, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    std::string line;
    AppendJsonString(line, QueryGenerator(seed + i).Next().sql);
    std::cout << line << "\n";
  }
}

int Judge() {
  for (std::string line; std::getline(std::cin, line);) {
    const Result<JsonValue> text = ParseJson(line);
    if (!text.ok() || !text->is_string()) return 2;
    const Result<ast::Statement> statement = ParseStatement(text->string_value());
    std::cout << (statement.ok() ? "ok" : statement.error().message) << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace tidemark::sql

int main(int count, char** arguments) {
  const std::span<char*> all(arguments, static_cast<size_t>(count));
  if (all.size() == 4 && std::string_view(all[1]) == "--generate") {
    tidemark::sql::Generate(std::strtoull(all[2], nullptr, 10), std::strtoull(all[3], nullptr, 10));
    return 0;
  }
  return tidemark::sql::Judge();
}
