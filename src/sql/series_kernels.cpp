// SPDX-License-Identifier: Apache-2.0
// Time series as functions of the engine (timestream-sql.md 5.11; decisions in its section 8). What
// is the same for values of any type gives positions, as in array_kernels.cpp.
//  1. A point without a value (a grid time outside of the samples) does not count.
//  2. Grid times outside of the samples stay in the result, without a value.
//  3. A grid need not ascend; the result does, each time once.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "sql/datetime.h"
#include "sql/nested_function.h"
#include "sql/series.h"

namespace tidemark::sql {
namespace {

using Args = NestedFunction::Args;

Error BadValue(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }

/// The points of one list of (time, value) structs.
struct Points {
  Points(const VectorView& list, size_t row)
      : times(list.child().child(0)),
        values(list.child().child(1)),
        present(list.child()),
        offset(list.entry(row).offset),
        size(list.entry(row).length) {}

  bool counts(size_t i) const {
    return present.valid(offset + i) && times.valid(offset + i) && values.valid(offset + i);
  }
  int64_t time(size_t i) const { return times.at<int64_t>(offset + i); }

  const VectorView& times;
  const VectorView& values;
  const VectorView& present;
  size_t offset;
  size_t size;
};

Series SeriesOf(const VectorView& list, size_t row) {
  const Points points(list, row);
  Series series;
  series.times.reserve(points.size);
  series.values.reserve(points.size);
  for (size_t i = 0; i < points.size; ++i) {
    if (!points.counts(i)) continue;
    series.times.push_back(points.time(i));
    series.values.push_back(points.values.at<double>(points.offset + i));
  }
  return series;
}

Result<std::vector<int64_t>> GridOf(const VectorView& list, size_t row) {
  const auto entry = list.entry(row);
  std::vector<int64_t> grid;
  grid.reserve(entry.length);
  for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (!list.child().valid(i)) return BadValue("a time to interpolate at must not be NULL");
    grid.push_back(list.child().at<int64_t>(i));
  }
  std::ranges::sort(grid);
  const auto repeated = std::ranges::unique(grid);
  grid.erase(repeated.begin(), repeated.end());
  return grid;
}

template <typename Interpolation>
Result<void> OnGrid(Args args, size_t row, NestedOutput& out) {
  const Series series = SeriesOf(args[0], row);
  const Interpolation interpolation(series);
  TM_ASSIGN_OR_RETURN(const std::vector<int64_t> grid, GridOf(args[1], row));
  out.Begin();
  for (const int64_t time : grid) {
    if (const std::optional<double> value = interpolation.At(time)) {
      out.AddPoint(time, *value);
    } else {
      out.AddNullPoint(time);
    }
  }
  out.End();
  return {};
}

template <typename Interpolation>
Result<void> AtTime(Args args, size_t row, NestedOutput& out) {
  const Series series = SeriesOf(args[0], row);
  if (const auto value = Interpolation(series).At(args[1].at<int64_t>(row))) {
    out.Put(*value);
  } else {
    out.Null();
  }
  return {};
}

// -----------------------------------------------------------------------------------------
// positions

/// Points that count, with where they stand in the list.
struct Places {
  Places(const VectorView& list, size_t row) {
    const Points points(list, row);
    for (size_t i = 0; i < points.size; ++i) {
      if (!points.counts(i)) continue;
      times.push_back(points.time(i));
      positions.push_back(static_cast<int64_t>(i) + 1);
    }
  }
  std::vector<int64_t> times;
  std::vector<int64_t> positions;
};

enum class Hit : uint8_t { kLast, kExact };

/// 0: there is none.
template <Hit kHit>
int64_t PositionAt(const Places& places, int64_t time) {
  const std::optional<size_t> last = LastAtOrBefore(places.times, time);
  if (!last || (kHit == Hit::kExact && places.times[*last] != time)) return 0;
  return places.positions[*last];
}

template <Hit kHit>
Result<void> PositionsOnGrid(Args args, size_t row, NestedOutput& out) {
  const Places places(args[0], row);
  TM_ASSIGN_OR_RETURN(const std::vector<int64_t> grid, GridOf(args[1], row));
  out.Begin();
  for (const int64_t time : grid) out.AddPlace(time, PositionAt<kHit>(places, time));
  out.End();
  return {};
}

template <Hit kHit>
Result<void> PositionAtTime(Args args, size_t row, NestedOutput& out) {
  out.Put(PositionAt<kHit>(Places(args[0], row), args[1].at<int64_t>(row)));
  return {};
}

/// create_time_series: the collected points in the order of their times.
Result<void> Ascending(Args args, size_t row, NestedOutput& out) {
  const Points points(args[0], row);
  for (size_t i = 0; i < points.size; ++i) {
    if (!points.times.valid(points.offset + i)) {
      return BadValue("create_time_series: a time must not be NULL");
    }
    if (!points.counts(i)) return BadValue("create_time_series: a value must not be NULL");
  }
  std::vector<size_t> order(points.size);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return points.time(i); });
  out.Begin();
  for (size_t k = 0; k < order.size(); ++k) {
    if (k > 0 && points.time(order[k]) == points.time(order[k - 1])) {
      std::string text = "create_time_series: two values at ";
      AppendTimestampText(points.time(order[k]), text);
      return BadValue(std::move(text));
    }
    out.Add(static_cast<int64_t>(order[k]) + 1);
  }
  out.End();
  return {};
}

// ---------------------------------------------------------------------------------------
// derivatives, integrals, correlation

Result<int64_t> IntervalOf(const VectorView& arg, size_t row) {
  const auto interval = arg.at<int64_t>(row);
  if (interval <= 0) return BadValue("the interval must be positive");
  return interval;
}

enum class Keep : uint8_t { kAll, kNonNegative };

template <Keep kKeep>
Result<void> DerivativeOf(Args args, size_t row, NestedOutput& out) {
  TM_ASSIGN_OR_RETURN(const int64_t interval, IntervalOf(args[1], row));
  const Series derivative = Derivative(SeriesOf(args[0], row), interval);
  out.Begin();
  for (size_t i = 0; i < derivative.times.size(); ++i) {
    if (kKeep == Keep::kNonNegative && !(derivative.values[i] >= 0)) continue;
    out.AddPoint(derivative.times[i], derivative.values[i]);
  }
  out.End();
  return {};
}

Result<void> IntegralOf(Args args, size_t row, NestedOutput& out) {
  TM_ASSIGN_OR_RETURN(const int64_t interval, IntervalOf(args[1], row));
  out.Put(Integral(SeriesOf(args[0], row), interval));
  return {};
}

enum class By : uint8_t { kValue, kRank };

template <By kBy>
Result<void> CorrelationOf(Args args, size_t row, NestedOutput& out) {
  const Series x = SeriesOf(args[0], row);
  const Series y = SeriesOf(args[1], row);
  if (x.times != y.times) return BadValue("the time series must have the same timestamps");
  const auto nan = [](double v) { return std::isnan(v); };
  const bool ranked = kBy == By::kRank && std::ranges::none_of(x.values, nan) &&
                      std::ranges::none_of(y.values, nan);
  out.Put(ranked ? Correlation(AverageRanks(x.values), AverageRanks(y.values))
                 : Correlation(x.values, y.values));
  return {};
}

}  // namespace

std::vector<NestedFunction> SeriesFunctions() {
  using P = NestedFunction::Param;
  using R = NestedFunction::Result;
  return {
      {"series_linear", {P::kPoints, P::kBigints}, R::kPoints, OnGrid<LinearInterpolation>},
      {"series_linear_at", {P::kPoints, P::kBigint}, R::kDouble, AtTime<LinearInterpolation>},
      {"series_spline", {P::kPoints, P::kBigints}, R::kPoints, OnGrid<SplineInterpolation>},
      {"series_spline_at", {P::kPoints, P::kBigint}, R::kDouble, AtTime<SplineInterpolation>},
      {"series_last", {P::kAny, P::kBigints}, R::kPlaces, PositionsOnGrid<Hit::kLast>},
      {"series_last_at", {P::kAny, P::kBigint}, R::kBigint, PositionAtTime<Hit::kLast>},
      {"series_exact", {P::kAny, P::kBigints}, R::kPlaces, PositionsOnGrid<Hit::kExact>},
      {"series_exact_at", {P::kAny, P::kBigint}, R::kBigint, PositionAtTime<Hit::kExact>},
      {"series_ascending", {P::kAny}, R::kPositions, Ascending},
      {"series_derivative", {P::kPoints, P::kBigint}, R::kPoints, DerivativeOf<Keep::kAll>},
      {"series_rise", {P::kPoints, P::kBigint}, R::kPoints, DerivativeOf<Keep::kNonNegative>},
      {"series_integral", {P::kPoints, P::kBigint}, R::kDouble, IntegralOf},
      {"series_pearson", {P::kPoints, P::kPoints}, R::kDouble, CorrelationOf<By::kValue>},
      {"series_spearman", {P::kPoints, P::kPoints}, R::kDouble, CorrelationOf<By::kRank>},
  };
}

}  // namespace tidemark::sql
