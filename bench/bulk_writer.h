// SPDX-License-Identifier: Apache-2.0
// Writes batches into a store with a bounded number in flight, and writes again what the store had
// no room for, as a client that backs off would. Single-owner.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "store/store.h"

namespace tidemark {

class BulkWriter {
 public:
  struct Options {
    size_t in_flight_max = 64;
    store::ConflictRule rule = store::ConflictRule::kByVersion;
  };

  BulkWriter(store::Store& store, Options options);
  ~BulkWriter();
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  /// Copies the points (their texts must live until Drain()); waits while too many batches are
  /// under way. Ends the program when the store fails or rejects a point.
  void Write(std::span<const store::PointView> points);
  /// Until every batch is acknowledged.
  void Drain();
  /// Batches that the store refused for want of room.
  uint64_t refused() const { return refused_; }

 private:
  struct Slot {
    std::vector<store::PointView> points;
    bool busy = false;
    bool refused = false;
  };

  void Submit(Slot& slot);
  Slot& FreeSlot();

  store::Store& store_;
  const Options options_;
  std::vector<std::unique_ptr<Slot>> slots_;
  uint64_t refused_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace tidemark
