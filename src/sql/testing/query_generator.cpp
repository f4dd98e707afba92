// SPDX-License-Identifier: Apache-2.0
#include "sql/testing/query_generator.h"

#include <fmt/format.h>

#include "sql/datetime.h"

namespace tidemark::sql {

using Same = GeneratedQuery::Same;

struct QueryGenerator::Table {
  struct Dimension {
    std::string name;
    std::vector<std::string> values;
  };
  std::string name;
  std::vector<Dimension> dimensions;
  std::vector<std::string> measures;
  std::vector<std::string> numbers;  // double and bigint columns
  std::vector<std::string> others;
};

namespace {

constexpr int kHours = 12;  // of data, before 2022-03-01 12:00:00
constexpr std::string_view kStart = "2022-03-01 00:00:00";

}  // namespace

const QueryGenerator::Table& QueryGenerator::AnyTable() {
  static const Table points{
      "fuzz.points",
      {{"host", {"h1", "h2", "h3", "h4", "nobody", ""}}, {"region", {"a", "b", "B", "100%", "c"}}},
      {"cpu", "load", "bytes", "state", "ok", "nothing"},
      {"measure_value::double", "measure_value::bigint"},
      {"measure_value::varchar", "measure_value::boolean"}};
  static const Table fleet{
      "fuzz.fleet",
      {{"truck", {"t1", "t2", "t3", "t4", "t5"}}, {"fleet", {"A", "B", "a", "C"}}},
      {"telemetry", "status"},
      {"speed", "fuel", "load"},
      {"location", "moving", "seen"}};
  return Chance(60) ? points : fleet;
}

GeneratedQuery QueryGenerator::Next() {
  switch (random_.Below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return Grouping();
    case 4:
      return Scan();
    case 5:
    case 6:
      return LastPoints();
    case 7:
    case 8:
    case 9:
    case 10:
      return Join();
    case 11:
      return JoinOfGroupings();
    case 12:
      return SubQuery();
    case 13:
      return OfExpressions();
    case 14:
      return Sets();
    default:
      return Windows();
  }
}

// ---------------------------------------------------------------------------------------------
// conditions

/// Often a whole quarter of an hour: where bins begin.
std::string QueryGenerator::TimeText() {
  int64_t ns = ParseTimestampText(kStart).value();
  ns += static_cast<int64_t>(random_.Below(kHours * 4 + 8)) * 900'000'000'000 - 3'600'000'000'000;
  if (Chance(40)) ns += static_cast<int64_t>(random_.Below(900)) * 1'000'000'000;
  if (Chance(15)) ns += static_cast<int64_t>(random_.Below(3)) - 1;
  std::string text;
  AppendTimestampText(ns, text);
  return text;
}

std::string QueryGenerator::TimeLiteral() {
  switch (random_.Below(5)) {
    case 0:
      return fmt::format("ago({}h)", 10 + random_.Below(16));  // now() is 2022-03-02 00:00:00
    case 1:
      return fmt::format("date_trunc('hour', now()) - {}m", 600 + random_.Below(900));
    case 2:
      return "TIMESTAMP '" + TimeText() + "'";
    default:
      return "'" + TimeText() + "'";
  }
}

std::string QueryGenerator::TimeCondition(const std::string& time) {
  switch (random_.Below(10)) {
    case 0:
      return fmt::format("{} BETWEEN {} AND {}", time, TimeLiteral(), TimeLiteral());
    case 1:
      return fmt::format("{} IN ('{}', '{}', '{}')", time, TimeText(), TimeText(), TimeText());
    case 2:
      return fmt::format("{} <= {}", TimeLiteral(), time);
    case 3:
      return fmt::format("{} > {}", TimeLiteral(), time);
    case 4:
      return fmt::format("{} <> '{}'", time, TimeText());
    case 5:
      return fmt::format("hour({}) < {}", time, random_.Below(14));
    default: {
      constexpr std::string_view kOps[] = {">=", ">", "<", "<=", ">="};
      return fmt::format("{} {} {}", time, kOps[random_.Below(5)], TimeLiteral());
    }
  }
}

std::string QueryGenerator::TextCondition(const std::string& column,
                                          const std::vector<std::string>& values) {
  const auto any = [&] { return "'" + std::string(Pick(values)) + "'"; };
  const std::string start = std::string(Pick(values)).substr(0, 1);
  switch (random_.Below(18)) {
    case 0:
      return fmt::format("{} <> {}", column, any());
    case 1:
      return fmt::format("{} IN ({}, {})", column, any(), any());
    case 2:
      return fmt::format("{} NOT IN ({}, {})", column, any(), any());
    case 3:
      return fmt::format("{} LIKE '{}%'", column, start);
    case 4:
      return fmt::format("{} NOT LIKE '_{}%'", column, std::string(Pick(values)).substr(0, 1));
    case 5:
      return fmt::format("{} LIKE '%#%%' ESCAPE '#'", column);
    case 6:
      return fmt::format("{} {} {}", column, Chance(50) ? "<" : ">=", any());
    case 7:
      return fmt::format("{} BETWEEN {} AND {}", column, any(), any());
    case 8:
      return fmt::format("{} IS {}NULL", column, Chance(50) ? "NOT " : "");
    case 9:
      return fmt::format("{}regexp_like({}, '^[a-h]{}')", Chance(40) ? "NOT " : "", column,
                         Chance(50) ? "" : ".*[1-2]$");
    case 10:
      return fmt::format("({0} = {1} OR {2} = {0})", column, any(), any());
    case 11:
      return fmt::format("{} IN ({}, NULL)", column, any());
    case 12:
      return fmt::format("upper({}) = upper({})", column, any());
    case 13:
      return fmt::format("NOT ({} = {})", column, any());
    case 14:
      return fmt::format("{} IS {}DISTINCT FROM {}", column, Chance(50) ? "NOT " : "", any());
    default:
      return fmt::format("{} = {}", column, any());
  }
}

std::string QueryGenerator::ValueCondition(const Source& source) {
  const Table& table = *source.table;
  const std::string number = source.prefix + std::string(Pick(table.numbers));
  const std::string other = source.prefix + std::string(Pick(table.others));
  switch (random_.Below(8)) {
    case 0:
      return number + " IS NOT NULL";
    case 1:
      return other + " IS NOT NULL";
    case 2:
      return other + " IS NULL";
    case 3:
      return fmt::format("{} BETWEEN -10 AND 1000", number);
    case 4:
      return fmt::format("coalesce({}, 0) <= {}", number, random_.Below(100));
    case 5:
      return fmt::format("abs({}) < 1e{}", number, random_.Below(16));
    default:
      return fmt::format("{} {} {}", number, Chance(50) ? ">" : "<=", random_.Below(60));
  }
}

std::string QueryGenerator::Condition(const Source& source) {
  const Table& table = *source.table;
  const uint64_t kind = random_.Below(20);
  if (kind < 6) return TimeCondition(source.prefix + "time");
  if (kind < 10) return TextCondition(source.prefix + "measure_name", table.measures);
  if (kind < 16) {
    const Table::Dimension& dimension = table.dimensions[random_.Below(table.dimensions.size())];
    return TextCondition(source.prefix + dimension.name, dimension.values);
  }
  if (kind < 18) return ValueCondition(source);
  if (kind < 19) return fmt::format("({} OR {})", Condition(source), Condition(source));
  return fmt::format("NOT ({} AND {})", Condition(source), Condition(source));
}

std::string QueryGenerator::Conjuncts(const Source& source, size_t most) {
  std::string out;
  for (size_t left = 1 + random_.Below(most); left > 0; --left) {
    out += (out.empty() ? "" : " AND ") + Condition(source);
  }
  return out;
}

std::string QueryGenerator::Where(const Source& source) {
  return Chance(25) ? "" : " WHERE " + Conjuncts(source, 3);
}

// ---------------------------------------------------------------------------------------------
// groupings

std::string QueryGenerator::BinOf(const std::string& time) {
  constexpr std::string_view kWidths[] = {"5m", "15m", "1h", "90s", "7h", "1d", "10day"};
  constexpr std::string_view kUnits[] = {"minute", "hour", "day", "week", "month"};
  if (Chance(70)) return fmt::format("bin({}, {})", time, kWidths[random_.Below(7)]);
  return fmt::format("date_trunc('{}', {})", kUnits[random_.Below(5)], time);
}

std::vector<QueryGenerator::Key> QueryGenerator::Keys(const Source& source) {
  std::vector<Key> keys;
  for (const Table::Dimension& dimension : source.table->dimensions) {
    if (Chance(40)) keys.push_back({source.prefix + dimension.name});
  }
  if (Chance(35)) keys.push_back({source.prefix + "measure_name"});
  if (Chance(50)) keys.push_back({BinOf(source.prefix + "time"), true});
  if (Chance(5))
    keys.push_back({"upper(" + source.prefix + source.table->dimensions[0].name + ")"});
  return keys;
}

std::string QueryGenerator::AnyColumn(const Source& source) {
  const Table& table = *source.table;
  return source.prefix + std::string(Pick(Chance(60) ? table.numbers : table.others));
}

std::string QueryGenerator::Aggregate(const Source& source) {
  const Table& table = *source.table;
  const std::string number = source.prefix + std::string(Pick(table.numbers));
  const std::string any = AnyColumn(source);
  const std::string time = source.prefix + "time";
  switch (random_.Below(20)) {
    case 0:
      return "count(*)";
    case 1:
      return "count(" + any + ")";
    case 2:
      return "sum(" + number + ")";
    case 3:
      return "avg(" + number + ")";
    case 4:
      return "min(" + any + ")";
    case 5:
      return "max(" + any + ")";
    case 6:
      return fmt::format("max_by({}, {})", any, time);
    case 7:
      return fmt::format("min_by({}, {})", any, time);
    case 8:
      return fmt::format("{}({})", Chance(50) ? "min" : "max", time);
    case 9:
      return fmt::format("{}({})", Chance(50) ? "stddev" : "var_pop", number);
    case 10:
      return fmt::format("{}({})", Chance(50) ? "variance" : "stddev_pop", number);
    case 11:
      return fmt::format("approx_percentile({}, 0.{})", number, random_.Below(100));
    case 12:
      return fmt::format("approx_percentile({}, {})", number, Chance(50) ? "1" : "0.5");
    case 13:
      return "approx_distinct(" + any + ")";
    case 14:
      return fmt::format("round(avg({}), 3)", number);
    case 15:
      return fmt::format("sum({}) / count(*)", number);
    case 16:
      return fmt::format("count(DISTINCT {}{})", source.prefix,
                         table.dimensions[random_.Below(table.dimensions.size())].name);
    case 17:
      return Chance(50) ? fmt::format("sum({0}) FILTER (WHERE {0} > 5)", number)
                        : fmt::format("avg(abs({}))", number);
    case 18:
      return Chance(50) ? "count(1)" : fmt::format("count({})", time);
    default:
      return fmt::format("max({0}) - min({0})", number);
  }
}

std::string QueryGenerator::GroupingText(const Source& source, std::vector<std::string>& columns) {
  const std::vector<Key> keys = Keys(source);
  std::string items;
  std::string group;
  const bool ordinals = Chance(20);
  for (size_t i = 0; i < keys.size(); ++i) {
    columns.push_back("k" + std::to_string(i));
    items += fmt::format("{}{} AS k{}", items.empty() ? "" : ", ", keys[i].expr, i);
    group += fmt::format("{}{}", group.empty() ? "" : ", ",
                         ordinals ? std::to_string(i + 1) : keys[i].expr);
  }
  const size_t aggregates = 1 + random_.Below(4);
  for (size_t i = 0; i < aggregates; ++i) {
    columns.push_back("a" + std::to_string(i));
    items += fmt::format("{}{} AS a{}", items.empty() ? "" : ", ", Aggregate(source), i);
  }
  std::string sql = "SELECT " + items + " FROM " + source.table->name + Where(source);
  if (!group.empty()) sql += " GROUP BY " + group;
  if (Chance(15)) {
    constexpr std::string_view kOf[] = {"sum", "count", "min", "avg"};
    sql += fmt::format(" HAVING {}({}) > {}", kOf[random_.Below(4)], Pick(source.table->numbers),
                       random_.Below(20));
  }
  return sql;
}

void QueryGenerator::Order(size_t columns, GeneratedQuery& query) {
  if (Chance(40)) return;
  query.same = Same::kSequence;
  query.sql += " ORDER BY";
  const size_t first = random_.Below(columns);
  for (size_t i = 0; i < columns; ++i) {
    constexpr std::string_view kHow[] = {"", "", " DESC", " NULLS FIRST", " DESC NULLS FIRST"};
    query.sql += fmt::format("{} {}{}", i == 0 ? "" : ",", (first + i) % columns + 1,
                             kHow[random_.Below(5)]);
  }
  if (Chance(15)) query.sql += fmt::format(" OFFSET {}", random_.Below(5));
  if (Chance(40)) query.sql += fmt::format(" LIMIT {}", random_.Below(12));
}

GeneratedQuery QueryGenerator::Grouping() {
  GeneratedQuery query;
  std::vector<std::string> columns;
  query.sql = GroupingText(AnySource(), columns);
  Order(columns.size(), query);
  return query;
}

// ---------------------------------------------------------------------------------------------
// rows

GeneratedQuery QueryGenerator::Scan() {
  GeneratedQuery query;
  const Source source = AnySource();
  const bool narrow = Chance(60);
  size_t columns = 2 + source.table->dimensions.size() + source.table->numbers.size() +
                   source.table->others.size();
  std::string items = "*";
  if (narrow) {
    columns = 3;
    items = fmt::format("time, {}, {}", AnyColumn(source),
                        Chance(50) ? source.table->dimensions[0].name : "measure_name");
  }
  query.sql = fmt::format("SELECT {}{} FROM {}{}", Chance(10) ? "DISTINCT " : "", items,
                          source.table->name, Where(source));
  if (Chance(30)) {
    query.same = Same::kCountOfAny;
    query.whole = query.sql;
    if (Chance(20)) query.sql += fmt::format(" OFFSET {}", random_.Below(3));
    query.sql += fmt::format(" LIMIT {}", random_.Below(9));
    return query;
  }
  Order(columns, query);
  return query;
}

GeneratedQuery QueryGenerator::LastPoints() {
  GeneratedQuery query;
  const Source source = AnySource();
  const std::string from = " FROM " + source.table->name + Where(source);
  const std::string dimension(source.table->dimensions[random_.Below(2)].name);
  const auto any = [&]() -> std::string {
    switch (random_.Below(6)) {
      case 0:
        return "max(time)";
      case 1:
        return "max_by(" + AnyColumn(source) + ", time)";
      case 2:
        return "count(DISTINCT " + dimension + ")";
      case 3:
        return "min(" + dimension + ")";
      case 4:
        return "max(measure_name)";
      default:
        return "max_by(" + std::string(Pick(source.table->numbers)) + " * 2, time)";
    }
  };
  size_t columns = 2;
  switch (random_.Below(5)) {
    case 0:
      query.sql = "SELECT DISTINCT " + dimension + ", measure_name" + from;
      break;
    case 1:
      query.sql = fmt::format("SELECT {}, {}{}", any(), any(), from);
      break;
    case 2:
      query.sql = fmt::format("SELECT {0} FROM {1} GROUP BY {0}", dimension, from.substr(6));
      columns = 1;
      break;
    case 3:
      query.sql = fmt::format("SELECT *{} ORDER BY time DESC", from);
      for (const Table::Dimension& d : source.table->dimensions) query.sql += ", " + d.name;
      query.sql += ", measure_name LIMIT 1";
      query.same = Same::kSequence;
      return query;
    default:
      query.sql =
          fmt::format("SELECT {0}, measure_name AS m, {2}, {3}{1} GROUP BY {0}, measure_name",
                      dimension, from, any(), any());
      columns = 4;
  }
  Order(columns, query);
  return query;
}

GeneratedQuery QueryGenerator::Join() {
  GeneratedQuery query;
  const Source a{&AnyTable(), "a."};
  const Source b{a.table, "b."};
  constexpr std::string_view kKinds[] = {"JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN",
                                         "FULL JOIN"};
  const std::string_view kind = kKinds[random_.Below(5)];
  const std::string& dimension = a.table->dimensions[0].name;
  std::string on;
  switch (random_.Below(4)) {
    case 0:
      on = fmt::format("a.{0} = b.{0} AND a.time = b.time", dimension);
      break;
    case 1:
      on = fmt::format("a.{0} = b.{0} AND b.time = bin(a.time, 15m)", dimension);
      break;
    case 2:
      on = fmt::format("a.time = b.time AND a.measure_name = b.measure_name AND a.{0} = b.{0}",
                       a.table->dimensions[1].name);
      break;
    default:
      on = "a.time = b.time";
  }
  if (Chance(60)) on += " AND " + Condition(Chance(50) ? a : b);
  std::string where;
  if (Chance(45)) where = Condition(a);
  if (Chance(30)) where += (where.empty() ? "" : " AND ") + Condition(b);
  if (!where.empty()) where = " WHERE " + where;
  const std::string from =
      fmt::format(" FROM {0} a {1} {0} b ON {2}{3}", a.table->name, kind, on, where);
  if (Chance(50)) {
    query.sql = fmt::format("SELECT a.{0} AS k, {1}, {2}, count(b.time){3} GROUP BY a.{0}",
                            dimension, Aggregate(a), Aggregate(b), from);
    Order(4, query);
    return query;
  }
  query.sql = fmt::format("SELECT a.time, b.time AS t, a.{}, {} AS x, {} AS y{}", dimension,
                          AnyColumn(a), AnyColumn(b), from);
  Order(5, query);
  return query;
}

GeneratedQuery QueryGenerator::JoinOfGroupings() {
  GeneratedQuery query;
  const Source source = AnySource();
  const std::string& dimension = source.table->dimensions[0].name;
  const std::string bin = BinOf("time");
  const auto grouping = [&] {
    return fmt::format("SELECT {0} AS d, {1} AS t, {2} AS x FROM {3}{4} GROUP BY {0}, {1}",
                       dimension, bin, Aggregate(source), source.table->name, Where(source));
  };
  constexpr std::string_view kKinds[] = {"JOIN", "LEFT JOIN", "FULL JOIN"};
  const std::string l = grouping();
  const std::string r = grouping();
  query.sql = fmt::format(
      "WITH l AS ({}), r AS ({}) SELECT l.d, l.t, l.x, r.d AS rd, r.t AS rt, r.x AS rx FROM l {} r "
      "ON "
      "l.d = r.d AND l.t = r.t",
      l, r, kKinds[random_.Below(3)]);
  if (Chance(50)) query.sql += " WHERE " + TextCondition("l.d", source.table->dimensions[0].values);
  if (Chance(30))
    query.sql += (query.sql.ends_with("l.t = r.t") ? " WHERE " : " AND ") + TimeCondition("r.t");
  Order(6, query);
  return query;
}

// ---------------------------------------------------------------------------------------------
// queries around queries

GeneratedQuery QueryGenerator::SubQuery() {
  GeneratedQuery query;
  const Source source = AnySource();
  const std::string& dimension = source.table->dimensions[0].name;
  const std::vector<std::string>& values = source.table->dimensions[0].values;
  if (Chance(40)) {  // a condition on a grouping's key goes into it, one on its result stays
    query.sql = fmt::format(
        "SELECT d, t, x FROM (SELECT {0} AS d, {1} AS t, {2} AS x FROM {3}{4} GROUP BY {0}, {1}) "
        "WHERE "
        "{5}",
        dimension, BinOf("time"), Aggregate(source), source.table->name, Where(source),
        Chance(50) ? TextCondition("d", values) : TimeCondition("t"));
    Order(3, query);
    return query;
  }
  if (Chance(50)) {  // a grouping of conditions outside of a scan
    query.sql =
        fmt::format("SELECT {0}, {1} FROM (SELECT * FROM {2}{3}) WHERE {4} GROUP BY {0}", dimension,
                    Aggregate(source), source.table->name, Where(source), Conjuncts(source, 2));
    Order(2, query);
    return query;
  }
  query.sql = fmt::format(
      "WITH f AS (SELECT {0} AS d, measure_name AS m, count(*) AS n, max({1}) AS x FROM {2}{3} "
      "GROUP BY "
      "{0}, measure_name) SELECT d, sum(n), max(x) FROM f WHERE {4} GROUP BY d",
      dimension, Pick(source.table->numbers), source.table->name, Where(source),
      Chance(50) ? TextCondition("d", values) : TextCondition("m", source.table->measures));
  Order(3, query);
  return query;
}

GeneratedQuery QueryGenerator::OfExpressions() {
  GeneratedQuery query;
  const Source source = AnySource();
  const std::string& table = source.table->name;
  const std::string& dimension = source.table->dimensions[0].name;
  switch (random_.Below(4)) {
    case 0:
      query.sql = fmt::format(
          "SELECT {0}, {1} FROM {2} WHERE {0} IN (SELECT {0} FROM {2}{3}) AND {4} GROUP BY {0}",
          dimension, Aggregate(source), table, Where(source), Condition(source));
      break;
    case 1:
      query.sql =
          fmt::format("SELECT time, {0} FROM {1} WHERE time = (SELECT max(time) FROM {1}{2})",
                      dimension, table, Where(source));
      break;
    case 2:
      query.sql = fmt::format(
          "SELECT {0}, (SELECT count(*) FROM {1} i WHERE i.{0} = o.{0} AND {2}) AS n FROM {1} o "
          "GROUP BY "
          "{0}",
          dimension, table, Condition({source.table, "i."}));
      break;
    default:
      query.sql = fmt::format(
          "SELECT o.time, o.{0} FROM {1} o WHERE {2} AND EXISTS (SELECT 1 FROM {1} i WHERE i.{0} = "
          "o.{0} "
          "AND i.time = o.time AND {3})",
          dimension, table, Condition({source.table, "o."}), Condition({source.table, "i."}));
  }
  Order(2, query);
  return query;
}

GeneratedQuery QueryGenerator::Sets() {
  GeneratedQuery query;
  const Source source = AnySource();
  const std::string& dimension = source.table->dimensions[0].name;
  const std::string aggregate = Aggregate(source);
  const auto side = [&] {
    return fmt::format("SELECT {0} AS d, {1} AS x FROM {2}{3} GROUP BY {0}", dimension, aggregate,
                       source.table->name, Where(source));
  };
  constexpr std::string_view kKinds[] = {"UNION ALL", "UNION", "INTERSECT", "EXCEPT"};
  const std::string left = side();
  query.sql = fmt::format("{} {} {}", left, kKinds[random_.Below(4)], side());
  if (Chance(40)) {
    query.sql = fmt::format("SELECT d, x FROM ({}) WHERE {}", query.sql,
                            TextCondition("d", source.table->dimensions[0].values));
  }
  Order(2, query);
  return query;
}

GeneratedQuery QueryGenerator::Windows() {
  GeneratedQuery query;
  const Source source = AnySource();
  const std::string& dimension = source.table->dimensions[0].name;
  const std::string x(Pick(source.table->numbers));
  // Rows of one series and one time are one: the order inside a partition is whole.
  query.sql = fmt::format(
      "SELECT d, m, t, {0} OVER (PARTITION BY d, e, m ORDER BY t) AS w, {1} OVER (PARTITION BY d) "
      "AS p "
      "FROM (SELECT {2} AS d, {3} AS e, measure_name AS m, time AS t, {4} AS x FROM {5}{6}) WHERE "
      "{7}",
      Chance(50) ? "sum(x)" : "lag(x)", Chance(50) ? "avg(x)" : "count(x)", dimension,
      source.table->dimensions[1].name, x, source.table->name, Where(source),
      Chance(50) ? TextCondition("d", source.table->dimensions[0].values) : TimeCondition("t"));
  Order(5, query);
  return query;
}

// ---------------------------------------------------------------------------------------------
// points

namespace {

constexpr int kParts = 3;
constexpr int kPointsOfPart = 400;

EventTime AnyTime(SeededRandom& random) {
  int64_t ns = ParseTimestampText(kStart).value();
  // Few enough that points meet, at quarters of an hour too.
  ns += static_cast<int64_t>(random.Below(kHours * 60)) * 60'000'000'000;
  if (random.Below(10) == 0) ns += static_cast<int64_t>(random.Below(3)) - 1;
  return {ns};
}

double AnyDouble(SeededRandom& random) {
  switch (random.Below(4)) {
    case 0:
      return (random.Unit() - 0.5) * 1e16;
    case 1:
      return random.Unit() * 1e-3;
    case 2:
      return static_cast<double>(random.Below(50));
    default:
      return random.Unit() * 100;
  }
}

store::ValueView AnyState(SeededRandom& random) {
  constexpr std::string_view kStates[] = {"up", "down", "", "zebra", "\xc3\xa4nderung"};
  return store::ValueView::Varchar(kStates[random.Below(5)]);
}

TestPoint AnyPoint(SeededRandom& random) {
  constexpr std::string_view kSeries[] = {
      "host=h1,region=a", "host=h2,region=a", "host=h3,region=b",   "region=b",
      "host=h1",          "host=h2,region=B", "host=h3,region=100%"};
  const std::string_view series = kSeries[random.Below(7)];
  const EventTime time = AnyTime(random);
  switch (random.Below(6)) {
    case 0:
    case 1:
      return {"cpu", series, time, store::ValueView::Double(AnyDouble(random))};
    case 2:
      return {"load", series, time, store::ValueView::Double(AnyDouble(random))};
    case 3:
      return {"bytes", series, time,
              store::ValueView::Bigint(static_cast<int64_t>(random.Next() >> 14U) - 1000)};
    case 4:
      return {"state", series, time, AnyState(random)};
    default:
      return {"ok", series, time, store::ValueView::Boolean(random.Below(2) == 0)};
  }
}

TestPoint AnyRecord(SeededRandom& random, std::vector<store::FieldView>& fields) {
  using store::ValueView;
  constexpr std::string_view kSeries[] = {"fleet=A,truck=t1", "fleet=A,truck=t2",
                                          "fleet=B,truck=t3", "fleet=a,truck=t4"};
  const auto present = [&] { return random.Below(4) != 0; };
  if (present()) fields.push_back({"speed", ValueView::Double(AnyDouble(random))});
  if (present())
    fields.push_back({"load", ValueView::Bigint(static_cast<int64_t>(random.Below(1000)))});
  if (present()) fields.push_back({"location", AnyState(random)});
  const std::string_view measure = random.Below(4) == 0 ? "status" : "telemetry";
  if (measure == "telemetry") {
    fields.push_back({"fuel", ValueView::Double(AnyDouble(random))});
    if (present()) fields.push_back({"moving", ValueView::Boolean(random.Below(2) == 0)});
  } else {
    fields.push_back({"seen", ValueView::Timestamp(AnyTime(random))});
  }
  return {measure, kSeries[random.Below(4)], AnyTime(random), ValueView::Multi(fields)};
}

}  // namespace

void QueryGenerator::WriteTables(TestDatabase& db, uint64_t seed) {
  SeededRandom random(seed);
  const TableId points = db.AddTable("fuzz", "points");
  const TableId fleet = db.AddTable("fuzz", "fleet");
  for (int part = 0; part < kParts; ++part) {
    std::vector<TestPoint> singles;
    std::vector<TestPoint> records;
    std::vector<std::vector<store::FieldView>> fields(kPointsOfPart);
    fields.reserve(2 * kPointsOfPart);  // views of them are kept
    // Series that one part has alone: whole chunks of them answer without being decoded.
    for (int i = 0; part == 0 && i < kPointsOfPart / 4; ++i) {
      const EventTime time = {ParseTimestampText(kStart).value() + i * 420'000'000'000};
      singles.push_back({"cpu", "host=h4,region=c", time, store::ValueView::Double(i % 7 + 0.5)});
      records.push_back({"telemetry", "fleet=C,truck=t5", time,
                         store::ValueView::Multi(fields.emplace_back(std::vector<store::FieldView>{
                             {"speed", store::ValueView::Double(AnyDouble(random))},
                             {"load", store::ValueView::Bigint(i)}}))});
    }
    for (int i = 0; i < kPointsOfPart; ++i) {
      const int64_t version = int64_t{part} * kPointsOfPart + i + 1;
      singles.push_back(AnyPoint(random));
      singles.back().version = version;
      records.push_back(AnyRecord(random, fields[static_cast<size_t>(i)]));
      records.back().version = version;
    }
    db.Write(points, singles);
    db.Write(fleet, records);
    if (part + 1 < kParts && !db.is_model()) db.Seal();
  }
}

}  // namespace tidemark::sql
