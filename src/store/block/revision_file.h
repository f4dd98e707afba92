// SPDX-License-Identifier: Apache-2.0
// Immutable files of revision entries, sorted by (series, time, LSN), in checksummed pages with a
// sparse index; they lie beside the blocks. Bytes: docs/format/revisions.md. A writer is
// single-owner; an open file is immutable and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/file_system.h"
#include "base/result.h"
#include "store/types.h"

namespace tidemark::store {

/// An entry with what orders it among those of its window.
struct LoggedRevision {
  uint64_t lsn = 0;      // of its frame
  uint32_t ordinal = 0;  // in the frame
  RevisionEntry entry;   // series.lo = dense id
};

struct RevisionMeta {
  uint64_t file_no = 0;
  uint64_t bytes = 0;
  uint32_t footer_crc = 0;
  uint64_t entries = 0;
  uint32_t first_series = 0;
  uint32_t last_series = 0;
  int64_t min_time = 0;  // of the rows; inclusive, both
  int64_t max_time = 0;
  uint64_t min_lsn = 0;
  uint64_t max_lsn = 0;
  int64_t newest_at_ms = 0;     // of the newest publication
  std::vector<TableId> tables;  // that the series belong to, ascending

  void AppendTo(ByteWriter& out) const;
  static Result<RevisionMeta> Read(ByteReader& in);
  friend bool operator==(const RevisionMeta&, const RevisionMeta&) = default;
};

/// "0000000123.tsr"
std::string RevisionFileName(uint64_t file_no);

class RevisionFileWriter {
 public:
  static Result<std::unique_ptr<RevisionFileWriter>> Create(FileSystem& fs, std::string path,
                                                            uint64_t file_no, Hash128 store_id,
                                                            int64_t created_ns);
  ~RevisionFileWriter();
  /// In ascending (series, time, lsn, ordinal).
  Result<void> Add(TableId table, const LoggedRevision& revision);
  uint64_t entries() const;
  Result<RevisionMeta> Finish();

 private:
  struct Impl;
  explicit RevisionFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class RevisionFile {
 public:
  static Result<std::shared_ptr<RevisionFile>> Open(FileSystem& fs, std::string path,
                                                    const RevisionMeta& meta, Hash128 store_id);
  ~RevisionFile();
  /// The meta of a file that no manifest names, from its own footer: for `--rebuild-manifest`.
  static Result<RevisionMeta> ReadMeta(FileSystem& fs, const std::string& path, uint64_t file_no,
                                       Hash128 store_id);
  const RevisionMeta& meta() const;
  const std::string& path() const;
  /// Appends the entries of the series with times in [start, end), in file order.
  Result<void> Of(uint32_t series, int64_t start, int64_t end,
                  std::vector<LoggedRevision>& out) const;
  /// For merging: replaces `out` by the entries of page `page`.
  size_t pages() const;
  Result<void> Page(size_t page, std::vector<LoggedRevision>& out) const;
  Result<void> Verify() const;

 private:
  struct Impl;
  explicit RevisionFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::store
