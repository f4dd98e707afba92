// SPDX-License-Identifier: Apache-2.0
// Which files make up the store: a log of edits, one synced append per change (storage.md 6.1), and
// CURRENT that names it. What no edit names does not exist. Bytes: docs/format/manifest.md.
// Single-owner: one mutex of the store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/units.h"
#include "store/block/block_file.h"
#include "store/block/dictionary.h"
#include "store/block/revision_file.h"
#include "store/types.h"

namespace tidemark::store {

/// What blocks hold of the journal, and what only the journal held before it was trimmed.
struct Checkpoint {
  uint64_t lsn = 0;            // every batch at or before it is in files that the manifest names
  uint64_t revisions_lsn = 0;  // revision entries at or before it are in revision files
  std::vector<SourceProgress> sources;  // as of some LSN >= lsn
  std::vector<ViewProgress> views;
  friend bool operator==(const Checkpoint&, const Checkpoint&);
};

/// A block file that failed its checks and was moved to quarantine/ (or is gone).
struct DamagedBlock {
  BlockMeta meta;
  std::string reason;
  bool accepted = false;   // a known gap: the operator goes on without it
  bool revisions = false;  // a revision file; `meta` has what is known of it
  friend bool operator==(const DamagedBlock&, const DamagedBlock&) = default;
};

/// Everything in force.
struct ManifestState {
  Hash128 store_id;
  std::map<uint64_t, BlockMeta> blocks;        // by file number
  std::map<uint64_t, RevisionMeta> revisions;  // by file number
  std::map<uint64_t, DamagedBlock> damaged;    // by file number
  std::map<TableId, EventTime> floors;  // rows before it stay hidden, whatever retention says
  DictionaryExtent dictionary;
  Checkpoint checkpoint;
  uint64_t feed_start_lsn = 0;               // the journal was trimmed up to it
  std::vector<SourceProgress> feed_sources;  // as of some LSN <= feed_start_lsn
  uint64_t journal_bytes_written = 0;        // since the store exists, for write amplification
  uint64_t block_bytes_written = 0;
};

/// One atomic change.
struct ManifestEdit {
  std::vector<BlockMeta> add_blocks{};
  std::vector<uint64_t> remove_blocks{};
  std::vector<RevisionMeta> add_revisions{};
  std::vector<uint64_t> remove_revisions{};
  std::vector<DamagedBlock> damage{};      // moves a file of `blocks` to `damaged`
  std::vector<uint64_t> accept_gaps{};     // numbers of `damaged`
  std::vector<uint64_t> forget_damaged{};  // retention passed it, or it was restored
  std::vector<std::pair<TableId, EventTime>> floors{};
  std::vector<TableId> forget_floors{};  // the table was dropped
  std::optional<DictionaryExtent> dictionary{};
  std::optional<Checkpoint> checkpoint{};
  std::optional<uint64_t> feed_start_lsn{};
  std::vector<SourceProgress> feed_sources{};  // with feed_start_lsn: replaces them
  uint64_t journal_bytes_written = 0;          // added
  uint64_t block_bytes_written = 0;
};

/// What --rebuild-manifest found.
struct RebuiltManifest {
  ManifestState state;
  std::vector<std::string> skipped;  // "PATH: byte 0: why"
};

struct ManifestLimits {
  /// Apply() starts a fresh file when edits take more than this and more than the snapshot.
  uint64_t edits_bytes_max = 4_MiB;
};

class Manifest {
 public:
  /// Opens or creates the manifest of `dir`, which exists. Starts a new manifest file with a
  /// snapshot and a new range of file numbers. `store_id_if_new` is given to a new one.
  /// kCorruption: damaged before its tail, or CURRENT names none; kUnimplemented: of a newer
  /// version (both name file and remedy).
  static Result<std::unique_ptr<Manifest>> Open(FileSystem& fs, std::string dir,
                                                Hash128 store_id_if_new, int64_t now_ns,
                                                ManifestLimits limits = {});
  ~Manifest();

  const ManifestState& state() const;
  /// Never given before, in no run of this store.
  uint64_t NextFileNo();
  /// Appends and syncs; the change is in force once it returned ok. After an error nothing is
  /// written any more: every later call answers kUnavailable (whether the edit counts is known at
  /// the next start).
  Result<void> Apply(const ManifestEdit& edit);
  /// Bytes of the manifest file; past some MiB Apply() rolls over to a fresh snapshot.
  uint64_t bytes() const;
  /// The manifest file in force, for backups: names relative to `dir`.
  std::string current_name() const;

  /// Reads without changing anything (backup, check).
  static Result<ManifestState> Read(FileSystem& fs, const std::string& dir);

  /// Replaces a lost or damaged manifest by what the files of `dir` tell: blk/ and quarantine/ are
  /// searched for block and revision files, dict/ for the fullest dictionary. Lost are accepted
  /// gaps, floors, and what the checkpoint held of the journal; all of the journal is replayed. Old
  /// manifest files go to quarantine/. Open() comes next. No server may have the store open.
  static Result<RebuiltManifest> Rebuild(FileSystem& fs, const std::string& dir,
                                         Hash128 store_id_if_none, int64_t now_ns);

 private:
  struct Impl;
  explicit Manifest(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::store
