// SPDX-License-Identifier: Apache-2.0
// The insides of KinesisService that its sources share.
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/kinesis/error.h"
#include "api/kinesis/put_records_internal.h"
#include "api/kinesis/service.h"
#include "api/kinesis/token_internal.h"
#include "base/json.h"

namespace tidemark::kinesis {

template <typename T>
using Outcome = std::expected<T, Failure>;

/// What a PutRecord or PutRecords did, for the list of producers.
struct PutNote {
  log::ProducerKey producer;  // without a stream: it named none that exists
  size_t records = 0;
  size_t bytes = 0;
  std::string_view error;  // of every record, where the answer itself is none
};

/// One request under way, and the duty to answer it.
struct Call {
  std::string operation;
  std::string content_type;
  bool cross_origin = false;
  http::Responder responder;
  log::ReaderKey reader;         // of GetRecords, but for the stream
  std::optional<PutNote> put{};  // of PutRecord and PutRecords
};
using CallPtr = std::shared_ptr<Call>;

std::string ShardIdText(uint32_t shard);
/// "shardId-000000000001"; also "1" and "x-1" (2.9). None: not one.
std::optional<uint32_t> ParseShardId(std::string_view text);
/// Epoch seconds, with three decimals if they are not zero (1.3).
void AppendSeconds(std::string& out, ArrivalTime time);
/// Seconds, or milliseconds if above 1e11 (1.3, clients-seen.md 2).
ArrivalTime ParseSeconds(const JsonValue& number);

/// Decimal text of sequence numbers, cheap for one that follows the one before. Single-owner.
class SequenceText {
 public:
  std::string_view Format(const log::SequenceNumber& number);

 private:
  std::string text_;
  log::SequenceNumber last_;
};

class KinesisService::Impl {
 public:
  Impl(const KinesisContext& context, KinesisOptions options, std::string token_key,
       uint64_t id_seed);

  void Handle(std::string_view operation, http::Request request, http::Responder responder);
  http::Response MakeError(int status, std::string_view type, std::string_view message,
                           std::string_view content_type);

 private:
  using Input = const JsonValue&;

  /// Parses and validates; null: answered already.
  std::optional<JsonValue> ParseInput(const CallPtr& call, const std::string& body);
  void Dispatch(const CallPtr& call, JsonValue input);
  /// Runs `work` where files may be touched, and answers with what it returns.
  void Post(const CallPtr& call, Lane lane, std::move_only_function<Outcome<std::string>()> work);
  void Answer(const CallPtr& call, Outcome<std::string> outcome);
  void NoteProducer(const Call& call, std::string_view error);
  void AddCommonHeaders(http::Response& response, std::string_view content_type, bool cross_origin);
  std::string NewRequestId();

  // streams.cpp
  Outcome<std::string> DescribeStream(Input input);
  Outcome<std::string> DescribeStreamSummary(Input input);
  Outcome<std::string> ListStreams(Input input);
  Outcome<std::string> ListShards(Input input);
  Outcome<ListShardsToken> ParseShardCursor(Input input);
  std::string ShardPage(const log::Stream& stream, ListShardsToken cursor, int64_t limit);
  void CreateStream(const CallPtr& call, Input input);
  void DeleteStream(const CallPtr& call, Input input);
  void AppendStreamHead(JsonWriter& json, const catalog::StreamDef& def);
  void AppendShard(JsonWriter& json, const catalog::StreamDef& def, const catalog::ShardDef& shard);

  // put.cpp
  void PutRecord(const CallPtr& call, Input input);
  void PutRecords(const CallPtr& call, std::string body);
  void AppendRecords(const CallPtr& call, const std::shared_ptr<log::Stream>& stream,
                     log::PutBatch batch);
  Outcome<log::PutBatch> MakeBatch(const log::Stream& stream, Input records);
  std::optional<Failure> AddRecord(const log::Stream& stream, Input record, log::PutBatch& batch);
  std::optional<Failure> CheckOrdering(const log::Stream& stream, Input input);

  // read.cpp
  void GetShardIterator(const CallPtr& call, Input input);
  Outcome<log::IteratorStart> ParseStart(const log::Stream& stream, uint32_t shard, Input input);
  void GetRecords(const CallPtr& call, Input input);
  Outcome<std::string> ReadPage(const log::ReaderKey& reader, const log::Stream& stream,
                                const ShardIterator& iterator, size_t limit);
  void NoteReader(log::ReaderKey reader, const ShardIterator& iterator, const log::ReadBatch& batch,
                  ArrivalTime now);

  // Names (1.10) and messages (1.13).
  Outcome<std::shared_ptr<log::Stream>> FindStream(Input input);
  Outcome<std::shared_ptr<log::Stream>> FindStream(std::string_view name);
  Outcome<std::string> StreamNameOf(Input input);
  std::string Arn(std::string_view stream) const;
  std::string Under(std::string_view stream) const;  // "Stream s under account 000000000000"
  Failure StreamNotFound(std::string_view stream) const;
  Failure ShardNotFound(std::string_view shard_id, std::string_view stream) const;

  const KinesisContext context_;
  const KinesisOptions options_;
  const TokenCodec tokens_;
  PutRecordsParsers parsers_;
  std::atomic<uint64_t> id_state_;
};

}  // namespace tidemark::kinesis
