// SPDX-License-Identifier: Apache-2.0
#include "view/testing/store_host.h"

#include "base/metrics.h"
#include "base/sim/sim_file_system.h"
#include "store/embedded_store.h"

namespace tidemark::view {
namespace {

class ModelHost final : public StoreHost {
 public:
  explicit ModelHost(const Clock& clock) : store_(clock) {}
  store::Store& Open(Executor& /*executor*/) override { return store_; }
  void Close() override {}
  bool completes_at_once() const override { return true; }
  store::ModelStore* model() override { return &store_; }

 private:
  store::ModelStore store_;
};

class EmbeddedHost final : public StoreHost {
 public:
  EmbeddedHost(const Clock& clock, uint64_t seed) : clock_(clock), random_(seed), fs_(seed) {}

  store::Store& Open(Executor& executor) override {
    TM_CHECK(fs_.CreateDirs("data").ok());
    store::EmbeddedStoreOptions options;
    options.dir = "data";
    options.segment_bytes_max = random_.Below(2) == 0 ? 1000 : 16 * 1024;
    options.seal_bytes = random_.Below(2) == 0 ? 0 : 2000 + random_.Below(30'000);
    options.chunk_rows_max = 1 + random_.Below(20);
    options.feed_bytes_max = random_.Below(2) == 0 ? 0 : 3000;
    options.feed_memory_bytes_max = random_.Below(2) == 0 ? 0 : 4000;
    auto opened = store::EmbeddedStore::Open(options, fs_, clock_, executor, metrics_);
    TM_CHECK(opened.ok());
    store_ = std::move(opened).value();
    return *store_;
  }
  void Close() override {
    if (random_.Below(2) == 0) {
      fs_.Crash();
    } else {
      fs_.Kill();
    }
    store_.reset();
  }
  bool completes_at_once() const override { return false; }
  store::Admin* admin() override { return store_.get(); }

 private:
  const Clock& clock_;
  SeededRandom random_;
  sim::SimFileSystem fs_;
  MetricRegistry metrics_;
  std::unique_ptr<store::EmbeddedStore> store_;
};

}  // namespace

std::unique_ptr<StoreHost> MakeModelHost(const Clock& clock, uint64_t /*seed*/) {
  return std::make_unique<ModelHost>(clock);
}

std::unique_ptr<StoreHost> MakeEmbeddedHost(const Clock& clock, uint64_t seed) {
  return std::make_unique<EmbeddedHost>(clock, seed);
}

}  // namespace tidemark::view
