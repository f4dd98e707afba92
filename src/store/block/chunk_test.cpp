// SPDX-License-Identifier: Apache-2.0
#include "store/block/chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;

TEST(Chunk, HoldsOneRow) {
  RowColumns rows;
  rows.times = {1'700'000'000'000'000'000};
  rows.versions = {1};
  rows.columns.push_back({.type = ValueType::kDouble, .bits = {std::bit_cast<uint64_t>(36.6)}});
  std::string bytes;
  EncodeChunk(rows, 0, 1, 7, Effort::kFast, {3, 64}, bytes);
  EXPECT_LE(bytes.size(), 48U);
  auto chunk = Chunk::Open(bytes, {3, 64}, Chunk::Verify::kYes);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->series(), 7U);
  EXPECT_EQ(chunk->rows(), 1U);
  uint64_t bits = 0;
  ASSERT_TRUE(chunk->Bits(0, 0, &bits).ok());
  EXPECT_EQ(std::bit_cast<double>(bits), 36.6);
  EXPECT_EQ(Chunk::Open(bytes, {3, 72}, Chunk::Verify::kYes).error().code, Code::kCorruption);
}

}  // namespace
}  // namespace tidemark::store
