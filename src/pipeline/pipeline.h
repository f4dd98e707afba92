// SPDX-License-Identifier: Apache-2.0
// One pipeline: source -> decoder -> store, from its journaled progress on. Step() is single-owner
// (the executor's); Status() and the setters are thread-safe.
//
// Invariants (pipeline_test.cpp, pipeline_model_test.cpp):
//  1. A batch's points and its progress are one write, so one frame: after a crash both are there
//  or
//     neither, and reading goes on behind the last frame that is.
//  2. Batches of a partition are written in order, each judged before the next is.
//  3. A batch's dead letters are durable before its progress is written; a repeat is skipped by its
//     key. A batch of which the store refuses a point leaves the stored position where it is, and
//     so do those behind it, until its letters are durable (WriteBatch::continues_from).
//  4. max_event_time and idleness of a partition are journaled, never read from a clock at replay.
//  Idle =
//     read to the end, and nothing new for idle_timeout.
//  5. A store that is full (kResourceExhausted) pauses reading; nothing is lost or reordered.
//  6. A point that cannot be judged (kDamaged) is offered again for 30 s and then becomes a dead
//     letter. Until that is durable the partition's journaled position stays before its batch.
//  7. Records at or before the highest position ever journaled are written by their append time:
//     they fill holes and never take back what is newer. They are no dead letters when they lose.
//  8. A partition's children are read once it is exhausted, and take over its clock
//     (event-time.md 2.6). Trimmed records raise the time from which its windows are whole.
//  A crash reads again from the stored position: invariant 1 but for 3 and 6, and what comes twice
//  is identical.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "catalog/definitions.h"
#include "pipeline/dead_letter_sink.h"
#include "pipeline/decoder.h"
#include "pipeline/order_book.h"
#include "pipeline/source.h"
#include "store/store.h"

namespace tidemark::pipeline {

enum class PipelineState : uint8_t { kStarting, kRunning, kPaused, kStopped, kFailed };
/// "starting", "running", "paused", "stopped", "failed": as the console says it.
std::string_view PipelineStateName(PipelineState state);

/// Where a run begins. Whatever it says, the watermark stays.
struct StartFrom {
  enum class Kind : uint8_t {
    kPositions,  // where the run before ended
    kLatest,
    kTrimHorizon,
    kTime,       // records appended from `time` on
    kSavepoint,  // behind `positions`; partitions that are not there at their oldest record
  };
  /// What records do that were read before: only fill holes, or win as new ones do.
  enum class Replay : uint8_t { kFillHoles, kReplace };

  Kind kind = Kind::kPositions;
  Replay replay = Replay::kFillHoles;
  ArrivalTime time;
  std::string savepoint;  // its name; the manager looks up `positions`
  std::vector<catalog::SavepointDef::Partition> positions;
};

struct PartitionState {
  uint32_t partition = 0;
  std::string name;
  std::string sequence;  // of the last record taken; "" before the first
  std::optional<EventTime> max_event_time;
  bool idle = false;
  bool replaying = false;               // before the highest position ever
  uint64_t gap_records = 0;             // trimmed before they were read, ever
  std::optional<EventTime> whole_from;  // windows that reach before it are not whole
};

struct PipelineStatus {
  catalog::PipelineDef definition;
  PipelineState state = PipelineState::kStopped;
  std::string error;           // kFailed; kPaused: why
  uint64_t records_total = 0;  // since the process started, as all totals here
  uint64_t points_total = 0;
  uint64_t dead_letters_total = 0;
  uint64_t future_no_advance_total = 0;
  uint64_t filtered_total = 0;
  uint64_t punctuations_total = 0;
  uint64_t replayed_total = 0;     // points read again
  uint64_t gap_records_total = 0;  // trimmed before they were read, ever
  bool breaker_open = false;       // too much was malformed: `error` says so, starting it goes on
  uint64_t cache_hits_total = 0;
  /// Time at work, by stage: reading the source, decoding, handing rows to the store.
  struct Busy {
    nanoseconds source{0};
    nanoseconds decode{0};
    nanoseconds write{0};
  } busy;
  std::optional<uint64_t> lag_records;  // none: not known while stopped
  milliseconds lag{0};                  // age of the oldest unread record
  std::vector<PartitionState> partitions;
};

struct PipelineOptions {
  DecoderOptions decoder;
  size_t writes_in_flight_max = 16;
  milliseconds retry_after{20};  // after a full store
  StartFrom from{};
  /// Somebody started it: what its breaker said is over.
  enum class Breaker : uint8_t { kKept, kReset } breaker = Breaker::kReset;
  /// How far a partition may run ahead of the slowest while one lags behind by more
  /// (event-time.md 2.5). 0: any distance.
  nanoseconds drift_max{0};
  /// Writes and appends not answered yet, over all runs of this pipeline in the process. A run does
  /// not begin before those of the one before are answered: what they leave is where it starts.
  /// Null: this is the only run.
  std::shared_ptr<std::atomic<uint64_t>> outstanding;
  /// Is told how far out of order records come; outlives the pipeline. Null: nobody is.
  OrderBook* orders = nullptr;
};

class Pipeline final : public Steppable {
 public:
  /// `store`, `clock`, `metrics` outlive the pipeline. `retention` = memory + magnetic of the
  /// table.
  static Result<std::unique_ptr<Pipeline>> Open(catalog::PipelineDef definition, TableId table,
                                                nanoseconds retention,
                                                std::unique_ptr<Source> source,
                                                std::unique_ptr<DeadLetterSink> dead_letters,
                                                store::Store& store, const Clock& clock,
                                                MetricRegistry& metrics, PipelineOptions options);
  ~Pipeline() override;

  /// Runs Step() as a task of `executor`, woken by records and completions.
  void Attach(Executor& executor);
  /// Returns when no step runs. Writes in flight go on; see PipelineOptions::outstanding.
  void Detach();

  Result<Progress> Step() override;

  PipelineStatus Status() const;
  void SetRetention(nanoseconds retention);
  void SetDriftMax(nanoseconds drift);
  /// A view or a table changed: series are resolved again.
  void ForgetSeries();

 private:
  struct Impl;
  explicit Pipeline(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;  // completions in flight hold it too
};

}  // namespace tidemark::pipeline
