// SPDX-License-Identifier: Apache-2.0
// Fills runs: rows of memory are copied as of the snapshot, rows of files decoded block by block.
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstddef>

#include "store/run_merge.h"
#include "store/series_run_internal.h"

namespace tidemark::store {
namespace {

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

}  // namespace

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

}  // namespace tidemark::store
