// SPDX-License-Identifier: Apache-2.0
// The recorded statements without FROM, with their literals taken from a row of VALUES: what the
// binder computes of constants, the execution engine computes of columns, to the bit.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include <gtest/gtest.h>

#include "base/json.h"
#include "sql/lexer.h"
#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

#ifndef TM_ORACLE_DIR
#error "TM_ORACLE_DIR names the folder of the recorded answers"
#endif

/// Words that make a literal of the text behind them.
bool IsTypeWord(const Token& token) {
  static const std::set<std::string> words{"TIMESTAMP", "DATE",   "TIME",    "DOUBLE",
                                           "INTEGER",   "BIGINT", "VARCHAR", "BOOLEAN"};
  return token.kind == TokenKind::kWord && words.contains(token.keyword);
}

/// Words behind which a number or text is part of the syntax.
bool IsSyntaxWord(const Token& token) {
  static const std::set<std::string> words{"INTERVAL", "ESCAPE", "JSON", "ZONE", "UESCAPE"};
  return token.kind == TokenKind::kWord && words.contains(token.keyword);
}

bool IsOperator(const Token& token, std::string_view text) {
  return token.kind == TokenKind::kOperator && token.value == text;
}

/// The same statement over columns; none: it has no literals, or is more than a list of
/// expressions.
std::optional<std::string> OverColumns(const std::string& sql) {
  static const std::set<std::string> more{"FROM",    "UNION",  "LIMIT",  "WITH", "VALUES", "ORDER",
                                          "EXPLAIN", "UNNEST", "RANDOM", "RAND", "SHUFFLE"};
  const auto tokens = Tokenize(sql);
  if (!tokens.ok() || sql.find('\n') != std::string::npos || !sql.starts_with("SELECT "))
    return std::nullopt;
  for (size_t i = 1; i < tokens->size(); ++i) {
    const std::string& word = (*tokens)[i].keyword;
    if (more.contains(word) || word == "SELECT") return std::nullopt;
    if ((*tokens)[i].place.column > sql.size() + 1) return std::nullopt;
  }
  // Columns count characters.
  std::vector<size_t> offsets{0};
  for (size_t at = 0; at < sql.size(); ++at) {
    if ((static_cast<uint8_t>(sql[at]) & 0xC0U) != 0x80U) offsets.push_back(at);
  }
  offsets.push_back(sql.size());
  const auto offset = [&](const Token& token) { return offsets[token.place.column]; };
  std::string out;
  std::string values;
  std::string names;
  size_t done = 0;
  size_t count = 0;
  for (size_t i = 1; i + 1 < tokens->size(); ++i) {
    const Token& token = (*tokens)[i];
    const Token& before = (*tokens)[i - 1];
    const bool typed = IsTypeWord(token) && (*tokens)[i + 1].kind == TokenKind::kString;
    const bool plain = token.kind == TokenKind::kInteger || token.kind == TokenKind::kDecimal ||
                       (token.kind == TokenKind::kString && sql[offset(token)] == '\'');
    if (!typed && !plain) continue;
    if (IsSyntaxWord(before) || (i > 1 && IsSyntaxWord((*tokens)[i - 2]))) continue;
    // varchar(2)
    if (i > 1 && IsOperator(before, "(") && IsTypeWord((*tokens)[i - 2])) continue;
    // A number's minus, or the least integer would be out of range.
    const bool minus =
        i > 1 && IsOperator(before, "-") &&
        (IsOperator((*tokens)[i - 2], "(") || IsOperator((*tokens)[i - 2], ",") || i == 2);
    const size_t begin = offset(minus ? before : token);
    size_t end = offset((*tokens)[i + (typed ? 2 : 1)]);
    while (sql[end - 1] == ' ') --end;
    const std::string name = "a" + std::to_string(count++);
    out += sql.substr(done, begin - done) + "q." + name;
    values += (values.empty() ? "" : ", ") + sql.substr(begin, end - begin);
    names += (names.empty() ? "" : ", ") + name;
    done = end;
    if (typed) ++i;
  }
  if (count == 0) return std::nullopt;
  return out + sql.substr(done) + " FROM (VALUES (" + values + ")) AS q(" + names + ")";
}

std::vector<std::string> Statements() {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(TM_ORACLE_DIR)) {
    if (entry.path().extension() != ".jsonl") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);)
      out.insert(ParseJson(line).value().Find("sql")->string_value());
  }
  return {out.begin(), out.end()};
}

std::string TypesOf(TestDatabase& db, const std::string& sql) {
  std::string out;
  for (const Column& column : db.Columns(sql)) out += column.type.ToString() + ", ";
  return out;
}

TEST(Folding, ColumnsGiveWhatConstantsGive) {
  TestDatabase db;
  int compared = 0;
  int refused = 0;
  for (const std::string& sql : Statements()) {
    const std::optional<std::string> columns = OverColumns(sql);
    if (!columns) continue;
    SCOPED_TRACE(sql + "\n" + *columns);
    // A message may name a place, which is another.
    const auto same_kind = [](TextRows rows) {
      if (rows.size() == 1 && rows[0][0].starts_with("error: ")) rows[0][0] = "error";
      return rows;
    };
    const Result<std::unique_ptr<QueryResult>> bound = db.Execute(*columns);
    if (!bound.ok()) {  // some functions take constants only
      ++refused;
      EXPECT_TRUE(QueryErrorOf(bound.error()).has_value()) << bound.error().message;
      continue;
    }
    ++compared;
    const TextRows folded = same_kind(db.Rows(sql));
    EXPECT_EQ(same_kind(db.Rows(*columns)), folded);
    if (folded != TextRows{{"error"}}) {
      EXPECT_EQ(TypesOf(db, *columns), TypesOf(db, sql));
    }
  }
  std::cout << compared << " compared, " << refused << " take constants only\n";
  EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace tidemark::sql
