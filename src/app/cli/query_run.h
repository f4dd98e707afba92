// SPDX-License-Identifier: Apache-2.0
// One statement from the command line: runs it, pages through, prints; Ctrl-C cancels it on the
// server. Used by `sql` and its shell.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/api.h"
#include "app/cli/output.h"

namespace tidemark::app {

struct QueryColumn {
  std::string name;
  std::string type;
  bool right() const { return type == "DOUBLE" || type == "BIGINT" || type == "INTEGER"; }
};

/// A cell: none for NULL.
using QueryRow = std::vector<std::optional<std::string>>;

struct QueryWish {
  std::string sql;
  std::string database;  // "": none
  std::string from;      // of macros; "": the server's default
  std::string to;
  std::optional<int64_t> rows_max;
};

struct QuerySummary {
  uint64_t rows = 0;
  bool cut = false;  // rows_max was reached
  bool cancelled = false;
  double elapsed_ms = 0;
  double bytes_scanned = 0;
};

/// Gives the columns once and the rows page by page. An error may come after rows.
Try<QuerySummary> RunQuery(const Settings& settings, const QueryWish& wish,
                           const std::function<void(const std::vector<QueryColumn>&)>& on_columns,
                           const std::function<void(const std::vector<QueryRow>&)>& on_rows);

/// How results look in the shell, which may change it.
struct ResultStyle {
  Format format = Format::kTable;
  std::string null = "NULL";
  bool timing = true;
};

/// RunQuery() with the result printed in `style`; partial rows are printed before the error.
Try<QuerySummary> PrintQuery(const Settings& settings, const Printer& printer,
                             const QueryWish& wish, const ResultStyle& style);

/// The statements of a text, split at ';' outside quotes and comments. `open`: the last one is not
/// ended yet.
struct Statements {
  std::vector<std::string> list;
  std::string open;
};
Statements SplitStatements(std::string_view text);

}  // namespace tidemark::app
