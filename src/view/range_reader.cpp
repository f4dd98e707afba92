// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "view/catch_up_internal.h"
#include "view/range_reader_internal.h"

namespace tidemark::view {
namespace {

constexpr nanoseconds kTick{1};
/// A scan of many series reads at most so many times what the widest of them needs.
constexpr int64_t kHullFactor = 4;
constexpr nanoseconds kStepMax = hours(24 * 365 * 8);  // no sum of times overflows

TimeRange Intersect(TimeRange a, TimeRange b) {
  return {std::max(a.start, b.start), std::min(a.end, b.end)};
}

/// Exactly: a long double holds each BIGINT and each DOUBLE.
template <typename T>
bool Inside(const store::ValueRange& range, T value) {
  const auto wide = static_cast<long double>(value);
  return wide >= static_cast<long double>(range.min) && wide <= static_cast<long double>(range.max);
}

size_t CountBefore(const std::vector<EventTime>& times, EventTime t) {
  return static_cast<size_t>(std::ranges::lower_bound(times, t) - times.begin());
}

}  // namespace

RangeReader::RangeReader(store::Store& store, const ViewDefinition& definition, SeriesBook& book,
                         const RangeKind& kind)
    : store_(store),
      definition_(definition),
      book_(book),
      kind_(kind),
      values_(definition.values()) {}

TimeRange RangeReader::Bounds(const RangeRun& run) const {
  const TimeRange all{kEventTimeMin, kEventTimeMax};
  return kind_.sessions() ? Intersect(all, kind_.CellOf(run.changed.start)) : all;
}

TimeRange RangeReader::Wanted(const RangeRun& run) const {
  // Sessions join strictly below the gap, samples up to it.
  const nanoseconds near = kind_.sessions() ? kind_.gap() - kTick : kind_.gap();
  return Intersect({run.changed.start - near, run.changed.end + near}, Bounds(run));
}

// Follows the chain of points from the change outwards.
RangeReader::Missing RangeReader::MissingOf(const RangeRun& run) const {
  Missing out;
  if (!kind_.sessions() && kind_.fill() != Fill::kSpline) return out;
  const nanoseconds near = kind_.sessions() ? kind_.gap() - kTick : kind_.gap();
  const size_t enough = kind_.sessions() ? SIZE_MAX : 2 * kSplineNeighbours + 1;
  const TimeRange bounds = Bounds(run);
  const auto& times = run.times;
  const size_t first = CountBefore(times, run.changed.start);
  size_t i = first;
  EventTime at = run.changed.start;
  while (i > 0 && first - i < enough && at - times[i - 1] <= near) at = times[--i];
  out.before = i == 0 && first > 0 && first < enough && at - near < run.loaded.start &&
               bounds.start < run.loaded.start;
  const size_t last = CountBefore(times, run.changed.end);
  size_t j = last;
  at = run.changed.end - kTick;
  while (j < times.size() && j - last < enough && times[j] - at <= near) at = times[j++];
  out.after = j == times.size() && j - last < enough && j > last && run.loaded.end <= at + near &&
              run.loaded.end < bounds.end;
  return out;
}

Result<void> RangeReader::Load(const store::Positions& at_least, std::vector<RangeRun>& runs) {
  std::vector<Job> jobs;
  jobs.reserve(runs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].loaded = Wanted(runs[i]);
    jobs.push_back({i, runs[i].loaded});
  }
  std::ranges::sort(jobs, {}, [](const Job& job) { return job.time.start; });
  for (size_t i = 0; i < jobs.size();) {
    TimeRange hull = jobs[i].time;
    nanoseconds widest = hull.end - hull.start;
    size_t end = i + 1;
    for (; end < jobs.size() && jobs[end].time.start <= hull.end; ++end) {
      const TimeRange& next = jobs[end].time;
      const nanoseconds wider = std::max(widest, next.end - next.start);
      if (std::max(hull.end, next.end) - hull.start > kHullFactor * wider) break;
      widest = wider;
      hull.end = std::max(hull.end, next.end);
    }
    TM_RETURN_IF_ERROR(Scan(at_least, hull, std::span(jobs).subspan(i, end - i), runs));
    i = end;
  }
  for (RangeRun& run : runs) {
    Order(run);
    TM_RETURN_IF_ERROR(Extend(at_least, run));
  }
  return {};
}

Result<void> RangeReader::Extend(const store::Positions& at_least, RangeRun& run) {
  for (nanoseconds step = 4 * kind_.gap();; step = std::min(2 * step, kStepMax)) {
    const Missing missing = MissingOf(run);
    if (!missing.before && !missing.after) return {};
    const TimeRange bounds = Bounds(run);
    std::vector<Job> jobs;
    const TimeRange loaded = run.loaded;
    if (missing.before) {
      const EventTime from = std::max(bounds.start, loaded.start - step);
      jobs.push_back({0, {from, loaded.start}});
      run.loaded.start = from;
    }
    if (missing.after) {
      const EventTime until = std::min(bounds.end, loaded.end + step);
      jobs.push_back({0, {loaded.end, until}});
      run.loaded.end = until;
    }
    std::vector<RangeRun> one(1);
    one[0] = std::move(run);
    for (const Job& job : jobs) {
      TM_RETURN_IF_ERROR(Scan(at_least, job.time, std::span(&job, 1), one));
    }
    run = std::move(one[0]);
    Order(run);
  }
}

Result<void> RangeReader::Scan(const store::Positions& at_least, TimeRange time,
                               std::span<const Job> jobs, std::vector<RangeRun>& runs) {
  if (time.empty()) return {};
  std::unordered_map<SeriesIndex, std::vector<const Job*>> by_series;
  store::ScanRequest scan;
  scan.selection = SourceSelection(definition_, time);
  scan.selection.series.emplace();
  scan.at_least = at_least;
  for (const Job& job : jobs) {
    auto& wanting = by_series[runs[job.run].series];
    wanting.push_back(&job);
    if (wanting.size() > 1) continue;
    for (const SeriesIndex member : book_.RowMembers(runs[job.run].series)) {
      scan.selection.series->push_back(book_.source(member));
    }
  }
  TM_ASSIGN_OR_RETURN(const auto cursor, store_.Scan(scan));
  store::SliceBuffer buffer;
  store::Slice slice;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer, slice));
    if (!more) return {};
    points_read_ += slice.times.size();
    const SeriesIndex series = book_.first(book_.group(book_.Find(slice.series->ref)));
    for (const Job* job : by_series[series]) Take(slice, job->time, runs[job->run]);
  }
}

void RangeReader::Take(const store::Slice& slice, TimeRange time, RangeRun& run) const {
  const auto begin = std::ranges::lower_bound(slice.times, time.start) - slice.times.begin();
  const auto end = std::ranges::lower_bound(slice.times, time.end) - slice.times.begin();
  const auto append = [&](const auto& values, auto& out) {
    for (auto i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      if (values_ && !Inside(*values_, values[at])) continue;
      run.times.push_back(slice.times[at]);
      if (!kind_.sessions()) out.push_back(values[at]);
    }
  };
  const store::ColumnView& column = slice.columns[0];
  if (column.type == store::ValueType::kDouble) {
    append(column.doubles, run.doubles);
  } else if (column.type == store::ValueType::kBigint) {
    append(column.bigints, run.bigints);
  } else {
    run.times.insert(run.times.end(), slice.times.begin() + begin, slice.times.begin() + end);
  }
}

/// What scans before and after others brought goes to its place.
void RangeReader::Order(RangeRun& run) const {
  if (std::ranges::adjacent_find(run.times, std::ranges::greater_equal()) == run.times.end()) {
    return;
  }
  if (kind_.sessions()) {
    std::ranges::sort(run.times);
    const auto repeated = std::ranges::unique(run.times);
    run.times.erase(repeated.begin(), repeated.end());
    return;
  }
  std::vector<size_t> order(run.times.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&run](size_t i) { return run.times[i]; });
  const auto pick = [&order](auto& values) {
    if (values.empty()) return;
    std::remove_reference_t<decltype(values)> sorted;
    sorted.reserve(order.size());
    for (const size_t i : order) sorted.push_back(values[i]);
    values = std::move(sorted);
  };
  pick(run.times);
  pick(run.doubles);
  pick(run.bigints);
}

}  // namespace tidemark::view
