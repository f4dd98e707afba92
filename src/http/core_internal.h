// SPDX-License-Identifier: Apache-2.0
// What the connections of one server share, and the event loop they run on. Both outlive the server
// while responders or streams still hold them. Asio itself shows only in the sources.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "http/parser_internal.h"
#include "http/server.h"

namespace boost::asio {
class io_context;
}

namespace tidemark::http {

class Connection;

struct ServerMetrics {
  explicit ServerMetrics(MetricRegistry& registry);

  Gauge& connections;
  Counter& connections_total;
  Gauge& event_streams;
  Gauge& body_bytes;
  Counter& received_bytes;
  Counter& sent_bytes;
  Counter& refused;
  Histogram& request_seconds;

  void CountResponse(int status) { responses_[static_cast<size_t>(status / 100) % 6]->Add(); }

 private:
  std::array<Counter*, 6> responses_;  // by the first digit of the status
};

/// Thread-safe.
struct ServerCore {
  ServerCore(ServerOptions server_options, Handler request_handler, MetricRegistry& registry);

  /// Takes `bytes` of body_bytes_total_max; false when they are not there.
  bool ReserveBody(size_t bytes);
  void ReleaseBody(size_t bytes);
  /// kRefused: above connections_max, there is only room to say so. kNone: not even that.
  enum class Room : uint8_t { kServed, kRefused, kNone };
  Room ReserveConnection();
  void ReleaseConnection();
  /// The answer http gives itself, in the shape that options.error_response gives it.
  Response ErrorResponse(const ErrorContext& context) const;

  const ServerOptions options;
  const Clock& clock;
  ServerMetrics metrics;
  Handler handler;  // used on loop threads only; emptied after they were joined
  std::atomic<bool> stopping{false};

  Mutex mutex;
  CondVar connection_closed;
  size_t connections TM_GUARDED_BY(mutex) = 0;
  size_t body_bytes TM_GUARDED_BY(mutex) = 0;
};

/// One io_context, one thread that runs it, and the connections that live on it.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  using Task = std::move_only_function<void()>;

  explicit Loop(std::shared_ptr<ServerCore> core);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The thread's body: returns after Quit(), once no operation is outstanding.
  void Run();
  /// Runs `task` here if this is the loop's thread, soon otherwise. False when the loop has ended.
  bool Dispatch(Task task);
  /// From the loop's thread: closes every connection and lets Run() return.
  void Quit();

  // From the loop's thread only.
  void Add(std::shared_ptr<Connection> connection);
  void Remove(const std::shared_ptr<Connection>& connection);
  void ForEach(const std::function<void(Connection&)>& visit);
  /// "Date: ...\r\n", made once a second.
  const std::string& DateLine();

  boost::asio::io_context& context() { return *context_; }

 private:
  struct Timer;
  void Tick();

  const std::shared_ptr<ServerCore> core_;
  const std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<Timer> timer_;

  std::unordered_set<std::shared_ptr<Connection>> connections_;  // the loop's thread
  std::string date_line_;                                        // the loop's thread
  int64_t date_second_ = -1;                                     // the loop's thread
  bool quitting_ = false;                                        // the loop's thread

  Mutex mutex_;
  bool ended_ TM_GUARDED_BY(mutex_) = false;
};

/// What a parsed head says beyond its Request.
struct HeadFacts {
  int version;              // 10 or 11
  uint64_t content_length;  // 0: none
};
/// Why a well-formed request is refused all the same: what RFC 9112 forbids or this server does not
/// speak.
std::optional<Refusal> CheckHead(const Request& request, const HeadFacts& facts,
                                 size_t body_bytes_max);

enum class Framing : uint8_t { kLength, kChunked, kUntilClose };
enum class Persistence : uint8_t { kClose, kKeepAlive, kKeepAliveHttp10 };

/// The status line and headers of `response`; adds what the server owes (Date, Server,
/// Content-Length). Line breaks inside names and values become spaces, so that no handler can split
/// a response.
std::string FormatHead(const Response& response, size_t body_bytes, const std::string& date_line,
                       Framing framing, Persistence persistence);
/// "Thu, 26 Nov 2026 09:15:00 GMT" (RFC 9110 5.6.7).
std::string FormatHttpDate(ArrivalTime time);

}  // namespace tidemark::http
