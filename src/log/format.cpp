// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/confirmation.h"
#include "log/format_internal.h"

namespace tidemark::log {
namespace {

constexpr std::string_view kMagic("\x89TSEL\r\n\x1a", 8);
// Confirmations may stand between frames.
constexpr uint32_t kHasConfirmations = 1;
constexpr uint32_t kIncompatFlagsKnown = kHasConfirmations;
constexpr size_t kMarkBytes = 24;
// first_frame, previous_file_no, previous_end, shard count, 0; behind the marks a checksum and 0.
constexpr size_t kExtensionFixedBytes = 32;
constexpr uint32_t kFrameBytesMax = 64U << 20U;

Error Damage(std::string what) { return Error{Code::kCorruption, std::move(what)}; }

template <typename T>
T Load(std::string_view bytes, size_t at = 0) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <typename T>
void Store(std::string& bytes, size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

/// The checksum of a block whose magic and crc are its first eight bytes.
uint32_t BlockCrc(std::string_view block, uint64_t file_no, uint64_t offset) {
  return Crc32c(Crc32cSeed(file_no, offset), block.substr(8));
}

void PutMark(ByteWriter& out, const ShardMark& mark) {
  out.PutU32(mark.shard);
  out.PutU32(0);
  out.PutU64(mark.next_offset);
  out.PutI64(mark.last_arrival_ms);
}

ShardMark GetMark(ByteReader& in) {
  ShardMark mark;
  mark.shard = in.GetU32();
  in.GetU32();
  mark.next_offset = in.GetU64();
  mark.last_arrival_ms = in.GetI64();
  return mark;
}

}  // namespace

size_t SegmentHeader::EncodedBytes() const {
  return kHeaderBytesMin + kExtensionFixedBytes + kMarkBytes * shards.size() + 8;
}

std::string SegmentHeader::Encode() const {
  ByteWriter out;
  out.PutRaw(kMagic);
  out.PutU16(kFormatMajor);
  out.PutU16(kFormatMinor);
  out.PutU32(kHasConfirmations);
  out.PutU32(0);  // compatible flags
  out.PutU32(static_cast<uint32_t>(EncodedBytes()));
  out.PutU64(file_no);
  out.PutU32(stream.value);
  out.PutU32(0);
  out.PutU64(0);
  out.PutI64(created.ms * 1'000'000);
  out.PutU32(0);
  out.PutU32(Crc32c(0, out.view()));

  out.PutU64(first_frame);
  out.PutU64(previous_file_no);
  out.PutU64(previous_end);
  out.PutU32(static_cast<uint32_t>(shards.size()));
  out.PutU32(0);
  for (const ShardMark& mark : shards) PutMark(out, mark);
  out.PutU32(Crc32c(Crc32cSeed(file_no, kHeaderBytesMin), out.view().substr(kHeaderBytesMin)));
  out.PutU32(0);
  return std::move(out).Take();
}

Result<size_t> SegmentHeader::DecodeSize(std::string_view bytes) {
  if (bytes.size() < kHeaderBytesMin || !bytes.starts_with(kMagic)) {
    return Damage("is not a segment of a stream");
  }
  if (Load<uint32_t>(bytes, 60) != Crc32c(0, bytes.substr(0, 60))) {
    return Damage("the file header fails its checksum");
  }
  const auto major = Load<uint16_t>(bytes, 8);
  const auto incompatible = Load<uint32_t>(bytes, 12);
  if (major > kFormatMajor || (incompatible & ~kIncompatFlagsKnown) != 0) {
    return Error{Code::kFailedPrecondition,
                 "has format version " + std::to_string(major) + "." +
                     std::to_string(Load<uint16_t>(bytes, 10)) + " (flags " +
                     std::to_string(incompatible) +
                     "), written by a newer tidemark; this one reads up to version " +
                     std::to_string(kFormatMajor)};
  }
  const auto size = Load<uint32_t>(bytes, 20);
  if (size < kHeaderBytesMin + kExtensionFixedBytes + 8)
    return Damage("the file header is too short");
  return size_t{size};
}

Result<SegmentHeader> SegmentHeader::Decode(std::string_view bytes) {
  TM_ASSIGN_OR_RETURN(const size_t size, DecodeSize(bytes));
  if (bytes.size() < size) return Damage("the file ends inside its header");
  SegmentHeader header;
  header.file_no = Load<uint64_t>(bytes, 24);
  header.stream = {Load<uint32_t>(bytes, 32)};
  header.created = {Load<int64_t>(bytes, 48) / 1'000'000};
  const std::string_view extension = bytes.substr(kHeaderBytesMin, size - kHeaderBytesMin);
  const uint32_t crc = Crc32c(Crc32cSeed(header.file_no, kHeaderBytesMin),
                              extension.substr(0, extension.size() - 8));
  // The padding too, so that no bit of the file can change unseen.
  if (Load<uint32_t>(extension, extension.size() - 8) != crc ||
      Load<uint32_t>(extension, extension.size() - 4) != 0) {
    return Damage("the shard marks of the file header fail their checksum");
  }
  ByteReader in(extension.substr(0, extension.size() - 8));
  header.first_frame = in.GetU64();
  header.previous_file_no = in.GetU64();
  header.previous_end = in.GetU64();
  const uint32_t count = in.GetU32();
  in.GetU32();
  if (in.remaining() / kMarkBytes < count) return Damage("the file header has too few shard marks");
  for (uint32_t i = 0; i < count; ++i) header.shards.push_back(GetMark(in));
  return header;
}

void SealFrameChecksums(std::string& frame, uint64_t file_no, uint64_t offset) {
  const auto header = Load<FrameHeader>(frame);
  size_t at = sizeof(FrameHeader);
  for (uint32_t i = 0; i < header.sections; ++i) {
    const auto bytes = Load<uint32_t>(frame, at + offsetof(SectionHeader, bytes));
    Store(frame, at + 4, BlockCrc(std::string_view(frame).substr(at, bytes), file_no, offset + at));
    at += bytes;
  }
  Store(frame, 4,
        BlockCrc(std::string_view(frame).substr(0, sizeof(FrameHeader)), file_no, offset));
}

std::string EncodeConfirmation(FrameExtent frame, uint64_t number, ArrivalTime wall,
                               uint64_t file_no) {
  const uint64_t at = ConfirmationOffset(frame.at, sizeof(FrameHeader), frame.end);
  std::string out(at - frame.end, '\0');
  if (!out.empty()) Store(out, 0, kPaddingMagic);
  FrameHeader header;
  header.number = number;
  header.bytes = sizeof(header);
  header.wall_ms = wall.ms;
  header.flags = kFrameConfirms;
  header.counted_bytes = frame.end;
  std::string encoded(reinterpret_cast<const char*>(&header), sizeof(header));
  SealFrameChecksums(encoded, file_no, at);
  return out + encoded;
}

bool IsWholeConfirmation(std::string_view file, uint64_t file_no, FrameExtent frame,
                         uint64_t number) {
  const uint64_t at = ConfirmationOffset(frame.at, sizeof(FrameHeader), frame.end);
  if (at > file.size() || !IsFrameHeader(file.substr(at), file_no, at, number)) return false;
  const auto header = Load<FrameHeader>(file, at);
  if (header.number != number || header.flags != kFrameConfirms) return false;
  if (at == frame.end) return true;
  const std::string_view padding = file.substr(frame.end, at - frame.end);
  return Load<uint32_t>(padding) == kPaddingMagic &&
         padding.substr(sizeof(kPaddingMagic)).find_first_not_of('\0') == std::string_view::npos;
}

uint64_t NextFrameOffset(std::string_view file, uint64_t file_no, FrameExtent frame,
                         uint64_t number) {
  enum class Kind : uint8_t { kConfirmation, kOther };
  const auto stands = [&](uint64_t at, Kind kind) {
    if (at > file.size() || !IsFrameHeader(file.substr(at), file_no, at, number)) return false;
    const auto header = Load<FrameHeader>(file, at);
    const bool confirms = (header.flags & kFrameConfirms) != 0;
    return header.number == number && confirms == (kind == Kind::kConfirmation);
  };
  if (frame.at == 0 || stands(frame.end, Kind::kOther)) return frame.end;
  const uint64_t at = ConfirmationOffset(frame.at, sizeof(FrameHeader), frame.end);
  const uint64_t behind = at + sizeof(FrameHeader);
  return stands(at, Kind::kConfirmation) || stands(behind, Kind::kOther) ? behind : frame.end;
}

std::string EncodeSealFrame(const SealContents& contents, ArrivalTime wall, SealPlace place) {
  const SegmentIndex& index = contents.index;
  ByteWriter body;
  body.PutU32(static_cast<uint32_t>(index.entries.size()));
  body.PutU32(static_cast<uint32_t>(index.ends.size()));
  for (const IndexEntry& entry : index.entries) {
    body.PutU32(entry.shard);
    body.PutU32(entry.bytes);
    body.PutU64(entry.start);
    body.PutU64(entry.first_offset);
    body.PutI64(entry.first_arrival_ms);
  }
  for (const ShardMark& mark : index.ends) PutMark(body, mark);

  SectionHeader section;
  section.magic = kIndexMagic;
  section.body_bytes = static_cast<uint32_t>(body.size());
  section.bytes = static_cast<uint32_t>(sizeof(section) + body.size());  // both are multiples of 8
  FrameHeader header;
  header.number = contents.number;
  header.sections = 1;
  header.flags = kFrameSeals;
  header.counted_bytes = contents.counted_bytes;
  header.wall_ms = wall.ms;
  header.bytes = static_cast<uint32_t>(sizeof(header) + section.bytes + kSealTrailerBytes);

  std::string frame;
  frame.append(reinterpret_cast<const char*>(&header), sizeof(header));
  frame.append(reinterpret_cast<const char*>(&section), sizeof(section));
  frame.append(body.view());
  SealFrameChecksums(frame, place.file_no, place.offset);
  ByteWriter trailer;
  trailer.PutU64(place.offset);
  trailer.PutU32(kSealMagic);
  trailer.PutU32(Crc32c(Crc32cSeed(place.file_no, place.offset + frame.size()), trailer.view()));
  frame.append(trailer.view());
  return frame;
}

std::optional<uint64_t> DecodeSealTrailer(std::string_view trailer, uint64_t file_no,
                                          uint64_t file_bytes) {
  if (trailer.size() != kSealTrailerBytes || Load<uint32_t>(trailer, 8) != kSealMagic)
    return std::nullopt;
  const uint32_t crc =
      Crc32c(Crc32cSeed(file_no, file_bytes - kSealTrailerBytes), trailer.substr(0, 12));
  const auto offset = Load<uint64_t>(trailer);
  if (Load<uint32_t>(trailer, 12) != crc || offset + kSealTrailerBytes > file_bytes)
    return std::nullopt;
  return offset;
}

Result<SealContents> DecodeSealFrame(std::string_view frame, SealPlace place) {
  TM_ASSIGN_OR_RETURN(const FrameHeader header,
                      DecodeFrame(frame, place.file_no, place.offset, nullptr));
  if ((header.flags & kFrameSeals) == 0) return Damage("the index frame is not one");
  SealContents contents;
  contents.number = header.number;
  // Format 1.0 had no confirmations: the seal stands where the last frame ends.
  contents.counted_bytes = header.counted_bytes == 0 ? place.offset : header.counted_bytes;
  if (contents.counted_bytes > place.offset) return Damage("the index frame counts too much");
  const std::string_view section = frame.substr(sizeof(FrameHeader));
  ByteReader in(section.substr(sizeof(SectionHeader), Load<SectionHeader>(section).body_bytes));
  SegmentIndex& index = contents.index;
  const uint32_t entries = in.GetU32();
  const uint32_t ends = in.GetU32();
  if (in.remaining() != entries * sizeof(IndexEntry) + ends * kMarkBytes) {
    return Damage("the index has the wrong size");
  }
  index.entries.reserve(entries);
  for (uint32_t i = 0; i < entries; ++i) {
    IndexEntry entry;
    entry.shard = in.GetU32();
    entry.bytes = in.GetU32();
    entry.start = in.GetU64();
    entry.first_offset = in.GetU64();
    entry.first_arrival_ms = in.GetI64();
    index.entries.push_back(entry);
  }
  for (uint32_t i = 0; i < ends; ++i) index.ends.push_back(GetMark(in));
  return contents;
}

bool IsFrameHeader(std::string_view bytes, uint64_t file_no, uint64_t offset, uint64_t number_min) {
  if (bytes.size() < sizeof(FrameHeader)) return false;
  const auto header = Load<FrameHeader>(bytes);
  return header.magic == kFrameMagic && header.number >= number_min &&
         header.crc == BlockCrc(bytes.substr(0, sizeof(FrameHeader)), file_no, offset);
}

Result<SectionHeader> DecodeSection(std::string_view bytes, uint64_t file_no, uint64_t offset) {
  if (bytes.size() < sizeof(SectionHeader)) return Damage("a section is cut off");
  const auto section = Load<SectionHeader>(bytes);
  if (section.magic != kSectionMagic && section.magic != kIndexMagic)
    return Damage("a section has no magic");
  if (section.bytes > bytes.size() || section.bytes % 8 != 0 ||
      section.bytes < sizeof(SectionHeader) ||
      section.body_bytes > section.bytes - sizeof(SectionHeader)) {
    return Damage("a section has an impossible length");
  }
  if (section.crc != BlockCrc(bytes.substr(0, section.bytes), file_no, offset)) {
    return Damage("a section fails its checksum");
  }
  return section;
}

Result<FrameHeader> DecodeFrame(std::string_view bytes, uint64_t file_no, uint64_t offset,
                                std::vector<ScannedSection>* sections) {
  if (!IsFrameHeader(bytes, file_no, offset, 0))
    return Damage("the frame header is missing or fails its checksum");
  const auto header = Load<FrameHeader>(bytes);
  if (header.bytes > bytes.size() || header.bytes > kFrameBytesMax ||
      header.bytes < sizeof(FrameHeader)) {
    return Damage("the frame is cut off");
  }
  uint64_t at = sizeof(FrameHeader);
  for (uint32_t i = 0; i < header.sections; ++i) {
    TM_ASSIGN_OR_RETURN(const SectionHeader section,
                        DecodeSection(bytes.substr(at, header.bytes - at), file_no, offset + at));
    if (sections != nullptr && section.magic == kSectionMagic) {
      sections->push_back({section.shard, section.bytes, offset + at, section.first_offset,
                           section.arrival_ms, section.records});
    }
    at += section.bytes;
  }
  const size_t trailer = (header.flags & kFrameSeals) != 0 ? kSealTrailerBytes : 0;
  if (at + trailer != header.bytes) return Damage("the sections do not fill the frame");
  return header;
}

namespace {

/// One of the first `bytes` bytes has a bit whose flip makes `good(block)` true.
template <typename Good>
bool FlipMakesGood(std::string block, size_t bytes, Good good) {
  for (size_t bit = 0; bit < 8 * std::min(bytes, block.size()); ++bit) {
    const auto mask = static_cast<char>(1U << (bit % 8));
    block[bit / 8] ^= mask;
    if (good(block)) return true;
    block[bit / 8] ^= mask;
  }
  return false;
}

bool SectionHasFlippedBit(std::string_view rest, uint64_t file_no, uint64_t offset) {
  if (rest.size() < sizeof(SectionHeader)) return false;
  // Its size may be what was flipped: then only its right size has the right checksum.
  if (FlipMakesGood(std::string(rest), sizeof(SectionHeader), [&](std::string_view block) {
        return DecodeSection(block, file_no, offset).ok();
      })) {
    return true;
  }
  const auto section = Load<SectionHeader>(rest);
  if (section.bytes > rest.size() || section.bytes < sizeof(SectionHeader)) return false;
  const std::string_view covered = rest.substr(8, section.bytes - 8);
  const auto bit = FlippedBit(BlockCrc(rest.substr(0, section.bytes), file_no, offset), section.crc,
                              covered.size());
  if (!bit) return false;
  // A sector of zeros is a torn write, also where it should have held a single bit.
  const uint64_t at = offset + 8 + *bit / 8;
  const uint64_t sector = std::max(at - at % kDiskSectorBytes, offset) - offset;
  return rest.substr(sector, std::min<uint64_t>(kDiskSectorBytes, section.bytes - sector))
             .find_first_not_of('\0') != std::string_view::npos;
}

/// `bytes` begins with a frame of records that is whole but for one flipped bit. A seal or a
/// confirmation that is damaged loses nothing.
bool HasFlippedBit(std::string_view bytes, uint64_t file_no, uint64_t offset, uint64_t number) {
  const auto is_header = [&](std::string_view block) {
    return IsFrameHeader(block, file_no, offset, number) && Load<FrameHeader>(block).flags == 0;
  };
  if (bytes.size() < sizeof(FrameHeader)) return false;
  if (!IsFrameHeader(bytes, file_no, offset, number)) {
    return FlipMakesGood(std::string(bytes.substr(0, sizeof(FrameHeader))), sizeof(FrameHeader),
                         is_header);
  }
  const auto header = Load<FrameHeader>(bytes);
  if (header.flags != 0 || header.bytes > bytes.size() || header.bytes > kFrameBytesMax) {
    return false;
  }
  uint64_t at = sizeof(FrameHeader);
  for (uint32_t i = 0; i < header.sections && at < header.bytes; ++i) {
    const std::string_view rest = bytes.substr(at, header.bytes - at);
    const auto section = DecodeSection(rest, file_no, offset + at);
    if (!section.ok()) return SectionHasFlippedBit(rest, file_no, offset + at);
    at += section->bytes;
  }
  return false;
}

}  // namespace

std::optional<std::string> WhyDamage(std::string_view file, uint64_t file_no, uint64_t offset,
                                     uint64_t number) {
  for (uint64_t at = offset + 8; at + sizeof(FrameHeader) <= file.size(); at += 8) {
    if (!IsFrameHeader(file.substr(at), file_no, at, number)) continue;
    const bool confirms = (Load<FrameHeader>(file, at).flags & kFrameConfirms) != 0;
    return (confirms ? "but its confirmation" : "but a later frame") +
           (" follows at byte " + std::to_string(at));
  }
  const std::string_view rest = file.substr(offset);
  if (IsFrameHeader(rest, file_no, offset, number)) {
    const auto header = Load<FrameHeader>(rest);
    if (header.flags == 0 && rest.size() > header.bytes) return "but something follows the frame";
  }
  if (HasFlippedBit(rest, file_no, offset, number)) {
    return "and only one bit of the frame is wrong";
  }
  return std::nullopt;
}

bool IndexBuilder::Extend(IndexEntry* last, const ScannedSection& section) {
  if (last == nullptr || last->start + kIndexSpanBytes < section.start + section.bytes)
    return false;
  last->bytes = static_cast<uint32_t>(section.start + section.bytes - last->start);
  return true;
}

IndexEntry IndexBuilder::MakeEntry(const ScannedSection& section) {
  return {section.shard, section.bytes, section.start, section.first_offset, section.arrival_ms};
}

}  // namespace tidemark::log
