// SPDX-License-Identifier: Apache-2.0
// Column blocks and the reduction for charts: web/API.md section 3.2.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/point_reducer_internal.h"
#include "api/console/row_sink_internal.h"
#include "api/console/testing/read_block.h"
#include "base/clock.h"

namespace tidemark::console {
namespace {

using sql::Column;
using sql::TypeKind;
using sql::Value;
using ::testing::ElementsAre;

void NoMembers(JsonWriter&) {}

std::string BlockOf(const std::vector<Column>& columns,
                    const std::vector<std::vector<Value>>& rows) {
  const auto sink = MakeRowSink(RowFormat::kColumns, columns);
  for (const auto& row : rows) sink->Add(row);
  return sink->Finish(NoMembers);
}

TEST(ColumnBlock, EveryTypeHasItsBuffer) {
  const std::vector<Column> columns{{"t", TypeKind::kTimestamp},
                                    {"b", TypeKind::kBigint},
                                    {"i", TypeKind::kInteger},
                                    {"d", TypeKind::kDouble},
                                    {"f", TypeKind::kBoolean},
                                    {"day", TypeKind::kDate},
                                    {"a", sql::Type::Array(TypeKind::kBigint)}};
  const std::string text = BlockOf(columns, {{{int64_t{1}},
                                              {int64_t{9007199254740993}},
                                              {int64_t{-2}},
                                              {0.5},
                                              {true},
                                              {int64_t{1}},
                                              {Value::List{{int64_t{7}}}}},
                                             {{}, {}, {}, {}, {}, {}, {}}});
  EXPECT_EQ(text.size() % 8, 0U);
  const auto blocks = ReadBlocks(text);
  ASSERT_EQ(blocks.size(), 1U);
  const ReadBlock& block = blocks[0];
  EXPECT_EQ(block.header.Find("rows")->AsInt64(), 2);
  EXPECT_EQ(block.type(0), "timestamp_ns");
  EXPECT_THAT(block.Values<int64_t>(0), ElementsAre(1, 0));
  EXPECT_THAT(block.Values<uint8_t>(0, "valid"), ElementsAre(1, 0));
  EXPECT_EQ(block.type(1), "bigint");
  EXPECT_THAT(block.Values<int64_t>(1), ElementsAre(9007199254740993, 0));
  EXPECT_EQ(block.type(2), "integer");
  EXPECT_THAT(block.Values<int32_t>(2), ElementsAre(-2, 0));
  EXPECT_EQ(block.type(3), "double");
  EXPECT_THAT(block.Values<double>(3), ElementsAre(0.5, 0));
  EXPECT_EQ(block.type(4), "boolean");
  EXPECT_THAT(block.Values<uint8_t>(4), ElementsAre(1, 0));
  EXPECT_EQ(block.type(5), "varchar");
  EXPECT_EQ(block.column(5).Find("sql_type")->string_value(), "DATE");
  EXPECT_THAT(block.Texts(5), ElementsAre("1970-01-02", ""));
  EXPECT_EQ(block.type(6), "json");
  EXPECT_THAT(block.Texts(6), ElementsAre("[7]", ""));
}

TEST(ColumnBlock, RepeatedTextsAreADictionary) {
  const std::vector<Column> columns{{"r", TypeKind::kVarchar}};
  const auto dict = ReadBlocks(
      BlockOf(columns, {{{std::string("b")}}, {{}}, {{std::string("a")}}, {{std::string("b")}}}));
  EXPECT_EQ(dict[0].type(0), "dict");
  EXPECT_THAT(dict[0].Values<uint32_t>(0), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(dict[0].Values<uint8_t>(0, "valid"), ElementsAre(1, 0, 1, 1));
  EXPECT_EQ(dict[0].column(0).Find("dict")->array()[1].string_value(), "a");
  const auto plain = ReadBlocks(
      BlockOf(columns, {{{std::string("<b>")}}, {{std::string("")}}, {{std::string("\u05d0\"")}}}));
  EXPECT_EQ(plain[0].type(0), "varchar");
  EXPECT_THAT(plain[0].Texts(0), ElementsAre("<b>", "", "\u05d0\""));
  EXPECT_TRUE(plain[0].column(0).Find("valid")->is_null());
}

TEST(ColumnBlock, BlocksFollowEachOther) {
  const std::vector<Column> columns{{"r", TypeKind::kVarchar}};
  const std::string one = BlockOf(columns, {{{std::string("x")}}});
  const auto blocks =
      ReadBlocks(one + EmptyBlock([](JsonWriter& out) { out.Key("error").String("no"); }) + one);
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[1].header.Find("error")->string_value(), "no");
  EXPECT_EQ(blocks[2].header.Find("rows")->AsInt64(), 1);
}

// ---- reduction

const std::vector<Column> kChart{
    {"time", TypeKind::kTimestamp}, {"host", TypeKind::kVarchar}, {"v", TypeKind::kDouble}};

struct Point {
  int64_t time;
  double value;
};

/// Reduces and gives (time, value) of what stayed.
std::vector<std::pair<int64_t, double>> Reduced(const std::vector<Point>& points, size_t max_points,
                                                bool* reduced = nullptr) {
  const auto reducer = PointReducer::Make(kChart, max_points);
  for (const Point& point : points) {
    const std::vector<Value> row{{point.time}, {std::string("h")}, {point.value}};
    EXPECT_TRUE(reducer->Add(row).ok());
  }
  const auto sink = MakeRowSink(RowFormat::kColumns, kChart);
  reducer->Finish(*sink);
  if (reduced != nullptr) *reduced = reducer->reduced();
  const std::string text = sink->Finish(NoMembers);
  const auto block = ReadBlocks(text)[0];
  const auto times = block.Values<int64_t>(0);
  const auto values = block.Values<double>(2);
  std::vector<std::pair<int64_t, double>> out;
  for (size_t i = 0; i < times.size(); ++i) out.emplace_back(times[i], values[i]);
  return out;
}

TEST(PointReducer, FewPointsStayAsTheyAre) {
  bool reduced = true;
  std::vector<Point> points;
  for (int64_t i = 0; i < 100; ++i) points.push_back({i, static_cast<double>(i)});
  EXPECT_EQ(Reduced(points, 100, &reduced).size(), 100U);
  EXPECT_FALSE(reduced);
}

/// Whatever the order of rows: extremes and ends of the whole series are among those that stay,
/// about max_points do, in order of time, and each is a point that was there.
TEST(PointReducer, KeepsExtremesAndEndsInAnyOrder) {
  SeededRandom random(11);
  std::vector<Point> points;
  for (int64_t i = 0; i < 20'000; ++i) {
    points.push_back({i * 1'000'000'007, static_cast<double>(random.Next() % 1'000'003)});
  }
  points[7777].value = -1;
  points[8888].value = 1e9;
  bool reduced = false;
  const auto in_order = Reduced(points, 400, &reduced);
  EXPECT_TRUE(reduced);
  EXPECT_GE(in_order.size(), 150U);
  EXPECT_LE(in_order.size(), 400U);
  EXPECT_TRUE(std::ranges::is_sorted(in_order));
  EXPECT_EQ(in_order.front().first, 0);
  EXPECT_EQ(in_order.back().first, int64_t{19'999} * 1'000'000'007);
  for (const size_t extreme : {size_t{7777}, size_t{8888}}) {
    EXPECT_EQ(std::ranges::count(in_order, std::pair(points[extreme].time, points[extreme].value)),
              1);
  }
  for (const auto& [time, value] : in_order) {
    EXPECT_EQ(value, points[static_cast<size_t>(time / 1'000'000'007)].value);
  }
  for (size_t i = points.size() - 1; i > 0; --i) {
    std::swap(points[i], points[random.Next() % (i + 1)]);
  }
  EXPECT_EQ(Reduced(points, 400), in_order);
}

TEST(PointReducer, ASeriesIsEveryCombinationOfItsTexts) {
  const auto reducer = PointReducer::Make(kChart, 10);
  for (int64_t i = 0; i < 1000; ++i) {
    for (const char* host : {"a", "b"}) {
      const std::vector<Value> row{{i}, {std::string(host)}, {host[0] == 'a' ? 1.0 : 2.0}};
      ASSERT_TRUE(reducer->Add(row).ok());
    }
  }
  const auto sink = MakeRowSink(RowFormat::kColumns, kChart);
  reducer->Finish(*sink);
  EXPECT_LE(sink->rows(), 20U);
  const std::string text = sink->Finish(NoMembers);
  const auto block = ReadBlocks(text)[0];
  EXPECT_EQ(block.type(1), "dict");
  const auto codes = block.Values<uint32_t>(1);
  EXPECT_EQ(std::ranges::count(codes, 0U), std::ranges::count(codes, 1U));
}

TEST(PointReducer, TimesOfAllCenturiesAndOddValuesAreNoTrouble) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<Point> points;
  for (int i = 0; i < 50; ++i) {
    points.push_back({std::numeric_limits<int64_t>::max() - i, nan});
    points.push_back({std::numeric_limits<int64_t>::min() + i, i == 3 ? -5.0 : nan});
  }
  const auto out = Reduced(points, 10);
  EXPECT_EQ(out.front().first, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(out.back().first, std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(std::ranges::any_of(out, [](const auto& p) { return p.second == -5.0; }));
}

TEST(PointReducer, IsForChartsOnlyAndBounded) {
  EXPECT_EQ(PointReducer::Make({{"v", TypeKind::kDouble}}, 10), nullptr);
  EXPECT_EQ(PointReducer::Make({{"t", TypeKind::kTimestamp}, {"s", TypeKind::kVarchar}}, 10),
            nullptr);
  const auto many = PointReducer::Make(kChart, 10);
  Result<void> added;
  for (size_t i = 0; added.ok() && i <= PointReducer::kSeriesMax; ++i) {
    added = many->Add(std::vector<Value>{{int64_t{1}}, {"h" + std::to_string(i)}, {1.0}});
  }
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Code::kInvalidArgument);
  // A megabyte a row: refused at the bound, not when memory is gone.
  const auto large = PointReducer::Make(kChart, 1000);
  Result<void> kept;
  size_t rows = 0;
  for (; kept.ok() && rows < 200; ++rows) {
    kept = large->Add(std::vector<Value>{
        {static_cast<int64_t>(rows)}, {std::string(size_t{1} << 20U, 'x')}, {1.0}});
  }
  EXPECT_FALSE(kept.ok());
  EXPECT_LT(rows, 70U);
}

}  // namespace
}  // namespace tidemark::console
