// SPDX-License-Identifier: Apache-2.0
// What happened here lately (web/API.md section 5).
#include "api/console/activity_routes_internal.h"
#include "api/console/routes_internal.h"
#include "api/console/streams_internal.h"

namespace tidemark::console {

void WriteActivities(JsonWriter& out, const std::vector<catalog::Activity>& activities) {
  out.Key("items").BeginArray();
  for (const catalog::Activity& activity : activities) {
    out.BeginObject();
    WriteI64(out, "number", activity.number);
    WriteI64(out, "at", std::optional(activity.at.AsEventTime()));
    WriteText(out, "kind", activity.kind);
    WriteText(out, "name", activity.name);
    WriteText(out, "action", activity.action);
    WriteTextOrNull(out, "detail", activity.detail);
    out.EndObject();
  }
  out.EndArray();
}

namespace {

Answer GetActivity(Core& core, Call& call) {
  const auto limit =
      QueryInt(call.request, "limit", {1, static_cast<int64_t>(catalog::kActivitiesMax), 50});
  if (!limit) return core.Fail(limit.error());
  JsonWriter out;
  out.BeginObject();
  WriteActivities(out, core.deps.catalog.ListActivities(0, static_cast<size_t>(*limit)));
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"GET", "activity", GetActivity},
};

}  // namespace

std::span<const Route> ActivityRoutes() { return kRoutes; }

}  // namespace tidemark::console
