// SPDX-License-Identifier: Apache-2.0
#include "agg/state.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "agg/extremes_internal.h"
#include "agg/testing/sample_groups.h"

namespace tidemark::agg {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kBigMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kBigMin = std::numeric_limits<int64_t>::min();

/// With bounds where the kind needs them.
Spec SpecOf(Kind kind, Type type) {
  Spec spec{kind, type};
  if (kind == Kind::kHistogram) spec.bounds = HistogramBounds::Make({-1e10, 0, 1e10}).value();
  return spec;
}

State Doubles(Kind kind, std::vector<double> values) {
  State state(SpecOf(kind, Type::kDouble));
  const std::vector<EventTime> times(values.size());
  state.Add({.times = times, .series_key = ""}, std::span<const double>(values));
  return state;
}
double DoubleOf(const State& state) { return std::get<double>(state.Finish().value()); }
double DoubleOf(Kind kind, std::vector<double> values) {
  return DoubleOf(Doubles(kind, std::move(values)));
}

State Bigints(Kind kind, std::vector<int64_t> values) {
  State state({kind, Type::kBigint});
  state.Add({}, std::span<const int64_t>(values));
  return state;
}

State Texts(Kind kind, std::vector<std::string_view> values) {
  State state({kind, Type::kVarchar});
  state.Add({}, std::span<const std::string_view>(values));
  return state;
}

std::string Bytes(const State& state) {
  ByteWriter out;
  state.AppendTo(out);
  return std::move(out).Take();
}

constexpr std::array kKinds{Kind::kCount,        Kind::kSum,      Kind::kAvg,      Kind::kMin,
                            Kind::kMax,          Kind::kFirst,    Kind::kLast,     Kind::kMoments,
                            Kind::kPercentiles,  Kind::kDistinct, Kind::kIncrease, Kind::kDelta,
                            Kind::kTimeWeighted, Kind::kHistogram};
constexpr std::array kTypes{Type::kDouble, Type::kBigint, Type::kVarchar, Type::kBoolean,
                            Type::kTimestamp};

TEST(AggKind, NamesReadBack) {
  for (const Kind kind : kKinds) {
    const bool one_result = kind <= Kind::kLast;
    EXPECT_EQ(KindFromName(KindName(kind)), one_result ? std::optional(kind) : std::nullopt);
  }
  EXPECT_EQ(KindName(Kind::kAvg), "avg");
  EXPECT_EQ(KindFromName("median"), std::nullopt);
  EXPECT_EQ(KindFromName(""), std::nullopt);
  EXPECT_EQ(KindName(static_cast<Kind>(99)), "");
}

TEST(AggSpec, OnlyNumbersAreSummed) {
  EXPECT_TRUE(CheckSpec({Kind::kAvg, Type::kBigint}).ok());
  EXPECT_TRUE(CheckSpec({Kind::kMax, Type::kBoolean}).ok());
  const auto refused = CheckSpec({Kind::kSum, Type::kVarchar});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "sum of VARCHAR does not exist; it needs DOUBLE or BIGINT");
  EXPECT_FALSE(CheckSpec({Kind::kAvg, Type::kTimestamp}).ok());
  EXPECT_FALSE(CheckSpec({static_cast<Kind>(0), Type::kDouble}).ok());
  EXPECT_FALSE(CheckSpec({Kind::kMin, static_cast<Type>(6)}).ok());
}

TEST(AggSpec, ResultTypes) {
  EXPECT_EQ(ResultType({Kind::kCount, Type::kVarchar}), Type::kBigint);
  EXPECT_EQ(ResultType({Kind::kAvg, Type::kBigint}), Type::kDouble);
  EXPECT_EQ(ResultType({Kind::kMax, Type::kTimestamp}), Type::kTimestamp);
}

TEST(AggState, IsSmall) { EXPECT_LE(sizeof(State), 64U); }

TEST(AggState, NullWhenEmptyButCountIsZero) {
  for (const Kind kind : kKinds) {
    for (const Type type : kTypes) {
      const Spec spec = SpecOf(kind, type);
      if (!CheckSpec(spec).ok()) continue;
      State state(spec);
      const State other(spec);
      state.Merge(other);
      EXPECT_TRUE(state.empty());
      const bool counts =
          kind == Kind::kCount || kind == Kind::kDistinct || kind == Kind::kHistogram;
      EXPECT_EQ(state.Finish().value(), counts ? Scalar(int64_t{0}) : Scalar());
      EXPECT_EQ(Bytes(state), std::string(1, '\0'));
    }
  }
}

TEST(AggState, SumAndAverageOfDoubles) {
  EXPECT_EQ(DoubleOf(Kind::kSum, {0.1, 0.2, 0.3}), 0.6);
  EXPECT_EQ(DoubleOf(Kind::kAvg, {0.1, 0.2, 0.3}), 0.6 / 3);
  EXPECT_EQ(DoubleOf(Kind::kAvg, {1.7e308, 1.7e308, 1.7e308}), 1.7e308);
  EXPECT_FALSE(std::signbit(DoubleOf(Kind::kSum, {-0.0, -0.0})));
  EXPECT_TRUE(std::isnan(DoubleOf(Kind::kAvg, {1, kNan})));
  EXPECT_EQ(DoubleOf(Kind::kAvg, {1, -kInf}), -kInf);
}

TEST(AggState, BigintSumIsExactUntilItLeavesBigint) {
  EXPECT_EQ(Bigints(Kind::kSum, {kBigMax, 1, -1}).Finish().value(), Scalar(kBigMax));
  EXPECT_EQ(Bigints(Kind::kSum, {kBigMin, kBigMin, kBigMax, 1}).Finish().value(), Scalar(kBigMin));
  for (const State& state : {Bigints(Kind::kSum, {kBigMax, 1}), Bigints(Kind::kSum, {kBigMin, -1}),
                             Bigints(Kind::kSum, {kBigMin, kBigMin})}) {
    const auto result = state.Finish();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kOutOfRange);
  }
}

TEST(AggState, BigintAverageConvertsOnceAndDividesOnce) {
  EXPECT_EQ(DoubleOf(Bigints(Kind::kAvg, {1, 2})), 1.5);
  EXPECT_EQ(DoubleOf(Bigints(Kind::kAvg, {kBigMax, kBigMax, kBigMax})), 0x1p63);
  // 2^53 + 1 twice: the sum 2^54 + 2 is a double, each term alone is not.
  const int64_t odd = (int64_t{1} << 53) + 1;
  EXPECT_EQ(DoubleOf(Bigints(Kind::kAvg, {odd, odd + 1})), 0x1p53 + 2);
  EXPECT_EQ(DoubleOf(Bigints(Kind::kAvg, {odd, odd - 2, 3})), (0x1p54 + 4) / 3);
  EXPECT_EQ(DoubleOf(Bigints(Kind::kAvg, {kBigMin, -1})), -0x1p62);
}

TEST(AggState, NanIsNeitherMinNorMaxBesideANumber) {
  EXPECT_EQ(DoubleOf(Kind::kMin, {kNan, 3, kInf}), 3);
  EXPECT_EQ(DoubleOf(Kind::kMin, {kNan, kInf, kNan}), kInf);
  EXPECT_TRUE(std::isnan(DoubleOf(Kind::kMin, {kNan, kNan})));
  EXPECT_EQ(DoubleOf(Kind::kMax, {kNan, 1, kNan, 3}), 3);
  EXPECT_EQ(DoubleOf(Kind::kMax, {1, kNan, -kInf, 2, kNan, kNan, 1}), 2);
  EXPECT_TRUE(std::isnan(DoubleOf(Kind::kMax, {kNan, kNan})));
  EXPECT_EQ(DoubleOf(Kind::kMax, {-kInf, -kInf}), -kInf);
  for (const auto& [a, b] : {std::pair(kNan, 2.0), std::pair(2.0, kNan)}) {
    State state = Doubles(Kind::kMax, {a});
    state.Merge(Doubles(Kind::kMax, {b}));
    EXPECT_EQ(DoubleOf(state), 2);
  }
  EXPECT_EQ(Bytes(Doubles(Kind::kMax, {-kNan})), Bytes(Doubles(Kind::kMax, {kNan})));
}

TEST(AggState, ZerosAreOrderedSoThatMinAndMaxAreOrderFree) {
  for (const auto& values : {std::vector<double>{0.0, -0.0, 0.0, -0.0, 0.0},
                             std::vector<double>{-0.0, 0.0, -0.0, -0.0, -0.0}}) {
    EXPECT_TRUE(std::signbit(DoubleOf(Kind::kMin, values)));
    EXPECT_FALSE(std::signbit(DoubleOf(Kind::kMax, values)));
  }
  State low = Doubles(Kind::kMin, {0.0});
  low.Merge(Doubles(Kind::kMin, {-0.0}));
  EXPECT_TRUE(std::signbit(DoubleOf(low)));
  State high = Doubles(Kind::kMax, {-0.0});
  high.Merge(Doubles(Kind::kMax, {0.0}));
  EXPECT_FALSE(std::signbit(DoubleOf(high)));
}

TEST(AggState, MinAndMaxEqualAScanByTheTotalOrder) {
  SampleGroups samples(TestSeed() + 7);
  for (size_t index = 0; index < 3000; ++index) {
    const std::vector<double> values = samples.Next(index);
    double low = CanonicalNan(values[0]);
    double high = low;
    for (const double value : values) {
      if (Precedes(value, low)) low = value;
      if (std::isnan(high) || (!std::isnan(value) && Precedes(high, value))) {
        high = CanonicalNan(value);
      }
    }
    ASSERT_EQ(std::bit_cast<uint64_t>(DoubleOf(Kind::kMin, values)), std::bit_cast<uint64_t>(low));
    ASSERT_EQ(std::bit_cast<uint64_t>(DoubleOf(Kind::kMax, values)), std::bit_cast<uint64_t>(high));
  }
}

TEST(AggState, MinAndMaxOfTheOtherTypes) {
  EXPECT_EQ(Bigints(Kind::kMin, {3, kBigMin, kBigMax}).Finish().value(), Scalar(kBigMin));
  EXPECT_EQ(Texts(Kind::kMin, {"b", "", "a"}).Finish().value(), Scalar(std::string()));
  EXPECT_EQ(Texts(Kind::kMax, {"a", "\xc3\xa9", "z"}).Finish().value(),
            Scalar(std::string("\xc3\xa9")));  // by bytes
  State truth({Kind::kMax, Type::kBoolean});
  const std::array<bool, 3> flags{false, true, false};
  truth.Add({}, std::span<const bool>(flags));
  EXPECT_EQ(truth.Finish().value(), Scalar(true));
  State time({Kind::kMin, Type::kTimestamp});
  const std::array<EventTime, 2> times{EventTime{5}, EventTime{-7}};
  time.Add({}, std::span<const EventTime>(times));
  EXPECT_EQ(time.Finish().value(), Scalar(EventTime{-7}));
}

State EdgeOf(Kind kind, std::string_view key, std::vector<EventTime> times,
             std::vector<std::string_view> values) {
  State state({kind, Type::kVarchar});
  state.Add({.times = times, .series_key = key}, std::span<const std::string_view>(values));
  return state;
}

TEST(AggState, FirstAndLastGoByTime) {
  State first = EdgeOf(Kind::kFirst, "s", {{10}, {20}}, {"ten", "twenty"});
  first.Merge(EdgeOf(Kind::kFirst, "t", {{5}}, {"five"}));
  first.Merge(EdgeOf(Kind::kFirst, "a", {{15}}, {"fifteen"}));
  EXPECT_EQ(first.Finish().value(), Scalar(std::string("five")));
  State last = EdgeOf(Kind::kLast, "s", {{10}, {20}}, {"ten", "twenty"});
  last.Merge(EdgeOf(Kind::kLast, "a", {{15}}, {"fifteen"}));
  EXPECT_EQ(last.Finish().value(), Scalar(std::string("twenty")));
}

TEST(AggState, EqualTimesGoToTheSmallestSeriesKey) {
  for (const Kind kind : {Kind::kFirst, Kind::kLast}) {
    const State a = EdgeOf(kind, "a", {{10}}, {"from a"});
    const State b = EdgeOf(kind, "b", {{10}}, {"from b"});
    State ab = a;
    ab.Merge(b);
    State ba = b;
    ba.Merge(a);
    EXPECT_EQ(ab.Finish().value(), Scalar(std::string("from a")));
    EXPECT_EQ(Bytes(ab), Bytes(ba));
  }
}

TEST(AggState, MergesWithItselfCountsTwice) {
  State text = Texts(Kind::kMax, {"value"});
  text.Merge(text);
  EXPECT_EQ(text.count(), 2U);
  EXPECT_EQ(text.Finish().value(), Scalar(std::string("value")));
  State edge = EdgeOf(Kind::kLast, "s", {{1}}, {"v"});
  edge.Merge(edge);
  EXPECT_EQ(edge.Finish().value(), Scalar(std::string("v")));
  State average = Doubles(Kind::kAvg, {1, 2});
  average.Merge(average);
  EXPECT_EQ(DoubleOf(average), 1.5);
  State integer = Bigints(Kind::kSum, {kBigMax / 2});
  integer.Merge(integer);
  EXPECT_EQ(integer.Finish().value(), Scalar(kBigMax - 1));
}

TEST(AggState, CountsWithoutValues) {
  State count({Kind::kCount, Type::kVarchar});
  count.AddCount(41);
  const std::array<std::string_view, 1> values{"x"};
  count.Add({}, std::span<const std::string_view>(values));
  EXPECT_EQ(count.Finish().value(), Scalar(int64_t{42}));
}

TEST(AggState, ResetEqualsNew) {
  for (const Kind kind : kKinds) {
    State state = Doubles(kind, {1e300, 1, 1e-300, kNan});
    state.Reset();
    EXPECT_TRUE(state.empty());
    if (kind != Kind::kHistogram) {
      EXPECT_EQ(state.heap_bytes(), 0U);
    }
    const std::vector<double> values{3, 4};
    const std::vector<EventTime> times{{1}, {2}};
    state.Add({.times = times, .series_key = "s"}, std::span<const double>(values));
    State fresh(SpecOf(kind, Type::kDouble));
    fresh.Add({.times = times, .series_key = "s"}, std::span<const double>(values));
    EXPECT_EQ(Bytes(state), Bytes(fresh)) << KindName(kind);
  }
  State integer = Bigints(Kind::kAvg, {7});
  integer.Reset();
  EXPECT_EQ(Bytes(integer), Bytes(State({Kind::kAvg, Type::kBigint})));
}

TEST(AggState, ReportsHeapBytes) {
  EXPECT_EQ(Doubles(Kind::kSum, {1, 2}).heap_bytes(), 0U);
  EXPECT_GE(Doubles(Kind::kSum, {1e300, 1, 1e-300}).heap_bytes(), 544U);
  EXPECT_GE(Texts(Kind::kMin, {std::string_view("a text that does not fit inline")}).heap_bytes(),
            31U);
  EXPECT_GT(EdgeOf(Kind::kFirst, "s", {{1}}, {"v"}).heap_bytes(), 0U);
}

TEST(AggState, AddToAllEqualsAddToEach) {
  SampleGroups samples(TestSeed());
  for (size_t index = 0; index < 300; ++index) {
    const std::vector<double> values = samples.Next(index);
    std::vector<EventTime> times;
    for (size_t i = 0; i < values.size(); ++i) times.push_back({static_cast<int64_t>(i)});
    const agg::Run run{.times = times, .series_key = "s"};
    std::vector<State> together;
    for (const Kind kind : kKinds) together.emplace_back(SpecOf(kind, Type::kDouble));
    std::vector<State> apart = together;
    AddToAll(together, run, std::span<const double>(values));
    for (State& state : apart) state.Add(run, std::span<const double>(values));
    for (size_t i = 0; i < apart.size(); ++i) ASSERT_EQ(Bytes(together[i]), Bytes(apart[i]));
  }
}

struct Point {
  EventTime time;
  std::string key;
  double value;
};

State FromPoints(Spec spec, std::span<const Point> points, std::mt19937_64& random) {
  State state(spec);
  if (points.size() > 1 && random() % 4 != 0) {
    const size_t cut = random() % (points.size() + 1);
    state.Merge(FromPoints(spec, points.first(cut), random));
    State rest = FromPoints(spec, points.subspan(cut), random);
    if (random() % 2 == 0) std::swap(state, rest);
    if (random() % 2 == 0) {  // through the bytes
      const std::string bytes = Bytes(rest);
      ByteReader in(bytes);
      rest = State::Read(spec, in).value();
    }
    state.Merge(rest);
    return state;
  }
  for (const Point& point : points) {
    const Run run{.times = std::span(&point.time, 1), .series_key = point.key};
    const auto integer = static_cast<int64_t>(std::bit_cast<uint64_t>(point.value));
    const std::string text = std::to_string(integer);
    const std::string_view view = text;
    const bool truth = integer % 2 == 0;
    const EventTime time{integer};
    switch (spec.input) {
      case Type::kDouble:
        state.Add(run, std::span(&point.value, 1));
        break;
      case Type::kBigint:
        state.Add(run, std::span(&integer, 1));
        break;
      case Type::kVarchar:
        state.Add(run, std::span(&view, 1));
        break;
      case Type::kBoolean:
        state.Add(run, std::span(&truth, 1));
        break;
      case Type::kTimestamp:
        state.Add(run, std::span(&time, 1));
        break;
    }
  }
  return state;
}

TEST(AggState, ReadsMomentsPercentilesAndDistinctCounts) {
  const std::vector<double> values{1, 2, 4, 8};
  const auto of = [](const State& state, Reading reading) { return state.Finish(reading).value(); };
  const State moments = Doubles(Kind::kMoments, values);
  EXPECT_EQ(of(moments, {}), Scalar(115.0 / 12));
  EXPECT_EQ(of(moments, {.of = Reading::Of::kVarPop}), Scalar(7.1875));
  EXPECT_EQ(of(moments, {.of = Reading::Of::kStddevPop}), Scalar(std::sqrt(7.1875)));
  EXPECT_EQ(of(Doubles(Kind::kMoments, {3}), {}), Scalar());
  const State percentiles = Doubles(Kind::kPercentiles, values);
  EXPECT_EQ(of(percentiles, {}), Scalar(4.0));
  EXPECT_EQ(of(percentiles, {.p = 0.9}), Scalar(8.0));
  EXPECT_EQ(of(Bigints(Kind::kPercentiles, {-5, 7}), {.p = 0}), Scalar(int64_t{-5}));
  EXPECT_EQ(of(Bigints(Kind::kMoments, {-5, 7}), {}), Scalar(72.0));
  EXPECT_EQ(of(Texts(Kind::kDistinct, {"a", "b", "a"}), {}), Scalar(int64_t{2}));
  EXPECT_EQ(of(State({Kind::kDistinct, Type::kBoolean}), {}), Scalar(int64_t{0}));
  EXPECT_EQ(of(State({Kind::kPercentiles, Type::kDouble}), {}), Scalar());
  EXPECT_EQ(CheckSpec({Kind::kPercentiles, Type::kVarchar}).error().message,
            "percentiles of VARCHAR does not exist; it needs DOUBLE or BIGINT");
  EXPECT_FALSE(State::CanSummarise({Kind::kMoments, Type::kDouble}, {.sum_usable = true}));
}

TEST(AggStateProperty, AnyOrderAndMergeTreeGiveTheSameBytes) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  SampleGroups samples(seed);
  std::mt19937_64 random(seed);
  for (size_t index = 0; index < 300; ++index) {
    std::vector<Point> points;
    for (const double value : samples.Next(index)) {
      if (points.size() == 60) break;
      const auto time = static_cast<int64_t>(random() % 8);  // many equal times
      points.push_back({{time}, std::string(1, static_cast<char>('a' + random() % 5)), value});
    }
    for (const Kind kind : kKinds) {
      for (const Type type : kTypes) {
        const Spec spec = SpecOf(kind, type);
        if (!CheckSpec(spec).ok()) continue;
        if (FoldsSeries(kind)) continue;  // of cuts in time: series_fold_test.cpp
        const State expected = FromPoints(spec, points, random);
        std::shuffle(points.begin(), points.end(), random);
        const State state = FromPoints(spec, points, random);
        ASSERT_EQ(Bytes(state), Bytes(expected))
            << KindName(kind) << " of type " << static_cast<int>(type) << " group " << index;
        ASSERT_EQ(state.count(), points.size());
      }
    }
  }
}

}  // namespace
}  // namespace tidemark::agg
