// SPDX-License-Identifier: Apache-2.0
// Exact values against Python's fractions: testing/compare_moments.py.
#include "agg/moments.h"

#include <bit>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "agg/integer_mean.h"
#include "agg/testing/sample_groups.h"

namespace tidemark::agg {
namespace {

/// One number for equal results, NaN and "none" included.
uint64_t Bits(const std::optional<double>& value) {
  if (!value) return 1;
  return std::isnan(*value) ? 2 : std::bit_cast<uint64_t>(*value);
}

std::vector<uint64_t> ResultsOf(const Moments<2>& moments) {
  return {moments.count(), Bits(moments.Variance(Spread::kSample)),
          Bits(moments.Variance(Spread::kPopulation)),
          Bits(moments.StandardDeviation(Spread::kSample))};
}
std::vector<uint64_t> ResultsOf(const Moments<4>& moments) {
  return {moments.count(), Bits(moments.Variance(Spread::kSample)), Bits(moments.Skewness()),
          Bits(moments.Kurtosis())};
}
std::vector<uint64_t> ResultsOf(const CoMoments& moments) {
  return {moments.count(), Bits(moments.Covariance(Spread::kSample)), Bits(moments.Correlation()),
          Bits(moments.Slope()), Bits(moments.Intercept())};
}

template <typename State>
void AddAll(State& state, std::span<const double> values) {
  if constexpr (std::is_same_v<State, CoMoments>) {
    for (const double value : values) state.Add(value, std::round(value * 3) - value / 7);
  } else {
    state.Add(values);
  }
}

/// Random cuts and a random merge tree.
template <typename State>
State Merged(std::span<const double> values, std::mt19937_64& random) {
  State state;
  if (values.size() <= 1 || random() % 4 == 0) {
    AddAll(state, values);
    return state;
  }
  const size_t cut = random() % values.size();
  state = Merged<State>(values.first(cut), random);
  state.Merge(Merged<State>(values.subspan(cut), random));
  return state;
}

template <typename State>
class MomentStates : public testing::Test {};
using States = testing::Types<Moments<2>, Moments<4>, CoMoments>;
TYPED_TEST_SUITE(MomentStates, States);

TYPED_TEST(MomentStates, AnyOrderAndMergeTreeGiveTheSameBits) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  SampleGroups samples(seed);
  for (size_t i = 0; i < 600; ++i) {
    std::vector<double> values = samples.Next(i);
    TypeParam whole;
    AddAll(whole, values);
    const std::vector<uint64_t> wanted = ResultsOf(whole);
    for (int round = 0; round < 3; ++round) {
      std::shuffle(values.begin(), values.end(), random);
      const auto merged = Merged<TypeParam>(values, random);
      ASSERT_EQ(ResultsOf(merged), wanted)
          << SampleGroups::KindName(i) << " group " << i << " TM_SEED=" << seed;
    }
  }
}

TYPED_TEST(MomentStates, MergesWithItself) {
  const std::vector<double> values{1, 2.5, -7e200, 3e-200};
  TypeParam once;
  AddAll(once, values);
  TypeParam twice = once;
  AddAll(twice, values);
  once.Merge(once);
  EXPECT_EQ(ResultsOf(once), ResultsOf(twice));
}

// exact-sums.md "Variance": a large offset or a cancelled square costs nothing.
TEST(Moments, LosesNothingToOffsetsAndOverflow) {
  Moments<2> offset;
  offset.Add(std::vector<double>{1e15 + 1, 1e15 + 2, 1e15 + 4});
  EXPECT_EQ(offset.Variance(Spread::kSample), 7.0 / 3);
  Moments<2> huge;
  huge.Add(std::vector<double>{1e300, 1e300, 1e300});
  EXPECT_EQ(huge.Variance(Spread::kPopulation), 0.0);
  huge.Add(std::vector<double>{-1e300});
  EXPECT_EQ(huge.Variance(Spread::kPopulation), INFINITY);
  Moments<2> tiny;
  tiny.Add(std::vector<double>{1e-160, 3e-160});
  EXPECT_EQ(tiny.Variance(Spread::kPopulation), 1e-320);  // subnormal, rounded once
}

TEST(Moments, HasNoResultBelowTheCountsOfTheGuide) {
  Moments<4> moments;
  EXPECT_EQ(moments.Variance(Spread::kPopulation), std::nullopt);
  moments.Add(std::vector<double>{5});
  EXPECT_EQ(moments.Variance(Spread::kSample), std::nullopt);
  EXPECT_EQ(moments.Variance(Spread::kPopulation), 0.0);
  moments.Add(std::vector<double>{7});
  EXPECT_EQ(moments.Skewness(), std::nullopt);
  moments.Add(std::vector<double>{12});
  EXPECT_NEAR(moments.Skewness().value(), 0.4703304603369859, 1e-15);
  EXPECT_EQ(moments.Kurtosis(), std::nullopt);
}

TEST(IntegerMean, RoundsHalvesUp) {
  const auto mean = [](std::initializer_list<int64_t> values) {
    IntegerMean out;
    for (const int64_t value : values) out.Add(value);
    return out.Finish();
  };
  EXPECT_EQ(mean({}), std::nullopt);
  EXPECT_EQ(mean({1, 12}), 7);
  EXPECT_EQ(mean({-1, -12}), -6);
  EXPECT_EQ(mean({-1, -1, -2}), -1);
  EXPECT_EQ(mean({INT64_MAX, INT64_MAX, INT64_MAX}), INT64_MAX);
  EXPECT_EQ(mean({INT64_MIN, INT64_MIN}), INT64_MIN);
}

}  // namespace
}  // namespace tidemark::agg
