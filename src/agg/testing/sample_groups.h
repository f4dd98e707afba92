// SPDX-License-Identifier: Apache-2.0
// Random groups of doubles of the kinds that break sums (exact-sums.md "Verified"). Single-owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace tidemark::agg {

/// TM_SEED from the environment, or the fixed default.
uint64_t TestSeed();

class SampleGroups {
 public:
  static constexpr size_t kKinds = 15;

  explicit SampleGroups(uint64_t seed) : random_(seed) {}

  /// Group number `index`: kind index % kKinds, 1..30 values, 1 % of the groups up to 2160.
  std::vector<double> Next(size_t index);
  static std::string_view KindName(size_t index);

 private:
  double Unit();  // [0, 1)
  double Signed(double value) { return Coin() ? value : -value; }
  bool Coin() { return (random_() & 1U) != 0; }
  double Value(size_t kind, size_t i);
  void AddCancelling(std::vector<double>& values);

  std::mt19937_64 random_;
  double walk_ = 0;
};

}  // namespace tidemark::agg
