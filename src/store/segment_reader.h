// SPDX-License-Identifier: Apache-2.0
// Reads the frames of one journal segment in order and checks each (storage.md 2.4). Single-owner.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "store/journal_format.h"

namespace tidemark::store {

std::string SegmentPath(const std::string& wal_dir, uint64_t file_no);

class SegmentReader {
 public:
  enum class Found : uint8_t {
    kFrame,
    kEnd,  // exactly at the limit or the end of the file
    kBad,  // bytes that are no valid frame: a torn tail or damage
  };
  struct Frame {
    FrameHeader header;
    std::string_view payload;  // until the next call
    uint64_t offset = 0;
  };

  /// Reads and checks the header. `bytes_max` bounds what is read: bytes behind it do not exist.
  static Result<std::unique_ptr<SegmentReader>> Open(FileSystem& fs, const std::string& path,
                                                     uint64_t file_no, uint64_t bytes_max);

  const SegmentHeader& header() const { return header_; }
  /// The next frame; kBad stays. `lsn_after`: frames must begin beyond it.
  Result<Found> Next(uint64_t lsn_after, Frame& out);
  /// As Next() without reading payloads of frames whose batches all lie before `lsn`.
  Result<Found> SeekTo(uint64_t lsn, Frame& out);
  /// Where the next frame begins.
  uint64_t offset() const { return offset_; }
  /// Continues in a file that has grown to `bytes_max`.
  void ExtendTo(uint64_t bytes_max) { limit_ = bytes_max; }
  /// After kBad: whether what is bad at offset() is damage to synced data, not a torn tail. It is
  /// if anything was appended behind it, which its sync precedes: a valid frame or confirmation
  /// beyond `lsn_after`, or any bytes behind the end that its header tells; or if the frame is
  /// whole but for one flipped bit.
  Result<bool> IsDamage(uint64_t lsn_after);

 private:
  Result<std::optional<FrameHeader>> HeaderAt(uint64_t at);
  /// Whether it continues what was read so far.
  bool IsNext(const std::optional<FrameHeader>& header, uint64_t lsn_after) const;
  /// offset_, or behind the confirmation there, also if a crash lost that.
  Result<uint64_t> NextOffset(uint64_t lsn_after);
  void Pass(uint64_t at, const FrameHeader& header);
  Result<bool> HasFrameBehind(uint64_t lsn_after);
  Result<bool> HasBytesBehind(uint64_t lsn_after);
  Result<bool> HasFlippedBit(uint64_t lsn_after);
  SegmentReader(std::unique_ptr<RandomAccessFile> file, SegmentHeader header, uint64_t limit);
  /// Makes [at, at + bytes) readable through At(); fewer bytes at the end of the file.
  Result<size_t> Fill(uint64_t at, size_t bytes);
  std::string_view At(uint64_t at, size_t bytes) const {
    return std::string_view(buffer_).substr(at - buffer_at_, bytes);
  }

  std::unique_ptr<RandomAccessFile> file_;
  const SegmentHeader header_;
  uint64_t limit_;
  uint64_t offset_ = kSegmentHeaderBytes;
  uint64_t frame_at_ = 0;  // of the frame that ends at offset_; 0: none does
  uint32_t chain_ = 0;
  std::string buffer_;
  uint64_t buffer_at_ = 0;
};

}  // namespace tidemark::store
