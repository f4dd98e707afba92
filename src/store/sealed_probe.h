// SPDX-License-Identifier: Apache-2.0
// What files hold at given (series, time): the version check of a write to a sealed range. Works on
// a pinned version, with no lock of the store held (storage.md 5.3). Single-owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/block/chunk.h"
#include "store/embedded_state_internal.h"

namespace tidemark::store {

/// The newest version of one point in the files.
struct SealedPoint {
  int64_t version = 0;
  bool tombstone = false;
  uint64_t bits = 0;
  std::string text;  // VARCHAR, or the encoded fields of a multi-measure row
  RowInfo info;
};

class SealedProbe {
 public:
  struct Question {
    SeriesEntry* entry = nullptr;
    int64_t time = 0;
    std::optional<SealedPoint> answer;
    std::optional<Error> error;  // kCorruption: what decides is damaged
  };

  SealedProbe(EmbeddedStore::State& state, const Version& version) : s_(state), version_(version) {}

  /// Fills answers; questions ascend by (series id, time).
  void Ask(std::span<Question> questions);

 private:
  Result<void> AskFile(const TableFile& file, std::span<Question*> questions);
  Result<void> AskChunk(Chunk& chunk, std::span<Question*> questions);
  Result<void> Read(Chunk& chunk, size_t row, SealedPoint& out);

  EmbeddedStore::State& s_;
  const Version& version_;
  std::vector<ChunkEntry> entries_;
  // The block decoded last, for neighbours.
  struct Decoded {
    size_t block = SIZE_MAX;
    std::vector<int64_t> versions;
    std::vector<uint8_t> tombstones;
    std::vector<RowInfo> infos;
    std::vector<std::vector<uint64_t>> bits;
    std::vector<std::vector<std::string_view>> texts;
    std::vector<std::vector<uint8_t>> valid;
    TextArena arena;
  };
  Decoded decoded_;
};

}  // namespace tidemark::store
