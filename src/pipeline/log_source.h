// SPDX-License-Identifier: Apache-2.0
// The embedded log as a pipeline's source, and a stream of it as the home of dead letters.
// Partitions are shards. Single-owner, as their interfaces.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/units.h"
#include "log/stream.h"
#include "pipeline/dead_letter_sink.h"
#include "pipeline/source.h"

namespace tidemark::pipeline {

class LogSource final : public Source {
 public:
  explicit LogSource(std::shared_ptr<log::Stream> stream);
  ~LogSource() override;

  Result<void> Start(const std::vector<PartitionStart>& positions) override;
  std::vector<uint32_t> Partitions() override;
  Result<std::string> EndPosition(uint32_t partition) override;
  bool Untrimmed(uint32_t partition) override;
  void SetReading(uint32_t partition, Reading reading) override;
  Result<std::optional<SourceGap>> MissingBehind(uint32_t partition,
                                                 const std::string& position) override;
  std::vector<SourceGap> TakeGaps() override;
  Result<std::string> PositionBefore(uint32_t partition, ArrivalTime time) override;
  Result<uint64_t> OffsetAt(const std::string& position) override;
  Result<bool> Poll(size_t records_max, SourceBatch& out) override;
  bool AtEnd(uint32_t partition) override;
  std::vector<PartitionLag> Lag() override;
  std::string PartitionName(uint32_t partition) override;
  std::string SequenceOf(const SourceBatch& batch, size_t record) override;
  std::string SequenceAt(uint32_t partition, const std::string& position) override;
  void OnRecords(std::function<void()> wake) override;

 private:
  struct Shard {
    log::RecordOffset next = log::kFirstOffset;  // to read
    log::ReadBatch buffer;                       // read, not all polled
    size_t polled = 0;                           // of the buffer
    Reading reading = Reading::kOn;
  };
  Result<bool> Fill(uint32_t number, Shard& shard);
  Result<std::optional<SourceGap>> GapFrom(uint32_t partition, log::RecordOffset wanted);

  const std::shared_ptr<log::Stream> stream_;
  std::map<uint32_t, Shard> shards_;
  uint32_t turn_ = 0;  // the shard whose turn it is
  std::vector<SourceGap> gaps_;
  std::optional<log::SubscriptionId> subscription_;
};

/// A letter keeps so much of its record.
inline constexpr size_t kDeadDataBytesMax = 64_KiB;

/// Data of a record there: {"stream","shard","sequence","stage","reason","field","message","key",
/// "arrival","bytes","data"}: key, append time (ms) and size of the record, and its data in base64,
/// the first kDeadDataBytesMax. Partition key: "shard/sequence".
class DeadLetterLog final : public DeadLetterSink {
 public:
  /// `source_stream` names the stream that the pipeline reads.
  DeadLetterLog(std::shared_ptr<log::Stream> stream, std::string source_stream);

  Result<void> Recover(const std::string& end) override;
  void Append(std::vector<DeadRecord> records, Completion<std::string> done) override;

 private:
  /// Forgets what a crash left of the shard before `key`: those batches are journaled already.
  void ForgetUpTo(const std::string& shard_prefix, const std::string& key);
  /// The end to journal once everything up to `last` is durable: never beyond a letter whose record
  /// is still to be read again, or the next start would not find it.
  std::string EndToJournal(log::RecordOffset last) const;

  const std::shared_ptr<log::Stream> stream_;
  const std::string source_stream_;
  std::map<std::string, log::RecordOffset> present_;  // keys behind the journaled end
  log::RecordOffset end_;                             // of what was recovered
};

}  // namespace tidemark::pipeline
