// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <roaring/roaring.h>

#include "base/check.h"
#include "store/block/block_directory_internal.h"
#include "store/block/block_file.h"
#include "store/block/file_io_internal.h"

namespace tidemark::store {
namespace {

struct BitmapFree {
  void operator()(roaring_bitmap_t* bitmap) const { roaring_bitmap_free(bitmap); }
};

Error Wrong(std::string_view what) {
  return Error{Code::kInvalidArgument, "block file: " + std::string(what)};
}

}  // namespace

struct BlockFileWriter::Impl {
  explicit Impl(FileSink out) : sink(std::move(out)) {}

  FileSink sink;
  std::vector<ChunkEntry> entries;  // all
  std::unique_ptr<roaring_bitmap_t, BitmapFree> presence{roaring_bitmap_create()};
  std::map<TableId, TableShare> tables;
  BlockFooter footer;
  bool finished = false;

  // One chunk, or more when it would pass what a directory entry can say.
  Result<void> AddChunk(uint32_t series, const RowColumns& rows, size_t from, size_t to,
                        Effort effort) {
    const uint64_t at = sink.offset();
    const size_t before = sink.buffer().size();
    EncodeChunk(rows, from, to, series, effort, {sink.file_no(), at}, sink.buffer());
    const size_t bytes = sink.buffer().size() - before;
    if (bytes > kChunkBytesMax) {
      if (to - from == 1) return Wrong("a row takes more than 128 MiB");
      sink.buffer().resize(before);
      const size_t middle = from + (to - from) / 2;
      TM_RETURN_IF_ERROR(AddChunk(series, rows, from, middle, effort));
      return AddChunk(series, rows, middle, to, effort);
    }
    if (at + bytes > kBlockFileBytesMax) return Wrong("it would pass 32 GiB");
    TM_CHECK(bytes > 0 && bytes % 8 == 0);
    footer.chunks_crc =
        Crc32c(footer.chunks_crc, std::string_view(sink.buffer()).substr(before, sizeof(uint32_t)));
    entries.push_back({series, static_cast<uint32_t>(to - from), at, static_cast<uint32_t>(bytes),
                       rows.times[from], rows.times[to - 1],
                       static_cast<uint32_t>(entries.size())});
    return sink.FlushIfFull();
  }

  void Count(TableId table, uint32_t series, const RowColumns& rows) {
    BlockMeta& meta = footer.meta;
    const int64_t first = rows.times.front();
    const int64_t last = rows.times.back();
    const auto [share, is_new] = tables.emplace(table, TableShare{table, 0, first, last});
    share->second.rows += rows.rows();
    share->second.min_time = std::min(share->second.min_time, first);
    share->second.max_time = std::max(share->second.max_time, last);
    if (meta.rows == 0) {
      meta.first_series = series;
      meta.min_time = first;
      meta.max_time = last;
    }
    if (meta.rows == 0 || series != meta.last_series) ++meta.series;
    meta.rows += rows.rows();
    meta.last_series = series;
    meta.min_time = std::min(meta.min_time, first);
    meta.max_time = std::max(meta.max_time, last);
    roaring_bitmap_add(presence.get(), series);
  }

  // Directory pages, sparse index, table shares, presence, footer: everything behind the chunks.
  std::string Tail(const Bounds& bounds) {
    BlockMeta& meta = footer.meta;
    footer.directory_offset = sink.offset();
    std::string tail;
    ByteWriter sparse;
    for (size_t at = 0; at < entries.size(); at += kEntriesPerPage) {
      const size_t count = std::min(kEntriesPerPage, entries.size() - at);
      const auto page = std::span(entries).subspan(at, count);
      AppendDirectoryPage(page, sink.file_no(), footer.directory_offset + tail.size(), tail);
      sparse.PutU32(page.front().series);
      sparse.PutU32(page.back().series);
      ++footer.pages;
    }
    const auto add = [&](std::string_view bytes, uint64_t& where, uint32_t& crc) {
      where = footer.directory_offset + tail.size();
      crc = PlacedCrc(sink.file_no(), where, bytes);
      tail.append(bytes);
    };
    add(sparse.view(), footer.sparse_offset, footer.sparse_crc);
    for (const auto& [table, share] : tables) meta.tables.push_back(share);
    footer.table_count = static_cast<uint32_t>(meta.tables.size());
    add(EncodeTableShares(meta.tables), footer.tables_offset, footer.tables_crc);
    roaring_bitmap_run_optimize(presence.get());
    std::string bitmap(roaring_bitmap_portable_size_in_bytes(presence.get()), '\0');
    roaring_bitmap_portable_serialize(presence.get(), bitmap.data());
    bitmap.resize(static_cast<size_t>(PaddedTo8(bitmap.size())));
    add(bitmap, footer.presence_offset, footer.presence_crc);
    meta.chunks = static_cast<uint32_t>(entries.size());
    meta.level = bounds.level;
    meta.partition_start = bounds.partition_start;
    meta.partition_end = bounds.partition_end;
    meta.min_lsn = bounds.min_lsn;
    meta.max_lsn = bounds.max_lsn;
    const uint64_t footer_offset = footer.directory_offset + tail.size();
    tail += EncodeBlockFooter(footer, sink.file_no(), footer_offset);
    meta.file_no = sink.file_no();
    meta.bytes = footer_offset + kBlockFooterBytes;
    return tail;
  }
};

BlockFileWriter::BlockFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockFileWriter::~BlockFileWriter() = default;

Result<std::unique_ptr<BlockFileWriter>> BlockFileWriter::Create(FileSystem& fs, std::string path,
                                                                 uint64_t file_no, Hash128 store_id,
                                                                 int64_t created_ns) {
  TM_ASSIGN_OR_RETURN(
      FileSink sink,
      FileSink::Create(fs, std::move(path), {FileKind::kBlock, file_no, store_id, created_ns}));
  auto impl = std::make_unique<Impl>(std::move(sink));
  return std::unique_ptr<BlockFileWriter>(new BlockFileWriter(std::move(impl)));
}

Result<void> BlockFileWriter::Add(TableId table, uint32_t series, const RowColumns& rows,
                                  Effort effort, size_t chunk_rows_max) {
  if (rows.rows() == 0) return {};
  if (chunk_rows_max == 0 || chunk_rows_max > kChunkRowsMax) return Wrong("rows per chunk");
  if (!impl_->entries.empty()) {
    const ChunkEntry& last = impl_->entries.back();
    if (series < last.series || (series == last.series && rows.times[0] <= last.max_time)) {
      return Wrong("series " + std::to_string(series) + " comes out of order");
    }
  }
  // Even pieces: one chunk of 8,192 rows and one of a single row would cost a chunk for nothing.
  const size_t pieces = (rows.rows() + chunk_rows_max - 1) / chunk_rows_max;
  size_t from = 0;
  for (size_t i = 0; i < pieces; ++i) {
    const size_t to = from + (rows.rows() - from) / (pieces - i);
    TM_RETURN_IF_ERROR(impl_->AddChunk(series, rows, from, to, effort));
    from = to;
  }
  impl_->Count(table, series, rows);
  return {};
}

uint64_t BlockFileWriter::bytes() const { return impl_->sink.offset(); }
uint64_t BlockFileWriter::rows() const { return impl_->footer.meta.rows; }

Result<BlockMeta> BlockFileWriter::Finish(const Bounds& bounds) {
  TM_CHECK(!impl_->finished);
  impl_->finished = true;
  if (impl_->entries.empty()) return Wrong("it would hold no rows");
  const std::string tail = impl_->Tail(bounds);
  TM_RETURN_IF_ERROR(impl_->sink.Finish(tail));
  return impl_->footer.meta;
}

}  // namespace tidemark::store
