// SPDX-License-Identifier: Apache-2.0
#include "catalog/activity.h"

#include "base/json.h"

namespace tidemark::catalog {
namespace {

constexpr std::string_view kChanged = "changed";

std::string_view ChangedIf(bool differs) { return differs ? kChanged : std::string_view(); }

std::string TextOf(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  return value != nullptr && value->is_string() ? value->string_value() : std::string();
}

}  // namespace

std::string EncodeActivity(const Activity& activity) {
  JsonWriter out;
  out.BeginObject().Key("at_ms").Int(activity.at.ms);
  out.Key("kind").String(activity.kind).Key("name").String(activity.name);
  out.Key("action").String(activity.action).Key("detail").String(activity.detail).EndObject();
  return std::move(out).Take();
}

Result<Activity> DecodeActivity(std::string_view text) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, ParseJson(text));
  const JsonValue* at = value.is_object() ? value.Find("at_ms") : nullptr;
  const auto ms = at != nullptr ? at->AsInt64() : std::nullopt;
  if (!ms) return Error{Code::kCorruption, "an entry without a time"};
  return Activity{.number = 0,
                  .at = {*ms},
                  .kind = TextOf(value, "kind"),
                  .name = TextOf(value, "name"),
                  .action = TextOf(value, "action"),
                  .detail = TextOf(value, "detail")};
}

std::string_view ActionOf(const StreamDef& before, const StreamDef& after) {
  return ChangedIf(before != after);
}

std::string_view ActionOf(const DatabaseDef& before, const DatabaseDef& after) {
  return ChangedIf(before != after);
}

std::string_view ActionOf(const TableDef& before, const TableDef& after) {
  return ChangedIf(before != after);
}

std::string_view ActionOf(const PipelineDef& before, const PipelineDef& after) {
  if (before.running != after.running) return after.running ? "started" : "stopped";
  return ChangedIf(before != after);
}

std::string_view ActionOf(const ViewDef& before, const ViewDef& after) {
  if (before.running != after.running) return after.running ? "started" : "stopped";
  if (before.paused != after.paused) return after.paused ? "paused" : "resumed";
  ViewDef same = after;
  same.retired = before.retired;  // what is left to be removed is nobody's change
  return ChangedIf(before != same);
}

std::string_view ActionOf(const ScheduledQueryDef& before, const ScheduledQueryDef& after) {
  if (before.enabled != after.enabled) return after.enabled ? "enabled" : "disabled";
  return ChangedIf(before.sql != after.sql || before.schedule != after.schedule ||
                   before.properties_json != after.properties_json);
}

std::string_view ActionOf(const SavedQueryDef& before, const SavedQueryDef& after) {
  return ChangedIf(before != after);
}

std::string_view ActionOf(const DashboardDef& before, const DashboardDef& after) {
  const auto newest = [](const DashboardDef& def) {
    return def.versions.empty() ? int64_t{0} : def.versions.front().number;
  };
  if (newest(before) != newest(after)) return "published";
  if (before.shares.size() < after.shares.size()) return "shared";
  if (before.shares.size() > after.shares.size()) return "unshared";
  return ChangedIf(before != after);
}

std::string TitleOf(const SavedQueryDef& def) { return def.title; }

std::string TitleOf(const DashboardDef& def) {
  const std::string& text =
      def.draft.empty() && !def.versions.empty() ? def.versions.front().definition : def.draft;
  const auto value = ParseJson(text);
  return value.ok() && value->is_object() ? TextOf(*value, "title") : std::string();
}

}  // namespace tidemark::catalog
