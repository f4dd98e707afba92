// SPDX-License-Identifier: Apache-2.0
// Links that read one published dashboard (web/API.md section 13).
//
// Bounds: kSharesMax a dashboard.
#include "api/console/dashboard_definition_internal.h"
#include "api/console/kept_objects_internal.h"
#include "api/console/routes_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

using catalog::DashboardDef;
using catalog::DashboardShareDef;

constexpr size_t kSharesMax = 100;

http::Response NotThere(Core& core, const Error& error) {
  return core.Fail(ToFailure(error, "dashboard_not_found"));
}

void WriteExpires(JsonWriter& out, const std::optional<ArrivalTime>& expires) {
  WriteI64(out, "expires",
           expires ? std::optional(expires->AsEventTime()) : std::optional<EventTime>());
}

void WriteFixed(JsonWriter& out, const std::string& variables_json) {
  out.Key("variables");
  variables_json.empty() ? out.Null() : out.Raw(variables_json);
}

std::optional<Failure> ReadShare(const JsonValue& body, DashboardShareDef& share) {
  if (const JsonValue* expires = body.Find("expires"); expires != nullptr && !expires->is_null()) {
    const auto ns = expires->is_string() ? ParseInt64(expires->string_value()) : std::nullopt;
    if (!ns) return InvalidRequest("it must be nanoseconds since the epoch, as a text", "expires");
    share.expires = ArrivalTime{*ns / 1'000'000};
  }
  const JsonValue* given = body.Find("variables");
  if (given == nullptr || given->is_null()) return std::nullopt;
  Variables variables;
  if (auto failure = ReadVariables(given, variables)) return failure;
  JsonWriter out;
  WriteVariables(out, variables);
  share.variables_json = std::move(out).Take();
  return std::nullopt;
}

Answer Create(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"expires", "variables"});
  if (!body.ok()) return core.Fail(body.error());
  DashboardShareDef share;
  if (auto failure = ReadShare(*body, share)) return core.Fail(*failure);
  const MutexLock lock(core.objects_mutex);
  auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  if (def->versions.empty()) {
    return core.Fail(Error{Code::kFailedPrecondition, "Publish the dashboard first."});
  }
  if (def->shares.size() >= kSharesMax) {
    return core.Fail(Error{Code::kFailedPrecondition, "The dashboard has 100 links already."});
  }
  std::string token = core.replies.NewId();
  for (int i = 0; i < 2; ++i) token += core.replies.NewId();  // 39 times 5 bits
  share.name = "s-" + core.replies.NewId();
  share.digest = DigestOf(token);
  share.created = core.deps.clock.Now();
  def->shares.push_back(share);
  const auto done = core.deps.catalog.UpdateDashboard(*def);
  if (!done.ok()) return core.Fail(done.error());
  core.shares.Put(*def);
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "id", share.name);
  // In the fragment, which browsers send to nobody.
  WriteText(out, "url",
            "http://" + std::string(call.request.Find("Host").value_or("127.0.0.1:4580")) +
                "/ui/share#" + token);
  WriteText(out, "token", token);
  WriteExpires(out, share.expires);
  out.EndObject();
  http::Response response = Replies::Ok(std::move(out).Take());
  response.status = 201;
  return response;
}

Answer List(Core& core, Call& call) {
  const auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  JsonWriter out;
  out.BeginObject().Key("items").BeginArray();
  for (const DashboardShareDef& share : def->shares) {
    out.BeginObject();
    WriteText(out, "id", share.name);
    WriteI64(out, "created", std::optional(share.created.AsEventTime()));
    WriteExpires(out, share.expires);
    WriteFixed(out, share.variables_json);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer Remove(Core& core, Call& call) {
  const MutexLock lock(core.objects_mutex);
  auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  if (std::erase_if(def->shares, [&](const auto& s) { return s.name == call.path[3]; }) == 0) {
    return core.Fail(
        ToFailure(Error{Code::kNotFound, "There is no such link."}, "share_not_found"));
  }
  const auto done = core.deps.catalog.UpdateDashboard(*def);
  if (!done.ok()) return core.Fail(done.error());
  core.shares.Put(*def);
  return NoContent();
}

/// What the holder of a token sees.
Answer GetShared(Core& core, Call& call) {
  if (call.share == nullptr) {
    Failure failure;
    failure.status = 401;
    failure.code = "invalid_token";
    failure.message = "Send the token of the link as Authorization: Bearer TOKEN.";
    return core.Fail(failure);
  }
  const auto def = core.deps.catalog.GetDashboard(call.share->dashboard);
  if (!def.ok() || def->versions.empty()) {
    return NotThere(core, Error{Code::kNotFound, "The dashboard is gone."});
  }
  const auto definition = ParseDefinition(def->versions.front().definition);
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "id", def->name);
  WriteText(out, "title", definition.ok() ? definition->title : "");
  WriteI64(out, "version", def->versions.front().number);
  out.Key("definition").Raw(def->versions.front().definition);
  WriteFixed(out, call.share->variables_json);
  WriteExpires(out, call.share->expires);
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"POST", "dashboards/*/shares", Create},
    {"GET", "dashboards/*/shares", List},
    {"DELETE", "dashboards/*/shares/*", Remove},
    {.method = "GET", .pattern = "share", .handler = GetShared, .for_shares = true},
};

}  // namespace

std::span<const Route> ShareRoutes() { return kRoutes; }

}  // namespace tidemark::console
