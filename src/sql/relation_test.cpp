// SPDX-License-Identifier: Apache-2.0
// Joins, sub-queries, set operations, grouping sets and windows over tables: answers of the worked
// queries of timestream-sql.md section 6, what is refused, and what reaches the store.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/seed.h"
#include "sql/binder.h"
#include "sql/datetime.h"
#include "sql/parser.h"
#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kCpu =
    "(SELECT * FROM sampleDB.DevOps WHERE measure_name = 'cpu_utilization')";
constexpr std::string_view kNet =
    "(SELECT * FROM sampleDB.DevOps WHERE measure_name = 'network_bytes_in')";

class RelationTest : public testing::Test {
 protected:
  RelationTest() { db.AddSamples(); }

  /// $cpu and $net stand for the rows of one measure.
  TextRows Rows(std::string sql) {
    for (const auto& [name, text] : {std::pair{"$cpu", kCpu}, {"$net", kNet}}) {
      for (size_t at; (at = sql.find(name)) != std::string::npos;) sql.replace(at, 4, text);
    }
    return db.Rows(sql);
  }
  std::vector<plan::TableScan> Scans(std::string_view sql) {
    Result<ast::Statement> statement = ParseStatement(sql);
    EXPECT_TRUE(statement.ok()) << statement.error().message;
    const BindOptions options{"", EventTime{ParseTimestampText("2019-12-04 19:01:00").value()}};
    Result<plan::Plan> plan = Bind(*statement->query, db.names, db.store, options);
    EXPECT_TRUE(plan.ok()) << plan.error().message;
    return std::move(plan).value().scans;
  }
  /// The dimension predicates of a scan: "hostname=a".
  std::vector<std::string> Dimensions(std::string_view sql, size_t scan) {
    std::vector<std::string> out;
    const std::vector<plan::TableScan> scans = Scans(sql);
    for (const store::DimensionPredicate& d : scans[scan].selection.dimensions)
      out.push_back(d.dimension + "=" + d.predicate.values.at(0));
    return out;
  }

  TestDatabase db;
};

std::string Time(std::string_view seconds) { return "2019-12-04 19:00:" + std::string(seconds); }

TEST_F(RelationTest, JoinsTables) {  // W17, W70, W71
  EXPECT_EQ(
      Rows("WITH f AS (SELECT COUNT(DISTINCT hostname) AS total, AVG(measure_value::double) AS "
           "fleet FROM $cpu), h AS (SELECT hostname, AVG(measure_value::double) AS a FROM $cpu "
           "GROUP BY hostname) SELECT hostname, ROUND(a,4) a4, ROUND(fleet,4) f4, total "
           "FROM f, h WHERE a > 1.1 * fleet ORDER BY a DESC"),
      (TextRows{{"frontend02", "49.3667", "41.9111", "3"}}));
  EXPECT_EQ(Rows("SELECT c.time, c.measure_value::double, n.measure_value::bigint FROM $cpu c JOIN "
                 "$net n ON c.hostname = n.hostname AND c.time = n.time WHERE c.hostname = "
                 "'frontend02' ORDER BY 1"),
            (TextRows{{Time("00"), "38.5", "23000"},
                      {Time("08"), "65.6", "1245"},
                      {Time("16"), "44.0", "1450"}}));
  EXPECT_EQ(
      Rows("SELECT a.truck_id, b.truck_id AS other FROM (SELECT DISTINCT truck_id, fleet FROM "
           "sampleDB.IoT) a LEFT JOIN (SELECT DISTINCT truck_id, fleet FROM sampleDB.IoT) b "
           "ON a.fleet = b.fleet AND a.truck_id <> b.truck_id ORDER BY 1"),
      (TextRows{{"T1", "T2"}, {"T2", "T1"}, {"T3", "-"}}));
  EXPECT_EQ(Rows("SELECT hostname, count(*) FROM sampleDB.DevOps a JOIN sampleDB.DevOps b USING "
                 "(hostname, time) GROUP BY hostname ORDER BY 1 LIMIT 1"),
            (TextRows{{"frontend01", "12"}}));
}

TEST_F(RelationTest, SubqueriesStandEverywhere) {  // W72, W73, W74, 3.2 (1)
  EXPECT_EQ(
      Rows("SELECT measure_name FROM sampleDB.DevOps WHERE hostname = 'frontend01' INTERSECT "
           "SELECT measure_name FROM sampleDB.DevOps WHERE hostname = 'frontend03' ORDER BY 1"),
      (TextRows{{"cpu_utilization"}, {"network_bytes_in"}}));
  EXPECT_EQ(Rows("SELECT measure_value::double FROM $cpu WHERE measure_value::double > ALL (SELECT "
                 "AVG(measure_value::double) FROM $cpu GROUP BY hostname) ORDER BY 1"),
            (TextRows{{"55.2"}, {"65.6"}, {"66.4"}}));
  EXPECT_EQ(Rows("SELECT 11.7 = ANY (VALUES 12.0, 13.5, 11.7), 17 < ALL (VALUES 19, 20, 15), "
                 "1 <> SOME (VALUES 1, NULL), 1 <> ALL (SELECT 1 WHERE false)"),
            (TextRows{{"true", "false", "-", "true"}}));
  EXPECT_EQ(Rows("SELECT hostname, (SELECT max(n.measure_value::bigint) FROM $net n WHERE "
                 "n.hostname = c.hostname) AS m FROM $cpu c GROUP BY hostname ORDER BY 1"),
            (TextRows{{"frontend01", "1500"}, {"frontend02", "23000"}, {"frontend03", "15000"}}));
  EXPECT_EQ(Rows("SELECT a FROM (VALUES 1, 2, 3) AS t(a) WHERE (SELECT (SELECT a + b + c FROM "
                 "(VALUES 100) AS v(c)) FROM (VALUES 10) AS u(b)) > 111 ORDER BY a"),
            (TextRows{{"2"}, {"3"}}));
  EXPECT_EQ(Rows("SELECT (SELECT 1 AS x, 'a') AS r"), (TextRows{{"(1,a)"}}));
  EXPECT_EQ(db.Columns("SELECT (SELECT 1 AS x, 'a') AS r")[0].type.ToString(),
            "row(x integer, varchar)");
  EXPECT_EQ(Rows("SELECT ((SELECT 1) UNION ALL SELECT 2 ORDER BY 1 LIMIT 1), ((SELECT 1) + 1), "
                 "3 IN ((SELECT 3), 4), 3 IN ((SELECT 3) EXCEPT SELECT 3)"),
            (TextRows{{"1", "2", "true", "false"}}));
  EXPECT_EQ(Rows("SELECT * FROM ((SELECT 1 AS a) JOIN (SELECT 1 AS b) ON a = b)"),
            (TextRows{{"1", "1"}}));
}

TEST_F(RelationTest, NanAndRowsAreComparedInSubqueries) {  // 4.4
  EXPECT_EQ(
      Rows("SELECT nan() IN (SELECT nan()), 1e0 IN (SELECT nan()), nan() IN (VALUES 1e0, NULL), "
           "nan() NOT IN (SELECT nan()), nan() <> ALL (SELECT nan()), nan() < ANY (VALUES 1e0), "
           "nan() IN (SELECT nan() WHERE false)"),
      (TextRows{{"false", "false", "-", "true", "true", "false", "false"}}));
  EXPECT_EQ(Rows("SELECT (1, 2) IN (VALUES (1, 3), (1, 2)), (1, 2) IN (VALUES (1, 3), (1, NULL)), "
                 "(1, 2) NOT IN (SELECT 2, NULL), (1, 2) <> ALL (VALUES (1, 3)), "
                 "(1, 2) = ANY (SELECT ROW(1, 2))"),
            (TextRows{{"true", "-", "true", "true", "true"}}));
  EXPECT_EQ(db.ErrorOf("SELECT (1, 2) < ANY (VALUES (1, 3))"),
            "line 1:15: rows can only be compared by = and <> here");
  EXPECT_EQ(db.ErrorOf("SELECT 1 IN (SELECT 1, 2)"),
            "line 1:10: the sub-query has 2 columns, integer cannot be compared with them");
}

TEST_F(RelationTest, AggregatesOverOuterColumnsBelongInside) {  // 3.2 (18)
  EXPECT_EQ(Rows("SELECT a, (SELECT sum(a) FROM (VALUES 1, 2) AS u(b)), (SELECT count(a)), "
                 "(SELECT max(a + b) FROM (VALUES 1, 2) AS u(b)) FROM (VALUES 1, 5) AS t(a) "
                 "ORDER BY a"),
            (TextRows{{"1", "2", "1", "3"}, {"5", "10", "1", "7"}}));
  EXPECT_EQ(db.ErrorOf("SELECT a, (SELECT sum(b) OVER (ORDER BY a) FROM (VALUES 1) AS u(b)) FROM "
                       "(VALUES 1) AS t(a)"),
            "line 1:41: a window function over a column of the query around is not supported yet");
}

TEST_F(RelationTest, RefusesSubqueriesWhereTheEngineTakesNone) {
  const std::pair<const char*, const char*> errors[] = {
      {"SELECT filter(ARRAY[1, 2], x -> x > (SELECT 1))",
       "line 1:37: a sub-query in a lambda expression is not supported yet"},
  };
  for (const auto& [sql, message] : errors) {
    EXPECT_EQ(db.ErrorOf(sql), message);
    EXPECT_EQ(db.CodeOf(sql), Code::kUnimplemented) << sql;
  }
}

// try() catches what is computed in it; a sub-query or an aggregate is computed before (as the
// engine of the recorded answers has it).
TEST_F(RelationTest, TryTakesSubqueries) {
  EXPECT_EQ(Rows("SELECT try(1 / (SELECT 0)), try((SELECT max(x) FROM (VALUES 1, 2) AS t(x)))"),
            (TextRows{{"-", "2"}}));
  EXPECT_EQ(Rows("SELECT a, try(10 / (SELECT count(*) FROM (VALUES 2, 3) AS u(b) WHERE b <= a)), "
                 "try(try(CAST('x' AS integer) + (SELECT 1)) IS NULL AND EXISTS (SELECT 1)) "
                 "FROM (VALUES 1, 2, 3) AS t(a) ORDER BY a"),
            (TextRows{{"1", "-", "true"}, {"2", "10", "true"}, {"3", "5", "true"}}));
  EXPECT_EQ(Rows("SELECT s, try(sum(a) / (SELECT 0)), try(sum(a) OVER () + (SELECT 1)) FROM "
                 "(VALUES (1, 'x'), (2, 'x')) AS t(a, s) GROUP BY s, a ORDER BY 3, 1"),
            (TextRows{{"x", "-", "4"}, {"x", "-", "4"}}));
  EXPECT_EQ(Rows("SELECT a FROM (VALUES 1, 2) AS t(a) WHERE try(a / (SELECT 0)) IS NULL AND "
                 "try(a IN (SELECT 2))"),
            (TextRows{{"2"}}));
  EXPECT_EQ(Rows("SELECT TRY_CAST((SELECT ARRAY['x']) AS array(integer)), "
                 "TRY_CAST((SELECT ARRAY['7']) AS array(integer))"),
            (TextRows{{"-", "[7]"}}));
  EXPECT_EQ(db.CodeOf("SELECT try((SELECT 1 / 0))"), Code::kInvalidArgument);
}

TEST_F(RelationTest, OuterJoinsTakeAnyCondition) {
  EXPECT_EQ(Rows("SELECT a, b FROM (VALUES 1, 2) AS t(a) LEFT JOIN (VALUES 1, 2) AS u(b) ON a = b "
                 "AND a > (SELECT 1) ORDER BY a"),
            (TextRows{{"1", "-"}, {"2", "2"}}));
  EXPECT_EQ(Rows("SELECT a, b FROM (VALUES 1, 2) AS t(a) RIGHT JOIN (VALUES 1, 2) AS u(b) ON "
                 "EXISTS (SELECT 1 FROM (VALUES 2) AS v(c) WHERE c = a AND c = b) ORDER BY b"),
            (TextRows{{"-", "1"}, {"2", "2"}}));
  EXPECT_EQ(
      Rows("SELECT a, (SELECT count(c) FROM (VALUES 1, 2) AS u(b) LEFT JOIN (VALUES 1) AS v(c) "
           "ON b = c AND c = a) AS n FROM (VALUES 1, 2) AS t(a) ORDER BY a"),
      (TextRows{{"1", "1"}, {"2", "0"}}));
  EXPECT_EQ(
      db.ErrorOf("SELECT 1 FROM (VALUES 1) AS t(a) FULL JOIN (VALUES 1) AS u(b) ON a IN "
                 "(SELECT b)"),
      "line 1:68: a sub-query or a column from outside in the condition of a FULL JOIN is not "
      "supported yet");
}

TEST_F(RelationTest, LateralSeesItsLeft) {
  EXPECT_EQ(
      Rows("SELECT hostname, m FROM (SELECT DISTINCT hostname FROM sampleDB.DevOps) h CROSS "
           "JOIN LATERAL (SELECT max(measure_value::double) AS m FROM sampleDB.DevOps d WHERE "
           "d.hostname = h.hostname) ORDER BY 1"),
      (TextRows{{"frontend01", "55.2"}, {"frontend02", "65.6"}, {"frontend03", "66.4"}}));
  EXPECT_EQ(
      Rows("SELECT a, x FROM (VALUES 1, 2) AS t(a), LATERAL (VALUES a, a + 10) AS v(x) ORDER BY "
           "a, x"),
      (TextRows{{"1", "1"}, {"1", "11"}, {"2", "2"}, {"2", "12"}}));
  EXPECT_EQ(db.ErrorOf("SELECT 1 FROM (VALUES 1) AS t(a) JOIN (SELECT a) u ON true"),
            "line 1:47: Column 'a' does not exist; the query has no FROM");
  EXPECT_THAT(
      db.ErrorOf("SELECT 1 FROM (VALUES 1) AS t(a) RIGHT JOIN LATERAL (SELECT a) u ON true"),
      HasSubstr("can only be joined by CROSS, INNER or LEFT JOIN"));
}

TEST_F(RelationTest, NamesAreResolvedPerScope) {  // 3.2 (14), differences.md B
  EXPECT_EQ(Rows("SELECT t.c1 FROM (VALUES 1, 2, 3, 4, 5) AS t(c1) WHERE EXISTS (SELECT t.c2 FROM "
                 "(VALUES 1, 2, 3) AS t(c2) WHERE t.c1 = t.c2) ORDER BY t.c1"),
            (TextRows{{"1"}, {"2"}, {"3"}}));
  const std::pair<const char*, const char*> errors[] = {
      {"SELECT a FROM (VALUES 1) AS t(a), (VALUES 1) AS u(a)", "line 1:8: Column 'a' is ambiguous"},
      {"SELECT t.k FROM (VALUES 1) AS t(k) JOIN (VALUES 1) AS u(k) USING (k)",
       "line 1:8: Column 't.k' does not exist"},
      {"SELECT 1 FROM (VALUES 1) AS t(k) JOIN (VALUES 1) AS u(j) USING (k)",
       "line 1:65: Column 'k' of USING does not exist on the right side; did you mean 'j'?"},
      {"SELECT 1 FROM (VALUES 1) AS t(k) JOIN (VALUES 'x') AS u(k) USING (k)",
       "line 1:67: a comparison needs operands of one type, not integer and varchar"},
      {"SELECT x.* FROM (VALUES 1) AS t(k), (VALUES 1) AS u(j)", "line 1:8: 'x' is not in FROM"},
      {"SELECT z.k FROM (VALUES 1) AS t(k), (VALUES 1) AS u(j)",
       "line 1:8: Column 'z.k' does not exist; did you mean 't'?"},
      {"SELECT 1 FROM (VALUES 1) AS t(k) JOIN (VALUES 1) AS u(j) ON k + j",
       "line 1:63: a condition must be boolean, not integer"},
      {"SELECT 1 FROM (VALUES 1) AS t(k) JOIN (VALUES 1) AS u(j) ON count(*) > 1",
       "line 1:61: JOIN ... ON cannot contain aggregate functions"},
      {"SELECT 1 AS a UNION SELECT 'x'",
       "line 1:15: column 1 of UNION has no common type: integer and varchar"},
      {"SELECT 1 EXCEPT SELECT 1, 2",
       "line 1:10: EXCEPT needs as many columns on both sides, not 1 and 2"},
      {"WITH x AS (SELECT 1), X AS (SELECT 2) SELECT 1", "line 1:23: 'X' is defined twice in WITH"},
      {"SELECT a FROM (VALUES 1) AS t(a) GROUP BY ROLLUP (a) HAVING grouping(a + 1) = 0",
       "line 1:72: an argument of grouping() must be in GROUP BY"},
      {"SELECT grouping(a) FROM (VALUES 1) AS t(a)", "line 1:8: grouping() needs GROUP BY"},
      {"SELECT max(a) AS a FROM (VALUES 1, 2) AS t(a) ORDER BY max(a)",
       "line 1:60: 'a' is an output column: an aggregate function in ORDER BY cannot be over one"},
      {"SELECT a + b FROM (VALUES (1, 2)) AS t(a, b) GROUP BY a",
       "line 1:12: Column 'b' must be in GROUP BY or inside an aggregate function"},
  };
  for (const auto& [sql, message] : errors) EXPECT_EQ(db.ErrorOf(sql), message) << sql;
}

TEST_F(RelationTest, ValuesDecideAtRunTime) {
  EXPECT_EQ(
      db.ErrorOf("SELECT a, (SELECT b FROM (VALUES (1, 'x'), (1, 'y')) AS u(k, b) WHERE k = a) "
                 "FROM (VALUES 1) AS t(a)"),
      "a scalar sub-query has returned more than one row");
  EXPECT_EQ(db.ErrorOf("SELECT lag(x, o) OVER (ORDER BY x) FROM (VALUES (1, -1)) AS t(x, o)"),
            "an offset of lag() or lead() is negative or null");
  EXPECT_EQ(db.ErrorOf("SELECT nth_value(x, o) OVER (ORDER BY x) FROM (VALUES (1, 0)) AS t(x, o)"),
            "the position of nth_value() must be at least 1");
  EXPECT_EQ(db.ErrorOf("SELECT ntile(o) OVER (ORDER BY x) FROM (VALUES (1, 0)) AS t(x, o)"),
            "the number of buckets of ntile() must be at least 1");
  EXPECT_EQ(db.ErrorOf("SELECT sum(x) OVER (ORDER BY x ROWS o PRECEDING) FROM (VALUES (1, -1)) AS "
                       "t(x, o)"),
            "an offset of a window frame is negative or null");
}

TEST_F(RelationTest, Windows) {  // W30 to W38
  EXPECT_EQ(
      Rows("SELECT hostname, measure_value::bigint FROM (SELECT *, ROW_NUMBER() OVER (PARTITION "
           "BY hostname ORDER BY time DESC) AS rn FROM $net) WHERE rn = 1 ORDER BY 1"),
      (TextRows{{"frontend01", "23"}, {"frontend02", "1450"}, {"frontend03", "300"}}));
  EXPECT_EQ(
      Rows("SELECT ROUND(AVG(measure_value::double) OVER (PARTITION BY hostname ORDER BY time "
           "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), 4) AS ma FROM $cpu ORDER BY hostname, "
           "time"),
      (TextRows{{"35.1"},
                {"45.15"},
                {"35.25"},
                {"38.5"},
                {"52.05"},
                {"54.8"},
                {"45.0"},
                {"28.55"},
                {"39.25"}}));
  EXPECT_EQ(
      Rows("SELECT to_milliseconds(time - LAG(time, 1) OVER (ORDER BY time)) AS interval FROM "
           "$cpu WHERE hostname = 'frontend02' ORDER BY time"),
      (TextRows{{"-"}, {"8000"}, {"8000"}}));
  EXPECT_EQ(
      Rows("SELECT speed, LAST_VALUE(speed) IGNORE NULLS OVER (PARTITION BY truck_id ORDER BY "
           "time RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS f FROM sampleDB.IoT "
           "WHERE truck_id='T1' ORDER BY time"),
      (TextRows{{"60.0", "60.0"}, {"0.0", "0.0"}, {"-", "0.0"}}));
  EXPECT_EQ(
      Rows("SELECT measure_value::bigint v, SUM(measure_value::bigint) OVER (ORDER BY time) s "
           "FROM $net WHERE time <= '2019-12-04 19:00:08' ORDER BY time, v"),
      (TextRows{{"1500", "39500"},
                {"15000", "39500"},
                {"23000", "39500"},
                {"1245", "40745"},
                {"1245", "41990"}}));
  EXPECT_EQ(
      Rows("SELECT sum(x) OVER (ORDER BY t RANGE BETWEEN 10s PRECEDING AND CURRENT ROW) FROM "
           "(VALUES (timestamp '2020-01-01 00:00:00', 10.0), (timestamp '2020-01-01 00:00:10', "
           "20.0), (timestamp '2020-01-01 00:00:30', 0.0)) AS v(t, x) ORDER BY t"),
      (TextRows{{"10.0"}, {"30.0"}, {"0.0"}}));
  // Over whole partitions, in two threads: the path that DuckDB gets wrong for registered
  // aggregates.
  EXPECT_EQ(
      Rows("SELECT DISTINCT hostname, sum(measure_value::double) OVER (PARTITION BY hostname), "
           "avg(measure_value::double) OVER (), max_by(measure_value::double, time) OVER "
           "(PARTITION BY hostname), count(*) OVER () FROM $cpu ORDER BY 1 LIMIT 1"),
      (TextRows{{"frontend01", "105.60000000000001", "41.91111111111111", "15.3", "9"}}));
  EXPECT_EQ(
      Rows("SELECT hostname, max(time) AS t, max_by(hostname, max(time)) OVER () FROM $cpu GROUP "
           "BY hostname ORDER BY 1 LIMIT 1"),
      (TextRows{{"frontend01", Time("10"), "frontend03"}}));
}

TEST_F(RelationTest, WindowErrors) {  // 5.9
  const std::pair<const char*, const char*> errors[] = {
      {"rank()", "line 1:8: rank() is a window function: it needs OVER (...)"},
      {"sum(rank() OVER ())", "line 1:12: an aggregate function cannot be over a window function"},
      {"sum(x) OVER (ORDER BY rank() OVER ())", "line 1:30: window functions cannot be nested"},
      {"sqrt(x) OVER ()", "line 1:8: sqrt() is no aggregate or window function"},
      {"dense_rnak() OVER ()",
       "line 1:8: Function dense_rnak not registered; did you mean 'dense_rank'?"},
      {"lag(x) OVER ()", "line 1:8: lag() needs ORDER BY in its window"},
      {"lag(x, 1e0) OVER (ORDER BY x)",
       "line 1:8: Unexpected parameters (integer, double) for function lag"},
      {"lag(x, -1) OVER (ORDER BY x)", "line 1:15: the offset of lag() must be at least 0"},
      {"lag(x, NULL) OVER (ORDER BY x)", "line 1:15: the offset of lag() must not be null"},
      {"ntile(0) OVER (ORDER BY x)",
       "line 1:14: the number of buckets of ntile() must be at least 1"},
      {"sum(x) IGNORE NULLS OVER ()",
       "line 1:8: sum() takes neither IGNORE NULLS nor RESPECT NULLS: only first_value, "
       "last_value, "
       "nth_value, lag and lead do"},
      {"sum(x) OVER (ORDER BY x ROWS BETWEEN CURRENT ROW AND 1 PRECEDING)",
       "line 1:32: a window frame from CURRENT ROW cannot end with PRECEDING"},
      {"sum(x) OVER (ORDER BY x ROWS UNBOUNDED FOLLOWING)",
       "line 1:32: a window frame cannot start at UNBOUNDED FOLLOWING"},
      {"sum(x) OVER (ORDER BY x ROWS 1e0 PRECEDING)",
       "line 1:37: the offset of a ROWS frame must be an integer, not double"},
      {"sum(x) OVER (RANGE 1 PRECEDING)",
       "line 1:27: a RANGE frame with an offset needs exactly one ORDER BY expression"},
      {"sum(x) OVER (ORDER BY x RANGE 1m PRECEDING)",
       "line 1:32: a RANGE frame needs operands of one type, not integer and interval day to "
       "second"},
      {"sum(x) OVER (ORDER BY now() RANGE 1 PRECEDING)",
       "line 1:42: a RANGE frame over timestamp cannot have an offset of integer"},
      {"sum(x ORDER BY x) OVER ()",
       "line 1:8: an aggregate function over a window takes no ORDER BY inside"},
      {"count(DISTINCT x ORDER BY x + 1)",
       "line 1:36: ORDER BY of an aggregate with DISTINCT must be one of its arguments"},
      {"sum(x) FILTER (WHERE x)", "line 1:29: a condition must be boolean, not integer"},
      {"sum(x) FILTER (WHERE max(x) > 1)", "line 1:29: aggregate functions cannot be nested"},
      {"abs(x) FILTER (WHERE true)", "line 1:8: abs() is no aggregate function"},
  };
  for (const auto& [expr, message] : errors) {
    EXPECT_EQ(db.ErrorOf("SELECT " + std::string(expr) + " FROM (VALUES 1) AS t(x)"), message);
  }
  EXPECT_EQ(db.ErrorOf("SELECT 1 FROM (VALUES 1) AS t(x) WHERE rank() OVER () = 1"),
            "line 1:40: WHERE cannot contain window functions");
  EXPECT_EQ(db.ErrorOf("SELECT x FROM (VALUES 1) AS t(x) GROUP BY x HAVING rank() OVER () = 1"),
            "line 1:52: HAVING cannot contain window functions");
}

TEST_F(RelationTest, Parameters) {  // timestream-api.md 5.3
  const char* sql =
      "SELECT hostname, measure_value::double AS v, count(*) AS n, hostname || 'x' FROM "
      "sampleDB.DevOps WHERE time > @from AND hostname = @host AND bin(time, @width) > "
      "@scheduled_runtime AND @any IS NULL GROUP BY 1, 2, 4";
  Result<Description> description = db.engine->Describe({.sql = sql});
  ASSERT_TRUE(description.ok()) << description.error().message;
  std::vector<std::string> parameters;
  for (const auto& p : description->parameters)
    parameters.push_back(p.name + " " + p.type.ToString());
  EXPECT_THAT(parameters,
              ElementsAre("from timestamp", "host varchar", "width interval day to second",
                          "scheduled_runtime timestamp", "any unknown"));
  std::vector<std::string> origins;
  for (const auto& o : description->origins)
    origins.push_back(o.database + "." + o.table + (o.aliased ? " aliased" : ""));
  EXPECT_THAT(origins, ElementsAre("sampleDB.DevOps", "sampleDB.DevOps aliased", ". aliased", "."));
  EXPECT_EQ(db.ErrorOf(sql), "line 1:111: parameter @from has no value");
  Result<std::unique_ptr<QueryResult>> result = db.engine->Execute(
      {.sql =
           "SELECT COUNT(*) FROM sampleDB.DevOps WHERE time BETWEEN bin(@scheduled_runtime, 5m) - "
           "1h AND @scheduled_runtime",
       .parameters = {{"scheduled_runtime",
                       TypeKind::kTimestamp,
                       {ParseTimestampText("2019-12-04 19:01:00").value()}}}});  // W27
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(ReadAll(**result)->at(0).at(0), (Value{int64_t{18}}));
}

// ------------------------------------------------------------------------------------------
// what reaches the store

TEST_F(RelationTest, ConditionsReachEachSideOfAJoin) {  // 7.1 (38)
  const std::string join =
      " FROM sampleDB.DevOps a JOIN sampleDB.DevOps b ON a.hostname = b.hostname AND b.az = 'z' ";
  const std::string where = "WHERE a.hostname = 'h' AND a.time > ago(1h)";
  EXPECT_THAT(Dimensions("SELECT 1" + join + where, 0), ElementsAre("hostname=h"));
  EXPECT_THAT(Dimensions("SELECT 1" + join + where, 1), ElementsAre("az=z", "hostname=h"));
  const std::string left =
      "SELECT 1 FROM sampleDB.DevOps a LEFT JOIN sampleDB.DevOps b ON a.hostname = b.hostname AND "
      "a.az = 'y' AND b.az = 'z' ";
  EXPECT_THAT(Dimensions(left, 0), ElementsAre());
  EXPECT_THAT(Dimensions(left, 1), ElementsAre("az=z"));
  EXPECT_THAT(Dimensions(left + where, 1), ElementsAre("az=z", "hostname=h"));
  EXPECT_THAT(Dimensions(left + "WHERE b.hostname = 'h'", 0), ElementsAre("hostname=h"));
  const std::string full =
      "SELECT 1 FROM sampleDB.DevOps a FULL JOIN sampleDB.DevOps b ON a.hostname = b.hostname AND "
      "a.az = 'y' AND b.az = 'z' ";
  EXPECT_THAT(Dimensions(full, 0), ElementsAre());
  EXPECT_THAT(Dimensions(full, 1), ElementsAre());
  EXPECT_THAT(Dimensions(full + "WHERE a.hostname = 'h'", 1), ElementsAre("hostname=h"));
  EXPECT_THAT(Dimensions("SELECT 1 FROM sampleDB.DevOps a JOIN sampleDB.DevOps b USING (hostname) "
                         "WHERE hostname = 'h'",
                         1),
              ElementsAre("hostname=h"));
}

TEST_F(RelationTest, ConditionsReachTheTablesOfSubqueries) {  // 7.1 (38)
  EXPECT_THAT(
      Dimensions("WITH x AS (SELECT hostname AS h, count(*) AS n FROM sampleDB.DevOps GROUP "
                 "BY hostname) SELECT * FROM (SELECT h, n FROM x) WHERE h = 'a' AND n > 1",
                 0),
      ElementsAre("hostname=a"));
  EXPECT_THAT(Dimensions("WITH x AS (SELECT hostname AS h FROM sampleDB.DevOps) SELECT * FROM x p "
                         "JOIN x q ON p.h = q.h WHERE p.h = 'a'",
                         0),
              ElementsAre());  // read twice
  EXPECT_THAT(
      Dimensions("SELECT * FROM (SELECT hostname FROM sampleDB.DevOps LIMIT 5) WHERE hostname "
                 "= 'a'",
                 0),
      ElementsAre());
  const std::string windows =
      "SELECT * FROM (SELECT hostname, az, rank() OVER (PARTITION BY hostname ORDER BY time) AS r "
      "FROM sampleDB.DevOps) WHERE ";
  EXPECT_THAT(Dimensions(windows + "hostname = 'a' AND r = 1", 0), ElementsAre("hostname=a"));
  EXPECT_THAT(Dimensions(windows + "az = 'a'", 0), ElementsAre());
  EXPECT_THAT(
      Dimensions("SELECT * FROM (SELECT hostname FROM sampleDB.DevOps UNION ALL SELECT az FROM "
                 "sampleDB.DevOps) WHERE hostname = 'a'",
                 1),
      ElementsAre("az=a"));
  // A window function sees all rows: nothing but WHERE may leave some out.
  EXPECT_EQ(Scans("SELECT count(*) OVER () FROM sampleDB.DevOps LIMIT 5")[0].points_limit,
            UINT64_MAX);
  EXPECT_FALSE(Scans("SELECT count(*) OVER () FROM sampleDB.DevOps ORDER BY time DESC LIMIT 1")[0]
                   .last_points);
}

TEST_F(RelationTest, TimesReachTheOtherSideThroughBin) {
  const auto range = [&](std::string_view where, size_t scan) {
    return Scans("SELECT 1 FROM lab.cpu r JOIN lab.cpu a ON a.time = bin(r.time, 1m) WHERE " +
                 std::string(where))[scan]
        .selection.time;
  };
  const auto at = [](std::string_view text) { return EventTime{ParseTimestampText(text).value()}; };
  EXPECT_EQ(range("a.time >= '2022-03-01 12:00:00' AND a.time < '2022-03-01 12:05:00'", 0),
            (TimeRange{at("2022-03-01 12:00:00"), at("2022-03-01 12:06:00")}));
  EXPECT_EQ(range("r.time >= '2022-03-01 12:00:00' AND r.time < '2022-03-01 12:05:00'", 1),
            (TimeRange{at("2022-03-01 11:59:00.000000001"), at("2022-03-01 12:05:00")}));
  EXPECT_EQ(range("a.time = '2022-03-01 12:00:00'", 0),
            (TimeRange{at("2022-03-01 12:00:00"), at("2022-03-01 12:01:00")}));
}

/// Statements over tables give the same rows as over sub-queries with a LIMIT, which nothing
/// passes.
TEST_F(RelationTest, WhatReachesTheStoreChangesNoAnswer) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::initializer_list<const char*> of) {
    return std::string(of.begin()[random() % of.size()]);
  };
  const auto condition = [&] {
    const std::string side = pick({"a.", "b.", "c."});
    return side + pick({"hostname = 'frontend01'", "hostname <> 'frontend02'", "az LIKE '%b'",
                        "measure_name = 'cpu_utilization'", "time >= '2019-12-04 19:00:05'",
                        "time < '2019-12-04 19:00:20'", "hostname IS NULL", "az IS NOT NULL",
                        "measure_value::bigint > 1000", "time IN ('2019-12-04 19:00:00')",
                        "hostname IN ('frontend01', 'frontend03')"});
  };
  const auto conjunction = [&](size_t most) {
    std::string out;
    for (size_t n = random() % (most + 1); n > 0; --n) out += " AND " + condition();
    return out;
  };
  const auto on = [&](std::string_view left, std::string_view right) {
    const std::string l(left);
    const std::string r(right);
    const std::string equal = pick({"hostname", "time", "az"});
    std::string out = random() % 4 == 0 ? l + ".time = bin(" + r + ".time, 10s)"
                                        : l + "." + equal + " = " + r + "." + equal;
    for (size_t n = random() % 3; n > 0; --n) {
      std::string more = condition();
      if (more[0] != 'c' || r == "c") out += " AND " + more;
    }
    return out;
  };
  const auto kind = [&] { return pick({" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "}); };
  for (int round = 0; round < 60; ++round) {
    const std::string statement =
        "SELECT count(*), count(a.time), count(b.time), count(c.time), "
        "sum(a.measure_value::double), "
        "max(b.measure_value::bigint), min(c.time) FROM $t a" +
        kind() + "$t b ON " + on("a", "b") + kind() + "$t c ON " + on("b", "c") + " WHERE true" +
        conjunction(3);
    const auto over = [&](const std::string& table) {
      std::string sql = statement;
      for (size_t at; (at = sql.find("$t")) != std::string::npos;) sql.replace(at, 2, table);
      return sql;
    };
    EXPECT_EQ(db.Rows(over("sampleDB.DevOps")),
              db.Rows(over("(SELECT * FROM sampleDB.DevOps LIMIT 1000)")))
        << over("sampleDB.DevOps");
  }
}

}  // namespace
}  // namespace tidemark::sql
