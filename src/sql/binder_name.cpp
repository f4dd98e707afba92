// SPDX-License-Identifier: Apache-2.0
// Names in expressions: to an output's alias, a column of FROM, or one of the queries around
// (timestream-sql.md 1.1, 2.3, 3.2).
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

bool EqualNames(std::string_view a, std::string_view b) { return LowerCase(a) == LowerCase(b); }

/// Column `outer` of the query around, as the sub-query sees it.
ExprPtr Take(Capture& capture, const ExprPtr& outer) {
  size_t index = 0;
  while (index < capture.outer.size() && !plan::Same(*capture.outer[index], *outer)) ++index;
  if (index == capture.outer.size()) capture.outer.push_back(outer);
  auto column = std::make_shared<Expr>();
  column->kind = ExprKind::kColumn;
  column->type = outer->type;
  column->place = outer->place;
  column->relation = capture.id;
  column->column = static_cast<uint32_t>(index);
  column->may_nan = outer->may_nan;
  return column;
}

NameMatch FindField(const std::vector<Field>& fields, std::span<const ast::Name> name,
                    size_t& index) {
  const auto candidate = [&](const Field& field) -> std::optional<std::string_view> {
    if (name.size() > 1 && !EqualNames(name[name.size() - 2].text, field.table))
      return std::nullopt;
    if (name.size() > 2 && !EqualNames(name[0].text, field.database)) return std::nullopt;
    return field.name;
  };
  return FindName(fields, name.back().text, candidate, index);
}

std::vector<std::string> Tables(const Scope& scope) {
  std::vector<std::string> tables;
  for (const Scope* s = &scope; s != nullptr; s = s->outside.scope) {
    if (s->fields == nullptr) continue;
    for (const Field& field : *s->fields) {
      if (!field.table.empty() && (tables.empty() || tables.back() != field.table))
        tables.push_back(field.table);
    }
  }
  return tables;
}

}  // namespace

std::string ShowName(std::span<const ast::Name> name) {
  std::string shown;
  for (const ast::Name& part : name) shown += (shown.empty() ? "" : ".") + part.text;
  return shown;
}

ExprPtr Binder::Use(const ExprPtr& expr, Place place, std::string name) {
  if (expr->kind == ExprKind::kColumn) {
    const auto scan = scan_of_.find(expr->relation);
    if (scan != scan_of_.end()) plan_.scans[scan->second].columns[expr->column].used = true;
    auto copy = std::make_shared<Expr>(*expr);
    copy->place = place;
    copy->name = std::move(name);
    return copy;
  }
  plan::ForEachChild(*expr, [this, place](const ExprPtr& child) { (void)Use(child, place, ""); });
  return expr;
}

Result<ExprPtr> Binder::FindColumn(std::span<const ast::Name> name, Place place,
                                   const Scope& scope) {
  std::vector<Capture*> crossed;
  for (const Scope* s = &scope; s != nullptr; s = s->outside.scope) {
    size_t index = 0;
    const NameMatch match =
        s->fields == nullptr ? NameMatch::kNone : FindField(*s->fields, name, index);
    if (match == NameMatch::kMany)
      return ErrorAt(place, fmt::format("Column '{}' is ambiguous", ShowName(name)));
    if (match == NameMatch::kOne) {
      ExprPtr found = Use((*s->fields)[index].expr, place, ShowName(name));
      for (auto capture = crossed.rbegin(); capture != crossed.rend(); ++capture)
        found = Take(**capture, found);
      return found;
    }
    if (s->outside.capture != nullptr) crossed.push_back(s->outside.capture);
  }
  return ExprPtr();
}

Result<ExprPtr> Binder::BindName(const ast::Expr& expr, const Scope& scope) {
  for (const LambdaParameter* parameter = scope.parameters; parameter != nullptr;
       parameter = parameter->outer) {
    if (EqualNames(parameter->name, expr.name[0].text)) {
      return FieldsOf(parameter->value, std::span(expr.name).subspan(1));
    }
  }
  const std::string shown = ShowName(expr.name);
  if (expr.name.size() == 1 && scope.aliases != nullptr) {
    const std::string& name = expr.name[0].text;
    size_t index = 0;
    const auto by_name = [](const Scope::Alias& a) {
      return std::optional<std::string_view>(a.name);
    };
    const NameMatch match = FindName(*scope.aliases, name, by_name, index);
    if (match != NameMatch::kNone && scope.in_aggregate) {
      return ErrorAt(expr.place,
                     fmt::format("'{}' is an output column: an aggregate function in ORDER BY "
                                 "cannot be over one",
                                 shown));
    }
    if (match == NameMatch::kOne) return (*scope.aliases)[index].expr;
    if (match == NameMatch::kMany) {
      // Two outputs of one name are harmless where both are the same expression.
      const ExprPtr& found = (*scope.aliases)[index].expr;
      for (const Scope::Alias& alias : *scope.aliases) {
        if (EqualNames(alias.name, name) && !plan::Same(*alias.expr, *found)) {
          return ErrorAt(expr.place, fmt::format("Column '{}' is ambiguous", shown));
        }
      }
      return found;
    }
  }
  if (expr.name.size() <= 3) {
    TM_ASSIGN_OR_RETURN(ExprPtr found, FindColumn(expr.name, expr.place, scope));
    if (found) return found;
  }
  // "a.b" may be a field of the row a.
  for (size_t parts = std::min<size_t>(expr.name.size() - 1, 3); parts > 0; --parts) {
    TM_ASSIGN_OR_RETURN(ExprPtr row,
                        FindColumn(std::span(expr.name).first(parts), expr.place, scope));
    if (row) return FieldsOf(std::move(row), std::span(expr.name).subspan(parts));
  }
  const std::string message = fmt::format("Column '{}' does not exist", shown);
  if (scope.fields == nullptr && scope.outside.scope == nullptr) {
    return ErrorAt(expr.place, message, "the query has no FROM");
  }
  if (expr.name.size() > 1) {
    const std::vector<std::string> tables = Tables(scope);
    const std::string& table = expr.name[expr.name.size() - 2].text;
    const auto same = [&](const std::string& t) { return EqualNames(t, table); };
    if (std::ranges::none_of(tables, same)) {
      return ErrorAt(expr.place, message,
                     tables.size() == 1 ? fmt::format("the only relation here is '{}'", tables[0])
                                        : Suggest(table, tables));
    }
  }
  std::vector<std::string> known;
  for (const Scope* s = &scope; s != nullptr; s = s->outside.scope) {
    if (s->fields == nullptr) continue;
    for (const Field& field : *s->fields) known.push_back(field.name);
  }
  return ErrorAt(expr.place, message, Suggest(expr.name.back().text, known));
}

}  // namespace tidemark::sql
