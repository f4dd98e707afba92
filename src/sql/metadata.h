// SPDX-License-Identifier: Apache-2.0
// SHOW and DESCRIBE (timestream-sql.md 2.2): answered from names and schema, nothing is scanned.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "sql/namespace.h"
#include "sql/type.h"
#include "store/store.h"

namespace tidemark::sql {

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows;
};

Result<Table> AnswerMetadata(const ast::Statement& statement, const Namespace& names,
                             store::Store& store, std::string_view default_database);

}  // namespace tidemark::sql
