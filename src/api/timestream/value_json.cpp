// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "api/timestream/value_json_internal.h"
#include "base/check.h"
#include "base/json.h"

namespace tidemark::timestream {
namespace {

using sql::TypeKind;

std::string_view ScalarTypeName(TypeKind kind) {
  switch (kind) {
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
    case TypeKind::kJson:
      return "VARCHAR";
    case TypeKind::kTimestamp:
      return "TIMESTAMP";
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTime:
      return "TIME";
    case TypeKind::kIntervalDaySecond:
      return "INTERVAL_DAY_TO_SECOND";
    case TypeKind::kIntervalYearMonth:
      return "INTERVAL_YEAR_TO_MONTH";
    case TypeKind::kArray:
    case TypeKind::kRow:
    case TypeKind::kTimeseries:
      break;
  }
  TM_UNREACHABLE();
}

void AppendType(const sql::Type& type, std::string& out);

// {"Type":..}: an element, which has no name.
void AppendElement(const sql::Type& type, std::string& out) {
  out += "{\"Type\":";
  AppendType(type, out);
  out += '}';
}

void AppendType(const sql::Type& type, std::string& out) {
  switch (type.kind()) {
    case TypeKind::kArray:
      out += "{\"ArrayColumnInfo\":";
      AppendElement(type.element(), out);
      break;
    case TypeKind::kTimeseries:
      out += "{\"TimeSeriesMeasureValueColumnInfo\":";
      AppendElement(type.element(), out);
      break;
    case TypeKind::kRow: {
      out += "{\"RowColumnInfo\":[";
      size_t index = 0;
      for (const sql::Type::Field& field : type.fields()) {
        if (index > 0) out += ',';
        out += "{\"Name\":";
        AppendJsonString(out, field.name.empty() ? "field" + std::to_string(index) : field.name);
        out += ",\"Type\":";
        AppendType(field.type, out);
        out += '}';
        ++index;
      }
      out += ']';
      break;
    }
    default:
      out += "{\"ScalarType\":\"";
      out += ScalarTypeName(type.kind());
      out += '"';
  }
  out += '}';
}

void AppendScalarDatum(const sql::Type& type, const sql::Value& value, std::string& out) {
  out += "{\"ScalarValue\":";
  if (const std::string* text = std::get_if<std::string>(&value.data)) {
    AppendJsonString(out, *text);
  } else {
    // Numbers, times and booleans need no escapes.
    out += '"';
    sql::AppendScalarText(type, value, out);
    out += '"';
  }
  out += '}';
}

void AppendPoint(const sql::Type& element, const sql::Value& point, std::string& out) {
  const auto& parts = std::get<sql::Value::List>(point.data);
  out += "{\"Time\":\"";
  sql::AppendScalarText(TypeKind::kTimestamp, parts[0], out);
  out += "\",\"Value\":";
  AppendDatum(element, parts[1], out);
  out += '}';
}

void AppendRowValue(const sql::Type& type, const sql::Value::List& list, std::string& out) {
  out += "{\"RowValue\":{\"Data\":[";
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    AppendDatum(type.fields()[i].type, list[i], out);
  }
  out += "]}}";
}

}  // namespace

void AppendColumnType(const sql::Type& type, std::string& out) { AppendType(type, out); }

void AppendColumnInfo(const std::vector<sql::Column>& columns, std::string& out) {
  out += '[';
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ',';
    out += "{\"Name\":";
    AppendJsonString(out, columns[i].name);
    out += ",\"Type\":";
    AppendType(columns[i].type, out);
    out += '}';
  }
  out += ']';
}

void AppendDatum(const sql::Type& type, const sql::Value& value, std::string& out) {
  if (value.is_null()) {
    out += "{\"NullValue\":true}";
    return;
  }
  if (type.scalar()) return AppendScalarDatum(type, value, out);
  const auto& list = std::get<sql::Value::List>(value.data);
  if (type.kind() == TypeKind::kRow) return AppendRowValue(type, list, out);
  const bool series = type.kind() == TypeKind::kTimeseries;
  // Present as [] when empty: clients test for the member (5.1.6).
  out += series ? "{\"TimeSeriesValue\":[" : "{\"ArrayValue\":[";
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    if (series) {
      AppendPoint(type.element(), list[i], out);
    } else {
      AppendDatum(type.element(), list[i], out);
    }
  }
  out += "]}";
}

void AppendRow(const std::vector<sql::Column>& columns, const sql::RowChunk& chunk, size_t row,
               std::string& out) {
  out += "{\"Data\":[";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ',';
    AppendDatum(columns[i].type, chunk.at(row, i), out);
  }
  out += "]}";
}

}  // namespace tidemark::timestream
