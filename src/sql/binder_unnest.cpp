// SPDX-License-Identifier: Apache-2.0
// UNNEST of arrays and time series in FROM (timestream-sql.md 3.3): a sub-query whose select list
// unnests. Several lists go side by side and are padded with nulls. Of a list that is a column of
// what stands to the left the engine keeps the order of the elements.
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

}  // namespace

Result<plan::Query> Binder::UnnestLists(const ast::Relation& relation, const Outside& outside) {
  const Scope scope{.outside = outside, .clause = "UNNEST"};
  plan::Query query;
  plan::Select& select = query.select.emplace();
  std::vector<ExprPtr> lists;
  for (const ast::ExprPtr& arg : relation.args) {
    TM_ASSIGN_OR_RETURN(ExprPtr list, BindExpr(*arg, scope));
    const TypeKind kind = list->type.kind();
    if (kind != TypeKind::kArray && kind != TypeKind::kTimeseries) {
      return ErrorAt(arg->place, fmt::format("Cannot unnest type: {}", list->type.ToString()));
    }
    select.outputs.push_back(MakeCall("unnest($1)", ElementType(list->type), arg->place, {list}));
    lists.push_back(std::move(list));
  }
  if (relation.with_ordinality) select.outputs.push_back(Ordinality(lists, relation.place));
  for (const ExprPtr& output : select.outputs) {
    const auto number = static_cast<uint32_t>(query.columns.size());
    query.columns.push_back({"", output->type, number, output->may_nan});
  }
  if (relation.with_ordinality) query.columns.back().name = "ordinality";
  return query;
}

Result<plan::Relation> Binder::BindUnnest(const ast::Relation& relation, const Outside& outside) {
  const uint32_t id = next_relation_++;
  TM_ASSIGN_OR_RETURN(plan::Query query, UnnestLists(relation, outside));
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
  plan::Relation out = FromQuery(id, std::move(query));
  out.lateral = outside.scope != nullptr && outside.capture == nullptr;
  TM_RETURN_IF_ERROR(Rename(relation, out));
  return out;
}

}  // namespace tidemark::sql
