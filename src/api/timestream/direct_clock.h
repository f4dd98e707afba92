// SPDX-License-Identifier: Apache-2.0
// The idleness of source `direct` (design: section 4): a table's direct clock is journaled as idle
// one second after its last accepted write, so that views stop waiting for it. The time itself is
// journaled by the store with the writes (WriteBatch::direct_clock). Thread-safe; Step() by one
// executor task.
//
// A write that overtakes the journaling of idleness makes the clock busy again: after the last
// accepted write the journal's last word is idle = false for a second, then idle = true.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "pipeline/order_book.h"
#include "store/store.h"

namespace tidemark::timestream {

/// In their order.
std::vector<EventTime> TimesOf(std::span<const store::PointView> points);

class DirectClock final : public Steppable {
 public:
  /// Event-time idleness of direct writers (issue text: "idle 1 s after its last").
  static constexpr nanoseconds kIdleAfter = seconds(1);

  /// All must outlive Stop(), and the store every write it completes. `orders` is told how far out
  /// of order accepted points come, by table.
  DirectClock(store::Store& store, const Clock& clock, Executor& executor,
              pipeline::OrderBook& orders);
  ~DirectClock() override;

  /// Takes up what a restart interrupted: each of `tables` whose direct clock is journaled as busy
  /// becomes idle a second from now. Then steps begin (lane kBackground).
  void Start(std::span<const TableId> tables);
  /// No step runs afterwards. Idempotent; the destructor calls it.
  void Stop();

  /// A write to ownerless series of `table` was judged and is durable; `times` are those of its
  /// points, in order. What was accepted or replaced something moves the clock.
  void OnWritten(TableId table, std::span<const EventTime> times,
                 std::span<const store::Outcome> outcomes);

  Result<Progress> Step() override;

 private:
  struct State;
  void Journal(TableId table);
  void OnAccepted(TableId table);

  store::Store& store_;
  const Clock& clock_;
  Executor& executor_;
  std::shared_ptr<State> state_;  // shared with completions
  pipeline::OrderBook& orders_;
  Mutex newest_mutex_;
  std::map<TableId, EventTime> newest_ TM_GUARDED_BY(newest_mutex_);  // of accepted points
};

}  // namespace tidemark::timestream
