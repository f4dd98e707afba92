// SPDX-License-Identifier: Apache-2.0
// Rows of one series at a snapshot, merged from memory and files: each time once, with the highest
// version, tombstones left out (storage.md 8.2). Runs that do not overlap in time are handed on
// whole, block by block, without looking at versions. Single-owner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/block/chunk.h"
#include "store/embedded_state_internal.h"
#include "store/snapshots.h"

namespace tidemark::store {

/// What a read asks of each row.
struct ReadWants {
  bool values = true;
  bool versions = false;
  bool rows = false;
  /// Fields of a multi-measure series to fill, ascending by id; columns come in this order. Single
  /// measures have one column whatever it says.
  std::span<const FieldDef> field_defs;  // of the table, by id
  std::span<const uint32_t> fields;
};

/// Rows in time order as columns. What texts point to is kept by `arena` and `pools`.
struct RowPiece {
  std::vector<EventTime> times;
  std::vector<RowColumns::Column> columns;  // the first `columns_used` count
  size_t columns_used = 0;
  std::vector<int64_t> versions;
  std::vector<RowInfo> rows;
  TextArena arena;
  std::vector<std::shared_ptr<const TextPool>> pools;

  size_t size() const { return times.size(); }
  void Clear();
};

/// A chunk of a file that overlaps a read.
struct ChunkRef {
  const BlockFile* file = nullptr;
  ChunkEntry entry;
};

/// Leaves only the newest row.
void KeepLastRow(RowPiece& piece);

class SeriesReader {
 public:
  /// Both must outlive the reader.
  SeriesReader(EmbeddedStore::State& state, const Snapshots::Lease& lease);
  ~SeriesReader();

  /// Starts over with `entry`'s rows in `range`. kCorruption: a file that is needed is damaged.
  Result<void> Start(SeriesEntry& entry, TimeRange range, const ReadWants& wants);
  /// Replaces `out` by the next rows, at least one and at most about 2,048; none at the end.
  Result<void> Next(RowPiece& out);

  /// Between Start() and the first Next(): the chunks in range, by file and time, and whether
  /// memory has a row in [min_time, max_time].
  std::span<const ChunkRef> chunks() const { return chunks_; }
  bool MemoryTouches(int64_t min_time, int64_t max_time) const;
  bool has_memory() const { return !memory_.empty(); }
  /// Rows in range that memory holds.
  uint64_t MemoryRows() const;
  /// Opens a chunk of chunks(); damage is reported to the store.
  Result<Chunk> Load(const ChunkRef& ref);
  /// Newest time of the series in memory or files before `end`, or INT64_MIN.
  int64_t LastTime() const;

 private:
  struct Run;

  void ListMemory();
  Result<void> ListChunks();
  size_t SetUpColumns(std::vector<RowColumns::Column>& columns) const;
  Result<void> Fill(Run& run);
  void FillFromMemory(Run& run);
  Result<void> FillFromChunk(Run& run);
  Result<void> DecodeBlock(Run& run, size_t block);
  Run* Earliest(int64_t& others_from);
  Run& LargestAt(int64_t head);
  Result<void> Patch(Run& base);
  Result<bool> PatchFrom(Run& base, Run& other);
  static void Overwrite(Run& base, size_t at, const Run& other);
  void EmitWhole(Run& run, RowPiece& out);
  void Emit(Run& run, size_t count, RowPiece& out);
  Result<void> EmitTie(int64_t time, RowPiece& out);
  Error Damaged(const ChunkRef& ref, Error error);

  EmbeddedStore::State& s_;
  const Snapshots::Lease& lease_;
  SeriesEntry* entry_ = nullptr;
  TimeRange range_;
  ReadWants wants_;
  bool need_versions_ = false;
  std::vector<ChunkRef> chunks_;
  std::vector<std::unique_ptr<Run>> runs_;  // the first `runs_used_` are in use
  size_t runs_used_ = 0;
  // Of memory, per part: first and last time within range; empty parts left out.
  std::vector<std::pair<int64_t, int64_t>> memory_;
};

}  // namespace tidemark::store
