// SPDX-License-Identifier: Apache-2.0
#include "pipeline/positions.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "pipeline/positions_internal.h"

namespace tidemark::pipeline {

std::string EncodePosition(const JournaledPosition& position) {
  ByteWriter out;
  out.PutString(position.source);
  out.PutString(position.dead_end);
  const JournaledPosition plain{.source = position.source, .dead_end = position.dead_end};
  if (position != plain) {
    out.PutString(position.highest);
    out.PutU8(position.replace ? 1 : 0);
    out.PutVarint(position.gap_records);
    out.PutI64(position.gap_until.ms);
    out.PutString(position.stopped);
  }
  return std::move(out).Take();
}

Result<JournaledPosition> DecodePosition(std::string_view bytes) {
  ByteReader in(bytes);
  JournaledPosition out;
  out.source = in.GetString();
  out.dead_end = in.GetString();
  if (in.ok() && in.remaining() > 0) {
    out.highest = in.GetString();
    out.replace = in.GetU8() != 0;
    out.gap_records = in.GetVarint();
    out.gap_until.ms = in.GetI64();
    out.stopped = in.GetString();
  }
  TM_RETURN_IF_ERROR(in.Finish("pipeline position"));
  return out;
}

std::string OffsetBytes(log::RecordOffset offset) {
  std::string out(8, '\0');
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(offset.value >> (56 - 8 * i));
  return out;
}

Result<log::RecordOffset> ReadOffset(std::string_view bytes) {
  if (bytes.size() != 8) return Error{Code::kCorruption, "a journaled log position is not 8 bytes"};
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<uint8_t>(byte);
  return log::RecordOffset{value};
}

std::string ShardName(uint32_t number) {
  std::string digits = std::to_string(number);
  return "shardId-" + std::string(12 - std::min<size_t>(12, digits.size()), '0') + digits;
}

std::string SequenceOfPosition(const log::Stream& stream, uint32_t partition,
                               std::string_view position) {
  const auto offset = ReadOffset(position);
  return offset.ok() ? stream.NumberOf(partition, *offset).ToString() : std::string();
}

Result<std::vector<PartitionPosition>> ReadPositions(store::Store& store, const log::Stream& stream,
                                                     const catalog::PipelineDef& definition) {
  std::map<uint32_t, store::SourceProgress> journaled;
  for (auto& one : store.ProgressOf({store::SourceId::Kind::kPipeline, definition.id.value})) {
    journaled.insert_or_assign(one.partition, std::move(one));
  }
  std::vector<PartitionPosition> out;
  for (const catalog::ShardDef& shard : stream.definition().shards) {
    TM_ASSIGN_OR_RETURN(const log::ShardStatus status, stream.Status(shard.number));
    PartitionPosition& position = out.emplace_back();
    position.partition = ShardName(shard.number);
    if (status.first < status.next) {
      position.oldest = stream.NumberOf(shard.number, status.first).ToString();
      position.newest =
          stream.NumberOf(shard.number, log::RecordOffset{status.next.value - 1}).ToString();
    }
    log::RecordOffset next = status.first;
    bool known = definition.start == catalog::StartAt::kTrimHorizon;
    if (const auto found = journaled.find(shard.number); found != journaled.end()) {
      known = true;
      position.max_event_time = found->second.max_event_time;
      position.idle = found->second.idle;
      position.whole_from = found->second.whole_from;
      TM_ASSIGN_OR_RETURN(const JournaledPosition at, DecodePosition(found->second.position));
      position.gap_records = at.gap_records;
      if (at.gap_records > 0) position.gap_until = at.gap_until;
      position.stopped = at.stopped;
      if (!at.highest.empty()) {
        TM_ASSIGN_OR_RETURN(const log::RecordOffset highest, ReadOffset(at.highest));
        position.highest = stream.NumberOf(shard.number, highest).ToString();
      }
      if (!at.source.empty()) {
        TM_ASSIGN_OR_RETURN(const log::RecordOffset last, ReadOffset(at.source));
        position.sequence = stream.NumberOf(shard.number, last).ToString();
        next = std::max(next, log::RecordOffset{last.value + 1});
      }
    }
    if (!known || next >= status.next) continue;
    position.unread = status.next.value - next.value;
    TM_ASSIGN_OR_RETURN(const log::ReadBatch first,
                        stream.Read({.shard = shard.number, .from = next, .records_max = 1}));
    if (!first.records.empty()) position.oldest_unread = first.records.front().arrival;
  }
  return out;
}

}  // namespace tidemark::pipeline
