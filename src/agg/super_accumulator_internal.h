// SPDX-License-Identifier: Apache-2.0
// Fixed-point sum wide enough for any 2^64 doubles: Neal's "small" superaccumulator (arXiv
// 1505.05571, exact-sums.md "State and operations"). X = sum of limbs_[i] * 2^(32 i - 1074), always
// exact. Single-owner value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tidemark::agg {

/// |X| in units of 2^-1074, least significant limb first, and the sign of X.
struct Magnitude {
  static constexpr size_t kLimbs = 68;

  std::array<uint32_t, kLimbs> limbs{};
  bool negative = false;

  bool IsZero() const;
  /// X rounded once to nearest-even, ±Inf beyond the largest double; zero is +0.0.
  /// `remainder`: |X| is more than the limbs by less than one unit; they then fill over 53 bits.
  enum class Remainder : uint8_t { kNone, kSome };
  double Round(Remainder remainder) const;
  /// Divides by `n` > 0 in place and says whether something was cut off.
  Remainder DivideBy(uint64_t n);
};

class SuperAccumulator {
 public:
  enum Flag : uint8_t { kNan = 1, kPositiveInfinity = 2, kNegativeInfinity = 4 };

  void Add(double value);
  void Add(std::span<const double> values);
  /// Merging with itself is allowed.
  void Merge(const SuperAccumulator& other);

  /// Flags of the non-finite inputs, or-ed. X is the sum of the finite ones.
  uint8_t flags() const { return flags_; }
  void SetFlags(uint8_t flags) { flags_ |= flags; }
  /// The finite part.
  Magnitude ToMagnitude() const;
  /// Adds a magnitude below 2^20 * 2^(32 * 67 - 1074), which 2^64 doubles cannot exceed.
  void Add(const Magnitude& value);

 private:
  // One Add grows a limb by less than 2^53: 1000 of them and a normal limb stay below 2^63.
  static constexpr int kAddsMax = 1000;

  /// Leaves limbs 0..66 in [0, 2^32); the top limb keeps the sign.
  void PropagateCarries();

  std::array<int64_t, Magnitude::kLimbs> limbs_{};
  int adds_ = 0;  // since the last PropagateCarries()
  uint8_t flags_ = 0;
};

}  // namespace tidemark::agg
