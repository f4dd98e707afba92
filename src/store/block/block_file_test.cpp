// SPDX-License-Identifier: Apache-2.0
// Golden bytes of docs/format/block.md, part "File", a model of what a file holds, damage.
#include "store/block/block_file.h"

#include <limits>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/sim/sim_file_system.h"
#include "base/testing/seed.h"
#include "store/block/block_directory_internal.h"
#include "store/block/file_header_internal.h"
#include "store/block/test_samples_internal.h"

namespace tidemark::store {
namespace {

using ::testing::HasSubstr;

constexpr TableId kTable{7};
constexpr BlockFileWriter::Bounds kBounds{FileLevel::kOverlay, 0, 1'000'000, 5, 9};

RowColumns Rows(std::vector<int64_t> times, int64_t first_value) {
  RowColumns rows;
  rows.times = std::move(times);
  rows.columns.resize(1);
  for (size_t i = 0; i < rows.times.size(); ++i) {
    rows.versions.push_back(1);
    rows.columns[0].bits.push_back(
        std::bit_cast<uint64_t>(static_cast<double>(first_value + static_cast<int64_t>(i))));
  }
  return rows;
}

std::unique_ptr<BlockFileWriter> Create(FileSystem& fs, const std::string& path,
                                        uint64_t file_no = 3) {
  auto writer = BlockFileWriter::Create(fs, path, file_no, kTestStore, 77);
  EXPECT_TRUE(writer.ok()) << writer.error().message;
  return writer.ok() ? std::move(*writer) : nullptr;
}

std::shared_ptr<BlockFile> Open(FileSystem& fs, const std::string& path, const BlockMeta& meta) {
  auto file = BlockFile::Open(fs, path, meta, kTestStore);
  EXPECT_TRUE(file.ok()) << file.error().message;
  return file.ok() ? *file : nullptr;
}

// (series, time) -> value.
using Model = std::map<std::pair<uint32_t, int64_t>, double>;

Result<void> ReadEntry(const BlockFile& file, const ChunkEntry& entry, Model& out) {
  TM_ASSIGN_OR_RETURN(Chunk chunk, file.Load(entry));
  RowColumns rows;
  TextArena arena;
  TM_RETURN_IF_ERROR(chunk.AppendTo(rows, arena));
  EXPECT_EQ(rows.rows(), entry.rows);
  EXPECT_EQ(rows.times.front(), entry.min_time);
  EXPECT_EQ(rows.times.back(), entry.max_time);
  for (size_t i = 0; i < rows.rows(); ++i) {
    const bool is_new = out.emplace(std::pair(entry.series, rows.times[i]),
                                    std::bit_cast<double>(rows.columns[0].bits[i]))
                            .second;
    EXPECT_TRUE(is_new);
  }
  return {};
}

Result<Model> ReadAllRows(const BlockFile& file) {
  Model out;
  std::vector<ChunkEntry> entries;
  for (size_t page = 0; page < file.pages(); ++page) {
    TM_RETURN_IF_ERROR(file.Page(page, entries));
    for (const ChunkEntry& entry : entries) TM_RETURN_IF_ERROR(ReadEntry(file, entry, out));
  }
  return out;
}

TEST(BlockFileFormat, HeaderDirectoryAndFooterHaveGoldenBytes) {
  sim::SimFileSystem fs(1);
  auto writer = Create(fs, BlockFileName(3));
  ASSERT_TRUE(writer->Add(TableId{2}, 4, Rows({10, 20, 30}, 1), Effort::kFast).ok());
  ASSERT_TRUE(writer->Add(TableId{7}, 9, Rows({15}, 2), Effort::kFast).ok());
  const auto meta = writer->Finish(kBounds);
  ASSERT_TRUE(meta.ok());
  const std::string bytes = ReadAll(fs, "0000000003.tsb");
  EXPECT_EQ(bytes.size(), meta->bytes);
  EXPECT_EQ(Hex(bytes.substr(0, 64)),
            "89545345420d0a1a010000000000000000000000400000000300000000000000"
            "080706050403020118171615141312114d0000000000000000000000a4083448");
  // Chunks are chunk_test.cpp's; from the directory on all is this file's.
  const std::string tail = bytes.substr(LoadAt<uint64_t>(bytes, bytes.size() - kBlockFooterBytes));
  EXPECT_EQ(Hex(tail.substr(0, 96)),
            "db6486a60200000004000000090000000a000000000000001e00000000000000"
            "040000000300000008000000050000000a000000000000001e00000000000000"
            "09000000010000000d000000050000000f000000000000000f00000000000000");
  EXPECT_EQ(tail.substr(96, kDirectoryPageBytes - 96), std::string(kDirectoryPageBytes - 96, 0));
  EXPECT_EQ(Hex(tail.substr(kDirectoryPageBytes)),
            "0400000009000000020000000000000003000000000000000a00000000000000"
            "1e00000000000000070000000000000001000000000000000f00000000000000"
            "0f000000000000003a3000000100000000000100100000000400090000000000"
            "900000000000000090100000000000009810000000000000d810000000000000"
            "0400000000000000020000000200000004000000090000000a00000000000000"
            "1e00000000000000050000000000000009000000000000000000000000000000"
            "40420f00000000000100000002000000cf1d4a86871115e153e1bd57fe59ed11"
            "00000000010000000000000000000000000000002da43baf8954534542454e44");
}

TEST(BlockFile, TellsWhatItHolds) {
  sim::SimFileSystem fs(1);
  auto writer = Create(fs, "f");
  ASSERT_TRUE(writer->Add(TableId{9}, 4, Rows({10, 20, 30}, 1), Effort::kFast).ok());
  ASSERT_TRUE(writer->Add(TableId{7}, 6, Rows({15}, 2), Effort::kFast).ok());
  ASSERT_TRUE(writer->Add(TableId{9}, 9, Rows({-5, 25}, 3), Effort::kSmall).ok());
  EXPECT_EQ(writer->rows(), 6U);
  const auto meta = writer->Finish(kBounds);
  ASSERT_TRUE(meta.ok());
  BlockMeta expected = *meta;  // bytes and CRC
  expected.file_no = 3;
  expected.level = FileLevel::kOverlay;
  expected.partition_start = 0;
  expected.partition_end = 1'000'000;
  expected.rows = 6;
  expected.chunks = 3;
  expected.series = 3;
  expected.first_series = 4;
  expected.last_series = 9;
  expected.min_time = -5;
  expected.max_time = 30;
  expected.min_lsn = 5;
  expected.max_lsn = 9;
  expected.tables = {{TableId{7}, 1, 15, 15}, {TableId{9}, 5, -5, 30}};
  EXPECT_EQ(*meta, expected);
  ByteWriter out;
  meta->AppendTo(out);
  ByteReader in(out.view());
  EXPECT_EQ(*BlockMeta::Read(in), expected);
  EXPECT_TRUE(in.AtEnd());
  EXPECT_EQ(*BlockFile::ReadMeta(fs, "f", 3, kTestStore), expected);
  EXPECT_EQ(Open(fs, "f", *meta)->meta(), expected);
}

TEST(BlockFile, CutsASeriesIntoEvenChunks) {
  sim::SimFileSystem fs(1);
  auto writer = Create(fs, "f");
  std::vector<int64_t> times(kChunkRowsMax + 1);
  for (size_t i = 0; i < times.size(); ++i) times[i] = static_cast<int64_t>(i);
  ASSERT_TRUE(writer->Add(kTable, 1, Rows(times, 0), Effort::kFast).ok());
  ASSERT_TRUE(writer->Add(kTable, 2, Rows({1, 2, 3, 4, 5, 6, 7}, 0), Effort::kFast, 3).ok());
  const auto meta = writer->Finish(kBounds);
  ASSERT_TRUE(meta.ok());
  std::vector<ChunkEntry> entries;
  ASSERT_TRUE(Open(fs, "f", *meta)->Page(0, entries).ok());
  std::vector<uint32_t> rows;
  for (const ChunkEntry& entry : entries) rows.push_back(entry.rows);
  EXPECT_THAT(rows, ::testing::ElementsAre(4096, 4097, 2, 2, 3));
}

TEST(BlockFile, RefusesRowsOutOfOrderAndAnEmptyFile) {
  sim::SimFileSystem fs(1);
  EXPECT_EQ(Create(fs, "e")->Finish(kBounds).error().code, Code::kInvalidArgument);
  auto writer = Create(fs, "f");
  ASSERT_TRUE(writer->Add(kTable, 4, Rows({10, 20}, 1), Effort::kFast).ok());
  ASSERT_TRUE(writer->Add(kTable, 4, Rows({21}, 1), Effort::kFast).ok());
  EXPECT_FALSE(writer->Add(kTable, 4, Rows({21}, 1), Effort::kFast).ok());
  EXPECT_FALSE(writer->Add(kTable, 3, Rows({50}, 1), Effort::kFast).ok());
  EXPECT_FALSE(writer->Add(kTable, 5, Rows({50}, 1), Effort::kFast, kChunkRowsMax + 1).ok());
}

// Random files against a map: series with gaps, several chunks and pages a series, extreme times.
TEST(BlockFile, AnswersLikeAMap) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t round = 0; round < 12; ++round) {
    SeededRandom random(seed + round);
    sim::SimFileSystem fs(seed);
    auto writer = Create(fs, "f");
    Model model;
    std::set<uint32_t> present;
    uint32_t series = static_cast<uint32_t>(random.Below(3));
    const uint64_t series_count = 1 + random.Below(400);
    const uint64_t gap = 1 + random.Below(random.Below(2) == 0 ? 2 : 100'000);
    const uint64_t rows_max = 1 + random.Below(200);
    for (uint64_t s = 0; s < series_count; ++s) {
      series += 1 + static_cast<uint32_t>(random.Below(gap));
      std::vector<int64_t> times;
      int64_t time = static_cast<int64_t>(random.Below(1000));
      if (random.Below(20) == 0) times.push_back(std::numeric_limits<int64_t>::min());
      for (uint64_t i = 0, n = 1 + random.Below(rows_max); i < n; ++i) {
        times.push_back(time);
        time += static_cast<int64_t>(1 + random.Below(50));
      }
      const int64_t value = static_cast<int64_t>(random.Below(1000));
      const RowColumns rows = Rows(times, value);
      for (size_t i = 0; i < times.size(); ++i) {
        model[{series, times[i]}] = static_cast<double>(value + static_cast<int64_t>(i));
      }
      present.insert(series);
      ASSERT_TRUE(
          writer->Add(TableId{series % 3}, series, rows, Effort::kFast, 1 + random.Below(40)).ok());
    }
    const auto meta = writer->Finish(kBounds);
    ASSERT_TRUE(meta.ok());
    EXPECT_EQ(meta->rows, model.size());
    EXPECT_EQ(meta->series, present.size());
    const auto file = Open(fs, "f", *meta);
    const auto all = ReadAllRows(*file);
    ASSERT_TRUE(all.ok()) << all.error().message;
    EXPECT_EQ(*all, model);
    for (int i = 0; i < 300; ++i) {
      const auto wanted = static_cast<uint32_t>(random.Below(uint64_t{series} + 2));
      EXPECT_EQ(file->Has(wanted), present.contains(wanted));
      const auto start = static_cast<int64_t>(random.Below(3000));
      const auto end = start + static_cast<int64_t>(random.Below(3000));
      std::vector<ChunkEntry> entries;
      ASSERT_TRUE(file->Find(wanted, start, end, entries).ok());
      Model found;
      int64_t last = std::numeric_limits<int64_t>::min();
      for (const ChunkEntry& entry : entries) {
        EXPECT_EQ(entry.series, wanted);
        EXPECT_TRUE(entry.max_time >= start && entry.min_time < end);
        EXPECT_GE(entry.min_time, last);
        last = entry.max_time;
        ASSERT_TRUE(ReadEntry(*file, entry, found).ok());
      }
      const auto in_range = [&](const Model& from) {
        Model out;
        for (auto it = from.lower_bound({wanted, start}); it != from.lower_bound({wanted, end});
             ++it) {
          out.insert(*it);
        }
        return out;
      };
      if (start < end) {
        EXPECT_EQ(in_range(found), in_range(model));
      }
      // The page that PageOf names holds the first chunk, if there is one.
      std::vector<ChunkEntry> page;
      ASSERT_TRUE(file->Page(file->PageOf(wanted), page).ok());
      entries.clear();
      ASSERT_TRUE(file->Find(wanted, std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<int64_t>::max(), entries)
                      .ok());
      if (!entries.empty()) {
        EXPECT_THAT(page, ::testing::Contains(entries.front()));
      }
    }
    EXPECT_TRUE(file->Verify().ok());
  }
}

TEST(BlockFile, EveryFlippedBitIsFound) {
  sim::SimFileSystem fs(1);
  auto writer = Create(fs, "f");
  for (uint32_t series = 1; series < 4; ++series) {
    ASSERT_TRUE(writer->Add(kTable, series, Rows({1, 2, 3, 50}, series), Effort::kFast, 2).ok());
  }
  const auto meta = writer->Finish(kBounds);
  ASSERT_TRUE(meta.ok());
  const std::string bytes = ReadAll(fs, "f");
  const Model model = *ReadAllRows(*Open(fs, "f", *meta));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    WriteAll(fs, "f", WithBitFlipped(bytes, bit));
    auto file = BlockFile::Open(fs, "f", *meta, kTestStore);
    Result<Model> read = file.ok() ? ReadAllRows(**file) : Result<Model>(file.error());
    ASSERT_FALSE(read.ok()) << "bit " << bit;
    EXPECT_EQ(read.error().code, Code::kCorruption) << read.error().message;
    EXPECT_THAT(read.error().message, HasSubstr("f: byte "));
    // And of a file that is open, by the scrubber.
    if (bit % 37 != 0) continue;
    WriteAll(fs, "f", bytes);
    const auto open = Open(fs, "f", *meta);
    WriteAll(fs, "f", WithBitFlipped(bytes, bit));
    EXPECT_EQ(open->Verify().error().code, Code::kCorruption) << "bit " << bit;
  }
}

TEST(BlockFile, RefusesATruncatedSwappedOlderOrNewerFile) {
  sim::SimFileSystem fs(1);
  BlockMeta metas[2];
  for (uint64_t file_no = 0; file_no < 2; ++file_no) {
    auto writer = Create(fs, BlockFileName(file_no), file_no);
    ASSERT_TRUE(
        writer->Add(kTable, 1, Rows({1}, static_cast<int64_t>(file_no)), Effort::kFast).ok());
    metas[file_no] = *writer->Finish(kBounds);
  }
  const std::string bytes = ReadAll(fs, BlockFileName(0));
  const auto code_of = [&](std::string_view contents) {
    WriteAll(fs, "f", contents);
    auto file = BlockFile::Open(fs, "f", metas[0], kTestStore);
    return file.ok() ? Code::kInternal : file.error().code;
  };
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_EQ(code_of(bytes.substr(0, size)), Code::kCorruption);
  }
  EXPECT_EQ(code_of(bytes + "garbage"), Code::kCorruption);
  EXPECT_EQ(code_of(ReadAll(fs, BlockFileName(1))), Code::kCorruption);
  EXPECT_EQ(BlockFile::Open(fs, BlockFileName(0), metas[0], {4, 4}).error().code,
            Code::kCorruption);
  EXPECT_EQ(BlockFile::Open(fs, "none", metas[0], kTestStore).error().code, Code::kNotFound);
  std::string newer = bytes;
  newer[12] = 4;  // an incompatible flag
  const uint32_t crc = PlacedCrc(0, 0, std::string_view(newer).substr(0, 60));
  newer.replace(60, 4, reinterpret_cast<const char*>(&crc), 4);
  EXPECT_EQ(code_of(newer), Code::kUnimplemented);
}

TEST(BlockFile, AnUnreadableSectorIsAnError) {
  sim::SimFileSystem fs(1);
  auto writer = Create(fs, "f");
  ASSERT_TRUE(writer->Add(kTable, 1, Rows({1, 2, 3}, 0), Effort::kFast).ok());
  const auto meta = writer->Finish(kBounds);
  ASSERT_TRUE(meta.ok());
  for (uint64_t n = 1;; ++n) {
    fs.SetFaults({.fail_nth_call = n});
    auto file = BlockFile::Open(fs, "f", *meta, kTestStore);
    Result<Model> read = file.ok() ? ReadAllRows(**file) : Result<Model>(file.error());
    const bool fired = fs.fired();
    fs.SetFaults({});
    EXPECT_EQ(read.ok(), !fired);
    if (!fired) break;
    EXPECT_EQ(read.error().code, Code::kIo);
  }
}

// Each operation of the writer fails in turn: Finish() says so, or the file is whole and synced.
TEST(BlockFile, AFinishedFileSurvivesAPowerCut) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t n = 1;; ++n) {
    sim::SimFileSystem fs(seed + n);
    fs.SetFaults({.fail_nth_call = n});
    Result<BlockMeta> meta = Error{Code::kInternal, "not finished"};
    auto writer = BlockFileWriter::Create(fs, "f", 3, kTestStore, 0);
    if (writer.ok() && (*writer)->Add(kTable, 1, Rows({1, 2}, 0), Effort::kFast).ok()) {
      meta = (*writer)->Finish(kBounds);
    }
    const bool fired = fs.fired();
    EXPECT_EQ(meta.ok(), !fired);
    if (meta.ok()) {
      fs.SetFaults({});
      ASSERT_TRUE(fs.SyncDir(".").ok());
      fs.Crash();
      EXPECT_TRUE(Open(fs, "f", *meta)->Verify().ok());
    }
    if (!fired) break;
  }
}

}  // namespace
}  // namespace tidemark::store
