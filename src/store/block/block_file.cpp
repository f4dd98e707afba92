// SPDX-License-Identifier: Apache-2.0
// 1. Nothing is used before its checksum passed once in this process: footer, sparse index, table
//    shares and presence in Open(), directory pages and chunks at their first use.
// 2. No mapped byte is touched before it was brought in (MappedStoreFile).
// Both hold under any number of threads: they may verify the same bytes twice, never use them
// early.
#include "store/block/block_file.h"

#include <algorithm>
#include <atomic>

#include <roaring/roaring.h>

#include "base/check.h"
#include "base/units.h"
#include "store/block/block_directory_internal.h"
#include "store/block/file_io_internal.h"

namespace tidemark::store {
namespace {

struct BitmapFree {
  void operator()(const roaring_bitmap_t* bitmap) const { roaring_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<const roaring_bitmap_t, BitmapFree>;

// Set once, never cleared.
class AtomicBits {
 public:
  explicit AtomicBits(size_t count) : words_((count + 63) / 64) {}
  bool Test(size_t i) const {
    return ((words_[i / 64].load(std::memory_order_acquire) >> (i % 64)) & 1U) != 0;
  }
  void Set(size_t i) {
    words_[i / 64].fetch_or(uint64_t{1} << (i % 64), std::memory_order_release);
  }

 private:
  std::vector<std::atomic<uint64_t>> words_;
};

struct PageBounds {
  uint32_t first_series = 0;
  uint32_t last_series = 0;
};

// Null: its bytes make no sense, or are not those of the footer's counts.
Bitmap ReadPresence(std::string_view bytes, const BlockMeta& meta) {
  Bitmap bitmap(roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size()));
  if (bitmap == nullptr) return nullptr;
  const bool fits = roaring_bitmap_get_cardinality(bitmap.get()) == meta.series &&
                    roaring_bitmap_minimum(bitmap.get()) == meta.first_series &&
                    roaring_bitmap_maximum(bitmap.get()) == meta.last_series &&
                    PaddedTo8(roaring_bitmap_portable_size_in_bytes(bitmap.get())) == bytes.size();
  return fits ? std::move(bitmap) : nullptr;
}

bool SameFooter(const BlockMeta& a, const BlockMeta& b) {
  return a.bytes == b.bytes && a.footer_crc == b.footer_crc && a.rows == b.rows &&
         a.chunks == b.chunks && a.series == b.series;
}

// Everything of a file but chunks and directory pages.
struct Frame {
  BlockFooter footer;
  std::vector<PageBounds> index;
  Bitmap presence;
};

// Reads the parts through `part(offset, size)`, which gives bytes or an error.
template <typename Part>
Result<Frame> ReadFrame(uint64_t file_bytes, uint64_t file_no, Hash128 store_id,
                        const std::string& path, const Part& part) {
  if (file_bytes < kFileHeaderBytes + kBlockFooterBytes) {
    return Damage(path, file_bytes, "it is shorter than header and footer");
  }
  {
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, part(0, kFileHeaderBytes));
    TM_RETURN_IF_ERROR(DecodeFileHeader(bytes, FileKind::kBlock, file_no, store_id, path));
  }
  Frame frame;
  const uint64_t footer_at = file_bytes - kBlockFooterBytes;
  {
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, part(footer_at, kBlockFooterBytes));
    TM_ASSIGN_OR_RETURN(frame.footer, DecodeBlockFooter(bytes, file_no, footer_at, path));
  }
  const BlockFooter& footer = frame.footer;
  const auto section = [&](uint64_t from, uint64_t to, uint32_t crc, std::string_view what) {
    return ReadSection(part, file_no, path, from, to, crc, what);
  };
  {
    TM_ASSIGN_OR_RETURN(
        const std::string_view bytes,
        section(footer.sparse_offset, footer.tables_offset, footer.sparse_crc, "directory index"));
    frame.index.resize(footer.pages);
    for (size_t i = 0; i < frame.index.size(); ++i) {
      PageBounds& page = frame.index[i];
      page.first_series = LoadAt<uint32_t>(bytes, i * kSparseEntryBytes);
      page.last_series = LoadAt<uint32_t>(bytes, i * kSparseEntryBytes + 4);
      if (page.first_series > page.last_series ||
          (i > 0 && page.first_series < frame.index[i - 1].last_series)) {
        return Damage(path, footer.sparse_offset, "the directory index is out of order");
      }
    }
  }
  {
    TM_ASSIGN_OR_RETURN(
        const std::string_view bytes,
        section(footer.tables_offset, footer.presence_offset, footer.tables_crc, "list of tables"));
    frame.footer.meta.tables = DecodeTableShares(bytes, footer.table_count);
  }
  TM_ASSIGN_OR_RETURN(
      const std::string_view bytes,
      section(footer.presence_offset, footer_at, footer.presence_crc, "presence bitmap"));
  frame.presence = ReadPresence(bytes, footer.meta);
  if (frame.presence == nullptr) {
    return Damage(path, footer.presence_offset, "the presence bitmap makes no sense");
  }
  return frame;
}

}  // namespace

struct BlockFile::Impl {
  Impl(FileSystem& files, std::string file_path, const BlockMeta& named, Hash128 id)
      : fs(files),
        path(std::move(file_path)),
        meta(named),
        store_id(id),
        pages_verified((named.chunks + kEntriesPerPage - 1) / kEntriesPerPage),
        chunks_verified(named.chunks) {}

  FileSystem& fs;
  const std::string path;
  const BlockMeta meta;
  const Hash128 store_id;
  MappedStoreFile map;
  Frame frame;
  mutable AtomicBits pages_verified;
  mutable AtomicBits chunks_verified;

  size_t pages() const { return frame.index.size(); }
  size_t entries_of(size_t page) const {
    return std::min<size_t>(kEntriesPerPage, meta.chunks - page * kEntriesPerPage);
  }

  uint64_t PageOffset(size_t page) const {
    return frame.footer.directory_offset + page * kDirectoryPageBytes;
  }

  Result<void> CheckPage(std::string_view bytes, size_t page) const {
    TM_RETURN_IF_ERROR(
        CheckDirectoryPage(bytes, entries_of(page), meta.file_no, PageOffset(page), path));
    const ChunkEntry last = EntryAt(bytes, page, entries_of(page) - 1);
    if (EntrySeries(bytes, 0) != frame.index[page].first_series ||
        last.series != frame.index[page].last_series ||
        last.offset + last.bytes > frame.footer.directory_offset) {
      return Damage(path, PageOffset(page), "the directory page is another than the index says");
    }
    return {};
  }

  Result<std::string_view> PageBytes(size_t page) const {
    if (pages_verified.Test(page)) {
      return map.Resident(PageOffset(page), kDirectoryPageBytes);
    }
    TM_ASSIGN_OR_RETURN(const std::string_view bytes,
                        map.Bytes(PageOffset(page), kDirectoryPageBytes));
    TM_RETURN_IF_ERROR(CheckPage(bytes, page));
    pages_verified.Set(page);
    return bytes;
  }

  Error ChunkDamage(const ChunkEntry& entry, std::string_view what) const {
    return Damage(path, entry.offset,
                  "chunk of series " + std::to_string(entry.series) + ", times " +
                      std::to_string(entry.min_time) + " to " + std::to_string(entry.max_time) +
                      ": " + std::string(what));
  }

  Result<Chunk> OpenChunk(std::string_view bytes, const ChunkEntry& entry,
                          Chunk::Verify verify) const {
    auto chunk = Chunk::Open(bytes, {meta.file_no, entry.offset}, verify);
    if (!chunk.ok()) {
      if (chunk.error().code != Code::kCorruption) return std::move(chunk).error().With(path);
      return ChunkDamage(entry, chunk.error().message);
    }
    if (chunk->series() != entry.series || chunk->rows() != entry.rows ||
        chunk->min_time() != entry.min_time) {
      return ChunkDamage(entry, "it is another than the directory says");
    }
    return chunk;
  }

  Result<void> VerifyPage(std::string_view page_bytes, size_t page, uint64_t& next_offset,
                          ChunkEntry& last, BlockMeta& counted) const {
    TM_RETURN_IF_ERROR(CheckPage(page_bytes, page));
    for (size_t i = 0; i < entries_of(page); ++i) {
      const ChunkEntry entry = EntryAt(page_bytes, page, i);
      const bool first = entry.index == 0;
      if (entry.offset != next_offset ||
          (!first && (entry.series < last.series ||
                      (entry.series == last.series && entry.min_time <= last.max_time)))) {
        return Damage(path, PageOffset(page), "the directory has a gap, or is out of order");
      }
      counted.rows += entry.rows;
      if (first || entry.series != last.series) ++counted.series;
      counted.min_time = first ? entry.min_time : std::min(counted.min_time, entry.min_time);
      counted.max_time = first ? entry.max_time : std::max(counted.max_time, entry.max_time);
      next_offset += entry.bytes;
      last = entry;
    }
    return {};
  }
};

BlockFile::BlockFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockFile::~BlockFile() = default;

Result<std::shared_ptr<BlockFile>> BlockFile::Open(FileSystem& fs, std::string path,
                                                   const BlockMeta& meta, Hash128 store_id) {
  auto impl = std::make_unique<Impl>(fs, std::move(path), meta, store_id);
  TM_ASSIGN_OR_RETURN(impl->map, MappedStoreFile::Open(fs, impl->path, meta.bytes));
  TM_ASSIGN_OR_RETURN(impl->frame,
                      ReadFrame(meta.bytes, meta.file_no, store_id, impl->path,
                                [&](uint64_t at, size_t n) { return impl->map.Bytes(at, n); }));
  if (!SameFooter(impl->frame.footer.meta, meta)) {
    return Damage(impl->path, meta.bytes - kBlockFooterBytes,
                  "the footer is not the one that the manifest names (an older or another file)");
  }
  return std::shared_ptr<BlockFile>(new BlockFile(std::move(impl)));
}

Result<BlockMeta> BlockFile::ReadMeta(FileSystem& fs, const std::string& path, uint64_t file_no,
                                      Hash128 store_id) {
  TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(fs, path));
  TM_ASSIGN_OR_RETURN(Frame frame,
                      ReadFrame(reader.size(), file_no, store_id, path,
                                [&](uint64_t at, size_t n) { return reader.View(at, n); }));
  return std::move(frame.footer.meta);
}

const BlockMeta& BlockFile::meta() const { return impl_->meta; }
const std::string& BlockFile::path() const { return impl_->path; }
size_t BlockFile::pages() const { return impl_->pages(); }

bool BlockFile::Has(uint32_t series) const {
  return roaring_bitmap_contains(impl_->frame.presence.get(), series);
}

size_t BlockFile::PageOf(uint32_t series) const {
  const auto& index = impl_->frame.index;
  const auto at = std::partition_point(index.begin(), index.end(), [&](const PageBounds& page) {
    return page.last_series < series;
  });
  return std::min(static_cast<size_t>(at - index.begin()), index.size() - 1);
}

Result<void> BlockFile::Find(uint32_t series, int64_t start, int64_t end,
                             std::vector<ChunkEntry>& out) const {
  if (start >= end || !Has(series)) return {};
  const auto& index = impl_->frame.index;
  for (size_t page = PageOf(series); page < index.size(); ++page) {
    if (index[page].first_series > series) break;
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, impl_->PageBytes(page));
    const size_t count = impl_->entries_of(page);
    size_t low = 0;
    for (size_t high = count; low < high;) {
      const size_t middle = (low + high) / 2;
      if (EntrySeries(bytes, middle) < series) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (; low < count && EntrySeries(bytes, low) == series; ++low) {
      const ChunkEntry entry = EntryAt(bytes, page, low);
      if (entry.min_time >= end) return {};
      if (entry.max_time >= start) out.push_back(entry);
    }
  }
  return {};
}

Result<void> BlockFile::Page(size_t page, std::vector<ChunkEntry>& out) const {
  out.clear();
  TM_CHECK(page < impl_->pages());
  TM_ASSIGN_OR_RETURN(const std::string_view bytes, impl_->PageBytes(page));
  const size_t count = impl_->entries_of(page);
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) out.push_back(EntryAt(bytes, page, i));
  return {};
}

Result<Chunk> BlockFile::Load(const ChunkEntry& entry) const {
  TM_CHECK(entry.index < impl_->meta.chunks);
  if (impl_->chunks_verified.Test(entry.index)) {
    return impl_->OpenChunk(impl_->map.Resident(entry.offset, entry.bytes), entry,
                            Chunk::Verify::kNo);
  }
  TM_ASSIGN_OR_RETURN(const std::string_view bytes, impl_->map.Bytes(entry.offset, entry.bytes));
  auto chunk = impl_->OpenChunk(bytes, entry, Chunk::Verify::kYes);
  if (chunk.ok()) impl_->chunks_verified.Set(entry.index);
  return chunk;
}

Result<void> BlockFile::Verify() const {
  const Impl& file = *impl_;
  TM_ASSIGN_OR_RETURN(BufferedReader pages, BufferedReader::Open(file.fs, file.path));
  TM_ASSIGN_OR_RETURN(BufferedReader chunks, BufferedReader::Open(file.fs, file.path));
  TM_ASSIGN_OR_RETURN(const Frame frame,
                      ReadFrame(pages.size(), file.meta.file_no, file.store_id, file.path,
                                [&](uint64_t at, size_t n) { return pages.View(at, n); }));
  if (!SameFooter(frame.footer.meta, file.meta)) {
    return Damage(file.path, pages.size(), "the footer changed");
  }
  BlockMeta counted;
  uint64_t next_offset = kFileHeaderBytes;
  uint32_t chunks_crc = 0;
  ChunkEntry last;
  for (size_t page = 0; page < file.pages(); ++page) {
    uint64_t offset = next_offset;
    TM_ASSIGN_OR_RETURN(const std::string_view bytes,
                        pages.View(file.PageOffset(page), kDirectoryPageBytes));
    TM_RETURN_IF_ERROR(file.VerifyPage(bytes, page, next_offset, last, counted));
    for (size_t i = 0; i < file.entries_of(page); ++i) {
      const ChunkEntry entry = EntryAt(bytes, page, i);
      TM_ASSIGN_OR_RETURN(const std::string_view chunk, chunks.View(offset, entry.bytes));
      TM_RETURN_IF_ERROR(file.OpenChunk(chunk, entry, Chunk::Verify::kYes));
      chunks_crc = Crc32c(chunks_crc, chunk.substr(0, sizeof(uint32_t)));
      offset += entry.bytes;
    }
  }
  if (next_offset != frame.footer.directory_offset || chunks_crc != frame.footer.chunks_crc ||
      counted.rows != file.meta.rows || counted.series != file.meta.series ||
      counted.min_time != file.meta.min_time || counted.max_time != file.meta.max_time) {
    return Damage(file.path, file.frame.footer.directory_offset,
                  "the directory is not that of the chunks, or the footer's counts are wrong");
  }
  return {};
}

}  // namespace tidemark::store
