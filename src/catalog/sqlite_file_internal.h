// SPDX-License-Identifier: Apache-2.0
// The catalog's SQLite file: schema, migrations, and the few statements the catalog needs.
// The only user of SQLite in the program. Single-owner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::catalog {

/// The schema this build writes, kept in SQLite's user_version.
inline constexpr int kSchemaVersion = 1;

struct ObjectRow {
  uint32_t id = 0;
  std::string scope;  // database name of a table, else ""
  std::string name;
  std::string definition;
};

class SqliteFile {
 public:
  /// Opens or creates, checks that it is a catalog, and migrates forward.
  static Result<std::unique_ptr<SqliteFile>> Open(const std::string& path);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  Result<void> ForEachObject(std::string_view kind,
                             const std::function<Result<void>(ObjectRow)>& visit);
  Result<void> ForEachSetting(const std::function<void(std::string key, std::string value)>& visit);

  /// Takes the kind's next id and inserts, in one transaction. Durable on return.
  Result<uint32_t> Insert(std::string_view kind, const ObjectRow& row);
  Result<void> Update(std::string_view kind, uint32_t id, std::string_view definition);
  Result<void> Delete(std::string_view kind, uint32_t id);
  Result<void> PutSetting(std::string_view key, std::string_view value);

 private:
  class Statement;
  struct Handle;
  explicit SqliteFile(std::unique_ptr<Handle> handle);
  Result<void> Execute(const std::string& sql);
  Result<int64_t> QueryInt(const std::string& sql);
  Result<void> Migrate(const std::string& path);
  /// Runs `work` in a transaction; rolls back when it or the commit fails.
  Result<void> Transaction(const std::function<Result<void>()>& work);

  std::unique_ptr<Handle> handle_;
};

}  // namespace tidemark::catalog
