// SPDX-License-Identifier: Apache-2.0
// The names of the catalog as SQL sees them. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "sql/namespace.h"

namespace tidemark::timestream {

class CatalogNamespace final : public sql::Namespace {
 public:
  /// `catalog` must outlive the object.
  explicit CatalogNamespace(const catalog::Catalog& catalog) : catalog_(catalog) {}

  std::vector<std::string> Databases() const override;
  Result<std::vector<std::string>> Tables(std::string_view database) const override;
  Result<TableId> Find(std::string_view database, std::string_view table) const override;
  std::optional<View> FindView(std::string_view name) const override;
  std::vector<std::string> Views() const override;
  std::map<store::SourceId, std::string> Pipelines() const override;

 private:
  const catalog::Catalog& catalog_;
};

}  // namespace tidemark::timestream
