// SPDX-License-Identifier: Apache-2.0
// One entry per series at a stable address, found by dense id without a lock; and the lanes whose
// locks guard what is inside. Get() is thread-safe; Create() needs the index lock, held
// exclusively.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/series_buffer.h"
#include "store/text_pool.h"
#include "store/types.h"
#include "store/undo_log.h"

namespace tidemark::store {

/// What only series of multi-measure records have.
struct MultiState {
  std::vector<std::pair<uint32_t, uint64_t>> fields;  // field id, LSN of its first row
};

/// Rows of a series that a seal took out of its buffer; readable until the seal's files are in
/// every reader's version. Constant but for undo, which the lane's lock guards.
struct FrozenPart {
  SeriesBuffer buffer;
  std::shared_ptr<TextPool> pool;
  uint64_t last_lsn = 0;
  uint64_t undo_chain = 0;
  uint64_t seal_no = 0;
  mutable std::shared_ptr<const FrozenPart> older;  // guarded by the lane's lock
};

struct alignas(64) SeriesEntry {
  /// Of `sealed_max`: files may hold any time of the series.
  static constexpr int64_t kSealedUnknown = INT64_MAX;

  // Guarded by the lane's lock.
  SeriesBuffer buffer;
  std::shared_ptr<const FrozenPart> frozen;  // newest first
  uint64_t last_lsn = 0;                     // of the newest change
  uint64_t undo_chain = 0;            // of the newest change not known to be past every reader
  std::shared_ptr<TextPool> pool;     // kVarchar and kMulti
  std::unique_ptr<MultiState> multi;  // kMulti, from the first row on

  // Constant after Create().
  uint32_t id = 0;
  uint32_t table_slot = 0;
  TableId table;
  ValueType type = ValueType::kDouble;

  // Changed with both the index lock (exclusive) and the lane's lock held: read under either.
  bool dropped = false;
  Owner owner;
  std::atomic<uint32_t> reserved_by{0};  // the view that reserves the measure name; 0: none
  uint64_t first_lsn = 0;  // 0: no accepted point yet, so the series does not exist for readers
  const uint32_t* tuple = nullptr;  // of the series index

  /// No file has a row of the series beyond it; INT64_MIN: none has any. Written under the lane's
  /// lock.
  std::atomic<int64_t> sealed_max{INT64_MIN};
};

// A million of them are most of what idle series cost.
static_assert(sizeof(SeriesEntry) <= 192);

inline std::span<const std::pair<uint32_t, uint64_t>> FieldsWritten(const SeriesEntry& entry) {
  if (entry.multi == nullptr) return {};
  return entry.multi->fields;
}

struct alignas(64) SeriesLane {
  Mutex mutex;
  UndoLog undo;  // guarded by mutex
};

class SeriesDirectory {
 public:
  static constexpr size_t kLanes = 16;

  SeriesDirectory();
  ~SeriesDirectory();
  SeriesDirectory(const SeriesDirectory&) = delete;
  SeriesDirectory& operator=(const SeriesDirectory&) = delete;

  static size_t LaneOf(uint32_t id) { return id % kLanes; }

  /// Null: no such series. `ref` comes from callers, so any bits may be in it.
  SeriesEntry* Get(SeriesRef ref) const {
    if (ref.hi != 0 || ref.lo >= end_.load(std::memory_order_acquire)) return nullptr;
    return Slot(static_cast<uint32_t>(ref.lo));
  }
  /// Starts loading what a write touches of the entry.
  void Prefetch(SeriesRef ref) const {
    if (ref.lo >= end_.load(std::memory_order_relaxed)) return;
    const SeriesEntry* chunk = chunks_[ref.lo / kChunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) return;
    const char* at = reinterpret_cast<const char*>(chunk + ref.lo % kChunk);
    for (size_t line = 0; line < sizeof(SeriesEntry); line += 64) __builtin_prefetch(at + line, 1);
  }
  /// The ids in use are below; ids start at 1 and may have gaps.
  uint32_t end() const { return end_.load(std::memory_order_acquire); }
  static constexpr uint32_t kSeriesMax = uint32_t{1} << 26;

  /// `id` >= end(). Publish() makes it findable once it is filled.
  SeriesEntry& Create(uint32_t id);
  /// `id` below end() that was never made: replay meets definitions in the order of first points.
  SeriesEntry& CreateInGap(uint32_t id);
  void Publish(uint32_t id) { end_.store(id + 1, std::memory_order_release); }

 private:
  static constexpr uint32_t kChunk = 1024;

  SeriesEntry* Slot(uint32_t id) const {
    SeriesEntry* chunk = chunks_[id / kChunk].load(std::memory_order_acquire);
    if (chunk == nullptr || chunk[id % kChunk].id == 0) return nullptr;
    return &chunk[id % kChunk];
  }

  std::unique_ptr<std::atomic<SeriesEntry*>[]> chunks_;
  std::atomic<uint32_t> end_{1};
};

}  // namespace tidemark::store
