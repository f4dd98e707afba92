// SPDX-License-Identifier: Apache-2.0
// Cells as CSV (timestream-sql.md 3.4): quoted where needed, escaped by the given character, nested
// values as JSON text, null as nothing.
#include <cmath>

#include "api/timestream/unload_internal.h"
#include "base/json.h"

namespace tidemark::timestream {
namespace {

using sql::TypeKind;

void AppendJson(const sql::Type& type, const sql::Value& value, std::string& out);

void AppendJsonScalar(const sql::Type& type, const sql::Value& value, std::string& out) {
  const bool number =
      type.kind() == TypeKind::kInteger || type.kind() == TypeKind::kBigint ||
      type.kind() == TypeKind::kBoolean ||
      (type.kind() == TypeKind::kDouble && std::isfinite(std::get<double>(value.data)));
  std::string text;
  sql::AppendScalarText(type, value, text);
  if (number) {
    out += text;
  } else {
    AppendJsonString(out, text);
  }
}

void AppendJson(const sql::Type& type, const sql::Value& value, std::string& out) {
  if (value.is_null()) {
    out += "null";
    return;
  }
  if (type.scalar()) return AppendJsonScalar(type, value, out);
  const auto& list = std::get<sql::Value::List>(value.data);
  const bool row = type.kind() == TypeKind::kRow;
  out += row ? '{' : '[';
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    if (row) {
      const sql::Type::Field& field = type.fields()[i];
      AppendJsonString(out, field.name.empty() ? "field" + std::to_string(i) : field.name);
      out += ':';
      AppendJson(field.type, list[i], out);
    } else if (type.kind() == TypeKind::kTimeseries) {
      const auto& point = std::get<sql::Value::List>(list[i].data);
      out += "{\"time\":";
      AppendJson(TypeKind::kTimestamp, point[0], out);
      out += ",\"value\":";
      AppendJson(type.element(), point[1], out);
      out += '}';
    } else {
      AppendJson(type.element(), list[i], out);
    }
  }
  out += row ? '}' : ']';
}

}  // namespace

void AppendCsvField(std::string_view text, const sql::UnloadSpec& spec, std::string& out) {
  bool quoted = text.empty();  // apart from null
  for (const char c : text) {
    quoted |=
        c == spec.field_delimiter || c == spec.escaped_by || c == '"' || c == '\n' || c == '\r';
  }
  if (!quoted) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == spec.escaped_by) out += spec.escaped_by;
    out += c;
  }
  out += '"';
}

void AppendCsvRow(const std::vector<sql::Column>& columns, size_t columns_used,
                  const sql::RowChunk& chunk, size_t row, const sql::UnloadSpec& spec,
                  std::string& out) {
  std::string text;
  for (size_t i = 0; i < columns_used; ++i) {
    if (i > 0) out += spec.field_delimiter;
    const sql::Value& value = chunk.at(row, i);
    if (value.is_null()) continue;
    text.clear();
    if (columns[i].type.scalar()) {
      sql::AppendScalarText(columns[i].type, value, text);
    } else {
      AppendJson(columns[i].type, value, text);
    }
    AppendCsvField(text, spec, out);
  }
  out += '\n';
}

}  // namespace tidemark::timestream
