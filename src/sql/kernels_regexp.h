// SPDX-License-Identifier: Apache-2.0
// Regular expressions (timestream-sql.md 5.7; the patterns: base/regex.h). See kernels.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachRegexp(Visitor&& visit) {
  visit("regexp_like", &RegexpLike);
  visit("regexp_count", &RegexpCount);
  visit("regexp_extract", &RegexpExtract);
  visit("regexp_extract_group", &RegexpExtractGroup);
  visit("regexp_remove", &RegexpRemove);
  visit("regexp_replace", &RegexpReplace);
}

}  // namespace tidemark::sql::kernels
