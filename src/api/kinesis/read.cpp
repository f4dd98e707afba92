// SPDX-License-Identifier: Apache-2.0
// GetShardIterator and GetRecords: kinesis-api.md 2.9, 2.10.
#include <algorithm>
#include <utility>

#include "api/kinesis/service_internal.h"
#include "base/base64.h"

namespace tidemark::kinesis {
namespace {

constexpr size_t kPageBytesMax = 10'485'760;
constexpr int64_t kPageRecordsMax = 10'000;

const std::string& TextOf(const JsonValue& input, std::string_view name) {
  static const std::string kEmpty;
  const JsonValue* value = input.Find(name);
  return value == nullptr || !value->is_string() ? kEmpty : value->string_value();
}

log::IteratorType ParseType(std::string_view type) {
  if (type == "LATEST") return log::IteratorType::kLatest;
  if (type == "AT_SEQUENCE_NUMBER") return log::IteratorType::kAtSequenceNumber;
  if (type == "AFTER_SEQUENCE_NUMBER") return log::IteratorType::kAfterSequenceNumber;
  if (type == "AT_TIMESTAMP") return log::IteratorType::kAtTimestamp;
  return log::IteratorType::kTrimHorizon;
}

void AppendRecord(std::string& out, const log::RecordView& record, std::string_view sequence) {
  out += R"({"SequenceNumber":")";
  out += sequence;
  out += R"(","ApproximateArrivalTimestamp":)";
  AppendSeconds(out, record.arrival);
  out += R"(,"Data":")";
  AppendBase64(out, record.data);
  out += R"(","PartitionKey":)";
  AppendJsonString(out, record.partition_key);
  out += '}';
}

}  // namespace

Outcome<log::IteratorStart> KinesisService::Impl::ParseStart(const log::Stream& stream,
                                                             uint32_t shard, Input input) {
  log::IteratorStart start{.type = ParseType(TextOf(input, "ShardIteratorType"))};
  const std::string& sequence = TextOf(input, "StartingSequenceNumber");
  const bool by_sequence = start.type == log::IteratorType::kAtSequenceNumber ||
                           start.type == log::IteratorType::kAfterSequenceNumber;
  if (by_sequence) {
    start.sequence = log::SequenceNumber::Parse(sequence);
    if (start.sequence && start.sequence->shard() == shard &&
        start.sequence->incarnation() == log::IncarnationOf(stream.id())) {
      return start;
    }
    return std::unexpected(
        Failure{KinesisError::kInvalidArgument,
                "StartingSequenceNumber " + sequence + " used in GetShardIterator on shard " +
                    ShardIdText(shard) + " in stream " + stream.name() + " under account " +
                    options_.account + " is invalid because it did not come from this stream."});
  }
  if (start.type != log::IteratorType::kAtTimestamp) return start;
  start.time = ParseSeconds(*input.Find("Timestamp"));
  const ArrivalTime now = context_.clock.Now();
  if (start.time > now + options_.clock_skew_max) {
    return std::unexpected(Failure{
        KinesisError::kInvalidArgument,
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
        "timestampInMillis: " +
            std::to_string(start.time.ms) +
            ", currentTimestampInMillis: " + std::to_string(now.ms)});
  }
  // Clients whose clocks run ahead mean "now" (2.9).
  if (start.time > now) start.type = log::IteratorType::kLatest;
  return start;
}

void KinesisService::Impl::GetShardIterator(const CallPtr& call, Input input) {
  const log::IteratorType type = ParseType(TextOf(input, "ShardIteratorType"));
  const bool by_sequence = type == log::IteratorType::kAtSequenceNumber ||
                           type == log::IteratorType::kAfterSequenceNumber;
  if (by_sequence == TextOf(input, "StartingSequenceNumber").empty()) {
    return Answer(
        call,
        std::unexpected(Failure{
            KinesisError::kInvalidArgument,
            "Must either specify (1) AT_SEQUENCE_NUMBER type and StartingSequenceNumber or (2) "
            "AFTER_SEQUENCE_NUMBER type and StartingSequenceNumber or (3) TRIM_HORIZON type and no "
            "StartingSequenceNumber or (4) LATEST type and no StartingSequenceNumber or (5) "
            "AT_TIMESTAMP type "
            "and no StartingSequenceNumber"}));
  }
  const JsonValue* const time = input.Find("Timestamp");
  if (type == log::IteratorType::kAtTimestamp && (time == nullptr || time->is_null())) {
    return Answer(call, std::unexpected(
                            Failure{KinesisError::kInvalidArgument,
                                    "Must specify timestampInMillis parameter for iterator of type "
                                    "AT_TIMESTAMP. Current request has no timestamp parameter."}));
  }
  auto stream = FindStream(input);
  if (!stream) return Answer(call, std::unexpected(std::move(stream).error()));
  const std::string& shard_id = TextOf(input, "ShardId");
  const auto shard = ParseShardId(shard_id);
  if (!shard || !(*stream)->Status(*shard).ok()) {
    return Answer(call, std::unexpected(ShardNotFound(shard_id, (*stream)->name())));
  }
  auto start = ParseStart(**stream, *shard, input);
  if (!start) return Answer(call, std::unexpected(std::move(start).error()));
  const auto resolve = [this, target = *stream, shard = *shard,
                        start = *start]() -> Outcome<std::string> {
    const auto next = target->Resolve(shard, start);
    if (!next.ok()) return std::unexpected(ToFailure(next.error()));
    JsonWriter json;
    json.BeginObject().Key("ShardIterator");
    json.String(tokens_.Encode(ShardIterator{target->id(), shard, *next}, context_.clock.Now()))
        .EndObject();
    return std::move(json).Take();
  };
  // Looking for a time reads the log's files; everything else, LATEST above all, is settled here
  // and now.
  if (start->type == log::IteratorType::kAtTimestamp) return Post(call, Lane::kQuery, resolve);
  Answer(call, resolve());
}

void KinesisService::Impl::GetRecords(const CallPtr& call, Input input) {
  ShardIterator iterator;
  Failure failure;
  if (!tokens_.Decode(TextOf(input, "ShardIterator"), context_.clock.Now(), iterator, failure)) {
    return Answer(call, std::unexpected(std::move(failure)));
  }
  const auto stream = context_.log.Find(iterator.stream);
  if (stream == nullptr) {
    const auto name = StreamNameOf(input);
    return Answer(call, std::unexpected(ShardNotFound(ShardIdText(iterator.shard),
                                                      name ? *name : "of the iterator")));
  }
  if (const std::string& arn = TextOf(input, "StreamARN");
      !arn.empty() && StreamNameOf(input) != stream->name()) {
    return Answer(
        call, std::unexpected(Failure{KinesisError::kInvalidArgument, "Invalid ShardIterator."}));
  }
  const JsonValue* const limit = input.Find("Limit");
  const int64_t records_max =
      limit == nullptr ? kPageRecordsMax : limit->AsInt64().value_or(kPageRecordsMax);
  Post(call, Lane::kQuery, [this, call, stream, iterator, records_max] {
    return ReadPage(call->reader, *stream, iterator, static_cast<size_t>(records_max));
  });
}

void KinesisService::Impl::NoteReader(log::ReaderKey reader, const ShardIterator& iterator,
                                      const log::ReadBatch& batch, ArrivalTime now) {
  reader.stream = iterator.stream;
  log::ReadNote note{.shard = iterator.shard,
                     .next = batch.next,
                     .records = batch.records.size(),
                     .at_tip = batch.at_tip,
                     .now = now};
  if (!batch.records.empty()) note.last_arrival = batch.records.back().arrival;
  context_.log.readers().Note(reader, note);
}

Outcome<std::string> KinesisService::Impl::ReadPage(const log::ReaderKey& reader,
                                                    const log::Stream& stream,
                                                    const ShardIterator& iterator, size_t limit) {
  const auto batch = stream.Read({.shard = iterator.shard,
                                  .from = iterator.next,
                                  .records_max = limit,
                                  .bytes_max = kPageBytesMax});
  if (!batch.ok()) {
    if (batch.error().code == Code::kNotFound)
      return std::unexpected(StreamNotFound(stream.name()));
    return std::unexpected(ToFailure(batch.error()));
  }
  const ArrivalTime now = context_.clock.Now();
  NoteReader(reader, iterator, *batch, now);
  size_t bytes = 256;
  for (const log::RecordView& record : batch->records) {
    bytes += record.data.size() * 4 / 3 + record.partition_key.size() + 140;
  }
  std::string body;
  body.reserve(bytes);
  body += R"({"Records":[)";
  SequenceText sequence;
  for (const log::RecordView& record : batch->records) {
    if (&record != &batch->records.front()) body += ',';
    AppendRecord(body, record, sequence.Format(stream.NumberOf(iterator.shard, record.offset)));
  }
  body += R"(],"NextShardIterator":")";
  body += tokens_.Encode(ShardIterator{iterator.stream, iterator.shard, batch->next}, now);
  body += R"(","MillisBehindLatest":)";
  // Always there: Flink unboxes it without a look (2.10).
  const milliseconds behind = batch->at_tip || batch->records.empty()
                                  ? milliseconds(0)
                                  : std::max(now - batch->records.back().arrival, milliseconds(0));
  body += std::to_string(behind.count());
  body += '}';
  return body;
}

}  // namespace tidemark::kinesis
