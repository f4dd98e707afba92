// SPDX-License-Identifier: Apache-2.0
// Scans and newest points: one series at a time per thread.
#include <algorithm>
#include <atomic>

#include "store/embedded_state_internal.h"
#include "store/series_reader.h"
#include "store/slice_buffer_internal.h"

namespace tidemark::store {
namespace {

enum class ScanKind : uint8_t { kAll, kLast };

static_assert(sizeof(double) == sizeof(uint64_t) && sizeof(EventTime) == sizeof(uint64_t));

class EmbeddedScanCursor final : public ScanCursor {
 public:
  EmbeddedScanCursor(EmbeddedStore::State& state, const ScanRequest& request, ScanKind kind,
                     Snapshots::Lease lease, TimeRange range, std::vector<uint32_t> series,
                     std::vector<FieldDef> fields, uint64_t points_estimate)
      : s_(state),
        kind_(kind),
        lease_(std::move(lease)),
        range_(range),
        table_(request.selection.table),
        series_(std::move(series)),
        fields_(std::move(fields)),
        wanted_fields_(request.fields),
        versions_wanted_(request.versions_wanted),
        rows_wanted_(request.rows_wanted),
        points_limit_(request.points_limit),
        snapshot_(state.PositionsAt(lease_.lsn())),
        number_(next_number_.fetch_add(1)),
        estimate_(kind == ScanKind::kLast ? std::min<uint64_t>(points_estimate, series_.size())
                                          : points_estimate) {}

  Result<bool> Next(SliceBuffer& buffer, Slice& out) override;
  const Positions& snapshot() const override { return snapshot_; }
  bool exact() const override { return true; }
  uint64_t series_count() const override { return series_.size(); }
  uint64_t points_estimate() const override { return estimate_; }
  std::vector<DamagedRange> gaps() const override {
    return lease_.version().DamagedOf(table_, range_);
  }

 private:
  // Where one thread stands: the reader of the series it is in the middle of.
  struct Place final : SliceBuffer::Impl::Reading {
    Place(EmbeddedStore::State& s, const Snapshots::Lease& lease) : reader(s, lease) {}
    SeriesReader reader;
    std::shared_ptr<const SeriesInfo> info;
    std::vector<uint32_t> fields;
    RowPiece piece;
    bool in_series = false;
  };

  Result<bool> OpenNext(Place& place);
  Result<void> ReadLast(Place& place, SeriesEntry& entry, const ReadWants& wants);
  void FillSlice(Place& place, SliceBuffer::Impl& b, Slice& out) const;
  std::vector<uint32_t> FieldsOf(const SeriesEntry& entry) const;

  static inline std::atomic<uint64_t> next_number_{1};

  EmbeddedStore::State& s_;
  const ScanKind kind_;
  const Snapshots::Lease lease_;
  const TimeRange range_;
  const TableId table_;
  const std::vector<uint32_t> series_;
  const std::vector<FieldDef> fields_;  // of the table, by id
  const std::vector<std::string> wanted_fields_;
  const bool versions_wanted_;
  const bool rows_wanted_;
  const uint64_t points_limit_;
  const Positions snapshot_;
  const uint64_t number_;
  const uint64_t estimate_;
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> returned_{0};
};

std::vector<uint32_t> EmbeddedScanCursor::FieldsOf(const SeriesEntry& entry) const {
  std::vector<uint32_t> ids;
  {
    const MutexLock lock(s_.LaneOf(entry.id).mutex);
    for (const auto& [id, first_lsn] : FieldsWritten(entry)) {
      if (first_lsn <= lease_.lsn()) ids.push_back(id);
    }
  }
  std::sort(ids.begin(), ids.end());
  std::erase_if(ids, [&](uint32_t id) {
    if (id >= fields_.size()) return true;
    return !wanted_fields_.empty() && std::find(wanted_fields_.begin(), wanted_fields_.end(),
                                                fields_[id].name) == wanted_fields_.end();
  });
  return ids;
}

// The next series with rows; false: there is none.
Result<bool> EmbeddedScanCursor::OpenNext(Place& place) {
  const size_t i = next_.fetch_add(1, std::memory_order_relaxed);
  if (i >= series_.size()) return false;
  SeriesEntry& entry = *s_.directory.Get({0, series_[i]});
  {
    const ReaderLock lock(s_.index_mutex);
    place.info = entry.dropped ? nullptr : s_.index.Info(entry.id);
  }
  if (place.info == nullptr) return true;  // dropped since
  place.fields.clear();
  if (entry.type == ValueType::kMulti) place.fields = FieldsOf(entry);
  ReadWants wants;
  wants.versions = versions_wanted_;
  wants.rows = rows_wanted_ && !place.info->owner.none();
  wants.field_defs = fields_;
  wants.fields = place.fields;
  if (kind_ == ScanKind::kLast) {
    TM_RETURN_IF_ERROR(ReadLast(place, entry, wants));
    return true;
  }
  TM_RETURN_IF_ERROR(place.reader.Start(entry, range_, wants));
  place.in_series = true;
  return true;
}

// Nearly always the row at the newest time; steps back over ended rows and over rows newer than the
// snapshot.
Result<void> EmbeddedScanCursor::ReadLast(Place& place, SeriesEntry& entry,
                                          const ReadWants& wants) {
  place.piece.Clear();
  TM_RETURN_IF_ERROR(place.reader.Start(entry, range_, wants));
  const int64_t newest = place.reader.LastTime();
  if (newest == INT64_MIN) return {};
  int64_t end = newest + 1;
  for (int64_t width = 1; end > range_.start.ns;
       width = width > (INT64_MAX >> 8) ? width : width << 8) {
    const bool all = end < INT64_MIN + width || end - width <= range_.start.ns;
    const int64_t from = all ? range_.start.ns : end - width;
    TM_RETURN_IF_ERROR(place.reader.Start(entry, {{from}, {end}}, wants));
    RowPiece last;
    while (true) {
      TM_RETURN_IF_ERROR(place.reader.Next(place.piece));
      if (place.piece.size() == 0) break;
      std::swap(last, place.piece);
    }
    if (last.size() > 0) {
      KeepLastRow(last);
      place.piece = std::move(last);
      return {};
    }
    end = from;
  }
  return {};
}

Result<bool> EmbeddedScanCursor::Next(SliceBuffer& buffer, Slice& out) {
  SliceBuffer::Impl& b = buffer.impl();
  if (b.cursor != this || b.cursor_number != number_) {
    b.cursor = this;
    b.cursor_number = number_;
    b.reading = std::make_unique<Place>(s_, lease_);
  }
  Place& place = static_cast<Place&>(*b.reading);
  while (returned_.load(std::memory_order_relaxed) < points_limit_) {
    if (!place.in_series) {
      place.piece.Clear();
      TM_ASSIGN_OR_RETURN(const bool more, OpenNext(place));
      if (!more) break;
      if (place.info == nullptr) continue;
    }
    if (place.in_series) {
      TM_RETURN_IF_ERROR(place.reader.Next(place.piece));
      if (place.piece.size() == 0) {
        place.in_series = false;
        continue;
      }
    }
    if (place.piece.size() == 0) continue;
    s_.metrics.points_scanned.Add(place.piece.size());
    returned_.fetch_add(place.piece.size(), std::memory_order_relaxed);
    FillSlice(place, b, out);
    return true;
  }
  place.in_series = false;
  return false;
}

void EmbeddedScanCursor::FillSlice(Place& place, SliceBuffer::Impl& b, Slice& out) const {
  b.views.clear();
  const RowPiece& piece = place.piece;
  const size_t n = piece.size();
  const bool multi = place.info->type == ValueType::kMulti;
  for (size_t c = 0; c < piece.columns_used; ++c) {
    const RowColumns::Column& column = piece.columns[c];
    ColumnView view;
    view.type = column.type;
    if (multi) view.name = fields_[column.field].name;
    view.valid = column.valid;
    switch (column.type) {
      case ValueType::kDouble:
        // Written as bits by a decoder elsewhere; a vector of one is laid out like one of the
        // other.
        view.doubles = {reinterpret_cast<const double*>(column.bits.data()), n};
        break;
      case ValueType::kBigint:
        view.bigints = {reinterpret_cast<const int64_t*>(column.bits.data()), n};
        break;
      case ValueType::kTimestamp:
        view.timestamps = {reinterpret_cast<const EventTime*>(column.bits.data()), n};
        break;
      case ValueType::kBoolean: {
        if (b.booleans.size() <= c) b.booleans.resize(c + 1);
        std::vector<uint8_t>& flags = b.booleans[c];
        flags.resize(n);
        for (size_t i = 0; i < n; ++i) flags[i] = column.bits[i] != 0 ? 1 : 0;
        view.booleans = flags;
        break;
      }
      case ValueType::kVarchar:
        view.texts = column.texts;
        break;
      case ValueType::kNone:
      case ValueType::kMulti:
        break;
    }
    b.views.push_back(view);
  }
  out.series = place.info;
  out.times = piece.times;
  out.columns = b.views;
  out.versions = piece.versions;
  out.rows = piece.rows;
}

// Upper bound: rows in memory and rows of chunks that overlap the range, for a sample of the
// series.
uint64_t EstimatePoints(EmbeddedStore::State& s, const Snapshots::Lease& lease,
                        const std::vector<uint32_t>& series, TableId table, TimeRange range) {
  constexpr size_t kSample = 64;
  if (series.empty()) return 0;
  const size_t step = std::max<size_t>(1, series.size() / kSample);
  uint64_t rows = 0;
  size_t seen = 0;
  std::vector<ChunkEntry> entries;
  for (size_t i = 0; i < series.size(); i += step, ++seen) {
    SeriesEntry& entry = *s.directory.Get({0, series[i]});
    {
      const MutexLock lock(s.LaneOf(entry.id).mutex);
      rows += entry.buffer.rows();
      for (auto part = entry.frozen.get(); part != nullptr; part = part->older.get())
        rows += part->seal_no > lease.version().seal_no ? part->buffer.rows() : 0;
    }
    for (const TableFile& f : lease.version().FilesOf(table)) {
      if (f.min_time >= range.end.ns || f.max_time < range.start.ns) continue;
      entries.clear();
      // Damage shows when the rows are read.
      if (!f.file->Find(entry.id, range.start.ns, range.end.ns, entries).ok()) continue;
      for (const ChunkEntry& e : entries) rows += e.rows;
    }
  }
  return rows * series.size() / seen;
}

Result<std::unique_ptr<ScanCursor>> OpenScan(EmbeddedStore::State& s, const ScanRequest& request,
                                             ScanKind kind) {
  const Selection& selection = request.selection;
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(selection.table));
  Snapshots::Lease lease = s.snapshots.Take(s.RetentionNow());
  TM_RETURN_IF_ERROR(s.CheckReached(request.at_least, lease.lsn()));
  const TimeRange range{std::max(selection.time.start, floor), selection.time.end};
  std::vector<uint32_t> series;
  std::vector<FieldDef> fields;
  {
    const ReaderLock lock(s.index_mutex);
    TM_ASSIGN_OR_RETURN(series, s.index.SelectIds(selection, lease.lsn()));
    if (const TableIndex* table = s.index.Find(selection.table)) fields = table->fields_by_id;
  }
  const uint64_t estimate = EstimatePoints(s, lease, series, selection.table, range);
  return std::unique_ptr<ScanCursor>(new EmbeddedScanCursor(
      s, request, kind, std::move(lease), range, std::move(series), std::move(fields), estimate));
}

}  // namespace

void KeepLastRow(RowPiece& piece) {
  const auto keep_last = [](auto& list) {
    if (!list.empty()) list.erase(list.begin(), list.end() - 1);
  };
  keep_last(piece.times);
  keep_last(piece.versions);
  keep_last(piece.rows);
  for (size_t c = 0; c < piece.columns_used; ++c) {
    keep_last(piece.columns[c].bits);
    keep_last(piece.columns[c].texts);
    keep_last(piece.columns[c].valid);
  }
}

Result<std::unique_ptr<ScanCursor>> EmbeddedStore::Scan(const ScanRequest& request) {
  return OpenScan(*state_, request, ScanKind::kAll);
}

Result<std::unique_ptr<ScanCursor>> EmbeddedStore::LastPoints(const ScanRequest& request) {
  return OpenScan(*state_, request, ScanKind::kLast);
}

}  // namespace tidemark::store
