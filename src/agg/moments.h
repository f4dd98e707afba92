// SPDX-License-Identifier: Apache-2.0
// Variance, standard deviation, skewness, kurtosis; covariance, correlation, linear regression
// (timestream-sql.md 5.8). Sums of powers and products are exact integers, so a result depends on
// the multiset of inputs only; variances and covariances are rounded once (exact-sums.md), the
// others combine two or three exact sums, each rounded once. Single-owner values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "agg/wide_sum_internal.h"

namespace tidemark::agg {

/// Whether a deviation is of the inputs themselves or of what they were drawn from (n - 1).
enum class Spread : uint8_t { kPopulation, kSample };

/// Sums of the first kOrder powers: 2 for variances, 4 for all.
template <int kOrder>
class Moments {
 public:
  /// Any double; NaN and infinities make every result NaN.
  void Add(std::span<const double> values);
  /// Merging with itself is allowed.
  void Merge(const Moments& other);
  uint64_t count() const { return count_; }
  size_t heap_bytes() const;

  /// Canonical bytes without the count (docs/format/agg.md).
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes.
  static Result<Moments> Read(uint64_t count, ByteReader& in);

  /// Nothing without input, and for samples of one. Rounded once.
  std::optional<double> Variance(Spread spread) const;
  /// The square root of Variance().
  std::optional<double> StandardDeviation(Spread spread) const;
  /// sqrt(n) m3 / m2^1.5; nothing below three inputs, NaN where all are equal.
  std::optional<double> Skewness() const
    requires(kOrder == 4);
  /// The sample's excess kurtosis; nothing below four inputs, NaN where all are equal.
  std::optional<double> Kurtosis() const
    requires(kOrder == 4);

 private:
  void AddOne(double value);
  /// n * sum(x^2) - sum(x)^2, which is n^2 times the variance.
  BigNumber SpreadNumber() const;

  std::array<WideSum, kOrder> sums_;  // of x, x^2, ...
  uint64_t count_ = 0;
  bool special_ = false;  // NaN or an infinity was seen
};

extern template class Moments<2>;
extern template class Moments<4>;

/// Of pairs (y, x).
class CoMoments {
 public:
  void Add(double y, double x);
  /// Merging with itself is allowed.
  void Merge(const CoMoments& other);
  uint64_t count() const { return count_; }

  /// Nothing without input, and for samples of one; NaN after NaN or an infinity. Rounded once.
  std::optional<double> Covariance(Spread spread) const;
  // Nothing wherever the result would not be finite: fewer than two pairs, one x for all (for
  // Correlation also one y for all), NaN or an infinity among the inputs.
  std::optional<double> Correlation() const;
  std::optional<double> Slope() const;
  std::optional<double> Intercept() const;

 private:
  bool Regular() const { return count_ >= 2 && !special_; }

  WideSum y_;
  WideSum x_;
  WideSum yy_;
  WideSum yx_;
  WideSum xx_;
  uint64_t count_ = 0;
  bool special_ = false;
};

}  // namespace tidemark::agg
