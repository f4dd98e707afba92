// SPDX-License-Identifier: Apache-2.0
// Compressed, checksummed pages: what dictionary and revision files are made of. Bytes:
// docs/format/dictionary.md. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace tidemark::store {

inline constexpr size_t kPageHeaderBytes = 32;
/// storage.md 4.1. A page holds more only when one record is larger.
inline constexpr size_t kPageRawBytes = 64_KiB;
/// Above any record; what a header that passed its checksum could make a reader allocate.
inline constexpr size_t kPageRawBytesMax = 64_MiB;

struct PageHeader {
  uint32_t crc = 0;  // of the page but for these 4 bytes
  uint32_t stored_bytes = 0;
  uint32_t raw_bytes = 0;
  uint8_t codec = 0;  // 0 as they are, 1 zstd
  uint32_t link = 0;  // dictionary: CRC of the page before; revisions: number of entries
  uint64_t lsn = 0;   // the highest in the page

  /// Header, body and padding.
  uint64_t page_bytes() const;
};

/// Where a page lies: part of its checksum, and of messages.
struct PagePlace {
  std::string_view path;
  uint64_t file_no = 0;
  uint64_t offset = 0;
};

/// Fills what follows from `raw`, appends the page to `out` and returns its header.
PageHeader AppendPage(std::string_view raw, uint32_t link, uint64_t lsn, int zstd_level,
                      PagePlace place, std::string& out);

/// The header alone, not verified: says how many bytes to bring in. `bytes` has kPageHeaderBytes.
PageHeader PeekPage(std::string_view bytes);

/// Verifies the page that `bytes` is exactly, and replaces `raw` by what it holds. kCorruption.
Result<PageHeader> OpenPage(std::string_view bytes, PagePlace place, std::string& raw);

}  // namespace tidemark::store
