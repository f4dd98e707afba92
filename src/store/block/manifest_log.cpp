// SPDX-License-Identifier: Apache-2.0
// Framing: records, torn tails, CURRENT.
#include "base/bytes.h"
#include "store/block/file_header_internal.h"
#include "store/block/manifest_log_internal.h"

namespace tidemark::store {
namespace {

constexpr uint32_t kRecordMagic = 0x44454d54;  // "TMED"
constexpr std::string_view kNamePrefix = "MANIFEST-";
constexpr std::string_view kRemedy =
    "; restore the store from a backup, or start once with --rebuild-manifest, which makes a new "
    "manifest from the block files";

// Whether a valid record that was written after edit `number` lies behind `offset`: then what is
// wrong at `offset` was synced once.
bool LaterRecord(std::string_view bytes, uint64_t file_no, uint64_t offset, uint64_t number) {
  for (uint64_t at = offset + 8; at + kManifestRecordHeaderBytes <= bytes.size(); at += 8) {
    const auto record = DecodeManifestRecord(bytes.substr(static_cast<size_t>(at)), file_no, at);
    if (record && record->number > number) return true;
  }
  return false;
}

}  // namespace

uint64_t ManifestRecord::record_bytes() const {
  return kManifestRecordHeaderBytes + PaddedTo8(payload.size());
}

uint32_t AppendManifestRecord(const ManifestRecord& record, uint64_t file_no, uint64_t offset,
                              std::string& out) {
  ByteWriter rest;  // all that the CRC covers
  rest.PutU32(static_cast<uint32_t>(record.payload.size()));
  rest.PutU8(static_cast<uint8_t>(record.type));
  rest.PutU8(0);
  rest.PutU16(0);
  rest.PutU64(record.number);
  rest.PutU32(record.chain);
  rest.PutU32(0);
  rest.PutRaw(record.payload);
  while (rest.size() % 8 != 0) rest.PutU8(0);
  ByteWriter head;
  head.PutU32(kRecordMagic);
  const uint32_t crc = PlacedCrc(file_no, offset, rest.view());
  head.PutU32(crc);
  out.append(head.view());
  out.append(rest.view());
  return crc;
}

std::optional<ManifestRecord> DecodeManifestRecord(std::string_view bytes, uint64_t file_no,
                                                   uint64_t offset) {
  if (bytes.size() < kManifestRecordHeaderBytes || LoadAt<uint32_t>(bytes, 0) != kRecordMagic) {
    return std::nullopt;
  }
  const uint64_t payload_bytes = LoadAt<uint32_t>(bytes, 8);
  const uint64_t record_bytes = kManifestRecordHeaderBytes + PaddedTo8(payload_bytes);
  if (record_bytes > bytes.size()) return std::nullopt;
  bytes = bytes.substr(0, static_cast<size_t>(record_bytes));
  ManifestRecord record;
  record.crc = LoadAt<uint32_t>(bytes, 4);
  if (record.crc != PlacedCrc(file_no, offset, bytes.substr(8))) return std::nullopt;
  const auto type = LoadAt<uint8_t>(bytes, 12);
  if (type < 1 || type > static_cast<uint8_t>(ManifestRecordType::kConfirmation)) {
    return std::nullopt;
  }
  record.type = static_cast<ManifestRecordType>(type);
  record.number = LoadAt<uint64_t>(bytes, 16);
  record.chain = LoadAt<uint32_t>(bytes, 24);
  record.payload = bytes.substr(kManifestRecordHeaderBytes, static_cast<size_t>(payload_bytes));
  return record;
}

std::string ManifestName(uint64_t file_no) {
  return std::string(kNamePrefix) + NumberedName(file_no, "");
}

std::optional<uint64_t> NumberOfManifest(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  return NumberOfName(name.substr(kNamePrefix.size()), "");
}

std::string EncodeCurrent(uint64_t file_no) {
  const std::string name = ManifestName(file_no);
  uint32_t crc = Crc32c(0, std::string_view(name));
  std::string hex(8, '0');
  for (size_t i = hex.size(); i-- > 0; crc >>= 4U) hex[i] = "0123456789abcdef"[crc & 15U];
  return name + " " + hex + "\n";
}

std::optional<uint64_t> DecodeCurrent(std::string_view text) {
  const auto file_no = NumberOfManifest(text.substr(0, text.find(' ')));
  // One way to write it: any other byte anywhere is damage.
  if (!file_no || EncodeCurrent(*file_no) != text) return std::nullopt;
  return file_no;
}

Result<LoadedManifest> LoadManifest(std::string_view bytes, uint64_t file_no,
                                    const std::string& path) {
  const auto damaged = [&](uint64_t offset, const std::string& what) {
    return Damage(path, offset, what + std::string(kRemedy));
  };
  const auto header = DecodeFileHeader(bytes, FileKind::kManifest, file_no, std::nullopt, path);
  if (!header.ok()) {
    if (header.error().code != Code::kCorruption) return header.error();
    return Error{Code::kCorruption, header.error().message + std::string(kRemedy)};
  }
  LoadedManifest out;
  const auto apply = [&](const ManifestRecord& record) -> Result<void> {
    TM_ASSIGN_OR_RETURN(const DecodedEdit decoded, DecodeEdit(record.payload));
    if (decoded.store_id) {
      out.state.store_id = *decoded.store_id;
      out.range = decoded.range;
    }
    TM_RETURN_IF_ERROR(CheckEdit(out.state, decoded.edit));
    ApplyEdit(decoded.edit, out.state);
    out.number = record.number;
    return {};
  };
  const auto apply_at = [&](const ManifestRecord& record, uint64_t at) -> Result<void> {
    auto applied = apply(record);
    if (applied.ok()) return {};
    if (applied.error().code == Code::kUnimplemented) return applied.error().With(path);
    return damaged(at, applied.error().message);
  };

  uint64_t at = kFileHeaderBytes;
  const auto record_at = [&](uint64_t offset) -> std::optional<ManifestRecord> {
    if (offset > bytes.size()) return std::nullopt;
    return DecodeManifestRecord(bytes.substr(static_cast<size_t>(offset)), file_no, offset);
  };
  const auto snapshot = record_at(at);
  if (!snapshot || snapshot->type != ManifestRecordType::kSnapshot) {
    return damaged(at, "the manifest's snapshot is damaged");
  }
  TM_RETURN_IF_ERROR(apply_at(*snapshot, at));
  if (out.state.store_id != header->store_id) {
    return damaged(at, "the manifest's snapshot is of another store");
  }
  at += snapshot->record_bytes();
  for (uint32_t chain = snapshot->crc; at < bytes.size();) {
    const auto is_next = [&](const std::optional<ManifestRecord>& record) {
      return record && record->type == ManifestRecordType::kEdit &&
             record->number == out.number + 1 && record->chain == chain;
    };
    auto record = record_at(at);
    if (record && record->type == ManifestRecordType::kConfirmation &&
        record->number == out.number && record->chain == chain) {
      at += record->record_bytes();
      continue;
    }
    if (!is_next(record) && is_next(record_at(at + kManifestRecordHeaderBytes))) {
      at += kManifestRecordHeaderBytes;  // a crash lost the confirmation between the two
      record = record_at(at);
    }
    if (!is_next(record)) {
      if (record || LaterRecord(bytes, file_no, at, out.number)) {
        return damaged(at, "the manifest is damaged before its end (edit " +
                               std::to_string(out.number + 1) + ")");
      }
      break;  // a torn edit: nobody was told that it counts
    }
    TM_RETURN_IF_ERROR(apply_at(*record, at));
    ++out.edits;
    chain = record->crc;
    at += record->record_bytes();
  }
  return out;
}

NewManifest BuildManifest(const ManifestState& state, uint64_t range, uint64_t number,
                          uint64_t file_no, int64_t now_ns) {
  NewManifest out;
  out.bytes = EncodeFileHeader({FileKind::kManifest, file_no, state.store_id, now_ns});
  const std::string snapshot = EncodeSnapshot(state, range);
  out.chain = AppendManifestRecord({ManifestRecordType::kSnapshot, number, 0, 0, snapshot}, file_no,
                                   out.bytes.size(), out.bytes);
  return out;
}

}  // namespace tidemark::store
