// SPDX-License-Identifier: Apache-2.0
// One generation of the store's files, as readers and writers pin it. Immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "store/block/block_file.h"
#include "store/block/manifest.h"
#include "store/block/revision_file.h"
#include "store/store.h"

namespace tidemark::store {

/// A file with the part of it that belongs to one table.
struct TableFile {
  std::shared_ptr<const BlockFile> file;
  int64_t min_time = 0;  // inclusive, both; of the table's rows
  int64_t max_time = 0;
};

/// What cannot be read: `file` still knows which series it held, if its index was readable.
struct DamagedEntry {
  DamagedBlock damaged;
  std::shared_ptr<const BlockFile> file;  // null: any series from first_series to last_series

  bool MayHold(uint32_t series) const {
    if (file != nullptr) return file->Has(series);
    return series >= damaged.meta.first_series && series <= damaged.meta.last_series;
  }
};

struct Version {
  uint64_t seal_no = 0;  // frozen parts of this seal and earlier ones are in `files`
  std::map<uint64_t, std::shared_ptr<BlockFile>> files;  // by number
  std::map<uint64_t, std::shared_ptr<RevisionFile>> revisions;
  std::map<uint64_t, DamagedEntry> damaged;
  std::map<TableId, std::vector<TableFile>> by_table;  // ascending by min_time

  std::span<const TableFile> FilesOf(TableId table) const {
    const auto it = by_table.find(table);
    if (it == by_table.end()) return {};
    return it->second;
  }
  /// Fills by_table from files. Once, before it is shared.
  void Index();
  /// Parts of `table` in [start, end) that are lost or unreadable.
  std::vector<DamagedRange> DamagedOf(TableId table, TimeRange range) const;
  /// An error naming file, table and range when `series` may have rows in `range` in a damaged file
  /// that is not accepted.
  Result<void> CheckReadable(TableId table, uint32_t series, TimeRange range) const;
  /// The same for revision entries.
  Result<void> CheckRevisions(TableId table, uint32_t series, TimeRange range) const;
};

/// "block file 0000000123.tsb (table 7, 2026-01-01 00:00:00 to 2026-01-02 00:00:00)".
std::string DamageText(const DamagedBlock& damaged, TableId table);
/// [min, max] of a table's share as a half-open range.
TimeRange RangeOf(int64_t min_time, int64_t max_time);

}  // namespace tidemark::store
