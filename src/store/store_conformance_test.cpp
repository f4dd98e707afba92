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

INSTANTIATE_TEST_SUITE_P(All, StoreConformance,
                         ::testing::Values(StoreHostParam{"Model", MakeModelHost},
                                           StoreHostParam{"Embedded", MakeEmbeddedHost},
                                           StoreHostParam{"EmbeddedTinySegments",
                                                          [] {
                                                            return std::make_unique<EmbeddedHost>(
                                                                TestSeed(2), TinyPieces());
                                                          }}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace tidemark::store
