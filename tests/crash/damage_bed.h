// SPDX-License-Identifier: Apache-2.0
// A small data directory of store and log, and everything it can be asked, for tests that damage
// its files. The catalog is in memory and whole. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "store/embedded_store.h"

namespace tidemark::tests {

/// Path -> bytes of every file of a data directory.
using Image = std::map<std::string, std::string>;

/// What one question gave: its answer, or the error in its place.
struct Answer {
  std::string question;
  std::string text;
  bool failed = false;
};

/// One start on a copy of an image.
class DamageBed {
 public:
  /// `catalog` knows the streams; it outlives the bed. An empty image: a new data directory.
  DamageBed(catalog::Catalog& catalog, const Image& image);
  ~DamageBed();
  DamageBed(const DamageBed&) = delete;
  DamageBed& operator=(const DamageBed&) = delete;

  Result<void> Open();
  /// As an ordered stop.
  void Close();
  /// Seals everything; then merges all of it.
  Result<void> Flush();
  Result<void> Compact();

  /// Asks everything, each question on its own: what fails does not end the rest.
  std::vector<Answer> AskAll();
  /// Files that the store reports as damaged.
  std::vector<std::string> DamagedFiles();
  Image Files();

  store::EmbeddedStore& store() { return *store_; }
  log::Log& log() { return *log_; }
  sim::SimClock& clock() { return clock_; }
  void Run();

 private:
  void SetTables();

  catalog::Catalog& catalog_;
  sim::SimFileSystem fs_;
  sim::SimClock clock_;
  MetricRegistry metrics_;
  std::unique_ptr<sim::SimExecutor> executor_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<store::EmbeddedStore> store_;
};

/// Fills a new directory with every kind of content: points of all types with versions, late and
/// replaced ones, multi-measure rows with nulls, a view's rows with revisions and tombstones,
/// progress of a source and a view, records of two shards; some in blocks and overlays, some only
/// in the journal. Leaves `bed` open.
void FillDamageBed(DamageBed& bed);

}  // namespace tidemark::tests
