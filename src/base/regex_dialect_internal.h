// SPDX-License-Identifier: Apache-2.0
// Java's regular expressions in PCRE2's words. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark {

struct TranslatedPattern {
  std::string text;
  /// Where a translated piece begins: byte of `text`, byte of the pattern. Ascending.
  std::vector<std::pair<size_t, size_t>> origins;

  size_t OriginOf(size_t at) const;
};

struct DialectError {
  std::string what;
  size_t at = 0;  // byte of the pattern
};

/// What PCRE2 would take for something else than Java does is an error that names it; the rest of
/// the syntax is left to PCRE2 to judge. Null message: fine.
DialectError TranslatePattern(std::string_view pattern, TranslatedPattern& out);

}  // namespace tidemark
