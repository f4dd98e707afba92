// SPDX-License-Identifier: Apache-2.0
#include "agg/moments.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::agg {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// mantissa^n, n <= 4, as words.
std::array<uint64_t, 4> Power(uint64_t mantissa, int n) {
  std::array<uint64_t, 4> out{mantissa, 0, 0, 0};
  for (int i = 1; i < n; ++i) {
    uint64_t carry = 0;
    for (uint64_t& word : out) {
      const Uint128 part = static_cast<Uint128>(word) * mantissa + carry;
      word = static_cast<uint64_t>(part);
      carry = static_cast<uint64_t>(part >> 64U);
    }
  }
  return out;
}

void AddProduct(WideSum& sum, const Decomposed& a, const Decomposed& b) {
  const Uint128 product = static_cast<Uint128>(a.mantissa) * b.mantissa;
  const std::array<uint64_t, 2> words{static_cast<uint64_t>(product),
                                      static_cast<uint64_t>(product >> 64U)};
  sum.Add(words, a.exponent + b.exponent, a.negative != b.negative);
}

/// Sums of x and x^2 of a block whose exponents lie within kSpanMax of each other, in integers.
class BlockSums {
 public:
  static constexpr int kSpanMax = 31;
  static constexpr size_t kValuesMax = 4096;  // 53 + 31 + 12 bits, and 106 + 62 + 12

  explicit BlockSums(int exponent) : exponent_(exponent) {}

  void Add(double value) {
    const Decomposed parts = Decompose(value);
    if (parts.mantissa == 0) return;
    const auto shift = static_cast<unsigned>(parts.exponent - exponent_);
    const auto term = static_cast<Int128>(static_cast<Uint128>(parts.mantissa) << shift);
    first_ += parts.negative ? -term : term;
    const Uint128 square = static_cast<Uint128>(parts.mantissa) * parts.mantissa;
    const unsigned twice = 2 * shift;
    // 106 bits shifted by up to 62: into three words.
    const auto low = static_cast<uint64_t>(square);
    const auto high = static_cast<uint64_t>(square >> 64U);
    const uint64_t top = twice == 0 ? 0 : high >> (64 - twice);
    const Uint128 lower =
        (static_cast<Uint128>(high << twice | Carried(low, twice)) << 64U) | (low << twice);
    second_ += lower;
    second_top_ += top + (second_ < lower ? 1 : 0);
  }

  void MoveTo(WideSum& first, WideSum& second) const {
    const bool negative = first_ < 0;
    const Uint128 magnitude =
        negative ? ~static_cast<Uint128>(first_) + 1 : static_cast<Uint128>(first_);
    const std::array<uint64_t, 2> sum{static_cast<uint64_t>(magnitude),
                                      static_cast<uint64_t>(magnitude >> 64U)};
    first.Add(sum, exponent_, negative);
    const std::array<uint64_t, 3> squares{static_cast<uint64_t>(second_),
                                          static_cast<uint64_t>(second_ >> 64U), second_top_};
    second.Add(squares, 2 * exponent_, false);
  }

 private:
  static uint64_t Carried(uint64_t low, unsigned shift) {
    return shift == 0 ? 0 : low >> (64 - shift);
  }

  int exponent_;
  Int128 first_ = 0;
  Uint128 second_ = 0;
  uint64_t second_top_ = 0;
};

struct ExponentRange {
  int least = std::numeric_limits<int>::max();
  int most = std::numeric_limits<int>::min();
  bool finite = true;
};

/// Of the values that are not zero.
ExponentRange ExponentsOf(std::span<const double> values) {
  ExponentRange range;
  for (const double value : values) {
    if (value == 0) continue;
    range.finite &= std::isfinite(value);
    const int exponent = Decompose(value).exponent;
    range.least = std::min(range.least, exponent);
    range.most = std::max(range.most, exponent);
  }
  return range;
}

/// numerator * 2^a / (denominator * 2^b).
double Quotient(const Scaled& numerator, const Scaled& denominator) {
  return std::ldexp(numerator.mantissa / denominator.mantissa,
                    numerator.exponent - denominator.exponent);
}

/// With an even exponent, for square roots.
Scaled Even(Scaled value) {
  if (value.exponent % 2 == 0) return value;
  return {value.mantissa * 2, value.exponent - 1};
}

/// n * sum(ab) - sum(a) sum(b).
BigNumber CoSpread(uint64_t count, const WideSum& ab, const WideSum& a, const WideSum& b) {
  return ab.ToNumber() * count - a.ToNumber() * b.ToNumber();
}

std::optional<double> IfFinite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

// ---------------------------------------------------------------------------------------------
// Moments

template <int kOrder>
void Moments<kOrder>::AddOne(double value) {
  const Decomposed parts = Decompose(value);
  if (parts.mantissa == 0) return;
  for (int n = 1; n <= kOrder; ++n) {
    const std::array<uint64_t, 4> words = Power(parts.mantissa, n);
    sums_[static_cast<size_t>(n - 1)].Add(std::span(words).first(static_cast<size_t>(n)),
                                          parts.exponent * n, parts.negative && n % 2 == 1);
  }
}

template <int kOrder>
void Moments<kOrder>::Add(std::span<const double> values) {
  count_ += values.size();
  while (!values.empty()) {
    const std::span<const double> block =
        values.first(std::min(values.size(), BlockSums::kValuesMax));
    values = values.subspan(block.size());
    const ExponentRange range = ExponentsOf(block);
    special_ |= !range.finite;
    if (special_) continue;                  // the sums do not matter any more
    if (range.least > range.most) continue;  // zeros only
    if (kOrder == 2 && range.most - range.least <= BlockSums::kSpanMax) {
      BlockSums sums(range.least);
      for (const double value : block) sums.Add(value);
      sums.MoveTo(sums_[0], sums_[1]);
    } else {
      for (const double value : block) AddOne(value);
    }
  }
}

template <int kOrder>
void Moments<kOrder>::Merge(const Moments& other) {
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i].Merge(other.sums_[i]);
  count_ += other.count_;
  special_ |= other.special_;
}

template <int kOrder>
size_t Moments<kOrder>::heap_bytes() const {
  size_t bytes = 0;
  for (const WideSum& sum : sums_) bytes += sum.heap_bytes();
  return bytes;
}

template <int kOrder>
void Moments<kOrder>::AppendTo(ByteWriter& out) const {
  out.PutU8(special_ ? 1 : 0);
  if (special_) return;  // the sums do not matter any more, and say what came before
  for (const WideSum& sum : sums_) sum.AppendTo(out);
}

template <int kOrder>
Result<Moments<kOrder>> Moments<kOrder>::Read(uint64_t count, ByteReader& in) {
  Moments out;
  out.count_ = count;
  const uint8_t special = in.GetU8();
  if (!in.ok() || special > 1)
    return Error{Code::kCorruption, "aggregate state: moments are malformed"};
  out.special_ = special == 1;
  if (out.special_) return out;
  for (WideSum& sum : out.sums_) {
    TM_ASSIGN_OR_RETURN(sum, WideSum::Read(in));
  }
  return out;
}

template <int kOrder>
BigNumber Moments<kOrder>::SpreadNumber() const {
  return CoSpread(count_, sums_[1], sums_[0], sums_[0]);
}

template <int kOrder>
std::optional<double> Moments<kOrder>::Variance(Spread spread) const {
  const uint64_t divisor = spread == Spread::kSample ? count_ - 1 : count_;
  if (count_ == 0 || divisor == 0) return std::nullopt;
  if (special_) return kNan;
  return SpreadNumber().DivideAndRound(count_, divisor);
}

template <int kOrder>
std::optional<double> Moments<kOrder>::StandardDeviation(Spread spread) const {
  const std::optional<double> variance = Variance(spread);
  return variance ? std::optional(std::sqrt(*variance)) : std::nullopt;
}

template <int kOrder>
std::optional<double> Moments<kOrder>::Skewness() const
  requires(kOrder == 4)
{
  if (count_ < 3) return std::nullopt;
  if (special_) return kNan;
  const BigNumber spread = SpreadNumber();
  if (spread.IsZero()) return kNan;
  const BigNumber s1 = sums_[0].ToNumber();
  const BigNumber s2 = sums_[1].ToNumber();
  // n^2 times the sum of (x - mean)^3; with n times that of squares the powers of n cancel.
  const BigNumber cubes =
      sums_[2].ToNumber() * count_ * count_ - s1 * s2 * count_ * 3 + s1 * s1 * s1 * uint64_t{2};
  const Scaled above = cubes.Round();
  const Scaled below = Even(spread.Round());
  return std::ldexp(above.mantissa / (below.mantissa * std::sqrt(below.mantissa)),
                    above.exponent - below.exponent / 2 * 3);
}

template <int kOrder>
std::optional<double> Moments<kOrder>::Kurtosis() const
  requires(kOrder == 4)
{
  if (count_ < 4) return std::nullopt;
  if (special_) return kNan;
  const BigNumber spread = SpreadNumber();
  if (spread.IsZero()) return kNan;
  const BigNumber s1 = sums_[0].ToNumber();
  const BigNumber s2 = sums_[1].ToNumber();
  // n^3 times the sum of (x - mean)^4.
  const BigNumber fourths = sums_[3].ToNumber() * count_ * count_ * count_ -
                            s1 * sums_[2].ToNumber() * count_ * count_ * 4 +
                            s1 * s1 * s2 * count_ * 6 - s1 * s1 * s1 * s1 * uint64_t{3};
  const double ratio = Quotient(fourths.Round(), (spread * spread).Round());
  const auto n = static_cast<double>(count_);
  const double rest = (n - 2) * (n - 3);
  return (n + 1) * (n - 1) / rest * ratio - 3 * (n - 1) * (n - 1) / rest;
}

template class Moments<2>;
template class Moments<4>;

// ---------------------------------------------------------------------------------------------
// CoMoments

void CoMoments::Add(double y, double x) {
  ++count_;
  special_ |= !std::isfinite(y) || !std::isfinite(x);
  if (special_) return;
  constexpr Decomposed kOne{1, 0, false};
  const Decomposed a = Decompose(y);
  const Decomposed b = Decompose(x);
  AddProduct(y_, a, kOne);
  AddProduct(x_, b, kOne);
  AddProduct(yy_, a, a);
  AddProduct(yx_, a, b);
  AddProduct(xx_, b, b);
}

void CoMoments::Merge(const CoMoments& other) {
  y_.Merge(other.y_);
  x_.Merge(other.x_);
  yy_.Merge(other.yy_);
  yx_.Merge(other.yx_);
  xx_.Merge(other.xx_);
  count_ += other.count_;
  special_ |= other.special_;
}

std::optional<double> CoMoments::Covariance(Spread spread) const {
  const uint64_t divisor = spread == Spread::kSample ? count_ - 1 : count_;
  if (count_ == 0 || divisor == 0) return std::nullopt;
  if (special_) return kNan;
  return CoSpread(count_, yx_, y_, x_).DivideAndRound(count_, divisor);
}

std::optional<double> CoMoments::Correlation() const {
  if (!Regular()) return std::nullopt;
  const BigNumber y = CoSpread(count_, yy_, y_, y_);
  const BigNumber x = CoSpread(count_, xx_, x_, x_);
  if (y.IsZero() || x.IsZero()) return std::nullopt;
  const Scaled product = Even((y * x).Round());
  const Scaled covariance = CoSpread(count_, yx_, y_, x_).Round();
  const double value = std::ldexp(covariance.mantissa / std::sqrt(product.mantissa),
                                  covariance.exponent - product.exponent / 2);
  return std::clamp(value, -1.0, 1.0);
}

std::optional<double> CoMoments::Slope() const {
  if (!Regular()) return std::nullopt;
  const BigNumber x = CoSpread(count_, xx_, x_, x_);
  if (x.IsZero()) return std::nullopt;
  return IfFinite(Quotient(CoSpread(count_, yx_, y_, x_).Round(), x.Round()));
}

std::optional<double> CoMoments::Intercept() const {
  if (!Regular()) return std::nullopt;
  const BigNumber x = CoSpread(count_, xx_, x_, x_);
  if (x.IsZero()) return std::nullopt;
  // mean(y) - slope * mean(x), over one denominator.
  const BigNumber above = y_.ToNumber() * xx_.ToNumber() - x_.ToNumber() * yx_.ToNumber();
  return IfFinite(Quotient(above.Round(), x.Round()));
}

}  // namespace tidemark::agg
