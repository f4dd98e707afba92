// SPDX-License-Identifier: Apache-2.0
// The 64 bytes that every file of the store begins with (storage.md 1.1), and how its readers name
// damage. Bytes: docs/format/block.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "base/result.h"

namespace tidemark::store {

/// The fifth byte of a file. `W`, a journal segment, is in store/journal_format.h.
enum class FileKind : char {
  kManifest = 'M',
  kBlock = 'B',
  kDictionary = 'D',
  kRevisions = 'R',
};

inline constexpr uint16_t kFileFormatMajor = 1;  // the same for all four kinds so far
inline constexpr uint16_t kFileFormatMinor = 0;
inline constexpr size_t kFileHeaderBytes = 64;

struct FileHeader {
  FileKind kind = FileKind::kBlock;
  uint64_t file_no = 0;
  Hash128 store_id;
  int64_t created_ns = 0;  // diagnostic only; 0: not known
  uint32_t incompatible_flags = 0;
};
/// Of a manifest: a confirmation stands in another sector than the header of what it confirms.
inline constexpr uint32_t kConfirmationsApart = 1;
/// Of a revision file: its pages have the columns of format 1.1.
inline constexpr uint32_t kRevisionOrigins = 1;
/// And those of format 1.2.
inline constexpr uint32_t kRevisionCounts = 2;
/// .. name late points behind each entry.
inline constexpr uint32_t kRevisionPoints = 4;

std::string EncodeFileHeader(const FileHeader& header);

/// Reads the header of `path`, which is `kind` number `file_no`. kCorruption: damaged, of another
/// kind, number or store (none: of any); kUnimplemented: a newer version wrote it.
Result<FileHeader> DecodeFileHeader(std::string_view bytes, FileKind kind, uint64_t file_no,
                                    const std::optional<Hash128>& store_id, std::string_view path);

/// CRC of bytes that lie at `offset` of file `file_no`: intact bytes elsewhere fail.
uint32_t PlacedCrc(uint64_t file_no, uint64_t offset, std::string_view bytes);

/// kCorruption, "PATH: byte OFFSET: WHAT".
Error Damage(std::string_view path, uint64_t offset, std::string_view what);

constexpr uint64_t PaddedTo8(uint64_t bytes) { return (bytes + 7) & ~uint64_t{7}; }

/// "0000000123" and what follows.
std::string NumberedName(uint64_t file_no, std::string_view suffix);
/// The number of such a name; none when it is not one.
std::optional<uint64_t> NumberOfName(std::string_view name, std::string_view suffix);

template <typename T>
T LoadAt(std::string_view bytes, size_t at) {
  T value{};
  bytes.copy(reinterpret_cast<char*>(&value), sizeof(T), at);
  return value;
}

}  // namespace tidemark::store
