// SPDX-License-Identifier: Apache-2.0
// Calls of aggregate functions (aggregates.h): where they may stand, their types, and the checks of
// constant arguments.
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/kernels_math.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

Error WrongTypes(const ast::Expr& expr, std::string_view name, std::span<const Type> types) {
  std::string list;
  for (const Type& type : types) list += (list.empty() ? "" : ", ") + type.ToString();
  return ErrorAt(expr.place, fmt::format("Unexpected parameters ({}) for function {}", list, name));
}

}  // namespace

ExprPtr Binder::SeriesKeyOf(const Expr& expr) {
  if (expr.kind != ExprKind::kColumn) return nullptr;
  const auto scan = scan_of_.find(expr.relation);
  if (scan == scan_of_.end()) return nullptr;
  const std::vector<plan::ScanColumn>& columns = plan_.scans[scan->second].columns;
  if (columns[expr.column].source != plan::ScanColumn::Source::kTime) return nullptr;
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (columns[i].source != plan::ScanColumn::Source::kSeriesKey) continue;
    Expr key = expr;
    key.type = TypeKind::kVarchar;
    key.column = i;
    return Use(std::make_shared<Expr>(std::move(key)), expr.place);
  }
  return nullptr;
}

Result<ExprPtr> Binder::BindAggregate(const ast::Expr& expr, const Scope& scope) {
  if (!scope.aggregates_allowed) {
    return ErrorAt(expr.place, fmt::format("{} cannot contain aggregate functions", scope.clause));
  }
  if (scope.in_aggregate) return ErrorAt(expr.place, "aggregate functions cannot be nested");
  Scope inner = scope;
  inner.in_aggregate = true;
  TM_ASSIGN_OR_RETURN(std::shared_ptr<Expr> call, TypeAggregate(expr, inner));
  aggregate_seen_ = true;
  return ExprPtr(std::move(call));
}

Result<void> Binder::BindAggregateClauses(const ast::Expr& expr, const Scope& scope, Expr& call) {
  if (expr.filter) {
    Scope inner = scope;
    inner.clause = "FILTER";
    TM_ASSIGN_OR_RETURN(call.filter, BindCondition(*expr.filter, inner));
  }
  if (expr.order.empty()) return {};
  if (expr.window)
    return ErrorAt(expr.place, "an aggregate function over a window takes no ORDER BY inside");
  TM_ASSIGN_OR_RETURN(call.order, BindSorts(expr.order, scope));
  for (const plan::Sort& sort : call.order) {
    const auto same = [&](const ExprPtr& arg) { return plan::Same(*arg, *sort.expr); };
    if (call.distinct && std::ranges::none_of(call.args, same)) {
      return ErrorAt(sort.expr->place,
                     "ORDER BY of an aggregate with DISTINCT must be one of its arguments");
    }
  }
  return {};
}

Result<std::shared_ptr<Expr>> Binder::TypeAggregate(const ast::Expr& expr, const Scope& scope) {
  const std::string name = LowerCase(expr.call.text);
  if (expr.ignore_nulls || expr.respect_nulls) {
    return ErrorAt(expr.place,
                   fmt::format("{}() takes neither IGNORE NULLS nor RESPECT NULLS", name));
  }
  if (expr.star && name != "count")
    return ErrorAt(expr.place, fmt::format("{}(*) does not exist", name));
  auto call = std::make_shared<Expr>();
  call->kind = ExprKind::kAggregate;
  call->place = expr.place;
  call->distinct = expr.distinct;
  std::vector<Type> types;
  if (name == "count" && expr.args.empty()) {
    if (expr.distinct) return ErrorAt(expr.place, "count(DISTINCT) needs an argument");
    call->function = &CountRowsAggregate();
  } else {
    TM_ASSIGN_OR_RETURN(call->args, BindArgs(expr, scope));
    for (const ExprPtr& arg : call->args) types.push_back(arg->type);
    call->function = ResolveAggregate(name, types);
    if (call->function == nullptr) return WrongTypes(expr, name, types);
  }
  TM_RETURN_IF_ERROR(BindAggregateClauses(expr, scope, *call));
  const std::vector<AggregateParam>& params = call->function->params;
  for (size_t i = 0; i < params.size(); ++i) {
    const Type wanted = TypeOfParam(params[i]);
    if (wanted.kind() == TypeKind::kUnknown) continue;
    TM_ASSIGN_OR_RETURN(call->args[i], Coerce(std::move(call->args[i]), wanted));
    types[i] = wanted;
    TM_RETURN_IF_ERROR(CheckAggregateArg(name, params[i], *call->args[i]));
  }
  call->aggregate = call->function->kind;
  call->type = TypeOfResult(*call->function, types);
  const bool value = !call->args.empty() && call->args[0]->may_nan;
  call->may_nan = call->type.kind() == TypeKind::kDouble && (value || call->function->may_nan);
  const AggregateOverload* edge =
      call->args.size() == 2 ? EdgeAggregate(call->aggregate, types[0]) : nullptr;
  if (edge != nullptr) {
    if (ExprPtr key = SeriesKeyOf(*call->args[1])) {
      call->function = edge;
      call->args.push_back(std::move(key));
    }
  }
  return call;
}

Result<void> Binder::CheckAggregateArg(std::string_view name, AggregateParam param,
                                       const Expr& arg) {
  const bool constant = arg.kind == ExprKind::kConstant;
  switch (param) {
    case AggregateParam::kElements: {
      if (!constant) return {};
      const auto* count = std::get_if<int64_t>(&arg.constant.data);
      Result<int64_t> checked = kernels::ElementsToKeep(count == nullptr ? 0 : *count);
      if (!checked.ok()) return ErrorAt(arg.place, checked.error().message);
      return {};
    }
    case AggregateParam::kPercentage: {
      const auto* p = constant ? std::get_if<double>(&arg.constant.data) : nullptr;
      if (p != nullptr && !(*p >= 0 && *p <= 1))
        return ErrorAt(arg.place, fmt::format("percentage must be between 0 and 1, not {}", *p));
      return {};
    }
    case AggregateParam::kStandardError: {
      const auto* e = constant ? std::get_if<double>(&arg.constant.data) : nullptr;
      if (e == nullptr)
        return ErrorAt(arg.place, fmt::format("the standard error of {}() must be constant", name));
      if (!(*e >= 0.0040625 && *e <= 0.26)) {
        return ErrorAt(arg.place,
                       fmt::format("standard error must be in [0.0040625, 0.26], not {}", *e));
      }
      return {};
    }
    case AggregateParam::kAccuracy: {
      const auto* accuracy = constant ? std::get_if<double>(&arg.constant.data) : nullptr;
      if (accuracy == nullptr || !(*accuracy > 0 && *accuracy < 1)) {
        return ErrorAt(
            arg.place,
            fmt::format("the accuracy of {}() must be a constant between 0 and 1", name));
      }
      return {};
    }
    case AggregateParam::kAny:
    case AggregateParam::kScalar:
    case AggregateParam::kBoolean:
    case AggregateParam::kBigint:
    case AggregateParam::kDouble:
    case AggregateParam::kDaySecond:
    case AggregateParam::kYearMonth:
    case AggregateParam::kTimestamp:
    case AggregateParam::kOnlyDouble:
    case AggregateParam::kPercentages:
      return {};
  }
  return {};
}

}  // namespace tidemark::sql
