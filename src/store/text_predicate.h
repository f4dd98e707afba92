// SPDX-License-Identifier: Apache-2.0
// A TextPredicate made ready for many texts: sets sorted, patterns compiled. Immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/result.h"
#include "store/store.h"

namespace tidemark::store {

class TextMatcher {
 public:
  /// kInvalidArgument: not one value where the operator takes one, or a pattern that is wrong (the
  /// message names pattern, fault and place).
  static Result<TextMatcher> Compile(const TextPredicate& predicate);

  /// kResourceExhausted: a regular expression takes too many steps on `text`.
  Result<bool> Matches(std::string_view text) const {
    TM_ASSIGN_OR_RETURN(const bool positive, MatchesPositive(text));
    return positive != negated_;
  }

  /// kNotIn, kNotLike, kNotRegex: Matches() is the opposite of MatchesPositive().
  bool negated() const { return negated_; }
  Result<bool> MatchesPositive(std::string_view text) const;
  /// The only texts that MatchesPositive() (sorted, distinct), or null: it has to be asked.
  const std::vector<std::string>* exact() const {
    return op_ == TextPredicate::Op::kIn ? &values_ : nullptr;
  }

 private:
  TextPredicate::Op op_ = TextPredicate::Op::kIn;  // never a negated one
  bool negated_ = false;
  char like_escape_ = '\0';
  std::vector<std::string> values_;
  std::optional<Regex> regex_;
};

}  // namespace tidemark::store
