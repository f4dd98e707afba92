// SPDX-License-Identifier: Apache-2.0
// Random rows through EncodeChunk and back, against the rows themselves.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "agg/state.h"
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

agg::Summary ToSummary(const ColumnStats& stats, const std::vector<EventTime>& times) {
  return {.count = stats.count,
          .special = stats.nan_seen,
          .sum_usable = stats.sum_usable,
          .min_bits = stats.min_bits,
          .max_bits = stats.max_bits,
          .first_bits = stats.first_bits,
          .last_bits = stats.last_bits,
          .first_time = times.front(),
          .last_time = times.back(),
          .sum_hi = stats.sum_hi,
          .sum_lo = stats.sum_lo,
          .sum_low = stats.sum_low,
          .sum_high = stats.sum_high};
}

void AddBits(agg::State& state, const std::vector<EventTime>& times,
             const std::vector<uint64_t>& bits) {
  switch (state.spec().input) {
    case agg::Type::kDouble: {
      std::vector<double> values;
      for (const uint64_t b : bits) values.push_back(std::bit_cast<double>(b));
      return state.Add({times, "s"}, std::span<const double>(values));
    }
    case agg::Type::kBigint: {
      const std::vector<int64_t> values(bits.begin(), bits.end());
      return state.Add({times, "s"}, std::span<const int64_t>(values));
    }
    default: {
      std::vector<EventTime> values;
      for (const uint64_t b : bits) values.push_back({static_cast<int64_t>(b)});
      return state.Add({times, "s"}, std::span<const EventTime>(values));
    }
  }
}

std::string Bytes(const agg::State& state) {
  ByteWriter out;
  state.AppendTo(out);
  return std::move(out).Take();
}

/// States from the statistics of each column equal those from its values, byte for byte.
void CheckStatistics(const RowColumns& rows, const Chunk& chunk) {
  for (size_t c = 0; c < chunk.columns(); ++c) {
    const ColumnStats* stats = chunk.stats(c);
    if (stats == nullptr) continue;
    const RowColumns::Column& column = rows.columns[c];
    std::vector<EventTime> times;
    std::vector<uint64_t> bits;
    for (size_t i = 0; i < rows.rows(); ++i) {
      if (!column.valid.empty() && column.valid[i] == 0) continue;
      times.push_back({rows.times[i]});
      bits.push_back(column.bits[i]);
    }
    const agg::Summary summary = ToSummary(*stats, times);
    for (int kind = 1; kind <= 7; ++kind) {
      const agg::Spec spec{static_cast<agg::Kind>(kind), static_cast<agg::Type>(column.type)};
      if (!agg::CheckSpec(spec).ok() || !agg::State::CanSummarise(spec, summary)) continue;
      agg::State by_value(spec);
      agg::State by_summary(spec);
      AddBits(by_value, times, bits);
      by_summary.AddSummary(summary, "s");
      ASSERT_EQ(Bytes(by_summary), Bytes(by_value)) << agg::KindName(spec.kind);
    }
  }
}

TEST(ChunkModel, StatisticsGiveTheStatesOfTheValues) {
  const uint64_t seed = Seed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  size_t seen = 0;
  for (int round = 0; round < 60 && !HasFatalFailure(); ++round) {
    std::vector<std::string> texts;
    const RowColumns rows = testing::DrawRows(kStatsRowsMin + random() % 1500, random, texts);
    std::string bytes;
    EncodeChunk(rows, 0, rows.rows(), 42, Effort::kFast, kPlace, bytes);
    const auto chunk = Chunk::Open(bytes, kPlace, Chunk::Verify::kYes);
    ASSERT_TRUE(chunk.ok());
    CheckStatistics(rows, *chunk);
    for (size_t c = 0; c < chunk->columns(); ++c) seen += chunk->stats(c) != nullptr ? 1 : 0;
  }
  EXPECT_GT(seen, 20U);
}

/// A fitting checksum does not make bytes well-formed: each answer is an error or some value, and
/// the sanitizers see the rest.
TEST(ChunkModel, BytesThatNobodyWroteNeverCrash) {
  const uint64_t seed = Seed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  size_t refused = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> texts;
    const RowColumns rows = testing::DrawRows(1 + random() % 1100, random, texts);
    std::string bytes;
    EncodeChunk(rows, 0, rows.rows(), 42, round % 2 == 0 ? Effort::kFast : Effort::kSmall, kPlace,
                bytes);
    for (int change = 0; change < 60; ++change) {
      std::vector<char> damaged(bytes.begin(), bytes.end());
      const size_t at = 8 + random() % (damaged.size() - 8);
      damaged[at] = static_cast<char>(random());
      auto chunk = Chunk::Open({damaged.data(), damaged.size()}, kPlace, Chunk::Verify::kNo);
      RowColumns back;
      TextArena arena;
      const bool read = chunk.ok() && chunk->AppendTo(back, arena).ok();
      refused += read ? 0 : 1;
      if (read) {
        ASSERT_TRUE(std::is_sorted(back.times.begin(), back.times.end()));
      }
    }
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace tidemark::store
