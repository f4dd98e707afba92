// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline_internal.h"

namespace tidemark::pipeline {
namespace {

SecondsCounter& Busy(MetricRegistry& registry, const std::string& pipeline,
                     std::string_view stage) {
  return registry.GetSecondsCounter("tidemark_pipeline_busy_seconds_total",
                                    "Time that a pipeline's stages took",
                                    {{"pipeline", pipeline}, {"stage", std::string(stage)}});
}

}  // namespace

PipelineMetrics::PipelineMetrics(MetricRegistry& registry, const std::string& pipeline)
    : records(registry.GetCounter("tidemark_pipeline_records_total",
                                  "Records that a pipeline took from its source",
                                  {{"pipeline", pipeline}})),
      points(registry.GetCounter("tidemark_pipeline_points_total",
                                 "Points that the store took from a pipeline",
                                 {{"pipeline", pipeline}})),
      future(registry.GetCounter("tidemark_pipeline_future_no_advance_total",
                                 "Records more than 5 minutes ahead: stored, clock unmoved",
                                 {{"pipeline", pipeline}})),
      filtered(registry.GetCounter("tidemark_pipeline_filtered_total",
                                   "Records that a pipeline's filter held back",
                                   {{"pipeline", pipeline}})),
      punctuations(registry.GetCounter("tidemark_pipeline_punctuations_total",
                                       "Records that only said how far their partition is",
                                       {{"pipeline", pipeline}})),
      gap_records(registry.GetCounter("tidemark_pipeline_gap_records_total",
                                      "Records that were trimmed or passed over unread",
                                      {{"pipeline", pipeline}})),
      breaker_open(registry.GetGauge("tidemark_pipeline_breaker_open",
                                     "1: too many records were malformed, nothing is read",
                                     {{"pipeline", pipeline}})),
      paused_partitions(registry.GetGauge("tidemark_pipeline_paused_partitions",
                                          "Partitions that wait for slower ones in a backfill",
                                          {{"pipeline", pipeline}})),
      busy_source(Busy(registry, pipeline, "source")),
      busy_decode(Busy(registry, pipeline, "decode")),
      busy_write(Busy(registry, pipeline, "write")) {
  for (size_t i = 0; i < kDeadReasonCount; ++i) {
    dead[i] = &registry.GetCounter(
        "tidemark_pipeline_dead_letters_total", "Records that went to the dead-letter stream",
        {{"pipeline", pipeline},
         {"reason", std::string(DeadReasonName(static_cast<DeadReason>(i)))}});
  }
  constexpr std::array<std::string_view, 4> kOutcomes{"accepted", "replaced", "unchanged",
                                                      "rejected"};
  for (size_t i = 0; i < kOutcomes.size(); ++i) {
    replayed[i] = &registry.GetCounter(
        "tidemark_pipeline_replayed_total", "Points that were read again, by what became of them",
        {{"pipeline", pipeline}, {"outcome", std::string(kOutcomes[i])}});
  }
}

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

store::SourceProgress Pipeline::Impl::ProgressOf(uint32_t partition, const Partition& state) const {
  store::SourceProgress out;
  out.source = id();
  out.table = table;
  out.partition = partition;
  const auto hold = holds.find(partition);
  JournaledPosition at = state.extra;
  at.source = hold == holds.end() ? state.position : hold->second;
  at.dead_end = dead_end;
  out.position = EncodePosition(at);
  out.max_event_time = state.clock.max_event_time;
  out.floor = state.clock.floor;
  out.idle = state.idle;
  out.complete_from_start = state.whole;
  out.whole_from = state.whole_from;
  return out;
}

Result<bool> Pipeline::Impl::WriteProgress(uint32_t partition, const Partition& state,
                                           std::optional<std::string> continues_from) {
  std::vector<store::SourceProgress> progress{ProgressOf(partition, state)};
  std::string position = progress.front().position;
  TM_ASSIGN_OR_RETURN(const bool taken,
                      WriteProgress(std::move(progress), std::move(continues_from)));
  if (taken) partitions[partition].journaled = std::move(position);
  return taken;
}

Result<bool> Pipeline::Impl::WriteProgress(std::vector<store::SourceProgress> progress,
                                           std::optional<std::string> continues_from) {
  store::WriteBatch batch;
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.source_progress = std::move(progress);
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
    metrics.points.Add(answer.outcomes.size() - answer.rejections.size());
    if (reply.work->replays) CountReplay(answer);
    if (!answer.rejections.empty()) TakeRejections(reply.work, answer);
    if (reply.work == nullptr) continue;  // it waits for damage to end
    if (spare.size() < options.writes_in_flight_max) spare.push_back(std::move(reply.work));
  }
  return {};
}

/// Of points that were read before.
void Pipeline::Impl::CountReplay(const store::WriteReply& answer) {
  for (const store::Outcome outcome : answer.outcomes) {
    if (outcome != store::Outcome::kDeferred) metrics.replayed[static_cast<size_t>(outcome)]->Add();
  }
  MutexLock lock(mutex);
  status.replayed_total += answer.outcomes.size();
}

/// Only a name that was reserved, or a type that was fixed, between Resolve() and Write(); or
/// damage where the points belong. The store has kept the position before the batch: it stays there
/// until the letters are durable and nothing is unjudged. Takes `work` if it is still needed.
void Pipeline::Impl::TakeRejections(std::shared_ptr<Work>& work, const store::WriteReply& answer) {
  std::vector<DeadLetter> letters;
  std::vector<size_t> damaged;
  for (const store::Rejection& rejection : answer.rejections) {
    // What was read before and is newer by now, which is how it should be.
    if (!store::HoldsPosition(work->rule, {&rejection, 1})) continue;
    if (rejection.reason == store::RejectReason::kDamaged) {
      damaged.push_back(rejection.index);
    } else {
      letters.push_back(
          {work->decoded.records[rejection.index], ReasonOf(rejection.reason), "", rejection.text});
    }
  }
  if (letters.empty() && damaged.empty()) return;
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
  metrics.points.Add(settled.taken);
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
    metrics.dead[static_cast<size_t>(letter.reason)]->Add();
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

/// `newest` is the clock of the partition before the batch. Records that were counted before a
/// crash, and are read again, do not count twice.
void Pipeline::Impl::NoteOrder(const Work& work, std::optional<EventTime> newest) {
  if (options.orders == nullptr || work.batch.records.empty()) return;
  std::shared_ptr<OrderTally>& tally = tallies[work.batch.partition];
  if (tally == nullptr) {
    tally = options.orders->Of({id(), table, work.batch.partition},
                               source->PartitionName(work.batch.partition));
  }
  const nanoseconds soft = options.decoder.guard.soft;
  const std::optional<uint64_t> counted_to = tally->counted_to();
  const auto& points = work.decoded.points;
  measured.Clear();
  uint64_t in_order = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const store::PointView& point = points[i];
    const bool counts =
        !counted_to || work.batch.records[work.decoded.records[i]].offset > *counted_to;
    if (newest && point.time < *newest) {
      if (counts) measured.Add(*newest - point.time);
      continue;
    }
    if (counts) ++in_order;
    // What is further ahead does not move the clock (event-time.md 2.4).
    if (point.time - point.arrival.AsEventTime() <= soft) newest = point.time;
  }
  measured.AddInOrder(in_order);
  tally->Add(measured, work.batch.records.back().offset);
}

/// Writes the held batch. False: no room, try again later.
Result<bool> Pipeline::Impl::Submit() {
  Work& work = *held;
  Partition state = partitions[work.batch.partition];
  work.start_position = state.position;
  state.position = work.batch.end_position;
  state.idle = false;
  state.clock.max_event_time = std::max(state.clock.max_event_time, work.decoded.max_event_time);
  state.clock.floor = std::max(state.clock.floor, work.decoded.floor);
  if (!stopped.empty()) state.extra.stopped = stopped;
  work.replays = state.replaying();
  work.rule = store::ConflictRule::kLastWins;
  if (state.replaying()) {
    if (!state.extra.replace) {
      work.rule = store::ConflictRule::kByVersion;
      for (store::PointView& point : work.decoded.points) {
        point.version = std::max<int64_t>(1, point.arrival.ms);
      }
    }
    if (work.batch.records.back().offset >= *state.highest_offset) {
      state.highest_offset.reset();
      state.extra.highest.clear();
      state.extra.replace = false;
    }
  }
  store::WriteBatch batch;
  batch.points = work.decoded.points;
  batch.rule = work.rule;
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
    status.filtered_total += work.decoded.filtered;
    status.punctuations_total += work.decoded.punctuations;
  }
  if (!work.replays) NoteOrder(work, partitions[work.batch.partition].clock.max_event_time);
  metrics.records.Add(work.batch.records.size());
  metrics.future.Add(work.decoded.future_no_advance);
  metrics.filtered.Add(work.decoded.filtered);
  metrics.punctuations.Add(work.decoded.punctuations);
  if (!work.batch.records.empty()) {
    state.sequence_text = source->SequenceOf(work.batch, work.batch.records.size() - 1);
  }
  state.caught_up_since.reset();
  state.journaled = std::move(batch.source_progress.front().position);
  partitions[work.batch.partition] = std::move(state);
  held.reset();
  return true;
}

}  // namespace tidemark::pipeline
