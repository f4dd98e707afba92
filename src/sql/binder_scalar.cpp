// SPDX-License-Identifier: Apache-2.0
// Scalar functions that are more than a row of the overload table: the statement's clock, those
// generic over types, try(), EXTRACT (timestream-sql.md 5.1, 5.2, 5.5).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/datetime.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

struct ClockValue {
  Type type;
  Value value;
};

/// The statement's start in the types of the clock functions.
std::optional<ClockValue> ClockOf(std::string_view name, int64_t now_ns) {
  const int64_t day = DayOf(now_ns);
  if (name == "now" || name == "current_timestamp" || name == "localtimestamp") {
    return ClockValue{TypeKind::kTimestamp, {now_ns}};
  }
  if (name == "current_date") return ClockValue{TypeKind::kDate, {day}};
  if (name == "current_time" || name == "localtime") {
    return ClockValue{TypeKind::kTime, {now_ns - day * kNsPerDay}};
  }
  if (name == "current_timezone") return ClockValue{TypeKind::kVarchar, {std::string("UTC")}};
  return std::nullopt;
}

bool IsVolatile(const Expr& expr) {
  if (expr.overload != nullptr && expr.overload->is_volatile) return true;
  if (expr.emit.find("random()") != std::string_view::npos) return true;  // shuffle()
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [](const ExprPtr& arg) { return IsVolatile(*arg); });
}

struct ExtractField {
  enum class Of : uint8_t { kDate, kTime };
  std::string_view name;  // of the function, too
  Of of = Of::kDate;
  bool of_day_second = false;
  bool of_year_month = false;
};

constexpr std::array kExtractFields{
    ExtractField{"year", ExtractField::Of::kDate, false, true},
    ExtractField{"quarter"},
    ExtractField{"month", ExtractField::Of::kDate, false, true},
    ExtractField{"week"},
    ExtractField{"day", ExtractField::Of::kDate, true, false},
    ExtractField{"day_of_month"},
    ExtractField{"day_of_week"},
    ExtractField{"dow"},
    ExtractField{"day_of_year"},
    ExtractField{"doy"},
    ExtractField{"year_of_week"},
    ExtractField{"yow"},
    ExtractField{"hour", ExtractField::Of::kTime, true, false},
    ExtractField{"minute", ExtractField::Of::kTime, true, false},
    ExtractField{"second", ExtractField::Of::kTime, true, false},
};

}  // namespace

Result<ExprPtr> Binder::BindSpecial(const std::string& name, const ast::Expr& expr,
                                    const Scope& scope, bool& found) {
  found = true;
  if (const auto clock = ClockOf(name, options_.now.ns)) {
    TM_RETURN_IF_ERROR(ExpectArgs(expr, 0, 0));
    return Constant(clock->type, clock->value, expr.place);
  }
  if (name == "try") return BindTry(expr, scope);
  if (name == "ago") return BindAgo(expr, scope);
  if (name == "if") return BindIf(expr, scope);
  if (name == "concat") return BindConcat(expr, scope);
  if (name == "typeof") {
    TM_RETURN_IF_ERROR(ExpectArgs(expr, 1, 1));
    TM_ASSIGN_OR_RETURN(ExprPtr arg, BindExpr(*expr.args[0], scope));
    return Constant(TypeKind::kVarchar, {arg->type.ToString()}, expr.place);
  }
  if (name == "parse_duration") {
    // Constant text in months or years has another type than the general case.
    TM_RETURN_IF_ERROR(ExpectArgs(expr, 1, 1));
    TM_ASSIGN_OR_RETURN(ExprPtr arg, BindExpr(*expr.args[0], scope));
    if (const auto* text = std::get_if<std::string>(&arg->constant.data)) {
      Result<ParsedDuration> duration = ParseDurationText(*text);
      if (!duration.ok()) return ErrorAt(arg->place, duration.error().message);
      return duration->in_months
                 ? Constant(TypeKind::kIntervalYearMonth, {duration->months}, expr.place)
                 : Constant(TypeKind::kIntervalDaySecond, {duration->nanoseconds}, expr.place);
    }
  }
  if (name == "position") {
    // POSITION(needle IN text); the parser gives it two arguments.
    TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
    std::swap(args[0], args[1]);
    return CallNamed(expr.place, "strpos", std::move(args));
  }
  if (name == "regexp_replace" && expr.args.size() == 3 &&
      expr.args[2]->kind == ast::ExprKind::kLambda) {
    return BindRegexpReplace(expr, scope);
  }
  if (name == "nullif") return BindNullIf(expr, scope);
  const bool extremum = name == "greatest" || name == "least";
  if (name == "coalesce" || extremum) {
    TM_RETURN_IF_ERROR(ExpectArgs(expr, extremum ? 1 : 2, SIZE_MAX));
    TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
    TM_ASSIGN_OR_RETURN(const Type type, Unify(expr.place, name, args));
    auto out = std::make_shared<Expr>();
    out->kind = extremum ? ExprKind::kExtremum : ExprKind::kCoalesce;
    out->op = name == "greatest" ? plan::CompareOp::kGreater : plan::CompareOp::kLess;
    out->type = type;
    out->place = expr.place;
    out->may_nan =
        std::any_of(args.begin(), args.end(), [](const ExprPtr& a) { return a->may_nan; });
    out->args = std::move(args);
    return ExprPtr(std::move(out));
  }
  found = false;
  return ExprPtr();
}

Result<ExprPtr> Binder::BindAgo(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 1, 1));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  ExprPtr now = Constant(TypeKind::kTimestamp, {options_.now.ns}, expr.place);
  const std::array types{TypeKind::kTimestamp, args[0]->type.kind()};
  const bool interval =
      types[1] == TypeKind::kIntervalDaySecond || types[1] == TypeKind::kIntervalYearMonth;
  if (!interval) {
    return ErrorAt(expr.place, fmt::format("ago() needs an interval such as 5m, not {}",
                                           args[0]->type.ToString()));
  }
  const auto* months = types[1] == TypeKind::kIntervalYearMonth
                           ? std::get_if<int64_t>(&args[0]->constant.data)
                           : nullptr;
  if (months != nullptr) {
    Result<int64_t> ns = AddMonths(options_.now.ns, -*months);
    if (!ns.ok()) return ErrorAt(expr.place, ns.error().message);
    return Constant(TypeKind::kTimestamp, {*ns}, expr.place);
  }
  return Call(expr.place, *ResolveOverload("-", types), {std::move(now), std::move(args[0])});
}

Result<ExprPtr> Binder::BindNullIf(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 2, 2));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  const ExprPtr value = args[0];
  if (value->type.kind() == TypeKind::kUnknown) return value;
  TM_ASSIGN_OR_RETURN(ExprPtr equal, Compare(expr.place, plan::CompareOp::kEqual, value, args[1]));
  auto out = std::make_shared<Expr>();
  out->kind = ExprKind::kCase;
  out->type = value->type;  // of the first argument, whatever it is compared as
  out->place = expr.place;
  out->may_nan = value->may_nan;
  out->has_else = true;
  out->args = {std::move(equal), Constant(value->type, {}, expr.place), value};
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindIf(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 2, 3));
  auto out = std::make_shared<Expr>();
  out->kind = ExprKind::kCase;
  out->place = expr.place;
  TM_ASSIGN_OR_RETURN(ExprPtr condition, BindCondition(*expr.args[0], scope));
  std::vector<ExprPtr> values;
  for (size_t i = 1; i < expr.args.size(); ++i) {
    TM_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*expr.args[i], scope));
    values.push_back(std::move(value));
  }
  TM_ASSIGN_OR_RETURN(out->type, Unify(expr.place, "if", values));
  out->may_nan =
      std::any_of(values.begin(), values.end(), [](const ExprPtr& v) { return v->may_nan; });
  out->has_else = values.size() == 2;
  out->args = {std::move(condition), std::move(values[0])};
  if (out->has_else) out->args.push_back(std::move(values[1]));
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindConcat(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 2, SIZE_MAX));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  ExprPtr out = args[0];
  if (args.size() > 127) return ErrorAt(expr.place, "concat() has too many arguments");
  for (size_t i = 1; i < args.size(); ++i) {
    if (!out->type.scalar() || !args[i]->type.scalar()) {
      TM_ASSIGN_OR_RETURN(out, ResolveGeneric("||", expr, scope, {std::move(out), args[i]}));
      continue;
    }
    const std::array types{out->type.kind(), args[i]->type.kind()};
    const Overload* overload = ResolveOverload("||", types);
    if (overload == nullptr) {
      return ErrorAt(expr.place,
                     fmt::format("Unexpected parameters ({}) for function concat", TypeList(args)));
    }
    TM_ASSIGN_OR_RETURN(out, Call(expr.place, *overload, {std::move(out), args[i]}));
  }
  return out;
}

Result<ExprPtr> Binder::BindRegexpReplace(const ast::Expr& expr, const Scope& scope) {
  // What stands between the matches, and between those what the lambda makes of their groups.
  const ast::Expr& lambda = *expr.args[2];
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < 2; ++i) {
    TM_ASSIGN_OR_RETURN(ExprPtr arg, BindExpr(*expr.args[i], scope));
    args.push_back(std::move(arg));
  }
  TM_ASSIGN_OR_RETURN(ExprPtr parts, CallNamed(expr.place, "regexp_split", std::move(args)));
  if (parts->kind == ExprKind::kConstant) return Constant(TypeKind::kVarchar, {}, expr.place);
  const Type groups = Type::Array(TypeKind::kVarchar);
  TM_ASSIGN_OR_RETURN(ExprPtr bound, BindLambda(lambda, scope, std::span(&groups, 1)));
  const TypeKind type = bound->type.kind();
  if (type != TypeKind::kVarchar && type != TypeKind::kUnknown) {
    return ErrorAt(lambda.args[0]->place,
                   fmt::format("the lambda of regexp_replace() must give varchar, not {}",
                               bound->type.ToString()));
  }
  auto replace = std::make_shared<Expr>(*bound);
  replace->type = TypeKind::kVarchar;
  TM_ASSIGN_OR_RETURN(replace->args[0], Coerce(bound->args[0], TypeKind::kVarchar));
  const std::vector<ExprPtr> sources = parts->args;
  return MakeCall(
      "tm_interleave(tm_regexp_split($1, $2), list_transform(tm_regexp_groups($1, $2), $3))",
      TypeKind::kVarchar, expr.place, {sources[0], sources[1], std::move(replace)});
}

Result<ExprPtr> Binder::BindTry(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 1, 1));
  ++try_depth_;
  Result<ExprPtr> arg = BindExpr(*expr.args[0], scope);
  --try_depth_;
  if (!arg.ok()) return std::move(arg).error();
  if ((*arg)->kind == ExprKind::kConstant || (*arg)->kind == ExprKind::kColumn) return arg;
  if (IsVolatile(**arg)) {
    return NotSupportedAt(expr.place, "random() inside try() is");
  }
  auto out = std::make_shared<Expr>();
  out->kind = ExprKind::kTry;
  out->type = (*arg)->type;
  out->place = expr.place;
  out->may_nan = (*arg)->may_nan;
  out->args.push_back(std::move(*arg));
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindExtract(const ast::Expr& expr, const Scope& scope) {
  const std::string field = LowerCase(expr.call.text);
  const auto found = std::find_if(kExtractFields.begin(), kExtractFields.end(),
                                  [&](const ExtractField& known) { return known.name == field; });
  if (found == kExtractFields.end()) {
    std::vector<std::string> names;
    for (const ExtractField& known : kExtractFields) names.emplace_back(known.name);
    return ErrorAt(expr.call.place, fmt::format("'{}' is no field of EXTRACT", expr.call.text),
                   Suggest(field, names));
  }
  TM_ASSIGN_OR_RETURN(ExprPtr arg, BindExpr(*expr.args[0], scope));
  if (arg->type.kind() == TypeKind::kVarchar) {
    TM_ASSIGN_OR_RETURN(arg, Coerce(std::move(arg), TypeKind::kTimestamp));
  }
  const TypeKind type = arg->type.kind();
  const bool takes = type == TypeKind::kTimestamp ||
                     (type == TypeKind::kDate && found->of == ExtractField::Of::kDate) ||
                     (type == TypeKind::kTime && found->of == ExtractField::Of::kTime) ||
                     (type == TypeKind::kIntervalDaySecond && found->of_day_second) ||
                     (type == TypeKind::kIntervalYearMonth && found->of_year_month);
  if (!takes) {
    return ErrorAt(expr.args[0]->place,
                   fmt::format("Cannot extract {} from {}", expr.call.text, arg->type.ToString()));
  }
  return CallNamed(expr.place, found->name, {std::move(arg)});
}

Result<ExprPtr> Binder::BindAtTimeZone(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  return CallNamed(expr.place, "at_timezone", std::move(args));
}

}  // namespace tidemark::sql
