// SPDX-License-Identifier: Apache-2.0
// Arrays, rows and time series: constructors, elements, fields, conversion and comparison
// (timestream-sql.md 4.1, 5.10).
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/nested_types.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

/// Lambdas of the statement's text count from 0 by their depth. Those of conversions count from
/// here by the depth of what they convert, and their bodies see nothing but their own variable. So
/// equal expressions have equal numbers, and none hides another that is used inside.
constexpr uint32_t kConversionVariables = 1'000'000;

uint32_t Depth(const Type& type) {
  if (type.scalar()) return 0;
  if (type.kind() != TypeKind::kRow) return 1 + Depth(type.element());
  uint32_t deepest = 0;
  for (const Type::Field& field : type.fields()) deepest = std::max(deepest, Depth(field.type));
  return 1 + deepest;
}

ExprPtr ConversionVariable(const Type& type, Place place) {
  return MakeVariable(kConversionVariables + Depth(type), type, place);
}

/// The types travel alike and no value changes: only names of fields differ, or nulls get a type.
bool SameValues(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.kind() == TypeKind::kUnknown) return CarrierSql(from) == CarrierSql(to);
  if (from.scalar() || to.scalar()) return false;
  const bool row = from.kind() == TypeKind::kRow;
  if (row != (to.kind() == TypeKind::kRow)) return false;
  if (!row) return SameValues(ElementType(from), ElementType(to));
  for (size_t i = 0; i < from.fields().size(); ++i) {
    if (!SameValues(from.fields()[i].type, to.fields()[i].type)) return false;
  }
  return true;
}

ExprPtr Retyped(const Expr& expr, const Type& to) {
  auto out = std::make_shared<Expr>(expr);
  out->type = to;
  return out;
}

}  // namespace

ExprPtr MakeCall(std::string_view emit, Type type, Place place, std::vector<ExprPtr> args) {
  auto call = MakeExpr(ExprKind::kCall, std::move(type), place);
  call->emit = emit;
  call->may_nan = call->type.kind() == TypeKind::kDouble;
  call->args = std::move(args);
  return call;
}

ExprPtr MakeVariable(uint32_t number, Type type, Place place) {
  auto variable = MakeExpr(ExprKind::kVariable, std::move(type), place);
  variable->column = number;
  variable->may_nan = variable->type.kind() == TypeKind::kDouble;
  return variable;
}

ExprPtr MakeLambda(const Expr& first, uint32_t count, ExprPtr body) {
  auto lambda = MakeExpr(ExprKind::kLambda, body->type, body->place);
  lambda->column = first.column;
  lambda->parameters = count;
  lambda->args.push_back(std::move(body));
  return lambda;
}

ExprPtr MakeField(ExprPtr row, size_t index) {
  auto field = MakeExpr(ExprKind::kField, row->type.fields()[index].type, row->place);
  field->column = static_cast<uint32_t>(index);
  field->may_nan = field->type.kind() == TypeKind::kDouble;
  field->args.push_back(std::move(row));
  return field;
}

// -----------------------------------------------------------------------------------------------
// constructors, elements, fields

Result<ExprPtr> Binder::BindArray(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  TM_ASSIGN_OR_RETURN(Type element, Unify(expr.place, "ARRAY", args));
  auto out = MakeExpr(ExprKind::kArray, Type::Array(std::move(element)), expr.place);
  out->args = std::move(args);
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindRow(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, BindArgs(expr, scope));
  std::vector<Type::Field> fields;
  for (const ExprPtr& arg : args) fields.push_back({"", arg->type});
  auto out = MakeExpr(ExprKind::kRow, Type::Row(std::move(fields)), expr.place);
  out->args = std::move(args);
  return ExprPtr(std::move(out));
}

Result<ExprPtr> Binder::BindSubscript(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*expr.args[0], scope));
  if (value->type.kind() == TypeKind::kRow) {
    const ast::Expr& literal = *expr.args[1];
    const auto* index =
        literal.kind == ast::ExprKind::kLiteral && literal.type.kind() == TypeKind::kInteger
            ? std::get_if<int64_t>(&literal.value.data)
            : nullptr;
    if (index == nullptr) {
      return ErrorAt(literal.place, "Subscript expression on ROW requires a constant index");
    }
    const auto size = static_cast<int64_t>(value->type.fields().size());
    if (*index < 1 || *index > size) {
      return ErrorAt(
          literal.place,
          fmt::format("Subscript index out of bounds: {}, max value is {}", *index, size));
    }
    return MakeField(std::move(value), static_cast<size_t>(*index - 1));
  }
  TM_ASSIGN_OR_RETURN(ExprPtr index, BindExpr(*expr.args[1], scope));
  const Type& list = value->type;
  const bool takes = (list.kind() == TypeKind::kArray || list.kind() == TypeKind::kTimeseries) &&
                     (index->type.kind() == TypeKind::kUnknown ||
                      index->type == TypeKind::kInteger || index->type == TypeKind::kBigint);
  if (!takes) {
    return ErrorAt(expr.place, fmt::format("Cannot use {} for subscript of {}",
                                           index->type.ToString(), list.ToString()));
  }
  TM_ASSIGN_OR_RETURN(index, Coerce(std::move(index), TypeKind::kBigint));
  Type element = ElementType(list);
  return MakeCall("list_extract($1, tm_array_subscript(len($1), $2))", std::move(element),
                  expr.place, {std::move(value), std::move(index)});
}

Result<ExprPtr> Binder::BindField(const ast::Expr& expr, const Scope& scope) {
  TM_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*expr.args[0], scope));
  return FieldsOf(std::move(value), std::span(&expr.call, 1));
}

Result<ExprPtr> Binder::FieldsOf(ExprPtr value, std::span<const ast::Name> names) const {
  for (const ast::Name& name : names) {
    if (value->type.kind() != TypeKind::kRow) {
      return ErrorAt(name.place, fmt::format("{} is no row: it has no field '{}'",
                                             value->type.ToString(), name.text));
    }
    const std::vector<Type::Field>& fields = value->type.fields();
    const auto exact = [&](const Type::Field& field) { return field.name == name.text; };
    const auto alike = [&](const Type::Field& field) {
      return LowerCase(field.name) == LowerCase(name.text);
    };
    auto found = std::ranges::find_if(fields, exact);
    if (found == fields.end()) found = std::ranges::find_if(fields, alike);
    if (found == fields.end()) {
      std::vector<std::string> known;
      for (const Type::Field& field : fields) known.push_back(field.name);
      return ErrorAt(name.place,
                     fmt::format("{} has no field '{}'", value->type.ToString(), name.text),
                     Suggest(name.text, known));
    }
    if (std::count_if(fields.begin(), fields.end(), alike) > 1 &&
        std::count_if(fields.begin(), fields.end(), exact) != 1) {
      return ErrorAt(name.place, fmt::format("field '{}' is ambiguous", name.text));
    }
    value = MakeField(std::move(value), static_cast<size_t>(found - fields.begin()));
  }
  return value;
}

// ---------------------------------------------------------------------------------------------
// conversion

Result<ExprPtr> Binder::ConvertNested(ExprPtr value, const Type& to, Conversion what) const {
  if (SameValues(value->type, to)) return Retyped(*value, to);
  return to.kind() == TypeKind::kRow ? ConvertRow(std::move(value), to, what)
                                     : ConvertList(std::move(value), to, what);
}

Result<ExprPtr> Binder::ConvertList(ExprPtr value, const Type& to, Conversion what) const {
  const Type element = ElementType(to);
  if (value->kind == ExprKind::kArray) {
    auto out = std::make_shared<Expr>(*value);
    out->type = to;
    for (ExprPtr& arg : out->args) {
      TM_ASSIGN_OR_RETURN(arg, Convert(std::move(arg), element, what));
    }
    return ExprPtr(std::move(out));
  }
  const Place place = value->place;
  const ExprPtr variable = ConversionVariable(ElementType(value->type), place);
  TM_ASSIGN_OR_RETURN(ExprPtr body, Convert(variable, element, what));
  ExprPtr lambda = MakeLambda(*variable, 1, std::move(body));
  return MakeCall("list_transform($1, $2)", to, place, {std::move(value), std::move(lambda)});
}

Result<ExprPtr> Binder::ConvertRow(ExprPtr value, const Type& to, Conversion what) const {
  const Place place = value->place;
  auto row = MakeExpr(ExprKind::kRow, to, place);
  if (value->kind == ExprKind::kRow) {
    for (size_t i = 0; i < value->args.size(); ++i) {
      TM_ASSIGN_OR_RETURN(ExprPtr field, Convert(value->args[i], to.fields()[i].type, what));
      row->args.push_back(std::move(field));
    }
    return ExprPtr(std::move(row));
  }
  // CASE WHEN value IS NULL THEN NULL ELSE a row of its converted fields END
  const auto rebuild = [&](const ExprPtr& source) -> Result<ExprPtr> {
    auto out = std::make_shared<Expr>(*row);
    for (size_t i = 0; i < to.fields().size(); ++i) {
      TM_ASSIGN_OR_RETURN(ExprPtr field, Convert(MakeField(source, i), to.fields()[i].type, what));
      out->args.push_back(std::move(field));
    }
    auto is_null = MakeExpr(ExprKind::kIsNull, TypeKind::kBoolean, place);
    is_null->args.push_back(source);
    auto choice = MakeExpr(ExprKind::kCase, to, place);
    choice->has_else = true;
    choice->args = {std::move(is_null), Constant(to, {}, place), std::move(out)};
    return ExprPtr(std::move(choice));
  };
  if (value->kind == ExprKind::kColumn || value->kind == ExprKind::kVariable) return rebuild(value);
  const ExprPtr variable = ConversionVariable(value->type, place);
  TM_ASSIGN_OR_RETURN(ExprPtr body, rebuild(variable));
  ExprPtr lambda = MakeLambda(*variable, 1, std::move(body));
  return MakeCall("list_extract(list_transform([$1], $2), 1)", to, place,
                  {std::move(value), std::move(lambda)});
}

// ---------------------------------------------------------------------------------------
// comparison

ExprPtr Binder::CompareNested(Place place, plan::CompareOp op, ExprPtr a, ExprPtr b) const {
  using enum plan::CompareOp;
  if (op == kGreater || op == kGreaterEqual) std::swap(a, b);
  const bool equal = op == kEqual || op == kNotEqual;
  const bool strict = op == kLess || op == kGreater;
  const std::string_view emit = equal    ? "tm_array_equal([$1], [$2])"
                                : strict ? "tm_array_less([$1], [$2])"
                                         : "tm_array_less_equal([$1], [$2])";
  ExprPtr out = MakeCall(emit, TypeKind::kBoolean, place, {std::move(a), std::move(b)});
  if (op != kNotEqual) return out;
  auto negation = MakeExpr(ExprKind::kNot, TypeKind::kBoolean, place);
  negation->args.push_back(std::move(out));
  return negation;
}

}  // namespace tidemark::sql
