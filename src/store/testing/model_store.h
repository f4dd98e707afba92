// SPDX-License-Identifier: Apache-2.0
// The store as a std::map: the reference of store_model_test and a stand-in for tests of the parts
// above. Four feed partitions by series; every write is durable and visible when Write() returns,
// and its completion runs inside. Thread-safe (one lock).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/store.h"

namespace tidemark::store {

class ModelStore final : public Store {
 public:
  static constexpr uint32_t kPartitions = 4;

  /// `clock` must outlive the store; it decides windows and retention.
  explicit ModelStore(const Clock& clock);
  ~ModelStore() override;

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
  std::vector<DamagedRange> Damaged(TableId table) override;
  StoreStats Stats() override;

  /// Trims the feed of each partition up to `positions` (never beyond its end): readers behind it
  /// get a gap.
  void TrimFeed(const Positions& positions);
  /// The points of `table` in `time` cannot be read from now on; Damaged() says so once a read has
  /// met it.
  void Damage(TableId table, const std::string& file, TimeRange time);
  /// Turns it into a known gap: its points are gone.
  void AcceptGap(const std::string& file);
  /// It can be read again, as if the file had come back.
  void Repair(const std::string& file);

  /// Answers writes with kResourceExhausted from now on, or again normally with false in `full`.
  struct Refusal {
    bool full = false;
  };
  void SetRefusal(Refusal refusal);

  /// Windows that aggregates asked for so far.
  uint64_t windows_asked() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace tidemark::store
