// SPDX-License-Identifier: Apache-2.0
// Verifies every view again and again, one at a time, in the background: a bounded piece of work,
// then a pause many times as long, so that it never takes more than a small share of a thread. What
// it finds is a metric, a log line and Maintainer::LastVerified(). Single-owner; Step() by its
// task.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "view/maintainer.h"

namespace tidemark::view {

struct AuditOptions {
  nanoseconds interval{std::chrono::hours(24)};  // from the begin of one round to the next
  int64_t rest = 19;  // times as long as a piece of work took: at most a twentieth of a thread
};

class Auditor final : public Steppable {
 public:
  /// All must outlive it.
  Auditor(Maintainer& views, const Clock& clock, MetricRegistry& metrics, AuditOptions options);
  ~Auditor() override;  // Detach() must have been called if Attach() was

  void Attach(Executor& executor);
  void Detach();

  Result<Progress> Step() override;

 private:
  bool BeginNext();
  void Finish();

  Maintainer& views_;
  const Clock& clock_;
  MetricRegistry& metrics_;
  const AuditOptions options_;
  std::unique_ptr<Verification> work_;
  uint64_t windows_counted_ = 0;  // of work_
  std::string last_;              // the view that was verified last in this round
  MonotonicTime round_at_;        // begin of the next round
  Executor* executor_ = nullptr;
  TaskId task_;
};

}  // namespace tidemark::view
