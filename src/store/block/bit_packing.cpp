// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>

#include "store/block/bit_packing_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tidemark::store::codec {
namespace {

constexpr size_t kLaneRows = kLaneValues / kLanes;
constexpr size_t kRowBytes = kLanes * sizeof(uint64_t);

// An integer k below 2^51 in size as a double: the bits of 1.5 * 2^52 + k, less 1.5 * 2^52. The
// same in every kernel, whatever bytes a damaged file holds.
constexpr double kMagic = 0x1.8p52;
constexpr uint64_t kMagicBits = std::bit_cast<uint64_t>(kMagic);

void UnpackLanesPortable(const char* in, unsigned width, uint64_t* out) {
  const uint64_t mask = LowMask(width);
  for (size_t row = 0; row < kLaneRows; ++row, out += kLanes) {
    const size_t bit = row * width;
    const unsigned shift = bit % 64;
    const char* low = in + bit / 64 * kRowBytes;
    if (shift + width <= 64) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        out[lane] = (Load64(low + 8 * lane) >> shift) & mask;
      }
    } else {
      const char* high = low + kRowBytes;
      for (size_t lane = 0; lane < kLanes; ++lane) {
        out[lane] =
            ((Load64(low + 8 * lane) >> shift) | (Load64(high + 8 * lane) << (64 - shift))) & mask;
      }
    }
  }
}

// The bodies below are compiled once for the plain CPU and once for AVX2.
[[gnu::always_inline]] inline void LinearBody(uint64_t* v, size_t n, uint64_t base, uint64_t step,
                                              uint64_t unit) {
  if (unit == 1 && step == 0) {
    for (size_t i = 0; i < n; ++i) v[i] += base;
  } else if (unit == 1) {
    for (size_t i = 0; i < n; ++i) v[i] += base + i * step;
  } else {
    for (size_t i = 0; i < n; ++i) v[i] = base + unit * (i * step + v[i]);
  }
}

[[gnu::always_inline]] inline void ScaleBody(uint64_t* v, size_t n, double up, double down) {
  for (size_t i = 0; i < n; ++i) {
    const double k = std::bit_cast<double>(v[i] + kMagicBits) - kMagic;
    v[i] = std::bit_cast<uint64_t>(k * up * down);
  }
}

[[gnu::always_inline]] inline void DivideBody(uint64_t* v, size_t n, double by) {
  for (size_t i = 0; i < n; ++i) {
    const double k = std::bit_cast<double>(v[i] + kMagicBits) - kMagic;
    v[i] = std::bit_cast<uint64_t>(k / by);
  }
}

void LinearPortable(uint64_t* v, size_t n, uint64_t base, uint64_t step, uint64_t unit) {
  LinearBody(v, n, base, step, unit);
}
void ScalePortable(uint64_t* v, size_t n, double up, double down) { ScaleBody(v, n, up, down); }
void DividePortable(uint64_t* v, size_t n, double by) { DivideBody(v, n, by); }

void PrefixSumPortable(uint64_t* v, size_t n, uint64_t base, uint64_t step, uint64_t unit) {
  if (n == 0) return;
  uint64_t sum = base;
  v[0] = base;
  if (unit == 1) {
    for (size_t i = 1; i < n; ++i) v[i] = sum += step + v[i];
  } else {
    for (size_t i = 1; i < n; ++i) v[i] = sum += unit * (step + v[i]);
  }
}

#if defined(__x86_64__)

// Each ends with vzeroupper: g++ 12 leaves the upper halves dirty in functions with a target
// attribute, and every SSE instruction after that is slow.
__attribute__((target("avx2"))) void UnpackLanesAvx2(const char* in, unsigned width,
                                                     uint64_t* out) {
  const __m256i mask = _mm256_set1_epi64x(static_cast<int64_t>(LowMask(width)));
  for (size_t row = 0; row < kLaneRows; ++row, out += kLanes) {
    const size_t bit = row * width;
    const unsigned shift = bit % 64;
    const auto* low = reinterpret_cast<const __m256i*>(in + bit / 64 * kRowBytes);
    auto* to = reinterpret_cast<__m256i*>(out);
    const __m128i down = _mm_cvtsi64_si128(static_cast<int64_t>(shift));
    if (shift + width <= 64) {
      for (size_t i = 0; i < 4; ++i) {
        const __m256i word = _mm256_srl_epi64(_mm256_loadu_si256(low + i), down);
        _mm256_storeu_si256(to + i, _mm256_and_si256(word, mask));
      }
    } else {
      const __m128i up = _mm_cvtsi64_si128(static_cast<int64_t>(64 - shift));
      for (size_t i = 0; i < 4; ++i) {
        const __m256i word = _mm256_or_si256(_mm256_srl_epi64(_mm256_loadu_si256(low + i), down),
                                             _mm256_sll_epi64(_mm256_loadu_si256(low + 4 + i), up));
        _mm256_storeu_si256(to + i, _mm256_and_si256(word, mask));
      }
    }
  }
  _mm256_zeroupper();
}

__attribute__((target("avx2"))) void LinearAvx2(uint64_t* v, size_t n, uint64_t base, uint64_t step,
                                                uint64_t unit) {
  LinearBody(v, n, base, step, unit);
  _mm256_zeroupper();
}
__attribute__((target("avx2"))) void ScaleAvx2(uint64_t* v, size_t n, double up, double down) {
  ScaleBody(v, n, up, down);
  _mm256_zeroupper();
}
__attribute__((target("avx2"))) void DivideAvx2(uint64_t* v, size_t n, double by) {
  DivideBody(v, n, by);
  _mm256_zeroupper();
}

#endif

void PackLanes(std::span<const uint64_t> values, unsigned width, char* out) {
  std::array<uint64_t, kLaneValues> words{};
  const uint64_t mask = LowMask(width);
  for (size_t row = 0; row < kLaneRows; ++row) {
    const size_t bit = row * width;
    const unsigned shift = bit % 64;
    uint64_t* low = words.data() + bit / 64 * kLanes;
    const uint64_t* from = values.data() + row * kLanes;
    for (size_t lane = 0; lane < kLanes; ++lane) low[lane] |= (from[lane] & mask) << shift;
    if (shift + width <= 64) continue;
    uint64_t* high = low + kLanes;
    for (size_t lane = 0; lane < kLanes; ++lane) high[lane] |= (from[lane] & mask) >> (64 - shift);
  }
  std::memcpy(out, words.data(), PackedBytes(kLaneValues, width));
}

void PackStream(std::span<const uint64_t> values, unsigned width, char* out) {
  const uint64_t mask = LowMask(width);
  uint64_t word = 0;  // holds `used` bits that are not written yet
  unsigned used = 0;
  for (const uint64_t each : values) {
    const uint64_t value = each & mask;
    word |= value << used;
    if (used + width < 64) {
      used += width;
      continue;
    }
    std::memcpy(out, &word, 8);
    out += 8;
    const unsigned taken = 64 - used;
    word = taken == 64 ? 0 : value >> taken;
    used = width - taken;
  }
  std::memcpy(out, &word, (used + 7) / 8);
}

/// Value `i` of a bit stream of `bytes` bytes; nothing behind it is read.
uint64_t StreamValue(const char* in, size_t bytes, unsigned width, size_t i) {
  const size_t bit = i * width;
  const size_t at = bit / 8;
  const unsigned shift = bit % 8;
  std::array<char, 16> tail{};
  const char* from = in + at;
  if (at + 9 > bytes) {
    std::memcpy(tail.data(), from, bytes - at);
    from = tail.data();
  }
  uint64_t value = Load64(from) >> shift;
  if (shift + width > 64) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(from[8])) << (64 - shift);
  }
  return value & LowMask(width);
}

void UnpackStream(const char* in, size_t n, unsigned width, uint64_t* out) {
  const size_t bytes = PackedBytes(n, width);
  const uint64_t mask = LowMask(width);
  size_t i = 0;
  if (width <= 56) {  // eight bytes hold every value with its shift
    for (; i < n && i * width / 8 + 8 <= bytes; ++i) {
      const size_t bit = i * width;
      out[i] = (Load64(in + bit / 8) >> (bit % 8)) & mask;
    }
  }
  for (; i < n; ++i) out[i] = StreamValue(in, bytes, width, i);
}

}  // namespace

void Pack(std::span<const uint64_t> values, unsigned width, std::string& out) {
  const size_t at = out.size();
  out.resize(at + PackedBytes(values.size(), width));
  if (width == 0) return;
  if (values.size() == kLaneValues) {
    PackLanes(values, width, out.data() + at);
  } else {
    PackStream(values, width, out.data() + at);
  }
}

void Unpack(const char* in, size_t n, unsigned width, uint64_t* out) {
  if (width == 0) {
    std::fill_n(out, n, uint64_t{0});
  } else if (n == kLaneValues) {
    BestKernels().unpack_lanes(in, width, out);
  } else {
    UnpackStream(in, n, width, out);
  }
}

uint64_t UnpackOne(const char* in, size_t n, unsigned width, size_t i) {
  if (width == 0) return 0;
  if (n != kLaneValues) return StreamValue(in, PackedBytes(n, width), width, i);
  const size_t bit = i / kLanes * width;
  const unsigned shift = bit % 64;
  const char* low = in + bit / 64 * kRowBytes + i % kLanes * 8;
  uint64_t value = Load64(low) >> shift;
  if (shift + width > 64) value |= Load64(low + kRowBytes) << (64 - shift);
  return value & LowMask(width);
}

std::span<const Kernels> AllKernels() {
  static constexpr std::array<Kernels, 2> kAll{{
      {"portable", UnpackLanesPortable, LinearPortable, PrefixSumPortable, ScalePortable,
       DividePortable},
#if defined(__x86_64__)
      {"avx2", UnpackLanesAvx2, LinearAvx2, PrefixSumPortable, ScaleAvx2, DivideAvx2},
#endif
  }};
#if defined(__x86_64__)
  static const size_t usable = __builtin_cpu_supports("avx2") ? 2 : 1;
#else
  static constexpr size_t usable = 1;
#endif
  return std::span(kAll).first(usable);
}

const Kernels& BestKernels() {
  static const Kernels& best = AllKernels().back();
  return best;
}

}  // namespace tidemark::store::codec
