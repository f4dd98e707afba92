// SPDX-License-Identifier: Apache-2.0
// How far out of order the records of a partition came: of each, the newest event time of its
// partition before it minus its own (event-time.md 2.1, 15). Counts in buckets that are at most a
// thirty-second of their value wide, so bounded and mergeable; what it says is never too low.
// Value; thread-compatible.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::pipeline {

class OrderSketch {
 public:
  void AddInOrder(uint64_t count) { in_order_ += count; }
  /// `behind` > 0.
  void Add(nanoseconds behind);
  void Merge(const OrderSketch& other);
  /// As new, but keeps its memory.
  void Clear();

  /// docs/format/lateness.md. kCorruption: no sketch.
  void Encode(ByteWriter& out) const;
  static Result<OrderSketch> Decode(ByteReader& in);

  uint64_t count() const { return in_order_ + behind_; }
  uint64_t behind() const { return behind_; }
  nanoseconds max() const { return max_; }
  /// A bound that at least this share of the records keeps, 0 to 1; 0 for none.
  nanoseconds Bound(double share) const;
  /// Share of the records that `bound` covers, at least; 1 of none.
  double Covered(nanoseconds bound) const;

 private:
  uint64_t in_order_ = 0;
  uint64_t behind_ = 0;
  nanoseconds max_{0};
  std::vector<uint64_t> buckets_;  // as long as needed, 16 KiB at most
};

}  // namespace tidemark::pipeline
