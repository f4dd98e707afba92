// SPDX-License-Identifier: Apache-2.0
// Invariants (tested by exact_sum_model_test.cpp):
// 1. A committed step keeps X exact; a step that would not is never committed (hi_, lo_ untouched).
// 2. Round, Mean and AppendTo read only X and the flags, never whether the state has spilled.
#include "agg/exact_sum.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "agg/super_accumulator_internal.h"

namespace tidemark::agg {
namespace {

constexpr size_t kLanesPay = 16;    // exact-sums.md: 4 lanes win from 16 values on
constexpr size_t kBlockMax = 4096;  // bounds the work that a spill repeats

enum Tag : uint8_t {
  kTagZero = 0,
  kTagPair = 1,
  kTagPositive = 2,
  kTagNegative = 3,
  kTagNan = 4,
  kTagPositiveInfinity = 5,
  kTagNegativeInfinity = 6,
};

/// What `flags` make of the sum: a Tag >= kTagNan, or kTagZero for "finite".
Tag SpecialTag(uint8_t flags) {
  constexpr uint8_t kBoth =
      SuperAccumulator::kPositiveInfinity | SuperAccumulator::kNegativeInfinity;
  if ((flags & SuperAccumulator::kNan) != 0 || (flags & kBoth) == kBoth) return kTagNan;
  if ((flags & SuperAccumulator::kPositiveInfinity) != 0) return kTagPositiveInfinity;
  if ((flags & SuperAccumulator::kNegativeInfinity) != 0) return kTagNegativeInfinity;
  return kTagZero;
}

double SpecialValue(Tag tag) {
  if (tag == kTagNan) return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  return tag == kTagPositiveInfinity ? infinity : -infinity;
}

Error Malformed(std::string_view what) {
  return Error{Code::kCorruption, "exact sum: " + std::string(what)};
}

Result<Magnitude> ReadMagnitude(ByteReader& in) {
  const size_t first = in.GetU8();
  const size_t count = in.GetU8();
  if (!in.ok() || count == 0 || first + count > Magnitude::kLimbs) {
    return Malformed("limb range out of bounds");
  }
  Magnitude out;
  for (size_t i = 0; i < count; ++i) out.limbs[first + i] = in.GetU32();
  if (!in.ok()) return Malformed("truncated limbs");
  if (out.limbs[first] == 0 || out.limbs[first + count - 1] == 0) {
    return Malformed("limbs are not trimmed");
  }
  if (out.limbs.back() >= (uint32_t{1} << 20U)) return Malformed("beyond 2^64 maximal doubles");
  return out;
}

}  // namespace

void ExactSum::DeleteSuper::operator()(SuperAccumulator* super) const noexcept { delete super; }

ExactSum::ExactSum(const ExactSum& other)
    : hi_(other.hi_),
      lo_(other.lo_),
      big_(other.big_ == nullptr ? nullptr : new SuperAccumulator(*other.big_)) {}

ExactSum& ExactSum::operator=(const ExactSum& other) {
  if (this != &other) *this = ExactSum(other);
  return *this;
}

void ExactSum::AddSlow(double value) {
  if (big_ == nullptr && std::isfinite(value)) {
    // Overlapping hi and lo waste bits: normalising them saves some spills (exact-sums.md: 7-15 %).
    const auto [hi, lo] = TwoSum(hi_, lo_);
    BlockSum next{.hi = hi, .lo = lo};
    next.Step(value);
    if (next.exact && std::isfinite(lo)) {
      hi_ = next.hi;
      lo_ = next.lo;
      return;
    }
  }
  Spill().Add(value);
}

void ExactSum::AddMany(std::span<const double> values) {
  if (big_ != nullptr) return big_->Add(values);
  if (values.size() < kLanesPay) {
    BlockSum next{.hi = hi_, .lo = lo_};
    for (const double value : values) next.Step(value);
    if (next.exact) [[likely]] {
      hi_ = next.hi;
      lo_ = next.lo;
    } else {
      for (const double value : values) Add(value);
    }
    return;
  }
  const SumKernel kernel = BestSumKernel();
  while (!values.empty()) {
    const auto block = values.first(std::min(values.size(), kBlockMax));
    values = values.subspan(block.size());
    const BlockSum sum = kernel(block);
    if (sum.exact) [[likely]] {
      Add(sum.hi);
      Add(sum.lo);
    } else {
      Spill().Add(block);
    }
  }
}

void ExactSum::Merge(const ExactSum& other) {
  if (other.big_ != nullptr) return Spill().Merge(*other.big_);
  const double hi = other.hi_;  // copies: other may be *this
  const double lo = other.lo_;
  Add(hi);
  Add(lo);
}

SuperAccumulator& ExactSum::Spill() {
  if (big_ == nullptr) {
    big_.reset(new SuperAccumulator(ToSuper()));
    hi_ = lo_ = 0;
  }
  return *big_;
}

SuperAccumulator ExactSum::ToSuper() const {
  if (big_ != nullptr) return *big_;
  SuperAccumulator super;
  super.Add(hi_);
  super.Add(lo_);
  return super;
}

double ExactSum::Round() const {
  if (big_ == nullptr) return (hi_ + lo_) + 0.0;  // one IEEE addition rounds the exact sum
  const Tag special = SpecialTag(big_->flags());
  if (special != kTagZero) return SpecialValue(special);
  return big_->ToMagnitude().Round(Magnitude::Remainder::kNone);
}

double ExactSum::Mean(uint64_t n) const {
  const double sum = Round();
  const bool overflowed =
      std::isinf(sum) && (big_ == nullptr || SpecialTag(big_->flags()) == kTagZero);
  if (!overflowed) [[likely]]
    return sum / static_cast<double>(n);
  Magnitude magnitude = ToSuper().ToMagnitude();
  const auto remainder = magnitude.DivideBy(n);
  return magnitude.Round(remainder);
}

void ExactSum::AppendTo(ByteWriter& out) const {
  if (big_ != nullptr) {
    const Tag special = SpecialTag(big_->flags());
    if (special != kTagZero) return out.PutU8(special);
    return AppendFinite(out);
  }
  const auto [high, low] = TwoSum(hi_, lo_);
  if (!std::isfinite(high) || !std::isfinite(low)) return AppendFinite(out);
  if (high == 0) return out.PutU8(kTagZero);
  out.PutU8(kTagPair);
  out.PutF64(high);
  out.PutF64(low + 0.0);
}

std::optional<std::pair<double, double>> ExactSum::AsPair() const {
  ByteWriter bytes;  // canonical, whichever way X is held
  AppendTo(bytes);
  ByteReader in(bytes.view());
  const uint8_t tag = in.GetU8();
  if (tag == kTagZero) return std::pair(0.0, 0.0);
  if (tag != kTagPair) return std::nullopt;
  const double high = in.GetF64();
  return std::pair(high, in.GetF64());
}

void ExactSum::AppendFinite(ByteWriter& out) const {
  SuperAccumulator rest = ToSuper();
  const Magnitude whole = rest.ToMagnitude();
  if (whole.IsZero()) return out.PutU8(kTagZero);
  const double high = whole.Round(Magnitude::Remainder::kNone);
  if (std::isfinite(high)) {
    rest.Add(-high);
    const double low = rest.ToMagnitude().Round(Magnitude::Remainder::kNone);
    rest.Add(-low);
    if (rest.ToMagnitude().IsZero()) {
      out.PutU8(kTagPair);
      out.PutF64(high);
      out.PutF64(low);
      return;
    }
  }
  size_t first = 0;
  while (whole.limbs[first] == 0) ++first;
  size_t end = Magnitude::kLimbs;
  while (whole.limbs[end - 1] == 0) --end;
  out.PutU8(whole.negative ? kTagNegative : kTagPositive);
  out.PutU8(static_cast<uint8_t>(first));
  out.PutU8(static_cast<uint8_t>(end - first));
  for (size_t i = first; i < end; ++i) out.PutU32(whole.limbs[i]);
}

Result<ExactSum> ExactSum::Read(ByteReader& in) {
  ExactSum sum;
  const uint8_t tag = in.GetU8();
  if (!in.ok()) return Malformed("truncated");
  switch (tag) {
    case kTagZero:
      return sum;
    case kTagPair: {
      sum.hi_ = in.GetF64();
      sum.lo_ = in.GetF64();
      if (!in.ok()) return Malformed("truncated pair");
      const auto [high, low] = TwoSum(sum.hi_, sum.lo_);
      // Also refuses NaN, infinities and a negative zero.
      if (high == 0 || high != sum.hi_ || !(low == sum.lo_) || std::isinf(high) ||
          (sum.lo_ == 0 && std::signbit(sum.lo_))) {
        return Malformed("pair is not normalised");
      }
      return sum;
    }
    case kTagPositive:
    case kTagNegative: {
      TM_ASSIGN_OR_RETURN(Magnitude magnitude, ReadMagnitude(in));
      magnitude.negative = tag == kTagNegative;
      sum.Spill().Add(magnitude);
      return sum;
    }
    case kTagNan:
      sum.Spill().SetFlags(SuperAccumulator::kNan);
      return sum;
    case kTagPositiveInfinity:
      sum.Spill().SetFlags(SuperAccumulator::kPositiveInfinity);
      return sum;
    case kTagNegativeInfinity:
      sum.Spill().SetFlags(SuperAccumulator::kNegativeInfinity);
      return sum;
    default:
      return Malformed("unknown tag " + std::to_string(tag));
  }
}

size_t ExactSum::heap_bytes() const { return big_ == nullptr ? 0 : sizeof(SuperAccumulator); }

}  // namespace tidemark::agg
