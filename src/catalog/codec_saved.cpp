// SPDX-License-Identifier: Apache-2.0
// Definitions of what people keep: saved queries and dashboards.
#include "catalog/codec_internal.h"
#include "catalog/codec_members_internal.h"

namespace tidemark::catalog {
namespace {

/// Each item of the list `name`, if it is there.
template <typename T, typename Decode>
Result<void> ReadList(const Reader& in, std::string_view name, std::vector<T>& out,
                      const Decode& decode) {
  const JsonValue* list = in.Find(name);
  if (list == nullptr || !list->is_array()) return {};
  for (const JsonValue& item : list->array()) {
    TM_ASSIGN_OR_RETURN(T value, decode(item));
    out.push_back(std::move(value));
  }
  return {};
}

void EncodeVersion(JsonWriter& json, const DashboardVersionDef& version) {
  json.BeginObject().Key("number").Int(version.number);
  json.Key("at_ms").Int(version.at.ms);
  json.Key("message").String(version.message);
  json.Key("definition").String(version.definition).EndObject();
}

Result<DashboardVersionDef> DecodeVersion(const JsonValue& value) {
  DashboardVersionDef version;
  Reader in(value);
  in.Int("number", version.number);
  in.Time("at_ms", version.at);
  in.Text("message", version.message);
  in.Text("definition", version.definition);
  TM_RETURN_IF_ERROR(in.Finish());
  return version;
}

void EncodeShare(JsonWriter& json, const DashboardShareDef& share) {
  json.BeginObject().Key("name").String(share.name);
  json.Key("digest").String(share.digest);
  json.Key("created_ms").Int(share.created.ms);
  if (share.expires) json.Key("expires_ms").Int(share.expires->ms);
  json.Key("variables").String(share.variables_json).EndObject();
}

Result<DashboardShareDef> DecodeShare(const JsonValue& value) {
  DashboardShareDef share;
  Reader in(value);
  in.Text("name", share.name);
  in.Text("digest", share.digest);
  in.Time("created_ms", share.created);
  std::optional<int64_t> expires;
  in.OptionalInt("expires_ms", expires);
  if (expires) share.expires = ArrivalTime{*expires};
  in.Text("variables", share.variables_json);
  TM_RETURN_IF_ERROR(in.Finish());
  return share;
}

Result<JsonValue> Parse(std::string_view text) {
  auto parsed = ParseJson(text);
  if (!parsed.ok()) return Error{Code::kCorruption, parsed.error().message};
  return parsed;
}

}  // namespace

std::string EncodeDefinition(const SavedQueryDef& def) {
  Writer out;
  out.Text("title", def.title);
  out.Text("description", def.description);
  out.Text("sql", def.sql);
  out.Text("from", def.from);
  out.Text("to", def.to);
  out.Text("database", def.database);
  out.Texts("tags", def.tags);
  out.Int("revision", def.revision);
  out.Int("created_ms", def.created.ms);
  out.Int("updated_ms", def.updated.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, SavedQueryDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Text("title", def.title);
  in.Text("description", def.description);
  in.Text("sql", def.sql);
  in.Text("from", def.from);
  in.Text("to", def.to);
  in.Text("database", def.database);
  in.Texts("tags", def.tags);
  in.Int("revision", def.revision);
  in.Time("created_ms", def.created);
  in.Time("updated_ms", def.updated);
  return in.Finish();
}

std::string EncodeDefinition(const DashboardDef& def) {
  Writer out;
  out.Text("source", def.source);
  out.Text("draft", def.draft);
  out.json().Key("versions").BeginArray();
  for (const DashboardVersionDef& version : def.versions) EncodeVersion(out.json(), version);
  out.json().EndArray().Key("shares").BeginArray();
  for (const DashboardShareDef& share : def.shares) EncodeShare(out.json(), share);
  out.json().EndArray();
  out.Int("revision", def.revision);
  out.Int("created_ms", def.created.ms);
  out.Int("updated_ms", def.updated.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, DashboardDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Text("source", def.source);
  in.Text("draft", def.draft);
  TM_RETURN_IF_ERROR(ReadList(in, "versions", def.versions, DecodeVersion));
  TM_RETURN_IF_ERROR(ReadList(in, "shares", def.shares, DecodeShare));
  in.Int("revision", def.revision);
  in.Time("created_ms", def.created);
  in.Time("updated_ms", def.updated);
  return in.Finish();
}

}  // namespace tidemark::catalog
