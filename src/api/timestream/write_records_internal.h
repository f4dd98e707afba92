// SPDX-License-Identifier: Apache-2.0
// The operation WriteRecords (timestream-api.md section 4). Thread-safe; shared with its writes in
// flight, so it lives until the last of them is answered.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/timestream/answer_internal.h"
#include "api/timestream/direct_clock.h"
#include "api/timestream/tables.h"
#include "api/timestream/write_batch_internal.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "http/server.h"

namespace tidemark::timestream {

class RecordWriter : public std::enable_shared_from_this<RecordWriter> {
 public:
  struct Deps {
    TableAdmin& tables;
    store::Store& store;
    DirectClock& direct_clock;
    const Clock& clock;
    std::shared_ptr<Answers> answers;
    MetricRegistry& metrics;
  };
  explicit RecordWriter(Deps deps);

  /// Decodes, judges and hands to the store on the calling thread; answers when the frame is
  /// durable.
  void Handle(http::Request request, http::Responder responder);

 private:
  struct Scratch {
    WriteRequest request;
    WriteBatchBuilder batch;
  };
  /// What an answer needs of its request.
  struct InFlight;

  std::unique_ptr<Scratch> TakeScratch();
  void ReturnScratch(std::unique_ptr<Scratch> scratch);
  void Complete(InFlight flight, Result<store::WriteReply> reply);

  Deps deps_;
  Counter& records_total_;
  Counter& rejected_total_;

  Mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> idle_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::timestream
