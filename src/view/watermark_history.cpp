// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "view/watermark_history_internal.h"

namespace tidemark::view {

void WatermarkHistory::Note(ArrivalTime at, EventTime watermark) {
  if (!steps_.empty()) {
    if (watermark <= steps_.back().watermark) return;
    at = std::max(at, steps_.back().at);  // the clock may step back
    const bool same = at == steps_.back().at;
    if (same || (steps_.size() > 1 && at - steps_[steps_.size() - 2].at < kStepMin)) {
      steps_.pop_back();
    }
  }
  steps_.push_back({at, watermark});
  if (steps_.size() > kStepsMax) Thin();
}

// The one whose going leaves the smallest hole for its age: holes grow with age.
void WatermarkHistory::Thin() {
  const ArrivalTime now = steps_.back().at;
  size_t least = 1;
  double least_hole = std::numeric_limits<double>::infinity();
  for (size_t i = 1; i + 1 < steps_.size(); ++i) {
    const auto hole = static_cast<double>((steps_[i + 1].at - steps_[i - 1].at).count());
    const double relative = hole / static_cast<double>((now - steps_[i].at).count());
    if (relative >= least_hole) continue;
    least = i;
    least_hole = relative;
  }
  exact_from_ms_ = std::max(exact_from_ms_, steps_[least + 1].at.ms);
  steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(least));
}

std::optional<WatermarkHistory::Then> WatermarkHistory::At(ArrivalTime time) const {
  const auto after = std::ranges::upper_bound(steps_, time, {}, &Step::at);
  if (after == steps_.begin()) return std::nullopt;
  return Then{(after - 1)->watermark, time.ms >= exact_from_ms_};
}

void WatermarkHistory::AppendTo(ByteWriter& out) const {
  out.PutVarint(steps_.size());
  out.PutI64(exact_from_ms_);
  Step before{};
  for (const Step& step : steps_) {
    out.PutSigned((step.at - before.at).count());
    out.PutSigned((step.watermark - before.watermark).count());
    before = step;
  }
}

void WatermarkHistory::Read(ByteReader& in) {
  steps_.clear();
  const uint64_t count = in.GetVarint();
  exact_from_ms_ = in.GetI64();
  Step step{};
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    step.at = ArrivalTime{step.at.ms + in.GetSigned()};
    step.watermark = EventTime{step.watermark.ns + in.GetSigned()};
    steps_.push_back(step);
  }
  const bool rises = std::ranges::is_sorted(steps_, {}, &Step::at) &&
                     std::ranges::is_sorted(steps_, {}, &Step::watermark);
  if (!rises || steps_.size() > kStepsMax) in.Fail();
}

}  // namespace tidemark::view
