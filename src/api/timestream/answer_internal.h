// SPDX-License-Identifier: Apache-2.0
// Answers in the protocol's envelope, and the ids in them (timestream-api.md 1.2, 2.1).
// Thread-safe.
#pragma once

#include <atomic>
#include <string>

#include "api/timestream/errors.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "http/message.h"

namespace tidemark::timestream {

class Answers {
 public:
  /// `random` must outlive the object; used under a lock.
  explicit Answers(Random& random);

  http::Response Ok(std::string body);
  http::Response Fail(const Failure& failure);
  http::Response Make(int status, std::string body);

  /// 63 characters A-Z2-7, starting "AE"; not to be guessed.
  std::string NewQueryId();
  /// For tokens; not to be guessed.
  uint64_t NewNonce();

 private:
  std::string NewRequestId();

  Mutex mutex_;
  Random& random_ TM_GUARDED_BY(mutex_);
  std::atomic<uint64_t> request_state_;  // request ids are unique, not secret
};

}  // namespace tidemark::timestream
