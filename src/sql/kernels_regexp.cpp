// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels_regexp.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/regex.h"
#include "sql/kernels_internal.h"

namespace tidemark::sql::kernels {
namespace {

/// Patterns are nearly always the same from row to row; compiling one costs thousands of rows. A
/// thread's last ones are kept: a cache, of no effect on results.
Result<Regex> Compiled(std::string_view pattern) {
  constexpr size_t kKept = 4;
  thread_local std::vector<Regex> recent;  // newest first
  const auto same = [&](const Regex& regex) { return regex.pattern() == pattern; };
  const auto found = std::find_if(recent.begin(), recent.end(), same);
  if (found != recent.end()) {
    std::rotate(recent.begin(), found, found + 1);
    return recent.front();
  }
  TM_ASSIGN_OR_RETURN(Regex regex, Regex::Compile(pattern));
  if (recent.size() == kKept) recent.pop_back();
  recent.insert(recent.begin(), regex);
  return regex;
}

/// Calls visit(match) for each match from left to right; after an empty one the search goes on one
/// character further, as java.util.regex.Matcher.find does.
template <typename Visit>
Result<void> ForEachMatch(const Regex& regex, std::string_view text, Visit visit) {
  RegexMatch match;
  size_t from = 0;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool found, regex.Find(text, from, match));
    if (!found) return {};
    TM_RETURN_IF_ERROR(visit(match));
    from = match.end();
    if (match.end() > match.start()) continue;
    if (from >= text.size()) return {};
    from += CharacterBytes(text, from);
  }
}

Result<void> CheckGroup(const Regex& regex, int64_t group) {
  if (group < 0) return Invalid("Group cannot be negative");
  if (group <= int64_t{regex.group_count()}) return {};
  return Invalid(
      fmt::format("Pattern has {} groups. Cannot access group {}", regex.group_count(), group));
}

std::optional<std::string> GroupOf(std::string_view text, const RegexMatch& match, size_t group) {
  if (match.groups[group].first == RegexMatch::npos) return std::nullopt;
  return std::string(match.Group(text, group));
}

Error Illegal(std::string_view what) {
  return Invalid(fmt::format("Illegal replacement sequence: {}", what));
}

/// Reads a replacement once per match.
class Replacement {
 public:
  Replacement(std::string_view text, const Regex& regex) : in_(text), regex_(regex) {}

  Result<void> Append(std::string_view subject, const RegexMatch& match, std::string& out) const {
    for (size_t at = 0; at < in_.size();) {
      const char c = in_[at++];
      if (c == '\\') {
        if (at == in_.size()) return Illegal("\\");
        out += in_[at++];
      } else if (c != '$') {
        out += c;
      } else {
        TM_ASSIGN_OR_RETURN(const size_t group, Group(at));
        out += match.Group(subject, group);
      }
    }
    return CheckSize(out.size());
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  /// Behind a '$'; moves `at` behind the group.
  Result<size_t> Group(size_t& at) const {
    if (at == in_.size()) return Illegal("$");
    if (in_[at] == '{') return Named(at);
    if (!IsDigit(in_[at])) return Illegal(in_.substr(at - 1, 2));
    auto group = static_cast<size_t>(in_[at++] - '0');
    if (group > regex_.group_count()) return Illegal(fmt::format("unknown group {}", group));
    // As many digits as still name a group.
    while (at < in_.size() && IsDigit(in_[at])) {
      const size_t longer = group * 10 + static_cast<size_t>(in_[at] - '0');
      if (longer > regex_.group_count()) break;
      group = longer;
      ++at;
    }
    return group;
  }

  Result<size_t> Named(size_t& at) const {
    const size_t close = in_.find('}', at);
    if (close == std::string_view::npos) return Illegal(in_.substr(at - 1));
    const std::string_view name = in_.substr(at + 1, close - at - 1);
    const uint32_t group = regex_.GroupNumber(name);
    if (group == 0) return Illegal(fmt::format("unknown group {{{}}}", name));
    at = close + 1;
    return group;
  }

  std::string_view in_;
  const Regex& regex_;
};

}  // namespace

Result<bool> RegexpLike(std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  return regex.Matches(text);
}

Result<int64_t> RegexpCount(std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  int64_t count = 0;
  TM_RETURN_IF_ERROR(ForEachMatch(regex, text, [&](const RegexMatch&) -> Result<void> {
    ++count;
    return {};
  }));
  return count;
}

Result<std::optional<std::string>> RegexpExtract(std::string_view text, std::string_view pattern) {
  return RegexpExtractGroup(text, pattern, 0);
}

Result<std::optional<std::string>> RegexpExtractGroup(std::string_view text,
                                                      std::string_view pattern, int64_t group) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  if (group < 0) return Invalid("Group cannot be negative");
  if (group > int64_t{regex.group_count()}) {
    return Invalid(
        fmt::format("Pattern has {} groups. Cannot access group {}", regex.group_count(), group));
  }
  RegexMatch match;
  TM_ASSIGN_OR_RETURN(const bool found, regex.Find(text, 0, match));
  if (!found) return std::optional<std::string>();
  return GroupOf(text, match, static_cast<size_t>(group));
}

Result<std::string> RegexpRemove(std::string_view text, std::string_view pattern) {
  return RegexpReplace(text, pattern, "");
}

Result<std::string> RegexpReplace(std::string_view text, std::string_view pattern,
                                  std::string_view replacement) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  const Replacement by(replacement, regex);
  std::string out;
  size_t copied = 0;
  TM_RETURN_IF_ERROR(ForEachMatch(regex, text, [&](const RegexMatch& match) -> Result<void> {
    out += text.substr(copied, match.start() - copied);
    copied = match.end();
    return by.Append(text, match, out);
  }));
  out += text.substr(copied);
  return out;
}

Result<TextList> RegexpExtractAll(std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  TextList out;
  TM_RETURN_IF_ERROR(ForEachMatch(regex, text, [&](const RegexMatch& match) -> Result<void> {
    out.emplace_back(match.Group(text, 0));
    return CheckParts(out.size());
  }));
  return out;
}

Result<std::vector<std::optional<std::string>>> RegexpExtractAllGroup(std::string_view text,
                                                                      std::string_view pattern,
                                                                      int64_t group) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  TM_RETURN_IF_ERROR(CheckGroup(regex, group));
  std::vector<std::optional<std::string>> out;
  TM_RETURN_IF_ERROR(ForEachMatch(regex, text, [&](const RegexMatch& match) -> Result<void> {
    out.push_back(GroupOf(text, match, static_cast<size_t>(group)));
    return CheckParts(out.size());
  }));
  return out;
}

Result<TextList> RegexpSplit(std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  TextList out;
  size_t at = 0;
  TM_RETURN_IF_ERROR(ForEachMatch(regex, text, [&](const RegexMatch& match) -> Result<void> {
    out.emplace_back(text.substr(at, match.start() - at));
    at = match.end();
    return CheckParts(out.size());
  }));
  out.emplace_back(text.substr(at));
  return out;
}

Result<std::vector<std::vector<std::optional<std::string>>>> RegexpGroups(
    std::string_view text, std::string_view pattern) {
  TM_ASSIGN_OR_RETURN(const Regex regex, Compiled(pattern));
  std::vector<std::vector<std::optional<std::string>>> out;
  TM_RETURN_IF_ERROR(ForEachMatch(regex, text, [&](const RegexMatch& match) -> Result<void> {
    auto& groups = out.emplace_back();
    for (size_t i = 1; i < match.groups.size(); ++i) groups.push_back(GroupOf(text, match, i));
    return CheckParts(out.size() * match.groups.size());
  }));
  return out;
}

Result<std::optional<std::string>> Interleave(
    const std::vector<std::optional<std::string_view>>& parts,
    const std::vector<std::optional<std::string_view>>& between) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    out += parts[i].value_or("");
    if (i >= between.size()) continue;
    if (!between[i]) return std::optional<std::string>();
    out += *between[i];
    TM_RETURN_IF_ERROR(CheckSize(out.size()));
  }
  return std::optional(std::move(out));
}

}  // namespace tidemark::sql::kernels
