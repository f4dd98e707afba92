// SPDX-License-Identifier: Apache-2.0
// What a view's rows would be under other settings: the retained records of the streams that feed
// its table are decoded again by their pipelines' rules and played, in the order of their arrival
// and at the time of it, into a store of its own with one view over it: once with the present
// settings, once with the others. What the two leave behind is compared. Writes nothing but the
// scratch folder, which it removes. Pure function but for that.
#pragma once

#include <map>
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
  std::string scratch_dir;  // for the run; must not exist
  ArrivalTime now;          // until when partitions were quiet
  size_t points_max = 1'000'000;
  size_t rows_max = 100;
};

/// `database`.`table` is the table that both read. kFailedPrecondition: more is retained than a run
/// takes.
Result<console::ViewSimulation> Simulate(const SimulationContext& context,
                                         std::string_view database, std::string_view table,
                                         const view::ViewDefinition& present,
                                         const view::ViewDefinition& wished);

}  // namespace tidemark::app
