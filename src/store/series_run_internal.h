// SPDX-License-Identifier: Apache-2.0
// One source of a series' rows, memory or a file, while it is merged with the others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/series_reader.h"

namespace tidemark::store {

/// Rows of a piece: two blocks, so that it fills a vector of DuckDB.
constexpr size_t kPieceRows = 2 * kBlockRows;

inline void ClearColumn(RowColumns::Column& column) {
  column.bits.clear();
  column.texts.clear();
  column.valid.clear();
}

struct SeriesReader::Run {
  // Decoded rows [at, times.size()).
  std::vector<EventTime> times;
  std::vector<RowColumns::Column> columns;
  std::vector<int64_t> versions;
  std::vector<RowInfo> infos;
  std::vector<uint8_t> tombstones;  // empty: none
  TextArena arena;
  std::vector<std::shared_ptr<const TextPool>> pools;
  size_t at = 0;
  bool patched = false;  // others were written over these rows as far as that goes

  bool memory = false;
  bool more = false;        // there is something beyond the decoded rows
  int64_t next_from = 0;    // then: no row of it lies before
  bool head_exact = false;  // and its first row is exactly there
  // Files: chunks [chunk, chunks_end) of SeriesReader::chunks_, from block `block` of the first.
  size_t chunk = 0;
  size_t chunks_end = 0;
  size_t block = 0;
  std::optional<Chunk> open;

  size_t left() const { return times.size() - at; }
  bool done() const { return left() == 0 && !more; }
  int64_t head() const { return left() > 0 ? times[at].ns : next_from; }
  void ClearRows(size_t columns_used) {
    times.clear();
    for (size_t c = 0; c < columns_used; ++c) ClearColumn(columns[c]);
    versions.clear();
    infos.clear();
    tombstones.clear();
    at = 0;
    patched = false;
  }
};

}  // namespace tidemark::store
