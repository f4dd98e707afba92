// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "api/console/cell_internal.h"
#include "base/check.h"
#include "base/numbers.h"
#include "base/time.h"

namespace tidemark::console {
namespace {

using sql::TypeKind;

const sql::Value kNull;

void WriteNested(JsonWriter& out, const sql::Type& type, const sql::Value& value);

/// A number where JSON has one, else the dialect's text.
void WriteNestedScalar(JsonWriter& out, const sql::Type& type, const sql::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.data)) {
    out.Bool(*flag);
    return;
  }
  if (const auto* number = std::get_if<double>(&value.data); number && std::isfinite(*number)) {
    out.Double(*number);
    return;
  }
  if (type.kind() == TypeKind::kInteger || type.kind() == TypeKind::kBigint) {
    if (const auto* integer = std::get_if<int64_t>(&value.data)) {
      out.Int(*integer);
      return;
    }
  }
  std::string text;
  sql::AppendScalarText(type, value, text);
  out.String(text);
}

void WriteRow(JsonWriter& out, const sql::Type& type, const sql::Value::List& fields) {
  const auto& types = type.fields();
  const bool named =
      std::ranges::none_of(types, [](const sql::Type::Field& f) { return f.name.empty(); });
  named ? out.BeginObject() : out.BeginArray();
  for (size_t i = 0; i < types.size(); ++i) {
    if (named) out.Key(types[i].name);
    WriteNested(out, types[i].type, i < fields.size() ? fields[i] : kNull);
  }
  named ? out.EndObject() : out.EndArray();
}

void WriteNested(JsonWriter& out, const sql::Type& type, const sql::Value& value) {
  if (value.is_null()) {
    out.Null();
    return;
  }
  const auto* list = std::get_if<sql::Value::List>(&value.data);
  if (list == nullptr) {
    WriteNestedScalar(out, type, value);
    return;
  }
  if (type.kind() == TypeKind::kRow) {
    WriteRow(out, type, *list);
    return;
  }
  out.BeginArray();
  for (const sql::Value& item : *list) {
    const auto* point = std::get_if<sql::Value::List>(&item.data);
    if (type.kind() == TypeKind::kTimeseries && point != nullptr && point->size() == 2) {
      out.BeginObject().Key("time");
      WriteNested(out, TypeKind::kTimestamp, (*point)[0]);
      out.Key("value");
      WriteNested(out, type.element(), (*point)[1]);
      out.EndObject();
    } else {
      WriteNested(out, type.element(), item);
    }
  }
  out.EndArray();
}

}  // namespace

std::string TypeName(const sql::Type& type) {
  switch (type.kind()) {
    case TypeKind::kUnknown:
      return "UNKNOWN";
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kInteger:
      return "INTEGER";
    case TypeKind::kBigint:
      return "BIGINT";
    case TypeKind::kDouble:
      return "DOUBLE";
    case TypeKind::kVarchar:
      return "VARCHAR";
    case TypeKind::kJson:
      return "JSON";
    case TypeKind::kTimestamp:
      return "TIMESTAMP";
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTime:
      return "TIME";
    case TypeKind::kIntervalDaySecond:
    case TypeKind::kIntervalYearMonth:
      return "INTERVAL";
    case TypeKind::kArray:
    case TypeKind::kRow:
    case TypeKind::kTimeseries:
      return type.ToString();
  }
  TM_UNREACHABLE();
}

void AppendCellText(const sql::Type& type, const sql::Value& value, std::string& out) {
  if (type.scalar()) {
    sql::AppendScalarText(type, value, out);
    return;
  }
  JsonWriter nested;
  WriteNested(nested, type, value);
  out += nested.text();
}

void WriteCell(JsonWriter& out, const sql::Type& type, const sql::Value& value) {
  if (value.is_null()) {
    out.Null();
    return;
  }
  std::string text;
  AppendCellText(type, value, text);
  out.String(text);
}

void WriteScalar(JsonWriter& out, const store::Scalar& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    out.String(FormatDoubleSql(*number));
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    out.String(std::to_string(*integer));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    out.String(*text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out.String(*flag ? "true" : "false");
  } else if (const auto* time = std::get_if<EventTime>(&value)) {
    out.String(FormatSqlTimestamp(*time));
  } else {
    out.Null();
  }
}

}  // namespace tidemark::console
