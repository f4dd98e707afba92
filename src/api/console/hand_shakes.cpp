// SPDX-License-Identifier: Apache-2.0
#include "api/console/hand_shakes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.h"

namespace tidemark::console {
namespace {

constexpr std::string_view kDiscovery = "DescribeEndpoints";
constexpr nanoseconds kDiscoveryWait = seconds(10);  // a client goes on at once
constexpr int64_t kSkewMaxMs =
    300'000;  // the hosted services refuse beyond: 15 min; SDKs warn at 5

struct Sentence {
  std::string_view code;
  std::string_view text;
};
constexpr std::array kSentences{
    Sentence{"ResourceNotFoundException",
             "What the call names does not exist here: create it, or correct its name."},
    Sentence{"ResourceInUseException", "It exists already, or is being changed."},
    Sentence{"ConflictException", "It exists already, or is being changed."},
    Sentence{"UnknownOperationException", "This server does not have the operation."},
    Sentence{"SerializationException", "The body is not the JSON that the operation takes."},
    Sentence{
        "AccessDeniedException",
        "The call names the server by a host that it does not answer to, or comes from another "
        "site: see the setting http.allowed_hosts."},
    Sentence{"RejectedRecordsException",
             "Some records were rejected: the table's Rejections tab says why."},
    Sentence{"ProvisionedThroughputExceededException",
             "More came than the disk takes: the client must wait and send again."},
    Sentence{"ThrottlingException", "More came than the server takes: try again later."},
    Sentence{"LimitExceededException", "A limit of this server is reached: see its message."},
    Sentence{"ExpiredIteratorException",
             "The reader came back later than five minutes: it must ask for a new iterator."},
    Sentence{"ExpiredNextTokenException", "The token is too old: ask again from the beginning."},
    Sentence{"InvalidArgumentException", "An argument makes no sense: see the message."},
    Sentence{"ValidationException", "An argument makes no sense: see the message."},
    Sentence{"QueryExecutionException", "The statement ran into a limit: see the message."},
};

std::string Cut(std::string_view text) {
  std::string out(text.substr(0, kAgentBytesMax));
  // Not within a character of UTF-8.
  while (!out.empty() && text.size() > out.size() &&
         (static_cast<uint8_t>(text[out.size()]) & 0xC0U) == 0x80U) {
    out.pop_back();
  }
  return out;
}

std::string_view WithoutPort(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

/// "ResourceNotFoundException" of {"__type":"com..#ResourceNotFoundException",..}.
std::string CodeOf(std::string_view body) {
  const auto parsed = ParseJson(body);
  const JsonValue* type = parsed.ok() ? parsed->Find("__type") : nullptr;
  if (type == nullptr || !type->is_string()) return {};
  const std::string& text = type->string_value();
  const size_t mark = text.rfind('#');
  return Cut(mark == std::string::npos ? text : std::string_view(text).substr(mark + 1));
}

/// Region of "AWS4-HMAC-SHA256 Credential=KEY/20260115/us-east-1/kinesis/aws4_request, ..".
std::string_view RegionOf(std::string_view authorization) {
  size_t at = authorization.find("Credential=");
  if (at == std::string_view::npos) return {};
  std::string_view scope = authorization.substr(at);
  scope = scope.substr(0, scope.find(','));
  for (int i = 0; i < 2; ++i) {
    at = scope.find('/');
    if (at == std::string_view::npos) return {};
    scope.remove_prefix(at + 1);
  }
  return scope.substr(0, scope.find('/'));
}

/// Milliseconds that the client's clock is ahead; none: it does not say. "20260115T160000Z".
std::optional<int64_t> SkewOf(std::string_view date, ArrivalTime now) {
  if (date.size() != 16 || date[8] != 'T' || date[15] != 'Z') return std::nullopt;
  const auto part = [&date](size_t at, size_t size) { return std::string(date.substr(at, size)); };
  const std::string text = part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(9, 2) +
                           ":" + part(11, 2) + ":" + part(13, 2) + "Z";
  const auto time = ParseTimestamp(text);
  if (!time.ok()) return std::nullopt;
  return time->ns / 1'000'000 - now.ms;
}

std::string SentenceOf(const http::CallSeen& call, const HandShake& shake) {
  if (call.opening == http::Opening::kTls) {
    return "The client speaks TLS to a plain port: use http:// in its endpoint.";
  }
  if (call.opening == http::Opening::kHttp2) {
    return "The client speaks HTTP/2, and this server HTTP/1.1: give a JavaScript Kinesis client "
           "the HTTP/1.1 request handler.";
  }
  if (shake.status < 400) return {};
  if (call.content_type.find("cbor") != std::string_view::npos) {
    return "The body is CBOR, and this server takes JSON: switch CBOR off (Java: "
           "aws.cborEnabled=false).";
  }
  const auto* found = std::ranges::find(kSentences, shake.code, &Sentence::code);
  if (found != kSentences.end()) return std::string(found->text);
  if (!call.reason.empty()) return std::string(call.reason);
  return shake.status >= 500 ? "The server failed: its log has the request." : "See its message.";
}

/// Of a call that went well: what the hosted service would not forgive.
std::string WarningOf(const http::CallSeen& call, const std::string& region, ArrivalTime now) {
  if (const auto skew = SkewOf(call.date, now); skew && std::abs(*skew) > kSkewMaxMs) {
    return "The client's clock is " + std::to_string(std::abs(*skew) / 1000) + " s " +
           (*skew > 0 ? "ahead" : "behind") + ": the hosted service refuses its signature.";
  }
  const std::string_view signed_for = RegionOf(call.authorization);
  if (!signed_for.empty() && signed_for != region) {
    return "The client signs for the region " + Cut(signed_for) + ", and this server is " + region +
           ".";
  }
  return {};
}

}  // namespace

ClientProduct ProductOf(std::string_view agent) {
  // The CLI and boto3 name themselves before the library that they use; so do the others.
  const std::string_view product = agent.substr(0, agent.find(' '));
  const size_t slash = product.find('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  return {Cut(product.substr(0, slash)), Cut(product.substr(slash + 1))};
}

HandShake HandShakes::Describe(const http::CallSeen& call, ArrivalTime now) const {
  HandShake out;
  out.first = now;
  out.peer = WithoutPort(call.peer);
  out.agent = Cut(call.agent);
  ClientProduct product = ProductOf(call.agent);
  out.library = std::move(product.library);
  out.version = std::move(product.version);
  switch (call.opening) {
    case http::Opening::kHttp:
      out.protocol = "HTTP/1.1";
      break;
    case http::Opening::kHttp2:
      out.protocol = "HTTP/2";
      break;
    case http::Opening::kTls:
      out.protocol = "TLS";
      break;
  }
  const size_t dot = call.target.find('.');
  if (dot != std::string_view::npos) out.operation = Cut(call.target.substr(dot + 1));
  if (call.target.starts_with("Kinesis_")) {
    out.service = "kinesis";
  } else if (call.target.starts_with("Timestream_")) {
    constexpr std::array kQueries{std::string_view("Query"), std::string_view("CancelQuery"),
                                  std::string_view("PrepareQuery")};
    const bool query = std::ranges::find(kQueries, out.operation) != kQueries.end() ||
                       out.operation.find("ScheduledQuer") != std::string::npos;
    out.service = query ? "timestream-query" : "timestream-write";
  }
  out.has_signature = call.authorization.starts_with("AWS4-");
  out.status = call.status;
  if (call.status >= 400) out.code = CodeOf(call.body);
  out.sentence = SentenceOf(call, out);
  if (out.sentence.empty()) out.sentence = WarningOf(call, region_, now);
  return out;
}

void HandShakes::OnCall(const http::CallSeen& call) {
  const ArrivalTime now = clock_.Now();
  std::string key(WithoutPort(call.peer));
  key.append(1, '\n').append(Cut(call.agent)).append(1, '\n').append(Cut(call.target));
  key.append(1, '\n').append(std::to_string(call.status));
  key.append(1, '\n').append(std::to_string(static_cast<int>(call.opening)));
  {
    const MutexLock lock(mutex_);
    const auto found = by_key_.find(key);
    // A failure is described anew: the next one may have another reason.
    if (found != by_key_.end() && call.status < 400) {
      HandShake& known = found->second->second;
      known.last = now;
      ++known.count;
      seen_.splice(seen_.begin(), seen_, found->second);
      return;
    }
  }
  HandShake shake = Describe(call, now);
  const MutexLock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    shake.first = found->second->second.first;
    shake.count = found->second->second.count;
    const auto place = found->second;
    by_key_.erase(found);  // its key is a view into the list
    seen_.erase(place);
  } else if (seen_.size() >= kHandShakesMax) {
    by_key_.erase(seen_.back().first);
    seen_.pop_back();
  }
  shake.last = now;
  ++shake.count;
  seen_.emplace_front(std::move(key), std::move(shake));
  by_key_.emplace(seen_.front().first, seen_.begin());
}

std::vector<HandShake> HandShakes::List() const {
  const ArrivalTime now = clock_.Now();
  std::vector<HandShake> out;
  {
    const MutexLock lock(mutex_);
    for (const auto& [key, shake] : seen_) out.push_back(shake);
  }
  // console-ux.md 5.8: discovery that no further call followed.
  for (HandShake& shake : out) {
    if (shake.operation != kDiscovery || !shake.sentence.empty() ||
        now - shake.last < kDiscoveryWait) {
      continue;
    }
    const bool followed = std::ranges::any_of(out, [&](const HandShake& other) {
      return other.peer == shake.peer && other.agent == shake.agent &&
             other.operation != kDiscovery && other.last >= shake.first;
    });
    if (!followed) {
      shake.sentence =
          "The client asked where the service is and did not come back: it cannot reach the "
          "address that it was told.";
    }
  }
  return out;
}

}  // namespace tidemark::console
