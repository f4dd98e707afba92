// SPDX-License-Identifier: Apache-2.0
// Resolves names and types: ast -> plan. Single-owner; one per statement.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sql/ast.h"
#include "sql/namespace.h"
#include "sql/plan.h"
#include "store/store.h"

namespace tidemark::sql {

struct BindOptions {
  std::string database;  // for table names without one
  EventTime now;         // of the statement
  /// Rows of view_rows() without a time of its own are those of then.
  std::optional<EventTime> as_of{};
  bool pushdown = true;
  bool narrowing = true;  // without it nothing is pushed down either
  std::vector<ParameterValue> parameters;
};

/// Database and table as the namespace spells them (exact, else the only one that differs by case).
struct TableName {
  std::string database;
  std::string table;
  TableId id;
};
/// kNotFound and kInvalidArgument with the name's place.
Result<TableName> ResolveTable(const Namespace& names, const std::vector<ast::Name>& name,
                               std::string_view default_database);
Result<std::string> ResolveDatabase(const Namespace& names, const ast::Name& name);

/// "did you mean 'x'?" for the nearest of `known` by edit distance, or empty.
std::string Suggest(std::string_view wrong, const std::vector<std::string>& known);

/// The columns of a table in SELECT * order, as SQL names and types them (timestream-sql.md 2.1).
std::vector<plan::ScanColumn> TableColumns(const store::TableSchema& schema);

/// A parameter without a value is a part of Plan::parameters: such a plan cannot run.
Result<plan::Plan> Bind(const ast::Query& query, const Namespace& names, store::Store& store,
                        const BindOptions& options);

}  // namespace tidemark::sql
