// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/catalog_namespace.h"

namespace tidemark::timestream {

std::vector<std::string> CatalogNamespace::Databases() const {
  std::vector<std::string> out;
  for (catalog::DatabaseDef& def : catalog_.ListDatabases()) out.push_back(std::move(def.name));
  return out;
}

Result<std::vector<std::string>> CatalogNamespace::Tables(std::string_view database) const {
  TM_ASSIGN_OR_RETURN(std::vector<catalog::TableDef> tables, catalog_.ListTables(database));
  std::vector<std::string> out;
  for (catalog::TableDef& def : tables) out.push_back(std::move(def.name));
  return out;
}

Result<TableId> CatalogNamespace::Find(std::string_view database, std::string_view table) const {
  TM_ASSIGN_OR_RETURN(const catalog::TableDef def, catalog_.GetTable(database, table));
  return def.id;
}

std::optional<sql::Namespace::View> CatalogNamespace::FindView(std::string_view name) const {
  const Result<catalog::ViewDef> view = catalog_.GetView(name);
  if (!view.ok()) return std::nullopt;
  const Result<catalog::TableDef> target = catalog_.GetTable(view->database, view->target_table);
  if (!target.ok()) return std::nullopt;
  return View{.target = target->id,
              .owner = store::Owner{view->id, view->generation},
              .allowed_lateness = view->allowed_lateness,
              .rows_have_columns = view->multi_rows || !view->columns.empty()};
}

std::vector<std::string> CatalogNamespace::Views() const {
  std::vector<std::string> out;
  for (catalog::ViewDef& def : catalog_.ListViews()) out.push_back(std::move(def.name));
  return out;
}

std::map<store::SourceId, std::string> CatalogNamespace::Pipelines() const {
  std::map<store::SourceId, std::string> out;
  for (catalog::PipelineDef& def : catalog_.ListPipelines()) {
    out[{store::SourceId::Kind::kPipeline, def.id.value}] = std::move(def.name);
  }
  return out;
}

}  // namespace tidemark::timestream
