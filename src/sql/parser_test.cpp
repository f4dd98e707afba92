// SPDX-License-Identifier: Apache-2.0
#include "sql/parser.h"

#include <gtest/gtest.h>

namespace tidemark::sql {
namespace {

std::string ErrorOf(std::string_view text) {
  const Result<ast::Statement> statement = ParseStatement(text);
  return statement.ok() ? "" : statement.error().message;
}

TEST(Parser, TakesTheWholeGrammar) {  // timestream-sql.md 3.1
  for (const char* text : {
           "SELECT 1",
           "SELECT 1;",
           "SELECT 1 day",
           "SELECT 1 LIMIT 5",
           "SELECT DISTINCT(a) AS b, t.*, \"d\".\"t\".* FROM d.t t WHERE NOT a = 1 AND b IS NOT "
           "NULL OR c LIKE 'x' ESCAPE '!'",
           "SELECT interval, time, value, rank, hour, day, second, count, sum, int, measure FROM t",
           "SELECT TIMESTAMP '2020-01-01', INTERVAL '2' DAY, INTERVAL -'1' WEEK, DOUBLE '0.0', "
           "time '01:00', timestamp FROM t",
           "VALUES 1, 2, 3",
           "VALUES (1, 'a'), (2, 'b') ORDER BY 1 LIMIT 1",
           "SELECT last_value(x) IGNORE NULLS OVER (PARTITION BY a ORDER BY b DESC NULLS FIRST "
           "ROWS BETWEEN UNBOUNDED "
           "PRECEDING AND CURRENT ROW) FROM t",
           "SELECT filter(ts, x -> x.value > 1), reduce(a, 0, (s, x) -> s + x, s -> s), sum(x) "
           "FILTER (WHERE y) FROM t",
           "SELECT a[1], ROW(1, 2), (1, 2), ARRAY[1], ARRAY[], CAST(x AS row(a bigint, "
           "array(double))), f(DISTINCT a ORDER BY b) FROM t",
           "WITH a(x) AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM a, b",
           "SELECT * FROM a LEFT OUTER JOIN b ON a.x = b.x CROSS JOIN UNNEST(c) WITH ORDINALITY AS "
           "u(v, o) FULL JOIN d USING (x)",
           "SELECT * FROM ((SELECT 1) JOIN (SELECT 2) ON true)",
           "SELECT * FROM (((SELECT 1)))",
           "(SELECT 1) UNION ALL SELECT 2 INTERSECT SELECT 3 ORDER BY 1 OFFSET 1 ROWS LIMIT ALL",
           "SELECT a FROM t GROUP BY ALL a, (b, c), (), ROLLUP (a), GROUPING SETS ((a), ()) HAVING "
           "count(*) > 1",
           "SELECT CASE a WHEN 1 THEN 2 ELSE 3 END, CASE WHEN a THEN b END, EXTRACT(YEAR FROM x), "
           "POSITION('a' IN b)",
           "SELECT x > ALL (SELECT 1), x IN (SELECT 1), EXISTS (SELECT 1), (SELECT 1), x IS "
           "DISTINCT FROM y, x NOT BETWEEN 1 AND 2",
           "SELECT CURRENT_TIMESTAMP, now() AT TIME ZONE 'UTC', @scheduled_runtime, 5%-3, - - 1",
           "SHOW DATABASES LIKE 'a%'",
           "SHOW TABLES",
           "SHOW TABLES FROM \"d\" LIKE '%'",
           "SHOW MEASURES FROM d.t",
           "DESCRIBE d.t",
           "EXPLAIN SELECT 1",
           "UNLOAD (SELECT 1) TO 's3://b' WITH (format = 'CSV', partitioned_by = ARRAY['a'])",
           "SELECT * FROM view_rows('v') AS r",
       }) {
    EXPECT_EQ(ErrorOf(text), "") << text;
  }
}

TEST(Parser, PlacesErrors) {
  EXPECT_EQ(ErrorOf(""), "line 1:1: the statement is empty");
  EXPECT_EQ(ErrorOf("SELECT 1,"),
            "line 1:10: unexpected end of the statement, expected an expression");
  EXPECT_EQ(ErrorOf("SELECT 1\nFROM t WHERE\nGROUP BY a"),
            "line 3:1: unexpected 'GROUP', expected an expression; GROUP is a reserved word: as a "
            "name it needs double "
            "quotes");
  EXPECT_EQ(ErrorOf("SELECT a FROM t LIMIT x"),
            "line 1:23: unexpected 'x', expected the end of the statement");
  EXPECT_EQ(
      ErrorOf("DELETE FROM t"),
      "line 1:1: unexpected 'DELETE', expected SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN");
  EXPECT_EQ(ErrorOf("SELECT 1 2"), "line 1:10: unexpected '2', expected the end of the statement");
  EXPECT_EQ(ErrorOf("SELECT 9223372036854775808"),
            "line 1:8: integer 9223372036854775808 is out of the range of bigint");
  EXPECT_EQ(ErrorOf("SELECT (1"), "line 1:10: unexpected end of the statement, expected ')'");
  EXPECT_EQ(ErrorOf("SELECT 1; SELECT 2"),
            "line 1:11: unexpected 'SELECT', expected the end of the statement");
  EXPECT_EQ(ErrorOf("SELECT CAST(1 AS nothing)"), "line 1:18: unknown type 'nothing'");
}

TEST(Parser, BoundsNesting) {  // 7.1 (10)
  const auto nested = [](size_t n, std::string_view open, std::string_view core,
                         std::string_view close) {
    std::string out = "SELECT ";
    for (size_t i = 0; i < n; ++i) out += open;
    out += core;
    for (size_t i = 0; i < n; ++i) out += close;
    return out;
  };
  EXPECT_EQ(ErrorOf(nested(50, "(", "1", ")")), "");
  EXPECT_NE(ErrorOf(nested(50000, "(", "1", ")")), "");
  EXPECT_NE(ErrorOf(nested(50000, "- ", "1", "")), "");
  EXPECT_NE(ErrorOf(nested(50000, "NOT ", "true", "")), "");
  EXPECT_NE(ErrorOf(nested(50000, "1 + ", "1", "")), "");
  EXPECT_NE(ErrorOf(nested(20000, "f(", "1", ")")), "");
  EXPECT_NE(ErrorOf(nested(20000, "CASE WHEN ", "1", " THEN 1 END")), "");
  EXPECT_NE(ErrorOf("SELECT * FROM " + std::string(50000, '(') + "SELECT 1"), "");
  EXPECT_NE(ErrorOf(nested(20000, "1 FROM (SELECT ", "1", ")")), "");
  // Long but not deep is fine.
  std::string list = "SELECT a FROM t WHERE a = 0";
  for (int i = 1; i < 5000; ++i) list += " OR a = " + std::to_string(i);
  EXPECT_EQ(ErrorOf(list), "");
}

}  // namespace
}  // namespace tidemark::sql
