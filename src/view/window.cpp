// SPDX-License-Identifier: Apache-2.0
#include "view/window.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "view/calendar.h"

namespace tidemark::view {

Windows Windows::Hopping(nanoseconds size, nanoseconds slide, nanoseconds offset) {
  Windows out;
  out.grids_[0] = {size, slide};
  out.offset_ = offset;
  out.slot_ = nanoseconds(std::gcd(size.count(), slide.count()));
  out.simple_ = size == slide;
  return out;
}

Windows Windows::Calendar(std::shared_ptr<const CalendarGrid> grid) {
  Windows out;
  out.calendar_ = std::move(grid);
  return out;
}

Windows Windows::Levels(const std::vector<nanoseconds>& sizes, nanoseconds offset) {
  TM_CHECK(!sizes.empty() && sizes.size() <= kLevelsMax);
  Windows out;
  out.levels_ = static_cast<uint8_t>(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) out.grids_[i] = {sizes[i], sizes[i]};
  out.offset_ = offset;
  out.slot_ = sizes.front();
  out.simple_ = sizes.size() == 1;
  return out;
}

nanoseconds Windows::step_max() const {
  return calendar_ != nullptr ? calendar_->longest() : grids_[levels_ - 1].slide;
}

nanoseconds Windows::longest() const {
  return calendar_ != nullptr ? calendar_->longest() : grids_[levels_ - 1].size;
}

TimeRange Windows::WindowAt(WindowId window) const {
  if (calendar_ != nullptr) return {window.start, calendar_->Next(window.start)};
  return {window.start, window.start + grids_[window.level].size};
}

TimeRange Windows::SlotOf(EventTime t) const {
  if (calendar_ != nullptr) return calendar_->WindowOf(t);
  const EventTime start = FloorTo(t, slot_, offset_);
  return {start, start + slot_};
}

EventTime Windows::Next(EventTime start, uint8_t level) const {
  return calendar_ != nullptr ? calendar_->Next(start) : start + grids_[level].slide;
}

EventTime Windows::StartOf(EventTime t, uint8_t level) const {
  if (calendar_ != nullptr) return calendar_->WindowOf(t).start;
  return FloorTo(t, grids_[level].slide, offset_);
}

EventTime Windows::FirstFrom(EventTime t, uint8_t level) const {
  if (calendar_ != nullptr) {
    const TimeRange window = calendar_->WindowOf(t);
    return window.start == t ? t : window.end;
  }
  const EventTime start = FloorTo(t, grids_[level].slide, offset_);
  return start == t ? t : start + grids_[level].slide;
}

EventTime Windows::FirstEndingAfter(EventTime t, uint8_t level) const {
  if (calendar_ != nullptr) return calendar_->WindowOf(t).start;
  const auto& [size, slide] = grids_[level];
  return FloorTo(t - size, slide, offset_) + slide;
}

TimeRange Windows::HullOf(TimeRange time) const {
  TimeRange out = time;
  ForEachOver({time.start, time.start + nanoseconds(1)},
              [&](WindowId window) { out.start = std::min(out.start, window.start); });
  ForEachOver({time.end - nanoseconds(1), time.end},
              [&](WindowId window) { out.end = std::max(out.end, WindowAt(window).end); });
  return out;
}

int64_t Windows::CountOver(TimeRange time) const {
  if (time.empty()) return 0;
  if (calendar_ != nullptr) {
    return (time.end - time.start) / calendar_->shortest() + 1 +
           static_cast<int64_t>(calendar_->changes());
  }
  int64_t out = 0;
  for (uint8_t level = 0; level < levels_; ++level) {
    const auto& [size, slide] = grids_[level];
    out += (time.end - time.start + size) / slide + 1;
  }
  return out;
}

Prefix Windows::PassedBy(EventTime frontier) const {
  Prefix out;
  for (uint8_t level = 0; level < levels_; ++level) {
    out.Set(level, FirstEndingAfter(frontier, level));
  }
  return out;
}

}  // namespace tidemark::view
