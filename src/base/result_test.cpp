// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace tidemark {
namespace {

Result<int> Half(int v) {
  if (v % 2 != 0) return Error{Code::kInvalidArgument, "odd"};
  return v / 2;
}

Result<int> Quarter(int v) {
  TM_ASSIGN_OR_RETURN(const int half, Half(v));
  TM_RETURN_IF_ERROR(Half(half));
  return half / 2;
}

TEST(Result, CarriesValuesAndErrors) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error(), (Error{Code::kInvalidArgument, "odd"}));
  EXPECT_EQ(Quarter(3).value_or(-1), -1);
  EXPECT_TRUE(Result<void>().ok());
  Result<std::unique_ptr<int>> moved = std::make_unique<int>(5);
  EXPECT_EQ(*std::move(moved).value(), 5);
}

TEST(Error, WithPutsTheDoingInFront) {
  const Error error{Code::kNoSpace, "No space left on device"};
  EXPECT_EQ(error.With("flush segment 7").message, "flush segment 7: No space left on device");
  EXPECT_EQ(error.With("x").code, Code::kNoSpace);
}

TEST(ResultDeathTest, ValueOfAnErrorAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(Half(1).value(), "check failed");
}

TEST(Code, HasAName) {
  EXPECT_EQ(CodeName(Code::kNoSpace), "no_space");
  EXPECT_EQ(CodeName(Code::kInternal), "internal");
}

}  // namespace
}  // namespace tidemark
