// SPDX-License-Identifier: Apache-2.0
#include "view/zone_rules.h"

#include <algorithm>
#include <utility>

namespace tidemark::view {
namespace {

using catalog::ZoneRulesDef;

Result<CalendarGrid> GridOf(const catalog::ViewDef& def, const std::vector<ZoneRulesDef>& stored) {
  catalog::ViewDef with = def;
  with.zone_rules = stored;
  TM_ASSIGN_OR_RETURN(auto rules, ReadRules(with));
  return CalendarGrid::Make(def.calendar, std::move(rules), def.week_start);
}

/// Of two grids that have a window which begins at `from`.
std::optional<EventTime> FirstMoved(const CalendarGrid& a, const CalendarGrid& b, EventTime from,
                                    EventTime until) {
  while (from < until) {
    const EventTime one = a.Next(from);
    const EventTime other = b.Next(from);
    if (one != other) return std::min(one, other);
    from = one;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<ZoneRules>> ReadRules(const catalog::ViewDef& def) {
  std::vector<ZoneRules> out;
  out.reserve(def.zone_rules.size());
  for (const ZoneRulesDef& stored : def.zone_rules) {
    auto zone = TimeZone::FromTzif(stored.tzif);
    if (!zone.ok()) {
      return std::move(zone).error().With("view " + def.name + ": zone " + def.zone + " of " +
                                          stored.version);
    }
    out.push_back({stored.from, stored.version, *std::move(zone)});
  }
  return out;
}

Result<std::optional<ZoneChange>> FollowZone(const catalog::ViewDef& def, const ZoneFile& file,
                                             EventTime now) {
  ZoneChange out{.rules = def.zone_rules, .moved = std::nullopt};
  const ZoneRulesDef wished{.version = file.version, .tzif = file.tzif};
  TM_ASSIGN_OR_RETURN(const TimeZone clocks, TimeZone::FromTzif(file.tzif));
  if (out.rules.empty()) {
    out.rules.push_back(wished);
    return std::optional(std::move(out));
  }
  if (out.rules.back().tzif == file.tzif && out.rules.back().version == file.version) {
    return std::optional<ZoneChange>();
  }
  TM_ASSIGN_OR_RETURN(const CalendarGrid before, GridOf(def, def.zone_rules));
  const EventTime cut = before.WindowOf(std::clamp(now, kEventTimeMin, kEventTimeMax)).start;
  const auto same_clocks = [&]() -> Result<bool> {
    TM_ASSIGN_OR_RETURN(const TimeZone last, TimeZone::FromTzif(out.rules.back().tzif));
    return last == clocks;
  };
  TM_ASSIGN_OR_RETURN(bool same, same_clocks());
  if (!same) {
    // Rules that no past window follows.
    while (out.rules.size() > 1 && out.rules.back().from >= cut) out.rules.pop_back();
    TM_ASSIGN_OR_RETURN(same, same_clocks());
  }
  if (same) {
    out.rules.back().version = file.version;
    out.rules.back().tzif = file.tzif;
  } else {
    out.rules.push_back(wished);
    out.rules.back().from = cut;
  }
  TM_ASSIGN_OR_RETURN(const CalendarGrid after, GridOf(def, out.rules));
  out.moved = FirstMoved(before, after, cut,
                         std::min(now, kEventTimeMax - kBoundariesAhead) + kBoundariesAhead);
  return std::optional(std::move(out));
}

Result<std::vector<ZoneRulesDef>> CarriedRules(const catalog::ViewDef& before,
                                               const catalog::ViewDef& wished) {
  if (before.calendar == wished.calendar && before.week_start == wished.week_start) {
    return before.zone_rules;
  }
  std::vector<ZoneRulesDef> out;
  for (const ZoneRulesDef& rules : before.zone_rules) {
    ZoneRulesDef& last = out.emplace_back(rules);
    if (out.size() == 1) continue;
    TM_ASSIGN_OR_RETURN(const CalendarGrid grid, GridOf(wished, {out.begin(), out.end() - 1}));
    last.from = grid.WindowOf(rules.from).start;
    // Both changes are in one window.
    if (last.from <= out[out.size() - 2].from) out.erase(out.end() - 2);
  }
  return out;
}

}  // namespace tidemark::view
