// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>
#include <utility>

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "catalog/sqlite_file_internal.h"

namespace tidemark::catalog {
namespace {

// "TMct": tells a catalog from any other SQLite file.
constexpr int kApplicationId = 0x544d6374;

// Step n brings schema n to n + 1. Steps are never edited after a release, only added.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {
    R"(CREATE TABLE sequence (kind TEXT PRIMARY KEY, last_id INTEGER NOT NULL) WITHOUT ROWID;
       CREATE TABLE object (
         kind TEXT NOT NULL, id INTEGER NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
         definition TEXT NOT NULL,
         PRIMARY KEY (kind, id), UNIQUE (kind, scope, name)) WITHOUT ROWID;
       CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;)",
    // SQLite checks no bytes of its own: a flipped bit in a name would be a name.
    R"(ALTER TABLE sequence ADD COLUMN crc INTEGER NOT NULL DEFAULT -1;
       ALTER TABLE object ADD COLUMN crc INTEGER NOT NULL DEFAULT -1;
       ALTER TABLE setting ADD COLUMN crc INTEGER NOT NULL DEFAULT -1;
       UPDATE sequence SET crc = row_crc('sequence', kind, last_id);
       UPDATE object SET crc = row_crc('object', kind, id, scope, name, definition);
       UPDATE setting SET crc = row_crc('setting', key, value);)",
    // Objects of kind scheduled_query. The tables are as before, but a server that does not know
    // the kind must refuse the file: it would silently not run them.
    "SELECT 1;",
};

// Each table's rows that fail their checksum, as text for people.
constexpr std::array<const char*, 3> kDamagedRows = {
    "SELECT 'table object, row ' || kind || ' ' || name || ' (number ' || id || ')' FROM object "
    "WHERE crc IS NOT row_crc('object', kind, id, scope, name, definition)",
    "SELECT 'table sequence, row ' || kind FROM sequence "
    "WHERE crc IS NOT row_crc('sequence', kind, last_id)",
    "SELECT 'table setting, row ' || key FROM setting "
    "WHERE crc IS NOT row_crc('setting', key, value)",
};

/// row_crc(table, column, ...): CRC-32C of the values, each with its type and length before it, so
/// that no two rows of different columns read the same.
void RowCrc(sqlite3_context* context, int count, sqlite3_value** values) {
  uint32_t crc = 0;
  for (int i = 0; i < count; ++i) {
    sqlite3_value* const value = values[i];
    const int type = sqlite3_value_type(value);
    ByteWriter head;
    head.PutU8(static_cast<uint8_t>(type));
    if (type == SQLITE_INTEGER) {
      head.PutU64(static_cast<uint64_t>(sqlite3_value_int64(value)));
      crc = Crc32c(crc, head.view());
      continue;
    }
    const void* const bytes = sqlite3_value_blob(value);
    const auto size = static_cast<size_t>(sqlite3_value_bytes(value));
    head.PutU64(size);
    crc = Crc32c(crc, head.view());
    if (bytes != nullptr)
      crc = Crc32c(crc, std::string_view(static_cast<const char*>(bytes), size));
  }
  sqlite3_result_int64(context, int64_t{crc});
}

Code ToCode(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return Code::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kCorruption;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kFailedPrecondition;
    case SQLITE_CONSTRAINT:
      return Code::kAlreadyExists;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Code::kIo;
    default:
      return Code::kInternal;
  }
}

Error SqliteError(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_errcode(db);
  std::string message = "catalog: " + std::string(doing) + ": " + sqlite3_errmsg(db);
  if (code == SQLITE_BUSY) message += " (is another server using this data directory?)";
  return Error{ToCode(code), std::move(message)};
}

Error NewerSchema(const std::string& path, int64_t version) {
  return {Code::kFailedPrecondition,
          "catalog: " + path + " has schema version " + std::to_string(version) +
              ", written by a newer tidemark; this one reads up to version " +
              std::to_string(kSchemaVersion)};
}

int Length(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

struct SqliteFile::Handle {
  sqlite3* db = nullptr;
  ~Handle() { sqlite3_close_v2(db); }
};

class SqliteFile::Statement {
 public:
  static Result<Statement> Prepare(sqlite3* db, const char* sql) {
    sqlite3_stmt* stmt = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, nullptr) != SQLITE_OK) return SqliteError(db, sql);
    return Statement(db, stmt);
  }

  Statement& Bind(int index, std::string_view text) {
    sqlite3_bind_text(stmt_.get(), index, text.data(), Length(text), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& BindBytes(int index, std::string_view bytes) {
    sqlite3_bind_blob(stmt_.get(), index, bytes.data(), Length(bytes), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& Bind(int index, int64_t value) {
    sqlite3_bind_int64(stmt_.get(), index, value);
    return *this;
  }

  /// True: a row is there.
  Result<bool> Step(std::string_view doing) {
    const int code = sqlite3_step(stmt_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return SqliteError(db_, doing);
  }
  int64_t Int(int column) const { return sqlite3_column_int64(stmt_.get(), column); }
  std::string Text(int column) const {
    const void* bytes = sqlite3_column_blob(stmt_.get(), column);
    const auto size = static_cast<size_t>(sqlite3_column_bytes(stmt_.get(), column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const { sqlite3_finalize(stmt); }
  };
  Statement(sqlite3* db, sqlite3_stmt* stmt) : db_(db), stmt_(stmt) {}

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
};

SqliteFile::SqliteFile(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
SqliteFile::~SqliteFile() = default;

Result<std::unique_ptr<SqliteFile>> SqliteFile::OpenHandle(const std::string& path, int flags) {
  auto handle = std::make_unique<Handle>();
  if (sqlite3_open_v2(path.c_str(), &handle->db, flags | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    return SqliteError(handle->db, "open " + path);
  }
  if (sqlite3_create_function_v2(handle->db, "row_crc", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                 nullptr, &RowCrc, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return SqliteError(handle->db, "define row_crc");
  }
  return std::unique_ptr<SqliteFile>(new SqliteFile(std::move(handle)));
}

Result<std::unique_ptr<SqliteFile>> SqliteFile::OpenToCheck(const std::string& path) {
  TM_ASSIGN_OR_RETURN(auto file, OpenHandle(path, SQLITE_OPEN_READWRITE));
  TM_RETURN_IF_ERROR(file->Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF;"));
  TM_ASSIGN_OR_RETURN(const int64_t application, file->QueryInt("PRAGMA application_id"));
  if (application != kApplicationId) {
    return Error{Code::kCorruption, "catalog: " + path + " is no catalog"};
  }
  TM_ASSIGN_OR_RETURN(const int64_t version, file->QueryInt("PRAGMA user_version"));
  if (version > kSchemaVersion) return NewerSchema(path, version);
  return file;
}

Result<std::unique_ptr<SqliteFile>> SqliteFile::Open(const std::string& path) {
  TM_ASSIGN_OR_RETURN(auto file, OpenHandle(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // A rollback journal and synchronous=EXTRA: after a commit neither the change nor the removal of
  // the journal can be lost by a power cut. The exclusive lock keeps a second server out.
  TM_RETURN_IF_ERROR(
      file->Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA "
                    "synchronous=EXTRA; PRAGMA trusted_schema=OFF;"));
  TM_RETURN_IF_ERROR(file->Migrate(path));
  TM_RETURN_IF_ERROR(file->Verify(path));
  return file;
}

Result<void> SqliteFile::Check(
    const std::function<void(std::string kind, std::string message)>& report) {
  {
    TM_ASSIGN_OR_RETURN(Statement check, Statement::Prepare(handle_->db, "PRAGMA integrity_check"));
    while (true) {
      TM_ASSIGN_OR_RETURN(const bool row, check.Step("integrity_check"));
      if (!row) break;
      if (std::string text = check.Text(0); text != "ok") report("structure", std::move(text));
    }
  }
  TM_ASSIGN_OR_RETURN(const int64_t version, QueryInt("PRAGMA user_version"));
  if (version < 2) return {};
  for (const char* const sql : kDamagedRows) {
    TM_ASSIGN_OR_RETURN(Statement rows, Statement::Prepare(handle_->db, sql));
    while (true) {
      TM_ASSIGN_OR_RETURN(const bool row, rows.Step("check rows"));
      if (!row) break;
      report("checksum", rows.Text(0) + " fails its checksum");
    }
  }
  return {};
}

Result<void> SqliteFile::Verify(const std::string& path) {
  std::string first;
  TM_RETURN_IF_ERROR(Check([&](const std::string&, std::string message) {
    if (first.empty()) first = std::move(message);
  }));
  if (first.empty()) return {};
  return Error{Code::kCorruption, "catalog: " + path + " is damaged: " + first +
                                      "; restore a backup (tidemark restore), or the file alone "
                                      "from a copy, and start again"};
}

Result<void> SqliteFile::CopyTo(const std::string& path) {
  TM_ASSIGN_OR_RETURN(Statement copy, Statement::Prepare(handle_->db, "VACUUM INTO ?"));
  copy.Bind(1, path);
  TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, copy.Step("copy to " + path));
  return {};
}

Result<void> SqliteFile::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_->db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return SqliteError(handle_->db, sql.substr(0, 40));
  }
  return {};
}

Result<int64_t> SqliteFile::QueryInt(const std::string& sql) {
  TM_ASSIGN_OR_RETURN(Statement query, Statement::Prepare(handle_->db, sql.c_str()));
  TM_ASSIGN_OR_RETURN(const bool row, query.Step(sql));
  return row ? query.Int(0) : 0;
}

Result<void> SqliteFile::Migrate(const std::string& path) {
  return Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(const int64_t application, QueryInt("PRAGMA application_id"));
    TM_ASSIGN_OR_RETURN(const int64_t tables, QueryInt("SELECT count(*) FROM sqlite_schema"));
    if (tables > 0 && application != kApplicationId) {
      return Error{Code::kCorruption, "catalog: " + path + " is an SQLite file of another program"};
    }
    TM_ASSIGN_OR_RETURN(const int64_t version, QueryInt("PRAGMA user_version"));
    if (version > kSchemaVersion) {
      return NewerSchema(path, version);
    }
    if (version == kSchemaVersion) return {};
    for (auto step = static_cast<size_t>(version); step < kMigrations.size(); ++step) {
      TM_RETURN_IF_ERROR(Execute(kMigrations[step]));
    }
    return Execute("PRAGMA application_id=" + std::to_string(kApplicationId) +
                   "; PRAGMA user_version=" + std::to_string(kSchemaVersion));
  });
}

Result<void> SqliteFile::Transaction(const std::function<Result<void>()>& work) {
  TM_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  Result<void> done = work();
  if (done.ok()) done = Execute("COMMIT");
  if (!done.ok()) {
    // SQLite may have rolled back by itself (disk full); then this fails and changes nothing.
    (void)Execute("ROLLBACK").ok();
  }
  return done;
}

Result<void> SqliteFile::ForEachObject(std::string_view kind,
                                       const std::function<Result<void>(ObjectRow)>& visit) {
  TM_ASSIGN_OR_RETURN(
      Statement query,
      Statement::Prepare(
          handle_->db,
          "SELECT id, scope, name, definition FROM object WHERE kind = ? ORDER BY id"));
  query.Bind(1, kind);
  while (true) {
    TM_ASSIGN_OR_RETURN(const bool row, query.Step("read objects"));
    if (!row) return {};
    TM_RETURN_IF_ERROR(
        visit({static_cast<uint32_t>(query.Int(0)), query.Text(1), query.Text(2), query.Text(3)}));
  }
}

Result<void> SqliteFile::ForEachSetting(
    const std::function<void(std::string key, std::string value)>& visit) {
  TM_ASSIGN_OR_RETURN(Statement query,
                      Statement::Prepare(handle_->db, "SELECT key, value FROM setting"));
  while (true) {
    TM_ASSIGN_OR_RETURN(const bool row, query.Step("read settings"));
    if (!row) return {};
    visit(query.Text(0), query.Text(1));
  }
}

Result<uint32_t> SqliteFile::Insert(std::string_view kind, const ObjectRow& row,
                                    std::span<const SettingChange> along) {
  uint32_t id = 0;
  TM_RETURN_IF_ERROR(Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(
        Statement next,
        Statement::Prepare(
            handle_->db,
            "INSERT INTO sequence (kind, last_id, crc) VALUES (?1, 1, row_crc('sequence', ?1, 1)) "
            "ON CONFLICT (kind) DO UPDATE SET last_id = last_id + 1, "
            "crc = row_crc('sequence', kind, last_id + 1) RETURNING last_id"));
    next.Bind(1, kind);
    TM_ASSIGN_OR_RETURN(bool more, next.Step("take an id"));
    const int64_t taken = next.Int(0);
    if (taken > std::numeric_limits<uint32_t>::max()) {
      return Error{Code::kResourceExhausted, "catalog: no ids are left"};
    }
    id = static_cast<uint32_t>(taken);
    while (more) {
      TM_ASSIGN_OR_RETURN(more, next.Step("take an id"));
    }
    TM_ASSIGN_OR_RETURN(Statement insert,
                        Statement::Prepare(handle_->db,
                                           "INSERT INTO object (kind, id, scope, name, definition, "
                                           "crc) VALUES (?1, ?2, ?3, ?4, ?5, "
                                           "row_crc('object', ?1, ?2, ?3, ?4, ?5))"));
    insert.Bind(1, kind)
        .Bind(2, taken)
        .Bind(3, row.scope)
        .Bind(4, row.name)
        .Bind(5, row.definition);
    TM_ASSIGN_OR_RETURN(more, insert.Step("insert " + std::string(kind) + " " + row.name));
    return Put(along);
  }));
  return id;
}

Result<void> SqliteFile::Update(std::string_view kind, uint32_t id, std::string_view definition,
                                std::span<const SettingChange> along) {
  return Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(Statement update,
                        Statement::Prepare(handle_->db,
                                           "UPDATE object SET definition = ?1, "
                                           "crc = row_crc('object', kind, id, scope, name, ?1) "
                                           "WHERE kind = ?2 AND id = ?3"));
    update.Bind(1, definition).Bind(2, kind).Bind(3, int64_t{id});
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, update.Step("update"));
    return Put(along);
  });
}

Result<void> SqliteFile::Delete(std::string_view kind, uint32_t id,
                                std::span<const SettingChange> along) {
  return Transaction([&]() -> Result<void> {
    TM_RETURN_IF_ERROR(Erase(kind, id));
    return Put(along);
  });
}

Result<void> SqliteFile::Replace(std::string_view kind, uint32_t old, const ObjectRow& row,
                                 std::span<const SettingChange> along) {
  return Transaction([&]() -> Result<void> {
    TM_RETURN_IF_ERROR(Erase(kind, old));
    TM_ASSIGN_OR_RETURN(
        Statement update,
        Statement::Prepare(handle_->db,
                           "UPDATE object SET scope = ?1, name = ?2, definition = ?3, "
                           "crc = row_crc('object', kind, id, ?1, ?2, ?3) "
                           "WHERE kind = ?4 AND id = ?5"));
    update.Bind(1, row.scope).Bind(2, row.name).Bind(3, row.definition);
    update.Bind(4, kind).Bind(5, int64_t{row.id});
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool more, update.Step("replace"));
    return Put(along);
  });
}

Result<void> SqliteFile::Erase(std::string_view kind, uint32_t id) {
  TM_ASSIGN_OR_RETURN(
      Statement erase,
      Statement::Prepare(handle_->db, "DELETE FROM object WHERE kind = ? AND id = ?"));
  erase.Bind(1, kind).Bind(2, int64_t{id});
  TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, erase.Step("delete"));
  return {};
}

Result<void> SqliteFile::ChangeSettings(std::span<const SettingChange> changes) {
  return Transaction([&] { return Put(changes); });
}

Result<void> SqliteFile::Put(std::span<const SettingChange> changes) {
  for (const SettingChange& change : changes) {
    if (!change.value) {
      TM_ASSIGN_OR_RETURN(Statement erase,
                          Statement::Prepare(handle_->db, "DELETE FROM setting WHERE key = ?"));
      erase.Bind(1, change.key);
      TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, erase.Step("remove setting"));
      continue;
    }
    TM_ASSIGN_OR_RETURN(
        Statement put,
        Statement::Prepare(handle_->db,
                           "INSERT INTO setting (key, value, crc) "
                           "VALUES (?1, ?2, row_crc('setting', ?1, ?2)) ON CONFLICT (key) "
                           "DO UPDATE SET value = excluded.value, crc = excluded.crc"));
    put.Bind(1, change.key).BindBytes(2, *change.value);
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, put.Step("put setting"));
  }
  return {};
}

}  // namespace tidemark::catalog
