// SPDX-License-Identifier: Apache-2.0
// What a block file holds besides chunks: directory pages, sparse index, table shares, footer.
// docs/format/block.md, part "File", is the normative table; block_file_test.cpp holds its golden
// bytes. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/block/block_file.h"

namespace tidemark::store {

inline constexpr size_t kDirectoryPageBytes = 4096;
inline constexpr size_t kDirectoryEntryBytes = 32;
/// All pages but the last are full.
inline constexpr size_t kEntriesPerPage = kDirectoryPageBytes / kDirectoryEntryBytes - 1;
inline constexpr size_t kSparseEntryBytes = 8;
inline constexpr size_t kTableShareBytes = 32;
inline constexpr size_t kBlockFooterBytes = 160;
/// Offsets are stored in units of 8 bytes in 32 bits.
inline constexpr uint64_t kBlockFileBytesMax = uint64_t{8} << 32U;
/// Lengths are stored in units of 8 bytes in 24 bits.
inline constexpr uint64_t kChunkBytesMax = (uint64_t{1} << 27U) - 8;

struct BlockFooter {
  uint64_t directory_offset = 0;
  uint64_t sparse_offset = 0;
  uint64_t tables_offset = 0;
  uint64_t presence_offset = 0;
  uint32_t sparse_crc = 0;
  uint32_t tables_crc = 0;
  uint32_t presence_crc = 0;
  uint32_t chunks_crc = 0;  // over the first four bytes of each chunk, its own CRC, in order
  uint32_t pages = 0;
  uint32_t table_count = 0;
  BlockMeta meta;  // without bytes, file_no and tables until they are known
};

/// `offset` is where the footer lies; fills footer.meta.footer_crc.
std::string EncodeBlockFooter(BlockFooter& footer, uint64_t file_no, uint64_t offset);
/// kCorruption: damaged; its offsets and counts fit each other and `offset` otherwise.
Result<BlockFooter> DecodeBlockFooter(std::string_view bytes, uint64_t file_no, uint64_t offset,
                                      std::string_view path);

/// Appends the page of `entries` (1 to kEntriesPerPage).
void AppendDirectoryPage(std::span<const ChunkEntry> entries, uint64_t file_no, uint64_t offset,
                         std::string& out);
/// Checks everything inside the page: checksum, ascending entries without gaps, bounds.
Result<void> CheckDirectoryPage(std::string_view page, size_t entries, uint64_t file_no,
                                uint64_t offset, std::string_view path);
/// Entry `i` of a page that passed the check and is page number `page_index`.
ChunkEntry EntryAt(std::string_view page, size_t page_index, size_t i);
uint32_t EntrySeries(std::string_view page, size_t i);

std::string EncodeTableShares(std::span<const TableShare> tables);
std::vector<TableShare> DecodeTableShares(std::string_view bytes, size_t count);

}  // namespace tidemark::store
