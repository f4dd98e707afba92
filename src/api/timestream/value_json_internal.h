// SPDX-License-Identifier: Apache-2.0
// Columns and cells of a result as the Query API writes them (timestream-api.md 5.1.4 to 5.1.6).
// Pure functions; they append to `out`.
#pragma once

#include <string>
#include <vector>

#include "sql/engine.h"
#include "sql/type.h"

namespace tidemark::timestream {

/// [{"Name":"host","Type":{"ScalarType":"VARCHAR"}},..]
void AppendColumnInfo(const std::vector<sql::Column>& columns, std::string& out);

/// {"ScalarType":"VARCHAR"}, {"ArrayColumnInfo":..}, ...
void AppendColumnType(const sql::Type& type, std::string& out);

/// {"ScalarValue":"35.2"}, {"NullValue":true}, {"ArrayValue":[..]}, ...
void AppendDatum(const sql::Type& type, const sql::Value& value, std::string& out);

/// {"Data":[datum,..]}
void AppendRow(const std::vector<sql::Column>& columns, const sql::RowChunk& chunk, size_t row,
               std::string& out);

}  // namespace tidemark::timestream
