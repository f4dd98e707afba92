// SPDX-License-Identifier: Apache-2.0
// Invariants:
// 1. Frequencies of a block sum to kSlots, so a state's low ten bits always name a symbol.
// 2. A state lies in [kStateMin, 2^32) between symbols; coding backwards from kStateMin makes the
//    decoder end at kStateMin in every state with no word left: a check for free.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/bit_packing_internal.h"
#include "store/block/entropy_codec_internal.h"
#include "store/block/residual_codec_internal.h"

namespace tidemark::store::codec {
namespace {

constexpr size_t kSymbolsMax = 64;
constexpr unsigned kSlotBits = 10;
constexpr uint32_t kSlots = 1U << kSlotBits;
constexpr size_t kStates = 4;
constexpr uint32_t kStateMin = 1U << 16U;
constexpr size_t kRowsMin = 192;         // the table and the states cost some 40 bytes
constexpr unsigned kEscapeFlag = 0x80U;  // in the byte of the symbol count: the last is an escape

using Counts = std::array<uint16_t, kSymbolsMax>;

struct Histogram {
  Counts counts{};
  size_t symbols = 0;   // 1 + the largest that occurs
  bool escape = false;  // the last symbol means "or more"; the rest follows as a varint
};

Histogram CountSymbols(std::span<const uint64_t> values, unsigned low_bits) {
  Histogram out;
  constexpr uint64_t kLast = kSymbolsMax - 1;
  for (const uint64_t value : values) {
    const uint64_t high = value >> low_bits;
    ++out.counts[std::min(high, kLast)];
    out.escape |= high >= kLast;
  }
  out.symbols = kSymbolsMax;
  while (out.counts[out.symbols - 1] == 0) --out.symbols;
  return out;
}

/// Scales counts to sum to kSlots; each that occurs keeps at least one slot.
Counts ToSlots(const Histogram& histogram, size_t n) {
  Counts slots{};
  uint32_t sum = 0;
  size_t largest = 0;
  for (size_t s = 0; s < histogram.symbols; ++s) {
    const uint32_t count = histogram.counts[s];
    if (count == 0) continue;
    const auto scaled = static_cast<uint32_t>((count * uint64_t{kSlots} + n / 2) / n);
    slots[s] = static_cast<uint16_t>(std::max(scaled, 1U));
    sum += slots[s];
    if (slots[s] > slots[largest]) largest = s;
  }
  // At most 32 slots off (half a slot a symbol, or one for the rare). Taken from the largest ones.
  while (sum != kSlots) {
    if (sum < kSlots) {
      slots[largest] = static_cast<uint16_t>(slots[largest] + (kSlots - sum));
      break;
    }
    largest = static_cast<size_t>(std::max_element(slots.begin(), slots.end()) - slots.begin());
    --slots[largest];
    --sum;
  }
  return slots;
}

/// c * log2(c) for up to a block's values.
double CountTimesLog(size_t count) {
  static const auto kTable = [] {
    std::array<float, kLaneValues + 1> out{};
    for (size_t c = 2; c < out.size(); ++c) {
      out[c] = static_cast<float>(static_cast<double>(c) * std::log2(static_cast<double>(c)));
    }
    return out;
  }();
  return kTable[count];
}

/// Bits, lowest first.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void Put(uint32_t value, unsigned bits) {
    word_ |= uint64_t{value} << used_;
    used_ += bits;
    for (; used_ >= 8; used_ -= 8, word_ >>= 8U) out_.push_back(static_cast<char>(word_ & 0xffU));
  }
  void Flush() {
    if (used_ > 0) out_.push_back(static_cast<char>(word_ & 0xffU));
    word_ = used_ = 0;
  }

 private:
  std::string& out_;
  uint64_t word_ = 0;
  unsigned used_ = 0;
};

class BitReader {
 public:
  explicit BitReader(ByteReader& in) : in_(in) {}
  uint32_t Get(unsigned bits) {
    for (; used_ < bits; used_ += 8) word_ |= uint64_t{in_.GetU8()} << used_;
    const auto value = static_cast<uint32_t>(word_ & LowMask(bits));
    word_ >>= bits;
    used_ -= bits;
    return value;
  }
  bool AtZeroBits() const { return word_ == 0; }

 private:
  ByteReader& in_;
  uint64_t word_ = 0;
  unsigned used_ = 0;
};

// A slot count is its number of significant bits (0..11), as the difference to the one before
// (zigzag, in unary: neighbours are alike), then the bits below the highest.
constexpr unsigned kUnaryMax = 23;

unsigned UnaryOf(unsigned width, unsigned before) {
  const int step = static_cast<int>(width) - static_cast<int>(before);
  return static_cast<unsigned>(ZigZag(step));
}

size_t TableBits(const Histogram& histogram) {
  size_t bits = 0;
  unsigned before = 0;
  for (size_t s = 0; s < histogram.symbols; ++s) {
    const auto width = static_cast<unsigned>(std::bit_width(histogram.counts[s]));
    bits += UnaryOf(width, before) + 1 + (width > 0 ? width - 1 : 0);
    before = width;
  }
  return bits;
}

void WriteTable(const Counts& slots, size_t symbols, std::string& out) {
  BitWriter bits(out);
  unsigned before = 0;
  for (size_t s = 0; s < symbols; ++s) {
    const auto width = static_cast<unsigned>(std::bit_width(slots[s]));
    const unsigned ones = UnaryOf(width, before);
    bits.Put((1U << ones) - 1, ones + 1);
    if (width > 1) bits.Put(slots[s] & ((1U << (width - 1)) - 1), width - 1);
    before = width;
  }
  bits.Flush();
}

bool ReadTable(ByteReader& in, size_t symbols, Counts& slots) {
  BitReader bits(in);
  int before = 0;
  uint32_t sum = 0;
  for (size_t s = 0; s < symbols; ++s) {
    unsigned ones = 0;
    while (in.ok() && ones <= kUnaryMax && bits.Get(1) == 1) ++ones;
    const int width = before + static_cast<int>(UnZigZag(ones));
    if (!in.ok() || ones > kUnaryMax || width < 0 || width > int{kSlotBits} + 1) return false;
    uint32_t value = width == 0 ? 0 : 1;
    if (width > 1) {
      const auto rest = static_cast<unsigned>(width - 1);
      value = (1U << rest) | bits.Get(rest);
    }
    slots[s] = static_cast<uint16_t>(value);
    sum += value;
    before = width;
  }
  return in.ok() && bits.AtZeroBits() && sum == kSlots && slots[symbols - 1] != 0;
}

/// What a slot means: symbol (6 bits), its slots (11), this slot's number among them (10).
struct DecodeTable {
  std::array<uint32_t, kSlots> slots;

  explicit DecodeTable(const Counts& counts) {
    size_t at = 0;
    for (uint32_t symbol = 0; symbol < kSymbolsMax; ++symbol) {
      const uint32_t count = counts[symbol];
      const uint32_t fixed = symbol | (count << 6U);
      for (uint32_t i = 0; i < count; ++i) slots[at + i] = fixed | (i << 17U);
      at += count;
    }
  }
};

struct Decoder {
  std::array<uint32_t, kStates> states{};
  const char* words = nullptr;
  const char* end = nullptr;
  bool ok = true;

  /// One symbol; `words` has at least two bytes left.
  static uint64_t Step(const DecodeTable& table, uint32_t& x, const char*& from) {
    const uint32_t entry = table.slots[x & (kSlots - 1)];
    uint32_t next = ((entry >> 6U) & 0x7ffU) * (x >> kSlotBits) + (entry >> 17U);
    uint16_t word = 0;
    std::memcpy(&word, from, sizeof(word));
    const bool refill = next < kStateMin;
    const uint32_t filled = (next << 16U) | word;
    next = refill ? filled : next;
    from += refill ? 2 : 0;
    x = next;
    return entry & 0x3fU;
  }

  /// ORs `n` symbols, shifted, into `out`.
  void Run(const DecodeTable& table, size_t n, unsigned shift, uint64_t* out) {
    uint32_t a = states[0];
    uint32_t b = states[1];
    uint32_t c = states[2];
    uint32_t d = states[3];
    const char* from = words;
    size_t i = 0;
    for (; i + kStates <= n && end - from >= 8; i += kStates) {
      out[i] |= Step(table, a, from) << shift;
      out[i + 1] |= Step(table, b, from) << shift;
      out[i + 2] |= Step(table, c, from) << shift;
      out[i + 3] |= Step(table, d, from) << shift;
    }
    states = {a, b, c, d};
    for (; i < n; ++i) {
      std::array<char, 2> last{};
      const bool some = end - from >= 2;
      if (some) std::memcpy(last.data(), from, 2);
      const char* at = last.data();
      out[i] |= Step(table, states[i % kStates], at) << shift;
      if (at == last.data()) continue;
      ok &= some;
      from += some ? 2 : 0;
    }
    ok &= from == end;
    for (const uint32_t state : states) ok &= state == kStateMin;
  }
};

}  // namespace

EntropyPlan PlanEntropy(std::span<const uint64_t> values, const WidthCounts& widths) {
  EntropyPlan best;
  const size_t n = values.size();
  if (n < kRowsMin) return best;
  // The width that nearly all values keep to: bins for more would only serve outliers.
  unsigned common = 0;
  for (size_t within = widths[0]; common < 64 && (n - within) * 64 > n; within += widths[common]) {
    ++common;
  }
  if (common == 0) return best;
  const unsigned first = std::min(common > 6 ? common - 6 : 0, kEntropyLowBitsMax);

  constexpr uint64_t kFineBins = 2 * kSymbolsMax;
  std::array<uint16_t, kFineBins + 1> fine{};  // the last: values beyond them all
  for (const uint64_t value : values) ++fine[std::min(value >> first, kFineBins)];
  const uint16_t beyond = fine[kFineBins];
  for (unsigned step = 0; first + step <= std::min(common, kEntropyLowBitsMax); ++step) {
    Histogram histogram;
    for (size_t bin = 0; bin < kFineBins; ++bin) {
      const size_t symbol = std::min(bin >> step, kSymbolsMax - 1);
      histogram.counts[symbol] = static_cast<uint16_t>(histogram.counts[symbol] + fine[bin]);
    }
    uint16_t& last = histogram.counts[kSymbolsMax - 1];
    last = static_cast<uint16_t>(last + beyond);
    constexpr size_t kEscapeBytes = 2;  // a guess: outliers are rare
    const size_t escapes = last * kEscapeBytes;
    histogram.symbols = kSymbolsMax;
    while (histogram.counts[histogram.symbols - 1] == 0) --histogram.symbols;
    double bits = CountTimesLog(n) + static_cast<double>(TableBits(histogram));
    for (size_t s = 0; s < histogram.symbols; ++s) bits -= CountTimesLog(histogram.counts[s]);
    const size_t bytes = PackedBytes(n, first + step) + static_cast<size_t>(bits / 8) + escapes +
                         sizeof(uint32_t) * kStates + 6;
    if (best.bytes == 0 || bytes < best.bytes) best = {.low_bits = first + step, .bytes = bytes};
  }
  return best;
}

void WriteEntropy(std::span<const uint64_t> values, unsigned low_bits, std::string& out) {
  const Histogram histogram = CountSymbols(values, low_bits);
  const Counts slots = ToSlots(histogram, values.size());
  std::array<uint32_t, kSymbolsMax> starts{};
  for (size_t s = 1; s < kSymbolsMax; ++s) starts[s] = starts[s - 1] + slots[s - 1];

  std::array<uint32_t, kStates> states{};
  states.fill(kStateMin);
  std::array<uint16_t, kLaneValues> words{};  // backwards
  size_t count = 0;
  for (size_t i = values.size(); i-- > 0;) {
    const size_t symbol = std::min<uint64_t>(values[i] >> low_bits, kSymbolsMax - 1);
    const uint32_t slot_count = slots[symbol];
    uint32_t& x = states[i % kStates];
    if (x >= uint64_t{slot_count} << (32 - kSlotBits)) {
      words[count++] = static_cast<uint16_t>(x & 0xffffU);
      x >>= 16U;
    }
    x = (x / slot_count << kSlotBits) + x % slot_count + starts[symbol];
  }

  out.push_back(static_cast<char>(histogram.symbols | (histogram.escape ? kEscapeFlag : 0)));
  WriteTable(slots, histogram.symbols, out);
  AppendVarint(count, out);
  for (const uint32_t state : states) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      out.push_back(static_cast<char>((state >> shift) & 0xffU));
    }
  }
  for (size_t i = count; i-- > 0;) {
    out.push_back(static_cast<char>(words[i] & 0xffU));
    out.push_back(static_cast<char>(words[i] >> 8U));
  }
  Pack(values, low_bits, out);
  for (const uint64_t value : values) {
    const uint64_t high = value >> low_bits;
    if (high >= kSymbolsMax - 1) AppendVarint(high - (kSymbolsMax - 1), out);
  }
}

bool ReadEntropy(std::string_view bytes, size_t n, unsigned low_bits, uint64_t* out) {
  ByteReader in(bytes);
  const unsigned head = in.GetU8();
  const bool escape = (head & kEscapeFlag) != 0;
  const size_t symbols = head & ~kEscapeFlag;
  if (!in.ok() || symbols == 0 || symbols > kSymbolsMax) return false;
  if (escape && symbols != kSymbolsMax) return false;
  Counts slots{};
  if (!ReadTable(in, symbols, slots)) return false;
  const uint64_t count = in.GetVarint();
  Decoder decoder;
  for (uint32_t& state : decoder.states) state = in.GetU32();
  if (!in.ok() || count > n) return false;
  const std::string_view words = in.GetRaw(2 * count);
  const std::string_view low = in.GetRaw(PackedBytes(n, low_bits));
  if (!in.ok()) return false;
  for (const uint32_t state : decoder.states) {
    if (state < kStateMin) return false;
  }

  Unpack(low.data(), n, low_bits, out);
  decoder.words = words.data();
  decoder.end = words.data() + words.size();
  decoder.Run(DecodeTable(slots), n, low_bits, out);
  if (!decoder.ok) return false;
  if (!escape) return symbols < kSymbolsMax && in.AtEnd();
  for (size_t i = 0; i < n; ++i) {
    if (out[i] >> low_bits < kSymbolsMax - 1) continue;
    const uint64_t more = in.GetVarint();
    const uint64_t high = more + (kSymbolsMax - 1);
    if (!in.ok() || high < more || (low_bits > 0 && high >> (64 - low_bits) != 0)) return false;
    out[i] = (out[i] & LowMask(low_bits)) | (high << low_bits);
  }
  return in.AtEnd();
}

}  // namespace tidemark::store::codec
