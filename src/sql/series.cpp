// SPDX-License-Identifier: Apache-2.0
#include "sql/series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tidemark::sql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Exact difference as a double, rounded once: times may be 500 years apart.
double Nanoseconds(int64_t from, int64_t to) {
  return static_cast<double>(static_cast<uint64_t>(to) - static_cast<uint64_t>(from));
}

double Seconds(int64_t from, int64_t to) { return Nanoseconds(from, to) / 1e9; }

bool Outside(const Series& series, int64_t t) {
  return series.times.empty() || t < series.times.front() || t > series.times.back();
}

bool Constant(std::span<const double> values) {
  return std::ranges::all_of(values, [&](double v) { return v == values.front(); });
}

}  // namespace

std::optional<size_t> LastAtOrBefore(std::span<const int64_t> times, int64_t t) {
  const auto after = std::ranges::upper_bound(times, t);
  if (after == times.begin()) return std::nullopt;
  return static_cast<size_t>(after - times.begin()) - 1;
}

std::optional<double> LinearInterpolation::At(int64_t t) const {
  if (Outside(series_, t)) return std::nullopt;
  const auto& [times, values] = series_;
  const size_t i = *LastAtOrBefore(times, t);
  if (times[i] == t) return values[i];
  const double part = Nanoseconds(times[i], t) / Nanoseconds(times[i], times[i + 1]);
  return values[i] + (values[i + 1] - values[i]) * part;
}

SplineInterpolation::SplineInterpolation(const Series& series)
    : series_(series), curvatures_(series.times.size(), 0.0) {
  const auto& [times, values] = series;
  const size_t count = times.size();
  if (count < 3) return;
  // The tridiagonal system of the inner knots, solved from the left and back (Thomas).
  std::vector<double> ratio(count, 0.0);
  std::vector<double> right(count, 0.0);
  for (size_t i = 1; i + 1 < count; ++i) {
    const double before = Seconds(times[i - 1], times[i]);
    const double after = Seconds(times[i], times[i + 1]);
    const double slope_change =
        (values[i + 1] - values[i]) / after - (values[i] - values[i - 1]) / before;
    const double pivot = 2 * (before + after) - before * ratio[i - 1];
    ratio[i] = after / pivot;
    right[i] = (6 * slope_change - before * right[i - 1]) / pivot;
  }
  for (size_t i = count - 2; i > 0; --i) {
    curvatures_[i] = right[i] - ratio[i] * curvatures_[i + 1];
  }
}

std::optional<double> SplineInterpolation::At(int64_t t) const {
  if (Outside(series_, t)) return std::nullopt;
  const auto& [times, values] = series_;
  const size_t i = *LastAtOrBefore(times, t);
  if (times[i] == t) return values[i];
  const double width = Seconds(times[i], times[i + 1]);
  const double left = Seconds(t, times[i + 1]) / width;
  const double right = Seconds(times[i], t) / width;
  const double bend = (left * left * left - left) * curvatures_[i] +
                      (right * right * right - right) * curvatures_[i + 1];
  return left * values[i] + right * values[i + 1] + bend * (width * width) / 6;
}

Series Derivative(const Series& series, int64_t interval_ns) {
  Series out;
  for (size_t i = 1; i < series.times.size(); ++i) {
    const double widths =
        Nanoseconds(series.times[i - 1], series.times[i]) / static_cast<double>(interval_ns);
    out.times.push_back(series.times[i]);
    out.values.push_back((series.values[i] - series.values[i - 1]) / widths);
  }
  return out;
}

double Integral(const Series& series, int64_t interval_ns) {
  double sum = 0;
  for (size_t i = 1; i < series.times.size(); ++i) {
    const double widths =
        Nanoseconds(series.times[i - 1], series.times[i]) / static_cast<double>(interval_ns);
    sum += (series.values[i - 1] + series.values[i]) / 2 * widths;
  }
  return sum;
}

double Correlation(std::span<const double> x, std::span<const double> y) {
  if (x.size() < 2 || Constant(x) || Constant(y)) return kNan;
  const auto count = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / count;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / count;
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  // One root is exact for equal series; two hold where the product leaves the range of double.
  const double product = xx * yy;
  const double scale = std::isnormal(product) ? std::sqrt(product) : std::sqrt(xx) * std::sqrt(yy);
  const double r = xy / scale;
  return std::isnan(r) ? kNan : std::clamp(r, -1.0, 1.0);
}

std::vector<double> AverageRanks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return values[i] < values[j]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    const double rank = static_cast<double>(first + last) / 2 + 1;
    for (size_t i = first; i <= last; ++i) ranks[order[i]] = rank;
    first = last + 1;
  }
  return ranks;
}

}  // namespace tidemark::sql
