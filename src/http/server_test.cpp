// SPDX-License-Identifier: Apache-2.0
// The server over real loopback sockets: what arrives on the wire, for good and for bad peers.
#include "http/server.h"

#include <deque>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "http/client.h"
#include "http/testing/raw_socket.h"

namespace tidemark::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Keeps what must not be answered on the network thread; threads take it from here.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    const MutexLock lock(mutex_);
    values_.push_back(std::move(value));
    changed_.NotifyAll();
  }
  T Take() {
    const MutexLock lock(mutex_);
    while (values_.empty()) changed_.Wait(mutex_);
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<T> values_ TM_GUARDED_BY(mutex_);
};

std::unique_ptr<Server> Serve(Handler handler, MetricRegistry& metrics,
                              ServerOptions options = {}) {
  auto server = Server::Start(std::move(options), std::move(handler), metrics);
  EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().message);
  return std::move(server).value();
}

void Echo(Request request, Responder responder) {
  responder.Send(MakeResponse(200, "text/plain",
                              request.method + " " + request.path + "?" + request.query + " " +
                                  std::to_string(request.body.size()) + "\n" +
                                  (request.body.size() < 100 ? request.body : "")));
}

class HttpServer : public testing::Test {
 protected:
  MetricRegistry metrics_;
};

// Lengths around the small-string bounds of std::string, each on a connection of its own.
TEST_F(HttpServer, ReadsBodiesOfEveryShortLength) {
  const auto server = Serve(Echo, metrics_);
  for (size_t length = 0; length < 130; ++length) {
    RawSocket socket(server->port());
    const std::string body(length, 'x');
    ASSERT_TRUE(socket.Send("POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: " +
                            std::to_string(length) + "\r\n\r\n" + body));
    const std::string answer = socket.ReadResponse();
    ASSERT_THAT(answer, HasSubstr("POST /b? " + std::to_string(length) + "\n"));
    ASSERT_THAT(answer, EndsWith("\n" + (length < 100 ? body : "")));
  }
}

TEST_F(HttpServer, SaysThatThePeerLeftBeforeTheAnswer) {
  Mailbox<std::string> said;
  Mailbox<Responder> waiting;
  const auto server = Serve(
      [&](Request request, Responder responder) {
        responder.OnPeerGone([&said, path = request.path] { said.Put(path); });
        waiting.Put(std::move(responder));
      },
      metrics_);
  RawSocket stays(server->port());
  ASSERT_TRUE(stays.Send("GET /answered HTTP/1.1\r\nHost: t\r\n\r\n"));
  waiting.Take().Send(MakeResponse(200, "text/plain", "x"));
  EXPECT_THAT(stays.ReadResponse(), EndsWith("x"));
  {
    RawSocket leaves(server->port());
    ASSERT_TRUE(leaves.Send("GET /gone HTTP/1.1\r\nHost: t\r\n\r\n"));
    Responder responder = waiting.Take();
    leaves.FinishSending();
    EXPECT_EQ(said.Take(), "/gone");
    responder.Send(MakeResponse(200, "text/plain", "late"));
    EXPECT_THAT(leaves.ReadAll(), EndsWith("late"));
  }
  // The connection that stayed goes on, and its first request is no longer watched.
  ASSERT_TRUE(stays.Send("GET /next HTTP/1.1\r\nHost: t\r\n\r\n"));
  waiting.Take().Send(MakeResponse(200, "text/plain", "y"));
  EXPECT_THAT(stays.ReadResponse(), EndsWith("y"));
}

TEST_F(HttpServer, AnswersWithDateLengthAndKeepsTheConnection) {
  const auto server = Serve(Echo, metrics_);
  RawSocket socket(server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(socket.Send("GET /a/b?x=1 HTTP/1.1\r\nHost: t\r\n\r\n"));
    EXPECT_THAT(socket.ReadResponse(),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "), HasSubstr(" GMT\r\n"),
                      HasSubstr("Content-Length: 15\r\n"), Not(HasSubstr("Connection:")),
                      EndsWith("\r\n\r\nGET /a/b?x=1 0\n")));
  }
  EXPECT_EQ(metrics_.GetCounter("tidemark_http_connections_total", "").value(), 1U);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  Mailbox<std::pair<std::string, Responder>> later;
  const auto server = Serve(
      [&](Request request, Responder responder) {
        if (request.path == "/slow") {
          later.Put({"slow", std::move(responder)});
        } else {
          Echo(std::move(request), std::move(responder));
        }
      },
      metrics_, {.threads = 2});
  RawSocket socket(server->port());
  std::string requests = "POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc";
  for (int i = 0; i < 200; ++i) {
    requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx";
  }
  ASSERT_TRUE(socket.Send(requests));
  later.Take().second.Send(MakeResponse(200, "text/plain", "slow"));
  EXPECT_THAT(socket.ReadResponse(), EndsWith("\r\n\r\nslow"));
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(socket.ReadResponse(), HasSubstr("POST /" + std::to_string(i) + "? 1\nx"));
  }
}

TEST_F(HttpServer, TakesBodiesUpToTheLimitAndRefusesLargerOnes) {
  const auto server = Serve(Echo, metrics_, {.body_bytes_max = 3_MiB});
  auto client = Client::Connect("http://" + server->address());
  ASSERT_TRUE(client.ok());
  const auto post = [&](size_t bytes) {
    return (*client)->Send({.method = "POST", .path = "/", .body = std::string(bytes, 'x')});
  };
  EXPECT_EQ(post(3_MiB)->body, "POST /? 3145728\n");
  const auto refused = post(3_MiB + 1);
  ASSERT_TRUE(refused.ok()) << refused.error().message;
  EXPECT_EQ(refused->status, 413);
  EXPECT_THAT(
      refused->body,
      HasSubstr(R"("status":413,"message":"The request body is larger than 3145728 bytes.")"));
  EXPECT_EQ(refused->headers.Find("Connection"), "close");
  EXPECT_EQ(post(64_MiB)->status, 413);  // all of it in flight while the server refuses
  EXPECT_EQ(post(1)->status, 200);
}

TEST_F(HttpServer, JoinsChunkedBodies) {
  const auto server = Serve(Echo, metrics_, {.body_bytes_max = 10});
  RawSocket socket(server->port());
  const std::string head = "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string good = head + "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char byte : good) ASSERT_TRUE(socket.Send({&byte, 1}));
  EXPECT_THAT(socket.ReadResponse(), EndsWith("POST /? 7\nabcdefg"));
  ASSERT_TRUE(socket.Send(good + good));
  EXPECT_THAT(socket.ReadResponse(), EndsWith("POST /? 7\nabcdefg"));
  EXPECT_THAT(socket.ReadResponse(), EndsWith("POST /? 7\nabcdefg"));
  ASSERT_TRUE(socket.Send(head + "b\r\n0123456789a\r\n0\r\n\r\n"));
  EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServer, RefusesWhatIsNotHttp) {
  const auto server = Serve(Echo, metrics_);
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8), "HTTP/1.1 400 "},  // a TLS hello
      {std::string(300, '\0'), "HTTP/1.1 400 "},
      {"\xff\xfe\xfd garbage \r\n\r\n", "HTTP/1.1 400 "},
      {"GET\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},  // no Host
      {get + "Host: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
      {get + "Host: t\r\nno colon\r\n\r\n", "HTTP/1.1 400 "},
      {"GET nopath HTTP/1.1\r\nHost: t\r\n\r\n", "HTTP/1.1 400 "},
      {get + "Host: t\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
      {get + "Host: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 400 "},
      // Two lengths are how requests are smuggled past a proxy (RFC 9112 6.3).
      {get + "Host: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 "},
      {get + "Host: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
      {get + "Host: t\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
      {get + "Host: t\r\nExpect: miracles\r\n\r\n", "HTTP/1.1 417 "},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 "},
  };
  for (const auto& [bytes, answer] : cases) {
    RawSocket socket(server->port());
    ASSERT_TRUE(socket.Send(bytes));
    socket.FinishSending();
    EXPECT_THAT(socket.ReadAll(), AllOf(StartsWith(answer), HasSubstr("\r\nConnection: close\r\n"),
                                        HasSubstr("\r\n\r\n{\"error\":{")))
        << testing::PrintToString(bytes);
  }
  EXPECT_EQ(metrics_.GetCounter("tidemark_http_refused_total", "").value(), cases.size());
}

TEST_F(HttpServer, RefusesFloodsOfHeaders) {
  const auto server = Serve(Echo, metrics_, {.header_bytes_max = 4_KiB});
  std::string many = "GET / HTTP/1.1\r\nHost: t\r\n";
  while (many.size() < 100'000) many += "X-Flood: 0123456789\r\n";
  for (const std::string& bytes :
       {many, "GET /" + std::string(100'000, 'a'), std::string(100'000, 'G'),
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
            std::string(100'000, 'x')}) {
    RawSocket socket(server->port());
    (void)socket.Send(bytes);
    EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 4")) << bytes.substr(0, 20);
  }
}

TEST_F(HttpServer, SurvivesRandomBytes) {
  const auto server = Serve(Echo, metrics_, {.body_bytes_max = 1_KiB, .header_bytes_max = 1_KiB});
  const std::string seed =
      "POST /x?y=z HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  SeededRandom random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = seed + seed;
    for (uint64_t n = random.Below(4); n-- > 0;) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
    }
    RawSocket socket(server->port());
    (void)socket.Send(bytes);
    socket.FinishSending();
    (void)socket.ReadAll();
  }
  auto client = Client::Connect("http://" + server->address());
  ASSERT_TRUE(client.ok());
  EXPECT_EQ((*client)->Send({.method = "GET", .path = "/"})->status, 200);
}

TEST_F(HttpServer, ShapesItsOwnErrorsAsTheHookSays) {
  const auto server =
      Serve([](Request, Responder) {}, metrics_,
            {.body_bytes_max = 10, .error_response = [](const ErrorContext& context) {
               return MakeResponse(0, "application/x-amz-json-1.1",
                                   context.target + "|" + context.content_type + "|" +
                                       std::to_string(context.status));
             }});
  RawSocket socket(server->port());
  const std::string head =
      "POST / HTTP/1.1\r\nHost: t\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Type: "
      "a/b\r\n";
  ASSERT_TRUE(socket.Send(head + "Content-Length: 1\r\n\r\nx"));
  EXPECT_THAT(socket.ReadResponse(),
              AllOf(StartsWith("HTTP/1.1 500 "), EndsWith("Kinesis_20131202.PutRecord|a/b|500")));
  ASSERT_TRUE(socket.Send(head + "Content-Length: 11\r\n\r\n"));
  EXPECT_THAT(socket.ReadAll(),
              AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("Kinesis_20131202.PutRecord|a/b|413")));
}

TEST_F(HttpServer, AnswersExpectContinueBeforeTheBody) {
  const auto server = Serve(Echo, metrics_, {.body_bytes_max = 10});
  const std::string head = "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: ";
  RawSocket socket(server->port());
  ASSERT_TRUE(socket.Send(head + "3\r\n\r\n"));
  EXPECT_EQ(socket.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(socket.Send("abc"));
  EXPECT_THAT(socket.ReadResponse(), EndsWith("POST /? 3\nabc"));
  ASSERT_TRUE(
      socket.Send(head + "3\r\n\r\nabc"));  // a peer that does not wait needs no interim answer
  EXPECT_THAT(socket.ReadResponse(), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("abc")));
  ASSERT_TRUE(socket.Send(head + "11\r\n\r\n"));
  EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServer, HeadHasTheLengthAndNoBody) {
  const auto server = Serve(Echo, metrics_);
  RawSocket socket(server->port());
  ASSERT_TRUE(socket.Send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(socket.ReadUntil("\r\n\r\n"), HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(socket.ReadResponse(), EndsWith("GET /2? 0\n"));
}

TEST_F(HttpServer, ClosesWhenAskedAndForHttp10) {
  const auto server = Serve(Echo, metrics_);
  for (const std::string request :
       {"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    RawSocket socket(server->port());
    ASSERT_TRUE(socket.Send(request));
    EXPECT_THAT(socket.ReadAll(),
                AllOf(HasSubstr("Connection: close\r\n"), EndsWith("GET /? 0\n")));
  }
  RawSocket socket(server->port());
  ASSERT_TRUE(socket.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_THAT(socket.ReadResponse(), HasSubstr("Connection: keep-alive\r\n"));
}

TEST_F(HttpServer, HandlerCannotSplitTheResponse) {
  const auto server = Serve(
      [](Request, Responder responder) {
        Response response = MakeResponse(200, "text/plain", "ok");
        response.headers.Add("X-Name", "a\r\nSet-Cookie: evil=1");
        response.headers.Add("Content-Length", "99");
        responder.Send(std::move(response));
      },
      metrics_);
  RawSocket socket(server->port());
  ASSERT_TRUE(socket.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(socket.ReadResponse(),
              AllOf(HasSubstr("X-Name: a  Set-Cookie: evil=1\r\n"),
                    HasSubstr("Content-Length: 2\r\n"), Not(HasSubstr("99"))));
}

TEST_F(HttpServer, AnswersFromAnotherThreadLater) {
  Mailbox<Responder> mailbox;
  const auto server =
      Serve([&](Request, Responder responder) { mailbox.Put(std::move(responder)); }, metrics_);
  std::thread worker([&] {
    for (int i = 0; i < 100; ++i) mailbox.Take().Send(MakeResponse(200, "text/plain", "later"));
  });
  auto client = Client::Connect("http://" + server->address());
  ASSERT_TRUE(client.ok());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ((*client)->Send({.method = "GET", .path = "/"})->body, "later");
  }
  worker.join();
}

TEST_F(HttpServer, DroppedResponderAnswers500) {
  const auto server = Serve(
      [](Request request, Responder responder) {
        if (request.path == "/throw") throw std::runtime_error("boom");
        const Responder dropped = std::move(responder);
      },
      metrics_);
  auto client = Client::Connect("http://" + server->address());
  ASSERT_TRUE(client.ok());
  for (const char* path : {"/", "/throw", "/"}) {
    const auto response = (*client)->Send({.method = "GET", .path = path});
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->status, 500);
    EXPECT_THAT(response->body, HasSubstr(R"("code":"internal_server_error")"));
  }
}

TEST_F(HttpServer, LateAnswersAreDroppedWhenPeerOrServerHasGone) {
  Mailbox<Responder> mailbox;
  auto server = Serve([&](Request, Responder responder) { mailbox.Put(std::move(responder)); },
                      metrics_, {.stop_timeout = milliseconds(1)});
  {
    RawSocket socket(server->port());
    ASSERT_TRUE(socket.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
    socket.FinishSending();
    mailbox.Take().Send({});
    EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 200 "));
  }
  RawSocket one(server->port());
  RawSocket two(server->port());
  ASSERT_TRUE(one.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  ASSERT_TRUE(two.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  Responder late = mailbox.Take();
  Responder stream = mailbox.Take();
  server.reset();
  EXPECT_THAT(one.ReadAll(), IsEmpty());
  late.Send({});
  const auto events = stream.StartStream();
  EXPECT_FALSE(events->Write("x"));
  bool closed = false;
  events->OnClosed([&] { closed = true; });
  EXPECT_TRUE(closed);
}

TEST_F(HttpServer, SlowPeersTimeOut) {
  const auto server = Serve(
      Echo, metrics_, {.idle_timeout = milliseconds(40), .progress_timeout = milliseconds(20)});
  RawSocket idle(server->port());
  EXPECT_THAT(idle.ReadAll(), IsEmpty());
  RawSocket header(server->port());
  ASSERT_TRUE(header.Send("GET / HTTP/1.1\r\nHos"));
  EXPECT_THAT(header.ReadAll(), StartsWith("HTTP/1.1 408 "));
  RawSocket body(server->port());
  ASSERT_TRUE(body.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_THAT(body.ReadAll(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, RefusesMoreConnectionsAndBytesThanItsBounds) {
  const auto server = Serve(
      Echo, metrics_, {.body_bytes_max = 100, .body_bytes_total_max = 50, .connections_max = 1});
  RawSocket first(server->port());
  ASSERT_TRUE(first.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_THAT(first.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  {
    RawSocket second(server->port());
    EXPECT_THAT(second.ReadAll(),
                AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\"retryable\":true")));
  }
  ASSERT_TRUE(first.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 40\r\n\r\n" +
                         std::string(40, 'x')));
  EXPECT_THAT(first.ReadResponse(), StartsWith("HTTP/1.1 200 "));
  ASSERT_TRUE(first.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 51\r\n\r\n"));
  EXPECT_THAT(first.ReadAll(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServer, TakenPortNamesAddressPortAndRemedy) {
  const auto server = Serve(Echo, metrics_);
  const auto second = Server::Start({.port = server->port()}, Echo, metrics_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message,
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(server->port())),
                    HasSubstr("the port is taken"), HasSubstr("choose another port")));
  const auto nowhere = Server::Start({.address = "example.org"}, Echo, metrics_);
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, Code::kInvalidArgument);
}

TEST_F(HttpServer, StopFinishesRunningRequestsAndClosesTheRest) {
  Mailbox<Responder> mailbox;
  const auto server =
      Serve([&](Request, Responder responder) { mailbox.Put(std::move(responder)); }, metrics_,
            {.threads = 2, .stop_timeout = milliseconds(20'000)});
  RawSocket busy(server->port());
  RawSocket idle(server->port());
  RawSocket half(server->port());
  ASSERT_TRUE(half.Send("GET / HT"));
  ASSERT_TRUE(busy.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  Responder responder = mailbox.Take();
  std::thread stopper([&] { server->Stop(); });
  EXPECT_THAT(idle.ReadAll(), IsEmpty());  // it has begun to stop
  EXPECT_THAT(half.ReadAll(), IsEmpty());
  responder.Send(MakeResponse(200, "text/plain", "finished"));
  EXPECT_THAT(busy.ReadAll(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("finished")));
  stopper.join();
  EXPECT_FALSE(Client::Connect("http://" + server->address()).ok());
  server->Stop();
}

TEST_F(HttpServer, StreamsEventsUntilClosed) {
  Mailbox<std::shared_ptr<EventStream>> streams;
  const auto server = Serve(
      [&](Request, Responder responder) {
        streams.Put(responder.StartStream({{"X-Accel-Buffering", "no"}}));
      },
      metrics_);
  RawSocket socket(server->port());
  ASSERT_TRUE(socket.Send("GET /live HTTP/1.1\r\nHost: t\r\n\r\n"));
  auto stream = streams.Take();
  EXPECT_TRUE(stream->Write("data: 1\n\n"));
  EXPECT_THAT(socket.ReadUntil("\r\n\r\n"), AllOf(HasSubstr("Content-Type: text/event-stream\r\n"),
                                                  HasSubstr("Cache-Control: no-store\r\n"),
                                                  HasSubstr("X-Accel-Buffering: no\r\n"),
                                                  HasSubstr("Transfer-Encoding: chunked\r\n")));
  EXPECT_EQ(socket.ReadUntil("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(stream->Write(""));
  EXPECT_TRUE(stream->Write("data: 22\n\n"));
  stream.reset();
  EXPECT_EQ(socket.ReadAll(), "a\r\ndata: 22\n\n\r\n0\r\n\r\n");

  RawSocket old(server->port());
  ASSERT_TRUE(old.Send("GET /live HTTP/1.0\r\n\r\n"));
  stream = streams.Take();
  EXPECT_TRUE(stream->Write("data: 3\n\n"));
  stream->Close();
  EXPECT_FALSE(stream->Write("x"));
  EXPECT_THAT(old.ReadAll(), AllOf(Not(HasSubstr("chunked")), EndsWith("\r\n\r\ndata: 3\n\n")));
}

TEST_F(HttpServer, SlowReaderHitsTheBoundAndIsToldApart) {
  Mailbox<std::shared_ptr<EventStream>> streams;
  const auto server =
      Serve([&](Request, Responder responder) { streams.Put(responder.StartStream()); }, metrics_,
            {.stream_bytes_max = 64_KiB});
  RawSocket slow(server->port());
  ASSERT_TRUE(slow.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  const auto stream = streams.Take();
  const std::string event(10'000, 'x');
  size_t written = 0;
  while (stream->Write(event)) ++written;  // ends: socket buffers and ours are finite
  EXPECT_LE(stream->bytes_waiting(), 64_KiB + 1000);
  // Reading again makes room again.
  (void)slow.ReadBytes(written * event.size());
  Mailbox<bool> closed;
  stream->OnClosed([&] { closed.Put(true); });
  stream->Close();
  EXPECT_TRUE(closed.Take());
  EXPECT_THAT(slow.ReadAll(), EndsWith("0\r\n\r\n"));
}

TEST_F(HttpServer, StreamNoticesThatThePeerLeft) {
  Mailbox<std::shared_ptr<EventStream>> streams;
  Mailbox<bool> closed;
  const auto server =
      Serve([&](Request, Responder responder) { streams.Put(responder.StartStream()); }, metrics_);
  auto socket = std::make_unique<RawSocket>(server->port());
  ASSERT_TRUE(socket->Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  const auto stream = streams.Take();
  stream->OnClosed([&] { closed.Put(true); });
  socket.reset();
  EXPECT_TRUE(closed.Take());
  EXPECT_FALSE(stream->Write("x"));
}

TEST_F(HttpServer, StopEndsStreams) {
  Mailbox<std::shared_ptr<EventStream>> streams;
  Mailbox<bool> closed;
  const auto server =
      Serve([&](Request, Responder responder) { streams.Put(responder.StartStream()); }, metrics_,
            {.stop_timeout = milliseconds(20'000)});
  RawSocket socket(server->port());
  ASSERT_TRUE(socket.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  const auto stream = streams.Take();
  stream->OnClosed([&] { closed.Put(true); });
  ASSERT_TRUE(stream->Write("last words"));
  server->Stop();
  EXPECT_TRUE(closed.Take());
  EXPECT_THAT(socket.ReadAll(), EndsWith("a\r\nlast words\r\n0\r\n\r\n"));
  EXPECT_EQ(metrics_.GetGauge("tidemark_http_connections", "").value(), 0);
}

TEST_F(HttpServer, ManyThreadsAnswerManyConnections) {
  Mailbox<Responder> mailbox;
  const auto server =
      Serve([&](Request, Responder responder) { mailbox.Put(std::move(responder)); }, metrics_,
            {.threads = 2});
  constexpr int kClients = 4;
  constexpr int kRequests = 200;
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 2; ++worker) {
    threads.emplace_back([&] {
      for (int i = 0; i < kClients * kRequests / 2; ++i) {
        mailbox.Take().Send(MakeResponse(200, "text/plain", std::string(1000, 'y')));
      }
    });
  }
  std::atomic<int> good{0};
  for (int c = 0; c < kClients; ++c) {
    threads.emplace_back([&] {
      auto client = Client::Connect("http://" + server->address());
      for (int i = 0; client.ok() && i < kRequests; ++i) {
        const auto response =
            (*client)->Send({.method = "POST", .path = "/", .body = std::string(5000, 'z')});
        if (response.ok() && response->body.size() == 1000) good.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), kClients * kRequests);
}

}  // namespace
}  // namespace tidemark::http
