// SPDX-License-Identifier: Apache-2.0
// The catalog's SQLite file: schema, migrations, and the few statements the catalog needs.
// The only user of SQLite in the program. Single-owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::catalog {

/// The schema this build writes, kept in SQLite's user_version.
inline constexpr int kSchemaVersion = 3;

struct ObjectRow {
  uint32_t id = 0;
  std::string scope;  // database name of a table, else ""
  std::string name;
  std::string definition;
};

/// A setting to put, or (no value) to remove.
struct SettingChange {
  std::string key;
  std::optional<std::string> value;
};

class SqliteFile {
 public:
  /// Opens or creates, checks that it is a catalog, and migrates forward.
  static Result<std::unique_ptr<SqliteFile>> Open(const std::string& path);
  /// Opens a file that exists as it is, for Check() and reading: an unfinished change is rolled
  /// back, nothing else is written.
  static Result<std::unique_ptr<SqliteFile>> OpenToCheck(const std::string& path);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  Result<void> ForEachObject(std::string_view kind,
                             const std::function<Result<void>(ObjectRow)>& visit);
  Result<void> ForEachSetting(const std::function<void(std::string key, std::string value)>& visit);

  // Each is one transaction with the settings given along, and durable on return.

  /// Takes the kind's next id and inserts.
  Result<uint32_t> Insert(std::string_view kind, const ObjectRow& row,
                          std::span<const SettingChange> along);
  Result<void> Update(std::string_view kind, uint32_t id, std::string_view definition,
                      std::span<const SettingChange> along);
  /// Deletes `old` and gives the object `row.id` scope, name and definition of `row`.
  Result<void> Replace(std::string_view kind, uint32_t old, const ObjectRow& row,
                       std::span<const SettingChange> along);
  Result<void> Delete(std::string_view kind, uint32_t id, std::span<const SettingChange> along);
  Result<void> ChangeSettings(std::span<const SettingChange> changes);

  /// SQLite's own structure and the checksum of every row. Each thing wrong goes to `report` as
  /// kind and message. An older schema has no checksums of rows.
  Result<void> Check(const std::function<void(std::string kind, std::string message)>& report);
  /// Writes a copy, as of now, to `path`, which must not exist. Not synced.
  Result<void> CopyTo(const std::string& path);

 private:
  class Statement;
  struct Handle;
  explicit SqliteFile(std::unique_ptr<Handle> handle);
  static Result<std::unique_ptr<SqliteFile>> OpenHandle(const std::string& path, int flags);
  Result<void> Execute(const std::string& sql);
  Result<int64_t> QueryInt(const std::string& sql);
  Result<void> Migrate(const std::string& path);
  /// As Check(), but the first thing wrong is the error.
  Result<void> Verify(const std::string& path);
  /// Runs `work` in a transaction; rolls back when it or the commit fails.
  Result<void> Transaction(const std::function<Result<void>()>& work);
  // In a transaction that runs.
  Result<void> Erase(std::string_view kind, uint32_t id);
  Result<void> Put(std::span<const SettingChange> changes);

  std::unique_ptr<Handle> handle_;
};

}  // namespace tidemark::catalog
