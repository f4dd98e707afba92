// SPDX-License-Identifier: Apache-2.0
// Statements over the tables of timestream-sql.md 6.0. That page's worked queries (W numbers) are
// golden files, testing/conformance; here is what goes beyond them.
#include "sql/engine.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

class EngineTest : public testing::Test {
 protected:
  EngineTest() { db.AddSamples(); }
  TestDatabase db;
};

TEST_F(EngineTest, ShowsDatabasesAndTables) {  // W1, W2
  EXPECT_EQ(db.Rows("SHOW DATABASES LIKE 'sam%'"), (TextRows{{"sampleDB"}}));
  EXPECT_EQ(db.Rows("SHOW TABLES FROM \"sampleDB\" LIKE '%o%'"), (TextRows{{"IoT"}}));
  EXPECT_EQ(db.Rows("SHOW TABLES FROM sampledb"), (TextRows{{"DevOps"}, {"IoT"}}));
  EXPECT_EQ(db.Rows("SHOW TABLES"), (TextRows{{"cpu"}, {"series"}, {"DevOps"}, {"IoT"}}));
  EXPECT_EQ(db.Columns("SHOW DATABASES")[0].name, "Database");
}

TEST_F(EngineTest, Describes) {  // W4, W5
  const TextRows iot = db.Rows("DESCRIBE \"sampleDB\".\"IoT\"");
  ASSERT_EQ(iot.size(), 10);
  // Dimensions that one record brings come by name.
  EXPECT_EQ(iot[0], (std::vector<std::string>{"fleet", "varchar", "DIMENSION"}));
  EXPECT_EQ(iot[4], (std::vector<std::string>{"speed", "double", "MULTI"}));
  EXPECT_EQ(iot[9], (std::vector<std::string>{"last_service", "timestamp", "MULTI"}));
  const TextRows devops = db.Rows("DESCRIBE sampleDB.DevOps;");
  EXPECT_EQ(devops[3], (std::vector<std::string>{"measure_name", "varchar", "MEASURE_NAME"}));
  EXPECT_EQ(devops[4], (std::vector<std::string>{"time", "timestamp", "TIMESTAMP"}));
  EXPECT_EQ(devops[6],
            (std::vector<std::string>{"measure_value::bigint", "bigint", "MEASURE_VALUE"}));
}

TEST_F(EngineTest, FiltersByTime) {  // W12, W13
  EXPECT_EQ(
      db.Rows(
          "SELECT count(*) AS n FROM sampleDB.DevOps WHERE time BETWEEN '2019-12-04 19:00:05' AND "
          "'2019-12-04 19:00:16'"),
      (TextRows{{"8"}}));
  db.clock.StepWall(milliseconds(1575486060000) -
                    milliseconds(db.clock.Now().ms));  // 2019-12-04 19:01:00
  EXPECT_EQ(db.Rows("SELECT count(*) AS n FROM sampleDB.DevOps WHERE time > ago(50s)"),
            (TextRows{{"6"}}));
  EXPECT_EQ(db.Rows("SELECT now(), ago(1h)"),
            (TextRows{{"2019-12-04 19:01:00", "2019-12-04 18:01:00"}}));
}

TEST_F(EngineTest, BinStartsAtTheEpoch) {  // W15
  EXPECT_EQ(
      db.Rows("SELECT bin(TIMESTAMP '2022-06-17 10:15:20', 5m), bin('2022-06-17 10:15:20', 1d), "
              "bin(TIMESTAMP '2022-06-17 10:15:20', 10day), bin(TIMESTAMP '2022-06-17 10:15:20', "
              "30day), "
              "bin(TIMESTAMP '1969-12-31 23:59:59', 1h)"),
      (TextRows{{"2022-06-17 10:15:00", "2022-06-17 00:00:00", "2022-06-17 00:00:00",
                 "2022-05-28 00:00:00", "1969-12-31 23:00:00"}}));
}

TEST_F(EngineTest, PivotsWithCase) {  // W18
  EXPECT_EQ(db.Rows("SELECT BIN(time,15s) AS b, AVG(CASE WHEN measure_name='cpu_utilization' THEN "
                    "measure_value::double ELSE NULL END) AS cpu, SUM(CASE WHEN "
                    "measure_name='network_bytes_in' THEN "
                    "measure_value::bigint ELSE NULL END) AS net FROM sampleDB.DevOps GROUP BY "
                    "BIN(time,15s) ORDER BY b"),
            (TextRows{{"2019-12-04 19:00:00", "42.449999999999996", "42013"},  // fsum(..) / 6

                      {"2019-12-04 19:00:15", "28.05", "2850"},
                      {"2019-12-04 19:00:30", "66.4", "300"}}));
}

TEST_F(EngineTest, CommonTableExpressions) {
  EXPECT_EQ(
      db.Rows(
          "WITH h AS (SELECT hostname, AVG(measure_value::double) AS a FROM sampleDB.DevOps WHERE "
          "measure_name='cpu_utilization' GROUP BY hostname), top(host, mean) AS (SELECT hostname, "
          "ROUND(a, 4) FROM h ORDER BY a DESC LIMIT 2) SELECT * FROM top t WHERE t.mean > 40 ORDER "
          "BY host"),
      (TextRows{{"frontend02", "49.3667"}, {"frontend03", "41.1667"}}));
}

TEST_F(EngineTest, FirstAndLastByTime) {
  EXPECT_EQ(db.Rows("SELECT hostname, max_by(measure_value::double, time) l, "
                    "min_by(measure_value::double, time) f, "
                    "max(time) t FROM sampleDB.DevOps WHERE measure_name = 'cpu_utilization' GROUP "
                    "BY hostname "
                    "ORDER BY hostname"),
            (TextRows{{"frontend01", "15.3", "35.1", "2019-12-04 19:00:10"},
                      {"frontend02", "44.0", "38.5", "2019-12-04 19:00:16"},
                      {"frontend03", "66.4", "45.0", "2019-12-04 19:00:40"}}));
  // The newest row has no speed: SQL keeps the NULL, pushed down or not.
  EXPECT_EQ(db.Rows("SELECT truck_id, max_by(speed, time), max_by(fuel, time) FROM sampleDB.IoT "
                    "GROUP BY truck_id "
                    "ORDER BY truck_id"),
            (TextRows{{"T1", "-", "79.0"}, {"T2", "65.5", "5.0"}, {"T3", "40.0", "50.0"}}));
}

TEST_F(EngineTest, Scalars) {  // W75 to W78, W87, W88, the part this version has
  const auto one = [&](std::string_view expr) {
    return db.Rows("SELECT " + std::string(expr))[0][0];
  };
  EXPECT_EQ(one("5/2"), "2");
  EXPECT_EQ(one("-5/2"), "-2");
  EXPECT_EQ(one("-5%3"), "-2");
  EXPECT_EQ(one("5.0/2"), "2.5");
  EXPECT_EQ(one("1e0/0"), "Infinity");
  EXPECT_EQ(one("0e0/0"), "NaN");
  EXPECT_EQ(one("nan() = nan()"), "false");
  EXPECT_EQ(one("CAST(2.5 AS integer)"), "3");
  EXPECT_EQ(one("CAST(-2.5 AS bigint)"), "-3");
  EXPECT_EQ(one("TRY_CAST('1.5' AS integer)"), "-");
  EXPECT_EQ(one("CAST(1e7 AS varchar)"), "1.0E7");
  EXPECT_EQ(one("round(1234.567, -2)"), "1200.0");
  EXPECT_EQ(one("round(15, -1)"), "20");
  EXPECT_EQ(one("greatest(1, NULL, 3)"), "-");
  EXPECT_EQ(one("coalesce(NULL, 1)"), "1");
  EXPECT_EQ(one("nullif(1, 1)"), "-");
  EXPECT_EQ(one("if(false, 'x')"), "-");
  EXPECT_EQ(one("concat('a', NULL)"), "-");
  EXPECT_EQ(one("to_milliseconds(INTERVAL '2' DAY + INTERVAL '3' HOUR)"), "183600000");
  EXPECT_EQ(one("from_milliseconds(1)"), "1970-01-01 00:00:00.001000000");
  EXPECT_EQ(one("parse_duration('42.8ms')"), "0 00:00:00.042800000");
  EXPECT_EQ(one("12month"), "1-0");
  EXPECT_EQ(one("date '2022-05-21' + 2d"), "2022-05-23");
  EXPECT_EQ(one("timestamp '2022-06-17 01:00' - interval '7' hour"), "2022-06-16 18:00:00");
  EXPECT_EQ(one("date_trunc('week', TIMESTAMP '2022-06-19 10:00')"), "2022-06-13 00:00:00");
  EXPECT_EQ(one("date_trunc('quarter', TIMESTAMP '2022-06-19 10:00')"), "2022-04-01 00:00:00");
  EXPECT_EQ(one("from_iso8601_timestamp('2022-06-17T08:04:05.000000000+05:00')"),
            "2022-06-17 03:04:05");
  EXPECT_EQ(one("TIMESTAMP '2020-01-31 10:00:00.123456789' + 1month"),
            "2020-02-29 10:00:00.123456789");
  EXPECT_EQ(one("typeof(interval '4' year + interval '2' month)"), "interval year to month");
  EXPECT_EQ(one("'50%' LIKE '50!%' ESCAPE '!'"), "true");
  EXPECT_EQ(db.ErrorOf("SELECT 1/0"), "Division by zero");
  EXPECT_EQ(db.CodeOf("SELECT 1/0"), Code::kInvalidArgument);
  EXPECT_EQ(db.CodeOf("SELECT 2147483647 + 1"), Code::kInvalidArgument);
}

TEST_F(EngineTest, KeepsNanoseconds) {  // 7.1 (22)
  const TableId table = db.AddTable("lab", "ns");
  const EventTime at{1655487883771000678};
  db.Write(table, {{"m", "id=a", at, store::ValueView::Bigint(1)}});
  EXPECT_EQ(
      db.Rows(
          "SELECT time, to_nanoseconds(time), time + 1ns, bin(time, 10ns), max(time) FROM lab.ns "
          "WHERE time = '2022-06-17 17:44:43.771000678' GROUP BY time"),
      (TextRows{{"2022-06-17 17:44:43.771000678", "1655487883771000678",
                 "2022-06-17 17:44:43.771000679", "2022-06-17 17:44:43.771000670",
                 "2022-06-17 17:44:43.771000678"}}));
}

TEST_F(EngineTest, OrdersNullsLastUnlessAsked) {
  EXPECT_EQ(db.Rows("SELECT speed FROM sampleDB.IoT WHERE truck_id = 'T1' ORDER BY speed"),
            (TextRows{{"0.0"}, {"60.0"}, {"-"}}));
  EXPECT_EQ(db.Rows("SELECT speed FROM sampleDB.IoT WHERE truck_id = 'T1' ORDER BY speed DESC"),
            (TextRows{{"60.0"}, {"0.0"}, {"-"}}));
  EXPECT_EQ(
      db.Rows(
          "SELECT speed FROM sampleDB.IoT WHERE truck_id = 'T1' ORDER BY 1 NULLS FIRST LIMIT 1"),
      (TextRows{{"-"}}));
}

TEST_F(EngineTest, ReadsViewRowsWithHiddenColumns) {
  const TableId table = db.AddTable("lab", "views");
  const ViewId view{7};
  db.store.SetReservations({{table, view, "v", 1, "avg_{measure}"}});
  const EventTime end{1646136300000000000};  // 2022-03-01 12:05:00
  db.WriteViewRow(table, view, {"avg_cpu", "host=a", end, store::ValueView::Double(2.5)},
                  {end - seconds(300), end, 2, 30});
  db.names.views["v"] = {table, store::Owner{view, 1}};
  EXPECT_EQ(db.Rows("SELECT * FROM lab.views"),
            (TextRows{{"a", "avg_cpu", "2022-03-01 12:05:00", "2.5"}}));
  EXPECT_EQ(db.Rows("SELECT host, window_start, window_end, revision, record_count, "
                    "measure_value::double FROM "
                    "view_rows('v') WHERE revision > 1"),
            (TextRows{{"a", "2022-03-01 12:00:00", "2022-03-01 12:05:00", "2", "30", "2.5"}}));
  EXPECT_EQ(db.CodeOf("SELECT * FROM view_rows('w')"), Code::kNotFound);
  EXPECT_EQ(db.ErrorOf("SELECT revision FROM lab.views"),
            "line 1:8: Column 'revision' does not exist");
}

TEST_F(EngineTest, NamesWhatDoesNotExist) {
  EXPECT_EQ(db.CodeOf("SELECT * FROM nope.t"), Code::kNotFound);
  EXPECT_EQ(db.ErrorOf("SELECT * FROM sampleDB.DevOp"),
            "line 1:24: Table 'sampleDB.DevOp' does not exist; did you mean 'DevOps'?");
  EXPECT_EQ(db.CodeOf("SELECT measure_value::varchar FROM sampleDB.DevOps"),
            Code::kInvalidArgument);  // W10
  EXPECT_EQ(db.ErrorOf("SELECT hostnam FROM sampleDB.DevOps"),
            "line 1:8: Column 'hostnam' does not exist; did you mean 'hostname'?");
  const auto error =
      QueryErrorOf({Code::kInvalidArgument, db.ErrorOf("SELECT hostnam FROM sampleDB.DevOps")});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->line, 1);
  EXPECT_EQ(error->column, 8);
  EXPECT_EQ(error->token, "hostnam");
  EXPECT_EQ(error->suggestion, "did you mean 'hostname'?");
}

TEST_F(EngineTest, CancelBeforeTheFirstRow) {
  auto result = db.Execute("SELECT * FROM sampleDB.DevOps");
  ASSERT_TRUE(result.ok());
  (*result)->Cancel();
  RowChunk chunk;
  const Result<bool> next = (*result)->Next(chunk);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, Code::kCancelled);
}

TEST_F(EngineTest, DeadlineEndsAStatement) {
  auto result = db.engine->Execute({.sql = "SELECT * FROM sampleDB.DevOps",
                                    .database = "",
                                    .deadline = db.clock.Monotonic() + seconds(1)});
  ASSERT_TRUE(result.ok());
  db.clock.Advance(seconds(2));
  RowChunk chunk;
  const Result<bool> next = (*result)->Next(chunk);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, Code::kDeadlineExceeded);
}

TEST_F(EngineTest, RefusesMoreOpenResultsThanAllowed) {
  db.Open({.results_open_max = 1});
  auto first = db.Execute("SELECT 1");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(db.CodeOf("SELECT 2"), Code::kResourceExhausted);
  ASSERT_TRUE(ReadAll(**first).ok());
  EXPECT_EQ(db.Rows("SELECT 2"), (TextRows{{"2"}}));
}

TEST_F(EngineTest, CountsProgress) {
  auto result = db.Execute(
      "SELECT hostname, measure_value::double FROM sampleDB.DevOps WHERE measure_name = "
      "'cpu_utilization' AND hostname = 'frontend01'");
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(ReadAll(**result).ok());
  EXPECT_EQ((*result)->progress().rows_scanned, 3);  // of the matching series alone
  EXPECT_EQ((*result)->progress().rows_returned, 3);
  EXPECT_EQ((*result)->progress().percent, 100.0);
}

TEST_F(EngineTest, RunsWithParameters) {
  EXPECT_EQ(db.CodeOf("SELECT @x"), Code::kInvalidArgument);
  EXPECT_THAT(db.ErrorOf("SELECT 1 + @x"), testing::HasSubstr("line 1:12: parameter @x"));
  auto result = db.engine->Execute({.sql = "SELECT @scheduled_runtime - 1h",
                                    .database = "",
                                    .parameters = {{"scheduled_runtime", TypeKind::kTimestamp,
                                                    Value{int64_t{3'600'000'000'000}}}}});
  ASSERT_TRUE(result.ok()) << result.error().message;
  RowChunk chunk;
  ASSERT_TRUE((*result)->Next(chunk).value());
  EXPECT_EQ(chunk.at(0, 0), Value{int64_t{0}});
}

TEST_F(EngineTest, ListsAndCancelsStatements) {
  auto result = db.engine->Execute(
      {.sql = "SELECT * FROM sampleDB.DevOps", .database = "", .id = "q1", .origin = "console"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(db.engine->Queries()[0].id, "q1");
  EXPECT_EQ(db.engine->Queries()[0].state, QueryState::kOpen);
  EXPECT_TRUE(db.engine->CancelQuery("q1"));
  RowChunk chunk;
  EXPECT_EQ((*result)->Next(chunk).error().code, Code::kCancelled);
  EXPECT_EQ(db.engine->Queries()[0].state, QueryState::kCancelled);
  EXPECT_FALSE(db.engine->CancelQuery("q1"));
  EXPECT_EQ(db.CodeOf("SELEC 1"), Code::kInvalidArgument);
  EXPECT_EQ(db.engine->Queries()[0].state, QueryState::kFailed);
}

TEST_F(EngineTest, StatementsRunAtTheSameTime) {
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const TextRows rows =
            db.Rows("SELECT count(*), sum(measure_value::bigint) FROM sampleDB.DevOps");
        if (rows != TextRows{{"18", "45163"}}) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace tidemark::sql
