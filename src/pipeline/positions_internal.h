// SPDX-License-Identifier: Apache-2.0
// Bytes of positions that pipelines journal. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "log/sequence_number.h"

namespace tidemark::pipeline {

/// What a pipeline journals as position of a partition.
struct JournaledPosition {
  std::string source;    // the source's own; "": before the first record
  std::string dead_end;  // how far the dead-letter stream was known to be written
  /// The highest position ever, while reading again what lies before it; else "".
  std::string highest;
  bool replace = false;      // what is read again wins as new records do
  uint64_t gap_records = 0;  // trimmed unread, ever
  ArrivalTime gap_until;     // of the newest gap: when it ended
  std::string stopped;       // why it reads no further until it is started; "": it does

  friend bool operator==(const JournaledPosition&, const JournaledPosition&) = default;
};
/// Old ones hold the first two alone, and so do new ones whose rest is at its default.
std::string EncodePosition(const JournaledPosition& position);
Result<JournaledPosition> DecodePosition(std::string_view bytes);

/// A place in a shard: eight bytes, most significant first, so that bytewise order is the order of
/// offsets.
std::string OffsetBytes(log::RecordOffset offset);
Result<log::RecordOffset> ReadOffset(std::string_view bytes);

/// "shardId-000000000002".
std::string ShardName(uint32_t number);

}  // namespace tidemark::pipeline
