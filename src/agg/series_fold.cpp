// SPDX-License-Identifier: Apache-2.0
// Of one series with samples 1..n, carry c and window [s, e):
//   increase  sum of the values before a fall + v_n - v_1, and with a carry - c + v_1 (none if it
//             fell there: then v_1 counts whole)
//   integral  inner + v_n (e - t_n) + c (t_1 - s)
//             = (inner - v_n t_n + c t_1) + e v_n - s c: the totals' sum, lasts and carries
//   covered   e - s with a carry, e - t_1 without
#include "agg/series_fold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "agg/extremes_internal.h"
#include "base/check.h"

namespace tidemark::agg {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

enum class Sign : uint8_t { kPlus, kMinus };

uint64_t Magnitude(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  return value < 0 ? ~bits + 1 : bits;
}

Decomposed Parts(double value) { return Decompose(value); }
Decomposed Parts(int64_t value) { return {Magnitude(value), 0, value < 0}; }

template <typename T>
void AddValue(WideSum& sum, T value, Sign sign) {
  const Decomposed parts = Parts(value);
  sum.Add({&parts.mantissa, 1}, parts.exponent, parts.negative != (sign == Sign::kMinus));
}

/// The product of a value and a time or duration of this magnitude.
template <typename T>
void AddProduct(WideSum& sum, T value, uint64_t factor, Sign sign) {
  const Decomposed parts = Parts(value);
  const Uint128 product = static_cast<Uint128>(parts.mantissa) * factor;
  const std::array<uint64_t, 2> words{static_cast<uint64_t>(product),
                                      static_cast<uint64_t>(product >> 64U)};
  sum.Add(words, parts.exponent, parts.negative != (sign == Sign::kMinus));
}

template <typename T>
void AddAtTime(WideSum& sum, T value, EventTime time, Sign sign) {
  const bool minus = (sign == Sign::kMinus) != (time.ns < 0);
  AddProduct(sum, value, Magnitude(time.ns), minus ? Sign::kMinus : Sign::kPlus);
}

/// Not negative, and below 2^64 whatever the times.
uint64_t Between(EventTime from, EventTime to) {
  return static_cast<uint64_t>(to.ns) - static_cast<uint64_t>(from.ns);
}

BigNumber ToNumber(int64_t value) { return {{Magnitude(value)}, 0, value < 0}; }

template <typename T>
bool Finite(T value) {
  if constexpr (std::is_same_v<T, double>) return std::isfinite(value);
  return true;
}

template <typename T>
bool AllFinite(std::span<const T> values) {
  if constexpr (std::is_same_v<T, double>) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  }
  return true;
}

struct Exponents {
  int least = std::numeric_limits<int>::max();
  int most = std::numeric_limits<int>::min();
};

/// Of the values that are not zero.
Exponents ExponentsOf(std::span<const double> values) {
  Exponents range;
  for (const double value : values) {
    if (value == 0) continue;
    const int exponent = Decompose(value).exponent;
    range.least = std::min(range.least, exponent);
    range.most = std::max(range.most, exponent);
  }
  return range;
}
Exponents ExponentsOf(std::span<const int64_t>) { return {0, 0}; }

}  // namespace

template <typename T>
void SeriesFold<T>::MakeSpecial() {
  *this = SeriesFold(of_);
  special_ = true;
}

template <typename T>
void SeriesFold<T>::Begin(std::string_view series, Sample first) {
  Close();
  if (special_) return;  // by its carry
  open_ = true;
  series_.assign(series);
  first_ = first;
}

template <typename T>
void SeriesFold<T>::Bridge(Sample from, Sample to) {
  if (of_ == Of::kIntegral) {
    AddProduct(inner_, from.value, Between(from.time, to.time), Sign::kPlus);
  } else if (of_ == Of::kIncrease && to.value < from.value) {
    AddValue(inner_, from.value, Sign::kPlus);
    ++resets_;
  }
}

template <typename T>
void SeriesFold<T>::Integrate(std::span<const EventTime> times, std::span<const T> values) {
  // In integers where 4,096 terms of 53 + 20 bits (or 63) times 42 bits, about an hour, stay below
  // 2^127.
  constexpr size_t kBlock = 4096;
  constexpr int kSpanMax = 20;
  constexpr uint64_t kStepMax = uint64_t{1} << 42U;
  for (size_t from = 0; from + 1 < times.size();) {
    const size_t n = std::min(kBlock, times.size() - 1 - from);
    const std::span<const T> block = values.subspan(from, n);
    const Exponents range = ExponentsOf(block);
    uint64_t longest = 0;
    for (size_t i = 0; i < n; ++i) {
      longest = std::max(longest, Between(times[from + i], times[from + i + 1]));
    }
    if (range.least > range.most) {
      // zeros only
    } else if (longest >= kStepMax || range.most - range.least > kSpanMax) {
      for (size_t i = 0; i < n; ++i) {
        AddProduct(inner_, block[i], Between(times[from + i], times[from + i + 1]), Sign::kPlus);
      }
    } else {
      Int128 sum = 0;
      for (size_t i = 0; i < n; ++i) {
        const Decomposed parts = Parts(block[i]);
        if (parts.mantissa == 0) continue;
        const auto shift = static_cast<unsigned>(parts.exponent - range.least);
        const auto term = static_cast<Int128>((static_cast<Uint128>(parts.mantissa) << shift) *
                                              Between(times[from + i], times[from + i + 1]));
        sum += parts.negative ? -term : term;
      }
      const bool negative = sum < 0;
      const Uint128 magnitude =
          negative ? ~static_cast<Uint128>(sum) + 1 : static_cast<Uint128>(sum);
      const std::array<uint64_t, 2> words{static_cast<uint64_t>(magnitude),
                                          static_cast<uint64_t>(magnitude >> 64U)};
      inner_.Add(words, range.least, negative);
    }
    from += n;
  }
}

template <typename T>
void SeriesFold<T>::FoldInside(std::span<const EventTime> times, std::span<const T> values) {
  if (of_ == Of::kIntegral) return Integrate(times, values);
  if (of_ == Of::kDelta) return;
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] < values[i - 1]) [[unlikely]] {
      AddValue(inner_, values[i - 1], Sign::kPlus);
      ++resets_;
    }
  }
}

template <typename T>
void SeriesFold<T>::Add(std::string_view series, std::span<const EventTime> times,
                        std::span<const T> values) {
  TM_DCHECK(!values.empty() && times.size() == values.size());
  if (special_) return;
  if (!AllFinite(values)) return MakeSpecial();
  const Sample first{times.front(), values.front()};
  if (open_ && last_.time < first.time && series_ == series) {
    Bridge(last_, first);
  } else {
    Begin(series, first);
    if (special_) return;
  }
  FoldInside(times, values);
  last_ = {times.back(), values.back()};
}

template <typename T>
void SeriesFold<T>::AddCarry(std::string_view series, Sample carry) {
  if (of_ == Of::kDelta || !open_ || has_carry_ || carry.time >= first_.time) return;
  if (series_ != series) return;
  has_carry_ = true;
  carry_ = carry;
}

template <typename T>
void SeriesFold<T>::Close() {
  if (!open_) return;
  if (has_carry_ && !Finite(carry_.value)) return MakeSpecial();
  open_ = false;
  ++totals_.series;
  totals_.resets += std::exchange(resets_, 0);
  totals_.sum.Merge(inner_);
  inner_ = {};
  if (of_ == Of::kIntegral) {
    AddAtTime(totals_.sum, last_.value, last_.time, Sign::kMinus);
    AddValue(totals_.lasts, last_.value, Sign::kPlus);
    if (has_carry_) {
      AddAtTime(totals_.sum, carry_.value, first_.time, Sign::kPlus);
      AddValue(totals_.carries, carry_.value, Sign::kPlus);
      ++totals_.carried;
    } else {
      AddValue(totals_.firsts, first_.time.ns, Sign::kPlus);
    }
  } else {
    AddValue(totals_.sum, last_.value, Sign::kPlus);
    if (!has_carry_) {
      AddValue(totals_.sum, first_.value, Sign::kMinus);
    } else if (first_.value < carry_.value) {
      ++totals_.resets;
    } else {
      AddValue(totals_.sum, carry_.value, Sign::kMinus);
    }
  }
  has_carry_ = false;
}

template <typename T>
bool SeriesFold<T>::Precedes(const SeriesFold& later) const {
  return last_.time < later.first_.time;
}

// A carry of the later piece is what came before it, which is known better now.
template <typename T>
void SeriesFold<T>::Join(const SeriesFold& later) {
  Bridge(last_, later.first_);
  inner_.Merge(later.inner_);
  resets_ += later.resets_;
  last_ = later.last_;
}

template <typename T>
void SeriesFold<T>::Merge(const SeriesFold& other) {
  TM_DCHECK(of_ == other.of_);
  if (special_ || other.Nothing()) return;
  if (other.special_) return MakeSpecial();
  if (Nothing()) {
    *this = other;
    return;
  }
  if (Single() && other.Single() && series_ == other.series_) {
    if (Precedes(other)) return Join(other);
    if (other.Precedes(*this)) {
      SeriesFold earlier = other;
      earlier.Join(*this);
      *this = std::move(earlier);
      return;
    }
  }
  const SeriesFold added = other.Closed();
  Close();
  if (special_) return;
  if (added.special_) return MakeSpecial();
  const Totals& t = added.totals_;
  totals_.sum.Merge(t.sum);
  totals_.lasts.Merge(t.lasts);
  totals_.carries.Merge(t.carries);
  totals_.firsts.Merge(t.firsts);
  totals_.series += t.series;
  totals_.carried += t.carried;
  totals_.resets += t.resets;
}

template <typename T>
SeriesFold<T> SeriesFold<T>::Closed() const {
  SeriesFold out = *this;
  out.Close();
  return out;
}

template <typename T>
double SeriesFold<T>::Round() const {
  const SeriesFold all = Closed();
  return all.special_ ? kNan : all.totals_.sum.ToNumber().DivideAndRound(1, 1);
}

template <typename T>
std::optional<int64_t> SeriesFold<T>::Integer() const {
  return Closed().totals_.sum.ToNumber().AsInt64();
}

template <typename T>
uint64_t SeriesFold<T>::Resets() const {
  return Closed().totals_.resets;
}

template <typename T>
BigNumber SeriesFold<T>::Covered(TimeRange window) const {
  const Totals& t = totals_;
  return ToNumber(window.end.ns) * t.series - ToNumber(window.start.ns) * t.carried -
         t.firsts.ToNumber();
}

template <typename T>
std::optional<double> SeriesFold<T>::Average(TimeRange window) const {
  const SeriesFold all = Closed();
  if (all.special_) return kNan;
  const BigNumber covered = all.Covered(window);
  if (covered.IsZero() || covered.negative()) return std::nullopt;
  const Totals& t = all.totals_;
  const BigNumber integral = t.sum.ToNumber() + t.lasts.ToNumber() * ToNumber(window.end.ns) -
                             t.carries.ToNumber() * ToNumber(window.start.ns);
  return integral.DivideAndRound(covered);
}

template <typename T>
std::optional<double> SeriesFold<T>::Coverage(TimeRange window) const {
  if (window.empty()) return std::nullopt;
  const SeriesFold all = Closed();
  if (all.special_) return kNan;
  const BigNumber length = ToNumber(window.end.ns) - ToNumber(window.start.ns);
  return all.Covered(window).DivideAndRound(length * all.totals_.series);
}

template <typename T>
size_t SeriesFold<T>::heap_bytes() const {
  const Totals& t = totals_;
  const size_t text = series_.capacity() <= std::string().capacity() ? 0 : series_.capacity() + 1;
  return text + inner_.heap_bytes() + t.sum.heap_bytes() + t.lasts.heap_bytes() +
         t.carries.heap_bytes() + t.firsts.heap_bytes();
}

// ---------------------------------------------------------------------------------------------
// bytes

namespace {

constexpr uint8_t kTotalsTag = 0;
constexpr uint8_t kOpenTag = 1;
constexpr uint8_t kSpecialTag = 2;

Error MalformedFold() {
  return Error{Code::kCorruption, "aggregate state: the samples of a series are malformed"};
}

}  // namespace

template <typename T>
void SeriesFold<T>::AppendSample(ByteWriter& out, Sample sample) {
  out.PutI64(sample.time.ns);
  if constexpr (std::is_same_v<T, double>) {
    out.PutF64(CanonicalNan(sample.value));
  } else {
    out.PutI64(sample.value);
  }
}

template <typename T>
bool SeriesFold<T>::ReadSample(ByteReader& in, Sample& out) {
  out.time = {in.GetI64()};
  if constexpr (std::is_same_v<T, double>) {
    out.value = in.GetF64();
  } else {
    out.value = in.GetI64();
  }
  return in.ok();
}

template <typename T>
void SeriesFold<T>::AppendTo(ByteWriter& out) const {
  if (special_) return out.PutU8(kSpecialTag);
  if (Single()) {
    out.PutU8(kOpenTag);
    out.PutString(series_);
    AppendSample(out, first_);
    AppendSample(out, last_);
    out.PutU8(has_carry_ ? 1 : 0);
    if (has_carry_) AppendSample(out, carry_);
    if (of_ != Of::kDelta) inner_.AppendTo(out);
    if (of_ == Of::kIncrease) out.PutVarint(resets_);
    return;
  }
  const SeriesFold all = Closed();
  if (all.special_) return out.PutU8(kSpecialTag);
  const Totals& t = all.totals_;
  out.PutU8(kTotalsTag);
  out.PutVarint(t.series);
  t.sum.AppendTo(out);
  if (of_ == Of::kIncrease) out.PutVarint(t.resets);
  if (of_ != Of::kIntegral) return;
  t.lasts.AppendTo(out);
  out.PutVarint(t.carried);
  t.carries.AppendTo(out);
  t.firsts.AppendTo(out);
}

template <typename T>
Result<void> SeriesFold<T>::ReadOpen(ByteReader& in) {
  open_ = true;
  series_ = in.GetString();
  if (!ReadSample(in, first_) || !ReadSample(in, last_)) return MalformedFold();
  const uint8_t carried = in.GetU8();
  if (!in.ok() || carried > 1 || (carried == 1 && of_ == Of::kDelta)) return MalformedFold();
  has_carry_ = carried == 1;
  if (has_carry_ && !ReadSample(in, carry_)) return MalformedFold();
  const bool ordered = first_.time <= last_.time && (!has_carry_ || carry_.time < first_.time);
  if (!ordered || !Finite(first_.value) || !Finite(last_.value)) return MalformedFold();
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(carry_.value) &&
        std::bit_cast<uint64_t>(carry_.value) != std::bit_cast<uint64_t>(CanonicalNan(kNan))) {
      return MalformedFold();
    }
  }
  if (of_ != Of::kDelta) {
    TM_ASSIGN_OR_RETURN(inner_, WideSum::Read(in));
  }
  if (of_ == Of::kIncrease) resets_ = in.GetVarint();
  if (!in.ok()) return MalformedFold();
  return {};
}

template <typename T>
Result<void> SeriesFold<T>::ReadTotals(ByteReader& in) {
  Totals& t = totals_;
  t.series = in.GetVarint();
  if (!in.ok() || t.series < 2) return MalformedFold();
  TM_ASSIGN_OR_RETURN(t.sum, WideSum::Read(in));
  if (of_ == Of::kIncrease) t.resets = in.GetVarint();
  if (of_ == Of::kIntegral) {
    TM_ASSIGN_OR_RETURN(t.lasts, WideSum::Read(in));
    t.carried = in.GetVarint();
    TM_ASSIGN_OR_RETURN(t.carries, WideSum::Read(in));
    TM_ASSIGN_OR_RETURN(t.firsts, WideSum::Read(in));
  }
  if (!in.ok() || t.carried > t.series) return MalformedFold();
  return {};
}

template <typename T>
Result<SeriesFold<T>> SeriesFold<T>::Read(Of of, ByteReader& in) {
  SeriesFold out(of);
  const uint8_t tag = in.GetU8();
  if (!in.ok() || tag > kSpecialTag) return MalformedFold();
  if (tag == kSpecialTag) {
    out.special_ = true;
  } else if (tag == kOpenTag) {
    TM_RETURN_IF_ERROR(out.ReadOpen(in));
  } else {
    TM_RETURN_IF_ERROR(out.ReadTotals(in));
  }
  return out;
}

template class SeriesFold<double>;
template class SeriesFold<int64_t>;

}  // namespace tidemark::agg
