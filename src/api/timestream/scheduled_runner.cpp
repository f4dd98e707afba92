// SPDX-License-Identifier: Apache-2.0
// Starts runs that are due and keeps their history (scheduled_queries_internal.h).
#include <algorithm>

#include "api/timestream/scheduled_queries_internal.h"
#include "base/logging.h"

namespace tidemark::timestream {
namespace {

// Due times are of the wall clock, which may be stepped; waiting is of the monotonic one.
constexpr nanoseconds kLookAgainMax = seconds(30);
constexpr milliseconds kRefusedWait{1000};  // the executor was full

}  // namespace

void ScheduledQueryApi::Start() {
  for (const catalog::ScheduledQueryDef& def : deps_.catalog.ListScheduledQueries()) SetTimer(def);
  const TaskId task = deps_.executor.Add("scheduled-queries", Lane::kBackground, *this);
  const MutexLock lock(mutex_);
  task_ = task;
}

void ScheduledQueryApi::Stop() {
  std::optional<TaskId> task;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    task = std::exchange(task_, std::nullopt);
    for (auto& [id, timer] : timers_) {
      if (timer.run != nullptr) timer.run->Cancel();
    }
  }
  if (task) deps_.executor.Remove(*task);
  gate_.Close();
  Timers timers;  // its runs end unlocked
  const MutexLock lock(mutex_);
  timers.swap(timers_);
  for (auto& [id, timer] : timers) {
    if (timer.run != nullptr) timer.run->Release();
  }
}

void ScheduledQueryApi::WakeTask() {
  const MutexLock lock(mutex_);
  if (task_) deps_.executor.Wake(*task_);
}

void ScheduledQueryApi::SetTimer(const catalog::ScheduledQueryDef& def) {
  const auto schedule = Schedule::Parse(def.schedule);
  {
    const MutexLock lock(mutex_);
    Timer& timer = timers_[def.id];
    timer.due =
        def.enabled && schedule.ok() ? schedule->Next(def.considered, def.created) : std::nullopt;
  }
  WakeTask();
}

Result<Progress> ScheduledQueryApi::Step() {
  const ArrivalTime now = deps_.clock.Now();
  const MonotonicTime monotonic = deps_.clock.Monotonic();
  std::optional<ArrivalTime> next;
  {
    const MutexLock lock(mutex_);
    next = StartDue(now);
  }
  Progress progress;
  if (next) {
    const nanoseconds wait = std::max(*next - now, milliseconds(0));
    progress.wake_at = monotonic + std::min(wait, kLookAgainMax);
  }
  return progress;
}

std::optional<ArrivalTime> ScheduledQueryApi::StartDue(ArrivalTime now) {
  std::optional<ArrivalTime> next;
  const auto look_at = [&](ArrivalTime time) { next = next ? std::min(*next, time) : time; };
  for (auto& [id, timer] : timers_) {
    // What waits for a run to end is looked at again then.
    if (timer.run != nullptr || running_ >= options_.runs_max) continue;
    if (!timer.waiting.empty()) {
      const Waiting what = timer.waiting.front();
      if (StartRun(id, timer, what)) {
        timer.waiting.pop_front();
      } else {
        look_at(now + kRefusedWait);
      }
    } else if (timer.due && *timer.due <= now) {
      if (!StartRun(id, timer, {now, false})) look_at(now + kRefusedWait);
    } else if (timer.due) {
      look_at(*timer.due);
    }
  }
  return next;
}

bool ScheduledQueryApi::StartRun(ScheduledQueryId id, Timer& timer, const Waiting& what) {
  const auto def = deps_.catalog.GetScheduledQuery(id);
  const auto schedule = def.ok() ? Schedule::Parse(def->schedule) : def.error();
  if (!schedule.ok()) {
    timer.due.reset();
    return true;  // deleted meanwhile
  }
  ArrivalTime invocation = what.invocation;
  if (!what.manual) {
    // The newest time that is due (invariant 2).
    invocation =
        schedule->LastIn(def->considered, what.invocation, def->created).value_or(what.invocation);
  }
  ScheduledProperties properties = ScheduledProperties::Parse(def->properties_json);
  ScheduledRun::Task task{.id = deps_.answers->NewQueryId(),
                          .name = def->name + "-" + def->suffix,
                          .sql = def->sql,
                          .target = std::move(properties.target),
                          .report = std::move(properties.report),
                          .invocation = invocation,
                          .manual = what.manual};
  ScheduledRunOptions options;
  options.statement_time_max = options_.statement_time_max;
  auto run = std::make_shared<ScheduledRun>(
      std::move(task), options,
      ScheduledRunDeps{deps_.engine, deps_.executor, deps_.clock, deps_.tables, deps_.store,
                       deps_.direct_clock, deps_.reports, gate_},
      [self = shared_from_this(), id](ScheduledRun::Outcome outcome) {
        self->OnRunEnded(id, std::move(outcome));
      });
  // A full executor: it is tried again at the next look.
  if (!run->Start().ok()) return false;
  timer.run = std::move(run);
  timer.due.reset();
  ++running_;
  return true;
}

void ScheduledQueryApi::OnRunEnded(ScheduledQueryId id, ScheduledRun::Outcome outcome) {
  const catalog::ScheduledRunDef& run = outcome.run;
  (run.succeeded ? runs_succeeded_ : runs_failed_).Add();
  {
    const MutexLock lock(change_mutex_);
    auto def = deps_.catalog.GetScheduledQuery(id);
    if (def.ok()) {
      def->runs.insert(def->runs.begin(), run);
      if (def->runs.size() > options_.runs_kept_max) def->runs.resize(options_.runs_kept_max);
      if (!run.manual) def->considered = std::max(def->considered, run.invocation);
      const bool disable = outcome.hopeless && !run.manual && def->enabled;
      if (disable) def->enabled = false;
      if (const auto kept = deps_.catalog.UpdateScheduledQuery(*def); !kept.ok()) {
        Log(LogLevel::kError, "scheduled_query", "a run cannot be noted",
            {{"query", def->name}, {"error", kept.error().message}});
      }
      Notify(run.manual ? (run.succeeded ? "MANUAL_TRIGGER_SUCCESS" : "MANUAL_TRIGGER_FAILURE")
                        : (run.succeeded ? "AUTO_TRIGGER_SUCCESS" : "AUTO_TRIGGER_FAILURE"),
             *def, &run);
      // After an error that only a change of the query can end (5.12).
      if (disable) Notify("SCHEDULED_QUERY_UPDATE", *def, nullptr);
    }
    const MutexLock timers(mutex_);
    --running_;
    const auto timer = timers_.find(id);
    if (timer != timers_.end()) {
      timer->second.run.reset();
      if (timer->second.deleted || !def.ok()) {
        timers_.erase(timer);
      } else {
        const auto schedule = Schedule::Parse(def->schedule);
        timer->second.due = def->enabled && schedule.ok()
                                ? schedule->Next(def->considered, def->created)
                                : std::nullopt;
      }
    }
  }
  WakeTask();
}

void ScheduledQueryApi::Notify(std::string_view type, const catalog::ScheduledQueryDef& def,
                               const catalog::ScheduledRunDef* run) const {
  JsonWriter out;
  out.BeginObject().Key("type").String(type).Key("arn").String(ArnOf(def));
  if (const auto next = NextOf(def)) out.Key("nextInvocationEpochSecond").Int(next->ms / 1000);
  if (run != nullptr) {
    out.Key("scheduledQueryRunSummary").BeginObject();
    out.Key("invocationEpochSecond").Int(run->invocation.ms / 1000);
    out.Key("triggerTimeMillis").Int(run->trigger.ms).Key("runStatus").String(type);
    out.Key("executionStats").BeginObject();
    out.Key("executionTimeInMillis").Int(run->execution_ms);
    out.Key("dataWrites").Int(run->bytes_written);
    out.Key("bytesMetered").Int(std::max<int64_t>(10'000'000, run->bytes_scanned));
    out.Key("recordsIngested").Int(run->records).Key("queryResultRows").Int(run->rows).EndObject();
    if (!run->report_key.empty()) {
      out.Key("errorReportLocation").BeginObject().Key("s3ReportLocation").BeginObject();
      out.Key("bucketName").String(run->report_bucket).Key("objectKey").String(run->report_key);
      out.EndObject().EndObject();
    }
    if (!run->failure.empty()) out.Key("failureReason").String(run->failure);
    out.EndObject();
  }
  out.EndObject();
  Log(LogLevel::kInfo, "scheduled_query", "notification",
      {{"topic", ScheduledProperties::Parse(def.properties_json).topic_arn},
       {"notificationType", type},
       {"message", out.text()}});
}

}  // namespace tidemark::timestream
