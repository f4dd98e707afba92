// SPDX-License-Identifier: Apache-2.0
// Scans and newest points: one series at a time per thread, copied out in pieces under the lane's
// lock.
#include <algorithm>
#include <atomic>
#include <bit>

#include "store/embedded_state_internal.h"
#include "store/slice_buffer_internal.h"

namespace tidemark::store {
namespace {

enum class ScanKind : uint8_t { kAll, kLast };

class EmbeddedScanCursor final : public ScanCursor {
 public:
  EmbeddedScanCursor(EmbeddedStore::State& state, const ScanRequest& request, ScanKind kind,
                     Snapshots::Lease lease, TimeRange range,
                     std::vector<std::shared_ptr<const SeriesInfo>> series,
                     std::vector<FieldDef> fields)
      : s_(state),
        kind_(kind),
        lease_(std::move(lease)),
        range_(range),
        series_(std::move(series)),
        fields_(std::move(fields)),
        wanted_fields_(request.fields),
        wants_{request.versions_wanted, request.rows_wanted, kSliceRowsMax},
        points_limit_(request.points_limit),
        snapshot_(state.PositionsAt(lease_.lsn())),
        number_(next_number_.fetch_add(1)) {
    for (const auto& info : series_) estimate_ += s_.RowsOf(*s_.directory.Get(info->ref));
    if (kind_ == ScanKind::kLast) estimate_ = std::min<uint64_t>(estimate_, series_.size());
  }

  Result<bool> Next(SliceBuffer& buffer, Slice& out) override;
  const Positions& snapshot() const override { return snapshot_; }
  bool exact() const override { return true; }
  uint64_t series_count() const override { return series_.size(); }
  uint64_t points_estimate() const override { return estimate_; }

 private:
  static constexpr size_t kSliceRowsMax = 2048;

  void FillSlice(const std::shared_ptr<const SeriesInfo>& info, const SeriesEntry& entry,
                 RowPiece& piece, SliceBuffer::Impl& b, Slice& out);
  void FillMulti(const SeriesEntry& entry, const RowPiece& piece, SliceBuffer::Impl& b);
  void KeepAlive(const std::shared_ptr<TextPool>& pool);
  std::vector<uint32_t> FieldsOf(const SeriesEntry& entry);

  static inline std::atomic<uint64_t> next_number_{1};

  EmbeddedStore::State& s_;
  const ScanKind kind_;
  const Snapshots::Lease lease_;
  const TimeRange range_;
  const std::vector<std::shared_ptr<const SeriesInfo>> series_;
  const std::vector<FieldDef> fields_;  // of the table, by id
  const std::vector<std::string> wanted_fields_;
  const PieceWants wants_;
  const uint64_t points_limit_;
  const Positions snapshot_;
  const uint64_t number_;
  uint64_t estimate_ = 0;
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> returned_{0};

  Mutex pools_mutex_;
  std::vector<std::shared_ptr<TextPool>> pools_
      TM_GUARDED_BY(pools_mutex_);  // texts outlive their slice
};

Result<bool> EmbeddedScanCursor::Next(SliceBuffer& buffer, Slice& out) {
  SliceBuffer::Impl& b = buffer.impl();
  if (b.cursor != this || b.cursor_number != number_) {
    b.cursor = this;
    b.cursor_number = number_;
    b.in_series = false;
  }
  thread_local RowPiece piece;
  while (returned_.load(std::memory_order_relaxed) < points_limit_) {
    if (!b.in_series) {
      b.series_index = next_.fetch_add(1, std::memory_order_relaxed);
      if (b.series_index >= series_.size()) break;
      b.in_series = true;
      b.next_time = range_.start;
    }
    const auto& info = series_[b.series_index];
    SeriesEntry& entry = *s_.directory.Get(info->ref);
    if (kind_ == ScanKind::kLast) {
      s_.ReadLast(entry, lease_.lsn(), range_, wants_, piece);
    } else {
      s_.ReadPiece(entry, lease_.lsn(), {b.next_time, range_.end}, wants_, piece);
    }
    b.in_series = piece.more;
    b.next_time = piece.next;
    if (piece.times.empty()) continue;
    s_.metrics.points_scanned.Add(piece.times.size());
    returned_.fetch_add(piece.times.size(), std::memory_order_relaxed);
    FillSlice(info, entry, piece, b, out);
    return true;
  }
  b.in_series = false;
  return false;
}

void EmbeddedScanCursor::FillSlice(const std::shared_ptr<const SeriesInfo>& info,
                                   const SeriesEntry& entry, RowPiece& piece, SliceBuffer::Impl& b,
                                   Slice& out) {
  b.Clear();
  b.times.swap(piece.times);
  b.versions.swap(piece.versions);
  b.rows.swap(piece.rows);
  const size_t n = b.times.size();
  if (info->type == ValueType::kMulti) {
    FillMulti(entry, piece, b);
  } else {
    ColumnBuffer& column = b.AddColumn("", info->type);
    switch (info->type) {
      case ValueType::kDouble:
        column.doubles.resize(n);
        std::memcpy(column.doubles.data(), piece.bits.data(), n * sizeof(double));
        break;
      case ValueType::kBigint:
        column.bigints.resize(n);
        std::memcpy(column.bigints.data(), piece.bits.data(), n * sizeof(int64_t));
        break;
      case ValueType::kBoolean:
        column.booleans.resize(n);
        for (size_t i = 0; i < n; ++i) column.booleans[i] = piece.bits[i] != 0 ? 1 : 0;
        break;
      case ValueType::kVarchar:
        column.texts.resize(n);
        for (size_t i = 0; i < n; ++i) column.texts[i] = TextPool::TextOf(piece.bits[i]);
        KeepAlive(piece.pool);
        break;
      default:
        break;
    }
    b.views.push_back(column.View(false));
  }
  out.series = info;
  out.times = b.times;
  out.columns = b.views;
  out.versions = b.versions;
  out.rows = info->owner.none() ? std::span<const RowInfo>() : std::span<const RowInfo>(b.rows);
}

std::vector<uint32_t> EmbeddedScanCursor::FieldsOf(const SeriesEntry& entry) {
  std::vector<uint32_t> ids;
  {
    const MutexLock lock(s_.LaneOf(entry.id).mutex);
    for (const auto& [id, first_lsn] : FieldsWritten(entry)) {
      if (first_lsn <= lease_.lsn()) ids.push_back(id);
    }
  }
  std::sort(ids.begin(), ids.end());
  if (!wanted_fields_.empty()) {
    std::erase_if(ids, [&](uint32_t id) {
      return id >= fields_.size() || std::find(wanted_fields_.begin(), wanted_fields_.end(),
                                               fields_[id].name) == wanted_fields_.end();
    });
  }
  return ids;
}

void EmbeddedScanCursor::FillMulti(const SeriesEntry& entry, const RowPiece& piece,
                                   SliceBuffer::Impl& b) {
  const std::vector<uint32_t> ids = FieldsOf(entry);
  for (const uint32_t id : ids) b.AddColumn(fields_[id].name, fields_[id].type);
  std::vector<EncodedField> row;
  for (const uint64_t bits : piece.bits) {
    DecodeFields(TextPool::TextOf(bits), row);
    size_t at = 0;  // both ascend by id
    for (size_t c = 0; c < ids.size(); ++c) {
      while (at < row.size() && row[at].id < ids[c]) ++at;
      const bool present = at < row.size() && row[at].id == ids[c];
      b.columns[c].Push(present ? row[at].value : ValueView(), present ? 1 : 0);
    }
  }
  for (size_t c = 0; c < ids.size(); ++c) b.views.push_back(b.columns[c].View(true));
  KeepAlive(piece.pool);
}

void EmbeddedScanCursor::KeepAlive(const std::shared_ptr<TextPool>& pool) {
  const MutexLock lock(pools_mutex_);
  if (pools_.empty() || pools_.back() != pool) pools_.push_back(pool);
}

Result<std::unique_ptr<ScanCursor>> OpenScan(EmbeddedStore::State& s, const ScanRequest& request,
                                             ScanKind kind) {
  const Selection& selection = request.selection;
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(selection.table));
  Snapshots::Lease lease = s.snapshots.Take(s.clock.Now());
  TM_RETURN_IF_ERROR(s.CheckReached(request.at_least, lease.lsn()));
  const TimeRange range{std::max(selection.time.start, floor), selection.time.end};
  std::vector<std::shared_ptr<const SeriesInfo>> series;
  std::vector<FieldDef> fields;
  {
    const ReaderLock lock(s.index_mutex);
    TM_ASSIGN_OR_RETURN(series, s.index.Select(selection, lease.lsn()));
    if (const TableIndex* table = s.index.Find(selection.table)) fields = table->fields_by_id;
  }
  return std::unique_ptr<ScanCursor>(new EmbeddedScanCursor(
      s, request, kind, std::move(lease), range, std::move(series), std::move(fields)));
}

}  // namespace

uint64_t EmbeddedStore::State::RowsOf(const SeriesEntry& entry) {
  const MutexLock lock(LaneOf(entry.id).mutex);
  return entry.buffer.rows();
}

Result<std::unique_ptr<ScanCursor>> EmbeddedStore::Scan(const ScanRequest& request) {
  return OpenScan(*state_, request, ScanKind::kAll);
}

Result<std::unique_ptr<ScanCursor>> EmbeddedStore::LastPoints(const ScanRequest& request) {
  return OpenScan(*state_, request, ScanKind::kLast);
}

// Rows and their log are read one after the other: a row may show a revision that its log has not,
// never the other way round for what was durable when the call began.
Result<std::vector<RevisionRow>> EmbeddedStore::Revisions(const Selection& selection,
                                                          size_t rows_max) {
  State& s = *state_;
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(selection.table));
  const Snapshots::Lease lease = s.snapshots.Take(s.clock.Now());
  const TimeRange range{std::max(selection.time.start, floor), selection.time.end};
  std::vector<std::shared_ptr<const SeriesInfo>> series;
  {
    const ReaderLock lock(s.index_mutex);
    TM_ASSIGN_OR_RETURN(series, s.index.Select(selection, lease.lsn()));
  }
  std::vector<RevisionRow> out;
  RowPiece piece;
  const PieceWants wants{false, true, 2048};
  for (const auto& info : series) {
    if (info->owner.none()) continue;
    SeriesEntry& entry = *s.directory.Get(info->ref);
    std::map<EventTime, RevisionRow> rows;
    TimeRange rest = range;
    do {
      s.ReadPiece(entry, lease.lsn(), rest, wants, piece);
      for (size_t i = 0; i < piece.times.size(); ++i) {
        Scalar value;
        if (info->type == ValueType::kDouble) value = std::bit_cast<double>(piece.bits[i]);
        if (info->type == ValueType::kBigint) value = static_cast<int64_t>(piece.bits[i]);
        if (info->type == ValueType::kBoolean) value = piece.bits[i] != 0;
        if (info->type == ValueType::kVarchar) value = std::string(TextPool::TextOf(piece.bits[i]));
        rows[piece.times[i]] = {info, piece.times[i], piece.rows[i], std::move(value), {}};
      }
      rest.start = piece.next;
    } while (piece.more && rows.size() < rows_max - out.size());
    for (auto& [time, entries] : s.revisions.Of(info->ref, range)) {
      RevisionRow& row = rows[time];
      if (row.series == nullptr) {
        row = {info, time, {entries[0].window_start, entries[0].window_end, 0, 0}, {}, {}};
      }
      row.revisions = std::move(entries);
    }
    for (auto& [time, row] : rows) {
      if (out.size() >= rows_max) return out;
      out.push_back(std::move(row));
    }
  }
  return out;
}

}  // namespace tidemark::store
