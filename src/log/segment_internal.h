// SPDX-License-Identifier: Apache-2.0
// A segment file as the stream knows it: where it is, what is in it per shard. Guarded by the
// stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "catalog/definitions.h"
#include "log/format_internal.h"

namespace tidemark::log {

struct Segment {
  uint64_t file_no = 0;
  std::string path;
  std::vector<ShardMark> begin;                  // by slot: from its header
  std::vector<std::vector<IndexEntry>> entries;  // by slot, ascending
  uint64_t end = 0;                              // bytes that count: up to its last frame
  int64_t last_arrival_ms = 0;                   // of its newest record; 0: it has none
  std::shared_ptr<const RandomAccessFile> open;  // kept for the segment that is being written

  void Add(size_t slot, const ScannedSection& section);
  SegmentIndex MakeIndex(const std::vector<ShardMark>& ends) const;
};

/// "0000000042.log". Zero: not a segment's name.
std::string SegmentName(uint64_t file_no);
uint64_t ParseSegmentName(std::string_view name);

/// A stream's folder as found at start.
struct RecoveredStream {
  std::vector<std::unique_ptr<Segment>> segments;  // oldest first
  std::vector<ShardMark> marks;                    // by slot, after the last frame in `segments`
  uint64_t next_frame = 1;
  bool sealed = true;  // the writer closed the last segment (or there is none)
  // The last frame of an unsealed last segment, if nothing follows it. Its sync may never have
  // returned, so it must be written again before anyone sees it; it is not counted in the members
  // above.
  std::string unproven_frame;
  uint64_t unproven_at = 0;  // where it stands in the last segment
};

/// Reads headers and indexes, scans what is not sealed, removes unpublished files. Changes nothing
/// else. kCorruption names file and byte; kFailedPrecondition: a newer format.
Result<RecoveredStream> RecoverStream(FileSystem& fs, const std::string& dir,
                                      const catalog::StreamDef& def);

/// Index of the shard with that number in def.shards, or def.shards.size().
size_t SlotOfShard(const catalog::StreamDef& def, uint32_t number);

}  // namespace tidemark::log
