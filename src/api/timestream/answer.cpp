// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/answer_internal.h"
#include "api/timestream/service.h"

namespace tidemark::timestream {
namespace {

void AppendBase32(uint64_t bits, size_t characters, std::string& out) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  for (size_t i = 0; i < characters; ++i) {
    out.push_back(kAlphabet[bits & 31U]);
    bits >>= 5U;
  }
}

}  // namespace

Answers::Answers(Random& random) : random_(random), request_state_(random.Next()) {}

std::string Answers::NewRequestId() {
  SeededRandom random(request_state_.fetch_add(0x632be59bd9b4e019U, std::memory_order_relaxed));
  std::string out;
  AppendBase32(random.Next(), 12, out);
  AppendBase32(random.Next(), 12, out);
  AppendBase32(random.Next(), 2, out);
  return out;
}

std::string Answers::NewQueryId() {
  const MutexLock lock(mutex_);
  std::string out = "AE";
  for (int i = 0; i < 5; ++i) AppendBase32(random_.Next(), 12, out);
  AppendBase32(random_.Next(), 1, out);
  return out;
}

uint64_t Answers::NewNonce() {
  const MutexLock lock(mutex_);
  return random_.Next();
}

http::Response Answers::Make(int status, std::string body) {
  http::Response out = http::MakeResponse(status, kContentType, std::move(body));
  out.headers.Add("x-amzn-RequestId", NewRequestId());
  return out;
}

http::Response Answers::Ok(std::string body) { return Make(200, std::move(body)); }

http::Response Answers::Fail(const Failure& failure) {
  return Make(StatusOf(failure.error),
              ErrorBody(TypeOf(failure.error), failure.message, failure.scheduled_query_arn));
}

}  // namespace tidemark::timestream
