// SPDX-License-Identifier: Apache-2.0
#include "store/revision_merge.h"

#include <algorithm>
#include <tuple>

namespace tidemark::store {
namespace {

auto OrderOf(const LoggedRevision& r) {
  return std::tuple(r.entry.series, r.entry.time, r.lsn, r.ordinal);
}

struct Cursor {
  const RevisionFile* file = nullptr;
  size_t page = 0;
  size_t at = 0;
  std::vector<LoggedRevision> entries;

  Result<bool> Fill() {
    while (at == entries.size()) {
      if (page == file->pages()) return false;
      entries.clear();
      TM_RETURN_IF_ERROR(file->Page(page++, entries));
      at = 0;
    }
    return true;
  }
};

}  // namespace

void TrimWindow(std::vector<LoggedRevision>& window, ArrivalTime now, hours retention) {
  if (window.size() <= 2) return;
  const int64_t oldest_ms =
      now.ms - std::chrono::duration_cast<std::chrono::milliseconds>(retention).count();
  const bool any_old = std::any_of(window.begin() + 1, window.end() - 1,
                                   [&](const auto& r) { return r.entry.at.ms < oldest_ms; });
  if (!any_old && window.size() <= kRevisionsPerWindowMax) return;
  std::vector<LoggedRevision> kept;
  kept.push_back(window.front());
  for (size_t i = 1; i + 1 < window.size(); ++i) {
    if (window[i].entry.at.ms >= oldest_ms) kept.push_back(std::move(window[i]));
  }
  kept.push_back(std::move(window.back()));
  if (kept.size() > kRevisionsPerWindowMax) {
    kept.erase(kept.begin() + 1,
               kept.end() - static_cast<std::ptrdiff_t>(kRevisionsPerWindowMax - 1));
  }
  window.swap(kept);
}

Result<void> MergeRevisionFiles(std::span<const std::shared_ptr<RevisionFile>> inputs,
                                const RevisionMergeOptions& options, RevisionFileWriter& out) {
  std::vector<Cursor> cursors;
  for (const auto& file : inputs) cursors.push_back({file.get(), 0, 0, {}});
  std::vector<LoggedRevision> window;
  const auto flush = [&]() -> Result<void> {
    if (window.empty()) return {};
    const auto series = static_cast<uint32_t>(window.front().entry.series.lo);
    const auto table = options.table_of(series);
    if (table) {
      const auto floor = options.floors.find(*table);
      const bool gone =
          floor != options.floors.end() && window.front().entry.time.ns < floor->second;
      if (!gone) {
        TrimWindow(window, options.now, options.retention);
        for (const LoggedRevision& r : window) TM_RETURN_IF_ERROR(out.Add(*table, r));
      }
    }
    window.clear();
    return {};
  };
  while (true) {
    Cursor* next = nullptr;
    for (Cursor& cursor : cursors) {
      TM_ASSIGN_OR_RETURN(const bool more, cursor.Fill());
      if (!more) continue;
      if (next == nullptr || OrderOf(cursor.entries[cursor.at]) < OrderOf(next->entries[next->at]))
        next = &cursor;
    }
    if (next == nullptr) break;
    LoggedRevision& r = next->entries[next->at++];
    if (!window.empty()) {
      const RevisionEntry& last = window.back().entry;
      if (last.series != r.entry.series || last.time != r.entry.time) {
        TM_RETURN_IF_ERROR(flush());
      } else if (OrderOf(window.back()) == OrderOf(r)) {
        continue;
      }
    }
    window.push_back(std::move(r));
  }
  return flush();
}

}  // namespace tidemark::store
