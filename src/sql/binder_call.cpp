// SPDX-License-Identifier: Apache-2.0
// Functions: those of the overload table and those generic over types.
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

/// Functions of the dialect that a later version brings (timestream-sql.md section 5).
bool IsKnownLater(std::string_view name) {
  static constexpr std::array kNames{"greatest_by",
                                     "try",
                                     "cbrt",
                                     "ceil",
                                     "ceiling",
                                     "floor",
                                     "degrees",
                                     "radians",
                                     "exp",
                                     "sin",
                                     "cos",
                                     "tan",
                                     "asin",
                                     "acos",
                                     "atan",
                                     "atan2",
                                     "sinh",
                                     "cosh",
                                     "tanh",
                                     "e",
                                     "pi",
                                     "ln",
                                     "log2",
                                     "log10",
                                     "log",
                                     "sqrt",
                                     "pow",
                                     "power",
                                     "mod",
                                     "truncate",
                                     "sign",
                                     "rand",
                                     "random",
                                     "from_base",
                                     "to_base",
                                     "current_timezone",
                                     "date_add",
                                     "date_diff",
                                     "from_unixtime",
                                     "to_unixtime",
                                     "to_iso8601",
                                     "date",
                                     "last_day_of_month",
                                     "year",
                                     "quarter",
                                     "month",
                                     "day",
                                     "day_of_month",
                                     "hour",
                                     "minute",
                                     "second",
                                     "week",
                                     "week_of_year",
                                     "year_of_week",
                                     "yow",
                                     "day_of_week",
                                     "dow",
                                     "day_of_year",
                                     "doy",
                                     "millisecond",
                                     "nanosecond",
                                     "date_format",
                                     "date_parse",
                                     "format_datetime",
                                     "parse_datetime",
                                     "chr",
                                     "codepoint",
                                     "length",
                                     "lower",
                                     "upper",
                                     "lpad",
                                     "rpad",
                                     "ltrim",
                                     "rtrim",
                                     "trim",
                                     "replace",
                                     "reverse",
                                     "split",
                                     "split_part",
                                     "strpos",
                                     "position",
                                     "strrpos",
                                     "substr",
                                     "substring",
                                     "hamming_distance",
                                     "levenshtein_distance",
                                     "regexp_extract",
                                     "regexp_extract_all",
                                     "regexp_replace",
                                     "regexp_split",
                                     "geometric_mean",
                                     "approx_distinct",
                                     "approx_percentile",
                                     "stddev",
                                     "stddev_samp",
                                     "stddev_pop",
                                     "variance",
                                     "var_samp",
                                     "var_pop",
                                     "corr",
                                     "covar_pop",
                                     "covar_samp",
                                     "regr_slope",
                                     "regr_intercept",
                                     "skewness",
                                     "kurtosis",
                                     "create_time_series",
                                     "cume_dist",
                                     "percent_rank",
                                     "rank",
                                     "dense_rank",
                                     "row_number",
                                     "ntile",
                                     "first_value",
                                     "last_value",
                                     "nth_value",
                                     "lag",
                                     "lead",
                                     "element_at",
                                     "cardinality",
                                     "array_distinct",
                                     "array_union",
                                     "array_intersect",
                                     "array_except",
                                     "array_join",
                                     "array_max",
                                     "array_min",
                                     "array_position",
                                     "array_remove",
                                     "array_sort",
                                     "arrays_overlap",
                                     "contains",
                                     "repeat",
                                     "sequence",
                                     "shuffle",
                                     "slice",
                                     "zip",
                                     "filter",
                                     "reduce",
                                     "interpolate_linear",
                                     "interpolate_spline_cubic",
                                     "interpolate_locf",
                                     "interpolate_fill",
                                     "derivative_linear",
                                     "non_negative_derivative_linear",
                                     "integral_trapezoidal",
                                     "correlate_pearson",
                                     "correlate_spearman",
                                     "bitwise_and",
                                     "bitwise_or",
                                     "bitwise_xor",
                                     "bitwise_not",
                                     "bit_count",
                                     "grouping",
                                     "normalize",
                                     "current_date",
                                     "current_time",
                                     "localtime"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string TypeList(const std::vector<ExprPtr>& args) {
  std::string out;
  for (const ExprPtr& arg : args) out += (out.empty() ? "" : ", ") + arg->type.ToString();
  return out;
}

}  // namespace

Result<void> Binder::ExpectArgs(const ast::Expr& expr, size_t least, size_t most) const {
  if (expr.args.size() >= least && expr.args.size() <= most) return {};
  const std::string count = least == most      ? fmt::format("{}", least)
                            : most == SIZE_MAX ? fmt::format("at least {}", least)
                                               : fmt::format("{} to {}", least, most);
  return ErrorAt(expr.place,
                 fmt::format("{}() takes {} argument{}, not {}", LowerCase(expr.call.text), count,
                             most == 1 ? "" : "s", expr.args.size()));
}

Result<ExprPtr> Binder::BindCall(const ast::Expr& expr, const Scope& scope) {
  const std::string name = LowerCase(expr.call.text);
  if (expr.window) return NotSupportedAt(expr.place, "window functions are");
  if (!FindAggregates(name).empty()) return BindAggregate(expr, scope);
  const bool known = !FindOverloads(name).empty();
  const bool modified = expr.distinct || expr.filter || !expr.order.empty() || expr.star;
  bool special = false;
  if (!modified) {
    TM_ASSIGN_OR_RETURN(ExprPtr out, BindSpecial(name, expr, scope, special));
    if (special) return out;
  }
  if (IsKnownLater(name)) return NotSupportedAt(expr.place, fmt::format("function {} is", name));
  if (!known) {
    std::vector<std::string> names;
    for (const std::string_view function : FunctionNames()) names.emplace_back(function);
    for (const std::string_view function : AggregateNames()) names.emplace_back(function);
    for (const char* more :
         {"coalesce", "concat", "if", "nullif", "greatest", "least", "now", "ago", "typeof"}) {
      names.emplace_back(more);
    }
    return ErrorAt(expr.place, fmt::format("Function {} not registered", name),
                   Suggest(name, names));
  }
  if (modified) return ErrorAt(expr.place, fmt::format("{}() is no aggregate function", name));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  std::vector<TypeKind> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type.kind());
  const Overload* overload = ResolveOverload(name, types);
  if (overload == nullptr) {
    return ErrorAt(expr.place,
                   fmt::format("Unexpected parameters ({}) for function {}", TypeList(args), name));
  }
  for (const Overload::ConstantCheck& check : overload->checks) {
    const Expr& arg = *args[check.arg];
    if (arg.kind != ExprKind::kConstant || arg.constant.is_null()) continue;
    if (Result<void> valid = check.check(arg.constant); !valid.ok()) {
      return ErrorAt(arg.place, valid.error().message);
    }
  }
  return Call(expr.place, *overload, std::move(args));
}

Result<ExprPtr> Binder::BindSpecial(const std::string& name, const ast::Expr& expr,
                                    const Scope& scope, bool& found) {
  found = true;
  if (name == "now" || name == "current_timestamp" || name == "localtimestamp") {
    TM_RETURN_IF_ERROR(ExpectArgs(expr, 0, 0));
    return Constant(TypeKind::kTimestamp, {options_.now.ns}, expr.place);
  }
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
    if (!args[i]->type.scalar()) return NotSupportedAt(expr.place, "concat() of arrays is");
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

}  // namespace tidemark::sql
