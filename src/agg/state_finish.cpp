// SPDX-License-Identifier: Apache-2.0
// What a state is read as.
#include <string>

#include "agg/distinct_sketch.h"
#include "agg/extremes_internal.h"
#include "agg/moments.h"
#include "agg/percentiles.h"
#include "agg/series_fold.h"
#include "agg/state_internal.h"

namespace tidemark::agg {
namespace {

Error LacksWindow(std::string_view what) {
  return Error{Code::kInvalidArgument, std::string(what) + " is read over a window's range"};
}

/// Divided once by a length in seconds that is rounded once: increase / 300.0 for five minutes.
double PerSecond(double increase, TimeRange window) {
  return increase / (static_cast<double>(window.end.ns - window.start.ns) / 1e9);
}

}  // namespace

Scalar State::FinishMoments(const Moments<2>& moments, Reading::Of of) {
  const bool population = of == Reading::Of::kVarPop || of == Reading::Of::kStddevPop;
  const bool root = of == Reading::Of::kStddevSamp || of == Reading::Of::kStddevPop;
  const Spread spread = population ? Spread::kPopulation : Spread::kSample;
  const std::optional<double> value =
      root ? moments.StandardDeviation(spread) : moments.Variance(spread);
  return value ? Scalar(*value) : Scalar();
}

template <typename T>
Result<Scalar> State::FinishFold(const SeriesFold<T>& fold, const Reading& reading) const {
  if (kind_ == Kind::kTimeWeighted) {
    if (reading.window.empty()) return LacksWindow("a time-weighted average");
    const std::optional<double> value = reading.of == Reading::Of::kCoverage
                                            ? fold.Coverage(reading.window)
                                            : fold.Average(reading.window);
    return value ? Scalar(*value) : Scalar();
  }
  if (reading.of == Reading::Of::kResets) return Scalar(static_cast<int64_t>(fold.Resets()));
  if (reading.of == Reading::Of::kRate) {
    if (reading.window.empty()) return LacksWindow("a rate");
    return Scalar(PerSecond(fold.Round(), reading.window));
  }
  if (input_ == Type::kDouble) return Scalar(fold.Round());
  if (const auto integer = fold.Integer()) return Scalar(*integer);
  return Error{Code::kOutOfRange, std::string(KindName(kind_)) + " of BIGINT exceeds BIGINT"};
}

Result<Scalar> State::Finish(const Reading& reading) const {
  if (kind_ == Kind::kCount) return Scalar(static_cast<int64_t>(count_));
  if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&payload_)) {
    return Scalar(static_cast<int64_t>((*histogram)->AtOrBelow(reading.bucket)));
  }
  if (count_ == 0) {
    const bool counts = kind_ == Kind::kDistinct || reading.of == Reading::Of::kResets;
    return counts ? Scalar(int64_t{0}) : Scalar();
  }
  if (const auto* distinct = std::get_if<std::unique_ptr<DistinctSketch>>(&payload_)) {
    return Scalar(static_cast<int64_t>((*distinct)->Estimate()));
  }
  if (const auto* moments = std::get_if<std::unique_ptr<Moments<2>>>(&payload_)) {
    return FinishMoments(**moments, reading.of);
  }
  if (const auto* percentiles = std::get_if<std::unique_ptr<Percentiles>>(&payload_)) {
    const uint64_t found = (*percentiles)->At(reading.p).value_or(0);
    if (input_ == Type::kDouble) return Scalar(DoubleOfOrdered(found));
    return Scalar(IntegerOfOrdered(found));
  }
  if (const auto* fold = std::get_if<std::unique_ptr<SeriesFold<double>>>(&payload_)) {
    return FinishFold(**fold, reading);
  }
  if (const auto* fold = std::get_if<std::unique_ptr<SeriesFold<int64_t>>>(&payload_)) {
    return FinishFold(**fold, reading);
  }
  if (const auto* sum = std::get_if<ExactSum>(&payload_)) {
    return Scalar(kind_ == Kind::kSum ? sum->Round() : sum->Mean(count_));
  }
  if (const auto* sum = std::get_if<IntegerSum>(&payload_)) {
    const Int128 total = ToInt128(sum->low, sum->high);
    if (kind_ == Kind::kAvg) {
      return Scalar(static_cast<double>(total) / static_cast<double>(count_));
    }
    const auto narrow = static_cast<int64_t>(total);
    if (narrow != total) return Error{Code::kOutOfRange, "sum of BIGINT exceeds BIGINT"};
    return Scalar(narrow);
  }
  if (const auto* value = std::get_if<double>(&payload_)) return Scalar(*value);
  if (const auto* value = std::get_if<std::string>(&payload_)) return Scalar(*value);
  if (const auto* value = std::get_if<int64_t>(&payload_)) return IntegerScalar(input_, *value);
  return std::get<std::unique_ptr<Edge>>(payload_)->value;
}

}  // namespace tidemark::agg
