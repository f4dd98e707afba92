// SPDX-License-Identifier: Apache-2.0
// Values as the query answer writes them (web/API.md section 3). Pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "sql/type.h"
#include "store/types.h"

namespace tidemark::console {

/// "BIGINT", "INTERVAL", "UNKNOWN", ...; nested ones as SQL: "array(double)".
std::string TypeName(const sql::Type& type);
/// Null, or the dialect's text; nested values as JSON text.
void WriteCell(JsonWriter& out, const sql::Type& type, const sql::Value& value);
/// The text that WriteCell() writes, of a value that is not null.
void AppendCellText(const sql::Type& type, const sql::Value& value, std::string& out);
/// Null, or the dialect's text.
void WriteScalar(JsonWriter& out, const store::Scalar& value);

}  // namespace tidemark::console
