// SPDX-License-Identifier: Apache-2.0
// Next generations of views: a changed definition is built beside the view it changes, takes its
// place once it has caught up, and the rows of the one before are removed. What is to be done
// survives a restart in the catalog. Not thread-safe: StackAdmin's mutex guards it, but for
// Removed().
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/admin.h"
#include "app/view_zones.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "catalog/catalog.h"
#include "store/store.h"
#include "view/maintainer.h"

namespace tidemark::app {

class ViewGenerations {
 public:
  using ToDefinition = std::function<Result<view::ViewDefinition>(const catalog::ViewDef&)>;
  /// All must outlive the object.
  ViewGenerations(catalog::Catalog& catalog, store::Store& store, view::Maintainer& views,
                  const Clock& clock, ToDefinition to_definition)
      : catalog_(catalog),
        store_(store),
        views_(views),
        clock_(clock),
        to_definition_(std::move(to_definition)),
        zones_(catalog, store, clock) {}

  /// At start of the process, before every view: follows the system's zone data, but begins
  /// nothing.
  Result<void> FollowZones();
  /// After every view: goes on building, begins what new zone data asks for, and removes what was
  /// left.
  Result<void> Restore();

  /// What is built beside the view `name`.
  std::optional<catalog::ViewDef> NextOf(std::string_view name) const;
  /// That, or the view itself.
  catalog::ViewDef Newest(const catalog::ViewDef& existing) const;
  /// `def` with the generation of the view that it reads.
  catalog::ViewDef WithSource(catalog::ViewDef def) const;
  /// Begins to build `wished` beside `existing`; gives up what was being built. Its generation. It
  /// keeps the rules of its zone, or has those of the one before.
  Result<uint32_t> Begin(const catalog::ViewDef& existing, catalog::ViewDef wished);
  /// Gives up what is built beside the view, if anything is. Waits for the maintainer.
  Result<void> GiveUp(std::string_view name);
  /// The same of a definition that is no longer wished: the view goes on, built again if the zone
  /// data asks for it.
  Result<void> TakeBack(const catalog::ViewDef& existing);

  /// Whether Turn() has something to wait for.
  bool Busy() const;
  /// Lets those that are built take over, begins anew what reads them, and notes removed rows. How
  /// many took over.
  Result<size_t> Turn();

  Result<console::ViewGenerations> Tell(std::string_view name) const;

 private:
  Result<void> Switch(const catalog::ViewDef& next);
  /// Views whose source has another generation than the one that their rows are made of.
  std::vector<catalog::ViewDef> Outdated() const;
  void Removed(ViewId generation);
  Result<void> NoteRemoved();

  catalog::Catalog& catalog_;
  store::Store& store_;
  view::Maintainer& views_;
  const Clock& clock_;
  const ToDefinition to_definition_;
  ViewZones zones_;
  std::vector<ViewZones::Move> moves_;  // from FollowZones() to Restore()
  std::map<std::string, console::ViewGenerations::Switch, std::less<>> last_;  // by view

  mutable Mutex removed_mutex_;
  std::vector<ViewId> removed_ TM_GUARDED_BY(removed_mutex_);
};

}  // namespace tidemark::app
