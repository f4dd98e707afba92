// SPDX-License-Identifier: Apache-2.0
// A store in front of another that cannot judge writes into some time ranges, as the embedded store
// cannot while a block file there is damaged (RejectReason::kDamaged). Single-owner but for what
// the store behind it allows.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace tidemark::store {

class UnjudgingStore final : public Store {
 public:
  explicit UnjudgingStore(std::shared_ptr<Store> inner) : inner_(std::move(inner)) {}

  /// Writes to `range`, whatever the table, are rejected until Repair().
  void Damage(std::string file, TimeRange range) { damaged_.push_back({std::move(file), range}); }
  void Repair() { damaged_.clear(); }
  Store& inner() { return *inner_; }

  void Write(const WriteBatch& batch, Completion<WriteReply> done) override {
    std::vector<PointView> points;
    std::vector<size_t> places;  // of `points` in the batch
    std::vector<Rejection> rejections;
    for (size_t i = 0; i < batch.points.size(); ++i) {
      const auto found = std::ranges::find_if(damaged_, [&](const DamagedRange& range) {
        return range.time.Contains(batch.points[i].time);
      });
      if (found == damaged_.end()) {
        points.push_back(batch.points[i]);
        places.push_back(i);
      } else {
        rejections.push_back(
            {i, RejectReason::kDamaged, std::nullopt, "The file " + found->file + " is damaged."});
      }
    }
    if (rejections.empty()) return inner_->Write(batch, std::move(done));
    WriteBatch rest = batch;
    rest.points = points;
    // No such position is stored: the store behind does not see what was refused here.
    if (rest.continues_from) rest.continues_from = "refused in front";
    inner_->Write(rest, [places = std::move(places), rejections = std::move(rejections),
                         size = batch.points.size(),
                         done = std::move(done)](Result<WriteReply> reply) mutable {
      if (!reply.ok()) return done(std::move(reply));
      std::vector<Outcome> outcomes(size, Outcome::kRejected);
      for (size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = reply->outcomes[i];
      for (Rejection& rejection : reply->rejections) {
        rejection.index = places[rejection.index];
        rejections.push_back(std::move(rejection));
      }
      std::ranges::sort(rejections, {}, &Rejection::index);
      reply->outcomes = std::move(outcomes);
      reply->rejections = std::move(rejections);
      done(std::move(reply));
    });
  }

  Capabilities capabilities() const override { return inner_->capabilities(); }
  void SetTable(const TableSettings& settings) override { inner_->SetTable(settings); }
  Result<void> DropTable(TableId table) override { return inner_->DropTable(table); }
  void SetReservations(std::vector<Reservation> all) override {
    inner_->SetReservations(std::move(all));
  }
  std::vector<std::string> OwnerlessNamesOf(TableId table, std::string_view name_template,
                                            size_t count_max) override {
    return inner_->OwnerlessNamesOf(table, name_template, count_max);
  }
  Result<void> Adopt(TableId table, std::string_view name_template, Owner owner) override {
    return inner_->Adopt(table, name_template, owner);
  }
  Result<void> DropOwner(ViewId view) override { return inner_->DropOwner(view); }
  Result<std::vector<Resolved>> Resolve(std::span<const SeriesKeyView> keys) override {
    return inner_->Resolve(keys);
  }
  std::shared_ptr<const SeriesInfo> Describe(SeriesRef series) override {
    return inner_->Describe(series);
  }
  Result<std::unique_ptr<ScanCursor>> Scan(const ScanRequest& request) override {
    return inner_->Scan(request);
  }
  Result<std::unique_ptr<AggregateCursor>> Aggregate(const AggregateRequest& request) override {
    return inner_->Aggregate(request);
  }
  Result<std::unique_ptr<ScanCursor>> LastPoints(const ScanRequest& request) override {
    return inner_->LastPoints(request);
  }
  Result<ReadEstimate> Estimate(const AggregateRequest& request) override {
    return inner_->Estimate(request);
  }
  Result<TableSchema> Schema(TableId table) override { return inner_->Schema(table); }
  Result<std::vector<std::shared_ptr<const SeriesInfo>>> Series(
      const Selection& selection) override {
    return inner_->Series(selection);
  }
  Result<std::unique_ptr<FeedReader>> OpenFeed(const Positions& from) override {
    return inner_->OpenFeed(from);
  }
  Positions End() override { return inner_->End(); }
  uint64_t SubscribeFeed(std::function<void()> wake) override {
    return inner_->SubscribeFeed(std::move(wake));
  }
  void UnsubscribeFeed(uint64_t subscription) override { inner_->UnsubscribeFeed(subscription); }
  std::vector<SourceProgress> ProgressOf(SourceId source) override {
    return inner_->ProgressOf(source);
  }
  std::vector<SourceProgress> ProgressInto(TableId table) override {
    return inner_->ProgressInto(table);
  }
  std::optional<ViewProgress> ProgressOf(ViewId view) override { return inner_->ProgressOf(view); }
  Result<std::unique_ptr<RevisionCursor>> OpenRevisions(const Selection& selection) override {
    return inner_->OpenRevisions(selection);
  }
  std::vector<DamagedRange> Damaged(TableId table) override { return inner_->Damaged(table); }
  StoreStats Stats() override { return inner_->Stats(); }

 private:
  const std::shared_ptr<Store> inner_;
  std::vector<DamagedRange> damaged_;
};

}  // namespace tidemark::store
