// SPDX-License-Identifier: Apache-2.0
// Answers and intermediate rows that do not fit into the memory: rows are given out as they are
// made, and sorts, joins and groupings go to the spill directory, which is empty afterwards.
#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

/// Rows (n, h): n = 0, 1, 2.. of `tens` * 10,000, in the order of two sequences.
std::string Rows(int tens) {
  return "(SELECT (a - 1) * 10000 + b - 1 AS n, 'host-' || CAST(b AS varchar) AS h FROM "
         "UNNEST(sequence(1, " +
         std::to_string(tens) + ")) AS s(a) CROSS JOIN UNNEST(sequence(1, 10000)) AS t(b))";
}

TEST(LargeResult, RowsAreGivenOutAsTheyAreMade) {
#ifdef TM_DEBUG_CHECKS
  constexpr int kTens = 100;
#else
  constexpr int kTens = 1000;  // 10 million rows, some 400 MB
#endif
  constexpr uint64_t kMemory = 32_MiB;
  TestDatabase db;
  db.Open({.memory_bytes_max = kMemory, .threads = 2});
  auto result =
      std::move(db.Execute("SELECT n, h, CAST(n AS double) / 3 FROM " + Rows(kTens))).value();
  uint64_t rows = 0;
  uint64_t chunks = 0;
  int64_t sum = 0;
  for (RowChunk chunk;;) {
    const Result<bool> more = result->Next(chunk);
    ASSERT_TRUE(more.ok()) << more.error().message;
    if (!*more) break;
    ASSERT_LE(chunk.rows(), 2048U);
    rows += chunk.rows();
    for (size_t i = 0; i < chunk.rows(); ++i) sum += std::get<int64_t>(chunk.at(i, 0).data);
    if (++chunks % 64 == 0) {
      ASSERT_LE(db.engine->memory_bytes(), kMemory);
    }
  }
  constexpr int64_t kRows = int64_t{kTens} * 10'000;
  EXPECT_EQ(rows, static_cast<uint64_t>(kRows));
  EXPECT_EQ(sum, kRows * (kRows - 1) / 2);
}

class Spill : public testing::Test {
 protected:
  Spill() {
    std::string name = std::filesystem::temp_directory_path() / "tidemark-spill-XXXXXX";
    folder_ = mkdtemp(name.data());
    db_.Open({.spill_dir = Folder(), .memory_bytes_max = 32_MiB, .threads = 2});
  }
  ~Spill() override {
    db_.engine.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string Folder() const { return folder_ + "/spill"; }
  uint64_t Bytes() const {
    uint64_t bytes = 0;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(Folder(), gone))
      bytes += entry.file_size(gone);
    return bytes;
  }

  /// Reads all of it; the most that was in the folder at the start of a piece.
  uint64_t Run(const std::string& sql, const std::function<void(const RowChunk&)>& see) {
    auto result = std::move(db_.Execute(sql)).value();
    uint64_t most = 0;
    for (RowChunk chunk;;) {
      const Result<bool> more = result->Next(chunk);
      EXPECT_TRUE(more.ok()) << more.error().message;
      if (!more.ok() || !*more) return most;
      most = std::max(most, Bytes());
      see(chunk);
    }
  }

  TestDatabase db_;
  std::string folder_;
};

constexpr int kTens = 200;  // two million rows
constexpr int64_t kRows = int64_t{kTens} * 10'000;

TEST_F(Spill, SortsMoreThanTheMemoryHolds) {
  int64_t next = kRows;
  const uint64_t spilled =
      Run("SELECT n, h FROM " + Rows(kTens) + " ORDER BY n DESC", [&next](const RowChunk& chunk) {
        for (size_t i = 0; i < chunk.rows(); ++i)
          ASSERT_EQ(std::get<int64_t>(chunk.at(i, 0).data), --next);
      });
  EXPECT_EQ(next, 0);
  EXPECT_GT(spilled, 0U);
  EXPECT_EQ(Bytes(), 0U);
}

TEST_F(Spill, LeavesNothingBehindAReaderThatWentAway) {
  {
    auto result = std::move(db_.Execute("SELECT n, h FROM " + Rows(kTens) + " ORDER BY n")).value();
    RowChunk chunk;
    ASSERT_TRUE(result->Next(chunk).ok());
    EXPECT_GT(Bytes(), 0U);
  }
  // The worker that leaves the statement last takes the files along.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Bytes() != 0 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_EQ(Bytes(), 0U);
}

TEST_F(Spill, GroupsAndJoinsMoreThanTheMemoryHolds) {
  const auto check = [this](const std::string& sql, std::vector<int64_t> expected) {
    std::vector<int64_t> row;
    Run(sql, [&row](const RowChunk& chunk) {
      for (size_t c = 0; c < chunk.columns(); ++c)
        row.push_back(std::get<int64_t>(chunk.at(0, c).data));
    });
    EXPECT_EQ(row, expected) << sql;
    EXPECT_EQ(Bytes(), 0U);
  };
  // 300 MB of groups. The engine's grouping keeps 256 partitions of two blocks each in memory.
  db_.Open({.spill_dir = Folder(), .memory_bytes_max = 192_MiB, .threads = 2});
  check("SELECT count(*), max(c) FROM (SELECT n, h, count(*) AS c FROM " + Rows(500) +
            " GROUP BY n, h)",
        {5'000'000, 1});
  // 120 MB on either side.
  db_.Open({.spill_dir = Folder(), .memory_bytes_max = 64_MiB, .threads = 2});
  check("SELECT count(*), sum(length(x.h)) - sum(length(y.h)) FROM " + Rows(kTens) + " x JOIN " +
            Rows(kTens) + " y ON x.n = y.n",
        {kRows, 0});
}

TEST(LargeResult, WithoutAFolderTheMemoryIsTheBound) {
  TestDatabase db;
  db.Open({.memory_bytes_max = 32_MiB, .threads = 2});
  EXPECT_EQ(db.CodeOf("SELECT n, h FROM " + Rows(kTens) + " ORDER BY n DESC"), Code::kNoSpace);
}

}  // namespace
}  // namespace tidemark::sql
