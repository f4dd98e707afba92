// SPDX-License-Identifier: Apache-2.0
// Texts (timestream-sql.md 5.1, 5.6). Positions count characters from 1. See kernels.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::sql::kernels {

/// LIKE with an optional escape ("" or one character); kInvalidArgument: a bad escape.
Result<bool> Like(std::string_view text, std::string_view pattern, std::string_view escape);
Result<bool> LikeWithoutEscape(std::string_view text, std::string_view pattern);

Result<int64_t> Length(std::string_view text);
Result<std::string> Concat(std::string_view a, std::string_view b);
Result<std::string> Lower(std::string_view text);
Result<std::string> Upper(std::string_view text);
Result<std::string> Reverse(std::string_view text);
// Blanks as Java's Character.isWhitespace has them.
Result<std::string> Trim(std::string_view text);
Result<std::string> TrimLeft(std::string_view text);
Result<std::string> TrimRight(std::string_view text);
Result<std::string> Chr(int64_t code_point);
Result<int64_t> CodePoint(std::string_view character);
Result<std::string> PadLeft(std::string_view text, int64_t length, std::string_view pad);
Result<std::string> PadRight(std::string_view text, int64_t length, std::string_view pad);
Result<std::string> Remove(std::string_view text, std::string_view search);
Result<std::string> Replace(std::string_view text, std::string_view search,
                            std::string_view replacement);
/// None beyond the last part.
Result<std::optional<std::string>> SplitPart(std::string_view text, std::string_view delimiter,
                                             int64_t index);
Result<std::vector<std::string>> Split(std::string_view text, std::string_view delimiter);
/// At most `limit` parts; the last one holds the rest.
Result<std::vector<std::string>> SplitUpTo(std::string_view text, std::string_view delimiter,
                                           int64_t limit);
Result<int64_t> Position(std::string_view text, std::string_view search);
Result<int64_t> PositionOf(std::string_view text, std::string_view search, int64_t instance);
Result<int64_t> LastPosition(std::string_view text, std::string_view search);
Result<int64_t> LastPositionOf(std::string_view text, std::string_view search, int64_t instance);
Result<std::string> Substring(std::string_view text, int64_t start);
Result<std::string> SubstringOf(std::string_view text, int64_t start, int64_t length);
Result<bool> StartsWith(std::string_view text, std::string_view prefix);
Result<std::string> Translate(std::string_view text, std::string_view from, std::string_view to);
Result<int64_t> HammingDistance(std::string_view a, std::string_view b);
Result<int64_t> LevenshteinDistance(std::string_view a, std::string_view b);
/// CAST(x AS varchar(n)): the first n characters.
Result<std::string> Cut(std::string_view text, int64_t length);
/// The same of another type's text: an error if it is longer.
Result<std::string> Fit(std::string_view text, int64_t length);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachText(Visitor&& visit) {
  visit("like", &Like);
  visit("length", &Length);
  visit("lower", &Lower);
  visit("upper", &Upper);
  visit("reverse", &Reverse);
  visit("trim", &Trim);
  visit("ltrim", &TrimLeft);
  visit("rtrim", &TrimRight);
  visit("chr", &Chr);
  visit("codepoint", &CodePoint);
  visit("lpad", &PadLeft);
  visit("rpad", &PadRight);
  visit("remove", &Remove);
  visit("replace", &Replace);
  visit("split_part", &SplitPart);
  visit("split", &Split);
  visit("split_up_to", &SplitUpTo);
  visit("strpos", &Position);
  visit("strpos_of", &PositionOf);
  visit("strrpos", &LastPosition);
  visit("strrpos_of", &LastPositionOf);
  visit("substr", &Substring);
  visit("substr_of", &SubstringOf);
  visit("starts_with", &StartsWith);
  visit("translate", &Translate);
  visit("hamming_distance", &HammingDistance);
  visit("levenshtein_distance", &LevenshteinDistance);
  visit("cut", &Cut);
  visit("fit", &Fit);
}

}  // namespace tidemark::sql::kernels
