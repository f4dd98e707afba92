// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/direct_clock.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "base/logging.h"
#include "base/mutex.h"

namespace tidemark::timestream {
namespace {

constexpr size_t kTablesPerStep = 64;
constexpr nanoseconds kRetryAfter = seconds(1);

}  // namespace

std::vector<EventTime> TimesOf(std::span<const store::PointView> points) {
  std::vector<EventTime> times;
  times.reserve(points.size());
  for (const store::PointView& point : points) times.push_back(point.time);
  return times;
}

struct DirectClock::State {
  struct Table {
    MonotonicTime due;         // idle from here on, unless a write comes first
    MonotonicTime not_before;  // after a failed write
    bool in_flight = false;    // a change of idleness is being journaled
    bool again = false;        // a write was accepted meanwhile
    // The journal may say idle although a write was just accepted: say idle = false first.
    bool busy = true;

    MonotonicTime next() const { return busy ? not_before : std::max(due, not_before); }
  };

  Mutex mutex;
  std::map<TableId, Table> tables TM_GUARDED_BY(mutex);  // those whose clock is not idle
  std::optional<TaskId> task TM_GUARDED_BY(mutex);
  bool failed_logged TM_GUARDED_BY(mutex) = false;

  void OnJournaled(TableId table, MonotonicTime now, const Result<store::WriteReply>& reply)
      TM_EXCLUDES(mutex);
};

void DirectClock::State::OnJournaled(TableId table, MonotonicTime now,
                                     const Result<store::WriteReply>& reply) {
  const MutexLock lock(mutex);
  const auto it = tables.find(table);
  if (it == tables.end()) return;
  Table& entry = it->second;
  entry.in_flight = false;
  if (!reply.ok()) {
    if (reply.error().code == Code::kNotFound) {
      tables.erase(it);  // the table was deleted
      return;
    }
    if (!std::exchange(failed_logged, true)) {
      Log(LogLevel::kWarning, "timestream", "the idleness of direct writers cannot be journaled",
          {{"error", reply.error().message}});
    }
    entry.not_before = now + kRetryAfter;
    return;
  }
  failed_logged = false;
  if (entry.busy) {
    entry.busy = false;
  } else if (entry.again) {
    entry.busy = true;
  } else {
    tables.erase(it);
    return;
  }
  entry.again = false;
}

DirectClock::DirectClock(store::Store& store, const Clock& clock, Executor& executor,
                         pipeline::OrderBook& orders)
    : store_(store),
      clock_(clock),
      executor_(executor),
      state_(std::make_shared<State>()),
      orders_(orders) {}

DirectClock::~DirectClock() { Stop(); }

void DirectClock::Start(std::span<const TableId> tables) {
  const MonotonicTime due = clock_.Monotonic() + kIdleAfter;
  for (const TableId table : tables) {
    for (const store::SourceProgress& progress : store_.ProgressInto(table)) {
      if (progress.source.kind != store::SourceId::Kind::kDirect) continue;
      if (progress.max_event_time) {
        const MutexLock lock(newest_mutex_);
        newest_[table] = *progress.max_event_time;
      }
      if (progress.idle) continue;
      const MutexLock lock(state_->mutex);
      state_->tables[table].due = due;
      state_->tables[table].busy = false;
    }
  }
  const TaskId task = executor_.Add("direct-clock", Lane::kBackground, *this);
  const MutexLock lock(state_->mutex);
  state_->task = task;
}

void DirectClock::Stop() {
  std::optional<TaskId> task;
  {
    const MutexLock lock(state_->mutex);
    task = std::exchange(state_->task, std::nullopt);
  }
  if (task) executor_.Remove(*task);
}

void DirectClock::OnWritten(TableId table, std::span<const EventTime> times,
                            std::span<const store::Outcome> outcomes) {
  pipeline::OrderSketch measured;
  {
    const MutexLock lock(newest_mutex_);
    const auto known = newest_.find(table);
    EventTime newest = known == newest_.end() ? kEventTimeMin : known->second;
    uint64_t in_order = 0;
    for (size_t i = 0; i < std::min(times.size(), outcomes.size()); ++i) {
      if (outcomes[i] != store::Outcome::kAccepted && outcomes[i] != store::Outcome::kReplaced) {
        continue;
      }
      if (times[i] < newest) {
        measured.Add(newest - times[i]);
      } else {
        newest = times[i];
        ++in_order;
      }
    }
    measured.AddInOrder(in_order);
    if (measured.count() > 0) newest_[table] = newest;
  }
  if (measured.count() == 0) return;
  orders_.Of({{store::SourceId::Kind::kDirect, 0}, table, 0}, "0")->Add(measured, std::nullopt);
  OnAccepted(table);
}

void DirectClock::OnAccepted(TableId table) {
  const MonotonicTime due = clock_.Monotonic() + kIdleAfter;
  std::optional<TaskId> wake;
  {
    const MutexLock lock(state_->mutex);
    const auto [it, inserted] = state_->tables.try_emplace(table);
    it->second.due = due;
    it->second.again = it->second.in_flight;
    // A task that already waits for this table wakes early and goes back to sleep by itself.
    if (inserted) wake = state_->task;
  }
  if (wake) executor_.Wake(*wake);
}

Result<Progress> DirectClock::Step() {
  const MonotonicTime now = clock_.Monotonic();
  std::vector<TableId> due;
  {
    const MutexLock lock(state_->mutex);
    for (auto& [table, entry] : state_->tables) {
      if (due.size() == kTablesPerStep) break;
      if (entry.in_flight || entry.next() > now) continue;
      entry.in_flight = true;
      due.push_back(table);
    }
  }
  for (const TableId table : due) Journal(table);

  Progress progress;
  const MutexLock lock(state_->mutex);
  for (const auto& [table, entry] : state_->tables) {
    if (entry.in_flight) {
      // Its completion does not wake the task: look again soon.
      const MonotonicTime soon = now + milliseconds(20);
      if (!progress.wake_at || soon < *progress.wake_at) progress.wake_at = soon;
    } else if (entry.next() <= now) {
      progress.more = true;
    } else if (!progress.wake_at || entry.next() < *progress.wake_at) {
      progress.wake_at = entry.next();
    }
  }
  return progress;
}

void DirectClock::Journal(TableId table) {
  bool busy = false;
  {
    const MutexLock lock(state_->mutex);
    const auto it = state_->tables.find(table);
    if (it == state_->tables.end()) return;
    busy = it->second.busy;
  }
  std::optional<store::SourceProgress> stored;
  for (store::SourceProgress& progress : store_.ProgressInto(table)) {
    if (progress.source.kind == store::SourceId::Kind::kDirect) stored = std::move(progress);
  }
  // Without a journaled clock the source has not joined: nothing to make idle.
  if (!stored || stored->idle == !busy) {
    state_->OnJournaled(table, clock_.Monotonic(), store::WriteReply{});
    return;
  }
  stored->idle = !busy;
  store::WriteBatch batch;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.source_progress.push_back(std::move(*stored));
  store_.Write(batch,
               [state = state_, table, now = clock_.Monotonic()](Result<store::WriteReply> reply) {
                 state->OnJournaled(table, now, reply);
               });
}

}  // namespace tidemark::timestream
