// SPDX-License-Identifier: Apache-2.0
// Values between the samples of a series (timestream-sql.md 5.11; event-time.md 9): the same code
// for SQL's functions and for views that resample. Times ascend. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tidemark::agg {

/// Exact difference as a double, rounded once: times may be 500 years apart.
double NanosecondsBetween(int64_t from, int64_t to);

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

}  // namespace tidemark::agg
