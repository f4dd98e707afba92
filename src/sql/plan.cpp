// SPDX-License-Identifier: Apache-2.0
// Walking, copying and comparing bound expressions.
#include "sql/plan.h"

#include <utility>

namespace tidemark::sql::plan {

namespace {

bool SamePtr(const ExprPtr& a, const ExprPtr& b) {
  return a == nullptr || b == nullptr ? a == b : Same(*a, *b);
}

bool SameList(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Same(*a[i], *b[i])) return false;
  }
  return true;
}

bool SameOrder(const std::vector<Sort>& a, const std::vector<Sort>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].descending != b[i].descending || a[i].nulls_first != b[i].nulls_first ||
        !Same(*a[i].expr, *b[i].expr)) {
      return false;
    }
  }
  return true;
}

bool SameBound(const FrameBound& a, const FrameBound& b) {
  return a.kind == b.kind && SamePtr(a.offset, b.offset);
}

bool SameWindow(const Window& a, const Window& b) {
  return a.function == b.function && a.ignore_nulls == b.ignore_nulls &&
         a.has_frame == b.has_frame && a.rows == b.rows && SamePtr(a.aggregate, b.aggregate) &&
         SameList(a.partition, b.partition) && SameOrder(a.order, b.order) &&
         SameBound(a.start, b.start) && SameBound(a.end, b.end);
}

/// Every place of an expression that holds another one. `E` is Expr or const Expr.
template <typename E, typename Visit>
Result<void> Walk(E& expr, Visit visit) {
  for (auto& arg : expr.args) TM_RETURN_IF_ERROR(visit(arg));
  for (auto& sort : expr.order) TM_RETURN_IF_ERROR(visit(sort.expr));
  if (expr.filter) TM_RETURN_IF_ERROR(visit(expr.filter));
  for (auto& outer : expr.captured) TM_RETURN_IF_ERROR(visit(outer));
  return {};
}

template <typename W, typename Visit>
Result<void> WalkWindow(W& window, Visit visit) {
  for (auto& key : window.partition) TM_RETURN_IF_ERROR(visit(key));
  for (auto& sort : window.order) TM_RETURN_IF_ERROR(visit(sort.expr));
  if (window.start.offset) TM_RETURN_IF_ERROR(visit(window.start.offset));
  if (window.end.offset) TM_RETURN_IF_ERROR(visit(window.end.offset));
  return {};
}

}  // namespace

bool Same(const Expr& a, const Expr& b) {
  if (&a == &b) return true;
  const bool shallow = a.kind == b.kind && a.type == b.type && a.relation == b.relation &&
                       a.column == b.column && a.parameters == b.parameters &&
                       a.overload == b.overload && a.emit == b.emit && a.op == b.op &&
                       a.function == b.function && a.negated == b.negated &&
                       a.has_else == b.has_else && a.distinct == b.distinct && a.all == b.all &&
                       a.constant == b.constant && a.query == b.query &&
                       (a.kind != ExprKind::kParameter || a.name == b.name);
  if (!shallow || !SameList(a.args, b.args) || !SameList(a.captured, b.captured)) return false;
  if (!SamePtr(a.filter, b.filter) || !SameOrder(a.order, b.order)) return false;
  if (a.window == nullptr || b.window == nullptr) return a.window == b.window;
  return SameWindow(*a.window, *b.window);
}

bool HasWindow(const Expr& expr) {
  if (expr.kind == ExprKind::kWindow) return true;
  bool any = false;
  ForEachChild(expr, [&any](const ExprPtr& child) { any |= HasWindow(*child); });
  return any;
}

bool HasSubquery(const Expr& expr) {
  if (expr.query != nullptr) return true;
  bool any = false;
  ForEachChild(expr, [&any](const ExprPtr& child) { any |= HasSubquery(*child); });
  return any;
}

void ForEachChild(const Expr& expr, const std::function<void(const ExprPtr&)>& visit) {
  const auto each = [&visit](const ExprPtr& child) -> Result<void> {
    visit(child);
    return {};
  };
  (void)Walk(expr, each);
  if (!expr.window) return;
  if (expr.window->aggregate) (void)Walk(*expr.window->aggregate, each);
  (void)WalkWindow(*expr.window, each);
}

Result<ExprPtr> MapChildren(const ExprPtr& expr,
                            const std::function<Result<ExprPtr>(const ExprPtr&)>& map) {
  const bool leaf = expr->args.empty() && expr->order.empty() && !expr->filter &&
                    expr->captured.empty() && !expr->window;
  if (leaf) return expr;
  const auto each = [&map](ExprPtr& child) -> Result<void> {
    TM_ASSIGN_OR_RETURN(child, map(child));
    return {};
  };
  auto copy = std::make_shared<Expr>(*expr);
  TM_RETURN_IF_ERROR(Walk(*copy, each));
  if (expr->window) {
    auto window = std::make_shared<Window>(*expr->window);
    if (window->aggregate) {
      auto call = std::make_shared<Expr>(*window->aggregate);
      TM_RETURN_IF_ERROR(Walk(*call, each));
      window->aggregate = std::move(call);
    }
    TM_RETURN_IF_ERROR(WalkWindow(*window, each));
    copy->window = std::move(window);
  }
  return ExprPtr(std::move(copy));
}

}  // namespace tidemark::sql::plan
