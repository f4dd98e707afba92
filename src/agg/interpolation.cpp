// SPDX-License-Identifier: Apache-2.0
#include "agg/interpolation.h"

#include <algorithm>

namespace tidemark::agg {
namespace {

double Seconds(int64_t from, int64_t to) { return NanosecondsBetween(from, to) / 1e9; }

bool Outside(const Series& series, int64_t t) {
  return series.times.empty() || t < series.times.front() || t > series.times.back();
}

}  // namespace

double NanosecondsBetween(int64_t from, int64_t to) {
  return static_cast<double>(static_cast<uint64_t>(to) - static_cast<uint64_t>(from));
}

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
  const double part = NanosecondsBetween(times[i], t) / NanosecondsBetween(times[i], times[i + 1]);
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

}  // namespace tidemark::agg
