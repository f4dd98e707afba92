// SPDX-License-Identifier: Apache-2.0
// The state of one pipeline (pipeline.h has its invariants): pipeline.cpp steps it,
// pipeline_start.cpp begins runs and follows the source's partitions, pipeline_write.cpp writes and
// takes answers.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/breaker_internal.h"
#include "pipeline/pipeline.h"
#include "pipeline/positions_internal.h"
#include "pipeline/unjudged_internal.h"
#include "store/reject_text.h"

namespace tidemark::pipeline {

struct PartitionClock {
  std::optional<EventTime> max_event_time;
  std::optional<EventTime> floor;
};

struct Partition {
  std::string position;       // of the source
  std::string journaled;      // the position that was written last, as the store knows it
  std::string sequence_text;  // for people
  PartitionClock clock;
  bool idle = false;
  bool ended = false;  // closed or gone, and read to its end
  bool whole = true;
  std::optional<EventTime> whole_from;
  JournaledPosition extra;                 // all but position and dead end
  std::optional<uint64_t> highest_offset;  // of extra.highest
  std::optional<MonotonicTime> caught_up_since;

  bool replaying() const { return highest_offset.has_value(); }
};

/// One pipeline's metrics.
struct PipelineMetrics {
  PipelineMetrics(MetricRegistry& registry, const std::string& pipeline);

  Counter& records;
  Counter& points;
  Counter& future;
  Counter& filtered;
  Counter& punctuations;
  Counter& gap_records;
  Gauge& breaker_open;
  Gauge& paused_partitions;
  SecondsCounter& busy_source;
  SecondsCounter& busy_decode;
  SecondsCounter& busy_write;
  std::array<Counter*, kDeadReasonCount> dead{};
  std::array<Counter*, 4> replayed{};  // by store::Outcome, kDeferred excepted
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

struct Pipeline::Impl : std::enable_shared_from_this<Pipeline::Impl> {
  Impl(catalog::PipelineDef def, TableId target, nanoseconds keep, std::unique_ptr<Source> from,
       std::unique_ptr<DeadLetterSink> dead, std::unique_ptr<Decoder> dec, store::Store& into,
       const Clock& time, MetricRegistry& registry, PipelineOptions opts)
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
        metrics(registry, definition.name),
        breaker(definition.breaker),
        drift_ns(opts.drift_max.count()) {}

  store::SourceId id() const { return {store::SourceId::Kind::kPipeline, definition.id.value}; }

  Result<Progress> Step();
  Result<Progress> Advance();
  Result<void> Begin();
  Result<void> BeginKnown(const store::SourceProgress& progress, const JournaledPosition& at);
  Result<void> BeginFresh(uint32_t partition);
  Result<std::string> WhereToStart(uint32_t partition, const JournaledPosition& at);
  Result<void> NoteHighest(uint32_t number, Partition& partition, const JournaledPosition& at);
  void TakeGap(const SourceGap& gap);
  Result<bool> FollowPartitions();
  bool Exhausted(uint32_t number);
  Result<bool> HandOver(uint32_t child);
  Result<bool> Drain();
  void Align();
  void TakeRejections(std::shared_ptr<Work>& work, const store::WriteReply& answer);
  Result<void> OfferUnjudged();
  Result<bool> ReleaseHolds();
  void Handle(Result<store::WriteReply> reply, const std::shared_ptr<Work>& work);
  Result<void> TakeReplies();
  void DropExpired(Work& work) const;
  void AppendDead(const SourceBatch& batch, std::vector<DeadLetter> letters, bool holds_batch);
  Result<bool> PollBatch();
  void CutAtHighest();
  void CountReplay(const store::WriteReply& answer);
  void FeedBreaker(const Work& work);
  Progress Pause();
  Result<bool> Submit();
  void NoteOrder(const Work& work, std::optional<EventTime> newest);
  /// False: the store is full, nothing was written. `continues_from`: as in a write batch.
  Result<bool> WriteProgress(uint32_t partition, const Partition& state,
                             std::optional<std::string> continues_from);
  Result<bool> WriteProgress(std::vector<store::SourceProgress> progress,
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
  std::shared_ptr<Work> cut_off;  // polled behind `polled`, of the same partition
  std::shared_ptr<Work> polled;   // not yet decoded: a new series waits for room
  std::shared_ptr<Work> held;     // decoded, not yet written: waits for dead letters or for room
  std::vector<std::shared_ptr<Work>> spare;
  Unjudged unjudged;
  std::map<uint32_t, std::string> holds;  // journaled instead of the position: invariants 3, 6
  std::set<uint32_t> progress_due;        // of partitions whose hold moved or ended
  std::string dead_end;
  bool begun = false;
  std::optional<MonotonicTime> lag_measured;
  std::optional<uint64_t> changes_seen;  // of the source
  std::set<uint32_t> waiting;            // partitions whose parents are not exhausted
  std::map<uint32_t, std::shared_ptr<OrderTally>> tallies;  // by partition, with the first record
  OrderSketch measured;                                     // of one batch
  std::string stopped;                                      // why nothing more is read; "": it is

  std::atomic<int64_t> retention_ns;
  std::atomic<bool> forget{false};
  PipelineMetrics metrics;
  Breaker breaker;
  std::atomic<int64_t> drift_ns;

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

}  // namespace tidemark::pipeline
