// SPDX-License-Identifier: Apache-2.0
// Files that nobody reads after the process: the same file system without waiting for the disk.
// Nothing is durable. Thread-safe.
#pragma once

#include "base/file_system.h"

namespace tidemark::app {

class ScratchFiles final : public FileSystem {
 public:
  /// `fs` must outlive it.
  explicit ScratchFiles(FileSystem& fs) : fs_(fs) {}

  Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, OpenMode mode) override;
  Result<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override {
    return fs_.OpenRead(path);
  }
  Result<std::string> ReadFile(const std::string& path, size_t bytes_max) override {
    return fs_.ReadFile(path, bytes_max);
  }
  Result<void> Truncate(const std::string& path, uint64_t size) override {
    return fs_.Truncate(path, size);
  }
  Result<void> Remove(const std::string& path) override { return fs_.Remove(path); }
  Result<void> Rename(const std::string& from, const std::string& to) override {
    return fs_.Rename(from, to);
  }
  Result<void> CreateDirs(const std::string& path) override { return fs_.CreateDirs(path); }
  Result<void> RemoveDir(const std::string& path) override { return fs_.RemoveDir(path); }
  Result<void> SyncDir(const std::string& /*path*/) override { return {}; }
  Result<std::vector<std::string>> List(const std::string& path) override { return fs_.List(path); }
  Result<bool> Exists(const std::string& path) override { return fs_.Exists(path); }
  Result<uint64_t> FileSize(const std::string& path) override { return fs_.FileSize(path); }
  Result<std::shared_ptr<const MappedFile>> Map(const std::string& path) override {
    return fs_.Map(path);
  }
  Result<void> Link(const std::string& from, const std::string& to) override {
    return fs_.Link(from, to);
  }
  Result<uint64_t> FreeBytes(const std::string& path) override { return fs_.FreeBytes(path); }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return fs_.Lock(path);
  }

 private:
  FileSystem& fs_;
};

}  // namespace tidemark::app
