// SPDX-License-Identifier: Apache-2.0
// What a read would touch. Uses what the read itself uses to decide, so that EXPLAIN tells the
// truth; a file that is damaged counts as nothing here, and fails where it is read.
#include "store/aggregate_worker_internal.h"
#include "store/embedded_state_internal.h"

namespace tidemark::store {
namespace {

class Estimator {
 public:
  Estimator(EmbeddedStore::State& state, const Snapshots::Lease& lease,
            const AggregateRequest& request, TimeRange range,
            const std::map<std::string, uint32_t>& field_ids, std::span<const FieldDef> fields)
      : lease_(lease),
        range_(range),
        bins_(request.bins.value_or(Bins{})),
        by_statistics_(!request.aggregates.empty()),
        reader_(state, lease),
        feeder_(request.aggregates, field_ids, request.values) {
    wants_.values = false;
    wants_.field_defs = fields;
    for (const AggregateColumn& a : request.aggregates) {
      states_.emplace_back(a.spec());
    }
  }

  void Add(SeriesEntry& entry, ReadEstimate& out) {
    ++out.series;
    const uint64_t all = ChunksOf(entry);
    if (range_.empty() || !reader_.Start(entry, range_, wants_).ok()) {
      out.chunks_skipped += all;
      return;
    }
    const size_t here = reader_.chunks().size();
    for (const ChunkRef& ref : reader_.chunks()) out.points += ref.entry.rows;
    out.points += reader_.MemoryRows();
    const size_t answered = by_statistics_ ? Answered(entry) : 0;
    out.chunks_skipped += all - here;
    out.chunks_by_statistics += answered;
    out.chunks_read += here - answered;
  }

 private:
  uint64_t ChunksOf(const SeriesEntry& entry) {
    entries_.clear();
    for (const TableFile& f : lease_.version().FilesOf(entry.table)) {
      if (!f.file->Has(entry.id)) continue;
      // Damage shows when the rows are read.
      (void)f.file->Find(entry.id, INT64_MIN, INT64_MAX, entries_).ok();
    }
    return entries_.size();
  }

  size_t Answered(const SeriesEntry& entry) {
    ListClean(reader_, range_, bins_, clean_);
    size_t answered = 0;
    for (const ChunkRef& ref : clean_) {
      const auto chunk = reader_.Load(ref);
      if (!chunk.ok() || chunk->has_tombstones()) continue;
      answered += feeder_.AddChunk(entry.type, *chunk, ref.entry.max_time, "", states_) ? 1 : 0;
    }
    return answered;
  }

  const Snapshots::Lease& lease_;
  const TimeRange range_;
  const Bins bins_;
  const bool by_statistics_;
  SeriesReader reader_;
  ValueFeeder feeder_;
  ReadWants wants_;
  std::vector<agg::State> states_;  // thrown away
  std::vector<ChunkEntry> entries_;
  std::vector<ChunkRef> clean_;
};

}  // namespace

Result<ReadEstimate> EmbeddedStore::Estimate(const AggregateRequest& request) {
  State& s = *state_;
  const Selection& selection = request.selection;
  for (const AggregateColumn& a : request.aggregates) {
    TM_RETURN_IF_ERROR(agg::CheckSpec(a.spec()));
  }
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(selection.table));
  const Snapshots::Lease lease = s.snapshots.Take(s.RetentionNow());
  const TimeRange range{std::max(selection.time.start, floor), selection.time.end};
  ReadEstimate out;
  std::vector<uint32_t> series;
  std::vector<FieldDef> fields;
  std::map<std::string, uint32_t> field_ids;
  {
    const ReaderLock lock(s.index_mutex);
    Selection all;
    all.table = selection.table;
    TM_ASSIGN_OR_RETURN(const auto everything, s.index.SelectIds(all, lease.lsn()));
    out.series_total = everything.size();
    TM_ASSIGN_OR_RETURN(series, s.index.SelectIds(selection, lease.lsn()));
    if (const TableIndex* table = s.index.Find(selection.table)) fields = table->fields_by_id;
  }
  for (uint32_t id = 0; id < fields.size(); ++id) field_ids[fields[id].name] = id;
  Estimator estimator(s, lease, request, range, field_ids, fields);
  for (const uint32_t id : series) estimator.Add(*s.directory.Get({0, id}), out);
  return out;
}

}  // namespace tidemark::store
