// SPDX-License-Identifier: Apache-2.0
// Bytes of every mode of a block: what lies on disks must stay readable. A change here is a new
// version of the format.
#include <bit>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "store/block/bit_packing_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/residual_codec_internal.h"
#include "store/block/testing/hex.h"
#include "store/block/text_codec_internal.h"

namespace tidemark::store::codec {
namespace {

using store::testing::FromHex;
using store::testing::Hex;

/// The bytes that `values` encode to, after a look whether they decode to them.
std::string Integers(const std::vector<uint64_t>& values, Effort effort = Effort::kFast,
                     uint64_t origin = 0) {
  std::string bytes;
  EncodeIntegers(values, origin, effort, bytes);
  std::vector<uint64_t> back(values.size());
  EXPECT_TRUE(DecodeIntegers(bytes, values.size(), origin, back.data()));
  EXPECT_EQ(back, values);
  return bytes;
}

std::string Doubles(const std::vector<double>& values) {
  std::vector<uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<uint64_t>(value));
  std::string bytes;
  DecimalHint hint;
  EncodeDoubles(bits, Effort::kFast, hint, bytes);
  std::vector<uint64_t> back(bits.size());
  EXPECT_TRUE(DecodeDoubles(bytes, bits.size(), back.data()));
  EXPECT_EQ(back, bits);
  return Hex(bytes);
}

std::string Flags(const std::vector<uint8_t>& values) {
  std::string bytes;
  EncodeBits(values, bytes);
  std::vector<uint8_t> back(values.size());
  EXPECT_TRUE(DecodeBits(bytes, values.size(), back.data()));
  EXPECT_EQ(back, values);
  return Hex(bytes);
}

/// One value a block more than the one before, from a fixed recurrence.
std::vector<uint64_t> Scattered(size_t n, uint64_t limit) {
  std::vector<uint64_t> out;
  uint64_t state = 1;
  for (size_t i = 0; i < n; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    out.push_back((state >> 33U) % limit);
  }
  return out;
}

/// Long blocks by size and checksum.
std::string Digest(std::string_view bytes) {
  return std::to_string(bytes.size()) + " bytes, crc " + std::to_string(Crc32c(0, bytes));
}

TEST(BlockFormat, Integers) {
  EXPECT_EQ(Hex(Integers({7})), "000e");
  EXPECT_EQ(Hex(Integers({7, 7, 7})), "000e");
  EXPECT_EQ(Hex(Integers({1000, 1010, 1020, 1030}, Effort::kFast, 1000)), "080014");
  EXPECT_EQ(Hex(Integers({5, 3, 6, 4, 3, 5})), "110a02027208");
  EXPECT_EQ(Hex(Integers({5000, 3000, 6000, 4000, 3000, 5000})), "15904ee80702027208");
  EXPECT_EQ(Hex(Integers({0, 101, 200, 299, 400, 501, 601, 699})), "0a00c401025c2f");
  EXPECT_EQ(Hex(Integers({0, 1, 3, 7, 8, 10, 40, 41, 43, 47, 48, 50, 80, 81, 83})),
            "0a00020500840142076180d04100");
  EXPECT_EQ(Hex(Integers({1, 2, 1, 3, 2, 1, 900000, 2, 1, 3, 1, 2, 3, 1, 2, 1})),
            "010243018471481206e7dd0d");
  EXPECT_EQ(Hex(Integers({uint64_t{1} << 63U, 1, uint64_t{0x123456789abcdef}})),
            "0300000000000000800100000000000000efcdab8967452301");
}

TEST(BlockFormat, FullBlocksOfIntegers) {
  EXPECT_EQ(Digest(Integers(Scattered(kLaneValues, 2))), "131 bytes, crc 3312243899");
  EXPECT_EQ(Digest(Integers(Scattered(kLaneValues, 10'001))), "1798 bytes, crc 2813131186");
  std::vector<uint64_t> bell;
  const auto a = Scattered(4 * kLaneValues, 100);
  for (size_t i = 0; i < kLaneValues; ++i) {
    bell.push_back(a[4 * i] + a[4 * i + 1] + a[4 * i + 2] + a[4 * i + 3]);
  }
  bell[500] = 1'000'000;
  const std::string bytes = Integers(bell, Effort::kSmall);
  EXPECT_EQ(Digest(bytes), "1057 bytes, crc 445946925");
  // first, residual of the first, form of the residuals
  EXPECT_EQ(Hex(bytes.substr(0, 6)), "11ca04880286");
}

TEST(BlockFormat, Doubles) {
  EXPECT_EQ(Doubles(std::vector<double>(64, 36.6)), "00cdcccccccc4c4240");
  EXPECT_EQ(Doubles({36.6}), "01010000dc05");
  EXPECT_EQ(Doubles({1.25, 1.5, 2.75, 1.0}), "01020015fa01190103d101");
  EXPECT_EQ(Doubles({36.6, 36.7, 36.5, 36.9, 36.6}), "01010011dc0501031118");
  EXPECT_EQ(Doubles({0.57, -0.0, 0.29, 1.13, 4.35, 0.58, 0.07, 1.14}),
            "81020c010100000000000000801172320932645850c37a068035");
  EXPECT_EQ(Doubles({0x1.23456789abcdep-3, 0x1.8p60, -0x1.0000000000001p+1}),
            "030dbcf3d589cf959ac27f02efbcb5e2b3c5c6f03f410101c9a1e58ea6dddcf521");
}

TEST(BlockFormat, Bits) {
  EXPECT_EQ(Flags({0, 0, 0}), "00");
  EXPECT_EQ(Flags({1, 1, 1}), "01");
  EXPECT_EQ(Flags({1, 0, 1, 1, 0, 0, 1, 0, 1, 1}), "024d03");
  std::vector<uint8_t> rare(200);
  rare[3] = rare[150] = 1;
  EXPECT_EQ(Flags(rare), "0302039201");
  for (uint8_t& flag : rare) flag = 1 - flag;
  EXPECT_EQ(Flags(rare), "0402039201");
}

std::string Texts(const std::vector<std::string_view>& texts) {
  std::string bytes;
  EncodeTexts({texts}, Effort::kFast, bytes);
  TextColumn column;
  EXPECT_TRUE(TextColumn::Open(bytes, 1, column));
  std::vector<std::string_view> back(texts.size());
  TextArena arena;
  EXPECT_TRUE(column.Decode(0, texts.size(), back.data(), arena));
  EXPECT_EQ(back, texts);
  return Hex(bytes);
}

TEST(BlockFormat, Texts) {
  EXPECT_EQ(Texts({"on", "off", "on", "on"}), "0102000702036f6e6f666601000102");
  EXPECT_EQ(Texts({"a", "", "long"}), "00061102010301010005616c6f6e67");
}

// The frame as zstd 1.5 wrote it; other releases may compress otherwise, all read it.
TEST(BlockFormat, CompressedTexts) {
  const std::string bytes = FromHex("000408c8010201c9011328b52ffd20c9550000186161620100430a6001");
  TextColumn column;
  ASSERT_TRUE(TextColumn::Open(bytes, 1, column));
  std::vector<std::string_view> back(2);
  TextArena arena;
  ASSERT_TRUE(column.Decode(0, 2, back.data(), arena));
  EXPECT_EQ(back[0], std::string(100, 'a'));
  EXPECT_EQ(back[1], std::string(100, 'a') + "b");
}

}  // namespace
}  // namespace tidemark::store::codec
