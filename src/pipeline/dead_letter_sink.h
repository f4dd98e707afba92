// SPDX-License-Identifier: Apache-2.0
// Where dead letters go. In production the stream NAME-dead (dead_letter_log.h); tests keep them in
// memory. Single-owner, but for completions, which come from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/completion.h"
#include "base/result.h"
#include "base/time.h"
#include "pipeline/dead_letter.h"

namespace tidemark::pipeline {

struct DeadRecord {
  std::string partition;  // "shardId-000000000002"
  std::string sequence;
  DeadLetter letter;
  std::string data;     // the original bytes
  std::string key;      // that it was put with
  ArrivalTime arrival;  // append time in the log
};

class DeadLetterSink {
 public:
  virtual ~DeadLetterSink() = default;

  /// Reads back what was appended behind `end` ("": from the start), so that Append() can skip it.
  /// Called once, first.
  virtual Result<void> Recover(const std::string& end) = 0;
  /// Durable once `done` runs. What a crash already left there is skipped. The bytes that `done`
  /// gets are the end to journal with the batch: Recover() continues there. They have a fixed size
  /// and grow bytewise, so that the larger of two is the later.
  virtual void Append(std::vector<DeadRecord> records, Completion<std::string> done) = 0;
};

}  // namespace tidemark::pipeline
