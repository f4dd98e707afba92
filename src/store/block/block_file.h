// SPDX-License-Identifier: Apache-2.0
// Immutable files of chunks (storage.md 3.1): header, chunks sorted by (series, time), directory
// pages, sparse index, presence bitmap, footer; every byte under a checksum. Bytes:
// docs/format/block.md. A writer is single-owner; an open file is immutable and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/file_system.h"
#include "base/result.h"
#include "store/block/chunk.h"
#include "store/types.h"

namespace tidemark::store {

/// What a file holds of one table.
struct TableShare {
  TableId table;
  uint64_t rows = 0;
  int64_t min_time = 0;  // inclusive, both
  int64_t max_time = 0;
  friend bool operator==(const TableShare&, const TableShare&) = default;
};

/// Disk bytes; never renumber.
enum class FileLevel : uint8_t {
  kSealed = 0,   // one seal's rows of one partition, any tables, or of many sparse partitions
  kOverlay = 1,  // merged seals of one partition (or sparse ones), on top of a base or without one
  kBase = 2,     // everything a (table, partition) had when it was merged
};

/// What the manifest says of a block file; enough to tell, without the file, whom its loss touches.
struct BlockMeta {
  uint64_t file_no = 0;
  uint64_t bytes = 0;
  uint32_t footer_crc = 0;
  FileLevel level = FileLevel::kSealed;
  // [start, end) in ns that all rows lie in, one partition or a multiple; INT64_MIN, INT64_MAX:
  // a mixed file of sparse partitions.
  int64_t partition_start = 0;
  int64_t partition_end = 0;
  uint64_t rows = 0;
  uint32_t chunks = 0;
  uint32_t series = 0;
  uint32_t first_series = 0;
  uint32_t last_series = 0;
  int64_t min_time = 0;  // inclusive, both
  int64_t max_time = 0;
  uint64_t min_lsn = 0;  // bounds of the LSNs that the rows were accepted with
  uint64_t max_lsn = 0;
  std::vector<TableShare> tables;  // ascending by id

  bool mixed() const { return partition_start == INT64_MIN; }
  void AppendTo(ByteWriter& out) const;
  static Result<BlockMeta> Read(ByteReader& in);
  friend bool operator==(const BlockMeta&, const BlockMeta&) = default;
};

/// One chunk of a directory.
struct ChunkEntry {
  uint32_t series = 0;
  uint32_t rows = 0;
  uint64_t offset = 0;
  uint32_t bytes = 0;
  int64_t min_time = 0;  // inclusive, both
  int64_t max_time = 0;
  uint32_t index = 0;  // of the chunk in its file: 0, 1, ...
  friend bool operator==(const ChunkEntry&, const ChunkEntry&) = default;
};

/// "0000000123.tsb"
std::string BlockFileName(uint64_t file_no);

class BlockFileWriter {
 public:
  /// Creates (or truncates) `path`. Nothing counts before Finish() returned and a manifest names
  /// it.
  static Result<std::unique_ptr<BlockFileWriter>> Create(FileSystem& fs, std::string path,
                                                         uint64_t file_no, Hash128 store_id,
                                                         int64_t created_ns);
  ~BlockFileWriter();  // leaves an unfinished file; the caller removes it

  /// Encodes rows of one series as one or more chunks. Calls ascend by series, and by time inside
  /// one. `chunk_rows_max` <= kChunkRowsMax.
  Result<void> Add(TableId table, uint32_t series, const RowColumns& rows, Effort effort,
                   size_t chunk_rows_max = kChunkRowsMax);
  uint64_t bytes() const;  // so far
  uint64_t rows() const;
  struct Bounds {
    FileLevel level = FileLevel::kSealed;
    int64_t partition_start = INT64_MIN;
    int64_t partition_end = INT64_MAX;
    uint64_t min_lsn = 0;
    uint64_t max_lsn = 0;
  };
  /// Writes directory and footer, syncs the file (not its folder), reads the footer back.
  Result<BlockMeta> Finish(const Bounds& bounds);

 private:
  struct Impl;
  explicit BlockFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class BlockFile {
 public:
  /// Checks size, header, footer, directory index and presence against `meta`; chunks and directory
  /// pages are checked at their first use. kCorruption, kNotFound: it is damaged or gone.
  static Result<std::shared_ptr<BlockFile>> Open(FileSystem& fs, std::string path,
                                                 const BlockMeta& meta, Hash128 store_id);
  ~BlockFile();

  /// The meta of a file that no manifest names, from its own footer: for `--rebuild-manifest`.
  static Result<BlockMeta> ReadMeta(FileSystem& fs, const std::string& path, uint64_t file_no,
                                    Hash128 store_id);

  const BlockMeta& meta() const;
  const std::string& path() const;
  /// Whether the series has a chunk here; exact.
  bool Has(uint32_t series) const;
  /// Appends the chunks of `series` that overlap [start, end), ascending by time.
  Result<void> Find(uint32_t series, int64_t start, int64_t end,
                    std::vector<ChunkEntry>& out) const;
  /// Replaces `out` by the entries of directory page `page`; series ascend over all pages.
  size_t pages() const;
  Result<void> Page(size_t page, std::vector<ChunkEntry>& out) const;
  /// The page that would hold the first chunk of `series`.
  size_t PageOf(uint32_t series) const;
  /// Brings the bytes in, verifies them once per process, opens the chunk; it borrows from the
  /// file.
  Result<Chunk> Load(const ChunkEntry& entry) const;
  /// Verifies every byte, with what is in the page cache left aside where that can be asked for.
  Result<void> Verify() const;

 private:
  struct Impl;
  explicit BlockFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::store
