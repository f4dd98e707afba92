// SPDX-License-Identifier: Apache-2.0
// Sub-queries in expressions: scalar, EXISTS, IN, ALL, ANY (timestream-sql.md 3.1, 5.1), and
// parameters. What a sub-query takes from the query around it becomes a column of its own
// (Capture), so that grouping the outer query rewrites it like any other expression.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

std::shared_ptr<Expr> Make(ExprKind kind, Type type, Place place) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->type = std::move(type);
  expr->place = place;
  return expr;
}

plan::CompareOp OpOf(const ast::Expr& expr) {
  if (expr.kind == ast::ExprKind::kInQuery || expr.text == "=") return plan::CompareOp::kEqual;
  if (expr.text == "<>") return plan::CompareOp::kNotEqual;
  if (expr.text == "<") return plan::CompareOp::kLess;
  if (expr.text == "<=") return plan::CompareOp::kLessEqual;
  if (expr.text == ">") return plan::CompareOp::kGreater;
  return plan::CompareOp::kGreaterEqual;
}

}  // namespace

Result<std::shared_ptr<plan::Query>> Binder::BindSubqueryBody(const ast::Expr& expr,
                                                              const Scope& scope,
                                                              Capture& capture) {
  if (scope.parameters != nullptr)
    return NotSupportedAt(expr.place, "a sub-query in a lambda expression is");
  capture.id = next_relation_++;
  // An error in a sub-query is not caught by a try() around it.
  const int try_depth = std::exchange(try_depth_, 0);
  auto query = BindQuery(*expr.query, {&scope, &capture});
  try_depth_ = try_depth;
  if (!query.ok()) return std::move(query).error();
  auto out = std::make_shared<plan::Query>(std::move(query).value());
  subqueries_.push_back(out);
  return out;
}

Result<ExprPtr> Binder::BindSubquery(const ast::Expr& expr, const Scope& scope) {
  Capture capture;
  TM_ASSIGN_OR_RETURN(std::shared_ptr<plan::Query> query, BindSubqueryBody(expr, scope, capture));
  Type type = query->columns[0].type;
  if (query->columns.size() > 1) {  // a row
    std::vector<Type::Field> fields;
    for (const plan::Column& column : query->columns) {
      const bool named = column.name != fmt::format("_col{}", fields.size());
      fields.push_back({named ? column.name : "", column.type});
    }
    type = Type::Row(std::move(fields));
  }
  auto out = Make(ExprKind::kSubquery, std::move(type), expr.place);
  out->may_nan = query->columns.size() == 1 && query->columns[0].may_nan;
  out->relation = capture.id;
  out->captured = std::move(capture.outer);
  out->query = std::move(query);
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindExists(const ast::Expr& expr, const Scope& scope) {
  Capture capture;
  TM_ASSIGN_OR_RETURN(std::shared_ptr<plan::Query> query, BindSubqueryBody(expr, scope, capture));
  auto out = Make(ExprKind::kExists, TypeKind::kBoolean, expr.place);
  out->relation = capture.id;
  out->captured = std::move(capture.outer);
  out->query = std::move(query);
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindQuantified(const ast::Expr& expr, const Scope& scope) {
  const plan::CompareOp op = OpOf(expr);
  const bool equality = op == plan::CompareOp::kEqual || op == plan::CompareOp::kNotEqual;
  TM_ASSIGN_OR_RETURN(const ExprPtr value, BindExpr(*expr.args[0], scope));
  Capture capture;
  TM_ASSIGN_OR_RETURN(std::shared_ptr<plan::Query> query, BindSubqueryBody(expr, scope, capture));
  // (a, b) IN (SELECT c, d): a row against as many columns.
  std::vector<ExprPtr> left{value};
  const bool row = query->columns.size() > 1;
  if (row) {
    const bool fits = value->type.kind() == TypeKind::kRow &&
                      value->type.fields().size() == query->columns.size();
    if (!fits) {
      return ErrorAt(expr.place,
                     fmt::format("the sub-query has {} columns, {} cannot be compared with them",
                                 query->columns.size(), value->type.ToString()));
    }
    if (!equality) return ErrorAt(expr.place, "rows can only be compared by = and <> here");
    left.clear();
    for (size_t i = 0; i < query->columns.size(); ++i) {
      left.push_back(value->kind == ExprKind::kRow ? value->args[i] : MakeField(value, i));
    }
  }
  // Both sides of each column become one type; a condition over the columns of `rows` compares
  // them.
  plan::Relation rows;
  rows.id = next_relation_++;
  rows.columns = query->columns;
  std::vector<Type> types;
  bool may_nan = false;
  for (size_t i = 0; i < left.size(); ++i) {
    std::vector<ExprPtr> sides{left[i], ColumnsOf(rows)[i].expr};
    TM_ASSIGN_OR_RETURN(const Type type, Unify(expr.place, "a comparison", sides));
    left[i] = sides[0];
    types.push_back(type);
    rows.columns[i].type = type;
    may_nan |= type.kind() == TypeKind::kDouble && (sides[0]->may_nan || sides[1]->may_nan);
  }
  TM_ASSIGN_OR_RETURN(plan::Query coerced, CoerceColumns(std::move(*query), types, expr.place));
  *query = std::move(coerced);
  const bool simple = left.size() == 1 && !may_nan && types[0].scalar();
  auto out = Make(simple ? ExprKind::kQuantified : ExprKind::kQuantifiedBy, TypeKind::kBoolean,
                  expr.place);
  out->op = op;
  out->all = expr.call.text == "ALL";
  out->negated = expr.negated;
  out->relation = capture.id;
  out->column = rows.id;
  out->captured = std::move(capture.outer);
  out->query = std::move(query);
  if (simple) {
    out->args = std::move(left);
    return ExprPtr(std::move(out));
  }
  const std::vector<Field> fields = ColumnsOf(rows);
  auto all = Make(ExprKind::kAnd, TypeKind::kBoolean, expr.place);
  for (size_t i = 0; i < left.size(); ++i) {
    const plan::CompareOp each = row ? plan::CompareOp::kEqual : op;
    TM_ASSIGN_OR_RETURN(ExprPtr same, Compare(expr.place, each, left[i], fields[i].expr));
    all->args.push_back(std::move(same));
  }
  ExprPtr condition = all->args.size() == 1 ? all->args[0] : ExprPtr(std::move(all));
  if (row && op == plan::CompareOp::kNotEqual) {
    auto negation = Make(ExprKind::kNot, TypeKind::kBoolean, expr.place);
    negation->args.push_back(std::move(condition));
    condition = std::move(negation);
  }
  out->args.push_back(std::move(condition));
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindParameter(const ast::Expr& expr) {
  for (const ParameterValue& parameter : options_.parameters) {
    if (parameter.name == expr.text) return Constant(parameter.type, parameter.value, expr.place);
  }
  const auto same = [&](const plan::Parameter& p) { return p.name == expr.text; };
  auto known = std::ranges::find_if(parameters_, same);
  if (known == parameters_.end()) {
    // The reserved one is always a time stamp (timestream-sql.md 1.1); others get their type from
    // what they are used with.
    const bool scheduled = expr.text == "scheduled_runtime";
    known = parameters_.insert(
        known, {expr.text, scheduled ? TypeKind::kTimestamp : TypeKind::kUnknown, expr.place});
  }
  auto out = Make(ExprKind::kParameter, known->type, expr.place);
  out->name = expr.text;
  return ExprPtr(std::move(out));
}

void Binder::NoteParameter(const Expr& expr, const Type& type) const {
  for (plan::Parameter& parameter : parameters_) {
    if (parameter.name == expr.name && parameter.type.kind() == TypeKind::kUnknown)
      parameter.type = type;
  }
}

}  // namespace tidemark::sql
