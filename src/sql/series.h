// SPDX-License-Identifier: Apache-2.0
// Derivatives, integrals and correlation of time series (timestream-sql.md 5.11); interpolation is
// agg's. Times ascend; points without a value are left out beforehand. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agg/interpolation.h"
#include "base/result.h"

namespace tidemark::sql {

using agg::LastAtOrBefore;
using agg::LinearInterpolation;
using agg::Series;
using agg::SplineInterpolation;

/// One point per pair of neighbours, at the later time: change per `interval_ns`.
Series Derivative(const Series& series, int64_t interval_ns);

/// Trapezoids; widths in units of `interval_ns`.
double Integral(const Series& series, int64_t interval_ns);

/// Pearson's coefficient; NaN for fewer than two points, a constant series, or NaN inside.
double Correlation(std::span<const double> x, std::span<const double> y);
/// The ranks from 1; equal values share the mean of theirs.
std::vector<double> AverageRanks(std::span<const double> values);

}  // namespace tidemark::sql
