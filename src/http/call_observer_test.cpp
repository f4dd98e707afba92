// SPDX-License-Identifier: Apache-2.0
#include "http/call_observer.h"

#include <gtest/gtest.h>

#include "http/testing/recorder.h"

namespace tidemark::http {
namespace {

class Notes final : public CallObserver {
 public:
  void OnCall(const CallSeen& call) override {
    lines.push_back(std::string(call.peer) + " " + std::string(call.agent) + " " +
                    std::string(call.target) + " " + std::to_string(call.status) + " " +
                    std::string(call.body));
  }
  std::vector<std::string> lines;
};

Request Call() {
  return {.method = "POST",
          .path = "/",
          .headers = {{"User-Agent", "curl"}, {"X-Amz-Target", "a.B"}},
          .peer = "127.0.0.1:9"};
}

TEST(CallObserver, HearsOfTheAnswerAndPassesItOn) {
  Notes notes;
  Recorder recorder;
  Responder responder = Observe(Call(), recorder.MakeResponder(), notes);
  responder.Send(MakeResponse(400, "text/plain", "no"));
  EXPECT_EQ(recorder.response()->body, "no");
  EXPECT_EQ(notes.lines, std::vector<std::string>{"127.0.0.1:9 curl a.B 400 no"});
}

TEST(CallObserver, ADroppedResponderIsAnAnswerToo) {
  Notes notes;
  Recorder recorder;
  {
    const Responder dropped = Observe(Call(), recorder.MakeResponder(), notes);
  }
  EXPECT_EQ(recorder.response()->status, 500);
  EXPECT_EQ(notes.lines, std::vector<std::string>{"127.0.0.1:9 curl a.B 500 "});
}

TEST(CallObserver, APeerThatLeavesIsToldToTheHandler) {
  Notes notes;
  Recorder recorder;
  Responder responder = Observe(Call(), recorder.MakeResponder(), notes);
  bool gone = false;
  responder.OnPeerGone([&gone] { gone = true; });
  recorder.Disconnect();
  EXPECT_TRUE(gone);
  responder.Send(MakeResponse(200, "text/plain", ""));
}

}  // namespace
}  // namespace tidemark::http
