// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "view/sample_grid_internal.h"

namespace tidemark::view {
namespace {

constexpr nanoseconds kTick{1};

}  // namespace

size_t SampleGrid::FarLeft(size_t from, size_t count_max) const {
  size_t i = from;
  while (i > 0 && from - i + 1 < count_max && run_.times[i] - run_.times[i - 1] <= kind_.gap()) --i;
  return i;
}

size_t SampleGrid::FarRight(size_t from, size_t count_max) const {
  size_t i = from;
  while (i + 1 < run_.times.size() && i - from + 1 < count_max &&
         run_.times[i + 1] - run_.times[i] <= kind_.gap()) {
    ++i;
  }
  return i;
}

TimeRange SampleGrid::Touched() const {
  const auto& times = run_.times;
  const EventTime first = run_.changed.start;
  const EventTime last = run_.changed.end - kTick;
  const size_t count = kind_.fill() == Fill::kSpline ? kSplineNeighbours + 1 : 1;
  // Between the samples around; without them as far as one could reach.
  TimeRange out{first - kind_.gap(), last + kind_.gap() + kTick};
  const auto left = std::ranges::lower_bound(times, first);
  if (left != times.begin() && *std::prev(left) >= out.start) {
    out.start = times[FarLeft(static_cast<size_t>(left - times.begin()) - 1, count)];
  }
  const auto right = std::ranges::upper_bound(times, last);
  if (right != times.end() && *right < out.end) {
    out.end = times[FarRight(static_cast<size_t>(right - times.begin()), count)] + kTick;
  }
  if (kind_.forward()) out.start = first;
  if (kind_.fill() == Fill::kNext) out.end = run_.changed.end;
  const EventTime grid = kind_.SlotOf(out.start);
  return {grid < out.start ? grid + kind_.every() : grid, out.end};
}

SampleGrid::Neighbours SampleGrid::Around(EventTime grid) const {
  const auto after = std::ranges::upper_bound(run_.times, grid) - run_.times.begin();
  Neighbours out;
  if (after > 0) out.before = static_cast<size_t>(after) - 1;
  if (static_cast<size_t>(after) < run_.times.size()) out.after = static_cast<size_t>(after);
  return out;
}

store::Scalar SampleGrid::SampleAt(size_t i) const {
  if (run_.doubles.empty()) return run_.bigints[i];
  return run_.doubles[i];
}

double SampleGrid::NumberAt(size_t i) const {
  return run_.doubles.empty() ? static_cast<double>(run_.bigints[i]) : run_.doubles[i];
}

GridValue SampleGrid::At(EventTime grid) {
  const Neighbours near = Around(grid);
  GridValue out;
  if (near.before && run_.times[*near.before] == grid) {
    const bool exact = kind_.forward() || kind_.fill() == Fill::kNext;
    out.value = exact ? SampleAt(*near.before) : store::Scalar(NumberAt(*near.before));
    out.sampled = true;
    out.settled = true;
  } else if (kind_.forward()) {
    out = Forward(grid, near);
  } else if (kind_.fill() == Fill::kNext) {
    out = Next(grid, near);
  } else if (kind_.fill() == Fill::kLinear) {
    out = Linear(grid, near);
  } else {
    out = Spline(grid, near);
  }
  out.settled = out.settled && Passed(grid);
  return out;
}

GridValue SampleGrid::Forward(EventTime grid, const Neighbours& near) const {
  GridValue out{.settled = true};
  if (!near.before || grid - run_.times[*near.before] > kind_.gap()) return out;
  out.value = SampleAt(*near.before);
  if (kind_.fill() == Fill::kConstant) {
    out.value = run_.doubles.empty() ? store::Scalar(static_cast<int64_t>(fill_value_))
                                     : store::Scalar(fill_value_);
  }
  return out;
}

GridValue SampleGrid::Next(EventTime grid, const Neighbours& near) const {
  if (!near.after || run_.times[*near.after] - grid > kind_.gap()) return {.settled = Over(grid)};
  return {.value = SampleAt(*near.after), .settled = Passed(run_.times[*near.after])};
}

GridValue SampleGrid::Linear(EventTime grid, const Neighbours& near) const {
  if (!near.before) return {.settled = true};
  const size_t i = *near.before;
  if (!near.after || run_.times[i + 1] - run_.times[i] > kind_.gap()) {
    return {.settled = Over(run_.times[i])};
  }
  const agg::Series line{{run_.times[i].ns, run_.times[i + 1].ns}, {NumberAt(i), NumberAt(i + 1)}};
  GridValue out{.settled = Passed(run_.times[i + 1])};
  if (const auto value = agg::LinearInterpolation(line).At(grid.ns)) out.value = *value;
  return out;
}

GridValue SampleGrid::Spline(EventTime grid, const Neighbours& near) {
  if (!near.before) return {.settled = true};
  const size_t i = *near.before;
  if (!near.after || run_.times[i + 1] - run_.times[i] > kind_.gap()) {
    return {.settled = Over(run_.times[i])};
  }
  if (spline_of_ != i) {
    const size_t first = FarLeft(i, kSplineNeighbours);
    const size_t last = FarRight(i + 1, kSplineNeighbours);
    spline_.reset();
    series_ = {};
    for (size_t k = first; k <= last; ++k) {
      series_.times.push_back(run_.times[k].ns);
      series_.values.push_back(NumberAt(k));
    }
    spline_.emplace(series_);
    spline_of_ = i;
    const bool whole = last - i == kSplineNeighbours || Over(run_.times[last]);
    spline_settled_ = whole && Passed(run_.times[last]);
  }
  GridValue out{.settled = spline_settled_};
  if (const auto value = spline_->At(grid.ns)) out.value = *value;
  return out;
}

}  // namespace tidemark::view
