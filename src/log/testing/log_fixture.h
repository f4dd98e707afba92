// SPDX-License-Identifier: Apache-2.0
// A log on a simulated disk with a simulated clock and executor: for tests of the log and of what
// reads it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "catalog/catalog.h"
#include "log/log.h"

namespace tidemark::log {

class LogFixture {
 public:
  explicit LogFixture(uint64_t seed = 1, LogOptions options = {});
  ~LogFixture();

  /// Opens the log; the old one must be gone.
  Result<void> Open();
  void OpenOrDie();
  /// Stops as told and opens again. kClose seals; kKill keeps what was written; kCrash loses what
  /// was not synced.
  enum class Stop : uint8_t { kClose, kKill, kCrash };
  void Down(Stop how);
  Result<void> Restart(Stop how);

  std::shared_ptr<Stream> Create(const std::string& name, uint32_t shards = 1);
  /// Appends one record and runs the executor until it is answered.
  Result<PutResult> Put(Stream& stream, std::string_view key, std::string_view data);
  /// Every record of the shard, in pages of `records_max`, as "key=data".
  std::vector<std::string> ReadAll(const Stream& stream, uint32_t shard,
                                   size_t records_max = 1000) const;
  std::vector<std::string> SegmentFiles(const Stream& stream);

  sim::SimFileSystem fs;
  sim::SimClock clock;
  MetricRegistry metrics;
  LogOptions options;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<sim::SimExecutor> executor;
  std::unique_ptr<Log> log;

 private:
  uint64_t seed_;
};

}  // namespace tidemark::log
