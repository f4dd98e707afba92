// SPDX-License-Identifier: Apache-2.0
// CRC-32C for everything on disk (seeded with the place of the bytes, so that intact bytes in the
// wrong place fail: storage.md 1.2), XXH3 for hash tables. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tidemark {

/// Continues `crc` (0 to start) over `bytes`. Uses the SSE4.2 instruction where the CPU has it.
uint32_t Crc32c(uint32_t crc, std::span<const std::byte> bytes);
uint32_t Crc32c(uint32_t crc, std::string_view bytes);

/// The bit (from the first byte's lowest on) whose flip alone makes checksum `a` of so many bytes
/// into `b`; none: more than one bit differs. `8 * bytes`: a bit of a stored checksum itself.
std::optional<uint64_t> FlippedBit(uint32_t a, uint32_t b, size_t bytes);

/// The start value for bytes stored at `offset` of file `file_no`.
uint32_t Crc32cSeed(uint64_t file_no, uint64_t offset);

uint64_t Hash64(std::string_view bytes);

struct Hash128 {
  uint64_t hi = 0;
  uint64_t lo = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};
Hash128 HashKey128(std::string_view bytes);

}  // namespace tidemark
