// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "agg/extremes_internal.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace tidemark::agg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Comparisons with NaN are false, so NaN never wins here.
template <Side kSide>
double Better(double value, double best) {
  return (kSide == Side::kMin ? value < best : value > best) ? value : best;
}

struct NumericExtreme {
  double value;  // of the numbers, the zeros not told apart
  bool any_nan;
};

template <Side kSide>
NumericExtreme ExtremeOfNumbers(std::span<const double> values) {
  constexpr double kStart = kSide == Side::kMin ? kInfinity : -kInfinity;
  NumericExtreme out{kStart, false};
  size_t i = 0;
#if defined(__x86_64__)
  // Four chains hide the latency. minpd and maxpd give their second operand when one is NaN.
  __m128d a = _mm_set1_pd(kStart);
  __m128d b = a;
  __m128d nan = _mm_setzero_pd();
  for (; i + 4 <= values.size(); i += 4) {
    const __m128d x = _mm_loadu_pd(values.data() + i);
    const __m128d y = _mm_loadu_pd(values.data() + i + 2);
    a = kSide == Side::kMin ? _mm_min_pd(x, a) : _mm_max_pd(x, a);
    b = kSide == Side::kMin ? _mm_min_pd(y, b) : _mm_max_pd(y, b);
    nan = _mm_or_pd(nan, _mm_cmpunord_pd(x, y));
  }
  std::array<double, 4> lanes{};
  _mm_storeu_pd(lanes.data(), a);
  _mm_storeu_pd(lanes.data() + 2, b);
  for (const double lane : lanes) out.value = Better<kSide>(lane, out.value);
  out.any_nan = _mm_movemask_pd(nan) != 0;
#endif
  for (; i < values.size(); ++i) {
    out.value = Better<kSide>(values[i], out.value);
    out.any_nan |= values[i] != values[i];
  }
  return out;
}

template <Side kSide>
double ExtremeOfDoubles(std::span<const double> values) {
  const auto [best, any_nan] = ExtremeOfNumbers<kSide>(values);
  if (any_nan) {
    const auto is_nan = [](double value) { return value != value; };
    if (std::all_of(values.begin(), values.end(), is_nan)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
  if (best == 0) {
    const bool wanted = kSide == Side::kMin;
    for (const double value : values) {
      if (value == 0 && std::signbit(value) == wanted) return value;
    }
  }
  return best;
}

}  // namespace

double MinOf(std::span<const double> values) { return ExtremeOfDoubles<Side::kMin>(values); }
double MaxOf(std::span<const double> values) { return ExtremeOfDoubles<Side::kMax>(values); }

}  // namespace tidemark::agg
