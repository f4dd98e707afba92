// SPDX-License-Identifier: Apache-2.0
// timestream-sql.md 5.11: worked values of section 6.4 and the properties of checklist line 32.
#include "sql/series.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace tidemark::sql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

Series Make(std::vector<std::pair<int64_t, double>> points) {
  Series series;
  for (const auto& [seconds, value] : points) {
    series.times.push_back(seconds * kSecond);
    series.values.push_back(value);
  }
  return series;
}

Series SampleA() { return Make({{0, 10}, {10, 20}, {30, 0}, {40, 40}}); }

TEST(Series, FindsTheLastTimeAtOrBefore) {
  const std::vector<int64_t> times{10, 20, 30};
  EXPECT_EQ(LastAtOrBefore(times, 9), std::nullopt);
  EXPECT_EQ(LastAtOrBefore(times, 10), 0U);
  EXPECT_EQ(LastAtOrBefore(times, 29), 1U);
  EXPECT_EQ(LastAtOrBefore(times, 99), 2U);
  EXPECT_EQ(LastAtOrBefore({}, 0), std::nullopt);
}

TEST(Series, InterpolatesOnLines) {
  const Series a = SampleA();
  const LinearInterpolation line(a);
  EXPECT_EQ(line.At(15 * kSecond), 15.0);  // W44
  EXPECT_EQ(line.At(30 * kSecond), 0.0);
  EXPECT_EQ(line.At(41 * kSecond), std::nullopt);
  EXPECT_EQ(line.At(-1), std::nullopt);
  const Series none;
  EXPECT_EQ(LinearInterpolation(none).At(0), std::nullopt);
}

TEST(Series, InterpolatesAcrossTheWholeRangeOfTimes) {
  Series wide;
  wide.times = {INT64_MIN, INT64_MAX};
  wide.values = {0, 2};
  EXPECT_EQ(LinearInterpolation(wide).At(0), 1.0);
  EXPECT_EQ(SplineInterpolation(wide).At(0), 1.0);
  Series narrow;
  narrow.times = {5, 6, 7};
  narrow.values = {1, 3, 2};
  EXPECT_EQ(SplineInterpolation(narrow).At(6), 3.0);
}

TEST(Series, BendsNaturally) {
  const Series a = SampleA();
  const SplineInterpolation spline(a);
  const double w49[] = {10.0, 17.578125, 20.0, 14.0625, 4.375, -2.5, 0.0, 16.015625, 40.0};
  for (int i = 0; i < 9; ++i) {
    EXPECT_NEAR(*spline.At(i * 5 * kSecond), w49[i], 1e-12) << i;
  }
  const Series three = Make({{5, 1}, {15, 2}, {25, 6}});  // W50
  EXPECT_NEAR(*SplineInterpolation(three).At(10 * kSecond), 1.21875, 1e-12);
  EXPECT_NEAR(*SplineInterpolation(three).At(20 * kSecond), 3.71875, 1e-12);
  const Series four = Make({{0, 10}, {30, 20}, {60, 40}, {90, 30}});  // W51
  const double w51[] = {10.0, 13.25, 20.0, 31.5, 40.0, 38.25, 30.0};
  const SplineInterpolation wave(four);
  for (int i = 0; i < 7; ++i) EXPECT_NEAR(*wave.At(i * 15 * kSecond), w51[i], 1e-12) << i;
  const Series one = Make({{5, 7}});
  EXPECT_EQ(SplineInterpolation(one).At(5 * kSecond), 7.0);
  EXPECT_EQ(SplineInterpolation(one).At(6 * kSecond), std::nullopt);
}

TEST(Series, DifferentiatesAndIntegrates) {
  const Series slope = Derivative(SampleA(), 60 * kSecond);  // W52
  EXPECT_EQ(slope.values, (std::vector<double>{60, -60, 240}));
  EXPECT_EQ(slope.times, (std::vector<int64_t>{10 * kSecond, 30 * kSecond, 40 * kSecond}));
  EXPECT_TRUE(Derivative(Make({{1, 1}}), 1).times.empty());
  EXPECT_DOUBLE_EQ(Integral(SampleA(), kSecond), 550.0);  // W54
  EXPECT_DOUBLE_EQ(Integral(SampleA(), 60 * kSecond), 9.166666666666666);
  EXPECT_EQ(Integral(Make({{1, 1}}), kSecond), 0.0);
}

TEST(Series, Correlates) {
  const std::vector<double> up{1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(Correlation(up, std::vector<double>{2, 4, 5, 10}), 0.9483040522636019);  // W55
  EXPECT_DOUBLE_EQ(Correlation(up, std::vector<double>{4, 3, 2, 1}), -1.0);
  EXPECT_EQ(AverageRanks(std::vector<double>{10, 30, 20, 20}),
            (std::vector<double>{1, 4, 2.5, 2.5}));  // W56
  EXPECT_DOUBLE_EQ(Correlation(AverageRanks(std::vector<double>{1, 2, 2, 4}),
                               AverageRanks(std::vector<double>{10, 30, 20, 20})),
                   0.5);
  EXPECT_TRUE(std::isnan(Correlation(up, std::vector<double>{0.1, 0.1, 0.1, 0.1})));
  EXPECT_TRUE(std::isnan(Correlation(std::vector<double>{1}, std::vector<double>{1})));
  EXPECT_TRUE(std::isnan(Correlation(up, std::vector<double>{1, NAN, 3, 4})));
}

TEST(Series, KeepsItsPromisesOnRandomSeries) {  // checklist 32
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> value(-100, 100);
  for (int round = 0; round < 50; ++round) {
    Series series;
    int64_t time = 0;
    const size_t count = 3 + random() % 40;
    for (size_t i = 0; i < count; ++i) {
      time += 1 + static_cast<int64_t>(random() % (60 * kSecond));
      series.times.push_back(time);
      series.values.push_back(value(random));
    }
    const SplineInterpolation spline(series);
    const LinearInterpolation line(series);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(spline.At(series.times[i]), series.values[i]);
      EXPECT_EQ(line.At(series.times[i]), series.values[i]);
    }
    EXPECT_DOUBLE_EQ(Correlation(series.values, series.values), 1.0);
    // The integral is additive over a split at a sample.
    const auto cut = static_cast<std::ptrdiff_t>(1 + random() % (count - 2));
    const Series left{{series.times.begin(), series.times.begin() + cut + 1},
                      {series.values.begin(), series.values.begin() + cut + 1}};
    const Series right{{series.times.begin() + cut, series.times.end()},
                       {series.values.begin() + cut, series.values.end()}};
    EXPECT_NEAR(Integral(left, kSecond) + Integral(right, kSecond), Integral(series, kSecond),
                1e-6);
    // The derivative of a ramp is constant.
    Series ramp = series;
    for (size_t i = 0; i < count; ++i) ramp.values[i] = static_cast<double>(ramp.times[i]) * 3e-9;
    for (const double slope : Derivative(ramp, kSecond).values) EXPECT_NEAR(slope, 3.0, 1e-4);
  }
}

}  // namespace
}  // namespace tidemark::sql
