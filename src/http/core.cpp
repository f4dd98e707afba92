// SPDX-License-Identifier: Apache-2.0
// What needs no network library: budgets, metrics, and the head of a response.
#include <algorithm>
#include <array>
#include <chrono>

#include "base/logging.h"
#include "http/core_internal.h"

namespace tidemark::http {
namespace {

constexpr size_t kRefusedConnectionsMax = 64;  // beyond connections_max, to tell them why

const Clock& SystemClockInstance() {
  static const SystemClock kClock;
  return kClock;
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  const auto clean = [&out](std::string_view text) {
    for (const char c : text) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  };
  clean(name);
  out.append(": ");
  clean(value);
  out.append("\r\n");
}

// What FormatHead() says itself.
bool IsOurs(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOurs{"Date", "Server", "Content-Length", "Connection",
                                                  "Transfer-Encoding"};
  return std::ranges::any_of(kOurs,
                             [&](std::string_view own) { return EqualsIgnoreCase(own, name); });
}

}  // namespace

ServerMetrics::ServerMetrics(MetricRegistry& registry)
    : connections(registry.GetGauge("tidemark_http_connections", "Open connections.")),
      connections_total(
          registry.GetCounter("tidemark_http_connections_total", "Connections accepted.")),
      event_streams(registry.GetGauge("tidemark_http_event_streams", "Open event streams.")),
      body_bytes(registry.GetGauge("tidemark_http_body_bytes", "Request bodies not yet answered.")),
      received_bytes(registry.GetCounter("tidemark_http_received_bytes_total", "Bytes received.")),
      sent_bytes(registry.GetCounter("tidemark_http_sent_bytes_total", "Bytes sent.")),
      refused(registry.GetCounter("tidemark_http_refused_total",
                                  "Requests refused before any handler saw them.")),
      request_seconds(registry.GetHistogram(
          "tidemark_http_request_seconds", "From the whole request to its answer.",
          {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10})),
      responses_{} {
  constexpr std::array<const char*, 6> kClasses{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < kClasses.size(); ++i) {
    responses_[i] = &registry.GetCounter("tidemark_http_responses_total", "Responses by status.",
                                         {{"status", kClasses[i]}});
  }
}

ServerCore::ServerCore(ServerOptions server_options, Handler request_handler,
                       MetricRegistry& registry)
    : options(std::move(server_options)),
      clock(options.clock != nullptr ? *options.clock : SystemClockInstance()),
      metrics(registry),
      handler(std::move(request_handler)) {}

bool ServerCore::ReserveBody(size_t bytes) {
  const MutexLock lock(mutex);
  if (bytes > options.body_bytes_total_max - body_bytes) return false;
  body_bytes += bytes;
  metrics.body_bytes.Set(static_cast<int64_t>(body_bytes));
  return true;
}

void ServerCore::ReleaseBody(size_t bytes) {
  const MutexLock lock(mutex);
  body_bytes -= bytes;
  metrics.body_bytes.Set(static_cast<int64_t>(body_bytes));
}

ServerCore::Room ServerCore::ReserveConnection() {
  const MutexLock lock(mutex);
  if (connections >= options.connections_max + kRefusedConnectionsMax) return Room::kNone;
  ++connections;
  metrics.connections.Set(static_cast<int64_t>(connections));
  metrics.connections_total.Add();
  return connections > options.connections_max ? Room::kRefused : Room::kServed;
}

void ServerCore::ReleaseConnection() {
  const MutexLock lock(mutex);
  --connections;
  metrics.connections.Set(static_cast<int64_t>(connections));
  connection_closed.NotifyAll();
}

Response ServerCore::ErrorResponse(const ErrorContext& context) const {
  if (options.error_response) {
    try {
      Response response = options.error_response(context);
      response.status = context.status;
      return response;
    } catch (const std::exception& e) {
      Log(LogLevel::kError, "http", "the error response could not be shaped", {{"what", e.what()}});
    }
  }
  std::string code(ReasonPhrase(context.status));
  for (char& c : code) c = c == ' ' ? '_' : static_cast<char>(std::tolower(c));
  return MakeErrorResponse(context.status, code, context.reason);
}

std::optional<Refusal> CheckHead(const Request& request, const HeadFacts& facts,
                                 size_t body_bytes_max) {
  if (facts.version != 10 && facts.version != 11) {
    return Refusal{505, "This server speaks HTTP/1.0 and HTTP/1.1."};
  }
  const auto hosts = std::ranges::count_if(request.headers, [](const Headers::Field& field) {
    return EqualsIgnoreCase(field.first, "Host");
  });
  if (hosts > 1 || (hosts == 0 && facts.version == 11)) {
    return Refusal{400, "A request needs exactly one Host header."};
  }
  if (!request.path.starts_with('/') && request.path != "*") {
    return Refusal{400, "The request target must be a path."};
  }
  const auto coding = request.Find("Transfer-Encoding");
  if (coding && !EqualsIgnoreCase(*coding, "chunked")) {
    return Refusal{501, "The only transfer coding this server knows is chunked."};
  }
  const auto expect = request.Find("Expect");
  if (expect && !EqualsIgnoreCase(*expect, "100-continue")) {
    return Refusal{417, "The only expectation this server knows is 100-continue."};
  }
  if (facts.content_length > body_bytes_max) {
    return Refusal{413,
                   "The request body is larger than " + std::to_string(body_bytes_max) + " bytes."};
  }
  return std::nullopt;
}

std::string FormatHead(const Response& response, size_t body_bytes, const std::string& date_line,
                       Framing framing, Persistence persistence) {
  std::string head;
  head.reserve(256);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(ReasonPhrase(response.status)).append("\r\n").append(date_line);
  head.append("Server: tidemark\r\n");
  for (const auto& [name, value] : response.headers) {
    if (!IsOurs(name)) AppendField(head, name, value);
  }
  // RFC 9110 8.6: none with 204; with 304 it would be that of the file, which we do not send.
  if (framing == Framing::kChunked) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else if (framing == Framing::kLength && response.status != 204 && response.status != 304) {
    head.append("Content-Length: ").append(std::to_string(body_bytes)).append("\r\n");
  }
  if (persistence == Persistence::kClose) head.append("Connection: close\r\n");
  if (persistence == Persistence::kKeepAliveHttp10) head.append("Connection: keep-alive\r\n");
  head.append("\r\n");
  return head;
}

std::string FormatHttpDate(ArrivalTime time) {
  using std::chrono::days;
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_time<milliseconds> at{milliseconds(time.ms)};
  const auto day = std::chrono::floor<days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(at - day));
  const auto two = [](auto value) {
    const auto n = static_cast<unsigned>(value);
    return std::string{static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)};
  };
  std::string text(kDays[std::chrono::weekday(day).c_encoding()]);
  text.append(", ").append(two(static_cast<unsigned>(date.day()))).append(" ");
  text.append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  text.append(std::to_string(static_cast<int>(date.year()))).append(" ");
  text.append(two(clock.hours().count())).append(":").append(two(clock.minutes().count()));
  return text.append(":").append(two(clock.seconds().count())).append(" GMT");
}

}  // namespace tidemark::http
