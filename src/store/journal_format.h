// SPDX-License-Identifier: Apache-2.0
// Bytes of the journal: segment header, frame header, records of a batch. docs/format/journal.md is
// the normative table; journal_format_test.cpp holds its golden bytes. Pure functions and
// single-owner values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/result.h"
#include "store/types.h"

namespace tidemark::store {

inline constexpr uint16_t kJournalFormatMajor = 1;
inline constexpr uint16_t kJournalFormatMinor = 1;
/// Incompatible flag of a segment: confirmations may stand between its frames.
inline constexpr uint32_t kSegmentHasConfirmations = 1;
inline constexpr size_t kSegmentHeaderBytes = 128;
inline constexpr size_t kFrameHeaderBytes = 56;
inline constexpr uint32_t kFrameMagic = 0x4c415746;  // "FWAL"

struct SegmentHeader {
  uint64_t file_no = 0;
  Hash128 store_id;
  int64_t created_ns = 0;  // diagnostic only
  /// What the writer of this segment took over: bytes of the previous segment that count (what lies
  /// behind is a torn tail, or was copied into this segment), and the last LSN in them.
  uint64_t previous_file_no = 0;  // 0: this is the first
  uint64_t previous_valid_bytes = 0;
  uint64_t previous_last_lsn = 0;
  uint32_t range = 0;  // number of the start that made it: the high bits of its new LSNs
};

std::string EncodeSegmentHeader(const SegmentHeader& header);
/// kCorruption: damaged or of another file; kUnimplemented: written by a newer version.
Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes, uint64_t file_no);

struct FrameHeader {
  uint64_t lsn_first = 0;
  uint32_t batch_count = 0;    // 0: a confirmation
  uint32_t payload_bytes = 0;  // without padding
  uint64_t durable_lsn = 0;    // highest LSN known synced when this frame was written
  int64_t written_ns = 0;      // diagnostic only
  uint32_t payload_crc = 0;
  uint32_t previous_crc = 0;  // of the frame before in this segment: a chain
};

/// Payload bytes on disk: padded with zeros to 8.
constexpr uint64_t PaddedBytes(uint64_t payload_bytes) {
  return (payload_bytes + 7) & ~uint64_t{7};
}

/// Header and padded payload for a frame at `offset` of segment `file_no`; fills header.payload_*.
void AppendFrame(FrameHeader& header, std::string_view payload, uint64_t file_no, uint64_t offset,
                 std::string& out);
/// None: no valid frame header there.
std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, uint64_t file_no,
                                             uint64_t offset);
/// A place in a segment.
struct FrameExtent {
  uint64_t at = 0;
  uint64_t end = 0;
};
/// What is written un-synced behind a frame whose sync has returned: zeros up to its place, then a
/// frame without batches. `frame` ends with batch `last_lsn`.
void AppendConfirmation(const FrameHeader& frame, FrameExtent extent, uint64_t last_lsn,
                        uint64_t file_no, std::string& out);
/// Where the header of that confirmation begins.
uint64_t ConfirmationOf(FrameExtent extent);
/// Whether `header`, at ConfirmationOf() the frame with payload checksum `payload_crc`, confirms
/// it.
bool IsConfirmation(const FrameHeader& header, uint32_t payload_crc);
uint32_t FramePayloadCrc(std::string_view payload, uint64_t file_no, uint64_t offset);

/// Disk bytes; never renumber.
enum class RecordType : uint8_t {
  kSeriesDef = 1,
  kPoints = 2,
  kRows = 3,
  kFieldDef = 4,
  kTombstones = 5,
  kSourceProgress = 6,
  kViewProgress = 7,
  kRevision = 8,
  kTableDrop = 9,
  kAdopt = 10,
  kOwnerDrop = 11,
  kSeriesField = 12,  // a row of the series has the field; skippable
  kSeriesEnd = 13,    // ids below are used up; dictionary only, skippable
  kCheckpoint = 15,   // reserved
};
/// Flag of a record that a reader who does not know its type may skip.
inline constexpr uint8_t kRecordSkippable = 0x80;

/// One accepted point as it is journaled. `text` for kVarchar and for kMulti (EncodeFields), else
/// `bits`.
struct JournalPoint {
  uint32_t series = 0;
  ValueType type = ValueType::kDouble;  // kNone: a tombstone
  bool replaced = false;
  int64_t time = 0;
  int64_t version = 1;
  int64_t arrival = 0;  // kLastWins only
  uint64_t bits = 0;
  std::string_view text;
  const RowInfo* row = nullptr;  // owned series
};

enum class HasArrival : uint8_t { kNo, kYes };

/// Records of one batch.
class BatchEncoder {
 public:
  /// Room for so many records of each, about.
  void Reserve(size_t points, size_t revisions);
  void SeriesDef(uint32_t id, ValueType type, std::string_view canonical_key);
  void Field(TableId table, uint32_t field_id, const FieldDef& field);
  /// All of one type; either all or none with a row.
  void Points(std::span<const JournalPoint> points, HasArrival has_arrival);
  void Source(const SourceProgress& progress);
  void View(const ViewProgress& progress);
  void Revision(const RevisionEntry& entry);
  void TableDrop(TableId table);
  void Adopt(uint32_t series, Owner owner);
  void OwnerDrop(ViewId view);
  void SeriesField(uint32_t series, uint32_t field_id);
  void SeriesEnd(uint32_t end);

  bool empty() const { return out_.size() == 0; }
  size_t size() const { return out_.size(); }
  std::string Take() && { return std::move(out_).Take(); }

 private:
  size_t Begin(RecordType type);
  void End(size_t at);
  void PointBody(std::span<const JournalPoint> points, HasArrival has_arrival);

  ByteWriter out_;
};

/// Receives the records of a batch in order; views die with the call. Errors stop the decoding.
class BatchVisitor {
 public:
  virtual ~BatchVisitor() = default;
  virtual Result<void> OnSeriesDef(uint32_t id, ValueType type, std::string_view canonical_key) = 0;
  virtual Result<void> OnField(TableId table, uint32_t field_id, const FieldDef& field) = 0;
  virtual Result<void> OnPoints(std::span<const JournalPoint> points) = 0;
  virtual Result<void> OnSource(SourceProgress progress) = 0;
  virtual Result<void> OnView(ViewProgress progress) = 0;
  virtual Result<void> OnRevision(RevisionEntry entry) = 0;
  virtual Result<void> OnTableDrop(TableId table) = 0;
  virtual Result<void> OnAdopt(uint32_t series, Owner owner) = 0;
  virtual Result<void> OnOwnerDrop(ViewId view) = 0;
  virtual Result<void> OnSeriesField(uint32_t /*series*/, uint32_t /*field_id*/) { return {}; }
  virtual Result<void> OnSeriesEnd(uint32_t /*end*/) { return {}; }
};

/// Appends a batch to a frame's payload.
void AppendBatch(std::string_view records, uint32_t lsn_delta, std::string& payload);

/// Splits a payload into its batches.
class BatchReader {
 public:
  BatchReader(std::string_view payload, uint64_t lsn_first) : in_(payload), lsn_first_(lsn_first) {}
  /// False at the end. kCorruption: does not add up.
  Result<bool> Next(uint64_t& lsn, std::string_view& records);

 private:
  ByteReader in_;
  const uint64_t lsn_first_;
};

/// kCorruption: the bytes make no sense; kUnimplemented: a record type of a newer version.
Result<void> DecodeBatch(std::string_view records, BatchVisitor& visitor);

/// A field of an encoded multi-measure row.
struct EncodedField {
  uint32_t id = 0;
  ValueView value;  // texts borrow from the encoded bytes
};
/// `fields` ascend by id: equal rows have equal bytes.
void EncodeFields(std::span<const EncodedField> fields, std::string& out);
/// Replaces the contents of `out`; false: damaged.
bool DecodeFields(std::string_view bytes, std::vector<EncodedField>& out);

}  // namespace tidemark::store
