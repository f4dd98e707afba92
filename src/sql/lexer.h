// SPDX-License-Identifier: Apache-2.0
// Text of a statement -> tokens (timestream-sql.md section 1). Immutable values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::sql {

/// From 1; columns count characters, not bytes.
struct Place {
  uint32_t line = 1;
  uint32_t column = 1;
};

/// An Error about a place: "line 1:15: Column 'x' does not exist; did you mean 'y'?".
Error ErrorAt(Place place, std::string_view message, std::string_view suggestion = {});
/// kUnimplemented: "line 1:15: window functions are not supported yet".
Error NotSupportedAt(Place place, std::string_view what);

enum class TokenKind : uint8_t {
  kWord,        // unquoted: a keyword or an identifier; also measure_value::double
  kQuotedName,  // "..."
  kString,      // '...' and U&'...'
  kInteger,     // digits
  kDecimal,     // digits with a point, or with an exponent
  kDuration,    // 5m: number in `value`, unit (lower case) in `unit`
  kParameter,   // @name
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Place place;
  std::string value;    // identifiers and strings without quotes; numbers; operators
  std::string keyword;  // kWord: upper case, for comparing; else empty
  std::string unit;     // kDuration

  /// As a message shows it: "'FROM'", "end of statement".
  std::string Show() const;
};

/// At most this many bytes of statement (timestream-sql.md 1.1).
inline constexpr size_t kStatementBytesMax = 256 * 1024;

/// Ends with one kEnd token.
Result<std::vector<Token>> Tokenize(std::string_view text);

/// Words that must be quoted to be names (timestream-sql.md 1.3); `upper` is in upper case.
bool IsReservedWord(std::string_view upper);

/// Nanoseconds (or months) of one unit of a duration literal (1.2); `unit` in lower case.
struct DurationUnit {
  int64_t nanoseconds = 0;
  int64_t months = 0;
};
std::optional<DurationUnit> FindDurationUnit(std::string_view unit);

}  // namespace tidemark::sql
