// SPDX-License-Identifier: Apache-2.0
// The connection inspector: console-ux.md 5.8, web/API.md section 9.
#include "api/console/hand_shakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/test_console.h"
#include "base/sim/sim_clock.h"

namespace tidemark::console {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

http::CallSeen Good() {
  return {.peer = "127.0.0.1:52100",
          .agent = "Boto3/1.43.2 md/Botocore#1.43.2 ua/2.0",
          .target = "Kinesis_20131202.PutRecords",
          .authorization =
              "AWS4-HMAC-SHA256 Credential=AKID/20231114/us-east-1/kinesis/aws4_request, x",
          .content_type = "application/x-amz-json-1.1",
          .status = 200,
          .body = "{}"};
}

struct Fixture {
  sim::SimClock clock;
  HandShakes shakes{clock, "us-east-1"};

  std::string Sentence(const http::CallSeen& call) {
    shakes.OnCall(call);
    return shakes.List().front().sentence;
  }
};

TEST(HandShakes, EqualOnesAreCountedAndTheNewestComesFirst) {
  Fixture t;
  t.shakes.OnCall(Good());
  t.clock.Advance(seconds(1));
  auto other = Good();
  other.target = "Timestream_20181101.Query";
  t.shakes.OnCall(other);
  t.clock.Advance(seconds(1));
  auto again = Good();
  again.peer = "127.0.0.1:60000";  // another connection of the same client
  t.shakes.OnCall(again);
  const auto list = t.shakes.List();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].count, 2U);
  EXPECT_EQ(list[0].library, "Boto3");
  EXPECT_EQ(list[0].version, "1.43.2");
  EXPECT_EQ(list[0].service, "kinesis");
  EXPECT_EQ(list[0].operation, "PutRecords");
  EXPECT_EQ(list[0].peer, "127.0.0.1");
  EXPECT_TRUE(list[0].has_signature);
  EXPECT_EQ(list[0].last.ms - list[0].first.ms, 2000);
  EXPECT_THAT(list[0].sentence, IsEmpty());
  EXPECT_EQ(list[1].service, "timestream-query");
}

TEST(HandShakes, FailuresHaveASentence) {
  Fixture t;
  auto call = Good();
  call.status = 400;
  call.body = R"({"__type":"com.x#ResourceNotFoundException","message":"m"})";
  EXPECT_THAT(t.Sentence(call), HasSubstr("does not exist here"));
  EXPECT_EQ(t.shakes.List().front().code, "ResourceNotFoundException");
  call.body = "not json";
  EXPECT_FALSE(t.Sentence(call).empty());
  EXPECT_EQ(t.shakes.List().front().count, 2U) << "described anew, counted on";
  call.content_type = "application/x-amz-cbor-1.1";
  EXPECT_THAT(t.Sentence(call), HasSubstr("CBOR"));
  auto early =
      http::CallSeen{.peer = "127.0.0.1:1", .opening = http::Opening::kHttp2, .status = 505};
  EXPECT_THAT(t.Sentence(early), HasSubstr("HTTP/2"));
  early.opening = http::Opening::kTls;
  early.status = 400;
  EXPECT_THAT(t.Sentence(early), HasSubstr("TLS to a plain port"));
  EXPECT_EQ(t.shakes.List().front().protocol, "TLS");
}

TEST(HandShakes, SkewAndForeignRegionAreToldThoughNothingFailed) {
  Fixture t;
  auto call = Good();
  const auto date = [&](nanoseconds ahead) {
    std::string text = FormatSqlTimestamp(t.clock.Now().AsEventTime() + ahead).substr(0, 19);
    std::erase(text, '-');
    std::erase(text, ':');
    text[8] = 'T';
    return text + "Z";
  };
  const std::string ahead = date(seconds(900));
  call.date = ahead;
  EXPECT_THAT(t.Sentence(call), HasSubstr("clock is 9"));
  EXPECT_THAT(t.Sentence(call), HasSubstr("ahead"));
  Fixture fresh;
  const std::string right = date(seconds(2));
  call.date = right;
  EXPECT_THAT(fresh.Sentence(call), IsEmpty());
  call.target = "Kinesis_20131202.ListShards";
  call.authorization =
      "AWS4-HMAC-SHA256 Credential=AKID/20231114/eu-west-1/kinesis/aws4_request, x";
  EXPECT_THAT(fresh.Sentence(call), HasSubstr("eu-west-1"));
}

TEST(HandShakes, DiscoveryThatNothingFollowsIsTold) {
  Fixture t;
  auto discovery = Good();
  discovery.target = "Timestream_20181101.DescribeEndpoints";
  EXPECT_THAT(t.Sentence(discovery), IsEmpty()) << "it may be on its way";
  t.clock.Advance(seconds(11));
  EXPECT_THAT(t.shakes.List().front().sentence, HasSubstr("did not come back"));
  auto query = Good();
  query.target = "Timestream_20181101.Query";
  t.shakes.OnCall(query);
  EXPECT_THAT(t.shakes.List().back().sentence, IsEmpty());
}

TEST(HandShakes, AreBoundedAndTextsCut) {
  Fixture t;
  for (int i = 0; i < 1000; ++i) {
    auto call = Good();
    const std::string agent = "lib/" + std::to_string(i) + std::string(10'000, 'x');
    call.agent = agent;
    t.shakes.OnCall(call);
  }
  const auto list = t.shakes.List();
  EXPECT_EQ(list.size(), kHandShakesMax);
  EXPECT_EQ(list.front().agent.size(), kAgentBytesMax);
  EXPECT_LE(list.front().version.size(), kAgentBytesMax);
  EXPECT_TRUE(list.front().agent.starts_with("lib/999"));
  EXPECT_TRUE(list.back().agent.starts_with("lib/800"));
}

TEST(HandShakes, AreListedByTheConsole) {
  TestConsole t;
  auto call = Good();
  call.agent = "<b>/1 x";
  t.hand_shakes.OnCall(call);
  const auto answer = t.Get("/api/v1/connections");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_THAT(answer.text,
              HasSubstr(R"("count":"1","peer":"127.0.0.1","library":"<b>","version":"1")"));
  EXPECT_THAT(
      answer.text,
      HasSubstr(
          R"("operation":"PutRecords","signed":true,"status":200,"code":null,"ok":true,"sentence":null)"));
}

}  // namespace
}  // namespace tidemark::console
