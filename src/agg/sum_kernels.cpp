// SPDX-License-Identifier: Apache-2.0
// Four independent lanes hide the latency of the additions. GCC 12 scalarises 32-byte vectors
// without AVX (3.4 against 1.06 ns a point), hence two 16-byte vectors there (exact-sums.md
// "Pitfalls").
#include <array>

#include "agg/sum_kernels_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidemark::agg {
namespace {

constexpr size_t kLanes = 4;

/// The lanes and the last, fewer than four values into one pair.
BlockSum Fold(std::span<const double, kLanes> hi, std::span<const double, kLanes> lo,
              std::span<const double> tail) {
  BlockSum out;
  for (const double value : hi) out.Step(value);
  for (const double value : lo) out.Step(value);
  for (const double value : tail) out.Step(value);
  return out;
}

BlockSum SumPortable(std::span<const double> block) {
  std::array<BlockSum, kLanes> lanes;
  size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane].Step(block[i + lane]);
  }
  std::array<double, kLanes> hi{};
  std::array<double, kLanes> lo{};
  bool exact = true;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    hi[lane] = lanes[lane].hi;
    lo[lane] = lanes[lane].lo;
    exact &= lanes[lane].exact;
  }
  BlockSum out = Fold(hi, lo, block.subspan(i));
  out.exact &= exact;
  return out;
}

#if defined(__x86_64__)

struct Lanes128 {
  __m128d hi = _mm_setzero_pd();
  __m128d lo = _mm_setzero_pd();
  __m128d bad = _mm_setzero_pd();

  void Step(__m128d value) {
    const __m128d sum = _mm_add_pd(hi, value);
    const __m128d b = _mm_sub_pd(sum, hi);
    const __m128d error = _mm_add_pd(_mm_sub_pd(hi, _mm_sub_pd(sum, b)), _mm_sub_pd(value, b));
    const __m128d low = _mm_add_pd(lo, error);
    const __m128d c = _mm_sub_pd(low, lo);
    const __m128d rest = _mm_add_pd(_mm_sub_pd(lo, _mm_sub_pd(low, c)), _mm_sub_pd(error, c));
    bad = _mm_or_pd(bad, _mm_cmpneq_pd(rest, _mm_setzero_pd()));  // unordered: true for NaN
    hi = sum;
    lo = low;
  }
};

BlockSum SumSse2(std::span<const double> block) {
  Lanes128 a;
  Lanes128 b;
  size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes) {
    a.Step(_mm_loadu_pd(block.data() + i));
    b.Step(_mm_loadu_pd(block.data() + i + 2));
  }
  std::array<double, kLanes> hi{};
  std::array<double, kLanes> lo{};
  _mm_storeu_pd(hi.data(), a.hi);
  _mm_storeu_pd(hi.data() + 2, b.hi);
  _mm_storeu_pd(lo.data(), a.lo);
  _mm_storeu_pd(lo.data() + 2, b.lo);
  BlockSum out = Fold(hi, lo, block.subspan(i));
  out.exact &= _mm_movemask_pd(_mm_or_pd(a.bad, b.bad)) == 0;
  return out;
}

// FMA stays off: a contracted multiply-add is not a step of the algorithm.
__attribute__((target("avx2"))) BlockSum SumAvx2(std::span<const double> block) {
  const __m256d zero = _mm256_setzero_pd();
  __m256d hi = zero;
  __m256d lo = zero;
  __m256d bad = zero;
  const double* data = block.data();
  const size_t size = block.size();
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const __m256d value = _mm256_loadu_pd(data + i);
    const __m256d sum = _mm256_add_pd(hi, value);
    const __m256d b = _mm256_sub_pd(sum, hi);
    const __m256d error =
        _mm256_add_pd(_mm256_sub_pd(hi, _mm256_sub_pd(sum, b)), _mm256_sub_pd(value, b));
    const __m256d low = _mm256_add_pd(lo, error);
    const __m256d c = _mm256_sub_pd(low, lo);
    const __m256d rest =
        _mm256_add_pd(_mm256_sub_pd(lo, _mm256_sub_pd(low, c)), _mm256_sub_pd(error, c));
    bad = _mm256_or_pd(bad, _mm256_cmp_pd(rest, zero, _CMP_NEQ_UQ));
    hi = sum;
    lo = low;
  }
  std::array<double, kLanes> lane_hi{};
  std::array<double, kLanes> lane_lo{};
  _mm256_storeu_pd(lane_hi.data(), hi);
  _mm256_storeu_pd(lane_lo.data(), lo);
  const bool exact = _mm256_movemask_pd(bad) == 0;
  // GCC 12 leaves the upper halves dirty in a function with a target attribute; every SSE
  // instruction of the process then runs about five times slower (exact_sum_bench, AMD EPYC).
  _mm256_zeroupper();
  BlockSum out = Fold(lane_hi, lane_lo, block.subspan(i));
  out.exact &= exact;
  return out;
}

#endif

}  // namespace

std::span<const NamedSumKernel> SumKernels() {
#if defined(__x86_64__)
  static constexpr std::array<NamedSumKernel, 3> kAll{
      {{"portable", SumPortable}, {"sse2", SumSse2}, {"avx2", SumAvx2}}};
  static const size_t usable = __builtin_cpu_supports("avx2") ? 3 : 2;
#else
  static constexpr std::array<NamedSumKernel, 1> kAll{{{"portable", SumPortable}}};
  static constexpr size_t usable = 1;
#endif
  return std::span(kAll).first(usable);
}

SumKernel BestSumKernel() {
  static const SumKernel kBest = SumKernels().back().run;
  return kBest;
}

}  // namespace tidemark::agg
