// SPDX-License-Identifier: Apache-2.0
// What stands at the grid times around a change of a series (event-time.md 9). Single-owner; its
// run must outlive it.
//
// A value is settled when no sample in time can change it: the watermark has passed the slot that
// begins at its grid time, and the slots of all samples it follows from.
#pragma once

#include <optional>
#include <utility>

#include "agg/interpolation.h"
#include "store/types.h"
#include "view/range_kind.h"
#include "view/range_reader_internal.h"

namespace tidemark::view {

struct GridValue {
  store::Scalar value;   // none: too far from samples
  bool sampled = false;  // a sample at that very time
  bool settled = false;
};

class SampleGrid {
 public:
  SampleGrid(const RangeKind& kind, double fill_value, EventTime watermark, const RangeRun& run)
      : kind_(kind), fill_value_(fill_value), watermark_(watermark), run_(run) {}

  /// Grid times whose value may follow from what changed: from the first one on, until `end`.
  TimeRange Touched() const;
  GridValue At(EventTime grid);

 private:
  struct Neighbours {
    std::optional<size_t> before;  // the last sample at or before
    std::optional<size_t> after;   // the first behind
  };
  Neighbours Around(EventTime grid) const;
  store::Scalar SampleAt(size_t i) const;
  double NumberAt(size_t i) const;
  bool Passed(EventTime t) const { return kind_.SlotEnd(t) <= watermark_; }
  /// Nothing can be joined to a sample at `t` any more.
  bool Over(EventTime t) const { return kind_.SlotOf(watermark_) > t + kind_.gap(); }
  GridValue Linear(EventTime grid, const Neighbours& near) const;
  GridValue Forward(EventTime grid, const Neighbours& near) const;
  GridValue Next(EventTime grid, const Neighbours& near) const;
  GridValue Spline(EventTime grid, const Neighbours& near);
  size_t FarLeft(size_t from, size_t count_max) const;
  size_t FarRight(size_t from, size_t count_max) const;

  const RangeKind kind_;
  const double fill_value_;
  const EventTime watermark_;
  const RangeRun& run_;
  // The spline between two neighbours, for all grid times there are.
  size_t spline_of_ = SIZE_MAX;
  agg::Series series_;
  std::optional<agg::SplineInterpolation> spline_;
  bool spline_settled_ = false;
};

}  // namespace tidemark::view
