// SPDX-License-Identifier: Apache-2.0
// PutRecord and PutRecords: kinesis-api.md 2.7, 2.8.
#include <utility>

#include "api/kinesis/service_internal.h"
#include "api/kinesis/validation_internal.h"

namespace tidemark::kinesis {
namespace {

constexpr size_t kRequestBytesMax = 10'485'760;  // decoded data and keys (2.8)
constexpr size_t kRecordsMax = 500;

const std::string& TextOf(const JsonValue& input, std::string_view name) {
  static const std::string kEmpty;
  const JsonValue* value = input.Find(name);
  return value == nullptr || !value->is_string() ? kEmpty : value->string_value();
}

Failure BadHashKey(std::string_view text) {
  return {KinesisError::kInvalidArgument,
          "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
          "Specified value was " +
              std::string(text)};
}

size_t RecordBytesMax(const log::Stream& stream) {
  return size_t{stream.definition().record_kib_max} * 1024;
}

/// PutResults as the protocol writes them. Numbers of one shard follow each other, so each shard
/// keeps the text of its last one.
std::string PutRecordsBody(const log::Stream& stream, const std::vector<log::PutResult>& places) {
  struct ShardText {
    uint32_t shard = 0;
    std::string id;
    SequenceText sequence;
  };
  std::vector<ShardText> shards;
  std::string body;
  body.reserve(64 + places.size() * 110);
  body += R"({"FailedRecordCount":0,"Records":[)";
  for (size_t i = 0; i < places.size(); ++i) {
    ShardText* text = nullptr;
    for (ShardText& known : shards) {
      if (known.shard == places[i].shard) text = &known;
    }
    if (text == nullptr) {
      text = &shards.emplace_back();
      text->shard = places[i].shard;
      text->id = ShardIdText(places[i].shard);
    }
    body += i == 0 ? R"({"SequenceNumber":")" : R"(,{"SequenceNumber":")";
    body += text->sequence.Format(stream.NumberOf(places[i].shard, places[i].offset));
    body += R"(","ShardId":")";
    body += text->id;
    body += R"("})";
  }
  body += "]}";
  return body;
}

/// Every entry throttled: the batch is appended whole or not at all.
std::string ThrottledBody(size_t records, const std::string& message) {
  JsonWriter json;
  json.BeginObject().Key("FailedRecordCount").Uint(records).Key("Records").BeginArray();
  for (size_t i = 0; i < records; ++i) {
    json.BeginObject()
        .Key("ErrorCode")
        .String(ErrorName(KinesisError::kProvisionedThroughputExceeded));
    json.Key("ErrorMessage").String(message).EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

}  // namespace

std::optional<Failure> KinesisService::Impl::AddRecord(const log::Stream& stream, Input record,
                                                       log::PutBatch& batch) {
  const std::string& key = TextOf(record, "PartitionKey");
  const std::string& hash_text = TextOf(record, "ExplicitHashKey");
  std::optional<log::HashKey> hash;
  if (!hash_text.empty()) {
    hash = log::ParseHashKey(hash_text);
    if (!hash) return BadHashKey(hash_text);
  }
  const auto added = batch.AddBase64(key, hash, TextOf(record, "Data"));
  if (!added.ok()) return ToFailure(added.error());
  if (*added + key.size() <= RecordBytesMax(stream)) return std::nullopt;
  return Failure{KinesisError::kInvalidArgument,
                 "A record of " + std::to_string(*added + key.size()) +
                     " bytes is larger than the " + std::to_string(RecordBytesMax(stream)) +
                     " that stream " + stream.name() + " takes."};
}

std::optional<Failure> KinesisService::Impl::CheckOrdering(const log::Stream& stream, Input input) {
  const std::string& text = TextOf(input, "SequenceNumberForOrdering");
  if (text.empty()) return std::nullopt;
  const auto number = log::SequenceNumber::Parse(text);
  if (number && number->incarnation() == log::IncarnationOf(stream.id())) {
    const auto status = stream.Status(number->shard());
    if (status.ok() && number->offset() < status->next) return std::nullopt;
  }
  return Failure{KinesisError::kInvalidArgument,
                 "ExclusiveMinimumSequenceNumber " + text + " used in PutRecord on stream " +
                     stream.name() + " under account " + options_.account + " is invalid."};
}

void KinesisService::Impl::PutRecord(const CallPtr& call, Input input) {
  auto stream = FindStream(input);
  // Cross-member rules come before the look-up (1.13); the router takes any hash key, so check it
  // here.
  const std::string& hash_text = TextOf(input, "ExplicitHashKey");
  if (!hash_text.empty() && !log::ParseHashKey(hash_text)) {
    return Answer(call, std::unexpected(BadHashKey(hash_text)));
  }
  if (!stream) return Answer(call, std::unexpected(std::move(stream).error()));
  call->put->producer.stream = (*stream)->id();
  if (auto failure = CheckOrdering(**stream, input))
    return Answer(call, std::unexpected(*std::move(failure)));
  log::PutBatch batch = (*stream)->NewBatch();
  if (auto failure = AddRecord(**stream, input, batch))
    return Answer(call, std::unexpected(*std::move(failure)));
  call->put->records = batch.size();
  call->put->bytes = batch.payload_bytes();
  (*stream)->Append(
      std::move(batch), [this, call, target = *stream](Result<std::vector<log::PutResult>> places) {
        if (!places.ok()) {
          if (places.error().code == Code::kNotFound)
            return Answer(call, std::unexpected(StreamNotFound(target->name())));
          return Answer(call, std::unexpected(ToFailure(places.error())));
        }
        JsonWriter json;
        json.BeginObject().Key("ShardId").String(ShardIdText(places->at(0).shard));
        json.Key("SequenceNumber")
            .String(target->NumberOf(places->at(0).shard, places->at(0).offset).ToString());
        json.EndObject();
        Answer(call, std::move(json).Take());
      });
}

void KinesisService::Impl::AppendRecords(const CallPtr& call,
                                         const std::shared_ptr<log::Stream>& stream,
                                         log::PutBatch batch) {
  const size_t records = batch.size();
  call->put->producer.stream = stream->id();
  call->put->records = records;
  call->put->bytes = batch.payload_bytes();
  stream->Append(std::move(batch), [this, call, stream,
                                    records](Result<std::vector<log::PutResult>> places) {
    if (places.ok()) return Answer(call, PutRecordsBody(*stream, *places));
    switch (places.error().code) {
      case Code::kResourceExhausted:
        call->put->error = ErrorName(KinesisError::kProvisionedThroughputExceeded);
        return Answer(call, ThrottledBody(records, "Rate exceeded for stream " + stream->name() +
                                                       " under account " + options_.account + "."));
      case Code::kNotFound:
        return Answer(call, std::unexpected(StreamNotFound(stream->name())));
      default:
        return Answer(call, std::unexpected(ToFailure(places.error())));
    }
  });
}

Outcome<log::PutBatch> KinesisService::Impl::MakeBatch(const log::Stream& stream, Input records) {
  log::PutBatch batch = stream.NewBatch();
  for (const JsonValue& record : records.array()) {
    if (auto failure = AddRecord(stream, record, batch))
      return std::unexpected(*std::move(failure));
  }
  if (batch.payload_bytes() > kRequestBytesMax) {
    return std::unexpected(
        Failure{KinesisError::kInvalidArgument, "Records size exceeds 10 MB limit"});
  }
  return batch;
}

void KinesisService::Impl::PutRecords(const CallPtr& call, std::string body) {
  auto parser = parsers_.Take();
  PlainPutRecords& plain = PutRecordsParsers::Scratch(*parser);
  const size_t body_bytes = body.size();
  if (PutRecordsParsers::Parse(*parser, body, plain) && !plain.records.empty() &&
      plain.records.size() <= kRecordsMax && plain.stream_arn.empty() &&
      !plain.stream_name.empty()) {
    const auto stream = context_.log.Find(plain.stream_name);
    if (stream != nullptr) {
      log::PutBatch batch = stream->NewBatch();
      batch.Reserve(plain.records.size(), body_bytes);
      const size_t record_bytes_max = RecordBytesMax(*stream);
      bool good = true;
      for (const PlainRecord& record : plain.records) {
        std::optional<log::HashKey> hash;
        if (!record.explicit_hash_key.empty()) {
          hash = log::ParseHashKey(record.explicit_hash_key);
          good = good && hash.has_value();
        }
        if (!good) break;
        const auto added = batch.AddBase64(record.partition_key, hash, record.data);
        good = added.ok() && *added + record.partition_key.size() <= record_bytes_max;
        if (!good) break;
      }
      if (good && batch.payload_bytes() <= kRequestBytesMax) {
        parsers_.Give(std::move(parser));
        return AppendRecords(call, stream, std::move(batch));
      }
    }
  }
  // Something is unusual or wrong: the general path says what.
  parsers_.Give(std::move(parser));
  const auto input = ParseInput(call, body);
  if (!input) return;
  for (const JsonValue& record : input->Find("Records")->array()) {
    const std::string& hash_text = TextOf(record, "ExplicitHashKey");
    if (!hash_text.empty() && !log::ParseHashKey(hash_text)) {
      return Answer(call, std::unexpected(BadHashKey(hash_text)));
    }
  }
  auto stream = FindStream(*input);
  if (!stream) return Answer(call, std::unexpected(std::move(stream).error()));
  call->put->producer.stream = (*stream)->id();
  auto batch = MakeBatch(**stream, *input->Find("Records"));
  if (!batch) return Answer(call, std::unexpected(std::move(batch).error()));
  AppendRecords(call, *stream, *std::move(batch));
}

}  // namespace tidemark::kinesis
