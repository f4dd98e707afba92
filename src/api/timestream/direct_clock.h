// SPDX-License-Identifier: Apache-2.0
// The idleness of source `direct` (design: section 4): a table's direct clock is journaled as idle
// one second after its last accepted write, so that views stop waiting for it. The time itself is
// journaled by the store with the writes (WriteBatch::direct_clock). Thread-safe; Step() by one
// executor task.
//
// A write that overtakes the journaling of idleness makes the clock busy again: after the last
// accepted write the journal's last word is idle = false for a second, then idle = true.
#pragma once

#include <memory>
#include <span>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "store/store.h"

namespace tidemark::timestream {

class DirectClock final : public Steppable {
 public:
  /// Event-time idleness of direct writers (issue text: "idle 1 s after its last").
  static constexpr nanoseconds kIdleAfter = seconds(1);

  /// All must outlive Stop(), and the store every write it completes.
  DirectClock(store::Store& store, const Clock& clock, Executor& executor);
  ~DirectClock() override;

  /// Takes up what a restart interrupted: each of `tables` whose direct clock is journaled as busy
  /// becomes idle a second from now. Then steps begin (lane kBackground).
  void Start(std::span<const TableId> tables);
  /// No step runs afterwards. Idempotent; the destructor calls it.
  void Stop();

  /// A write to ownerless series of `table` was accepted (or replaced something) and is durable.
  void OnAccepted(TableId table);

  Result<Progress> Step() override;

 private:
  struct State;
  void Journal(TableId table);

  store::Store& store_;
  const Clock& clock_;
  Executor& executor_;
  std::shared_ptr<State> state_;  // shared with completions
};

}  // namespace tidemark::timestream
