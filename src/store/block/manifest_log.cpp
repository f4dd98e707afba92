// SPDX-License-Identifier: Apache-2.0
// Framing: records, torn tails, CURRENT.
#include "base/bytes.h"
#include "base/confirmation.h"
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

class Loader {
 public:
  Loader(std::string_view bytes, uint64_t file_no, const std::string& path)
      : bytes_(bytes), file_no_(file_no), path_(path) {}

  Result<LoadedManifest> Load() && {
    auto header = DecodeFileHeader(bytes_, FileKind::kManifest, file_no_, std::nullopt, path_);
    if (!header.ok()) {
      if (header.error().code != Code::kCorruption) return std::move(header).error();
      return Error{Code::kCorruption, header.error().message + std::string(kRemedy)};
    }
    apart_ = (header->incompatible_flags & kConfirmationsApart) != 0;
    TM_RETURN_IF_ERROR(LoadSnapshot(header->store_id));
    while (at_ < bytes_.size()) {
      TM_ASSIGN_OR_RETURN(const bool more, LoadNext());
      if (!more) break;
    }
    return std::move(out_);
  }

 private:
  Error Damaged(const std::string& what) const {
    return Damage(path_, at_, what + std::string(kRemedy));
  }

  std::optional<ManifestRecord> RecordAt(uint64_t offset) const {
    if (offset > bytes_.size()) return std::nullopt;
    return DecodeManifestRecord(bytes_.substr(static_cast<size_t>(offset)), file_no_, offset);
  }

  Result<void> Take(const ManifestRecord& record) {
    auto decoded = DecodeEdit(record.payload);
    if (!decoded.ok()) {
      if (decoded.error().code == Code::kUnimplemented) {
        return std::move(decoded).error().With(path_);
      }
      return Damaged(decoded.error().message);
    }
    if (decoded->store_id) {
      out_.state.store_id = *decoded->store_id;
      out_.range = decoded->range;
    }
    if (auto fits = CheckEdit(out_.state, decoded->edit); !fits.ok()) {
      return Damaged(fits.error().message);
    }
    ApplyEdit(decoded->edit, out_.state);
    out_.number = record.number;
    chain_ = record.crc;
    edit_at_ = record.type == ManifestRecordType::kEdit ? at_ : 0;
    at_ += record.record_bytes();
    return {};
  }

  Result<void> LoadSnapshot(Hash128 store_id) {
    const auto snapshot = RecordAt(at_);
    if (!snapshot || snapshot->type != ManifestRecordType::kSnapshot) {
      return Damaged("the manifest's snapshot is damaged");
    }
    TM_RETURN_IF_ERROR(Take(*snapshot));
    if (out_.state.store_id != store_id) {
      return Damaged("the manifest's snapshot is of another store");
    }
    return {};
  }

  bool IsNextEdit(const std::optional<ManifestRecord>& record) const {
    return record && record->type == ManifestRecordType::kEdit &&
           record->number == out_.number + 1 && record->chain == chain_;
  }

  // Where the edit that ends at at_ has its confirmation.
  uint64_t ConfirmationAt() const {
    return apart_ ? ConfirmationOffset(edit_at_, kManifestRecordHeaderBytes, at_) : at_;
  }

  // Steps over the confirmation at at_, also if a crash lost it before the edit behind it.
  void PassConfirmation() {
    if (edit_at_ == 0 || IsNextEdit(RecordAt(at_))) return;
    const auto record = RecordAt(ConfirmationAt());
    const uint64_t behind = ConfirmationAt() + kManifestRecordHeaderBytes;
    const bool confirms = record && record->type == ManifestRecordType::kConfirmation &&
                          record->number == out_.number && record->chain == chain_;
    if (!confirms && !IsNextEdit(RecordAt(behind))) return;
    at_ = behind;
    edit_at_ = 0;
  }

  // Whether something was appended behind the next edit, as the edit's own header tells its end.
  bool HasBytesBehind() const {
    const std::string_view rest = bytes_.substr(static_cast<size_t>(at_));
    if (rest.size() < kManifestRecordHeaderBytes || LoadAt<uint32_t>(rest, 0) != kRecordMagic ||
        LoadAt<uint64_t>(rest, 16) != out_.number + 1 || LoadAt<uint32_t>(rest, 24) != chain_) {
      return false;
    }
    return kManifestRecordHeaderBytes + PaddedTo8(LoadAt<uint32_t>(rest, 8)) < rest.size();
  }

  // False: the log ends here.
  Result<bool> LoadNext() {
    PassConfirmation();
    if (at_ == bytes_.size()) return false;
    const auto record = RecordAt(at_);
    if (IsNextEdit(record)) {
      TM_RETURN_IF_ERROR(Take(*record));
      ++out_.edits;
      return true;
    }
    if (record || LaterRecord(bytes_, file_no_, at_, out_.number) || HasBytesBehind()) {
      return Damaged("the manifest is damaged before its end (edit " +
                     std::to_string(out_.number + 1) + ")");
    }
    return false;  // a torn edit: nobody was told that it counts
  }

  const std::string_view bytes_;
  const uint64_t file_no_;
  const std::string& path_;
  LoadedManifest out_;
  bool apart_ = false;
  uint64_t at_ = kFileHeaderBytes;
  uint64_t edit_at_ = 0;  // of the edit that ends at at_; 0: none does
  uint32_t chain_ = 0;
};

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
  return Loader(bytes, file_no, path).Load();
}

NewManifest BuildManifest(const ManifestState& state, uint64_t range, uint64_t number,
                          uint64_t file_no, int64_t now_ns) {
  NewManifest out;
  out.bytes =
      EncodeFileHeader({FileKind::kManifest, file_no, state.store_id, now_ns, kConfirmationsApart});
  const std::string snapshot = EncodeSnapshot(state, range);
  out.chain = AppendManifestRecord({ManifestRecordType::kSnapshot, number, 0, 0, snapshot}, file_no,
                                   out.bytes.size(), out.bytes);
  return out;
}

}  // namespace tidemark::store
