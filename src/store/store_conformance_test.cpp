// SPDX-License-Identifier: Apache-2.0
// The conformance suite on both implementations of this folder.
#include "store/testing/conformance.h"
#include "store/testing/embedded_host.h"

namespace tidemark::store {
namespace {

EmbeddedStoreOptions TinyPieces() {
  EmbeddedStoreOptions options;
  options.segment_bytes_max = 512;
  options.frame_bytes_max = 64;
  options.feed_memory_bytes_max = 0;  // every read of the feed goes to the segments
  return options;
}

// Everything is in files, and merged, before the next call of a test: no answer may depend on that.
class SealingHost final : public StoreHost {
 public:
  explicit SealingHost(CompactMode mode) : mode_(mode), host_(TestSeed(3), TinyChunks()) {}
  Store& store() override { return host_.store(); }
  sim::SimClock& clock() override { return host_.clock(); }
  bool Restart() override { return host_.Restart(); }
  void Settle() override {
    host_.Settle();
    bool sealed = false;
    host_.embedded()->Flush([&](const Result<void>& r) { sealed = r.ok(); });
    host_.Settle();
    EXPECT_TRUE(sealed);
    if (mode_ == CompactMode::kDue) return;
    bool merged = false;
    host_.embedded()->Compact(mode_, [&](const Result<void>& r) { merged = r.ok(); });
    host_.Settle();
    EXPECT_TRUE(merged);
  }

 private:
  static EmbeddedStoreOptions TinyChunks() {
    EmbeddedStoreOptions options;
    options.chunk_rows_max = 3;
    return options;
  }
  const CompactMode mode_;
  EmbeddedHost host_;
};

INSTANTIATE_TEST_SUITE_P(
    All, StoreConformance,
    ::testing::Values(
        StoreHostParam{"Model", MakeModelHost}, StoreHostParam{"Embedded", MakeEmbeddedHost},
        StoreHostParam{"EmbeddedTinySegments",
                       [] { return std::make_unique<EmbeddedHost>(TestSeed(2), TinyPieces()); }},
        StoreHostParam{"EmbeddedSealed",
                       [] { return std::make_unique<SealingHost>(CompactMode::kDue); }},
        StoreHostParam{"EmbeddedMerged",
                       [] { return std::make_unique<SealingHost>(CompactMode::kFull); }}),
    [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace tidemark::store
