// SPDX-License-Identifier: Apache-2.0
// What the embedded store is made of, shared by its source files.
//
// Locks, in the order they are taken: lanes (ascending) -> index_mutex -> progress_mutex ->
// journal. Readers take the index shared to select, let go, and then one lane at a time.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <tuple>

#include "base/logging.h"
#include "store/embedded_store.h"
#include "store/feed.h"
#include "store/journal.h"
#include "store/revision_log.h"
#include "store/series_index.h"
#include "store/snapshots.h"

namespace tidemark::store {

using SourceKey = std::tuple<SourceId, TableId, uint32_t>;

struct StoreMetrics {
  explicit StoreMetrics(MetricRegistry& registry);

  Counter& points_scanned;
  Counter& writes;
  Counter& points;
  std::array<Counter*, 8> rejected;  // by RejectReason
  Counter& exhausted;
  Gauge& memory_bytes;
  Gauge& series;
  Gauge& feed_end;
};

/// Locks some lanes in ascending order.
class LaneLocks {
 public:
  LaneLocks(std::array<SeriesLane, SeriesDirectory::kLanes>& lanes, uint32_t mask);
  ~LaneLocks();
  LaneLocks(const LaneLocks&) = delete;
  LaneLocks& operator=(const LaneLocks&) = delete;

 private:
  std::array<SeriesLane, SeriesDirectory::kLanes>& lanes_;
  const uint32_t mask_;
};
inline constexpr uint32_t kAllLanes = (uint32_t{1} << SeriesDirectory::kLanes) - 1;

/// Rows copied out of one series under its lane's lock.
struct RowPiece {
  std::vector<EventTime> times;
  std::vector<uint64_t> bits;
  std::vector<int64_t> versions;
  std::vector<RowInfo> rows;
  std::shared_ptr<TextPool> pool;  // keeps what `bits` point to
  bool more = false;               // the series has rows at or beyond `next`
  EventTime next;
};

struct PieceWants {
  bool versions = false;
  bool rows = false;
  size_t rows_max = 2048;
};

struct EmbeddedStore::State {
  State(EmbeddedStoreOptions o, FileSystem& f, const Clock& c, Executor& e, MetricRegistry& m);

  const EmbeddedStoreOptions options;
  FileSystem& fs;
  const Clock& clock;
  Executor& executor;
  StoreMetrics metrics;

  SeriesDirectory directory;
  std::array<SeriesLane, SeriesDirectory::kLanes> lanes;
  SharedMutex index_mutex;
  SeriesIndex index TM_GUARDED_BY(index_mutex);

  // Judged, maybe not durable yet; and durable.
  Mutex progress_mutex;
  std::map<SourceKey, SourceProgress> pending_sources TM_GUARDED_BY(progress_mutex);
  std::map<ViewId, ViewProgress> pending_views TM_GUARDED_BY(progress_mutex);
  std::map<ViewId, uint64_t> pending_view_lsn TM_GUARDED_BY(progress_mutex);
  Mutex visible_mutex;
  std::map<SourceKey, SourceProgress> sources TM_GUARDED_BY(visible_mutex);
  std::map<ViewId, ViewProgress> views TM_GUARDED_BY(visible_mutex);

  Snapshots snapshots;
  RevisionLog revisions;
  std::unique_ptr<FeedLog> feed;         // constant after Open()
  std::unique_ptr<Journal> journal;      // constant after Open()
  std::unique_ptr<Steppable> retention;  // constant after Open()
  TaskId journal_task;
  TaskId retention_task;

  Mutex subscribers_mutex;
  std::map<uint64_t, std::function<void()>> subscribers TM_GUARDED_BY(subscribers_mutex);
  uint64_t next_subscription TM_GUARDED_BY(subscribers_mutex) = 1;

  std::atomic<int64_t> rows_bytes{0};   // buffers, pools, undo records
  std::atomic<int64_t> index_bytes{0};  // entries, keys, postings
  std::atomic<int64_t> rows_count{0};

  SeriesLane& LaneOf(uint32_t id) { return lanes[SeriesDirectory::LaneOf(id)]; }
  uint64_t MemoryBytes() const;
  /// Behind `lsn`; an empty journal ends at its start, offset 0.
  static Positions PositionsAt(uint64_t lsn) { return Positions({lsn == 0 ? 0 : lsn + 1}); }
  /// kOutOfRange: nothing durable reaches `at_least` yet.
  Result<void> CheckReached(const Positions& at_least, uint64_t lsn) const;
  /// Times before it are no longer shown; kNotFound: the table was never set.
  Result<EventTime> RetentionFloor(TableId table);

  /// Replaces `piece` by the next rows of `entry` in `range` as of `lsn`; empty when there are
  /// none.
  void ReadPiece(SeriesEntry& entry, uint64_t lsn, TimeRange range, const PieceWants& wants,
                 RowPiece& piece);
  /// The newest row in `range` as of `lsn`, or none.
  void ReadLast(SeriesEntry& entry, uint64_t lsn, TimeRange range, const PieceWants& wants,
                RowPiece& piece);

  /// Forgets the series of a table, or of a view, with their rows and progress. All lanes are
  /// locked.
  void DropSeriesOf(TableIndex& table) TM_REQUIRES(index_mutex);
  void DropSeriesOf(ViewId view) TM_REQUIRES(index_mutex);
  void Release(SeriesEntry& entry);
  /// Journals `encoder` as the batch of `slot`, without points, and waits until it is durable.
  Result<void> CommitNow(const Journal::SlotRef& slot, BatchEncoder encoder);

  uint64_t RowsOf(const SeriesEntry& entry);

  void WakeSubscribers();
  /// Makes `entry`'s progress and revisions durable state; the writer, in LSN order.
  void ApplyDurable(const std::shared_ptr<const FeedEntry>& entry);
};

std::unique_ptr<Journal::Replay> MakeReplay(EmbeddedStore::State& state);
std::unique_ptr<Steppable> MakeRetentionStep(EmbeddedStore::State& state);

/// Stores a row that has been judged or replayed; texts go to the pool. Returns the change of
/// rows_bytes.
class RowWriter {
 public:
  /// `text` for kVarchar and kMulti.
  static uint64_t BitsOf(SeriesEntry& entry, uint64_t bits, std::string_view text);
  static int64_t HeapBytes(const SeriesEntry& entry) {
    return static_cast<int64_t>(entry.buffer.heap_bytes() +
                                (entry.pool ? entry.pool->heap_bytes() : 0));
  }
};

constexpr bool IsText(ValueType type) {
  return type == ValueType::kVarchar || type == ValueType::kMulti;
}

}  // namespace tidemark::store
