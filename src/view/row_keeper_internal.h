// SPDX-License-Identifier: Apache-2.0
// Copies the published rows of a view that is being dropped to series of nobody: the same names,
// times, values and versions. Steppable and bounded; repeating it changes nothing. Single-owner.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"

namespace tidemark::view {

class RowKeeper {
 public:
  /// All must outlive it; `wake` is called from any thread when a write is durable. The names must
  /// not be reserved any longer.
  RowKeeper(store::Store& store, const Clock& clock, std::function<void()> wake,
            const ViewDefinition& definition);

  /// kFailedPrecondition: the store refuses a row; the message says why.
  Result<Progress> Step();
  bool done() const { return done_; }

 private:
  struct Inflight {
    Mutex mutex;
    std::optional<Result<store::WriteReply>> reply TM_GUARDED_BY(mutex);
  };

  Result<bool> TakeSlice();
  /// Of point `i` of the slice.
  store::ValueView ValueOf(size_t i);
  void Send();

  store::Store& store_;
  const Clock& clock_;
  const std::function<void()> wake_;
  const ViewDefinition definition_;
  std::unique_ptr<store::ScanCursor> cursor_;
  store::SliceBuffer buffer_;
  store::Slice slice_;
  size_t next_ = 0;  // of the slice
  store::SeriesRef target_;
  std::vector<store::PointView> points_;  // refer to the slice and to fields_
  std::deque<std::vector<store::FieldView>> fields_;
  std::shared_ptr<Inflight> inflight_;
  std::optional<MonotonicTime> retry_at_;
  bool done_ = false;
};

}  // namespace tidemark::view
