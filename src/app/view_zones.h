// SPDX-License-Identifier: Apache-2.0
// The rules of the zones of calendar views, stored with them, and those that the system has: what
// becomes of the one when the other changes (docs/decisions/0007-time-zones.md). Thread-compatible.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "store/store.h"
#include "view/zone_rules.h"

namespace tidemark::app {

/// `wished` with the rules of its zone: those of `before`, whose place it takes, if that one has
/// the same zone; else the system's; none for UTC and offsets. kInvalidArgument names the view: the
/// system has no such zone.
Result<catalog::ViewDef> WithZoneRules(catalog::ViewDef wished,
                                       const std::optional<catalog::ViewDef>& before);

class ViewZones {
 public:
  /// All must outlive the object.
  ViewZones(catalog::Catalog& catalog, store::Store& store, const Clock& clock)
      : catalog_(catalog), store_(store), clock_(clock) {}

  struct Move {
    catalog::ViewDef view;
    catalog::ViewDef next;  // what is to be built beside it
  };
  /// At start of the process, before any view runs: stores what changes no window, or what is to
  /// leave all rows alone, and lets next generations whose boundaries move begin anew. The views
  /// that have to be built again.
  Result<std::vector<Move>> Follow();
  /// Whether a view that has no next generation has to be built again; changes nothing.
  Result<std::optional<Move>> MoveOf(const catalog::ViewDef& def) const;

 private:
  /// Why the view is not built again though boundaries move; "": it is.
  std::string WhyNot(const catalog::ViewDef& def) const;
  /// None: nothing to store.
  Result<std::optional<view::ZoneChange>> ChangeOf(const catalog::ViewDef& def) const;

  catalog::Catalog& catalog_;
  store::Store& store_;
  const Clock& clock_;
};

}  // namespace tidemark::app
