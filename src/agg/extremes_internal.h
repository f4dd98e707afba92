// SPDX-License-Identifier: Apache-2.0
// Total orders of the SQL types, so that min and max depend on the multiset of inputs only.
// Pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace tidemark::agg {

/// One NaN stands for all, whatever the sign and payload.
inline double CanonicalNan(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

/// The order of ORDER BY: -Inf < ... < -0.0 < 0.0 < ... < Inf < NaN (timestream-sql.md 4.4).
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

/// Whether `value` is the smallest, or the largest, of the two. A NaN is neither beside a number
/// (event-time.md J9).
template <Side kSide, typename T>
bool Beats(const T& value, const T& other) {
  if constexpr (kSide == Side::kMin) return Precedes(value, other);
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(value) || std::isnan(other)) return !std::isnan(value);
  }
  return Precedes(other, value);
}

double MinOf(std::span<const double> values);
double MaxOf(std::span<const double> values);

/// The one that no other Beats(); NaN canonical. `values` is not empty.
template <Side kSide, typename T>
T ExtremeOf(std::span<const T> values) {
  if constexpr (std::is_same_v<T, double>) {
    return kSide == Side::kMin ? MinOf(values) : MaxOf(values);
  } else {
    return kSide == Side::kMin ? *std::min_element(values.begin(), values.end())
                               : *std::max_element(values.begin(), values.end());
  }
}

}  // namespace tidemark::agg
