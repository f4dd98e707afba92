// SPDX-License-Identifier: Apache-2.0
// Reads the records of one shard, or of all merged by arrival, from places that a cursor keeps.
// Memory is bounded by the shards' batches, which share one budget. Single-owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/stream.h"

namespace tidemark::console {

/// Where reading goes on in one shard, and the newest event time before that.
struct ShardPlace {
  uint32_t shard = 0;
  log::RecordOffset next;
  std::optional<EventTime> newest;
};

struct RecordCursor {
  StreamId stream;
  std::vector<ShardPlace> shards;

  /// Safe in a query string.
  std::string Encode() const;
  /// kInvalidArgument: not a cursor of this stream.
  static Result<RecordCursor> Decode(std::string_view text, const log::Stream& stream);
};

class RecordReader {
 public:
  static constexpr size_t kShardsMax = 256;
  static constexpr size_t kBytesMax = size_t{8} << 20U;  // read for one answer

  RecordReader(const log::Stream& stream, RecordCursor cursor);

  struct Record {
    ShardPlace* place = nullptr;  // its `next` is behind the record already
    log::RecordView view;         // valid until the next call
  };
  /// The next record by arrival (then shard); none at the tip, or when the budget is spent.
  Result<std::optional<Record>> Next();

  const RecordCursor& cursor() const { return cursor_; }
  bool at_tip() const;
  uint64_t scanned() const { return scanned_; }
  /// Arrival of the first record that was not looked at; none at the tip.
  std::optional<ArrivalTime> waiting() const;

 private:
  struct Lane {
    log::ReadBatch batch;
    size_t at = 0;
    bool at_tip = false;
  };
  Result<void> Fill(size_t lane);

  const log::Stream& stream_;
  RecordCursor cursor_;
  std::vector<Lane> lanes_;  // parallel to the cursor's shards
  size_t bytes_ = 0;
  uint64_t scanned_ = 0;
};

}  // namespace tidemark::console
