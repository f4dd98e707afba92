// SPDX-License-Identifier: Apache-2.0
// Blocks of one column: integers (times, versions, BIGINT, TIMESTAMP, codes, lengths, the integers
// behind decimals), doubles, bits (BOOLEAN, validity, tombstones). A block is a string of its own
// and decodes alone; its length and its number of values are known from outside. Bytes:
// docs/format/block.md. Functions without state; `false` means bytes that the encoder never makes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/block/chunk.h"

namespace tidemark::store::codec {

/// Low two bits of an integer block's first byte.
enum class IntegerMode : uint8_t {
  kLinear = 0,  // first + i * step: nothing else is stored
  kOffset = 1,  // first + unit * (i * step + residual[i] - residual_of_first)
  kDelta = 2,   // the neighbour + unit * (step + residual[i])
  kRaw = 3,
};

/// The part of an integer block that is read without decoding. All arithmetic wraps.
struct IntegerBlock {
  IntegerMode mode = IntegerMode::kLinear;
  uint64_t first = 0;
  uint64_t step = 0;
  uint64_t unit = 1;
  uint64_t residual_of_first = 0;
  std::string_view rest;  // residuals, or raw values

  /// Whether At() is offered: no neighbour is needed.
  bool random_access() const;
  uint64_t At(size_t i, size_t n) const;
};

/// 1..1,024 values. The first is stored relative to `origin`.
void EncodeIntegers(std::span<const uint64_t> values, uint64_t origin, Effort effort,
                    std::string& out);
[[nodiscard]] bool OpenIntegers(std::string_view block, size_t n, uint64_t origin,
                                IntegerBlock& out);
[[nodiscard]] bool DecodeIntegers(std::string_view block, size_t n, uint64_t origin, uint64_t* out);

/// What fitted the block before: tried first.
struct DecimalHint {
  int digits = -1;  // behind the point
  unsigned factor = 0;
};
void EncodeDoubles(std::span<const uint64_t> bits, Effort effort, DecimalHint& hint,
                   std::string& out);
[[nodiscard]] bool DecodeDoubles(std::string_view block, size_t n, uint64_t* out);

/// Values are 0 and 1.
void EncodeBits(std::span<const uint8_t> values, std::string& out);
[[nodiscard]] bool DecodeBits(std::string_view block, size_t n, uint8_t* out);

}  // namespace tidemark::store::codec
