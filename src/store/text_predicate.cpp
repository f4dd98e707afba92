// SPDX-License-Identifier: Apache-2.0
// Conditions on a text: sets, SQL LIKE and byte order.
#include <algorithm>

#include "store/store.h"

namespace tidemark::store {
namespace {

// Bytes of the UTF-8 sequence that starts with `lead`; a stray byte counts as one character.
size_t CharacterBytes(char lead) {
  const auto byte = static_cast<uint8_t>(lead);
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  if (byte >= 0xc0) return 2;
  return 1;
}

struct LikeCursor {
  std::string_view pattern;
  char escape;
  size_t at = 0;

  bool AtEnd() const { return at >= pattern.size(); }
  bool AtPercent() const { return !AtEnd() && pattern[at] == '%' && !(escape == '%'); }
  // Matches one pattern element (not '%') against the head of `text`; returns the bytes used, or 0.
  size_t MatchOne(std::string_view text) {
    if (AtEnd() || text.empty()) return 0;
    const char c = pattern[at];
    if (escape != '\0' && c == escape && at + 1 < pattern.size()) {
      if (text.front() != pattern[at + 1]) return 0;
      at += 2;
      return 1;
    }
    if (c == '_') {
      ++at;
      return std::min(CharacterBytes(text.front()), text.size());
    }
    if (text.front() != c) return 0;
    ++at;
    return 1;
  }
};

// Greedy with one step back to the last '%': linear for patterns seen in practice, never recursive.
bool Like(std::string_view text, std::string_view pattern, char escape) {
  LikeCursor cursor{pattern, escape};
  size_t t = 0;
  size_t star_pattern = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (cursor.AtPercent()) {
      star_pattern = ++cursor.at;
      star_text = t;
      continue;
    }
    const size_t used = cursor.MatchOne(text.substr(t));
    if (used > 0) {
      t += used;
      continue;
    }
    if (star_pattern == std::string_view::npos) return false;
    star_text += std::min(CharacterBytes(text[star_text]), text.size() - star_text);
    t = star_text;
    cursor.at = star_pattern;
  }
  while (cursor.AtPercent()) ++cursor.at;
  return cursor.AtEnd();
}

}  // namespace

bool TextPredicate::Matches(std::string_view text) const {
  switch (op) {
    case Op::kIn:
      return std::find(values.begin(), values.end(), text) != values.end();
    case Op::kNotIn:
      return std::find(values.begin(), values.end(), text) == values.end();
    default:
      break;
  }
  if (values.size() != 1) return false;
  const std::string_view bound = values.front();
  switch (op) {
    case Op::kLike:
      return Like(text, bound, like_escape);
    case Op::kNotLike:
      return !Like(text, bound, like_escape);
    case Op::kLess:
      return text < bound;
    case Op::kLessEqual:
      return text <= bound;
    case Op::kGreater:
      return text > bound;
    case Op::kGreaterEqual:
      return text >= bound;
    default:
      return false;
  }
}

}  // namespace tidemark::store
