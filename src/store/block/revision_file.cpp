// SPDX-License-Identifier: Apache-2.0
// Pages are verified each time they are read: revisions are read rarely, and a page costs a few
// microseconds.
#include "store/block/revision_file.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "store/block/file_io_internal.h"
#include "store/block/page_internal.h"
#include "store/block/revision_page_internal.h"

namespace tidemark::store {
namespace {

bool SameFooter(const RevisionMeta& a, const RevisionMeta& b) {
  return a.bytes == b.bytes && a.footer_crc == b.footer_crc && a.entries == b.entries;
}

// Everything of a file but pages.
struct Frame {
  RevisionFooter footer;
  std::vector<RevisionPageInfo> index;
};

// Whether the pages lie back to back between header and index, in order.
bool IndexFits(const Frame& frame) {
  uint64_t offset = kFileHeaderBytes;
  uint64_t entries = 0;
  std::pair<uint32_t, int64_t> last{0, std::numeric_limits<int64_t>::min()};
  for (const RevisionPageInfo& page : frame.index) {
    const std::pair first{page.first_series, page.first_time};
    if (page.offset != offset || page.entries == 0 || page.bytes < kPageHeaderBytes ||
        first < last) {
      return false;
    }
    last = {page.last_series, page.last_time};
    if (last < first) return false;
    offset += page.bytes;
    entries += page.entries;
  }
  return offset == frame.footer.index_offset && entries == frame.footer.meta.entries;
}

// Reads the parts through `part(offset, size)`, which gives bytes or an error.
template <typename Part>
Result<Frame> ReadFrame(uint64_t file_bytes, uint64_t file_no, Hash128 store_id,
                        const std::string& path, const Part& part) {
  if (file_bytes < kFileHeaderBytes + kRevisionFooterBytes) {
    return Damage(path, file_bytes, "it is shorter than header and footer");
  }
  {
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, part(0, kFileHeaderBytes));
    TM_RETURN_IF_ERROR(DecodeFileHeader(bytes, FileKind::kRevisions, file_no, store_id, path));
  }
  Frame frame;
  RevisionFooter& footer = frame.footer;
  const uint64_t footer_at = file_bytes - kRevisionFooterBytes;
  {
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, part(footer_at, kRevisionFooterBytes));
    TM_ASSIGN_OR_RETURN(footer, DecodeRevisionFooter(bytes, file_no, footer_at, path));
  }
  {
    TM_ASSIGN_OR_RETURN(const std::string_view bytes,
                        ReadSection(part, file_no, path, footer.index_offset, footer.tables_offset,
                                    footer.index_crc, "page index"));
    ByteReader in(bytes);
    frame.index.resize(footer.pages);
    for (RevisionPageInfo& page : frame.index) page = ReadPageInfo(in);
    if (!IndexFits(frame)) {
      return Damage(path, footer.index_offset, "the page index makes no sense");
    }
  }
  TM_ASSIGN_OR_RETURN(const std::string_view bytes,
                      ReadSection(part, file_no, path, footer.tables_offset, footer_at,
                                  footer.tables_crc, "list of tables"));
  ByteReader in(bytes);
  for (uint32_t i = 0; i < footer.table_count; ++i) footer.meta.tables.push_back({in.GetU32()});
  return frame;
}

}  // namespace

struct RevisionFile::Impl {
  Impl(FileSystem& files, std::string file_path, const RevisionMeta& named, Hash128 id)
      : fs(files), path(std::move(file_path)), meta(named), store_id(id) {}

  FileSystem& fs;
  const std::string path;
  const RevisionMeta meta;
  const Hash128 store_id;
  MappedStoreFile map;
  Frame frame;

  Result<PageHeader> Decode(std::string_view bytes, size_t page,
                            std::vector<LoggedRevision>& out) const {
    const RevisionPageInfo& info = frame.index[page];
    std::string raw;
    TM_ASSIGN_OR_RETURN(const PageHeader header,
                        OpenPage(bytes, {path, meta.file_no, info.offset}, raw));
    if (header.link != info.entries || !DecodeRevisionPage(raw, info.entries, out)) {
      return Damage(path, info.offset, "the page of revisions makes no sense");
    }
    RevisionPageInfo found = info;
    found.first_series = static_cast<uint32_t>(out.front().entry.series.lo);
    found.last_series = static_cast<uint32_t>(out.back().entry.series.lo);
    found.first_time = out.front().entry.time.ns;
    found.last_time = out.back().entry.time.ns;
    if (found != info) return Damage(path, info.offset, "the page is another than the index says");
    return header;
  }

  Result<void> Read(size_t page, std::vector<LoggedRevision>& out) const {
    const RevisionPageInfo& info = frame.index[page];
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, map.Bytes(info.offset, info.bytes));
    TM_RETURN_IF_ERROR(Decode(bytes, page, out));
    return {};
  }
};

RevisionFile::RevisionFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RevisionFile::~RevisionFile() = default;

Result<std::shared_ptr<RevisionFile>> RevisionFile::Open(FileSystem& fs, std::string path,
                                                         const RevisionMeta& meta,
                                                         Hash128 store_id) {
  auto impl = std::make_unique<Impl>(fs, std::move(path), meta, store_id);
  TM_ASSIGN_OR_RETURN(impl->map, MappedStoreFile::Open(fs, impl->path, meta.bytes));
  TM_ASSIGN_OR_RETURN(impl->frame,
                      ReadFrame(meta.bytes, meta.file_no, store_id, impl->path,
                                [&](uint64_t at, size_t n) { return impl->map.Bytes(at, n); }));
  if (!SameFooter(impl->frame.footer.meta, meta)) {
    return Damage(impl->path, meta.bytes - kRevisionFooterBytes,
                  "the footer is not the one that the manifest names (an older or another file)");
  }
  return std::shared_ptr<RevisionFile>(new RevisionFile(std::move(impl)));
}

Result<RevisionMeta> RevisionFile::ReadMeta(FileSystem& fs, const std::string& path,
                                            uint64_t file_no, Hash128 store_id) {
  TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(fs, path));
  TM_ASSIGN_OR_RETURN(Frame frame,
                      ReadFrame(reader.size(), file_no, store_id, path,
                                [&](uint64_t at, size_t n) { return reader.View(at, n); }));
  return std::move(frame.footer.meta);
}

const RevisionMeta& RevisionFile::meta() const { return impl_->meta; }
const std::string& RevisionFile::path() const { return impl_->path; }
size_t RevisionFile::pages() const { return impl_->frame.index.size(); }

Result<void> RevisionFile::Of(uint32_t series, int64_t start, int64_t end,
                              std::vector<LoggedRevision>& out) const {
  if (start >= end) return {};
  const auto& index = impl_->frame.index;
  const std::pair from{series, start};
  auto page = std::partition_point(index.begin(), index.end(), [&](const RevisionPageInfo& p) {
    return std::pair{p.last_series, p.last_time} < from;
  });
  std::vector<LoggedRevision> entries;
  for (; page != index.end(); ++page) {
    if (std::pair{page->first_series, page->first_time} >= std::pair{series, end}) break;
    TM_RETURN_IF_ERROR(impl_->Read(static_cast<size_t>(page - index.begin()), entries));
    for (LoggedRevision& r : entries) {
      const bool wanted =
          r.entry.series.lo == series && r.entry.time.ns >= start && r.entry.time.ns < end;
      if (wanted) out.push_back(std::move(r));
    }
  }
  return {};
}

Result<void> RevisionFile::Page(size_t page, std::vector<LoggedRevision>& out) const {
  TM_CHECK(page < pages());
  return impl_->Read(page, out);
}

Result<void> RevisionFile::Verify() const {
  const Impl& file = *impl_;
  TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(file.fs, file.path));
  TM_ASSIGN_OR_RETURN(const Frame frame,
                      ReadFrame(reader.size(), file.meta.file_no, file.store_id, file.path,
                                [&](uint64_t at, size_t n) { return reader.View(at, n); }));
  if (!SameFooter(frame.footer.meta, file.meta)) {
    return Damage(file.path, reader.size(), "the footer changed");
  }
  uint32_t pages_crc = 0;
  std::vector<LoggedRevision> entries;
  for (size_t page = 0; page < file.frame.index.size(); ++page) {
    const RevisionPageInfo& info = file.frame.index[page];
    TM_ASSIGN_OR_RETURN(const std::string_view bytes, reader.View(info.offset, info.bytes));
    TM_RETURN_IF_ERROR(file.Decode(bytes, page, entries));
    pages_crc = Crc32c(pages_crc, bytes.substr(0, sizeof(uint32_t)));
  }
  if (pages_crc != frame.footer.pages_crc) {
    return Damage(file.path, frame.footer.index_offset, "the pages are not those of the footer");
  }
  return {};
}

}  // namespace tidemark::store
