// SPDX-License-Identifier: Apache-2.0
#include "sql/statements.h"

#include <algorithm>

namespace tidemark::sql {
namespace {

/// Where the comment or quoted text at `at` ends; `at` if none begins there.
size_t EndOfQuoted(std::string_view text, size_t at) {
  const auto behind = [&](size_t end, size_t mark) {
    return end == std::string_view::npos ? text.size() : end + mark;
  };
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("--")) return behind(text.find('\n', at), 0);
  if (rest.starts_with("/*")) return behind(text.find("*/", at + 2), 2);
  // A doubled quote ends one text and begins the next, which is as good here.
  if (rest.front() == '\'' || rest.front() == '"') {
    return behind(text.find(rest.front(), at + 1), 1);
  }
  return at;
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::vector<StatementSpan> SplitStatements(std::string_view text) {
  std::vector<StatementSpan> out;
  StatementSpan current;
  bool open = false;
  for (size_t at = 0; at < text.size();) {
    const bool comment = text.substr(at).starts_with("--") || text.substr(at).starts_with("/*");
    const size_t end = std::max(EndOfQuoted(text, at), at + 1);
    if (text[at] == ';' && end == at + 1) {
      if (open) out.push_back(current);
      open = false;
    } else if (!comment && !IsBlank(text[at])) {
      if (!open) current.begin = at;
      open = true;
      current.end = end;
    }
    at = end;
  }
  if (open) out.push_back(current);
  return out;
}

}  // namespace tidemark::sql
