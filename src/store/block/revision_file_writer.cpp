// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "base/check.h"
#include "store/block/file_io_internal.h"
#include "store/block/page_internal.h"
#include "store/block/revision_file.h"
#include "store/block/revision_page_internal.h"

namespace tidemark::store {
namespace {

// RevisionFile.FirstPublicationsStaySmall: 7.2 bytes an entry at levels 1 and 3.
constexpr int kZstdLevel = 1;

Error Wrong(std::string_view what) {
  return Error{Code::kInvalidArgument, "revision file: " + std::string(what)};
}

}  // namespace

struct RevisionFileWriter::Impl {
  explicit Impl(FileSink out) : sink(std::move(out)) {}

  FileSink sink;
  RevisionPageBuilder page;
  RevisionPageInfo info;  // of `page`
  uint64_t page_lsn = 0;
  std::vector<RevisionPageInfo> index;
  std::set<TableId> tables;
  std::optional<LoggedRevision> last;
  RevisionFooter footer;
  bool finished = false;

  Result<void> EndPage() {
    if (page.entries() == 0) return {};
    info.offset = sink.offset();
    info.entries = static_cast<uint32_t>(page.entries());
    const PageHeader header = AppendPage(page.Build(), info.entries, page_lsn, kZstdLevel,
                                         {sink.path(), sink.file_no(), info.offset}, sink.buffer());
    info.bytes = static_cast<uint32_t>(header.page_bytes());
    ByteWriter crc;
    crc.PutU32(header.crc);
    footer.pages_crc = Crc32c(footer.pages_crc, crc.view());
    index.push_back(info);
    page_lsn = 0;
    return sink.FlushIfFull();
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
    footer.index_offset = sink.offset();
    footer.pages = static_cast<uint32_t>(index.size());
    ByteWriter pages;
    for (const RevisionPageInfo& one : index) AppendPageInfo(one, pages);
    footer.index_crc = PlacedCrc(sink.file_no(), footer.index_offset, pages.view());
    footer.tables_offset = footer.index_offset + pages.size();
    meta.tables.assign(tables.begin(), tables.end());
    footer.table_count = static_cast<uint32_t>(meta.tables.size());
    ByteWriter ids;
    for (const TableId table : meta.tables) ids.PutU32(table.value);
    footer.tables_crc = PlacedCrc(sink.file_no(), footer.tables_offset, ids.view());
    const uint64_t footer_offset = footer.tables_offset + ids.size();
    meta.file_no = sink.file_no();
    meta.bytes = footer_offset + kRevisionFooterBytes;
    std::string tail(pages.view());
    tail += ids.view();
    return tail + EncodeRevisionFooter(footer, sink.file_no(), footer_offset);
  }
};

RevisionFileWriter::RevisionFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RevisionFileWriter::~RevisionFileWriter() = default;

Result<std::unique_ptr<RevisionFileWriter>> RevisionFileWriter::Create(
    FileSystem& fs, std::string path, uint64_t file_no, Hash128 store_id, int64_t created_ns) {
  TM_ASSIGN_OR_RETURN(FileSink sink,
                      FileSink::Create(fs, std::move(path),
                                       {FileKind::kRevisions, file_no, store_id, created_ns,
                                        kRevisionOrigins | kRevisionCounts | kRevisionPoints}));
  auto impl = std::make_unique<Impl>(std::move(sink));
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
  TM_RETURN_IF_ERROR(impl_->sink.Finish(tail));
  return impl_->footer.meta;
}

}  // namespace tidemark::store
