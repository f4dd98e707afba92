// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>

#include "agg/super_accumulator_internal.h"

namespace tidemark::agg {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr int kUnitExponent = -1074;  // of the smallest subnormal double
constexpr size_t kMantissaBits = 53;
constexpr uint64_t kLow32 = 0xffff'ffffU;

}  // namespace

bool Magnitude::IsZero() const {
  for (const uint32_t limb : limbs) {
    if (limb != 0) return false;
  }
  return true;
}

double Magnitude::Round(Remainder remainder) const {
  size_t top = kLimbs;
  while (top > 0 && limbs[top - 1] == 0) --top;
  if (top == 0) return 0.0;
  const size_t top_bit = 32 * (top - 1) + static_cast<size_t>(std::bit_width(limbs[top - 1])) - 1;
  const size_t lsb = top_bit >= kMantissaBits ? top_bit - (kMantissaBits - 1) : 0;

  // Three limbs hold 53 bits at any shift; limbs beyond the top are zero.
  const auto limb_at = [&](size_t i) -> uint64_t { return i < kLimbs ? limbs[i] : 0; };
  const size_t first = lsb / 32;
  const Uint128 bits = (static_cast<Uint128>(limb_at(first + 2)) << 64U) |
                       (limb_at(first + 1) << 32U) | limb_at(first);
  auto mantissa = static_cast<uint64_t>(bits >> (lsb % 32));

  if (lsb > 0) {
    const size_t half = lsb - 1;
    const uint32_t half_mask = uint32_t{1} << (half % 32);
    bool sticky = remainder == Remainder::kSome || (limbs[half / 32] & (half_mask - 1)) != 0;
    for (size_t i = 0; i < half / 32 && !sticky; ++i) sticky = limbs[i] != 0;
    const bool is_half = (limbs[half / 32] & half_mask) != 0;
    if (is_half && (sticky || (mantissa & 1U) != 0)) ++mantissa;
  }
  // Exact, or beyond the range: then ldexp gives the infinity that rounding gives.
  const double value =
      std::ldexp(static_cast<double>(mantissa), static_cast<int>(lsb) + kUnitExponent);
  return negative ? -value : value;
}

Magnitude::Remainder Magnitude::DivideBy(uint64_t n) {
  Uint128 rest = 0;
  for (size_t i = kLimbs; i-- > 0;) {
    rest = (rest << 32U) | limbs[i];
    limbs[i] = static_cast<uint32_t>(rest / n);
    rest %= n;
  }
  return rest == 0 ? Remainder::kNone : Remainder::kSome;
}

void SuperAccumulator::Add(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t exponent = (bits >> 52U) & 0x7ffU;
  uint64_t mantissa = bits & 0xf'ffff'ffff'ffffU;
  const bool negative = (bits >> 63U) != 0;
  if (exponent == 0x7ff) {
    flags_ |= mantissa != 0 ? kNan : negative ? kNegativeInfinity : kPositiveInfinity;
    return;
  }
  if (exponent != 0) mantissa |= uint64_t{1} << 52U;
  const uint64_t shift = exponent == 0 ? 0 : exponent - 1;  // in units of 2^-1074
  const size_t limb = shift / 32;
  const uint64_t within = shift % 32;
  const auto low = static_cast<int64_t>((mantissa << within) & kLow32);
  const auto high = static_cast<int64_t>(mantissa >> (32 - within));
  limbs_[limb] += negative ? -low : low;
  limbs_[limb + 1] += negative ? -high : high;
  if (++adds_ == kAddsMax) PropagateCarries();
}

void SuperAccumulator::Add(std::span<const double> values) {
  for (const double value : values) Add(value);
}

void SuperAccumulator::Merge(const SuperAccumulator& other) {
  SuperAccumulator copy = other;
  copy.PropagateCarries();
  PropagateCarries();
  for (size_t i = 0; i < limbs_.size(); ++i) limbs_[i] += copy.limbs_[i];
  PropagateCarries();
  flags_ |= copy.flags_;
}

Magnitude SuperAccumulator::ToMagnitude() const {
  SuperAccumulator copy = *this;
  copy.PropagateCarries();
  Magnitude out;
  out.negative = copy.limbs_.back() < 0;
  uint64_t carry = out.negative ? 1 : 0;
  for (size_t i = 0; i < Magnitude::kLimbs; ++i) {
    auto limb = static_cast<uint32_t>(copy.limbs_[i]);
    if (out.negative) {
      const uint64_t negated = uint64_t{~limb} + carry;
      limb = static_cast<uint32_t>(negated);
      carry = negated >> 32U;
    }
    out.limbs[i] = limb;
  }
  return out;
}

void SuperAccumulator::Add(const Magnitude& value) {
  PropagateCarries();
  for (size_t i = 0; i < limbs_.size(); ++i) {
    limbs_[i] += value.negative ? -int64_t{value.limbs[i]} : int64_t{value.limbs[i]};
  }
  PropagateCarries();
}

void SuperAccumulator::PropagateCarries() {
  int64_t carry = 0;
  for (size_t i = 0; i + 1 < limbs_.size(); ++i) {
    const int64_t limb = limbs_[i] + carry;
    limbs_[i] = limb & static_cast<int64_t>(kLow32);
    carry = limb >> 32;  // arithmetic: floor, so that the rest is not negative
  }
  limbs_.back() += carry;
  adds_ = 0;
}

}  // namespace tidemark::agg
