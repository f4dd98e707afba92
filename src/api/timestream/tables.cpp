// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/tables.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/logging.h"

namespace tidemark::timestream {
namespace {

// timestream-api.md 2.1: [a-zA-Z0-9_.-]+, 3 to 256 bytes.
Result<void> CheckName(std::string_view what, std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  if (name.size() >= 3 && name.size() <= 256 && std::all_of(name.begin(), name.end(), allowed)) {
    return {};
  }
  return Error{Code::kInvalidArgument, std::string(what) + " name '" +
                                           std::string(name.substr(0, 256)) +
                                           "' must have 3 to 256 letters, digits, '_', '.' or '-'"};
}

// timestream-api.md 2.2.
Result<void> CheckRetention(const catalog::TableDef& def) {
  if (def.memory_retention_hours < 1 || def.memory_retention_hours > 8766) {
    return Error{Code::kInvalidArgument, "memory store retention must be 1 to 8766 hours, not " +
                                             std::to_string(def.memory_retention_hours)};
  }
  if (def.magnetic_retention_days < 1 || def.magnetic_retention_days > 73'000) {
    return Error{Code::kInvalidArgument, "magnetic store retention must be 1 to 73000 days, not " +
                                             std::to_string(def.magnetic_retention_days)};
  }
  return {};
}

std::vector<std::string> RequiredDimensions(const std::string& extra_json) {
  std::vector<std::string> out;
  if (extra_json.empty()) return out;
  const Result<JsonValue> extra = ParseJson(extra_json);
  if (!extra.ok()) return out;
  const JsonValue* schema = extra->Find("Schema");
  const JsonValue* keys = schema == nullptr ? nullptr : schema->Find("CompositePartitionKey");
  if (keys == nullptr || !keys->is_array()) return out;
  for (const JsonValue& key : keys->array()) {
    const JsonValue* enforced = key.Find("EnforcementInRecord");
    const JsonValue* name = key.Find("Name");
    if (enforced != nullptr && name != nullptr && enforced->string_value() == "REQUIRED") {
      out.push_back(name->string_value());
    }
  }
  return out;
}

std::string NoSuchDatabase(std::string_view name) {
  return "The database " + std::string(name) + " does not exist.";
}
std::string NoSuchTable(std::string_view name) {
  return "The table " + std::string(name) + " does not exist.";
}

}  // namespace

store::TableSettings SettingsOf(const catalog::TableDef& def) {
  store::TableSettings out;
  out.table = def.id;
  out.name = "\"" + def.database_name + "\".\"" + def.name + "\"";
  out.memory_retention = hours(def.memory_retention_hours);
  out.magnetic_retention = hours(def.magnetic_retention_days * 24);
  out.magnetic_writes = def.magnetic_writes_enabled;
  return out;
}

TableAdmin::TableAdmin(catalog::Catalog& catalog, store::Store& store)
    : catalog_(catalog), store_(store) {}

void TableAdmin::LoadTables() {
  const MutexLock change(change_mutex_);
  for (const catalog::TableDef& def : catalog_.ListTables()) Publish(def);
}

void TableAdmin::Publish(const catalog::TableDef& def) {
  auto entry = std::make_shared<TableEntry>();
  entry->def = def;
  entry->settings = SettingsOf(def);
  entry->required_dimensions = RequiredDimensions(def.extra_json);
  store_.SetTable(entry->settings);
  const WriterLock lock(entries_mutex_);
  entries_[def.database_name][def.name] = std::move(entry);
}

Result<catalog::DatabaseDef> TableAdmin::CreateDatabase(catalog::DatabaseDef def) {
  TM_RETURN_IF_ERROR(CheckName("database", def.name));
  const MutexLock change(change_mutex_);
  if (catalog_.GetDatabase(def.name).ok()) {
    return Error{Code::kAlreadyExists, "The database " + def.name + " already exists."};
  }
  if (catalog_.ListDatabases().size() >= kDatabasesMax) {
    return Error{Code::kResourceExhausted,
                 "An account has at most " + std::to_string(kDatabasesMax) + " databases."};
  }
  return catalog_.CreateDatabase(std::move(def));
}

Result<catalog::DatabaseDef> TableAdmin::UpdateDatabase(catalog::DatabaseDef def) {
  const MutexLock change(change_mutex_);
  Result<catalog::DatabaseDef> stored = catalog_.GetDatabase(def.name);
  if (!stored.ok()) return Error{Code::kNotFound, NoSuchDatabase(def.name)};
  if (stored->extra_json == def.extra_json) return stored;
  stored->extra_json = std::move(def.extra_json);
  stored->updated = def.updated;
  TM_RETURN_IF_ERROR(catalog_.UpdateDatabase(*stored));
  return catalog_.GetDatabase(stored->id);
}

Result<void> TableAdmin::DeleteDatabase(std::string_view name) {
  const MutexLock change(change_mutex_);
  const Result<catalog::DatabaseDef> stored = catalog_.GetDatabase(name);
  if (!stored.ok()) return Error{Code::kNotFound, NoSuchDatabase(name)};
  if (TableCount(name) > 0) {
    return Error{Code::kFailedPrecondition,
                 "The database " + std::string(name) + " still has tables; delete them first."};
  }
  return catalog_.DeleteDatabase(stored->id);
}

Result<catalog::TableDef> TableAdmin::CreateTable(catalog::TableDef def) {
  TM_RETURN_IF_ERROR(CheckName("table", def.name));
  TM_RETURN_IF_ERROR(CheckRetention(def));
  const MutexLock change(change_mutex_);
  if (!catalog_.GetDatabase(def.database_name).ok()) {
    return Error{Code::kNotFound, NoSuchDatabase(def.database_name)};
  }
  if (Find(def.database_name, def.name) != nullptr) {
    return Error{Code::kAlreadyExists, "The table " + def.name + " already exists."};
  }
  if (catalog_.ListTables().size() >= kTablesMax) {
    return Error{Code::kResourceExhausted,
                 "An account has at most " + std::to_string(kTablesMax) + " tables."};
  }
  TM_ASSIGN_OR_RETURN(catalog::TableDef made, catalog_.CreateTable(std::move(def)));
  Publish(made);
  return made;
}

Result<catalog::TableDef> TableAdmin::UpdateTable(catalog::TableDef def) {
  TM_RETURN_IF_ERROR(CheckRetention(def));
  store::TableSettings settings;
  bool retention_changed = false;
  {
    const MutexLock change(change_mutex_);
    const std::shared_ptr<const TableEntry> stored = Find(def.database_name, def.name);
    if (stored == nullptr) return Error{Code::kNotFound, NoSuchTable(def.name)};
    def.id = stored->def.id;
    def.database = stored->def.database;
    def.created = stored->def.created;
    TM_RETURN_IF_ERROR(catalog_.UpdateTable(def));
    TM_ASSIGN_OR_RETURN(def, catalog_.GetTable(def.id));
    Publish(def);
    settings = SettingsOf(def);
    retention_changed = settings.memory_retention != stored->settings.memory_retention ||
                        settings.magnetic_retention != stored->settings.magnetic_retention ||
                        settings.magnetic_writes != stored->settings.magnetic_writes;
  }
  if (retention_changed) {
    std::vector<RetentionCallback> callbacks;
    {
      const MutexLock lock(callbacks_mutex_);
      for (const auto& [id, callback] : callbacks_) callbacks.push_back(callback);
    }
    for (const RetentionCallback& callback : callbacks) callback(settings);
  }
  return def;
}

Result<void> TableAdmin::CheckUnused(std::string_view database, std::string_view name) const {
  const auto refuse = [&](std::string_view kind, const std::string& user) {
    return Error{Code::kFailedPrecondition, "The table " + std::string(name) + " is used by " +
                                                std::string(kind) + " " + user +
                                                "; delete that first."};
  };
  for (const catalog::PipelineDef& pipeline : catalog_.ListPipelines()) {
    if (pipeline.database == database && pipeline.table == name) {
      return refuse("pipeline", pipeline.name);
    }
  }
  for (const catalog::ViewDef& view : catalog_.ListViews()) {
    if (view.database == database && (view.table == name || view.target_table == name)) {
      return refuse("view", view.name);
    }
  }
  return {};
}

Result<void> TableAdmin::DeleteTable(std::string_view database, std::string_view name) {
  const MutexLock change(change_mutex_);
  const std::shared_ptr<const TableEntry> stored = Find(database, name);
  if (stored == nullptr) {
    return Error{Code::kNotFound, catalog_.GetDatabase(database).ok() ? NoSuchTable(name)
                                                                      : NoSuchDatabase(database)};
  }
  TM_RETURN_IF_ERROR(CheckUnused(database, name));
  TM_RETURN_IF_ERROR(catalog_.DeleteTable(stored->def.id));
  {
    const WriterLock lock(entries_mutex_);
    const auto it = entries_.find(database);
    it->second.erase(std::string(name));
    if (it->second.empty()) entries_.erase(it);
  }
  // The table is gone for every client; points that stay behind are unreachable, their id is never
  // used again.
  if (Result<void> dropped = store_.DropTable(stored->def.id); !dropped.ok()) {
    Log(LogLevel::kWarning, "timestream", "points of a deleted table remain in the store",
        {{"table", stored->settings.name}, {"error", dropped.error().message}});
  }
  return {};
}

std::shared_ptr<const TableEntry> TableAdmin::Find(std::string_view database,
                                                   std::string_view name) const {
  const ReaderLock lock(entries_mutex_);
  const auto tables = entries_.find(database);
  if (tables == entries_.end()) return nullptr;
  const auto it = tables->second.find(name);
  return it == tables->second.end() ? nullptr : it->second;
}

size_t TableAdmin::TableCount(std::string_view database) const {
  const ReaderLock lock(entries_mutex_);
  const auto tables = entries_.find(database);
  return tables == entries_.end() ? 0 : tables->second.size();
}

uint64_t TableAdmin::SubscribeRetention(RetentionCallback callback) {
  const MutexLock lock(callbacks_mutex_);
  const uint64_t id = next_callback_++;
  callbacks_[id] = std::move(callback);
  return id;
}

void TableAdmin::UnsubscribeRetention(uint64_t subscription) {
  const MutexLock lock(callbacks_mutex_);
  callbacks_.erase(subscription);
}

}  // namespace tidemark::timestream
