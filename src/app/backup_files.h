// SPDX-License-Identifier: Apache-2.0
// The files of a backup and the list of them that COMPLETE holds (docs/format/backup.md). Pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/finding.h"
#include "base/result.h"
#include "base/units.h"

namespace tidemark::app {

inline constexpr int kBackupFormat = 1;
inline constexpr size_t kCompleteBytesMax = 256_MiB;

struct BackupFile {
  std::string path;  // relative, "store/blk/0000000001.tsb"
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct Complete {
  std::string version;   // of the program that wrote it
  std::string position;  // of the store's journal
  std::string time;      // ISO 8601
  std::vector<BackupFile> files;
};

std::string EncodeComplete(const Complete& complete);
/// kCorruption: not one; kFailedPrecondition: of a newer format.
Result<Complete> DecodeComplete(std::string_view text);

/// Every file below `dir`, with its checksum, by path.
Result<std::vector<BackupFile>> ListFiles(FileSystem& fs, const std::string& dir);
/// Copies and syncs; kCorruption names the file that is not as `expected` says.
Result<void> CopyAndVerify(FileSystem& fs, const std::string& from, const std::string& to,
                           const BackupFile& expected);
/// Reports a file below `dir` that is missing or not as `expected` says.
void CheckFile(FileSystem& fs, const std::string& dir, const BackupFile& expected,
               const FindingSink& report);
/// Removes the folder and all that is in it.
Result<void> RemoveTree(FileSystem& fs, const std::string& dir);

}  // namespace tidemark::app
