// SPDX-License-Identifier: Apache-2.0
// What lies inside the pages of a revision file, and its footer. docs/format/revisions.md is the
// normative table; revision_file_test.cpp holds its golden bytes. Entries are cut into columns:
// neighbours differ little, and zstd sees the same bytes again and again. The builder is
// single-owner; the functions are pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "store/block/revision_file.h"

namespace tidemark::store {

inline constexpr size_t kRevisionFooterBytes = 128;
inline constexpr size_t kRevisionIndexEntryBytes = 40;
inline constexpr size_t kRevisionsPerPageMax = 8192;

/// What a file is sorted by.
inline auto OrderOf(const LoggedRevision& r) {
  return std::tuple(r.entry.series.lo, r.entry.time, r.lsn, r.ordinal);
}

class RevisionPageBuilder {
 public:
  void Add(const LoggedRevision& revision);
  size_t entries() const { return entries_; }
  /// About what Build() gives.
  size_t bytes() const;
  /// The page's raw bytes; the builder is empty afterwards.
  std::string Build();

 private:
  enum Column : size_t {
    kSeries,
    kTime,
    kWindowStart,
    kWindowSize,
    kRevision,
    kFlags,
    kLatePoints,
    kAt,
    kLsn,
    kOrdinal,
    kOldKind,
    kNewKind,
    kTexts,
    kColumns10,  // format 1.0 had no more; the 8-byte values follow them
    kLateness = kColumns10,
    kPartition,
    kColumns11,  // format 1.1 ended here
    kRecords = kColumns11,
    kColumns12,  // format 1.2 ended here
    kPoints = kColumns12,
    kColumns,
  };
  friend class RevisionPageReader;

  void PutValue(const Scalar& value, Column kind);

  std::array<ByteWriter, kColumns> columns_;
  std::vector<uint64_t> fixed_;  // DOUBLE, BIGINT and TIMESTAMP values
  LoggedRevision last_;
  size_t entries_ = 0;
};

/// Replaces `out` by the `count` entries of a page's raw bytes. False: they make no sense.
bool DecodeRevisionPage(std::string_view raw, size_t count, std::vector<LoggedRevision>& out);

/// One page, as the index at the end of the file describes it.
struct RevisionPageInfo {
  uint64_t offset = 0;
  uint32_t bytes = 0;
  uint32_t entries = 0;
  uint32_t first_series = 0;
  uint32_t last_series = 0;
  int64_t first_time = 0;  // of the first and the last entry
  int64_t last_time = 0;
  friend bool operator==(const RevisionPageInfo&, const RevisionPageInfo&) = default;
};
void AppendPageInfo(const RevisionPageInfo& info, ByteWriter& out);
RevisionPageInfo ReadPageInfo(ByteReader& in);

struct RevisionFooter {
  uint64_t index_offset = 0;
  uint64_t tables_offset = 0;
  uint32_t pages = 0;
  uint32_t table_count = 0;
  uint32_t index_crc = 0;
  uint32_t tables_crc = 0;
  uint32_t pages_crc = 0;  // over the CRCs of the pages, in order
  RevisionMeta meta;       // without tables
};
/// `offset` is where the footer lies; fills footer.meta.footer_crc.
std::string EncodeRevisionFooter(RevisionFooter& footer, uint64_t file_no, uint64_t offset);
/// kCorruption: damaged; its offsets and counts fit each other and `offset` otherwise.
Result<RevisionFooter> DecodeRevisionFooter(std::string_view bytes, uint64_t file_no,
                                            uint64_t offset, std::string_view path);

}  // namespace tidemark::store
