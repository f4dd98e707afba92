// SPDX-License-Identifier: Apache-2.0
// Backups of a running server, and what is done with them and with data directories while no server
// holds them. Pure functions over the parts; calls wait for the disk.
//
// A backup is a folder that holds one moment: the store at a journal position, the catalog after
// it, the streams after that; so whatever the store refers to is there, and a pipeline finds in its
// stream every record that it has read and what comes after. COMPLETE, written last, lists every
// file with size and CRC-32C: a folder without it is no backup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/finding.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "store/admin.h"

namespace tidemark::app {

inline constexpr std::string_view kCatalogFile = "catalog.sqlite";
inline constexpr std::string_view kLogFolder = "log";
inline constexpr std::string_view kLatenessFile = "lateness";  // pipeline/order_book.h
inline constexpr std::string_view kLockFile = "LOCK";
inline constexpr std::string_view kCompleteFile = "COMPLETE";
/// In a data directory while it is being restored; a server refuses it.
inline constexpr std::string_view kRestoringFile = "RESTORING";

/// All must outlive the call.
struct BackupParts {
  FileSystem& fs;
  store::Admin& store;
  catalog::Catalog& catalog;
  log::Log& log;
  const Clock& clock;
};

struct BackupSummary {
  std::string path;
  std::string position;  // of the store's journal
  uint64_t files = 0;
  uint64_t bytes = 0;
};

/// `path` below `directory`, or why not: kInvalidArgument names both.
Result<std::string> BackupPath(std::string_view path, const std::string& directory);

/// Makes a backup at `path` (see BackupPath()), with missing folders. kAlreadyExists: something is
/// there. On error what was written is removed.
Result<BackupSummary> MakeBackup(const BackupParts& parts, const std::string& path);

/// Copies a backup into the empty or missing folder `to`. kCorruption: it is not complete, or a
/// file is not as it was written; kAlreadyExists: `to` holds something; kFailedPrecondition: a
/// server uses it.
Result<BackupSummary> RestoreBackup(FileSystem& fs, const std::string& backup,
                                    const std::string& to);

/// Checks every byte of a data directory or backup and reports what is wrong. kFailedPrecondition:
/// a server uses it; kNotFound: there is no such folder, or nothing of ours in it.
Result<void> CheckDirectory(FileSystem& fs, const std::string& dir, const FindingSink& report);

}  // namespace tidemark::app
