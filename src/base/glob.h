// SPDX-License-Identifier: Apache-2.0
// Patterns of file names, for names and dimensions. A pure function.
#pragma once

#include <string_view>

namespace tidemark {

/// '*' matches any text, '?' one byte; the whole text has to match.
bool MatchesGlob(std::string_view pattern, std::string_view text);
/// Whether there is a text that both patterns match.
bool GlobsMeet(std::string_view a, std::string_view b);

}  // namespace tidemark
