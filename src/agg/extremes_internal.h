// SPDX-License-Identifier: Apache-2.0
// Total orders of the SQL types, so that min and max depend on the multiset of inputs only.
// Pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace tidemark::agg {

/// One NaN stands for all, whatever the sign and payload.
inline double CanonicalNan(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

/// -Inf < ... < -0.0 < 0.0 < ... < Inf < NaN (timestream-sql.md 4.4: ORDER BY puts NaN on top).
inline bool Precedes(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  if (a == b) return std::signbit(a) && !std::signbit(b);
  return a < b;
}
template <typename T>
bool Precedes(const T& a, const T& b) {
  return a < b;
}

enum class Side : uint8_t { kMin, kMax };

/// The smallest or largest under Precedes; NaN canonical. `values` is not empty.
template <Side kSide>
double ExtremeOf(std::span<const double> values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kStart = kSide == Side::kMin ? kInfinity : -kInfinity;
  // Comparisons with NaN are false, so NaN never wins below; four chains hide the latency.
  const auto better = [](double value, double best) {
    return (kSide == Side::kMin ? value < best : value > best) ? value : best;
  };
  std::array<double, 4> best{kStart, kStart, kStart, kStart};
  bool any_nan = false;
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      const double value = values[i + lane];
      best[lane] = better(value, best[lane]);
      any_nan |= value != value;
    }
  }
  for (; i < values.size(); ++i) {
    best[0] = better(values[i], best[0]);
    any_nan |= values[i] != values[i];
  }
  const double result = better(better(best[0], best[1]), better(best[2], best[3]));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (any_nan) {
    if (kSide == Side::kMax) return nan;
    if (result == kInfinity &&
        std::all_of(values.begin(), values.end(), [](double v) { return v != v; })) {
      return nan;
    }
  }
  if (result == 0) {  // the comparison above cannot tell the zeros apart
    const bool wanted = kSide == Side::kMin;
    for (const double value : values) {
      if (value == 0 && std::signbit(value) == wanted) return value;
    }
  }
  return result;
}

template <Side kSide, typename T>
T ExtremeOf(std::span<const T> values) {
  return kSide == Side::kMin ? *std::min_element(values.begin(), values.end())
                             : *std::max_element(values.begin(), values.end());
}

}  // namespace tidemark::agg
