// SPDX-License-Identifier: Apache-2.0
//  1. A run's rows ascend; memory (active and frozen parts together) is one run, each file another.
//  2. The run with the earliest head emits up to the head of the next one; heads of blocks that are
//     not decoded yet count with the block's first time, which is exact.
//  3. Rows of other runs whose times a decoded run has too are written over its rows in place, so
//     that overrides do not cut it into pieces.
//  4. Equal heads: the highest version is emitted, all of them advance.
//  5. Tombstones take part and are dropped on emission.
#include <algorithm>

#include "store/run_merge.h"
#include "store/series_run_internal.h"

namespace tidemark::store {
namespace {

void AppendColumn(const RowColumns::Column& from, size_t at, size_t count, size_t before,
                  RowColumns::Column& to) {
  if (to.type == ValueType::kVarchar) {
    to.texts.insert(to.texts.end(), from.texts.begin() + static_cast<std::ptrdiff_t>(at),
                    from.texts.begin() + static_cast<std::ptrdiff_t>(at + count));
  } else {
    to.bits.insert(to.bits.end(), from.bits.begin() + static_cast<std::ptrdiff_t>(at),
                   from.bits.begin() + static_cast<std::ptrdiff_t>(at + count));
  }
  if (from.valid.empty() && to.valid.empty()) return;
  to.valid.resize(before, 1);
  if (from.valid.empty()) {
    to.valid.resize(before + count, 1);
  } else {
    to.valid.insert(to.valid.end(), from.valid.begin() + static_cast<std::ptrdiff_t>(at),
                    from.valid.begin() + static_cast<std::ptrdiff_t>(at + count));
  }
}

}  // namespace

void RowPiece::Clear() {
  times.clear();
  for (RowColumns::Column& column : columns) ClearColumn(column);
  columns_used = 0;
  versions.clear();
  rows.clear();
  arena.clear();
  pools.clear();
}

SeriesReader::SeriesReader(EmbeddedStore::State& state, const Snapshots::Lease& lease)
    : s_(state), lease_(lease) {}
SeriesReader::~SeriesReader() = default;

Error SeriesReader::Damaged(const ChunkRef& ref, Error error) {
  return s_.ReportDamage(*ref.file, entry_->table, std::move(error));
}

Result<Chunk> SeriesReader::Load(const ChunkRef& ref) {
  auto chunk = ref.file->Load(ref.entry);
  if (!chunk.ok()) return Damaged(ref, std::move(chunk).error());
  return chunk;
}

void SeriesReader::ListMemory() {
  memory_.clear();
  SeriesLane& lane = s_.LaneOf(entry_->id);
  const MutexLock lock(lane.mutex);
  const auto add = [&](const SeriesBuffer& buffer) {
    if (buffer.empty()) return;
    const int64_t first = std::max(buffer.first_time(), range_.start.ns);
    const int64_t last = std::min(buffer.last_time(), range_.end.ns - 1);
    if (first <= last) memory_.emplace_back(first, last);
  };
  add(entry_->buffer);
  for (auto part = entry_->frozen.get(); part != nullptr; part = part->older.get()) {
    if (part->seal_no > lease_.version().seal_no) add(part->buffer);
  }
}

Result<void> SeriesReader::ListChunks() {
  chunks_.clear();
  thread_local std::vector<ChunkEntry> entries;
  for (const TableFile& f : lease_.version().FilesOf(entry_->table)) {
    if (f.min_time >= range_.end.ns) break;
    if (f.max_time < range_.start.ns || !f.file->Has(entry_->id)) continue;
    entries.clear();
    if (auto found = f.file->Find(entry_->id, range_.start.ns, range_.end.ns, entries);
        !found.ok()) {
      return Damaged({f.file.get(), {}}, std::move(found).error());
    }
    for (const ChunkEntry& e : entries) chunks_.push_back({f.file.get(), e});
  }
  return {};
}

Result<void> SeriesReader::Start(SeriesEntry& entry, TimeRange range, const ReadWants& wants) {
  entry_ = &entry;
  range_ = range;
  wants_ = wants;
  runs_used_ = 0;
  chunks_.clear();
  memory_.clear();
  if (range.empty()) return {};
  const Version& version = lease_.version();
  if (!version.damaged.empty()) {
    TM_RETURN_IF_ERROR(version.CheckReadable(entry.table, entry.id, range));
  }
  ListMemory();
  TM_RETURN_IF_ERROR(ListChunks());
  const auto add_run = [&]() -> Run& {
    if (runs_used_ == runs_.size()) runs_.push_back(std::make_unique<Run>());
    Run& run = *runs_[runs_used_++];
    SetUpColumns(run.columns);
    run.ClearRows(run.columns.size());
    run.arena.clear();
    run.pools.clear();
    run.open.reset();
    run.memory = false;
    run.more = true;
    run.head_exact = false;
    run.next_from = range_.start.ns;
    return run;
  };
  if (!memory_.empty()) {
    Run& run = add_run();
    run.memory = true;
    run.next_from = INT64_MAX;
    for (const auto& [first, last] : memory_) run.next_from = std::min(run.next_from, first);
  }
  for (size_t i = 0; i < chunks_.size();) {
    Run& run = add_run();
    run.chunk = i;
    while (i < chunks_.size() && chunks_[i].file == chunks_[run.chunk].file) ++i;
    run.chunks_end = i;
    run.block = 0;
    run.next_from = std::max(range_.start.ns, chunks_[run.chunk].entry.min_time);
    run.head_exact = chunks_[run.chunk].entry.min_time >= range_.start.ns;
  }
  need_versions_ = runs_used_ > 1 || wants_.versions;
  return {};
}

bool SeriesReader::MemoryTouches(int64_t min_time, int64_t max_time) const {
  const bool near = std::any_of(memory_.begin(), memory_.end(), [&](const auto& part) {
    return part.first <= max_time && part.second >= min_time;
  });
  if (!near) return false;
  const MutexLock lock(s_.LaneOf(entry_->id).mutex);
  if (entry_->buffer.HasRowIn(min_time, max_time)) return true;
  for (auto part = entry_->frozen.get(); part != nullptr; part = part->older.get()) {
    if (part->seal_no > lease_.version().seal_no && part->buffer.HasRowIn(min_time, max_time)) {
      return true;
    }
  }
  return false;
}

uint64_t SeriesReader::MemoryRows() const {
  if (memory_.empty()) return 0;
  const MutexLock lock(s_.LaneOf(entry_->id).mutex);
  const int64_t last = range_.end.ns - 1;
  uint64_t rows = entry_->buffer.RowsIn(range_.start.ns, last);
  for (auto part = entry_->frozen.get(); part != nullptr; part = part->older.get()) {
    if (part->seal_no > lease_.version().seal_no) {
      rows += part->buffer.RowsIn(range_.start.ns, last);
    }
  }
  return rows;
}

int64_t SeriesReader::LastTime() const {
  int64_t last = INT64_MIN;
  for (const auto& [first, end] : memory_) last = std::max(last, end);
  for (const ChunkRef& ref : chunks_) {
    last = std::max(last, std::min(ref.entry.max_time, range_.end.ns - 1));
  }
  return last;
}

SeriesReader::Run* SeriesReader::Earliest(int64_t& others_from) {
  Run* best = nullptr;
  others_from = INT64_MAX;
  for (size_t i = 0; i < runs_used_; ++i) {
    Run& run = *runs_[i];
    if (run.done()) continue;
    if (best == nullptr || run.head() < best->head()) {
      if (best != nullptr) others_from = best->head();
      best = &run;
    } else {
      others_from = std::min(others_from, run.head());
    }
  }
  return best;
}

void SeriesReader::EmitWhole(Run& run, RowPiece& out) {
  out.times.swap(run.times);
  for (size_t c = 0; c < run.columns.size(); ++c) {
    std::swap(out.columns[c].bits, run.columns[c].bits);
    std::swap(out.columns[c].texts, run.columns[c].texts);
    std::swap(out.columns[c].valid, run.columns[c].valid);
  }
  if (wants_.versions) out.versions.swap(run.versions);
  if (wants_.rows) {
    out.rows.swap(run.infos);
    out.rows.resize(out.times.size());
  }
  out.arena.insert(out.arena.end(), run.arena.begin(), run.arena.end());
  out.pools.insert(out.pools.end(), run.pools.begin(), run.pools.end());
  run.ClearRows(run.columns.size());
}

// Appends `count` rows from the run's head on, tombstones left out.
void SeriesReader::Emit(Run& run, size_t count, RowPiece& out) {
  if (run.at == 0 && count == run.times.size() && out.times.empty() && run.tombstones.empty()) {
    EmitWhole(run, out);
    return;
  }
  const size_t end = run.at + count;
  for (size_t at = run.at; at < end;) {
    size_t stop = end;
    if (!run.tombstones.empty()) {
      while (at < end && run.tombstones[at] != 0) ++at;
      if (at == end) break;
      for (stop = at; stop < end && run.tombstones[stop] == 0;) ++stop;
    }
    const size_t n = stop - at;
    const size_t before = out.times.size();
    const auto append = [&](const auto& from, auto& to) {
      to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(at),
                from.begin() + static_cast<std::ptrdiff_t>(stop));
    };
    append(run.times, out.times);
    if (wants_.versions) append(run.versions, out.versions);
    if (!run.infos.empty()) {
      append(run.infos, out.rows);
    } else if (wants_.rows) {
      out.rows.resize(out.rows.size() + n);
    }
    for (size_t c = 0; c < run.columns.size(); ++c)
      AppendColumn(run.columns[c], at, n, before, out.columns[c]);
    at = stop;
  }
  // What the texts point to lives as long as the piece.
  for (const auto& text : run.arena) {
    if (std::find(out.arena.begin(), out.arena.end(), text) == out.arena.end())
      out.arena.push_back(text);
  }
  for (const auto& pool : run.pools) {
    if (std::find(out.pools.begin(), out.pools.end(), pool) == out.pools.end())
      out.pools.push_back(pool);
  }
  run.at = end;
}

// Several runs have a row at `time`: the highest version stays.
Result<void> SeriesReader::EmitTie(int64_t time, RowPiece& out) {
  Run* winner = nullptr;
  for (size_t i = 0; i < runs_used_; ++i) {
    Run& run = *runs_[i];
    if (run.left() == 0 || run.times[run.at].ns != time) continue;
    if (winner == nullptr || Supersedes(run.versions[run.at], winner->versions[winner->at])) {
      winner = &run;
    }
  }
  for (size_t i = 0; i < runs_used_; ++i) {
    Run& run = *runs_[i];
    if (&run != winner && run.left() > 0 && run.times[run.at].ns == time) ++run.at;
  }
  Emit(*winner, 1, out);
  return {};
}

SeriesReader::Run& SeriesReader::LargestAt(int64_t head) {
  Run* best = nullptr;
  for (size_t i = 0; i < runs_used_; ++i) {
    Run& run = *runs_[i];
    if (run.left() == 0 || run.times[run.at].ns != head) continue;
    if (best == nullptr || run.left() > best->left()) best = &run;
  }
  return *best;
}

void SeriesReader::Overwrite(Run& base, size_t at, const Run& other) {
  const size_t from = other.at;
  base.versions[at] = other.versions[from];
  if (!base.infos.empty() && !other.infos.empty()) base.infos[at] = other.infos[from];
  if (!base.tombstones.empty() || !other.tombstones.empty()) {
    base.tombstones.resize(base.times.size(), 0);
    base.tombstones[at] = other.tombstones.empty() ? 0 : other.tombstones[from];
  }
  for (size_t c = 0; c < base.columns.size(); ++c) {
    RowColumns::Column& to = base.columns[c];
    const RowColumns::Column& value = other.columns[c];
    if (to.type == ValueType::kVarchar) {
      to.texts[at] = value.texts[from];
    } else {
      to.bits[at] = value.bits[from];
    }
    if (to.valid.empty() && value.valid.empty()) continue;
    to.valid.resize(base.times.size(), 1);
    to.valid[at] = value.valid.empty() ? 1 : value.valid[from];
  }
}

// False: `other` has a row that `base` lacks, so they must be merged from there.
Result<bool> SeriesReader::PatchFrom(Run& base, Run& other) {
  // Texts written over live as long as the base's.
  const auto keep = [&] {
    base.arena.insert(base.arena.end(), other.arena.begin(), other.arena.end());
    base.pools.insert(base.pools.end(), other.pools.begin(), other.pools.end());
  };
  keep();
  size_t at = base.at;
  while (other.head() <= base.times.back().ns && !other.done()) {
    if (other.left() == 0) {
      TM_RETURN_IF_ERROR(Fill(other));
      keep();
      continue;
    }
    // Overrides lie near each other or far apart: gallop.
    const EventTime time = other.times[other.at];
    size_t step = 1;
    while (at + step < base.times.size() && base.times[at + step] <= time) step *= 2;
    const auto begin = base.times.begin() + static_cast<std::ptrdiff_t>(at + step / 2);
    const auto end = base.times.begin() +
                     static_cast<std::ptrdiff_t>(std::min(at + step + 1, base.times.size()));
    const auto found = std::lower_bound(begin, end, time);
    if (found == end || *found != time) return false;
    at = static_cast<size_t>(found - base.times.begin());
    if (Supersedes(other.versions[other.at], base.versions[at])) Overwrite(base, at, other);
    ++other.at;
  }
  return true;
}

Result<void> SeriesReader::Patch(Run& base) {
  for (size_t i = 0; i < runs_used_; ++i) {
    Run& other = *runs_[i];
    if (&other == &base || other.done() || other.head() > base.times.back().ns) continue;
    TM_ASSIGN_OR_RETURN(const bool all, PatchFrom(base, other));
    if (!all) return {};
  }
  return {};
}

Result<void> SeriesReader::Next(RowPiece& out) {
  out.Clear();
  if (entry_ == nullptr || runs_used_ == 0) return {};
  out.columns_used = SetUpColumns(out.columns);
  while (out.times.size() < kPieceRows) {
    int64_t others_from = 0;
    Run* run = Earliest(others_from);
    if (run == nullptr) break;
    if (run->left() == 0) {
      if (!out.times.empty() && out.times.size() + kBlockRows > kPieceRows) break;
      TM_RETURN_IF_ERROR(Fill(*run));
      continue;
    }
    const int64_t head = run->head();
    if (others_from <= run->times.back().ns || head == others_from) {
      Run& base = head == others_from ? LargestAt(head) : *run;
      constexpr size_t kWorthPatching = 64;
      if (base.left() >= kWorthPatching && !base.patched) {
        base.patched = true;
        TM_RETURN_IF_ERROR(Patch(base));
        continue;
      }
    }
    if (head == others_from) {
      // The others at this time must be decoded before versions are compared.
      bool filled = false;
      for (size_t i = 0; i < runs_used_; ++i) {
        Run& other = *runs_[i];
        if (other.left() == 0 && other.more && other.next_from == head) {
          TM_RETURN_IF_ERROR(Fill(other));
          filled = true;
        }
      }
      if (!filled) TM_RETURN_IF_ERROR(EmitTie(head, out));
      continue;
    }
    size_t count = run->left();
    if (run->times.back().ns >= others_from) {
      const auto from = run->times.begin() + static_cast<std::ptrdiff_t>(run->at);
      count = static_cast<size_t>(std::lower_bound(from, run->times.end(), EventTime{others_from}) -
                                  from);
    }
    Emit(*run, count, out);
    for (size_t i = 0; i < runs_used_; ++i) {
      if (runs_[i].get() != run) runs_[i]->patched = false;
    }
    if (out.times.size() >= kBlockRows && run->left() == 0 && runs_used_ == 1) break;
  }
  return {};
}

}  // namespace tidemark::store
