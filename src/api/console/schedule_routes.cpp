// SPDX-License-Identifier: Apache-2.0
// Scheduled queries (web/API.md section 15): read from the catalog, changed by the operations of
// the Timestream API, which bound them.
#include <string>
#include <string_view>
#include <utility>

#include "api/console/kept_objects_internal.h"
#include "api/console/routes_internal.h"
#include "api/console/schedule_json_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

using catalog::ScheduledQueryDef;
using catalog::ScheduledRunDef;

constexpr size_t kNextTimes = 5;

http::Response NotThere(Core& core, const Error& error) {
  return core.Fail(ToFailure(error, "scheduled_query_not_found"));
}

void WriteRun(JsonWriter& out, const ScheduledRunDef& run) {
  out.BeginObject();
  WriteI64(out, "invocation", std::optional(run.invocation.AsEventTime()));
  WriteI64(out, "started", std::optional(run.trigger.AsEventTime()));
  out.Key("manual").Bool(run.manual).Key("succeeded").Bool(run.succeeded);
  WriteI64(out, "execution_ms", run.execution_ms);
  WriteI64(out, "rows", run.rows);
  WriteI64(out, "records", run.records);
  WriteTextOrNull(out, "failure", run.failure);
  WriteTextOrNull(
      out, "report",
      run.report_key.empty() ? std::string() : "s3://" + run.report_bucket + "/" + run.report_key);
  out.EndObject();
}

enum class Runs : uint8_t { kLast, kAll };

void Write(const Schedules& schedules, const ScheduledQueryDef& def, Runs runs, JsonWriter& out) {
  const auto time = [&out](std::string_view key, std::optional<ArrivalTime> value) {
    WriteI64(out, key, value ? std::optional(value->AsEventTime()) : std::optional<EventTime>());
  };
  const JsonValue properties = ParseJson(def.properties_json).value_or(JsonValue());
  out.BeginObject();
  WriteText(out, "name", def.name);
  WriteText(out, "arn", schedules.ArnOf(def));
  WriteText(out, "sql", def.sql);
  WriteText(out, "schedule", def.schedule);
  out.Key("enabled").Bool(def.enabled);
  WriteScheduleTarget(properties, out);
  WriteScheduleReport(properties, out);
  time("created", def.created);
  time("previous_run", def.runs.empty() ? std::nullopt : std::optional(def.runs[0].invocation));
  time("next_run", schedules.NextOf(def));
  out.Key("last");
  def.runs.empty() ? static_cast<void>(out.Null()) : WriteRun(out, def.runs.front());
  if (runs == Runs::kAll) {
    out.Key("runs").BeginArray();
    for (const ScheduledRunDef& run : def.runs) WriteRun(out, run);
    out.EndArray();
  }
  out.EndObject();
}

http::Response Whole(Core& core, int status, std::string_view name) {
  const auto def = core.deps.catalog.GetScheduledQuery(name);
  if (!def.ok()) return NotThere(core, def.error());
  JsonWriter out;
  Write(*core.deps.schedules, *def, Runs::kAll, out);
  http::Response response = Replies::Ok(std::move(out).Take());
  response.status = status;
  return response;
}

/// The member of a POST's body that became `member` of the API's call.
std::string_view FieldOf(std::string_view member) {
  static constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"name", "name"},
      {"queryString", "sql"},
      {"scheduleConfiguration", "schedule"},
      {"targetConfiguration", "target"},
      {"errorReportConfiguration", "report"},
  };
  for (const auto& [theirs, ours] : kFields) {
    if (theirs == member) return ours;
  }
  return "";
}

http::Response Refuse(Core& core, const ScheduleRefusal& refusal) {
  const std::string_view field = FieldOf(refusal.member);
  // With the place in the statement, where it has one.
  Failure failure = field == "sql" ? ToSqlFailure(refusal.error)
                                   : ToFailure(refusal.error, "scheduled_query_not_found");
  failure.field = field;
  return core.Fail(failure);
}

/// Runs the operation with `input`, which the console wrote.
std::optional<http::Response> RunOperation(Core& core, std::string_view operation,
                                           std::string_view input) {
  const auto parsed = ParseJson(input);
  if (!parsed.ok()) return core.Fail(parsed.error());
  if (const auto refusal = core.deps.schedules->Call(operation, *parsed)) {
    return Refuse(core, *refusal);
  }
  return std::nullopt;
}

/// `more`: writes members beside the query's ARN.
template <typename More>
std::optional<http::Response> ChangeQuery(Core& core, std::string_view name,
                                          std::string_view operation, More more) {
  const auto def = core.deps.catalog.GetScheduledQuery(name);
  if (!def.ok()) return NotThere(core, def.error());
  JsonWriter input;
  input.BeginObject().Key("ScheduledQueryArn").String(core.deps.schedules->ArnOf(*def));
  more(input);
  input.EndObject();
  return RunOperation(core, operation, input.text());
}

Answer List(Core& core, Call& call) {
  ListWish wish;
  if (const auto failure = ReadListWish(call.request, wish)) return core.Fail(*failure);
  std::vector<ListItem> items;
  for (ScheduledQueryDef& def : core.deps.catalog.ListScheduledQueries()) {
    ListItem item{def.name, def.name, def.created.ms, def.created.ms, {}};
    item.write = [&schedules = *core.deps.schedules, def = std::move(def)](JsonWriter& out) {
      Write(schedules, def, Runs::kLast, out);
    };
    items.push_back(std::move(item));
  }
  return Replies::Ok(ListJson(std::move(items), wish));
}

Answer Create(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"name", "sql", "schedule", "target", "report"});
  if (!body.ok()) return core.Fail(body.error());
  JsonWriter input;
  if (const auto failure = WriteCreateCall(*body, input)) return core.Fail(*failure);
  if (auto refused = RunOperation(core, "CreateScheduledQuery", input.text())) return refused;
  return Whole(core, 201, body->Find("name")->string_value());
}

Answer Get(Core& core, Call& call) { return Whole(core, 200, call.path[1]); }

Answer Check(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"schedule"});
  if (!body.ok()) return core.Fail(body.error());
  const JsonValue* schedule = body->Find("schedule");
  if (schedule == nullptr || !schedule->is_string()) {
    return core.Fail(InvalidRequest("it must be a string", "schedule"));
  }
  const auto next = core.deps.schedules->NextTimes(schedule->string_value(), kNextTimes);
  if (!next.ok()) return Refuse(core, {next.error(), "scheduleConfiguration"});
  JsonWriter out;
  out.BeginObject().Key("next").BeginArray();
  for (const ArrivalTime at : *next) out.String(std::to_string(at.AsEventTime().ns));
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer Change(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"enabled"});
  if (!body.ok()) return core.Fail(body.error());
  const JsonValue* enabled = body->Find("enabled");
  if (enabled == nullptr || enabled->kind() != JsonValue::Kind::kBool) {
    return core.Fail(InvalidRequest("it must be true or false", "enabled"));
  }
  const std::string& name = call.path[1];
  auto refused = ChangeQuery(core, name, "UpdateScheduledQuery", [&](JsonWriter& input) {
    input.Key("State").String(enabled->bool_value() ? "ENABLED" : "DISABLED");
  });
  return refused ? std::move(*refused) : Whole(core, 200, name);
}

Answer RunNow(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"at"});
  if (!body.ok()) return core.Fail(body.error());
  ArrivalTime at = core.deps.clock.Now();
  if (const JsonValue* given = body->Find("at"); given != nullptr && !given->is_null()) {
    const auto ns = given->is_string() ? ParseInt64(given->string_value()) : std::nullopt;
    if (!ns || *ns < 0) {
      return core.Fail(InvalidRequest("it must be nanoseconds since the epoch, as a text", "at"));
    }
    at = ArrivalTime{*ns / 1'000'000};
  }
  std::string name = call.path[1];
  name.resize(name.size() - std::string_view(":run").size());
  auto refused = ChangeQuery(core, name, "ExecuteScheduledQuery", [at](JsonWriter& input) {
    const std::string fraction = std::to_string(1000 + at.ms % 1000).substr(1);
    input.Key("InvocationTime").Raw(std::to_string(at.ms / 1000) + "." + fraction);
  });
  return refused ? std::move(*refused) : Whole(core, 202, name);
}

Answer Remove(Core& core, Call& call) {
  auto refused = ChangeQuery(core, call.path[1], "DeleteScheduledQuery", [](JsonWriter&) {});
  return refused ? std::move(*refused) : NoContent();
}

/// Where nobody schedules there is nothing, and the pages say so.
template <Handler kHandler>
Answer WithSchedules(Core& core, Call& call) {
  if (core.deps.schedules == nullptr) return core.NothingAt(call.request.path);
  return kHandler(core, call);
}

constexpr Route kRoutes[] = {
    {"GET", "scheduled-queries", WithSchedules<List>},
    {"POST", "scheduled-queries", WithSchedules<Create>},
    {"POST", "scheduled-queries:check", WithSchedules<Check>},
    {"GET", "scheduled-queries/*", WithSchedules<Get>},
    {"PATCH", "scheduled-queries/*", WithSchedules<Change>},
    {"DELETE", "scheduled-queries/*", WithSchedules<Remove>},
    {"POST", "scheduled-queries/*:run", WithSchedules<RunNow>},
};

}  // namespace

std::span<const Route> ScheduleRoutes() { return kRoutes; }

}  // namespace tidemark::console
