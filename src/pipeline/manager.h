// SPDX-License-Identifier: Apache-2.0
// All pipelines of the process: made, started, stopped and deleted by name. A definition is in the
// catalog before its pipeline first writes; a stopped one stays stopped over a restart.
// Thread-safe; calls wait for the disk, so none belongs on a network thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "pipeline/pipeline.h"
#include "pipeline/positions.h"
#include "store/store.h"

namespace tidemark::pipeline {

/// What the manager borrows; all must outlive it.
struct ManagerContext {
  catalog::Catalog& catalog;
  log::Log& log;
  store::Store& store;
  const Clock& clock;
  Executor& executor;
  MetricRegistry& metrics;
};

/// Name of the stream that takes the dead letters of a pipeline.
std::string DeadLetterStreamOf(std::string_view pipeline);

class Manager {
 public:
  Manager(const ManagerContext& context, PipelineOptions options);
  /// Stop() must have been called.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// Opens every pipeline of the catalog and runs those that should run. One that cannot run is
  /// shown as failed; the others go on.
  Result<void> Restore();
  /// Stops all without changing the catalog.
  void Stop();

  /// What Create() would refuse: kInvalidArgument (mapping), kAlreadyExists, kNotFound (the stream,
  /// the table), kAlreadyExists also for a foreign stream of the dead letters' name.
  Result<void> Check(const catalog::PipelineDef& definition) const;
  /// Makes the dead-letter stream and the pipeline, and runs it.
  Result<catalog::PipelineDef> Create(catalog::PipelineDef definition);
  /// kNotFound: no such pipeline. Start() also runs a failed one again. Both may be repeated, but
  /// kFailedPrecondition: to start elsewhere than at its positions it must be stopped or failed.
  /// Where it starts is durable once its state is kRunning.
  Result<void> Start(std::string_view name, StartFrom from = StartFrom::kPositions);
  Result<void> Stop(std::string_view name);
  /// Removes it and its dead-letter stream; what it wrote stays in the table.
  Result<void> Delete(std::string_view name);

  std::vector<PipelineStatus> Statuses() const;  // by name
  Result<PipelineStatus> Status(std::string_view name) const;
  /// Waits for the disk.
  Result<std::vector<PartitionPosition>> Positions(std::string_view name) const;

  /// A view, a reservation or a table changed: series are resolved again.
  void ForgetSeries();
  /// The retention of a table changed.
  void SetRetention(TableId table, nanoseconds retention);
  /// Names of the pipelines that write to the table, or read the stream.
  std::vector<std::string> UsersOfTable(std::string_view database, std::string_view table) const;
  std::vector<std::string> UsersOfStream(std::string_view stream) const;

 private:
  struct Entry {
    catalog::PipelineDef definition;
    TableId table;
    std::unique_ptr<Pipeline> pipeline;  // null while stopped, or when it could not be opened
    std::shared_ptr<std::atomic<uint64_t>> outstanding = std::make_shared<std::atomic<uint64_t>>(0);
    std::string error;    // why it could not
    PipelineStatus last;  // of the last run, for totals while stopped
  };

  Result<void> Run(Entry& entry, StartFrom from) TM_REQUIRES(mutex_);
  void Halt(Entry& entry) TM_REQUIRES(mutex_);
  static PipelineStatus StatusOf(const Entry& entry);

  const ManagerContext context_;
  const PipelineOptions options_;
  mutable Mutex mutex_;  // held over disk writes of Create, Start, Stop and Delete
  std::map<std::string, Entry, std::less<>> entries_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::pipeline
