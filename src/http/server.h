// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server. It owns connections, limits and timeouts; what a request means is the handler's.
//
// Threads: `threads` network threads, each with its own connections. A handler runs on the network
// thread of its connection and must not block: it decodes, hands off and keeps the Responder, which
// may be answered from any thread, at any later time. One request of a connection is handled at a
// time (pipelined ones wait in the socket), so responses never overtake each other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/units.h"
#include "http/message.h"

namespace tidemark::http {

/// A response without end: server-sent events. Thread-safe. May outlive the server: every call is
/// then a refusal. Dropping the last reference ends the response.
class EventStream {
 public:
  virtual ~EventStream() = default;

  /// Queues `chunk` whole, or not at all: false when the peer is gone, the stream is closed, or
  /// more than ServerOptions::stream_bytes_max would wait. Never blocks.
  virtual bool Write(std::string chunk) = 0;
  /// Sends what waits, then ends the response. Idempotent.
  virtual void Close() = 0;
  /// `callback` runs once, on a network thread or in the call that ended it, when the stream is
  /// over: peer gone, Close() or server stop. At once if that is already so. One callback; a second
  /// replaces the first.
  virtual void OnClosed(std::move_only_function<void()> callback) = 0;
  /// Bytes queued and not yet taken by the operating system.
  virtual size_t bytes_waiting() const = 0;
};

/// Where a Responder delivers. The server implements it; tests have http/testing/recorder.h.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void Send(Response response) = 0;
  virtual std::shared_ptr<EventStream> StartStream(Headers headers) = 0;
  /// The responder was dropped without an answer.
  virtual void Abandon() = 0;
  /// See Responder.
  virtual void OnPeerGone(std::move_only_function<void()> callback) { (void)callback; }
};

/// The duty to answer one request, exactly once: Send or StartStream, from any thread. Move-only,
/// single-owner. Dropped unanswered, it answers 500; answered after the peer or the server has
/// gone, the answer is dropped. A second answer is a bug: it is ignored and logged.
class Responder {
 public:
  explicit Responder(std::unique_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  void Send(Response response);
  /// 200 with `headers` (Content-Type is text/event-stream, Cache-Control no-store unless given)
  /// and a body that the stream writes. Never null.
  std::shared_ptr<EventStream> StartStream(Headers headers = {});
  /// `callback` runs at most once, on a network thread, if the peer leaves before the answer (one
  /// that only ends its side counts as gone); never after it. It must not block. For work that is
  /// not worth finishing: a peer that has sent its next request already is not watched. Before the
  /// answer only.
  void OnPeerGone(std::move_only_function<void()> callback);
  bool answered() const { return sink_ == nullptr; }

 private:
  std::unique_ptr<ResponseSink> sink_;  // null once answered
};

using Handler = std::function<void(Request, Responder)>;

/// What a connection began with.
enum class Opening : uint8_t { kHttp, kHttp2, kTls };

/// What is known of a request that http itself refuses, so that app can answer in the protocol's
/// shape.
struct ErrorContext {
  int status = 400;         // 400, 408, 413, 417, 431, 500, 503, 505
  std::string_view reason;  // one sentence for the reader
  std::string method;       // the rest is "" when that line was not reached or not readable
  std::string path;
  std::string target;  // x-amz-target
  std::string content_type;
  std::string peer;
  std::string agent;  // of User-Agent
  Opening opening = Opening::kHttp;
};

struct ServerOptions {
  std::string address =
      "127.0.0.1";     // numeric, or "localhost"; which are allowed is app's decision
  uint16_t port = 0;   // 0: the system picks one, see port()
  size_t threads = 1;  // 1 or 2

  size_t body_bytes_max =
      20_MiB;  // kinesis-api.md 1.1: PutRecords of 10 MiB is 14 MB of JSON; use 20 MiB
  size_t body_bytes_total_max = 256_MiB;  // bodies of all unanswered requests together; above: 503
  size_t header_bytes_max = 64_KiB;       // request line and headers together; above: 431
  size_t connections_max = 1024;          // above: 503 and close
  size_t stream_bytes_max = 1_MiB;        // waiting per EventStream

  std::chrono::milliseconds idle_timeout{75'000};  // keep-alive connection without a request
  // A peer that is too slow: a whole header, 64 KiB of a body, or any part of an answer takes
  // longer.
  std::chrono::milliseconds progress_timeout{30'000};
  std::chrono::milliseconds stop_timeout{5'000};  // Stop() waits this long for running requests

  /// Shapes the answers that http gives itself; null: MakeErrorResponse. Its status is overwritten
  /// with context.status. Runs on a network thread.
  std::function<Response(const ErrorContext&)> error_response;
  const Clock* clock = nullptr;  // for Date and latencies; null: the system's
};

class Server {
 public:
  /// Listens and serves at once. kUnavailable: the address cannot be had (taken port, no such
  /// address); the message names address, port and remedy. kInvalidArgument: options out of range.
  /// `metrics` must outlive every Responder.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler,
                                               MetricRegistry& metrics);
  virtual ~Server() = default;  // stops

  virtual uint16_t port() const = 0;
  /// "127.0.0.1:4580", "[::1]:4580".
  virtual std::string address() const = 0;
  /// Refuses new connections, closes idle ones and event streams, lets running requests finish
  /// within stop_timeout, closes the rest and joins the threads. No handler runs after it.
  /// Idempotent; not from a network thread.
  virtual void Stop() = 0;
};

}  // namespace tidemark::http
