// SPDX-License-Identifier: Apache-2.0
// How the rules of a calendar view's zone, which are stored with it, follow those of the system
// (event-time.md section 3, step 6; decision 0007). Pure functions.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "catalog/definitions.h"
#include "view/calendar.h"

namespace tidemark::view {

/// The rules stored with a view. kCorruption names the view: bytes that are no zone file.
Result<std::vector<ZoneRules>> ReadRules(const catalog::ViewDef& def);

/// Boundaries that move later than that after `now` are not worth building the view again: its
/// stored rules take them along.
inline constexpr nanoseconds kBoundariesAhead = hours(24 * 365 * 20);

struct ZoneChange {
  std::vector<catalog::ZoneRulesDef> rules;  // to store with the view
  /// The first boundary that moves, as old and new rules have it: the earlier of both. None: no
  /// window differs, so the view goes on as it is.
  std::optional<EventTime> moved;
};

/// What becomes of the rules of `def`, a calendar view, now that the system has `file`; none:
/// nothing. Windows that begin before the one that holds `now` stay as they are. Errors: the
/// system's file, or the stored ones, are damaged.
Result<std::optional<ZoneChange>> FollowZone(const catalog::ViewDef& def, const ZoneFile& file,
                                             EventTime now);

/// The rules of `before`, which has the same zone, for the definition that is to take its place: of
/// other windows they change at boundaries of those.
Result<std::vector<catalog::ZoneRulesDef>> CarriedRules(const catalog::ViewDef& before,
                                                        const catalog::ViewDef& wished);

}  // namespace tidemark::view
