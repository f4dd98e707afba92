// SPDX-License-Identifier: Apache-2.0
// Aggregates that look between samples and before a window (event-time.md 8.2, 8.3): rows J18, J20,
// J21, H14, and everything against a loop over what was written.
#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "agg/aggregate.h"
#include "base/clock.h"
#include "base/testing/seed.h"
#include "store/testing/conformance.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;

AggregateColumn Column(std::string_view name, agg::Type type, nanoseconds carry = seconds(0),
                       std::string field = "") {
  return {.kind = agg::AggregateFromName(name)->kind,
          .type = type,
          .field = std::move(field),
          .any_type = false,
          .bounds = nullptr,
          .carry = carry};
}

/// What each aggregate of the one row gives over `window`.
std::vector<std::string> ReadOne(Store& store, const AggregateRequest& request,
                                 std::initializer_list<std::string_view> names) {
  std::vector<AggregateRow> rows;
  auto cursor = store.Aggregate(request);
  EXPECT_TRUE(cursor.ok() && (*cursor)->Next(10, rows).ok());
  EXPECT_EQ(rows.size(), 1U);
  std::vector<std::string> out;
  if (rows.size() != 1) return out;
  size_t i = 0;
  for (const std::string_view name : names) {
    const auto value = agg::FinishAs(*agg::AggregateFromName(name), rows[0].states[i++],
                                     request.windows.at(0).range);
    out.push_back(value.ok() ? ValueText(*value) : value.error().message);
  }
  return out;
}

TEST_P(StoreConformance, J18TheIncreaseCarriesInWithinItsStaleness) {
  const SeriesRef s = Ref("requests");
  Put({{s, 3, ValueView::Double(1)},
       {s, 8, ValueView::Double(20)},
       {s, 12, ValueView::Double(30)},
       {s, 18, ValueView::Double(50)},
       {s, 20, ValueView::Double(500)}});
  AggregateRequest request;
  request.selection.table = kTable;
  request.windows = {{0, s, {At(10), At(20)}}};
  request.aggregates = {
      Column("increase", agg::Type::kDouble, seconds(2)),
      Column("increase", agg::Type::kDouble, seconds(1)), Column("increase", agg::Type::kDouble),
      Column("rate", agg::Type::kDouble, hours(1)), Column("delta", agg::Type::kDouble, hours(1))};
  EXPECT_THAT(ReadOne(store(), request, {"increase", "increase", "increase", "rate", "delta"}),
              ElementsAre("d:0x1.ep+4", "d:0x1.4p+4", "d:0x1.4p+4", "d:0x1.8p+1", "d:0x1.4p+4"));
  // H14: a late sample is the carry from then on.
  Put({{s, 9, ValueView::Double(25)}});
  EXPECT_THAT(ReadOne(store(), request, {"increase", "increase", "increase", "rate", "delta"}),
              ElementsAre("d:0x1.9p+4", "d:0x1.9p+4", "d:0x1.4p+4", "d:0x1.4p+1", "d:0x1.4p+4"));
}

TEST_P(StoreConformance, J20J21TheAverageOverTimeHoldsTheValueBeforeTheWindow) {
  const SeriesRef s = Ref("temperature");
  Put({{s, 98, ValueView::Double(4)},
       {s, 102, ValueView::Double(10)},
       {s, 106, ValueView::Double(20)},
       {s, 110, ValueView::Double(1000)}});
  AggregateRequest request;
  request.selection.table = kTable;
  request.windows = {{0, s, {At(100), At(110)}}};
  request.aggregates = {Column("twa", agg::Type::kDouble, seconds(2)),
                        Column("coverage", agg::Type::kDouble, seconds(2)),
                        Column("twa", agg::Type::kDouble, seconds(1)),
                        Column("coverage", agg::Type::kDouble, seconds(1))};
  EXPECT_THAT(ReadOne(store(), request, {"twa", "coverage", "twa", "coverage"}),
              ElementsAre(ValueText(Scalar(12.8)), ValueText(Scalar(1.0)), ValueText(Scalar(15.0)),
                          ValueText(Scalar(0.8))));
}

TEST_P(StoreConformance, ASeriesWithoutAPointInTheWindowBringsNothing) {
  const SeriesRef a = Ref("temperature", {{"host", "a"}});
  const SeriesRef b = Ref("temperature", {{"host", "b"}});
  Put({{a, 5, ValueView::Double(7)}, {b, 5, ValueView::Double(1)}, {b, 15, ValueView::Double(3)}});
  AggregateRequest request;
  request.selection.table = kTable;
  request.windows = {{0, a, {At(10), At(20)}}, {0, b, {At(10), At(20)}}};
  request.aggregates = {Column("twa", agg::Type::kDouble, minutes(1))};
  EXPECT_THAT(ReadOne(store(), request, {"twa"}), ElementsAre(ValueText(Scalar(2.0))));
  request.windows = {{0, a, {At(10), At(20)}}};
  std::vector<AggregateRow> rows;
  EXPECT_TRUE(store().Aggregate(request).value()->Next(10, rows).ok());
  EXPECT_TRUE(rows.empty());
}

TEST_P(StoreConformance, ACarryOfAFieldSkipsRowsWithoutIt) {
  const SeriesRef m = Ref("m", {{"host", "a"}}, ValueType::kMulti);
  const FieldView both[] = {{"n", ValueView::Bigint(10)}, {"x", ValueView::Double(1)}};
  const FieldView only_x[] = {{"x", ValueView::Double(2)}};
  const FieldView later[] = {{"n", ValueView::Bigint(17)}, {"x", ValueView::Double(5)}};
  std::vector<TestPoint> points{{m, 0, ValueView::Multi(both)}};
  for (int second = 1; second < 40; ++second)
    points.push_back({m, second, ValueView::Multi(only_x)});
  points.push_back({m, 40, ValueView::Multi(only_x)});
  points.push_back({m, 41, ValueView::Multi(later)});
  Put(points);
  AggregateRequest request;
  request.selection.table = kTable;
  request.windows = {{0, m, {At(40), At(50)}}};
  request.aggregates = {Column("increase", agg::Type::kBigint, minutes(1), "n"),
                        Column("increase", agg::Type::kDouble, minutes(1), "x"),
                        Column("increase", agg::Type::kBigint, seconds(39), "n"),
                        Column("increase", agg::Type::kDouble, minutes(1))};
  EXPECT_THAT(ReadOne(store(), request, {"increase", "increase", "increase", "increase"}),
              ElementsAre("i:7", "d:0x1.8p+1", "i:0", "none"));
}

TEST_P(StoreConformance, RefusesANegativeCarryAndAHistogramWithoutBounds) {
  Ref("m");
  AggregateRequest request;
  request.selection = All();
  request.aggregates = {Column("increase", agg::Type::kDouble, seconds(-1))};
  EXPECT_EQ(store().Aggregate(request).error().code, Code::kInvalidArgument);
  request.aggregates = {Column("histogram", agg::Type::kDouble)};
  EXPECT_EQ(store().Aggregate(request).error().code, Code::kInvalidArgument);
}

// ------------------------------------------------------------------------------------------------
// against a loop

struct Written {
  int64_t second;
  double value;
};
struct WrittenSeries {
  SeriesRef ref;
  std::string key;
  std::vector<Written> points;  // ascending
};

/// The state of one series over [from, to) and the last point before, as far as the carry reaches.
void AddByLoop(agg::State& state, const AggregateColumn& column, const WrittenSeries& series,
               TimeRange range, EventTime origin) {
  const auto time = [&](const Written& w) { return origin + seconds(w.second); };
  const Written* before = nullptr;
  bool any = false;
  for (const Written& w : series.points) {
    if (time(w) < range.start) before = &w;
    if (!range.Contains(time(w))) continue;
    const EventTime t = time(w);
    state.Add({std::span(&t, 1), series.key}, std::span(&w.value, 1));
    any = true;
  }
  if (!any || before == nullptr || time(*before) < range.start - column.carry) return;
  state.AddCarry(time(*before), series.key, before->value);
}

std::string StateText(const AggregateRow& row) {
  ByteWriter out;
  for (const agg::State& state : row.states) state.AppendTo(out);
  std::string text = std::to_string(row.group) + '|' + std::to_string(row.bin.ns) + ':';
  for (const char c : out.view()) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4U];
    text += "0123456789abcdef"[static_cast<uint8_t>(c) & 15U];
  }
  return text;
}

std::vector<std::string> ReadStates(Store& store, const AggregateRequest& request) {
  std::vector<std::string> out;
  auto cursor = store.Aggregate(request);
  EXPECT_TRUE(cursor.ok());
  std::vector<AggregateRow> rows;
  while (cursor.ok() && (*cursor)->Next(5, rows).ok() && !rows.empty()) {
    for (const AggregateRow& row : rows) out.push_back(StateText(row));
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST_P(StoreConformance, StatesOfWindowsAndBinsEqualTheLoop) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  SeededRandom random(seed);
  std::vector<WrittenSeries> all;
  std::vector<TestPoint> points;
  for (int h = 0; h < 5; ++h) {
    WrittenSeries s;
    s.ref = Ref("counter", {{"host", "h" + std::to_string(h)}});
    double value = 0;
    for (int64_t second = static_cast<int64_t>(random.Below(20)); second < 1200;
         second += 1 + static_cast<int64_t>(random.Below(random.Below(10) == 0 ? 200 : 12))) {
      value = random.Below(12) == 0 ? 0.25 : value + random.Unit() * 10;
      s.points.push_back({second, value});
    }
    for (const Written& w : s.points)
      points.push_back({s.ref, w.second, ValueView::Double(w.value)});
    s.key = store().Describe(s.ref)->canonical_key;
    all.push_back(std::move(s));
  }
  // In any order, and some of them again by a higher version: they override what is stored.
  for (size_t i = points.size(); i > 1; --i) std::swap(points[i - 1], points[random.Below(i)]);
  std::vector<TestPoint> again;
  for (TestPoint& p : points) {
    if (random.Below(4) != 0) continue;
    TestPoint first = p;
    first.value = ValueView::Double(-1);
    p.version = 2;
    again.push_back(first);
  }
  Put(again);
  const size_t half = points.size() / 2;
  Put({points.begin(), points.begin() + static_cast<ptrdiff_t>(half)});
  Put({points.begin() + static_cast<ptrdiff_t>(half), points.end()});

  const auto carry = seconds(static_cast<int64_t>(1 + random.Below(60)));
  AggregateColumn histogram = Column("histogram", agg::Type::kDouble);
  histogram.bounds = agg::HistogramBounds::Make({0, 10, 50}).value();
  const std::vector<AggregateColumn> columns{Column("increase", agg::Type::kDouble, carry),
                                             Column("twa", agg::Type::kDouble, carry * 10),
                                             Column("increase", agg::Type::kDouble),
                                             Column("delta", agg::Type::kDouble, carry),
                                             Column("sum", agg::Type::kDouble),
                                             Column("p50", agg::Type::kDouble),
                                             histogram};

  const auto add = [&](AggregateRow& row, const WrittenSeries& series, TimeRange range) {
    if (row.states.empty()) {
      for (const AggregateColumn& c : columns) row.states.emplace_back(c.spec());
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      AddByLoop(row.states[i], columns[i], series, range, At(0));
    }
  };
  const auto texts = [](const auto& rows) {
    std::vector<std::string> out;
    for (const auto& [key, row] : rows) {
      if (!row.states.empty() && !row.states[0].empty()) out.push_back(StateText(row));
    }
    std::sort(out.begin(), out.end());
    return out;
  };

  // Windows: each of one or of all series.
  AggregateRequest request;
  request.selection.table = kTable;
  request.aggregates = columns;
  std::map<uint32_t, AggregateRow> expected;
  for (uint32_t group = 0; group < 30; ++group) {
    const auto start = static_cast<int64_t>(random.Below(1200));
    const TimeRange range{At(start), At(start + 1 + static_cast<int64_t>(random.Below(300)))};
    const size_t only = random.Below(2 * all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      if (only < all.size() && i != only) continue;
      request.windows.push_back({group, all[i].ref, range});
      AggregateRow& row = expected[group];
      row.group = group;
      row.bin = range.start;
      add(row, all[i], range);
    }
  }
  EXPECT_EQ(ReadStates(store(), request), texts(expected));

  // Bins, and a selection that begins and ends within one.
  request.windows.clear();
  for (const auto width : {seconds(0), seconds(7), seconds(60), seconds(500)}) {
    request.bins = Bins{width, seconds(3)};
    request.selection.time = {At(50 + static_cast<int64_t>(random.Below(100))), At(1100)};
    const TimeRange whole = request.selection.time;
    std::map<int64_t, AggregateRow> bins;
    for (const WrittenSeries& s : all) {
      std::set<int64_t> seen;
      for (const Written& w : s.points) {
        if (!whole.Contains(At(w.second))) continue;
        const EventTime bin =
            width.count() == 0 ? whole.start : FloorTo(At(w.second), width, seconds(3));
        if (!seen.insert(bin.ns).second) continue;
        const EventTime end = width.count() == 0 ? whole.end : std::min(whole.end, bin + width);
        bins[bin.ns].bin = bin;
        add(bins[bin.ns], s, {std::max(bin, whole.start), end});
      }
    }
    EXPECT_EQ(ReadStates(store(), request), texts(bins)) << width.count();
  }
}

}  // namespace
}  // namespace tidemark::store
