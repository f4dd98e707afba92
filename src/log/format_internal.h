// SPDX-License-Identifier: Apache-2.0
// Bytes of a segment file (docs/format/log.md). Everything read here comes from disk: it gets an
// Error, never a check. Pure functions and values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "catalog/ids.h"

namespace tidemark::log {

inline constexpr uint16_t kFormatMajor = 1;
inline constexpr uint16_t kFormatMinor = 1;

/// What a segment knows of a shard when it begins or ends: the only place where the next offset
/// survives once every record of the shard was trimmed.
struct ShardMark {
  uint32_t shard = 0;
  uint64_t next_offset = 1;
  int64_t last_arrival_ms = 0;  // 0: it never had a record
  friend bool operator==(const ShardMark&, const ShardMark&) = default;
};

struct SegmentHeader {
  uint64_t file_no = 0;
  StreamId stream;
  ArrivalTime created;
  uint64_t first_frame = 1;
  uint64_t previous_file_no = 0;  // 0: none
  uint64_t previous_end = 0;      // bytes of the previous segment that count
  std::vector<ShardMark> shards;

  std::string Encode() const;
  size_t EncodedBytes() const;
  /// `bytes`: the start of the file, at least kHeaderBytesMin unless the file is shorter.
  /// kFailedPrecondition: a newer format; kCorruption: not a header.
  static Result<SegmentHeader> Decode(std::string_view bytes);
  /// The whole header's size, from its first kHeaderBytesMin bytes.
  static Result<size_t> DecodeSize(std::string_view bytes);

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};
inline constexpr size_t kHeaderBytesMin = 64;

inline constexpr uint32_t kFrameMagic = 0x4d415246;    // "FRAM"
inline constexpr uint32_t kSectionMagic = 0x54434553;  // "SECT"
inline constexpr uint32_t kIndexMagic = 0x58444e49;    // "INDX"
inline constexpr uint32_t kSealMagic = 0x4c414553;     // "SEAL"
// Zeros follow up to the next sector, where a confirmation stands.
inline constexpr uint32_t kPaddingMagic = 0x21444150;  // "PAD!"

/// One group commit: this, then its sections. All little-endian, as laid out here.
struct FrameHeader {
  uint32_t magic = kFrameMagic;
  uint32_t crc = 0;  // of the bytes behind it, seeded with the place of the frame
  uint64_t number = 0;
  uint32_t bytes = 0;  // with this header and all sections
  uint32_t sections = 0;
  int64_t wall_ms = 0;
  uint32_t flags = 0;
  uint32_t reserved = 0;
  uint64_t counted_bytes = 0;  // of a seal or confirmation: where the last frame of records ends
};
static_assert(sizeof(FrameHeader) == 48);
// Its one section is the index; nothing follows in this file.
inline constexpr uint32_t kFrameSeals = 1;
// No sections; written un-synced behind a frame whose sync has returned.
inline constexpr uint32_t kFrameConfirms = 2;

/// A place in a segment.
struct FrameExtent {
  uint64_t at = 0;
  uint64_t end = 0;
};

/// Records of one shard: this, `body_bytes` of records, zeros up to a multiple of 8.
struct SectionHeader {
  uint32_t magic = kSectionMagic;
  uint32_t crc =
      0;  // of everything behind it, padding included, seeded with the place of the section
  uint32_t bytes = 0;  // with this header and the padding
  uint32_t shard = 0;
  uint64_t first_offset = 0;
  int64_t arrival_ms = 0;  // of every record in it
  uint32_t records = 0;
  uint32_t body_bytes = 0;
  uint64_t reserved = 0;
};
static_assert(sizeof(SectionHeader) == 48);

/// Then the key, the explicit hash (two u64, high first) if flagged, the data.
struct RecordHeader {
  uint32_t data_bytes = 0;
  uint16_t key_bytes = 0;
  uint16_t flags = 0;
};
static_assert(sizeof(RecordHeader) == 8);
inline constexpr uint16_t kRecordHasExplicitHash = 1;

/// Where to start reading for records of one shard: `bytes` of the file that begin with a section
/// of it and hold no other of its sections than those from first_offset to the next entry.
struct IndexEntry {
  uint32_t shard = 0;
  uint32_t bytes = 0;
  uint64_t start = 0;
  uint64_t first_offset = 0;
  int64_t first_arrival_ms = 0;
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};
static_assert(sizeof(IndexEntry) == 32);

struct SegmentIndex {
  std::vector<IndexEntry> entries;  // ascending per shard
  std::vector<ShardMark> ends;
  friend bool operator==(const SegmentIndex&, const SegmentIndex&) = default;
};

/// Entries grow up to this before a new one is begun.
inline constexpr uint32_t kIndexSpanBytes = 256 * 1024;

/// Fills in the checksums of a frame that will stand at `offset` of file `file_no`; `frame` holds
/// headers with every other field set, and all bodies.
void SealFrameChecksums(std::string& frame, uint64_t file_no, uint64_t offset);

/// Confirms the frame at `frame`; it has the number of the next one, as a seal has. Padding first.
std::string EncodeConfirmation(FrameExtent frame, uint64_t number, ArrivalTime wall,
                               uint64_t file_no);
/// Whether the confirmation of `frame` stands there with every byte, padding included.
bool IsWholeConfirmation(std::string_view file, uint64_t file_no, FrameExtent frame,
                         uint64_t number);
/// Where frame `number` (or a seal) begins behind `frame`: at its end, or behind its confirmation,
/// also if a crash lost that. The end of the file: nothing but the confirmation follows. `frame`
/// with `at` 0: none, only the file's header ends there.
uint64_t NextFrameOffset(std::string_view file, uint64_t file_no, FrameExtent frame,
                         uint64_t number);

/// Where a seal frame stands in its file, and what it says.
struct SealPlace {
  uint64_t file_no = 0;
  uint64_t offset = 0;
};
struct SealContents {
  SegmentIndex index;
  /// The one the next frame will get too: a seal holds no records and is not counted.
  uint64_t number = 0;
  uint64_t counted_bytes = 0;  // where the last frame of records ends
};
/// The last frame of a complete segment, with the index and the trailer by which it is found.
std::string EncodeSealFrame(const SealContents& contents, ArrivalTime wall, SealPlace place);
inline constexpr size_t kSealTrailerBytes = 16;
/// From the last kSealTrailerBytes of a file of `file_bytes`: where its seal frame begins. None:
/// not sealed.
std::optional<uint64_t> DecodeSealTrailer(std::string_view trailer, uint64_t file_no,
                                          uint64_t file_bytes);
Result<SealContents> DecodeSealFrame(std::string_view frame, SealPlace place);

struct ScannedSection {
  uint32_t shard = 0;
  uint32_t bytes = 0;
  uint64_t start = 0;  // in the file
  uint64_t first_offset = 0;
  int64_t arrival_ms = 0;
  uint32_t records = 0;
};

/// Whether a whole, valid frame stands at `offset`. `bytes`: the file from there on, to its end.
/// Appends the sections to `sections`. The Error says which check failed.
Result<FrameHeader> DecodeFrame(std::string_view bytes, uint64_t file_no, uint64_t offset,
                                std::vector<ScannedSection>* sections);
/// Only the header's own checks: for finding a later frame behind a broken one.
bool IsFrameHeader(std::string_view bytes, uint64_t file_no, uint64_t offset, uint64_t number_min);

/// Where frame `number` should stand is none. Why that is damage to synced records; none: it may be
/// the torn tail of a frame that nobody was told about. It is damage if anything was appended
/// behind it, which its sync precedes, or if it is whole but for one flipped bit: a torn write
/// leaves sectors that are old, new or zero.
std::optional<std::string> WhyDamage(std::string_view file, uint64_t file_no, uint64_t offset,
                                     uint64_t number);

/// Whether the section's checksum and lengths hold. `bytes` begins with it.
Result<SectionHeader> DecodeSection(std::string_view bytes, uint64_t file_no, uint64_t offset);

/// Builds index entries out of sections in file order.
class IndexBuilder {
 public:
  /// `last` is the newest entry of the section's shard in this segment, or null. True: it was
  /// extended; false: a new entry is needed, see MakeEntry().
  static bool Extend(IndexEntry* last, const ScannedSection& section);
  static IndexEntry MakeEntry(const ScannedSection& section);
};

}  // namespace tidemark::log
