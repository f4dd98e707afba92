// SPDX-License-Identifier: Apache-2.0
#include "log/readers.h"

#include <gtest/gtest.h>

namespace tidemark::log {
namespace {

constexpr StreamId kStream{7};

ReaderKey Key(std::string client) { return {kStream, std::move(client), "AKIA", "127.0.0.1"}; }

TEST(ReaderTable, KeepsPlaceAgeAndRateOfEachReader) {
  ReaderTable table;
  table.Note(Key("a"), {.shard = 1, .next = {11}, .records = 100, .now = {1'000}});
  table.Note(Key("a"), {.shard = 1,
                        .next = {21},
                        .records = 100,
                        .last_arrival = ArrivalTime{9'000},
                        .now = {11'000}});
  table.Note(Key("a"), {.shard = 2, .next = {5}, .at_tip = true, .now = {11'000}});
  const auto readers = table.List(kStream, {11'500});
  ASSERT_EQ(readers.size(), 1U);
  EXPECT_EQ(readers[0].key.client, "a");
  EXPECT_EQ(readers[0].last_seen.ms, 11'000);
  EXPECT_DOUBLE_EQ(readers[0].records_per_second, 10);  // 100 in the ten seconds that ended
  ASSERT_EQ(readers[0].shards.size(), 2U);
  EXPECT_EQ(readers[0].shards.at(1).next.value, 21U);
  EXPECT_EQ(readers[0].shards.at(1).iterator_age, milliseconds(2'000));
  EXPECT_EQ(readers[0].shards.at(2).iterator_age, milliseconds(0));
  EXPECT_TRUE(table.List(StreamId{8}, {11'500}).empty());
}

TEST(ReaderTable, SaysOfAReaderThatStoppedThatItReadsNothing) {
  ReaderTable table;
  table.Note(Key("a"), {.shard = 0, .next = {2}, .records = 1, .now = {0}});
  EXPECT_NEAR(table.List(kStream, {100'000})[0].records_per_second, 0.01, 1e-9);
  EXPECT_EQ(table.List(kStream, {900'000}).size(), 1U);
  EXPECT_TRUE(table.List(kStream, {900'001}).empty());
}

TEST(ReaderTable, ForgetsTheReaderSilentForLongestWhenFull) {
  ReaderTable table;
  for (size_t i = 0; i <= ReaderTable::kReadersMax; ++i) {
    table.Note(Key("c" + std::to_string(i)),
               {.shard = 0, .next = {2}, .now = {static_cast<int64_t>(i)}});
  }
  const auto readers = table.List(kStream, {1'000});
  EXPECT_EQ(readers.size(), ReaderTable::kReadersMax);
  for (const Reader& reader : readers) EXPECT_NE(reader.key.client, "c0");
}

TEST(ReaderTable, BoundsTheShardsOfAReader) {
  ReaderTable table;
  for (uint32_t shard = 0; shard < ReaderTable::kShardsMax + 10; ++shard) {
    table.Note(Key("a"), {.shard = shard, .next = {2}, .now = {0}});
  }
  EXPECT_EQ(table.List(kStream, {0})[0].shards.size(), ReaderTable::kShardsMax);
}

}  // namespace
}  // namespace tidemark::log
