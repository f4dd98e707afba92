// SPDX-License-Identifier: Apache-2.0
// Turns the batches of one group commit into a frame, and says which record got which offset.
// Single-owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "log/format_internal.h"
#include "log/options.h"
#include "log/record.h"

namespace tidemark::log {

struct BuiltFrame {
  std::string bytes;                            // checksums still missing: they depend on the place
  std::vector<ScannedSection> sections;         // `start` counted from the frame's first byte
  std::vector<std::vector<PutResult>> results;  // per batch
  std::vector<std::pair<size_t, ShardMark>> marks;  // slot, state after the frame
  size_t records = 0;
};

class FrameBuilder {
 public:
  /// `marks`: the shards before the frame, by slot. Every record arrives at `now`, or later where
  /// the shard has been there already (kinesis-api.md 3.6: max(now, previous)).
  static BuiltFrame Build(std::span<const PutBatch* const> batches,
                          const std::vector<ShardMark>& marks, uint64_t number, ArrivalTime now,
                          const LogOptions& options);
};

}  // namespace tidemark::log
