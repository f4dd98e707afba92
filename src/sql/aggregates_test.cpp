// SPDX-License-Identifier: Apache-2.0
// Aggregate functions where timestream-sql.md 5.8 and docs/sql.md say more than the recorded
// answers do.
#include "sql/aggregates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

using testing::HasSubstr;

TEST(Aggregates, NameWhatIsWrongWithTheirArguments) {
  TestDatabase db;
  const auto error = [&](const std::string& call, const std::string& values = "(VALUES (1, 2))") {
    return db.ErrorOf("SELECT " + call + " FROM " + values + " AS t(x, y)");
  };
  EXPECT_EQ(error("sum('a')"), "line 1:8: Unexpected parameters (varchar) for function sum");
  EXPECT_EQ(error("corr(x)"), "line 1:8: Unexpected parameters (integer) for function corr");
  EXPECT_EQ(error("approx_percentile(x, 1.5)"),
            "line 1:29: percentage must be between 0 and 1, not 1.5");
  EXPECT_EQ(error("min(x, 0)"),
            "line 1:15: the number of values to keep must be 1 to 10000, not 0");
  EXPECT_EQ(error("max_by(x, y, 10001)"),
            "line 1:21: the number of values to keep must be 1 to 10000, not 10001");
  EXPECT_EQ(error("approx_distinct(x, y)"),
            "line 1:27: the standard error of approx_distinct() must be constant");
  EXPECT_EQ(error("approx_distinct(x, 0.5)"),
            "line 1:27: standard error must be in [0.0040625, 0.26], not 0.5");
  EXPECT_EQ(error("histogram(x)"), "line 1:8: Function histogram not registered");
  EXPECT_THAT(error("stdev(x)"), HasSubstr("did you mean 'stddev'?"));
  // Found by a row.
  EXPECT_EQ(error("min(x, y - 2)"), "the number of values to keep must be 1 to 10000, not 0");
  EXPECT_EQ(error("approx_percentile(x, y)"), "percentage must be between 0 and 1, not 2.0");
  EXPECT_EQ(error("approx_percentile(x, y - 2, 0.5)"),
            "weight must be an integer of at least 1, was 0.0");
  EXPECT_EQ(error("approx_percentile(x, y + 0.5, 0.5)"),
            "weight must be an integer of at least 1, was 2.5");
  EXPECT_EQ(error("approx_percentile(x, ARRAY[0.5, 2])"),
            "percentage must be between 0 and 1, not 2.0");
}

TEST(Aggregates, MinByAndMaxByTakeTheSmallestOfEqualPlaces) {
  TestDatabase db;
  const auto both = [&](const std::string& values) {
    return db.Rows("SELECT min_by(v, p), max_by(v, p) FROM (VALUES " + values + ") AS t(v, p)");
  };
  EXPECT_EQ(both("('b', 1), ('a', 1), (NULL, 1)"), (TextRows{{"a", "a"}}));
  EXPECT_EQ(both("(NULL, 1), ('a', 1), ('b', 1)"), (TextRows{{"a", "a"}}));
  EXPECT_EQ(both("(NULL, 1), ('a', 2), ('x', NULL)"), (TextRows{{"-", "a"}}));
  EXPECT_EQ(both("(3, nan()), (4, 1e0), (5, infinity())"), (TextRows{{"4", "3"}}));
  EXPECT_EQ(both("(3e0, 'y'), (4e0, 'x'), (NULL, 'z')"), (TextRows{{"4.0", "-"}}));
  EXPECT_EQ(both("(true, false), (false, true)"), (TextRows{{"true", "false"}}));
  EXPECT_EQ(both("(NULL, NULL)"), (TextRows{{"-", "-"}}));
  EXPECT_EQ(db.Rows("SELECT max_by(v, p, 2)[2] FROM (VALUES (7, 1), (8, 1), (NULL, 2)) AS t(v, p)"),
            (TextRows{{"8"}}));
}

TEST(Aggregates, CountNestedAndUntypedValues) {
  TestDatabase db;
  EXPECT_EQ(
      db.Rows("SELECT approx_distinct(ARRAY[x]), approx_distinct(NULL), arbitrary(ARRAY[x])[1] "
              "FROM (VALUES 3, 2, 3) AS t(x)"),
      (TextRows{{"2", "0", "2"}}));
}

TEST(Aggregates, StayAGroupingWhenOnlyTheirTypeIsAsked) {
  TestDatabase db;
  EXPECT_EQ(db.Rows("SELECT typeof(sum(x)) FROM (VALUES 1, 2, 3) AS t(x)"), (TextRows{{"bigint"}}));
}

// timestream-sql.md 5.8: several percentiles of one x share a state; a filter or DISTINCT keeps
// them apart.
TEST(Aggregates, SharePercentilesOfTheSameInput) {
  TestDatabase db;
  EXPECT_EQ(db.Rows("SELECT approx_percentile(x, 0.9), approx_percentile(x, 0.1), "
                    "approx_percentile(DISTINCT x, 0.5), approx_percentile(x, 0.5), "
                    "approx_percentile(x, 0.5) FILTER (WHERE x < 5), approx_percentile(y, 0.5), "
                    "approx_percentile(y, 0) FROM (VALUES (1, 7e0), (5, 8e0), (5, 9e0), (5, NULL), "
                    "(9, NULL)) AS t(x, y)"),
            (TextRows{{"9", "1", "5", "5", "1", "8.0", "7.0"}}));
  EXPECT_EQ(db.Rows("SELECT g, approx_percentile(x, 0.9), approx_percentile(x, 0.1) FROM (VALUES "
                    "(1, NULL), (2, 3)) AS t(g, x) GROUP BY g ORDER BY g"),
            (TextRows{{"1", "-", "-"}, {"2", "3", "3"}}));
}

// timestream-sql.md 5.9: the engine combines states over frames.
TEST(Aggregates, WorkOverFrames) {
  TestDatabase db;
  const std::string over = " OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)";
  EXPECT_EQ(db.Rows("SELECT k, var_pop(x)" + over + ", approx_percentile(x, 0.5)" + over +
                    ", approx_distinct(x)" + over + ", max_by(x, -x)" + over +
                    " FROM (VALUES (1, 1), (2, 3), (3, 5), (4, 5)) AS t(k, x) ORDER BY k"),
            (TextRows{{"1", "1.0", "3", "2", "1"},
                      {"2", "2.6666666666666665", "3", "3", "1"},
                      {"3", "0.8888888888888888", "5", "2", "3"},
                      {"4", "0.0", "5", "1", "5"}}));
}

// Many rows, several threads: states are merged as the threads happen to run.
TEST(Aggregates, GiveTheSameBytesWhateverTheThreadsDo) {
  TestDatabase db;
  std::string digits = "(VALUES 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)";
  std::string from = digits + " AS a(a) CROSS JOIN " + digits + " AS b(b) CROSS JOIN " + digits +
                     " AS c(c) CROSS JOIN " + digits + " AS d(d)";
  const std::string sql =
      "SELECT a % 4 AS g, stddev(v), skewness(v), kurtosis(v), corr(v, b), regr_intercept(v, c), "
      "geometric_mean(abs(v) + 1), approx_percentile(v, 0.9), approx_distinct(v), max_by(d, b), "
      "arbitrary(d) FROM (SELECT a, b, c, d, (a * 1e15 - b * 1e-3) / (c + 1) + d AS v FROM " +
      from + ") AS t GROUP BY a % 4 ORDER BY g";
  db.Open({.threads = 1});
  const TextRows expected = db.Rows(sql);
  ASSERT_EQ(expected.size(), 4U) << expected[0][0];
  for (int i = 0; i < 2; ++i) {
    db.Open({.threads = 4});
    ASSERT_EQ(db.Rows(sql), expected);
  }
}

// Their states are allocated beside the execution engine, two megabytes a group.
TEST(Percentile, IsRefusedByNameBeyondTheMemory) {
  TestDatabase db;
  db.Open({.memory_bytes_max = 24_MiB});
  const std::string sql =
      "SELECT g, approx_percentile(v, 0.5), approx_percentile(v, ARRAY[0.9, 0.99]) FROM (SELECT x "
      "% "
      "20 AS g, x * 1000 + y AS v FROM UNNEST(sequence(1, 700)) a(x) CROSS JOIN "
      "UNNEST(sequence(1, 1000)) b(y)) GROUP BY g";
  EXPECT_EQ(db.CodeOf(sql), Code::kNoSpace);
  EXPECT_THAT(db.ErrorOf(sql), testing::HasSubstr("sql.memory_max"));
  // What a statement held is given back.
  EXPECT_EQ(db.Rows("SELECT approx_percentile(x, 0.5) FROM UNNEST(sequence(1, 9)) a(x)"),
            (TextRows{{"5"}}));
}

TEST(Percentile, IsRefusedByNameBeyondTheMemoryInTheStore) {
  TestDatabase db(StoreKind::kEmbedded);
  const TableId table = db.AddTable("lab", "many");
  std::vector<TestPoint> points;
  const EventTime start{1'646'092'800'000'000'000};
  for (int i = 0; i < 20'000; ++i) {
    points.push_back({"m", i % 2 == 0 ? "host=a" : "host=b", start + milliseconds(i),
                      store::ValueView::Double(i * 0.5)});
  }
  db.Write(table, points);
  const std::string sql =
      "SELECT host, approx_percentile(measure_value::double, 0.5) AS p FROM lab.many GROUP BY host "
      "ORDER BY host";
  EXPECT_EQ(db.Rows(sql), (TextRows{{"a", "5000.0"}, {"b", "5000.5"}}));
  db.Open({.memory_bytes_max = 400'000});
  EXPECT_EQ(db.CodeOf(sql), Code::kNoSpace);
  EXPECT_THAT(db.ErrorOf(sql), testing::HasSubstr("sql.memory_max"));
}

}  // namespace
}  // namespace tidemark::sql
