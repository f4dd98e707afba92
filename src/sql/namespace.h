// SPDX-License-Identifier: Apache-2.0
// What SQL must know about names. app implements it over the catalog. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/types.h"

namespace tidemark::sql {

class Namespace {
 public:
  struct View {
    TableId target;      // where its rows are
    store::Owner owner;  // the view and its active generation
    nanoseconds allowed_lateness{0};
    bool rows_have_columns = false;  // multi-measure ones
  };

  virtual ~Namespace() = default;
  /// Names are compared byte for byte here; the binder does the lenient matching. Sorted.
  virtual std::vector<std::string> Databases() const = 0;
  /// kNotFound: no such database. Sorted.
  virtual Result<std::vector<std::string>> Tables(std::string_view database) const = 0;
  /// kNotFound: no such database or table.
  virtual Result<TableId> Find(std::string_view database, std::string_view table) const = 0;
  /// For view_rows('name') and view_revisions('name').
  virtual std::optional<View> FindView(std::string_view name) const = 0;
  /// To find a view by another spelling, or to name the nearest.
  virtual std::vector<std::string> Views() const { return {}; }
  /// The pipelines by what people call them, for the column `partition` of view_revisions.
  virtual std::map<store::SourceId, std::string> Pipelines() const { return {}; }
};

}  // namespace tidemark::sql
