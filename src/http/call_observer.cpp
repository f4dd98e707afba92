// SPDX-License-Identifier: Apache-2.0
#include "http/call_observer.h"

#include <utility>

namespace tidemark::http {
namespace {

class ObservedSink final : public ResponseSink {
 public:
  ObservedSink(const Request& request, Responder inner, CallObserver& observer)
      : inner_(std::move(inner)), observer_(observer), peer_(request.peer) {
    const auto text = [&request](std::string_view name) {
      return std::string(request.Find(name).value_or(""));
    };
    agent_ = text("x-amz-user-agent");
    if (agent_.empty()) agent_ = text("User-Agent");
    target_ = text("x-amz-target");
    authorization_ = text("Authorization");
    date_ = text("x-amz-date");
    content_type_ = text("Content-Type");
  }

  void Send(Response response) override {
    Tell(response.status, response.body);
    inner_.Send(std::move(response));
  }
  std::shared_ptr<EventStream> StartStream(Headers headers) override {
    Tell(200, "");
    return inner_.StartStream(std::move(headers));
  }
  void Abandon() override {
    Tell(500, "");
    Responder dropped = std::move(inner_);  // answers by itself
  }
  void OnPeerGone(std::move_only_function<void()> callback) override {
    inner_.OnPeerGone(std::move(callback));
  }

 private:
  void Tell(int status, std::string_view body) {
    observer_.OnCall({.peer = peer_,
                      .agent = agent_,
                      .target = target_,
                      .authorization = authorization_,
                      .date = date_,
                      .content_type = content_type_,
                      .status = status,
                      .body = body});
  }

  Responder inner_;
  CallObserver& observer_;
  const std::string peer_;
  std::string agent_;
  std::string target_;
  std::string authorization_;
  std::string date_;
  std::string content_type_;
};

}  // namespace

Responder Observe(const Request& request, Responder responder, CallObserver& observer) {
  return Responder(std::make_unique<ObservedSink>(request, std::move(responder), observer));
}

}  // namespace tidemark::http
