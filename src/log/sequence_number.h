// SPDX-License-Identifier: Apache-2.0
// The number a record is known by outside: 128 bits, printed as 39 decimal digits
// (kinesis-api.md 3.4). Immutable values, pure functions.
//
//   127      1
//   126..124 layout version, 0
//   123..100 shard number
//   99..76   stream incarnation: the low 24 bits of StreamId, which is never given out twice
//   75..16   offset of the record inside its shard: 0 = before the first, all ones = end of a
//   closed shard 15..0    0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong_id.h"
#include "catalog/ids.h"

namespace tidemark::log {

/// Place of a record in its shard; the first one is 1. Ascending, with gaps after an unclean stop.
using RecordOffset = StrongId<struct RecordOffsetTag, uint64_t>;
inline constexpr RecordOffset kBeforeFirst{0};
inline constexpr RecordOffset kFirstOffset{1};
inline constexpr RecordOffset kEndOfShard{(uint64_t{1} << 60U) - 1};

inline constexpr uint32_t kShardNumberMax = (1U << 24U) - 1;

struct SequenceNumber {
  uint64_t hi = 0;
  uint64_t lo = 0;

  static SequenceNumber Make(StreamId stream, uint32_t shard, RecordOffset offset);

  /// Decimal digits without a leading zero, as 3.4 lays it out; none for anything else.
  static std::optional<SequenceNumber> Parse(std::string_view text);

  uint32_t shard() const { return static_cast<uint32_t>(hi >> 36U) & kShardNumberMax; }
  uint32_t incarnation() const { return static_cast<uint32_t>(hi >> 12U) & 0xffffffU; }
  RecordOffset offset() const { return {(hi & 0xfffU) << 48U | lo >> 16U}; }

  /// 39 digits.
  std::string ToString() const;
  void AppendTo(std::string& out) const;

  friend auto operator<=>(const SequenceNumber&, const SequenceNumber&) = default;
};

inline uint32_t IncarnationOf(StreamId stream) { return stream.value & 0xffffffU; }

}  // namespace tidemark::log
