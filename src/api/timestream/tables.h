// SPDX-License-Identifier: Apache-2.0
// The one place where databases and tables are made, changed and dropped: the Timestream API and
// the stack applier share it. Keeps catalog, store and a cache for the write path in step.
// Thread-safe. Changing calls commit to the catalog and so wait for the disk: not for a network
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "store/store.h"

namespace tidemark::timestream {

/// A table as the write path needs it. Immutable.
struct TableEntry {
  catalog::TableDef def;
  store::TableSettings settings;
  /// Dimensions that every record must have: partition keys with EnforcementInRecord REQUIRED.
  std::vector<std::string> required_dimensions;
};

/// What the store has to know of a definition.
store::TableSettings SettingsOf(const catalog::TableDef& def);

class TableAdmin {
 public:
  // Quotas per account: timestream-api.md 4.9.
  static constexpr size_t kDatabasesMax = 500;
  static constexpr size_t kTablesMax = 50'000;

  /// Both must outlive the object.
  TableAdmin(catalog::Catalog& catalog, store::Store& store);

  /// Tells the store of every table in the catalog; once, at start, before any write.
  void LoadTables();

  // Errors: kInvalidArgument (a bad name or retention: the message says which), kAlreadyExists,
  // kNotFound, kResourceExhausted (a quota), kFailedPrecondition (still in use), and the catalog's
  // kNoSpace and kIo. A definition is in the catalog before the store hears of it, and out of the
  // catalog before its points go.

  Result<catalog::DatabaseDef> CreateDatabase(catalog::DatabaseDef def);
  /// Changes `extra_json` only; `updated` is set.
  Result<catalog::DatabaseDef> UpdateDatabase(catalog::DatabaseDef def);
  /// kFailedPrecondition: it still has tables.
  Result<void> DeleteDatabase(std::string_view name);

  /// `database_name` names the database.
  Result<catalog::TableDef> CreateTable(catalog::TableDef def);
  /// Retention, magnetic writes and `extra_json`; `updated` is set. Effective when it returns.
  Result<catalog::TableDef> UpdateTable(catalog::TableDef def);
  /// kFailedPrecondition: a pipeline or view uses it; the message names which.
  Result<void> DeleteTable(std::string_view database, std::string_view name);

  /// Null: no such table. Cheap; for network threads.
  std::shared_ptr<const TableEntry> Find(std::string_view database, std::string_view name) const;
  /// How many tables a database has.
  size_t TableCount(std::string_view database) const;

  /// `callback` runs after a table's retention or magnetic writes changed, in the changing call;
  /// it only hands off. Until Unsubscribe().
  using RetentionCallback = std::function<void(const store::TableSettings&)>;
  uint64_t SubscribeRetention(RetentionCallback callback);
  void UnsubscribeRetention(uint64_t subscription);

 private:
  using Tables = std::map<std::string, std::shared_ptr<const TableEntry>, std::less<>>;

  void Publish(const catalog::TableDef& def);
  Result<void> CheckUnused(std::string_view database, std::string_view name) const;

  catalog::Catalog& catalog_;
  store::Store& store_;

  Mutex change_mutex_;  // one change at a time; taken before entries_mutex_
  mutable SharedMutex entries_mutex_;
  std::map<std::string, Tables, std::less<>> entries_ TM_GUARDED_BY(entries_mutex_);
  mutable Mutex callbacks_mutex_;
  std::map<uint64_t, RetentionCallback> callbacks_ TM_GUARDED_BY(callbacks_mutex_);
  uint64_t next_callback_ TM_GUARDED_BY(callbacks_mutex_) = 1;
};

}  // namespace tidemark::timestream
