// SPDX-License-Identifier: Apache-2.0
// Rows J1 to J12 of event-time.md 17.J. J13 to J15 are of sketches that are not built, J16 to J21
// are in series_fold_test.cpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "agg/aggregate.h"
#include "agg/state.h"

namespace tidemark::agg {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kBigMax = std::numeric_limits<int64_t>::max();

template <typename T>
State Of(std::string_view name, const std::vector<T>& values) {
  constexpr Type kType = std::is_same_v<T, double> ? Type::kDouble : Type::kBigint;
  State state(AggregateFromName(name)->spec(kType));
  const std::vector<EventTime> times(values.size());
  state.Add({.times = times, .series_key = "s"}, std::span<const T>(values));
  return state;
}

Scalar Read(std::string_view name, const State& state) {
  return FinishAs(*AggregateFromName(name), state, {{}, {}}).value();
}
template <typename T>
Scalar Read(std::string_view name, const std::vector<T>& values) {
  return Read(name, Of(name, values));
}
double Double(std::string_view name, const std::vector<double>& values) {
  return std::get<double>(Read(name, values));
}

TEST(ValueTable, J1TenTenthsAreOne) { EXPECT_EQ(Double("sum", std::vector<double>(10, 0.1)), 1.0); }

TEST(ValueTable, J2AnyOrderOfACancellation) {
  std::vector<double> values{-1e16, 1, 1e16};
  int orders = 0;
  do {
    EXPECT_EQ(Double("sum", values), 1.0);
    ++orders;
  } while (std::next_permutation(values.begin(), values.end()));
  EXPECT_EQ(orders, 6);
}

TEST(ValueTable, J3AnyMergeOfACancellation) {
  for (const auto& [a, b] :
       {std::pair<std::vector<double>, std::vector<double>>({1e16, 1}, {-1e16}),
        std::pair<std::vector<double>, std::vector<double>>({1e16}, {1, -1e16})}) {
    State state = Of("sum", a);
    state.Merge(Of("sum", b));
    EXPECT_EQ(Read("sum", state), Scalar(1.0));
  }
}

TEST(ValueTable, J4AverageIsRoundedOnce) {
  EXPECT_EQ(Double("avg", {1, 2, 4}), 2.3333333333333335);
}

TEST(ValueTable, J5ABigintSumBeyondItsRangeIsAnErrorAndItsAverageIsNot) {
  const std::vector<int64_t> values{kBigMax, 1};
  const auto sum = FinishAs(*AggregateFromName("sum"), Of("sum", values), {{}, {}});
  ASSERT_FALSE(sum.ok());
  EXPECT_EQ(sum.error().code, Code::kOutOfRange);
  EXPECT_EQ(Read("avg", values), Scalar(4.611686018427388e18));
}

TEST(ValueTable, J6BigintsAreNotSummedAsDoubles) {
  EXPECT_EQ(Read("sum", std::vector<int64_t>{9007199254740993, 9007199254740993}),
            Scalar(int64_t{18014398509481986}));
}

TEST(ValueTable, J7VarianceFarFromZero) {
  const std::vector<double> values{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
  EXPECT_EQ(Double("var_pop", values), 22.5);
  EXPECT_EQ(Double("var_samp", values), 30);
}

TEST(ValueTable, J8SampleVarianceOfOneValueIsNull) {
  EXPECT_EQ(Read("var_samp", std::vector<double>{7}), Scalar());
}

TEST(ValueTable, J9ANanCountsAndIsTheSumAndNoExtreme) {
  const std::vector<double> values{1, kNan, 3};
  EXPECT_TRUE(std::isnan(Double("sum", values)));
  EXPECT_EQ(Read("count", values), Scalar(int64_t{3}));
  EXPECT_EQ(Double("min", values), 1);
  EXPECT_EQ(Double("max", values), 3);
}

TEST(ValueTable, J10InfinitiesInAnyOrder) {
  EXPECT_EQ(Double("sum", {kInf, 1}), kInf);
  std::vector<double> values{-kInf, 1, kInf};
  do {
    EXPECT_TRUE(std::isnan(Double("sum", values)));
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST(ValueTable, J11SignsOfZero) {
  for (const auto& values : {std::vector<double>{0.0, -0.0}, std::vector<double>{-0.0, 0.0}}) {
    EXPECT_TRUE(std::signbit(Double("min", values)));
  }
  EXPECT_EQ(Double("sum", {-0.0}), 0);
  EXPECT_FALSE(std::signbit(Double("sum", {-0.0})));
}

// The note at the head of event-time.md: the tie goes to the smallest canonical series key.
TEST(ValueTable, J12EqualTimesGoToTheSmallestSeries) {
  const std::array<EventTime, 1> at{EventTime{5}};
  for (const char* name : {"first", "last"}) {
    for (const bool turned : {false, true}) {
      State state(AggregateFromName(name)->spec(Type::kDouble));
      std::array<std::pair<std::string, double>, 2> points{
          {{std::string("p1"), 7.0}, {std::string("p0"), 8.0}}};
      if (turned) std::swap(points[0], points[1]);
      for (const auto& [key, value] : points) {
        state.Add({.times = at, .series_key = key}, std::span<const double>(&value, 1));
      }
      EXPECT_EQ(Read(name, state), Scalar(8.0)) << name;
    }
  }
}

}  // namespace
}  // namespace tidemark::agg
