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
  EXPECT_GT(count, 230U);
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

class FunctionsTest : public testing::Test {
 protected:
  /// The only row, cells as the wire shows them; "-" is null.
  std::vector<std::string> Row(const std::string& items) {
    const TextRows rows = db_.Rows("SELECT " + items);
    return rows.size() == 1 ? rows[0] : std::vector<std::string>{"not one row"};
  }
  std::string Error(const std::string& items) { return db_.ErrorOf("SELECT " + items); }

  TestDatabase db_;
};

using Cells = std::vector<std::string>;

TEST_F(FunctionsTest, ReadCompoundIntervals) {
  EXPECT_EQ(
      Row("INTERVAL '1 02:03:04.5' DAY TO SECOND, INTERVAL '1-2' YEAR TO MONTH, "
          "INTERVAL -'02:03' HOUR TO MINUTE, INTERVAL '1' DAY TO HOUR"),
      (Cells{"1 02:03:04.500000000", "1-2", "-0 02:03:00.000000000", "1 00:00:00.000000000"}));
  EXPECT_EQ(Error("INTERVAL '1 x' DAY TO HOUR"), "line 1:17: '1 x' is no interval day to hour");
  EXPECT_NE(Error("INTERVAL '1' YEAR TO DAY"), "no error");
  EXPECT_NE(Error("INTERVAL '1' HOUR TO DAY"), "no error");
}

TEST_F(FunctionsTest, TakeTextsWhereTimesAreWanted) {  // 4.2
  EXPECT_EQ(Row("date_add('day', 1, '2020-01-31'), date_diff('day', '2020-01-01', '2020-03-01'), "
                "year('2019-10-12'), date('2022-06-17 01:02:03'), extract(YEAR FROM '2022-06-17')"),
            (Cells{"2020-02-01 00:00:00", "60", "2019", "2022-06-17", "2022"}));
}

TEST_F(FunctionsTest, TryCatchesValuesRowByRow) {  // 5.2
  EXPECT_EQ(db_.Rows("SELECT i, try(1 / i), coalesce(try(1 / i), 7) FROM (VALUES 0, 1) AS t(i) "
                     "ORDER BY i"),
            (TextRows{{"0", "-", "7"}, {"1", "1", "1"}}));
  EXPECT_EQ(Row("try(regexp_like('a', '(')), try(date_format(now(), '%U')), try(bin(now(), 0s)), "
                "try(CAST('x' AS bigint))"),
            (Cells{"-", "-", "-", "-"}));
  EXPECT_EQ(Error("try('a' + 1)"), "line 1:16: '+' cannot be applied to varchar and integer");
}

TEST_F(FunctionsTest, CountNanOnlyWhereThereIsNothingElse) {  // 5.1, 4.4
  EXPECT_EQ(Row("greatest(nan(), 1e0), greatest(1e0, nan()), least(nan(), 1e0), greatest(nan(), "
                "nan()), greatest(nan(), NULL)"),
            (Cells{"1.0", "1.0", "1.0", "NaN", "-"}));
}

TEST_F(FunctionsTest, WantOneCharacterBehindEscape) {  // also where the engine meets it
  for (const char* escape : {"''", "'ab'"}) {
    EXPECT_NE(db_.ErrorOf("SELECT x LIKE x ESCAPE " + std::string(escape) +
                          " FROM (VALUES 'abc') AS "
                          "t(x)")
                  .find("Escape string must be a single character"),
              std::string::npos)
        << escape;
  }
}

TEST_F(FunctionsTest, ReplaceByLambdas) {  // 5.7
  EXPECT_EQ(Row("regexp_replace('a1b2', '(\\d)', x -> concat('<', x[1], '>')), "
                "transform(ARRAY['a1', 'b'], s -> regexp_replace(s, '(\\d)', g -> g[1] || s))[1]"),
            (Cells{"a<1>b<2>", "a1a1"}));
  EXPECT_NE(Error("regexp_replace('a', '(', x -> 'b')"), "no error");
  EXPECT_NE(Error("regexp_replace('a', 'a', x -> 1)"), "no error");
}

TEST_F(FunctionsTest, TravelAsJsonAndBack) {
  EXPECT_EQ(Row("CAST(json_parse('{\"b\":{\"c\":\"x\"},\"a\":[1,null]}') AS row(a "
                "array(bigint), b row(c varchar))).b.c, json_format(CAST(ARRAY[ARRAY[1], NULL] AS "
                "json)), TRY_CAST(json_parse('[1]') AS bigint), typeof(JSON '1')"),
            (Cells{"x", "[[1],null]", "-", "json"}));
  EXPECT_NE(Error("CAST(json_parse('[1]') AS bigint)"), "no error");
  EXPECT_NE(Error("JSON '{'"), "no error");
}

TEST_F(FunctionsTest, KeepEveryCharacter) {
  EXPECT_EQ(Row("length(chr(0) || 'a'), chr(0) = U&'\\0000', length(s) FROM (VALUES U&'a\\0000') "
                "AS t(s)"),
            (Cells{"2", "true", "2"}));
  EXPECT_EQ(Error("CAST(12345 AS varchar(3))"), "Value 12345 cannot be represented as varchar(3)");
}

TEST_F(FunctionsTest, ShowTheWallClockOfAZone) {
  EXPECT_EQ(Row("TIMESTAMP '2020-07-01 00:00:00' AT TIME ZONE '+05:45'"),
            (Cells{"2020-07-01 05:45:00"}));
  EXPECT_EQ(Error("now() AT TIME ZONE 'Nowhere/X'"),
            "line 1:27: 'Nowhere/X' is not a valid time zone");
}

}  // namespace
}  // namespace tidemark::sql
