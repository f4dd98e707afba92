// SPDX-License-Identifier: Apache-2.0
// Arrays, rows, lambdas and time series through the engine: the worked queries of timestream-sql.md
// 6.4 (W40 to W66), and edges of 5.10 and 5.11.
#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

class NestedTest : public testing::Test {
 protected:
  NestedTest() {
    db.AddSamples();
    db.Open({.spill_dir = "", .threads = 2});
  }
  /// The only cell.
  std::string Cell(const std::string& sql) {
    const TextRows rows = db.Rows(sql);
    if (rows.size() != 1 || rows[0].size() != 1) return "not one cell";
    return rows[0][0];
  }
  /// An expression over series a of lab.series, called `ts`.
  std::string OfA(const std::string& expr) {
    return Cell("SELECT " + expr +
                " FROM (SELECT create_time_series(time, measure_value::double) AS ts, "
                "min(time) AS mn, max(time) AS mx FROM lab.series WHERE id = 'a')");
  }

  TestDatabase db;
};

constexpr const char* kCpu =
    "(SELECT hostname, create_time_series(time, measure_value::double) AS ts FROM sampleDB.DevOps "
    "WHERE measure_name = 'cpu_utilization' GROUP BY hostname)";

TEST_F(NestedTest, CollectsSeries) {  // W40, W41
  EXPECT_EQ(db.Rows(std::string("SELECT * FROM ") + kCpu + " ORDER BY hostname"),
            (TextRows{{"frontend01",
                       "[(2019-12-04 19:00:00,35.1),(2019-12-04 19:00:05,55.2),"
                       "(2019-12-04 19:00:10,15.3)]"},
                      {"frontend02",
                       "[(2019-12-04 19:00:00,38.5),(2019-12-04 19:00:08,65.6),"
                       "(2019-12-04 19:00:16,44.0)]"},
                      {"frontend03",
                       "[(2019-12-04 19:00:00,45.0),(2019-12-04 19:00:20,12.1),"
                       "(2019-12-04 19:00:40,66.4)]"}}));
  const std::string nothing =
      "SELECT create_time_series(time, measure_value::double) AS ts FROM sampleDB.DevOps "
      "WHERE measure_name = 'nope'";
  EXPECT_EQ(Cell(nothing), "-");
  EXPECT_EQ(db.Columns(nothing)[0].type.ToString(), "timeseries(double)");
  EXPECT_TRUE(db.Rows(nothing + " GROUP BY hostname").empty());
  const std::string rows = "(VALUES (TIMESTAMP '2020-01-01', 1), (TIMESTAMP '2020-01-01', 2))";
  EXPECT_EQ(db.ErrorOf("SELECT create_time_series(t, v) FROM " + rows + " AS x(t, v)"),
            "create_time_series: two values at 2020-01-01 00:00:00.000000000");
  EXPECT_EQ(db.ErrorOf("SELECT create_time_series(t, nullif(v, 1)) FROM " + rows + " AS x(t, v)"),
            "create_time_series: a value must not be NULL");
  EXPECT_EQ(db.ErrorOf("SELECT create_time_series(nullif(t, t), v) FROM " + rows + " AS x(t, v)"),
            "create_time_series: a time must not be NULL");
  EXPECT_EQ(Cell("SELECT create_time_series(t, v) FROM " + rows + " AS x(t, v) WHERE v = 2"),
            "[(2020-01-01 00:00:00,2)]");
}

TEST_F(NestedTest, InterpolatesOnLines) {  // W43 to W45
  EXPECT_EQ(
      db.Rows("SELECT id, interpolate_linear(create_time_series(time, measure_value::double), "
              "sequence(min(time), max(time), 10s)) AS ts FROM lab.series GROUP BY id ORDER BY id"),
      (TextRows{
          {"a",
           "[(2020-01-01 00:00:00,10.0),(2020-01-01 00:00:10,20.0),(2020-01-01 00:00:20,10.0),"
           "(2020-01-01 00:00:30,0.0),(2020-01-01 00:00:40,40.0)]"},
          {"b",
           "[(2020-01-01 00:00:05,1.0),(2020-01-01 00:00:15,2.0),"
           "(2020-01-01 00:00:25,3.0)]"}}));
  EXPECT_EQ(OfA("interpolate_linear(ts, TIMESTAMP '2020-01-01 00:00:15')"), "15.0");
  EXPECT_EQ(OfA("interpolate_linear(ts, '2020-01-01 00:00:30')"), "0.0");
  EXPECT_EQ(OfA("interpolate_linear(ts, '2020-01-01 00:00:41')"), "-");
  EXPECT_EQ(OfA("transform(interpolate_linear(ts, sequence('2020-01-01 00:00:00', "
                "'2020-01-01 00:00:45', 5s)), p -> p.value)"),
            "[10.0,15.0,20.0,15.0,10.0,5.0,0.0,20.0,40.0,-]");
  EXPECT_EQ(OfA("typeof(interpolate_linear(ts, mn))"), "double");
}

TEST_F(NestedTest, CarriesTheLastValueForward) {  // W46, W47
  EXPECT_EQ(
      OfA("interpolate_locf(ts, sequence('2019-12-31 23:59:55', '2020-01-01 00:00:45', 10s))"),
      "[(2019-12-31 23:59:55,-),(2020-01-01 00:00:05,10.0),(2020-01-01 00:00:15,20.0),"
      "(2020-01-01 00:00:25,20.0),(2020-01-01 00:00:35,0.0),(2020-01-01 00:00:45,40.0)]");
  const std::string places =
      "SELECT interpolate_locf(create_time_series(time, location), sequence(min(time), max(time), "
      "5m)) AS ts FROM sampleDB.IoT WHERE truck_id = 'T2'";
  EXPECT_EQ(Cell(places),
            "[(2021-06-01 08:00:00,Portland),(2021-06-01 08:05:00,Portland),"
            "(2021-06-01 08:10:00,Salem)]");
  EXPECT_EQ(db.Columns(places)[0].type.ToString(), "timeseries(varchar)");
  EXPECT_EQ(Cell("SELECT interpolate_locf(create_time_series(time, moving), '2021-06-01 09:00:00') "
                 "FROM sampleDB.IoT WHERE truck_id = 'T1' AND moving IS NOT NULL"),
            "false");
  EXPECT_EQ(OfA("interpolate_locf(ts, mn - 1ns)"), "-");
}

TEST_F(NestedTest, FillsWithAConstant) {  // W48
  EXPECT_EQ(OfA("transform(interpolate_fill(ts, sequence(mn, mx, 10s), -1.0), p -> p.value)"),
            "[10.0,20.0,-1.0,0.0,40.0]");
  EXPECT_EQ(OfA("interpolate_fill(ts, TIMESTAMP '2020-01-01 00:00:20', -1.0)"), "-1.0");
  EXPECT_EQ(OfA("interpolate_fill(ts, mn, nan())"), "10.0");
  EXPECT_EQ(OfA("interpolate_fill(ts, mn + 1s, nan())"), "NaN");
  const std::string loads =
      "SELECT interpolate_fill(create_time_series(time, load), sequence(min(time), max(time), 5m), "
      "0.5) AS ts FROM sampleDB.IoT WHERE truck_id = 'T2'";
  EXPECT_EQ(
      Cell(loads),
      "[(2021-06-01 08:00:00,1200.0),(2021-06-01 08:05:00,0.5),(2021-06-01 08:10:00,1200.0)]");
  EXPECT_EQ(db.Columns(loads)[0].type.ToString(), "timeseries(double)");
}

TEST_F(NestedTest, BendsSplines) {  // W49 to W51
  EXPECT_EQ(
      OfA("transform(interpolate_spline_cubic(ts, sequence(mn, mx, 5s)), p -> round(p.value, 9))"),
      "[10.0,17.578125,20.0,14.0625,4.375,-2.5,0.0,16.015625,40.0]");
  EXPECT_EQ(OfA("round(interpolate_spline_cubic(ts, '2020-01-01 00:00:20'), 9)"), "4.375");
}

TEST_F(NestedTest, DifferentiatesAndIntegrates) {  // W52 to W54
  EXPECT_EQ(OfA("derivative_linear(ts, 10s)"),
            "[(2020-01-01 00:00:10,10.0),(2020-01-01 00:00:30,-10.0),(2020-01-01 00:00:40,40.0)]");
  EXPECT_EQ(OfA("transform(derivative_linear(ts, 1m), p -> p.value)"), "[60.0,-60.0,240.0]");
  EXPECT_EQ(OfA("non_negative_derivative_linear(ts, 1m)"),
            "[(2020-01-01 00:00:10,60.0),(2020-01-01 00:00:40,240.0)]");
  EXPECT_EQ(OfA("integral_trapezoidal(ts)"), "550.0");
  EXPECT_EQ(OfA("round(integral_trapezoidal(ts, 1m), 9)"), "9.166666667");
  EXPECT_EQ(OfA("round(integral_trapezoidal(ts, INTERVAL '5' MINUTE), 9)"), "1.833333333");
  EXPECT_EQ(OfA("integral_trapezoidal(filter(ts, x -> x.time = mn))"), "0.0");
  EXPECT_EQ(OfA("derivative_linear(filter(ts, x -> x.time = mn), 1s)"), "[]");
  for (const char* wrong : {"derivative_linear(ts, 0s)", "integral_trapezoidal(ts, -1s)"}) {
    EXPECT_EQ(OfA(wrong), "error: the interval must be positive") << wrong;
  }
  EXPECT_TRUE(OfA("integral_trapezoidal(ts, 1month)").starts_with("error: line 1:8: Unexpected"));
}

TEST_F(NestedTest, Correlates) {  // W55 to W58
  const auto pair = [&](const std::string& function, const std::string& xs, const std::string& ys) {
    return Cell("SELECT round(" + function +
                "(create_time_series(t, x), create_time_series(t, y)), 12) FROM (VALUES " +
                "(TIMESTAMP '2020-01-01 00:00:01', " + xs + ")) AS s(t, x, y)" + ys);
  };
  const std::string rest = " WHERE true";  // one point: fewer than two
  EXPECT_EQ(pair("correlate_pearson", "1, 2", rest), "NaN");
  const std::string four =
      "(VALUES (1, 1, 2, 4, 10), (2, 2, 4, 3, 30), (3, 3, 5, 2, 20), (4, 4, 10, 1, 20)) AS "
      "s(i, x, y, d, r)";
  const std::string series = "create_time_series(from_milliseconds(i), ";
  EXPECT_EQ(
      Cell("SELECT round(correlate_pearson(" + series + "x), " + series + "y)), 12) FROM " + four),
      "0.948304052264");
  EXPECT_EQ(Cell("SELECT correlate_pearson(" + series + "x), " + series + "d)) FROM " + four),
            "-1.0");
  EXPECT_EQ(Cell("SELECT correlate_spearman(" + series + "if(x = 3, 2, x)), " + series +
                 "r)) FROM " + four),
            "0.5");
  EXPECT_EQ(OfA("correlate_pearson(ts, filter(ts, x -> x.value > 0))"),
            "error: the time series must have the same timestamps");
}

TEST_F(NestedTest, FiltersAndReducesSeries) {  // W59 to W63
  const std::string grid = "interpolate_linear(ts, sequence(mn, mx, 10s))";
  const std::string high = "filter(" + grid + ", x -> x.value > 15)";
  EXPECT_EQ(OfA(high), "[(2020-01-01 00:00:10,20.0),(2020-01-01 00:00:40,40.0)]");
  EXPECT_EQ(OfA("reduce(" + high + ", 0, (s, x) -> s + 1, s -> s)"), "2");
  EXPECT_EQ(OfA("typeof(reduce(" + high + ", 0, (s, x) -> s + 1, s -> s))"), "integer");
  EXPECT_EQ(OfA("reduce(filter(ts, x -> x.value > 99), 0, (s, x) -> s + 1, s -> s)"), "0");
  EXPECT_EQ(
      OfA("round(reduce(" + grid +
          ", CAST(ROW(0, 0) AS ROW(count_high BIGINT, count_total BIGINT)), (s, x) -> "
          "CAST(ROW(s.count_high + IF(x.value > 15, 1, 0), s.count_total + 1) AS ROW(count_high "
          "BIGINT, count_total BIGINT)), s -> IF(s.count_total = 0, NULL, CAST(s.count_high AS "
          "DOUBLE) / s.count_total)), 4)"),
      "0.4");
  EXPECT_EQ(
      OfA("reduce(" + grid +
          ", CAST(ROW(0.0, 0) AS ROW(sum DOUBLE, count INTEGER)), (s, x) -> CAST(ROW(x.value + "
          "s.sum, s.count + 1) AS ROW(sum DOUBLE, count INTEGER)), s -> IF(s.count = 0, NULL, "
          "s.sum / s.count))"),
      "16.0");
  EXPECT_EQ(OfA("reduce(" + grid + ", DOUBLE '0.0', (s, x) -> x.value * x.value + s, s -> s)"),
            "2200.0");
  EXPECT_EQ(OfA("filter(" + grid + ", x -> x.value < 15 AND x.time > mn + 10s)"),
            "[(2020-01-01 00:00:20,10.0),(2020-01-01 00:00:30,0.0)]");
}

TEST_F(NestedTest, KeepsTheEdgesOfGrids) {  // checklist 31
  const auto value = [&](const std::string& grid) {
    return OfA("interpolate_linear(ts, " + grid + ")");
  };
  EXPECT_EQ(value("ARRAY[mx, mn, mx]"), "[(2020-01-01 00:00:00,10.0),(2020-01-01 00:00:40,40.0)]");
  EXPECT_EQ(value("CAST(NULL AS array(timestamp))"), "-");
  EXPECT_EQ(value("CAST(NULL AS timestamp)"), "-");
  EXPECT_EQ(value("ARRAY[mn, NULL]"), "error: a time to interpolate at must not be NULL");
  EXPECT_EQ(OfA("interpolate_linear(nullif(ts, ts), mn)"), "-");
  EXPECT_EQ(OfA("interpolate_locf(filter(ts, x -> false), ARRAY[mn])"),
            "[(2020-01-01 00:00:00,-)]");
  EXPECT_EQ(OfA("interpolate_fill(filter(ts, x -> false), ARRAY[mn], 7)"),
            "[(2020-01-01 00:00:00,7.0)]");
  EXPECT_EQ(OfA("interpolate_spline_cubic(filter(ts, x -> x.value = 10), mn + 1ns)"), "-");
  // A point without a value does not count.
  EXPECT_EQ(OfA("cardinality(derivative_linear(interpolate_linear(ts, sequence(mn - 10s, mx + 10s, "
                "10s)), 1s))"),
            "4");
}

TEST_F(NestedTest, UnnestsSeries) {  // W42, W65, W66, 3.3
  const TextRows back = db.Rows(std::string("WITH x AS ") + kCpu +
                                " SELECT hostname, t.time, t.v FROM x CROSS JOIN UNNEST(ts) AS "
                                "t(time, v) ORDER BY hostname, t.time");
  ASSERT_EQ(back.size(), 9U);
  EXPECT_EQ(back[4], (std::vector<std::string>{"frontend02", "2019-12-04 19:00:08", "65.6"}));
  EXPECT_EQ(
      db.Rows("SELECT id, time, value FROM (SELECT id, interpolate_linear(create_time_series(time, "
              "measure_value::double), sequence(min(time), max(time), 10s)) AS ts FROM lab.series "
              "GROUP BY id) CROSS JOIN UNNEST(ts) ORDER BY id, time"),
      (TextRows{{"a", "2020-01-01 00:00:00", "10.0"},
                {"a", "2020-01-01 00:00:10", "20.0"},
                {"a", "2020-01-01 00:00:20", "10.0"},
                {"a", "2020-01-01 00:00:30", "0.0"},
                {"a", "2020-01-01 00:00:40", "40.0"},
                {"b", "2020-01-01 00:00:05", "1.0"},
                {"b", "2020-01-01 00:00:15", "2.0"},
                {"b", "2020-01-01 00:00:25", "3.0"}}));
  EXPECT_EQ(db.Rows("SELECT time, avg(value) FROM (SELECT id, interpolate_linear("
                    "create_time_series(time, measure_value::double), "
                    "sequence('2020-01-01 00:00:05', '2020-01-01 00:00:25', 10s)) AS ts FROM "
                    "lab.series GROUP BY id) CROSS JOIN UNNEST(ts) GROUP BY time ORDER BY time"),
            (TextRows{{"2020-01-01 00:00:05", "8.0"},
                      {"2020-01-01 00:00:15", "8.5"},
                      {"2020-01-01 00:00:25", "4.0"}}));
  EXPECT_EQ(db.Rows("WITH x AS (SELECT create_time_series(time, measure_value::double) AS ts FROM "
                    "lab.series WHERE id = 'a') SELECT t.value + s.value FROM x CROSS JOIN "
                    "UNNEST(ts) AS t CROSS JOIN UNNEST(ts) AS s WHERE t.time = s.time ORDER BY 1"),
            (TextRows{{"0.0"}, {"20.0"}, {"40.0"}, {"80.0"}}));
}

TEST_F(NestedTest, UnnestsInOrder) {  // checklist 36
  const TextRows rows = db.Rows(
      "SELECT i, x FROM (VALUES (1, sequence(1, 5000)), (2, sequence(7, 1))) AS t(i, a) "
      "CROSS JOIN UNNEST(a) AS u(x)");
  ASSERT_EQ(rows.size(), 5007U);
  for (size_t k = 1; k < rows.size(); ++k) {
    if (rows[k][0] != rows[k - 1][0]) continue;
    const int step = std::stoi(rows[k][1]) - std::stoi(rows[k - 1][1]);
    ASSERT_EQ(step, rows[k][0] == "1" ? 1 : -1) << k;
  }
  // Computed of columns that are no lists.
  EXPECT_EQ(
      db.Rows("SELECT x, n FROM (VALUES 3) AS t(i) CROSS JOIN UNNEST(sequence(i, i + 4)) WITH "
              "ORDINALITY AS u(x, n)"),
      (TextRows{{"3", "1"}, {"4", "2"}, {"5", "3"}, {"6", "4"}, {"7", "5"}}));
  EXPECT_EQ(
      db.Rows("SELECT i, p, q FROM (VALUES 1, 2) AS t(i) LEFT JOIN UNNEST(filter(ARRAY[ROW(i, "
              "'a')], r -> i > 1)) AS u(p, q) ON true ORDER BY i"),
      (TextRows{{"1", "-", "-"}, {"2", "2", "a"}}));
  EXPECT_EQ(db.Rows("SELECT i, s.time, value, n FROM (SELECT 1 AS i, CAST(NULL AS "
                    "timeseries(double)) AS ts) LEFT JOIN UNNEST(ts) WITH ORDINALITY AS s(time, "
                    "value, n) ON true"),
            (TextRows{{"1", "-", "-", "-"}}));
  EXPECT_EQ(Cell("SELECT (SELECT sum(x) FROM UNNEST(t.a) AS u(x)) FROM (VALUES (ARRAY[1, 2, 3])) "
                 "AS t(a)"),
            "6");
  EXPECT_EQ(Cell("SELECT count(*) FROM (VALUES (1, 3), (2, 4)) AS t(i, n) CROSS JOIN "
                 "UNNEST(sequence(i, n)) AS u(x)"),
            "6");
}

TEST_F(NestedTest, ReduceSeesTheColumnsOfItsOwnRow) {
  EXPECT_EQ(db.Rows("SELECT i, reduce(a, 0, (s, x) -> s + x * m, s -> s + m) FROM (VALUES "
                    "(1, ARRAY[1, 2, 3], 1), (2, ARRAY[5], 5), (3, ARRAY[], 7), (4, NULL, 8), "
                    "(5, ARRAY[1, 2], 10)) AS t(i, a, m) ORDER BY i"),
            (TextRows{{"1", "7"}, {"2", "30"}, {"3", "7"}, {"4", "-"}, {"5", "40"}}));
  EXPECT_EQ(Cell("SELECT transform(ARRAY[1, 2], n -> reduce(ARRAY[1, 2, 3], 0, (s, x) -> s + x * n "
                 "+ reduce(ARRAY[1], 0, (t, y) -> t + s + y, t -> t) * 0, s -> s))"),
            "[6,12]");
}

TEST_F(NestedTest, ComparesRowsWithConstantFields) {
  EXPECT_EQ(db.Rows("SELECT ROW(1, x) = ROW(1, 2), ROW(1, x) < ROW(1, 2), "
                    "array_position(ARRAY[ROW(1, 2)], ROW(1, x)) FROM (VALUES 1, 2, 3) AS t(x) "
                    "ORDER BY x"),
            (TextRows{{"false", "true", "0"}, {"true", "false", "1"}, {"false", "false", "0"}}));
  EXPECT_EQ(db.Rows("SELECT ROW(1, x) FROM (VALUES 1, 2) AS t(x) ORDER BY x"),
            (TextRows{{"(1,1)"}, {"(1,2)"}}));
  EXPECT_EQ(db.Rows("SELECT ROW(ROW(7, 'a'), x) FROM (VALUES 1, 2) AS t(x) ORDER BY x"),
            (TextRows{{"((7,a),1)"}, {"((7,a),2)"}}));
}

TEST_F(NestedTest, PassesThroughGroupsAndSets) {
  const std::string rows = "(VALUES (1, 10), (1, 20), (2, 30)) AS t(g, x)";
  EXPECT_EQ(db.Rows("SELECT g, filter(array_agg(x ORDER BY x), y -> y > g * 10) FROM " + rows +
                    " GROUP BY g ORDER BY g"),
            (TextRows{{"1", "[20]"}, {"2", "[30]"}}));
  EXPECT_EQ(db.Rows("SELECT ARRAY[g, 7], ROW(g, sum(x)), transform(ARRAY[1, 2], n -> n + g) FROM " +
                    rows + " GROUP BY g ORDER BY g"),
            (TextRows{{"[1,7]", "(1,30)", "[2,3]"}, {"[2,7]", "(2,30)", "[3,4]"}}));
  EXPECT_EQ(db.Rows("SELECT g, create_time_series(from_milliseconds(x), x) FILTER (WHERE x > 10) "
                    "FROM " +
                    rows + " GROUP BY g ORDER BY g"),
            (TextRows{{"1", "[(1970-01-01 00:00:00.020000000,20)]"},
                      {"2", "[(1970-01-01 00:00:00.030000000,30)]"}}));
  EXPECT_EQ(db.Rows("SELECT DISTINCT ARRAY[g] FROM " + rows + " ORDER BY 1 DESC"),
            (TextRows{{"[2]"}, {"[1]"}}));
  EXPECT_EQ(Cell("SELECT count(DISTINCT ARRAY[g, NULL]) FROM " + rows), "2");
  EXPECT_EQ(db.Rows("SELECT ARRAY[1] UNION SELECT ARRAY[2e0] ORDER BY 1"),
            (TextRows{{"[1.0]"}, {"[2.0]"}}));
  EXPECT_EQ(Cell("SELECT CASE WHEN true THEN ARRAY[1] ELSE ARRAY[BIGINT '2'] END"), "[1]");
  EXPECT_EQ(Cell("SELECT coalesce(NULL, ARRAY[])"), "[]");
  EXPECT_EQ(Cell("SELECT try(reduce(ARRAY[1, 0], 0, (s, x) -> s + 1 / x, s -> s))"), "-");
  EXPECT_EQ(Cell("SELECT try(element_at(transform(ARRAY[2, 0], x -> 1 / x), 1))"), "-");
  EXPECT_EQ(Cell("SELECT CAST(ARRAY[ROW(1, '2')] AS array(row(a varchar, b bigint)))[1].b + 1"),
            "3");
  EXPECT_EQ(Cell("SELECT TRY_CAST(ARRAY['1', 'x'] AS array(bigint))"), "-");
  EXPECT_EQ(Cell("SELECT CAST(ARRAY[DATE '2020-01-02'] AS array(timestamp))"),
            "[2020-01-02 00:00:00]");
  EXPECT_EQ(Cell("SELECT any_match(ARRAY[1, NULL], x -> x > 1) IS NULL AND "
                 "all_match(ARRAY[], x -> false) AND none_match(ARRAY[1], x -> x > 1)"),
            "true");
  EXPECT_EQ(Cell("SELECT ngrams(ARRAY[1, 2, 3], 2)"), "[[1,2],[2,3]]");
  EXPECT_EQ(Cell("SELECT cardinality(shuffle(sequence(1, 50)))"), "50");
}

TEST_F(NestedTest, EvaluatesOnce) {
  // Each call of array_union() holds its arguments several times; the text must not double.
  std::string nested = "ARRAY[x]";
  for (int i = 0; i < 30; ++i)
    nested = "array_union(" + nested + ", ARRAY[" + std::to_string(i) + "])";
  EXPECT_EQ(Cell("SELECT cardinality(" + nested + ") FROM (VALUES 99) AS t(x)"), "31");
  std::string sliced = "sequence(1, x)";
  for (int i = 0; i < 20; ++i) sliced = "array_except(slice(" + sliced + ", 1, 90), ARRAY[])";
  EXPECT_EQ(Cell("SELECT cardinality(" + sliced + ") FROM (VALUES 99) AS t(x)"), "90");
}

TEST_F(NestedTest, TakesSubqueriesAsArguments) {
  EXPECT_EQ(Cell("SELECT slice(ARRAY[25, 42], 1, (SELECT 1))"), "[25]");
  EXPECT_EQ(Cell("SELECT slice((SELECT ARRAY[x, 42]), (SELECT 2), (SELECT 1)) FROM (VALUES 25) AS "
                 "t(x)"),
            "[42]");
  EXPECT_EQ(Cell("SELECT combinations((SELECT ARRAY[1, 2]), (SELECT 2))"), "[[1,2]]");
  EXPECT_EQ(Cell("SELECT transform((SELECT ARRAY[1, 2]), x -> x + 1)"), "[2,3]");
  EXPECT_EQ(Cell("SELECT interpolate_fill(create_time_series(time, measure_value::double), (SELECT "
                 "min(time) - 1s FROM lab.series), (SELECT 7)) FROM lab.series WHERE id = 'a'"),
            "7.0");
  EXPECT_EQ(Cell("SELECT array_remove(array_union(ARRAY[(SELECT 1)], ARRAY[x]), (SELECT 2)) FROM "
                 "(VALUES 2) AS t(x)"),
            "[1]");
}

TEST_F(NestedTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT filter(ARRAY[1], x -> x)",
       "line 1:25: the lambda expression of filter() must give boolean, not integer"},
      {"SELECT transform(ARRAY[1], (x, y) -> x)",
       "line 1:28: Expected a lambda that takes 1 argument(s) but got 2"},
      {"SELECT x -> x", "line 1:10: unexpected '->'"},
      {"SELECT CAST(ROW(1) AS row(size bigint)).siz",
       "line 1:41: row(size bigint) has no field 'siz'; did you mean 'size'?"},
      {"SELECT transform(ARRAY[1], x -> sum(x))",
       "line 1:33: a lambda expression cannot contain aggregate functions"},
      {"SELECT array_distnct(ARRAY[1])",
       "line 1:8: Function array_distnct not registered; did you mean 'array_distinct'?"},
  };
  for (const auto& [sql, message] : cases) {
    EXPECT_TRUE(db.ErrorOf(sql).starts_with(message)) << sql << "\n" << db.ErrorOf(sql);
  }
}

}  // namespace
}  // namespace tidemark::sql
