// SPDX-License-Identifier: Apache-2.0
// Expressions: names to columns, operators to typed calls (timestream-sql.md section 4).
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/binder_internal.h"
#include "sql/datetime.h"
#include "sql/nested_types.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

std::shared_ptr<Expr> Make(ExprKind kind, Type type, Place place) {
  return MakeExpr(kind, std::move(type), place);
}

bool AnyMayNan(const std::vector<ExprPtr>& args) {
  return std::any_of(args.begin(), args.end(), [](const ExprPtr& arg) { return arg->may_nan; });
}

std::optional<plan::CompareOp> CompareOpOf(std::string_view text) {
  if (text == "=") return plan::CompareOp::kEqual;
  if (text == "<>") return plan::CompareOp::kNotEqual;
  if (text == "<") return plan::CompareOp::kLess;
  if (text == "<=") return plan::CompareOp::kLessEqual;
  if (text == ">") return plan::CompareOp::kGreater;
  if (text == ">=") return plan::CompareOp::kGreaterEqual;
  return std::nullopt;
}

std::string_view OperatorText(std::string_view op) {
  if (op == "NEG") return "-";
  if (op == "POS") return "+";
  return op;
}

}  // namespace

std::shared_ptr<Expr> MakeExpr(ExprKind kind, Type type, Place place) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->type = std::move(type);
  expr->place = place;
  return expr;
}

ExprPtr Constant(Type type, Value value, Place place) {
  auto expr = Make(ExprKind::kConstant, std::move(type), place);
  const auto* number = std::get_if<double>(&value.data);
  expr->may_nan = number != nullptr && std::isnan(*number);
  expr->constant = std::move(value);
  return expr;
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Result<ExprPtr> Binder::BindExpr(const ast::Expr& expr, const Scope& scope) {
  switch (expr.kind) {
    case ast::ExprKind::kLiteral:
      return Constant(expr.type, expr.value, expr.place);
    case ast::ExprKind::kName:
      return BindName(expr, scope);
    case ast::ExprKind::kOperator:
      return BindOperator(expr, scope);
    case ast::ExprKind::kBetween:
      return BindBetween(expr, scope);
    case ast::ExprKind::kIn:
      return BindIn(expr, scope);
    case ast::ExprKind::kLike:
      return BindLike(expr, scope);
    case ast::ExprKind::kCase:
      return BindCase(expr, scope);
    case ast::ExprKind::kCast:
      return BindCast(expr, scope);
    case ast::ExprKind::kCall:
      return BindCall(expr, scope);
    case ast::ExprKind::kIsNull: {
      TM_ASSIGN_OR_RETURN(ExprPtr arg, BindExpr(*expr.args[0], scope));
      auto out = Make(ExprKind::kIsNull, TypeKind::kBoolean, expr.place);
      out->negated = expr.negated;
      out->args.push_back(std::move(arg));
      return ExprPtr(std::move(out));
    }
    case ast::ExprKind::kIsDistinct: {
      TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
      TM_RETURN_IF_ERROR(Unify(expr.place, "IS DISTINCT FROM", args));
      auto out = Make(ExprKind::kIsDistinct, TypeKind::kBoolean, expr.place);
      out->negated = expr.negated;
      out->args = std::move(args);
      return ExprPtr(std::move(out));
    }
    case ast::ExprKind::kParameter:
      return BindParameter(expr);
    case ast::ExprKind::kInQuery:
    case ast::ExprKind::kQuantified:
      return BindQuantified(expr, scope);
    case ast::ExprKind::kSubquery:
      return BindSubquery(expr, scope);
    case ast::ExprKind::kExists:
      return BindExists(expr, scope);
    case ast::ExprKind::kExtract:
      return BindExtract(expr, scope);
    case ast::ExprKind::kRow:
      return BindRow(expr, scope);
    case ast::ExprKind::kArray:
      return BindArray(expr, scope);
    case ast::ExprKind::kSubscript:
      return BindSubscript(expr, scope);
    case ast::ExprKind::kField:
      return BindField(expr, scope);
    case ast::ExprKind::kLambda:
      return ErrorAt(expr.place, "a lambda expression is only an argument of a function");
    case ast::ExprKind::kAtTimeZone:
      return BindAtTimeZone(expr, scope);
  }
  TM_UNREACHABLE();
}

Result<std::vector<ExprPtr>> Binder::BindArgs(const ast::Expr& expr, const Scope& scope) {
  std::vector<ExprPtr> args;
  args.reserve(expr.args.size());
  for (const ast::ExprPtr& arg : expr.args) {
    TM_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg, scope));
    args.push_back(std::move(bound));
  }
  return args;
}

// -----------------------------------------------------------------------------------------------
// types

Result<ExprPtr> Binder::Coerce(ExprPtr expr, const Type& to) const {
  if (expr->type == to) return expr;
  if (CoercionCost(expr->type, to) < 0) {
    return ErrorAt(expr->place,
                   fmt::format("{} cannot be used as {}", expr->type.ToString(), to.ToString()));
  }
  return Convert(std::move(expr), to, Conversion::kCoercion);
}

Result<ExprPtr> Binder::Convert(ExprPtr expr, const Type& to, Conversion what) const {
  const TypeKind from = expr->type.kind();
  if (expr->type == to) return expr;
  if (expr->kind == ExprKind::kConstant && expr->constant.is_null())
    return Constant(to, {}, expr->place);
  const Place place = expr->place;
  if (from == TypeKind::kUnknown) {
    // Nothing but null has this type, and it travels as BIGINT.
    if (expr->kind == ExprKind::kParameter) NoteParameter(*expr, to);
    if (!to.scalar()) return Constant(to, {}, place);
    if (CarrierName(to.kind()) == CarrierName(from) || expr->kind == ExprKind::kParameter) {
      auto out = std::make_shared<Expr>(*expr);
      out->type = to;
      return ExprPtr(std::move(out));
    }
    if (to.kind() == TypeKind::kVarchar) {
      return MakeCall("CAST($1 AS VARCHAR)", to, place, {std::move(expr)});
    }
    return MakeCall(to.kind() == TypeKind::kDouble    ? "CAST($1 AS DOUBLE)"
                    : to.kind() == TypeKind::kInteger ? "CAST($1 AS INTEGER)"
                                                      : "CAST($1 AS BOOLEAN)",
                    to, place, {std::move(expr)});
  }
  if (from == TypeKind::kJson && !to.scalar()) return JsonToNested(std::move(expr), to);
  if (to.kind() == TypeKind::kJson && !expr->type.scalar()) return NestedToJson(std::move(expr));
  if (!to.scalar()) return ConvertNested(std::move(expr), to, what);
  const Cast* cast = FindCast(from, to.kind());
  if (cast == nullptr) {
    return ErrorAt(place,
                   fmt::format("Cannot cast {} to {}", expr->type.ToString(), to.ToString()));
  }
  // The text of a literal is checked now: it has a place here and none later. A cast's is checked
  // by BindCast, for TRY_CAST takes any.
  if (what == Conversion::kCoercion && expr->kind == ExprKind::kConstant &&
      from == TypeKind::kVarchar) {
    const std::array args{expr->constant};
    Result<Value> value = cast->overload.fold(std::span(args));
    if (value.ok()) return Constant(to, std::move(value).value(), place);
    if (try_depth_ == 0) return ErrorAt(place, value.error().message);
  }
  return Call(place, cast->overload, {std::move(expr)});
}

Result<Type> Binder::Unify(Place place, std::string_view what, std::span<ExprPtr> exprs) const {
  Type common;
  for (const ExprPtr& expr : exprs) {
    std::optional<Type> next = CommonType(common, expr->type);
    if (!next) {
      return ErrorAt(place, fmt::format("{} needs operands of one type, not {} and {}", what,
                                        common.ToString(), expr->type.ToString()));
    }
    common = *std::move(next);
  }
  for (ExprPtr& expr : exprs) {
    TM_ASSIGN_OR_RETURN(expr, Coerce(std::move(expr), common));
  }
  return common;
}

Result<ExprPtr> Binder::Call(Place place, const Overload& overload,
                             std::vector<ExprPtr> args) const {
  bool constant = true;
  bool null = false;
  for (size_t i = 0; i < args.size(); ++i) {
    TM_ASSIGN_OR_RETURN(args[i], Coerce(std::move(args[i]), overload.params[i]));
    constant &= args[i]->kind == ExprKind::kConstant;
    null |= args[i]->kind == ExprKind::kConstant && args[i]->constant.is_null();
  }
  if (null) return Constant(overload.result, {}, place);
  if (constant && overload.fold != nullptr) {
    std::vector<Value> values;
    for (const ExprPtr& arg : args) values.push_back(arg->constant);
    Result<Value> value = overload.fold(values);
    const bool fits =
        value.ok() && (overload.result.kind() != TypeKind::kInteger || value->is_null() ||
                       kernels::BigintToInteger(std::get<int64_t>(value->data)).ok());
    // What fails stays a call: it is an error only if its row is reached.
    if (fits) return Constant(overload.result, std::move(value).value(), place);
  }
  auto call = Make(ExprKind::kCall, overload.result, place);
  call->overload = &overload;
  call->emit = overload.emit;
  call->may_nan =
      overload.result.kind() == TypeKind::kDouble && (overload.may_nan || AnyMayNan(args));
  if (overload.result.kind() == TypeKind::kDouble && !args.empty() &&
      args[0]->type.kind() == TypeKind::kVarchar) {
    call->may_nan = true;  // CAST('NaN' AS double)
  }
  call->args = std::move(args);
  return ExprPtr(std::move(call));
}

// -------------------------------------------------------------------------------------------
// operators

Result<ExprPtr> Binder::BindCondition(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(expr, scope));
  if (bound->type.kind() != TypeKind::kBoolean && bound->type.kind() != TypeKind::kUnknown) {
    return ErrorAt(expr.place,
                   fmt::format("a condition must be boolean, not {}", bound->type.ToString()));
  }
  return Coerce(std::move(bound), TypeKind::kBoolean);
}

Result<ExprPtr> Binder::BindLogic(const ast::Expr& expr, const Scope& scope) {
  const ExprKind kind = expr.text == "AND"  ? ExprKind::kAnd
                        : expr.text == "OR" ? ExprKind::kOr
                                            : ExprKind::kNot;
  auto out = Make(kind, TypeKind::kBoolean, expr.place);
  for (const ast::ExprPtr& arg : expr.args) {
    TM_ASSIGN_OR_RETURN(ExprPtr bound, BindCondition(*arg, scope));
    out->args.push_back(std::move(bound));
  }
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::Compare(Place place, plan::CompareOp op, ExprPtr a, ExprPtr b) const {
  std::vector<ExprPtr> args{std::move(a), std::move(b)};
  TM_ASSIGN_OR_RETURN(const Type type, Unify(place, "a comparison", args));
  if (!type.scalar()) return CompareNested(place, op, std::move(args[0]), std::move(args[1]));
  auto out = Make(ExprKind::kCompare, TypeKind::kBoolean, place);
  out->op = op;
  out->may_nan = type.kind() == TypeKind::kDouble && AnyMayNan(args);
  out->args = std::move(args);
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindOperator(const ast::Expr& expr, const Scope& scope) {
  if (expr.text == "AND" || expr.text == "OR" || expr.text == "NOT") return BindLogic(expr, scope);
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  if (const auto op = CompareOpOf(expr.text)) {
    return Compare(expr.place, *op, std::move(args[0]), std::move(args[1]));
  }
  std::vector<TypeKind> types;
  for (const ExprPtr& arg : args) {
    types.push_back(arg->type.kind());
  }
  const Overload* overload = ResolveOverload(expr.text, types);
  if (overload == nullptr && expr.text == "||" &&
      (!args[0]->type.scalar() || !args[1]->type.scalar())) {
    return ResolveGeneric("||", expr, scope, std::move(args));
  }
  if (overload == nullptr) {
    const std::string_view op = OperatorText(expr.text);
    return ErrorAt(expr.place,
                   args.size() == 1
                       ? fmt::format("'{}' cannot be applied to {}", op, args[0]->type.ToString())
                       : fmt::format("'{}' cannot be applied to {} and {}", op,
                                     args[0]->type.ToString(), args[1]->type.ToString()));
  }
  return Call(expr.place, *overload, std::move(args));
}

Result<ExprPtr> Binder::BindBetween(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  TM_RETURN_IF_ERROR(Unify(expr.place, "BETWEEN", args));
  TM_ASSIGN_OR_RETURN(ExprPtr low,
                      Compare(expr.place, plan::CompareOp::kGreaterEqual, args[0], args[1]));
  TM_ASSIGN_OR_RETURN(ExprPtr high,
                      Compare(expr.place, plan::CompareOp::kLessEqual, args[0], args[2]));
  auto both = Make(ExprKind::kAnd, TypeKind::kBoolean, expr.place);
  both->args = {std::move(low), std::move(high)};
  if (!expr.negated) return ExprPtr(std::move(both));
  auto negation = Make(ExprKind::kNot, TypeKind::kBoolean, expr.place);
  negation->args.push_back(std::move(both));
  return ExprPtr(std::move(negation));
}

Result<ExprPtr> Binder::BindIn(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  TM_ASSIGN_OR_RETURN(const Type type, Unify(expr.place, "IN", args));
  if (type.scalar() && (type.kind() != TypeKind::kDouble || !AnyMayNan(args))) {
    auto out = Make(ExprKind::kIn, TypeKind::kBoolean, expr.place);
    out->negated = expr.negated;
    out->args = std::move(args);
    return ExprPtr(std::move(out));
  }
  auto any = Make(ExprKind::kOr, TypeKind::kBoolean, expr.place);
  for (size_t i = 1; i < args.size(); ++i) {
    TM_ASSIGN_OR_RETURN(ExprPtr equal,
                        Compare(expr.place, plan::CompareOp::kEqual, args[0], args[i]));
    any->args.push_back(std::move(equal));
  }
  if (!expr.negated) return ExprPtr(std::move(any));
  auto negation = Make(ExprKind::kNot, TypeKind::kBoolean, expr.place);
  negation->args.push_back(std::move(any));
  return ExprPtr(std::move(negation));
}

Result<ExprPtr> Binder::BindLike(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  for (ExprPtr& arg : args) {
    if (arg->type.kind() != TypeKind::kVarchar && arg->type.kind() != TypeKind::kUnknown) {
      return ErrorAt(arg->place, fmt::format("LIKE needs varchar, not {}", arg->type.ToString()));
    }
    TM_ASSIGN_OR_RETURN(arg, Coerce(std::move(arg), TypeKind::kVarchar));
  }
  const auto text_of = [](const ExprPtr& arg) {
    return std::get_if<std::string>(&arg->constant.data);
  };
  if (const std::string* pattern = text_of(args[1])) {
    const std::string* escape = args.size() > 2 ? text_of(args[2]) : nullptr;
    if (args.size() == 2 || escape != nullptr) {
      const Result<bool> valid = escape == nullptr ? kernels::LikeWithoutEscape("", *pattern)
                                                   : kernels::Like("", *pattern, *escape);
      if (!valid.ok()) return ErrorAt(args.back()->place, valid.error().message);
    }
  }
  auto out = Make(ExprKind::kLike, TypeKind::kBoolean, expr.place);
  out->negated = expr.negated;
  out->args = std::move(args);
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindCase(const ast::Expr& expr, const Scope& scope) {
  size_t at = 0;
  ExprPtr operand;
  if (expr.has_operand) {
    TM_ASSIGN_OR_RETURN(operand, BindExpr(*expr.args[at++], scope));
  }
  const size_t pairs = (expr.args.size() - at) / 2;
  std::vector<ExprPtr> conditions;
  std::vector<ExprPtr> values;
  for (size_t i = 0; i < pairs; ++i) {
    const ast::Expr& when = *expr.args[at++];
    ExprPtr condition;
    if (operand) {
      TM_ASSIGN_OR_RETURN(ExprPtr candidate, BindExpr(when, scope));
      TM_ASSIGN_OR_RETURN(
          condition, Compare(when.place, plan::CompareOp::kEqual, operand, std::move(candidate)));
    } else {
      TM_ASSIGN_OR_RETURN(condition, BindCondition(when, scope));
    }
    conditions.push_back(std::move(condition));
    TM_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*expr.args[at++], scope));
    values.push_back(std::move(value));
  }
  if (expr.has_else) {
    TM_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*expr.args[at], scope));
    values.push_back(std::move(value));
  }
  TM_ASSIGN_OR_RETURN(const Type type, Unify(expr.place, "CASE", values));
  auto out = Make(ExprKind::kCase, type, expr.place);
  out->has_else = expr.has_else;
  out->may_nan = AnyMayNan(values);
  for (size_t i = 0; i < pairs; ++i) {
    out->args.push_back(std::move(conditions[i]));
    out->args.push_back(std::move(values[i]));
  }
  if (expr.has_else) out->args.push_back(std::move(values.back()));
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindCast(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(ExprPtr arg, BindExpr(*expr.args[0], scope));
  if (!CanCast(arg->type, expr.type)) {
    return ErrorAt(expr.place,
                   fmt::format("Cannot cast {} to {}", arg->type.ToString(), expr.type.ToString()));
  }
  if (!expr.type.scalar() || !arg->type.scalar()) {
    TM_ASSIGN_OR_RETURN(ExprPtr cast, Convert(std::move(arg), expr.type, Conversion::kCast));
    if (!expr.negated) return cast;
    auto out = Make(ExprKind::kTry, expr.type, expr.place);
    out->args.push_back(std::move(cast));
    return ExprPtr(std::move(out));
  }
  const TypeKind from = arg->type.kind();
  const TypeKind to = expr.type.kind();
  ExprPtr out;
  if (from == to) {
    out = std::move(arg);
  } else if (from == TypeKind::kUnknown) {
    TM_ASSIGN_OR_RETURN(out, Coerce(std::move(arg), expr.type));
  } else {
    const Cast* cast = FindCast(from, to);
    if (cast == nullptr) {
      return ErrorAt(expr.place, fmt::format("Cannot cast {} to {}", arg->type.ToString(),
                                             expr.type.ToString()));
    }
    const bool literal = arg->kind == ExprKind::kConstant && from == TypeKind::kVarchar;
    const ast::Expr& source = *expr.args[0];
    TM_ASSIGN_OR_RETURN(out, Call(expr.place, cast->overload, {arg}));
    if (literal && !expr.negated && try_depth_ == 0 && out->kind != ExprKind::kConstant) {
      const std::array args{arg->constant};
      return ErrorAt(source.place, cast->overload.fold(std::span(args)).error().message);
    }
    if (expr.negated && out->kind == ExprKind::kCall) {
      auto attempt = std::make_shared<Expr>(*out);
      attempt->emit = cast->try_emit;
      out = std::move(attempt);
    }
  }
  if (to != TypeKind::kVarchar || expr.text.empty()) return out;
  // varchar(n) cuts a text; DuckDB ignores the length. Of anything else all must fit.
  static const Overload kCut{"CAST",
                             {TypeKind::kVarchar, TypeKind::kBigint},
                             TypeKind::kVarchar,
                             "tm_cut($1, $2)",
                             kernels::Fold<&kernels::Cut>};
  static const Overload kFit{"CAST",
                             {TypeKind::kVarchar, TypeKind::kBigint},
                             TypeKind::kVarchar,
                             "tm_fit($1, $2)",
                             kernels::Fold<&kernels::Fit>};
  const std::optional<int64_t> length = ParseInt64(expr.text);
  if (!length) return ErrorAt(expr.place, "the length of varchar is out of range");
  return Call(expr.place, from == TypeKind::kVarchar ? kCut : kFit,
              {std::move(out), Constant(TypeKind::kBigint, {*length}, expr.place)});
}

}  // namespace tidemark::sql
