// SPDX-License-Identifier: Apache-2.0
// Numbers as text, exactly. No locale, no blanks, the whole text is consumed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

/// Optional '-' or '+', digits; in range of int64.
std::optional<int64_t> ParseInt64(std::string_view text);
/// Decimal text of a finite double: sign, digits, fraction, exponent; no hex, NaN, infinity,
/// blanks. Overflow to infinity gives none.
std::optional<double> ParseFiniteDouble(std::string_view text);
/// Shortest text that reads back to the same double, Java's Double.toString shape ("1.0",
/// "1.0E10"): the SQL dialect's text of a DOUBLE (timestream-sql.md 2.4, 4.5).
std::string FormatDoubleSql(double value);
void AppendDoubleSql(double value, std::string& out);
/// Shortest text that reads back to the same double, as JSON likes it ("1", "0.1", "1e+20").
std::string FormatDoubleShortest(double value);

}  // namespace tidemark
