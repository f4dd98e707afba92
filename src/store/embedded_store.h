// SPDX-License-Identifier: Apache-2.0
// The store inside this process: series index and newest rows in memory, made durable by the
// journal under DIR/store/wal; older rows in block files under DIR/store/blk. One feed partition:
// the journal. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "store/admin.h"
#include "store/rejection_sink.h"
#include "store/store.h"

namespace tidemark::store {

struct EmbeddedStoreOptions {
  std::string dir;                                // the data directory; files go to DIR/store
  uint64_t memory_bytes_max = uint64_t{1} << 30;  // rows, index, feed and journal queue together
  size_t segment_bytes_max = size_t{64} << 20;    // a journal segment rolls after this
  size_t frame_bytes_max = size_t{4} << 20;       // batches that share one sync
  size_t journal_queue_bytes_max = size_t{32} << 20;  // encoded batches waiting for the disk
  size_t feed_memory_bytes_max = size_t{32} << 20;    // newest part of the feed kept in memory
  /// Journal kept behind the slowest view; past it the view catches up from block footers.
  uint64_t feed_bytes_max = uint64_t{8} << 30;
  // Rows are sealed into blocks when the oldest waits this long, or so many bytes wait in memory
  // (0: a quarter of memory_bytes_max) or in the journal.
  minutes seal_after{120};
  uint64_t seal_bytes = 0;
  uint64_t seal_journal_bytes = uint64_t{4} << 30;  // storage.md 6.1
  nanoseconds partition = hours(24);                // of block files; divides 24 h
  hours revision_retention{30 * 24};
  size_t aggregate_helpers = 1;   // query threads that an aggregate may use beside its caller's
  size_t chunk_rows_max = 8192;   // smaller in tests, so that every boundary is crossed often
  minutes retention_interval{1};  // how often expired points leave
  /// See JournalOptions.
  std::optional<uint64_t> accept_loss_after_lsn;
  /// Starts from the footers of the files that are there when the manifest is damaged or lost:
  /// progress that only a checkpoint held, floors and accepted gaps are lost.
  bool rebuild_manifest = false;
  RejectionSink* rejections = nullptr;  // hears of refused points; must outlive the store
};

class EmbeddedStore final : public Store, public Admin {
 public:
  /// Replays the journal, copies what may not be durable yet, and only then returns. Tables answer
  /// once SetTable() told their settings. `fs`, `clock`, `executor` and `metrics` must outlive the
  /// store. kCorruption: the journal is damaged before its tail; nothing was changed.
  static Result<std::unique_ptr<EmbeddedStore>> Open(EmbeddedStoreOptions options, FileSystem& fs,
                                                     const Clock& clock, Executor& executor,
                                                     MetricRegistry& metrics);
  /// Every cursor and reader must be gone and every write completed or failed.
  ~EmbeddedStore() override;

  Capabilities capabilities() const override { return {}; }
  void SetTable(const TableSettings& settings) override;
  Result<void> DropTable(TableId table) override;
  void SetReservations(std::vector<Reservation> reservations) override;
  std::vector<std::string> OwnerlessNamesOf(TableId table, std::string_view name_template,
                                            size_t count_max) override;
  Result<void> Adopt(TableId table, std::string_view name_template, Owner owner) override;
  Result<void> DropOwner(ViewId view) override;
  Result<std::vector<Resolved>> Resolve(std::span<const SeriesKeyView> keys) override;
  std::shared_ptr<const SeriesInfo> Describe(SeriesRef series) override;
  void Write(const WriteBatch& batch, Completion<WriteReply> done) override;
  Result<std::unique_ptr<ScanCursor>> Scan(const ScanRequest& request) override;
  Result<std::unique_ptr<AggregateCursor>> Aggregate(const AggregateRequest& request) override;
  Result<ReadEstimate> Estimate(const AggregateRequest& request) override;
  Result<std::unique_ptr<ScanCursor>> LastPoints(const ScanRequest& request) override;
  Result<TableSchema> Schema(TableId table) override;
  Result<std::vector<std::shared_ptr<const SeriesInfo>>> Series(
      const Selection& selection) override;
  Result<std::unique_ptr<FeedReader>> OpenFeed(const Positions& from) override;
  Positions End() override;
  uint64_t SubscribeFeed(std::function<void()> wake) override;
  void UnsubscribeFeed(uint64_t subscription) override;
  std::vector<SourceProgress> ProgressOf(SourceId source) override;
  std::vector<SourceProgress> ProgressInto(TableId table) override;
  std::optional<ViewProgress> ProgressOf(ViewId view) override;
  Result<std::unique_ptr<RevisionCursor>> OpenRevisions(const Selection& selection) override;
  StoreStats Stats() override;
  std::vector<DamagedRange> Damaged(TableId table) override;

  void Flush(Completion<void> done) override;
  void Compact(CompactMode mode, Completion<void> done) override;
  StorageReport Report() override;
  std::vector<DamagedFile> Damaged() override;
  Result<void> AcceptGap(const std::string& file) override;
  Result<Positions> BackupTo(const std::string& dir) override;

  struct State;

 private:
  explicit EmbeddedStore(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace tidemark::store
