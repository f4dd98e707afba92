// SPDX-License-Identifier: Apache-2.0
// The thread-safe side of an answer: Responder, its sink, and event streams. Everything reaches the
// connection as a task on its loop.
#include <array>
#include <charconv>

#include "base/logging.h"
#include "http/connection_internal.h"
#include "http/server.h"

namespace tidemark::http {
namespace {

/// What StartStream() hands out: the last reference to it ends the response.
class StreamHandle final : public EventStream {
 public:
  explicit StreamHandle(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~StreamHandle() override { state_->Close(); }
  StreamHandle(const StreamHandle&) = delete;
  StreamHandle& operator=(const StreamHandle&) = delete;

  bool Write(std::string chunk) override { return state_->Write(chunk); }
  void Close() override { state_->Close(); }
  void OnClosed(std::move_only_function<void()> callback) override {
    state_->OnClosed(std::move(callback));
  }
  size_t bytes_waiting() const override { return state_->bytes_waiting(); }

 private:
  const std::shared_ptr<StreamState> state_;
};

class ConnectionSink final : public ResponseSink {
 public:
  ConnectionSink(std::shared_ptr<ServerCore> core, std::shared_ptr<Connection> connection,
                 uint64_t exchange, Framing stream_framing)
      : core_(std::move(core)),
        connection_(std::move(connection)),
        exchange_(exchange),
        stream_framing_(stream_framing) {}

  void Send(Response response) override {
    (void)connection_->loop()->Dispatch(
        [connection = connection_, exchange = exchange_, response = std::move(response)]() mutable {
          connection->Answer(exchange, std::move(response));
        });
  }

  std::shared_ptr<EventStream> StartStream(Headers headers) override {
    auto state =
        std::make_shared<StreamState>(connection_, stream_framing_, &core_->metrics.event_streams,
                                      core_->options.stream_bytes_max);
    const bool taken = connection_->loop()->Dispatch(
        [connection = connection_, exchange = exchange_, headers = std::move(headers),
         state]() mutable { connection->AnswerStream(exchange, std::move(headers), state); });
    if (!taken) state->Gone();
    return std::make_shared<StreamHandle>(std::move(state));
  }

  void Abandon() override {
    (void)connection_->loop()->Dispatch([connection = connection_, exchange = exchange_] {
      connection->AnswerAbandoned(exchange);
    });
  }

  void OnPeerGone(std::move_only_function<void()> callback) override {
    (void)connection_->loop()->Dispatch(
        [connection = connection_, exchange = exchange_, callback = std::move(callback)]() mutable {
          connection->WatchPeer(exchange, std::move(callback));
        });
  }

 private:
  const std::shared_ptr<ServerCore> core_;
  const std::shared_ptr<Connection> connection_;
  const uint64_t exchange_;
  const Framing stream_framing_;
};

}  // namespace

std::unique_ptr<ResponseSink> MakeSink(std::shared_ptr<ServerCore> core,
                                       std::shared_ptr<Connection> connection, uint64_t exchange,
                                       Framing stream_framing) {
  return std::make_unique<ConnectionSink>(std::move(core), std::move(connection), exchange,
                                          stream_framing);
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    if (sink_ != nullptr) sink_->Abandon();
    sink_ = std::move(other.sink_);
  }
  return *this;
}

Responder::~Responder() {
  if (sink_ != nullptr) sink_->Abandon();
}

void Responder::Send(Response response) {
  if (sink_ == nullptr) {
    Log(LogLevel::kError, "http", "a request was answered twice; the second answer is dropped",
        {{"status", response.status}});
    return;
  }
  std::exchange(sink_, nullptr)->Send(std::move(response));
}

void Responder::OnPeerGone(std::move_only_function<void()> callback) {
  if (sink_ != nullptr) sink_->OnPeerGone(std::move(callback));
}

std::shared_ptr<EventStream> Responder::StartStream(Headers headers) {
  if (sink_ == nullptr) {
    Log(LogLevel::kError, "http", "a request was answered twice; the stream is refused");
    auto refused =
        std::make_shared<StreamState>(std::weak_ptr<Connection>{}, Framing::kChunked, nullptr, 0);
    refused->Gone();
    return std::make_shared<StreamHandle>(std::move(refused));
  }
  return std::exchange(sink_, nullptr)->StartStream(std::move(headers));
}

StreamState::StreamState(std::weak_ptr<Connection> connection, Framing framing, Gauge* streams,
                         size_t bytes_max)
    : connection_(std::move(connection)),
      framing_(framing),
      streams_(streams),
      bytes_max_(bytes_max) {
  if (streams_ != nullptr) streams_->Add(1);
}

StreamState::~StreamState() {
  if (streams_ != nullptr) streams_->Add(-1);
}

bool StreamState::Write(const std::string& chunk) {
  {
    const MutexLock lock(mutex_);
    if (!open_) return false;
    if (chunk.empty()) return true;  // an empty chunk would end a chunked body
    if (waiting_.size() + in_flight_ + chunk.size() > bytes_max_) return false;
    if (framing_ == Framing::kChunked) {
      std::array<char, 16> size{};
      const auto* end = std::to_chars(size.data(), size.data() + size.size(), chunk.size(), 16).ptr;
      waiting_.append(size.data(), static_cast<size_t>(end - size.data()));
      waiting_.append("\r\n").append(chunk).append("\r\n");
    } else {
      waiting_.append(chunk);
    }
    if (std::exchange(scheduled_, true)) return true;
  }
  Wake();
  return true;
}

void StreamState::Close() {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (!std::exchange(open_, false)) return;
    wake = !std::exchange(scheduled_, true);
  }
  if (wake) Wake();
  NotifyClosed();
}

void StreamState::OnClosed(std::move_only_function<void()> callback) {
  {
    const MutexLock lock(mutex_);
    if (open_) {
      std::swap(on_closed_, callback);  // the replaced one dies outside the lock
      return;
    }
  }
  callback();
}

size_t StreamState::bytes_waiting() const {
  const MutexLock lock(mutex_);
  return waiting_.size() + in_flight_;
}

StreamState::Batch StreamState::TakeBatch() {
  const MutexLock lock(mutex_);
  Batch batch{.bytes = std::exchange(waiting_, {}), .ended = !open_};
  in_flight_ = batch.bytes.size();
  if (batch.ended && framing_ == Framing::kChunked) batch.bytes.append("0\r\n\r\n");
  scheduled_ = in_flight_ > 0 || batch.ended;
  return batch;
}

void StreamState::Gone() {
  {
    const MutexLock lock(mutex_);
    open_ = false;
    scheduled_ = true;  // nobody looks any more
    waiting_ = {};
    in_flight_ = 0;
  }
  NotifyClosed();
}

void StreamState::Wake() {
  if (const auto connection = connection_.lock()) {
    (void)connection->loop()->Dispatch([connection] { connection->FlushStream(); });
  }
}

void StreamState::NotifyClosed() {
  std::move_only_function<void()> callback;
  {
    const MutexLock lock(mutex_);
    std::swap(callback, on_closed_);
  }
  if (callback) callback();
}

}  // namespace tidemark::http
