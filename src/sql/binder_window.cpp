// SPDX-License-Identifier: Apache-2.0
// Window functions and aggregates over windows (timestream-sql.md 3.1, 5.9).
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;
using plan::FrameBound;
using plan::WindowFunction;

namespace {

constexpr int64_t kNsPerDay = int64_t{86'400} * 1'000'000'000;

constexpr std::array<std::pair<std::string_view, WindowFunction>, 11> kFunctions{{
    {"row_number", WindowFunction::kRowNumber},
    {"rank", WindowFunction::kRank},
    {"dense_rank", WindowFunction::kDenseRank},
    {"percent_rank", WindowFunction::kPercentRank},
    {"cume_dist", WindowFunction::kCumeDist},
    {"ntile", WindowFunction::kNtile},
    {"first_value", WindowFunction::kFirstValue},
    {"last_value", WindowFunction::kLastValue},
    {"nth_value", WindowFunction::kNthValue},
    {"lag", WindowFunction::kLag},
    {"lead", WindowFunction::kLead},
}};

bool TakesNullTreatment(WindowFunction function) {
  return function == WindowFunction::kFirstValue || function == WindowFunction::kLastValue ||
         function == WindowFunction::kNthValue || function == WindowFunction::kLag ||
         function == WindowFunction::kLead;
}

bool IsShift(WindowFunction function) {
  return function == WindowFunction::kLag || function == WindowFunction::kLead;
}

bool IsInteger(const Type& type) {
  return type.kind() == TypeKind::kInteger || type.kind() == TypeKind::kBigint;
}

bool IsNull(const Expr& expr) {
  return expr.kind == ExprKind::kConstant && expr.constant.is_null();
}

std::shared_ptr<Expr> Make(ExprKind kind, Type type, Place place) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->type = std::move(type);
  expr->place = place;
  return expr;
}

FrameBound::Kind KindOf(ast::FrameBound::Kind kind) {
  switch (kind) {
    case ast::FrameBound::Kind::kUnboundedPreceding:
      return FrameBound::Kind::kUnboundedPreceding;
    case ast::FrameBound::Kind::kPreceding:
      return FrameBound::Kind::kPreceding;
    case ast::FrameBound::Kind::kCurrentRow:
      return FrameBound::Kind::kCurrentRow;
    case ast::FrameBound::Kind::kFollowing:
      return FrameBound::Kind::kFollowing;
    case ast::FrameBound::Kind::kUnboundedFollowing:
      return FrameBound::Kind::kUnboundedFollowing;
  }
  TM_UNREACHABLE();
}

}  // namespace

std::optional<WindowFunction> WindowFunctionOf(std::string_view name) {
  const auto* found = std::ranges::find(kFunctions, name, [](const auto& f) { return f.first; });
  if (found == kFunctions.end()) return std::nullopt;
  return found->second;
}

Result<ExprPtr> Binder::BindWindowCall(const std::string& name, const ast::Expr& expr,
                                       const Scope& scope) {
  const std::optional<WindowFunction> own = WindowFunctionOf(name);
  if (!expr.window)
    return ErrorAt(expr.place, fmt::format("{}() is a window function: it needs OVER (...)", name));
  if (scope.in_aggregate) {
    return ErrorAt(expr.place, "an aggregate function cannot be over a window function");
  }
  if (scope.in_window) return ErrorAt(expr.place, "window functions cannot be nested");
  if (!scope.windows_allowed) {
    return ErrorAt(expr.place, fmt::format("{} cannot contain window functions", scope.clause));
  }
  const WindowFunction function = own.value_or(WindowFunction::kAggregate);
  if ((expr.ignore_nulls || expr.respect_nulls) && !TakesNullTreatment(function)) {
    return ErrorAt(expr.place,
                   fmt::format("{}() takes neither IGNORE NULLS nor RESPECT NULLS: only "
                               "first_value, last_value, nth_value, lag and lead do",
                               name));
  }
  Scope inner = scope;
  inner.in_window = true;
  auto out = Make(ExprKind::kWindow, {}, expr.place);
  auto window = std::make_shared<plan::Window>();
  window->function = function;
  window->ignore_nulls = expr.ignore_nulls;
  if (function == WindowFunction::kAggregate) {
    if (FindAggregates(name).empty()) return NoAggregate(name, expr.place);
    TM_ASSIGN_OR_RETURN(window->aggregate, TypeAggregate(expr, inner));
    out->type = window->aggregate->type;
    out->may_nan = window->aggregate->may_nan;
  } else {
    if (expr.distinct || expr.star || expr.filter || !expr.order.empty()) {
      return ErrorAt(expr.place, fmt::format("{}() is no aggregate function", name));
    }
    TM_ASSIGN_OR_RETURN(out->args, BindWindowArgs(name, function, expr, inner, out->type));
    out->may_nan = std::ranges::any_of(out->args, [](const ExprPtr& a) { return a->may_nan; });
  }
  for (const ast::ExprPtr& key : expr.window->partition) {
    TM_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*key, inner));
    window->partition.push_back(std::move(bound));
  }
  TM_ASSIGN_OR_RETURN(window->order, BindSorts(expr.window->order, inner));
  if (IsShift(function)) {
    if (expr.window->order.empty())
      return ErrorAt(expr.place, fmt::format("{}() needs ORDER BY in its window", name));
    if (expr.window->has_frame) {
      return ErrorAt(expr.window->frame_place, fmt::format("{}() takes no window frame", name));
    }
  }
  if (expr.window->has_frame) TM_RETURN_IF_ERROR(BindFrame(expr, inner, *window));
  out->window = std::move(window);
  return ExprPtr(std::move(out));
}

Result<std::vector<plan::Sort>> Binder::BindSorts(const std::vector<ast::SortItem>& items,
                                                  const Scope& scope) {
  std::vector<plan::Sort> sorts;
  for (const ast::SortItem& item : items) {
    TM_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*item.expr, scope));
    sorts.push_back({std::move(bound), item.descending, item.nulls_first});
  }
  return sorts;
}

Result<std::vector<ExprPtr>> Binder::BindWindowArgs(const std::string& name,
                                                    WindowFunction function, const ast::Expr& expr,
                                                    const Scope& scope, Type& type) {
  const bool shift = IsShift(function);
  const bool value = TakesNullTreatment(function);
  const bool nth = function == WindowFunction::kNthValue;
  const bool ntile = function == WindowFunction::kNtile;
  const size_t least = nth ? 2 : value || ntile ? 1 : 0;
  TM_RETURN_IF_ERROR(ExpectArgs(expr, least, shift ? 3 : least));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  std::string types;
  for (const ExprPtr& arg : args) types += (types.empty() ? "" : ", ") + arg->type.ToString();
  const auto mismatch = [&] {
    return ErrorAt(expr.place,
                   fmt::format("Unexpected parameters ({}) for function {}", types, name));
  };
  // The number: ntile's buckets, nth_value's position, lag's and lead's offset.
  const size_t at = ntile ? 0 : 1;
  if (at < args.size()) {
    ExprPtr& number = args[at];
    if (!IsInteger(number->type) && number->type.kind() != TypeKind::kUnknown) return mismatch();
    const int64_t least_number = shift ? 0 : 1;
    const std::string_view what = ntile ? "number of buckets" : nth ? "position" : "offset";
    const auto* constant = std::get_if<int64_t>(&number->constant.data);
    if (constant != nullptr && *constant < least_number) {
      return ErrorAt(number->place,
                     fmt::format("the {} of {}() must be at least {}", what, name, least_number));
    }
    if (shift && IsNull(*number))
      return ErrorAt(number->place, fmt::format("the offset of {}() must not be null", name));
    TM_ASSIGN_OR_RETURN(number, Coerce(std::move(number), TypeKind::kBigint));
  }
  if (shift && args.size() == 3) {
    std::vector<ExprPtr> values{args[0], args[2]};
    if (!Unify(expr.place, name, values).ok()) return mismatch();
    args[0] = values[0];
    args[2] = values[1];
  }
  const bool fraction =
      function == WindowFunction::kPercentRank || function == WindowFunction::kCumeDist;
  type = value ? args[0]->type : fraction ? Type(TypeKind::kDouble) : Type(TypeKind::kBigint);
  return args;
}

// ------------------------------------------------------------------------------------------
// frames

Result<void> Binder::BindFrame(const ast::Expr& expr, const Scope& scope, plan::Window& out) {
  using Kind = ast::FrameBound::Kind;
  const ast::Window& window = *expr.window;
  const Kind start = window.start.kind;
  const Kind end = window.end.kind;  // CURRENT ROW without BETWEEN
  if (start == Kind::kUnboundedFollowing)
    return ErrorAt(window.frame_place, "a window frame cannot start at UNBOUNDED FOLLOWING");
  if (end == Kind::kUnboundedPreceding)
    return ErrorAt(window.frame_place, "a window frame cannot end at UNBOUNDED PRECEDING");
  if (start == Kind::kCurrentRow && end == Kind::kPreceding)
    return ErrorAt(window.frame_place, "a window frame from CURRENT ROW cannot end with PRECEDING");
  if (start == Kind::kFollowing && (end == Kind::kPreceding || end == Kind::kCurrentRow)) {
    return ErrorAt(window.frame_place,
                   fmt::format("a window frame from FOLLOWING cannot end with {}",
                               end == Kind::kPreceding ? "PRECEDING" : "CURRENT ROW"));
  }
  out.has_frame = true;
  out.rows = window.rows;
  TM_ASSIGN_OR_RETURN(out.start, BindBound(window.start, scope, out));
  TM_ASSIGN_OR_RETURN(out.end, BindBound(window.end, scope, out));
  if (out.rows || (!out.start.offset && !out.end.offset)) return {};
  return UnifyRange(expr.window->frame_place, out);
}

Result<FrameBound> Binder::BindBound(const ast::FrameBound& bound, const Scope& scope,
                                     const plan::Window& window) {
  FrameBound out;
  out.kind = KindOf(bound.kind);
  if (!bound.offset) return out;
  TM_ASSIGN_OR_RETURN(out.offset, BindExpr(*bound.offset, scope));
  if (window.rows && !IsInteger(out.offset->type)) {
    return ErrorAt(bound.offset->place,
                   fmt::format("the offset of a ROWS frame must be an integer, not {}",
                               out.offset->type.ToString()));
  }
  if (!window.rows && window.order.size() != 1) {
    return ErrorAt(bound.offset->place,
                   "a RANGE frame with an offset needs exactly one ORDER BY expression");
  }
  const auto* integer = std::get_if<int64_t>(&out.offset->constant.data);
  const auto* real = std::get_if<double>(&out.offset->constant.data);
  const bool negative = (integer != nullptr && *integer < 0) || (real != nullptr && !(*real >= 0));
  if (negative || IsNull(*out.offset)) {
    return ErrorAt(bound.offset->place,
                   "the offset of a window frame must not be negative or null");
  }
  if (window.rows) {
    TM_ASSIGN_OR_RETURN(out.offset, Coerce(std::move(out.offset), TypeKind::kBigint));
  }
  return out;
}

Result<void> Binder::UnifyRange(Place place, plan::Window& window) const {
  ExprPtr& key = window.order[0].expr;
  const TypeKind type = key->type.kind();
  const bool number = IsInteger(key->type) || type == TypeKind::kDouble;
  std::vector<ExprPtr*> offsets;
  for (FrameBound* bound : {&window.start, &window.end}) {
    if (bound->offset) offsets.push_back(&bound->offset);
  }
  if (number) {
    std::vector<ExprPtr> all{key};
    for (ExprPtr* offset : offsets) all.push_back(*offset);
    // The engine adds and subtracts in this type: INTEGER would overflow near its ends.
    all.push_back(Constant(TypeKind::kBigint, {}, place));
    TM_RETURN_IF_ERROR(Unify(place, "a RANGE frame", all));
    key = all[0];
    for (size_t i = 0; i < offsets.size(); ++i) *offsets[i] = all[i + 1];
    return {};
  }
  for (ExprPtr* offset : offsets) {
    const TypeKind by = (*offset)->type.kind();
    const bool days = type == TypeKind::kDate && by == TypeKind::kIntervalDaySecond;
    const bool same = by == TypeKind::kIntervalDaySecond &&
                      (type == TypeKind::kTimestamp || type == TypeKind::kTime || type == by);
    if (same || (type == by && by == TypeKind::kIntervalYearMonth)) continue;
    const auto* ns = std::get_if<int64_t>(&(*offset)->constant.data);
    if (days && ns != nullptr && *ns % kNsPerDay == 0) {
      *offset = Constant(TypeKind::kBigint, {*ns / kNsPerDay}, (*offset)->place);
      continue;
    }
    const bool months = by == TypeKind::kIntervalYearMonth &&
                        (type == TypeKind::kTimestamp || type == TypeKind::kDate);
    if (months) return NotSupportedAt((*offset)->place, "a RANGE frame of months is");
    if (days) {
      return ErrorAt((*offset)->place, "the offset of a RANGE frame over dates must be whole days");
    }
    return ErrorAt((*offset)->place,
                   fmt::format("a RANGE frame over {} cannot have an offset of {}",
                               key->type.ToString(), (*offset)->type.ToString()));
  }
  return {};
}

}  // namespace tidemark::sql
