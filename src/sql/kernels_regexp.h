// SPDX-License-Identifier: Apache-2.0
// Regular expressions (timestream-sql.md 5.7; the patterns: base/regex.h). See kernels.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::sql::kernels {

/// Whether `pattern` is found anywhere in `text`, as the store's kRegex predicate.
Result<bool> RegexpLike(std::string_view text, std::string_view pattern);
Result<int64_t> RegexpCount(std::string_view text, std::string_view pattern);
/// The first match; none if there is none.
Result<std::optional<std::string>> RegexpExtract(std::string_view text, std::string_view pattern);
/// Its group; none if that took no part.
Result<std::optional<std::string>> RegexpExtractGroup(std::string_view text,
                                                      std::string_view pattern, int64_t group);
Result<std::string> RegexpRemove(std::string_view text, std::string_view pattern);
/// `replacement`: $1, ${name}, and \ before a character that stands for itself.
Result<std::string> RegexpReplace(std::string_view text, std::string_view pattern,
                                  std::string_view replacement);

using TextList = std::vector<std::string>;
/// All matches, or one group of each; none for a group that took no part.
Result<TextList> RegexpExtractAll(std::string_view text, std::string_view pattern);
Result<std::vector<std::optional<std::string>>> RegexpExtractAllGroup(std::string_view text,
                                                                      std::string_view pattern,
                                                                      int64_t group);
/// What stands between matches: one more than there are.
Result<TextList> RegexpSplit(std::string_view text, std::string_view pattern);
/// The groups 1, 2, .. of each match.
Result<std::vector<std::vector<std::optional<std::string>>>> RegexpGroups(std::string_view text,
                                                                          std::string_view pattern);
/// Puts a text between each two parts; none if one of them is null.
Result<std::optional<std::string>> Interleave(
    const std::vector<std::optional<std::string_view>>& parts,
    const std::vector<std::optional<std::string_view>>& between);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachRegexp(Visitor&& visit) {
  visit("regexp_like", &RegexpLike);
  visit("regexp_count", &RegexpCount);
  visit("regexp_extract", &RegexpExtract);
  visit("regexp_extract_group", &RegexpExtractGroup);
  visit("regexp_extract_all", &RegexpExtractAll);
  visit("regexp_extract_all_group", &RegexpExtractAllGroup);
  visit("regexp_split", &RegexpSplit);
  visit("regexp_groups", &RegexpGroups);
  visit("interleave", &Interleave);
  visit("regexp_remove", &RegexpRemove);
  visit("regexp_replace", &RegexpReplace);
}

}  // namespace tidemark::sql::kernels
