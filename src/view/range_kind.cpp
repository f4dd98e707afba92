// SPDX-License-Identifier: Apache-2.0
#include "view/range_kind.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tidemark::view {
namespace {

constexpr std::array<std::pair<std::string_view, Fill>, 5> kFills{{{"linear", Fill::kLinear},
                                                                   {"locf", Fill::kLocf},
                                                                   {"next", Fill::kNext},
                                                                   {"spline", Fill::kSpline},
                                                                   {"constant", Fill::kConstant}}};
constexpr int64_t kSlotsPerCell = 64;

}  // namespace

std::optional<Fill> FillFromText(std::string_view text) {
  for (const auto& [name, fill] : kFills) {
    if (name == text) return fill;
  }
  return std::nullopt;
}

std::string_view FillName(Fill fill) { return kFills[static_cast<size_t>(fill)].first; }

RangeKind RangeKind::Sessions(nanoseconds gap, nanoseconds longest) {
  RangeKind out;
  out.cell_ = longest;
  out.gap_ = gap;
  return out;
}

RangeKind RangeKind::Samples(nanoseconds every, nanoseconds offset, Fill fill,
                             nanoseconds max_gap) {
  RangeKind out;
  out.cell_ = every * kSlotsPerCell;
  out.offset_ = offset;
  out.gap_ = max_gap;
  out.every_ = every;
  out.fill_ = fill;
  return out;
}

EventTime RangeKind::LateFrom(EventTime t) const {
  return sessions() ? std::min(t + gap_, CellOf(t).end) : SlotEnd(t);
}

nanoseconds RangeKind::back() const {
  return fill_ == Fill::kSpline ? gap_ * (2 * int64_t{kSplineNeighbours} + 1) : gap_;
}

nanoseconds RangeKind::open_reach() const { return gap_ + every_; }

EventTime RangeKind::DueAt(const OpenSpan& open) const {
  return sessions() ? LateFrom(open.last) : SlotEnd(open.first);
}

std::optional<OpenSpan> RangeKind::Rest(const OpenSpan& open, EventTime watermark) const {
  if (watermark < DueAt(open)) return open;
  if (sessions()) return std::nullopt;
  const EventTime next = SlotOf(watermark);  // the first grid time that was not passed
  if (open.last >= next) return OpenSpan{std::max(open.first, next), open.last};
  // Its last sample reaches on; a spline ends there once nothing can be joined to it.
  if (!(forward() || fill_ == Fill::kSpline) || next > open.last + gap_) return std::nullopt;
  return OpenSpan{next, open.last};
}

std::vector<TimeRange> SplitSessions(std::span<const EventTime> times, const RangeKind& kind) {
  std::vector<TimeRange> out;
  for (const EventTime t : times) {
    // The end of the session so far is cut at the grid, so it is enough to look at that.
    const EventTime end = kind.LateFrom(t);
    if (out.empty() || out.back().end <= t) {
      out.push_back({t, end});
    } else {
      out.back().end = end;
    }
  }
  return out;
}

}  // namespace tidemark::view
