// SPDX-License-Identifier: Apache-2.0
// Where records come from: partitions of ordered records that can be read again from a position.
// The embedded log implements it here (log_source.h), Kafka in connect/kafka. Single-owner, but for
// the wake-up, which comes from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tidemark::pipeline {

/// simdjson reads whole blocks: this many bytes behind a payload are readable (their content is
/// free).
inline constexpr size_t kPayloadPadding = 64;

struct SourceRecord {
  std::string_view payload;  // kPayloadPadding readable bytes follow
  ArrivalTime arrival;       // append time in the log
  uint64_t offset = 0;       // the source's own number of the record, for SequenceOf()
  std::string_view key{};    // that it was put with; "" where the source has none
};

/// Consecutive records of one partition.
struct SourceBatch {
  uint32_t partition = 0;
  std::vector<SourceRecord> records;
  std::string end_position;                // of the last record: reading continues behind it
  bool at_end = false;                     // nothing was unread behind this batch
  std::shared_ptr<const void> keep_alive;  // owns what the payloads point to

  void Clear() {
    records.clear();
    end_position.clear();
    at_end = false;
    keep_alive.reset();
  }
};

struct PartitionStart {
  uint32_t partition = 0;
  std::string position;  // continue behind it; "" = from the start rule
};

struct PartitionLag {
  uint32_t partition = 0;
  std::string name;                   // "shardId-000000000002"
  uint64_t records = 0;               // unread
  std::optional<ArrivalTime> oldest;  // append time of the oldest unread record
};

/// Records that were trimmed before they were read.
struct SourceGap {
  uint32_t partition = 0;
  uint64_t records = 0;      // at most
  uint64_t last_offset = 0;  // of them
  ArrivalTime until;         // append time of the first record behind them, or of the newest ever
};

class Source {
 public:
  virtual ~Source() = default;

  /// Begins reading those partitions, each behind its position. One that was trimmed away continues
  /// at the oldest record that is left; MissingBehind() says so. Called once, first.
  virtual Result<void> Start(const std::vector<PartitionStart>& positions) = 0;
  /// Numbers of the partitions that exist now.
  virtual std::vector<uint32_t> Partitions() = 0;
  /// Another value once Partitions(), Closed() or Drained() say something else than before.
  virtual uint64_t Changes() { return 0; }
  /// What the partition was split or merged from (event-time.md 2.6).
  virtual std::vector<uint32_t> ParentsOf(uint32_t /*partition*/) { return {}; }
  /// Nothing is appended to it any more.
  virtual bool Closed(uint32_t /*partition*/) { return false; }
  /// The input as a whole has ended.
  virtual bool Drained() { return false; }
  /// Reads a partition that came after Start(), from its oldest record on.
  virtual void Join(uint32_t /*partition*/) {}
  enum class Reading : uint8_t { kOn, kPaused };
  /// Poll() passes a paused partition over.
  virtual void SetReading(uint32_t partition, Reading reading) = 0;
  /// What was trimmed right behind a position ("": from the first record ever on).
  virtual Result<std::optional<SourceGap>> MissingBehind(uint32_t /*partition*/,
                                                         const std::string& /*position*/) {
    return std::optional<SourceGap>();
  }
  /// Gaps that Poll() met since the last call: reading was too slow. One is told before what lies
  /// behind it is polled, or with it.
  virtual std::vector<SourceGap> TakeGaps() { return {}; }
  /// Where reading has to continue for the records appended from `time` on; "": the oldest.
  virtual Result<std::string> PositionBefore(uint32_t partition, ArrivalTime time) = 0;
  /// SourceRecord::offset of the record at a position; grows inside a partition. `position` is not
  /// "".
  virtual Result<uint64_t> OffsetAt(const std::string& position) = 0;
  /// Position of the newest record, for pipelines that start at `latest`; "" when there is none.
  virtual Result<std::string> EndPosition(uint32_t partition) = 0;
  /// Whether the oldest record that is left is the first that ever was.
  virtual bool Untrimmed(uint32_t partition) = 0;
  /// The next records of some partition that has unread ones, fairly in turn; false: nothing is
  /// unread. At most `records_max` records. `out` holds them alone, whatever was in it.
  virtual Result<bool> Poll(size_t records_max, SourceBatch& out) = 0;
  /// Whether everything appended so far to `partition` was polled.
  virtual bool AtEnd(uint32_t partition) = 0;
  virtual std::vector<PartitionLag> Lag() = 0;

  /// How dead letters name a record of the last polled batch.
  virtual std::string PartitionName(uint32_t partition) = 0;
  virtual std::string SequenceOf(const SourceBatch& batch, size_t record) = 0;
  /// The same for a journaled position; "" for "".
  virtual std::string SequenceAt(uint32_t partition, const std::string& position) = 0;

  /// `wake` is called, cheaply, when records arrived. Until the source is destroyed.
  virtual void OnRecords(std::function<void()> wake) = 0;
};

}  // namespace tidemark::pipeline
