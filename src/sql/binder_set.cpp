// SPDX-License-Identifier: Apache-2.0
// UNION, EXCEPT and INTERSECT (timestream-sql.md 3.1).
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::ExprPtr;

Result<plan::Query> Binder::BindSide(const ast::QueryBody& body, const Outside& outside) {
  switch (body.kind) {
    case ast::QueryBody::Kind::kSelect: {
      static const ast::Query kNoTail;
      return BindSelect(*body.select, &kNoTail, outside);
    }
    case ast::QueryBody::Kind::kValues:
      return BindValues(body, outside);
    case ast::QueryBody::Kind::kNested:
      return BindQuery(*body.nested, outside);
    case ast::QueryBody::Kind::kSetOperation:
      return BindSetOperation(body, outside);
  }
  TM_UNREACHABLE();
}

Result<plan::Query> Binder::BindSetOperation(const ast::QueryBody& body, const Outside& outside) {
  using Kind = plan::SetOperation::Kind;
  TM_ASSIGN_OR_RETURN(plan::Query left, BindSide(*body.left, outside));
  TM_ASSIGN_OR_RETURN(plan::Query right, BindSide(*body.right, outside));
  if (left.columns.size() != right.columns.size()) {
    return ErrorAt(body.place,
                   fmt::format("{} needs as many columns on both sides, not {} and {}",
                               body.operation, left.columns.size(), right.columns.size()));
  }
  plan::Query out;
  out.columns = left.columns;
  std::vector<Type> types;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const auto stand_in = [&body](const plan::Column& column) {
      auto expr = std::make_shared<plan::Expr>();
      expr->kind = plan::ExprKind::kColumn;
      expr->type = column.type;
      expr->place = body.place;
      return ExprPtr(std::move(expr));
    };
    std::vector<ExprPtr> sides{stand_in(left.columns[i]), stand_in(right.columns[i])};
    const Result<Type> type = Unify(body.place, body.operation, sides);
    if (!type.ok() && type.error().code == Code::kInvalidArgument) {
      return ErrorAt(body.place, fmt::format("column {} of {} has no common type: {} and {}", i + 1,
                                             body.operation, left.columns[i].type.ToString(),
                                             right.columns[i].type.ToString()));
    }
    if (!type.ok()) return type.error();
    types.push_back(*type);
    out.columns[i].type = *type;
    out.columns[i].number = static_cast<uint32_t>(i);
    out.columns[i].may_nan |= right.columns[i].may_nan;
  }
  TM_ASSIGN_OR_RETURN(left, CoerceColumns(std::move(left), types, body.place));
  TM_ASSIGN_OR_RETURN(right, CoerceColumns(std::move(right), types, body.place));
  plan::SetOperation& set = out.set.emplace();
  set.kind = body.operation == "UNION"    ? Kind::kUnion
             : body.operation == "EXCEPT" ? Kind::kExcept
                                          : Kind::kIntersect;
  set.all = body.all;
  set.left = std::make_unique<plan::Query>(std::move(left));
  set.right = std::make_unique<plan::Query>(std::move(right));
  return out;
}

Result<plan::Query> Binder::CoerceColumns(plan::Query inner, const std::vector<Type>& types,
                                          Place place) {
  const auto same = [&](const plan::Column& column) { return column.type == types[column.number]; };
  if (std::ranges::all_of(inner.columns, same)) return inner;
  plan::Query out;
  out.columns = inner.columns;
  plan::Select& select = out.select.emplace();
  select.from = FromQuery(next_relation_++, std::move(inner));
  const std::vector<Field> fields = ColumnsOf(*select.from);
  for (size_t i = 0; i < fields.size(); ++i) {
    TM_ASSIGN_OR_RETURN(ExprPtr expr, Coerce(Use(fields[i].expr, place), types[i]));
    out.columns[i].type = types[i];
    select.outputs.push_back(std::move(expr));
  }
  return out;
}

}  // namespace tidemark::sql
