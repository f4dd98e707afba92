// SPDX-License-Identifier: Apache-2.0
#include "api/console/rejections.h"

#include <algorithm>

namespace tidemark::console {
namespace {

std::string Cut(std::string_view text) {
  size_t end = std::min(text.size(), Rejections::kTextBytesMax);
  // Not within a character of UTF-8.
  while (end > 0 && end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

std::string_view SourceOf(const store::RejectedPoint& point) {
  if (!point.time_check) return "";
  switch (*point.time_check) {
    case store::WriteBatch::TimeCheck::kApi:
      return "api";
    case store::WriteBatch::TimeCheck::kRetentionOnly:
      return "pipeline";
    case store::WriteBatch::TimeCheck::kNone:
      return "view";
  }
  TM_UNREACHABLE();
}

RejectionSample SampleOf(const store::RejectedPoint& point, ArrivalTime now) {
  RejectionSample out{.at = now,
                      .source = SourceOf(point),
                      .series = point.series,
                      .time = point.time,
                      .version = point.version,
                      .existing_version = point.existing_version};
  if (point.key != nullptr) {
    out.measure = Cut(point.key->measure);
    for (const store::DimensionView& dimension : point.key->dimensions) {
      if (out.dimensions.size() == 128) break;  // timestream-api.md 4.9
      out.dimensions.emplace_back(Cut(dimension.name), Cut(dimension.value));
    }
  }
  return out;
}

}  // namespace

void Rejections::OnRejected(std::span<const store::RejectedPoint> points) {
  const ArrivalTime now = clock_.Now();
  const MutexLock lock(mutex_);
  for (const store::RejectedPoint& point : points) {
    if (!tables_.contains(point.table) && tables_.size() >= kTablesMax) {
      tables_.erase(std::ranges::min_element(tables_, {},
                                             [](const auto& entry) { return entry.second.used; }));
    }
    Table& table = tables_[point.table];
    table.used = ++used_;
    RejectionGroup& group = table.groups[point.reason];
    if (group.count == 0) {
      group.reason = point.reason;
      group.first = now;
    }
    ++group.count;
    group.last = now;
    group.text = Cut(point.text);
    group.samples.push_front(SampleOf(point, now));
    if (group.samples.size() > kSamplesMax) group.samples.pop_back();
  }
}

std::vector<RejectionGroup> Rejections::Of(TableId table) const {
  std::vector<RejectionGroup> out;
  const MutexLock lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return out;
  for (const auto& [reason, group] : found->second.groups) out.push_back(group);
  std::ranges::sort(out, [](const RejectionGroup& a, const RejectionGroup& b) {
    return std::pair(b.last, b.reason) < std::pair(a.last, a.reason);
  });
  return out;
}

}  // namespace tidemark::console
