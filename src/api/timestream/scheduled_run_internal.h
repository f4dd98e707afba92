// SPDX-License-Identifier: Apache-2.0
// One run of a scheduled query: the statement's rows, in pieces, into the target table, and the
// error report. Thread-safe; works on Lane::kQuery and never waits: between two pieces the store
// writes one, and its completion posts the next.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/timestream/direct_clock.h"
#include "api/timestream/object_sink.h"
#include "api/timestream/scheduled_target_internal.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/work_gate.h"
#include "catalog/definitions.h"

namespace tidemark::timestream {

struct ScheduledRunDeps {
  sql::Engine& engine;
  Executor& executor;
  const Clock& clock;
  TableAdmin& tables;
  store::Store& store;
  DirectClock& direct_clock;
  ObjectSink& reports;
  WorkGate& gate;
};

struct ScheduledRunOptions {
  milliseconds statement_time_max{3'600'000};
  size_t report_errors_max = 1000;  // rows in one error report; more are counted
};

/// Where error reports of a query go: ErrorReportConfiguration.
struct ReportPlace {
  std::string bucket;
  std::string prefix;  // without a slash at its end; empty: none
};

class ScheduledRun : public std::enable_shared_from_this<ScheduledRun> {
 public:
  struct Task {
    std::string id;    // of the statement, for the list of queries, and of the report
    std::string name;  // with its suffix
    std::string sql;
    std::optional<ScheduledTarget> target;
    ReportPlace report;
    ArrivalTime invocation;
    bool manual = false;
  };
  struct Outcome {
    catalog::ScheduledRunDef run;
    /// Nothing but a change of the query or of what it names can help.
    bool hopeless = false;
  };
  /// Called once, on a query thread, unless the gate closed first.
  using Done = std::function<void(Outcome)>;

  ScheduledRun(Task task, ScheduledRunOptions options, const ScheduledRunDeps& deps, Done done);

  /// kResourceExhausted: the executor is full; nothing happens.
  Result<void> Start();
  /// Ends soon, as failed.
  void Cancel() TM_EXCLUDES(mutex_);
  /// Once the gate is closed: lets go of the engine's statement.
  void Release() TM_EXCLUDES(mutex_);

 private:
  Result<void> Post();
  void Advance();
  /// True: a write is on its way, or the run has ended.
  Result<bool> Piece();
  Result<void> Open() TM_EXCLUDES(mutex_);
  Result<bool> WritePiece();
  void OnWritten(Result<store::WriteReply> reply);
  void CollectErrors();
  void Finish(const Result<void>& outcome);
  void WriteReport();

  const Task task_;
  const ScheduledRunOptions options_;
  const ScheduledRunDeps deps_;
  const Done done_;

  // Owned by whichever thread advances the run; one at a time.
  Outcome outcome_;
  MonotonicTime began_;
  bool bound_ = false;
  std::shared_ptr<const TableEntry> destination_;
  std::unique_ptr<TargetBatch> batch_;
  sql::RowChunk chunk_;
  size_t chunk_row_ = 0;
  Result<store::WriteReply> written_ = store::WriteReply{};
  bool write_pending_ = false;
  std::vector<TargetError> errors_;
  uint64_t errors_total_ = 0;

  Mutex mutex_;
  std::shared_ptr<sql::QueryResult> result_ TM_GUARDED_BY(mutex_);
  bool cancelled_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::timestream
