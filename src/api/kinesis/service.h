// SPDX-License-Identifier: Apache-2.0
// The Kinesis protocol over JSON 1.1 (kinesis-api.md): decodes a request, calls log and catalog,
// encodes the answer. Thread-safe.
//
// Handle() runs on a network thread and never waits: appends are answered by the log's writer;
// creating and deleting streams and reading files are posted to the executor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "http/server.h"
#include "log/log.h"

namespace tidemark::kinesis {

struct KinesisOptions {
  std::string region = "us-east-1";
  std::string account = "000000000000";  // 12 digits; in ARNs and messages
  uint32_t shards_max =
      10'000;  // of all streams together: LimitExceededException (clients-seen.md 13)
  milliseconds clock_skew_max{60'000};  // AT_TIMESTAMP that far ahead of us means LATEST (2.9)
};

/// What the service borrows; all must outlive it and every answer it still owes.
struct KinesisContext {
  log::Log& log;
  catalog::Catalog& catalog;
  const Clock& clock;
  Random& random;  // used by Open() only
  Executor& executor;
  MetricRegistry& metrics;
};

class KinesisService {
 public:
  /// Reads the key that signs iterators from the catalog, or makes one.
  static Result<std::unique_ptr<KinesisService>> Open(const KinesisContext& context,
                                                      KinesisOptions options);
  ~KinesisService();
  KinesisService(const KinesisService&) = delete;
  KinesisService& operator=(const KinesisService&) = delete;

  /// `operation` is what follows the first '.' of X-Amz-Target, or "". Every request is answered,
  /// errors in the protocol's envelope.
  void Handle(std::string_view operation, http::Request request, http::Responder responder);

  /// The same envelope for what is refused before an operation is known (a body too large, no
  /// memory).
  http::Response ErrorResponse(int status, std::string_view type, std::string_view message);

 private:
  class Impl;
  explicit KinesisService(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::kinesis
