// SPDX-License-Identifier: Apache-2.0
// Golden bytes of docs/format/dictionary.md, growth, damage, crashes.
#include "store/block/dictionary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/sim/sim_file_system.h"
#include "base/testing/seed.h"
#include "store/block/file_header_internal.h"
#include "store/block/page_internal.h"
#include "store/block/test_samples_internal.h"
#include "store/canonical_key.h"
#include "store/journal_format.h"

namespace tidemark::store {
namespace {

using ::testing::HasSubstr;

const Dictionary::Visitor kIgnore = [](uint64_t, std::string_view) -> Result<void> { return {}; };

std::string Definition(uint32_t id) {
  BatchEncoder records;
  records.SeriesDef(id, ValueType::kDouble, "key of " + std::to_string(id));
  return std::move(records).Take();
}

// The records of an extent, all together.
Result<std::string> ReadRecords(FileSystem& fs, const DictionaryExtent& extent) {
  std::string all;
  auto opened = Dictionary::Open(fs, "dict", kTestStore, extent,
                                 [&](uint64_t, std::string_view records) -> Result<void> {
                                   all += records;
                                   return {};
                                 });
  if (!opened.ok()) return std::move(opened).error();
  return all;
}

std::unique_ptr<Dictionary> OpenDictionary(FileSystem& fs, const DictionaryExtent& extent) {
  EXPECT_TRUE(fs.CreateDirs("dict").ok());
  auto opened = Dictionary::Open(fs, "dict", kTestStore, extent, kIgnore);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return opened.ok() ? std::move(*opened) : nullptr;
}

TEST(DictionaryFormat, HeaderAndPagesHaveGoldenBytes) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  ASSERT_TRUE(dictionary->Append(7, Definition(1), 31).ok());
  const auto extent = dictionary->Append(8, Definition(2), 99);
  ASSERT_TRUE(extent.ok());
  EXPECT_EQ(extent->file_no, 31U);
  EXPECT_EQ(dictionary->PathOf(31), "dict/0000000031.sdx");
  EXPECT_EQ(Hex(ReadAll(fs, "dict/0000000031.sdx")),
            "89545345440d0a1a010000000000000000000000400000001f00000000000000"
            "080706050403020118171615141312110000000000000000000000003c38da6e"
            "efe45fdc15000000150000000000000000000000000000000700000000000000"
            "010000000d00000001000000016b6579206f66203100000070bed71115000000"
            "1500000000000000efe45fdc000000000800000000000000010000000d000000"
            "02000000016b6579206f662032000000");
}

TEST(Dictionary, GrowsAndReadsBackWholeRecordsInOrder) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  std::string all;
  uint32_t id = 0;
  DictionaryExtent extent;
  for (const int batch : {1, 5, 4000, 0, 30'000, 1}) {
    std::string records;
    for (int i = 0; i < batch; ++i) records += Definition(++id);
    all += records;
    const auto next = dictionary->Append(id, records, 31);
    ASSERT_TRUE(next.ok());
    extent = *next;
    if (id % 2 == 0) dictionary = OpenDictionary(fs, extent);  // a restart goes on in the file
  }
  uint64_t last_lsn = 0;
  std::string read;
  ASSERT_TRUE(Dictionary::Open(fs, "dict", kTestStore, extent,
                               [&](uint64_t lsn, std::string_view records) -> Result<void> {
                                 EXPECT_GE(lsn, last_lsn);
                                 EXPECT_LE(records.size(), kPageRawBytes);
                                 last_lsn = lsn;
                                 read += records;
                                 return {};
                               })
                  .ok());
  EXPECT_EQ(read, all);
  EXPECT_EQ(last_lsn, id);
  EXPECT_TRUE(Dictionary::Verify(fs, "dict/0000000031.sdx", kTestStore, extent).ok());
  // Half a record is refused before anything is written.
  EXPECT_FALSE(dictionary->Append(1, std::string_view(all).substr(0, 5), 32).ok());
}

TEST(Dictionary, ARecordLargerThanAPageGetsOneOfItsOwn) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  BatchEncoder records;
  records.SeriesDef(1, ValueType::kDouble, std::string(300'000, 'k'));
  records.SeriesDef(2, ValueType::kDouble, "k");
  const std::string bytes = std::move(records).Take();
  const auto extent = dictionary->Append(1, bytes, 31);
  ASSERT_TRUE(extent.ok());
  EXPECT_EQ(*ReadRecords(fs, *extent), bytes);
}

TEST(Dictionary, RewriteStartsANewFileAndAppendGoesOnInIt) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  ASSERT_TRUE(dictionary->Append(1, Definition(1) + Definition(2), 31).ok());
  ASSERT_TRUE(dictionary->Rewrite(40, 2, Definition(2)).ok());
  const auto extent = dictionary->Append(3, Definition(3), 41);
  ASSERT_TRUE(extent.ok());
  EXPECT_EQ(extent->file_no, 40U);
  EXPECT_EQ(*ReadRecords(fs, *extent), Definition(2) + Definition(3));
}

TEST(Dictionary, WhatLiesBehindTheExtentIsCutOff) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  const DictionaryExtent named = *dictionary->Append(1, Definition(1), 31);
  ASSERT_TRUE(dictionary->Append(2, Definition(2), 31).ok());  // the manifest never heard of it
  dictionary = OpenDictionary(fs, named);
  const auto extent = dictionary->Append(3, Definition(3), 32);
  ASSERT_TRUE(extent.ok());
  EXPECT_EQ(extent->file_no, 31U);
  EXPECT_EQ(*ReadRecords(fs, *extent), Definition(1) + Definition(3));
}

TEST(Dictionary, RevertCutsOffWhatWasNotPublished) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  ASSERT_TRUE(dictionary->Append(1, Definition(1), 31).ok());
  dictionary->Revert({});  // not even the first file was named
  const auto named = dictionary->Append(1, Definition(1), 32);
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->file_no, 32U);
  ASSERT_TRUE(dictionary->Append(2, Definition(2), 33).ok());
  dictionary->Revert(*named);
  const auto again = dictionary->Append(3, Definition(2) + Definition(3), 33);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(ReadRecords(fs, *again).value(), Definition(1) + Definition(2) + Definition(3));
  // A file that an append had failed in is not gone back to.
  ASSERT_TRUE(dictionary->Rewrite(34, 3, Definition(1)).ok());
  dictionary->Revert(*again);
  EXPECT_TRUE(dictionary->needs_rewrite());
}

TEST(Dictionary, RefusesAnOlderCopyAnotherStoreAndANewerVersion) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  const DictionaryExtent old = *dictionary->Append(1, Definition(1), 31);
  const std::string older = ReadAll(fs, "dict/0000000031.sdx");
  const DictionaryExtent extent = *dictionary->Append(2, Definition(2), 31);
  EXPECT_TRUE(ReadRecords(fs, old).ok());  // the extent of a backup, after the file grew
  WriteAll(fs, "dict/0000000031.sdx", older);
  EXPECT_EQ(ReadRecords(fs, extent).error().code, Code::kCorruption);
  auto wrong_chain = old;
  wrong_chain.chain ^= 1U;
  EXPECT_EQ(ReadRecords(fs, wrong_chain).error().code, Code::kCorruption);
  const auto foreign = Dictionary::Open(fs, "dict", {1, 2}, old, kIgnore);
  ASSERT_FALSE(foreign.ok());
  EXPECT_THAT(foreign.error().message, HasSubstr("another store"));
  std::string newer = older;
  newer[8] = 2;
  const uint32_t crc = PlacedCrc(31, 0, std::string_view(newer).substr(0, 60));
  newer.replace(60, 4, reinterpret_cast<const char*>(&crc), 4);
  WriteAll(fs, "dict/0000000031.sdx", newer);
  EXPECT_EQ(ReadRecords(fs, old).error().code, Code::kUnimplemented);
}

TEST(Dictionary, EveryFlippedBitIsFound) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  std::string many;
  for (uint32_t id = 0; id < 40; ++id) many += Definition(id);
  ASSERT_TRUE(dictionary->Append(1, Definition(77), 31).ok());
  const DictionaryExtent extent = *dictionary->Append(2, many, 31);
  const std::string path = "dict/0000000031.sdx";
  const std::string bytes = ReadAll(fs, path);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    WriteAll(fs, path, WithBitFlipped(bytes, bit));
    const auto verified = Dictionary::Verify(fs, path, kTestStore, extent);
    ASSERT_FALSE(verified.ok()) << bit;
    EXPECT_EQ(verified.error().code, Code::kCorruption);
    EXPECT_THAT(verified.error().message, HasSubstr(path + ": byte "));
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    WriteAll(fs, path, std::string_view(bytes).substr(0, size));
    ASSERT_EQ(Dictionary::Verify(fs, path, kTestStore, extent).error().code, Code::kCorruption);
  }
}

// Each file operation fails, or is the last before a power cut, in turn. The extent that was
// acknowledged reads back; after an error the next append holds everything in a new file.
TEST(Dictionary, SurvivesAFailureOfEachOperation) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    sim::SimFileSystem fs(seed + n);
    ASSERT_TRUE(fs.CreateDirs("dict").ok());
    DictionaryExtent acked;  // what a manifest would name
    std::string records;
    uint64_t file_no = 10;
    fs.SetFaults({.fail_nth_call = n});
    for (uint32_t round = 0; round < 4; ++round) {
      auto dictionary = Dictionary::Open(fs, "dict", kTestStore, acked, kIgnore);
      if (!dictionary.ok()) continue;
      for (uint32_t i = 0; i < 3; ++i) {
        const std::string more = Definition(round * 3 + i);
        const bool all = (*dictionary)->needs_rewrite();
        const auto extent = (*dictionary)->Append(1, all ? records + more : more, ++file_no);
        if (!extent.ok()) continue;
        acked = *extent;
        records += more;
      }
    }
    const bool fired = fs.fired();
    fs.Crash();
    const auto read = ReadRecords(fs, acked);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, records);
    if (!fired) break;
  }
}

// DevOps-style series: hosts with nine dimensions, ten measures each. 25 bytes a series, all
// included, is what a store of ten million can afford.
TEST(Dictionary, StaysSmall) {
  sim::SimFileSystem fs(1);
  auto dictionary = OpenDictionary(fs, {});
  tidemark::SeededRandom random(7);
  std::string records;
  constexpr uint32_t kHosts = 2000;
  constexpr uint32_t kMeasures = 10;
  const auto pick = [&](std::string_view prefix, uint64_t n) {
    return std::string(prefix) + std::to_string(random.Below(n));
  };
  for (uint32_t host = 0; host < kHosts; ++host) {
    std::vector<Dimension> dimensions = {{"hostname", "host_" + std::to_string(host)},
                                         {"region", pick("eu-central-", 9)},
                                         {"datacenter", pick("eu-central-1", 26)},
                                         {"rack", pick("", 100)},
                                         {"os", "Ubuntu16.04LTS"},
                                         {"arch", pick("x", 2)},
                                         {"team", pick("team-", 4)},
                                         {"service", pick("", 20)}};
    for (uint32_t m = 0; m < kMeasures; ++m) {
      SeriesInfo info;
      info.table = TableId{1};
      info.measure = "usage_of_cpu_in_state_" + std::to_string(m);
      info.dimensions = dimensions;
      std::sort(info.dimensions.begin(), info.dimensions.end());
      BatchEncoder one;
      one.SeriesDef(host * kMeasures + m, ValueType::kDouble, CanonicalKey(info));
      records += std::move(one).Take();
    }
  }
  const auto extent = dictionary->Append(1, records, 31);
  ASSERT_TRUE(extent.ok());
  const double bytes_per_series = static_cast<double>(extent->bytes) / (kHosts * kMeasures);
  RecordProperty("bytes_per_series", std::to_string(bytes_per_series));
  EXPECT_LT(bytes_per_series, 25.0);
  EXPECT_EQ(*ReadRecords(fs, *extent), records);
}

}  // namespace
}  // namespace tidemark::store
