// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(Definition, GlobsMatchWholeNames) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("cpu_*", "cpu_user"));
  EXPECT_TRUE(MatchesGlob("*_*er", "cpu_over_user"));
  EXPECT_TRUE(MatchesGlob("c?u", "cpu"));
  EXPECT_FALSE(MatchesGlob("cpu", "cpu_user"));
  EXPECT_FALSE(MatchesGlob("cpu_*", "disk"));
  EXPECT_FALSE(MatchesGlob("c?u", "cu"));
}

TEST(Glob, TwoMeetWhereSomeTextMatchesBoth) {
  for (const auto& [a, b] : {std::pair("a*", "*b"),
                             {"", "*"},
                             {"a?c", "*bc"},
                             {"*x*", "a*"},
                             {"cpu", "c?u"},
                             {"avg_1m_*", "avg_1m_?*"},
                             {"**", ""}}) {
    EXPECT_TRUE(GlobsMeet(a, b)) << a << " " << b;
    EXPECT_TRUE(GlobsMeet(b, a)) << a << " " << b;
  }
  for (const auto& [a, b] : {std::pair("a*", "b*"),
                             {"", "?"},
                             {"a?", "*bc"},
                             {"*x", "*y"},
                             {"avg_1m_*", "avg_1h_?*"},
                             {"abc", "ab"}}) {
    EXPECT_FALSE(GlobsMeet(a, b)) << a << " " << b;
    EXPECT_FALSE(GlobsMeet(b, a)) << a << " " << b;
  }
}

}  // namespace
}  // namespace tidemark
