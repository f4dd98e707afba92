// SPDX-License-Identifier: Apache-2.0
// Percentiles of a weighted multiset in bounded space (docs/sql.md). Values are
// counted by what they are while at most 65,536 differ: the answer is then exact. Beyond, they are
// counted by the leading bits of their ordered form, as many bits as keep at most 65,536 counters;
// each counter knows its smallest value, which is the answer. The number of bits, the counters and
// the answers depend on the multiset only. Single-owner value.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tidemark::agg {

/// 64 bits that sort as the values do: -Inf < ... < -0.0 < 0.0 < ... < Inf < NaN.
inline uint64_t OrderedBits(double value) {
  constexpr uint64_t kSign = uint64_t{1} << 63U;
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  const auto bits = std::bit_cast<uint64_t>(value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}
inline uint64_t OrderedBits(int64_t value) {
  return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63U);
}
inline double DoubleOfOrdered(uint64_t ordered) {
  constexpr uint64_t kSign = uint64_t{1} << 63U;
  return std::bit_cast<double>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
}
inline int64_t IntegerOfOrdered(uint64_t ordered) {
  return static_cast<int64_t>(ordered ^ (uint64_t{1} << 63U));
}

class Percentiles {
 public:
  static constexpr size_t kCountersMax = 65'536;

  /// `weight` times the value with these ordered bits; a weight of 0 adds nothing.
  void Add(uint64_t ordered, uint64_t weight = 1);
  /// Merging with itself is allowed.
  void Merge(const Percentiles& other);

  /// Sum of the weights; stays at the largest uint64 once it got there.
  uint64_t count() const { return total_; }
  /// Bits of a value that are counted by; 64: all, answers are exact.
  int bits() const { return 64 - shift_; }

  /// Ordered bits of the first value whose weight together with that of all smaller ones exceeds
  /// p * count(), the largest if there is none: element floor(p * n) + 1 of n. 0 <= p <= 1.
  /// Nothing without input.
  std::optional<uint64_t> At(double p) const;
  /// The same for each of `ps`, which may come in any order.
  std::vector<uint64_t> At(std::span<const double> ps) const;

  size_t heap_bytes() const;

  /// Canonical bytes (docs/format/agg.md).
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes.
  static Result<Percentiles> Read(ByteReader& in);

 private:
  struct Counter {
    uint64_t smallest = 0;
    uint64_t weight = 0;  // 0: free slot
  };

  /// Values of weight 1 lie in few_ as they came until there are more than this: sorting so few is
  /// faster than counting them (sketch_bench).
  static constexpr size_t kFewMax = 512;

  void Count(uint64_t ordered, uint64_t weight);
  Counter& SlotOf(uint64_t ordered);
  void MoveFewToTable();
  void Rehash(size_t slots);
  /// Drops so many low bits of all values.
  void Coarsen(unsigned shift);
  /// The least shift that leaves at most kCountersMax counters.
  unsigned ShiftNeeded() const;
  std::vector<Counter> Sorted() const;

  std::vector<uint64_t> few_;
  std::vector<Counter> slots_;  // open addressing by ordered >> shift_; a power of two, or none
  size_t used_ = 0;
  uint64_t total_ = 0;
  uint64_t largest_ = 0;
  uint8_t shift_ = 0;
};

}  // namespace tidemark::agg
