// SPDX-License-Identifier: Apache-2.0
// One run of a what-if: a store of its own, the view and those that it reads from over it, and what
// a tape plays into it. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/simulation_tape.h"
#include "app/step_executor.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/embedded_store.h"
#include "view/maintainer.h"

namespace tidemark::app {

class Replay {
 public:
  struct Row {
    EventTime time;
    TimeRange window;
    store::Scalar value;
  };
  /// Measure and dimensions.
  using SeriesName = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;
  struct Outcome {
    std::map<SeriesName, std::vector<Row>> rows;  // ascending by time
    uint64_t rows_count = 0;
    view::ViewStatus status;
  };

  /// `dir` is the store's, and is there; `tape` has a begin(). All must outlive the replay.
  /// What `definition` leads to is made as well, each as it is.
  static Result<std::unique_ptr<Replay>> Open(std::string dir, FileSystem& fs, const Tape& tape,
                                              const view::ViewDefinition& definition);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  Result<void> Play(const PlayedTick& tick);
  /// `now`: until when partitions were quiet. At most `rows_max` rows; kFailedPrecondition: there
  /// are more.
  Result<Outcome> Finish(ArrivalTime now, uint64_t rows_max);

 private:
  Replay(const Tape& tape, const view::ViewDefinition& definition);
  Result<void> Begin(std::string dir, FileSystem& fs);
  Result<void> ResolveNew();
  void BeginIdle();
  store::SourceProgress ProgressOf(uint32_t partition) const;
  Result<void> Write(const store::WriteBatch& batch);
  Result<void> JournalClocks(const std::vector<uint32_t>& partitions);
  Result<void> NoteIdle(ArrivalTime now);
  Result<void> Settle();
  Result<void> ReadRows(uint64_t rows_max, Outcome& out);

  const Tape& tape_;
  const view::ViewDefinition view_;
  const TableId source_;  // of the points
  ReplayClock clock_;
  StepExecutor executor_;
  MetricRegistry metrics_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<view::Maintainer> views_;
  std::vector<std::optional<store::SeriesRef>> refs_;  // by number of the series
  // By partition, as the next three.
  std::vector<std::optional<EventTime>> newest_;
  std::vector<std::optional<EventTime>> floor_;
  std::vector<std::optional<ArrivalTime>> seen_;
  std::vector<bool> idle_;
};

}  // namespace tidemark::app
