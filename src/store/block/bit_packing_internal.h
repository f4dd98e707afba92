// SPDX-License-Identifier: Apache-2.0
// Unsigned integers in `width` bits each. A full block of 1,024 values lies in 16 lanes of 64-bit
// words, so that 16 neighbours unpack with the same shifts (storage.md 3.3); fewer values are one
// bit stream, lowest bit first. And the loops that turn unpacked residuals into values, for the
// CPU at hand. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace tidemark::store::codec {

inline constexpr size_t kLaneValues = 1024;  // what the 16-lane layout holds
inline constexpr size_t kLanes = 16;

inline uint64_t Load64(const char* from) {
  uint64_t value = 0;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

constexpr uint64_t LowMask(unsigned width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

/// Bytes of `n` (<= 1,024) values; `width` <= 64.
constexpr size_t PackedBytes(size_t n, unsigned width) { return (n * width + 7) / 8; }

/// Appends the low `width` bits of each value.
void Pack(std::span<const uint64_t> values, unsigned width, std::string& out);
/// Reads exactly PackedBytes(n, width) bytes.
void Unpack(const char* in, size_t n, unsigned width, uint64_t* out);
uint64_t UnpackOne(const char* in, size_t n, unsigned width, size_t i);

/// Loops over a block, in place. All arithmetic wraps.
struct Kernels {
  const char* name;
  void (*unpack_lanes)(const char* in, unsigned width, uint64_t* out);
  /// v[i] = base + unit * (i * step + v[i])
  void (*linear)(uint64_t* v, size_t n, uint64_t base, uint64_t step, uint64_t unit);
  /// v[i] = base + unit * sum over j <= i of (step + v[j]), with nothing added at j = 0
  void (*prefix_sum)(uint64_t* v, size_t n, uint64_t base, uint64_t step, uint64_t unit);
  /// Integers below 2^51 in size to the bits of integer * up * down.
  void (*scale)(uint64_t* v, size_t n, double up, double down);
  /// Integers below 2^51 in size to the bits of integer / by.
  void (*divide)(uint64_t* v, size_t n, double by);
};

/// Those that this CPU can run: "portable" first, the fastest last.
std::span<const Kernels> AllKernels();
const Kernels& BestKernels();

}  // namespace tidemark::store::codec
