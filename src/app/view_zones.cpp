// SPDX-License-Identifier: Apache-2.0
#include "app/view_zones.h"

#include <algorithm>
#include <utility>

#include "base/logging.h"
#include "pipeline/manager.h"

namespace tidemark::app {
namespace {

bool HasZone(const catalog::ViewDef& def) { return !def.calendar.empty() && !def.zone.empty(); }

/// As a definition to be built anew.
catalog::ViewDef Again(catalog::ViewDef def, std::vector<catalog::ZoneRulesDef> rules) {
  def.id = {};
  def.replaces = {};
  def.retired.clear();
  def.running = true;
  def.paused = false;
  def.zone_rules = std::move(rules);
  return def;
}

void LogMove(const catalog::ViewDef& def, const view::ZoneChange& change) {
  Log(LogLevel::kInfo, "app", "new zone data moves boundaries of a view, which is built again",
      {{"view", def.name},
       {"zone", def.zone},
       {"before", def.zone_rules.back().version},
       {"now", change.rules.back().version},
       {"first_boundary", FormatIso8601Millis(*change.moved)}});
}

/// Of a view that is not built again, and why.
void LogStays(LogLevel level, const std::string& what, const catalog::ViewDef& def,
              const view::ZoneChange& change, const std::string& why) {
  Log(level, "app", "new zone data moves boundaries of a view, which " + what,
      {{"view", def.name},
       {"zone", def.zone},
       {"before", def.zone_rules.back().version},
       {"now", change.rules.back().version},
       {"first_boundary", FormatIso8601Millis(*change.moved)},
       {"why", why}});
}

}  // namespace

Result<catalog::ViewDef> WithZoneRules(catalog::ViewDef wished,
                                       const std::optional<catalog::ViewDef>& before) {
  wished.zone_rules.clear();
  if (!HasZone(wished)) return wished;
  if (before && HasZone(*before) && before->zone == wished.zone && !before->zone_rules.empty()) {
    TM_ASSIGN_OR_RETURN(wished.zone_rules, view::CarriedRules(*before, wished));
    return wished;
  }
  auto file = TimeZone::ReadFile(wished.zone);
  if (!file.ok()) return std::move(file).error().With("view " + wished.name + ": zone");
  if (*file) {
    wished.zone_rules = {
        {.version = std::move((*file)->version), .tzif = std::move((*file)->tzif)}};
  }
  return wished;
}

Result<std::optional<view::ZoneChange>> ViewZones::ChangeOf(const catalog::ViewDef& def) const {
  if (!HasZone(def)) return std::optional<view::ZoneChange>();
  const auto go_on = [&](const Error& error) {
    Log(LogLevel::kWarning, "app",
        "a view goes on by its stored zone data: the system's is missing",
        {{"view", def.name}, {"zone", def.zone}, {"error", error.message}});
    return std::optional<view::ZoneChange>();
  };
  const auto file = TimeZone::ReadFile(def.zone);
  // A view of before, which stored none, names the zone itself as it is restored.
  if (!file.ok()) return def.zone_rules.empty() ? std::nullopt : go_on(file.error());
  if (!*file) return std::optional<view::ZoneChange>();
  if (const auto read = TimeZone::FromTzif((*file)->tzif); !read.ok()) {
    return def.zone_rules.empty() ? std::nullopt : go_on(read.error());
  }
  // event-time.md 3, step 6: what the watermark has passed is never rewritten; nor is what the
  // clock has.
  EventTime now = clock_.Now().AsEventTime();
  for (const ViewId id : {def.id, def.replaces}) {
    const auto progress = store_.ProgressOf(id);
    if (progress && progress->watermark) now = std::max(now, *progress->watermark);
  }
  return view::FollowZone(def, **file, now);
}

// What nobody asked for must not lose rows, nor change what was sealed; views over it follow it.
std::string ViewZones::WhyNot(const catalog::ViewDef& def) const {
  for (const catalog::ViewDef& one : catalog_.ListViews()) {
    bool follows = one.name == def.name;
    catalog::ViewDef root = one;
    while (!root.source.empty()) {
      auto source = catalog_.GetView(root.source);
      if (!source.ok()) break;
      root = std::move(source).value();
      follows = follows || root.name == def.name;
    }
    if (!follows) continue;
    if (one.late == catalog::LatePolicy::kFreeze) {
      return "late = \"freeze\" of view " + one.name +
             " keeps its sealed rows, and points that they refused would count";
    }
    const auto points = catalog_.GetTable(root.database, root.table);
    const auto rows =
        catalog_.GetTable(one.database, one.target_table.empty() ? one.table : one.target_table);
    if (points.ok() && rows.ok() && pipeline::RetentionOf(*points) < pipeline::RetentionOf(*rows)) {
      return "rows of view " + one.name +
             " are kept longer than the points that they would be made of again";
    }
  }
  return {};
}

Result<std::optional<ViewZones::Move>> ViewZones::MoveOf(const catalog::ViewDef& def) const {
  TM_ASSIGN_OR_RETURN(auto change, ChangeOf(def));
  if (!change || !change->moved || !WhyNot(def).empty()) return std::optional<Move>();
  LogMove(def, *change);
  return std::optional(Move{def, Again(def, std::move(change->rules))});
}

Result<std::vector<ViewZones::Move>> ViewZones::Follow() {
  std::vector<Move> out;
  const auto nexts = catalog_.ListNextViews();
  for (const catalog::ViewDef& next : nexts) {
    TM_ASSIGN_OR_RETURN(auto change, ChangeOf(next));
    if (!change) continue;
    if (!change->moved) {
      catalog::ViewDef updated = next;
      updated.zone_rules = std::move(change->rules);
      TM_RETURN_IF_ERROR(catalog_.UpdateView(updated));
      continue;
    }
    // It begins anew. A crash in between leaves it without rows, and it comes here again.
    LogMove(next, *change);
    TM_RETURN_IF_ERROR(store_.DropOwner(next.id));
    catalog::ViewDef again = next;
    again.zone_rules = std::move(change->rules);
    ++again.generation;
    TM_RETURN_IF_ERROR(catalog_.UpdateView(again));
  }
  for (catalog::ViewDef def : catalog_.ListViews()) {
    TM_ASSIGN_OR_RETURN(auto change, ChangeOf(def));
    if (!change) continue;
    if (!change->moved) {
      def.zone_rules = std::move(change->rules);
      TM_RETURN_IF_ERROR(catalog_.UpdateView(def));
      continue;
    }
    // What is built beside it has its own rules, and takes its place.
    if (std::ranges::find(nexts, def.id, &catalog::ViewDef::replaces) != nexts.end()) continue;
    if (const std::string why = WhyNot(def); !why.empty()) {
      // Nothing that fired or was sealed moves, and what is open is found again in the points. But
      // nobody would take a preliminary row from an end that is none any more.
      const bool preliminary = def.early > nanoseconds(0) || def.provisional_after > nanoseconds(0);
      if (preliminary && def.label == catalog::WindowLabel::kEnd) {
        LogStays(
            LogLevel::kWarning,
            "goes on by its stored ones: its preliminary rows stand at them; drop it and apply "
            "it again to follow",
            def, *change, why);
        continue;
      }
      LogStays(LogLevel::kInfo, "follows it and keeps its rows", def, *change, why);
      def.zone_rules = std::move(change->rules);
      TM_RETURN_IF_ERROR(catalog_.UpdateView(def));
      continue;
    }
    LogMove(def, *change);
    catalog::ViewDef next = Again(def, std::move(change->rules));
    out.push_back({std::move(def), std::move(next)});
  }
  return out;
}

}  // namespace tidemark::app
