// SPDX-License-Identifier: Apache-2.0
#include "app/readiness.h"

namespace tidemark::app {
namespace {

std::string TableName(const catalog::Catalog& catalog, TableId id) {
  const auto table = catalog.GetTable(id);
  // Damage outlives a table that was dropped, until its partition is.
  return table.ok() ? table->database_name + "." + table->name
                    : "number " + std::to_string(id.value);
}

std::string Line(const store::DamagedFile& file, const std::string& table) {
  return "degraded: " + file.file + " table=" + table + " from " +
         FormatIso8601Millis(file.time.start) + " to " + FormatIso8601Millis(file.time.end) +
         (file.accepted ? " (accepted)\n" : " (not accepted)\n");
}

}  // namespace

std::string ReadinessText(store::Admin& store, const catalog::Catalog& catalog) {
  std::string out = "ok\n";
  for (const store::DamagedFile& file : store.Damaged()) {
    // What cannot be read may not even say whose it was.
    if (file.tables.empty()) out += Line(file, "unknown");
    for (const TableId table : file.tables) out += Line(file, TableName(catalog, table));
  }
  if (const std::string warning = store.ClockWarning(); !warning.empty()) {
    out += "warning: " + warning + "\n";
  }
  return out;
}

}  // namespace tidemark::app
