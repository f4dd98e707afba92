// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <vector>

namespace tidemark {

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // the last '*', and the text it has taken so far
  size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool GlobsMeet(std::string_view a, std::string_view b) {
  // meets[j]: whether the rests a[i..] and b[j..] do; row by row, from the ends.
  std::vector<bool> next(b.size() + 1);
  std::vector<bool> meets(b.size() + 1);
  for (size_t i = a.size() + 1; i-- > 0;) {
    for (size_t j = b.size() + 1; j-- > 0;) {
      const bool more_a = i < a.size();
      const bool more_b = j < b.size();
      if (more_a && a[i] == '*') {
        meets[j] = next[j] || (more_b && meets[j + 1]);
      } else if (more_b && b[j] == '*') {
        meets[j] = meets[j + 1] || (more_a && next[j]);
      } else if (more_a && more_b) {
        meets[j] = next[j + 1] && (a[i] == b[j] || a[i] == '?' || b[j] == '?');
      } else {
        meets[j] = !more_a && !more_b;
      }
    }
    next.swap(meets);
  }
  return next[0];
}

}  // namespace tidemark
