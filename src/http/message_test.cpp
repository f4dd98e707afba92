// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/core_internal.h"
#include "http/testing/recorder.h"

namespace tidemark::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Headers, FindWithoutCaseAndReplace) {
  Headers headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  EXPECT_EQ(headers.Find("content-TYPE"), "a");
  EXPECT_EQ(headers.Find("x"), "1");
  EXPECT_EQ(headers.Find("y"), std::nullopt);
  headers.Set("X", "3");
  EXPECT_THAT(headers.fields(), ElementsAre(Pair("Content-Type", "a"), Pair("X", "3")));
}

TEST(Request, DecodesQueryAndPath) {
  const Request request{.method = "GET",
                        .path = "/api/v1/a%2Fb//c%zz%4",
                        .query = "measure=cpu%20x&a+b=1+2&&flag&=v&e="};
  EXPECT_THAT(request.PathSegments(), ElementsAre("api", "v1", "a/b", "c%zz%4"));
  EXPECT_THAT(request.DecodedQuery(), ElementsAre(Pair("measure", "cpu x"), Pair("a b", "1 2"),
                                                  Pair("flag", ""), Pair("", "v"), Pair("e", "")));
  EXPECT_EQ(request.QueryValue("flag"), "");
  EXPECT_EQ(request.QueryValue("none"), std::nullopt);
}

TEST(Message, PercentEncodingComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(PercentDecode(PercentEncode(all)), all);
  EXPECT_EQ(PercentEncode("a b/ü~"), "a%20b%2F%C3%BC~");
  EXPECT_EQ(PercentDecode("a+b%"), "a+b%");
}

TEST(Message, ErrorResponseIsJsonWhateverTheText) {
  EXPECT_EQ(MakeErrorResponse(404, "not_found", "no \"x\\\"\n").body,
            "{\"error\":{\"code\":\"not_found\",\"status\":404,"
            "\"message\":\"no \\\"x\\\\\\\"\\u000a\",\"retryable\":false}}\n");
}

TEST(Message, DateIsThatOfRfc9110) {
  EXPECT_EQ(FormatHttpDate(ArrivalTime{784'111'777'999}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Recorder, KeepsAnswersDropsAndStreams) {
  Recorder sent;
  sent.MakeResponder().Send(MakeResponse(204, "a/b", "x"));
  EXPECT_EQ(sent.Wait().status, 204);
  Recorder dropped;
  {
    const Responder responder = dropped.MakeResponder();
  }
  EXPECT_EQ(dropped.Wait().status, 500);
  Recorder streaming;
  const auto stream = streaming.MakeResponder().StartStream();
  EXPECT_TRUE(stream->Write("a"));
  streaming.Disconnect();
  EXPECT_FALSE(stream->Write("b"));
  EXPECT_EQ(streaming.streamed(), "a");
}

}  // namespace
}  // namespace tidemark::http
