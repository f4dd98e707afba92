// SPDX-License-Identifier: Apache-2.0
// What the store is asked for, and that asking for more or less gives the same bytes.
#include "sql/pushdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/testing/seed.h"
#include "sql/binder.h"
#include "sql/datetime.h"
#include "sql/explain.h"
#include "sql/parser.h"
#include "sql/testing/fixture.h"
#include "store/testing/model_store.h"

namespace tidemark::sql {
namespace {

using store::TextPredicate;
using Op = TextPredicate::Op;

class PushdownTest : public testing::Test {
 protected:
  PushdownTest() { db.AddSamples(); }

  plan::Plan BindText(std::string_view sql) {
    Result<ast::Statement> statement = ParseStatement(sql);
    EXPECT_TRUE(statement.ok()) << statement.error().message;
    const BindOptions options{"", EventTime{ParseTimestampText("2019-12-04 19:01:00").value()}};
    Result<plan::Plan> plan = Bind(*statement->query, db.names, db.store, options);
    EXPECT_TRUE(plan.ok()) << plan.error().message;
    return std::move(plan).value();
  }
  /// The lines of EXPLAIN.
  std::vector<std::string> Lines(std::string_view sql) { return Explain(BindText(sql), db.store); }

  TestDatabase db;
};

EventTime At(std::string_view text) { return {ParseTimestampText(text).value()}; }

TEST_F(PushdownTest, TakesTimeRanges) {
  const auto time = [&](std::string_view where) {
    return BindText("SELECT time FROM sampleDB.DevOps WHERE " + std::string(where))
        .scans[0]
        .selection.time;
  };
  EXPECT_EQ(time("time >= '2019-12-04' AND time < '2019-12-05'"),
            (TimeRange{At("2019-12-04"), At("2019-12-05")}));
  EXPECT_EQ(time("time > ago(50s)"),
            (TimeRange{At("2019-12-04 19:00:10.000000001"), kEventTimeMax}));
  EXPECT_EQ(time("time BETWEEN ago(2d) AND now()"),
            (TimeRange{At("2019-12-02 19:01:00"), At("2019-12-04 19:01:00.000000001")}));
  EXPECT_EQ(
      time("time BETWEEN from_milliseconds(1575486000000) AND from_milliseconds(1575486000001)"),
      (TimeRange{At("2019-12-04 19:00:00"), At("2019-12-04 19:00:00.001000001")}));
  EXPECT_EQ(time("'2019-12-04' = time"),
            (TimeRange{At("2019-12-04"), At("2019-12-04 00:00:00.000000001")}));
  EXPECT_EQ(time("now() - 1h <= time AND time <= date_trunc('day', now()) + 1d"),
            (TimeRange{At("2019-12-04 18:01:00"), At("2019-12-05 00:00:00.000000001")}));
  EXPECT_EQ(time("time IN ('2019-12-04', '2019-12-05')"),
            (TimeRange{At("2019-12-04"), At("2019-12-05 00:00:00.000000001")}));
  EXPECT_TRUE(time("time > '2020-01-01' AND time < '2019-01-01'").empty());
  EXPECT_EQ(time("time > '2019-01-01' OR hostname = 'x'"), TimeRange{});
}

TEST_F(PushdownTest, TakesNamesAndDimensions) {
  const auto selection = [&](std::string_view where) {
    return BindText("SELECT time FROM sampleDB.DevOps WHERE " + std::string(where)).scans[0];
  };
  const plan::TableScan equal =
      selection("measure_name = 'cpu_utilization' AND hostname = 'frontend01'");
  EXPECT_EQ(equal.selection.measure, (std::vector<TextPredicate>{{Op::kIn, {"cpu_utilization"}}}));
  ASSERT_EQ(equal.selection.dimensions.size(), 1);
  EXPECT_EQ(equal.selection.dimensions[0],
            (store::DimensionPredicate{"hostname", {Op::kIn, {"frontend01"}}}));
  EXPECT_TRUE(equal.exact);
  const auto first = [&](std::string_view where) {
    return selection(where).selection.dimensions.at(0).predicate;
  };
  EXPECT_EQ(first("hostname IN ('a', 'b')"), (TextPredicate{Op::kIn, {"a", "b"}}));
  EXPECT_EQ(first("hostname NOT IN ('a', 'b')"), (TextPredicate{Op::kNotIn, {"a", "b"}}));
  EXPECT_EQ(first("hostname <> 'a'"), (TextPredicate{Op::kNotIn, {"a"}}));
  EXPECT_EQ(first("hostname LIKE 'a%'"), (TextPredicate{Op::kLike, {"a%"}}));
  EXPECT_EQ(first("hostname NOT LIKE 'a!_' ESCAPE '!'"),
            (TextPredicate{Op::kNotLike, {"a!_"}, '!'}));
  EXPECT_EQ(first("'m' <= hostname"), (TextPredicate{Op::kGreaterEqual, {"m"}}));
  EXPECT_EQ(first("hostname = 'a' OR hostname IN ('b', 'c') OR 'd' = hostname"),
            (TextPredicate{Op::kIn, {"a", "b", "c", "d"}}));
  EXPECT_EQ(first("hostname IS NOT NULL"), (TextPredicate{Op::kGreaterEqual, {""}}));
  EXPECT_EQ(first("hostname IN ('a', NULL)"), (TextPredicate{Op::kIn, {"a"}}));
  for (const char* rest :
       {"hostname NOT IN ('a', NULL)", "hostname IS NULL", "hostname = region",
        "measure_value::double > 1", "concat(hostname, 'x') = 'ax'", "NOT hostname = 'a'"}) {
    const plan::TableScan scan = selection(rest);
    EXPECT_FALSE(scan.exact) << rest;
    EXPECT_TRUE(scan.selection.dimensions.empty()) << rest;
  }
}

TEST_F(PushdownTest, LimitReachesTheScanOnlyWhereNothingElseDecides) {
  const auto limit = [&](std::string_view sql) { return BindText(sql).scans[0].points_limit; };
  EXPECT_EQ(limit("SELECT * FROM sampleDB.DevOps WHERE hostname = 'frontend01' LIMIT 5"), 5);
  EXPECT_EQ(limit("SELECT * FROM sampleDB.DevOps OFFSET 2 LIMIT 5"), 7);
  EXPECT_EQ(limit("SELECT * FROM sampleDB.DevOps WHERE measure_value::double > 1 LIMIT 5"),
            UINT64_MAX);
  EXPECT_EQ(limit("SELECT * FROM sampleDB.DevOps ORDER BY time LIMIT 5"), UINT64_MAX);
  EXPECT_EQ(limit("SELECT DISTINCT hostname FROM sampleDB.DevOps LIMIT 5"), UINT64_MAX);
}

TEST_F(PushdownTest, AsksForAggregates) {  // design, section 6
  EXPECT_EQ(
      Lines("SELECT hostname, bin(time, 5m) AS t, avg(measure_value::double) AS a FROM "
            "sampleDB.DevOps WHERE "
            "measure_name = 'cpu_utilization' AND time > ago(1h) GROUP BY hostname, bin(time, 5m) "
            "HAVING "
            "count(*) > 1 ORDER BY a + 1"),
      (std::vector<std::string>{
          "aggregate \"sampleDB\".\"DevOps\"", "  pushdown: aggregate",
          "  time: [2019-12-04 18:01:00.000000001, -)",
          "  measure: measure_name = 'cpu_utilization'", "  group by: hostname, bin(time, 5m)",
          "  aggregates: avg(measure_value::double), count(*)", "  series: 3 of 6",
          "  chunks: read 0, skipped 0, by statistics 0", "  points: 9"}));
  EXPECT_EQ(Lines("SELECT hostname, measure_value::double FROM sampleDB.DevOps WHERE hostname LIKE "
                  "'f%' AND "
                  "measure_value::double > 1"),
            (std::vector<std::string>{
                "scan \"sampleDB\".\"DevOps\"", "  pushdown: scan", "  time: all",
                "  dimension: hostname LIKE 'f%'", "  columns: hostname, measure_value::double",
                "  filter: rest evaluated after the scan", "  series: 6 of 6",
                "  chunks: read 0, skipped 0, by statistics 0", "  points: 18"}));
  const TextRows plan = db.Rows("EXPLAIN\n SELECT   1");
  ASSERT_GE(plan.size(), 4U);
  EXPECT_EQ(plan[0][0], "query: SELECT 1");
  EXPECT_EQ(plan[1][0], "pushdown: none");
  EXPECT_EQ(plan[2][0], "execution engine:");
}

TEST_F(PushdownTest, ScansWhereTheStoreCannotAnswer) {
  for (const char* sql : {
           "SELECT avg(measure_value::double) FROM sampleDB.DevOps WHERE measure_value::double > 1",
           "SELECT avg(measure_value::double + 1) FROM sampleDB.DevOps",
           "SELECT count(DISTINCT hostname) FROM sampleDB.DevOps",
           "SELECT count(DISTINCT measure_value::double) FROM sampleDB.DevOps",
           "SELECT avg(measure_value::double) FILTER (WHERE time > ago(1h)) FROM sampleDB.DevOps",
           "SELECT sum(CASE WHEN az = 'x' THEN 1 ELSE 0 END) FROM sampleDB.DevOps",
           "SELECT avg(CASE WHEN az = 'x' THEN measure_value::double WHEN az = 'y' THEN "
           "measure_value::double END) FROM sampleDB.DevOps",
           "SELECT max_by(CASE WHEN az = 'x' THEN measure_value::double END, time) FROM "
           "sampleDB.DevOps",
           "SELECT sum(DISTINCT measure_value::bigint) FROM sampleDB.DevOps",
           "SELECT count(*) FROM sampleDB.DevOps GROUP BY time",
           "SELECT count(*) FROM sampleDB.DevOps GROUP BY bin(time, 1h), bin(time, 1d)",
           "SELECT count(*) FROM sampleDB.DevOps GROUP BY date_trunc('month', time)",
           "SELECT count(*) FROM (SELECT * FROM sampleDB.DevOps)",
       }) {
    EXPECT_TRUE(BindText(sql).aggregates.empty()) << sql;
  }
}

/// Queries that can be pushed down, each with a total order.
constexpr const char* kQueries[] = {
    "SELECT host, bin(time, 5m) AS t, avg(measure_value::double), sum(measure_value::double), "
    "min(measure_value::double), max(measure_value::double), count(measure_value::double), "
    "count(*) FROM lab.noise "
    "GROUP BY host, bin(time, 5m) ORDER BY host, t",
    "SELECT region, measure_name, avg(measure_value::bigint), sum(measure_value::bigint), "
    "min(measure_value::bigint), "
    "max(measure_value::bigint), avg(measure_value::double) FROM lab.noise GROUP BY region, "
    "measure_name ORDER BY 1, 2",
    "SELECT sum(measure_value::double), avg(measure_value::double), count(*), "
    "min(measure_value::varchar), "
    "max(measure_value::boolean) FROM lab.noise",
    "SELECT host, max_by(measure_value::double, time), min_by(measure_value::double, time) FROM "
    "lab.noise WHERE "
    "measure_name = 'cpu' GROUP BY host ORDER BY host",
    "SELECT max_by(measure_value::double, time), min_by(measure_value::double, time) FROM "
    "lab.noise",
    "SELECT bin(time, 1h) AS t, sum(measure_value::double) / count(*) FROM lab.noise WHERE host IN "
    "('h1', 'h2') AND "
    "time BETWEEN '2022-03-01 01:00:00' AND '2022-03-01 03:30:00' GROUP BY bin(time, 1h) HAVING "
    "count(*) > 3 ORDER BY t",
    "SELECT count(*), sum(measure_value::double), max_by(measure_value::double, time) FROM "
    "lab.noise WHERE host = "
    "'nobody'",
    "SELECT date_trunc('hour', time) AS t, region, min(time), max(time), count(*) FROM lab.noise "
    "WHERE regexp_like(measure_name, 'cpu|load') AND NOT regexp_like(host, '3$') GROUP BY "
    "date_trunc('hour', time), region ORDER BY t, region",
    "SELECT date_trunc('week', time) AS t, host, min(time), avg(measure_value::double) FROM "
    "lab.noise GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT bin(time, 90s) AS t, max(time), min(measure_value::double) FROM lab.noise GROUP BY "
    "bin(time, 90s) ORDER BY t",
    "SELECT host, bin(time, 5m) AS t, round(avg(measure_value::double), 2) AS a, 'x' AS k FROM "
    "lab.noise GROUP BY host, bin(time, 5m) ORDER BY a DESC NULLS FIRST, t DESC, host OFFSET 3 "
    "LIMIT 7",
    "SELECT region, avg(measure_value::bigint) FROM lab.noise GROUP BY region, host ORDER BY "
    "avg(measure_value::bigint), host LIMIT 2",
    "SELECT min(measure_value::varchar), host FROM lab.noise GROUP BY host ORDER BY 1 DESC, 2",
    "SELECT host, bin(time, 30m) AS t, variance(measure_value::double), "
    "var_pop(measure_value::double), stddev(measure_value::double), "
    "stddev_pop(measure_value::double), approx_percentile(measure_value::double, 0.5), "
    "approx_percentile(measure_value::double, 0.99), approx_distinct(measure_value::double) FROM "
    "lab.noise GROUP BY host, bin(time, 30m) ORDER BY host, t",
    "SELECT region, stddev(measure_value::bigint), approx_percentile(measure_value::bigint, 0.9), "
    "approx_percentile(measure_value::bigint, 1), approx_distinct(measure_value::varchar), "
    "approx_distinct(measure_value::boolean) FROM lab.noise GROUP BY region ORDER BY region",
    "SELECT stddev(measure_value::double), approx_percentile(measure_value::double, 0), "
    "approx_distinct(measure_value::bigint) FROM lab.noise WHERE host = 'nobody'",
    // The newest and the oldest bins alone.
    "SELECT bin(time, 1m) AS t, max(measure_value::double) FROM lab.noise WHERE measure_name = "
    "'cpu' AND time < '2022-03-01 05:00:00' GROUP BY bin(time, 1m) ORDER BY t DESC LIMIT 5",
    "SELECT bin(time, 1s) AS t, count(*), max_by(measure_value::bigint, time) FROM lab.noise WHERE "
    "measure_name = 'bytes' GROUP BY bin(time, 1s) ORDER BY t OFFSET 60 LIMIT 7",
    "SELECT date_trunc('week', time) AS t, count(DISTINCT host) FROM lab.noise GROUP BY 1 ORDER BY "
    "1 DESC LIMIT 3",
    "SELECT bin(time, 5m) AS t, count(*) FROM lab.noise WHERE host = 'nobody' GROUP BY bin(time, "
    "5m) ORDER BY t DESC LIMIT 3",
    // Groups finer than SQL's, put together.
    "SELECT region, bin(time, 20m) AS t, count(DISTINCT host), count(DISTINCT measure_name), "
    "count(DISTINCT region), avg(measure_value::double), max_by(measure_value::double, time) FROM "
    "lab.noise WHERE measure_name IN ('cpu', 'load') GROUP BY region, bin(time, 20m) ORDER BY "
    "region, t",
    "SELECT bin(time, 1h) AS t, avg(CASE WHEN measure_name = 'cpu' THEN measure_value::double ELSE "
    "NULL END), max(CASE WHEN measure_name = 'load' THEN measure_value::double END), "
    "sum(measure_value::bigint) FILTER (WHERE host IN ('h1', 'h3')), count(IF(host = 'h2', 1, "
    "NULL)), count(*), stddev(CASE WHEN region = 'b' THEN measure_value::bigint END), "
    "approx_percentile(measure_value::double, 0.9) FILTER (WHERE measure_name LIKE 'c%') FROM "
    "lab.noise GROUP BY bin(time, 1h) ORDER BY t",
    "SELECT measure_name, count(DISTINCT host) FILTER (WHERE region = 'a' AND host <> 'h1'), "
    "count(DISTINCT CASE WHEN regexp_like(host, '[12]') THEN region END), min(time) FILTER (WHERE "
    "host IS NOT NULL) FROM lab.noise GROUP BY measure_name ORDER BY 1",
    "SELECT count(DISTINCT host), avg(measure_value::double), max(CASE WHEN host = 'nobody' THEN "
    "measure_value::double END) FROM lab.noise",
    "SELECT count(DISTINCT host), count(*) FROM lab.noise WHERE host = 'nobody'",
    "SELECT fleet, avg(CASE WHEN truck_id LIKE '%1' THEN speed END), count(DISTINCT truck_id), "
    "sum(load) FILTER (WHERE measure_name <> 'x') FROM sampleDB.IoT GROUP BY fleet ORDER BY fleet",
    "SELECT fleet, avg(speed), sum(fuel), max(load), min(location), count(moving), "
    "max(last_service) FROM "
    "sampleDB.IoT GROUP BY fleet ORDER BY fleet",
};

/// Answered from the newest point of each series.
constexpr const char* kLastPointQueries[] = {
    "SELECT max(time) FROM lab.noise",
    "SELECT host, region, measure_name, max(time) AS t FROM lab.noise GROUP BY host, region, "
    "measure_name HAVING max(time) > '2022-03-01' ORDER BY 1, 2, 3",
    "SELECT host, max_by(measure_value::double, time), max_by(measure_value::varchar, time), "
    "max_by(concat(measure_name, '!'), time) FROM lab.noise GROUP BY host ORDER BY host",
    "SELECT region, max_by(measure_value::double * 2, time) FROM lab.noise WHERE measure_name = "
    "'cpu' AND time < '2022-03-01 03:00:00' GROUP BY region ORDER BY region",
    "SELECT fleet, truck_id, max_by(speed, time), max_by(location, time), max(time) FROM "
    "sampleDB.IoT GROUP BY fleet, truck_id ORDER BY fleet, truck_id",
    "SELECT DISTINCT host, measure_name FROM lab.noise WHERE regexp_like(measure_name, '^[cl]') "
    "ORDER BY host, measure_name",
    "SELECT count(DISTINCT host), min(host), max(measure_name) FROM lab.noise",
    "SELECT host FROM lab.noise GROUP BY host ORDER BY host",
    "SELECT * FROM lab.noise WHERE host = 'h1' AND measure_name = 'cpu' ORDER BY time DESC LIMIT 1",
    "SELECT time, host, region, measure_value::bigint FROM lab.noise WHERE measure_name = 'bytes' "
    "ORDER BY time DESC, host, region LIMIT 1",
    "SELECT max(time), max_by(host, time) FROM lab.noise WHERE host = 'nobody'",
};

/// Over every path and number of threads; leaves pushdown on.
void ExpectSameBytes(TestDatabase& db, const char* sql) {
  SCOPED_TRACE(sql);
  db.Open({.threads = 2, .pushdown = true});
  const TextRows expected = db.Rows(sql);
  ASSERT_FALSE(!expected.empty() && expected[0][0].starts_with("error")) << expected[0][0];
  for (const bool pushdown : {false, true}) {
    for (const int threads : {1, 2}) {
      db.Open({.threads = threads, .pushdown = pushdown});
      for (int i = 0; i < 6; ++i) {
        ASSERT_EQ(db.Rows(sql), expected)
            << "threads=" << threads << " pushdown=" << pushdown << " run=" << i;
      }
    }
  }
}

class EveryPath : public testing::TestWithParam<StoreKind> {};

TEST_P(EveryPath, GivesTheSameBytes) {
  TestDatabase db(GetParam());
  db.AddSamples();
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  const TableId table = db.AddTable("lab", "noise");
  std::vector<TestPoint> points;
  const EventTime start = At("2022-03-01");
  const char* hosts[] = {"host=h1,region=a", "host=h2,region=a", "host=h3,region=b", "region=b"};
  for (int i = 0; i < 1500; ++i) {
    const char* host = hosts[random.Below(4)];
    const EventTime time = start + seconds(random.Below(6 * 3600));
    // Magnitudes far apart: a sum in another order would differ.
    const double value = (random.Unit() - 0.5) * (random.Below(2) == 0 ? 1e16 : 1e-3);
    const auto version = static_cast<int64_t>(i + 1);
    switch (random.Below(4)) {
      case 0:
        points.push_back({"cpu", host, time, store::ValueView::Double(value), version});
        break;
      case 1:
        points.push_back({"load", host, time, store::ValueView::Double(value * 3), version});
        break;
      case 2:
        points.push_back({"bytes", host, time,
                          store::ValueView::Bigint(static_cast<int64_t>(random.Next() >> 12U)),
                          version});
        break;
      default:
        points.push_back({"state", host, time,
                          store::ValueView::Varchar(random.Below(2) == 0 ? "up" : "down"),
                          version});
    }
  }
  points.push_back({"ok", "host=h1", start, store::ValueView::Boolean(true)});
  db.Write(table, points);
  for (const char* sql : kQueries) {
    ExpectSameBytes(db, sql);
    ASSERT_TRUE(db.Rows("EXPLAIN " + std::string(sql))[1][0].starts_with("aggregate")) << sql;
  }
  for (const char* sql : kLastPointQueries) {
    ExpectSameBytes(db, sql);
    EXPECT_THAT(db.Rows("EXPLAIN " + std::string(sql)),
                testing::Contains(TextRows::value_type{"  points: the newest of each series"}))
        << sql;
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, EveryPath,
                         testing::Values(StoreKind::kModel, StoreKind::kEmbedded));

TEST(Direct, SaysWhereNoExecutionEngineIsNeeded) {
  TestDatabase db;
  db.AddSamples();
  const auto direct = [&](const std::string& sql) {
    const TextRows plan = db.Rows("EXPLAIN " + sql);
    return std::find(plan.begin(), plan.end(),
                     TextRows::value_type{"execution engine: not needed"}) != plan.end();
  };
  const std::string base =
      "SELECT hostname, bin(time, 5s) AS t, round(avg(measure_value::double)) FROM "
      "sampleDB.DevOps GROUP BY hostname, bin(time, 5s)";
  EXPECT_TRUE(direct(base));
  EXPECT_TRUE(direct(base + " ORDER BY t DESC, 1 LIMIT 3"));
  EXPECT_TRUE(direct("SELECT count(*) FROM sampleDB.DevOps"));
  EXPECT_TRUE(db.Rows(base + " LIMIT 0").empty());
  EXPECT_FALSE(direct(base + " HAVING count(*) > 1"));
  EXPECT_FALSE(
      direct("SELECT DISTINCT avg(measure_value::double) FROM sampleDB.DevOps GROUP BY hostname"));
  EXPECT_FALSE(direct("SELECT hostname FROM sampleDB.DevOps"));
  EXPECT_FALSE(direct("SELECT * FROM (SELECT count(*) AS n FROM sampleDB.DevOps) WHERE n > 0"));
}

TEST(Direct, TellsHowFarItIs) {
  TestDatabase db(StoreKind::kEmbedded);
  const TableId table = db.AddTable("lab", "wide");
  std::vector<TestPoint> points;
  for (int i = 0; i < 5000; ++i) {
    points.push_back({"cpu", "host=h", At("2022-03-01") + seconds(i), store::ValueView::Double(1)});
  }
  db.Write(table, points);
  const auto result =
      db.Execute("SELECT bin(time, 1s) AS t, count(*) FROM lab.wide GROUP BY bin(time, 1s)")
          .value();
  EXPECT_EQ(result->progress().percent, 0);
  RowChunk chunk;
  ASSERT_TRUE(result->Next(chunk).value());
  EXPECT_EQ(result->progress().percent, 99);  // its one series is read; rows are left
  while (result->Next(chunk).value()) {
  }
  EXPECT_EQ(result->progress().percent, 100);
}

TEST(Direct, HandsWhatIsTooLargeToSortToTheEngine) {
  TestDatabase db;
  const TableId table = db.AddTable("lab", "wide");
  std::vector<TestPoint> points;
  for (int i = 0; i < 9000; ++i) {
    points.push_back(
        {"cpu", "host=h", At("2022-03-01") + seconds(i), store::ValueView::Double(i % 17)});
  }
  db.Write(table, points);
  const std::string sql =
      "SELECT bin(time, 1s) AS t, max(measure_value::double) AS m FROM lab.wide GROUP BY bin(time, "
      "1s) "
      "ORDER BY m DESC, t";
  const TextRows expected = db.Rows(sql);
  ASSERT_EQ(expected.size(), 9000U);
  EXPECT_EQ(expected[0], (TextRows::value_type{"2022-03-01 00:00:16", "16.0"}));
  const TextRows first(expected.begin(), expected.begin() + 9);
  for (const size_t rows_max : {size_t{1}, size_t{40}, size_t{5000}}) {
    db.Open({.direct_rows_max = rows_max});
    EXPECT_EQ(db.Rows(sql), expected) << rows_max;
    EXPECT_EQ(db.Rows(sql + " LIMIT 9"), first) << rows_max;
    EXPECT_EQ(db.Rows(sql + " OFFSET 4 LIMIT 5"), TextRows(first.begin() + 4, first.end()))
        << rows_max;
  }
}

TEST_F(PushdownTest, TakesRegularExpressions) {
  const auto scan = [&](std::string_view where) {
    return BindText("SELECT time FROM sampleDB.DevOps WHERE " + std::string(where)).scans[0];
  };
  const plan::TableScan both =
      scan("regexp_like(hostname, '^front.*1$') AND NOT regexp_like(measure_name, 'memory')");
  EXPECT_EQ(both.selection.dimensions.at(0).predicate, (TextPredicate{Op::kRegex, {"^front.*1$"}}));
  EXPECT_EQ(both.selection.measure, (std::vector<TextPredicate>{{Op::kNotRegex, {"memory"}}}));
  EXPECT_TRUE(both.exact);
  const plan::TableScan rest = scan("regexp_like(concat(hostname, 'x'), 'a')");
  EXPECT_TRUE(rest.selection.dimensions.empty());
  EXPECT_FALSE(rest.exact);
  EXPECT_EQ(db.Rows("SELECT DISTINCT hostname FROM sampleDB.DevOps WHERE regexp_like(hostname, "
                    "'d0?1')"),
            (TextRows{{"frontend01"}}));
  EXPECT_EQ(db.Rows("SELECT regexp_like('abc', 'b'), regexp_like('abc', '^b')"),
            (TextRows{{"true", "false"}}));
  EXPECT_THAT(db.ErrorOf("SELECT regexp_like('abc', '(')"), testing::StartsWith("line 1:27:"));
}

TEST_F(PushdownTest, ScansForMoreThanLastPoints) {
  for (const char* sql : {
           "SELECT max(time), count(*) FROM sampleDB.DevOps",
           "SELECT max(time) FROM sampleDB.DevOps GROUP BY bin(time, 1h)",
           "SELECT max(time) FROM sampleDB.DevOps WHERE measure_value::double > 1",
           "SELECT max_by(hostname, measure_value::double) FROM sampleDB.DevOps",
           "SELECT DISTINCT time FROM sampleDB.DevOps",
           "SELECT DISTINCT hostname, measure_value::double FROM sampleDB.DevOps",
           "SELECT * FROM sampleDB.DevOps ORDER BY time DESC LIMIT 2",
           "SELECT * FROM sampleDB.DevOps ORDER BY time DESC OFFSET 1 LIMIT 1",
           "SELECT * FROM sampleDB.DevOps ORDER BY time LIMIT 1",
           "SELECT * FROM sampleDB.DevOps ORDER BY hostname, time DESC LIMIT 1",
       }) {
    EXPECT_FALSE(BindText(sql).scans[0].last_points) << sql;
  }
}

TEST(Damage, FailsWhatNeedsItAndIsToldOnceAccepted) {
  TestDatabase db;
  db.AddSamples();
  const TableId table = db.names.databases["sampleDB"]["DevOps"];
  auto& model = dynamic_cast<store::ModelStore&>(db.store);
  const TimeRange time{At("2019-12-04 19:00:05"), At("2019-12-04 19:00:15")};
  const TextRows whole = db.Rows("SELECT count(*) FROM sampleDB.DevOps");
  model.Damage(table, "0000000007.tsb", time);
  constexpr const char* kQueriesOfAll[] = {
      "SELECT count(*) FROM sampleDB.DevOps", "SELECT * FROM sampleDB.DevOps",
      "SELECT sum(measure_value::double + 1) FROM sampleDB.DevOps"};
  for (const char* sql : kQueriesOfAll) {
    EXPECT_EQ(db.CodeOf(sql), Code::kCorruption) << sql;
    EXPECT_THAT(db.ErrorOf(sql), testing::HasSubstr("0000000007.tsb")) << sql;
  }
  EXPECT_THAT(db.Rows("EXPLAIN SELECT count(*) FROM sampleDB.DevOps"),
              testing::Contains(TextRows::value_type{
                  "damaged, not readable: 0000000007.tsb from 2019-12-04 19:00:05.000000000 to "
                  "2019-12-04 19:00:15.000000000"}));
  constexpr const char* kBefore =
      "SELECT count(*) FROM sampleDB.DevOps WHERE time < '2019-12-04 19:00:05'";
  EXPECT_EQ(db.ErrorOf(kBefore), "no error");
  EXPECT_THAT(db.Rows("EXPLAIN " + std::string(kBefore)),
              testing::Not(testing::Contains(testing::Contains(testing::HasSubstr("tsb")))));

  model.AcceptGap("0000000007.tsb");
  EXPECT_NE(db.Rows(kQueriesOfAll[0]), whole);
  for (const char* sql : kQueriesOfAll) {
    auto result = std::move(db.Execute(sql)).value();
    ASSERT_TRUE(ReadAll(*result).ok());
    EXPECT_THAT(result->gaps(),
                testing::ElementsAre(store::DamagedRange{"0000000007.tsb", time, true}))
        << sql;
  }
  auto before = std::move(db.Execute(kBefore)).value();
  ASSERT_TRUE(ReadAll(*before).ok());
  EXPECT_TRUE(before->gaps().empty());
  EXPECT_THAT(db.Rows("EXPLAIN SELECT count(*) FROM sampleDB.DevOps"),
              testing::Contains(TextRows::value_type{
                  "known gap: 0000000007.tsb from 2019-12-04 19:00:05.000000000 to 2019-12-04 "
                  "19:00:15.000000000"}));
}

TEST_F(PushdownTest, ScannedPointsAreThoseOfTheMatchingSeries) {  // issue check 8
  const auto scanned = [&](std::string_view sql) {
    auto result = db.Execute(sql);
    EXPECT_TRUE(result.ok());
    EXPECT_TRUE(ReadAll(**result).ok());
    return (*result)->progress().rows_scanned;
  };
  EXPECT_EQ(scanned("SELECT * FROM sampleDB.DevOps"), 18);
  EXPECT_EQ(scanned("SELECT * FROM sampleDB.DevOps WHERE measure_name = 'cpu_utilization' AND "
                    "hostname = 'frontend02'"),
            3);
  EXPECT_EQ(scanned("SELECT avg(measure_value::double) FROM sampleDB.DevOps WHERE hostname = "
                    "'frontend02' AND "
                    "measure_name = 'cpu_utilization'"),
            3);
}

}  // namespace
}  // namespace tidemark::sql
