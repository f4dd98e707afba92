// SPDX-License-Identifier: Apache-2.0
// What the writer and the reader of chunks share. Bytes: docs/format/block.md "Chunk".
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "store/block/chunk.h"

namespace tidemark::store::codec {

inline constexpr size_t kCrcBytes = 4;  // the CRC-32C of everything behind it comes first
inline constexpr size_t kFixedHeaderBytes = 24;

// Flags of the chunk.
inline constexpr unsigned kVersionsStored = 0x01U;  // else all equal the first
inline constexpr unsigned kInfosStored = 0x02U;
inline constexpr unsigned kTombstonesStored = 0x04U;
inline constexpr unsigned kSingle = 0x08U;    // one column, kSingleField, without a field number
inline constexpr unsigned kPaddingShift = 4;  // bits 4 to 6: zero bytes at the end
inline constexpr unsigned kFlagBits = 0x7fU;

// A column's byte.
inline constexpr unsigned kColumnTypeBits = 0x07U;
inline constexpr unsigned kColumnHasNulls = 0x08U;
inline constexpr unsigned kColumnHasStats = 0x10U;

// Flags of statistics.
inline constexpr unsigned kSpecialSeen = 0x01U;
inline constexpr unsigned kSumStored = 0x02U;

/// Sections of RowInfo, as differences: window_start to time, window_end to window_start; and the
/// numbers as they are.
inline constexpr size_t kInfoSections = 4;

/// Bits whose order as signed integers is the order of the doubles, -0.0 < 0.0; its own inverse.
inline uint64_t OrderedBits(uint64_t bits) {
  const auto sign = static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63);
  return bits ^ (sign >> 1U);
}

constexpr bool HasStatistics(ValueType type) {
  return type == ValueType::kDouble || type == ValueType::kBigint || type == ValueType::kTimestamp;
}

/// `bits` are the non-null values in order; not empty.
ColumnStats ComputeStats(ValueType type, std::span<const uint64_t> bits);
void AppendStats(const ColumnStats& stats, ValueType type, ByteWriter& out);
/// False: not what AppendStats makes.
[[nodiscard]] bool ReadStats(ByteReader& in, ValueType type, size_t rows, ColumnStats& out);

}  // namespace tidemark::store::codec
