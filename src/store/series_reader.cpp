// SPDX-License-Identifier: Apache-2.0
//  1. A run's rows ascend; memory (active and frozen parts together) is one run, each file another.
//  2. The run with the earliest head emits up to the head of the next one; heads of blocks that are
//  not
//     decoded yet count with the block's first time, which is exact.
//  3. Rows of other runs whose times a decoded run has too are written over its rows in place, so
//     that overrides do not cut it into pieces.
//  4. Equal heads: the highest version is emitted, all of them advance. Tombstones take part and
//  are
//     dropped on emission.
#include "store/series_reader.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "store/run_merge.h"

namespace tidemark::store {
namespace {

constexpr size_t kPieceRows = 2 * kBlockRows;

static_assert(sizeof(EventTime) == sizeof(int64_t) && offsetof(EventTime, ns) == 0);
int64_t* Raw(std::vector<EventTime>& times) { return reinterpret_cast<int64_t*>(times.data()); }

static_assert(sizeof(Row) == 16 && offsetof(Row, time) == 0);

/// Rows to columns. Two rows at a time by SSE2, which every x86-64 has: g++ 12 does not vectorise
/// the plain loop at -O2.
void SplitRows(const Row* rows, size_t count, EventTime* times, uint64_t* bits) {
  size_t i = 0;
#ifdef __SSE2__
  for (; i + 2 <= count; i += 2) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + i));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + i + 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(times + i), _mm_unpacklo_epi64(a, b));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bits + i), _mm_unpackhi_epi64(a, b));
  }
#endif
  for (; i < count; ++i) {
    times[i].ns = rows[i].time;
    bits[i] = rows[i].bits;
  }
}

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

void ClearColumn(RowColumns::Column& column) {
  column.bits.clear();
  column.texts.clear();
  column.valid.clear();
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

struct SeriesReader::Run {
  // Decoded rows [at, times.size()).
  std::vector<EventTime> times;
  std::vector<RowColumns::Column> columns;
  std::vector<int64_t> versions;
  std::vector<RowInfo> infos;
  std::vector<uint8_t> tombstones;  // empty: none
  TextArena arena;
  std::vector<std::shared_ptr<const TextPool>> pools;
  size_t at = 0;
  bool patched = false;  // others were written over these rows as far as that goes

  bool memory = false;
  bool more = false;        // there is something beyond the decoded rows
  int64_t next_from = 0;    // then: no row of it lies before
  bool head_exact = false;  // and its first row is exactly there
  // Files: chunks [chunk, chunks_end) of SeriesReader::chunks_, from block `block` of the first.
  size_t chunk = 0;
  size_t chunks_end = 0;
  size_t block = 0;
  std::optional<Chunk> open;

  size_t left() const { return times.size() - at; }
  bool done() const { return left() == 0 && !more; }
  int64_t head() const { return left() > 0 ? times[at].ns : next_from; }
  void ClearRows(size_t columns_used) {
    times.clear();
    for (size_t c = 0; c < columns_used; ++c) ClearColumn(columns[c]);
    versions.clear();
    infos.clear();
    tombstones.clear();
    at = 0;
    patched = false;
  }
};

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

size_t SeriesReader::SetUpColumns(std::vector<RowColumns::Column>& columns) const {
  size_t used = 0;
  const auto add = [&](uint32_t field, ValueType type) {
    if (used == columns.size()) columns.emplace_back();
    columns[used].field = field;
    columns[used].type = type;
    ++used;
  };
  if (wants_.values) {
    if (entry_->type == ValueType::kMulti) {
      for (const uint32_t id : wants_.fields) add(id, wants_.field_defs[id].type);
    } else {
      add(kSingleField, entry_->type);
    }
  }
  columns.resize(used);
  return used;
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

int64_t SeriesReader::LastTime() const {
  int64_t last = INT64_MIN;
  for (const auto& [first, end] : memory_) last = std::max(last, end);
  for (const ChunkRef& ref : chunks_) {
    last = std::max(last, std::min(ref.entry.max_time, range_.end.ns - 1));
  }
  return last;
}

// Copies the next rows of all parts that the pinned version's files do not hold. Between two calls
// a part may have been frozen: so parts are looked up anew, and time says where to go on.
void SeriesReader::FillFromMemory(Run& run) {
  thread_local std::vector<SortedRun> runs;
  thread_local std::vector<uint64_t> bits;
  run.ClearRows(run.columns.size());
  run.pools.clear();
  bits.clear();
  bool any_tombstone = false;
  const bool owned = !entry_->owner.none();
  {
    SeriesLane& lane = s_.LaneOf(entry_->id);
    const MutexLock lock(lane.mutex);
    run.more = false;
    if (entry_->dropped) return;
    const TimeRange rest{{run.next_from}, range_.end};
    size_t used = 0;
    const auto collect = [&](const SeriesBuffer& buffer, uint64_t chain, uint64_t last_lsn,
                             const std::shared_ptr<TextPool>& pool) {
      if (buffer.empty()) return;
      if (used == runs.size()) runs.emplace_back();
      runs[used].clear();
      CollectAsOf(buffer, lane.undo, chain, last_lsn, lease_.lsn(), rest, kPieceRows, runs[used]);
      if (runs[used].empty()) return;
      ++used;
      if (pool != nullptr) run.pools.push_back(pool);
    };
    collect(entry_->buffer, entry_->undo_chain, entry_->last_lsn, entry_->pool);
    for (auto part = entry_->frozen.get(); part != nullptr; part = part->older.get()) {
      if (part->seal_no > lease_.version().seal_no) {
        collect(part->buffer, part->undo_chain, part->last_lsn, part->pool);
      }
    }
    runs.resize(used);
    const uint64_t rows =
        MergeRuns(runs, kPieceRows, [&](const RowSpan& span, size_t first, size_t count) {
          const size_t at = run.times.size();
          const size_t index = span.first + first;
          run.times.resize(at + count);
          bits.resize(at + count);
          SplitRows(span.rows + first, count, run.times.data() + at, bits.data() + at);
          if (need_versions_) {
            for (size_t i = 0; i < count; ++i) run.versions.push_back(span.versions.at(index + i));
          }
          if (span.owned == nullptr && !owned) return;
          for (size_t i = 0; i < count; ++i) {
            const OwnedRow row = span.owned == nullptr ? OwnedRow{} : span.owned[index + i];
            if (wants_.rows) run.infos.push_back(row.info);
            run.tombstones.push_back(row.tombstone ? 1 : 0);
            any_tombstone |= row.tombstone;
          }
        });
    run.more = rows >= kPieceRows;
    run.head_exact = false;
    if (run.more) run.next_from = run.times.back().ns + 1;
  }
  if (!any_tombstone) run.tombstones.clear();
  if (run.columns.empty()) return;
  if (entry_->type == ValueType::kMulti) {
    thread_local std::vector<EncodedField> row;
    for (size_t i = 0; i < bits.size(); ++i) {
      row.clear();
      if (run.tombstones.empty() || run.tombstones[i] == 0) {
        DecodeFields(TextPool::TextOf(bits[i]), row);
      }
      size_t at = 0;  // both ascend by id
      for (RowColumns::Column& column : run.columns) {
        while (at < row.size() && row[at].id < column.field) ++at;
        const bool present = at < row.size() && row[at].id == column.field;
        const ValueView value = present ? row[at].value : ValueView();
        column.valid.push_back(present ? 1 : 0);
        if (column.type == ValueType::kVarchar) {
          column.texts.push_back(present ? value.as_varchar() : std::string_view());
        } else {
          column.bits.push_back(present ? ScalarBits(value) : 0);
        }
      }
    }
    return;
  }
  RowColumns::Column& column = run.columns[0];
  if (entry_->type == ValueType::kVarchar) {
    for (size_t i = 0; i < bits.size(); ++i) {
      const bool ended = !run.tombstones.empty() && run.tombstones[i] != 0;
      column.texts.push_back(ended ? std::string_view() : TextPool::TextOf(bits[i]));
    }
  } else {
    column.bits.swap(bits);
  }
}

Result<void> SeriesReader::DecodeBlock(Run& run, size_t block) {
  Chunk& chunk = *run.open;
  const size_t before = run.times.size();
  const size_t n = chunk.rows_in(block);
  run.times.resize(before + n);
  TM_RETURN_IF_ERROR(chunk.Times(block, Raw(run.times) + before));
  // Rows outside the range are cut off; what is decoded below is cut the same way.
  const auto begin = run.times.begin() + static_cast<std::ptrdiff_t>(before);
  const size_t skip =
      begin->ns >= range_.start.ns
          ? 0
          : static_cast<size_t>(std::lower_bound(begin, run.times.end(), range_.start) - begin);
  const size_t end =
      run.times.back() < range_.end
          ? n
          : static_cast<size_t>(std::lower_bound(begin, run.times.end(), range_.end) - begin);
  const auto cut = [&](auto& list, size_t from) {
    list.resize(from + end);
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(from),
               list.begin() + static_cast<std::ptrdiff_t>(from + skip));
  };
  const bool whole = skip == 0 && end == n;
  if (!whole) {
    run.times.resize(before + end);
    if (end <= skip) {
      run.times.resize(before);
      return {};
    }
    cut(run.times, before);
  }
  if (need_versions_) {
    const size_t from = run.versions.size();
    run.versions.resize(from + n);
    if (chunk.constant_version()) {
      std::fill(run.versions.begin() + static_cast<std::ptrdiff_t>(from), run.versions.end(),
                chunk.first_version());
    } else {
      TM_RETURN_IF_ERROR(chunk.Versions(block, run.versions.data() + from));
    }
    if (!whole) cut(run.versions, from);
  }
  if (chunk.has_tombstones() || !run.tombstones.empty()) {
    run.tombstones.resize(before, 0);
    run.tombstones.resize(before + n, 0);
    if (chunk.has_tombstones()) {
      TM_RETURN_IF_ERROR(chunk.Tombstones(block, run.tombstones.data() + before));
    }
    if (!whole) cut(run.tombstones, before);
  }
  if (wants_.rows) {
    run.infos.resize(before + n);
    if (chunk.owned()) TM_RETURN_IF_ERROR(chunk.Infos(block, run.infos.data() + before));
    if (!whole) cut(run.infos, before);
  }
  size_t at = 0;
  for (RowColumns::Column& column : run.columns) {
    while (at < chunk.columns() && chunk.field(at) < column.field) ++at;
    const bool present =
        at < chunk.columns() && chunk.field(at) == column.field && chunk.type(at) == column.type;
    if (column.type == ValueType::kVarchar) {
      column.texts.resize(before + n);
      if (present)
        TM_RETURN_IF_ERROR(chunk.Texts(at, block, column.texts.data() + before, run.arena));
      if (!whole) cut(column.texts, before);
    } else {
      column.bits.resize(before + n);
      if (present) TM_RETURN_IF_ERROR(chunk.Bits(at, block, column.bits.data() + before));
      if (!whole) cut(column.bits, before);
    }
    if (present && !chunk.has_nulls(at) && column.valid.empty()) continue;
    column.valid.resize(before, 1);
    column.valid.resize(before + n, present ? 1 : 0);
    if (present && chunk.has_nulls(at)) {
      TM_RETURN_IF_ERROR(chunk.Valid(at, block, column.valid.data() + before));
    }
    if (!whole) cut(column.valid, before);
  }
  return {};
}

// Two blocks at most, so that a piece fills a vector of DuckDB.
Result<void> SeriesReader::FillFromChunk(Run& run) {
  run.ClearRows(run.columns.size());
  run.arena.clear();
  run.pools.clear();
  while (run.times.size() + kBlockRows <= kPieceRows) {
    if (!run.open) {
      if (run.chunk == run.chunks_end) break;
      if (!run.times.empty() && run.times.size() + chunks_[run.chunk].entry.rows > kPieceRows) {
        break;
      }
      TM_ASSIGN_OR_RETURN(Chunk chunk, Load(chunks_[run.chunk]));
      run.open = std::move(chunk);
      run.block = run.open->BlockAt(range_.start.ns);
    }
    if (run.block == run.open->blocks() || run.open->BlockStart(run.block) >= range_.end.ns) {
      // Texts of a chunk without compression point into the file; the chunk itself may go.
      run.open.reset();
      ++run.chunk;
      continue;
    }
    if (auto decoded = DecodeBlock(run, run.block); !decoded.ok()) {
      return Damaged(chunks_[run.chunk], std::move(decoded).error());
    }
    ++run.block;
  }
  run.more = false;
  run.head_exact = true;
  if (run.open && run.block < run.open->blocks() &&
      run.open->BlockStart(run.block) < range_.end.ns) {
    run.more = true;
    run.next_from = run.open->BlockStart(run.block);
    run.head_exact = run.next_from >= range_.start.ns;
    run.next_from = std::max(run.next_from, range_.start.ns);
    return {};
  }
  const size_t next = run.open ? run.chunk + 1 : run.chunk;
  if (next < run.chunks_end) {
    run.more = true;
    run.next_from = std::max(range_.start.ns, chunks_[next].entry.min_time);
    run.head_exact = chunks_[next].entry.min_time >= range_.start.ns;
  }
  return {};
}

Result<void> SeriesReader::Fill(Run& run) {
  if (run.memory) {
    FillFromMemory(run);
    return {};
  }
  return FillFromChunk(run);
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
