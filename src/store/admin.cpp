// SPDX-License-Identifier: Apache-2.0
// The operator's verbs.
#include "store/admin.h"

#include <algorithm>

#include "store/compactor_internal.h"
#include "store/embedded_state_internal.h"
#include "store/retention_clock.h"
#include "store/sealer_internal.h"

namespace tidemark::store {

std::vector<DamagedRange> EmbeddedStore::Damaged(TableId table) {
  return state_->snapshots.version()->DamagedOf(table, {kEventTimeMin, kEventTimeMax});
}

void EmbeddedStore::Flush(Completion<void> done) { state_->sealer->Flush(std::move(done)); }

void EmbeddedStore::Compact(CompactMode mode, Completion<void> done) {
  state_->compactor->Compact(mode, std::move(done));
}

std::vector<DamagedFile> EmbeddedStore::Damaged() {
  std::vector<DamagedFile> out;
  const auto version = state_->snapshots.version();
  for (const auto& [number, entry] : version->damaged) {
    const DamagedBlock& d = entry.damaged;
    DamagedFile file;
    file.file = d.revisions ? RevisionFileName(number) : BlockFileName(number);
    for (const TableShare& share : d.meta.tables) file.tables.push_back(share.table);
    file.time = RangeOf(d.meta.min_time, d.meta.max_time);
    file.reason = d.reason;
    file.accepted = d.accepted;
    out.push_back(std::move(file));
  }
  return out;
}

Result<void> EmbeddedStore::AcceptGap(const std::string& file) {
  return state_->storage->AcceptGap(file);
}

StorageReport EmbeddedStore::Report() {
  State& s = *state_;
  StorageReport out;
  std::map<TableId, TableStorage> tables;
  {
    const ReaderLock lock(s.index_mutex);
    for (uint32_t slot = 0; slot < s.index.slots(); ++slot) {
      const TableIndex* table = s.index.BySlot(slot);
      if (table != nullptr) tables[table->id].series = table->series.size();
    }
  }
  for (uint32_t id = 1; id < s.directory.end(); ++id) {
    SeriesEntry* entry = s.directory.Get({0, id});
    if (entry == nullptr) continue;
    const MutexLock lock(s.LaneOf(id).mutex);
    if (entry->dropped) continue;
    uint64_t rows = entry->buffer.rows();
    for (auto part = entry->frozen.get(); part != nullptr; part = part->older.get())
      rows += part->buffer.rows();
    if (rows > 0) tables[entry->table].points += rows;
  }
  const ManifestState files = s.storage->State();
  for (const auto& [number, meta] : files.blocks) {
    out.block_bytes += meta.bytes;
    for (const TableShare& share : meta.tables) {
      TableStorage& t = tables[share.table];
      t.points += share.rows;
      ++t.block_files;
      if (meta.level != FileLevel::kBase) t.overlay_points += share.rows;
      t.bytes += meta.rows == 0 ? 0
                                : static_cast<uint64_t>(static_cast<double>(meta.bytes) *
                                                        static_cast<double>(share.rows) /
                                                        static_cast<double>(meta.rows));
    }
  }
  for (const auto& [number, meta] : files.revisions) out.revision_bytes += meta.bytes;
  uint64_t points = 0;
  for (auto& [id, t] : tables) {
    t.table = id;
    points += t.points;
    out.tables.push_back(t);
  }
  out.dict_bytes = files.dictionary.bytes;
  out.journal_bytes = s.journal->total_bytes();
  const uint64_t noted = s.journal_bytes_noted;  // before what it is taken from grows
  const uint64_t written =
      files.journal_bytes_written + files.block_bytes_written + s.journal->bytes_written() - noted;
  // 16 bytes: an 8-byte time and an 8-byte value.
  if (points > 0)
    out.write_amplification = static_cast<double>(written) / (16.0 * static_cast<double>(points));
  const auto bytes = [](int64_t n) { return static_cast<uint64_t>(std::max<int64_t>(0, n)); };
  const int64_t frozen = s.frozen_bytes.load();
  out.memory_bytes["rows"] = bytes(s.rows_bytes.load() - frozen);
  out.memory_bytes["frozen"] = bytes(frozen);
  out.memory_bytes["index"] = bytes(s.index_bytes.load());
  out.memory_bytes["revisions"] = s.revisions.heap_bytes();
  out.memory_bytes["feed"] = s.feed->heap_bytes();
  out.memory_bytes["journal_queue"] = s.journal->queued_bytes();
  out.damaged = Damaged();
  out.clock_warning = s.retention_clock->Warning();
  return out;
}

Result<Positions> EmbeddedStore::BackupTo(const std::string& dir) {
  State& s = *state_;
  const std::string to = JoinPath(dir, "store");
  TM_RETURN_IF_ERROR(s.fs.CreateDirs(to));
  // Files first: their checkpoint may lie before the position, never behind it.
  TM_ASSIGN_OR_RETURN(const uint64_t checkpoint, s.storage->BackupTo(to));
  const std::string wal = JoinPath(to, "wal");
  TM_RETURN_IF_ERROR(s.fs.CreateDirs(wal));
  TM_ASSIGN_OR_RETURN(const uint64_t lsn, s.journal->CopyTo(wal, checkpoint));
  TM_RETURN_IF_ERROR(s.fs.SyncDir(to));
  TM_RETURN_IF_ERROR(s.fs.SyncDir(dir));
  return s.PositionsAt(lsn);
}

}  // namespace tidemark::store
