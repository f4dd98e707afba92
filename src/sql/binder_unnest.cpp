// SPDX-License-Identifier: Apache-2.0
// UNNEST of arrays and time series in FROM (timestream-sql.md 3.3): a sub-query whose select list
// unnests. Several lists go side by side and are padded with nulls. The engine streams a LATERAL
// that unnests list columns, and keeps their order; lists that are computed of other columns are
// columns of a sub-query of their own before.
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/nested_types.h"

namespace tidemark::sql {

using plan::ExprPtr;

namespace {

/// 1, 2, .. up to the length of the longest list.
ExprPtr Ordinality(const std::vector<ExprPtr>& lists, Place place) {
  ExprPtr longest;
  for (const ExprPtr& list : lists) {
    ExprPtr length = MakeCall("coalesce(len($1), 0)", TypeKind::kBigint, place, {list});
    longest = longest ? MakeCall("greatest($1, $2)", TypeKind::kBigint, place,
                                 {std::move(longest), std::move(length)})
                      : std::move(length);
  }
  return MakeCall("unnest(range(1, $1 + 1))", TypeKind::kBigint, place, {std::move(longest)});
}

/// Whether it is computed of columns that are no lists themselves.
bool NeedsColumn(const plan::Expr& expr) {
  if (expr.kind == plan::ExprKind::kColumn) return expr.type.scalar();
  bool any = false;
  plan::ForEachChild(expr, [&any](const ExprPtr& child) { any |= NeedsColumn(*child); });
  return any;
}

}  // namespace

Result<std::vector<ExprPtr>> Binder::BindLists(const ast::Relation& relation,
                                               const Outside& outside) {
  const Scope scope{.outside = outside, .clause = "UNNEST"};
  std::vector<ExprPtr> lists;
  for (const ast::ExprPtr& arg : relation.args) {
    TM_ASSIGN_OR_RETURN(ExprPtr list, BindExpr(*arg, scope));
    const TypeKind kind = list->type.kind();
    if (kind != TypeKind::kArray && kind != TypeKind::kTimeseries) {
      return ErrorAt(arg->place, fmt::format("Cannot unnest type: {}", list->type.ToString()));
    }
    lists.push_back(std::move(list));
  }
  return lists;
}

plan::Relation Binder::ListColumns(std::vector<ExprPtr>& lists) {
  plan::Query query;
  plan::Select& select = query.select.emplace();
  select.outputs = lists;
  for (const ExprPtr& list : lists) {
    query.columns.push_back({"", list->type, static_cast<uint32_t>(query.columns.size())});
  }
  plan::Relation out = FromQuery(next_relation_++, std::move(query));
  out.lateral = true;
  lists.clear();
  for (const Field& field : ColumnsOf(out)) lists.push_back(field.expr);
  return out;
}

plan::Query Binder::UnnestQuery(const ast::Relation& relation, const std::vector<ExprPtr>& lists) {
  plan::Query query;
  plan::Select& select = query.select.emplace();
  for (const ExprPtr& list : lists) {
    select.outputs.push_back(
        MakeCall("unnest($1)", ElementType(list->type), relation.place, {list}));
  }
  if (relation.with_ordinality) select.outputs.push_back(Ordinality(lists, relation.place));
  for (const ExprPtr& output : select.outputs) {
    const auto number = static_cast<uint32_t>(query.columns.size());
    query.columns.push_back({"", output->type, number, output->may_nan});
  }
  if (relation.with_ordinality) query.columns.back().name = "ordinality";
  return query;
}

Result<From> Binder::BindUnnest(const ast::Relation& relation, const Outside& outside) {
  From from;
  const uint32_t id = next_relation_++;
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> lists, BindLists(relation, outside));
  const bool lateral = outside.scope != nullptr && outside.capture == nullptr;
  const auto needs_column = [](const ExprPtr& list) { return NeedsColumn(*list); };
  if (lateral && std::ranges::any_of(lists, needs_column)) from.before = ListColumns(lists);
  plan::Query query = UnnestQuery(relation, lists);
  const auto row = [](const plan::Column& column) { return column.type.kind() == TypeKind::kRow; };
  if (std::ranges::any_of(query.columns, row)) {
    // Rows become columns, one level up, so that a list is unnested once.
    plan::Query fields;
    plan::Select& select = fields.select.emplace();
    select.from = FromQuery(next_relation_++, std::move(query));
    const auto add = [&](std::string name, ExprPtr expr) {
      const auto number = static_cast<uint32_t>(fields.columns.size());
      fields.columns.push_back({std::move(name), expr->type, number, expr->may_nan});
      select.outputs.push_back(std::move(expr));
    };
    for (const Field& item : ColumnsOf(*select.from)) {
      if (item.expr->type.kind() != TypeKind::kRow) {
        add(item.name, item.expr);
        continue;
      }
      for (size_t i = 0; i < item.expr->type.fields().size(); ++i) {
        add(item.expr->type.fields()[i].name, MakeField(item.expr, i));
      }
    }
    query = std::move(fields);
  }
  from.relation = FromQuery(id, std::move(query));
  from.relation.lateral = lateral;
  TM_RETURN_IF_ERROR(Rename(relation, from.relation));
  from.fields = ColumnsOf(from.relation);
  return from;
}

}  // namespace tidemark::sql
