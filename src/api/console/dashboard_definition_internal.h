// SPDX-License-Identifier: Apache-2.0
// What the server reads of a dashboard's file (web/API.md section 12), and variables in its
// statements. Immutable values and pure functions.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/console/reply_internal.h"
#include "base/json.h"
#include "base/result.h"

namespace tidemark::console {

inline constexpr size_t kDashboardBytesMax = size_t{1} << 20U;

using Variables = std::map<std::string, std::vector<std::string>, std::less<>>;

struct DashboardDefinition {
  struct Query {
    std::string sql;
    std::string database;
    std::string table;
    std::string measure;
  };
  struct Panel {
    std::string id;
    size_t max_points = 0;
    std::vector<Query> queries;
  };

  std::string title;
  std::string description;
  std::vector<std::string> tags;
  Variables defaults;  // of its variables
  std::vector<Panel> panels;

  const Panel* Find(std::string_view panel) const;
  /// Databases and tables that its queries name.
  std::set<std::pair<std::string, std::string>> Tables() const;
};

/// kInvalidArgument says what of it makes no sense. Members that are not read may be anything.
Result<DashboardDefinition> ReadDefinition(const JsonValue& value);
Result<DashboardDefinition> ParseDefinition(std::string_view text);

/// {"name":"a","other":["b","c"]}
std::optional<Failure> ReadVariables(const JsonValue* value, Variables& out);
void WriteVariables(JsonWriter& out, const Variables& variables);

/// Replaces $NAME and ${NAME} by literals of the values, outside comments and quoted names; '$NAME'
/// with its quotes; inside longer strings by the text of the one value. A clause in [[ ]] that
/// names a variable which is given without a value is left out. The Failure names a variable
/// without a value elsewhere.
std::optional<Failure> ReplaceVariables(std::string_view sql, const Variables& variables,
                                        std::string& out);

}  // namespace tidemark::console
