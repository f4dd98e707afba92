// SPDX-License-Identifier: Apache-2.0
#include "sql/nested_types.h"

#include <algorithm>

#include "sql/functions.h"

namespace tidemark::sql {

std::string CarrierSql(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return CarrierSql(type.element()) + "[]";
    case TypeKind::kTimeseries:
      return CarrierSql(PointType(type.element())) + "[]";
    case TypeKind::kRow: {
      std::string out = "STRUCT(";
      for (size_t i = 0; i < type.fields().size(); ++i) {
        if (i > 0) out += ", ";
        out += "f" + std::to_string(i) + " " + CarrierSql(type.fields()[i].type);
      }
      return out + ")";
    }
    default:
      return std::string(CarrierName(type.kind()));
  }
}

Type PointType(const Type& value) {
  return Type::Row({{"time", TypeKind::kTimestamp}, {"value", value}});
}

Type ElementType(const Type& list) {
  return list.kind() == TypeKind::kTimeseries ? PointType(list.element()) : list.element();
}

int CoercionCost(const Type& from, const Type& to) {
  if (from == to) return 0;
  if (from.kind() == TypeKind::kUnknown) return 1;
  if (from.scalar() || to.scalar()) {
    return from.scalar() && to.scalar() ? CoercionCost(from.kind(), to.kind()) : -1;
  }
  if (from.kind() != to.kind()) return -1;
  if (from.kind() != TypeKind::kRow) return CoercionCost(from.element(), to.element());
  if (from.fields().size() != to.fields().size()) return -1;
  int cost = 0;
  for (size_t i = 0; i < from.fields().size(); ++i) {
    const int step = CoercionCost(from.fields()[i].type, to.fields()[i].type);
    if (step < 0) return -1;
    cost += step;
  }
  return cost;
}

std::optional<Type> CommonType(const Type& a, const Type& b) {
  if (a == b || b.kind() == TypeKind::kUnknown) return a;
  if (a.kind() == TypeKind::kUnknown) return b;
  if (a.scalar() && b.scalar()) {
    const std::optional<TypeKind> common = CommonType(a.kind(), b.kind());
    if (!common) return std::nullopt;
    return Type(*common);
  }
  if (a.kind() != b.kind()) return std::nullopt;
  if (a.kind() != TypeKind::kRow) {
    std::optional<Type> element = CommonType(a.element(), b.element());
    if (!element) return std::nullopt;
    return a.kind() == TypeKind::kArray ? Type::Array(*std::move(element))
                                        : Type::Timeseries(*std::move(element));
  }
  if (a.fields().size() != b.fields().size()) return std::nullopt;
  std::vector<Type::Field> fields;
  for (size_t i = 0; i < a.fields().size(); ++i) {
    std::optional<Type> field = CommonType(a.fields()[i].type, b.fields()[i].type);
    if (!field) return std::nullopt;
    const bool same_name = a.fields()[i].name == b.fields()[i].name;
    fields.push_back({same_name ? a.fields()[i].name : "", *std::move(field)});
  }
  return Type::Row(std::move(fields));
}

namespace {

/// Whether all scalars in a type have a cast from or to json.
bool JsonHas(const Type& type, bool from_json) {
  if (type.kind() == TypeKind::kRow) {
    return std::ranges::all_of(
        type.fields(), [&](const Type::Field& field) { return JsonHas(field.type, from_json); });
  }
  if (!type.scalar()) return JsonHas(ElementType(type), from_json);
  const Type json = TypeKind::kJson;
  return from_json ? CanCast(json, type) : CanCast(type, json);
}

}  // namespace

bool CanCast(const Type& from, const Type& to) {
  if (from == to || from.kind() == TypeKind::kUnknown) return true;
  const bool from_json = from.kind() == TypeKind::kJson && !to.scalar();
  const bool to_json = to.kind() == TypeKind::kJson && !from.scalar();
  if (from_json || to_json) return JsonHas(from_json ? to : from, from_json);
  if (from.scalar() || to.scalar()) {
    return from.scalar() && to.scalar() && FindCast(from.kind(), to.kind()) != nullptr;
  }
  // An array becomes no series: nothing says that its times ascend.
  if (to.kind() == TypeKind::kTimeseries && from.kind() != to.kind()) return false;
  const bool lists = from.kind() != TypeKind::kRow && to.kind() != TypeKind::kRow;
  if (lists) return CanCast(ElementType(from), ElementType(to));
  if (from.kind() != to.kind() || from.fields().size() != to.fields().size()) return false;
  for (size_t i = 0; i < from.fields().size(); ++i) {
    if (!CanCast(from.fields()[i].type, to.fields()[i].type)) return false;
  }
  return true;
}

bool HoldsDouble(const Type& type) {
  if (type.kind() == TypeKind::kRow) {
    return std::ranges::any_of(type.fields(),
                               [](const Type::Field& field) { return HoldsDouble(field.type); });
  }
  return type.scalar() ? type.kind() == TypeKind::kDouble : HoldsDouble(type.element());
}

}  // namespace tidemark::sql
