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
#include "pipeline/order_book.h"
#include "pipeline/pipeline.h"
#include "pipeline/positions.h"
#include "store/store.h"

namespace tidemark::pipeline {

inline constexpr size_t kSavepointsMax = 1000;  // of one pipeline

/// "positions", "latest", "trim_horizon", "savepoint:NAME", or a time such as
/// "2026-11-26T09:15:00Z" ("+01:00" in place of Z allowed): records appended from then on.
Result<StartFrom> ReadStartFrom(std::string_view text);

/// What the manager borrows; all must outlive it.
struct ManagerContext {
  catalog::Catalog& catalog;
  log::Log& log;
  store::Store& store;
  const Clock& clock;
  Executor& executor;
  MetricRegistry& metrics;
  OrderBook& orders;
};

/// How long a table keeps points, memory and magnetic store together.
nanoseconds RetentionOf(const catalog::TableDef& table);

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
  /// kInvalidArgument: its mapping or its rules make no sense.
  static Result<void> CheckRules(const catalog::PipelineDef& definition);
  /// Makes the dead-letter stream and the pipeline, and runs it.
  Result<catalog::PipelineDef> Create(catalog::PipelineDef definition);
  /// kNotFound: no such pipeline. Start() also runs a failed one again. Both may be repeated, but
  /// kFailedPrecondition: to start elsewhere than at its positions it must be stopped or failed.
  /// Where it starts is durable once its state is kRunning.
  /// kNotFound also: no such savepoint.
  Result<void> Start(std::string_view name, StartFrom from = {});
  Result<void> Stop(std::string_view name);
  /// Takes over mapping, rules, breaker and idle timeout of `definition`; stream, table and start
  /// stay. With another mapping, how late its records came is measured anew. One that runs goes on
  /// behind what it has read. kInvalidArgument, kNotFound.
  Result<catalog::PipelineDef> Change(catalog::PipelineDef definition);

  /// Keeps where the pipeline is, as journaled, under a name. kAlreadyExists, kNotFound (the
  /// pipeline); kInvalidArgument: not a name, or kSavepointsMax are there.
  Result<catalog::SavepointDef> Save(std::string_view name, std::string_view savepoint);
  /// kNotFound: no such pipeline or savepoint.
  Result<void> DeleteSavepoint(std::string_view name, std::string_view savepoint);
  Result<std::vector<catalog::SavepointDef>> Savepoints(std::string_view name) const;

  /// Removes it, its savepoints and its dead-letter stream; what it wrote stays in the table.
  Result<void> Delete(std::string_view name);

  std::vector<PipelineStatus> Statuses() const;  // by name
  Result<PipelineStatus> Status(std::string_view name) const;
  /// How late records came, of each partition of what wrote to the table, direct writers too.
  std::vector<OrderBook::Entry> OrdersInto(TableId table) const;
  /// Waits for the disk.
  Result<std::vector<PartitionPosition>> Positions(std::string_view name) const;

  /// A view, a reservation or a table changed: series are resolved again.
  void ForgetSeries();
  /// The retention of a table changed.
  void SetRetention(TableId table, nanoseconds retention);
  /// How far partitions of what feeds the table may part in a backfill; 0: any distance.
  void SetDriftMax(TableId table, nanoseconds drift);
  /// Names of the pipelines that write to the table, or read the stream.
  std::vector<std::string> UsersOfTable(std::string_view database, std::string_view table) const;
  std::vector<std::string> UsersOfStream(std::string_view stream) const;

 private:
  struct Entry {
    catalog::PipelineDef definition;
    TableId table;
    std::unique_ptr<Pipeline> pipeline;  // null while stopped, or when it could not be opened
    std::shared_ptr<std::atomic<uint64_t>> outstanding = std::make_shared<std::atomic<uint64_t>>(0);
    std::string error;  // why it could not
    nanoseconds drift_max{0};
    PipelineStatus last;  // of the last run, for totals while stopped
  };

  Result<void> Run(Entry& entry, StartFrom from, PipelineOptions::Breaker breaker)
      TM_REQUIRES(mutex_);
  Result<StartFrom> WithPositions(const Entry& entry, StartFrom from) const TM_REQUIRES(mutex_);
  Result<void> ChangeSavepoints(std::string_view name,
                                const std::function<Result<void>(catalog::PipelineDef&)>& change);
  void Halt(Entry& entry) TM_REQUIRES(mutex_);
  void ForgetOrders(PipelineId id);
  void ForgetOldOrders();
  static PipelineStatus StatusOf(const Entry& entry);

  const ManagerContext context_;
  const PipelineOptions options_;
  mutable Mutex mutex_;  // held over disk writes of Create, Start, Stop and Delete
  std::map<std::string, Entry, std::less<>> entries_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::pipeline
