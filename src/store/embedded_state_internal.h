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
#include "store/storage.h"

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

/// Definitions (series, fields, owners, drops) of durable batches that the dictionary does not have
/// yet, as journal records.
struct PendingDefinitions {
  std::string records;
  uint64_t lsn = 0;  // of the newest batch in them
};

class Sealer;
class Compactor;
class RetentionClock;

struct EmbeddedStore::State final : FeedTrims {
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
  std::unique_ptr<Storage> storage;                 // constant after Open()
  std::unique_ptr<FeedLog> feed;                    // constant after Open()
  std::unique_ptr<Journal> journal;                 // constant after Open()
  std::unique_ptr<RetentionClock> retention_clock;  // constant after Open()
  std::unique_ptr<Steppable> retention;             // constant after Open()
  std::unique_ptr<Sealer> sealer;                   // constant after Open()
  std::unique_ptr<Compactor> compactor;             // constant after Open()
  TaskId journal_task;
  TaskId retention_task;
  TaskId seal_task;
  TaskId compact_task;

  std::atomic<uint64_t> feed_start_lsn{0};        // the feed knows nothing at or before it
  std::atomic<uint64_t> journal_bytes_noted = 0;  // of Journal::bytes_written(); the sealer's

  Mutex definitions_mutex;
  PendingDefinitions definitions TM_GUARDED_BY(definitions_mutex);
  uint64_t dictionary_lsn = 0;        // definitions up to it are in the dictionary; replay only
  uint64_t revisions_sealed_lsn = 0;  // revision entries up to it are in files; replay only

  Mutex subscribers_mutex;
  std::map<uint64_t, std::function<void()>> subscribers TM_GUARDED_BY(subscribers_mutex);
  uint64_t next_subscription TM_GUARDED_BY(subscribers_mutex) = 1;

  std::atomic<int64_t> rows_bytes{0};    // buffers, pools, undo records
  std::atomic<int64_t> frozen_bytes{0};  // frozen parts; counted in rows_bytes too
  std::atomic<int64_t> index_bytes{0};   // entries, keys, postings
  std::atomic<int64_t> rows_count{0};

  SeriesLane& LaneOf(uint32_t id) { return lanes[SeriesDirectory::LaneOf(id)]; }
  uint64_t MemoryBytes() const;
  /// Behind `lsn`; an empty journal ends at its start, offset 0.
  static Positions PositionsAt(uint64_t lsn) { return Positions({lsn == 0 ? 0 : lsn + 1}); }
  /// kOutOfRange: nothing durable reaches `at_least` yet.
  Result<void> CheckReached(const Positions& at_least, uint64_t lsn) const;
  /// Times before it are no longer shown; kNotFound: the table was never set.
  Result<EventTime> RetentionFloor(TableId table);

  // FeedTrims
  uint64_t StartLsn() const override { return feed_start_lsn.load(); }
  FeedGap OpenGap(Reason reason) override;
  bool Exists(uint32_t series) override;

  /// See Storage::ReportDamage.
  Error ReportDamage(const BlockFile& file, TableId table, Error error) {
    return storage->ReportDamage(file, table, std::move(error));
  }
  /// The newest time that files may hold of `entry`, found out on first use after a start. No lock
  /// is held. kCorruption: it cannot be told.
  Result<int64_t> SealedMax(SeriesEntry& entry, const Version& version);

  /// Forgets the series of a table, or of a view, with their rows and progress. All lanes are
  /// locked.
  void DropSeriesOf(TableIndex& table) TM_REQUIRES(index_mutex);
  void DropSeriesOf(ViewId view) TM_REQUIRES(index_mutex);
  void Release(SeriesEntry& entry);
  /// Journals `encoder`, definitions only, as the batch of `slot`, and waits until it is durable.
  Result<void> CommitNow(const Journal::SlotRef& slot, BatchEncoder encoder);

  /// The time that retention is judged by.
  ArrivalTime RetentionNow();

  /// LSN up to which every view has read the feed, durably; the maximum without views.
  uint64_t SlowestView() TM_EXCLUDES(visible_mutex);
  /// The definitions in force at or before `last_lsn`, as the dictionary holds them.
  void EncodeDefinitions(uint64_t last_lsn, BatchEncoder& out) TM_REQUIRES_SHARED(index_mutex);

  void WakeSubscribers();
  /// A seal was published: there may be something to merge.
  void OnSealed();
  /// Makes `entry`'s progress, revisions and definitions durable state; the writer, in LSN order.
  void ApplyDurable(const std::shared_ptr<const FeedEntry>& entry, std::string_view definitions);
};

std::unique_ptr<Journal::Replay> MakeReplay(EmbeddedStore::State& state);
Dictionary::Visitor MakeDictionaryReplay(EmbeddedStore::State& state);
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

/// The 64 bits of a DOUBLE, BIGINT, TIMESTAMP or BOOLEAN; 0 for others.
uint64_t ScalarBits(const ValueView& value);

constexpr bool IsText(ValueType type) {
  return type == ValueType::kVarchar || type == ValueType::kMulti;
}

}  // namespace tidemark::store
