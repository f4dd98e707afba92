// SPDX-License-Identifier: Apache-2.0
// The seam to the disk. Everything that touches a file goes through it, so that base/sim can lose
// un-synced bytes, fail the Nth call and fill the disk. Paths are absolute or relative to the
// process. FileSystem is thread-safe; one file object is single-owner unless its class says
// otherwise. Errors: kNotFound, kAlreadyExists, kNoSpace (ENOSPC, EDQUOT, EFBIG), kIo; the message
// names the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark {

/// Appends only. Nothing is durable before Sync() returned ok. After a failed Append() or Sync()
/// the object refuses everything: the state on disk is unknown, and a retried fsync may lie
/// (storage.md 2.5).
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Result<void> Append(std::span<const std::byte> bytes) = 0;
  /// fdatasync: contents and size.
  virtual Result<void> Sync() = 0;
  /// Bytes in the file, un-synced ones included.
  virtual uint64_t size() const = 0;
};

/// Thread-safe.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  /// Reads up to out.size() bytes at `offset`; fewer only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<std::byte> out) const = 0;
  virtual Result<uint64_t> size() const = 0;
};

/// The bytes of an immutable file. Thread-safe. They stay readable after the file was removed.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual std::string_view bytes() const = 0;
  /// Brings [offset, offset + size) in. kIo: unreadable (a bad sector, a truncated file); without
  /// this call first, touching such bytes would end the process (storage.md 8.3).
  virtual Result<void> Populate(uint64_t offset, uint64_t size) const = 0;
};

/// Held until destroyed; the kernel drops it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode : uint8_t {
  kCreateNew,     // kAlreadyExists if there is one
  kOpenExisting,  // kNotFound if there is none; appends after its last byte
  kTruncate,      // creates or empties
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path,
                                                         OpenMode mode) = 0;
  virtual Result<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) = 0;
  /// Whole file; kOutOfRange when larger than `bytes_max`.
  virtual Result<std::string> ReadFile(const std::string& path, size_t bytes_max) = 0;
  /// Cuts the file to `size` bytes and syncs it.
  virtual Result<void> Truncate(const std::string& path, uint64_t size) = 0;
  virtual Result<void> Remove(const std::string& path) = 0;
  /// Replaces `to`. Durable only after SyncDir() of the folder.
  virtual Result<void> Rename(const std::string& from, const std::string& to) = 0;
  /// Makes the folder and its missing parents, and syncs each parent it changed.
  virtual Result<void> CreateDirs(const std::string& path) = 0;
  /// Removes an empty folder.
  virtual Result<void> RemoveDir(const std::string& path) = 0;
  /// Makes creations, renames and removals inside the folder durable.
  virtual Result<void> SyncDir(const std::string& path) = 0;
  /// Names (not paths) of files and folders inside, sorted.
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;
  virtual Result<bool> Exists(const std::string& path) = 0;
  virtual Result<uint64_t> FileSize(const std::string& path) = 0;
  /// Maps a whole file that nobody changes any more.
  virtual Result<std::shared_ptr<const MappedFile>> Map(const std::string& path) = 0;
  /// A second name for the same file. kUnimplemented: not between these folders; copy instead.
  /// Durable after SyncDir() of the folder of `to`.
  virtual Result<void> Link(const std::string& from, const std::string& to) = 0;
  /// Bytes that unprivileged writers may still use on the file system of `path`.
  virtual Result<uint64_t> FreeBytes(const std::string& path) = 0;
  /// kFailedPrecondition: another process holds it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

/// The POSIX one. Lives as long as the process.
FileSystem& RealFileSystem();

/// Writes `contents` so that after a crash the file holds either the old or the new bytes:
/// temporary file beside it, sync, rename, sync of the folder.
Result<void> WriteFileAtomically(FileSystem& fs, const std::string& path,
                                 std::string_view contents);

/// Copies the first `bytes` bytes (or all) to a new file and syncs it; not its folder.
Result<void> CopyFile(FileSystem& fs, const std::string& from, const std::string& to,
                      uint64_t bytes = UINT64_MAX);

/// "a" + "b" -> "a/b".
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace tidemark
