// SPDX-License-Identifier: Apache-2.0
// The seed of random tests: TM_SEED from the environment, or a fixed one, so that a failure
// repeats.
//   const uint64_t seed = TestSeed();
//   SCOPED_TRACE(SeedTrace(seed));  // every failure below prints how to run it again
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace tidemark {

inline constexpr uint64_t kDefaultTestSeed = 20260101;

/// TM_SEED as a decimal number; the default when it is not set. A loop over runs adds its index.
inline uint64_t TestSeed() {
  const char* text = std::getenv("TM_SEED");
  return text == nullptr || *text == '\0' ? kDefaultTestSeed : std::strtoull(text, nullptr, 10);
}

inline std::string SeedTrace(uint64_t seed) {
  return "run again with TM_SEED=" + std::to_string(seed);
}

}  // namespace tidemark
