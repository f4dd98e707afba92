// SPDX-License-Identifier: Apache-2.0
// Rows of owned series with their revision log, series by series.
//  1. Rows are those of the snapshot; entries of later frames are left out.
//  2. Of a piece, memory is asked before the newest files: a seal publishes a file before memory
//     forgets what is in it, so an entry is found in one of them or, once, in both.
#include <algorithm>
#include <bit>
#include <tuple>

#include "store/embedded_state_internal.h"
#include "store/revision_merge.h"
#include "store/series_reader.h"

namespace tidemark::store {
namespace {

Scalar ScalarOf(ValueType type, const RowColumns::Column& column, size_t i) {
  switch (type) {
    case ValueType::kDouble:
      return std::bit_cast<double>(column.bits[i]);
    case ValueType::kBigint:
      return static_cast<int64_t>(column.bits[i]);
    case ValueType::kBoolean:
      return column.bits[i] != 0;
    case ValueType::kVarchar:
      return std::string(column.texts[i]);
    case ValueType::kTimestamp:
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return {};
}

/// Entries of one row.
struct RowLog {
  EventTime time;
  std::vector<RevisionEntry> entries;
};

class EmbeddedRevisionCursor final : public RevisionCursor {
 public:
  EmbeddedRevisionCursor(EmbeddedStore::State& state, Snapshots::Lease lease, TableId table,
                         TimeRange range, std::vector<uint32_t> series)
      : s_(state),
        lease_(std::move(lease)),
        table_(table),
        range_(range),
        series_(std::move(series)),
        reader_(s_, lease_) {}

  Result<bool> Next(std::vector<RevisionRow>& out) override {
    out.clear();
    while (out.empty()) {
      if (info_ == nullptr) {
        if (next_ == series_.size()) return false;
        TM_RETURN_IF_ERROR(Open(series_[next_++]));
        continue;
      }
      TM_RETURN_IF_ERROR(reader_.Next(piece_));
      const bool ended = piece_.size() == 0;
      const EventTime to = ended ? range_.end : piece_.times.back() + nanoseconds(1);
      TM_ASSIGN_OR_RETURN(std::vector<RowLog> logs, LogsIn({from_, to}));
      Merge(std::move(logs), out);
      from_ = to;
      if (ended) info_ = nullptr;
    }
    return true;
  }

  std::vector<DamagedRange> gaps() const override {
    return lease_.version().DamagedOf(table_, range_);
  }

 private:
  Result<void> Open(uint32_t id) {
    SeriesEntry& entry = *s_.directory.Get({0, id});
    {
      const ReaderLock lock(s_.index_mutex);
      info_ = entry.dropped ? nullptr : s_.index.Info(id);
    }
    if (info_ != nullptr && info_->owner.none()) info_ = nullptr;
    if (info_ == nullptr) return {};
    from_ = range_.start;
    ReadWants wants;
    wants.versions = true;
    wants.rows = true;
    return reader_.Start(entry, range_, wants);
  }

  Result<std::vector<RowLog>> LogsIn(TimeRange range) {
    std::vector<LoggedRevision> found;
    s_.revisions.Of(info_->ref, range, found);
    const std::shared_ptr<const Version> version = s_.snapshots.version();
    const auto id = static_cast<uint32_t>(info_->ref.lo);
    TM_RETURN_IF_ERROR(version->CheckRevisions(info_->table, id, range));
    for (const auto& [number, file] : version->revisions) {
      const RevisionMeta& meta = file->meta();
      if (id < meta.first_series || id > meta.last_series || meta.min_time >= range.end.ns ||
          meta.max_time < range.start.ns) {
        continue;
      }
      if (auto read = file->Of(id, range.start.ns, range.end.ns, found); !read.ok()) {
        return s_.storage->ReportDamage(*file, info_->table, std::move(read).error());
      }
    }
    std::erase_if(found, [&](const LoggedRevision& r) { return r.lsn > lease_.lsn(); });
    return Group(std::move(found));
  }

  // By time, each entry once.
  std::vector<RowLog> Group(std::vector<LoggedRevision> found) const {
    const auto key = [](const LoggedRevision& r) {
      return std::tuple(r.entry.time, r.lsn, r.ordinal);
    };
    std::ranges::sort(found, {}, key);
    const auto repeated = std::ranges::unique(found, {}, key);
    found.erase(repeated.begin(), repeated.end());
    std::vector<RowLog> out;
    std::vector<LoggedRevision> window;
    for (size_t i = 0; i < found.size(); ++i) {
      window.push_back(std::move(found[i]));
      const EventTime time = window.front().entry.time;
      if (i + 1 < found.size() && found[i + 1].entry.time == time) continue;
      // As a merge would: so that an answer does not depend on when that was.
      TrimWindow(window, s_.RetentionNow(), s_.options.revision_retention);
      RowLog& log = out.emplace_back(RowLog{time, {}});
      for (LoggedRevision& r : window) log.entries.push_back(std::move(r.entry));
      window.clear();
    }
    return out;
  }

  // Of the piece and the logs of its times.
  void Merge(std::vector<RowLog> logs, std::vector<RevisionRow>& out) const {
    size_t row = 0;
    size_t log = 0;
    while (row < piece_.size() || log < logs.size()) {
      const bool has_row =
          row < piece_.size() && (log == logs.size() || piece_.times[row] <= logs[log].time);
      RevisionRow& to = out.emplace_back();
      to.series = info_;
      to.time = has_row ? piece_.times[row] : logs[log].time;
      if (log < logs.size() && logs[log].time == to.time)
        to.revisions = std::move(logs[log++].entries);
      if (has_row) {
        to.row = piece_.rows[row];
        to.version = piece_.versions[row];
        if (piece_.columns_used > 0) to.value = ScalarOf(info_->type, piece_.columns[0], row);
        ++row;
      } else {
        to.row = {to.revisions[0].window_start, to.revisions[0].window_end, 0, 0};
      }
    }
  }

  EmbeddedStore::State& s_;
  const Snapshots::Lease lease_;
  const TableId table_;
  const TimeRange range_;
  const std::vector<uint32_t> series_;
  size_t next_ = 0;
  std::shared_ptr<const SeriesInfo> info_;  // being read; null: the next one is to be opened
  EventTime from_;                          // what of it lies before was given
  SeriesReader reader_;
  RowPiece piece_;
};

}  // namespace

Result<std::vector<RevisionRow>> Store::Revisions(const Selection& selection, size_t rows_max) {
  TM_ASSIGN_OR_RETURN(const std::unique_ptr<RevisionCursor> cursor, OpenRevisions(selection));
  std::vector<RevisionRow> out;
  std::vector<RevisionRow> piece;
  while (out.size() < rows_max) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(piece));
    if (!more) break;
    for (RevisionRow& row : piece) {
      if (out.size() < rows_max) out.push_back(std::move(row));
    }
  }
  return out;
}

Result<std::unique_ptr<RevisionCursor>> EmbeddedStore::OpenRevisions(const Selection& selection) {
  State& s = *state_;
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(selection.table));
  Snapshots::Lease lease = s.snapshots.Take(s.RetentionNow());
  const TimeRange range{std::max(selection.time.start, floor), selection.time.end};
  std::vector<uint32_t> series;
  {
    const ReaderLock lock(s.index_mutex);
    TM_ASSIGN_OR_RETURN(series, s.index.SelectIds(selection, lease.lsn()));
  }
  return std::unique_ptr<RevisionCursor>(
      new EmbeddedRevisionCursor(s, std::move(lease), selection.table, range, std::move(series)));
}

}  // namespace tidemark::store
