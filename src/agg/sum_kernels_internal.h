// SPDX-License-Identifier: Apache-2.0
// Error-free steps of a sum and the block kernels built from them (exact-sums.md "State and
// operations"). Every kernel gives the same exact sum or says that it could not: which one runs,
// and how it splits the block, changes no result. Pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace tidemark::agg {

struct TwoSumResult {
  double sum;
  double
      error;  // sum + error == a + b exactly, unless something overflowed: then error is not finite
};

/// Moller and Knuth: six additions, no condition on the magnitudes.
inline TwoSumResult TwoSum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// hi + lo is the exact sum of the block when `exact`, meaningless otherwise.
struct BlockSum {
  double hi = 0;
  double lo = 0;
  bool exact = true;

  /// Adds one value. The single test `rest == 0` also fails on NaN, infinities and overflow.
  void Step(double value) {
    const auto [sum, error] = TwoSum(hi, value);
    const auto [low, rest] = TwoSum(lo, error);
    hi = sum;
    lo = low;
    exact &= rest == 0;
  }
};

using SumKernel = BlockSum (*)(std::span<const double> block);

struct NamedSumKernel {
  std::string_view name;
  SumKernel run;
};

/// Those that this CPU can run: "portable" first, the fastest last.
std::span<const NamedSumKernel> SumKernels();
/// The fastest one, chosen once.
SumKernel BestSumKernel();

}  // namespace tidemark::agg
