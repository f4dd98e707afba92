// SPDX-License-Identifier: Apache-2.0
// What a view's rows would be under other settings: the retained records of the streams that feed
// its table are decoded again by their pipelines' rules and played, in the order of their arrival
// and at the time of it, into two stores of their own: with the present settings in one, with the
// others in the other. A view over views comes with those that it leads to, as they are. What the
// two leave behind is compared. Writes nothing but the scratch folder, which it removes. Pure
// function but for that.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/console/admin.h"
#include "base/file_system.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "view/definition.h"

namespace tidemark::app {

struct SimulationContext {
  catalog::Catalog& catalog;
  log::Log& log;
  FileSystem& fs;
  std::string scratch_dir;     // for the run; must not exist
  ArrivalTime now;             // until when partitions were quiet
  std::function<bool()> gone;  // asked now and then: true ends it
  // Bounds of the time it takes and of what it compares in memory; what is played is not held.
  uint64_t records_max = 10'000'000;
  uint64_t rows_compared_max = 2'000'000;  // of each
  size_t rows_max = 100;                   // that are named
};

/// `database`.`table` is the table whose points both read, or the views that they lead to.
/// kFailedPrecondition: more is retained than a run takes; kCancelled.
Result<console::ViewSimulation> Simulate(const SimulationContext& context,
                                         std::string_view database, std::string_view table,
                                         const view::ViewDefinition& present,
                                         const view::ViewDefinition& wished);

}  // namespace tidemark::app
