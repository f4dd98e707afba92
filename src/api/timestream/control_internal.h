// SPDX-License-Identifier: Apache-2.0
// Databases, tables, tags and endpoints (timestream-api.md 3.1 to 3.10, 3.12 to 3.15). Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "api/timestream/errors.h"
#include "api/timestream/properties_internal.h"
#include "api/timestream/tables.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mutex.h"

namespace tidemark::timestream {

/// The body of a 200, or what is wrong.
using Reply = std::variant<std::string, Failure>;

class ControlApi {
 public:
  ControlApi(ArnBase arns, catalog::Catalog& catalog, TableAdmin& tables, const Clock& clock)
      : arns_(std::move(arns)), catalog_(catalog), tables_(tables), clock_(clock) {}

  using Operation = Reply (ControlApi::*)(const JsonValue& input);
  struct Entry {
    std::string_view name;
    Operation run;
    /// Commits to the catalog: not on a network thread.
    bool changes;
  };
  /// Null: none of ours.
  static const Entry* Find(std::string_view operation);

 private:
  Reply CreateDatabase(const JsonValue& input);
  Reply DescribeDatabase(const JsonValue& input);
  Reply UpdateDatabase(const JsonValue& input);
  Reply DeleteDatabase(const JsonValue& input);
  Reply ListDatabases(const JsonValue& input);
  Reply CreateTable(const JsonValue& input);
  Reply DescribeTable(const JsonValue& input);
  Reply UpdateTable(const JsonValue& input);
  Reply DeleteTable(const JsonValue& input);
  Reply ListTables(const JsonValue& input);
  Reply TagResource(const JsonValue& input);
  Reply UntagResource(const JsonValue& input);
  Reply ListTagsForResource(const JsonValue& input);

  std::string DatabaseBody(const catalog::DatabaseDef& def) const;
  std::string TableBody(const catalog::TableDef& def) const;
  /// Changes the properties of the database or table that `arn` names; `change` may refuse.
  template <typename F>
  Reply ChangeTags(const std::string& arn, F&& change);

  const ArnBase arns_;
  catalog::Catalog& catalog_;
  TableAdmin& tables_;
  const Clock& clock_;
  Mutex change_mutex_;  // read-modify-write of one definition at a time
};

}  // namespace tidemark::timestream
