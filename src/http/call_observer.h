// SPDX-License-Identifier: Apache-2.0
// Who hears of each answered call: for lists of clients and what went wrong with them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "http/server.h"

namespace tidemark::http {

/// One call and its answer. Views live as long as the call of the observer.
struct CallSeen {
  std::string_view peer;   // "127.0.0.1:52100"; "": not known
  std::string_view agent;  // of User-Agent, or what is better: x-amz-user-agent
  Opening opening = Opening::kHttp;
  std::string_view target;  // x-amz-target; "": the call did not get so far
  std::string_view authorization;
  std::string_view date;          // x-amz-date
  std::string_view content_type;  // of the request
  int status = 0;
  std::string_view body;    // of the answer
  std::string_view reason;  // of a refusal by http itself
};

/// Thread-safe; called on whatever thread answers, so it must be quick and never wait.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void OnCall(const CallSeen& call) = 0;
};

/// Takes copies of what of `request` an observer wants and gives a responder that tells it when the
/// answer is there, then passes it on. `observer` must outlive the answer.
Responder Observe(const Request& request, Responder responder, CallObserver& observer);

}  // namespace tidemark::http
