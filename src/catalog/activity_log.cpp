// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/numbers.h"
#include "catalog/activity_log_internal.h"

namespace tidemark::catalog {
namespace {

constexpr std::string_view kPrefix = "activity/";
constexpr size_t kMergeLookBack = 8;  // entries: people change a few things at a time

std::string KeyOf(uint64_t number) { return std::string(kPrefix) + std::to_string(number); }

bool IsSameThing(const Activity& a, const Activity& b) {
  return a.kind == b.kind && a.name == b.name && a.action == b.action;
}

/// Whether the second of two such entries says nothing new.
bool Merges(const Activity& entry) { return entry.action == "changed" || entry.kind == "server"; }

}  // namespace

bool ActivityLog::Load(std::string_view key, std::string_view value) {
  if (!key.starts_with(kPrefix)) return false;
  const auto number = ParseInt64(key.substr(kPrefix.size()));
  auto entry = DecodeActivity(value);
  // One that makes no sense is of a newer server, and no reason to refuse the file.
  if (number && *number > 0 && entry.ok()) {
    entry->number = static_cast<uint64_t>(*number);
    entries_.push_back(std::move(entry).value());
  }
  return true;
}

void ActivityLog::Sort() { std::ranges::sort(entries_, {}, &Activity::number); }

ActivityLog::Pending ActivityLog::Prepare(Activity entry) const {
  Pending out;
  entry.number = newest() + 1;
  const size_t first = entries_.size() - std::min(entries_.size(), kMergeLookBack);
  for (size_t i = first; i < entries_.size() && Merges(entry); ++i) {
    const Activity& known = entries_[i];
    if (IsSameThing(known, entry) && known.detail == entry.detail &&
        entry.at - known.at <= kActivityMergeMax) {
      out.gone.push_back(known.number);
    }
  }
  const size_t kept = entries_.size() - out.gone.size() + 1;
  for (size_t i = 0; i + kActivitiesMax < kept; ++i) out.gone.push_back(entries_[i].number);
  for (const uint64_t number : out.gone) out.rows.push_back({KeyOf(number), std::nullopt});
  out.rows.push_back({KeyOf(entry.number), EncodeActivity(entry)});
  out.entry = std::move(entry);
  return out;
}

void ActivityLog::Add(Pending pending) {
  std::erase_if(entries_, [&](const Activity& entry) {
    return std::ranges::find(pending.gone, entry.number) != pending.gone.end();
  });
  entries_.push_back(std::move(pending.entry));
}

std::vector<Activity> ActivityLog::List(uint64_t after, size_t limit) const {
  std::vector<Activity> out;
  for (auto it = entries_.rbegin(); it != entries_.rend() && it->number > after; ++it) {
    if (out.size() == limit) break;
    out.push_back(*it);
  }
  return out;
}

}  // namespace tidemark::catalog
