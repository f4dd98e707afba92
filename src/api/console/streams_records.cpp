// SPDX-License-Identifier: Apache-2.0
// The record viewer, and test records.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "api/console/payload_internal.h"
#include "api/console/record_filter_internal.h"
#include "api/console/record_judge_internal.h"
#include "api/console/record_reader_internal.h"
#include "api/console/streams_internal.h"
#include "base/base64.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr size_t kPutRecordsMax = 500;
constexpr size_t kPutBytesMax = size_t{10} << 20U;
constexpr size_t kLookBackRecords = 500;  // of one shard, before the first page
constexpr size_t kLookBackRecordsOfAll = 20'000;
constexpr size_t kPartitionKeyCharsMax = 256;

// ---- what is asked for

struct Wish {
  size_t limit = 50;
  bool full = false;
  std::optional<RecordFilter> filter;
  std::optional<JsonPath> time;
  RecordCursor cursor;
  bool first_page = true;
};

std::unexpected<Failure> Bad(std::string message, std::string field) {
  return std::unexpected(InvalidRequest(std::move(message), std::move(field)));
}

Outcome<ArrivalTime> ReadTimestamp(const std::string& text) {
  if (const auto ms = ParseInt64(text)) return ArrivalTime{*ms};
  const auto time = ParseTimestamp(text);
  if (!time.ok()) return Bad("timestamp must be milliseconds or RFC 3339", "timestamp");
  return ArrivalTime{FloorTo(*time, milliseconds(1)).ns / 1'000'000};
}

Outcome<log::IteratorStart> ReadStart(const http::Request& request) {
  constexpr std::array<std::pair<std::string_view, log::IteratorType>, 5> kPositions{
      {{"trim_horizon", log::IteratorType::kTrimHorizon},
       {"latest", log::IteratorType::kLatest},
       {"at_timestamp", log::IteratorType::kAtTimestamp},
       {"at_sequence", log::IteratorType::kAtSequenceNumber},
       {"after_sequence", log::IteratorType::kAfterSequenceNumber}}};
  const std::string position = request.QueryValue("position").value_or("trim_horizon");
  const auto* const found = std::ranges::find(
      kPositions, position, &std::pair<std::string_view, log::IteratorType>::first);
  if (found == kPositions.end()) {
    return Bad("position must be trim_horizon, latest, at_timestamp, at_sequence or after_sequence",
               "position");
  }
  log::IteratorStart start{.type = found->second, .sequence = {}, .time = {}};
  if (start.type == log::IteratorType::kAtTimestamp) {
    const auto time = ReadTimestamp(request.QueryValue("timestamp").value_or(""));
    if (!time) return std::unexpected(time.error());
    start.time = *time;
  } else if (start.type == log::IteratorType::kAtSequenceNumber ||
             start.type == log::IteratorType::kAfterSequenceNumber) {
    start.sequence = log::SequenceNumber::Parse(request.QueryValue("sequence").value_or(""));
    if (!start.sequence) return Bad("sequence must be a sequence number", "sequence");
  }
  return start;
}

Outcome<std::vector<uint32_t>> ReadShards(const log::Stream& stream,
                                          const log::IteratorStart& start,
                                          const http::Request& request) {
  if (start.sequence) return std::vector<uint32_t>{start.sequence->shard()};
  const auto named = request.QueryValue("shard");
  if (named && !named->empty()) {
    const auto shard = ParseShardName(*named);
    if (!shard) return Bad("shard must be like shardId-000000000002", "shard");
    return std::vector<uint32_t>{*shard};
  }
  std::vector<uint32_t> shards;
  for (const catalog::ShardDef& shard : stream.definition().shards) shards.push_back(shard.number);
  if (shards.size() > RecordReader::kShardsMax) {
    return Bad("the stream has more than 256 shards: name one", "shard");
  }
  return shards;
}

Outcome<RecordCursor> ReadPlaces(const log::Stream& stream, const http::Request& request) {
  const auto start = ReadStart(request);
  if (!start) return std::unexpected(start.error());
  const auto shards = ReadShards(stream, *start, request);
  if (!shards) return std::unexpected(shards.error());
  RecordCursor cursor{.stream = stream.id(), .shards = {}};
  for (const uint32_t shard : *shards) {
    const auto offset = stream.Resolve(shard, *start);
    if (!offset.ok()) {
      Failure failure = ToFailure(offset.error(), "shard_not_found");
      failure.field = start->sequence ? "sequence" : "shard";
      return std::unexpected(std::move(failure));
    }
    cursor.shards.push_back({shard, *offset, std::nullopt});
  }
  return cursor;
}

Outcome<Wish> ReadWish(const log::Stream& stream, const http::Request& request) {
  Wish wish;
  const auto limit = QueryInt(request, "limit", {1, 1000, 50});
  if (!limit) return std::unexpected(limit.error());
  wish.limit = static_cast<size_t>(*limit);
  const std::string payload = request.QueryValue("payload").value_or("preview");
  if (payload != "preview" && payload != "full") {
    return Bad("payload must be preview or full", "payload");
  }
  wish.full = payload == "full";
  if (const auto text = request.QueryValue("filter"); text && !text->empty()) {
    auto filter = RecordFilter::Parse(*text);
    if (!filter.ok()) return Bad(filter.error().message, "filter");
    wish.filter = std::move(filter).value();
  }
  if (const auto text = request.QueryValue("time"); text && !text->empty()) {
    auto path = JsonPath::Parse(*text);
    if (!path.ok()) return Bad(path.error().message, "time");
    wish.time = std::move(path).value();
  }
  if (const auto text = request.QueryValue("cursor"); text && !text->empty()) {
    auto cursor = RecordCursor::Decode(*text, stream);
    if (!cursor.ok()) return Bad(cursor.error().message, "cursor");
    wish.cursor = std::move(cursor).value();
    wish.first_page = false;
    return wish;
  }
  auto places = ReadPlaces(stream, request);
  if (!places) return std::unexpected(places.error());
  wish.cursor = *std::move(places);
  return wish;
}

/// The newest event time of each shard before its place, from the records just before it.
void LookBack(const log::Stream& stream, RecordJudge& judge, RecordCursor& cursor) {
  const size_t records =
      std::clamp<size_t>(kLookBackRecordsOfAll / cursor.shards.size(), 1, kLookBackRecords);
  for (ShardPlace& place : cursor.shards) {
    if (place.next <= log::kFirstOffset) continue;
    const uint64_t back = std::min<uint64_t>(records, place.next.value - 1);
    const auto batch = stream.Read({.shard = place.shard,
                                    .from = {place.next.value - back},
                                    .records_max = records,
                                    .bytes_max = RecordReader::kBytesMax / cursor.shards.size()});
    if (!batch.ok()) continue;  // the page's own read says what is wrong
    for (const log::RecordView& record : batch->records) {
      if (record.offset < place.next) judge.Judge(record, place.newest);
    }
  }
}

// ---- what is answered

void WriteRecord(JsonWriter& out, const log::Stream& stream, const RecordReader::Record& record,
                 const RecordJudge::Verdict& verdict, bool full) {
  const log::RecordView& view = record.view;
  out.BeginObject();
  WriteText(out, "shard", ShardName(record.place->shard));
  WriteText(out, "sequence", stream.NumberOf(record.place->shard, view.offset).ToString());
  WriteI64(out, "arrival", view.arrival.ms);
  const size_t key_valid = ValidUtf8(view.partition_key);
  WriteText(out, "key",
            key_valid == view.partition_key.size() ? std::string(view.partition_key)
                                                   : Hex(view.partition_key));
  out.Key("bytes").Uint(view.data.size());
  WritePayload(out, view.data, full ? PayloadDetail::kFull : PayloadDetail::kPreview);
  WriteI64(out, "event_time", verdict.event_time);
  out.Key("delay_ms");
  if (verdict.event_time) {
    const nanoseconds delay = view.arrival.AsEventTime() - *verdict.event_time;
    out.String(std::to_string(delay.count() / 1'000'000));
    WriteI64(out, "behind_ms", int64_t{verdict.behind.count()});
  } else {
    out.Null().Key("behind_ms").Null();
  }
  WriteTextOrNull(out, "verdict", verdict.verdict);
  WriteTextOrNull(out, "problem", verdict.problem);
  out.EndObject();
}

// ---- put

Outcome<log::PutRecordView> ReadPut(const log::Stream& stream, const JsonValue& item, size_t index,
                                    std::string& data) {
  const std::string where = "records[" + std::to_string(index) + "]";
  if (!item.is_object()) return Bad(where + " must be an object", where);
  for (const auto& [name, value] : item.object()) {
    const bool known =
        name == "key" || name == "data" || name == "base64" || name == "explicit_hash";
    if (!known || !value.is_string()) {
      return Bad(where + " has texts named key, data or base64, explicit_hash", where);
    }
  }
  const JsonValue* key = item.Find("key");
  const JsonValue* text = item.Find("data");
  const JsonValue* base64 = item.Find("base64");
  if (key == nullptr || key->string_value().empty() ||
      static_cast<size_t>(std::ranges::count_if(key->string_value(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
      })) > kPartitionKeyCharsMax) {
    return Bad(where + " needs a key of 1 to 256 characters", where + ".key");
  }
  if ((text == nullptr) == (base64 == nullptr)) {
    return Bad(where + " needs either data or base64", where + ".data");
  }
  if (text != nullptr) {
    data = text->string_value();
  } else {
    auto decoded = Base64Decode(base64->string_value());
    if (!decoded.ok()) return Bad(where + " has bad base64", where + ".base64");
    data = std::move(decoded).value();
  }
  if (data.size() + key->string_value().size() >
      size_t{stream.definition().record_kib_max} * 1024) {
    return Bad(where + " is larger than the stream takes", where + ".data");
  }
  log::PutRecordView record{
      .partition_key = key->string_value(), .data = data, .explicit_hash = {}};
  if (const JsonValue* hash = item.Find("explicit_hash")) {
    record.explicit_hash = log::ParseHashKey(hash->string_value());
    if (!record.explicit_hash) {
      return Bad("explicit_hash must be from 0 to 2^128-1", where + ".explicit_hash");
    }
  }
  return record;
}

}  // namespace

Answer GetStreamRecords(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  auto wish = ReadWish(**stream, call.request);
  if (!wish) return core.Fail(wish.error());
  RecordJudge judge(core.deps, (*stream)->name(), std::move(wish->time));
  if (wish->first_page && judge.knows_time()) LookBack(**stream, judge, wish->cursor);
  RecordReader reader(**stream, std::move(wish->cursor));
  JsonWriter out;
  out.BeginObject().Key("records").BeginArray();
  for (size_t written = 0; written < wish->limit;) {
    auto next = reader.Next();
    if (!next.ok()) return core.Fail(ToFailure(next.error(), "shard_not_found"));
    if (!*next) break;
    const RecordReader::Record& record = **next;
    // Also of what the filter hides: it moves the shard's clock.
    const RecordJudge::Verdict verdict = judge.Judge(record.view, record.place->newest);
    if (wish->filter && !wish->filter->Matches(record.view.data, record.view.partition_key))
      continue;
    WriteRecord(out, **stream, record, verdict, wish->full);
    ++written;
  }
  out.EndArray();
  WriteText(out, "next_cursor", reader.cursor().Encode());
  out.Key("at_tip").Bool(reader.at_tip());
  WriteI64(out, "scanned", reader.scanned());
  const auto waiting = reader.waiting();
  const ArrivalTime now = core.deps.clock.Now();
  WriteI64(out, "behind_ms", waiting ? std::max<int64_t>((now - *waiting).count(), 0) : int64_t{0});
  WriteTextOrNull(out, "pipeline", judge.pipeline());
  WriteTextOrNull(out, "time_field", judge.time_field());
  WriteTextOrNull(out, "view", judge.view());
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer PutStreamRecords(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  const auto body = ParseBody(call.request.body, {"records"});
  if (!body.ok()) return core.Fail(body.error());
  const JsonValue* records = body->Find("records");
  if (records == nullptr || !records->is_array() || records->array().empty() ||
      records->array().size() > kPutRecordsMax) {
    return core.Fail(InvalidRequest("records must be a list of 1 to 500", "records"));
  }
  log::PutBatch batch = (*stream)->NewBatch();
  for (size_t i = 0; i < records->array().size(); ++i) {
    std::string data;
    const auto record = ReadPut(**stream, records->array()[i], i, data);
    if (!record) return core.Fail(record.error());
    if (const auto added = batch.Add(*record); !added.ok()) return core.Fail(added.error());
  }
  if (batch.payload_bytes() > kPutBytesMax) {
    return core.Fail(InvalidRequest("records must be 10 MiB together at most", "records"));
  }
  const StreamPtr& to = *stream;
  to->Append(std::move(batch),
             [core = core.shared_from_this(), to, responder = std::move(call.responder)](
                 Result<std::vector<log::PutResult>> places) mutable {
               if (!places.ok()) {
                 responder.Send(core->Fail(ToFailure(places.error(), "stream_not_found")));
                 return;
               }
               JsonWriter out;
               out.BeginObject().Key("records").BeginArray();
               for (const log::PutResult& place : *places) {
                 out.BeginObject();
                 WriteText(out, "shard", ShardName(place.shard));
                 WriteText(out, "sequence", to->NumberOf(place.shard, place.offset).ToString());
                 out.EndObject();
               }
               out.EndArray().EndObject();
               responder.Send(Replies::Ok(std::move(out).Take()));
             });
  return std::nullopt;
}

}  // namespace tidemark::console
