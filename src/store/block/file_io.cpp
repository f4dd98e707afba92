// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/file_io_internal.h"

namespace tidemark::store {

Result<FileSink> FileSink::Create(FileSystem& fs, std::string path, const FileHeader& header) {
  FileSink sink(fs, std::move(path), header.file_no);
  TM_ASSIGN_OR_RETURN(sink.file_, fs.OpenAppend(sink.path_, OpenMode::kTruncate));
  sink.buffer_ = EncodeFileHeader(header);
  return sink;
}

Result<void> FileSink::Flush() {
  if (buffer_.empty()) return {};
  TM_RETURN_IF_ERROR(file_->Append(AsBytes(buffer_)));
  flushed_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<void> FileSink::Finish(std::string_view tail) {
  TM_CHECK(file_ != nullptr);
  TM_RETURN_IF_ERROR(Flush());
  TM_RETURN_IF_ERROR(file_->Append(AsBytes(tail)));
  TM_RETURN_IF_ERROR(file_->Sync());
  file_ = nullptr;
  TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(*fs_, path_));
  if (reader.size() != flushed_ + tail.size()) {
    return Damage(path_, reader.size(), "it has a wrong size after it was written");
  }
  TM_ASSIGN_OR_RETURN(const std::string_view read, reader.View(flushed_, tail.size()));
  if (read != tail) return Damage(path_, flushed_, "it reads back differently");
  return {};
}

Result<BufferedReader> BufferedReader::Open(FileSystem& fs, const std::string& path) {
  TM_ASSIGN_OR_RETURN(auto file, fs.OpenRead(path));
  TM_ASSIGN_OR_RETURN(const uint64_t size, file->size());
  return BufferedReader(std::move(file), path, size);
}

Result<std::string_view> BufferedReader::View(uint64_t offset, size_t size) {
  if (offset > size_ || size > size_ - offset) {
    return Damage(path_, offset, "the file ends early: it has " + std::to_string(size_) + " bytes");
  }
  const bool held = offset >= piece_offset_ && offset + size <= piece_offset_ + piece_.size();
  if (!held) {
    const auto left = static_cast<size_t>(size_ - offset);
    piece_.resize(std::min(left, std::max(size, kPieceBytes)));
    piece_offset_ = offset;
    TM_ASSIGN_OR_RETURN(const size_t got,
                        file_->ReadAt(offset, std::as_writable_bytes(std::span(piece_))));
    piece_.resize(got);
    if (got < size) return Damage(path_, offset + got, "the file ends early");
  }
  return std::string_view(piece_).substr(static_cast<size_t>(offset - piece_offset_), size);
}

Result<MappedStoreFile> MappedStoreFile::Open(FileSystem& fs, const std::string& path,
                                              uint64_t bytes) {
  TM_ASSIGN_OR_RETURN(const uint64_t size, fs.FileSize(path));
  if (size != bytes) {
    return Damage(
        path, size,
        "it has " + std::to_string(size) + " bytes; the manifest says " + std::to_string(bytes));
  }
  MappedStoreFile file;
  TM_ASSIGN_OR_RETURN(file.map_, fs.Map(path));
  if (file.map_->bytes().size() != size) return Damage(path, size, "it changed its size");
  return file;
}

Result<std::string_view> MappedStoreFile::Bytes(uint64_t offset, size_t size) const {
  TM_RETURN_IF_ERROR(map_->Populate(offset, size));
  return Resident(offset, size);
}

}  // namespace tidemark::store
