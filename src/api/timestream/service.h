// SPDX-License-Identifier: Apache-2.0
// The Timestream WRITE and QUERY APIs (timestream-api.md sections 1 to 5): decodes a request,
// calls the parts below, encodes the answer. app dispatches X-Amz-Target `Timestream_20181101.X`
// here and has checked the signature. Thread-safe; Handle() never blocks: writes complete from the
// store, queries run on Lane::kQuery, changes of definitions on Lane::kBackground.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "api/timestream/direct_clock.h"
#include "api/timestream/errors.h"
#include "api/timestream/object_sink.h"
#include "api/timestream/tables.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/units.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "http/server.h"
#include "sql/engine.h"
#include "store/store.h"

namespace tidemark::timestream {

inline constexpr std::string_view kTargetPrefix = "Timestream_20181101.";
inline constexpr std::string_view kContentType = "application/x-amz-json-1.0";

/// What DescribeEndpoints answers: the request's Host header, shaped for the SDK that its
/// User-Agent names (timestream-api.md 1.6, clients-seen.md 11). boto3 gets "http://host:port",
/// JavaScript and Java a bare host, others "host:port". Never empty.
std::string AdvertisedEndpoint(const http::Request& request);

struct ServiceOptions {
  std::string region = "us-east-1";      // of ARNs
  std::string account = "000000000000";  // of ARNs
  std::function<std::string(const http::Request&)> endpoint = AdvertisedEndpoint;
  int endpoint_cache_minutes = 1440;

  size_t page_bytes_max = 1'000'000;     // of one Query answer
  size_t queries_kept_max = 200;         // open, cancelled or replayable
  size_t page_cache_bytes_max = 64_MiB;  // of pages kept for replay, all queries together
  std::chrono::milliseconds token_lifetime{3'600'000};       // NextToken
  std::chrono::milliseconds client_token_lifetime{300'000};  // ClientToken: same call, same answer
  /// A Query call answers an empty page with a NextToken rather than wait longer (SDKs give up
  /// after 60 s).
  std::chrono::milliseconds page_wait_max{5'000};
  /// The first page of every statement is empty, as AWS's may be (5.1.2).
  enum class FirstPage : uint8_t { kFilled, kEmpty } first_page = FirstPage::kFilled;
  std::chrono::milliseconds statement_time_max{3'600'000};  // from its first call on
  /// Pages being made, or waiting to be, at once; more Query calls are throttled.
  size_t pages_running_max = 68;
  uint64_t result_bytes_max = 5'000'000'000;  // of all pages of a statement (4.9)
};

/// What the service stands on; everything must outlive it. Executor, store and engine may complete
/// work of the service after its destruction, but not after their own.
struct ServiceDeps {
  catalog::Catalog& catalog;
  TableAdmin& tables;
  store::Store& store;
  DirectClock& direct_clock;
  sql::Engine& engine;
  Executor& executor;
  const Clock& clock;
  Random& random;
  MetricRegistry& metrics;
  ObjectSink& reports;            // error reports of scheduled queries
  ObjectSink* exports = nullptr;  // of UNLOAD; null: not configured
};

class TimestreamService {
 public:
  TimestreamService(ServiceOptions options, ServiceDeps deps);
  /// Cancels open queries and runs of scheduled ones, and waits for what works on them; waiting
  /// callers get an error. Not from an executor's thread.
  ~TimestreamService();
  TimestreamService(const TimestreamService&) = delete;
  TimestreamService& operator=(const TimestreamService&) = delete;

  /// `operation` is the text behind kTargetPrefix; unknown ones get UnknownOperationException.
  void Handle(std::string_view operation, http::Request request, http::Responder responder);

  /// The protocol's 404 for a missing or foreign target, and the envelope for errors that app or
  /// http find first (bad signature, oversized body). `type` is a bare name:
  /// "InvalidSignatureException".
  http::Response UnknownOperation();
  http::Response ErrorResponse(int status, std::string_view type, std::string_view message);

  /// "CreateScheduledQuery" and the like on the calling thread, which waits for the disk: for
  /// callers inside the process. The body of the answer, or what is wrong.
  std::variant<std::string, Failure> CallScheduled(std::string_view operation,
                                                   const JsonValue& input);
  std::string ScheduledArn(const catalog::ScheduledQueryDef& def) const;
  /// None: it is disabled, or its time never comes.
  std::optional<ArrivalTime> NextScheduled(const catalog::ScheduledQueryDef& def) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidemark::timestream
