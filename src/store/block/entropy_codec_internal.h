// SPDX-License-Identifier: Apache-2.0
// The entropy coder of residuals: the low bits of each value are packed as they are, the rest (at
// most 64 symbols) goes through four interleaved rANS states with a table of 1,024 slots. For a
// full block the slots equal the counts, so that nothing is lost to rounding them. Bytes:
// docs/format/block.md "Entropy coded residuals". Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::store::codec {

struct EntropyPlan {
  unsigned low_bits = 0;
  size_t bytes = 0;  // estimate; 0: not worth trying
};

/// How many values have 0, 1, .. 64 significant bits.
using WidthCounts = std::array<uint16_t, 65>;

EntropyPlan PlanEntropy(std::span<const uint64_t> values, const WidthCounts& widths);
void WriteEntropy(std::span<const uint64_t> values, unsigned low_bits, std::string& out);
/// False: not what WriteEntropy makes for `n` values.
[[nodiscard]] bool ReadEntropy(std::string_view bytes, size_t n, unsigned low_bits, uint64_t* out);

}  // namespace tidemark::store::codec
