// SPDX-License-Identifier: Apache-2.0
// What is past retention leaves memory; damaged files that readers met are set aside.
#include <algorithm>

#include "store/embedded_state_internal.h"
#include "store/reject_text.h"
#include "store/retention_clock.h"

namespace tidemark::store {
namespace {

// Points older than memory plus magnetic retention leave, a few thousand series a step.
class RetentionStep final : public Steppable {
 public:
  explicit RetentionStep(EmbeddedStore::State& state) : s_(state) {}

  Result<Progress> Step() override {
    Progress progress;
    TM_RETURN_IF_ERROR(s_.storage->MoveDamaged());
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
    const ArrivalTime now = s_.snapshots.OldestSince(s_.RetentionNow());
    const ReaderLock lock(s_.index_mutex);
    for (uint32_t slot = 0; slot < s_.index.slots(); ++slot) {
      const TableIndex* table = s_.index.BySlot(slot);
      floors_.push_back(
          table == nullptr || !table->settings
              ? kEventTimeMin
              : std::max(
                    table->floor,
                    WindowOf(*table->settings, now, WriteBatch::TimeCheck::kNone).retention_start));
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
