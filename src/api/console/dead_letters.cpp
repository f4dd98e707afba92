// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/dead_letters_internal.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/numbers.h"
#include "pipeline/log_source.h"

namespace tidemark::console {
namespace {

std::string TextOf(const JsonValue& letter, std::string_view member) {
  const JsonValue* value = letter.Find(member);
  return value != nullptr && value->is_string() ? value->string_value() : std::string();
}

std::optional<Letter> ParseLetter(const log::Stream& dead, uint32_t shard,
                                  const log::RecordView& record) {
  const auto parsed = ParseJson(record.data);
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  Letter out;
  out.id = dead.NumberOf(shard, record.offset).ToString();
  out.at = record.arrival;
  out.stage = TextOf(*parsed, "stage");
  out.reason = TextOf(*parsed, "reason");
  out.field = TextOf(*parsed, "field");
  out.message = TextOf(*parsed, "message");
  out.shard = TextOf(*parsed, "shard");
  out.sequence = TextOf(*parsed, "sequence");
  out.data = Base64Decode(TextOf(*parsed, "data")).value_or("");
  out.bytes = out.data.size();
  if (parsed->Find("key") != nullptr) {
    out.key = TextOf(*parsed, "key");
    if (const auto ms = ParseInt64(TextOf(*parsed, "arrival"))) out.arrival = ArrivalTime{*ms};
    if (const auto bytes = ParseInt64(TextOf(*parsed, "bytes"))) {
      out.bytes = static_cast<uint64_t>(*bytes);
    }
  } else if (out.data.size() >= pipeline::kDeadDataBytesMax) {
    out.bytes = out.data.size() + 1;  // nobody knows: it may have been cut
  }
  return out;
}

}  // namespace

std::string PatternOf(std::string_view message) {
  std::string out;
  for (size_t at = 0; at < message.size();) {
    const size_t end = std::min(message.find(' ', at), message.size());
    const std::string_view word = message.substr(at, end - at);
    out += word.find_first_of("0123456789") == std::string_view::npos ? word : "#";
    out += ' ';
    at = end + 1;
  }
  return out;
}

Result<uint64_t> ReadLetters(const log::Stream& dead, const std::function<bool(Letter)>& each) {
  const uint32_t shard = dead.definition().shards.front().number;
  TM_ASSIGN_OR_RETURN(const log::ShardStatus status, dead.Status(shard));
  const uint64_t kept = status.next.value - std::min(status.first, status.next).value;
  log::RecordOffset from{status.next.value - std::min(kept, kLettersMax)};
  while (true) {
    TM_ASSIGN_OR_RETURN(const log::ReadBatch batch, dead.Read({.shard = shard, .from = from}));
    for (const log::RecordView& record : batch.records) {
      auto letter = ParseLetter(dead, shard, record);
      if (letter && !each(*std::move(letter))) return kept;
    }
    from = batch.next;
    if (batch.at_tip) return kept;
  }
}

std::optional<log::SequenceNumber> Originals::Place(const Letter& letter) const {
  const auto number = log::SequenceNumber::Parse(letter.sequence);
  if (stream_ == nullptr || !number || number->incarnation() != log::IncarnationOf(stream_->id())) {
    return std::nullopt;
  }
  const auto status = stream_->Status(number->shard());
  if (!status.ok() || number->offset() < status->first || number->offset() >= status->next) {
    return std::nullopt;
  }
  return number;
}

bool Originals::Has(const Letter& letter) const {
  return letter.bytes == letter.data.size() || Place(letter).has_value();
}

std::optional<std::string> Edited(std::string_view record, const Edits& edits) {
  const auto parsed = ParseJson(record);
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  JsonWriter out;
  out.BeginObject();
  for (const auto& [field, value] : parsed->object()) {
    if (!edits.contains(field)) out.Key(field).Value(value);
  }
  for (const auto& [field, text] : edits) out.Key(field).String(text);
  out.EndObject();
  return std::move(out).Take();
}

bool Originals::Add(const Letter& letter, const Edits& edits, log::PutBatch& batch) const {
  const auto put = [&](std::string_view key, std::string_view data,
                       const std::optional<catalog::HashKey>& hash) {
    if (edits.empty()) return batch.Add({key, data, hash}).ok();
    const auto edited = Edited(data, edits);
    return edited && batch.Add({key, *edited, hash}).ok();
  };
  if (const auto place = Place(letter)) {
    const auto read =
        stream_->Read({.shard = place->shard(), .from = place->offset(), .records_max = 1});
    if (read.ok() && !read->records.empty() && read->records.front().offset == place->offset()) {
      const log::RecordView& record = read->records.front();
      return put(record.partition_key, record.data, record.explicit_hash);
    }
  }
  if (letter.bytes != letter.data.size()) return false;
  // Letters of older servers have no key: any that tells them apart does.
  const std::string key = letter.key && !letter.key->empty() ? *letter.key : letter.sequence;
  return put(key, letter.data, std::nullopt);
}

}  // namespace tidemark::console
