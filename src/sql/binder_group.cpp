// SPDX-License-Identifier: Apache-2.0
// GROUP BY: keys, aggregate calls, and the select list over them.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

constexpr size_t kSetsMax = 2048;        // as in the dialect's family
constexpr size_t kGroupingArgsMax = 31;  // the result is an integer of 31 bits

bool IsAggregate(const Expr& expr) {
  return expr.kind == ExprKind::kAggregate || expr.kind == ExprKind::kGrouping;
}

void CollectAggregates(const ExprPtr& expr, std::vector<ExprPtr>& calls) {
  if (IsAggregate(*expr)) {
    const auto same = [&](const ExprPtr& call) { return plan::Same(*call, *expr); };
    if (std::none_of(calls.begin(), calls.end(), same)) calls.push_back(expr);
    return;
  }
  plan::ForEachChild(*expr, [&calls](const ExprPtr& child) { CollectAggregates(child, calls); });
}

ExprPtr AggregationColumn(const plan::Aggregation& aggregation, size_t index, const Expr& source) {
  auto column = std::make_shared<Expr>();
  column->kind = ExprKind::kColumn;
  column->type = source.type;
  column->place = source.place;
  column->relation = aggregation.id;
  column->column = static_cast<uint32_t>(index);
  column->may_nan = source.may_nan;
  column->name = source.name;
  return column;
}

using Set = std::vector<size_t>;  // numbers of keys

void AddTo(Set& set, const Set& more) {
  for (const size_t key : more) {
    if (std::ranges::find(set, key) == set.end()) set.push_back(key);
  }
}

/// Every set of `a` joined with every set of `b`.
std::vector<Set> Product(const std::vector<Set>& a, const std::vector<Set>& b) {
  std::vector<Set> out;
  for (const Set& left : a) {
    for (const Set& right : b) {
      Set both = left;
      AddTo(both, right);
      out.push_back(std::move(both));
    }
  }
  return out;
}

std::vector<Set> Rollup(const std::vector<Set>& parts) {
  std::vector<Set> out;
  for (size_t n = parts.size() + 1; n-- > 0;) {
    Set set;
    for (size_t i = 0; i < n; ++i) AddTo(set, parts[i]);
    out.push_back(std::move(set));
  }
  return out;
}

std::vector<Set> Cube(const std::vector<Set>& parts) {
  std::vector<Set> out;
  for (size_t mask = size_t{1} << parts.size(); mask-- > 0;) {
    Set set;
    for (size_t i = 0; i < parts.size(); ++i) {
      if ((mask >> (parts.size() - 1 - i) & 1) != 0) AddTo(set, parts[i]);
    }
    out.push_back(std::move(set));
  }
  return out;
}

}  // namespace

bool HasAggregate(const Expr& expr) {
  if (IsAggregate(expr)) return true;
  bool any = false;
  plan::ForEachChild(expr, [&any](const ExprPtr& child) { any |= HasAggregate(*child); });
  return any;
}

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
    if (HasAggregate(*key) || HasWindow(*key)) {
      return ErrorAt(expr.place,
                     fmt::format("GROUP BY position {} is an aggregate or window function", n));
    }
  } else {
    Scope inner = scope;
    inner.aggregates_allowed = false;
    inner.windows_allowed = false;
    inner.clause = "GROUP BY";
    TM_ASSIGN_OR_RETURN(key, BindExpr(expr, inner));
  }
  return key;
}

Result<size_t> Binder::AddGroupKey(const ast::Expr& expr, const Scope& scope,
                                   const Outputs& outputs, plan::Aggregation& aggregation) {
  TM_ASSIGN_OR_RETURN(ExprPtr key, BindGroupKey(expr, scope, outputs));
  const auto same = [&](const ExprPtr& other) { return plan::Same(*other, *key); };
  const auto found = std::ranges::find_if(aggregation.keys, same);
  const auto index = static_cast<size_t>(found - aggregation.keys.begin());
  if (found == aggregation.keys.end()) aggregation.keys.push_back(std::move(key));
  return index;
}

Result<void> Binder::BindGroupingSets(const ast::Select& select, const Scope& scope,
                                      const Outputs& outputs, plan::Aggregation& aggregation) {
  using Kind = ast::GroupElement::Kind;
  // (a, b) among the elements of ROLLUP and CUBE stands for both.
  const auto keys_of = [&](std::span<const ast::ExprPtr> exprs) -> Result<Set> {
    Set set;
    for (const ast::ExprPtr& expr : exprs) {
      const bool both = expr->kind == ast::ExprKind::kRow && expr->text.empty();
      for (const ast::ExprPtr& part : both ? std::span(expr->args) : std::span(&expr, 1)) {
        TM_ASSIGN_OR_RETURN(const size_t key, AddGroupKey(*part, scope, outputs, aggregation));
        AddTo(set, {key});
      }
    }
    return set;
  };
  std::vector<Set> sets{{}};
  bool plain = true;
  for (const ast::GroupElement& element : select.group_by) {
    std::vector<Set> own;
    if (element.kind == Kind::kExpressions) {
      TM_ASSIGN_OR_RETURN(Set set, keys_of(element.exprs));
      own.push_back(std::move(set));
    } else if (element.kind == Kind::kSets) {
      for (const std::vector<ast::ExprPtr>& exprs : element.sets) {
        TM_ASSIGN_OR_RETURN(Set set, keys_of(exprs));
        own.push_back(std::move(set));
      }
    } else {
      std::vector<Set> parts;
      for (const ast::ExprPtr& expr : element.exprs) {
        TM_ASSIGN_OR_RETURN(Set part, keys_of(std::span(&expr, 1)));
        parts.push_back(std::move(part));
      }
      const bool cube = element.kind == Kind::kCube;
      if (cube && parts.size() > 11) return ErrorAt(element.place, "CUBE has too many elements");
      own = cube ? Cube(parts) : Rollup(parts);
    }
    plain &= element.kind == Kind::kExpressions;
    if (sets.size() * own.size() > kSetsMax)
      return ErrorAt(element.place,
                     fmt::format("GROUP BY has more than {} grouping sets", kSetsMax));
    sets = Product(sets, own);
  }
  if (select.group_distinct) {
    std::set<std::set<size_t>> seen;
    std::erase_if(sets, [&seen](const Set& set) {
      return !seen.insert(std::set<size_t>(set.begin(), set.end())).second;
    });
  }
  if (!plain) aggregation.sets = std::move(sets);
  return {};
}

Result<ExprPtr> Binder::BindGroupingCall(const ast::Expr& expr, const Scope& scope) {
  if (!scope.aggregates_allowed)
    return ErrorAt(expr.place, fmt::format("{} cannot contain grouping()", scope.clause));
  if (scope.in_aggregate)
    return ErrorAt(expr.place, "an aggregate function cannot be over grouping()");
  if (expr.window || expr.distinct || expr.filter || expr.star || !expr.order.empty())
    return ErrorAt(expr.place, "grouping() takes columns only");
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 1, kGroupingArgsMax));
  Scope inner = scope;
  inner.aliases = nullptr;
  inner.in_aggregate = true;
  auto call = std::make_shared<Expr>();
  call->kind = ExprKind::kGrouping;
  call->type = TypeKind::kInteger;
  call->place = expr.place;
  TM_ASSIGN_OR_RETURN(call->args, BindArgs(expr, inner));
  aggregate_seen_ = true;
  return ExprPtr(std::move(call));
}

Result<void> Binder::CheckGroupingCalls(const plan::Aggregation& aggregation) const {
  for (const ExprPtr& call : aggregation.calls) {
    if (call->kind != ExprKind::kGrouping) continue;
    if (aggregation.keys.empty() && !aggregation.sets)
      return ErrorAt(call->place, "grouping() needs GROUP BY");
    for (const ExprPtr& arg : call->args) {
      const auto same = [&](const ExprPtr& key) { return plan::Same(*key, *arg); };
      if (std::ranges::none_of(aggregation.keys, same))
        return ErrorAt(arg->place, "an argument of grouping() must be in GROUP BY");
    }
  }
  return {};
}

Result<ExprPtr> Binder::OverAggregation(const ExprPtr& expr, const plan::Aggregation& aggregation,
                                        const std::set<uint32_t>& local) const {
  for (size_t i = 0; i < aggregation.keys.size(); ++i) {
    if (plan::Same(*aggregation.keys[i], *expr)) return AggregationColumn(aggregation, i, *expr);
  }
  if (IsAggregate(*expr)) {
    for (size_t i = 0; i < aggregation.calls.size(); ++i) {
      if (plan::Same(*aggregation.calls[i], *expr)) {
        return AggregationColumn(aggregation, aggregation.keys.size() + i, *expr);
      }
    }
    TM_UNREACHABLE();  // every call was collected
  }
  if (expr->kind == ExprKind::kColumn && local.contains(expr->relation)) {
    return ErrorAt(
        expr->place,
        fmt::format("Column '{}' must be in GROUP BY or inside an aggregate function", expr->name));
  }
  const auto map = [&](const ExprPtr& child) { return OverAggregation(child, aggregation, local); };
  // Groups have no series: nothing decides between equal times any more.
  const Expr* call = expr->window ? expr->window->aggregate.get() : nullptr;
  const bool tied =
      call != nullptr && call->args.size() == 3 &&
      (call->aggregate == AggregateKind::kMinBy || call->aggregate == AggregateKind::kMaxBy);
  if (!tied) return plan::MapChildren(expr, map);
  auto plain = std::make_shared<Expr>(*call);
  plain->args.pop_back();
  const std::array types{plain->args[0]->type, plain->args[1]->type};
  plain->function = ResolveAggregate(call->function->name, types);
  auto window = std::make_shared<plan::Window>(*expr->window);
  window->aggregate = std::move(plain);
  auto untied = std::make_shared<Expr>(*expr);
  untied->window = std::move(window);
  return plan::MapChildren(untied, map);
}

Result<void> Binder::BindGrouping(const ast::Select& select, const Scope& scope,
                                  const Outputs& outputs, plan::Select& out) {
  Scope having_scope = scope;
  having_scope.windows_allowed = false;
  having_scope.clause = "HAVING";
  if (select.having) {
    TM_ASSIGN_OR_RETURN(out.having, BindCondition(*select.having, having_scope));
  }
  const bool aggregated = !select.group_by.empty() || select.having != nullptr || aggregate_seen_;
  if (!aggregated) return {};

  plan::Aggregation aggregation;
  aggregation.id = next_relation_++;
  TM_RETURN_IF_ERROR(BindGroupingSets(select, scope, outputs, aggregation));
  for (const ExprPtr& expr : outputs.exprs) CollectAggregates(expr, aggregation.calls);
  if (out.having) CollectAggregates(out.having, aggregation.calls);
  for (const plan::Sort& sort : out.order) CollectAggregates(sort.expr, aggregation.calls);
  TM_RETURN_IF_ERROR(CheckGroupingCalls(aggregation));

  std::set<uint32_t> local;
  if (out.from) CollectRelations(*out.from, local);
  for (ExprPtr& expr : out.outputs) {
    TM_ASSIGN_OR_RETURN(expr, OverAggregation(expr, aggregation, local));
  }
  if (out.having) {
    TM_ASSIGN_OR_RETURN(out.having, OverAggregation(out.having, aggregation, local));
  }
  for (plan::Sort& sort : out.order) {
    TM_ASSIGN_OR_RETURN(sort.expr, OverAggregation(sort.expr, aggregation, local));
  }
  AnchorCalls(local, scope, aggregation, out);
  out.aggregation = std::move(aggregation);
  return {};
}

/// The engine takes an aggregate over nothing but columns of the query around for one of that
/// query. So such a column becomes an expression that names one of this query's own.
void Binder::AnchorCalls(const std::set<uint32_t>& local, const Scope& scope,
                         plan::Aggregation& aggregation, plan::Select& out) {
  const std::function<void(const Expr&, bool&, bool&)> look = [&](const Expr& expr, bool& inside,
                                                                  bool& outside) {
    if (expr.kind == ExprKind::kColumn) (local.contains(expr.relation) ? inside : outside) = true;
    plan::ForEachChild(expr, [&](const ExprPtr& child) { look(*child, inside, outside); });
  };
  for (ExprPtr& call : aggregation.calls) {
    bool inside = false;
    bool outside = false;
    look(*call, inside, outside);
    if (inside || !outside) continue;
    if (!out.from) {
      plan::Query one;
      one.rows = {{Constant(TypeKind::kInteger, {int64_t{0}}, call->place)}};
      one.columns = {{"", TypeKind::kInteger, 0}};
      out.from = FromQuery(next_relation_++, std::move(one));
    }
    ExprPtr own;
    const std::vector<Field> columns = ColumnsOf(*out.from);  // none of a join
    for (const std::vector<Field>* fields : {&columns, scope.fields}) {
      for (size_t i = 0; fields != nullptr && !own && i < fields->size(); ++i) {
        if ((*fields)[i].expr->kind == ExprKind::kColumn) own = Use((*fields)[i].expr, call->place);
      }
    }
    const std::function<Result<ExprPtr>(const ExprPtr&)> anchor =
        [&](const ExprPtr& expr) -> Result<ExprPtr> {
      if (expr->kind != ExprKind::kColumn) return plan::MapChildren(expr, anchor);
      auto is_null = MakeExpr(ExprKind::kIsNull, TypeKind::kBoolean, expr->place);
      is_null->args = {own};
      auto either = MakeExpr(ExprKind::kCase, expr->type, expr->place);
      either->has_else = true;
      either->may_nan = expr->may_nan;
      either->args = {std::move(is_null), expr, expr};
      return ExprPtr(std::move(either));
    };
    if (own) call = plan::MapChildren(call, anchor).value();
  }
}

}  // namespace tidemark::sql
