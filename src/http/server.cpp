// SPDX-License-Identifier: Apache-2.0
// The listening socket, the loops and their threads, start and stop.
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "base/logging.h"
#include "http/connection_internal.h"

namespace tidemark::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr milliseconds kAcceptRetry{100};  // after "too many open files"

}  // namespace

// Sweeps the deadlines of all connections: one timer instead of one per connection and request.
struct Loop::Timer {
  explicit Timer(boost::asio::io_context& context) : timer(context) {}
  boost::asio::steady_timer timer;
};

Loop::Loop(std::shared_ptr<ServerCore> core)
    : core_(std::move(core)),
      context_(std::make_unique<boost::asio::io_context>(1)),
      timer_(std::make_unique<Timer>(*context_)) {}

Loop::~Loop() = default;

void Loop::Run() {
  Tick();
  for (bool again = true; again;) {
    again = false;
    try {
      context_->run();
    } catch (const std::exception& e) {
      Log(LogLevel::kError, "http", "exception on a network thread", {{"what", e.what()}});
      again = true;
    }
  }
  {
    const MutexLock lock(mutex_);
    ended_ = true;
  }
  // Tasks that came in between: their connections are closed, so they do nothing but go.
  context_->restart();
  context_->poll();
}

bool Loop::Dispatch(Task task) {
  if (context_->get_executor().running_in_this_thread()) {
    task();
    return true;
  }
  const MutexLock lock(mutex_);
  if (ended_) return false;
  boost::asio::post(*context_, std::move(task));
  return true;
}

void Loop::Quit() {
  quitting_ = true;
  ForEach([](Connection& connection) { connection.Close(); });
  timer_->timer.cancel();
}

void Loop::Add(std::shared_ptr<Connection> connection) {
  connections_.insert(std::move(connection));
}

void Loop::Remove(const std::shared_ptr<Connection>& connection) { connections_.erase(connection); }

void Loop::ForEach(const std::function<void(Connection&)>& visit) {
  // A copy: a visit may end its connection.
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) visit(*connection);
}

void Loop::Tick() {
  const auto shortest = std::min(core_->options.idle_timeout, core_->options.progress_timeout);
  timer_->timer.expires_after(std::clamp<milliseconds>(shortest / 4, milliseconds(5), seconds(1)));
  timer_->timer.async_wait([this](error_code error) {
    if (error || quitting_) return;
    const MonotonicTime now = core_->clock.Monotonic();
    ForEach([now](Connection& connection) { connection.CheckDeadline(now); });
    Tick();
  });
}

const std::string& Loop::DateLine() {
  const ArrivalTime now = core_->clock.Now();
  if (now.ms / 1000 != date_second_) {
    date_second_ = now.ms / 1000;
    date_line_ = "Date: " + FormatHttpDate(now) + "\r\n";
  }
  return date_line_;
}

namespace {

class TcpServer final : public Server {
 public:
  TcpServer(ServerOptions options, Handler handler, MetricRegistry& metrics)
      : core_(std::make_shared<ServerCore>(std::move(options), std::move(handler), metrics)) {
    for (size_t i = 0; i < core_->options.threads; ++i) {
      loops_.push_back(std::make_shared<Loop>(core_));
    }
  }
  ~TcpServer() override { Stop(); }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  Result<void> Listen();
  void StartThreads();

  uint16_t port() const override { return port_; }
  std::string address() const override { return address_ + ":" + std::to_string(port_); }
  void Stop() override;

 private:
  void Accept();
  void OnAccepted(int fd);

  const std::shared_ptr<ServerCore> core_;
  std::vector<std::shared_ptr<Loop>> loops_;
  // Set by Listen(), then the first loop's.
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<boost::asio::steady_timer> accept_retry_;
  size_t next_loop_ = 0;

  std::string address_;  // constant after Listen()
  uint16_t port_ = 0;    // constant after Listen()
  std::vector<std::thread> threads_;
};

Error ListenError(const ServerOptions& options, const error_code& error) {
  const std::string where = options.address + ":" + std::to_string(options.port);
  if (error == boost::asio::error::address_in_use) {
    return {Code::kUnavailable, "cannot listen on " + where +
                                    ": the port is taken by another process; stop that one (is a "
                                    "server already running?) or choose another port"};
  }
  if (error == boost::asio::error::access_denied) {
    return {Code::kUnavailable,
            "cannot listen on " + where + ": not allowed for this user; choose a port above 1023"};
  }
  return {Code::kUnavailable, "cannot listen on " + where + ": " + error.message() +
                                  "; choose an address of this machine, such as 127.0.0.1"};
}

Result<void> TcpServer::Listen() {
  const ServerOptions& options = core_->options;
  error_code error;
  const auto address = boost::asio::ip::make_address(
      options.address == "localhost" ? "127.0.0.1" : options.address, error);
  if (error) {
    return Error{Code::kInvalidArgument,
                 "'" + options.address +
                     "' is not an address to listen on: give a numeric one, "
                     "such as 127.0.0.1"};
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor_ = std::make_unique<tcp::acceptor>(loops_[0]->context());
  accept_retry_ = std::make_unique<boost::asio::steady_timer>(loops_[0]->context());
  (void)acceptor_->open(endpoint.protocol(), error);
  if (!error) (void)acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) (void)acceptor_->bind(endpoint, error);
  if (!error) (void)acceptor_->listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return ListenError(options, error);
  const auto bound = acceptor_->local_endpoint(error);
  port_ = bound.port();
  address_ = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return {};
}

void TcpServer::StartThreads() {
  Accept();
  for (const auto& loop : loops_) threads_.emplace_back([loop] { loop->Run(); });
}

void TcpServer::Accept() {
  acceptor_->async_accept([this](error_code error, tcp::socket socket) {
    if (core_->stopping.load()) return;
    if (error) {
      Log(LogLevel::kWarning, "http", "a connection could not be accepted",
          {{"error", error.message()}});
      accept_retry_->expires_after(kAcceptRetry);
      accept_retry_->async_wait([this](error_code cancelled) {
        if (!cancelled && !core_->stopping.load()) Accept();
      });
      return;
    }
    OnAccepted(socket.release());
    Accept();
  });
}

void TcpServer::OnAccepted(int fd) {
  const ServerCore::Room room = core_->ReserveConnection();
  if (room == ServerCore::Room::kNone) {
    ::close(fd);
    return;
  }
  const auto& loop = loops_[next_loop_++ % loops_.size()];
  const auto welcome = room == ServerCore::Room::kServed ? Connection::Welcome::kServe
                                                         : Connection::Welcome::kRefuse;
  const bool taken = loop->Dispatch([core = core_, loop, fd, welcome] {
    if (core->stopping.load()) {
      ::close(fd);
      core->ReleaseConnection();
      return;
    }
    Connection::Start(core, loop, fd, welcome);
  });
  if (!taken) {
    ::close(fd);
    core_->ReleaseConnection();
  }
}

void TcpServer::Stop() {
  if (threads_.empty()) return;
  core_->stopping.store(true);
  (void)loops_[0]->Dispatch([this] {
    error_code ignored;
    (void)acceptor_->close(ignored);
    accept_retry_->cancel();
  });
  for (const auto& loop : loops_) {
    (void)loop->Dispatch(
        [loop] { loop->ForEach([](Connection& connection) { connection.FinishAndClose(); }); });
  }
  const MonotonicTime deadline = core_->clock.Monotonic() + core_->options.stop_timeout;
  {
    const MutexLock lock(core_->mutex);
    while (core_->connections > 0) {
      const nanoseconds left = deadline - core_->clock.Monotonic();
      if (left <= nanoseconds(0) || !core_->connection_closed.WaitFor(core_->mutex, left)) break;
    }
  }
  for (const auto& loop : loops_) {
    (void)loop->Dispatch([loop] { loop->Quit(); });
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  core_->handler = nullptr;  // it may hold what holds our responders
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler,
                                              MetricRegistry& metrics) {
  if (options.threads < 1 || options.threads > 2) {
    return Error{Code::kInvalidArgument, "threads of the HTTP server: 1 or 2"};
  }
  if (options.header_bytes_max < 1_KiB || options.header_bytes_max > 16_MiB) {
    return Error{Code::kInvalidArgument, "header_bytes_max of the HTTP server: 1 KiB to 16 MiB"};
  }
  auto server = std::make_unique<TcpServer>(std::move(options), std::move(handler), metrics);
  TM_RETURN_IF_ERROR(server->Listen());
  server->StartThreads();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace tidemark::http
