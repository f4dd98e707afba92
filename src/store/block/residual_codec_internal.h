// SPDX-License-Identifier: Apache-2.0
// Up to 1,024 unsigned integers, most of them small: what is left of a block after a base, a slope
// or the neighbour was taken off. Packed in one width; packed with the few large ones apart; or
// (Effort::kSmall) the low bits packed and the high ones entropy coded. Bytes:
// docs/format/block.md "Residuals". Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/block/chunk.h"

namespace tidemark::store::codec {

/// How a block of residuals is best written, and its size.
struct ResidualPlan {
  enum class Form : uint8_t { kPacked, kPatched, kEntropy };
  Form form = Form::kPacked;
  unsigned width = 0;  // of the packed (low) bits
  size_t patches = 0;  // kPatched: values that need more
  size_t bytes = 0;    // kEntropy: an estimate
};

/// First byte of the residuals: 0..64 packed, 65..128 patched, 129..186 entropy coded.
inline constexpr unsigned kPackedLast = 64;
inline constexpr unsigned kPatchedFirst = 65;
inline constexpr unsigned kEntropyFirst = 129;
inline constexpr unsigned kEntropyLowBitsMax = 57;

ResidualPlan PlanResiduals(std::span<const uint64_t> values, Effort effort);
void WriteResiduals(const ResidualPlan& plan, std::span<const uint64_t> values, std::string& out);
/// `bytes` is all of it. False: not what WriteResiduals makes for `n` values.
[[nodiscard]] bool ReadResiduals(std::string_view bytes, size_t n, uint64_t* out);

/// Positions in a block: ascending, gaps as varints.
void WritePositions(std::span<const uint16_t> positions, std::string& out);
/// False: not ascending, or not below `n`.
[[nodiscard]] bool ReadPositions(ByteReader& in, size_t n, std::span<uint16_t> out);

void AppendVarint(uint64_t value, std::string& out);
size_t VarintBytes(uint64_t value);

}  // namespace tidemark::store::codec
