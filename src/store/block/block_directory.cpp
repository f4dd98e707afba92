// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/block_directory_internal.h"
#include "store/block/file_header_internal.h"

namespace tidemark::store {
namespace {

constexpr std::string_view kEndMagic("\x89TSEBEND", 8);
constexpr size_t kFooterCrcAt = 148;
constexpr unsigned kLengthBits = 24;

size_t EntryOffset(size_t i) { return (i + 1) * kDirectoryEntryBytes; }

}  // namespace

std::string EncodeBlockFooter(BlockFooter& footer, uint64_t file_no, uint64_t offset) {
  BlockMeta& meta = footer.meta;
  ByteWriter out;
  out.PutU64(footer.directory_offset);
  out.PutU64(footer.sparse_offset);
  out.PutU64(footer.tables_offset);
  out.PutU64(footer.presence_offset);
  out.PutU64(meta.rows);
  out.PutU32(meta.chunks);
  out.PutU32(meta.series);
  out.PutU32(meta.first_series);
  out.PutU32(meta.last_series);
  out.PutI64(meta.min_time);
  out.PutI64(meta.max_time);
  out.PutU64(meta.min_lsn);
  out.PutU64(meta.max_lsn);
  out.PutI64(meta.partition_start);
  out.PutI64(meta.partition_end);
  out.PutU8(static_cast<uint8_t>(meta.level));
  out.PutU8(0);
  out.PutU16(0);
  out.PutU32(footer.table_count);
  out.PutU32(footer.sparse_crc);
  out.PutU32(footer.tables_crc);
  out.PutU32(footer.presence_crc);
  out.PutU32(footer.chunks_crc);
  out.PutU32(0);  // schema epoch: reserved
  out.PutU32(footer.pages);
  out.PutU64(0);
  out.PutU32(0);
  TM_CHECK(out.size() == kFooterCrcAt);
  meta.footer_crc = PlacedCrc(file_no, offset, out.view());
  out.PutU32(meta.footer_crc);
  out.PutRaw(kEndMagic);
  return std::move(out).Take();
}

Result<BlockFooter> DecodeBlockFooter(std::string_view bytes, uint64_t file_no, uint64_t offset,
                                      std::string_view path) {
  if (bytes.size() != kBlockFooterBytes || !bytes.ends_with(kEndMagic)) {
    return Damage(path, offset, "the footer is missing (cut short or damaged)");
  }
  BlockFooter footer;
  BlockMeta& meta = footer.meta;
  meta.footer_crc = LoadAt<uint32_t>(bytes, kFooterCrcAt);
  if (meta.footer_crc != PlacedCrc(file_no, offset, bytes.substr(0, kFooterCrcAt))) {
    return Damage(path, offset, "the footer fails its checksum");
  }
  ByteReader in(bytes);
  footer.directory_offset = in.GetU64();
  footer.sparse_offset = in.GetU64();
  footer.tables_offset = in.GetU64();
  footer.presence_offset = in.GetU64();
  meta.rows = in.GetU64();
  meta.chunks = in.GetU32();
  meta.series = in.GetU32();
  meta.first_series = in.GetU32();
  meta.last_series = in.GetU32();
  meta.min_time = in.GetI64();
  meta.max_time = in.GetI64();
  meta.min_lsn = in.GetU64();
  meta.max_lsn = in.GetU64();
  meta.partition_start = in.GetI64();
  meta.partition_end = in.GetI64();
  const uint8_t level = in.GetU8();
  meta.level = static_cast<FileLevel>(level);
  in.GetU8();
  in.GetU16();
  footer.table_count = in.GetU32();
  footer.sparse_crc = in.GetU32();
  footer.tables_crc = in.GetU32();
  footer.presence_crc = in.GetU32();
  footer.chunks_crc = in.GetU32();
  in.GetU32();
  footer.pages = in.GetU32();
  meta.file_no = file_no;
  meta.bytes = offset + kBlockFooterBytes;
  const uint64_t pages = (uint64_t{meta.chunks} + kEntriesPerPage - 1) / kEntriesPerPage;
  const bool fits = meta.chunks > 0 && footer.pages == pages &&
                    level <= static_cast<uint8_t>(FileLevel::kBase) &&
                    footer.directory_offset > kFileHeaderBytes &&
                    footer.directory_offset % 8 == 0 && footer.directory_offset <= offset &&
                    footer.sparse_offset - footer.directory_offset == pages * kDirectoryPageBytes &&
                    footer.tables_offset - footer.sparse_offset == pages * kSparseEntryBytes &&
                    footer.presence_offset - footer.tables_offset ==
                        uint64_t{footer.table_count} * kTableShareBytes &&
                    footer.presence_offset <= offset;
  if (!fits) return Damage(path, offset, "the footer's offsets and counts do not add up");
  return footer;
}

void AppendDirectoryPage(std::span<const ChunkEntry> entries, uint64_t file_no, uint64_t offset,
                         std::string& out) {
  TM_CHECK(!entries.empty() && entries.size() <= kEntriesPerPage);
  int64_t min_time = entries[0].min_time;
  int64_t max_time = entries[0].max_time;
  for (const ChunkEntry& e : entries) {
    min_time = std::min(min_time, e.min_time);
    max_time = std::max(max_time, e.max_time);
  }
  ByteWriter page;
  page.PutU32(0);
  page.PutU16(static_cast<uint16_t>(entries.size()));
  page.PutU16(0);
  page.PutU32(entries.front().series);
  page.PutU32(entries.back().series);
  page.PutI64(min_time);
  page.PutI64(max_time);
  for (const ChunkEntry& e : entries) {
    page.PutU32(e.series);
    page.PutU32(e.rows);
    page.PutU32(static_cast<uint32_t>(e.offset / 8));
    page.PutU32(e.bytes / 8);  // flags, the high byte: 0
    page.PutI64(e.min_time);
    page.PutI64(e.max_time);
  }
  while (page.size() < kDirectoryPageBytes) page.PutU64(0);
  page.PatchAt<uint32_t>(0, PlacedCrc(file_no, offset, page.view().substr(sizeof(uint32_t))));
  out.append(page.view());
}

uint32_t EntrySeries(std::string_view page, size_t i) {
  return LoadAt<uint32_t>(page, EntryOffset(i));
}

ChunkEntry EntryAt(std::string_view page, size_t page_index, size_t i) {
  const size_t at = EntryOffset(i);
  ChunkEntry e;
  e.series = LoadAt<uint32_t>(page, at);
  e.rows = LoadAt<uint32_t>(page, at + 4);
  e.offset = uint64_t{LoadAt<uint32_t>(page, at + 8)} * 8;
  e.bytes = (LoadAt<uint32_t>(page, at + 12) & ((1U << kLengthBits) - 1)) * 8;
  e.min_time = LoadAt<int64_t>(page, at + 16);
  e.max_time = LoadAt<int64_t>(page, at + 24);
  e.index = static_cast<uint32_t>(page_index * kEntriesPerPage + i);
  return e;
}

Result<void> CheckDirectoryPage(std::string_view page, size_t entries, uint64_t file_no,
                                uint64_t offset, std::string_view path) {
  const auto damaged = [&](std::string_view what) {
    return Damage(path, offset, "the directory page " + std::string(what));
  };
  if (LoadAt<uint32_t>(page, 0) != PlacedCrc(file_no, offset, page.substr(sizeof(uint32_t)))) {
    return damaged("fails its checksum");
  }
  if (LoadAt<uint16_t>(page, 4) != entries) return damaged("has a wrong number of entries");
  int64_t min_time = std::numeric_limits<int64_t>::max();
  int64_t max_time = std::numeric_limits<int64_t>::min();
  ChunkEntry last;
  for (size_t i = 0; i < entries; ++i) {
    const ChunkEntry e = EntryAt(page, 0, i);
    const bool fits = e.rows > 0 && e.rows <= kChunkRowsMax && e.bytes > 0 &&
                      e.min_time <= e.max_time && e.offset >= kFileHeaderBytes &&
                      LoadAt<uint8_t>(page, EntryOffset(i) + 15) == 0;
    const bool follows =
        i == 0 ||
        (e.offset == last.offset + last.bytes &&
         (e.series > last.series || (e.series == last.series && e.min_time > last.max_time)));
    if (!fits || !follows) return damaged("holds an entry that makes no sense");
    min_time = std::min(min_time, e.min_time);
    max_time = std::max(max_time, e.max_time);
    last = e;
  }
  if (LoadAt<uint32_t>(page, 8) != EntrySeries(page, 0) ||
      LoadAt<uint32_t>(page, 12) != last.series || LoadAt<int64_t>(page, 16) != min_time ||
      LoadAt<int64_t>(page, 24) != max_time) {
    return damaged("has bounds that are not those of its entries");
  }
  return {};
}

std::string EncodeTableShares(std::span<const TableShare> tables) {
  ByteWriter out;
  for (const TableShare& share : tables) {
    out.PutU32(share.table.value);
    out.PutU32(0);
    out.PutU64(share.rows);
    out.PutI64(share.min_time);
    out.PutI64(share.max_time);
  }
  return std::move(out).Take();
}

std::vector<TableShare> DecodeTableShares(std::string_view bytes, size_t count) {
  ByteReader in(bytes);
  std::vector<TableShare> tables(count);
  for (TableShare& share : tables) {
    share.table.value = in.GetU32();
    in.GetU32();
    share.rows = in.GetU64();
    share.min_time = in.GetI64();
    share.max_time = in.GetI64();
  }
  return tables;
}

}  // namespace tidemark::store
