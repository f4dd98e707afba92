// SPDX-License-Identifier: Apache-2.0
// Random rows through EncodeChunk and back, against the rows themselves.
#include <algorithm>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "store/block/chunk.h"
#include "store/block/testing/sample_values.h"

namespace tidemark::store {
namespace {

uint64_t Seed() {
  const char* text = std::getenv("TM_SEED");
  return text == nullptr ? 20251125 : std::strtoull(text, nullptr, 10);
}

constexpr ChunkPlace kPlace{.file_no = 9, .offset = 4096};

/// `chunk` holds rows [from, to) of `rows`; every accessor is asked.
void CheckChunk(Chunk& chunk, const RowColumns& rows, size_t from, size_t to) {
  RowColumns back;
  TextArena arena;
  ASSERT_TRUE(chunk.AppendTo(back, arena).ok());
  const auto slice = [&](const auto& all) {
    using Vector = std::decay_t<decltype(all)>;
    if (all.empty()) return Vector();
    return Vector(all.begin() + static_cast<std::ptrdiff_t>(from),
                  all.begin() + static_cast<std::ptrdiff_t>(to));
  };
  ASSERT_EQ(back.times, slice(rows.times));
  ASSERT_EQ(back.versions, slice(rows.versions));
  ASSERT_EQ(back.infos, slice(rows.infos));
  const auto ended = slice(rows.tombstones);
  const bool any_ended = std::count(ended.begin(), ended.end(), 1) > 0;
  ASSERT_EQ(chunk.has_tombstones(), any_ended);
  if (any_ended) {
    ASSERT_EQ(back.tombstones, ended);
  }
  ASSERT_EQ(back.columns.size(), rows.columns.size());
  for (size_t c = 0; c < rows.columns.size(); ++c) {
    ASSERT_EQ(back.columns[c].field, rows.columns[c].field);
    ASSERT_EQ(back.columns[c].type, rows.columns[c].type);
    ASSERT_EQ(back.columns[c].bits, slice(rows.columns[c].bits));
    ASSERT_EQ(back.columns[c].texts, slice(rows.columns[c].texts));
    const auto valid = slice(rows.columns[c].valid);
    const bool any_null = std::count(valid.begin(), valid.end(), 0) > 0;
    ASSERT_EQ(chunk.has_nulls(c), any_null);
    if (any_null) {
      ASSERT_EQ(back.columns[c].valid, valid);
    }
  }
  for (size_t b = 0; b < chunk.blocks(); ++b) {
    ASSERT_EQ(chunk.BlockStart(b), rows.times[from + b * kBlockRows]);
  }
}

void CheckFind(Chunk& chunk, const RowColumns& rows, size_t from, std::mt19937_64& random) {
  for (int i = 0; i < 50; ++i) {
    const size_t row = random() % chunk.rows();
    const int64_t time = rows.times[from + row];
    ASSERT_EQ(chunk.Find(time).value(), row);
    const int64_t other = time == INT64_MIN ? time + 1 : time - 1;
    const auto begin = rows.times.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = begin + static_cast<std::ptrdiff_t>(chunk.rows());
    const auto at = std::lower_bound(begin, end, other);
    const size_t expected =
        at != end && *at == other ? static_cast<size_t>(at - begin) : chunk.rows();
    ASSERT_EQ(chunk.Find(other).value(), expected);
  }
}

TEST(ChunkModel, EveryRowComesBack) {
  const uint64_t seed = Seed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr size_t kRows[] = {1,   2,    3,    17,   63,   64,   127,  128,
                              129, 1022, 1023, 1024, 1025, 2160, 8191, 8192};
  for (int round = 0; round < 160; ++round) {
    const size_t n = kRows[static_cast<size_t>(round) % std::size(kRows)];
    const size_t before = random() % 3;
    std::vector<std::string> texts;
    const RowColumns rows = testing::DrawRows(before + n + random() % 3, random, texts);
    const Effort effort = round % 2 == 0 ? Effort::kFast : Effort::kSmall;
    std::string bytes = "somewhere";
    const size_t at = bytes.size();
    EncodeChunk(rows, before, before + n, 42, effort, kPlace, bytes);
    const std::vector<char> exact(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
    auto chunk = Chunk::Open({exact.data(), exact.size()}, kPlace, Chunk::Verify::kYes);
    ASSERT_TRUE(chunk.ok());
    ASSERT_EQ(exact.size() % 8, 0U);
    CheckChunk(*chunk, rows, before, before + n);
    CheckFind(*chunk, rows, before, random);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tidemark::store
