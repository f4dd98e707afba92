// SPDX-License-Identifier: Apache-2.0
// The published dashboards as stacks see them. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "api/console/admin.h"
#include "api/console/shares_internal.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "catalog/catalog.h"

namespace tidemark::console {

/// Makes `version` the newest, and lets the oldest go that are too many or too large together.
void AddVersion(catalog::DashboardDef& def, catalog::DashboardVersionDef version);

class StackDashboards final : public DashboardKeeper {
 public:
  /// `objects_mutex` is held while an object is read and changed. All must outlive it.
  StackDashboards(catalog::Catalog& catalog, const Clock& clock, Mutex& objects_mutex,
                  Shares& shares)
      : catalog_(catalog), clock_(clock), objects_mutex_(objects_mutex), shares_(shares) {}

  Result<std::string> Read(std::string_view text, std::string_view title) const override;
  Result<void> CheckName(std::string_view name) const override;
  Presence Compare(std::string_view name, std::string_view definition) const override;
  Result<Presence> Publish(std::string_view name, const std::string& definition) override;
  Result<void> Delete(std::string_view name) override;

 private:
  catalog::Catalog& catalog_;
  const Clock& clock_;
  Mutex& objects_mutex_;
  Shares& shares_;
};

}  // namespace tidemark::console
