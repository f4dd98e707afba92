// SPDX-License-Identifier: Apache-2.0
#include "store/revision_log.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace tidemark::store {

uint64_t RevisionLog::Pack(const Scalar& scalar, Log& log) {
  if (const double* d = std::get_if<double>(&scalar)) return std::bit_cast<uint64_t>(*d);
  if (const int64_t* i = std::get_if<int64_t>(&scalar)) return static_cast<uint64_t>(*i);
  if (const bool* b = std::get_if<bool>(&scalar)) return *b ? 1 : 0;
  if (const EventTime* t = std::get_if<EventTime>(&scalar)) return static_cast<uint64_t>(t->ns);
  if (const std::string* t = std::get_if<std::string>(&scalar)) {
    log.texts.push_back(*t);
    return log.texts.size() - 1;
  }
  return 0;
}

Scalar RevisionLog::Unpack(uint8_t kind, uint64_t bits, const Log& log) {
  switch (kind) {
    case 1:
      return std::bit_cast<double>(bits);
    case 2:
      return static_cast<int64_t>(bits);
    case 3:
      return log.texts[bits];
    case 4:
      return bits != 0;
    case 5:
      return EventTime{static_cast<int64_t>(bits)};
    default:
      return std::monostate{};
  }
}

void RevisionLog::Add(std::span<const RevisionEntry> entries) {
  const MutexLock lock(mutex_);
  for (const RevisionEntry& e : entries) {
    Log& log = logs_[static_cast<uint32_t>(e.series.lo)];
    const size_t capacity_before = log.entries.capacity();
    Stored s;
    s.time = e.time;
    s.window_start = e.window_start;
    s.window_end = e.window_end;
    s.old_bits = Pack(e.old_value, log);
    s.new_bits = Pack(e.new_value, log);
    s.old_kind = static_cast<uint8_t>(e.old_value.index());
    s.new_kind = static_cast<uint8_t>(e.new_value.index());
    s.at_ms = e.at.ms;
    s.revision = e.revision;
    s.late_points = static_cast<uint32_t>(
        std::min<uint64_t>(e.late_points, std::numeric_limits<uint32_t>::max()));
    s.frozen = e.frozen;
    const auto at =
        std::upper_bound(log.entries.begin(), log.entries.end(), e.time,
                         [](EventTime t, const Stored& other) { return t < other.time; });
    log.entries.insert(at, s);
    bytes_ += (log.entries.capacity() - capacity_before) * sizeof(Stored) +
              (capacity_before == 0 ? 128 : 0);
  }
}

std::map<EventTime, std::vector<RevisionEntry>> RevisionLog::Of(SeriesRef series,
                                                                TimeRange range) const {
  const MutexLock lock(mutex_);
  std::map<EventTime, std::vector<RevisionEntry>> out;
  const auto it = logs_.find(static_cast<uint32_t>(series.lo));
  if (it == logs_.end()) return out;
  const Log& log = it->second;
  auto at = std::lower_bound(log.entries.begin(), log.entries.end(), range.start,
                             [](const Stored& s, EventTime t) { return s.time < t; });
  for (; at != log.entries.end() && at->time < range.end; ++at) {
    RevisionEntry e;
    e.series = series;
    e.time = at->time;
    e.window_start = at->window_start;
    e.window_end = at->window_end;
    e.revision = at->revision;
    e.old_value = Unpack(at->old_kind, at->old_bits, log);
    e.new_value = Unpack(at->new_kind, at->new_bits, log);
    e.late_points = at->late_points;
    e.at = {at->at_ms};
    e.frozen = at->frozen;
    out[at->time].push_back(std::move(e));
  }
  return out;
}

void RevisionLog::RemoveBefore(uint32_t series, EventTime floor) {
  const MutexLock lock(mutex_);
  const auto it = logs_.find(series);
  if (it == logs_.end()) return;
  auto& entries = it->second.entries;
  const auto end = std::lower_bound(entries.begin(), entries.end(), floor,
                                    [](const Stored& s, EventTime t) { return s.time < t; });
  entries.erase(entries.begin(), end);
  if (!entries.empty()) return;
  bytes_ -= entries.capacity() * sizeof(Stored) + 128;
  logs_.erase(it);
}

void RevisionLog::Forget(uint32_t series) {
  RemoveBefore(series, {std::numeric_limits<int64_t>::max()});
}

}  // namespace tidemark::store
