// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "api/console/stream_meter_internal.h"

namespace tidemark::console {
namespace {

constexpr size_t kTipSamplesMax = 11;  // as the rates of streams: about ten seconds
constexpr size_t kStepsPerMinute = 6;
constexpr nanoseconds kTipAgeMin = milliseconds(500);

}  // namespace

StreamMeter::Totals StreamMeter::TotalsOf(std::string_view stream) const {
  const MetricLabels labels{{"stream", std::string(stream)}};
  return {
      metrics_.GetCounter("tidemark_log_records_total", "Records made durable.", labels).value(),
      metrics_
          .GetCounter("tidemark_log_refused_appends_total",
                      "Appends refused because too much waited for the disk.", labels)
          .value()};
}

void StreamMeter::Sample(MonotonicTime now) {
  const auto streams = log_.List();
  std::map<StreamId, Totals> totals;
  for (const auto& stream : streams) totals[stream->id()] = TotalsOf(stream->name());
  const MutexLock lock(mutex_);
  std::map<StreamId, Tips> tips;
  for (const auto& stream : streams) {
    const uint64_t records = totals[stream->id()].records;
    Tips& entry = tips[stream->id()];
    if (!tips_.empty()) {
      const auto before = tips_.back().second.find(stream->id());
      if (before != tips_.back().second.end() && before->second.records == records) {
        entry = before->second;
        continue;
      }
    }
    entry = {records, std::make_shared<const std::vector<log::RecordOffset>>(stream->Tips())};
  }
  if (tips_.empty() || now - tips_.back().first >= kTipAgeMin) {
    tips_.emplace_back(now, std::move(tips));
    if (tips_.size() > kTipSamplesMax) tips_.pop_front();
  }

  const bool first = step_begun_ == MonotonicTime{};
  if (!first && now - step_begun_ < kStep) return;
  // Steps are counted, not timed: a late sample does not shift those that follow. What came in one
  // that is longer, as after a pause of the process, counts as spread over it.
  const auto passed = first ? size_t{1} : static_cast<size_t>((now - step_begun_) / kStep);
  step_begun_ = first ? now : step_begun_ + passed * kStep;
  std::erase_if(steps_, [&](const auto& entry) { return !totals.contains(entry.first); });
  for (const auto& [id, now_total] : totals) PushSteps(steps_[id], now_total, passed);
}

void StreamMeter::PushSteps(std::deque<Totals>& steps, const Totals& total, size_t passed) {
  const Totals before = steps.empty() ? total : steps.back();
  const uint64_t came = total.records - std::min(before.records, total.records);
  const size_t pushed = steps.empty() ? 1 : std::min(passed, kStepsMax + 1);
  for (size_t left = pushed; left-- > 0;) {
    steps.push_back({total.records - came / passed * left, total.refused});
    if (steps.size() > kStepsMax + 1) steps.pop_front();
  }
}

std::vector<double> StreamMeter::History(StreamId stream) const {
  std::vector<double> out;
  const MutexLock lock(mutex_);
  const auto found = steps_.find(stream);
  if (found == steps_.end()) return out;
  const std::deque<Totals>& steps = found->second;
  constexpr double kSeconds = std::chrono::duration<double>(kStep).count();
  for (size_t i = 1; i < steps.size(); ++i) {
    const uint64_t before = steps[i - 1].records;
    out.push_back(static_cast<double>(steps[i].records - std::min(before, steps[i].records)) /
                  kSeconds);
  }
  return out;
}

StreamMeter::Throttled StreamMeter::ThrottledOf(const log::Stream& stream) const {
  Throttled out;
  out.total = TotalsOf(stream.name()).refused;
  const MutexLock lock(mutex_);
  const auto found = steps_.find(stream.id());
  if (found == steps_.end() || found->second.empty()) return out;
  const std::deque<Totals>& steps = found->second;
  const Totals& before = steps[steps.size() - std::min(steps.size(), kStepsPerMinute)];
  out.per_minute = static_cast<double>(out.total - std::min(out.total, before.refused));
  return out;
}

std::vector<double> StreamMeter::ShardRates(const log::Stream& stream, MonotonicTime now) const {
  const auto tips = stream.Tips();
  std::vector<double> out(tips.size(), 0);
  const MutexLock lock(mutex_);
  for (const auto& [at, sample] : tips_) {
    const auto found = sample.find(stream.id());
    if (found == sample.end() || found->second.tips->size() != tips.size()) continue;
    const double passed = std::chrono::duration<double>(now - at).count();
    if (passed < 0.5) break;
    for (size_t slot = 0; slot < tips.size(); ++slot) {
      out[slot] =
          static_cast<double>(tips[slot].value - (*found->second.tips)[slot].value) / passed;
    }
    break;
  }
  return out;
}

}  // namespace tidemark::console
