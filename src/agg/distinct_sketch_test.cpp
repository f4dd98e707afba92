// SPDX-License-Identifier: Apache-2.0
#include "agg/distinct_sketch.h"

#include <cmath>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "agg/testing/sample_groups.h"

namespace tidemark::agg {
namespace {

DistinctSketch OfRange(int64_t first, int64_t last, int precision) {
  DistinctSketch sketch(precision);
  for (int64_t i = first; i < last; ++i) sketch.Add(DistinctHash(i));
  return sketch;
}

TEST(DistinctSketch, IsExactBelow256) {
  DistinctSketch sketch;
  for (int64_t i = 0; i < 255; ++i) {
    EXPECT_EQ(sketch.Estimate(), static_cast<uint64_t>(i));
    for (int repeat = 0; repeat < 3; ++repeat) sketch.Add(DistinctHash(i));
  }
  EXPECT_EQ(sketch.Estimate(), 255U);
}

// A published hash: the numbers below are those of XXH3_64bits.
TEST(DistinctSketch, HashesTheBytesOfTheValue) {
  EXPECT_EQ(DistinctHash(std::string_view("")), 0x2d06'8005'38d3'94c2U);
  EXPECT_EQ(DistinctHash(int64_t{0}), DistinctHash(std::string_view("\0\0\0\0\0\0\0\0", 8)));
  EXPECT_EQ(DistinctHash(0.0), DistinctHash(-0.0));
  EXPECT_EQ(DistinctHash(NAN), DistinctHash(-std::numeric_limits<double>::quiet_NaN()));
  EXPECT_NE(DistinctHash(true), DistinctHash(false));
}

TEST(DistinctSketch, StaysWithinItsStandardError) {
  for (const int precision : {4, 9, 11, 16}) {
    const double error = 1.04 / std::sqrt(std::ldexp(1, precision));
    for (const int64_t n : {256, 1000, 5000, 20'000, 300'000}) {
      const auto estimate = static_cast<double>(OfRange(0, n, precision).Estimate());
      EXPECT_NEAR(estimate, static_cast<double>(n), 3 * error * static_cast<double>(n))
          << "precision " << precision;
    }
  }
}

TEST(DistinctSketch, AnyOrderAndMergeTreeGiveTheSameEstimate) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  for (const size_t n : {100U, 255U, 256U, 257U, 700U, 20'000U}) {
    std::vector<uint64_t> hashes;
    for (size_t i = 0; i < n; ++i) {
      hashes.push_back(DistinctHash(std::to_string(i)));
      if (random() % 2 == 0) hashes.push_back(hashes[random() % hashes.size()]);
    }
    DistinctSketch whole;
    for (const uint64_t hash : hashes) whole.Add(hash);
    for (int round = 0; round < 5; ++round) {
      std::shuffle(hashes.begin(), hashes.end(), random);
      std::vector<DistinctSketch> parts(1 + random() % 6);
      for (const uint64_t hash : hashes) parts[random() % parts.size()].Add(hash);
      DistinctSketch merged;
      for (const DistinctSketch& part : parts) merged.Merge(part);
      merged.Merge(merged);
      ASSERT_EQ(merged.Estimate(), whole.Estimate()) << n << " TM_SEED=" << seed;
    }
  }
}

TEST(DistinctSketch, TakesAsManyRegistersAsTheErrorNeeds) {
  EXPECT_EQ(DistinctSketch::PrecisionFor(0.26), 4);
  EXPECT_EQ(DistinctSketch::PrecisionFor(0.023), 11);
  EXPECT_EQ(DistinctSketch::PrecisionFor(0.01), 14);
  EXPECT_EQ(DistinctSketch::PrecisionFor(0.0040625), 16);
}

}  // namespace
}  // namespace tidemark::agg
