// SPDX-License-Identifier: Apache-2.0
// Names, types and what is refused, with place and remedy.
#include "sql/binder.h"

#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

class BinderTest : public testing::Test {
 protected:
  BinderTest() { db.AddSamples(); }
  std::string TypeOf(std::string_view expr) {
    const std::string sql = "SELECT " + std::string(expr);
    const auto result = db.Execute(sql);
    return result.ok() ? (*result)->columns()[0].type.ToString() : result.error().message;
  }
  TestDatabase db;
};

TEST_F(BinderTest, TypesOfExpressions) {  // timestream-sql.md 7.1 (19)
  EXPECT_EQ(TypeOf("1"), "integer");
  EXPECT_EQ(TypeOf("2147483648"), "bigint");
  EXPECT_EQ(TypeOf("1.5"), "double");
  EXPECT_EQ(TypeOf("NULL"), "unknown");
  EXPECT_EQ(TypeOf("1 + 2"), "integer");
  EXPECT_EQ(TypeOf("1 + 2147483648"), "bigint");
  EXPECT_EQ(TypeOf("1 / 2e0"), "double");
  EXPECT_EQ(TypeOf("count(*)"), "bigint");
  EXPECT_EQ(TypeOf("sum(1)"), "bigint");
  EXPECT_EQ(TypeOf("avg(1)"), "double");
  EXPECT_EQ(TypeOf("max(1)"), "integer");
  EXPECT_EQ(TypeOf("bin(now(), 1h)"), "timestamp");
  EXPECT_EQ(TypeOf("date '2020-01-01' + 2d"), "date");
  EXPECT_EQ(TypeOf("now() - ago(1h)"), "interval day to second");
  EXPECT_EQ(TypeOf("2 * 1h"), "interval day to second");
  EXPECT_EQ(TypeOf("1y + 2month"), "interval year to month");
  EXPECT_EQ(TypeOf("coalesce(NULL, 1, 2e0)"), "double");
  EXPECT_EQ(TypeOf("CASE WHEN true THEN NULL ELSE 'x' END"), "varchar");
  EXPECT_EQ(TypeOf("round(2)"), "integer");
  EXPECT_EQ(TypeOf("if(true, date '2020-01-01', now())"), "timestamp");
}

TEST_F(BinderTest, RefusesWrongTypes) {
  EXPECT_EQ(TypeOf("1 = '1'"),
            "line 1:10: a comparison needs operands of one type, not integer and varchar");
  EXPECT_EQ(TypeOf("'a' + 1"), "line 1:12: '+' cannot be applied to varchar and integer");
  EXPECT_EQ(TypeOf("- 'a'"), "line 1:8: '-' cannot be applied to varchar");
  EXPECT_EQ(
      TypeOf("1h + 1month"),
      "line 1:11: '+' cannot be applied to interval day to second and interval year to month");
  EXPECT_EQ(TypeOf("now() > 'yesterday'"), "line 1:16: 'yesterday' is not a timestamp");
  EXPECT_EQ(TypeOf("timestamp '2020-13-01'"), "line 1:18: '2020-13-01' is not a timestamp");
  EXPECT_EQ(TypeOf("CAST(1 AS timestamp)"), "line 1:8: Cannot cast integer to timestamp");
  EXPECT_EQ(TypeOf("1 AND true"), "line 1:8: a condition must be boolean, not integer");
  EXPECT_EQ(TypeOf("sum('a')"), "line 1:8: Unexpected parameters (varchar) for function sum");
  EXPECT_EQ(TypeOf("bin(now())"), "line 1:8: Unexpected parameters (timestamp) for function bin");
  EXPECT_EQ(TypeOf("bin(now(), 0s)"), "line 1:19: the width of bin() must be positive");
  EXPECT_EQ(TypeOf("ago(5)"), "line 1:8: ago() needs an interval such as 5m, not integer");
  EXPECT_EQ(TypeOf("date_trunc('eon', now())"), "line 1:19: 'eon' is not a valid TIMESTAMP field");
  EXPECT_EQ(TypeOf("'a' LIKE 'a' ESCAPE 'xy'"),
            "line 1:28: Escape string must be a single character");
}

TEST_F(BinderTest, NamesUnknownFunctions) {
  EXPECT_EQ(TypeOf("cuont(1)"), "line 1:8: Function cuont not registered; did you mean 'count'?");
  EXPECT_EQ(TypeOf("read_csv('x')"), "line 1:8: Function read_csv not registered");
}

TEST_F(BinderTest, ResolvesNamesExactlyThenByCase) {  // 1.1, 7.1 (13)
  const TableId table = db.AddTable("lab", "mixed");
  db.Write(table, {{"m", "Host=upper,host=lower", EventTime{1}, store::ValueView::Bigint(1)}});
  EXPECT_EQ(db.Rows("SELECT host, Host FROM lab.mixed"), (TextRows{{"lower", "upper"}}));
  EXPECT_EQ(db.Rows("SELECT HOST FROM lab.mixed"),
            (TextRows{{"error: line 1:8: Column 'HOST' is ambiguous"}}));
  EXPECT_EQ(db.Rows("SELECT MEASURE_NAME FROM LAB.Mixed"), (TextRows{{"m"}}));
  EXPECT_EQ(
      db.Rows("SELECT mixed.host, lab.mixed.\"host\", m.Host FROM lab.mixed m"),
      (TextRows{
          {"error: line 1:8: Column 'mixed.host' does not exist; the only relation here is 'm'"}}));
  EXPECT_EQ(db.Rows("SELECT mixed.host, lab.mixed.\"host\" FROM lab.mixed"),
            (TextRows{{"lower", "lower"}}));
  EXPECT_EQ(db.ErrorOf("SELECT * FROM mixed"),
            "line 1:15: table 'mixed' needs its database in front; write \"database\".\"table\"");
}

TEST_F(BinderTest, AliasesAreSeenByOrderByOnly) {  // 3.2 (6)
  EXPECT_EQ(db.Rows("SELECT hostname AS h, count(*) AS n FROM sampleDB.DevOps GROUP BY hostname "
                    "ORDER BY n, h LIMIT 1"),
            (TextRows{{"frontend01", "6"}}));
  EXPECT_EQ(db.ErrorOf("SELECT hostname AS h FROM sampleDB.DevOps WHERE h = 'x'"),
            "line 1:49: Column 'h' does not exist");
  EXPECT_EQ(db.ErrorOf("SELECT count(*) AS n FROM sampleDB.DevOps HAVING n > 1"),
            "line 1:50: Column 'n' does not exist");
  EXPECT_EQ(db.ErrorOf("SELECT hostname, count(*) FROM sampleDB.DevOps"),
            "line 1:8: Column 'hostname' must be in GROUP BY or inside an aggregate function");
  EXPECT_EQ(db.ErrorOf("SELECT 1 FROM sampleDB.DevOps WHERE count(*) > 1"),
            "line 1:37: WHERE cannot contain aggregate functions");
  EXPECT_EQ(db.ErrorOf("SELECT sum(count(*)) FROM sampleDB.DevOps"),
            "line 1:12: aggregate functions cannot be nested");
  EXPECT_EQ(db.ErrorOf("SELECT 1 ORDER BY 2"),
            "line 1:19: ORDER BY position 2 is not in the select list");
}

TEST_F(BinderTest, KeepsDuplicateNamesAndOrder) {  // 2.3, 7.1 (14)
  EXPECT_EQ(db.Rows("SELECT q.* FROM (SELECT 1 AS a, 2 AS a, 3 AS b) q"),
            (TextRows{{"1", "2", "3"}}));
  EXPECT_EQ(db.ErrorOf("SELECT a FROM (SELECT 1 AS a, 2 AS a) q"),
            "line 1:8: Column 'a' is ambiguous");
}

TEST_F(BinderTest, QuotesWhateverTheUserWrites) {  // 7.1 (39)
  EXPECT_EQ(db.Rows("SELECT 'a''; DROP TABLE x; --' AS \"we\"\"ird; name\", 'é\\n'"),
            (TextRows{{"a'; DROP TABLE x; --", "é\\n"}}));
  EXPECT_EQ(db.Columns("SELECT 1 AS \"we\"\"ird; name\"")[0].name, "we\"ird; name");
}

}  // namespace
}  // namespace tidemark::sql
