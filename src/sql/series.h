// SPDX-License-Identifier: Apache-2.0
// Interpolation, derivatives, integrals and correlation of time series (timestream-sql.md 5.11).
// Times ascend; points without a value are left out beforehand. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace tidemark::sql {

struct Series {
  std::vector<int64_t> times;  // ns
  std::vector<double> values;
};

/// The position of the last time <= t, none before the first.
std::optional<size_t> LastAtOrBefore(std::span<const int64_t> times, int64_t t);

/// Straight lines between the points; none outside of them.
class LinearInterpolation {
 public:
  explicit LinearInterpolation(const Series& series) : series_(series) {}
  std::optional<double> At(int64_t t) const;

 private:
  const Series& series_;
};

/// The natural cubic spline through the points; two points: a line; one: only itself.
class SplineInterpolation {
 public:
  explicit SplineInterpolation(const Series& series);
  std::optional<double> At(int64_t t) const;

 private:
  const Series& series_;
  std::vector<double> curvatures_;  // second derivatives per second^2
};

/// One point per pair of neighbours, at the later time: change per `interval_ns`.
Series Derivative(const Series& series, int64_t interval_ns);

/// Trapezoids; widths in units of `interval_ns`.
double Integral(const Series& series, int64_t interval_ns);

/// Pearson's coefficient; NaN for fewer than two points, a constant series, or NaN inside.
double Correlation(std::span<const double> x, std::span<const double> y);
/// The ranks from 1; equal values share the mean of theirs.
std::vector<double> AverageRanks(std::span<const double> values);

}  // namespace tidemark::sql
