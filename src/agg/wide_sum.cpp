// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "agg/wide_sum_internal.h"
#include "base/check.h"

namespace tidemark::agg {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr int kWordBits = 64;

/// The quotient rounded down, also of negative exponents.
int WordOf(int exponent) { return exponent >> 6; }
unsigned BitOf(int exponent) { return static_cast<unsigned>(exponent) & 63U; }

enum class Below : uint8_t { kNothing, kSomething };  // of what was cut off under the lowest bit

/// top * 2^exponent plus `below` in units of less than one, rounded to nearest-even. The top bit of
/// `top` is set.
double RoundWord(uint64_t top, int exponent, Below below) {
  // The value is at least 2^(exponent + 63).
  constexpr int kMinNormal = std::numeric_limits<double>::min_exponent - 1;  // 2^-1022
  const int cut = std::max(11, kMinNormal - (exponent + 63) + 11);           // bits that go
  if (cut > 64) return 0;
  const uint64_t kept = cut == 64 ? 0 : top >> static_cast<unsigned>(cut);
  const uint64_t rest = cut == 64 ? top : top << static_cast<unsigned>(64 - cut);
  constexpr uint64_t kHalf = uint64_t{1} << 63U;
  const bool up =
      rest > kHalf || (rest == kHalf && (below == Below::kSomething || (kept & 1U) != 0));
  return std::ldexp(static_cast<double>(kept + (up ? 1 : 0)), exponent + cut);
}

/// Divides in place from the top; the remainder comes back.
uint64_t DivideShort(std::vector<uint64_t>& words, uint64_t by) {
  uint64_t remainder = 0;
  for (size_t i = words.size(); i-- > 0;) {
    const Uint128 part = (static_cast<Uint128>(remainder) << 64U) | words[i];
    words[i] = static_cast<uint64_t>(part / by);
    remainder = static_cast<uint64_t>(part % by);
  }
  return remainder;
}

struct Top {
  uint64_t word = 0;  // the highest 64 bits, the first of them set
  int shift = 0;      // weight of its lowest bit, relative to words[0]
  Below below = Below::kNothing;
};

/// `words` is not empty and its last word not zero.
Top TopOf(std::span<const uint64_t> words) {
  const size_t last = words.size() - 1;
  const auto lead = static_cast<unsigned>(std::countl_zero(words[last]));
  Top top;
  top.word = words[last] << lead;
  uint64_t cut = 0;
  if (last > 0 && lead > 0) {
    top.word |= words[last - 1] >> (64 - lead);
    cut = words[last - 1] << lead;
  } else if (last > 0) {
    cut = words[last - 1];
  }
  top.shift = static_cast<int>(last) * kWordBits - static_cast<int>(lead);
  const bool rest =
      cut != 0 ||
      std::any_of(words.begin(),
                  words.begin() + std::max<ptrdiff_t>(0, static_cast<ptrdiff_t>(last) - 1),
                  [](uint64_t word) { return word != 0; });
  top.below = rest ? Below::kSomething : Below::kNothing;
  return top;
}

}  // namespace

Decomposed Decompose(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const auto field = static_cast<int>((bits >> 52U) & 0x7ffU);
  const uint64_t fraction = bits & ((uint64_t{1} << 52U) - 1);
  const uint64_t hidden = field == 0 ? 0 : uint64_t{1} << 52U;
  return {fraction | hidden, std::max(field, 1) - 1075, (bits >> 63U) != 0};
}

// ---------------------------------------------------------------------------------------------
// BigNumber

BigNumber::BigNumber(std::vector<uint64_t> words, int base, bool negative)
    : words_(std::move(words)), base_(base), negative_(negative) {
  Trim();
}

void BigNumber::Trim() {
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
  const auto first =
      std::find_if(words_.begin(), words_.end(), [](uint64_t word) { return word != 0; });
  base_ += static_cast<int>(first - words_.begin());
  words_.erase(words_.begin(), first);
  if (words_.empty()) {
    base_ = 0;
    negative_ = false;
  }
}

BigNumber BigNumber::operator*(const BigNumber& other) const {
  if (IsZero() || other.IsZero()) return {};
  std::vector<uint64_t> out(words_.size() + other.words_.size(), 0);
  for (size_t i = 0; i < words_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.words_.size(); ++j) {
      const Uint128 part = static_cast<Uint128>(words_[i]) * other.words_[j] + out[i + j] + carry;
      out[i + j] = static_cast<uint64_t>(part);
      carry = static_cast<uint64_t>(part >> 64U);
    }
    out[i + other.words_.size()] = carry;
  }
  return {std::move(out), base_ + other.base_, negative_ != other.negative_};
}

BigNumber BigNumber::operator*(uint64_t factor) const {
  return *this * BigNumber({factor}, 0, false);
}

BigNumber BigNumber::AddMagnitudes(const BigNumber& a, const BigNumber& b) {
  const int base = std::min(a.base_, b.base_);
  const int top = std::max(a.base_ + static_cast<int>(a.words_.size()),
                           b.base_ + static_cast<int>(b.words_.size()));
  std::vector<uint64_t> out(static_cast<size_t>(top - base) + 1, 0);
  std::copy(a.words_.begin(), a.words_.end(), out.begin() + (a.base_ - base));
  uint64_t carry = 0;
  auto i = static_cast<size_t>(b.base_ - base);
  for (const uint64_t word : b.words_) {
    const Uint128 part = static_cast<Uint128>(out[i]) + word + carry;
    out[i++] = static_cast<uint64_t>(part);
    carry = static_cast<uint64_t>(part >> 64U);
  }
  for (; carry != 0; ++i) carry = ++out[i] == 0 ? 1 : 0;
  return {std::move(out), base, false};
}

BigNumber BigNumber::SubtractMagnitudes(const BigNumber& a, const BigNumber& b) {
  const int base = std::min(a.base_, b.base_);
  const int top = std::max(a.base_ + static_cast<int>(a.words_.size()),
                           b.base_ + static_cast<int>(b.words_.size()));
  std::vector<uint64_t> out(static_cast<size_t>(top - base), 0);
  std::copy(a.words_.begin(), a.words_.end(), out.begin() + (a.base_ - base));
  uint64_t borrow = 0;
  auto i = static_cast<size_t>(b.base_ - base);
  for (const uint64_t word : b.words_) {
    const Uint128 part = static_cast<Uint128>(out[i]) - word - borrow;
    out[i++] = static_cast<uint64_t>(part);
    borrow = static_cast<uint64_t>(part >> 64U) == 0 ? 0 : 1;
  }
  for (; borrow != 0 && i < out.size(); ++i) borrow = out[i]-- == 0 ? 1 : 0;
  if (borrow == 0) return {std::move(out), base, false};
  // |a| < |b|: the two's complement of the magnitude.
  bool carry = true;
  for (uint64_t& word : out) {
    word = ~word + (carry ? 1 : 0);
    carry = carry && word == 0;
  }
  return {std::move(out), base, true};
}

BigNumber BigNumber::operator+(const BigNumber& other) const {
  if (IsZero()) return other;
  if (other.IsZero()) return *this;
  BigNumber out =
      negative_ == other.negative_ ? AddMagnitudes(*this, other) : SubtractMagnitudes(*this, other);
  if (!out.IsZero()) out.negative_ = out.negative_ != negative_;
  return out;
}

BigNumber BigNumber::operator-(const BigNumber& other) const {
  BigNumber negated = other;
  if (!negated.IsZero()) negated.negative_ = !negated.negative_;
  return *this + negated;
}

Scaled BigNumber::Round() const {
  if (IsZero()) return {};
  const Top top = TopOf(words_);
  // As if the lowest bit weighed 2^-63: in [1, 2] after rounding.
  const double mantissa = RoundWord(top.word, -63, top.below);
  return {negative_ ? -mantissa : mantissa, base_ * kWordBits + top.shift + 63};
}

// Three more words below, so that the quotient has at least 64 bits whatever the divisor.
constexpr size_t kMore = 3;

std::vector<uint64_t> BigNumber::Lengthened() const {
  std::vector<uint64_t> out(kMore, 0);
  out.insert(out.end(), words_.begin(), words_.end());
  return out;
}

double BigNumber::RoundQuotient(std::vector<uint64_t> quotient, Rest rest) const {
  while (quotient.back() == 0) quotient.pop_back();
  Top top = TopOf(quotient);
  if (rest == Rest::kSome) top.below = Below::kSomething;
  const int exponent = (base_ - static_cast<int>(kMore)) * kWordBits + top.shift;
  const double value = RoundWord(top.word, exponent, top.below);
  return negative_ ? -value : value;
}

double BigNumber::DivideAndRound(uint64_t a, uint64_t b) const {
  TM_DCHECK(a > 0 && b > 0);
  if (IsZero()) return 0;
  std::vector<uint64_t> quotient = Lengthened();
  const uint64_t first = DivideShort(quotient, a);
  const uint64_t second = DivideShort(quotient, b);
  return RoundQuotient(std::move(quotient), first != 0 || second != 0 ? Rest::kSome : Rest::kNone);
}

double BigNumber::DivideAndRound(const BigNumber& divisor) const {
  TM_DCHECK(!divisor.IsZero() && !divisor.negative() && divisor.base_ >= 0);
  const auto words = static_cast<size_t>(divisor.base_) + divisor.words_.size();
  TM_DCHECK(words <= 2);
  const uint64_t low = divisor.base_ == 0 ? divisor.words_[0] : 0;
  const uint64_t high = words == 2 ? divisor.words_.back() : 0;
  if (high == 0) return DivideAndRound(low, 1);
  if (IsZero()) return 0;
  std::vector<uint64_t> quotient = Lengthened();
  const Uint128 by = (static_cast<Uint128>(high) << 64U) | low;
  Uint128 rest = 0;
  for (size_t i = quotient.size(); i-- > 0;) {
    uint64_t word = 0;
    for (unsigned bit = 64; bit-- > 0;) {
      rest = (rest << 1U) | ((quotient[i] >> bit) & 1U);
      const bool fits = rest >= by;
      if (fits) rest -= by;
      word = (word << 1U) | (fits ? 1U : 0U);
    }
    quotient[i] = word;
  }
  return RoundQuotient(std::move(quotient), rest != 0 ? Rest::kSome : Rest::kNone);
}

std::optional<int64_t> BigNumber::AsInt64() const {
  if (IsZero()) return 0;
  if (base_ != 0 || words_.size() != 1) return std::nullopt;
  constexpr uint64_t kLimit = uint64_t{1} << 63U;
  const uint64_t magnitude = words_[0];
  if (magnitude > (negative_ ? kLimit : kLimit - 1)) return std::nullopt;
  return static_cast<int64_t>(negative_ ? ~magnitude + 1 : magnitude);
}

// ---------------------------------------------------------------------------------------------
// WideSum

void WideSum::Cover(int first, int last) {
  if (words_.empty()) {
    base_ = first;
    words_.assign(static_cast<size_t>(last - first) + 1, 0);
    return;
  }
  if (first < base_) {
    words_.insert(words_.begin(), static_cast<size_t>(base_ - first), 0);
    base_ = first;
  }
  const auto wanted = static_cast<size_t>(last - base_) + 1;
  if (wanted > words_.size()) {
    const bool negative = static_cast<int64_t>(words_.back()) < 0;
    words_.resize(wanted, negative ? ~uint64_t{0} : 0);
  }
}

void WideSum::AddAt(std::span<const uint64_t> words, size_t offset, bool negative) {
  uint64_t carry = 0;
  size_t i = offset;
  if (negative) {
    for (const uint64_t word : words) {
      const Uint128 part = static_cast<Uint128>(words_[i]) - word - carry;
      words_[i++] = static_cast<uint64_t>(part);
      carry = static_cast<uint64_t>(part >> 64U) == 0 ? 0 : 1;
    }
    for (; carry != 0 && i < words_.size(); ++i) carry = words_[i]-- == 0 ? 1 : 0;
  } else {
    for (const uint64_t word : words) {
      const Uint128 part = static_cast<Uint128>(words_[i]) + word + carry;
      words_[i++] = static_cast<uint64_t>(part);
      carry = static_cast<uint64_t>(part >> 64U);
    }
    for (; carry != 0 && i < words_.size(); ++i) carry = ++words_[i] == 0 ? 1 : 0;
  }
  const auto top = static_cast<int64_t>(words_.back());
  constexpr int64_t kRoom = int64_t{1} << 62U;
  if (top >= kRoom || top < -kRoom) words_.push_back(top < 0 ? ~uint64_t{0} : 0);
}

void WideSum::Add(std::span<const uint64_t> words, int exponent, bool negative) {
  TM_DCHECK(words.size() <= 4);
  std::array<uint64_t, 5> shifted{};
  const unsigned bit = BitOf(exponent);
  uint64_t above = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    shifted[i] = (words[i] << bit) | above;
    above = bit == 0 ? 0 : words[i] >> (64 - bit);
  }
  shifted[words.size()] = above;
  size_t count = words.size() + 1;
  while (count > 0 && shifted[count - 1] == 0) --count;
  if (count == 0) return;
  const int first = WordOf(exponent);
  Cover(first, first + static_cast<int>(count));
  AddAt(std::span(shifted).first(count), static_cast<size_t>(first - base_), negative);
}

void WideSum::Merge(const WideSum& other) {
  if (other.words_.empty()) return;
  if (this == &other) return Merge(WideSum(other));
  const int last = other.base_ + static_cast<int>(other.words_.size());
  Cover(other.base_, last);
  // The sign word of `other` weighs negatively: it is added as a signed number.
  const size_t offset = static_cast<size_t>(other.base_ - base_);
  const size_t body = other.words_.size() - 1;
  AddAt(std::span(other.words_).first(body), offset, false);
  const auto sign = static_cast<int64_t>(other.words_.back());
  const uint64_t magnitude =
      sign < 0 ? ~static_cast<uint64_t>(sign) + 1 : static_cast<uint64_t>(sign);
  AddAt(std::span(&magnitude, 1), offset + body, sign < 0);
}

BigNumber WideSum::ToNumber() const {
  if (words_.empty()) return {};
  const bool negative = static_cast<int64_t>(words_.back()) < 0;
  std::vector<uint64_t> magnitude = words_;
  if (negative) {
    bool carry = true;
    for (uint64_t& word : magnitude) {
      word = ~word + (carry ? 1 : 0);
      carry = carry && word == 0;
    }
  }
  return {std::move(magnitude), base_, negative};
}

void WideSum::AppendTo(ByteWriter& out) const {
  const BigNumber number = ToNumber();
  const std::span<const uint64_t> words = number.words();
  out.PutVarint(2 * words.size() + (number.negative() ? 1 : 0));
  if (words.empty()) return;
  out.PutSigned(number.base());
  for (const uint64_t word : words) out.PutU64(word);
}

Result<WideSum> WideSum::Read(ByteReader& in) {
  const auto malformed = [] {
    return Error{Code::kCorruption, "aggregate state: a sum of products is malformed"};
  };
  // Four doubles multiply to 2^(4 * 1024) at most and 2^(4 * -1074) at least; 2^64 of them add 64.
  constexpr int kBaseMin = -68;
  constexpr int kTopMax = 66;
  const uint64_t head = in.GetVarint();
  if (!in.ok() || head == 1 || head / 2 > kTopMax - kBaseMin) return malformed();
  WideSum out;
  const size_t count = head / 2;
  if (count == 0) return out;
  const int64_t read = in.GetSigned();
  if (!in.ok() || read < kBaseMin || read + static_cast<int64_t>(count) > kTopMax) {
    return malformed();
  }
  const auto base = static_cast<int>(read);
  std::vector<uint64_t> words(count);
  for (uint64_t& word : words) word = in.GetU64();
  if (!in.ok() || words.front() == 0 || words.back() == 0) return malformed();
  out.Cover(base, base + static_cast<int>(count));
  out.AddAt(words, 0, head % 2 == 1);
  return out;
}

}  // namespace tidemark::agg
