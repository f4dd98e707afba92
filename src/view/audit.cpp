// SPDX-License-Identifier: Apache-2.0
#include "view/audit.h"

#include <algorithm>

#include "base/check.h"
#include "base/logging.h"

namespace tidemark::view {
namespace {

constexpr milliseconds kRestMin{20};

}  // namespace

Auditor::Auditor(Maintainer& views, const Clock& clock, MetricRegistry& metrics,
                 AuditOptions options)
    : views_(views),
      clock_(clock),
      metrics_(metrics),
      options_(options),
      round_at_(clock.Monotonic() + options.interval) {}

Auditor::~Auditor() { TM_CHECK(executor_ == nullptr); }

void Auditor::Attach(Executor& executor) {
  TM_CHECK(executor_ == nullptr);
  executor_ = &executor;
  task_ = executor.Add("audit", Lane::kBackground, *this);
}

void Auditor::Detach() {
  if (executor_ == nullptr) return;
  executor_->Remove(task_);
  executor_ = nullptr;
  work_.reset();
}

// By name: views that come or go meanwhile change nothing for the others.
bool Auditor::BeginNext() {
  for (const ViewStatus& status : views_.Statuses()) {
    const std::string& name = status.definition.name;
    if (name <= last_ || status.state == ViewState::kFailed) continue;
    auto work = views_.Verify(name, {});
    if (!work.ok()) continue;
    last_ = name;
    work_ = *std::move(work);
    windows_counted_ = 0;
    return true;
  }
  return false;
}

void Auditor::Finish() {
  const VerifyReport& report = work_->report();
  metrics_
      .GetGauge("tidemark_view_verify_differences",
                "Rows that differed from their raw points when the view was last verified",
                {{"view", report.view}})
      .Set(static_cast<int64_t>(report.differences));
  if (!report.clean()) {
    Log(LogLevel::kError, "view", "rows differ from their raw points",
        {{"view", report.view}, {"rows", report.differences}, {"windows", report.windows}});
  }
  views_.NoteVerified(report);
  work_.reset();
}

Result<Progress> Auditor::Step() {
  const MonotonicTime begin = clock_.Monotonic();
  if (work_ == nullptr) {
    if (begin < round_at_) return Progress{.more = false, .wake_at = round_at_};
    if (!BeginNext()) {
      last_.clear();
      round_at_ = begin + options_.interval;
      return Progress{.more = false, .wake_at = round_at_};
    }
  }
  const auto more = work_->Step();
  const uint64_t windows = work_->report().windows;
  metrics_
      .GetCounter("tidemark_view_verified_windows_total",
                  "(series, window) compared with their raw points in the background",
                  {{"view", work_->report().view}})
      .Add(windows - windows_counted_);
  windows_counted_ = windows;
  if (!more.ok()) {
    // Dropped, or unreadable: the next round tries again.
    Log(LogLevel::kWarning, "view", "could not verify a view",
        {{"view", work_->report().view}, {"error", more.error().message}});
    work_.reset();
  } else if (!*more) {
    Finish();
  }
  const MonotonicTime end = clock_.Monotonic();
  return Progress{.more = false,
                  .wake_at = end + std::max<nanoseconds>(kRestMin, options_.rest * (end - begin))};
}

}  // namespace tidemark::view
