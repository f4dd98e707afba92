// SPDX-License-Identifier: Apache-2.0
// The embedded store on simulated disk, clock and executor, for tests. Single-owner.
#pragma once

#include <memory>

#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "store/embedded_store.h"
#include "store/testing/conformance.h"

namespace tidemark::store {

class EmbeddedHost final : public StoreHost {
 public:
  explicit EmbeddedHost(uint64_t seed, EmbeddedStoreOptions options = {});
  ~EmbeddedHost() override;

  Store& store() override { return *store_; }
  EmbeddedStore* embedded() { return store_.get(); }
  sim::SimClock& clock() override { return clock_; }
  sim::SimFileSystem& fs() { return fs_; }
  sim::SimExecutor& executor() { return *executor_; }
  MetricRegistry& metrics() { return *metrics_; }
  void Settle() override;
  bool Restart() override;

  void Close();
  Result<void> Open();

 private:
  const uint64_t seed_;
  EmbeddedStoreOptions options_;
  uint64_t starts_ = 0;
  sim::SimClock clock_;
  sim::SimFileSystem fs_;
  std::unique_ptr<MetricRegistry> metrics_;
  std::unique_ptr<sim::SimExecutor> executor_;
  std::unique_ptr<EmbeddedStore> store_;
};

std::unique_ptr<StoreHost> MakeEmbeddedHost();
/// TM_SEED from the environment, else `fallback`.
uint64_t TestSeed(uint64_t fallback);

}  // namespace tidemark::store
