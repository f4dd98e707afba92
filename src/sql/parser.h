// SPDX-License-Identifier: Apache-2.0
// Recursive descent over the whole grammar of timestream-sql.md section 3; what the binder does not
// run yet is parsed all the same. Errors name line and column. Thread-safe: a pure function.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sql/ast.h"

namespace tidemark::sql {

/// Deeper expressions and nested queries are refused, so that no statement exhausts a stack.
inline constexpr int kNestingMax = 200;

Result<ast::Statement> ParseStatement(std::string_view text);

/// What UNLOAD (query) says behind its query.
struct UnloadClause {
  struct Option {
    ast::Name name;
    ast::ExprPtr value;  // a string, a number or ARRAY[name, ...]
  };
  Place place;
  std::string location;
  Place location_place;
  std::vector<Option> options;
};
/// Of a text that ParseStatement() found to be an UNLOAD.
Result<UnloadClause> ParseUnloadClause(std::string_view text);

}  // namespace tidemark::sql
