// SPDX-License-Identifier: Apache-2.0
// Whether too many of a pipeline's latest records were malformed (event-time.md section 14).
// Single-owner.
#pragma once

#include <cstdint>
#include <deque>

namespace tidemark::pipeline {

class Breaker {
 public:
  static constexpr uint64_t kRecords = 10'000;

  /// `share`: more than this part of kRecords consecutive records opens it; 1: never.
  explicit Breaker(double share) : malformed_max_(share * static_cast<double>(kRecords)) {}

  /// Batch by batch. True: any kRecords records that hold the latest ones have too many.
  bool Add(uint64_t records, uint64_t malformed) {
    if (malformed_max_ >= static_cast<double>(kRecords)) return false;
    batches_.push_back({records, malformed});
    records_ += records;
    malformed_ += malformed;
    // Whole batches leave while what stays is within kRecords: never too early.
    while (records_ > kRecords && batches_.size() > 1) {
      records_ -= batches_.front().records;
      malformed_ -= batches_.front().malformed;
      batches_.pop_front();
    }
    return static_cast<double>(malformed_) > malformed_max_;
  }
  uint64_t malformed() const { return malformed_; }
  uint64_t records() const { return records_; }

 private:
  struct Batch {
    uint64_t records = 0;
    uint64_t malformed = 0;
  };

  const double malformed_max_;
  std::deque<Batch> batches_;
  uint64_t records_ = 0;
  uint64_t malformed_ = 0;
};

}  // namespace tidemark::pipeline
