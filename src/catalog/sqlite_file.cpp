// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>
#include <utility>

#include <sqlite3.h>

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
};

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

Result<std::unique_ptr<SqliteFile>> SqliteFile::Open(const std::string& path) {
  auto handle = std::make_unique<Handle>();
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &handle->db, kFlags, nullptr) != SQLITE_OK) {
    return SqliteError(handle->db, "open " + path);
  }
  std::unique_ptr<SqliteFile> file(new SqliteFile(std::move(handle)));
  // A rollback journal and synchronous=EXTRA: after a commit neither the change nor the removal of
  // the journal can be lost by a power cut. The exclusive lock keeps a second server out.
  TM_RETURN_IF_ERROR(
      file->Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA "
                    "synchronous=EXTRA; PRAGMA trusted_schema=OFF;"));
  TM_RETURN_IF_ERROR(file->Migrate(path));
  return file;
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
      return Error{Code::kFailedPrecondition,
                   "catalog: " + path + " has schema version " + std::to_string(version) +
                       ", written by a newer tidemark; this one reads up to version " +
                       std::to_string(kSchemaVersion)};
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

Result<uint32_t> SqliteFile::Insert(std::string_view kind, const ObjectRow& row) {
  uint32_t id = 0;
  TM_RETURN_IF_ERROR(Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(
        Statement next,
        Statement::Prepare(
            handle_->db,
            "INSERT INTO sequence (kind, last_id) VALUES (?, 1) "
            "ON CONFLICT (kind) DO UPDATE SET last_id = last_id + 1 RETURNING last_id"));
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
    TM_ASSIGN_OR_RETURN(
        Statement insert,
        Statement::Prepare(
            handle_->db,
            "INSERT INTO object (kind, id, scope, name, definition) VALUES (?, ?, ?, ?, ?)"));
    insert.Bind(1, kind)
        .Bind(2, taken)
        .Bind(3, row.scope)
        .Bind(4, row.name)
        .Bind(5, row.definition);
    TM_ASSIGN_OR_RETURN(more, insert.Step("insert " + std::string(kind) + " " + row.name));
    return {};
  }));
  return id;
}

Result<void> SqliteFile::Update(std::string_view kind, uint32_t id, std::string_view definition) {
  return Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(
        Statement update,
        Statement::Prepare(handle_->db,
                           "UPDATE object SET definition = ? WHERE kind = ? AND id = ?"));
    update.Bind(1, definition).Bind(2, kind).Bind(3, int64_t{id});
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, update.Step("update"));
    return {};
  });
}

Result<void> SqliteFile::Delete(std::string_view kind, uint32_t id) {
  return Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(
        Statement erase,
        Statement::Prepare(handle_->db, "DELETE FROM object WHERE kind = ? AND id = ?"));
    erase.Bind(1, kind).Bind(2, int64_t{id});
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, erase.Step("delete"));
    return {};
  });
}

Result<void> SqliteFile::PutSetting(std::string_view key, std::string_view value) {
  return Transaction([&]() -> Result<void> {
    TM_ASSIGN_OR_RETURN(
        Statement put,
        Statement::Prepare(handle_->db,
                           "INSERT INTO setting (key, value) VALUES (?, ?) "
                           "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    put.Bind(1, key).BindBytes(2, value);
    TM_ASSIGN_OR_RETURN([[maybe_unused]] const bool row, put.Step("put setting"));
    return {};
  });
}

}  // namespace tidemark::catalog
