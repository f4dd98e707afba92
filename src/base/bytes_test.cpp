// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/checksum_internal.h"
#include "base/clock.h"
#include "base/strong_id.h"
#include "base/testing/seed.h"
#include "base/units.h"

namespace tidemark {
namespace {

TEST(ZigZag, MapsTheLimits) {
  EXPECT_EQ(ZigZag(0), 0U);
  EXPECT_EQ(ZigZag(-1), 1U);
  EXPECT_EQ(ZigZag(1), 2U);
  EXPECT_EQ(ZigZag(std::numeric_limits<int64_t>::min()), std::numeric_limits<uint64_t>::max());
  for (const int64_t v :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), int64_t{-2}}) {
    EXPECT_EQ(UnZigZag(ZigZag(v)), v);
  }
}

TEST(Bytes, EveryKindReadsBackEqual) {
  ByteWriter writer;
  writer.PutU8(0xab);
  writer.PutU16(0xabcd);
  writer.PutU32(0xdeadbeef);
  writer.PutU64(std::numeric_limits<uint64_t>::max());
  writer.PutI64(std::numeric_limits<int64_t>::min());
  writer.PutF64(-0.0);
  writer.PutString("text");
  writer.PutSigned(-300);
  writer.PutRaw("raw");
  ByteReader reader(writer.view());
  EXPECT_EQ(reader.GetU8(), 0xab);
  EXPECT_EQ(reader.GetU16(), 0xabcd);
  EXPECT_EQ(reader.GetU32(), 0xdeadbeefU);
  EXPECT_EQ(reader.GetU64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.GetI64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(std::bit_cast<uint64_t>(reader.GetF64()), std::bit_cast<uint64_t>(-0.0));
  EXPECT_EQ(reader.GetString(), "text");
  EXPECT_EQ(reader.GetSigned(), -300);
  EXPECT_EQ(reader.GetRaw(3), "raw");
  EXPECT_TRUE(reader.Finish("record").ok());
}

TEST(Bytes, IsLittleEndian) {
  ByteWriter writer;
  writer.PutU32(0x01020304);
  EXPECT_EQ(writer.view(), "\x04\x03\x02\x01");
  writer.PatchAt(0, uint32_t{0x0a0b0c0d});
  EXPECT_EQ(writer.view(), "\x0d\x0c\x0b\x0a");
}

TEST(Varint, ReadsBackAtEveryLength) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const uint64_t v : {uint64_t{1} << bits, (uint64_t{1} << bits) - 1}) {
      ByteWriter writer;
      writer.PutVarint(v);
      EXPECT_LE(writer.size(), 10U);
      ByteReader reader(writer.view());
      EXPECT_EQ(reader.GetVarint(), v);
      EXPECT_TRUE(reader.AtEnd());
    }
  }
  ByteWriter writer;
  writer.PutVarint(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(writer.size(), 10U);
  EXPECT_EQ(ByteReader(writer.view()).GetVarint(), std::numeric_limits<uint64_t>::max());
}

TEST(Varint, TooLongOrCutShortFails) {
  for (const std::string& bytes :
       {std::string(9, '\xff') + '\x02', std::string(10, '\xff') + '\x01', std::string(3, '\x80'),
        std::string()}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.GetVarint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(ByteReader, StaysFailedAndNeverReadsPastTheEnd) {
  ByteReader reader("abc");
  EXPECT_EQ(reader.GetU32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.GetU8(), 0);
  const auto finished = reader.Finish("frame 7");
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().code, Code::kCorruption);
  EXPECT_EQ(finished.error().message.substr(0, 7), "frame 7");

  ByteReader huge("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");  // a string of 2^64-1 bytes
  EXPECT_EQ(huge.GetString(), "");
  EXPECT_FALSE(huge.ok());
}

TEST(ByteReader, FinishRefusesLeftOvers) {
  ByteReader reader("abc");
  reader.GetU8();
  EXPECT_EQ(reader.Finish("x").error().code, Code::kCorruption);
}

TEST(Crc32c, MatchesKnownVectors) {
  EXPECT_EQ(Crc32c(0, std::string_view()), 0U);
  EXPECT_EQ(Crc32c(0, "123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c(0, std::string(32, '\0')), 0x8a9136aaU);    // RFC 3720 B.4
  EXPECT_EQ(Crc32c(0, std::string(32, '\xff')), 0x62a8ab43U);  // RFC 3720 B.4
}

TEST(Crc32c, FindsTheOneBitThatDiffers) {
  std::string bytes = "a frame of the journal, or a section of the log";
  const uint32_t right = Crc32c(9, std::string_view(bytes));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1U << (bit % 8));
    EXPECT_EQ(FlippedBit(Crc32c(9, std::string_view(bytes)), right, bytes.size()), bit);
    bytes[bit / 8] ^= static_cast<char>(1U << (bit % 8));
  }
  EXPECT_EQ(FlippedBit(right ^ 0x400U, right, bytes.size()), 8 * bytes.size());
  bytes[0] ^= 3;  // two bits
  EXPECT_EQ(FlippedBit(Crc32c(9, std::string_view(bytes)), right, bytes.size()), std::nullopt);
}

TEST(Crc32c, ContinuesOverPiecesAndBothWaysAgree) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (size_t length = 0; length < 200; ++length) {
    std::string bytes;
    for (size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(random.Next()));
    const std::string_view view = bytes;
    const auto cut = static_cast<size_t>(random.Below(length + 1));
    const uint32_t whole = Crc32c(5, view);
    EXPECT_EQ(Crc32c(Crc32c(5, view.substr(0, cut)), view.substr(cut)), whole);
    EXPECT_EQ(Crc32c(5, AsBytes(view)), whole);
    EXPECT_EQ(checksum_internal::Crc32cTable(5, view), whole);
    if (checksum_internal::HasCrc32cHardware()) {
      EXPECT_EQ(checksum_internal::Crc32cHardware(5, view), whole);
    }
  }
}

TEST(Crc32cSeed, DependsOnFileAndOffset) {  // storage.md 1.2
  EXPECT_NE(Crc32cSeed(1, 2), Crc32cSeed(2, 1));
  EXPECT_NE(Crc32cSeed(1, 0), Crc32cSeed(1, 512));
  ByteWriter place;
  place.PutU64(7);
  place.PutU64(4096);
  EXPECT_EQ(Crc32cSeed(7, 4096), Crc32c(0, place.view()));
}

TEST(Hash, IsStable) {  // XXH3 of nothing, from the xxHash test vectors: hashes may be stored
  EXPECT_EQ(Hash64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(HashKey128(""), (Hash128{0x99aa06d3014798d8U, 0x6001c324468d497fU}));
  EXPECT_NE(HashKey128("a"), HashKey128("b"));
}

TEST(Units, AreBinary) { EXPECT_EQ(3_KiB + 1_MiB + 1_GiB, 3072U + 1048576U + 1073741824U); }

TEST(StrongId, ComparesAndHashes) {
  using Id = StrongId<struct Tag>;
  EXPECT_LT(Id{1}, Id{2});
  EXPECT_EQ(std::hash<Id>{}(Id{3}), std::hash<Id>{}(Id{3}));
}

}  // namespace
}  // namespace tidemark
