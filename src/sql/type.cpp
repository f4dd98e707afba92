// SPDX-License-Identifier: Apache-2.0
#include "sql/type.h"

#include <array>
#include <charconv>

#include "base/check.h"
#include "base/numbers.h"
#include "sql/datetime.h"

namespace tidemark::sql {

Type Type::Array(Type element) {
  Type type(TypeKind::kArray);
  type.children_.push_back({"", std::move(element)});
  return type;
}

Type Type::Row(std::vector<Field> fields) {
  Type type(TypeKind::kRow);
  type.children_ = std::move(fields);
  return type;
}

Type Type::Timeseries(Type value) {
  Type type(TypeKind::kTimeseries);
  type.children_.push_back({"", std::move(value)});
  return type;
}

const Type& Type::element() const {
  TM_CHECK(kind_ == TypeKind::kArray || kind_ == TypeKind::kTimeseries);
  return children_.front().type;
}

bool operator==(const Type& a, const Type& b) {
  return a.kind_ == b.kind_ && a.children_ == b.children_;
}

std::string Type::ToString() const {
  switch (kind_) {
    case TypeKind::kUnknown:
      return "unknown";
    case TypeKind::kBoolean:
      return "boolean";
    case TypeKind::kInteger:
      return "integer";
    case TypeKind::kBigint:
      return "bigint";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kVarchar:
      return "varchar";
    case TypeKind::kTimestamp:
      return "timestamp";
    case TypeKind::kDate:
      return "date";
    case TypeKind::kTime:
      return "time";
    case TypeKind::kIntervalDaySecond:
      return "interval day to second";
    case TypeKind::kIntervalYearMonth:
      return "interval year to month";
    case TypeKind::kJson:
      return "json";
    case TypeKind::kArray:
      return "array(" + element().ToString() + ")";
    case TypeKind::kTimeseries:
      return "timeseries(" + element().ToString() + ")";
    case TypeKind::kRow: {
      std::string out = "row(";
      for (const Field& field : children_) {
        if (out.size() > 4) out += ", ";
        if (!field.name.empty()) out += field.name + " ";
        out += field.type.ToString();
      }
      return out + ")";
    }
  }
  TM_UNREACHABLE();
}

namespace {

void AppendInteger(int64_t value, std::string& out) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

void AppendScalarText(const Type& type, const Value& value, std::string& out) {
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    out += *text;
  } else if (const auto* number = std::get_if<double>(&value.data)) {
    AppendDoubleSql(*number, out);
  } else if (const auto* flag = std::get_if<bool>(&value.data)) {
    out += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<int64_t>(&value.data)) {
    switch (type.kind()) {
      case TypeKind::kTimestamp:
        return AppendTimestampText(*integer, out);
      case TypeKind::kDate:
        return AppendDateText(*integer, out);
      case TypeKind::kTime:
        return AppendTimeText(*integer, out);
      case TypeKind::kIntervalDaySecond:
        return AppendDaySecondText(*integer, out);
      case TypeKind::kIntervalYearMonth:
        return AppendYearMonthText(*integer, out);
      case TypeKind::kUnknown:
      case TypeKind::kBoolean:
      case TypeKind::kInteger:
      case TypeKind::kBigint:
      case TypeKind::kDouble:
      case TypeKind::kVarchar:
      case TypeKind::kJson:
      case TypeKind::kArray:
      case TypeKind::kRow:
      case TypeKind::kTimeseries:
        AppendInteger(*integer, out);
        return;
    }
  }
}

}  // namespace tidemark::sql
