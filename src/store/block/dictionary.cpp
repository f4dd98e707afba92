// SPDX-License-Identifier: Apache-2.0
// 1. The extent that the manifest names ends at a page, was synced before the manifest named it,
//    and is never written again: a crash can only leave bytes behind it.
// 2. Those bytes are cut off (and the cut synced) before anything is appended.
// 3. A file whose append or sync failed is never appended to again (storage.md 2.5).
#include "store/block/dictionary.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "store/block/file_io_internal.h"
#include "store/block/page_internal.h"

namespace tidemark::store {
namespace {

// Dictionary.StaysSmall, 20,000 series of eight dimensions: 6.3 bytes a series; 8.1 at level 1.
constexpr int kZstdLevel = 3;
constexpr size_t kRecordHeaderBytes = 8;  // docs/format/journal.md, section 3
constexpr size_t kWriteBytes = 1_MiB;

// Bytes of the leading whole records that fill a page.
Result<size_t> PageOfRecords(std::string_view records) {
  size_t end = 0;
  while (end < records.size()) {
    if (records.size() - end < kRecordHeaderBytes) {
      return Error{Code::kInvalidArgument, "dictionary: half a record"};
    }
    const size_t size = kRecordHeaderBytes + LoadAt<uint32_t>(records, end + 4);
    if (size > records.size() - end || size > kPageRawBytesMax) {
      return Error{Code::kInvalidArgument, "dictionary: half a record, or one above 64 MiB"};
    }
    if (end > 0 && end + size > kPageRawBytes) break;
    end += size;
  }
  return end;
}

Result<void> ReadPages(FileSystem& fs, const std::string& path, Hash128 store_id,
                       const DictionaryExtent& extent, const Dictionary::Visitor& visitor) {
  TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(fs, path));
  if (reader.size() < extent.bytes || extent.bytes < kFileHeaderBytes) {
    return Damage(path, reader.size(),
                  "the dictionary ends early; the manifest counts " + std::to_string(extent.bytes) +
                      " bytes");
  }
  TM_ASSIGN_OR_RETURN(const std::string_view head, reader.View(0, kFileHeaderBytes));
  TM_RETURN_IF_ERROR(DecodeFileHeader(head, FileKind::kDictionary, extent.file_no, store_id, path));
  uint32_t chain = 0;
  std::string raw;
  for (uint64_t at = kFileHeaderBytes; at < extent.bytes;) {
    const uint64_t left = extent.bytes - at;
    if (left < kPageHeaderBytes) return Damage(path, at, "half a page");
    TM_ASSIGN_OR_RETURN(const std::string_view peek, reader.View(at, kPageHeaderBytes));
    const uint64_t bytes = PeekPage(peek).page_bytes();
    if (bytes > left) return Damage(path, at, "the page reaches beyond the end that counts");
    TM_ASSIGN_OR_RETURN(const std::string_view page, reader.View(at, static_cast<size_t>(bytes)));
    TM_ASSIGN_OR_RETURN(const PageHeader header, OpenPage(page, {path, extent.file_no, at}, raw));
    if (header.link != chain) return Damage(path, at, "the page does not follow the one before");
    chain = header.crc;
    if (auto visited = visitor(header.lsn, raw); !visited.ok()) {
      return std::move(visited).error().With(path + ": byte " + std::to_string(at));
    }
    at += bytes;
  }
  if (chain != extent.chain) {
    return Damage(path, extent.bytes, "the last page is not the one that the manifest names");
  }
  return {};
}

}  // namespace

std::string DictionaryFileName(uint64_t file_no) { return NumberedName(file_no, ".sdx"); }

struct Dictionary::Impl {
  Impl(FileSystem& files, std::string folder, Hash128 id)
      : fs(files), dir(std::move(folder)), store_id(id) {}

  FileSystem& fs;
  const std::string dir;
  const Hash128 store_id;
  DictionaryExtent extent;
  std::unique_ptr<AppendFile> file;  // of `extent`, ready to append behind it; null: not open yet
  bool failed = false;               // rule 3

  std::string PathOf(uint64_t file_no) const { return JoinPath(dir, DictionaryFileName(file_no)); }

  Result<void> OpenAtEnd() {
    const std::string path = PathOf(extent.file_no);
    TM_ASSIGN_OR_RETURN(const uint64_t size, fs.FileSize(path));
    if (size < extent.bytes) return Damage(path, size, "the dictionary ends early");
    if (size > extent.bytes) TM_RETURN_IF_ERROR(fs.Truncate(path, extent.bytes));
    TM_ASSIGN_OR_RETURN(file, fs.OpenAppend(path, OpenMode::kOpenExisting));
    return {};
  }

  Result<void> Create(uint64_t file_no) {
    TM_ASSIGN_OR_RETURN(file, fs.OpenAppend(PathOf(file_no), OpenMode::kTruncate));
    const std::string header = EncodeFileHeader({FileKind::kDictionary, file_no, store_id, 0});
    TM_RETURN_IF_ERROR(file->Append(AsBytes(header)));
    extent = {file_no, header.size(), 0};
    return {};
  }

  // Pages behind `extent`, synced.
  Result<void> AppendPages(uint64_t lsn, std::string_view records) {
    DictionaryExtent next = extent;
    const std::string path = PathOf(extent.file_no);
    std::string out;
    uint64_t flushed = extent.bytes;
    while (!records.empty()) {
      TM_ASSIGN_OR_RETURN(const size_t size, PageOfRecords(records));
      const PageHeader page = AppendPage(records.substr(0, size), next.chain, lsn, kZstdLevel,
                                         {path, next.file_no, next.bytes}, out);
      records.remove_prefix(size);
      next.bytes += page.page_bytes();
      next.chain = page.crc;
      if (out.size() < kWriteBytes && !records.empty()) continue;
      TM_RETURN_IF_ERROR(file->Append(AsBytes(out)));
      flushed += out.size();
      out.clear();
    }
    TM_CHECK(flushed == next.bytes);
    TM_RETURN_IF_ERROR(file->Sync());
    extent = next;
    return {};
  }

  Result<void> AppendToNew(uint64_t file_no, uint64_t lsn, std::string_view records) {
    TM_RETURN_IF_ERROR(Create(file_no));
    TM_RETURN_IF_ERROR(AppendPages(lsn, records));
    return fs.SyncDir(dir);
  }

  // On an error `extent` is the one before and rule 3 holds.
  template <typename Work>
  Result<DictionaryExtent> Guard(const Work& work) {
    const DictionaryExtent before = extent;
    if (auto done = work(); !done.ok()) {
      extent = before;
      file = nullptr;
      failed = true;
      return std::move(done).error().With("write the series dictionary");
    }
    failed = false;
    return extent;
  }
};

Dictionary::Dictionary(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dictionary::~Dictionary() = default;

Result<std::unique_ptr<Dictionary>> Dictionary::Open(FileSystem& fs, std::string dir,
                                                     Hash128 store_id,
                                                     const DictionaryExtent& extent,
                                                     const Visitor& visitor) {
  auto impl = std::make_unique<Impl>(fs, std::move(dir), store_id);
  impl->extent = extent;
  if (extent.file_no != 0) {
    TM_RETURN_IF_ERROR(ReadPages(fs, impl->PathOf(extent.file_no), store_id, extent, visitor));
  }
  return std::unique_ptr<Dictionary>(new Dictionary(std::move(impl)));
}

Result<DictionaryExtent> Dictionary::Append(uint64_t lsn, std::string_view records,
                                            uint64_t file_no_if_new) {
  if (records.empty() && !impl_->failed) return impl_->extent;
  return impl_->Guard([&]() -> Result<void> {
    if (impl_->extent.file_no == 0 || impl_->failed) {
      return impl_->AppendToNew(file_no_if_new, lsn, records);
    }
    if (impl_->file == nullptr) TM_RETURN_IF_ERROR(impl_->OpenAtEnd());
    return impl_->AppendPages(lsn, records);
  });
}

Result<DictionaryExtent> Dictionary::Rewrite(uint64_t file_no, uint64_t lsn,
                                             std::string_view records) {
  return impl_->Guard([&] { return impl_->AppendToNew(file_no, lsn, records); });
}

void Dictionary::Revert(const DictionaryExtent& named) {
  Impl& d = *impl_;
  if (d.extent == named) return;
  // A new file beside one that is named was a rewrite, since that one failed: it stays distrusted.
  d.failed = named.file_no != 0 && d.extent.file_no != named.file_no;
  d.extent = named;
  d.file = nullptr;  // OpenAtEnd() cuts
}

bool Dictionary::needs_rewrite() const { return impl_->failed; }
const DictionaryExtent& Dictionary::extent() const { return impl_->extent; }
std::string Dictionary::PathOf(uint64_t file_no) const { return impl_->PathOf(file_no); }

Result<void> Dictionary::Verify(FileSystem& fs, const std::string& path, Hash128 store_id,
                                const DictionaryExtent& extent) {
  return ReadPages(fs, path, store_id, extent,
                   [](uint64_t, std::string_view) -> Result<void> { return {}; });
}

Result<Dictionary::FoundExtent> Dictionary::FindExtent(FileSystem& fs, const std::string& path,
                                                       uint64_t file_no, Hash128 store_id) {
  TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(fs, path));
  {
    TM_ASSIGN_OR_RETURN(const std::string_view head, reader.View(0, kFileHeaderBytes));
    TM_RETURN_IF_ERROR(DecodeFileHeader(head, FileKind::kDictionary, file_no, store_id, path));
  }
  FoundExtent found{{file_no, kFileHeaderBytes, 0}, 0};
  std::string raw;
  while (reader.size() - found.extent.bytes >= kPageHeaderBytes) {
    const uint64_t at = found.extent.bytes;
    TM_ASSIGN_OR_RETURN(const std::string_view peek, reader.View(at, kPageHeaderBytes));
    const uint64_t bytes = PeekPage(peek).page_bytes();
    if (bytes > reader.size() - at) break;
    TM_ASSIGN_OR_RETURN(const std::string_view page, reader.View(at, static_cast<size_t>(bytes)));
    const auto header = OpenPage(page, {path, file_no, at}, raw);
    if (!header.ok() || header->link != found.extent.chain) break;
    found.extent.bytes += bytes;
    found.extent.chain = header->crc;
    found.record_bytes += header->raw_bytes;
  }
  return found;
}

}  // namespace tidemark::store
