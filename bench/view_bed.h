// SPDX-License-Identifier: Apache-2.0
// Pipeline, embedded store and views on one thread (the simulated executor), so that CPU time is
// the work, over files in memory (/dev/shm, unless TMPDIR says otherwise). Single-owner.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/testing/temp_dir.h"
#include "pipeline/pipeline.h"
#include "store/embedded_store.h"
#include "view/maintainer.h"
#include "view_load.h"

namespace tidemark {

/// A store with one table, and views over it.
class ViewBed {
 public:
  static constexpr TableId kTable{1};
  static constexpr TableId kRows{2};  // rows of views

  /// A store of its own, in a folder that goes with it.
  explicit ViewBed(ArrivalTime now);
  ~ViewBed();
  ViewBed(const ViewBed&) = delete;
  ViewBed& operator=(const ViewBed&) = delete;

  /// Of DOUBLE measures, averages, from kTable into kRows; `width` and the rest is the caller's.
  static view::ViewDefinition Definition();
  void Create(const view::ViewDefinition& definition);
  /// Reads what `make` makes into kTable from now on; `dimensions` as in a mapping.
  void Feed(size_t events_per_step, LoadSource::Make make,
            std::vector<std::string> dimensions = {"*"});

  /// Makes so many series of one measure in kTable, "cpu" of host 0, 1, ..
  void MakeSeries(size_t count);
  const std::vector<store::SeriesRef>& series() const { return series_; }
  /// Writes points (of series().begin() + i, at `time`), without a pipeline; does not run anything.
  void Put(std::span<const uint32_t> series, EventTime time, double value);
  /// The clock of what is put stands at `time`.
  void MoveClock(EventTime time);

  /// Until nothing is left to do.
  void Run();
  /// The clock goes to `now`, that step of what is fed comes, and all that follows from it is done.
  /// CPU time of that, without the making of the records.
  nanoseconds Step(int64_t step, EventTime now);
  void Advance(nanoseconds d) { clock_.Advance(d); }

  view::ViewStatus Status(std::string_view name = "mean") const {
    return views_->Status(name).value();
  }
  uint64_t CounterOf(const std::string& name, const std::string& view = "mean");
  uint64_t points() const { return pipeline_->Status().points_total; }
  store::EmbeddedStore& store() { return *store_; }
  view::Maintainer& views() { return *views_; }
  sim::SimClock& clock() { return clock_; }

 private:
  TempDir dir_;
  sim::SimClock clock_;
  sim::SimExecutor executor_;
  MetricRegistry metrics_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<view::Maintainer> views_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  LoadSource* source_ = nullptr;
  std::vector<store::SeriesRef> series_;
};

}  // namespace tidemark
