// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "store/store.h"

namespace tidemark::store {
namespace {

TextPredicate P(TextPredicate::Op op, std::vector<std::string> values, char escape = '\0') {
  return {op, std::move(values), escape};
}
using Op = TextPredicate::Op;

TEST(TextPredicate, ComparesSetsAndOrder) {
  EXPECT_TRUE(P(Op::kIn, {"a", "b"}).Matches("b"));
  EXPECT_FALSE(P(Op::kIn, {}).Matches("b"));
  EXPECT_TRUE(P(Op::kNotIn, {"a"}).Matches("b"));
  EXPECT_TRUE(P(Op::kLess, {"b"}).Matches("a"));
  EXPECT_FALSE(P(Op::kLess, {"b"}).Matches("b"));
  EXPECT_TRUE(P(Op::kLessEqual, {"b"}).Matches("b"));
  EXPECT_TRUE(P(Op::kGreater, {"b"}).Matches("b0"));
  EXPECT_TRUE(P(Op::kGreaterEqual, {"b"}).Matches("b"));
}

TEST(TextPredicate, LikeMatchesWholeText) {
  EXPECT_TRUE(P(Op::kLike, {"i-%"}).Matches("i-42"));
  EXPECT_FALSE(P(Op::kLike, {"i-"}).Matches("i-42"));
  EXPECT_TRUE(P(Op::kLike, {"%"}).Matches(""));
  EXPECT_TRUE(P(Op::kLike, {"%a%b_"}).Matches("xxaybbc"));
  EXPECT_FALSE(P(Op::kLike, {"_"}).Matches(""));
  EXPECT_TRUE(P(Op::kNotLike, {"a%"}).Matches("b"));
}

TEST(TextPredicate, UnderscoreIsOneCharacterOfUtf8) {
  EXPECT_TRUE(P(Op::kLike, {"_"}).Matches("\xc3\xa9"));
  EXPECT_FALSE(P(Op::kLike, {"__"}).Matches("\xc3\xa9"));
}

TEST(TextPredicate, EscapeTakesTheNextByteLiterally) {
  EXPECT_TRUE(P(Op::kLike, {"100\\%"}, '\\').Matches("100%"));
  EXPECT_FALSE(P(Op::kLike, {"100\\%"}, '\\').Matches("1000"));
  EXPECT_TRUE(P(Op::kLike, {"%\\_x"}, '\\').Matches("a_x"));
}

TEST(MatchesTemplate, NeedsOneByteInTheHole) {
  EXPECT_TRUE(MatchesTemplate("avg_{measure}", "avg_cpu"));
  EXPECT_FALSE(MatchesTemplate("avg_{measure}", "avg_"));
  EXPECT_FALSE(MatchesTemplate("avg_{measure}", "cpu"));
  EXPECT_TRUE(MatchesTemplate("{measure}_5m", "cpu_5m"));
  EXPECT_FALSE(MatchesTemplate("aba{measure}aba", "ababa"));
  EXPECT_TRUE(MatchesTemplate("fixed", "fixed"));
}

}  // namespace
}  // namespace tidemark::store
