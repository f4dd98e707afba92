// SPDX-License-Identifier: Apache-2.0
#include "store/block/chunk.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/checksum.h"
#include "store/block/testing/hex.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;
using testing::FromHex;
using ::testing::HasSubstr;
using testing::Hex;

constexpr int64_t kStart = 1'700'000'000'000'000'000;
constexpr int64_t kSecond = 1'000'000'000;
constexpr ChunkPlace kPlace{.file_no = 3, .offset = 64};

uint64_t Bits(double v) { return std::bit_cast<uint64_t>(v); }

/// `n` rows a second apart, version 1, no column yet.
RowColumns Seconds(size_t n) {
  RowColumns rows;
  for (size_t i = 0; i < n; ++i) rows.times.push_back(kStart + static_cast<int64_t>(i) * kSecond);
  rows.versions.assign(n, 1);
  return rows;
}

RowColumns Single(std::vector<double> values) {
  RowColumns rows = Seconds(values.size());
  RowColumns::Column& column = rows.columns.emplace_back();
  for (const double value : values) column.bits.push_back(Bits(value));
  return rows;
}

std::string Encode(const RowColumns& rows, Effort effort = Effort::kFast) {
  std::string bytes;
  EncodeChunk(rows, 0, rows.rows(), 7, effort, kPlace, bytes);
  return bytes;
}

Chunk Open(std::string_view bytes) {
  auto chunk = Chunk::Open(bytes, kPlace, Chunk::Verify::kYes);
  TM_CHECK(chunk.ok());
  return std::move(chunk).value();
}

/// Every kind of column, nulls, infos, tombstones, versions.
struct Everything {
  RowColumns rows = Seconds(3);

  Everything() {
    rows.versions = {5, 9, 5};
    rows.tombstones = {0, 0, 1};
    for (size_t i = 0; i < 3; ++i) {
      rows.infos.push_back({EventTime{rows.times[i]}, EventTime{rows.times[i] + kSecond},
                            static_cast<uint32_t>(i + 1), 60});
    }
    rows.columns.push_back({.field = 2, .type = ValueType::kDouble, .bits = {Bits(1.5), 0, 0}});
    rows.columns[0].valid = {1, 0, 0};
    rows.columns.push_back({.field = 3, .type = ValueType::kBigint, .bits = {1, 2, 0}});
    rows.columns.push_back({.field = 70'000, .type = ValueType::kVarchar});
    rows.columns[2].texts = {"up", "down", ""};
    rows.columns.push_back({.field = 70'001, .type = ValueType::kBoolean, .bits = {1, 0, 0}});
    rows.columns.push_back({.field = 70'002, .type = ValueType::kTimestamp, .bits = {50, 60, 0}});
    for (size_t c = 1; c < 5; ++c) rows.columns[c].valid = {1, 1, 0};
  }
};

TEST(ChunkFormat, OneRowOfOneDouble) {
  EXPECT_EQ(Hex(Encode(Single({36.6}))),
            "1fbbdb3628000000070000000100580000002a36fe9c9717020102000001010000dc050000000000");
}

TEST(ChunkFormat, Statistics) {
  std::vector<double> values;
  for (int i = 0; i < 128; ++i) values.push_back(i);
  EXPECT_EQ(Hex(Encode(Single(values))),
            "382b4fa860000000070000008000580000002a36fe9c971702110780010200000000000000000000000000"
            "c05f4000000000000000000000000000c05f400000000000c0bf400000000000000000080080a8d6b90701"
            "00000800020000000000");
}

TEST(ChunkFormat, EveryKindOfColumn) {
  EXPECT_EQ(Hex(Encode(Everything().rows)),
            "34b68b0f78000000070000000300370000002a36fe9c97170a050209000aeca2040b000c000d0705020603"
            "020202050203020d020202080080a8d6b907050004010200000080a8d6b907080202007802040201010100"
            "001e02030802020203000308040400067570646f776e020302010203086414000000");
}

TEST(ChunkFormat, BlocksHaveTheirLengthInFrontButTheLast) {
  RowColumns rows = Seconds(kBlockRows + 2);
  rows.columns.push_back(
      {.type = ValueType::kBigint, .bits = std::vector<uint64_t>(rows.rows(), 4)});
  rows.columns[0].bits.back() = 5;
  EXPECT_EQ(Hex(Encode(rows)),
            "10a9804e48000000070000000204380000002a36fe9c9717021214820802080a080a091000000000000000"
            "07080080a8d6b907088080c0b2cd3b80a8d6b907020008080802000000");
}

TEST(Chunk, TellsWhatItHoldsWithoutDecoding) {
  const std::string bytes = Encode(Everything().rows);
  const Chunk chunk = Open(bytes);
  EXPECT_EQ(chunk.series(), 7U);
  EXPECT_EQ(chunk.rows(), 3U);
  EXPECT_EQ(chunk.min_time(), kStart);
  EXPECT_EQ(chunk.blocks(), 1U);
  EXPECT_TRUE(chunk.owned());
  EXPECT_TRUE(chunk.has_tombstones());
  EXPECT_FALSE(chunk.constant_version());
  EXPECT_EQ(chunk.first_version(), 5);
  ASSERT_EQ(chunk.columns(), 5U);
  EXPECT_EQ(chunk.field(2), 70'000U);
  EXPECT_EQ(chunk.type(2), ValueType::kVarchar);
  EXPECT_TRUE(chunk.has_nulls(2));
  EXPECT_EQ(chunk.stats(0), nullptr);  // too few rows
}

TEST(Chunk, GivesEveryColumnBack) {
  const Everything all;
  const std::string bytes = Encode(all.rows);
  Chunk chunk = Open(bytes);
  RowColumns back;
  TextArena arena;
  ASSERT_TRUE(chunk.AppendTo(back, arena).ok());
  EXPECT_EQ(back.times, all.rows.times);
  EXPECT_EQ(back.versions, all.rows.versions);
  EXPECT_EQ(back.infos, all.rows.infos);
  EXPECT_EQ(back.tombstones, all.rows.tombstones);
  ASSERT_EQ(back.columns.size(), all.rows.columns.size());
  for (size_t c = 0; c < back.columns.size(); ++c) {
    EXPECT_EQ(back.columns[c].field, all.rows.columns[c].field);
    EXPECT_EQ(back.columns[c].bits, all.rows.columns[c].bits);
    EXPECT_EQ(back.columns[c].texts, all.rows.columns[c].texts);
    EXPECT_EQ(back.columns[c].valid, all.rows.columns[c].valid);
  }
}

TEST(Chunk, TombstonesMakeNullsAlsoWithoutValidity) {
  RowColumns rows = Single({1, 2, 3});
  rows.tombstones = {0, 1, 0};
  const std::string bytes = Encode(rows);
  Chunk chunk = Open(bytes);
  uint64_t bits[3];
  uint8_t valid[3];
  ASSERT_TRUE(chunk.Bits(0, 0, bits).ok());
  ASSERT_TRUE(chunk.Valid(0, 0, valid).ok());
  EXPECT_THAT(bits, ElementsAre(Bits(1), 0, Bits(3)));
  EXPECT_THAT(valid, ElementsAre(1, 0, 1));
}

TEST(Chunk, AppendsUnlikeColumnsOfOneSeries) {
  RowColumns early = Seconds(2);
  early.columns.push_back({.field = 1, .type = ValueType::kBigint, .bits = {1, 2}});
  early.columns.push_back({.field = 4, .type = ValueType::kBigint, .bits = {3, 4}});
  RowColumns late = Seconds(1);
  late.times[0] += 10 * kSecond;
  late.tombstones = {0};
  late.columns.push_back({.field = 2, .type = ValueType::kVarchar});
  late.columns[0].texts = {"x"};
  late.columns.push_back({.field = 4, .type = ValueType::kBigint, .bits = {5}});
  const std::string first = Encode(early);
  const std::string second = Encode(late);

  RowColumns back;
  TextArena arena;
  ASSERT_TRUE(Open(first).AppendTo(back, arena).ok());
  ASSERT_TRUE(Open(second).AppendTo(back, arena).ok());
  ASSERT_EQ(back.rows(), 3U);
  ASSERT_EQ(back.columns.size(), 3U);
  EXPECT_EQ(back.columns[0].field, 1U);
  EXPECT_THAT(back.columns[0].bits, ElementsAre(1, 2, 0));
  EXPECT_THAT(back.columns[0].valid, ElementsAre(1, 1, 0));
  EXPECT_EQ(back.columns[1].field, 2U);
  EXPECT_THAT(back.columns[1].texts, ElementsAre("", "", "x"));
  EXPECT_THAT(back.columns[1].valid, ElementsAre(0, 0, 1));
  EXPECT_THAT(back.columns[2].bits, ElementsAre(3, 4, 5));
  EXPECT_THAT(back.columns[2].valid, ElementsAre());
}

TEST(Chunk, StatisticsOfDoublesOrderZerosBySign) {
  std::vector<double> values(200, 0.0);
  values[0] = 3.25;
  values[7] = -0.0;
  values[199] = 1e-20;
  const std::string bytes = Encode(Single(values));
  const Chunk chunk = Open(bytes);
  const ColumnStats* stats = chunk.stats(0);
  ASSERT_NE(stats, nullptr);
  EXPECT_EQ(stats->count, 200U);
  EXPECT_FALSE(stats->nan_seen);
  EXPECT_EQ(stats->min_bits, Bits(-0.0));
  EXPECT_EQ(stats->max_bits, Bits(3.25));
  EXPECT_EQ(stats->first_bits, Bits(3.25));
  EXPECT_EQ(stats->last_bits, Bits(1e-20));
  ASSERT_TRUE(stats->sum_usable);
  EXPECT_EQ(stats->sum_hi, 3.25);
  EXPECT_EQ(stats->sum_lo, 1e-20);
}

TEST(Chunk, StatisticsSayWhatTheyCannotTell) {
  std::vector<double> values(130, 1.0);
  values[129] = std::numeric_limits<double>::infinity();
  const std::string infinite = Encode(Single(values));
  EXPECT_TRUE(Open(infinite).stats(0)->nan_seen);
  EXPECT_EQ(Open(infinite).stats(0)->count, 130U);
  values[0] = values[129] = std::numeric_limits<double>::max();
  const std::string overflow = Encode(Single(values));
  EXPECT_FALSE(Open(overflow).stats(0)->nan_seen);
  EXPECT_FALSE(Open(overflow).stats(0)->sum_usable);
  const std::string few = Encode(Single(std::vector<double>(127, 1.0)));
  EXPECT_EQ(Open(few).stats(0), nullptr);
}

TEST(Chunk, StatisticsOfIntegersHoldSumsBeyond64Bits) {
  RowColumns rows = Seconds(128);
  rows.columns.push_back({.type = ValueType::kBigint,
                          .bits = std::vector<uint64_t>(128, static_cast<uint64_t>(INT64_MIN))});
  rows.columns[0].valid.assign(128, 1);
  rows.columns[0].valid[127] = 0;
  const std::string bytes = Encode(rows);
  const Chunk chunk = Open(bytes);
  ASSERT_NE(chunk.stats(0), nullptr);
  EXPECT_EQ(chunk.stats(0)->count, 127U);
  EXPECT_EQ(chunk.stats(0)->sum_low, uint64_t{1} << 63U);  // -127 * 2^63 = -64 * 2^64 + 2^63
  EXPECT_EQ(chunk.stats(0)->sum_high, -64);
}

TEST(Chunk, FindsTimesInEveryMode) {
  // Regular; jittered around a grid; drifting.
  for (const int shape : {0, 1, 2}) {
    RowColumns rows = Seconds(3000);
    for (size_t i = 0; i < rows.rows() && shape > 0; ++i) {
      const auto jitter = static_cast<int64_t>((i * 7919) % 500) * 1'000'000;
      rows.times[i] =
          shape == 1 ? rows.times[i] + jitter : (i == 0 ? kStart : rows.times[i - 1] + 1 + jitter);
    }
    rows.columns.push_back({.type = ValueType::kBoolean, .bits = std::vector<uint64_t>(3000, 1)});
    const std::string bytes = Encode(rows);
    Chunk chunk = Open(bytes);
    for (const size_t row : {0, 1, 1023, 1024, 2047, 2999}) {
      EXPECT_EQ(chunk.Find(rows.times[row]).value(), row);
      EXPECT_EQ(chunk.Find(rows.times[row] - 1).value(), chunk.rows());
    }
    EXPECT_EQ(chunk.Find(INT64_MIN).value(), chunk.rows());
    EXPECT_EQ(chunk.Find(INT64_MAX).value(), chunk.rows());
    EXPECT_EQ(chunk.BlockAt(rows.times[1023]), 0U);
    EXPECT_EQ(chunk.BlockAt(rows.times[1024]), 1U);
    EXPECT_EQ(chunk.BlockAt(kStart - 1), 0U);
    EXPECT_EQ(chunk.BlockStart(2), rows.times[2048]);
  }
}

TEST(Chunk, FixedCostIsSmall) {
  EXPECT_LE(Encode(Single({36.6})).size(), 40U);
  EXPECT_LE(Encode(Single(std::vector<double>(1024, 36.6))).size(), 96U);  // with statistics
}

TEST(Chunk, EveryFlippedBitAndForeignPlaceFails) {
  const std::string bytes = Encode(Everything().rows);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto chunk = Chunk::Open(damaged, kPlace, Chunk::Verify::kYes);
    ASSERT_FALSE(chunk.ok()) << bit;
    ASSERT_EQ(chunk.error().code, Code::kCorruption);
  }
  for (const ChunkPlace other : {ChunkPlace{3, 72}, ChunkPlace{4, 64}}) {
    EXPECT_EQ(Chunk::Open(bytes, other, Chunk::Verify::kYes).error().code, Code::kCorruption);
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(Chunk::Open(cut, kPlace, Chunk::Verify::kNo).ok()) << size;
  }
}

TEST(Chunk, RefusesTimesThatDoNotAscend) {
  const std::string bytes = Encode(Single({1, 2}));
  // The step of the linear times, made 0; the checksum is left out.
  std::string damaged = bytes;
  const size_t at = damaged.find(FromHex("0800"), 24);
  ASSERT_NE(at, std::string::npos);
  damaged[at] = 0x00;
  EXPECT_FALSE(Chunk::Open(damaged, kPlace, Chunk::Verify::kNo).ok());
}

}  // namespace
}  // namespace tidemark::store
