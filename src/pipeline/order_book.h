// SPDX-License-Identifier: Apache-2.0
// How far out of order the records of every partition came (order_sketch.h; event-time.md 15), kept
// in one file: docs/format/lateness.md. It is a statistic: what a kill takes away is what came
// since the last save, kSaveEvery at most, and no record counts twice.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/mutex.h"
#include "base/result.h"
#include "pipeline/order_sketch.h"
#include "store/types.h"

namespace tidemark::pipeline {

/// One partition of what writes to a table; direct writers are one, number 0, of each table.
struct OrderKey {
  store::SourceId source;
  TableId table;
  uint32_t partition = 0;
  friend auto operator<=>(const OrderKey&, const OrderKey&) = default;
};

/// The sketch of one partition. Thread-safe.
class OrderTally {
 public:
  /// Adds what was measured of records up to `last_offset`; none: the source has no offsets.
  void Add(const OrderSketch& measured, std::optional<uint64_t> last_offset);
  /// Records up to this offset were added; none: no record yet, or no offsets.
  std::optional<uint64_t> counted_to() const;
  OrderSketch sketch() const;

 private:
  friend class OrderBook;
  mutable Mutex mutex_;
  OrderSketch sketch_ TM_GUARDED_BY(mutex_);
  std::optional<uint64_t> counted_to_ TM_GUARDED_BY(mutex_);
  std::string name_ TM_GUARDED_BY(mutex_);
  bool changed_ TM_GUARDED_BY(mutex_) = false;
};

/// kCorruption: `bytes` are not what a book saves.
Result<void> CheckOrders(std::string_view bytes);

/// The sketches of all partitions. Thread-safe.
class OrderBook final : public Steppable {
 public:
  static constexpr nanoseconds kSaveEvery = seconds(10);
  /// Larger files are damaged: 15 KiB a partition at the very most, 1 KiB as a rule.
  static constexpr size_t kFileBytesMax = size_t{64} << 20U;

  /// `path`: "" keeps it in memory alone. All must outlive it.
  OrderBook(FileSystem& fs, std::string path, const Clock& clock);
  /// Detach() must have been called if Attach() was.
  ~OrderBook() override = default;

  /// Takes up what was saved. A file that cannot be read is logged and counting begins anew.
  void Load();
  /// Saves every kSaveEvery, if anything changed, as a task of `executor`.
  void Attach(Executor& executor);
  /// No step runs afterwards; saves once more.
  void Detach();

  /// Of a partition, made if it is not there. `name`: as people know it. What it holds counts even
  /// when it was forgotten meanwhile, but nobody is told.
  std::shared_ptr<OrderTally> Of(const OrderKey& key, std::string_view name);
  /// Drops what `gone` is true for.
  void Forget(const std::function<bool(const OrderKey&)>& gone);

  struct Entry {
    OrderKey key;
    std::string name;
    OrderSketch sketch;
  };
  /// By key.
  std::vector<Entry> Into(TableId table) const;

  /// Writes the file if anything changed since it was written.
  Result<void> Save();
  Result<Progress> Step() override;

 private:
  std::string Encode() const TM_REQUIRES(mutex_);

  FileSystem& fs_;
  const std::string path_;
  const Clock& clock_;
  Mutex saving_;  // held over the write; before mutex_
  mutable Mutex mutex_;
  std::map<OrderKey, std::shared_ptr<OrderTally>> tallies_ TM_GUARDED_BY(mutex_);
  bool unsaved_ TM_GUARDED_BY(mutex_) = false;  // apart from what tallies say
  bool failed_logged_ TM_GUARDED_BY(saving_) = false;
  Executor* executor_ = nullptr;
  TaskId task_;
};

}  // namespace tidemark::pipeline
