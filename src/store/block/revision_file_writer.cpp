// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/units.h"
#include "store/block/file_header_internal.h"
#include "store/block/page_internal.h"
#include "store/block/revision_file.h"
#include "store/block/revision_page_internal.h"

namespace tidemark::store {
namespace {

constexpr size_t kWriteBytes = 1_MiB;
// RevisionFile.FirstPublicationsStaySmall: 7.2 bytes an entry at levels 1 and 3.
constexpr int kZstdLevel = 1;

Error Wrong(std::string_view what) {
  return Error{Code::kInvalidArgument, "revision file: " + std::string(what)};
}

}  // namespace

struct RevisionFileWriter::Impl {
  Impl(FileSystem& files, std::string file_path, uint64_t number)
      : fs(files), path(std::move(file_path)), file_no(number) {}

  FileSystem& fs;
  const std::string path;
  const uint64_t file_no;
  std::unique_ptr<AppendFile> file;
  std::string buffer;  // not written yet
  uint64_t flushed = 0;
  RevisionPageBuilder page;
  RevisionPageInfo info;  // of `page`
  uint64_t page_lsn = 0;
  std::vector<RevisionPageInfo> index;
  std::set<TableId> tables;
  std::optional<LoggedRevision> last;
  RevisionFooter footer;
  bool finished = false;

  uint64_t offset() const { return flushed + buffer.size(); }

  Result<void> Flush() {
    if (buffer.empty()) return {};
    TM_RETURN_IF_ERROR(file->Append(AsBytes(buffer)));
    flushed += buffer.size();
    buffer.clear();
    return {};
  }

  Result<void> EndPage() {
    if (page.entries() == 0) return {};
    info.offset = offset();
    info.entries = static_cast<uint32_t>(page.entries());
    const PageHeader header = AppendPage(page.Build(), info.entries, page_lsn, kZstdLevel,
                                         {path, file_no, info.offset}, buffer);
    info.bytes = static_cast<uint32_t>(header.page_bytes());
    ByteWriter crc;
    crc.PutU32(header.crc);
    footer.pages_crc = Crc32c(footer.pages_crc, crc.view());
    index.push_back(info);
    page_lsn = 0;
    return buffer.size() >= kWriteBytes ? Flush() : Result<void>();
  }

  void Count(const LoggedRevision& r) {
    RevisionMeta& meta = footer.meta;
    const auto series = static_cast<uint32_t>(r.entry.series.lo);
    const int64_t time = r.entry.time.ns;
    if (meta.entries == 0) {
      meta.first_series = series;
      meta.min_time = meta.max_time = time;
      meta.min_lsn = meta.max_lsn = r.lsn;
      meta.newest_at_ms = r.entry.at.ms;
    }
    ++meta.entries;
    meta.last_series = series;
    meta.min_time = std::min(meta.min_time, time);
    meta.max_time = std::max(meta.max_time, time);
    meta.min_lsn = std::min(meta.min_lsn, r.lsn);
    meta.max_lsn = std::max(meta.max_lsn, r.lsn);
    meta.newest_at_ms = std::max(meta.newest_at_ms, r.entry.at.ms);
    if (page.entries() == 0) {
      info = {};
      info.first_series = series;
      info.first_time = time;
    }
    info.last_series = series;
    info.last_time = time;
    page_lsn = std::max(page_lsn, r.lsn);
  }

  std::string Tail() {
    RevisionMeta& meta = footer.meta;
    footer.index_offset = offset();
    footer.pages = static_cast<uint32_t>(index.size());
    ByteWriter pages;
    for (const RevisionPageInfo& one : index) AppendPageInfo(one, pages);
    footer.index_crc = PlacedCrc(file_no, footer.index_offset, pages.view());
    footer.tables_offset = footer.index_offset + pages.size();
    meta.tables.assign(tables.begin(), tables.end());
    footer.table_count = static_cast<uint32_t>(meta.tables.size());
    ByteWriter ids;
    for (const TableId table : meta.tables) ids.PutU32(table.value);
    footer.tables_crc = PlacedCrc(file_no, footer.tables_offset, ids.view());
    const uint64_t footer_offset = footer.tables_offset + ids.size();
    meta.file_no = file_no;
    meta.bytes = footer_offset + kRevisionFooterBytes;
    std::string tail(pages.view());
    tail += ids.view();
    return tail + EncodeRevisionFooter(footer, file_no, footer_offset);
  }

  Result<void> ReadBack(std::string_view tail) const {
    TM_ASSIGN_OR_RETURN(BufferedReader reader, BufferedReader::Open(fs, path));
    if (reader.size() != footer.meta.bytes) {
      return Damage(path, reader.size(), "it has a wrong size after it was written");
    }
    TM_ASSIGN_OR_RETURN(const std::string_view read, reader.View(footer.index_offset, tail.size()));
    if (read != tail) return Damage(path, footer.index_offset, "it reads back differently");
    return {};
  }
};

RevisionFileWriter::RevisionFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RevisionFileWriter::~RevisionFileWriter() = default;

Result<std::unique_ptr<RevisionFileWriter>> RevisionFileWriter::Create(
    FileSystem& fs, std::string path, uint64_t file_no, Hash128 store_id, int64_t created_ns) {
  auto impl = std::make_unique<Impl>(fs, std::move(path), file_no);
  TM_ASSIGN_OR_RETURN(impl->file, fs.OpenAppend(impl->path, OpenMode::kTruncate));
  impl->buffer = EncodeFileHeader({FileKind::kRevisions, file_no, store_id, created_ns});
  return std::unique_ptr<RevisionFileWriter>(new RevisionFileWriter(std::move(impl)));
}

Result<void> RevisionFileWriter::Add(TableId table, const LoggedRevision& revision) {
  Impl& w = *impl_;
  if (revision.entry.series.lo > std::numeric_limits<uint32_t>::max()) return Wrong("no dense id");
  if (w.last && OrderOf(*w.last) >= OrderOf(revision)) {
    return Wrong("series " + std::to_string(revision.entry.series.lo) + " comes out of order");
  }
  w.Count(revision);
  w.page.Add(revision);
  w.tables.insert(table);
  w.last = revision;
  if (w.page.bytes() < kPageRawBytes && w.page.entries() < kRevisionsPerPageMax) return {};
  return w.EndPage();
}

uint64_t RevisionFileWriter::entries() const { return impl_->footer.meta.entries; }

Result<RevisionMeta> RevisionFileWriter::Finish() {
  TM_CHECK(!impl_->finished);
  impl_->finished = true;
  if (impl_->footer.meta.entries == 0) return Wrong("it would hold no entries");
  TM_RETURN_IF_ERROR(impl_->EndPage());
  const std::string tail = impl_->Tail();
  TM_RETURN_IF_ERROR(impl_->Flush());
  TM_RETURN_IF_ERROR(impl_->file->Append(AsBytes(tail)));
  TM_RETURN_IF_ERROR(impl_->file->Sync());
  impl_->file = nullptr;
  TM_RETURN_IF_ERROR(impl_->ReadBack(tail));
  return impl_->footer.meta;
}

}  // namespace tidemark::store
