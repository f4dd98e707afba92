// SPDX-License-Identifier: Apache-2.0
// How the store's immutable files are written once and read for ever: block and revision files
// share it. Each class is single-owner; MappedStoreFile is immutable once it is open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "base/units.h"
#include "store/block/file_header_internal.h"

namespace tidemark::store {

/// Writes a file front to back: header, then whatever buffer() gets, then a tail.
class FileSink {
 public:
  static constexpr size_t kFlushBytes = 1_MiB;

  /// Creates (or truncates) `path`.
  static Result<FileSink> Create(FileSystem& fs, std::string path, const FileHeader& header);

  /// Bytes to write next are appended here; they may be taken back until FlushIfFull().
  std::string& buffer() { return buffer_; }
  uint64_t offset() const { return flushed_ + buffer_.size(); }
  Result<void> FlushIfFull() { return buffer_.size() >= kFlushBytes ? Flush() : Result<void>(); }
  /// Writes everything and `tail`, syncs the file (not its folder) and reads the tail back through
  /// a fresh descriptor: what a reader will find is what was meant (storage.md 6.1).
  Result<void> Finish(std::string_view tail);

  const std::string& path() const { return path_; }
  uint64_t file_no() const { return file_no_; }

 private:
  FileSink(FileSystem& fs, std::string path, uint64_t file_no)
      : fs_(&fs), path_(std::move(path)), file_no_(file_no) {}
  Result<void> Flush();

  FileSystem* fs_;
  std::string path_;
  uint64_t file_no_ = 0;
  std::unique_ptr<AppendFile> file_;  // null: finished
  std::string buffer_;                // not written yet
  uint64_t flushed_ = 0;
};

/// Reads a file front to back in large pieces.
class BufferedReader {
 public:
  static constexpr size_t kPieceBytes = 1_MiB;

  static Result<BufferedReader> Open(FileSystem& fs, const std::string& path);

  /// [offset, offset + size); valid until the next call. kCorruption: the file is shorter.
  Result<std::string_view> View(uint64_t offset, size_t size);
  uint64_t size() const { return size_; }

 private:
  BufferedReader(std::unique_ptr<RandomAccessFile> file, std::string path, uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  std::unique_ptr<RandomAccessFile> file_;
  std::string path_;
  uint64_t size_ = 0;
  std::string piece_;
  uint64_t piece_offset_ = 0;
};

/// A file in memory. No mapped byte is touched before Bytes() brought it in: an unreadable sector
/// is an error, not the end of the process.
class MappedStoreFile {
 public:
  /// kCorruption: it has not `bytes` bytes, as the manifest says.
  static Result<MappedStoreFile> Open(FileSystem& fs, const std::string& path, uint64_t bytes);

  /// [offset, offset + size), brought in.
  Result<std::string_view> Bytes(uint64_t offset, size_t size) const;
  /// The same for what Bytes() gave before.
  std::string_view Resident(uint64_t offset, size_t size) const {
    return map_->bytes().substr(static_cast<size_t>(offset), size);
  }

 private:
  std::shared_ptr<const MappedFile> map_;
};

/// [from, to) of a file through `part(offset, size)`, checked against the checksum that the footer
/// has of it.
template <typename Part>
Result<std::string_view> ReadSection(const Part& part, uint64_t file_no, const std::string& path,
                                     uint64_t from, uint64_t to, uint32_t crc,
                                     std::string_view what) {
  TM_ASSIGN_OR_RETURN(const std::string_view bytes, part(from, static_cast<size_t>(to - from)));
  if (PlacedCrc(file_no, from, bytes) != crc) {
    return Damage(path, from, "the " + std::string(what) + " fails its checksum");
  }
  return bytes;
}

}  // namespace tidemark::store
