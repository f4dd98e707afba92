// SPDX-License-Identifier: Apache-2.0
// Calls of functions over any type, and lambdas (timestream-sql.md 3.2 (11), 5.10).
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/generic_functions.h"
#include "sql/nested_types.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;
using PatternKind = TypePattern::Kind;

namespace {

std::string TypeList(const std::vector<ExprPtr>& args) {
  std::string out;
  for (const ExprPtr& arg : args) {
    out += (out.empty() ? "" : ", ") + (arg ? arg->type.ToString() : "<function>");
  }
  return out;
}

Error WrongArguments(const ast::Expr& expr, std::string_view name,
                     const std::vector<ExprPtr>& args) {
  return ErrorAt(expr.place,
                 fmt::format("Unexpected parameters ({}) for function {}", TypeList(args), name));
}

/// How far the arguments are from what the function takes; negative: it does not take them. Lambdas
/// are null in `args`.
int Match(const GenericFunction& function, const std::vector<ExprPtr>& args,
          TypeBindings& bindings) {
  if (function.params.size() != args.size()) return -1;
  for (size_t i = 0; i < args.size(); ++i) {
    const TypePattern& param = function.params[i];
    const bool lambda = param.kind == PatternKind::kLambda;
    if (lambda != (args[i] == nullptr)) return -1;
    if (!lambda && !bindings.Unify(param, args[i]->type)) return -1;
  }
  int cost = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == nullptr) continue;
    const int step = CoercionCost(args[i]->type, bindings.Substitute(function.params[i]));
    if (step < 0) return -1;
    cost += step;
  }
  return cost;
}

}  // namespace

Result<std::vector<ExprPtr>> Binder::BindGenericArgs(const ast::Expr& expr, const Scope& scope) {
  std::vector<ExprPtr> args;
  for (const ast::ExprPtr& arg : expr.args) {
    ExprPtr bound;  // a lambda: later, when the types of its parameters are known
    if (arg->kind != ast::ExprKind::kLambda) {
      TM_ASSIGN_OR_RETURN(bound, BindExpr(*arg, scope));
    }
    args.push_back(std::move(bound));
  }
  return args;
}

Result<ExprPtr> Binder::BindGeneric(const std::string& name, const ast::Expr& expr,
                                    const Scope& scope, bool& found) {
  found = true;
  if (name == "reduce") return BindReduce(expr, scope);
  if (name == "zip") return BindZip(expr, scope);
  if (name == "zip_with") return BindZipWith(expr, scope);
  if (name == "array_join") return BindArrayJoin(expr, scope);
  if (name == "array_sort" && expr.args.size() == 2) return BindArraySortBy(expr, scope);
  found = !FindGenericFunctions(name).empty();
  if (!found) return ExprPtr();
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindGenericArgs(expr, scope));
  const bool scalar =
      !FindOverloads(name).empty() && std::ranges::all_of(args, [](const ExprPtr& arg) {
        return arg && arg->type.scalar() && arg->type.kind() != TypeKind::kUnknown;
      });
  if (scalar) {
    found = false;  // reverse() of a text is the other table's
    return ExprPtr();
  }
  return ResolveGeneric(name, expr, scope, std::move(args));
}

Result<ExprPtr> Binder::ResolveGeneric(std::string_view name, const ast::Expr& expr,
                                       const Scope& scope, std::vector<ExprPtr> args) {
  const GenericFunction* best = nullptr;
  TypeBindings best_bindings;
  int best_cost = 0;
  for (const GenericFunction& function : FindGenericFunctions(name)) {
    TypeBindings bindings;
    const int cost = Match(function, args, bindings);
    if (cost < 0 || (best != nullptr && cost >= best_cost)) continue;
    best = &function;
    best_bindings = bindings;
    best_cost = cost;
  }
  if (best == nullptr) return WrongArguments(expr, name, args);
  for (size_t i = 0; i < args.size(); ++i) {
    const TypePattern& param = best->params[i];
    if (args[i]) {
      TM_ASSIGN_OR_RETURN(args[i], Coerce(std::move(args[i]), best_bindings.Substitute(param)));
      continue;
    }
    std::vector<Type> types;
    for (size_t k = 0; k + 1 < param.parts.size(); ++k) {
      types.push_back(best_bindings.Substitute(param.parts[k]));
    }
    TM_ASSIGN_OR_RETURN(ExprPtr lambda, BindLambda(*expr.args[i], scope, types));
    const TypePattern& wanted = param.parts.back();
    const bool fits = wanted.kind == PatternKind::kVariable || lambda->type == wanted.type;
    if (!fits || !best_bindings.Unify(wanted, lambda->type)) {
      return ErrorAt(expr.args[i]->place,
                     fmt::format("the lambda expression of {}() must give {}, not {}", name,
                                 wanted.type.ToString(), lambda->type.ToString()));
    }
    args[i] = std::move(lambda);
  }
  return MakeCall(best->emit, best_bindings.Substitute(best->result), expr.place, std::move(args));
}

// ------------------------------------------------------------------------------------------
// lambdas

Result<ExprPtr> Binder::BindLambda(const ast::Expr& lambda, const Scope& scope,
                                   std::span<const Type> types) {
  std::vector<ExprPtr> values;
  for (const Type& type : types) {
    values.push_back(
        MakeVariable(lambda_depth_ + static_cast<uint32_t>(values.size()), type, lambda.place));
  }
  const auto count = static_cast<uint32_t>(types.size());
  TM_ASSIGN_OR_RETURN(ExprPtr body, BindLambdaBody(lambda, scope, values, count));
  return MakeLambda(*values.front(), count, std::move(body));
}

Result<ExprPtr> Binder::BindLambdaBody(const ast::Expr& lambda, const Scope& scope,
                                       std::span<const ExprPtr> values, uint32_t variables) {
  if (lambda.kind != ast::ExprKind::kLambda) {
    return ErrorAt(lambda.place, "a lambda expression is needed here");
  }
  if (lambda.parameters.size() != values.size()) {
    return ErrorAt(lambda.place,
                   fmt::format("Expected a lambda that takes {} argument(s) but got {}",
                               values.size(), lambda.parameters.size()));
  }
  std::vector<LambdaParameter> parameters(values.size());
  Scope inner = scope;
  inner.aggregates_allowed = false;
  inner.clause = "a lambda expression";
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (LowerCase(lambda.parameters[k].text) != LowerCase(lambda.parameters[i].text)) continue;
      return ErrorAt(lambda.parameters[i].place,
                     fmt::format("parameter '{}' is there twice", lambda.parameters[i].text));
    }
    parameters[i] = {lambda.parameters[i].text, values[i], inner.parameters};
    inner.parameters = &parameters[i];
  }
  lambda_depth_ += variables;
  Result<ExprPtr> body = BindExpr(*lambda.args[0], inner);
  lambda_depth_ -= variables;
  return body;
}

namespace {

/// Columns and outer variables that a body uses: the engine's fold gives its lambda those of other
/// rows where lists are of different lengths, so they travel in the elements.
class Captures {
 public:
  /// Variables from `inner` on are the body's own; a capture is field 2, 3, .. of `element`.
  Captures(uint32_t inner, ExprPtr element) : inner_(inner), element_(std::move(element)) {}

  ExprPtr Replace(const ExprPtr& expr) {
    const bool free = expr->kind == ExprKind::kColumn ||
                      (expr->kind == ExprKind::kVariable && expr->column < inner_);
    if (free) return FieldOf(expr);
    if (expr->args.empty()) return expr;
    auto copy = std::make_shared<Expr>(*expr);
    for (ExprPtr& arg : copy->args) arg = Replace(arg);
    return copy;
  }
  const std::vector<ExprPtr>& exprs() const { return exprs_; }

 private:
  ExprPtr FieldOf(const ExprPtr& expr) {
    const auto same = [&](const ExprPtr& known) { return plan::Same(*known, *expr); };
    const auto found = std::ranges::find_if(exprs_, same);
    auto field = MakeExpr(ExprKind::kField, expr->type, expr->place);
    field->column = static_cast<uint32_t>(2 + (found - exprs_.begin()));
    field->may_nan = expr->may_nan;
    field->args.push_back(element_);
    if (found == exprs_.end()) exprs_.push_back(expr);
    return field;
  }

  const uint32_t inner_;
  const ExprPtr element_;
  std::vector<ExprPtr> exprs_;
};

}  // namespace

/// The step's body over the fields of two variables: the state so far, and the element. The state's
/// type is what the start and the step have in common: it becomes `state`.
Result<ExprPtr> Binder::BindStep(const ast::Expr& lambda, const Scope& scope, const Type& element,
                                 Type& state) {
  for (int round = 0;; ++round) {
    const Type both = Type::Row({{"", state}, {"", element}});
    const std::array values{MakeField(MakeVariable(lambda_depth_, both, lambda.place), 0),
                            MakeField(MakeVariable(lambda_depth_ + 1, both, lambda.place), 1)};
    TM_ASSIGN_OR_RETURN(ExprPtr step, BindLambdaBody(lambda, scope, values, 2));
    const std::optional<Type> common = CommonType(state, step->type);
    if (!common || round > 3) {
      return ErrorAt(lambda.place, fmt::format("the step of reduce() must give {}, not {}",
                                               state.ToString(), step->type.ToString()));
    }
    if (*common == state) return Coerce(std::move(step), state);
    state = *common;
  }
}

/// The state and the element travel in one row, for the engine's fold wants one type for both.
Result<ExprPtr> Binder::BindReduce(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindGenericArgs(expr, scope));
  const bool shape = args.size() == 4 && args[0] && args[1] && !args[2] && !args[3];
  if (!shape) return WrongArguments(expr, "reduce", args);
  if (args[0]->type.kind() == TypeKind::kUnknown) {
    TM_ASSIGN_OR_RETURN(args[0], Coerce(args[0], Type::Array(TypeKind::kUnknown)));
  }
  const TypeKind kind = args[0]->type.kind();
  if (kind != TypeKind::kArray && kind != TypeKind::kTimeseries) {
    return WrongArguments(expr, "reduce", args);
  }
  const Type element = ElementType(args[0]->type);
  Type state = args[1]->type;
  TM_ASSIGN_OR_RETURN(ExprPtr step, BindStep(*expr.args[2], scope, element, state));
  TM_ASSIGN_OR_RETURN(ExprPtr start, Coerce(std::move(args[1]), state));
  Captures captures(lambda_depth_, MakeVariable(lambda_depth_ + 1, element, expr.place));
  step = captures.Replace(step);

  std::vector<Type::Field> fields{{"", state}, {"", element}};
  for (const ExprPtr& capture : captures.exprs()) fields.push_back({"", capture->type});
  const Type both = Type::Row(std::move(fields));
  const auto row = [&](ExprPtr s, ExprPtr x) {
    auto out = MakeExpr(ExprKind::kRow, both, expr.place);
    out->args = {std::move(s), std::move(x)};
    for (const ExprPtr& capture : captures.exprs()) {
      out->args.push_back(Constant(capture->type, {}, expr.place));
    }
    return out;
  };
  const ExprPtr item = MakeVariable(lambda_depth_, element, expr.place);
  auto lifted = row(Constant(state, {}, expr.place), item);
  std::ranges::copy(captures.exprs(), lifted->args.begin() + 2);
  ExprPtr lift = MakeLambda(*item, 1, std::move(lifted));
  const ExprPtr second = MakeVariable(lambda_depth_ + 1, both, expr.place);
  ExprPtr fold = MakeLambda(*MakeVariable(lambda_depth_, both, expr.place), 2,
                            row(std::move(step), MakeField(second, 1)));
  ExprPtr initial = row(std::move(start), Constant(element, {}, expr.place));
  TM_ASSIGN_OR_RETURN(ExprPtr finish, BindLambda(*expr.args[3], scope, std::span(&state, 1)));
  const Type result = finish->type;
  return MakeCall(
      "CASE WHEN $1 IS NULL THEN NULL ELSE list_extract(list_transform([struct_extract("
      "list_reduce(list_transform($1, $2), $3, $4), 'f0')], $5), 1) END",
      result, expr.place,
      {std::move(args[0]), std::move(lift), std::move(fold), std::move(initial),
       std::move(finish)});
}

// -----------------------------------------------------------------------------------------------
// functions whose types no pattern tells

Result<ExprPtr> Binder::Zip(const ast::Expr& expr, std::string_view name,
                            std::vector<ExprPtr> args) const {
  std::vector<Type::Field> fields;
  for (ExprPtr& arg : args) {
    if (arg && arg->type.kind() == TypeKind::kUnknown) {
      TM_ASSIGN_OR_RETURN(arg, Coerce(std::move(arg), Type::Array(TypeKind::kUnknown)));
    }
    if (!arg || arg->type.kind() != TypeKind::kArray) return WrongArguments(expr, name, args);
    fields.push_back({"", arg->type.element()});
  }
  static constexpr std::array<std::string_view, 4> kEmits{
      "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN list_transform(list_zip($1, $2), "
      "lambda u: {'f0': u[1], 'f1': u[2]}) END",
      "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL AND $3 IS NOT NULL THEN "
      "list_transform(list_zip($1, $2, $3), lambda u: {'f0': u[1], 'f1': u[2], 'f2': u[3]}) END",
      "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL AND $3 IS NOT NULL AND $4 IS NOT NULL THEN "
      "list_transform(list_zip($1, $2, $3, $4), "
      "lambda u: {'f0': u[1], 'f1': u[2], 'f2': u[3], 'f3': u[4]}) END",
      "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL AND $3 IS NOT NULL AND $4 IS NOT NULL "
      "AND $5 IS NOT NULL THEN list_transform(list_zip($1, $2, $3, $4, $5), "
      "lambda u: {'f0': u[1], 'f1': u[2], 'f2': u[3], 'f3': u[4], 'f4': u[5]}) END"};
  const std::string_view emit = kEmits[args.size() - 2];
  return MakeCall(emit, Type::Array(Type::Row(std::move(fields))), expr.place, std::move(args));
}

Result<ExprPtr> Binder::BindZip(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 2, 5));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindGenericArgs(expr, scope));
  return Zip(expr, "zip", std::move(args));
}

Result<ExprPtr> Binder::BindZipWith(const ast::Expr& expr, const Scope& scope) {
  TM_RETURN_IF_ERROR(ExpectArgs(expr, 3, 3));
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindGenericArgs(expr, scope));
  if (args[2]) return WrongArguments(expr, "zip_with", args);
  args.pop_back();
  TM_ASSIGN_OR_RETURN(ExprPtr pairs, Zip(expr, "zip_with", std::move(args)));
  const ExprPtr pair = MakeVariable(lambda_depth_, pairs->type.element(), expr.place);
  const std::array values{MakeField(pair, 0), MakeField(pair, 1)};
  TM_ASSIGN_OR_RETURN(ExprPtr body, BindLambdaBody(*expr.args[2], scope, values, 1));
  const Type result = Type::Array(body->type);
  return MakeCall("list_transform($1, $2)", result, expr.place,
                  {std::move(pairs), MakeLambda(*pair, 1, std::move(body))});
}

Result<ExprPtr> Binder::BindArrayJoin(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindGenericArgs(expr, scope));
  const auto takes = [](const ExprPtr& arg, TypeKind kind) {
    return arg && (arg->type.kind() == kind || arg->type.kind() == TypeKind::kUnknown);
  };
  const bool fits = (args.size() == 2 || args.size() == 3) && takes(args[0], TypeKind::kArray) &&
                    takes(args[1], TypeKind::kVarchar) &&
                    (args.size() == 2 || takes(args[2], TypeKind::kVarchar));
  if (!fits) return WrongArguments(expr, "array_join", args);
  const Type texts = Type::Array(TypeKind::kVarchar);
  if (!CanCast(args[0]->type, texts)) {
    return ErrorAt(expr.place,
                   fmt::format("Cannot cast {} to varchar", args[0]->type.element().ToString()));
  }
  TM_ASSIGN_OR_RETURN(args[0], Convert(std::move(args[0]), texts, Conversion::kCast));
  for (size_t i = 1; i < args.size(); ++i) {
    TM_ASSIGN_OR_RETURN(args[i], Coerce(std::move(args[i]), TypeKind::kVarchar));
  }
  const std::string_view emit =
      args.size() == 2 ? "tm_array_join($1, $2)" : "tm_array_join_all($1, $2, $3)";
  return MakeCall(emit, TypeKind::kVarchar, expr.place, std::move(args));
}

/// Asks the comparator for every pair, then sorts by its answers.
Result<ExprPtr> Binder::BindArraySortBy(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindGenericArgs(expr, scope));
  if (!args[0] || args[1] || args[0]->type.kind() != TypeKind::kArray) {
    return WrongArguments(expr, "array_sort", args);
  }
  const Type element = args[0]->type.element();
  const std::array values{MakeVariable(lambda_depth_, element, expr.place),
                          MakeVariable(lambda_depth_ + 1, element, expr.place)};
  TM_ASSIGN_OR_RETURN(ExprPtr body, BindLambdaBody(*expr.args[1], scope, values, 2));
  if (CoercionCost(body->type, TypeKind::kBigint) < 0) {
    return ErrorAt(expr.args[1]->place,
                   fmt::format("the comparator must give integer, not {}", body->type.ToString()));
  }
  TM_ASSIGN_OR_RETURN(body, Coerce(std::move(body), TypeKind::kBigint));
  // lambda x: list_transform(the array, lambda y: comparator)
  const ExprPtr array = MakeVariable(lambda_depth_ + 2, args[0]->type, expr.place);
  ExprPtr line = MakeCall("list_transform($1, $2)", Type::Array(TypeKind::kBigint), expr.place,
                          {array, MakeLambda(*values[1], 1, std::move(body))});
  ExprPtr matrix =
      MakeCall("list_select($1, tm_array_sorted_by(list_transform($1, $2)))", args[0]->type,
               expr.place, {array, MakeLambda(*values[0], 1, std::move(line))});
  ExprPtr sort = MakeLambda(*array, 1, std::move(matrix));
  const Type type = args[0]->type;
  return MakeCall("list_extract(list_transform([$1], $2), 1)", type, expr.place,
                  {std::move(args[0]), std::move(sort)});
}

}  // namespace tidemark::sql
