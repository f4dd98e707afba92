// SPDX-License-Identifier: Apache-2.0
// A view's row equals SELECT, bit for bit (design.md section 2): every aggregate that a view can
// name, over bins of the store and finished as a view does, against the same written in SQL.
#include <bit>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agg/aggregate.h"
#include "base/clock.h"
#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

constexpr EventTime kFrom{1'767'225'540'000'000'000};  // a whole minute
constexpr nanoseconds kBin = minutes(1);

using Results = std::map<std::string, std::string>;  // "host|bin" -> value

/// Bits of doubles, so that 0.0 and -0.0 differ.
template <typename V>
std::string BitsText(const V& value) {
  if (const auto* d = std::get_if<double>(&value)) {
    return "d" + std::to_string(std::bit_cast<uint64_t>(*d));
  }
  if (const auto* i = std::get_if<int64_t>(&value)) return "i" + std::to_string(*i);
  return "null";
}

/// `expression` by host and minute over `from`, which has host, b (the minute) and v.
Results BySql(TestDatabase& db, const std::string& expression, const std::string& from) {
  Results out;
  auto result = db.Execute("SELECT host, to_nanoseconds(b), " + expression + " FROM (" + from +
                           ") GROUP BY host, b");
  EXPECT_TRUE(result.ok()) << expression << ": " << (result.ok() ? "" : result.error().message);
  if (!result.ok()) return out;
  auto rows = ReadAll(**result);
  EXPECT_TRUE(rows.ok()) << expression << ": " << (rows.ok() ? "" : rows.error().message);
  if (!rows.ok()) return out;
  for (const auto& row : *rows) {
    out[std::get<std::string>(row[0].data) + '|' + std::to_string(std::get<int64_t>(row[1].data))] =
        BitsText(row[2].data);
  }
  return out;
}

Results ByStore(TestDatabase& db, TableId table, const agg::Aggregate& aggregate, agg::Type type) {
  store::AggregateRequest request;
  request.selection.table = table;
  request.selection.measure = {
      {store::TextPredicate::Op::kIn, {type == agg::Type::kDouble ? "m" : "n"}}};
  request.bins = store::Bins{kBin};
  request.group_by = {"host"};
  request.aggregates = {{.kind = aggregate.kind,
                         .type = type,
                         .field = {},
                         .any_type = false,
                         .bounds = aggregate.bounds,
                         .carry = aggregate.kind == agg::Kind::kIncrease ? hours(1) : hours(0)}};
  Results out;
  auto cursor = db.store.Aggregate(request);
  EXPECT_TRUE(cursor.ok());
  std::vector<store::AggregateRow> rows;
  while (cursor.ok() && (*cursor)->Next(100, rows).ok() && !rows.empty()) {
    for (const auto& row : rows) {
      const auto value =
          agg::FinishAs(aggregate, row.states.at(0), {row.bin, row.bin + kBin}).value();
      out[*row.keys.at(0) + '|' + std::to_string(row.bin.ns)] = BitsText(value);
    }
  }
  return out;
}

/// Two measures of the same values, gauges and counters with resets at once. Quarters below 2^20:
/// SQL's expressions for what SQL has no function for are exact over them.
std::vector<TestPoint> Samples() {
  static const char* const kHosts[] = {"host=a", "host=b", "host=c"};
  SeededRandom random(5);
  std::vector<TestPoint> out;
  for (const char* host : kHosts) {
    for (int64_t s = 0; s < 600; s += 1 + static_cast<int64_t>(random.Below(25))) {
      const auto quarters = static_cast<int64_t>(random.Below(4000));
      out.push_back({"m", host, kFrom + seconds(s),
                     store::ValueView::Double(static_cast<double>(quarters) / 4 - 100)});
      out.push_back({"n", host, kFrom + seconds(s), store::ValueView::Bigint(quarters)});
    }
  }
  return out;
}

struct Case {
  std::string name;
  std::string sql;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> kCases{
      {"count", "count(v)"},
      {"sum", "sum(v)"},
      {"avg", "avg(v)"},
      {"min", "min(v)"},
      {"max", "max(v)"},
      {"first", "min_by(v, time)"},
      {"last", "max_by(v, time)"},
      {"var_pop", "var_pop(v)"},
      {"var_samp", "var_samp(v)"},
      {"stddev_pop", "stddev_pop(v)"},
      {"stddev_samp", "stddev_samp(v)"},
      {"median", "cast(approx_percentile(v, 0.5) AS double)"},
      {"p95", "cast(approx_percentile(v, 0.95) AS double)"},
      {"p99.9", "cast(approx_percentile(v, 0.999) AS double)"},
      {"approx_distinct", "approx_distinct(v)"},
      {"delta", "max_by(v, time) - min_by(v, time)"},
      {"increase",
       "coalesce(sum(CASE WHEN v >= before THEN v - before ELSE v END) "
       "FILTER (WHERE before IS NOT NULL), 0)"},
      {"rate",
       "coalesce(sum(CASE WHEN v >= before THEN v - before ELSE v END) "
       "FILTER (WHERE before IS NOT NULL), 0) / 60e0"},
      {"twa", "sum(v * cast(till - ns AS double)) / cast(sum(till - ns) AS double)"},
      {"coverage", "cast(sum(till - ns) AS double) / 60e9"},
      {"le_-10.5", "count(*) FILTER (WHERE v <= -10.5)"},
      {"le_250", "count(*) FILTER (WHERE v <= 250)"},
      {"le_inf", "count(*)"},
  };
  return kCases;
}

TEST(WindowAggregates, EveryOneEqualsSelectBitForBit) {
  const agg::Bounds bounds = agg::HistogramBounds::Make({-10.5, 250}).value();
  std::map<std::string, agg::Aggregate, std::less<>> known;
  for (const agg::Aggregate& column : agg::Columns(*agg::AggregateFromName("histogram"), bounds)) {
    known.emplace(column.name, column);
  }
  // Names listed for users: each has a case.
  std::set<std::string, std::less<>> wanted{"p95"};
  std::string_view names = agg::AggregateNames();
  while (!names.empty()) {
    const size_t end = std::min(names.find(' '), names.size());
    const std::string_view name = names.substr(0, end);
    if (name != "pN" && name != "histogram") wanted.emplace(name);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  for (const StoreKind kind : kEveryStore) {
    TestDatabase db(kind);
    const TableId table = db.AddTable("lab", "windows");
    db.Write(table, Samples());
    if (kind == StoreKind::kSealed) db.Seal();
    for (const agg::Type type : {agg::Type::kDouble, agg::Type::kBigint}) {
      const bool doubles = type == agg::Type::kDouble;
      const std::string value = doubles ? "measure_value::double" : "measure_value::bigint";
      const std::string from =
          "SELECT host, b, time, v, to_nanoseconds(time) AS ns, "
          "lag(v) OVER (PARTITION BY host ORDER BY time) AS before, "
          "coalesce(to_nanoseconds(lead(time) OVER (PARTITION BY host, b ORDER BY time)), "
          "to_nanoseconds(b) + 60000000000) AS till FROM (SELECT host, time, bin(time, 1m) AS b, " +
          value + " AS v FROM lab.windows WHERE measure_name = '" + (doubles ? "m" : "n") + "')";
      for (const Case& c : Cases()) {
        const auto named = agg::AggregateFromName(c.name);
        const agg::Aggregate aggregate = named ? *named : known.at(c.name);
        const Results by_store = ByStore(db, table, aggregate, type);
        EXPECT_GE(by_store.size(), 27U);  // of three hosts and ten minutes
        EXPECT_EQ(by_store, BySql(db, c.sql, from))
            << c.name << " of " << value << ", " << StoreKindName(kind);
        wanted.erase(c.name);
      }
    }
  }
  EXPECT_TRUE(wanted.empty()) << "no case for " << *wanted.begin();
}

}  // namespace
}  // namespace tidemark::sql
