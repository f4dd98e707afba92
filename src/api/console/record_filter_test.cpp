// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/record_filter_internal.h"

namespace tidemark::console {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kPayload =
    R"({"region":"us-east-1","cpu":{"user":"90.5","n":7},"tags":["x","y z"],"a b":null,"on":true})";

bool Matches(std::string_view filter) {
  const auto parsed = RecordFilter::Parse(filter);
  EXPECT_TRUE(parsed.ok()) << filter << ": " << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() && parsed->Matches(kPayload, "key-7");
}

TEST(RecordFilter, LooksForTextInPayloadAndKey) {
  EXPECT_TRUE(Matches("us-east"));
  EXPECT_TRUE(Matches("key-7"));
  EXPECT_FALSE(Matches("eu-west"));
}

TEST(RecordFilter, ComparesWhatAPathFinds) {
  EXPECT_TRUE(Matches("$.region = us-east-1"));
  EXPECT_TRUE(Matches("$.region='us-east-1'"));
  EXPECT_TRUE(Matches("$.region != x"));
  EXPECT_TRUE(Matches("$.region contains east"));
  EXPECT_TRUE(Matches("$.cpu.user >= 90"));   // a number in a string is one
  EXPECT_FALSE(Matches("$.cpu.user > 100"));  // not by text, where "9" is after "1"
  EXPECT_FALSE(Matches("$.cpu.user > '100.5x'") && Matches("$.cpu.n < 7"));
  EXPECT_TRUE(Matches("$.cpu.n <= 7"));
  EXPECT_TRUE(Matches("$.cpu['n'] == 7.0"));
  EXPECT_TRUE(Matches("$.tags[1] = y z"));
  EXPECT_TRUE(Matches("$['a b'] = null"));
  EXPECT_TRUE(Matches("$.on = true"));
}

TEST(RecordFilter, DoesNotMatchWhatIsNotThere) {
  EXPECT_FALSE(Matches("$.nope != x"));
  EXPECT_FALSE(Matches("$.tags[2] = x"));
  EXPECT_FALSE(Matches("$.region[0] = u"));
  EXPECT_FALSE(RecordFilter::Parse("$.a = 1")->Matches("no json", ""));
}

TEST(RecordFilter, SaysWhatIsWrong) {
  for (const char* bad : {"$", "$.", "$.a", "$.a ~ 1", "$.a[", "$.a[x] = 1"}) {
    EXPECT_FALSE(RecordFilter::Parse(bad).ok()) << bad;
  }
  EXPECT_THAT(RecordFilter::Parse("$.a").error().message, HasSubstr("contains"));
}

TEST(RecordFilter, ReadsTimesByTheirForm) {
  const auto at = [](std::string_view json) {
    const auto time =
        TimeOfJson(ParseJson("{\"t\":" + std::string(json) + "}")->object()[0].second);
    return time ? time->ns : -1;
  };
  constexpr int64_t kNs = 1'768'494'378'000'000'000;
  EXPECT_EQ(at("1768494378"), kNs);
  EXPECT_EQ(at("\"1768494378\""), kNs);
  EXPECT_EQ(at("1768494378.5"), kNs + 500'000'000);
  EXPECT_EQ(at("1768494378000"), kNs);
  EXPECT_EQ(at("1768494378000000"), kNs);
  EXPECT_EQ(at("1768494378000000001"), kNs + 1);
  EXPECT_EQ(at("\"2026-01-15T16:26:18Z\""), kNs);
  EXPECT_EQ(at("\"2026-01-15 16:26:18.000000001\""), kNs + 1);
  EXPECT_EQ(at("\"soon\""), -1);
  EXPECT_EQ(at("true"), -1);
  EXPECT_EQ(at("9e300"), -1);
}

}  // namespace
}  // namespace tidemark::console
