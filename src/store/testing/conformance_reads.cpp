// SPDX-License-Identifier: Apache-2.0
// Selections, slices, aggregates, schema, feed.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "store/testing/conformance.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Op = TextPredicate::Op;

TEST_P(StoreConformance, EachPredicateSelectsSeries) {
  for (const char* measure : {"cpu", "mem"}) {
    for (const char* host : {"a", "b", "ab"}) {
      Put({{Ref(measure, {{"host", host}, {"zone", std::string(host) == "a" ? "x" : "y"}}), 1,
            ValueView::Double(1)}});
    }
  }
  Put({{Ref("cpu", {{"other", "a"}}), 1, ValueView::Double(1)}});
  const auto series = [&](std::vector<TextPredicate> measure,
                          std::vector<DimensionPredicate> dimensions) {
    Selection selection = All();
    selection.measure = std::move(measure);
    selection.dimensions = std::move(dimensions);
    std::vector<std::string> out;
    const auto found = store().Series(selection);
    EXPECT_TRUE(found.ok());
    for (const auto& info : *found) {
      std::string text = info->measure;
      for (const Dimension& d : info->dimensions) text += "/" + d.value;
      out.push_back(std::move(text));
    }
    std::sort(out.begin(), out.end());
    EXPECT_EQ(Scan(selection).size(), out.size());
    return out;
  };
  EXPECT_EQ(series({}, {}).size(), 7U);
  EXPECT_THAT(series({{Op::kIn, {"mem"}}}, {{"host", {Op::kIn, {"a", "b", "b"}}}}),
              ElementsAre("mem/a/x", "mem/b/y"));
  EXPECT_THAT(series({{Op::kIn, {"mem"}}}, {{"host", {Op::kNotIn, {"a"}}}}),
              ElementsAre("mem/ab/y", "mem/b/y"));
  EXPECT_THAT(series({{Op::kLike, {"c%"}}}, {{"host", {Op::kLike, {"a%"}}}}),
              ElementsAre("cpu/a/x", "cpu/ab/y"));
  EXPECT_THAT(series({{Op::kNotLike, {"c%"}}}, {{"host", {Op::kNotLike, {"a%"}}}}),
              ElementsAre("mem/b/y"));
  EXPECT_THAT(series({{Op::kLess, {"d"}}}, {{"host", {Op::kGreater, {"ab"}}}}),
              ElementsAre("cpu/b/y"));
  EXPECT_THAT(series({}, {{"host", {Op::kLessEqual, {"a"}}}}), ElementsAre("cpu/a/x", "mem/a/x"));
  EXPECT_THAT(series({}, {{"host", {Op::kGreaterEqual, {"b"}}}}),
              ElementsAre("cpu/b/y", "mem/b/y"));
  EXPECT_THAT(series({}, {{"zone", {Op::kIn, {"y"}}}, {"host", {Op::kIn, {"b", "a"}}}}),
              ElementsAre("cpu/b/y", "mem/b/y"));
  EXPECT_THAT(series({}, {{"host", {Op::kIn, {}}}}), IsEmpty());
  EXPECT_THAT(series({}, {{"nowhere", {Op::kNotIn, {}}}}), IsEmpty());
  EXPECT_THAT(series({{Op::kIn, {"none"}}}, {}), IsEmpty());
  Selection only = All();
  only.series = {Ref("mem", {{"host", "a"}, {"zone", "x"}}), Ref("cpu", {{"other", "a"}})};
  only.measure = {{Op::kIn, {"mem"}}};
  EXPECT_THAT(Rows(only), ElementsAre("mem{host=a,zone=x}@1=d:0x1p+0"));
}

TEST_P(StoreConformance, DimensionOrderDoesNotMatter) {
  EXPECT_EQ(Ref("cpu", {{"host", "a"}, {"zone", "x"}}), Ref("cpu", {{"zone", "x"}, {"host", "a"}}));
  EXPECT_NE(Ref("cpu", {{"host", "a"}}), Ref("cpu", {{"host", "a"}, {"zone", "x"}}));
}

TEST_P(StoreConformance, TimeRangesAreHalfOpen) {
  const SeriesRef s = Ref("cpu");
  for (int i = 0; i < 5; ++i) Put({{s, i, ValueView::Double(i)}});
  Selection selection = All();
  selection.time = {At(1), At(3)};
  EXPECT_EQ(Rows(selection).size(), 2U);
  selection.time = {At(3), At(3)};
  EXPECT_THAT(Rows(selection), IsEmpty());
}

TEST_P(StoreConformance, LongSeriesComeWholeAndInOrder) {
  const SeriesRef s = Ref("cpu");
  std::vector<TestPoint> points;
  for (int i = 0; i < 5000; ++i) points.push_back({s, (i * 7) % 5000, ValueView::Double(i)});
  Put(points);
  const auto rows = ScanAll();
  ASSERT_EQ(rows.size(), 5000U);
  auto cursor = store().Scan({.selection = All()});
  ASSERT_TRUE(cursor.ok());
  EXPECT_EQ((*cursor)->series_count(), 1U);
  EXPECT_GE((*cursor)->points_estimate(), 5000U);
  SliceBuffer buffer;
  Slice slice;
  EventTime last{0};
  while (*(*cursor)->Next(buffer, slice)) {
    EXPECT_LT(last, slice.times.front());
    last = slice.times.back();
  }
}

TEST_P(StoreConformance, FieldsOfMultiMeasureRowsCanBeChosen) {
  const SeriesRef s = Ref("m", {{"host", "a"}}, ValueType::kMulti);
  const FieldView one[] = {{"b", ValueView::Bigint(1)}, {"a", ValueView::Boolean(true)}};
  const FieldView two[] = {{"c", ValueView::Double(2)}, {"a", ValueView::Boolean(false)}};
  Put({{s, 1, ValueView::Multi(one)}, {s, 2, ValueView::Multi(two)}});
  ScanRequest request;
  request.selection = All();
  request.fields = {"a", "c"};
  auto cursor = store().Scan(request);
  ASSERT_TRUE(cursor.ok());
  const auto rows = ReadAll(**cursor);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].value, "{a=b:true}");
  EXPECT_EQ(rows[1].value, "{a=b:false,c=d:0x1p+1}");
}

TEST_P(StoreConformance, LastPointsAreTheNewestInRange) {
  Put({{Ref("cpu"), 1, ValueView::Double(1)},
       {Ref("cpu"), 9, ValueView::Double(9)},
       {Ref("mem"), 4, ValueView::Double(4)}});
  ScanRequest request;
  request.selection = All();
  auto cursor = store().LastPoints(request);
  ASSERT_TRUE(cursor.ok());
  auto rows = ReadAll(**cursor);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].time_ns, At(9).ns);
  request.selection.time.end = At(9);
  rows = ReadAll(**store().LastPoints(request));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].time_ns, At(1).ns);
  EXPECT_EQ(rows[1].time_ns, At(4).ns);
}

TEST_P(StoreConformance, SnapshotsStayAsTheyWere) {
  const SeriesRef s = Ref("cpu");
  std::vector<TestPoint> points;
  for (int i = 0; i < 3000; ++i) points.push_back({s, 2 * i, ValueView::Double(1)});
  Put(points);
  ScanRequest request;
  request.selection = All();
  auto cursor = store().Scan(request);
  ASSERT_TRUE(cursor.ok());
  SliceBuffer buffer;
  Slice slice;
  ASSERT_TRUE(*(*cursor)->Next(buffer, slice));
  const int64_t first = static_cast<int64_t>(slice.times.size());
  for (TestPoint& p : points) {
    p.value = ValueView::Double(2);
    p.version = 2;
  }
  Put(points);
  for (TestPoint& p : points) p.second += 1;
  Put(points);
  Put({{s, 2, ValueView::Double(3), 3}});
  if (!(*cursor)->exact()) GTEST_SKIP() << "snapshots are not exact";
  int64_t rows = first;
  while (*(*cursor)->Next(buffer, slice)) {
    for (size_t i = 0; i < slice.times.size(); ++i) {
      EXPECT_EQ(slice.times[i], At(2 * rows));
      EXPECT_EQ(slice.columns[0].doubles[i], 1.0);
      ++rows;
    }
  }
  EXPECT_EQ(rows, 3000);
  EXPECT_EQ(ScanAll().size(), 6000U);
}

TEST_P(StoreConformance, SchemaKeepsFirstSeenOrder) {
  const FieldView fields[] = {{"z", ValueView::Bigint(1)}, {"y", ValueView::Varchar("t")}};
  // Resolved in another order than written: the first durable point counts.
  const SeriesRef late = Ref("late", {{"zone", "x"}});
  Put({{Ref("text", {{"host", "a"}}, ValueType::kVarchar), 1, ValueView::Varchar("v")}});
  Put({{late, 1, ValueView::Double(1)}});
  Put({{Ref("m", {{"host", "a"}, {"cell", "c"}}, ValueType::kMulti), 1, ValueView::Multi(fields)}});
  const auto check = [&] {
    const auto schema = store().Schema(kTable);
    ASSERT_TRUE(schema.ok());
    EXPECT_THAT(schema->dimensions, ElementsAre("host", "zone", "cell"));
    EXPECT_THAT(schema->columns,
                ElementsAre(FieldDef{"", ValueType::kVarchar}, FieldDef{"", ValueType::kDouble},
                            FieldDef{"z", ValueType::kBigint}, FieldDef{"y", ValueType::kVarchar}));
    ASSERT_EQ(schema->measures.size(), 3U);
    EXPECT_EQ(schema->measures[0].name, "late");
    EXPECT_THAT(schema->measures[1].dimensions, ElementsAre("host", "cell"));
    EXPECT_THAT(schema->measures[1].fields,
                ElementsAre(FieldDef{"z", ValueType::kBigint}, FieldDef{"y", ValueType::kVarchar}));
    EXPECT_EQ(schema->measures[2].type, ValueType::kVarchar);
  };
  check();
  RestartOrSkip();
  if (IsSkipped()) return;
  check();
}

// ------------------------------------------------------------------------------------------
// aggregates

std::string GroupText(const AggregateRow& row) {
  std::string out = std::to_string(row.group) + "|";
  for (const auto& key : row.keys) out += key ? *key + "|" : "null|";
  return out + std::to_string(row.bin.ns) + ":" + std::to_string(row.points);
}

std::vector<std::string> ReadAggregates(Store& store, const AggregateRequest& request) {
  std::vector<std::string> out;
  auto cursor = store.Aggregate(request);
  EXPECT_TRUE(cursor.ok()) << cursor.error().message;
  if (!cursor.ok()) return out;
  std::vector<AggregateRow> rows;
  uint32_t last_group = 0;
  while (true) {
    EXPECT_TRUE((*cursor)->Next(3, rows).ok());
    if (rows.empty()) break;
    for (const AggregateRow& row : rows) {
      std::string text = GroupText(row);
      for (const agg::State& state : row.states) {
        const auto value = state.Finish();
        text += " " + (value.ok() ? ValueText(*value) : std::string(CodeName(value.error().code)));
      }
      out.push_back(std::move(text));
      EXPECT_LE(last_group, row.group);
      last_group = row.group;
    }
  }
  if (request.windows.empty()) std::sort(out.begin(), out.end());
  return out;
}

struct RawPoint {
  SeriesRef series;
  EventTime time;
  double value;
  std::string host;
  std::string measure;
};

// The same by brute force over what was written: one value at a time, in any order.
std::vector<std::string> BruteForce(const std::vector<RawPoint>& points, const Bins& bins,
                                    bool by_host, const std::vector<AggregateColumn>& columns,
                                    Store& store, EventTime origin) {
  std::map<std::string, AggregateRow> groups;
  for (const RawPoint& p : points) {
    AggregateRow key;
    if (by_host) key.keys.emplace_back(p.host);
    key.keys.emplace_back(p.measure);
    key.bin = bins.width.count() == 0 ? origin : FloorTo(p.time, bins.width, bins.offset);
    AggregateRow& row = groups[GroupText(key)];
    if (row.states.empty()) {
      row.keys = key.keys;
      row.bin = key.bin;
      for (const AggregateColumn& c : columns) row.states.emplace_back(c.spec());
    }
    ++row.points;
    const std::string canonical = store.Describe(p.series)->canonical_key;
    for (agg::State& state : row.states)
      state.Add({std::span(&p.time, 1), canonical}, std::span(&p.value, 1));
  }
  std::vector<std::string> out;
  for (const auto& [key, row] : groups) {
    std::string text = GroupText(row);
    for (const agg::State& state : row.states) text += " " + ValueText(*state.Finish());
    out.push_back(std::move(text));
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST_P(StoreConformance, AggregatesEqualBruteForce) {
  SeededRandom random(7);
  std::vector<RawPoint> raw;
  std::vector<TestPoint> points;
  std::set<std::pair<SeriesRef, int64_t>> used;
  for (int i = 0; i < 6000; ++i) {
    const std::string host = "h" + std::to_string(random.Below(4));
    const std::string measure = random.Below(2) == 0 ? "cpu" : "mem";
    const SeriesRef s = Ref(measure, {{"host", host}});
    const auto second = static_cast<int64_t>(random.Below(7000));
    if (!used.emplace(s, second).second) continue;
    const double value = (random.Unit() - 0.5) * (random.Below(3) == 0 ? 1e17 : 1.0);
    points.push_back({s, second, ValueView::Double(value)});
    raw.push_back({s, At(second), value, host, measure});
  }
  Put(points);
  const std::vector<AggregateColumn> columns = {{agg::Kind::kCount, agg::Type::kDouble, "", false},
                                                {agg::Kind::kSum, agg::Type::kDouble, "", false},
                                                {agg::Kind::kAvg, agg::Type::kDouble, "", false},
                                                {agg::Kind::kMin, agg::Type::kDouble, "", false},
                                                {agg::Kind::kMax, agg::Type::kDouble, "", false},
                                                {agg::Kind::kFirst, agg::Type::kDouble, "", false},
                                                {agg::Kind::kLast, agg::Type::kDouble, "", false}};
  AggregateRequest whole;
  whole.selection = All();
  const ReadEstimate estimate = store().Estimate(whole).value();
  EXPECT_EQ(estimate.series, 8U);
  EXPECT_EQ(estimate.series_total, 8U);
  EXPECT_EQ(estimate.points, raw.size());
  for (const bool by_host : {true, false}) {
    for (const Bins bins :
         {Bins{}, Bins{minutes(5), nanoseconds(0)}, Bins{minutes(7), seconds(90)}}) {
      AggregateRequest request;
      request.selection = All();
      request.bins = bins;
      if (by_host) request.group_by = {"host"};
      request.group_by_measure = true;
      request.aggregates = columns;
      EXPECT_EQ(ReadAggregates(store(), request),
                BruteForce(raw, bins, by_host, columns, store(), request.selection.time.start));
      request.values = {.min = -0.125, .max = raw[0].value};
      if (request.values->max < request.values->min) {
        std::swap(request.values->min, request.values->max);
      }
      std::vector<RawPoint> inside;
      std::ranges::copy_if(raw, std::back_inserter(inside), [&](const RawPoint& p) {
        return request.values->min <= p.value && p.value <= request.values->max;
      });
      EXPECT_EQ(ReadAggregates(store(), request),
                BruteForce(inside, bins, by_host, columns, store(), request.selection.time.start));
    }
  }
}

// As if the table held nothing else: counts of rows, a type that has no numbers, the value carried
// in.
TEST_P(StoreConformance, AValueRangeLeavesOtherValuesOut) {
  constexpr int64_t kBig = (int64_t{1} << 53) + 1;  // no DOUBLE
  const SeriesRef n = Ref("n", {}, ValueType::kBigint);
  const SeriesRef t = Ref("t", {}, ValueType::kVarchar);
  const SeriesRef m = Ref("m", {}, ValueType::kMulti);
  const FieldView low[] = {{"a", ValueView::Double(1)}, {"b", ValueView::Double(7)}};
  const FieldView high[] = {{"a", ValueView::Double(8)}, {"b", ValueView::Double(9)}};
  Put({{n, 0, ValueView::Bigint(3)},
       {n, 1, ValueView::Bigint(kBig - 1)},
       {n, 2, ValueView::Bigint(kBig)},
       {n, 3, ValueView::Bigint(5)},
       {t, 0, ValueView::Varchar("4")},
       {m, 0, ValueView::Multi(low)},
       {m, 1, ValueView::Multi(high)}});
  const auto ask = [&](SeriesRef series, agg::Type type, ValueRange values,
                       std::string field = "") {
    AggregateRequest request;
    request.selection.table = kTable;
    request.windows = {{0, series, {At(0), At(10)}}};
    const bool text = type == agg::Type::kVarchar;
    request.aggregates = {
        {text ? agg::Kind::kCount : agg::Kind::kSum, type, std::move(field), false}};
    request.values = values;
    std::vector<std::string> out = ReadAggregates(store(), request);
    for (std::string& row : out) row.erase(0, row.find(':') + 1);
    return out;
  };
  EXPECT_THAT(ask(n, agg::Type::kBigint, {.max = 9007199254740992.0}),
              ElementsAre("3 i:" + std::to_string(3 + 5 + kBig - 1)));
  EXPECT_THAT(ask(n, agg::Type::kBigint, {.min = 3.5, .max = 5}), ElementsAre("1 i:5"));
  EXPECT_THAT(ask(n, agg::Type::kBigint, {.min = 1e300}), IsEmpty());
  EXPECT_THAT(ask(n, agg::Type::kDouble, {}), IsEmpty());
  EXPECT_THAT(ask(t, agg::Type::kVarchar, {}), IsEmpty());
  EXPECT_THAT(ask(m, agg::Type::kDouble, {.max = 7}, "a"), ElementsAre("1 d:0x1p+0"));
  EXPECT_THAT(ask(m, agg::Type::kDouble, {.min = 7, .max = 8}, "b"), ElementsAre("1 d:0x1.cp+2"));

  AggregateRequest request;
  request.selection.table = kTable;
  request.windows = {{0, n, {At(3), At(10)}}};
  request.aggregates = {{.kind = agg::Kind::kIncrease,
                         .type = agg::Type::kBigint,
                         .field = "",
                         .carry = seconds(10)}};
  request.values = {.max = 100};
  EXPECT_THAT(ReadAggregates(store(), request), ElementsAre(EndsWith(":1 i:2")));
  request.values = {.min = 2, .max = 1};
  EXPECT_EQ(store().Aggregate(request).error().code, Code::kInvalidArgument);
}

TEST_P(StoreConformance, WindowsMergeSeriesOfAGroup) {
  const SeriesRef a = Ref("cpu", {{"host", "a"}});
  const SeriesRef b = Ref("cpu", {{"host", "b"}});
  for (int i = 0; i < 600; ++i) Put({{a, i, ValueView::Double(1)}, {b, i, ValueView::Double(2)}});
  AggregateRequest request;
  request.selection.table = kTable;
  request.windows = {{4, a, {At(0), At(300)}},
                     {4, b, {At(0), At(300)}},
                     {9, a, {At(300), At(301)}},
                     {10, a, {At(5000), At(5300)}},
                     {11, SeriesRef{9, 9}, {At(0), At(300)}}};
  request.aggregates = {{agg::Kind::kSum, agg::Type::kDouble, "", false},
                        {agg::Kind::kCount, agg::Type::kDouble, "", true}};
  const std::string start = std::to_string(At(0).ns);
  EXPECT_THAT(ReadAggregates(store(), request),
              ElementsAre("4|" + start + ":600 d:0x1.c2p+9 i:600",
                          "9|" + std::to_string(At(300).ns) + ":1 d:0x1p+0 i:1"));
}

TEST_P(StoreConformance, AggregatesLookAtTypesAndFields) {
  const FieldView one[] = {{"x", ValueView::Double(2)}, {"n", ValueView::Bigint(3)}};
  const FieldView two[] = {{"n", ValueView::Bigint(4)}};
  const SeriesRef m = Ref("m", {{"host", "a"}}, ValueType::kMulti);
  Put({{Ref("d"), 1, ValueView::Double(0.5)},
       {Ref("i", {{"zone", "z"}}, ValueType::kBigint), 1, ValueView::Bigint(40)},
       {Ref("s", {{"host", "a"}}, ValueType::kVarchar), 1, ValueView::Varchar("text")},
       {Ref("b", {{"host", "a"}}, ValueType::kBoolean), 1, ValueView::Boolean(true)},
       {m, 1, ValueView::Multi(one)},
       {m, 2, ValueView::Multi(two)}});
  AggregateRequest request;
  request.selection = All();
  request.group_by = {"zone"};
  request.aggregates = {{agg::Kind::kCount, agg::Type::kDouble, "", true},
                        {agg::Kind::kSum, agg::Type::kDouble, "", false},
                        {agg::Kind::kMax, agg::Type::kBigint, "", false},
                        {agg::Kind::kMax, agg::Type::kVarchar, "", false},
                        {agg::Kind::kMin, agg::Type::kBoolean, "", false},
                        {agg::Kind::kSum, agg::Type::kBigint, "n", false},
                        {agg::Kind::kCount, agg::Type::kDouble, "x", false},
                        {agg::Kind::kLast, agg::Type::kDouble, "nowhere", false}};
  const std::string bin = std::to_string(kEventTimeMin.ns);
  EXPECT_THAT(
      ReadAggregates(store(), request),
      UnorderedElementsAre("0|null|" + bin + ":5 i:5 d:0x1p-1 none s:text b:true i:7 i:1 none",
                           "0|z|" + bin + ":1 i:1 none i:40 none none none i:0 none"));
  request.aggregates = {{agg::Kind::kSum, agg::Type::kVarchar, "", false}};
  EXPECT_EQ(store().Aggregate(request).error().code, Code::kInvalidArgument);
}

// ------------------------------------------------------------------------------------------------
// feed

std::vector<std::string> PointsOf(const std::vector<FeedBatch>& batches) {
  std::vector<std::string> out;
  for (const FeedBatch& b : batches) {
    for (const FeedPoint& p : b.points) {
      out.push_back(
          std::to_string((p.time - EventTime{(1'767'225'600LL - 7200) * 1'000'000'000}).count() /
                         1'000'000'000) +
          (p.replaced ? "r" : ""));
    }
  }
  return out;
}

TEST_P(StoreConformance, TheFeedDeliversAcceptedAndReplacedPointsOnce) {
  int wakes = 0;
  const uint64_t subscription = store().SubscribeFeed([&] { ++wakes; });
  const SeriesRef s = Ref("cpu");
  Put({{s, 1, ValueView::Double(1)}, {s, 2, ValueView::Double(1)}, {s, 1, ValueView::Double(1)}});
  EXPECT_GT(wakes, 0);
  store().UnsubscribeFeed(subscription);
  Positions middle;
  EXPECT_THAT(PointsOf(Feed({}, &middle)), ElementsAre("1", "2"));
  EXPECT_EQ(middle, store().End());
  Put({{s, 1, ValueView::Double(2), 2},
       {s, 3, ValueView::Double(1)},
       {s, 2, ValueView::Double(5)}});
  EXPECT_THAT(PointsOf(Feed(middle)), ElementsAre("1r", "3"));
  EXPECT_THAT(PointsOf(Feed({})), ElementsAre("1", "2", "1r", "3"));
  Positions beyond = store().End();
  beyond.Set({0, beyond.offset(0) + 1});
  EXPECT_EQ(store().OpenFeed(beyond).error().code, Code::kOutOfRange);
  ScanRequest request;
  request.selection = All();
  request.at_least = beyond;
  EXPECT_FALSE(store().Scan(request).ok());
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_THAT(PointsOf(Feed(middle)), ElementsAre("1r", "3"));
  Put({{Ref("cpu"), 4, ValueView::Double(1)}});
  EXPECT_THAT(PointsOf(Feed(middle)), ElementsAre("1r", "3", "4"));
}

TEST_P(StoreConformance, TheFeedCarriesProgressAndRevisions) {
  WriteBatch batch;
  batch.source_progress = {{{SourceId::Kind::kPipeline, 4}, kTable, 2, "pos", At(3), false, true}};
  Put({{Ref("cpu"), 1, ValueView::Double(1)}}, batch);
  batch = {};
  batch.view_progress = ViewProgress{ViewId{3}, 1, store().End(), At(2), "s"};
  const RevisionEntry entry[] = {{Ref("cpu"), At(1), At(0), At(1), 1, std::monostate{},
                                  std::string("x"), 0, ArrivalTime{9}, false}};
  batch.revisions = entry;
  Put({}, batch);
  const auto check = [&] {
    size_t sources = 0;
    size_t views = 0;
    size_t revisions = 0;
    for (const FeedBatch& b : Feed({})) {
      for (const SourceProgress& p : b.sources) {
        ++sources;
        EXPECT_EQ(p.position, "pos");
        EXPECT_EQ(p.partition, 2U);
      }
      for (const ViewProgress& p : b.views) {
        ++views;
        EXPECT_EQ(p.watermark, At(2));
      }
      for (const RevisionEntry& r : b.revisions) {
        ++revisions;
        EXPECT_EQ(ValueText(r.new_value), "s:x");
      }
    }
    EXPECT_EQ(sources, 1U);
    EXPECT_EQ(views, 1U);
    EXPECT_EQ(revisions, 1U);
  };
  check();
  RestartOrSkip();
  if (IsSkipped()) return;
  check();
}

TEST_P(StoreConformance, RepliesNameAPositionThatScansCover) {
  const WriteReply reply = Put({{Ref("cpu"), 1, ValueView::Double(1)}});
  EXPECT_TRUE(store().End().Covers(reply.positions));
  ScanRequest request;
  request.selection = All();
  request.at_least = reply.positions;
  auto cursor = store().Scan(request);
  ASSERT_TRUE(cursor.ok());
  EXPECT_TRUE((*cursor)->snapshot().Covers(reply.positions));
  EXPECT_EQ(ReadAll(**cursor).size(), 1U);
}

}  // namespace
}  // namespace tidemark::store
