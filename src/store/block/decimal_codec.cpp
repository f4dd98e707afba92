// SPDX-License-Identifier: Apache-2.0
// Doubles that were decimals: the integer k = v * 10^digits is stored. Two ways back:
//   ALP  k * 10^f * 10^-(digits + f): fast, but some values miss by a bit and become exceptions;
//   DEC  k / 10^digits: correctly rounded, so every decimal of up to 15 digits comes back.
// Bits that do not come back (also -0.0, NaN, infinities) are exceptions, kept as they are. Blocks
// that are no decimals store their bits as integers in the order of the values.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/bit_packing_internal.h"
#include "store/block/chunk_layout_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/residual_codec_internal.h"

namespace tidemark::store::codec {
namespace {

enum DoubleMode : uint8_t { kConstant = 0, kAlp = 1, kDec = 2, kBits = 3 };
constexpr unsigned kHasExceptions = 0x80U;

constexpr int kDigitsMax = 18;
constexpr std::array<double, kDigitsMax + 1> kPowers{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                     1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                     1e14, 1e15, 1e16, 1e17, 1e18};
constexpr std::array<double, kDigitsMax + 1> kInverses{
    1e0,   1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,  1e-8, 1e-9,
    1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18};
constexpr double kIntegerLimit = 0x1p51;
constexpr double kMagic = 0x1.8p52;
constexpr size_t kSample = 32;
constexpr size_t kSampleMissesMax = 8;
constexpr size_t kConstantRowsMin = 64;
constexpr unsigned kNoAlp = UINT32_MAX;

/// How integers become doubles again.
struct Scale {
  int digits = 0;
  unsigned factor = kNoAlp;  // f of ALP; kNoAlp: DEC

  bool alp() const { return factor != kNoAlp; }
  double Decode(int64_t k) const {
    const auto exact = static_cast<double>(k);  // below 2^51
    const auto d = static_cast<size_t>(digits);
    return alp() ? exact * kPowers[factor] * kInverses[d + factor] : exact / kPowers[d];
  }
  /// False: the bits do not come back.
  bool Encode(uint64_t bits, int64_t& k) const {
    const double scaled = std::bit_cast<double>(bits) * kPowers[static_cast<size_t>(digits)];
    if (!(std::abs(scaled) < kIntegerLimit)) return false;  // NaN, too
    k = static_cast<int64_t>(scaled + kMagic - kMagic);
    return std::bit_cast<uint64_t>(Decode(k)) == bits;
  }
};

struct Sample {
  std::array<uint64_t, kSample> bits{};
  size_t size = 0;

  explicit Sample(std::span<const uint64_t> all) {
    size = std::min(all.size(), kSample);
    for (size_t i = 0; i < size; ++i) bits[i] = all[i * all.size() / size];
  }
  size_t Misses(const Scale& scale) const {
    int64_t k = 0;
    size_t misses = 0;
    for (size_t i = 0; i < size; ++i) misses += scale.Encode(bits[i], k) ? 0 : 1;
    return misses;
  }
};

/// Fewest digits with the fewest misses by DEC; nothing: these are no decimals.
std::optional<Scale> FindDigits(const Sample& sample, const DecimalHint& hint) {
  if (hint.digits >= 0) {
    const Scale same{.digits = hint.digits};
    if (sample.Misses(same) <= 1) return same;
  }
  Scale best;
  size_t fewest = sample.size + 1;
  for (int digits = 0; digits <= kDigitsMax && fewest > 0; ++digits) {
    const Scale scale{.digits = digits};
    const size_t misses = sample.Misses(scale);
    if (misses < fewest) {
      best = scale;
      fewest = misses;
    }
  }
  const size_t allowed = std::min(kSampleMissesMax, sample.size / 2);
  if (fewest > allowed) return std::nullopt;
  return best;
}

/// The factor with the fewest misses; nothing: each misses more than DEC by too much.
std::optional<Scale> FindFactor(const Sample& sample, int digits, const DecimalHint& hint,
                                size_t dec_misses) {
  std::optional<Scale> best;
  size_t fewest = dec_misses + 2;  // of 32: 6 % exceptions would not pay
  const auto consider = [&](unsigned factor) {
    const Scale scale{.digits = digits, .factor = factor};
    const size_t misses = sample.Misses(scale);
    if (misses >= fewest) return;
    fewest = misses;
    best = scale;
  };
  if (hint.digits == digits && hint.factor != kNoAlp) consider(hint.factor);
  for (unsigned factor = 0; digits + static_cast<int>(factor) <= kDigitsMax; ++factor) {
    if (fewest <= dec_misses) break;
    consider(factor);
  }
  return best;
}

struct Decimals {
  Scale scale;
  std::array<uint64_t, kLaneValues> integers;
  std::array<uint16_t, kLaneValues> exceptions;
  size_t exception_count = 0;

  void Encode(std::span<const uint64_t> bits) {
    exception_count = 0;
    int64_t previous = 0;
    size_t leading = 0;  // exceptions before the first integer
    for (size_t i = 0; i < bits.size(); ++i) {
      int64_t k = 0;
      if (scale.Encode(bits[i], k)) {
        previous = k;
        if (leading == i) std::fill_n(integers.begin(), i, static_cast<uint64_t>(k));
      } else {
        leading += leading == i ? 1 : 0;
        k = previous;  // keeps deltas small
        exceptions[exception_count++] = static_cast<uint16_t>(i);
      }
      integers[i] = static_cast<uint64_t>(k);
    }
  }
};

void WriteDecimals(const Decimals& from, std::span<const uint64_t> bits, Effort effort,
                   std::string& out) {
  const auto exceptions = std::span(from.exceptions).first(from.exception_count);
  unsigned head = from.scale.alp() ? kAlp : kDec;
  if (!exceptions.empty()) head |= kHasExceptions;
  out.push_back(static_cast<char>(head));
  out.push_back(static_cast<char>(from.scale.digits));
  if (from.scale.alp()) out.push_back(static_cast<char>(from.scale.factor));
  if (!exceptions.empty()) {
    AppendVarint(exceptions.size(), out);
    WritePositions(exceptions, out);
    for (const uint16_t at : exceptions) {
      out.append(reinterpret_cast<const char*>(&bits[at]), sizeof(uint64_t));
    }
  }
  EncodeIntegers(std::span(from.integers).first(bits.size()), 0, effort, out);
}

void WriteBits(std::span<const uint64_t> bits, Effort effort, std::string& out) {
  std::array<uint64_t, kLaneValues> ordered;
  for (size_t i = 0; i < bits.size(); ++i) ordered[i] = OrderedBits(bits[i]);
  out.push_back(static_cast<char>(kBits));
  EncodeIntegers(std::span(ordered).first(bits.size()), 0, effort, out);
}

}  // namespace

void EncodeDoubles(std::span<const uint64_t> bits, Effort effort, DecimalHint& hint,
                   std::string& out) {
  const size_t n = bits.size();
  TM_DCHECK(n >= 1 && n <= kLaneValues);
  const Sample sample(bits);
  const bool constant =
      std::all_of(bits.begin(), bits.end(), [&](uint64_t b) { return b == bits[0]; });
  // One or a few equal decimals take three to five bytes as such.
  const bool few = n < kConstantRowsMin;
  if (constant && !(few && FindDigits(sample, hint).has_value())) {
    out.push_back(static_cast<char>(kConstant));
    out.append(reinterpret_cast<const char*>(bits.data()), sizeof(uint64_t));
    return;
  }
  const auto dec = FindDigits(sample, hint);
  if (!dec) {
    hint = {};
    return WriteBits(bits, effort, out);
  }
  Decimals decimals;
  decimals.scale = *dec;
  decimals.Encode(bits);
  const size_t dec_exceptions = decimals.exception_count;
  if (const auto alp = FindFactor(sample, dec->digits, hint, sample.Misses(*dec))) {
    decimals.scale = *alp;
    decimals.Encode(bits);
    // An exception takes some ten bytes; ALP decodes faster, which is worth three percent of two
    // bytes a value.
    if ((decimals.exception_count - dec_exceptions) * 160 > n) {
      decimals.scale = *dec;
      decimals.Encode(bits);
    }
  }
  hint = {.digits = decimals.scale.digits, .factor = decimals.scale.factor};

  const size_t at = out.size();
  WriteDecimals(decimals, bits, effort, out);
  // Bits as integers take seven to eight bytes: worth a look only near that.
  if (out.size() - at <= n * 5 || n < 2) return;
  std::string plain;
  WriteBits(bits, effort, plain);
  if (plain.size() < out.size() - at) out.replace(at, std::string::npos, plain);
}

bool DecodeDoubles(std::string_view block, size_t n, uint64_t* out) {
  ByteReader in(block);
  const unsigned head = in.GetU8();
  const unsigned mode = head & ~kHasExceptions;
  const bool has_exceptions = mode != head;
  if (!in.ok() || mode > kBits) return false;
  if (mode == kConstant || mode == kBits) {
    if (has_exceptions) return false;
    if (mode == kConstant) {
      std::fill_n(out, n, in.GetU64());
      return in.AtEnd();
    }
    if (!DecodeIntegers(block.substr(1), n, 0, out)) return false;
    for (size_t i = 0; i < n; ++i) out[i] = OrderedBits(out[i]);
    return true;
  }
  const size_t digits = in.GetU8();
  const size_t factor = mode == kAlp ? in.GetU8() : 0;
  if (!in.ok() || digits + factor > kDigitsMax) return false;
  std::array<uint16_t, kLaneValues> positions{};
  const uint64_t count = has_exceptions ? in.GetVarint() : 0;
  if (!in.ok() || count > n || (has_exceptions && count == 0)) return false;
  const auto exceptions = std::span(positions).first(count);
  if (!ReadPositions(in, n, exceptions)) return false;
  const std::string_view values = in.GetRaw(8 * count);
  if (!in.ok()) return false;
  if (!DecodeIntegers(block.substr(block.size() - in.remaining()), n, 0, out)) return false;
  if (mode == kAlp) {
    BestKernels().scale(out, n, kPowers[factor], kInverses[digits + factor]);
  } else {
    BestKernels().divide(out, n, kPowers[digits]);
  }
  for (size_t i = 0; i < count; ++i) out[exceptions[i]] = Load64(values.data() + 8 * i);
  return true;
}

}  // namespace tidemark::store::codec
