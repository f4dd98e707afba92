// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/logging.h"
#include "pipeline/positions_internal.h"
#include "pipeline/unjudged_internal.h"
#include "store/reject_text.h"

namespace tidemark::pipeline {
namespace {

// How often the distance to the end of the source is measured for the status.
constexpr nanoseconds kLagInterval = milliseconds(200);

struct Partition {
  std::string position;       // of the source
  std::string journaled;      // the position that was written last, as the store knows it
  std::string sequence_text;  // for people
  std::optional<EventTime> max_event_time;
  bool idle = false;
  bool whole = true;
  std::optional<MonotonicTime> caught_up_since;
};

class StoreResolver final : public SeriesResolver {
 public:
  StoreResolver(store::Store& store, TableId table) : store_(store), table_(table) {}

  Result<ResolvedSeries> Resolve(std::string_view measure, store::ValueType type,
                                 std::span<const store::DimensionView> dimensions) override {
    store::SeriesKeyView key;
    key.table = table_;
    key.measure = measure;
    key.dimensions = dimensions;
    key.type = type;
    TM_ASSIGN_OR_RETURN(auto resolved, store_.Resolve(std::span(&key, 1)));
    const store::Resolved& one = resolved.front();
    if (one.rejection != store::RejectReason::kNone) {
      return ResolvedSeries{{}, ReasonOf(one.rejection), one.text};
    }
    // The store fixes a measure's type with its first point. Two types in one batch have to part
    // here already: a letter after the write would come too late for invariant 3.
    const store::ValueType fixed = types_.try_emplace(std::string(measure), type).first->second;
    if (fixed != type) {
      return ResolvedSeries{
          {}, DeadReason::kTypeConflict, store::MeasureTypeText(measure, fixed, type)};
    }
    return ResolvedSeries{one.series, std::nullopt, {}};
  }
  void Forget() { types_.clear(); }

 private:
  store::Store& store_;
  const TableId table_;
  std::map<std::string, store::ValueType> types_;  // of what was resolved
};

}  // namespace

DeadReason ReasonOf(store::RejectReason reason) {
  switch (reason) {
    case store::RejectReason::kSeriesReserved:
      return DeadReason::kReserved;
    case store::RejectReason::kTypeConflict:
      return DeadReason::kTypeConflict;
    case store::RejectReason::kTableLimit:
      return DeadReason::kTableLimit;
    case store::RejectReason::kDamaged:
      return DeadReason::kUnjudgeable;
    case store::RejectReason::kTimeOutOfRange:
    case store::RejectReason::kNone:
    case store::RejectReason::kVersionExists:
    case store::RejectReason::kVersionLower:
      return DeadReason::kRetention;
  }
  TM_UNREACHABLE();
}

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

struct Pipeline::Impl : std::enable_shared_from_this<Pipeline::Impl> {
  Impl(catalog::PipelineDef def, TableId target, nanoseconds keep, std::unique_ptr<Source> from,
       std::unique_ptr<DeadLetterSink> dead, std::unique_ptr<Decoder> dec, store::Store& into,
       const Clock& time, MetricRegistry& metrics, PipelineOptions opts)
      : definition(std::move(def)),
        table(target),
        store(into),
        clock(time),
        options(opts),
        outstanding(opts.outstanding ? std::move(opts.outstanding)
                                     : std::make_shared<std::atomic<uint64_t>>(0)),
        source(std::move(from)),
        dead_letters(std::move(dead)),
        decoder(std::move(dec)),
        resolver(into, target),
        retention_ns(keep.count()),
        records_metric(metrics.GetCounter("tidemark_pipeline_records_total",
                                          "Records that a pipeline took from its source",
                                          {{"pipeline", definition.name}})),
        points_metric(metrics.GetCounter("tidemark_pipeline_points_total",
                                         "Points that the store took from a pipeline",
                                         {{"pipeline", definition.name}})),
        future_metric(metrics.GetCounter("tidemark_pipeline_future_no_advance_total",
                                         "Records more than 5 minutes ahead: stored, clock unmoved",
                                         {{"pipeline", definition.name}})) {
    for (size_t i = 0; i < kDeadReasonCount; ++i) {
      dead_metrics[i] = &metrics.GetCounter(
          "tidemark_pipeline_dead_letters_total", "Records that went to the dead-letter stream",
          {{"pipeline", definition.name},
           {"reason", std::string(DeadReasonName(static_cast<DeadReason>(i)))}});
    }
  }

  store::SourceId id() const { return {store::SourceId::Kind::kPipeline, definition.id.value}; }

  Result<Progress> Step();
  Result<Progress> Advance();
  Result<void> Begin();
  void TakeRejections(std::shared_ptr<Work>& work, const store::WriteReply& answer);
  Result<void> OfferUnjudged();
  Result<bool> ReleaseHolds();
  void Handle(Result<store::WriteReply> reply, const std::shared_ptr<Work>& work);
  Result<void> TakeReplies();
  void DropExpired(Work& work) const;
  void AppendDead(const SourceBatch& batch, std::vector<DeadLetter> letters, bool holds_batch);
  Result<bool> PollBatch();
  Progress Pause();
  Result<bool> Submit();
  Result<bool> WriteProgress(uint32_t partition, const Partition& state,
                             std::optional<std::string> continues_from);
  store::SourceProgress ProgressOf(uint32_t partition, const Partition& state) const;
  Result<std::optional<MonotonicTime>> JournalIdleness();
  void Publish(PipelineState state, std::string why);
  void WakeUp();

  const catalog::PipelineDef definition;
  const TableId table;
  store::Store& store;
  const Clock& clock;
  const PipelineOptions options;
  const std::shared_ptr<std::atomic<uint64_t>> outstanding;

  // Owned by Step().
  std::unique_ptr<Source> source;
  std::unique_ptr<DeadLetterSink> dead_letters;
  std::unique_ptr<Decoder> decoder;
  StoreResolver resolver;
  std::map<uint32_t, Partition> partitions;
  std::shared_ptr<Work> polled;  // not yet decoded: a new series waits for room
  std::shared_ptr<Work> held;    // decoded, not yet written: waits for dead letters or for room
  std::vector<std::shared_ptr<Work>> spare;
  Unjudged unjudged;
  std::map<uint32_t, std::string> holds;  // journaled instead of the position: invariants 3, 6
  std::set<uint32_t> progress_due;        // of partitions whose hold moved or ended
  std::string dead_end;
  bool begun = false;
  std::optional<MonotonicTime> lag_measured;

  std::atomic<int64_t> retention_ns;
  std::atomic<bool> forget{false};
  Counter& records_metric;
  Counter& points_metric;
  Counter& future_metric;
  std::array<Counter*, kDeadReasonCount> dead_metrics{};

  // Completions leave their answers here and wake the task.
  struct Reply {
    Result<store::WriteReply> result;
    std::shared_ptr<Work> work;
  };
  mutable Mutex mutex;
  std::deque<Reply> replies TM_GUARDED_BY(mutex);
  size_t writes_in_flight TM_GUARDED_BY(mutex) = 0;
  bool held_waits_for_dead TM_GUARDED_BY(mutex) = false;
  size_t appends_in_flight TM_GUARDED_BY(mutex) = 0;  // of dead letters
  std::optional<Result<store::WriteReply>> offer_answer TM_GUARDED_BY(mutex);
  std::optional<Error> append_error TM_GUARDED_BY(mutex);
  std::string appended_end TM_GUARDED_BY(mutex);
  PipelineStatus status TM_GUARDED_BY(mutex);
  Executor* executor TM_GUARDED_BY(mutex) = nullptr;
  TaskId task TM_GUARDED_BY(mutex);
};

void Pipeline::Impl::WakeUp() {
  MutexLock lock(mutex);
  if (executor != nullptr) executor->Wake(task);
}

store::SourceProgress Pipeline::Impl::ProgressOf(uint32_t partition, const Partition& state) const {
  store::SourceProgress out;
  out.source = id();
  out.table = table;
  out.partition = partition;
  const auto hold = holds.find(partition);
  out.position = EncodePosition(hold == holds.end() ? state.position : hold->second, dead_end);
  out.max_event_time = state.max_event_time;
  out.idle = state.idle;
  out.complete_from_start = state.whole;
  return out;
}

Result<void> Pipeline::Impl::Begin() {
  std::vector<PartitionStart> starts;
  for (const store::SourceProgress& progress : store.ProgressOf(id())) {
    TM_ASSIGN_OR_RETURN(auto position, DecodePosition(progress.position));
    // Elsewhere than where it was: letters of what is read again are known by their keys.
    if (options.from == StartFrom::kTrimHorizon) position = {};
    if (options.from == StartFrom::kLatest) {
      TM_ASSIGN_OR_RETURN(position.first, source->EndPosition(progress.partition));
    }
    Partition& partition = partitions[progress.partition];
    partition.position = position.first;
    partition.sequence_text = source->SequenceAt(progress.partition, position.first);
    partition.max_event_time = progress.max_event_time;
    partition.journaled = progress.position;
    partition.idle = progress.idle;
    partition.whole = progress.complete_from_start;
    if (dead_end.size() < position.second.size() ||
        (dead_end.size() == position.second.size() && dead_end < position.second)) {
      dead_end = position.second;
    }
    starts.push_back({progress.partition, position.first});
  }
  for (const uint32_t partition : source->Partitions()) {
    if (partitions.contains(partition)) continue;
    Partition& fresh = partitions[partition];
    if (options.from == StartFrom::kLatest ||
        (options.from == StartFrom::kPositions && definition.start == catalog::StartAt::kLatest)) {
      TM_ASSIGN_OR_RETURN(fresh.position, source->EndPosition(partition));
      fresh.whole = false;
    } else {
      fresh.whole = source->Untrimmed(partition);
    }
    starts.push_back({partition, fresh.position});
  }
  TM_RETURN_IF_ERROR(dead_letters->Recover(dead_end));
  TM_RETURN_IF_ERROR(source->Start(starts));
  // A partition that is known and silent holds the watermark, so the views must hear of all at
  // once.
  for (const auto& [number, state] : partitions) {
    TM_ASSIGN_OR_RETURN(const bool taken, WriteProgress(number, state, std::nullopt));
    if (!taken)
      return Error{Code::kResourceExhausted, "the store has no room for the first progress"};
  }
  begun = true;
  return {};
}

/// False: the store is full, nothing was written. `continues_from`: as in a write batch.
Result<bool> Pipeline::Impl::WriteProgress(uint32_t partition, const Partition& state,
                                           std::optional<std::string> continues_from) {
  store::WriteBatch batch;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.source_progress.push_back(ProgressOf(partition, state));
  batch.continues_from = std::move(continues_from);
  {
    MutexLock lock(mutex);
    ++writes_in_flight;
    outstanding->fetch_add(1);
  }
  store.Write(batch, [self = shared_from_this()](Result<store::WriteReply> reply) {
    self->Handle(std::move(reply), nullptr);
  });
  MutexLock lock(mutex);
  if (!replies.empty() && !replies.back().result.ok() && replies.back().work == nullptr &&
      replies.back().result.error().code == Code::kResourceExhausted) {
    replies.pop_back();
    return false;
  }
  partitions[partition].journaled = std::move(batch.source_progress.front().position);
  return true;
}

void Pipeline::Impl::Handle(Result<store::WriteReply> reply, const std::shared_ptr<Work>& work) {
  MutexLock lock(mutex);
  --writes_in_flight;
  outstanding->fetch_sub(1);
  // A refusal comes inside Write(), to a step that looks for it: to wake that step would spin.
  const bool refused = !reply.ok() && reply.error().code == Code::kResourceExhausted;
  replies.push_back({std::move(reply), work});
  if (executor != nullptr && !refused) executor->Wake(task);
}

Result<void> Pipeline::Impl::TakeReplies() {
  std::deque<Reply> taken;
  {
    MutexLock lock(mutex);
    taken.swap(replies);
    if (append_error) return *append_error;
    dead_end = appended_end.empty() ? dead_end : appended_end;
  }
  for (Reply& reply : taken) {
    if (!reply.result.ok()) return std::move(reply.result).error().With("write to the store");
    if (reply.work == nullptr) continue;
    const store::WriteReply& answer = reply.result.value();
    points_metric.Add(answer.outcomes.size() - answer.rejections.size());
    if (!answer.rejections.empty()) TakeRejections(reply.work, answer);
    if (reply.work == nullptr) continue;  // it waits for damage to end
    if (spare.size() < options.writes_in_flight_max) spare.push_back(std::move(reply.work));
  }
  return {};
}

/// Only a name that was reserved, or a type that was fixed, between Resolve() and Write(); or
/// damage where the points belong. The store has kept the position before the batch: it stays there
/// until the letters are durable and nothing is unjudged. Takes `work` if it is still needed.
void Pipeline::Impl::TakeRejections(std::shared_ptr<Work>& work, const store::WriteReply& answer) {
  std::vector<DeadLetter> letters;
  std::vector<size_t> damaged;
  for (const store::Rejection& rejection : answer.rejections) {
    if (rejection.reason == store::RejectReason::kDamaged) {
      damaged.push_back(rejection.index);
    } else {
      letters.push_back(
          {work->decoded.records[rejection.index], ReasonOf(rejection.reason), "", rejection.text});
    }
  }
  holds.try_emplace(work->batch.partition, work->start_position);
  if (!letters.empty()) {
    AppendDead(work->batch, std::move(letters), false);
    decoder->Forget();
    resolver.Forget();
  }
  if (damaged.empty()) return;
  unjudged.Add(std::move(work), std::move(damaged), clock.Monotonic());
  work = nullptr;
}

/// Offers what could not be judged again when it is due, and takes the answer.
Result<void> Pipeline::Impl::OfferUnjudged() {
  const MonotonicTime now = clock.Monotonic();
  if (const auto due = unjudged.due(); due && *due <= now) {
    store::WriteBatch batch;
    batch.points = unjudged.BeginOffer();
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    outstanding->fetch_add(1);
    store.Write(batch, [self = shared_from_this()](Result<store::WriteReply> reply) {
      MutexLock lock(self->mutex);
      self->outstanding->fetch_sub(1);
      const bool refused = !reply.ok() && reply.error().code == Code::kResourceExhausted;
      self->offer_answer = std::move(reply);
      if (self->executor != nullptr && !refused) self->executor->Wake(self->task);
    });
  }
  std::optional<Result<store::WriteReply>> answer;
  {
    MutexLock lock(mutex);
    answer.swap(offer_answer);
  }
  if (!answer) return {};
  if (!answer->ok() && answer->error().code != Code::kResourceExhausted) {
    return std::move(*answer).error().With("write to the store");
  }
  Unjudged::Settled settled = unjudged.EndOffer(*answer, now);
  points_metric.Add(settled.taken);
  for (auto& [work, letters] : settled.given_up) {
    AppendDead(work->batch, std::move(letters), false);
  }
  return {};
}

/// Journals the positions of partitions whose hold moves on or ends. False: one does, and waits for
/// answers that may hold it again, for letters, or for room; nothing more is read or written
/// meanwhile.
Result<bool> Pipeline::Impl::ReleaseHolds() {
  const auto moved = [this](const auto& hold) {
    const std::string* at = unjudged.HoldOf(hold.first);
    return at == nullptr || *at != hold.second;
  };
  if (progress_due.empty() && std::ranges::none_of(holds, moved)) return true;
  {
    MutexLock lock(mutex);
    if (writes_in_flight > 0 || appends_in_flight > 0 || !replies.empty()) return false;
    if (append_error) return *append_error;
    if (!appended_end.empty()) dead_end = appended_end;
  }
  for (auto it = holds.begin(); it != holds.end();) {
    if (!moved(*it)) {
      ++it;
      continue;
    }
    progress_due.insert(it->first);
    const std::string* at = unjudged.HoldOf(it->first);
    if (at != nullptr) {
      (it++)->second = *at;
    } else {
      it = holds.erase(it);
    }
  }
  for (auto it = progress_due.begin(); it != progress_due.end();) {
    TM_ASSIGN_OR_RETURN(const bool taken, WriteProgress(*it, partitions[*it], std::nullopt));
    if (!taken) return false;
    it = progress_due.erase(it);
  }
  return true;
}

/// Points older than the table keeps become dead letters before the write, so that the store has no
/// reason left to refuse a time and invariant 3 holds for them too.
void Pipeline::Impl::DropExpired(Work& work) const {
  const EventTime oldest = clock.Now().AsEventTime() - nanoseconds(retention_ns.load());
  DecodedBatch& decoded = work.decoded;
  size_t kept = 0;
  for (size_t i = 0; i < decoded.points.size(); ++i) {
    if (decoded.points[i].time < oldest) {
      decoded.dead.push_back({decoded.records[i], DeadReason::kRetention, definition.mapping.time,
                              "the time " + FormatIso8601Millis(decoded.points[i].time) +
                                  " is older than the table keeps"});
      continue;
    }
    if (kept != i) {
      decoded.points[kept] = decoded.points[i];
      decoded.records[kept] = decoded.records[i];
    }
    ++kept;
  }
  decoded.points.resize(kept);
  decoded.records.resize(kept);
}

void Pipeline::Impl::AppendDead(const SourceBatch& batch, std::vector<DeadLetter> letters,
                                bool holds_batch) {
  std::vector<DeadRecord> records;
  records.reserve(letters.size());
  for (DeadLetter& letter : letters) {
    dead_metrics[static_cast<size_t>(letter.reason)]->Add();
    DeadRecord record;
    record.partition = source->PartitionName(batch.partition);
    record.sequence = source->SequenceOf(batch, letter.record);
    record.data = std::string(batch.records[letter.record].payload);
    record.key = std::string(batch.records[letter.record].key);
    record.arrival = batch.records[letter.record].arrival;
    record.letter = std::move(letter);
    records.push_back(std::move(record));
  }
  {
    MutexLock lock(mutex);
    outstanding->fetch_add(1);
    ++appends_in_flight;
    if (holds_batch) held_waits_for_dead = true;
    status.dead_letters_total += records.size();
  }
  dead_letters->Append(
      std::move(records), [self = shared_from_this(), holds_batch](Result<std::string> end) {
        MutexLock lock(self->mutex);
        self->outstanding->fetch_sub(1);
        --self->appends_in_flight;
        if (holds_batch) self->held_waits_for_dead = false;
        if (end.ok()) {
          self->appended_end = std::move(end).value();
        } else {
          self->append_error = std::move(end).error().With("append to the dead-letter stream");
        }
        if (self->executor != nullptr) self->executor->Wake(self->task);
      });
}

/// Writes the held batch. False: no room, try again later.
Result<bool> Pipeline::Impl::Submit() {
  Work& work = *held;
  Partition state = partitions[work.batch.partition];
  work.start_position = state.position;
  state.position = work.batch.end_position;
  state.idle = false;
  if (work.decoded.max_event_time &&
      (!state.max_event_time || *state.max_event_time < *work.decoded.max_event_time)) {
    state.max_event_time = work.decoded.max_event_time;
  }
  store::WriteBatch batch;
  batch.points = work.decoded.points;
  batch.rule = store::ConflictRule::kLastWins;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.source_progress.push_back(ProgressOf(work.batch.partition, state));
  batch.continues_from = state.journaled;
  {
    MutexLock lock(mutex);
    ++writes_in_flight;
    outstanding->fetch_add(1);
  }
  store.Write(batch, [self = shared_from_this(), work_ref = held](Result<store::WriteReply> reply) {
    self->Handle(std::move(reply), work_ref);
  });
  {
    MutexLock lock(mutex);
    // A full store refuses inside the call, before anything was judged (store.h, Write).
    if (!replies.empty() && replies.back().work == held && !replies.back().result.ok() &&
        replies.back().result.error().code == Code::kResourceExhausted) {
      replies.pop_back();
      return false;
    }
    status.records_total += work.batch.records.size();
    status.points_total += work.decoded.points.size();
    status.future_no_advance_total += work.decoded.future_no_advance;
  }
  records_metric.Add(work.batch.records.size());
  future_metric.Add(work.decoded.future_no_advance);
  if (!work.batch.records.empty()) {
    state.sequence_text = source->SequenceOf(work.batch, work.batch.records.size() - 1);
  }
  state.caught_up_since.reset();
  state.journaled = std::move(batch.source_progress.front().position);
  partitions[work.batch.partition] = std::move(state);
  held.reset();
  return true;
}

/// Declares partitions idle that are due; returns when the next one will be.
Result<std::optional<MonotonicTime>> Pipeline::Impl::JournalIdleness() {
  const MonotonicTime now = clock.Monotonic();
  std::optional<MonotonicTime> next;
  for (auto& [number, state] : partitions) {
    if (state.idle) continue;
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
  std::shared_ptr<Work> work;
  if (spare.empty()) {
    work = std::make_shared<Work>();
  } else {
    work = std::move(spare.back());
    spare.pop_back();
  }
  work->batch.Clear();
  TM_ASSIGN_OR_RETURN(const bool some, source->Poll(kBatchRecordsMax, work->batch));
  if (some) {
    polled = std::move(work);
  } else {
    spare.push_back(std::move(work));
  }
  return some;
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
  if (held == nullptr && polled == nullptr) {
    if (unjudged.full()) return Progress{};
    {
      MutexLock lock(mutex);
      if (writes_in_flight >= options.writes_in_flight_max) return Progress{};  // a reply wakes us
    }
    TM_ASSIGN_OR_RETURN(const bool some, PollBatch());
    if (!some) {
      TM_ASSIGN_OR_RETURN(const auto next, JournalIdleness());
      lag_measured.reset();  // nothing is unread: say so now, the next step may be far away
      Publish(PipelineState::kRunning, "");
      return Progress{.more = false, .wake_at = next};
    }
  }
  if (held == nullptr) {
    auto decoded = decoder->Decode(polled->batch, resolver, polled->decoded);
    if (!decoded.ok() && decoded.error().code == Code::kResourceExhausted) return Pause();
    TM_RETURN_IF_ERROR(std::move(decoded));
    held = std::move(polled);
    DropExpired(*held);
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
  TM_ASSIGN_OR_RETURN(const bool taken, Submit());
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
  }
  MutexLock lock(mutex);
  status.state = state;
  status.error = std::move(why);
  status.cache_hits_total = decoder->cache_hits();
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
  for (const auto& [number, partition] : partitions) {
    status.partitions.push_back(
        {number, names[number], partition.sequence_text, partition.max_event_time, partition.idle});
  }
}

Pipeline::Pipeline(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Pipeline>> Pipeline::Open(catalog::PipelineDef definition, TableId table,
                                                 nanoseconds retention,
                                                 std::unique_ptr<Source> source,
                                                 std::unique_ptr<DeadLetterSink> dead_letters,
                                                 store::Store& store, const Clock& clock,
                                                 MetricRegistry& metrics, PipelineOptions options) {
  TM_ASSIGN_OR_RETURN(auto decoder, MakeDecoder(definition.mapping, options.decoder));
  auto impl = std::make_shared<Impl>(std::move(definition), table, retention, std::move(source),
                                     std::move(dead_letters), std::move(decoder), store, clock,
                                     metrics, options);
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

void Pipeline::ForgetSeries() {
  impl_->forget.store(true);
  impl_->WakeUp();
}

}  // namespace tidemark::pipeline
