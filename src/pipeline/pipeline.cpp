// SPDX-License-Identifier: Apache-2.0
#include "base/logging.h"
#include "pipeline/pipeline_internal.h"

namespace tidemark::pipeline {
namespace {

// How often the distance to the end of the source is measured for the status.
constexpr nanoseconds kLagInterval = milliseconds(200);

}  // namespace

std::string_view PipelineStateName(PipelineState state) {
  switch (state) {
    case PipelineState::kStarting:
      return "starting";
    case PipelineState::kRunning:
      return "running";
    case PipelineState::kPaused:
      return "paused";
    case PipelineState::kStopped:
      return "stopped";
    case PipelineState::kFailed:
      return "failed";
  }
  TM_UNREACHABLE();
}

void Pipeline::Impl::WakeUp() {
  MutexLock lock(mutex);
  if (executor != nullptr) executor->Wake(task);
}

/// Declares partitions idle that are due; returns when the next one will be.
Result<std::optional<MonotonicTime>> Pipeline::Impl::JournalIdleness() {
  const MonotonicTime now = clock.Monotonic();
  std::optional<MonotonicTime> next;
  for (auto& [number, state] : partitions) {
    if (state.idle || state.ended) continue;
    if (!source->AtEnd(number)) {
      state.caught_up_since.reset();
      continue;
    }
    if (!state.caught_up_since) state.caught_up_since = now;
    const MonotonicTime due = *state.caught_up_since + definition.idle_timeout;
    if (due > now) {
      if (!next || due < *next) next = due;
      continue;
    }
    Partition idle = state;
    idle.idle = true;
    TM_ASSIGN_OR_RETURN(const bool taken, WriteProgress(number, idle, state.journaled));
    if (taken) {
      state.idle = true;
    } else {
      next = now + options.retry_after;
    }
  }
  return next;
}

/// Fills `polled`; false: nothing is unread.
Result<bool> Pipeline::Impl::PollBatch() {
  if (cut_off != nullptr) {
    polled = std::move(cut_off);
    return true;
  }
  const MonotonicTime began = clock.Monotonic();
  std::shared_ptr<Work> work;
  if (spare.empty()) {
    work = std::make_shared<Work>();
  } else {
    work = std::move(spare.back());
    spare.pop_back();
  }
  work->batch.Clear();
  TM_ASSIGN_OR_RETURN(const bool some, source->Poll(kBatchRecordsMax, work->batch));
  for (const SourceGap& gap : source->TakeGaps()) TakeGap(gap);
  if (some) {
    polled = std::move(work);
    CutAtHighest();
  } else {
    spare.push_back(std::move(work));
  }
  metrics.busy_source.Add(clock.Monotonic() - began);
  return some;
}

/// What was read before and what was not are written by two rules, so by two writes.
void Pipeline::Impl::CutAtHighest() {
  const Partition& state = partitions[polled->batch.partition];
  if (!state.replaying()) return;
  SourceBatch& batch = polled->batch;
  const auto first_new =
      std::ranges::upper_bound(batch.records, *state.highest_offset, {}, &SourceRecord::offset);
  if (first_new == batch.records.end() || first_new == batch.records.begin()) return;
  cut_off = std::make_shared<Work>();
  cut_off->batch.partition = batch.partition;
  cut_off->batch.records.assign(first_new, batch.records.end());
  cut_off->batch.end_position = std::exchange(batch.end_position, state.extra.highest);
  cut_off->batch.at_end = std::exchange(batch.at_end, false);
  cut_off->batch.keep_alive = batch.keep_alive;
  batch.records.erase(first_new, batch.records.end());
}

/// Malformed is what cannot be decoded; what a table or view does not take is not.
void Pipeline::Impl::FeedBreaker(const Work& work) {
  const auto malformed = std::ranges::count_if(work.decoded.dead, [](const DeadLetter& letter) {
    return DeadStageName(letter.reason) != "policy" &&
           letter.reason != DeadReason::kFutureTimestamp;
  });
  if (!breaker.Add(work.batch.records.size(), static_cast<uint64_t>(malformed))) return;
  stopped = std::to_string(breaker.malformed()) + " of the last " +
            std::to_string(breaker.records()) +
            " records are malformed, more than the breaker allows: look at the dead letters, then "
            "start the pipeline to go on";
  Log(LogLevel::kError, "pipeline", "paused by its breaker",
      {{"pipeline", definition.name}, {"reason", stopped}});
}

Progress Pipeline::Impl::Pause() {
  Publish(PipelineState::kPaused, "the store's memory is full: reading waits (memory_max)");
  return {.more = false, .wake_at = clock.Monotonic() + options.retry_after};
}

Result<Progress> Pipeline::Impl::Step() {
  TM_ASSIGN_OR_RETURN(Progress progress, Advance());
  // What waits for damage to end wants a step too.
  const auto due = progress_due.empty() ? unjudged.due()
                                        : std::optional(clock.Monotonic() + options.retry_after);
  if (due && (!progress.wake_at || *due < *progress.wake_at)) progress.wake_at = due;
  return progress;
}

Result<Progress> Pipeline::Impl::Advance() {
  if (!begun) {
    if (outstanding->load() > 0) {
      return Progress{.more = false, .wake_at = clock.Monotonic() + options.retry_after};
    }
    auto started = Begin();
    if (!started.ok() && started.error().code == Code::kResourceExhausted) return Pause();
    TM_RETURN_IF_ERROR(std::move(started));
  }
  if (forget.exchange(false)) {
    decoder->Forget();
    resolver.Forget();
  }
  TM_RETURN_IF_ERROR(TakeReplies());
  TM_RETURN_IF_ERROR(OfferUnjudged());
  TM_ASSIGN_OR_RETURN(const bool released, ReleaseHolds());
  if (!released) return Progress{};  // a completion wakes us, or Step() for the sake of room
  TM_ASSIGN_OR_RETURN(const bool followed, FollowPartitions());
  if (!followed) return Pause();
  if (held == nullptr && polled == nullptr) {
    if (!stopped.empty()) {
      Publish(PipelineState::kPaused, stopped);
      return Progress{};  // until it is started again
    }
    if (unjudged.full()) return Progress{};
    {
      MutexLock lock(mutex);
      if (writes_in_flight >= options.writes_in_flight_max) return Progress{};  // a reply wakes us
    }
    TM_ASSIGN_OR_RETURN(const bool some, PollBatch());
    if (!some) {
      if (!progress_due.empty()) return Progress{.more = true, .wake_at = {}};  // a gap
      TM_ASSIGN_OR_RETURN(const auto next, JournalIdleness());
      if (source->Drained()) {
        TM_ASSIGN_OR_RETURN(const bool drained, Drain());
        if (!drained) return Pause();
      }
      lag_measured.reset();  // nothing is unread: say so now, the next step may be far away
      Publish(PipelineState::kRunning, "");
      return Progress{.more = false, .wake_at = next};
    }
  }
  if (held == nullptr) {
    const MonotonicTime began = clock.Monotonic();
    auto decoded = decoder->Decode(polled->batch, resolver, polled->decoded);
    if (!decoded.ok() && decoded.error().code == Code::kResourceExhausted) return Pause();
    TM_RETURN_IF_ERROR(std::move(decoded));
    held = std::move(polled);
    DropExpired(*held);
    FeedBreaker(*held);
    metrics.busy_decode.Add(clock.Monotonic() - began);
    if (!held->decoded.dead.empty()) {
      AppendDead(held->batch, std::move(held->decoded.dead), true);
    }
  }
  {
    MutexLock lock(mutex);
    if (held_waits_for_dead) return Progress{};  // the append's completion wakes us
    if (append_error) return *append_error;
    dead_end = appended_end.empty() ? dead_end : appended_end;
  }
  const MonotonicTime began = clock.Monotonic();
  TM_ASSIGN_OR_RETURN(const bool taken, Submit());
  metrics.busy_write.Add(clock.Monotonic() - began);
  if (!taken) return Pause();
  TM_RETURN_IF_ERROR(JournalIdleness());
  Publish(PipelineState::kRunning, "");
  return Progress{.more = true, .wake_at = {}};
}

void Pipeline::Impl::Publish(PipelineState state, std::string why) {
  const MonotonicTime now = clock.Monotonic();
  std::optional<std::vector<PartitionLag>> lag;
  if (!lag_measured || now - *lag_measured >= kLagInterval || state != PipelineState::kRunning) {
    lag_measured = now;
    lag = source->Lag();
    if (begun) Align();
  }
  metrics.breaker_open.Set(stopped.empty() ? 0 : 1);
  MutexLock lock(mutex);
  status.state = state;
  status.error = std::move(why);
  status.breaker_open = !stopped.empty();
  status.cache_hits_total = decoder->cache_hits();
  const auto time_of = [](const SecondsCounter& counter) {
    return nanoseconds(static_cast<int64_t>(counter.seconds() * 1e9));
  };
  status.busy = {.source = time_of(metrics.busy_source),
                 .decode = time_of(metrics.busy_decode),
                 .write = time_of(metrics.busy_write)};
  if (!lag) return;
  uint64_t unread = 0;
  milliseconds age{0};
  std::map<uint32_t, std::string> names;
  for (const PartitionLag& one : *lag) {
    unread += one.records;
    names[one.partition] = one.name;
    if (one.oldest) age = std::max(age, clock.Now() - *one.oldest);
  }
  status.lag_records = unread;
  status.lag = age;
  status.partitions.clear();
  status.gap_records_total = 0;
  for (const auto& [number, partition] : partitions) {
    if (partition.ended) continue;
    status.gap_records_total += partition.extra.gap_records;
    status.partitions.push_back({.partition = number,
                                 .name = names[number],
                                 .sequence = partition.sequence_text,
                                 .max_event_time = partition.clock.max_event_time,
                                 .idle = partition.idle,
                                 .replaying = partition.replaying(),
                                 .gap_records = partition.extra.gap_records,
                                 .whole_from = partition.whole_from});
  }
}

Pipeline::Pipeline(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Pipeline>> Pipeline::Open(catalog::PipelineDef definition, TableId table,
                                                 nanoseconds retention,
                                                 std::unique_ptr<Source> source,
                                                 std::unique_ptr<DeadLetterSink> dead_letters,
                                                 store::Store& store, const Clock& clock,
                                                 MetricRegistry& metrics, PipelineOptions options) {
  TM_ASSIGN_OR_RETURN(auto decoder,
                      MakeDecoder(definition.mapping, definition.rules, options.decoder));
  auto impl = std::make_shared<Impl>(std::move(definition), table, retention, std::move(source),
                                     std::move(dead_letters), std::move(decoder), store, clock,
                                     metrics, std::move(options));
  impl->source->OnRecords([weak = std::weak_ptr(impl)] {
    if (const auto self = weak.lock()) self->WakeUp();
  });
  MutexLock lock(impl->mutex);
  impl->status.definition = impl->definition;
  impl->status.state = PipelineState::kStarting;
  return std::unique_ptr<Pipeline>(new Pipeline(impl));
}

Pipeline::~Pipeline() { Detach(); }

void Pipeline::Attach(Executor& executor) {
  // Under the lock, so that no wake-up comes between the first step and the task's id.
  MutexLock lock(impl_->mutex);
  impl_->executor = &executor;
  impl_->task = executor.Add("pipeline " + impl_->definition.name, Lane::kBackground, *this);
}

void Pipeline::Detach() {
  Executor* executor = nullptr;
  TaskId task;
  {
    MutexLock lock(impl_->mutex);
    executor = std::exchange(impl_->executor, nullptr);
    task = impl_->task;
  }
  if (executor == nullptr) return;
  executor->Remove(task);
  MutexLock lock(impl_->mutex);
  if (impl_->status.state != PipelineState::kFailed) impl_->status.state = PipelineState::kStopped;
}

Result<Progress> Pipeline::Step() {
  auto progress = impl_->Step();
  if (!progress.ok()) {
    MutexLock lock(impl_->mutex);
    impl_->status.state = PipelineState::kFailed;
    impl_->status.error = progress.error().message;
  }
  return progress;
}

PipelineStatus Pipeline::Status() const {
  MutexLock lock(impl_->mutex);
  return impl_->status;
}

void Pipeline::SetRetention(nanoseconds retention) { impl_->retention_ns.store(retention.count()); }

void Pipeline::SetDriftMax(nanoseconds drift) { impl_->drift_ns.store(drift.count()); }

void Pipeline::ForgetSeries() {
  impl_->forget.store(true);
  impl_->WakeUp();
}

}  // namespace tidemark::pipeline
