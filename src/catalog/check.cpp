// SPDX-License-Identifier: Apache-2.0
#include "catalog/check.h"

#include "base/file_system.h"
#include "catalog/codec_internal.h"
#include "catalog/sqlite_file_internal.h"

namespace tidemark::catalog {
namespace {

class FileCheck {
 public:
  FileCheck(SqliteFile& file, const std::string& name, const FindingSink& report)
      : file_(file), name_(name), report_(report) {}

  template <typename Def>
  Result<std::vector<Def>> Definitions(std::string_view kind) {
    std::vector<Def> out;
    TM_RETURN_IF_ERROR(file_.ForEachObject(kind, [&](ObjectRow row) -> Result<void> {
      Def def;
      def.id = {row.id};
      def.name = row.name;
      if (const auto decoded = DecodeDefinition(row.definition, def); !decoded.ok()) {
        report_(
            {name_, "format", std::string(kind) + " " + row.name + ": " + decoded.error().message});
      } else {
        out.push_back(std::move(def));
      }
      return {};
    }));
    return out;
  }

 private:
  SqliteFile& file_;
  const std::string& name_;
  const FindingSink& report_;
};

}  // namespace

Result<std::vector<StreamDef>> CheckCatalogFile(const std::string& path, const std::string& name,
                                                const FindingSink& report) {
  std::vector<StreamDef> streams;
  const auto damaged = [&](Error error) -> Result<std::vector<StreamDef>> {
    // SQLite's CORRUPT and NOTADB come back from whichever statement met the damage first.
    if (error.code != Code::kCorruption && error.code != Code::kInternal) return error;
    report({name, "structure", error.message});
    return streams;
  };
  // SQLite opens its own files, so this one is no simulated one either.
  TM_ASSIGN_OR_RETURN(const bool exists, RealFileSystem().Exists(path));
  if (!exists) return Error{Code::kNotFound, "catalog: there is no " + path};
  auto file = SqliteFile::OpenToCheck(path);
  if (!file.ok()) return damaged(std::move(file).error());
  const auto checked = (*file)->Check([&](std::string kind, std::string message) {
    report({name, std::move(kind), std::move(message)});
  });
  if (!checked.ok()) return damaged(checked.error());
  FileCheck check(**file, name, report);
  auto found = check.Definitions<StreamDef>("stream");
  if (!found.ok()) return damaged(std::move(found).error());
  streams = std::move(found).value();
  if (const auto r = check.Definitions<DatabaseDef>("database"); !r.ok()) return damaged(r.error());
  if (const auto r = check.Definitions<TableDef>("table"); !r.ok()) return damaged(r.error());
  if (const auto r = check.Definitions<PipelineDef>("pipeline"); !r.ok()) return damaged(r.error());
  if (const auto r = check.Definitions<ViewDef>("view"); !r.ok()) return damaged(r.error());
  if (const auto r = check.Definitions<ScheduledQueryDef>("scheduled_query"); !r.ok()) {
    return damaged(r.error());
  }
  if (const auto r = check.Definitions<SavedQueryDef>("saved_query"); !r.ok()) {
    return damaged(r.error());
  }
  if (const auto r = check.Definitions<DashboardDef>("dashboard"); !r.ok()) {
    return damaged(r.error());
  }
  return streams;
}

}  // namespace tidemark::catalog
