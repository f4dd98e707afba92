// SPDX-License-Identifier: Apache-2.0
// What a table holds and would take (web/API.md section 10). Not from a network thread.
//
// Bounds: series are counted and their values collected for tables of at most kSeriesRead series;
// of larger ones the answer says that it does not know.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/reply_internal.h"
#include "api/console/service.h"
#include "base/result.h"

namespace tidemark::console {

inline constexpr uint64_t kSeriesRead = 200'000;

/// A part of time and what a write into it does.
struct StorageZone {
  std::string_view zone;  // "expired", "magnetic", "memory", "future"
  std::optional<EventTime> from;
  std::optional<EventTime> to;  // exclusive
  bool accepted = false;
  std::string write;
};
/// They follow each other without a hole, from the first time to the last; what they say is what
/// WriteRecords does at `now`.
std::vector<StorageZone> ZonesOf(const catalog::TableDef& table, ArrivalTime now);

/// "\"db\".\"t\"".
std::string QuotedTable(const catalog::TableDef& table);
/// Oldest and newest time of the table's rows, or of one measure's; none: it has none.
struct TimeSpan {
  std::optional<EventTime> oldest;
  std::optional<EventTime> newest;
};
/// As the store's administrator counts; 0 where there is none.
uint64_t SeriesOf(const ServiceDeps& deps, TableId table);
Result<TimeSpan> TimesOf(const ServiceDeps& deps, const catalog::TableDef& table,
                         std::string_view measure = {});

}  // namespace tidemark::console
