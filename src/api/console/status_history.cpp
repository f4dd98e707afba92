// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/status_history_internal.h"

namespace tidemark::console {
namespace {

/// A total that fell began anew.
uint64_t Grown(uint64_t now, uint64_t before) { return now >= before ? now - before : now; }

std::optional<EventTime> NewestOf(const std::vector<pipeline::PipelineStatus>& pipelines) {
  std::optional<EventTime> newest;
  for (const auto& pipeline : pipelines) {
    for (const auto& partition : pipeline.partitions) {
      if (!partition.max_event_time) continue;
      if (!newest || *partition.max_event_time > *newest) newest = partition.max_event_time;
    }
  }
  return newest;
}

std::optional<milliseconds> QueryTimeOf(const std::vector<sql::QueryInfo>& queries,
                                        ArrivalTime now) {
  std::vector<milliseconds> took;
  for (const sql::QueryInfo& query : queries) {
    const bool ended = query.state != sql::QueryState::kOpen &&
                       query.state != sql::QueryState::kWaiting &&
                       query.state != sql::QueryState::kRunning;
    const auto elapsed = std::chrono::floor<milliseconds>(query.elapsed);
    if (ended && now - (query.started + elapsed) <= StatusHistory::kPastMax) {
      took.push_back(elapsed);
    }
  }
  if (took.empty()) return std::nullopt;
  const size_t at = (took.size() * 95 + 99) / 100 - 1;
  std::ranges::nth_element(took, took.begin() + static_cast<std::ptrdiff_t>(at));
  return took[at];
}

template <typename Step>
void Push(std::deque<Step>& steps, Step step) {
  const ArrivalTime now = step.at;
  steps.push_back(std::move(step));
  while (steps.size() > StatusHistory::kStepsMax ||
         now - steps.front().at > StatusHistory::kPastMax) {
    steps.pop_front();
  }
}

}  // namespace

bool StatusHistory::Due(ArrivalTime now) const {
  const MutexLock lock(mutex_);
  return !last_ || now < *last_ || now - *last_ >= kStep;
}

void StatusHistory::Sample(ArrivalTime now, const Seen& seen) {
  const MutexLock lock(mutex_);
  if (last_ && now < *last_) {  // the clock was set back: what was kept is of another time
    views_.clear();
    server_.clear();
    last_.reset();
    late_.reset();
  }
  if (last_ && now - *last_ < kStep) return;
  // Steps follow each other without a hole; after a long sleep they begin anew.
  last_ = last_ && now - *last_ < 2 * kStep ? *last_ + kStep : now;

  std::map<std::string, View, std::less<>> views;
  uint64_t late = 0;
  for (const view::ViewStatus& status : seen.views) {
    const Totals totals{.late = status.late_points_total,
                        .frozen = status.frozen_total,
                        .published = status.windows_published,
                        .revisions = status.revisions_total};
    late += totals.late;
    const auto known = views_.find(status.definition.name);
    View& view = views[status.definition.name];
    const bool first = known == views_.end();
    if (!first) view = std::move(known->second);
    const Totals before = first ? totals : view.last;
    view.last = totals;
    Push(view.steps, ViewStep{.at = now,
                              .watermark = status.watermark,
                              .late = Grown(totals.late, before.late),
                              .frozen = Grown(totals.frozen, before.frozen),
                              .published = Grown(totals.published, before.published),
                              .revisions = Grown(totals.revisions, before.revisions)});
  }
  views_ = std::move(views);
  Push(server_, ServerStep{.at = now,
                           .newest = NewestOf(seen.pipelines),
                           .late = Grown(late, late_.value_or(late)),
                           .query_time = QueryTimeOf(seen.queries, now)});
  late_ = late;
}

std::vector<StatusHistory::ViewStep> StatusHistory::OfView(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = views_.find(name);
  if (found == views_.end()) return {};
  return {found->second.steps.begin(), found->second.steps.end()};
}

std::vector<StatusHistory::ServerStep> StatusHistory::OfServer() const {
  const MutexLock lock(mutex_);
  return {server_.begin(), server_.end()};
}

}  // namespace tidemark::console
