// SPDX-License-Identifier: Apache-2.0
// One connection:
//
//   idle -> header -> [continue ->] body -> handling -> answering -> idle
//            |                       |                      |-> streaming -> closed
//            +------ refused --------+--> answering -> draining -> closed
//
// Invariants
//  1. Everything but the constant members belongs to the loop's thread.
//  2. At most one read and one write are outstanding, and beside them one wait for the peer to
//  leave; a handler of any returns at once when closed_.
//  3. Nothing is read while handling or answering: pipelined requests wait in the socket and in
//  in_.
//  4. An exchange is answered once: Answer*() check exchange_ and phase_.
//  5. After a refusal the peer may still be sending: its bytes are discarded for a while, because
//  closing
//     with unread bytes resets the connection and would take the answer with it.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/check.h"
#include "base/logging.h"
#include "http/connection_internal.h"
#include "http/parser_internal.h"
#include "http/read_buffer_internal.h"

namespace tidemark::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kReadBytes = 16_KiB;          // of headers, chunked bodies and what is discarded
constexpr size_t kBodyProgressBytes = 64_KiB;  // a body must advance this much per progress_timeout
constexpr size_t kDrainBytesMax = 64_MiB;
constexpr seconds kDrainTime{5};
constexpr MonotonicTime kNever{INT64_MAX};

/// RFC 8446 5.1: a TLS record of a handshake begins 22 3 x. RFC 9113 3.4: HTTP/2 begins with "PRI".
Opening OpeningOf(std::string_view bytes) {
  if (bytes.starts_with("\x16\x03")) return Opening::kTls;
  return bytes.starts_with("PRI * HTTP/2") ? Opening::kHttp2 : Opening::kHttp;
}

class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(std::shared_ptr<ServerCore> core, const std::shared_ptr<Loop>& loop,
                tcp::socket socket)
      : Connection(loop), core_(std::move(core)), socket_(std::move(socket)) {}

  void Begin(Welcome welcome);

  void Answer(uint64_t exchange, Response response) override;
  void AnswerStream(uint64_t exchange, Headers headers,
                    std::shared_ptr<StreamState> stream) override;
  void AnswerAbandoned(uint64_t exchange) override;
  void WatchPeer(uint64_t exchange, std::move_only_function<void()> callback) override;
  void FlushStream() override;
  void CheckDeadline(MonotonicTime now) override;
  void FinishAndClose() override;
  void Close() override;

 private:
  enum class Phase : uint8_t {
    kIdle,       // waits for a request
    kHeader,     // part of a header is here
    kContinue,   // writes "100 Continue"
    kBody,       // reads a body
    kHandling,   // the handler has it
    kAnswering,  // writes the answer
    kStreaming,  // an event stream
    kDraining,   // answered, discards until the peer closes
  };

  std::shared_ptr<TcpConnection> Self() { return shared_from_this(); }

  // Reading
  void Read();
  bool ReadFailed(const error_code& error, size_t bytes);
  void OnRead(size_t bytes);
  void NextRequest();
  void ParseHeader();
  void OnHeader();
  void BeginBody();
  void ReadPlainBody();
  void OnPlainBody(size_t bytes);
  void ParseChunkedBody();
  void OnBodyProgress(size_t bytes);
  void Discard(size_t bytes);

  // Answering
  void Handle();
  void WaitForPeer(uint64_t exchange);
  void PeerGone();
  void Refuse(const Refusal& refusal);
  void RememberContext();
  void WriteAnswer(const Response& response, std::string body);
  void Write(std::string head, std::string body);
  void WriteSome();
  void OnWritten();
  void OnAnswered();
  void BeginDrain();
  void ReleaseBody();

  void SetDeadline(nanoseconds after) { deadline_ = core_->clock.Monotonic() + after; }

  const std::shared_ptr<ServerCore> core_;
  tcp::socket socket_;
  std::string peer_;
  Opening opening_ = Opening::kHttp;  // of the request that is read

  Phase phase_ = Phase::kIdle;
  bool closed_ = false;
  bool close_after_answer_ = false;
  bool refused_ = false;
  bool timed_out_ = false;  // the outstanding read was cancelled to answer 408
  MonotonicTime deadline_ = kNever;

  ReadBuffer in_;
  bool reading_ = false;
  std::optional<RequestParser> parser_;
  Request request_;
  size_t body_have_ = 0;      // of request_.body, when its length is known
  size_t body_reserved_ = 0;  // taken from the server's budget
  size_t body_progress_ = 0;  // since the deadline was last set
  size_t drained_ = 0;

  uint64_t exchange_ = 0;
  std::move_only_function<void()> on_peer_gone_;  // of exchange_, while handling
  bool head_request_ = false;
  ErrorContext context_;  // of the request in work, for the answers http gives itself
  int version_ = 11;
  MonotonicTime handling_since_;

  std::string out_head_;
  std::string out_body_;
  size_t out_done_ = 0;
  bool writing_ = false;
  std::shared_ptr<StreamState> stream_;
  bool stream_ended_ = false;
};

void TcpConnection::Begin(Welcome welcome) {
  error_code ignored;
  (void)socket_.set_option(tcp::no_delay(true), ignored);
  const auto endpoint = socket_.remote_endpoint(ignored);
  const std::string address = endpoint.address().to_string();
  peer_ = (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
          std::to_string(endpoint.port());
  loop()->Add(Self());
  if (welcome == Welcome::kRefuse) {
    Refuse({503, "This server has as many connections as it allows; try again later."});
    return;
  }
  NextRequest();
}

// ---- Reading

void TcpConnection::Read() {
  if (reading_ || closed_) return;
  reading_ = true;
  const std::span<char> space = in_.Prepare(kReadBytes);
  const boost::asio::mutable_buffer room(space.data(), space.size());
  socket_.async_read_some(room, [self = Self()](error_code error, size_t bytes) {
    self->reading_ = false;
    if (self->ReadFailed(error, bytes)) return;
    self->OnRead(bytes);
  });
}

bool TcpConnection::ReadFailed(const error_code& error, size_t bytes) {
  if (closed_) return true;
  if (timed_out_) {
    timed_out_ = false;
    Refuse({408, "The request did not arrive in time."});
    return true;
  }
  if (error) {
    Close();
    return true;
  }
  core_->metrics.received_bytes.Add(bytes);
  return false;
}

void TcpConnection::OnRead(size_t bytes) {
  switch (phase_) {
    case Phase::kStreaming:  // a client has nothing to say here; reading only notices that it
                             // leaves
    case Phase::kDraining:
      Discard(bytes);
      return;
    case Phase::kBody:
      in_.Commit(bytes);
      OnBodyProgress(bytes);
      ParseChunkedBody();
      return;
    case Phase::kIdle:
    case Phase::kHeader:
      in_.Commit(bytes);
      ParseHeader();
      return;
    case Phase::kContinue:
    case Phase::kHandling:
    case Phase::kAnswering:
      break;
  }
  TM_UNREACHABLE();
}

void TcpConnection::NextRequest() {
  parser_.reset();
  request_ = {};
  if (core_->stopping.load()) {
    Close();
    return;
  }
  phase_ = Phase::kIdle;
  SetDeadline(core_->options.idle_timeout);
  ParseHeader();
}

void TcpConnection::ParseHeader() {
  if (phase_ == Phase::kIdle) {
    // RFC 9112 2.2: empty lines before a request line are ignored.
    while (!in_.empty() && (in_.view().front() == '\r' || in_.view().front() == '\n'))
      in_.Consume(1);
    if (in_.empty()) {
      Read();
      return;
    }
    phase_ = Phase::kHeader;
    opening_ = OpeningOf(in_.view());
    SetDeadline(
        core_->options.progress_timeout);  // for the whole header, however slowly it trickles
    parser_.emplace(ParseLimits{.header_bytes_max = core_->options.header_bytes_max,
                                .body_bytes_max = core_->options.body_bytes_max});
  }
  const ParseOutcome outcome = parser_->Put(in_.view());
  in_.Consume(outcome.consumed);
  if (outcome.refusal) {
    request_ = parser_->Head();
    Refuse(*outcome.refusal);
    return;
  }
  if (!outcome.header_done) {
    Read();
    return;
  }
  OnHeader();
}

void TcpConnection::OnHeader() {
  request_ = parser_->Head();
  request_.peer = peer_;
  version_ = parser_->version();
  head_request_ = request_.method == "HEAD";
  close_after_answer_ = !parser_->keep_alive();
  const HeadFacts facts{.version = version_, .content_length = parser_->content_length()};
  if (const auto refusal = CheckHead(request_, facts, core_->options.body_bytes_max)) {
    Refuse(*refusal);
    return;
  }
  const size_t length = parser_->content_length();
  if (!parser_->chunked() && length == 0) {
    Handle();
    return;
  }
  // A chunked body is charged as it grows.
  if (!core_->ReserveBody(length)) {
    Refuse({503, "Too many request bytes are in work; try again later."});
    return;
  }
  body_reserved_ = length;
  if (EqualsIgnoreCase(request_.Find("Expect").value_or(""), "100-continue") && version_ == 11 &&
      in_.empty()) {
    phase_ = Phase::kContinue;
    Write("HTTP/1.1 100 Continue\r\n\r\n", {});
    return;
  }
  BeginBody();
}

void TcpConnection::BeginBody() {
  phase_ = Phase::kBody;
  body_progress_ = 0;
  SetDeadline(core_->options.progress_timeout);
  if (parser_->chunked()) {
    ParseChunkedBody();
    return;
  }
  // The length is known: read straight into its place.
  const size_t length = parser_->content_length();
  const std::string_view here = in_.view().substr(0, length);
  body_have_ = here.size();
  // The callback's own size argument is not used: g++ 12 passes the capacity, which a short string
  // that grows has more of (HttpServer.ReadsBodiesOfEveryShortLength).
  request_.body.resize_and_overwrite(length, [&](char* data, size_t) {
    std::memcpy(data, here.data(), here.size());
    return length;
  });
  in_.Consume(body_have_);
  ReadPlainBody();
}

void TcpConnection::ReadPlainBody() {
  if (body_have_ == request_.body.size()) {
    Handle();
    return;
  }
  socket_.async_read_some(
      boost::asio::buffer(request_.body.data() + body_have_, request_.body.size() - body_have_),
      [self = Self()](error_code error, size_t bytes) {
        if (self->ReadFailed(error, bytes)) return;
        self->OnPlainBody(bytes);
      });
}

void TcpConnection::OnPlainBody(size_t bytes) {
  body_have_ += bytes;
  OnBodyProgress(bytes);
  ReadPlainBody();
}

void TcpConnection::ParseChunkedBody() {
  const ParseOutcome outcome = parser_->Put(in_.view());
  in_.Consume(outcome.consumed);
  if (outcome.refusal) {
    Refuse(*outcome.refusal);
    return;
  }
  if (!core_->ReserveBody(outcome.consumed)) {
    Refuse({503, "Too many request bytes are in work; try again later."});
    return;
  }
  body_reserved_ += outcome.consumed;
  if (outcome.done) {
    request_.body = parser_->TakeBody();
    Handle();
    return;
  }
  // What the parser leaves is one unfinished chunk line or trailer: it must end some time.
  if (in_.view().size() > core_->options.header_bytes_max) {
    Refuse({431, "A chunk header or trailer is larger than this server accepts."});
    return;
  }
  Read();
}

void TcpConnection::OnBodyProgress(size_t bytes) {
  body_progress_ += bytes;
  if (body_progress_ < kBodyProgressBytes) return;
  body_progress_ = 0;
  SetDeadline(core_->options.progress_timeout);
}

void TcpConnection::Discard(size_t bytes) {
  drained_ += bytes;
  if (drained_ > kDrainBytesMax) {
    Close();
    return;
  }
  Read();
}

// ---- Answering

void TcpConnection::Handle() {
  phase_ = Phase::kHandling;
  deadline_ = kNever;  // how long an answer takes is the handler's business
  handling_since_ = core_->clock.Monotonic();
  parser_.reset();
  RememberContext();
  ++exchange_;
  Responder responder(MakeSink(core_, Self(), exchange_,
                               version_ == 11 ? Framing::kChunked : Framing::kUntilClose));
  // The answer may come, and the next request begin, inside this call: nothing may follow it here.
  try {
    core_->handler(std::exchange(request_, {}), std::move(responder));
  } catch (const std::exception& e) {
    // The responder died with the call and has answered 500.
    Log(LogLevel::kError, "http", "a handler threw", {{"what", e.what()}});
  }
}

void TcpConnection::Answer(uint64_t exchange, Response response) {
  if (closed_ || exchange != exchange_ || phase_ != Phase::kHandling) return;
  on_peer_gone_ = nullptr;
  ReleaseBody();
  const nanoseconds took = core_->clock.Monotonic() - handling_since_;
  core_->metrics.request_seconds.Observe(static_cast<double>(took.count()) * 1e-9);
  std::string body = std::move(response.body);
  WriteAnswer(response, std::move(body));
}

void TcpConnection::AnswerAbandoned(uint64_t exchange) {
  if (closed_ || exchange != exchange_ || phase_ != Phase::kHandling) return;
  Log(LogLevel::kError, "http", "a request was dropped without an answer",
      {{"target", context_.target}, {"path", context_.path}});
  context_.status = 500;
  context_.reason = "The server failed to answer this request.";
  Answer(exchange, core_->ErrorResponse(context_));
}

void TcpConnection::WatchPeer(uint64_t exchange, std::move_only_function<void()> callback) {
  if (exchange != exchange_) return;
  if (closed_) {
    callback();
    return;
  }
  if (phase_ != Phase::kHandling) return;
  on_peer_gone_ = std::move(callback);
  WaitForPeer(exchange);
}

void TcpConnection::WaitForPeer(uint64_t exchange) {
  socket_.async_wait(tcp::socket::wait_read, [self = Self(), exchange](error_code error) {
    if (self->closed_ || error || exchange != self->exchange_ || !self->on_peer_gone_) return;
    // Looks without taking: a request that came early belongs to the next exchange.
    char byte = 0;
    const auto got =
        ::recv(self->socket_.native_handle(), &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) {
      self->on_peer_gone_ = nullptr;
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      self->WaitForPeer(exchange);
    } else {
      self->PeerGone();
    }
  });
}

void TcpConnection::PeerGone() {
  if (auto callback = std::exchange(on_peer_gone_, nullptr)) callback();
}

void TcpConnection::Refuse(const Refusal& refusal) {
  core_->metrics.refused.Add();
  close_after_answer_ = true;
  refused_ = true;
  head_request_ = request_.method == "HEAD";
  RememberContext();
  context_.status = refusal.status;
  context_.reason = refusal.reason;
  const Response response = core_->ErrorResponse(context_);
  ReleaseBody();
  drained_ = 0;
  WriteAnswer(response, response.body);
}

void TcpConnection::RememberContext() {
  const auto text = [this](std::string_view name) {
    return std::string(request_.Find(name).value_or(""));
  };
  context_ = {.status = 0,
              .reason = {},
              .method = request_.method,
              .path = request_.path,
              .target = text("X-Amz-Target"),
              .content_type = text("Content-Type"),
              .peer = peer_,
              .agent = text("User-Agent"),
              .opening = opening_};
}

void TcpConnection::WriteAnswer(const Response& response, std::string body) {
  core_->metrics.CountResponse(response.status);
  if (core_->stopping.load()) close_after_answer_ = true;
  phase_ = Phase::kAnswering;
  const Persistence persistence = close_after_answer_ ? Persistence::kClose
                                  : version_ == 11    ? Persistence::kKeepAlive
                                                      : Persistence::kKeepAliveHttp10;
  std::string head =
      FormatHead(response, body.size(), loop()->DateLine(), Framing::kLength, persistence);
  const bool bodyless = head_request_ || response.status == 204 || response.status == 304;
  Write(std::move(head), bodyless ? std::string() : std::move(body));
}

void TcpConnection::AnswerStream(uint64_t exchange, Headers headers,
                                 std::shared_ptr<StreamState> stream) {
  if (closed_ || exchange != exchange_ || phase_ != Phase::kHandling) {
    stream->Gone();
    return;
  }
  on_peer_gone_ = nullptr;
  ReleaseBody();
  core_->metrics.CountResponse(200);
  if (!headers.Find("Content-Type")) headers.Add("Content-Type", "text/event-stream");
  if (!headers.Find("Cache-Control")) headers.Add("Cache-Control", "no-store");
  phase_ = Phase::kStreaming;
  close_after_answer_ = true;
  stream_ = std::move(stream);
  stream_ended_ = head_request_;
  const Response response{.status = 200, .headers = std::move(headers), .body = {}};
  Write(FormatHead(response, 0, loop()->DateLine(),
                   version_ == 11 ? Framing::kChunked : Framing::kUntilClose, Persistence::kClose),
        {});
  drained_ = 0;
  Read();
  if (core_->stopping.load()) stream_->Close();
}

void TcpConnection::FlushStream() {
  if (closed_ || phase_ != Phase::kStreaming || writing_) return;
  if (stream_ended_) {
    BeginDrain();
    return;
  }
  StreamState::Batch batch = stream_->TakeBatch();
  stream_ended_ = batch.ended;
  if (batch.bytes.empty()) {
    deadline_ = kNever;  // a quiet stream is no slow peer
    if (stream_ended_) BeginDrain();
    return;
  }
  Write(std::move(batch.bytes), {});
}

void TcpConnection::Write(std::string head, std::string body) {
  out_head_ = std::move(head);
  out_body_ = std::move(body);
  out_done_ = 0;
  writing_ = true;
  SetDeadline(core_->options.progress_timeout);
  WriteSome();
}

void TcpConnection::WriteSome() {
  const size_t head_done = std::min(out_done_, out_head_.size());
  const std::array<boost::asio::const_buffer, 2> buffers{
      boost::asio::buffer(out_head_) + head_done,
      boost::asio::buffer(out_body_) + (out_done_ - head_done)};
  socket_.async_write_some(buffers, [self = Self()](error_code error, size_t bytes) {
    if (self->closed_) return;
    if (error) {
      self->Close();
      return;
    }
    self->core_->metrics.sent_bytes.Add(bytes);
    self->out_done_ += bytes;
    if (self->out_done_ < self->out_head_.size() + self->out_body_.size()) {
      self->SetDeadline(self->core_->options.progress_timeout);
      self->WriteSome();
      return;
    }
    self->writing_ = false;
    self->OnWritten();
  });
}

void TcpConnection::OnWritten() {
  switch (phase_) {
    case Phase::kContinue:
      BeginBody();
      return;
    case Phase::kAnswering:
      OnAnswered();
      return;
    case Phase::kStreaming:
      FlushStream();
      return;
    case Phase::kIdle:
    case Phase::kHeader:
    case Phase::kBody:
    case Phase::kHandling:
    case Phase::kDraining:
      break;
  }
  TM_UNREACHABLE();
}

void TcpConnection::OnAnswered() {
  out_head_.clear();
  out_body_ = {};
  if (close_after_answer_) {
    BeginDrain();
    return;
  }
  NextRequest();
}

void TcpConnection::BeginDrain() {
  phase_ = Phase::kDraining;
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Gone();
  error_code ignored;
  (void)socket_.shutdown(tcp::socket::shutdown_send, ignored);
  if (!refused_ && in_.empty() && socket_.available(ignored) == 0) {  // nothing unread: invariant 5
    Close();
    return;
  }
  SetDeadline(kDrainTime);
  Read();
}

void TcpConnection::ReleaseBody() {
  if (body_reserved_ > 0) core_->ReleaseBody(std::exchange(body_reserved_, 0));
}

// ---- Ending

void TcpConnection::CheckDeadline(MonotonicTime now) {
  if (closed_ || now < deadline_) return;
  if (phase_ == Phase::kHeader || phase_ == Phase::kBody) {
    // A read is outstanding; its completion answers, so that it cannot deliver into the next phase.
    timed_out_ = true;
    deadline_ = kNever;
    error_code ignored;
    (void)socket_.cancel(ignored);
    return;
  }
  Close();
}

void TcpConnection::FinishAndClose() {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kHeader:
    case Phase::kContinue:
    case Phase::kBody:
    case Phase::kDraining:
      Close();
      return;
    case Phase::kStreaming:
      stream_->Close();
      return;
    case Phase::kHandling:
    case Phase::kAnswering:
      close_after_answer_ = true;
      return;
  }
  TM_UNREACHABLE();
}

void TcpConnection::Close() {
  if (closed_) return;
  closed_ = true;
  const auto self = Self();
  error_code ignored;
  (void)socket_.close(ignored);
  ReleaseBody();
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Gone();
  PeerGone();
  loop()->Remove(self);
  core_->ReleaseConnection();
}

}  // namespace

void Connection::Start(std::shared_ptr<ServerCore> core, const std::shared_ptr<Loop>& loop, int fd,
                       Welcome welcome) {
  tcp::socket socket(loop->context());
  error_code error;
  // Asio sends and receives the same way over either protocol once the socket is connected.
  (void)socket.assign(tcp::v4(), fd, error);
  if (error) {
    core->ReleaseConnection();
    return;
  }
  auto connection = std::make_shared<TcpConnection>(std::move(core), loop, std::move(socket));
  connection->Begin(welcome);
}

}  // namespace tidemark::http
