// SPDX-License-Identifier: Apache-2.0
#include "store/revision_log.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

namespace tidemark::store {
namespace {

constexpr size_t kLogBytes = 128;  // of an empty log and its place in the map
constexpr uint8_t kText = 3;       // Scalar::index()

}  // namespace

uint64_t RevisionPack::Pack(const Scalar& scalar) {
  if (const double* d = std::get_if<double>(&scalar)) return std::bit_cast<uint64_t>(*d);
  if (const int64_t* i = std::get_if<int64_t>(&scalar)) return static_cast<uint64_t>(*i);
  if (const bool* b = std::get_if<bool>(&scalar)) return *b ? 1 : 0;
  if (const EventTime* t = std::get_if<EventTime>(&scalar)) return static_cast<uint64_t>(t->ns);
  if (const std::string* t = std::get_if<std::string>(&scalar)) {
    texts_.push_back(*t);
    return texts_.size() - 1;
  }
  return 0;
}

Scalar RevisionPack::Unpack(uint8_t kind, uint64_t bits) const {
  switch (kind) {
    case 1:
      return std::bit_cast<double>(bits);
    case 2:
      return static_cast<int64_t>(bits);
    case kText:
      return texts_[bits];
    case 4:
      return bits != 0;
    case 5:
      return EventTime{static_cast<int64_t>(bits)};
    default:
      return std::monostate{};
  }
}

void RevisionPack::Add(const RevisionEntry& e) {
  Stored& s = entries_.emplace_back();
  s.series = static_cast<uint32_t>(e.series.lo);
  s.time = e.time;
  s.window_start = e.window_start;
  s.window_end = e.window_end;
  s.old_bits = Pack(e.old_value);
  s.new_bits = Pack(e.new_value);
  s.old_kind = static_cast<uint8_t>(e.old_value.index());
  s.new_kind = static_cast<uint8_t>(e.new_value.index());
  s.at_ms = e.at.ms;
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
  s.first_point = static_cast<uint32_t>(points_.size());
  s.points = static_cast<uint8_t>(std::min(e.points.size(), kPointKeysMax));
  points_.insert(points_.end(), e.points.begin(), e.points.begin() + s.points);
}

RevisionEntry RevisionPack::At(size_t entry) const {
  const Stored& s = entries_[entry];
  RevisionEntry e;
  e.series = {0, s.series};
  e.time = s.time;
  e.window_start = s.window_start;
  e.window_end = s.window_end;
  e.revision = s.revision;
  e.old_value = Unpack(s.old_kind, s.old_bits);
  e.new_value = Unpack(s.new_kind, s.new_bits);
  e.late_points = s.late_points;
  if (s.has_lateness) e.lateness_max = nanoseconds(s.lateness_ns);
  if (s.partition != SourcePartition{}) e.partition = s.partition;
  if (s.record_count != UINT64_MAX) e.record_count = s.record_count;
  e.at = {s.at_ms};
  e.frozen = s.frozen;
  e.coarse = s.coarse;
  e.correction = s.correction;
  e.definition = s.definition;
  const auto points = std::span(points_).subspan(s.first_point, s.points);
  e.points.assign(points.begin(), points.end());
  return e;
}

void RevisionPack::Take(const RevisionPack& from, Stored& of) {
  for (const auto& [kind, bits] :
       {std::pair(of.old_kind, &of.old_bits), std::pair(of.new_kind, &of.new_bits)}) {
    if (kind != kText) continue;
    texts_.push_back(from.texts_[*bits]);
    *bits = texts_.size() - 1;
  }
  if (of.points == 0) return;
  const auto points = std::span(from.points_).subspan(of.first_point, of.points);
  of.first_point = static_cast<uint32_t>(points_.size());
  points_.insert(points_.end(), points.begin(), points.end());
}

void RevisionLog::Add(uint64_t lsn, const RevisionPack& entries) {
  const MutexLock lock(mutex_);
  if (lsn != newest_lsn_) next_ordinal_ = 0;
  newest_lsn_ = lsn;
  for (RevisionPack::Stored s : entries.entries_) {
    const auto [it, made] = logs_.try_emplace(s.series);
    if (made) bytes_ += kLogBytes;
    RevisionPack& log = it->second;
    const size_t bytes_before = log.heap_bytes();
    log.Take(entries, s);
    s.lsn = lsn;
    s.ordinal = next_ordinal_++;
    const auto at = std::upper_bound(
        log.entries_.begin(), log.entries_.end(), s.time,
        [](EventTime t, const RevisionPack::Stored& other) { return t < other.time; });
    log.entries_.insert(at, s);
    bytes_ += log.heap_bytes() - bytes_before;
  }
}

LoggedRevision RevisionLog::Logged(const RevisionPack& log, size_t entry) {
  const RevisionPack::Stored& stored = log.entries_[entry];
  return {.lsn = stored.lsn, .ordinal = stored.ordinal, .entry = log.At(entry)};
}

void RevisionLog::Of(SeriesRef series, TimeRange range, std::vector<LoggedRevision>& out) const {
  const MutexLock lock(mutex_);
  const auto it = logs_.find(static_cast<uint32_t>(series.lo));
  if (it == logs_.end()) return;
  const RevisionPack& log = it->second;
  const auto& entries = log.entries_;
  const auto from =
      std::lower_bound(entries.begin(), entries.end(), range.start,
                       [](const RevisionPack::Stored& s, EventTime t) { return s.time < t; });
  for (auto at = static_cast<size_t>(from - entries.begin());
       at < entries.size() && entries[at].time < range.end; ++at) {
    out.push_back(Logged(log, at));
  }
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
      for (size_t at = 0; at < log.size(); ++at) {
        if (log.entries_[at].lsn <= lsn) out.push_back(Logged(log, at));
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
    auto& entries = it->second.entries_;
    std::erase_if(entries, [lsn](const RevisionPack::Stored& s) { return s.lsn <= lsn; });
    if (!entries.empty()) {
      ++it;
      continue;
    }
    bytes_ -= it->second.heap_bytes() + kLogBytes;
    it = logs_.erase(it);
  }
}

void RevisionLog::RemoveBefore(uint32_t series, EventTime floor) {
  const MutexLock lock(mutex_);
  const auto it = logs_.find(series);
  if (it == logs_.end()) return;
  auto& entries = it->second.entries_;
  const auto end =
      std::lower_bound(entries.begin(), entries.end(), floor,
                       [](const RevisionPack::Stored& s, EventTime t) { return s.time < t; });
  entries.erase(entries.begin(), end);
  if (!entries.empty()) return;
  bytes_ -= it->second.heap_bytes() + kLogBytes;
  logs_.erase(it);
}

void RevisionLog::Forget(uint32_t series) {
  RemoveBefore(series, {std::numeric_limits<int64_t>::max()});
}

}  // namespace tidemark::store
