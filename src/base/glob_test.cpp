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

}  // namespace
}  // namespace tidemark
