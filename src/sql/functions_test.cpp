// SPDX-License-Identifier: Apache-2.0
// The list of functions is whole: each of the reference's runs with the type it says, and each that
// is registered is in docs/sql.md.
#include "sql/functions.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

#if !defined(TM_FUNCTIONS_FILE) || !defined(TM_SQL_DOCS)
#error "TM_FUNCTIONS_FILE names the reference's list, TM_SQL_DOCS docs/sql.md"
#endif

std::string Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

TEST(Functions, OfTheReferenceAreAllThere) {  // timestream-sql.md 5.1 to 5.12, 7.1 (29)
  TestDatabase db;
  std::ifstream file(TM_FUNCTIONS_FILE);
  ASSERT_TRUE(file);
  size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t first = line.find('|');
    const size_t last = line.rfind('|');
    ASSERT_NE(first, last) << line;
    const std::string sql = "SELECT" + line.substr(first + 1, last - first - 1);
    ++count;
    const Result<std::unique_ptr<QueryResult>> result = db.Execute(sql);
    ASSERT_TRUE(result.ok()) << sql << ": " << result.error().message;
    EXPECT_EQ((*result)->columns()[0].type.ToString(), Trimmed(line.substr(last + 1))) << sql;
    const auto rows = ReadAll(**result);
    EXPECT_TRUE(rows.ok()) << sql << ": " << (rows.ok() ? "" : rows.error().message);
  }
  EXPECT_GT(count, 150U);
}

TEST(Functions, AreInTheDocs) {
  std::ifstream file(TM_SQL_DOCS);
  ASSERT_TRUE(file);
  std::stringstream text;
  text << file.rdbuf();
  const std::string docs = text.str();
  const size_t begin = docs.find("## Scalar functions");
  ASSERT_NE(begin, std::string::npos);
  std::string words = docs.substr(begin, docs.find("### Patterns") - begin);
  for (char& c : words) c = c == '`' || c == '\n' || c == '|' ? ' ' : c;
  for (const std::string_view name : FunctionNames()) {
    EXPECT_NE(words.find(" " + std::string(name) + " "), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tidemark::sql
