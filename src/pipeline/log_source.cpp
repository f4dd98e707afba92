// SPDX-License-Identifier: Apache-2.0
#include "pipeline/log_source.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/units.h"
#include "pipeline/positions_internal.h"

namespace tidemark::pipeline {
namespace {

// One read fills several batches: a read costs a file access, a batch should not.
constexpr size_t kReadBytes = 1_MiB;

static_assert(log::kReadPaddingBytes >= kPayloadPadding);

}  // namespace

LogSource::LogSource(std::shared_ptr<log::Stream> stream) : stream_(std::move(stream)) {}

LogSource::~LogSource() {
  if (subscription_) stream_->Unsubscribe(*subscription_);
}

std::vector<uint32_t> LogSource::Partitions() {
  std::vector<uint32_t> out;
  for (const auto& shard : stream_->definition().shards) out.push_back(shard.number);
  return out;
}

Result<void> LogSource::Start(const std::vector<PartitionStart>& positions) {
  for (const uint32_t number : Partitions()) {
    TM_ASSIGN_OR_RETURN(const log::ShardStatus status, stream_->Status(number));
    shards_[number].next = std::max(log::kFirstOffset, status.first);
  }
  for (const PartitionStart& start : positions) {
    const auto shard = shards_.find(start.partition);
    if (shard == shards_.end() || start.position.empty()) continue;
    TM_ASSIGN_OR_RETURN(const log::RecordOffset last, ReadOffset(start.position));
    shard->second.next = std::max(shard->second.next, log::RecordOffset{last.value + 1});
  }
  return {};
}

Result<std::optional<SourceGap>> LogSource::MissingBehind(uint32_t partition,
                                                          const std::string& position) {
  log::RecordOffset wanted = log::kFirstOffset;
  if (!position.empty()) {
    TM_ASSIGN_OR_RETURN(const log::RecordOffset last, ReadOffset(position));
    wanted = log::RecordOffset{last.value + 1};
  }
  return GapFrom(partition, wanted);
}

/// Offsets may be left out without a record lost: only what lies before the first that can be read
/// counts.
Result<std::optional<SourceGap>> LogSource::GapFrom(uint32_t partition, log::RecordOffset wanted) {
  TM_ASSIGN_OR_RETURN(const log::ShardStatus status, stream_->Status(partition));
  if (!status.trimmed || wanted >= status.first) return std::optional<SourceGap>();
  SourceGap gap{partition, status.first.value - wanted.value, status.first.value - 1,
                status.last_arrival};
  TM_ASSIGN_OR_RETURN(const log::ReadBatch left,
                      stream_->Read({.shard = partition, .from = status.first, .records_max = 1}));
  if (!left.records.empty()) gap.until = left.records.front().arrival;
  Log(LogLevel::kWarning, "pipeline", "records were trimmed before they were read",
      {{"stream", stream_->name()}, {"shard", ShardName(partition)}, {"records", gap.records}});
  return std::optional(gap);
}

void LogSource::SetReading(uint32_t partition, Reading reading) {
  if (const auto shard = shards_.find(partition); shard != shards_.end()) {
    shard->second.reading = reading;
  }
}

std::vector<SourceGap> LogSource::TakeGaps() { return std::exchange(gaps_, {}); }

Result<std::string> LogSource::PositionBefore(uint32_t partition, ArrivalTime time) {
  TM_ASSIGN_OR_RETURN(const log::ShardStatus status, stream_->Status(partition));
  TM_ASSIGN_OR_RETURN(const log::RecordOffset first,
                      stream_->Resolve(partition, {.type = log::IteratorType::kAtTimestamp,
                                                   .sequence = std::nullopt,
                                                   .time = time}));
  // At the oldest record: what was trimmed before it is no gap of this run.
  if (first <= status.first || first <= log::kFirstOffset) return std::string();
  return OffsetBytes(log::RecordOffset{first.value - 1});
}

Result<uint64_t> LogSource::OffsetAt(const std::string& position) {
  TM_ASSIGN_OR_RETURN(const log::RecordOffset offset, ReadOffset(position));
  return offset.value;
}

Result<std::string> LogSource::EndPosition(uint32_t partition) {
  TM_ASSIGN_OR_RETURN(const log::ShardStatus status, stream_->Status(partition));
  if (status.next <= log::kFirstOffset) return std::string();
  return OffsetBytes(log::RecordOffset{status.next.value - 1});
}

bool LogSource::Untrimmed(uint32_t partition) {
  const auto status = stream_->Status(partition);
  return status.ok() && !status->trimmed;
}

/// Makes sure that the shard has unpolled records; false: it has none.
Result<bool> LogSource::Fill(uint32_t number, Shard& shard) {
  if (shard.polled < shard.buffer.records.size()) return true;
  const log::RecordOffset wanted = shard.next;
  TM_ASSIGN_OR_RETURN(
      shard.buffer,
      stream_->Read(
          {.shard = number, .from = shard.next, .records_max = 10'000, .bytes_max = kReadBytes}));
  shard.polled = 0;
  shard.next = shard.buffer.next;
  if (shard.buffer.records.empty()) return false;
  if (shard.buffer.records.front().offset > wanted) {
    TM_ASSIGN_OR_RETURN(const auto gap, GapFrom(number, wanted));
    if (gap) gaps_.push_back(*gap);
  }
  return true;
}

Result<bool> LogSource::Poll(size_t records_max, SourceBatch& out) {
  // What is left of a call before may point into a buffer that nobody holds any more.
  out.Clear();
  for (size_t tries = 0; tries < shards_.size(); ++tries) {
    auto at = shards_.lower_bound(turn_);
    if (at == shards_.end()) at = shards_.begin();
    auto& [number, shard] = *at;
    turn_ = number + 1;
    if (shard.reading == Reading::kPaused) continue;
    TM_ASSIGN_OR_RETURN(const bool some, Fill(number, shard));
    if (!some) continue;
    const size_t count = std::min(records_max, shard.buffer.records.size() - shard.polled);
    out.partition = number;
    out.records.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const log::RecordView& record = shard.buffer.records[shard.polled + i];
      out.records.push_back(
          {record.data, record.arrival, record.offset.value, record.partition_key});
    }
    shard.polled += count;
    out.end_position = OffsetBytes(log::RecordOffset{out.records.back().offset});
    out.at_end = shard.polled == shard.buffer.records.size() && shard.buffer.at_tip;
    out.keep_alive = shard.buffer.buffer;
    return true;
  }
  return false;
}

bool LogSource::AtEnd(uint32_t partition) {
  const auto shard = shards_.find(partition);
  if (shard == shards_.end() || shard->second.polled < shard->second.buffer.records.size()) {
    return false;
  }
  const auto status = stream_->Status(partition);
  return status.ok() && shard->second.next >= status->next;
}

std::vector<PartitionLag> LogSource::Lag() {
  std::vector<PartitionLag> out;
  for (const auto& [number, shard] : shards_) {
    PartitionLag lag;
    lag.partition = number;
    lag.name = ShardName(number);
    const size_t buffered = shard.buffer.records.size() - shard.polled;
    lag.records = buffered;
    if (buffered > 0) lag.oldest = shard.buffer.records[shard.polled].arrival;
    if (const auto status = stream_->Status(number); status.ok() && status->next > shard.next) {
      lag.records += status->next.value - shard.next.value;
      if (!lag.oldest) lag.oldest = status->last_arrival;
    }
    out.push_back(std::move(lag));
  }
  return out;
}

std::string LogSource::PartitionName(uint32_t partition) { return ShardName(partition); }

std::string LogSource::SequenceOf(const SourceBatch& batch, size_t record) {
  return stream_->NumberOf(batch.partition, log::RecordOffset{batch.records[record].offset})
      .ToString();
}

std::string LogSource::SequenceAt(uint32_t partition, const std::string& position) {
  const auto offset = ReadOffset(position);
  return offset.ok() ? stream_->NumberOf(partition, *offset).ToString() : std::string();
}

void LogSource::OnRecords(std::function<void()> wake) {
  if (subscription_) stream_->Unsubscribe(*subscription_);
  subscription_ = stream_->Subscribe(std::move(wake));
}

DeadLetterLog::DeadLetterLog(std::shared_ptr<log::Stream> stream, std::string source_stream)
    : stream_(std::move(stream)), source_stream_(std::move(source_stream)) {}

Result<void> DeadLetterLog::Recover(const std::string& end) {
  end_ = log::kBeforeFirst;
  if (!end.empty()) {
    TM_ASSIGN_OR_RETURN(end_, ReadOffset(end));
  }
  const uint32_t shard = stream_->definition().shards.front().number;
  log::RecordOffset from{end_.value + 1};
  while (true) {
    TM_ASSIGN_OR_RETURN(const log::ReadBatch batch, stream_->Read({.shard = shard, .from = from}));
    for (const log::RecordView& record : batch.records) {
      present_.emplace(record.partition_key, record.offset);
      end_ = record.offset;
    }
    from = batch.next;
    if (batch.at_tip) return {};
  }
}

void DeadLetterLog::ForgetUpTo(const std::string& shard_prefix, const std::string& key) {
  // Sequence numbers have one width, so keys of a shard are in its order.
  present_.erase(present_.lower_bound(shard_prefix), present_.lower_bound(key));
}

std::string DeadLetterLog::EndToJournal(log::RecordOffset last) const {
  for (const auto& [key, offset] : present_) {
    last = std::min(last, log::RecordOffset{offset.value - 1});
  }
  return OffsetBytes(last);
}

void DeadLetterLog::Append(std::vector<DeadRecord> records, Completion<std::string> done) {
  log::PutBatch batch = stream_->NewBatch();
  std::map<std::string, std::string> last_keys;  // by shard; letters are in no order
  for (const DeadRecord& record : records) {
    const std::string prefix = record.partition + "/";
    const std::string key = prefix + record.sequence;
    std::string& last_key = last_keys[prefix];
    last_key = std::max(last_key, key);
    if (present_.erase(key) > 0) continue;
    JsonWriter out;
    out.BeginObject();
    out.Key("stream").String(source_stream_);
    out.Key("shard").String(record.partition);
    out.Key("sequence").String(record.sequence);
    out.Key("stage").String(DeadStageName(record.letter.reason));
    out.Key("reason").String(DeadReasonName(record.letter.reason));
    out.Key("field").String(record.letter.field);
    out.Key("message").String(record.letter.message);
    out.Key("key").String(record.key);
    out.Key("arrival").String(std::to_string(record.arrival.ms));
    out.Key("bytes").String(std::to_string(record.data.size()));
    out.Key("data").String(
        Base64Encode(std::string_view(record.data).substr(0, kDeadDataBytesMax)));
    out.EndObject();
    if (auto added = batch.Add({key, out.text(), std::nullopt}); !added.ok()) {
      done(std::move(added).error());
      return;
    }
  }
  for (const auto& [prefix, key] : last_keys) ForgetUpTo(prefix, key);
  if (batch.size() == 0) {
    done(EndToJournal(end_));
    return;
  }
  // Now, not in the completion: by then a later batch may have taken more.
  std::string held_back = EndToJournal(log::kEndOfShard);
  stream_->Append(std::move(batch), [done = std::move(done), held_back = std::move(held_back)](
                                        Result<std::vector<log::PutResult>> places) mutable {
    if (!places.ok()) {
      done(std::move(places).error());
    } else {
      done(std::min(std::move(held_back), OffsetBytes(places->back().offset)));
    }
  });
}

}  // namespace tidemark::pipeline
