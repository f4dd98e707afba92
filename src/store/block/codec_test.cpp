// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/block/bit_packing_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/entropy_codec_internal.h"
#include "store/block/residual_codec_internal.h"
#include "store/block/testing/sample_values.h"

namespace tidemark::store::codec {
namespace {

constexpr std::array<size_t, 9> kCounts{1, 2, 63, 127, 128, 300, 1022, 1023, 1024};

std::vector<uint64_t> Masked(size_t n, unsigned width, std::mt19937_64& random) {
  std::vector<uint64_t> values(n);
  for (uint64_t& value : values) value = random() & LowMask(width);
  return values;
}

TEST(BitPacking, EveryWidthAndCountComesBack) {
  std::mt19937_64 random(1);
  for (unsigned width = 0; width <= 64; ++width) {
    for (const size_t n : kCounts) {
      const auto values = Masked(n, width, random);
      std::string bytes;
      Pack(values, width, bytes);
      ASSERT_EQ(bytes.size(), PackedBytes(n, width));
      // A copy of exactly that size: reading past it is seen by the address sanitizer.
      const std::vector<char> exact(bytes.begin(), bytes.end());
      std::vector<uint64_t> back(n);
      Unpack(exact.data(), n, width, back.data());
      ASSERT_EQ(back, values) << "width " << width << " n " << n;
      for (size_t i = 0; i < n; i += 7) {
        ASSERT_EQ(UnpackOne(exact.data(), n, width, i), values[i]) << width << " " << n << " " << i;
      }
    }
  }
}

TEST(BitPacking, EveryKernelGivesTheSameBits) {
  std::mt19937_64 random(2);
  const Kernels& plain = AllKernels().front();
  for (const Kernels& kernels : AllKernels()) {
    SCOPED_TRACE(kernels.name);
    for (unsigned width = 1; width <= 64; ++width) {
      const auto values = Masked(kLaneValues, width, random);
      std::string bytes;
      Pack(values, width, bytes);
      std::vector<uint64_t> back(kLaneValues);
      kernels.unpack_lanes(bytes.data(), width, back.data());
      ASSERT_EQ(back, values) << width;
    }
    for (const size_t n : kCounts) {
      const auto values = Masked(n, 64, random);
      for (const uint64_t unit : {uint64_t{1}, uint64_t{1000}, random()}) {
        for (const uint64_t step : {uint64_t{0}, uint64_t{17}, random()}) {
          auto a = values;
          auto b = values;
          plain.linear(a.data(), n, 5, step, unit);
          kernels.linear(b.data(), n, 5, step, unit);
          ASSERT_EQ(a, b);
          a = b = values;
          plain.prefix_sum(a.data(), n, 5, step, unit);
          kernels.prefix_sum(b.data(), n, 5, step, unit);
          ASSERT_EQ(a, b);
        }
      }
      auto a = values;
      auto b = values;
      plain.scale(a.data(), n, 1e12, 1e-14);
      kernels.scale(b.data(), n, 1e12, 1e-14);
      ASSERT_EQ(a, b);
      a = b = values;
      plain.divide(a.data(), n, 100);
      kernels.divide(b.data(), n, 100);
      ASSERT_EQ(a, b);
    }
  }
}

TEST(ResidualCodec, PatchesAndEntropyComeBack) {
  std::mt19937_64 random(3);
  for (const Effort effort : {Effort::kFast, Effort::kSmall}) {
    for (const size_t n : kCounts) {
      for (unsigned round = 0; round < 40; ++round) {
        const unsigned width = random() % 64;
        auto values = Masked(n, width, random);
        for (uint64_t& value : values) {
          if (random() % 37 == 0) value = random() >> (random() % 64);
        }
        const ResidualPlan plan = PlanResiduals(values, effort);
        std::string bytes;
        WriteResiduals(plan, values, bytes);
        const std::vector<char> exact(bytes.begin(), bytes.end());
        std::vector<uint64_t> back(n);
        ASSERT_TRUE(ReadResiduals({exact.data(), exact.size()}, n, back.data()));
        ASSERT_EQ(back, values);
      }
    }
  }
}

TEST(EntropyCodec, ComesBackForEverySplitAndSize) {
  std::mt19937_64 random(4);
  for (const size_t n : {192, 500, 1023, 1024}) {
    for (unsigned low = 0; low <= kEntropyLowBitsMax; low += 3) {
      for (const unsigned width : {0U, 1U, 3U, 6U, 9U}) {
        auto values = Masked(n, std::min(64U, low + width), random);
        if (width == 3) {  // one symbol takes nearly all slots
          for (uint64_t& value : values) value = random() % 300 == 0 ? value : value & LowMask(low);
        }
        std::string bytes;
        WriteEntropy(values, low, bytes);
        std::vector<uint64_t> back(n);
        ASSERT_TRUE(ReadEntropy(bytes, n, low, back.data())) << n << " " << low << " " << width;
        ASSERT_EQ(back, values);
      }
    }
  }
}

TEST(EntropyCodec, IsWithinTwoPercentOfTheEntropyOfABell) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> bell(2000, 50);
  double bytes = 0;
  for (int block = 0; block < 20; ++block) {
    std::vector<uint64_t> values(kLaneValues);
    for (uint64_t& value : values) value = static_cast<uint64_t>(bell(random));
    std::string out;
    EncodeIntegers(values, 0, Effort::kSmall, out);
    bytes += static_cast<double>(out.size());
  }
  // 7.69 bits a value; the table, the states and the header are the rest.
  EXPECT_LT(bytes / (20 * kLaneValues), 1.06 * 7.69 / 8);
}

void CheckIntegers(const std::vector<uint64_t>& values, uint64_t origin, Effort effort) {
  std::string bytes;
  EncodeIntegers(values, origin, effort, bytes);
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const std::string_view view(exact.data(), exact.size());
  std::vector<uint64_t> back(values.size());
  ASSERT_TRUE(DecodeIntegers(view, values.size(), origin, back.data()));
  ASSERT_EQ(back, values);
  IntegerBlock block;
  ASSERT_TRUE(OpenIntegers(view, values.size(), origin, block));
  ASSERT_EQ(block.first, values[0]);
  if (!block.random_access()) return;
  for (size_t i = 0; i < values.size(); i += 5) ASSERT_EQ(block.At(i, values.size()), values[i]);
}

TEST(IntegerBlock, EveryShapeComesBack) {
  std::mt19937_64 random(6);
  for (const auto shape : testing::IntegerShapes()) {
    SCOPED_TRACE(shape);
    for (const size_t n : kCounts) {
      for (const Effort effort : {Effort::kFast, Effort::kSmall}) {
        CheckIntegers(testing::DrawIntegers(shape, n, random), 0, effort);
        CheckIntegers(testing::DrawIntegers(shape, n, random), random(), effort);
      }
    }
  }
}

TEST(DoubleBlock, EveryShapeComesBackBitForBit) {
  std::mt19937_64 random(7);
  for (const auto shape : testing::DoubleShapes()) {
    SCOPED_TRACE(shape);
    DecimalHint hint;
    for (const size_t n : kCounts) {
      for (const Effort effort : {Effort::kFast, Effort::kSmall}) {
        const auto values = testing::DrawDoubles(shape, n, random);
        std::string bytes;
        EncodeDoubles(values, effort, hint, bytes);
        std::vector<uint64_t> back(n);
        ASSERT_TRUE(DecodeDoubles(bytes, n, back.data()));
        ASSERT_EQ(back, values) << n;
      }
    }
  }
}

TEST(BitsBlock, EveryShareComesBack) {
  std::mt19937_64 random(8);
  for (const size_t n : kCounts) {
    for (const unsigned share : {1U, 2U, 3U, 50U, 2000U}) {
      for (const uint8_t rare : {uint8_t{0}, uint8_t{1}}) {
        std::vector<uint8_t> values(n);
        for (uint8_t& value : values) {
          value = random() % share == 0 ? rare : static_cast<uint8_t>(1 - rare);
        }
        std::string bytes;
        EncodeBits(values, bytes);
        ASSERT_LE(bytes.size(), 1 + PackedBytes(n, 1));
        std::vector<uint8_t> back(n);
        ASSERT_TRUE(DecodeBits(bytes, n, back.data()));
        ASSERT_EQ(back, values);
      }
    }
  }
}

}  // namespace
}  // namespace tidemark::store::codec
