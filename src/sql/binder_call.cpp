// SPDX-License-Identifier: Apache-2.0
// Functions: those of the overload table and those generic over types.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/datetime.h"
#include "sql/generic_functions.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

Error UnknownFunction(std::string_view name, Place place) {
  std::vector<std::string> names;
  for (const std::string_view function : FunctionNames()) names.emplace_back(function);
  for (const std::string_view function : AggregateNames()) names.emplace_back(function);
  for (const std::string_view function : GenericFunctionNames()) names.emplace_back(function);
  for (const char* more :
       {"coalesce",     "concat",    "if",      "nullif",      "greatest",   "least",
        "now",          "ago",       "typeof",  "row_number",  "rank",       "dense_rank",
        "percent_rank", "cume_dist", "ntile",   "first_value", "last_value", "nth_value",
        "lag",          "lead",      "grouping"}) {
    names.emplace_back(more);
  }
  return ErrorAt(place, fmt::format("Function {} not registered", name), Suggest(name, names));
}

}  // namespace

std::string TypeList(const std::vector<ExprPtr>& args) {
  std::string out;
  for (const ExprPtr& arg : args) out += (out.empty() ? "" : ", ") + arg->type.ToString();
  return out;
}

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
  if (name == "grouping") return BindGroupingCall(expr, scope);
  if (expr.window || WindowFunctionOf(name)) return BindWindowCall(name, expr, scope);
  if (!FindAggregates(name).empty()) return BindAggregate(expr, scope);
  const bool known = !FindOverloads(name).empty();
  const bool modified = expr.distinct || expr.filter || !expr.order.empty() || expr.star;
  bool special = false;
  if (!modified) {
    TM_ASSIGN_OR_RETURN(ExprPtr out, BindSpecial(name, expr, scope, special));
    if (special) return out;
    TM_ASSIGN_OR_RETURN(out, BindGeneric(name, expr, scope, special));
    if (special) return out;
  }
  if (!known) return UnknownFunction(name, expr.place);
  if (modified || expr.ignore_nulls || expr.respect_nulls)
    return ErrorAt(expr.place, fmt::format("{}() is no aggregate function", name));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  return CallNamed(expr.place, name, std::move(args));
}

Result<ExprPtr> Binder::CallNamed(Place place, std::string_view name,
                                  std::vector<ExprPtr> args) const {
  std::vector<TypeKind> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type.kind());
  const Overload* overload = ResolveOverload(name, types);
  if (overload == nullptr) {
    return ErrorAt(place,
                   fmt::format("Unexpected parameters ({}) for function {}", TypeList(args), name));
  }
  for (const Overload::ConstantCheck& check : overload->checks) {
    const Expr& arg = *args[check.arg];
    // Inside try() a bad argument is a null of its row.
    if (try_depth_ > 0 || arg.kind != ExprKind::kConstant || arg.constant.is_null()) continue;
    if (Result<void> valid = check.check(arg.constant); !valid.ok()) {
      return ErrorAt(arg.place, valid.error().message);
    }
  }
  return Call(place, *overload, std::move(args));
}

/// For OVER: an error that says why the function is no aggregate.
Error Binder::NoAggregate(const std::string& name, Place place) const {
  if (!FindOverloads(name).empty())
    return ErrorAt(place, fmt::format("{}() is no aggregate or window function", name));
  return UnknownFunction(name, place);
}

}  // namespace tidemark::sql
