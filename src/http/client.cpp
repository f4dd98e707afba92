// SPDX-License-Identifier: Apache-2.0
// Plain sockets: a blocking client needs a deadline on every call, which poll() gives.
#include "http/client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "http/parser_internal.h"

namespace tidemark::http {
namespace {

constexpr size_t kReadBytes = 64_KiB;
constexpr size_t kHeaderBytesMax = 1_MiB;

std::string SystemMessage(int error) { return std::generic_category().message(error); }

struct Endpoint {
  std::string url;   // http://host:port
  std::string host;  // without brackets
  std::string port;
  std::string authority;  // for Host
};

Result<Endpoint> ParseUrl(std::string_view url) {
  const auto bad = [&](std::string_view why) {
    return Error{Code::kInvalidArgument, "'" + std::string(url) +
                                             "' is not an endpoint: " + std::string(why) +
                                             "; write it like http://127.0.0.1:4580"};
  };
  constexpr std::string_view kScheme = "http://";
  if (url.starts_with("https://")) return bad("this version does not speak TLS");
  if (!url.starts_with(kScheme)) return bad("it does not start with http://");
  std::string_view authority = url.substr(kScheme.size());
  while (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#@ ") != std::string_view::npos) {
    return bad("it has more than a host and a port");
  }
  std::string_view host = authority;
  std::string_view port = "80";
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty()) return bad("it names no host");
  if (error != std::errc{} || end != port.data() + port.size() || number == 0) {
    return bad("its port is not a number from 1 to 65535");
  }
  return Endpoint{.url = std::string(kScheme) + std::string(authority),
                  .host = std::string(host),
                  .port = std::string(port),
                  .authority = std::string(authority)};
}

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// False when nothing happened in time.
bool WaitFor(const Socket& socket, short events, std::chrono::milliseconds timeout) {
  pollfd entry{.fd = socket.fd(), .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

// 0, or errno.
int ConnectTo(const addrinfo& address, std::chrono::milliseconds timeout, Socket& out) {
  Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) return errno;
  if (::connect(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (!WaitFor(socket, POLLOUT, timeout)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    if (error != 0) return error;
  }
  const int on = 1;
  (void)::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  out = std::move(socket);
  return 0;
}

class TcpClient final : public Client {
 public:
  TcpClient(Endpoint endpoint, ClientOptions options)
      : endpoint_(std::move(endpoint)), options_(options), buffer_(kReadBytes, '\0') {}

  Result<void> Open();
  Result<Response> Send(const Request& request) override;
  const std::string& url() const override { return endpoint_.url; }

 private:
  // What went wrong, and whether the server may already have seen the request.
  enum class Sent : uint8_t { kNothingAnswered, kAnswerBegun };
  struct Failure {
    Sent sent;
    Error error;
  };

  std::string FormatHead(const Request& request) const;
  std::optional<Failure> WriteAll(std::string_view bytes);
  std::optional<Failure> ReadResponse(const Request& request, Response& response);
  /// One read() into buffer_. 0: the server closed.
  std::optional<Failure> ReadSome(Sent sent, size_t& bytes);
  Error Lost(std::string_view why) const {
    return {Code::kUnavailable,
            "lost the connection to " + endpoint_.url + ": " + std::string(why)};
  }
  Error TooSlow() const {
    return {Code::kDeadlineExceeded, endpoint_.url + " did not answer within " +
                                         std::to_string(options_.answer_timeout.count() / 1000) +
                                         " s"};
  }

  const Endpoint endpoint_;
  const ClientOptions options_;
  Socket socket_;
  std::string buffer_;
  std::string_view unread_;  // of buffer_
};

Result<void> TcpClient::Open() {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(endpoint_.host.c_str(), endpoint_.port.c_str(), &hints, &list);
  if (failed != 0) {
    return Error{Code::kUnavailable, "cannot reach " + endpoint_.url + ": no address for host '" +
                                         endpoint_.host + "' (" + ::gai_strerror(failed) + ")"};
  }
  int error = ECONNREFUSED;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    error = ConnectTo(*entry, options_.connect_timeout, socket_);
    if (error == 0) break;
  }
  ::freeaddrinfo(list);
  unread_ = {};
  if (error == 0) return {};
  const std::string cause = error == ECONNREFUSED ? "connection refused" : SystemMessage(error);
  return Error{Code::kUnavailable, "cannot reach " + endpoint_.url + ": " + cause +
                                       "; is `tidemark serve` running? (--endpoint names another)"};
}

Result<Response> TcpClient::Send(const Request& request) {
  for (int attempt = 0;; ++attempt) {
    const bool reused = socket_.open();
    if (!reused) TM_RETURN_IF_ERROR(Open());
    Response response;
    auto failure = WriteAll(FormatHead(request));
    if (!failure) failure = WriteAll(request.body);
    // A server that refuses a body answers before it has read it: its answer counts, not the broken
    // pipe.
    const bool answer_may_wait = !failure || failure->error.code == Code::kUnavailable;
    if (answer_may_wait) {
      auto unanswered = ReadResponse(request, response);
      if (!unanswered) return response;
      if (!failure) failure = std::move(unanswered);
    }
    socket_ = Socket();
    const bool stale = reused && failure->sent == Sent::kNothingAnswered &&
                       failure->error.code == Code::kUnavailable;
    if (!stale || attempt > 0) return std::move(failure->error);
  }
}

std::string TcpClient::FormatHead(const Request& request) const {
  std::string head = request.method + " " + (request.path.empty() ? "/" : request.path);
  if (!request.query.empty()) head.append("?").append(request.query);
  head.append(" HTTP/1.1\r\nHost: ").append(endpoint_.authority).append("\r\n");
  for (const auto& [name, value] : request.headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  return head.append("\r\n");
}

std::optional<TcpClient::Failure> TcpClient::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!WaitFor(socket_, POLLOUT, options_.answer_timeout)) {
        return Failure{Sent::kNothingAnswered, TooSlow()};
      }
    } else if (errno != EINTR) {
      return Failure{Sent::kNothingAnswered, Lost(SystemMessage(errno))};
    }
  }
  return std::nullopt;
}

std::optional<TcpClient::Failure> TcpClient::ReadSome(Sent sent, size_t& bytes) {
  for (;;) {
    const ssize_t got = ::recv(socket_.fd(), buffer_.data(), buffer_.size(), 0);
    if (got >= 0) {
      bytes = static_cast<size_t>(got);
      return std::nullopt;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!WaitFor(socket_, POLLIN, options_.answer_timeout)) return Failure{sent, TooSlow()};
    } else if (errno != EINTR) {
      return Failure{sent, Lost(SystemMessage(errno))};
    }
  }
}

std::optional<TcpClient::Failure> TcpClient::ReadResponse(const Request& request,
                                                          Response& response) {
  const ParseLimits limits{.header_bytes_max = kHeaderBytesMax,
                           .body_bytes_max = options_.body_bytes_max};
  const auto body =
      request.method == "HEAD" ? ResponseParser::Body::kNone : ResponseParser::Body::kPossible;
  std::optional<ResponseParser> parser;
  parser.emplace(limits, body);
  std::string pending;  // what the parser wants to see again, with more behind it
  for (;;) {
    if (!unread_.empty()) {
      pending.append(unread_);
      unread_ = {};
    }
    const ParseOutcome outcome = parser->Put(pending);
    pending.erase(0, outcome.consumed);
    if (outcome.refusal) {
      return Failure{Sent::kAnswerBegun,
                     Error{Code::kInternal, "the answer of " + endpoint_.url +
                                                " is not HTTP: " + outcome.refusal->reason}};
    }
    if (outcome.header_done && parser->status() / 100 == 1) {
      parser.emplace(limits, body);  // an interim answer; the real one follows
      continue;
    }
    if (outcome.done) break;
    if (outcome.consumed > 0 && !pending.empty()) continue;
    const Sent sent =
        parser->started() || !pending.empty() ? Sent::kAnswerBegun : Sent::kNothingAnswered;
    size_t bytes = 0;
    if (auto failure = ReadSome(sent, bytes)) return failure;
    if (bytes == 0) {
      if (parser->PutEof()) break;
      return Failure{sent, Lost("the server closed it before its answer was whole")};
    }
    unread_ = std::string_view(buffer_).substr(0, bytes);
  }
  const bool keep = parser->keep_alive() && pending.empty();
  response = parser->Take();
  if (!keep) socket_ = Socket();
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Client>> Client::Connect(std::string_view url, ClientOptions options) {
  TM_ASSIGN_OR_RETURN(Endpoint endpoint, ParseUrl(url));
  auto client = std::make_unique<TcpClient>(std::move(endpoint), options);
  TM_RETURN_IF_ERROR(client->Open());
  return std::unique_ptr<Client>(std::move(client));
}

}  // namespace tidemark::http
