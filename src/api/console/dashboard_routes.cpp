// SPDX-License-Identifier: Apache-2.0
// Dashboards: a draft, and numbered published versions (web/API.md section 12).
//
// Bounds: kObjectsMax of them, a definition of kDashboardBytesMax; versions: AddVersion().
#include "api/console/dashboard_definition_internal.h"
#include "api/console/kept_objects_internal.h"
#include "api/console/routes_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

using catalog::DashboardDef;
using catalog::DashboardVersionDef;

const std::string& Shown(const DashboardDef& def) {
  return def.draft.empty() && !def.versions.empty() ? def.versions.front().definition : def.draft;
}

void WriteTimes(JsonWriter& out, const DashboardDef& def) {
  WriteI64(out, "created", std::optional(def.created.AsEventTime()));
  WriteI64(out, "updated", std::optional(def.updated.AsEventTime()));
  WriteText(out, "source", def.source);
}

void WriteVersion(JsonWriter& out, const DashboardVersionDef& version) {
  WriteI64(out, "version", version.number);
  WriteI64(out, "at", std::optional(version.at.AsEventTime()));
  WriteText(out, "message", version.message);
}

std::string TitleOf(std::string_view text) {
  const auto definition = ParseDefinition(text);
  return definition.ok() ? definition->title : std::string();
}

std::string Json(const DashboardDef& def) {
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "id", def.name);
  WriteText(out, "title", TitleOf(Shown(def)));
  out.Key("draft");
  def.draft.empty() ? out.Null() : out.Raw(def.draft);
  out.Key("published");
  if (def.versions.empty()) {
    out.Null();
  } else {
    out.BeginObject();
    WriteVersion(out, def.versions.front());
    out.Key("definition").Raw(def.versions.front().definition).EndObject();
  }
  WriteTimes(out, def);
  WriteText(out, "etag", ETagOf(def.revision));
  out.EndObject();
  return std::move(out).Take();
}

void WriteItem(JsonWriter& out, const DashboardDef& def, const DashboardDefinition& definition) {
  out.BeginObject();
  WriteText(out, "id", def.name);
  WriteText(out, "title", definition.title);
  WriteText(out, "description", definition.description);
  out.Key("tags").BeginArray();
  for (const std::string& tag : definition.tags) out.String(tag);
  out.EndArray();
  WriteTextOrNull(out, "published",
                  def.versions.empty() ? "" : std::to_string(def.versions.front().number));
  out.Key("has_draft").Bool(!def.draft.empty());
  WriteTimes(out, def);
  out.EndObject();
}

/// The member "definition", checked, as text.
std::optional<Failure> ReadDraft(const JsonValue& body, std::string& out) {
  const JsonValue* definition = body.Find("definition");
  if (definition == nullptr) return InvalidRequest("it is missing", "definition");
  const auto read = ReadDefinition(*definition);
  if (!read.ok()) return InvalidRequest(read.error().message, "definition");
  out = JsonText(*definition);
  if (out.size() > kDashboardBytesMax) {
    return InvalidRequest("it is larger than 1 MiB", "definition");
  }
  return std::nullopt;
}

http::Response NotThere(Core& core, const Error& error) {
  return core.Fail(ToFailure(error, "dashboard_not_found"));
}

Answer List(Core& core, Call& call) {
  ListWish wish;
  if (const auto failure = ReadListWish(call.request, wish)) return core.Fail(*failure);
  std::vector<ListItem> items;
  for (DashboardDef& def : core.deps.catalog.ListDashboards()) {
    auto read = ParseDefinition(Shown(def));
    DashboardDefinition definition = read.ok() ? std::move(*read) : DashboardDefinition();
    ListItem item{definition.title, def.name, def.updated.ms, def.created.ms, {}};
    item.write = [def = std::move(def), definition = std::move(definition)](JsonWriter& out) {
      WriteItem(out, def, definition);
    };
    items.push_back(std::move(item));
  }
  return Replies::Ok(ListJson(std::move(items), wish));
}

Answer Create(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"id", "definition"});
  if (!body.ok()) return core.Fail(body.error());
  DashboardDef def;
  def.source = "console";
  if (auto failure = ReadDraft(*body, def.draft)) return core.Fail(*failure);
  if (auto failure = ReadText(*body, "id", 64, def.name)) return core.Fail(*failure);
  if (def.name.empty()) def.name = "d-" + core.replies.NewId();
  if (!IsObjectId(def.name)) {
    return core.Fail(InvalidRequest("it must be 1 to 64 of A-Z a-z 0-9 _ -", "id"));
  }
  const MutexLock lock(core.objects_mutex);
  if (core.deps.catalog.ListDashboards().size() >= kObjectsMax) {
    return core.Fail(Error{Code::kFailedPrecondition, "There are 1,000 dashboards already."});
  }
  const auto made = core.deps.catalog.CreateDashboard(std::move(def));
  if (!made.ok()) return core.Fail(made.error());
  return Stored(201, Json(*made), made->revision);
}

Answer Get(Core& core, Call& call) {
  const auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  return Stored(200, Json(*def), def->revision);
}

using Change = std::optional<Failure> (*)(Core&, const JsonValue& body, DashboardDef&);

/// Reads, compares If-Match, changes, stores. `suffix`: ":publish" of "ID:publish".
Answer ChangeDashboard(Core& core, Call& call, std::string_view suffix,
                       std::initializer_list<std::string_view> members, Change change) {
  const auto body = ParseBody(call.request.body, members);
  if (!body.ok()) return core.Fail(body.error());
  const std::string name = call.path[1].substr(0, call.path[1].size() - suffix.size());
  const MutexLock lock(core.objects_mutex);
  auto def = core.deps.catalog.GetDashboard(name);
  if (!def.ok()) return NotThere(core, def.error());
  if (auto failure = CheckIfMatch(call.request, def->revision, [&] { return Json(*def); })) {
    return core.Fail(*failure);
  }
  if (auto failure = change(core, *body, *def)) return core.Fail(*failure);
  ++def->revision;
  def->updated = core.deps.clock.Now();
  const auto done = core.deps.catalog.UpdateDashboard(*def);
  if (!done.ok()) return core.Fail(done.error());
  core.shares.Put(*def);
  return Stored(200, Json(*def), def->revision);
}

std::optional<Failure> Publish(Core& core, const JsonValue& body, DashboardDef& def) {
  if (def.draft.empty()) {
    return ToFailure(Error{Code::kFailedPrecondition, "There is no draft to publish."});
  }
  DashboardVersionDef version;
  if (auto failure = ReadText(body, "message", 1024, version.message)) return failure;
  version.at = core.deps.clock.Now();
  version.definition = std::move(def.draft);
  def.draft.clear();
  AddVersion(def, std::move(version));
  return std::nullopt;
}

const DashboardVersionDef* FindVersion(const DashboardDef& def, std::string_view number) {
  const auto wished = ParseInt64(number);
  if (!wished) return nullptr;
  const auto found = std::ranges::find(def.versions, *wished, &DashboardVersionDef::number);
  return found == def.versions.end() ? nullptr : &*found;
}

std::optional<Failure> Revert(Core&, const JsonValue& body, DashboardDef& def) {
  std::string number;
  if (auto failure = ReadText(body, "version", 20, number)) return failure;
  if (number.empty()) {
    if (def.versions.empty()) {
      return ToFailure(Error{Code::kFailedPrecondition,
                             "There is no published version to go back to: delete it instead."});
    }
    def.draft.clear();
    return std::nullopt;
  }
  const DashboardVersionDef* version = FindVersion(def, number);
  if (version == nullptr) {
    return ToFailure(Error{Code::kNotFound, "There is no version " + number + " any more."},
                     "version_not_found");
  }
  def.draft = version->definition;
  return std::nullopt;
}

Answer Remove(Core& core, Call& call) {
  const MutexLock lock(core.objects_mutex);
  const auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  if (auto failure = CheckIfMatch(call.request, def->revision, [&] { return Json(*def); })) {
    return core.Fail(*failure);
  }
  const auto done = core.deps.catalog.DeleteDashboard(def->id);
  if (!done.ok()) return core.Fail(done.error());
  core.shares.Remove(def->name);
  return NoContent();
}

Answer ListVersions(Core& core, Call& call) {
  const auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  JsonWriter out;
  out.BeginObject().Key("items").BeginArray();
  for (const DashboardVersionDef& version : def->versions) {
    out.BeginObject();
    WriteVersion(out, version);
    WriteText(out, "title", TitleOf(version.definition));
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer GetVersion(Core& core, Call& call) {
  const auto def = core.deps.catalog.GetDashboard(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  const DashboardVersionDef* version = FindVersion(*def, call.path[3]);
  if (version == nullptr) {
    return core.Fail(
        ToFailure(Error{Code::kNotFound, "There is no such version."}, "version_not_found"));
  }
  JsonWriter out;
  out.BeginObject();
  WriteVersion(out, *version);
  out.Key("definition").Raw(version->definition).EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"GET", "dashboards", List},
    {"POST", "dashboards", Create},
    {"GET", "dashboards/*", Get},
    {"PUT", "dashboards/*",
     [](Core& core, Call& call) {
       return ChangeDashboard(core, call, "", {"definition"},
                              [](Core&, const JsonValue& body, DashboardDef& def) {
                                return ReadDraft(body, def.draft);
                              });
     }},
    {"DELETE", "dashboards/*", Remove},
    {"POST", "dashboards/*:publish",
     [](Core& core, Call& call) {
       return ChangeDashboard(core, call, ":publish", {"message"}, Publish);
     }},
    {"POST", "dashboards/*:revert",
     [](Core& core, Call& call) {
       return ChangeDashboard(core, call, ":revert", {"version"}, Revert);
     }},
    {"GET", "dashboards/*/versions", ListVersions},
    {"GET", "dashboards/*/versions/*", GetVersion},
};

}  // namespace

std::span<const Route> DashboardRoutes() { return kRoutes; }

}  // namespace tidemark::console
