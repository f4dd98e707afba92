// SPDX-License-Identifier: Apache-2.0
// Casts between json and arrays and rows: the text is taken apart or put together by kernels, the
// pieces are cast one by one.
#include "sql/binder_internal.h"
#include "sql/nested_types.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

/// Variables of these lambdas count by the depth of the nested type: neither lambdas of the
/// statement's text nor those of other conversions (binder_nested.cpp) have such numbers.
constexpr uint32_t kJsonVariables = 2'000'000;

uint32_t Depth(const Type& type) {
  if (type.scalar()) return 0;
  if (type.kind() != TypeKind::kRow) return 1 + Depth(ElementType(type));
  uint32_t deepest = 0;
  for (const Type::Field& field : type.fields()) deepest = std::max(deepest, Depth(field.type));
  return 1 + deepest;
}

ExprPtr Variable(const Type& nested, Type type, Place place) {
  return MakeVariable(kJsonVariables + Depth(nested), std::move(type), place);
}

ExprPtr ArrayOf(Type element, std::vector<ExprPtr> args, Place place) {
  auto out = MakeExpr(ExprKind::kArray, Type::Array(std::move(element)), place);
  out->args = std::move(args);
  return out;
}

ExprPtr FieldNames(const Type& row, Place place) {
  std::vector<ExprPtr> names;
  for (const Type::Field& field : row.fields()) {
    names.push_back(Constant(TypeKind::kVarchar, {field.name}, place));
  }
  return ArrayOf(TypeKind::kVarchar, std::move(names), place);
}

/// `value` is evaluated once, as `variable` of `body`; null gives null.
ExprPtr Let(ExprPtr value, const Expr& variable, ExprPtr body) {
  const Place place = value->place;
  const Type type = body->type;
  auto is_null = MakeExpr(ExprKind::kIsNull, TypeKind::kBoolean, place);
  is_null->args.push_back(std::make_shared<Expr>(variable));
  auto choice = MakeExpr(ExprKind::kCase, type, place);
  choice->has_else = true;
  choice->args = {std::move(is_null), Constant(type, {}, place), std::move(body)};
  ExprPtr lambda = MakeLambda(variable, 1, std::move(choice));
  return MakeCall("list_extract(list_transform([$1], $2), 1)", type, place,
                  {std::move(value), std::move(lambda)});
}

}  // namespace

Result<ExprPtr> Binder::JsonToNested(ExprPtr json, const Type& to) const {
  const Place place = json->place;
  if (to.kind() != TypeKind::kRow) {
    const ExprPtr element = Variable(to, TypeKind::kJson, place);
    TM_ASSIGN_OR_RETURN(ExprPtr body, Convert(element, ElementType(to), Conversion::kCast));
    ExprPtr lambda = MakeLambda(*element, 1, std::move(body));
    return MakeCall("list_transform(tm_json_elements($1), $2)", to, place,
                    {std::move(json), std::move(lambda)});
  }
  const ExprPtr fields = Variable(to, Type::Array(TypeKind::kJson), place);
  auto row = MakeExpr(ExprKind::kRow, to, place);
  for (size_t i = 0; i < to.fields().size(); ++i) {
    const Value position{static_cast<int64_t>(i) + 1};
    ExprPtr field = MakeCall("list_extract($1, $2)", TypeKind::kJson, place,
                             {fields, Constant(TypeKind::kBigint, position, place)});
    TM_ASSIGN_OR_RETURN(field, Convert(std::move(field), to.fields()[i].type, Conversion::kCast));
    row->args.push_back(std::move(field));
  }
  ExprPtr pieces = MakeCall("tm_json_fields($1, $2)", fields->type, place,
                            {std::move(json), FieldNames(to, place)});
  return Let(std::move(pieces), *fields, std::move(row));
}

Result<ExprPtr> Binder::NestedToJson(ExprPtr value) const {
  const Type type = value->type;
  const Place place = value->place;
  if (type.kind() != TypeKind::kRow) {
    const ExprPtr element = Variable(type, ElementType(type), place);
    TM_ASSIGN_OR_RETURN(ExprPtr body, Convert(element, TypeKind::kJson, Conversion::kCast));
    ExprPtr lambda = MakeLambda(*element, 1, std::move(body));
    return MakeCall("tm_json_array_of(list_transform($1, $2))", TypeKind::kJson, place,
                    {std::move(value), std::move(lambda)});
  }
  const ExprPtr row = Variable(type, type, place);
  std::vector<ExprPtr> fields;
  for (size_t i = 0; i < type.fields().size(); ++i) {
    TM_ASSIGN_OR_RETURN(ExprPtr field,
                        Convert(MakeField(row, i), TypeKind::kJson, Conversion::kCast));
    fields.push_back(std::move(field));
  }
  ExprPtr object =
      MakeCall("tm_json_object_of($1, $2)", TypeKind::kJson, place,
               {FieldNames(type, place), ArrayOf(TypeKind::kJson, std::move(fields), place)});
  return Let(std::move(value), *row, std::move(object));
}

}  // namespace tidemark::sql
