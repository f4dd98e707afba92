// SPDX-License-Identifier: Apache-2.0
#include "agg/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "agg/super_accumulator_internal.h"
#include "agg/testing/sample_groups.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tidemark::agg {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTiny = 0x1p-1074;

ExactSum SumOf(std::initializer_list<double> values) {
  ExactSum sum;
  for (const double value : values) sum.Add(value);
  return sum;
}
double Rounded(std::initializer_list<double> values) { return SumOf(values).Round(); }

std::string Bytes(const ExactSum& sum) {
  ByteWriter out;
  sum.AppendTo(out);
  return std::move(out).Take();
}

TEST(ExactSum, RoundsTiesToEvenOnce) {
  EXPECT_EQ(Rounded({0x1p53, 1}), 0x1p53);             // tie: down to even
  EXPECT_EQ(Rounded({0x1p53, 2, 1}), 0x1p53 + 4);      // tie: up to even
  EXPECT_EQ(Rounded({0x1p53, 1, kTiny}), 0x1p53 + 2);  // a hair above the tie
  EXPECT_EQ(Rounded({0x1p53, 1, -kTiny}), 0x1p53);     // a hair below
  EXPECT_EQ(Rounded({-0x1p53, -1, -kTiny}), -(0x1p53 + 2));
  EXPECT_EQ(Rounded({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}), 1.0);
}

TEST(ExactSum, KeepsWhatCancellationLeaves) {
  EXPECT_EQ(Rounded({1e300, 1, -1e300}), 1.0);
  EXPECT_EQ(Rounded({1, 1e100, 1, -1e100}), 2.0);
  EXPECT_EQ(Rounded({1e16, 1, 1e-16, -1e16, -1}), 1e-16);
  EXPECT_EQ(Rounded({kMax, kTiny, -kMax}), kTiny);
}

TEST(ExactSum, KeepsSubnormals) {
  EXPECT_EQ(Rounded({kTiny, kTiny, kTiny}), 3 * kTiny);
  EXPECT_EQ(Rounded({0x1p-1022, -kTiny}), 0x1p-1022 - kTiny);
  EXPECT_EQ(Rounded({1e-320, 1e300, -1e300}), 1e-320);
}

TEST(ExactSum, IntermediateOverflowDoesNotMatter) {
  EXPECT_EQ(Rounded({kMax, kMax, -kMax}), kMax);
  EXPECT_EQ(Rounded({kMax, kMax, -kMax, -kMax}), 0.0);
  EXPECT_EQ(Rounded({kMax, kMax}), kInf);
  EXPECT_EQ(Rounded({-kMax, -kMax}), -kInf);
  EXPECT_EQ(Rounded({kMax, 0x1p970}), kInf);  // exactly half way to 2^1024: the tie rounds up
  EXPECT_EQ(Rounded({kMax, 0x1p970, -kTiny}), kMax);
  EXPECT_EQ(Rounded({kMax, 0x1p969}), kMax);
}

TEST(ExactSum, ZeroIsAlwaysPositive) {
  for (const double zero : {Rounded({}), Rounded({-0.0}), Rounded({-0.0, -0.0}), Rounded({1, -1}),
                            Rounded({kTiny, 1e300, -1e300, -kTiny})}) {
    EXPECT_EQ(zero, 0.0);
    EXPECT_FALSE(std::signbit(zero));
  }
}

TEST(ExactSum, SpecialValuesWinInAnyOrder) {
  EXPECT_EQ(Rounded({1, kInf, kMax, kMax}), kInf);
  EXPECT_EQ(Rounded({-kInf, 1e300}), -kInf);
  EXPECT_TRUE(std::isnan(Rounded({kInf, -kInf})));
  EXPECT_TRUE(std::isnan(Rounded({kNan, 1})));
  EXPECT_TRUE(std::isnan(Rounded({1, kInf, -kNan})));
  EXPECT_EQ(Bytes(SumOf({kNan, 5})), Bytes(SumOf({-kInf, 7, kInf})));
}

TEST(ExactSum, MeanDividesTheRoundedSum) {
  EXPECT_EQ(SumOf({0.1, 0.2, 0.3}).Mean(3), 0.6 / 3);
  EXPECT_EQ(SumOf({kInf, 1}).Mean(2), kInf);
  EXPECT_TRUE(std::isnan(SumOf({kNan}).Mean(1)));
}

TEST(ExactSum, MeanOfAnOverflowingSumIsStillRight) {
  EXPECT_EQ(SumOf({kMax, kMax}).Mean(2), kMax);
  EXPECT_EQ(SumOf({-kMax, -kMax, -kMax}).Mean(3), -kMax);
  EXPECT_EQ(SumOf({kMax, kMax, -0x1p1000}).Mean(3), 0x1.555554aaaaaaap+1023);  // Python's fractions
  ExactSum sum;
  for (int i = 0; i < 5000; ++i) sum.AddMany(std::vector<double>(4, kMax));
  EXPECT_EQ(sum.Mean(20'000), kMax);
}

TEST(ExactSum, ManyMaximaSpillAndPropagate) {
  ExactSum sum;
  const std::vector<double> block(10'000, kMax);
  sum.AddMany(block);
  EXPECT_EQ(sum.Round(), kInf);
  for (const double value : block) sum.Add(-value);
  EXPECT_EQ(Bytes(sum), Bytes(ExactSum()));
  sum.Add(-kMax);
  EXPECT_EQ(sum.Round(), -kMax);
}

TEST(ExactSum, MergesWithItself) {
  ExactSum pair = SumOf({0.1, 0.2});
  pair.Merge(pair);
  EXPECT_EQ(Bytes(pair), Bytes(SumOf({0.1, 0.2, 0.1, 0.2})));
  ExactSum big = SumOf({1e300, 1, 1e-300});
  ASSERT_GT(big.heap_bytes(), 0U);
  big.Merge(big);
  EXPECT_EQ(Bytes(big), Bytes(SumOf({1e300, 1e300, 1, 1, 1e-300, 1e-300})));
}

TEST(ExactSum, CopiesAreDeepAndResetEmpties) {
  ExactSum big = SumOf({1e300, 1, 1e-300});
  const ExactSum copy = big;
  big.Reset();
  EXPECT_EQ(big.heap_bytes(), 0U);
  EXPECT_EQ(Bytes(big), Bytes(ExactSum()));
  EXPECT_EQ(copy.Round(), 1e300);
}

TEST(ExactSum, GaugesNeverLeaveThePair) {
  ExactSum sum;
  std::vector<double> block;
  for (int i = 0; i < 100'000; ++i) block.push_back((i * 7919 % 10'000) / 100.0);
  sum.AddMany(block);
  EXPECT_EQ(sum.heap_bytes(), 0U);
}

TEST(ExactSum, BytesAreCanonicalAfterASpillThatCancelled) {
  ExactSum sum = SumOf({1e300, 0.1, 1e-300, -1e300, -1e-300});
  ASSERT_GT(sum.heap_bytes(), 0U);
  EXPECT_EQ(Bytes(sum), Bytes(SumOf({0.1})));
}

TEST(ExactSum, IsAPairOrNothing) {
  const auto pair = [](std::initializer_list<double> values) {
    ExactSum sum;
    for (const double value : values) sum.Add(value);
    return sum.AsPair();
  };
  EXPECT_EQ(pair({}), std::pair(0.0, 0.0));
  EXPECT_EQ(pair({1, 0x1p-60}), std::pair(1.0, 0x1p-60));
  EXPECT_EQ(pair({1, 0x1p-60, 0x1p-160}), std::nullopt);
  EXPECT_EQ(pair({1, 0x1p-60, 0x1p-160, -0x1p-160}), std::pair(1.0, 0x1p-60));  // spilled and back
  EXPECT_EQ(pair({std::numeric_limits<double>::infinity()}), std::nullopt);
  EXPECT_EQ(pair({DBL_MAX, DBL_MAX}), std::nullopt);
}

TEST(ExactSum, RefusesBytesThatItDoesNotWrite) {
  using namespace std::string_literals;
  const auto pair = [](double hi, double lo) {
    ByteWriter out;
    out.PutU8(1);
    out.PutF64(hi);
    out.PutF64(lo);
    return std::move(out).Take();
  };
  for (const std::string& bytes :
       {""s, "\x07"s, "\xff"s, "\x01"s, pair(0, 0), pair(1, 1), pair(1, -0.0), pair(kNan, 0),
        pair(kInf, 0), pair(kMax, kMax), pair(1, kNan), "\x02"s, "\x02\x00\x00"s,
        "\x02\x44\x01\x01\x00\x00\x00"s, "\x02\x00\x02\x01\x00\x00\x00"s,
        "\x02\x00\x01\x00\x00\x00\x00"s, "\x03\x43\x01\x00\x00\x10\x00"s}) {
    ByteReader in(bytes);
    const auto read = ExactSum::Read(in);
    ASSERT_FALSE(read.ok()) << ::testing::PrintToString(bytes);
    EXPECT_EQ(read.error().code, Code::kCorruption);
  }
}

TEST(ExactSum, EveryPrefixOfItsBytesIsRefused) {
  for (const std::string& bytes : {Bytes(SumOf({0.1, 1e20})), Bytes(SumOf({1e300, 1, -1e-300}))}) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      ByteReader in(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(ExactSum::Read(in).ok()) << size;
    }
  }
}

TEST(SumKernels, ReportNonFiniteAndOverflow) {
  for (const auto& [name, run] : SumKernels()) {
    for (const double bad : {kNan, kInf, -kInf, kMax}) {
      for (size_t at = 0; at < 19; ++at) {  // every lane and the tail
        std::vector<double> block(19, bad == kMax ? kMax : 1.0);
        block[at] = bad;
        EXPECT_FALSE(run(block).exact) << name << " " << bad << " at " << at;
      }
    }
    EXPECT_TRUE(run({}).exact);
  }
}

TEST(ExactArithmetic, PassesHere) { EXPECT_TRUE(CheckExactArithmetic().ok()); }

#if defined(__x86_64__)
TEST(ExactArithmetic, RefusesFlushToZeroAndOtherRounding) {
  const unsigned before = _mm_getcsr();
  for (const unsigned bit : {0x8000U, 0x0040U, 0x2000U}) {  // FTZ, DAZ, round down
    _mm_setcsr(before | bit);
    const auto checked = CheckExactArithmetic();
    _mm_setcsr(before);
    EXPECT_FALSE(checked.ok()) << std::hex << bit;
  }
}
#endif

// Random groups: order, merge trees, kernels and the spill change neither result nor bytes.

struct Shuffler {
  std::mt19937_64& random;

  /// Splits at random, adds the parts by random means, merges them in a random tree.
  ExactSum Sum(std::span<const double> values) {
    if (values.size() > 1 && random() % 3 != 0) {
      const size_t cut = 1 + random() % (values.size() - 1);
      ExactSum left = Sum(values.first(cut));
      const ExactSum right = Sum(values.subspan(cut));
      if (random() % 2 == 0) {
        left.Merge(right);
        return left;
      }
      ExactSum out = right;
      out.Merge(left);
      return out;
    }
    ExactSum sum;
    const auto kernels = SumKernels();
    const size_t choice = random() % (kernels.size() + 2);
    if (choice < kernels.size()) {
      const BlockSum block = kernels[choice].run(values);
      if (block.exact) {
        sum.Add(block.hi);
        sum.Add(block.lo);
        return sum;
      }
    }
    if (choice == kernels.size()) {
      for (const double value : values) sum.Add(value);
    } else {
      sum.AddMany(values);
    }
    return sum;
  }
};

/// The reference: a superaccumulator alone, limb by limb.
double ReferenceRound(std::span<const double> values) {
  SuperAccumulator super;
  super.Add(values);
  const uint8_t flags = super.flags();
  const bool both = (flags & 6U) == 6U;
  if ((flags & SuperAccumulator::kNan) != 0 || both) return kNan;
  if ((flags & SuperAccumulator::kPositiveInfinity) != 0) return kInf;
  if ((flags & SuperAccumulator::kNegativeInfinity) != 0) return -kInf;
  return super.ToMagnitude().Round(Magnitude::Remainder::kNone);
}

TEST(ExactSumProperty, AnyOrderTreeAndKernelGiveTheSameBits) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  SampleGroups samples(seed);
  std::mt19937_64 random(seed + 1);
  Shuffler shuffler{random};
  for (size_t index = 0; index < 6000; ++index) {
    std::vector<double> values = samples.Next(index);
    ExactSum in_order;
    in_order.AddMany(values);
    const std::string bytes = Bytes(in_order);
    const auto rounded = std::bit_cast<uint64_t>(in_order.Round());
    ASSERT_EQ(rounded, std::bit_cast<uint64_t>(ReferenceRound(values)))
        << SampleGroups::KindName(index) << " group " << index;
    for (int permutation = 0; permutation < 3; ++permutation) {
      std::shuffle(values.begin(), values.end(), random);
      const ExactSum sum = shuffler.Sum(values);
      ASSERT_EQ(Bytes(sum), bytes) << SampleGroups::KindName(index) << " group " << index;
      ASSERT_EQ(std::bit_cast<uint64_t>(sum.Round()), rounded);
      ASSERT_EQ(std::bit_cast<uint64_t>(sum.Mean(values.size())),
                std::bit_cast<uint64_t>(in_order.Mean(values.size())));
    }
    ByteReader in(bytes);
    auto read = ExactSum::Read(in);
    ASSERT_TRUE(read.ok() && in.AtEnd()) << SampleGroups::KindName(index);
    ASSERT_EQ(Bytes(*read), bytes);
    read->Merge(in_order);
    in_order.Merge(in_order);
    ASSERT_EQ(Bytes(*read), Bytes(in_order));
  }
}

}  // namespace
}  // namespace tidemark::agg
