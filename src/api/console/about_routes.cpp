// SPDX-License-Identifier: Apache-2.0
// What the server is and how it is set (web/API.md section 9).
#include <array>

#include "api/console/routes_internal.h"

namespace tidemark::console {
namespace {

constexpr std::array<std::string_view, 7> kFeatures{
    "column_blocks", "connections", "dashboards", "live", "macros", "saved_queries", "shares"};

void WriteLimits(JsonWriter& out, const ServiceOptions& options) {
  out.BeginObject();
  out.Key("rows_max").Int(kQueryRowsMax);
  out.Key("block_rows_max").Int(kBlockRowsMax);
  out.Key("points_max").Int(kPointsMax);
  WriteI64(out, "statement_time_ms", int64_t{options.statement_time_max.count()});
  out.Key("live_streams_max").Uint(options.live_streams_max);
  out.EndObject();
}

Answer GetInfo(Core& core, Call& call) {
  const ServerFacts& facts = core.facts();
  const ServiceOptions& options = core.options;
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "name", "tidemark");
  WriteText(out, "version", options.version);
  out.Key("build").BeginObject();
  WriteText(out, "compiler", facts.compiler);
  WriteText(out, "type", facts.build_type);
  out.EndObject();
  WriteText(out, "api", "v1");
  WriteI64(out, "started", std::optional(core.started_at.AsEventTime()));
  WriteI64(out, "now", std::optional(core.deps.clock.Now().AsEventTime()));
  WriteI64(out, "uptime_ms", int64_t{(core.deps.FiguresNow() - core.started).count() / 1'000'000});
  // The name that the client reached, which may be a forwarded one.
  WriteText(out, "url",
            "http://" + std::string(call.request.Find("Host").value_or("127.0.0.1:4580")));
  WriteText(out, "region", facts.region);
  WriteText(out, "account", facts.account);
  WriteText(out, "sign_in", "none");
  out.Key("allowed_hosts").BeginArray();
  for (const std::string& host : options.allowed_hosts) out.String(host);
  out.EndArray().Key("features").BeginArray();
  for (const std::string_view feature : kFeatures) out.String(feature);
  out.EndArray().Key("limits");
  WriteLimits(out, options);
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer GetSettings(Core& core, Call&) {
  const ServerFacts& facts = core.facts();
  JsonWriter out;
  out.BeginObject();
  WriteTextOrNull(out, "file", facts.settings_file);
  out.Key("settings").BeginArray();
  for (const ServerFacts::Setting& setting : facts.settings) {
    out.BeginObject();
    WriteText(out, "name", setting.name);
    WriteText(out, "value", setting.value);
    WriteText(out, "default", setting.fallback);
    WriteText(out, "source", setting.source);
    WriteText(out, "unit", setting.unit);
    WriteText(out, "help", setting.help);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

void WriteHandShake(JsonWriter& out, const HandShake& shake) {
  out.BeginObject();
  WriteI64(out, "first", std::optional(shake.first.AsEventTime()));
  WriteI64(out, "last", std::optional(shake.last.AsEventTime()));
  WriteI64(out, "count", shake.count);
  WriteText(out, "peer", shake.peer);
  WriteTextOrNull(out, "library", shake.library);
  WriteTextOrNull(out, "version", shake.version);
  WriteText(out, "agent", shake.agent);
  WriteText(out, "protocol", shake.protocol);
  WriteTextOrNull(out, "service", shake.service);
  WriteTextOrNull(out, "operation", shake.operation);
  out.Key("signed").Bool(shake.has_signature);
  out.Key("status").Int(shake.status);
  WriteTextOrNull(out, "code", shake.code);
  out.Key("ok").Bool(shake.status > 0 && shake.status < 400);
  WriteTextOrNull(out, "sentence", shake.sentence);
  out.EndObject();
}

Answer GetConnections(Core& core, Call&) {
  JsonWriter out;
  out.BeginObject().Key("items").BeginArray();
  if (core.deps.hand_shakes != nullptr) {
    for (const HandShake& shake : core.deps.hand_shakes->List()) WriteHandShake(out, shake);
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "info",
     .handler = GetInfo,
     .runs_on = RunsOn::kNetworkThread,
     .for_shares = true},
    {"GET", "settings", GetSettings, RunsOn::kNetworkThread},
    {"GET", "connections", GetConnections},
};

}  // namespace

std::span<const Route> AboutRoutes() { return kRoutes; }

}  // namespace tidemark::console
