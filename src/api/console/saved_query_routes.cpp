// SPDX-License-Identifier: Apache-2.0
// Saved queries (web/API.md section 11).
//
// Bounds: kObjectsMax of them, each of at most 256 KiB of SQL.
#include "api/console/kept_objects_internal.h"
#include "api/console/routes_internal.h"

namespace tidemark::console {
namespace {

using catalog::SavedQueryDef;

constexpr size_t kSqlCharactersMax = 262'144;  // timestream-sql.md 1.1

void Write(JsonWriter& out, const SavedQueryDef& def) {
  out.BeginObject();
  WriteText(out, "id", def.name);
  WriteText(out, "name", def.title);
  WriteText(out, "description", def.description);
  WriteText(out, "sql", def.sql);
  out.Key("range");
  if (def.from.empty()) {
    out.Null();
  } else {
    out.BeginObject();
    WriteText(out, "from", def.from);
    WriteText(out, "to", def.to);
    out.EndObject();
  }
  WriteTextOrNull(out, "database", def.database);
  out.Key("tags").BeginArray();
  for (const std::string& tag : def.tags) out.String(tag);
  out.EndArray();
  WriteI64(out, "created", std::optional(def.created.AsEventTime()));
  WriteI64(out, "updated", std::optional(def.updated.AsEventTime()));
  WriteText(out, "etag", ETagOf(def.revision));
  out.EndObject();
}

std::string Json(const SavedQueryDef& def) {
  JsonWriter out;
  Write(out, def);
  return std::move(out).Take();
}

std::optional<Failure> ReadRange(const JsonValue& body, SavedQueryDef& def) {
  const JsonValue* range = body.Find("range");
  if (range == nullptr) return std::nullopt;
  def.from.clear();
  def.to.clear();
  if (range->is_null()) return std::nullopt;
  const JsonValue* from = range->Find("from");
  const JsonValue* to = range->Find("to");
  if (from == nullptr || to == nullptr || !from->is_string() || !to->is_string() ||
      from->string_value().empty() || from->string_value().size() > 64 ||
      to->string_value().size() > 64) {
    return InvalidRequest("it must have from and to as texts", "range");
  }
  def.from = from->string_value();
  def.to = to->string_value();
  return std::nullopt;
}

std::optional<Failure> ReadMembers(const JsonValue& body, SavedQueryDef& def) {
  if (auto failure = ReadText(body, "name", 256, def.title)) return failure;
  if (auto failure = ReadText(body, "description", 4096, def.description)) return failure;
  if (auto failure = ReadText(body, "sql", kSqlCharactersMax, def.sql)) return failure;
  if (auto failure = ReadText(body, "database", 256, def.database)) return failure;
  if (auto failure = ReadRange(body, def)) return failure;
  if (auto failure = ReadTags(body, def.tags)) return failure;
  if (def.title.empty()) return InvalidRequest("it must not be empty", "name");
  if (def.sql.empty()) return InvalidRequest("it must not be empty", "sql");
  return std::nullopt;
}

Answer List(Core& core, Call& call) {
  ListWish wish;
  if (const auto failure = ReadListWish(call.request, wish)) return core.Fail(*failure);
  std::vector<ListItem> items;
  for (SavedQueryDef& def : core.deps.catalog.ListSavedQueries()) {
    ListItem item{def.title, def.name, def.updated.ms, def.created.ms, {}};
    item.write = [def = std::move(def)](JsonWriter& out) { Write(out, def); };
    items.push_back(std::move(item));
  }
  return Replies::Ok(ListJson(std::move(items), wish));
}

Answer Create(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body,
                              {"id", "name", "description", "sql", "range", "database", "tags"});
  if (!body.ok()) return core.Fail(body.error());
  SavedQueryDef def;
  if (auto failure = ReadMembers(*body, def)) return core.Fail(*failure);
  if (auto failure = ReadText(*body, "id", 64, def.name)) return core.Fail(*failure);
  if (def.name.empty()) def.name = "q-" + core.replies.NewId();
  if (!IsObjectId(def.name)) {
    return core.Fail(InvalidRequest("it must be 1 to 64 of A-Z a-z 0-9 _ -", "id"));
  }
  const MutexLock lock(core.objects_mutex);
  if (core.deps.catalog.ListSavedQueries().size() >= kObjectsMax) {
    return core.Fail(Error{Code::kFailedPrecondition, "There are 1,000 saved queries already."});
  }
  const auto made = core.deps.catalog.CreateSavedQuery(std::move(def));
  if (!made.ok()) return core.Fail(made.error());
  return Stored(201, Json(*made), made->revision);
}

http::Response NotThere(Core& core, const Error& error) {
  return core.Fail(ToFailure(error, "saved_query_not_found"));
}

Answer Get(Core& core, Call& call) {
  const auto def = core.deps.catalog.GetSavedQuery(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  return Stored(200, Json(*def), def->revision);
}

Answer Replace(Core& core, Call& call) {
  const auto body =
      ParseBody(call.request.body, {"name", "description", "sql", "range", "database", "tags"});
  if (!body.ok()) return core.Fail(body.error());
  const MutexLock lock(core.objects_mutex);
  auto def = core.deps.catalog.GetSavedQuery(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  if (auto failure = CheckIfMatch(call.request, def->revision, [&] { return Json(*def); })) {
    return core.Fail(*failure);
  }
  SavedQueryDef next;
  next.id = def->id;
  next.name = def->name;
  next.created = def->created;
  next.revision = def->revision + 1;
  next.updated = core.deps.clock.Now();
  if (auto failure = ReadMembers(*body, next)) return core.Fail(*failure);
  const auto done = core.deps.catalog.UpdateSavedQuery(next);
  if (!done.ok()) return core.Fail(done.error());
  return Stored(200, Json(next), next.revision);
}

Answer Remove(Core& core, Call& call) {
  const MutexLock lock(core.objects_mutex);
  const auto def = core.deps.catalog.GetSavedQuery(call.path[1]);
  if (!def.ok()) return NotThere(core, def.error());
  if (auto failure = CheckIfMatch(call.request, def->revision, [&] { return Json(*def); })) {
    return core.Fail(*failure);
  }
  const auto done = core.deps.catalog.DeleteSavedQuery(def->id);
  if (!done.ok()) return core.Fail(done.error());
  return NoContent();
}

constexpr Route kRoutes[] = {
    {"GET", "saved-queries", List},        {"POST", "saved-queries", Create},
    {"GET", "saved-queries/*", Get},       {"PUT", "saved-queries/*", Replace},
    {"DELETE", "saved-queries/*", Remove},
};

}  // namespace

std::span<const Route> SavedQueryRoutes() { return kRoutes; }

}  // namespace tidemark::console
