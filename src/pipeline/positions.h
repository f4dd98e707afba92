// SPDX-License-Identifier: Apache-2.0
// Where a pipeline is in its stream, from what is journaled: of running and of stopped ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/definitions.h"
#include "log/stream.h"
#include "store/store.h"

namespace tidemark::pipeline {

struct PartitionPosition {
  std::string partition;  // "shardId-000000000002"
  std::string sequence;   // of the last record taken; "": none
  std::string oldest;     // of the stream; "": it holds no record
  std::string newest;
  uint64_t unread = 0;                       // an upper bound
  std::optional<ArrivalTime> oldest_unread;  // append time
  std::optional<EventTime> max_event_time;
  bool idle = false;
  std::string highest;                   // read again up to here; "": everything is new
  uint64_t gap_records = 0;              // trimmed before they were read, ever
  std::optional<ArrivalTime> gap_until;  // when the newest gap ended
  std::optional<EventTime> whole_from;   // windows that reach before it are not whole
  std::string stopped;                   // why it reads no further until it is started
};

/// Sequence number of a position that was kept, "" for "".
std::string SequenceOfPosition(const log::Stream& stream, uint32_t partition,
                               std::string_view position);

/// One for each shard of the stream, by number. Reads a record of each that has unread ones: not
/// from a network thread.
Result<std::vector<PartitionPosition>> ReadPositions(store::Store& store, const log::Stream& stream,
                                                     const catalog::PipelineDef& definition);

}  // namespace tidemark::pipeline
