// SPDX-License-Identifier: Apache-2.0
// FROM view_rows('name' [, time]) and view_revisions('name'): what a view made, with what it knows
// of its rows (docs/sql.md). They are relations like any other, but nobody's tables: no SHOW or
// DESCRIBE lists them.
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/datetime.h"

namespace tidemark::sql {

using plan::ExprKind;
using plan::ExprPtr;
using plan::ScanColumn;
using plan::TableScan;
using Source = ScanColumn::Source;

namespace {

constexpr std::string_view kViewRows = "view_rows";
constexpr std::string_view kViewRevisions = "view_revisions";

ScanColumn Hidden(Source source, std::string name, TypeKind type) {
  return {source, std::move(name), store::ValueType::kNone, type};
}

void AddRowColumns(std::vector<ScanColumn>& columns) {
  columns.push_back(Hidden(Source::kWindowStart, "window_start", TypeKind::kTimestamp));
  columns.push_back(Hidden(Source::kWindowEnd, "window_end", TypeKind::kTimestamp));
  columns.push_back(Hidden(Source::kRevision, "revision", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kRecordCount, "record_count", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kPreliminary, "preliminary", TypeKind::kBoolean));
  columns.push_back(Hidden(Source::kFilled, "filled", TypeKind::kBoolean));
  columns.push_back(Hidden(Source::kComplete, "complete", TypeKind::kBoolean));
  columns.push_back(Hidden(Source::kSealed, "sealed", TypeKind::kBoolean));
}

/// A row of columns is JSON in the log.
void AddRevisionColumns(std::vector<ScanColumn>& columns, TypeKind value) {
  std::erase_if(columns, [](const ScanColumn& column) {
    return column.source == Source::kSingle || column.source == Source::kField;
  });
  columns.push_back(Hidden(Source::kWindowStart, "window_start", TypeKind::kTimestamp));
  columns.push_back(Hidden(Source::kWindowEnd, "window_end", TypeKind::kTimestamp));
  columns.push_back(Hidden(Source::kRevision, "revision", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kOld, "old", value));
  columns.push_back(Hidden(Source::kNew, "new", value));
  columns.push_back(Hidden(Source::kVersion, "version", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kAt, "at", TypeKind::kTimestamp));
  columns.push_back(Hidden(Source::kCause, "cause", TypeKind::kVarchar));
  columns.push_back(Hidden(Source::kLatePoints, "late_points", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kLatenessMax, "lateness_max", TypeKind::kIntervalDaySecond));
  columns.push_back(Hidden(Source::kPartition, "partition", TypeKind::kVarchar));
  columns.push_back(Hidden(Source::kRecordCount, "record_count", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kRecordsAdded, "records_added", TypeKind::kBigint));
  columns.push_back(Hidden(Source::kPoints, "points", TypeKind::kVarchar));
}

}  // namespace

Result<plan::Relation> Binder::BindTableFunction(const ast::Relation& relation) {
  const std::string name = LowerCase(relation.name[0].text);
  const bool rows = name == kViewRows;
  if (!rows && name != kViewRevisions) {
    std::string near =
        Suggest(relation.name[0].text, {std::string(kViewRows), std::string(kViewRevisions)});
    if (near.empty()) near = "view_rows('name') and view_revisions('name') are the only ones";
    return ErrorAt(relation.place,
                   fmt::format("Function {} not registered as a table", relation.name[0].text),
                   near);
  }
  const bool named = !relation.args.empty() && relation.args[0]->kind == ast::ExprKind::kLiteral &&
                     std::holds_alternative<std::string>(relation.args[0]->value.data);
  if (!named) {
    return ErrorAt(relation.place, fmt::format("{}() takes the name of a view as a string", name),
                   fmt::format("write {}('name')", name));
  }
  if (relation.args.size() > (rows ? 2 : 1)) {
    const std::string_view most =
        rows ? "view_rows() takes the name of a view and, for its rows as they were, a time"
             : "view_revisions() takes the name of a view and nothing else";
    return ErrorAt(relation.args.back()->place, most);
  }
  TM_ASSIGN_OR_RETURN(const NamedView view, FindView(*relation.args[0]));
  TableScan scan;
  scan.kind = rows ? TableScan::Kind::kViewRows : TableScan::Kind::kViewRevisions;
  scan.table_name = fmt::format("{}('{}')", name, view.name);
  scan.selection.table = view.view.target;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, view.view.owner};
  scan.allowed_lateness = view.view.allowed_lateness;
  if (!rows) scan.pipelines = names_.Pipelines();
  if (relation.args.size() == 2) {
    TM_ASSIGN_OR_RETURN(const std::optional<EventTime> as_of, BindAsOf(*relation.args[1]));
    scan.kind = TableScan::Kind::kViewRowsAt;
    if (as_of) AsOfAt(*as_of, view.name, scan);
  }
  if (rows && relation.args.size() == 1 && options_.as_of) AsOfAt(*options_.as_of, view.name, scan);
  TM_ASSIGN_OR_RETURN(const store::TableSchema schema, store_.Schema(view.view.target));
  std::vector<ScanColumn> columns = TableColumns(schema);
  if (rows) {
    AddRowColumns(columns);
  } else {
    AddRevisionColumns(columns,
                       view.view.rows_have_columns ? TypeKind::kVarchar : TypeKind::kDouble);
  }
  plan::Relation out = AddScan(std::move(scan), std::move(columns));
  out.alias = name;
  TM_RETURN_IF_ERROR(Rename(relation, out));
  return out;
}

Result<Binder::NamedView> Binder::FindView(const ast::Expr& name) const {
  const std::string& text = std::get<std::string>(name.value.data);
  if (auto view = names_.FindView(text)) return NamedView{text, *view};
  const std::vector<std::string> known = names_.Views();
  if (const auto other = NearestByCase(known, text)) {
    if (auto view = names_.FindView(*other)) return NamedView{*other, *view};
  }
  return NotFoundAt(name.place, fmt::format("View '{}' does not exist", text),
                    Suggest(text, known));
}

void Binder::AsOfAt(EventTime as_of, const std::string& view, TableScan& scan) const {
  scan.kind = TableScan::Kind::kViewRowsAt;
  scan.table_name = fmt::format("view_rows('{}', TIMESTAMP '{}')", view, FormatSqlTimestamp(as_of));
  scan.as_of = as_of;
  scan.as_of_now = as_of >= options_.now;
}

Result<std::optional<EventTime>> Binder::BindAsOf(const ast::Expr& time) {
  Scope scope;
  scope.clause = "the time of view_rows()";
  TM_ASSIGN_OR_RETURN(ExprPtr expr, BindExpr(time, scope));
  TM_ASSIGN_OR_RETURN(expr, Coerce(std::move(expr), TypeKind::kTimestamp));
  // Describe() runs without values; Execute() refuses the statement.
  if (expr->kind == ExprKind::kParameter) return std::optional<EventTime>();
  if (expr->kind != ExprKind::kConstant) {
    return ErrorAt(time.place, "the time of view_rows() must be a constant",
                   "write TIMESTAMP '2026-01-15 12:00:00' or ago(1h)");
  }
  const auto* ns = std::get_if<int64_t>(&expr->constant.data);
  if (ns == nullptr) return ErrorAt(time.place, "the time of view_rows() is NULL");
  return std::optional(EventTime{*ns});
}

}  // namespace tidemark::sql
