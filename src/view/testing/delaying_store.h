// SPDX-License-Identifier: Apache-2.0
// A store whose writes complete later, when the executor gets to it, and are refused now and then:
// what an embedded store does under load. What an executor that is destroyed had still to complete
// is never completed, as after a kill. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "store/store.h"

namespace tidemark::view {

class DelayingStore final : public store::Store {
 public:
  /// One of `refuse_one_in` view writes is refused; 0: none.
  DelayingStore(uint64_t seed, uint64_t refuse_one_in)
      : random_(seed), refuse_one_in_(refuse_one_in) {}

  /// The store behind it, which must outlive its use. Completions run on `executor`; null: when the
  /// store runs them.
  void SetInner(store::Store& inner, Executor* executor) {
    inner_ = &inner;
    executor_ = executor;
  }

  void Write(const store::WriteBatch& batch, Completion<store::WriteReply> done) override {
    if (batch.view_progress && refuse_one_in_ > 0 && random_.Below(refuse_one_in_) == 0) {
      return done(Error{Code::kResourceExhausted, "refused by the test"});
    }
    if (executor_ == nullptr) return inner_->Write(batch, std::move(done));
    inner_->Write(batch, [this, done = std::move(done)](Result<store::WriteReply> reply) mutable {
      auto later = [done = std::move(done), reply = std::move(reply)]() mutable {
        done(std::move(reply));
      };
      TM_CHECK(executor_->Post(Lane::kBackground, std::move(later)).ok());
    });
  }

  store::Capabilities capabilities() const override { return inner_->capabilities(); }
  void SetTable(const store::TableSettings& settings) override { inner_->SetTable(settings); }
  Result<void> DropTable(TableId table) override { return inner_->DropTable(table); }
  void SetReservations(std::vector<store::Reservation> all) override {
    inner_->SetReservations(std::move(all));
  }
  std::vector<std::string> OwnerlessNamesOf(TableId table, std::string_view name_template,
                                            size_t count_max) override {
    return inner_->OwnerlessNamesOf(table, name_template, count_max);
  }
  Result<void> Adopt(TableId table, std::string_view name_template, store::Owner owner) override {
    return inner_->Adopt(table, name_template, owner);
  }
  Result<void> DropOwner(ViewId view) override { return inner_->DropOwner(view); }
  Result<std::vector<store::Resolved>> Resolve(
      std::span<const store::SeriesKeyView> keys) override {
    return inner_->Resolve(keys);
  }
  std::shared_ptr<const store::SeriesInfo> Describe(store::SeriesRef series) override {
    return inner_->Describe(series);
  }
  Result<std::unique_ptr<store::ScanCursor>> Scan(const store::ScanRequest& request) override {
    return inner_->Scan(request);
  }
  Result<std::unique_ptr<store::AggregateCursor>> Aggregate(
      const store::AggregateRequest& request) override {
    return inner_->Aggregate(request);
  }
  Result<std::unique_ptr<store::ScanCursor>> LastPoints(
      const store::ScanRequest& request) override {
    return inner_->LastPoints(request);
  }
  Result<store::ReadEstimate> Estimate(const store::AggregateRequest& request) override {
    return inner_->Estimate(request);
  }
  Result<store::TableSchema> Schema(TableId table) override { return inner_->Schema(table); }
  Result<std::vector<std::shared_ptr<const store::SeriesInfo>>> Series(
      const store::Selection& selection) override {
    return inner_->Series(selection);
  }
  Result<std::unique_ptr<store::FeedReader>> OpenFeed(const store::Positions& from) override {
    return inner_->OpenFeed(from);
  }
  store::Positions End() override { return inner_->End(); }
  uint64_t SubscribeFeed(std::function<void()> wake) override {
    return inner_->SubscribeFeed(std::move(wake));
  }
  void UnsubscribeFeed(uint64_t subscription) override { inner_->UnsubscribeFeed(subscription); }
  std::vector<store::SourceProgress> ProgressOf(store::SourceId source) override {
    return inner_->ProgressOf(source);
  }
  std::vector<store::SourceProgress> ProgressInto(TableId table) override {
    return inner_->ProgressInto(table);
  }
  std::optional<store::ViewProgress> ProgressOf(ViewId view) override {
    return inner_->ProgressOf(view);
  }
  Result<std::unique_ptr<store::RevisionCursor>> OpenRevisions(
      const store::Selection& selection) override {
    return inner_->OpenRevisions(selection);
  }
  std::vector<store::DamagedRange> Damaged(TableId table) override {
    return inner_->Damaged(table);
  }
  store::StoreStats Stats() override { return inner_->Stats(); }

 private:
  store::Store* inner_ = nullptr;
  SeededRandom random_;
  const uint64_t refuse_one_in_;
  Executor* executor_ = nullptr;
};

}  // namespace tidemark::view
