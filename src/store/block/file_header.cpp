// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "base/bytes.h"
#include "store/block/file_header_internal.h"

namespace tidemark::store {
namespace {

constexpr size_t kHeaderCrcAt = 60;

std::string Magic(FileKind kind) {
  std::string magic("\x89TSE?\r\n\x1a", 8);
  magic[4] = static_cast<char>(kind);
  return magic;
}

}  // namespace

uint32_t PlacedCrc(uint64_t file_no, uint64_t offset, std::string_view bytes) {
  return Crc32c(Crc32cSeed(file_no, offset), bytes);
}

Error Damage(std::string_view path, uint64_t offset, std::string_view what) {
  return Error{Code::kCorruption,
               std::string(path) + ": byte " + std::to_string(offset) + ": " + std::string(what)};
}

std::string NumberedName(uint64_t file_no, std::string_view suffix) {
  std::string digits = std::to_string(file_no);
  constexpr size_t kDigits = 10;  // more when the number needs them
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return digits.append(suffix);
}

std::optional<uint64_t> NumberOfName(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  const std::string_view digits = name.substr(0, name.size() - suffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc() || end != digits.end()) return std::nullopt;
  if (NumberedName(number, suffix) != name) return std::nullopt;
  return number;
}

namespace {

uint32_t KnownFlags(FileKind kind) {
  if (kind == FileKind::kManifest) return kConfirmationsApart;
  return kind == FileKind::kRevisions ? kRevisionOrigins | kRevisionCounts | kRevisionPoints : 0;
}

}  // namespace

std::string EncodeFileHeader(const FileHeader& header) {
  ByteWriter out;
  out.PutRaw(Magic(header.kind));
  out.PutU16(kFileFormatMajor);
  out.PutU16(kFileFormatMinor);
  out.PutU32(header.incompatible_flags);
  out.PutU32(0);  // compatible flags
  out.PutU32(kFileHeaderBytes);
  out.PutU64(header.file_no);
  out.PutU64(header.store_id.hi);
  out.PutU64(header.store_id.lo);
  out.PutI64(header.created_ns);
  out.PutU32(0);
  out.PutU32(PlacedCrc(header.file_no, 0, out.view()));
  return std::move(out).Take();
}

Result<FileHeader> DecodeFileHeader(std::string_view bytes, FileKind kind, uint64_t file_no,
                                    const std::optional<Hash128>& store_id, std::string_view path) {
  if (bytes.size() < kFileHeaderBytes) return Damage(path, 0, "shorter than its header");
  const std::string magic = Magic(kind);
  if (bytes.substr(0, magic.size()) != magic) {
    return Damage(path, 0, "the header's magic is that of another kind of file, or damaged");
  }
  if (LoadAt<uint32_t>(bytes, kHeaderCrcAt) !=
      PlacedCrc(file_no, 0, bytes.substr(0, kHeaderCrcAt))) {
    return Damage(path, 0, "the header fails its checksum (damaged, or a file of another number)");
  }
  const auto flags = LoadAt<uint32_t>(bytes, 12);
  const uint32_t known = KnownFlags(kind);
  if (LoadAt<uint16_t>(bytes, 8) > kFileFormatMajor || (flags & ~known) != 0) {
    return Error{Code::kUnimplemented,
                 std::string(path) + ": a newer version of tidemark wrote it (format " +
                     std::to_string(LoadAt<uint16_t>(bytes, 8)) + "." +
                     std::to_string(LoadAt<uint16_t>(bytes, 10)) + ", flags " +
                     std::to_string(flags) + "; this one reads " +
                     std::to_string(kFileFormatMajor) + "); run that version"};
  }
  FileHeader header;
  header.kind = kind;
  header.file_no = LoadAt<uint64_t>(bytes, 24);
  header.store_id = {LoadAt<uint64_t>(bytes, 32), LoadAt<uint64_t>(bytes, 40)};
  header.created_ns = LoadAt<int64_t>(bytes, 48);
  header.incompatible_flags = flags;
  if (LoadAt<uint32_t>(bytes, 20) != kFileHeaderBytes || header.file_no != file_no) {
    return Damage(path, 20, "the header's length or number is wrong");
  }
  if (store_id && header.store_id != *store_id) {
    return Damage(path, 32, "the file belongs to another store");
  }
  return header;
}

}  // namespace tidemark::store
