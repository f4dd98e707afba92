// SPDX-License-Identifier: Apache-2.0
// What an operator asks of an embedded store: seal, compact, sizes, damage, backup. The interface
// apart from store.h, since other implementations of Store have administrators of their own.
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/completion.h"
#include "base/result.h"
#include "store/types.h"

namespace tidemark::store {

enum class CompactMode : uint8_t {
  kDue,   // what the rules ask for, now
  kFull,  // everything into base files
};

struct TableStorage {
  TableId table;
  uint64_t points = 0;  // in memory and in files; a point that lies in two of them counts twice
  uint64_t series = 0;
  uint64_t bytes = 0;           // of files, by share of rows
  uint64_t block_files = 0;     // that hold rows of it
  uint64_t overlay_points = 0;  // in files that are not base files
};

/// A block file that was found damaged.
struct DamagedFile {
  std::string file;  // name in DATA_DIR/store/quarantine, "0000000123.tsb"
  std::vector<TableId> tables;
  TimeRange time;
  std::string reason;
  bool accepted = false;  // a known gap
};

struct StorageReport {
  std::vector<TableStorage> tables;
  uint64_t dict_bytes = 0;
  uint64_t journal_bytes = 0;
  uint64_t block_bytes = 0;
  uint64_t revision_bytes = 0;
  /// Bytes written (journal, blocks, merges) per byte of points as 8-byte time and value.
  double write_amplification = 0;
  std::map<std::string, uint64_t> memory_bytes;  // by budget
  std::vector<DamagedFile> damaged;
  /// Says so while retention does not follow the wall clock; empty: it does.
  std::string clock_warning;
};

class Admin {
 public:
  virtual ~Admin() = default;

  /// Seals everything that was durable when it was called; completes once it is published.
  virtual void Flush(Completion<void> done) = 0;
  /// Merges; completes when nothing of `mode` is left to do.
  virtual void Compact(CompactMode mode, Completion<void> done) = 0;
  virtual StorageReport Report() = 0;
  virtual std::vector<DamagedFile> Damaged() = 0;
  // Two parts of the report alone, cheap enough to ask for every second.
  virtual std::string ClockWarning() { return Report().clock_warning; }
  virtual std::map<std::string, uint64_t> MemoryBytes() { return Report().memory_bytes; }
  /// kNotFound: no damaged file of that name. Durable when it returns. Blocking.
  virtual Result<void> AcceptGap(const std::string& file) = 0;
  /// Links or copies the store at one journal position into `dir` (DIR/store/...), which exists and
  /// is empty, and syncs it. Writers go on. Returns the position. Blocking.
  virtual Result<Positions> BackupTo(const std::string& dir) = 0;
};

}  // namespace tidemark::store
