// SPDX-License-Identifier: Apache-2.0
// One server without its network, on a simulated disk, clock and executor: catalog, log, store,
// views and pipelines, wired and stopped in the order of app/runtime.cpp. The catalog (SQLite opens
// its own files) is in memory and survives every stop. Single-owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/timestream/direct_clock.h"
#include "api/timestream/tables.h"
#include "app/late_streams.h"
#include "app/stack_admin.h"
#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "pipeline/manager.h"
#include "store/embedded_store.h"
#include "view/maintainer.h"

namespace tidemark::tests {

struct WorldOptions {
  uint64_t seed = 1;
  std::string stack;  // what Apply() makes exist
  size_t log_segment_bytes_max = 2000;
  size_t journal_segment_bytes_max = 6000;
  size_t feed_memory_bytes_max = 2000;  // small: feeds are read again from segments
  view::MaintainerOptions maintainer;
};

class World {
 public:
  explicit World(WorldOptions options);
  /// As Down(kKill).
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// The data: streams and store, nothing runs yet. Then the rest: views and pipelines go on.
  Result<void> OpenData();
  Result<void> OpenWork();
  Result<void> Open();
  /// `tidemark apply`: idempotent, also after a crash in the middle of it.
  Result<void> Apply();
  /// The same of another text.
  Result<void> Apply(std::string_view stack);

  /// kClose: as SIGTERM. kKill: as kill -9, what was written stays. kCrash: power loss, what was
  /// not synced is kept, lost or torn at random. In the last two no part writes anything more.
  enum class Stop : uint8_t { kClose, kKill, kCrash };
  void Down(Stop how);

  /// Until nothing can run.
  void Run();
  /// Moves the clock until every source is idle and every window is evaluated.
  void Settle();

  TableId Table(std::string_view name) const;
  std::shared_ptr<log::Stream> Stream(std::string_view name) const { return log->Find(name); }
  /// As WriteRecords: a batch by version that moves the direct clocks of `tables`.
  void WriteDirect(std::span<const store::PointView> points, std::vector<TableId> tables,
                   Completion<store::WriteReply> done);
  /// An ownerless series of one dimension, host.
  Result<store::SeriesRef> Series(TableId table, std::string_view measure, std::string_view host);

  sim::SimFileSystem fs;
  sim::SimClock clock;
  MetricRegistry metrics;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<sim::SimExecutor> executor;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<store::EmbeddedStore> store;
  std::unique_ptr<timestream::TableAdmin> tables;
  std::unique_ptr<app::LateStreams> late_streams;
  std::unique_ptr<view::Maintainer> views;
  std::unique_ptr<pipeline::OrderBook> orders;
  std::unique_ptr<pipeline::Manager> pipelines;
  std::unique_ptr<timestream::DirectClock> direct_clock;
  std::unique_ptr<app::StackAdmin> admin;

 private:
  const WorldOptions options_;
  SeededRandom random_;
};

}  // namespace tidemark::tests
