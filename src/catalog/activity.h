// SPDX-License-Identifier: Apache-2.0
// What happened to the objects of the catalog and to the server lately, for people who ask "who
// changed that, and when did it restart". Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"

namespace tidemark::catalog {

struct Activity {
  uint64_t number = 0;  // ascends over the catalog's life
  ArrivalTime at;
  std::string kind;    // as in docs/format/catalog.md, or "server"
  std::string name;    // a table's with its database before it: "db.table"
  std::string action;  // "created", "changed", "deleted", "started", ..
  std::string detail;  // what people see instead of the name, or a version; "": nothing

  friend bool operator==(const Activity&, const Activity&) = default;
};

/// As many are kept, the newest.
inline constexpr size_t kActivitiesMax = 300;
/// Changes of one object that follow each other so closely are one entry, with the time of the
/// last: drafts are saved while somebody types.
inline constexpr milliseconds kActivityMergeMax = minutes(10);

std::string EncodeActivity(const Activity& activity);
/// `number` is not part of the text.
Result<Activity> DecodeActivity(std::string_view text);

/// What a change means to people: "changed", "started", "published", ..; empty: nothing that they
/// did, such as the run of a scheduled query.
std::string_view ActionOf(const StreamDef& before, const StreamDef& after);
std::string_view ActionOf(const DatabaseDef& before, const DatabaseDef& after);
std::string_view ActionOf(const TableDef& before, const TableDef& after);
std::string_view ActionOf(const PipelineDef& before, const PipelineDef& after);
std::string_view ActionOf(const ViewDef& before, const ViewDef& after);
std::string_view ActionOf(const ScheduledQueryDef& before, const ScheduledQueryDef& after);
std::string_view ActionOf(const SavedQueryDef& before, const SavedQueryDef& after);
std::string_view ActionOf(const DashboardDef& before, const DashboardDef& after);

/// The title of objects whose name is an id.
std::string TitleOf(const SavedQueryDef& def);
std::string TitleOf(const DashboardDef& def);
template <typename Def>
std::string TitleOf(const Def&) {
  return {};
}

}  // namespace tidemark::catalog
