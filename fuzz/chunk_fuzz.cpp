// SPDX-License-Identifier: Apache-2.0
// A chunk whose checksum fits. Whatever can be read must ascend in time and survive being written
// again.
#include <algorithm>
#include <array>
#include <cstring>
#include <random>

#include "base/check.h"
#include "fuzzer.h"
#include "store/block/chunk.h"
#include "store/block/testing/sample_values.h"

namespace tidemark::store {
namespace {

constexpr ChunkPlace kPlace{.file_no = 1, .offset = 64};

void ReadBlocks(Chunk& chunk) {
  std::array<int64_t, kBlockRows> integers{};
  std::array<uint64_t, kBlockRows> bits{};
  std::array<uint8_t, kBlockRows> flags{};
  std::array<RowInfo, kBlockRows> infos{};
  std::array<std::string_view, kBlockRows> texts{};
  TextArena arena;
  size_t total = 0;  // of text bytes: each is touched
  for (size_t b = 0; b < chunk.blocks(); ++b) {
    const size_t n = chunk.rows_in(b);
    const bool times = chunk.Times(b, integers.data()).ok();
    if (times) {
      TM_CHECK(std::is_sorted(integers.begin(), integers.begin() + static_cast<std::ptrdiff_t>(n)));
      TM_CHECK(integers[0] == chunk.BlockStart(b));
      for (const size_t row : {size_t{0}, n / 2, n - 1}) {
        const auto found = chunk.Find(integers[row]);
        TM_CHECK(found.ok() && *found == b * kBlockRows + row);
      }
    }
    (void)chunk.Find(chunk.BlockStart(b) + 1).ok();
    (void)chunk.Versions(b, integers.data()).ok();
    (void)chunk.Infos(b, infos.data()).ok();
    (void)chunk.Tombstones(b, flags.data()).ok();
    for (size_t c = 0; c < chunk.columns(); ++c) {
      (void)chunk.Valid(c, b, flags.data()).ok();
      if (chunk.type(c) != ValueType::kVarchar) {
        (void)chunk.Bits(c, b, bits.data()).ok();
      } else if (chunk.Texts(c, b, texts.data(), arena).ok()) {
        for (const std::string_view text : std::span(texts).first(n)) {
          for (const char each : text) total += static_cast<uint8_t>(each);
        }
      }
    }
  }
  TM_CHECK(total < SIZE_MAX);
}

}  // namespace
}  // namespace tidemark::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark::store;
  if (size < 8 || size > 200'000) return 0;
  // Of exactly its size, so that reading past it is seen; the length fits.
  std::vector<char> bytes(data, data + size / 8 * 8);
  const auto length = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data() + 4, &length, sizeof(length));
  const std::string_view view(bytes.data(), bytes.size());
  auto chunk = Chunk::Open(view, kPlace, Chunk::Verify::kNo);
  if (!chunk.ok()) return 0;
  ReadBlocks(*chunk);
  RowColumns rows;
  TextArena arena;
  if (!chunk->AppendTo(rows, arena).ok()) return 0;
  std::string again;
  EncodeChunk(rows, 0, rows.rows(), 1, Effort::kFast, kPlace, again);
  RowColumns back;
  TM_CHECK(Chunk::Open(again, kPlace, Chunk::Verify::kYes)->AppendTo(back, arena).ok());
  TM_CHECK(back.times == rows.times && back.versions == rows.versions);
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  using namespace tidemark::store;
  std::vector<std::string> out;
  std::mt19937_64 random(1);
  for (const size_t rows : {1, 2, 10, 127, 128, 300, 1024, 1030, 2100}) {
    for (const Effort effort : {Effort::kFast, Effort::kSmall}) {
      for (int i = 0; i < 4; ++i) {
        std::vector<std::string> texts;
        const RowColumns drawn = testing::DrawRows(rows, random, texts);
        EncodeChunk(drawn, 0, rows, 1, effort, kPlace, out.emplace_back());
      }
    }
  }
  return out;
}
