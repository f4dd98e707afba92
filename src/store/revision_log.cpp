// SPDX-License-Identifier: Apache-2.0
#include "store/revision_log.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

namespace tidemark::store {
namespace {

constexpr size_t kLogBytes = 128;  // of an empty log and its place in the map

}  // namespace

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

size_t RevisionLog::HeapBytes(const Log& log) {
  return log.entries.capacity() * sizeof(Stored) + log.points.capacity() * sizeof(PointKey);
}

void RevisionLog::Add(uint64_t lsn, std::span<const RevisionEntry> entries) {
  const MutexLock lock(mutex_);
  if (lsn != newest_lsn_) next_ordinal_ = 0;
  newest_lsn_ = lsn;
  for (const RevisionEntry& e : entries) {
    const auto [it, made] = logs_.try_emplace(static_cast<uint32_t>(e.series.lo));
    if (made) bytes_ += kLogBytes;
    Log& log = it->second;
    const size_t bytes_before = HeapBytes(log);
    Stored s;
    s.time = e.time;
    s.window_start = e.window_start;
    s.window_end = e.window_end;
    s.old_bits = Pack(e.old_value, log);
    s.new_bits = Pack(e.new_value, log);
    s.old_kind = static_cast<uint8_t>(e.old_value.index());
    s.new_kind = static_cast<uint8_t>(e.new_value.index());
    s.at_ms = e.at.ms;
    s.lsn = lsn;
    s.ordinal = next_ordinal_++;
    s.revision = e.revision;
    s.late_points = static_cast<uint32_t>(
        std::min<uint64_t>(e.late_points, std::numeric_limits<uint32_t>::max()));
    s.has_lateness = e.lateness_max.has_value();
    s.lateness_ns = e.lateness_max.value_or(nanoseconds(0)).count();
    s.record_count = e.record_count.value_or(UINT64_MAX);
    s.partition = e.partition.value_or(SourcePartition{});
    s.frozen = e.frozen;
    s.coarse = e.coarse;
    s.correction = e.correction;
    s.definition = e.definition;
    s.first_point = static_cast<uint32_t>(log.points.size());
    s.points = static_cast<uint8_t>(std::min(e.points.size(), kPointKeysMax));
    log.points.insert(log.points.end(), e.points.begin(), e.points.begin() + s.points);
    const auto at =
        std::upper_bound(log.entries.begin(), log.entries.end(), e.time,
                         [](EventTime t, const Stored& other) { return t < other.time; });
    log.entries.insert(at, s);
    bytes_ += HeapBytes(log) - bytes_before;
  }
}

LoggedRevision RevisionLog::Unpack(uint32_t series, const Stored& stored, const Log& log) {
  LoggedRevision out;
  out.lsn = stored.lsn;
  out.ordinal = stored.ordinal;
  RevisionEntry& e = out.entry;
  e.series = {0, series};
  e.time = stored.time;
  e.window_start = stored.window_start;
  e.window_end = stored.window_end;
  e.revision = stored.revision;
  e.old_value = Unpack(stored.old_kind, stored.old_bits, log);
  e.new_value = Unpack(stored.new_kind, stored.new_bits, log);
  e.late_points = stored.late_points;
  if (stored.has_lateness) e.lateness_max = nanoseconds(stored.lateness_ns);
  if (stored.partition != SourcePartition{}) e.partition = stored.partition;
  if (stored.record_count != UINT64_MAX) e.record_count = stored.record_count;
  e.at = {stored.at_ms};
  e.frozen = stored.frozen;
  e.coarse = stored.coarse;
  e.correction = stored.correction;
  e.definition = stored.definition;
  const auto points = std::span(log.points).subspan(stored.first_point, stored.points);
  e.points.assign(points.begin(), points.end());
  return out;
}

void RevisionLog::Of(SeriesRef series, TimeRange range, std::vector<LoggedRevision>& out) const {
  const MutexLock lock(mutex_);
  const auto it = logs_.find(static_cast<uint32_t>(series.lo));
  if (it == logs_.end()) return;
  const Log& log = it->second;
  auto at = std::lower_bound(log.entries.begin(), log.entries.end(), range.start,
                             [](const Stored& s, EventTime t) { return s.time < t; });
  for (; at != log.entries.end() && at->time < range.end; ++at)
    out.push_back(Unpack(it->first, *at, log));
}

uint64_t RevisionLog::newest_lsn() const {
  const MutexLock lock(mutex_);
  return newest_lsn_;
}

std::vector<LoggedRevision> RevisionLog::UpTo(uint64_t lsn) const {
  std::vector<LoggedRevision> out;
  {
    const MutexLock lock(mutex_);
    for (const auto& [series, log] : logs_) {
      for (const Stored& s : log.entries) {
        if (s.lsn <= lsn) out.push_back(Unpack(series, s, log));
      }
    }
  }
  std::sort(out.begin(), out.end(), [](const LoggedRevision& a, const LoggedRevision& b) {
    return std::tuple(a.entry.series, a.entry.time, a.lsn, a.ordinal) <
           std::tuple(b.entry.series, b.entry.time, b.lsn, b.ordinal);
  });
  return out;
}

void RevisionLog::RemoveUpTo(uint64_t lsn) {
  const MutexLock lock(mutex_);
  for (auto it = logs_.begin(); it != logs_.end();) {
    auto& entries = it->second.entries;
    std::erase_if(entries, [lsn](const Stored& s) { return s.lsn <= lsn; });
    if (!entries.empty()) {
      ++it;
      continue;
    }
    bytes_ -= HeapBytes(it->second) + kLogBytes;
    it = logs_.erase(it);
  }
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
  bytes_ -= HeapBytes(it->second) + kLogBytes;
  logs_.erase(it);
}

void RevisionLog::Forget(uint32_t series) {
  RemoveBefore(series, {std::numeric_limits<int64_t>::max()});
}

}  // namespace tidemark::store
