// SPDX-License-Identifier: Apache-2.0
#include "base/checksum.h"

#include <array>
#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum_internal.h"

namespace tidemark {
namespace checksum_internal {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bits reversed

namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (size_t t = 1; t < 8; ++t) {
      const uint32_t previous = tables[t - 1][i];
      tables[t][i] = (previous >> 8U) ^ tables[0][previous & 0xffU];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

uint32_t Crc32cTable(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xffU];
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) {
    crc = (crc >> 8U) ^ kTables[0][(crc ^ static_cast<uint8_t>(c)) & 0xffU];
  }
  return ~crc;
}

#if defined(__x86_64__)

bool HasCrc32cHardware() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t Crc32cHardware(uint32_t crc, std::string_view bytes) {
  uint64_t state = ~crc;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto narrow = static_cast<uint32_t>(state);
  for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(*at));
  return ~narrow;
}

#else

bool HasCrc32cHardware() { return false; }
uint32_t Crc32cHardware(uint32_t crc, std::string_view bytes) { return Crc32cTable(crc, bytes); }

#endif

}  // namespace checksum_internal

uint32_t Crc32c(uint32_t crc, std::string_view bytes) {
  static const bool hardware = checksum_internal::HasCrc32cHardware();
  return hardware ? checksum_internal::Crc32cHardware(crc, bytes)
                  : checksum_internal::Crc32cTable(crc, bytes);
}

uint32_t Crc32c(uint32_t crc, std::span<const std::byte> bytes) {
  return Crc32c(crc, AsText(bytes));
}

std::optional<uint64_t> FlippedBit(uint32_t a, uint32_t b, size_t bytes) {
  const uint32_t difference = a ^ b;
  const uint64_t bits = 8 * uint64_t{bytes};
  if (std::has_single_bit(difference)) return bits;
  // CRC is linear: a flipped bit adds a fixed pattern, one step for each bit that follows it.
  uint32_t pattern = checksum_internal::kPolynomial;
  for (uint64_t behind = 0; behind < bits; ++behind) {
    if (pattern == difference) return bits - 1 - behind;
    pattern = (pattern >> 1U) ^ ((pattern & 1U) != 0 ? checksum_internal::kPolynomial : 0U);
  }
  return std::nullopt;
}

uint32_t Crc32cSeed(uint64_t file_no, uint64_t offset) {
  std::array<char, 16> place{};
  std::memcpy(place.data(), &file_no, 8);
  std::memcpy(place.data() + 8, &offset, 8);
  return Crc32c(0, std::string_view(place.data(), place.size()));
}

uint64_t Hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Hash128 HashKey128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace tidemark
