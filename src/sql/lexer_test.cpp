// SPDX-License-Identifier: Apache-2.0
#include "sql/lexer.h"

#include <gtest/gtest.h>

namespace tidemark::sql {
namespace {

std::string Show(std::string_view text) {
  const Result<std::vector<Token>> tokens = Tokenize(text);
  if (!tokens.ok()) return tokens.error().message;
  std::string out;
  for (const Token& token : *tokens) {
    if (token.kind == TokenKind::kEnd) break;
    out += (out.empty() ? "" : "|") + token.value + token.unit;
  }
  return out;
}

TEST(Lexer, MeasureValueWithTypeIsOneName) {  // timestream-sql.md 7.1 (1), (2)
  EXPECT_EQ(Show("t.measure_value::DOUBLE>1"), "t|.|measure_value::double|>|1");
  EXPECT_EQ(Show("\"measure_value::double\""), "measure_value::double");
  EXPECT_EQ(Show("x::double"),
            "line 1:2: '::' is no cast here: only measure_value::double and the like exist; use "
            "CAST(x AS type)");
  EXPECT_EQ(Show("measure_value::date"),
            "line 1:14: 'measure_value::date' is not a column: the types are double, bigint, "
            "varchar, boolean, "
            "timestamp");
}

TEST(Lexer, Durations) {  // 7.1 (3), (4)
  for (const char* text :
       {"5m", "72.5h", "100y", "24h", "10000ms", "10day", "12month", "1d", "3D"}) {
    const auto tokens = Tokenize(text);
    ASSERT_TRUE(tokens.ok()) << text;
    EXPECT_EQ((*tokens)[0].kind, TokenKind::kDuration) << text;
  }
  EXPECT_EQ((*Tokenize("1 day")).size(), 3);
  EXPECT_EQ((*Tokenize("1e3"))[0].kind, TokenKind::kDecimal);
  for (const char* text : {"1w", "2days", "1e", "1quarter"})
    EXPECT_FALSE(Tokenize(text).ok()) << text;
}

TEST(Lexer, StringsAndQuotes) {
  EXPECT_EQ(Show("'it''s'"), "it's");
  EXPECT_EQ(Show("\"a\"\"b\""), "a\"b");
  EXPECT_EQ(Show("U&'\\00e9!' 'x'"), "é!|x");
  EXPECT_EQ(Show("U&'#+01F600' UESCAPE '#'"), "😀");
  EXPECT_EQ(Show("'open"), "line 1:1: the string is not closed");
  EXPECT_EQ(Show("`a`"), "line 1:1: a backquote is no quote for names; use \"...\"");
  EXPECT_EQ(Show("\"\""), "line 1:1: a quoted name is empty");
}

TEST(Lexer, CommentsAndLineEnds) {  // 7.1 (9)
  EXPECT_EQ(Show("SELECT -- one\r\n\t1 /* two\n lines */ + 2"), "SELECT|1|+|2");
  EXPECT_EQ(Show("/* open"), "line 1:1: the comment is not closed");
}

TEST(Lexer, CountsLinesAndCharacters) {  // 7.1 (11)
  const auto tokens = Tokenize("'é' x\n  y");
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ((*tokens)[1].place.column, 5);
  EXPECT_EQ((*tokens)[2].place.line, 2);
  EXPECT_EQ((*tokens)[2].place.column, 3);
  EXPECT_EQ(Show("a\n $"), "line 2:2: unexpected character '$'");
}

TEST(Lexer, RefusesBytesThatAreNoText) {
  EXPECT_EQ(Show("SELECT '\xff'"), "line 1:9: the statement is not valid UTF-8");
  EXPECT_EQ(Show("\xed\xa0\x80"), "line 1:1: the statement is not valid UTF-8");
  EXPECT_EQ(Show(std::string_view("a\0b", 3)), "line 1:2: the statement contains a NUL character");
  EXPECT_FALSE(Tokenize(std::string(kStatementBytesMax + 1, ' ')).ok());  // 7.1 (10)
}

}  // namespace
}  // namespace tidemark::sql
