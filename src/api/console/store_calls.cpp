// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "api/console/reply_internal.h"
#include "api/console/routes_internal.h"
#include "api/console/store_calls_internal.h"

namespace tidemark::console {
namespace {

void WriteMemory(JsonWriter& out, const ServiceDeps& deps, const store::StorageReport& report) {
  out.Key("memory").BeginObject();
  if (deps.memory != nullptr) {
    for (const auto& [budget, use] : deps.memory->Report()) out.Key(budget).Uint(use.bytes);
  } else {
    for (const auto& [budget, bytes] : report.memory_bytes) out.Key(budget).Uint(bytes);
  }
  out.EndObject();
}

}  // namespace

std::string StoreStatsJson(const ServiceDeps& deps) {
  const store::StorageReport report =
      deps.store_admin != nullptr ? deps.store_admin->Report() : store::StorageReport{};
  JsonWriter out;
  out.BeginObject().Key("tables").BeginArray();
  for (const catalog::TableDef& table : deps.catalog.ListTables()) {
    const auto found = std::ranges::find(report.tables, table.id, &store::TableStorage::table);
    const store::TableStorage sizes = found == report.tables.end() ? store::TableStorage{} : *found;
    out.BeginObject();
    WriteText(out, "database", table.database_name);
    WriteText(out, "table", table.name);
    out.Key("points").Uint(sizes.points);
    out.Key("series").Uint(sizes.series);
    out.Key("bytes").Uint(sizes.bytes);
    out.Key("block_files").Uint(sizes.block_files);
    out.Key("overlay_points").Uint(sizes.overlay_points);
    out.EndObject();
  }
  out.EndArray();
  out.Key("dict_bytes").Uint(report.dict_bytes);
  out.Key("journal_bytes").Uint(report.journal_bytes);
  out.Key("write_amplification")
      .Double(std::isfinite(report.write_amplification) ? report.write_amplification : 0);
  WriteMemory(out, deps, report);
  out.EndObject();
  return std::move(out).Take();
}

std::vector<std::pair<std::string, std::string>> StoreProblems(const ServiceDeps& deps) {
  std::vector<std::pair<std::string, std::string>> out;
  if (deps.store_admin == nullptr) return out;
  for (const store::DamagedFile& file : deps.store_admin->Damaged()) {
    std::string message = "damaged, points from " + FormatIso8601Millis(file.time.start) + " to " +
                          FormatIso8601Millis(file.time.end) +
                          (file.accepted ? " are a known gap: " : " cannot be read: ") +
                          file.reason;
    if (!file.accepted) message += " (tidemark store accept-gap " + file.file + " gives them up)";
    out.emplace_back("store:" + file.file, std::move(message));
  }
  if (std::string warning = deps.store_admin->ClockWarning(); !warning.empty()) {
    out.emplace_back("store:clock", std::move(warning));
  }
  return out;
}

Result<std::string> OnlyMember(std::string_view body, std::string_view key) {
  TM_ASSIGN_OR_RETURN(const JsonValue parsed, ParseBody(body, {key}));
  const JsonValue* value = parsed.Find(key);
  if (value == nullptr || !value->is_string() || value->string_value().empty()) {
    return Error{Code::kInvalidArgument, "\"" + std::string(key) + "\" must be a text"};
  }
  return value->string_value();
}

Result<store::CompactMode> CompactModeOf(std::string_view body) {
  TM_ASSIGN_OR_RETURN(const JsonValue parsed, ParseBody(body, {"full"}));
  const JsonValue* full = parsed.Find("full");
  if (full == nullptr) return store::CompactMode::kDue;
  if (full->kind() != JsonValue::Kind::kBool) {
    return Error{Code::kInvalidArgument, "\"full\" must be true or false"};
  }
  return full->bool_value() ? store::CompactMode::kFull : store::CompactMode::kDue;
}

namespace {

http::Response NoStoreAdmin(Core& core) {
  return core.Fail(Error{Code::kUnimplemented, "this server's store has no administrator"});
}

/// Answers the call when the store is done with it.
Completion<void> AnswerLater(Core& core, Call& call) {
  // The store completes what it was asked before it goes, after the service may have gone.
  return [self = core.shared_from_this(),
          responder = std::move(call.responder)](Result<void> done) mutable {
    responder.Send(done.ok() ? Replies::Ok("{}") : self->Fail(done.error()));
  };
}

Answer FlushStore(Core& core, Call& call) {
  if (core.deps.store_admin == nullptr) return NoStoreAdmin(core);
  if (const auto body = ParseBody(call.request.body, {}); !body.ok()) {
    return core.Fail(body.error());
  }
  core.deps.store_admin->Flush(AnswerLater(core, call));
  return std::nullopt;
}

Answer CompactStore(Core& core, Call& call) {
  if (core.deps.store_admin == nullptr) return NoStoreAdmin(core);
  const auto mode = CompactModeOf(call.request.body);
  if (!mode.ok()) return core.Fail(InvalidRequest(mode.error().message, "full"));
  core.deps.store_admin->Compact(*mode, AnswerLater(core, call));
  return std::nullopt;
}

Answer AcceptGap(Core& core, Call& call) {
  if (core.deps.store_admin == nullptr) return NoStoreAdmin(core);
  const auto file = OnlyMember(call.request.body, "file");
  if (!file.ok()) return core.Fail(InvalidRequest(file.error().message, "file"));
  const auto accepted = core.deps.store_admin->AcceptGap(*file);
  if (!accepted.ok()) return core.Fail(ToFailure(accepted.error(), "file_not_found"));
  return Replies::Ok("{}");
}

Answer MakeBackup(Core& core, Call& call) {
  const auto path = OnlyMember(call.request.body, "path");
  if (!path.ok()) return core.Fail(InvalidRequest(path.error().message, "path"));
  const auto made = core.deps.admin.Backup(*path);
  if (!made.ok()) return core.Fail(made.error());
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "path", made->path);
  WriteText(out, "position", made->position);
  WriteI64(out, "files", made->files);
  WriteI64(out, "bytes", made->bytes);
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"GET", "store",
     [](Core& core, Call&) -> Answer { return Replies::Ok(StoreStatsJson(core.deps)); }},
    {"POST", "store:flush", FlushStore},
    {"POST", "store:compact", CompactStore},
    {"POST", "store:acceptGap", AcceptGap},
    {"POST", "backups", MakeBackup},
};

}  // namespace

std::span<const Route> StoreRoutes() { return kRoutes; }

}  // namespace tidemark::console
