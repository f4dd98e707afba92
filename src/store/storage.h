// SPDX-License-Identifier: Apache-2.0
// The store's files: manifest, dictionary, blocks, revisions, and the version that readers pin.
// What seals and merges make is published here, and what is damaged is set aside. Thread-safe; the
// blocking verbs are for background steps and administrators, never for readers and writers.
//
// Order of locks: files_mutex_ (held across syncs; background only) -> Snapshots.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "store/block/manifest.h"
#include "store/snapshots.h"
#include "store/version.h"

namespace tidemark::store {

struct StorageMetrics {
  explicit StorageMetrics(MetricRegistry& registry);

  Counter& fsyncs;
  Counter& bytes_written;  // block, revision and dictionary files, merges included
  Counter& chunks_decoded;
  Counter& chunks_answered;  // from statistics
  Gauge& files;
  Gauge& quarantined;
};

/// A file written under tmp/, not published yet.
struct NewBlock {
  BlockMeta meta;
  std::string tmp_path;
};
struct NewRevisions {
  RevisionMeta meta;
  std::string tmp_path;
};

/// Relative to the store's folder: seals write many tables into few files of one folder; merges
/// write per table and partition.
std::string BlockPathOf(const BlockMeta& meta);
std::string RevisionPathOf(const RevisionMeta& meta);

class Storage {
 public:
  /// Opens or creates DIR/{CURRENT,..,dict,blk,tmp,quarantine}; feeds the dictionary to `visitor`;
  /// sets damaged files aside; removes what the manifest does not name. `snapshots` gets the first
  /// version. kCorruption, kUnimplemented: manifest or dictionary are damaged or too new.
  static Result<std::unique_ptr<Storage>> Open(FileSystem& fs, std::string dir,
                                               Hash128 store_id_if_new, int64_t now_ns,
                                               MetricRegistry& metrics, Snapshots& snapshots,
                                               const Dictionary::Visitor& visitor);
  ~Storage();

  const std::string& dir() const { return dir_; }
  Hash128 store_id() const { return store_id_; }
  FileSystem& fs() { return fs_; }
  StorageMetrics& metrics() { return metrics_; }

  uint64_t NextFileNo() TM_EXCLUDES(files_mutex_);
  /// A path under tmp/ for a file of that number.
  std::string TmpPath(std::string_view name) const;
  ManifestState State() TM_EXCLUDES(files_mutex_);
  DictionaryExtent dictionary() TM_EXCLUDES(files_mutex_);

  /// Appends `records` to the dictionary (or replaces it by `records`, a snapshot of everything).
  /// In force once a Publish() names the extent.
  Result<DictionaryExtent> AppendDictionary(uint64_t lsn, std::string_view records)
      TM_EXCLUDES(files_mutex_);
  Result<DictionaryExtent> RewriteDictionary(uint64_t lsn, std::string_view records)
      TM_EXCLUDES(files_mutex_);

  /// Moves new files to their places, syncs their folders, applies `edit` with them (the commit
  /// point), calls `before_install` and gives readers the new version; then removes files that
  /// `edit` took out. `seal_no`: see Version; 0 leaves it. An error before the commit leaves all as
  /// it was and removes the new files.
  Result<void> Publish(ManifestEdit edit, std::vector<NewBlock> blocks,
                       std::vector<NewRevisions> revisions, uint64_t seal_no,
                       const std::function<void()>& before_install) TM_EXCLUDES(files_mutex_);

  /// A reader found `file` damaged. Never blocks: MoveDamaged() does the work. Returns the error
  /// that names file, table, range and remedy. Only kCorruption counts as damage.
  Error ReportDamage(const BlockFile& file, TableId table, Error error);
  Error ReportDamage(const RevisionFile& file, TableId table, Error error);
  /// Called, cheaply, when there is something for MoveDamaged(). Set once.
  void SetDamageFound(std::function<void()> found) { damage_found_ = std::move(found); }
  /// Moves reported files to quarantine/ and publishes that. Blocking.
  Result<void> MoveDamaged() TM_EXCLUDES(files_mutex_);
  /// Makes a quarantined file a known gap. kNotFound. Blocking.
  Result<void> AcceptGap(const std::string& file) TM_EXCLUDES(files_mutex_);

  /// Links or copies everything but the journal into `to` (an existing, empty folder), with a
  /// manifest of its own; returns the checkpoint LSN it has. Blocking; seals and merges wait.
  Result<uint64_t> BackupTo(const std::string& to) TM_EXCLUDES(files_mutex_);

  std::string PathOf(const BlockMeta& meta) const;
  std::string PathOf(const RevisionMeta& meta) const;

 private:
  Storage(FileSystem& fs, std::string dir, MetricRegistry& metrics, Snapshots& snapshots);

  Result<void> OpenFiles() TM_REQUIRES(files_mutex_);
  Result<void> OpenDamaged() TM_REQUIRES(files_mutex_);
  Result<void> RemoveUnnamed() TM_REQUIRES(files_mutex_);
  Result<void> RemoveUnnamedIn(const std::string& folder, int depth) TM_REQUIRES(files_mutex_);
  Result<void> SetAside(DamagedBlock damaged, const std::string& path) TM_REQUIRES(files_mutex_);
  void InstallVersion(std::shared_ptr<Version> version) TM_REQUIRES(files_mutex_);

  FileSystem& fs_;
  const std::string dir_;
  StorageMetrics metrics_;
  Snapshots& snapshots_;
  Hash128 store_id_;                    // constant after Open()
  std::function<void()> damage_found_;  // constant after the start

  Mutex files_mutex_;
  std::unique_ptr<Manifest> manifest_ TM_GUARDED_BY(files_mutex_);
  std::unique_ptr<Dictionary> dictionary_ TM_GUARDED_BY(files_mutex_);

  Mutex damage_mutex_;
  std::map<uint64_t, DamagedBlock> found_ TM_GUARDED_BY(damage_mutex_);
};

}  // namespace tidemark::store
