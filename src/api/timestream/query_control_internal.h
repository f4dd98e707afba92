// SPDX-License-Identifier: Apache-2.0
// The operations of the QUERY API that neither run a statement nor schedule one: PrepareQuery and
// the account's settings (timestream-api.md 5.3, 5.4). Thread-safe. They bind, or commit to the
// catalog: not on a network thread.
#pragma once

#include <string_view>

#include "api/timestream/control_internal.h"
#include "base/mutex.h"
#include "sql/engine.h"

namespace tidemark::timestream {

class QueryControlApi {
 public:
  QueryControlApi(catalog::Catalog& catalog, sql::Engine& engine)
      : catalog_(catalog), engine_(engine) {}

  using Operation = Reply (QueryControlApi::*)(const JsonValue& input);
  struct Entry {
    std::string_view name;
    Operation run;
  };
  /// Null: none of ours.
  static const Entry* Find(std::string_view operation);

 private:
  Reply PrepareQuery(const JsonValue& input);
  Reply DescribeAccountSettings(const JsonValue& input);
  /// The values are stored and answered; nothing else happens with them.
  Reply UpdateAccountSettings(const JsonValue& input);

  catalog::Catalog& catalog_;
  sql::Engine& engine_;
  Mutex change_mutex_;  // read-modify-write of the settings
};

}  // namespace tidemark::timestream
