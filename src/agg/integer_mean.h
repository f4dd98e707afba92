// SPDX-License-Identifier: Apache-2.0
// The mean of a multiset of int64 rounded to an integer once, halves up: averages of intervals
// (timestream-sql.md 5.8). Order-free: the sum is exact. Single-owner value.
#pragma once

#include <cstdint>
#include <optional>

namespace tidemark::agg {

class IntegerMean {
 public:
  void Add(int64_t value) {
    Set(Sum() + value);
    ++count_;
  }
  void Merge(const IntegerMean& other) {
    Set(Sum() + other.Sum());
    count_ += other.count_;
  }
  /// Nothing without input.
  std::optional<int64_t> Finish() const {
    if (count_ == 0) return std::nullopt;
    // floor(sum / count + 1/2) = floor((2 sum + count) / (2 count))
    const Int128 numerator = 2 * Sum() + static_cast<Int128>(count_);
    const Int128 denominator = 2 * static_cast<Int128>(count_);
    const Int128 quotient = numerator / denominator;
    return static_cast<int64_t>(numerator % denominator < 0 ? quotient - 1 : quotient);
  }

 private:
  __extension__ using Int128 = __int128;
  __extension__ using Uint128 = unsigned __int128;

  // In two words: an __int128 wants to lie at multiples of 16 bytes.
  Int128 Sum() const { return static_cast<Int128>(static_cast<Uint128>(high_) << 64U | low_); }
  void Set(Int128 sum) {
    low_ = static_cast<uint64_t>(sum);
    high_ = static_cast<uint64_t>(static_cast<Uint128>(sum) >> 64U);
  }

  uint64_t low_ = 0;
  uint64_t high_ = 0;
  uint64_t count_ = 0;
};

}  // namespace tidemark::agg
