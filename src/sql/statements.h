// SPDX-License-Identifier: Apache-2.0
// A text of several statements, separated by semicolons. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tidemark::sql {

/// Bytes [begin, end) of a text, without the blanks, comments and the semicolon around.
struct StatementSpan {
  size_t begin = 0;
  size_t end = 0;
  friend bool operator==(const StatementSpan&, const StatementSpan&) = default;
};

/// Splits at semicolons outside strings, quoted names and comments, as the lexer sees those; empty
/// statements are left out. What is not closed reaches to the end.
std::vector<StatementSpan> SplitStatements(std::string_view text);

}  // namespace tidemark::sql
