// SPDX-License-Identifier: Apache-2.0
// The last distinct hand-shakes of AWS clients, and in one sentence why one failed (console-ux.md
// 5.8). Thread-safe; OnCall() is a short lock and a look-up.
//
// Bounds: kHandShakesMax of them, texts of kAgentBytesMax; the one that was seen longest ago gives
// way.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/call_observer.h"

namespace tidemark::console {

inline constexpr size_t kHandShakesMax = 200;
inline constexpr size_t kAgentBytesMax = 256;

/// "Boto3" and "1.43.2" of "Boto3/1.43.2 md/Botocore#..": the first product of an identification;
/// both empty if it does not tell.
struct ClientProduct {
  std::string library;
  std::string version;
};
ClientProduct ProductOf(std::string_view agent);

struct HandShake {
  ArrivalTime first;
  ArrivalTime last;
  uint64_t count = 0;
  std::string peer;     // without port
  std::string agent;    // as it was sent, cut
  std::string library;  // "": it does not tell
  std::string version;
  std::string protocol;   // "HTTP/1.1", "HTTP/2", "TLS"
  std::string service;    // "kinesis", "timestream-write", "timestream-query", ""
  std::string operation;  // "": the call did not get so far
  bool has_signature = false;
  int status = 0;
  std::string code;      // of the error
  std::string sentence;  // "": nothing is wrong
};

class HandShakes final : public http::CallObserver {
 public:
  /// `region` is what this server says it is.
  HandShakes(const Clock& clock, std::string region) : clock_(clock), region_(std::move(region)) {}

  void OnCall(const http::CallSeen& call) override TM_EXCLUDES(mutex_);
  /// The newest first.
  std::vector<HandShake> List() const TM_EXCLUDES(mutex_);

 private:
  using Seen = std::list<std::pair<std::string, HandShake>>;

  HandShake Describe(const http::CallSeen& call, ArrivalTime now) const;

  const Clock& clock_;
  const std::string region_;
  mutable Mutex mutex_;
  Seen seen_ TM_GUARDED_BY(mutex_);  // the newest first
  std::unordered_map<std::string_view, Seen::iterator> by_key_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::console
