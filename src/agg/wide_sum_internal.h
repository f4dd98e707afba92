// SPDX-License-Identifier: Apache-2.0
// Sums of products of doubles without rounding (exact-sums.md "Variance"): a product of up to four
// doubles is an integer of at most 212 bits times a power of two, and a sum of such is kept as one
// signed integer over a window of 64-bit words that grows to where the values are. `BigNumber` is
// the arithmetic that turns sums into a result, rounded at the end only. Single-owner values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tidemark::agg {

/// A double as sign * mantissa * 2^exponent. Finite ones only.
struct Decomposed {
  uint64_t mantissa = 0;  // below 2^53
  int exponent = 0;
  bool negative = false;
};
Decomposed Decompose(double value);

/// mantissa in [1, 2) or 0, times 2^exponent: a rounded result beyond the range of double.
struct Scaled {
  double mantissa = 0;
  int exponent = 0;
};

/// An integer times 2^(64 * base): sign and magnitude. Value.
class BigNumber {
 public:
  BigNumber() = default;
  /// `words`, least significant first, are the magnitude.
  BigNumber(std::vector<uint64_t> words, int base, bool negative);

  bool IsZero() const { return words_.empty(); }
  bool negative() const { return negative_; }
  int base() const { return base_; }
  std::span<const uint64_t> words() const { return words_; }

  BigNumber operator*(const BigNumber& other) const;
  BigNumber operator*(uint64_t factor) const;
  BigNumber operator-(const BigNumber& other) const;
  BigNumber operator+(const BigNumber& other) const;

  /// Rounded to 53 bits, ties to even.
  Scaled Round() const;
  /// This / (a * b) rounded once to a double, ties to even. a, b > 0.
  double DivideAndRound(uint64_t a, uint64_t b) const;
  /// The same for a positive integer below 2^127.
  double DivideAndRound(const BigNumber& divisor) const;
  /// Its value, if that is an integer of this range.
  std::optional<int64_t> AsInt64() const;

 private:
  void Trim();
  /// `quotient` is this number, three words longer, divided; what was left over is in `rest`.
  enum class Rest : uint8_t { kNone, kSome };
  double RoundQuotient(std::vector<uint64_t> quotient, Rest rest) const;
  std::vector<uint64_t> Lengthened() const;
  /// |this| + |other| or |this| - |other|; the latter with the sign of the difference.
  static BigNumber AddMagnitudes(const BigNumber& a, const BigNumber& b);
  static BigNumber SubtractMagnitudes(const BigNumber& a, const BigNumber& b);

  std::vector<uint64_t> words_;  // trimmed at both ends; empty: zero
  int base_ = 0;
  bool negative_ = false;
};

class WideSum {
 public:
  /// Adds (-1)^negative * words * 2^exponent; at most four words.
  void Add(std::span<const uint64_t> words, int exponent, bool negative);
  /// Merging with itself is allowed.
  void Merge(const WideSum& other);
  BigNumber ToNumber() const;
  /// Canonical bytes (docs/format/agg.md): a function of the sum only.
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes.
  static Result<WideSum> Read(ByteReader& in);
  size_t heap_bytes() const { return words_.capacity() * sizeof(uint64_t); }

 private:
  /// Makes the window hold words [first, last), and a sign word above them.
  void Cover(int first, int last);
  void AddAt(std::span<const uint64_t> words, size_t offset, bool negative);

  // Two's complement, least significant first; weight of words_[i] is 2^(64 * (base_ + i)).
  // The last word is the sign with room above: it stays within ±2^62.
  std::vector<uint64_t> words_;
  int base_ = 0;
};

}  // namespace tidemark::agg
