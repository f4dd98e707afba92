// SPDX-License-Identifier: Apache-2.0
// A library loaded later may have set flush-to-zero, and a wrong compiler flag may have removed the
// error terms: both show on these sums (exact-sums.md "Pitfalls").
#include <array>
#include <cfenv>
#include <string>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "agg/exact_sum.h"

namespace tidemark::agg {
namespace {

Error Wrong(std::string_view what) {
  return Error{Code::kInternal, "exact sums are impossible in this process: " + std::string(what)};
}

}  // namespace

Result<void> CheckExactArithmetic() {
  if (std::fegetround() != FE_TONEAREST) return Wrong("the rounding mode is not to-nearest");
#if defined(__x86_64__)
  constexpr unsigned kFlushToZero = 0x8000;
  constexpr unsigned kDenormalsAreZero = 0x0040;
  if ((_mm_getcsr() & (kFlushToZero | kDenormalsAreZero)) != 0) {
    return Wrong("subnormal numbers are flushed to zero (MXCSR)");
  }
#endif
  // 1 + 2^-60 needs the error term; 0.1 ten times is 1.0 (and 0.9999999999999999 in a plain loop).
  struct Case {
    std::array<double, 18> values;
    double sum;
  };
  static constexpr std::array<Case, 4> kCases{{
      {{1.0, 0x1p-60, -1.0}, 0x1p-60},
      {{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 1.0},
      {{0x1p-1074, 0x1p-1074, 0x1p-1073}, 0x1p-1072},
      {{0x1p53, 1.0, 0x1p-40}, 0x1.0000000000001p53},
  }};
  for (const Case& c : kCases) {
    ExactSum sum;
    for (const double value : c.values) sum.Add(value);
    if (sum.Round() != c.sum) return Wrong("a known sum came out wrong");
    for (const auto& [name, run] : SumKernels()) {
      const BlockSum block = run(c.values);
      if (!block.exact || block.hi + block.lo != c.sum) {
        return Wrong("kernel " + std::string(name) + " gives a wrong sum");
      }
    }
  }
  return {};
}

}  // namespace tidemark::agg
