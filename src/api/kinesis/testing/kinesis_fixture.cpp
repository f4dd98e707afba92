// SPDX-License-Identifier: Apache-2.0
#include "api/kinesis/testing/kinesis_fixture.h"

#include <gtest/gtest.h>

namespace tidemark::kinesis {

KinesisFixture::KinesisFixture(KinesisOptions service_options, log::LogOptions log_options)
    : f(1, log_options), options(std::move(service_options)) {
  f.OpenOrDie();
  OpenService();
}

KinesisFixture::~KinesisFixture() = default;

void KinesisFixture::OpenService() {
  service =
      KinesisService::Open({*f.log, *f.catalog, f.clock, random, *f.executor, f.metrics}, options)
          .value();
}

void KinesisFixture::Restart(log::LogFixture::Stop how) {
  service.reset();
  const auto restarted = f.Restart(how);
  ASSERT_TRUE(restarted.ok()) << restarted.error().message;
  OpenService();
}

http::Response KinesisFixture::Call(std::string_view operation, std::string body,
                                    std::string_view content_type) {
  http::Recorder recorder;
  http::Request request{.method = "POST", .path = "/"};
  request.headers.Add("Content-Type", std::string(content_type));
  request.headers.Add("X-Amz-Target", "Kinesis_20131202." + std::string(operation));
  request.body = std::move(body);
  service->Handle(operation, std::move(request), recorder.MakeResponder());
  f.executor->RunUntilIdle();
  const auto response = recorder.response();
  if (!response) {
    ADD_FAILURE() << operation << " was not answered";
    return {};
  }
  return *response;
}

JsonValue KinesisFixture::Ok(std::string_view operation, std::string body) {
  const http::Response response = Call(operation, body);
  EXPECT_EQ(response.status, 200) << operation << " " << body << "\n" << response.body;
  if (response.body.empty()) return {};
  return ParseJson(response.body).value();
}

std::string KinesisFixture::Error(std::string_view operation, std::string body) {
  const http::Response response = Call(operation, std::move(body));
  if (response.status == 200) return "200";
  const JsonValue json = ParseJson(response.body).value();
  const std::string type = json.Find("__type")->string_value();
  EXPECT_EQ(response.headers.Find("x-amzn-errortype"), type);
  EXPECT_EQ(response.status, type == "InternalFailure" ? 500 : 400);
  const JsonValue* message = json.Find("message");
  if (message == nullptr) message = json.Find("Message");
  return message == nullptr ? type : type + ": " + message->string_value();
}

std::string KinesisFixture::Iterator(std::string_view shard_id, std::string_view rest) {
  const JsonValue answer =
      Ok("GetShardIterator", R"({"StreamName":"s","ShardId":")" + std::string(shard_id) + "\"," +
                                 std::string(rest) + "}");
  return answer.Find("ShardIterator")->string_value();
}

}  // namespace tidemark::kinesis
