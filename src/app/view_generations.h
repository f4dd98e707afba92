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
        to_definition_(std::move(to_definition)) {}

  /// At start of the process, after every view: goes on building, and removes what was left.
  Result<void> Restore();

  /// What is built beside the view `name`.
  std::optional<catalog::ViewDef> NextOf(std::string_view name) const;
  /// `def` with the generation of the view that it reads.
  catalog::ViewDef WithSource(catalog::ViewDef def) const;
  /// Begins to build `wished` beside `existing`; gives up what was being built. Its generation.
  Result<uint32_t> Begin(const catalog::ViewDef& existing, catalog::ViewDef wished);
  /// Gives up what is built beside the view, if anything is. Waits for the maintainer.
  Result<void> GiveUp(std::string_view name);

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
  std::map<std::string, console::ViewGenerations::Switch, std::less<>> last_;  // by view

  mutable Mutex removed_mutex_;
  std::vector<ViewId> removed_ TM_GUARDED_BY(removed_mutex_);
};

}  // namespace tidemark::app
