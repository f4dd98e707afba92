// SPDX-License-Identifier: Apache-2.0
// Regular expressions over UTF-8 texts, by PCRE2 with bounds: a pattern that backtracks without end
// is an error, never a hang. Patterns are Java's: what PCRE2 would read in another way is
// translated (classes of classes, properties, \\u, (?x)) or refused by name; docs/sql.md has the
// list. Bytes that are not UTF-8 match no character class but do no harm.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark {

struct RegexOptions {
  enum class Case : uint8_t { kSensitive, kInsensitive };
  Case letters = Case::kSensitive;
  size_t pattern_bytes_max = 32768;
  uint32_t match_steps_max = 20'000'000;  // backtracking steps of one search, about
  uint32_t heap_kib_max = 8192;           // backtracking state of one search
};

/// Byte ranges of one match. A group that took no part is {npos, npos}.
struct RegexMatch {
  static constexpr size_t npos = static_cast<size_t>(-1);
  std::vector<std::pair<size_t, size_t>> groups;  // [start, end); the whole match is the first

  size_t start() const { return groups.front().first; }
  size_t end() const { return groups.front().second; }
  /// Empty for a group that took no part.
  std::string_view Group(std::string_view text, size_t group) const {
    const auto& [from, to] = groups[group];
    return from == npos ? std::string_view() : text.substr(from, to - from);
  }
};

/// A compiled pattern. Immutable, hence thread-safe; copies share it.
class Regex {
 public:
  /// kInvalidArgument names the pattern, what is wrong and at which byte of it.
  static Result<Regex> Compile(std::string_view pattern, RegexOptions options = {});

  /// Whether the pattern is found anywhere in `text`. kResourceExhausted: it took too many steps.
  Result<bool> Matches(std::string_view text) const;
  /// The first match that starts at byte `from` or behind; false: none. Look-behind and \b see what
  /// lies before `from`. `from` > text.size(): none.
  Result<bool> Find(std::string_view text, size_t from, RegexMatch& match) const;

  const std::string& pattern() const;
  uint32_t group_count() const;  // without the whole match
  /// 0: no group of that name.
  uint32_t GroupNumber(std::string_view name) const;

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}

  std::shared_ptr<const Code> code_;
};

}  // namespace tidemark
