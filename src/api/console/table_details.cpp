// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/table_details_internal.h"
#include "store/reject_text.h"

namespace tidemark::console {
namespace {

std::string Doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out.push_back(c);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

/// "6 h", "73000 d".
std::string Hours(int64_t hours) {
  return hours % 24 == 0 ? std::to_string(hours / 24) + " d" : std::to_string(hours) + " h";
}

std::optional<EventTime> Cell(const sql::RowChunk& chunk, size_t column) {
  const auto* ns = std::get_if<int64_t>(&chunk.at(0, column).data);
  return ns != nullptr ? std::optional(EventTime{*ns}) : std::nullopt;
}

}  // namespace

std::vector<StorageZone> ZonesOf(const catalog::TableDef& table, ArrivalTime now) {
  store::TableSettings settings;
  settings.memory_retention = hours(table.memory_retention_hours);
  settings.magnetic_retention = hours(table.magnetic_retention_days * 24);
  settings.magnetic_writes = table.magnetic_writes_enabled;
  const store::AcceptedWindow window =
      store::WindowOf(settings, now, store::WriteBatch::TimeCheck::kApi);
  const std::string memory = Hours(table.memory_retention_hours);
  const std::string magnetic = std::to_string(table.magnetic_retention_days) + " d";

  std::vector<StorageZone> out;
  const auto add = [&](std::string_view zone, std::optional<EventTime> to, bool accepted,
                       std::string write) {
    const std::optional<EventTime> from = out.empty() ? std::nullopt : out.back().to;
    if (from && to && *to <= *from) return;
    out.push_back({zone, from, to, accepted, std::move(write)});
  };
  if (window.magnetic) {
    add("expired", window.range.start, false,
        "rejected: older than magnetic retention (" + memory + " + " + magnetic + ")");
    add("magnetic", std::min(window.memory_start, window.range.end), true,
        "accepted as late write into magnetic");
  } else {
    add("expired", window.retention_start, false,
        "rejected: older than magnetic retention (" + memory + " + " + magnetic + ")");
    add("magnetic", window.range.start, false,
        "rejected: older than memory retention (" + memory +
            "), and the table takes no late writes");
  }
  add("memory", window.range.end, true, "accepted into memory");
  add("future", std::nullopt, false, "rejected: more than 15 minutes ahead of the server's clock");
  return out;
}

std::string QuotedTable(const catalog::TableDef& table) {
  return Doubled(table.database_name, '"') + "." + Doubled(table.name, '"');
}

uint64_t SeriesOf(const ServiceDeps& deps, TableId table) {
  if (deps.store_admin == nullptr) return 0;
  const store::StorageReport report = deps.store_admin->Report();
  const auto found = std::ranges::find(report.tables, table, &store::TableStorage::table);
  return found == report.tables.end() ? 0 : found->series;
}

Result<TimeSpan> TimesOf(const ServiceDeps& deps, const catalog::TableDef& table,
                         std::string_view measure) {
  std::string sql = "SELECT min(time), max(time) FROM " + QuotedTable(table);
  if (!measure.empty()) sql += " WHERE measure_name = " + Doubled(measure, '\'');
  TM_ASSIGN_OR_RETURN(auto result, deps.engine.Execute({.sql = std::move(sql)}));
  TimeSpan out;
  for (sql::RowChunk chunk;;) {
    TM_ASSIGN_OR_RETURN(const bool more, result->Next(chunk));
    if (!more) return out;
    if (chunk.columns() != 2) continue;
    out.oldest = Cell(chunk, 0);
    out.newest = Cell(chunk, 1);
  }
}

}  // namespace tidemark::console
