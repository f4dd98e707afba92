// SPDX-License-Identifier: Apache-2.0
// One merge of block files: series by series, rows of all inputs in time order, each time once.
// Single-owner; nothing is published before Publish().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/block/block_file.h"
#include "store/embedded_state_internal.h"

namespace tidemark::store {

/// Where rows of a table in [start, end) go.
struct MergeTarget {
  TableId table;
  int64_t start = 0;
  int64_t end = 0;
  FileLevel level = FileLevel::kOverlay;
  /// No file outside the merge has rows of the table there, so ended rows need not be remembered.
  bool drop_tombstones = false;
};

class MergeJob {
 public:
  /// Rows that no target takes go to a mixed overlay. Targets of one table do not overlap.
  MergeJob(EmbeddedStore::State& state, std::vector<std::shared_ptr<BlockFile>> inputs,
           std::vector<MergeTarget> targets, std::map<TableId, int64_t> floors);
  ~MergeJob();

  /// Merges some series; true: all are done. After an error the job is of no use.
  Result<bool> Step(uint64_t rows_max);
  /// Makes the outputs take the inputs' place.
  Result<void> Publish();
  uint64_t input_bytes() const;
  /// For the log: "8 files, 41 MB".
  std::string Describe() const;

 private:
  struct Cursor {
    std::shared_ptr<BlockFile> file;
    size_t page = 0;
    size_t at = 0;
    std::vector<ChunkEntry> entries;
  };
  struct Output {
    std::unique_ptr<BlockFileWriter> writer;
    std::string path;
    BlockFileWriter::Bounds bounds;
    bool drop_tombstones = false;
    Effort effort = Effort::kFast;
  };
  struct Piece {
    const BlockFile* file = nullptr;
    ChunkEntry entry;
  };

  Result<bool> Advance(Cursor& cursor);
  Result<uint64_t> MergeSeries(uint32_t series);
  Result<void> Decode(TableId table, std::vector<Piece>& pieces);
  Result<void> Write(TableId table, uint32_t series);
  Result<Output*> OutputFor(TableId table, int64_t time, int64_t& until);

  EmbeddedStore::State& s_;
  std::vector<std::shared_ptr<BlockFile>> inputs_;
  std::vector<MergeTarget> targets_;  // by table and start
  std::map<TableId, int64_t> floors_;
  std::vector<Cursor> cursors_;
  bool started_ = false;
  std::map<size_t, Output> outputs_;  // by target; SIZE_MAX: the mixed one
  RowColumns merged_;
  TextArena arena_;
};

}  // namespace tidemark::store
