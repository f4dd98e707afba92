// SPDX-License-Identifier: Apache-2.0
// Statistics are used only for a chunk that overlaps nothing else, has no ended rows, and lies
// wholly inside the range and one bin (design.md section 6). What lies between such chunks is read.
#include <algorithm>

#include "store/aggregate_worker_internal.h"

namespace tidemark::store {
namespace {

int64_t BinEnd(int64_t bin, nanoseconds width) {
  // The first bin may reach beyond the range of int64 only for absurd widths: then all rows are in
  // it.
  return bin > INT64_MAX - width.count() ? INT64_MAX : bin + width.count();
}

}  // namespace

uint64_t PercentileBytes(const AggregateRow& row) {
  uint64_t bytes = 0;
  for (const agg::State& state : row.states) {
    if (state.kind() == agg::Kind::kPercentiles) bytes += state.heap_bytes();
  }
  return bytes;
}

AggregateRow& BinTable::Made(AggregateRow& row, EventTime bin) {
  if (row.points == 0 && row.states.size() != aggregates_->size()) {
    row.bin = bin;
    row.states.reserve(aggregates_->size());
    for (const AggregateColumn& a : *aggregates_) row.states.emplace_back(a.spec());
  }
  return row;
}

AggregateRow& BinTable::At(EventTime bin, nanoseconds width) {
  if (width.count() == 0) {
    if (dense_.empty()) dense_.emplace_back();
    return Made(dense_[0], bin);
  }
  if (empty()) origin_ = bin;
  const int64_t index = (bin.ns - origin_.ns) / width.count();
  constexpr int64_t kDenseMax = 4096;
  if (index >= 0 && index < kDenseMax) {
    if (static_cast<size_t>(index) >= dense_.size()) dense_.resize(static_cast<size_t>(index) + 1);
    return Made(dense_[static_cast<size_t>(index)], bin);
  }
  return Made(sparse_[bin.ns], bin);
}

uint64_t BinTable::heap_bytes() const {
  uint64_t bytes = 0;
  const auto add = [&bytes](const AggregateRow& row) { bytes += PercentileBytes(row); };
  for (const AggregateRow& row : dense_) add(row);
  for (const auto& [bin, row] : sparse_) add(row);
  return bytes;
}

void BinTable::Add(AggregateRow row, nanoseconds width) {
  AggregateRow& to = At(row.bin, width);
  if (to.points == 0) {
    to = std::move(row);
    return;
  }
  to.points += row.points;
  for (size_t i = 0; i < to.states.size(); ++i) to.states[i].Merge(row.states[i]);
}

void AggregateWorker::AddPiece(std::string_view key, const Bins& bins, EventTime one_bin) {
  const size_t n = piece_.size();
  const auto add = [&](AggregateRow& row, size_t from, size_t to) {
    row.points += to - from;
    feeder_.Add(from, to, key, row.states);
    if (!carries_) return;
    const EventTime bin = bins.width.count() == 0 ? start_ : row.bin;
    if (in_ != bin) feeder_.StartWindow();
    in_ = bin;
    feeder_.AddCarry(std::max(bin, start_), key, row.states);
    feeder_.Note(from, to);
  };
  if (bins.width.count() == 0) {
    add(bins_.At(one_bin, bins.width), 0, n);
    return;
  }
  for (size_t from = 0; from < n;) {
    const EventTime bin = FloorTo(piece_.times[from], bins.width, bins.offset);
    const EventTime end{BinEnd(bin.ns, bins.width)};
    const auto begin = piece_.times.begin() + static_cast<std::ptrdiff_t>(from);
    size_t to = n;
    if (piece_.times.back() >= end) {
      to = static_cast<size_t>(std::lower_bound(begin + 1, piece_.times.end(), end) -
                               piece_.times.begin());
    }
    add(bins_.At(bin, bins.width), from, to);
    from = to;
  }
}

Result<bool> AggregateWorker::NextPiece() {
  do {
    TM_RETURN_IF_ERROR(reader_.Next(piece_));
    if (piece_.size() == 0) return false;
    s_.metrics.points_scanned.Add(piece_.size());
    feeder_.Filter(piece_);
  } while (piece_.size() == 0);
  return true;
}

// Steps back from the start, eight times further each time, until every column has a value or its
// carry ends.
Result<void> AggregateWorker::ReadCarry(SeriesEntry& entry, EventTime start,
                                        const ReadWants& wants) {
  const nanoseconds carry = feeder_.CarryOf(entry.type);
  constexpr int64_t kSteps = 64;
  const int64_t oldest = std::max(
      floor_.ns, start.ns < INT64_MIN + carry.count() ? INT64_MIN : start.ns - carry.count());
  if (oldest >= start.ns) return {};
  TM_RETURN_IF_ERROR(reader_.Start(entry, {{oldest}, start}, wants));
  const int64_t newest = reader_.LastTime();
  if (newest == INT64_MIN) return {};
  int64_t end = newest + 1;
  for (int64_t width = carry.count() / kSteps + 1; end > oldest && !feeder_.AllKnown(entry.type);
       width = width > (INT64_MAX >> 3) ? INT64_MAX : width << 3) {
    const int64_t from = end - oldest <= width ? oldest : end - width;
    feeder_.LookFurtherBack();
    TM_RETURN_IF_ERROR(reader_.Start(entry, {{from}, {end}}, wants));
    while (true) {
      TM_ASSIGN_OR_RETURN(const bool more, NextPiece());
      if (!more) break;
      feeder_.Load(entry.type, piece_);
      feeder_.Note(0, piece_.size());
    }
    end = from;
  }
  return {};
}

Result<void> AggregateWorker::ReadRows(SeriesEntry& entry, std::string_view key, TimeRange range,
                                       const ReadWants& wants, const Bins& bins, EventTime one_bin,
                                       bool started) {
  if (range.empty()) return {};
  if (!started) TM_RETURN_IF_ERROR(reader_.Start(entry, range, wants));
  while (true) {
    TM_ASSIGN_OR_RETURN(const bool more, NextPiece());
    if (!more) return {};
    feeder_.Load(entry.type, piece_);
    AddPiece(key, bins, one_bin);
  }
}

void ListClean(const SeriesReader& reader, TimeRange range, const Bins& bins,
               std::vector<ChunkRef>& clean) {
  clean.assign(reader.chunks().begin(), reader.chunks().end());
  std::sort(clean.begin(), clean.end(), [](const ChunkRef& a, const ChunkRef& b) {
    return a.entry.min_time < b.entry.min_time;
  });
  size_t kept = 0;
  int64_t reached = INT64_MIN;  // newest time of the chunks before
  for (size_t i = 0; i < clean.size(); ++i) {
    const ChunkEntry& e = clean[i].entry;
    const bool alone = (i == 0 || reached < e.min_time) &&
                       (i + 1 == clean.size() || clean[i + 1].entry.min_time > e.max_time);
    reached = std::max(reached, e.max_time);
    if (!alone || e.min_time < range.start.ns || e.max_time >= range.end.ns) continue;
    if (bins.width.count() != 0) {
      const EventTime bin = FloorTo({e.min_time}, bins.width, bins.offset);
      if (e.max_time >= BinEnd(bin.ns, bins.width)) continue;
    }
    if (reader.MemoryTouches(e.min_time, e.max_time)) continue;
    clean[kept++] = clean[i];
  }
  clean.resize(kept);
}

Result<void> AggregateWorker::AddSeries(SeriesEntry& entry, std::string_view key, TimeRange range,
                                        const Bins& bins, EventTime one_bin) {
  ReadWants wants;
  wants.values = feeder_.NeedsValues(entry.type);
  wants.field_defs = fields_;
  if (entry.type == ValueType::kMulti) {
    const MutexLock lock(s_.LaneOf(entry.id).mutex);
    present_.clear();
    for (const uint32_t id : feeder_.fields()) {
      const auto known = FieldsWritten(entry);
      if (std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.first == id; }))
        present_.push_back(id);
    }
    wants.fields = present_;
  }
  carries_ = feeder_.CarryOf(entry.type).count() > 0;
  if (carries_ && !range.empty()) {
    in_.reset();
    start_ = range.start;
    feeder_.StartSeries();
    TM_RETURN_IF_ERROR(ReadCarry(entry, range.start, wants));
  }
  TM_RETURN_IF_ERROR(reader_.Start(entry, range, wants));
  if (reader_.chunks().empty()) return ReadRows(entry, key, range, wants, bins, one_bin, true);
  ListClean(reader_, range, bins, clean_);
  if (clean_.empty()) return ReadRows(entry, key, range, wants, bins, one_bin, true);
  const bool only_chunks = clean_.size() == reader_.chunks().size() && !reader_.has_memory();
  EventTime from = range.start;
  bool answered_all = true;
  for (const ChunkRef& ref : clean_) {
    TM_ASSIGN_OR_RETURN(const Chunk chunk, reader_.Load(ref));
    if (chunk.has_tombstones()) {
      answered_all = false;
      continue;
    }
    const EventTime bin =
        bins.width.count() == 0 ? one_bin : FloorTo({ref.entry.min_time}, bins.width, bins.offset);
    AggregateRow& row = bins_.At(bin, bins.width);
    if (!feeder_.AddChunk(entry.type, chunk, ref.entry.max_time, key, row.states)) {
      answered_all = false;
      continue;
    }
    row.points += chunk.rows();
    s_.storage->metrics().chunks_answered.Add();
    if (!only_chunks || !answered_all) {
      const TimeRange before{from, {ref.entry.min_time}};
      answered_all = true;
      TM_RETURN_IF_ERROR(ReadRows(entry, key, before, wants, bins, one_bin, false));
    }
    from = {ref.entry.max_time + 1};
  }
  if (only_chunks && answered_all) return {};
  return ReadRows(entry, key, {from, range.end}, wants, bins, one_bin, false);
}

}  // namespace tidemark::store
