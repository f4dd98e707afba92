// SPDX-License-Identifier: Apache-2.0
#include "store/version.h"

#include <algorithm>

#include "base/time.h"

namespace tidemark::store {

TimeRange RangeOf(int64_t min_time, int64_t max_time) {
  return {{min_time}, {max_time == INT64_MAX ? max_time : max_time + 1}};
}

std::string DamageText(const DamagedBlock& damaged, TableId table) {
  std::string text = damaged.revisions ? "revision file " + RevisionFileName(damaged.meta.file_no)
                                       : "block file " + BlockFileName(damaged.meta.file_no);
  text += " (table " + std::to_string(table.value);
  for (const TableShare& share : damaged.meta.tables) {
    if (share.table != table) continue;
    text +=
        ", " + FormatSqlTimestamp({share.min_time}) + " to " + FormatSqlTimestamp({share.max_time});
  }
  return text + ") is damaged: " + damaged.reason;
}

void Version::Index() {
  by_table.clear();
  for (const auto& [number, file] : files) {
    for (const TableShare& share : file->meta().tables) {
      by_table[share.table].push_back({file, share.min_time, share.max_time});
    }
  }
  for (auto& [table, list] : by_table) {
    std::sort(list.begin(), list.end(), [](const TableFile& a, const TableFile& b) {
      return std::pair(a.min_time, a.file->meta().file_no) <
             std::pair(b.min_time, b.file->meta().file_no);
    });
  }
}

std::vector<DamagedRange> Version::DamagedOf(TableId table, TimeRange range) const {
  std::vector<DamagedRange> out;
  for (const auto& [number, entry] : damaged) {
    if (entry.damaged.revisions) continue;
    for (const TableShare& share : entry.damaged.meta.tables) {
      const TimeRange lost = RangeOf(share.min_time, share.max_time);
      if (share.table != table || lost.start >= range.end || range.start >= lost.end) continue;
      out.push_back({BlockFileName(number), lost, entry.damaged.accepted});
    }
  }
  return out;
}

namespace {

enum class Kind : uint8_t { kPoints, kRevisions };

Result<void> CheckDamage(const Version& version, Kind kind, TableId table, uint32_t series,
                         TimeRange range) {
  for (const auto& [number, entry] : version.damaged) {
    if (entry.damaged.accepted || entry.damaged.revisions != (kind == Kind::kRevisions) ||
        !entry.MayHold(series))
      continue;
    for (const TableShare& share : entry.damaged.meta.tables) {
      const TimeRange lost = RangeOf(share.min_time, share.max_time);
      if (share.table != table || lost.start >= range.end || range.start >= lost.end) continue;
      return Error{
          Code::kCorruption,
          DamageText(entry.damaged, table) +
              ". Restore it from a backup, or go on without it: tidemark store "
              "accept-gap " +
              (kind == Kind::kRevisions ? RevisionFileName(number) : BlockFileName(number))};
    }
  }
  return {};
}

}  // namespace

Result<void> Version::CheckReadable(TableId table, uint32_t series, TimeRange range) const {
  return CheckDamage(*this, Kind::kPoints, table, series, range);
}

Result<void> Version::CheckRevisions(TableId table, uint32_t series, TimeRange range) const {
  return CheckDamage(*this, Kind::kRevisions, table, series, range);
}

}  // namespace tidemark::store
