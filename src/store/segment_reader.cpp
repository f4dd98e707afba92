// SPDX-License-Identifier: Apache-2.0
#include "store/segment_reader.h"

#include <algorithm>
#include <cstdio>

#include "base/checksum.h"
#include "base/confirmation.h"
#include "base/units.h"

namespace tidemark::store {

std::string SegmentPath(const std::string& wal_dir, uint64_t file_no) {
  char name[32];
  std::snprintf(name, sizeof(name), "%010llu.wal", static_cast<unsigned long long>(file_no));
  return JoinPath(wal_dir, name);
}

SegmentReader::SegmentReader(std::unique_ptr<RandomAccessFile> file, SegmentHeader header,
                             uint64_t limit)
    : file_(std::move(file)), header_(header), limit_(limit) {}

Result<std::unique_ptr<SegmentReader>> SegmentReader::Open(FileSystem& fs, const std::string& path,
                                                           uint64_t file_no, uint64_t bytes_max) {
  TM_ASSIGN_OR_RETURN(auto file, fs.OpenRead(path));
  std::string head(kSegmentHeaderBytes, '\0');
  TM_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, std::as_writable_bytes(std::span(head))));
  head.resize(got);
  auto header = DecodeSegmentHeader(head, file_no);
  if (!header.ok()) return std::move(header).error().With(path);
  TM_ASSIGN_OR_RETURN(const uint64_t size, file->size());
  return std::unique_ptr<SegmentReader>(
      new SegmentReader(std::move(file), *header, std::min(size, bytes_max)));
}

Result<size_t> SegmentReader::Fill(uint64_t at, size_t bytes) {
  const size_t available =
      at >= limit_ ? 0 : static_cast<size_t>(std::min<uint64_t>(bytes, limit_ - at));
  if (at >= buffer_at_ && at + available <= buffer_at_ + buffer_.size()) return available;
  constexpr size_t kReadAhead = 1_MiB;
  const size_t wanted = static_cast<size_t>(
      std::min<uint64_t>(std::max(available, kReadAhead), limit_ - std::min(at, limit_)));
  buffer_.resize(wanted);
  buffer_at_ = at;
  TM_ASSIGN_OR_RETURN(const size_t got,
                      file_->ReadAt(at, std::as_writable_bytes(std::span(buffer_))));
  buffer_.resize(got);
  return std::min(got, available);
}

Result<std::optional<FrameHeader>> SegmentReader::HeaderAt(uint64_t at) {
  TM_ASSIGN_OR_RETURN(const size_t got, Fill(at, kFrameHeaderBytes));
  if (got < kFrameHeaderBytes) return std::optional<FrameHeader>();
  return DecodeFrameHeader(At(at, got), header_.file_no, at);
}

bool SegmentReader::IsNext(const std::optional<FrameHeader>& header, uint64_t lsn_after) const {
  return header && header->batch_count > 0 && header->lsn_first > lsn_after &&
         header->previous_crc == chain_;
}

Result<uint64_t> SegmentReader::NextOffset(uint64_t lsn_after) {
  TM_ASSIGN_OR_RETURN(const auto here, HeaderAt(offset_));
  if (frame_at_ == 0 || IsNext(here, lsn_after)) return offset_;
  const uint64_t at = ConfirmationOf({frame_at_, offset_});
  TM_ASSIGN_OR_RETURN(const auto confirmation, HeaderAt(at));
  if (confirmation && IsConfirmation(*confirmation, chain_)) return at + kFrameHeaderBytes;
  TM_ASSIGN_OR_RETURN(const auto behind, HeaderAt(at + kFrameHeaderBytes));
  return IsNext(behind, lsn_after) ? at + kFrameHeaderBytes : offset_;
}

void SegmentReader::Pass(uint64_t at, const FrameHeader& header) {
  frame_at_ = at;
  offset_ = at + kFrameHeaderBytes + PaddedBytes(header.payload_bytes);
  chain_ = header.payload_crc;
}

Result<SegmentReader::Found> SegmentReader::Next(uint64_t lsn_after, Frame& out) {
  if (offset_ >= limit_) return Found::kEnd;
  TM_ASSIGN_OR_RETURN(const uint64_t at, NextOffset(lsn_after));
  if (at >= limit_) return Found::kEnd;  // behind a confirmation
  if (at != offset_) frame_at_ = 0;
  offset_ = at;
  TM_ASSIGN_OR_RETURN(const auto header, HeaderAt(at));
  if (!IsNext(header, lsn_after)) return Found::kBad;
  const uint64_t bytes = kFrameHeaderBytes + PaddedBytes(header->payload_bytes);
  if (bytes > limit_ - at) return Found::kBad;
  TM_ASSIGN_OR_RETURN(const size_t got, Fill(at, static_cast<size_t>(bytes)));
  if (got < bytes) return Found::kBad;
  const std::string_view payload = At(at + kFrameHeaderBytes, header->payload_bytes);
  if (FramePayloadCrc(payload, header_.file_no, at) != header->payload_crc) return Found::kBad;
  out = {*header, payload, at};
  Pass(at, *header);
  return Found::kFrame;
}

Result<SegmentReader::Found> SegmentReader::SeekTo(uint64_t lsn, Frame& out) {
  // A frame holds `lsn` or later ones unless the next frame begins at or before it.
  while (offset_ < limit_) {
    TM_ASSIGN_OR_RETURN(const uint64_t at, NextOffset(0));
    TM_ASSIGN_OR_RETURN(const auto header, HeaderAt(at));
    if (!IsNext(header, 0)) break;
    const uint64_t offset_before = offset_;
    const uint64_t frame_before = frame_at_;
    const uint32_t chain_before = chain_;
    Pass(at, *header);
    TM_ASSIGN_OR_RETURN(const uint64_t next, NextOffset(0));
    TM_ASSIGN_OR_RETURN(const auto following, HeaderAt(next));
    if (IsNext(following, 0) && following->lsn_first <= lsn) continue;
    offset_ = offset_before;
    frame_at_ = frame_before;
    chain_ = chain_before;
    break;
  }
  return Next(0, out);
}

Result<bool> SegmentReader::HasFrameBehind(uint64_t lsn_after) {
  for (uint64_t at = offset_ + 8; at + kFrameHeaderBytes <= limit_; at += 8) {
    TM_ASSIGN_OR_RETURN(const auto header, HeaderAt(at));
    if (header && header->lsn_first > lsn_after) return true;
  }
  return false;
}

Result<bool> SegmentReader::HasBytesBehind(uint64_t lsn_after) {
  TM_ASSIGN_OR_RETURN(const auto header, HeaderAt(offset_));
  return IsNext(header, lsn_after) &&
         offset_ + kFrameHeaderBytes + PaddedBytes(header->payload_bytes) < limit_;
}

Result<bool> SegmentReader::IsDamage(uint64_t lsn_after) {
  TM_ASSIGN_OR_RETURN(bool damage, HasFrameBehind(lsn_after));
  if (!damage) {
    TM_ASSIGN_OR_RETURN(damage, HasBytesBehind(lsn_after));
  }
  return damage ? Result<bool>(true) : HasFlippedBit(lsn_after);
}

// A torn write leaves sectors that are old, new or zero. It looks like one flipped bit only where a
// sector that should hold a single bit is zero: that is taken for torn. A confirmation that is
// damaged loses nothing.
Result<bool> SegmentReader::HasFlippedBit(uint64_t lsn_after) {
  TM_ASSIGN_OR_RETURN(size_t got, Fill(offset_, kFrameHeaderBytes));
  std::string head(At(offset_, got));
  const auto decoded = [&]() -> std::optional<FrameHeader> {
    auto header = DecodeFrameHeader(head, header_.file_no, offset_);
    return IsNext(header, lsn_after) ? header : std::nullopt;
  };
  const std::optional<FrameHeader> header = decoded();
  for (size_t bit = 0; !header && bit < 8 * head.size(); ++bit) {
    const auto mask = static_cast<char>(1U << (bit % 8));
    head[bit / 8] ^= mask;
    if (decoded()) return true;
    head[bit / 8] ^= mask;
  }
  if (!header) return false;
  const size_t bytes = kFrameHeaderBytes + header->payload_bytes;
  TM_ASSIGN_OR_RETURN(got, Fill(offset_, bytes));
  if (got < bytes) return false;
  const std::string_view frame = At(offset_, bytes);
  const std::string_view payload = frame.substr(kFrameHeaderBytes);
  const auto bit = FlippedBit(FramePayloadCrc(payload, header_.file_no, offset_),
                              header->payload_crc, payload.size());
  if (!bit) return false;
  const uint64_t at = offset_ + kFrameHeaderBytes + *bit / 8;
  const uint64_t sector = std::max(at - at % kDiskSectorBytes, offset_) - offset_;
  return frame.substr(sector, kDiskSectorBytes).find_first_not_of('\0') != std::string_view::npos;
}

}  // namespace tidemark::store
