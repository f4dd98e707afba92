// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"

namespace tidemark::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Result<std::unique_ptr<Server>> ServePaths(MetricRegistry& metrics, ServerOptions options = {}) {
  return Server::Start(
      std::move(options),
      [](Request request, Responder responder) {
        responder.Send(MakeResponse(200, "text/plain", request.method + request.path));
      },
      metrics);
}

TEST(HttpClient, ReusesItsConnection) {
  MetricRegistry metrics;
  const auto server = ServePaths(metrics);
  ASSERT_TRUE(server.ok());
  auto client = Client::Connect("http://" + (*server)->address() + "/");
  ASSERT_TRUE(client.ok()) << client.error().message;
  EXPECT_EQ((*client)->url(), "http://" + (*server)->address());
  for (const char* method : {"GET", "POST", "HEAD", "DELETE", "GET"}) {
    const auto response = (*client)->Send({.method = method, .path = "/x"});
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->body, std::string_view(method) == "HEAD" ? "" : method + std::string("/x"));
  }
  EXPECT_EQ(metrics.GetCounter("tidemark_http_connections_total", "").value(), 1U);
}

TEST(HttpClient, OpensAgainWhatTheServerClosedWhileIdle) {
  MetricRegistry metrics;
  auto server = ServePaths(metrics);
  ASSERT_TRUE(server.ok());
  const uint16_t port = (*server)->port();
  auto client = Client::Connect("http://" + (*server)->address());
  ASSERT_TRUE((*client)->Send({.method = "GET", .path = "/1"}).ok());
  (*server)->Stop();
  const auto refused = (*client)->Send({.method = "GET", .path = "/2"});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("connection refused"));
  const auto again = ServePaths(metrics, {.port = port});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((*client)->Send({.method = "GET", .path = "/3"})->body, "GET/3");
}

TEST(HttpClient, SaysThatNobodyListensAndWhatToDo) {
  MetricRegistry metrics;
  std::string url;
  {
    const auto server = ServePaths(metrics);
    ASSERT_TRUE(server.ok());
    url = "http://" + (*server)->address();
  }
  const auto client = Client::Connect(url);
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code, Code::kUnavailable);
  EXPECT_THAT(client.error().message,
              AllOf(HasSubstr("cannot reach " + url + ": connection refused"),
                    HasSubstr("is `tidemark serve` running?")));
}

TEST(HttpClient, RefusesWhatIsNoEndpoint) {
  for (const char* url :
       {"", "127.0.0.1:4580", "https://127.0.0.1", "http://", "http://:80", "http://a:b",
        "http://a:0", "http://a:70000", "http://a/path", "http://user@a", "ftp://a"}) {
    const auto client = Client::Connect(url);
    ASSERT_FALSE(client.ok()) << url;
    EXPECT_EQ(client.error().code, Code::kInvalidArgument) << url;
    EXPECT_THAT(client.error().message, HasSubstr("http://127.0.0.1:4580")) << url;
  }
}

TEST(HttpClient, GivesUpOnASilentServer) {
  MetricRegistry metrics;
  std::vector<Responder> kept;  // filled on the network thread, read after Stop()
  const auto server = Server::Start(
      {.stop_timeout = milliseconds(1)},
      [&](Request, Responder responder) { kept.push_back(std::move(responder)); }, metrics);
  ASSERT_TRUE(server.ok());
  auto client =
      Client::Connect("http://" + (*server)->address(), {.answer_timeout = milliseconds(20)});
  const auto response = (*client)->Send({.method = "GET", .path = "/"});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::kDeadlineExceeded);
  (*server)->Stop();
}

}  // namespace
}  // namespace tidemark::http
