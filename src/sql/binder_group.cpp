// SPDX-License-Identifier: Apache-2.0
// GROUP BY: keys, aggregate calls, and the select list over them.
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace plan {

bool Same(const Expr& a, const Expr& b) {
  if (&a == &b) return true;
  const bool shallow = a.kind == b.kind && a.type == b.type && a.relation == b.relation &&
                       a.column == b.column && a.parameters == b.parameters &&
                       a.overload == b.overload && a.emit == b.emit && a.op == b.op &&
                       a.function == b.function && a.negated == b.negated &&
                       a.has_else == b.has_else && a.distinct == b.distinct &&
                       a.args.size() == b.args.size() && a.constant == b.constant;
  if (!shallow) return false;
  for (size_t i = 0; i < a.args.size(); ++i) {
    if (!Same(*a.args[i], *b.args[i])) return false;
  }
  return true;
}

}  // namespace plan

namespace {

bool HasAggregate(const Expr& expr) {
  if (expr.kind == ExprKind::kAggregate) return true;
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [](const ExprPtr& a) { return HasAggregate(*a); });
}

void CollectAggregates(const ExprPtr& expr, std::vector<ExprPtr>& calls) {
  if (expr->kind == ExprKind::kAggregate) {
    const auto same = [&](const ExprPtr& call) { return plan::Same(*call, *expr); };
    if (std::none_of(calls.begin(), calls.end(), same)) calls.push_back(expr);
    return;
  }
  for (const ExprPtr& arg : expr->args) CollectAggregates(arg, calls);
}

ExprPtr AggregationColumn(const plan::Aggregation& aggregation, size_t index, const Expr& source) {
  auto column = std::make_shared<Expr>();
  column->kind = ExprKind::kColumn;
  column->type = source.type;
  column->place = source.place;
  column->relation = aggregation.id;
  column->column = static_cast<uint32_t>(index);
  column->may_nan = source.may_nan;
  return column;
}

}  // namespace

Result<ExprPtr> Binder::BindGroupKey(const ast::Expr& expr, const Scope& scope,
                                     const Outputs& outputs) {
  const bool ordinal =
      expr.kind == ast::ExprKind::kLiteral && std::holds_alternative<int64_t>(expr.value.data) &&
      (expr.type.kind() == TypeKind::kInteger || expr.type.kind() == TypeKind::kBigint);
  ExprPtr key;
  if (ordinal) {
    const int64_t n = std::get<int64_t>(expr.value.data);
    if (n < 1 || n > static_cast<int64_t>(outputs.exprs.size())) {
      return ErrorAt(expr.place, fmt::format("GROUP BY position {} is not in the select list", n));
    }
    key = outputs.exprs[static_cast<size_t>(n - 1)];
    if (HasAggregate(*key)) {
      return ErrorAt(expr.place, fmt::format("GROUP BY position {} is an aggregate function", n));
    }
  } else {
    Scope inner = scope;
    inner.aggregates_allowed = false;
    inner.clause = "GROUP BY";
    TM_ASSIGN_OR_RETURN(key, BindExpr(expr, inner));
  }
  return key;
}

Result<ExprPtr> Binder::OverAggregation(const ExprPtr& expr, plan::Aggregation& aggregation) const {
  for (size_t i = 0; i < aggregation.keys.size(); ++i) {
    if (plan::Same(*aggregation.keys[i], *expr)) return AggregationColumn(aggregation, i, *expr);
  }
  if (expr->kind == ExprKind::kAggregate) {
    for (size_t i = 0; i < aggregation.calls.size(); ++i) {
      if (plan::Same(*aggregation.calls[i], *expr)) {
        return AggregationColumn(aggregation, aggregation.keys.size() + i, *expr);
      }
    }
    TM_UNREACHABLE();  // every call was collected
  }
  if (expr->kind == ExprKind::kColumn) {
    return ErrorAt(expr->place,
                   "a column here must be in GROUP BY or inside an aggregate function");
  }
  if (expr->args.empty()) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  for (ExprPtr& arg : copy->args) {
    TM_ASSIGN_OR_RETURN(arg, OverAggregation(arg, aggregation));
  }
  return ExprPtr(std::move(copy));
}

Result<void> Binder::BindGrouping(const ast::Select& select, const Scope& scope,
                                  const Outputs& outputs, plan::Select& out) {
  Scope having_scope = scope;
  having_scope.aggregates_allowed = true;
  having_scope.clause = "HAVING";
  if (select.having) {
    TM_ASSIGN_OR_RETURN(out.having, BindCondition(*select.having, having_scope));
  }
  const bool aggregated = !select.group_by.empty() || select.having != nullptr || aggregate_seen_;
  if (!aggregated) return {};

  plan::Aggregation aggregation;
  aggregation.id = next_relation_++;
  for (const ast::GroupElement& element : select.group_by) {
    if (element.kind != ast::GroupElement::Kind::kExpressions) {
      return NotSupportedAt(element.place, "GROUPING SETS, ROLLUP, CUBE and () are");
    }
    for (const ast::ExprPtr& expr : element.exprs) {
      TM_ASSIGN_OR_RETURN(ExprPtr key, BindGroupKey(*expr, scope, outputs));
      const auto same = [&](const ExprPtr& other) { return plan::Same(*other, *key); };
      if (std::none_of(aggregation.keys.begin(), aggregation.keys.end(), same)) {
        aggregation.keys.push_back(std::move(key));
      }
    }
  }
  for (const ExprPtr& expr : outputs.exprs) CollectAggregates(expr, aggregation.calls);
  if (out.having) CollectAggregates(out.having, aggregation.calls);
  for (const plan::Sort& sort : out.order) CollectAggregates(sort.expr, aggregation.calls);

  for (ExprPtr& expr : out.outputs) {
    TM_ASSIGN_OR_RETURN(expr, OverAggregation(expr, aggregation));
  }
  if (out.having) {
    TM_ASSIGN_OR_RETURN(out.having, OverAggregation(out.having, aggregation));
  }
  for (plan::Sort& sort : out.order) {
    TM_ASSIGN_OR_RETURN(sort.expr, OverAggregation(sort.expr, aggregation));
  }
  out.aggregation = std::move(aggregation);
  return {};
}

}  // namespace tidemark::sql
