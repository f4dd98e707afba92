// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/dashboard_definition_internal.h"
#include "api/console/json_fault_internal.h"
#include "api/console/kept_objects_internal.h"
#include "api/console/stack_dashboards_internal.h"

namespace tidemark::console {
namespace {

constexpr size_t kVersionsMax = 50;
constexpr size_t kVersionBytesMax = 8 * kDashboardBytesMax;

Error Bad(std::string what) { return Error{Code::kInvalidArgument, std::move(what)}; }

DashboardKeeper::Presence PresenceOf(const catalog::DashboardDef& def,
                                     std::string_view definition) {
  using Presence = DashboardKeeper::Presence;
  if (def.versions.empty()) return Presence::kMissing;
  return def.versions.front().definition == definition ? Presence::kSame : Presence::kDiffers;
}

/// The object with another title, at the old one's place.
std::string WithTitle(const JsonValue& definition, std::string_view title) {
  JsonWriter out;
  out.BeginObject();
  for (const auto& [name, value] : definition.object()) {
    out.Key(name);
    name == "title" ? out.String(title) : out.Value(value);
  }
  if (definition.Find("title") == nullptr) out.Key("title").String(title);
  out.EndObject();
  return std::move(out).Take();
}

}  // namespace

void AddVersion(catalog::DashboardDef& def, catalog::DashboardVersionDef version) {
  version.number = def.versions.empty() ? 1 : def.versions.front().number + 1;
  def.versions.insert(def.versions.begin(), std::move(version));
  size_t bytes = 0;
  size_t kept = 0;
  while (kept < std::min(def.versions.size(), kVersionsMax)) {
    bytes += def.versions[kept].definition.size();
    if (kept > 0 && bytes > kVersionBytesMax) break;
    ++kept;
  }
  def.versions.resize(kept);
}

Result<std::string> StackDashboards::Read(std::string_view text, std::string_view title) const {
  const auto parsed = ParseJson(text);
  if (!parsed.ok()) {
    const auto fault = FindJsonFault(text);
    if (!fault) return parsed.error();
    return Bad("line " + std::to_string(fault->line) + ", column " + std::to_string(fault->column) +
               ": " + fault->message);
  }
  if (!parsed->is_object()) return Bad("the definition must be a JSON object");
  std::string out = title.empty() ? JsonText(*parsed) : WithTitle(*parsed, title);
  TM_RETURN_IF_ERROR(ParseDefinition(out));
  if (out.size() > kDashboardBytesMax) return Bad("it is larger than 1 MiB");
  return out;
}

Result<void> StackDashboards::CheckName(std::string_view name) const {
  if (IsObjectId(name)) return {};
  return Bad("the name of a dashboard is its id: 1 to 64 of A-Z a-z 0-9 _ -");
}

DashboardKeeper::Presence StackDashboards::Compare(std::string_view name,
                                                   std::string_view definition) const {
  const auto def = catalog_.GetDashboard(name);
  return def.ok() ? PresenceOf(*def, definition) : Presence::kMissing;
}

Result<DashboardKeeper::Presence> StackDashboards::Publish(std::string_view name,
                                                           const std::string& definition) {
  const MutexLock lock(objects_mutex_);
  auto def = catalog_.GetDashboard(name);
  const Presence presence = def.ok() ? PresenceOf(*def, definition) : Presence::kMissing;
  if (presence == Presence::kSame) return presence;
  catalog::DashboardVersionDef version;
  version.at = clock_.Now();
  version.message = "from a stack";
  version.definition = definition;
  if (!def.ok()) {
    if (catalog_.ListDashboards().size() >= kObjectsMax) {
      return Error{Code::kFailedPrecondition, "There are 1,000 dashboards already."};
    }
    catalog::DashboardDef fresh;
    fresh.name = name;
    fresh.source = "stack";
    AddVersion(fresh, std::move(version));
    TM_ASSIGN_OR_RETURN(const auto made, catalog_.CreateDashboard(std::move(fresh)));
    shares_.Put(made);
    return presence;
  }
  AddVersion(*def, std::move(version));
  def->source = "stack";
  ++def->revision;
  def->updated = clock_.Now();
  TM_RETURN_IF_ERROR(catalog_.UpdateDashboard(*def));
  shares_.Put(*def);
  return presence;
}

Result<void> StackDashboards::Delete(std::string_view name) {
  const MutexLock lock(objects_mutex_);
  TM_ASSIGN_OR_RETURN(const auto def, catalog_.GetDashboard(name));
  TM_RETURN_IF_ERROR(catalog_.DeleteDashboard(def.id));
  shares_.Remove(name);
  return {};
}

}  // namespace tidemark::console
