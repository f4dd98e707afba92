// SPDX-License-Identifier: Apache-2.0
#include "sql/series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tidemark::sql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool Constant(std::span<const double> values) {
  return std::ranges::all_of(values, [&](double v) { return v == values.front(); });
}

}  // namespace

Series Derivative(const Series& series, int64_t interval_ns) {
  Series out;
  for (size_t i = 1; i < series.times.size(); ++i) {
    const double widths = agg::NanosecondsBetween(series.times[i - 1], series.times[i]) /
                          static_cast<double>(interval_ns);
    out.times.push_back(series.times[i]);
    out.values.push_back((series.values[i] - series.values[i - 1]) / widths);
  }
  return out;
}

double Integral(const Series& series, int64_t interval_ns) {
  double sum = 0;
  for (size_t i = 1; i < series.times.size(); ++i) {
    const double widths = agg::NanosecondsBetween(series.times[i - 1], series.times[i]) /
                          static_cast<double>(interval_ns);
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
