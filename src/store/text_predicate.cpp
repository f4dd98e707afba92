// SPDX-License-Identifier: Apache-2.0
// Conditions on a text: sets, SQL LIKE, byte order, regular expressions.
#include "store/text_predicate.h"

#include <algorithm>

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

Result<TextMatcher> TextMatcher::Compile(const TextPredicate& predicate) {
  using Op = TextPredicate::Op;
  TextMatcher out;
  out.op_ = predicate.op;
  out.values_ = predicate.values;
  out.like_escape_ = predicate.like_escape;
  switch (predicate.op) {
    case Op::kNotIn:
      out.op_ = Op::kIn;
      break;
    case Op::kNotLike:
      out.op_ = Op::kLike;
      break;
    case Op::kNotRegex:
      out.op_ = Op::kRegex;
      break;
    default:
      break;
  }
  out.negated_ = out.op_ != predicate.op;
  if (out.op_ == Op::kIn) {
    std::sort(out.values_.begin(), out.values_.end());
    out.values_.erase(std::unique(out.values_.begin(), out.values_.end()), out.values_.end());
    return out;
  }
  if (out.values_.size() != 1)
    return Error{Code::kInvalidArgument, "a condition on text needs exactly one value"};
  if (out.op_ == Op::kRegex) {
    TM_ASSIGN_OR_RETURN(out.regex_, Regex::Compile(out.values_.front()));
  }
  return out;
}

Result<bool> TextMatcher::MatchesPositive(std::string_view text) const {
  using Op = TextPredicate::Op;
  switch (op_) {
    case Op::kIn:
      return std::binary_search(values_.begin(), values_.end(), text);
    case Op::kLike:
      return Like(text, values_.front(), like_escape_);
    case Op::kRegex:
      return regex_->Matches(text);
    case Op::kLess:
      return text < values_.front();
    case Op::kLessEqual:
      return text <= values_.front();
    case Op::kGreater:
      return text > values_.front();
    case Op::kGreaterEqual:
      return text >= values_.front();
    case Op::kNotIn:
    case Op::kNotLike:
    case Op::kNotRegex:
      break;  // Compile() turned them round
  }
  TM_UNREACHABLE();
}

bool TextPredicate::Matches(std::string_view text) const {
  const auto matcher = TextMatcher::Compile(*this);
  return matcher.ok() && matcher->Matches(text).value_or(false);
}

}  // namespace tidemark::store
