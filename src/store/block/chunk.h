// SPDX-License-Identifier: Apache-2.0
// A chunk: up to 8,192 rows of one series as compressed columns under one checksum. Bytes:
// docs/format/block.md; chunk_test.cpp holds golden bytes. A chunk describes itself: no table of
// the file is needed to read it. Values are cut into blocks of 1,024 rows (storage.md 3.3), which
// decode alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/types.h"

namespace tidemark::store {

/// storage.md 3.3: two blocks fill a DuckDB vector, and size stops improving there.
inline constexpr size_t kBlockRows = 1024;
inline constexpr size_t kChunkRowsMax = 8 * kBlockRows;
/// The one column of a single measure.
inline constexpr uint32_t kSingleField = UINT32_MAX;
/// Shorter chunks carry no statistics (storage.md 3.2).
inline constexpr size_t kStatsRowsMin = 128;

/// Rows of one series as columns: what is encoded, merged and decoded.
struct RowColumns {
  struct Column {
    uint32_t field = kSingleField;  // TableIndex field id; ascending in a multi-measure series
    ValueType type = ValueType::kDouble;  // never kNone or kMulti
    std::vector<uint64_t> bits;           // kDouble, kBigint, kBoolean (0, 1), kTimestamp
    std::vector<std::string_view> texts;  // kVarchar; borrowed
    std::vector<uint8_t> valid;           // 1 = present; empty: all are. bits[i] of a null is 0
  };

  std::vector<int64_t> times;       // strictly ascending
  std::vector<int64_t> versions;    // one a row
  std::vector<Column> columns;      // one for a single measure, any number for multi-measure
  std::vector<RowInfo> infos;       // series of views: one a row; else empty
  std::vector<uint8_t> tombstones;  // 1 = the row ended; empty: none. Values of such rows are null

  size_t rows() const { return times.size(); }
  /// Keeps capacity.
  void Clear();
};

/// How hard to look for small bytes. kSmall may use entropy coders: last merges, which are read
/// often and written once.
enum class Effort : uint8_t { kFast, kSmall };

/// Where a chunk lies; part of its checksum, so that bytes in the wrong place fail
/// (storage.md 1.2).
struct ChunkPlace {
  uint64_t file_no = 0;
  uint64_t offset = 0;
};

/// Statistics over the non-null values of a DOUBLE, BIGINT or TIMESTAMP column (BOOLEAN and VARCHAR
/// have none). Bits as in RowColumns::bits.
struct ColumnStats {
  uint32_t count = 0;
  bool nan_seen = false;    // or an infinity: then nothing but count is usable
  bool sum_usable = false;  // the exact sum is held below
  uint64_t min_bits = 0;    // DOUBLE: -0.0 < 0.0 (agg::Kind::kMin)
  uint64_t max_bits = 0;
  uint64_t first_bits = 0;  // of the first and last non-null row
  uint64_t last_bits = 0;
  double sum_hi = 0;  // DOUBLE: exact sum = sum_hi + sum_lo
  double sum_lo = 0;
  uint64_t sum_low = 0;  // BIGINT, TIMESTAMP: 128-bit two's complement
  int64_t sum_high = 0;
};

/// Appends the chunk of rows [from, to) (1..kChunkRowsMax of them), padded to 8 bytes, to `out`.
/// `place` says where in the file the first byte will lie. Deterministic.
void EncodeChunk(const RowColumns& rows, size_t from, size_t to, uint32_t series, Effort effort,
                 ChunkPlace place, std::string& out);

/// Keeps texts that had to be decompressed; views handed out point into it or into the chunk.
using TextArena = std::vector<std::shared_ptr<const std::string>>;

/// Reads a chunk over bytes that outlive it. Single-owner (it caches dictionaries). Every decoder
/// checks what it uses and answers kCorruption for bytes that EncodeChunk does not make.
class Chunk {
 public:
  enum class Verify : uint8_t { kYes, kNo };  // kNo: the checksum passed before in this process

  static Result<Chunk> Open(std::string_view bytes, ChunkPlace place, Verify verify);
  Chunk(Chunk&&) noexcept;
  Chunk& operator=(Chunk&&) noexcept;
  ~Chunk();

  uint32_t series() const;
  size_t rows() const;
  int64_t min_time() const;
  size_t blocks() const { return (rows() + kBlockRows - 1) / kBlockRows; }
  size_t rows_in(size_t block) const;
  bool owned() const;  // has RowInfo columns
  bool has_tombstones() const;
  /// All versions are equal: Version() needs no decoding.
  bool constant_version() const;
  int64_t first_version() const;
  size_t columns() const;
  uint32_t field(size_t column) const;
  ValueType type(size_t column) const;
  bool has_nulls(size_t column) const;
  /// Null: there are none.
  const ColumnStats* stats(size_t column) const;
  /// The last block whose first time is <= `time`; 0 when all begin later. No decoding.
  size_t BlockAt(int64_t time) const;
  /// Time of the first row of a block. No decoding.
  int64_t BlockStart(size_t block) const;

  // Each fills exactly rows_in(block) elements of `out`.
  Result<void> Times(size_t block, int64_t* out);
  Result<void> Versions(size_t block, int64_t* out);
  /// Not for kVarchar. Nulls are 0.
  Result<void> Bits(size_t column, size_t block, uint64_t* out);
  /// kVarchar. Nulls are empty.
  Result<void> Texts(size_t column, size_t block, std::string_view* out, TextArena& arena);
  /// 1 = present.
  Result<void> Valid(size_t column, size_t block, uint8_t* out);
  Result<void> Infos(size_t block, RowInfo* out);
  /// 1 = the row ended.
  Result<void> Tombstones(size_t block, uint8_t* out);
  /// Row number of exactly this time; rows() if there is none. At most one block's times decoded.
  Result<size_t> Find(int64_t time);

  /// Appends all rows to `out` (columns are matched by field; missing ones become null). After an
  /// error `out` is good for Clear() only.
  Result<void> AppendTo(RowColumns& out, TextArena& arena);

 private:
  struct Impl;
  explicit Chunk(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::store
