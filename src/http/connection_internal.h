// SPDX-License-Identifier: Apache-2.0
// One connection as its loop, its responders and its event stream see it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/time.h"
#include "http/core_internal.h"
#include "http/server.h"

namespace tidemark::http {

class StreamState;

/// Runs on the thread of its loop, except where said.
class Connection {
 public:
  /// Takes over the connected socket `fd`; kRefuse only says that the server is full.
  enum class Welcome : uint8_t { kServe, kRefuse };
  static void Start(std::shared_ptr<ServerCore> core, const std::shared_ptr<Loop>& loop, int fd,
                    Welcome welcome);

  virtual ~Connection() = default;

  /// Answers request number `exchange`; dropped when that is no longer the one that waits.
  virtual void Answer(uint64_t exchange, Response response) = 0;
  virtual void AnswerStream(uint64_t exchange, Headers headers,
                            std::shared_ptr<StreamState> stream) = 0;
  virtual void AnswerAbandoned(uint64_t exchange) = 0;
  /// Runs `callback` if the peer leaves while request number `exchange` waits.
  virtual void WatchPeer(uint64_t exchange, std::move_only_function<void()> callback) = 0;
  /// The stream has something to write.
  virtual void FlushStream() = 0;

  virtual void CheckDeadline(MonotonicTime now) = 0;
  /// Server stop: closes when nothing is being answered, after the answer otherwise.
  virtual void FinishAndClose() = 0;
  virtual void Close() = 0;

  // Constant, from any thread.
  const std::shared_ptr<Loop>& loop() const { return loop_; }

 protected:
  explicit Connection(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

 private:
  const std::shared_ptr<Loop> loop_;
};

/// What waits between the writers of an event stream (any thread) and its connection (loop thread).
/// Thread-safe.
class StreamState {
 public:
  /// `streams` may be null: not counted.
  StreamState(std::weak_ptr<Connection> connection, Framing framing, Gauge* streams,
              size_t bytes_max);
  ~StreamState();
  StreamState(const StreamState&) = delete;
  StreamState& operator=(const StreamState&) = delete;

  bool Write(const std::string& chunk);
  void Close();
  void OnClosed(std::move_only_function<void()> callback);
  size_t bytes_waiting() const;

  // For the connection.
  /// Moves out what waits; `ended` says that nothing follows. Empty and not ended: nothing to do,
  /// and the next Write() wakes the connection.
  struct Batch {
    std::string bytes;
    bool ended = false;
  };
  Batch TakeBatch();
  /// The connection has gone: refuse from now on and tell the owner.
  void Gone();

 private:
  void Wake();
  void NotifyClosed();  // once

  const std::weak_ptr<Connection> connection_;
  const Framing framing_;
  Gauge* const streams_;
  const size_t bytes_max_;

  mutable Mutex mutex_;
  std::string waiting_ TM_GUARDED_BY(mutex_);
  size_t in_flight_ TM_GUARDED_BY(mutex_) = 0;
  bool scheduled_ TM_GUARDED_BY(mutex_) = true;  // the connection will look here by itself
  bool open_ TM_GUARDED_BY(mutex_) = true;
  std::move_only_function<void()> on_closed_ TM_GUARDED_BY(mutex_);
};

/// The sink behind a Responder of this connection.
std::unique_ptr<ResponseSink> MakeSink(std::shared_ptr<ServerCore> core,
                                       std::shared_ptr<Connection> connection, uint64_t exchange,
                                       Framing stream_framing);

}  // namespace tidemark::http
