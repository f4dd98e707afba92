// SPDX-License-Identifier: Apache-2.0
// Headers and frames; the records are in journal_records.cpp.
#include "store/journal_format.h"

#include "base/confirmation.h"

namespace tidemark::store {
namespace {

constexpr std::string_view kSegmentMagic("\x89TSEW\r\n\x1a", 8);
constexpr uint32_t kCommonHeaderBytes = 64;

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  ByteWriter out;
  out.PutRaw(kSegmentMagic);
  out.PutU16(kJournalFormatMajor);
  out.PutU16(kJournalFormatMinor);
  out.PutU32(kSegmentHasConfirmations);
  out.PutU32(0);  // compatible flags
  out.PutU32(kSegmentHeaderBytes);
  out.PutU64(header.file_no);
  out.PutU64(header.store_id.hi);
  out.PutU64(header.store_id.lo);
  out.PutI64(header.created_ns);
  out.PutU32(0);
  out.PutU32(Crc32c(Crc32cSeed(header.file_no, 0), out.view()));
  out.PutU64(header.previous_file_no);
  out.PutU64(header.previous_valid_bytes);
  out.PutU64(header.previous_last_lsn);
  out.PutU32(header.range);
  while (out.size() < kSegmentHeaderBytes - sizeof(uint32_t)) out.PutU32(0);
  out.PutU32(Crc32c(Crc32cSeed(header.file_no, kCommonHeaderBytes),
                    out.view().substr(kCommonHeaderBytes)));
  return std::move(out).Take();
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes, uint64_t file_no) {
  const auto damaged = [](std::string_view what) {
    return Error{Code::kCorruption, "journal segment header: " + std::string(what)};
  };
  if (bytes.size() < kSegmentHeaderBytes) return damaged("too short");
  if (bytes.substr(0, kSegmentMagic.size()) != kSegmentMagic) return damaged("wrong magic");
  if (Load<uint32_t>(bytes, 60) != Crc32c(Crc32cSeed(file_no, 0), bytes.substr(0, 60))) {
    return damaged("checksum (damaged, or of another file)");
  }
  if (Load<uint16_t>(bytes, 8) > kJournalFormatMajor ||
      (Load<uint32_t>(bytes, 12) & ~kSegmentHasConfirmations) != 0) {
    return Error{Code::kUnimplemented, "journal segment was written by a newer version"};
  }
  constexpr size_t kSecondCrc = kSegmentHeaderBytes - sizeof(uint32_t);
  const std::string_view second = bytes.substr(kCommonHeaderBytes, kSecondCrc - kCommonHeaderBytes);
  if (Load<uint32_t>(bytes, kSecondCrc) !=
      Crc32c(Crc32cSeed(file_no, kCommonHeaderBytes), second)) {
    return damaged("second checksum");
  }
  SegmentHeader header;
  header.file_no = Load<uint64_t>(bytes, 24);
  header.store_id = {Load<uint64_t>(bytes, 32), Load<uint64_t>(bytes, 40)};
  header.created_ns = Load<int64_t>(bytes, 48);
  header.previous_file_no = Load<uint64_t>(bytes, 64);
  header.previous_valid_bytes = Load<uint64_t>(bytes, 72);
  header.previous_last_lsn = Load<uint64_t>(bytes, 80);
  header.range = Load<uint32_t>(bytes, 88);
  if (header.file_no != file_no) return damaged("number differs from the file's name");
  return header;
}

uint32_t FramePayloadCrc(std::string_view payload, uint64_t file_no, uint64_t offset) {
  return Crc32c(Crc32cSeed(file_no, offset + kFrameHeaderBytes), payload);
}

void AppendFrame(FrameHeader& header, std::string_view payload, uint64_t file_no, uint64_t offset,
                 std::string& out) {
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  header.payload_crc = FramePayloadCrc(payload, file_no, offset);
  ByteWriter rest;  // bytes 8 to 55, which the header CRC covers
  rest.PutU64(header.lsn_first);
  rest.PutU32(header.batch_count);
  rest.PutU32(header.payload_bytes);
  rest.PutU32(header.payload_bytes);  // raw length: codec 0
  rest.PutU32(header.payload_crc);
  rest.PutU64(header.durable_lsn);
  rest.PutI64(header.written_ns);
  rest.PutU8(0);  // codec: none
  rest.PutU8(0);  // flags
  rest.PutU16(0);
  rest.PutU32(header.previous_crc);
  ByteWriter head;
  head.PutU32(kFrameMagic);
  head.PutU32(Crc32c(Crc32cSeed(file_no, offset), rest.view()));
  out.append(head.view());
  out.append(rest.view());
  out.append(payload);
  out.append(PaddedBytes(payload.size()) - payload.size(), '\0');
}

uint64_t ConfirmationOf(FrameExtent extent) {
  return ConfirmationOffset(extent.at, kFrameHeaderBytes, extent.end);
}

void AppendConfirmation(const FrameHeader& frame, FrameExtent extent, uint64_t last_lsn,
                        uint64_t file_no, std::string& out) {
  const uint64_t at = ConfirmationOf(extent);
  out.append(static_cast<size_t>(at - extent.end), '\0');
  FrameHeader header;
  header.lsn_first = last_lsn + 1;
  header.durable_lsn = last_lsn;
  header.written_ns = frame.written_ns;
  header.previous_crc = frame.payload_crc;
  AppendFrame(header, {}, file_no, at, out);
}

bool IsConfirmation(const FrameHeader& header, uint32_t payload_crc) {
  return header.batch_count == 0 && header.payload_bytes == 0 &&
         header.lsn_first == header.durable_lsn + 1 && header.previous_crc == payload_crc;
}

std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, uint64_t file_no,
                                             uint64_t offset) {
  if (bytes.size() < kFrameHeaderBytes || Load<uint32_t>(bytes, 0) != kFrameMagic)
    return std::nullopt;
  if (Load<uint32_t>(bytes, 4) !=
      Crc32c(Crc32cSeed(file_no, offset), bytes.substr(8, kFrameHeaderBytes - 8))) {
    return std::nullopt;
  }
  FrameHeader header;
  header.lsn_first = Load<uint64_t>(bytes, 8);
  header.batch_count = Load<uint32_t>(bytes, 16);
  header.payload_bytes = Load<uint32_t>(bytes, 20);
  header.payload_crc = Load<uint32_t>(bytes, 28);
  header.durable_lsn = Load<uint64_t>(bytes, 32);
  header.written_ns = Load<int64_t>(bytes, 40);
  header.previous_crc = Load<uint32_t>(bytes, 52);
  // Codec and flags other than 0 belong to later formats, which say so in the segment header.
  if (Load<uint16_t>(bytes, 48) != 0) return std::nullopt;
  return header;
}

void AppendBatch(std::string_view records, uint32_t lsn_delta, std::string& payload) {
  ByteWriter head;
  head.PutU32(static_cast<uint32_t>(records.size()));
  head.PutU32(lsn_delta);
  payload.append(head.view());
  payload.append(records);
}

Result<bool> BatchReader::Next(uint64_t& lsn, std::string_view& records) {
  if (in_.AtEnd()) return false;
  const uint32_t bytes = in_.GetU32();
  lsn = lsn_first_ + in_.GetU32();
  records = in_.GetRaw(bytes);
  if (!in_.ok()) return Error{Code::kCorruption, "journal frame: a batch reaches beyond its frame"};
  return true;
}

void EncodeFields(std::span<const EncodedField> fields, std::string& out) {
  ByteWriter w;
  w.PutVarint(fields.size());
  for (const EncodedField& f : fields) {
    w.PutVarint(f.id);
    w.PutU8(static_cast<uint8_t>(f.value.type()));
    switch (f.value.type()) {
      case ValueType::kDouble:
        w.PutF64(f.value.as_double());
        break;
      case ValueType::kBigint:
      case ValueType::kTimestamp:
        w.PutI64(f.value.as_bigint());
        break;
      case ValueType::kBoolean:
        w.PutU8(f.value.as_boolean() ? 1 : 0);
        break;
      case ValueType::kVarchar:
        w.PutString(f.value.as_varchar());
        break;
      case ValueType::kNone:
      case ValueType::kMulti:
        break;
    }
  }
  out.append(w.view());
}

bool DecodeFields(std::string_view bytes, std::vector<EncodedField>& out) {
  out.clear();
  ByteReader in(bytes);
  const uint64_t count = in.GetVarint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    EncodedField f;
    f.id = static_cast<uint32_t>(in.GetVarint());
    switch (static_cast<ValueType>(in.GetU8())) {
      case ValueType::kDouble:
        f.value = ValueView::Double(in.GetF64());
        break;
      case ValueType::kBigint:
        f.value = ValueView::Bigint(in.GetI64());
        break;
      case ValueType::kTimestamp:
        f.value = ValueView::Timestamp({in.GetI64()});
        break;
      case ValueType::kBoolean:
        f.value = ValueView::Boolean(in.GetU8() != 0);
        break;
      case ValueType::kVarchar:
        f.value = ValueView::Varchar(in.GetString());
        break;
      default:
        return false;
    }
    out.push_back(f);
  }
  return in.AtEnd();
}

}  // namespace tidemark::store
