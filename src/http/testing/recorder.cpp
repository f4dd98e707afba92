// SPDX-License-Identifier: Apache-2.0
#include "http/testing/recorder.h"

#include "base/mutex.h"

namespace tidemark::http {

struct Recorder::State {
  Mutex mutex;
  CondVar answered;
  std::optional<Response> response TM_GUARDED_BY(mutex);
  std::string streamed TM_GUARDED_BY(mutex);
  bool streaming TM_GUARDED_BY(mutex) = false;
  bool closed TM_GUARDED_BY(mutex) = false;
  std::move_only_function<void()> on_closed TM_GUARDED_BY(mutex);

  void Answer(Response answer) TM_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    if (!response) response = std::move(answer);
    answered.NotifyAll();
  }

  void Close() TM_EXCLUDES(mutex) {
    std::move_only_function<void()> callback;
    {
      const MutexLock lock(mutex);
      closed = true;
      std::swap(callback, on_closed);
    }
    if (callback) callback();
  }
};

namespace {

class RecordedStream final : public EventStream {
 public:
  explicit RecordedStream(std::shared_ptr<Recorder::State> state) : state_(std::move(state)) {}
  ~RecordedStream() override { state_->Close(); }
  RecordedStream(const RecordedStream&) = delete;
  RecordedStream& operator=(const RecordedStream&) = delete;

  bool Write(std::string chunk) override {
    const MutexLock lock(state_->mutex);
    if (state_->closed) return false;
    state_->streamed += chunk;
    return true;
  }
  void Close() override { state_->Close(); }
  void OnClosed(std::move_only_function<void()> callback) override {
    {
      const MutexLock lock(state_->mutex);
      if (!state_->closed) {
        std::swap(state_->on_closed, callback);
        return;
      }
    }
    callback();
  }
  size_t bytes_waiting() const override { return 0; }

 private:
  const std::shared_ptr<Recorder::State> state_;
};

class RecordingSink final : public ResponseSink {
 public:
  explicit RecordingSink(std::shared_ptr<Recorder::State> state) : state_(std::move(state)) {}

  void Send(Response response) override { state_->Answer(std::move(response)); }
  std::shared_ptr<EventStream> StartStream(Headers headers) override {
    {
      const MutexLock lock(state_->mutex);
      state_->streaming = true;
    }
    state_->Answer({.status = 200, .headers = std::move(headers), .body = {}});
    return std::make_shared<RecordedStream>(state_);
  }
  void Abandon() override { state_->Answer({.status = 500, .headers = {}, .body = {}}); }
  void OnPeerGone(std::move_only_function<void()> callback) override {
    {
      const MutexLock lock(state_->mutex);
      if (!state_->closed) {
        std::swap(state_->on_closed, callback);
        return;
      }
    }
    callback();
  }

 private:
  const std::shared_ptr<Recorder::State> state_;
};

}  // namespace

Recorder::Recorder() : state_(std::make_shared<State>()) {}
Recorder::~Recorder() = default;

Responder Recorder::MakeResponder() { return Responder(std::make_unique<RecordingSink>(state_)); }

std::optional<Response> Recorder::response() const {
  const MutexLock lock(state_->mutex);
  return state_->response;
}

Response Recorder::Wait() const {
  const MutexLock lock(state_->mutex);
  while (!state_->response) state_->answered.Wait(state_->mutex);
  return *state_->response;
}

std::string Recorder::streamed() const {
  const MutexLock lock(state_->mutex);
  return state_->streamed;
}

bool Recorder::streaming() const {
  const MutexLock lock(state_->mutex);
  return state_->streaming;
}

void Recorder::Disconnect() { state_->Close(); }

}  // namespace tidemark::http
