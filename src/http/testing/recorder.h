// SPDX-License-Identifier: Apache-2.0
// Calls a handler without a socket: hands out a Responder and keeps what it was answered with.
//   Recorder recorder;
//   api.Handle(request, recorder.MakeResponder());
//   EXPECT_EQ(recorder.Wait().status, 200);
// Thread-safe. Holds the answers after the responder has gone.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/server.h"

namespace tidemark::http {

class Recorder {
 public:
  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  Responder MakeResponder();
  /// The answer so far; status 500 with an empty body for a dropped responder.
  std::optional<Response> response() const;
  /// Blocks until there is one.
  Response Wait() const;
  /// Everything written to the event stream; streaming() says whether one was started.
  std::string streamed() const;
  bool streaming() const;
  /// As a peer that goes away: ends the stream, or tells who waits for it to leave.
  void Disconnect();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace tidemark::http
