// SPDX-License-Identifier: Apache-2.0
// Copies rows of one series out of memory, as of an LSN, under the lane's lock; and lets old rows
// go.
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstddef>

#include "store/embedded_state_internal.h"
#include "store/reject_text.h"
#include "store/run_merge.h"

namespace tidemark::store {
namespace {

static_assert(sizeof(Row) == 16 && offsetof(Row, time) == 0 && sizeof(EventTime) == 8);

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

void CopyRows(const RowSpan& span, size_t first, size_t count, const PieceWants& wants,
              RowPiece& piece) {
  const Row* rows = span.rows + first;
  const size_t index = span.first + first;
  const bool tombstones =
      span.owned != nullptr && std::any_of(span.owned + index, span.owned + index + count,
                                           [](const OwnedRow& o) { return o.tombstone; });
  if (tombstones && count > 1) {
    for (size_t i = 0; i < count; ++i) CopyRows(span, first + i, 1, wants, piece);
    return;
  }
  if (tombstones) return;
  const size_t at = piece.times.size();
  piece.times.resize(at + count);
  piece.bits.resize(at + count);
  EventTime* times = piece.times.data() + at;
  uint64_t* bits = piece.bits.data() + at;
  SplitRows(rows, count, times, bits);
  if (wants.versions) {
    for (size_t i = 0; i < count; ++i) piece.versions.push_back(span.versions.at(index + i));
  }
  if (wants.rows) {
    for (size_t i = 0; i < count; ++i) {
      piece.rows.push_back(span.owned == nullptr ? RowInfo{} : span.owned[index + i].info);
    }
  }
}

void Clear(RowPiece& piece) {
  piece.times.clear();
  piece.bits.clear();
  piece.versions.clear();
  piece.rows.clear();
  piece.more = false;
}

}  // namespace

void EmbeddedStore::State::ReadPiece(SeriesEntry& entry, uint64_t lsn, TimeRange range,
                                     const PieceWants& wants, RowPiece& piece) {
  thread_local std::vector<SortedRun> runs(1);
  do {
    Clear(piece);
    if (range.empty()) return;
    SeriesLane& lane = LaneOf(entry.id);
    const MutexLock lock(lane.mutex);
    if (entry.dropped) return;
    SortedRun& memory = runs[0];
    memory.clear();
    CollectAsOf(entry.buffer, lane.undo, entry.undo_chain, entry.last_lsn, lsn, range,
                wants.rows_max, memory);
    const uint64_t rows =
        MergeRuns(runs, wants.rows_max, [&](const RowSpan& span, size_t first, size_t count) {
          CopyRows(span, first, count, wants, piece);
        });
    piece.pool = entry.pool;
    piece.more = rows >= wants.rows_max;
    if (piece.more) {
      const RowSpan& last = memory.back();
      piece.next = {last.rows[last.count - 1].time + 1};
      range.start = piece.next;
    }
  } while (piece.times.empty() && piece.more);
}

void EmbeddedStore::State::ReadLast(SeriesEntry& entry, uint64_t lsn, TimeRange range,
                                    const PieceWants& wants, RowPiece& piece) {
  Clear(piece);
  // Nearly always the newest row of the buffer; steps back over newer rows than the snapshot's or
  // the range's.
  PieceWants all = wants;
  all.rows_max = UINT32_MAX;
  int64_t start = range.end.ns;
  {
    SeriesLane& lane = LaneOf(entry.id);
    const MutexLock lock(lane.mutex);
    if (entry.buffer.empty()) return;
    start = std::min(start, entry.buffer.last_time() + 1);
  }
  for (int64_t width = 1; piece.times.empty() && start > range.start.ns;
       width = width > (INT64_MAX >> 8) ? width : width << 8) {
    const int64_t from = start - range.start.ns < width ? range.start.ns : start - width;
    ReadPiece(entry, lsn, {{from}, {start}}, all, piece);
    start = from;
  }
  const auto keep_last = [](auto& list) {
    if (!list.empty()) list.erase(list.begin(), list.end() - 1);
  };
  keep_last(piece.times);
  keep_last(piece.bits);
  keep_last(piece.versions);
  keep_last(piece.rows);
  piece.more = false;
}

namespace {

// Points older than memory plus magnetic retention leave, a few thousand series a step.
class RetentionStep final : public Steppable {
 public:
  explicit RetentionStep(EmbeddedStore::State& state) : s_(state) {}

  Result<Progress> Step() override {
    Progress progress;
    if (next_ == 0) {
      if (s_.clock.Monotonic() < due_) {
        progress.wake_at = due_;
        return progress;
      }
      StartPass();
    }
    const uint32_t end = std::min(s_.directory.end(), next_ + kSeriesPerStep);
    for (; next_ < end; ++next_) Trim(next_);
    progress.more = next_ < s_.directory.end();
    if (!progress.more) {
      next_ = 0;
      due_ = s_.clock.Monotonic() + s_.options.retention_interval;
      progress.wake_at = due_;
    }
    return progress;
  }

 private:
  static constexpr uint32_t kSeriesPerStep = 4096;

  void StartPass() {
    next_ = 1;
    floors_.clear();
    // A reader keeps seeing what its floor showed when it began.
    const ArrivalTime now = s_.snapshots.OldestSince(s_.clock.Now());
    const ReaderLock lock(s_.index_mutex);
    for (uint32_t slot = 0; slot < s_.index.slots(); ++slot) {
      const TableIndex* table = s_.index.BySlot(slot);
      floors_.push_back(
          table == nullptr || !table->settings
              ? kEventTimeMin
              : WindowOf(*table->settings, now, WriteBatch::TimeCheck::kNone).retention_start);
    }
  }

  void Trim(uint32_t id) {
    SeriesEntry* entry = s_.directory.Get({0, id});
    if (entry == nullptr || entry->table_slot >= floors_.size()) return;
    const EventTime floor = floors_[entry->table_slot];
    SeriesLane& lane = s_.LaneOf(id);
    const MutexLock lock(lane.mutex);
    if (entry->buffer.empty()) return;
    const int64_t before = RowWriter::HeapBytes(*entry);
    const uint64_t removed = entry->buffer.RemoveBefore(floor.ns);
    if (removed == 0) return;
    s_.rows_count -= static_cast<int64_t>(removed);
    // Undo records may still point into the pool; then it waits for a later pass.
    if (entry->pool != nullptr && entry->last_lsn <= s_.snapshots.bound()) CompactPool(*entry);
    s_.rows_bytes += RowWriter::HeapBytes(*entry) - before;
    if (!entry->owner.none()) s_.revisions.RemoveBefore(id, floor);
  }

  // Readers hold the old pool as long as they need it.
  static void CompactPool(SeriesEntry& entry) {
    auto fresh = std::make_shared<TextPool>();
    entry.buffer.ForEachBits([&](uint64_t& bits) { bits = fresh->Add(TextPool::TextOf(bits)); });
    entry.pool = std::move(fresh);
  }

  EmbeddedStore::State& s_;
  std::vector<EventTime> floors_;  // by table slot
  uint32_t next_ = 0;              // 0: between passes
  MonotonicTime due_;
};

}  // namespace

std::unique_ptr<Steppable> MakeRetentionStep(EmbeddedStore::State& state) {
  return std::make_unique<RetentionStep>(state);
}

}  // namespace tidemark::store
