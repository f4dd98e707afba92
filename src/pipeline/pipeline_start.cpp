// SPDX-License-Identifier: Apache-2.0
// Where a run begins, which partitions there are, and which of them are read.
#include "base/logging.h"
#include "pipeline/pipeline_internal.h"

namespace tidemark::pipeline {

Result<void> Pipeline::Impl::Begin() {
  partitions.clear();
  waiting.clear();
  changes_seen = source->Changes();
  const auto known = store.ProgressOf(id());
  for (const store::SourceProgress& progress : known) {
    TM_ASSIGN_OR_RETURN(const JournaledPosition at, DecodePosition(progress.position));
    TM_RETURN_IF_ERROR(BeginKnown(progress, at));
  }
  const std::vector<uint32_t> present = source->Partitions();
  for (auto& [number, state] : partitions) {
    // It was removed while nobody looked, or is read to its end: its children go on.
    if (std::ranges::find(present, number) == present.end()) state.ended = state.idle = true;
  }
  std::vector<PartitionStart> starts;
  for (const uint32_t number : present) {
    if (!partitions.contains(number)) {
      if (!known.empty() && !source->ParentsOf(number).empty()) {
        waiting.insert(number);
        continue;
      }
      TM_RETURN_IF_ERROR(BeginFresh(number));
    }
    starts.push_back({number, partitions[number].position});
  }
  TM_RETURN_IF_ERROR(dead_letters->Recover(dead_end));
  TM_RETURN_IF_ERROR(source->Start(starts));
  for (auto& [number, state] : partitions) {
    if (state.ended || !state.whole) continue;
    // What a run before had not read, and what this one will not find any more.
    const std::string& reached = state.replaying() ? state.extra.highest : state.position;
    TM_ASSIGN_OR_RETURN(const auto gap, source->MissingBehind(number, reached));
    if (gap) TakeGap(*gap);
  }
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

Result<void> Pipeline::Impl::BeginKnown(const store::SourceProgress& progress,
                                        const JournaledPosition& at) {
  const uint32_t number = progress.partition;
  Partition& partition = partitions[number];
  TM_ASSIGN_OR_RETURN(partition.position, WhereToStart(number, at));
  partition.clock = {progress.max_event_time, progress.floor};
  partition.journaled = progress.position;
  partition.idle = progress.idle;
  partition.whole = progress.complete_from_start;
  partition.whole_from = progress.whole_from;
  partition.extra = at;
  if (options.breaker == PipelineOptions::Breaker::kReset) partition.extra.stopped.clear();
  if (!partition.extra.stopped.empty()) stopped = partition.extra.stopped;
  if (options.from.kind != StartFrom::Kind::kPositions ||
      options.from.replay == StartFrom::Replay::kReplace) {
    partition.extra.replace = options.from.replay == StartFrom::Replay::kReplace;
  }
  TM_RETURN_IF_ERROR(NoteHighest(number, partition, at));
  partition.sequence_text = source->SequenceAt(number, partition.position);
  // Elsewhere than where it was: letters of what is read again are known by their keys.
  if (options.from.kind != StartFrom::Kind::kPositions &&
      options.from.kind != StartFrom::Kind::kLatest) {
    return {};
  }
  if (dead_end.size() < at.dead_end.size() ||
      (dead_end.size() == at.dead_end.size() && dead_end < at.dead_end)) {
    dead_end = at.dead_end;
  }
  return {};
}

Result<std::string> Pipeline::Impl::WhereToStart(uint32_t partition, const JournaledPosition& at) {
  switch (options.from.kind) {
    case StartFrom::Kind::kPositions:
      return at.source;
    case StartFrom::Kind::kLatest:
      return source->EndPosition(partition);
    case StartFrom::Kind::kTrimHorizon:
      return std::string();
    case StartFrom::Kind::kTime:
      return source->PositionBefore(partition, options.from.time);
    case StartFrom::Kind::kSavepoint:
      for (const auto& kept : options.from.positions) {
        if (kept.number == partition) return kept.position;
      }
      return std::string();
  }
  TM_UNREACHABLE();
}

/// What is read again ends at the highest position ever; a leap beyond it leaves a hole.
Result<void> Pipeline::Impl::NoteHighest(uint32_t number, Partition& partition,
                                         const JournaledPosition& at) {
  std::string highest = at.source;
  std::optional<uint64_t> reached;
  if (!at.source.empty()) {
    TM_ASSIGN_OR_RETURN(reached, source->OffsetAt(at.source));
  }
  if (!at.highest.empty()) {
    TM_ASSIGN_OR_RETURN(const uint64_t before, source->OffsetAt(at.highest));
    if (!reached || before > *reached) {
      reached = before;
      highest = at.highest;
    }
  }
  std::optional<uint64_t> start;
  if (!partition.position.empty()) {
    TM_ASSIGN_OR_RETURN(start, source->OffsetAt(partition.position));
  }
  partition.highest_offset.reset();
  partition.extra.highest.clear();
  if (reached && (!start || *start < *reached)) {
    partition.highest_offset = reached;
    partition.extra.highest = highest;
  } else {
    partition.extra.replace = false;
  }
  if (start && (!reached || *start > *reached)) {
    // Nobody knows how old what is passed over can be but for the guard (event-time.md 6.5).
    TakeGap({number, *start - reached.value_or(0), *start, clock.Now()});
  }
  return {};
}

Result<void> Pipeline::Impl::BeginFresh(uint32_t number) {
  Partition& fresh = partitions[number];
  // One that came after the first run is read as a whole, whatever the definition starts at.
  const bool first = store.ProgressOf(id()).empty();
  const bool latest = options.from.kind == StartFrom::Kind::kLatest ||
                      (first && options.from.kind == StartFrom::Kind::kPositions &&
                       definition.start == catalog::StartAt::kLatest);
  if (latest) {
    TM_ASSIGN_OR_RETURN(fresh.position, source->EndPosition(number));
    fresh.whole = false;
  } else if (options.from.kind == StartFrom::Kind::kTime) {
    TM_ASSIGN_OR_RETURN(fresh.position, source->PositionBefore(number, options.from.time));
    fresh.whole = fresh.position.empty() && source->Untrimmed(number);
  } else {
    fresh.whole = source->Untrimmed(number);
  }
  return {};
}

void Pipeline::Impl::TakeGap(const SourceGap& gap) {
  Partition& partition = partitions[gap.partition];
  // What was read in a run before is not missing.
  if (partition.highest_offset && gap.last_offset <= *partition.highest_offset) return;
  partition.extra.gap_records += gap.records;
  partition.extra.gap_until = std::max(partition.extra.gap_until, gap.until);
  partition.whole_from = std::max(
      partition.whole_from, std::optional(gap.until.AsEventTime() + options.decoder.guard.soft));
  metrics.gap_records.Add(gap.records);
  progress_due.insert(gap.partition);
  Log(LogLevel::kWarning, "pipeline", "records were lost unread",
      {{"pipeline", definition.name},
       {"partition", source->PartitionName(gap.partition)},
       {"records", gap.records},
       {"whole_from", FormatIso8601Millis(*partition.whole_from)}});
}

/// Closed, or gone, and read to its end: nothing comes from it any more.
bool Pipeline::Impl::Exhausted(uint32_t number) {
  const auto found = partitions.find(number);
  if (found == partitions.end()) return !waiting.contains(number);
  if (found->second.ended) return true;
  const std::vector<uint32_t> present = source->Partitions();
  if (std::ranges::find(present, number) == present.end()) return true;
  return source->Closed(number) && source->AtEnd(number);
}

/// event-time.md 2.6: takes in partitions that came and went. False: the store has no room now.
Result<bool> Pipeline::Impl::FollowPartitions() {
  const bool changed = changes_seen != source->Changes();
  if (!changed && waiting.empty()) return true;
  changes_seen = source->Changes();
  for (const uint32_t number : source->Partitions()) {
    if (partitions.contains(number)) continue;
    if (!source->ParentsOf(number).empty()) {
      waiting.insert(number);
      continue;
    }
    partitions[number].whole = source->Untrimmed(number);
    source->Join(number);
    progress_due.insert(number);
  }
  for (auto it = waiting.begin(); it != waiting.end();) {
    const uint32_t child = *it;
    const auto parents = source->ParentsOf(child);
    if (!std::ranges::all_of(parents, [this](uint32_t p) { return Exhausted(p); })) {
      ++it;
      continue;
    }
    TM_ASSIGN_OR_RETURN(const bool taken, HandOver(child));
    if (!taken) return false;
    it = waiting.erase(it);
  }
  for (auto& [number, state] : partitions) {
    if (state.ended || !Exhausted(number)) continue;
    // Its children, if any, count already; it leaves the minimum.
    state.ended = state.idle = true;
    progress_due.insert(number);
  }
  return true;
}

/// The child takes over the clock of its parents, in one frame with their end: the slower of two
/// that were merged.
Result<bool> Pipeline::Impl::HandOver(uint32_t child) {
  Partition state;
  bool first = true;
  std::vector<store::SourceProgress> together;
  for (const uint32_t number : source->ParentsOf(child)) {
    const auto parent = partitions.find(number);
    if (parent == partitions.end()) continue;
    const PartitionClock& theirs = parent->second.clock;
    state.clock.max_event_time =
        first ? theirs.max_event_time : std::min(state.clock.max_event_time, theirs.max_event_time);
    state.clock.floor = first ? theirs.floor : std::min(state.clock.floor, theirs.floor);
    state.whole = state.whole && parent->second.whole;
    state.whole_from = std::max(state.whole_from, parent->second.whole_from);
    first = false;
    Partition ended = parent->second;
    ended.idle = true;
    together.push_back(ProgressOf(number, ended));
  }
  together.push_back(ProgressOf(child, state));
  TM_ASSIGN_OR_RETURN(const bool taken, WriteProgress(std::move(together), std::nullopt));
  if (!taken) return false;
  for (const uint32_t number : source->ParentsOf(child)) {
    if (partitions.contains(number)) partitions[number].ended = partitions[number].idle = true;
  }
  const std::string journaled = ProgressOf(child, state).position;
  partitions[child] = std::move(state);
  partitions[child].journaled = journaled;
  source->Join(child);
  return true;
}

/// The input has ended: every window is complete. False: the store has no room now.
Result<bool> Pipeline::Impl::Drain() {
  for (auto& [number, state] : partitions) {
    if (state.clock.floor == kEventTimeMax) continue;
    if (!source->AtEnd(number) && !state.ended) return true;
    Partition drained = state;
    drained.clock.floor = kEventTimeMax;
    TM_ASSIGN_OR_RETURN(const bool taken, WriteProgress(number, drained, state.journaled));
    if (!taken) return false;
    state.clock.floor = kEventTimeMax;
  }
  return true;
}

/// event-time.md 2.5, only while some partition lags behind by more than the drift. Partitions
/// without unread records hold nobody: there is nothing of theirs to wait for.
void Pipeline::Impl::Align() {
  const nanoseconds drift(drift_ns.load(std::memory_order_relaxed));
  bool backfill = false;
  if (drift > nanoseconds(0) && partitions.size() > 1) {
    for (const PartitionLag& lag : source->Lag()) {
      backfill = backfill || (lag.oldest && clock.Now() - *lag.oldest > drift);
    }
  }
  std::optional<EventTime> slowest;
  bool unknown = false;  // one with unread records and no clock: nothing may run ahead of it
  const auto frontier = [](const Partition& p) {
    return std::max(p.clock.max_event_time, p.clock.floor);
  };
  size_t paused = 0;
  if (backfill) {
    for (const auto& [number, state] : partitions) {
      if (state.idle || state.ended || source->AtEnd(number)) continue;
      const auto at = frontier(state);
      unknown = unknown || !at;
      if (at) slowest = std::min(slowest.value_or(*at), *at);
    }
  }
  for (const auto& [number, state] : partitions) {
    const auto at = frontier(state);
    const bool ahead = backfill && at && (unknown || (slowest && *at - *slowest > drift));
    if (ahead) ++paused;
    source->SetReading(number, ahead ? Source::Reading::kPaused : Source::Reading::kOn);
  }
  metrics.paused_partitions.Set(static_cast<int64_t>(paused));
}

}  // namespace tidemark::pipeline
