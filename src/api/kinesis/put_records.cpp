// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include <algorithm>

#include "api/kinesis/put_records_internal.h"

namespace tidemark::kinesis {
namespace {

namespace od = simdjson::ondemand;

/// The text between the quotes of a string token; false: not a string, or one with escapes or
/// control characters. The token may be followed by blanks.
bool PlainString(std::string_view token, std::string_view& out) {
  const size_t end = token.rfind('"');
  if (token.empty() || token.front() != '"' || end == 0 || end == std::string_view::npos)
    return false;
  out = token.substr(1, end - 1);
  return out.find('\\') == std::string_view::npos;
}

bool HasControlCharacters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20; });
}

/// A short name; false also for a repeated one.
bool TakeName(od::value value, std::string_view& out) {
  return out.data() == nullptr && PlainString(value.raw_json_token(), out) && !out.empty() &&
         !HasControlCharacters(out);
}

bool ParseRecord(od::object object, PlainRecord& out) {
  for (auto field : object) {
    od::raw_json_string key;
    od::value value;
    if (field.key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS)
      return false;
    if (key.unsafe_is_equal("Data")) {
      // The base64 decoder refuses control characters.
      if (out.data.data() != nullptr || !PlainString(value.raw_json_token(), out.data))
        return false;
    } else if (key.unsafe_is_equal("PartitionKey")) {
      if (!TakeName(value, out.partition_key)) return false;
    } else if (key.unsafe_is_equal("ExplicitHashKey")) {
      if (!TakeName(value, out.explicit_hash_key)) return false;
    } else {
      return false;
    }
  }
  return out.data.data() != nullptr && out.partition_key.data() != nullptr &&
         out.partition_key.size() <= 256;
}

bool ParseRecords(od::value list, std::vector<PlainRecord>& records) {
  od::array array;
  if (!records.empty() || list.get_array().get(array) != simdjson::SUCCESS) return false;
  for (auto element : array) {
    od::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return false;
    if (!ParseRecord(object, records.emplace_back())) return false;
  }
  return true;
}

bool ParseBody(od::object object, PlainPutRecords& out) {
  for (auto field : object) {
    od::raw_json_string key;
    od::value value;
    if (field.key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS)
      return false;
    if (key.unsafe_is_equal("Records")) {
      if (!ParseRecords(value, out.records)) return false;
    } else if (key.unsafe_is_equal("StreamName")) {
      if (!TakeName(value, out.stream_name)) return false;
    } else if (key.unsafe_is_equal("StreamARN")) {
      if (!TakeName(value, out.stream_arn)) return false;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

class PutRecordsParsers::Parser {
 public:
  od::parser json;
  PlainPutRecords scratch;
};

void PutRecordsParsers::Destroy::operator()(Parser* parser) const { delete parser; }

PutRecordsParsers::PutRecordsParsers() = default;
PutRecordsParsers::~PutRecordsParsers() = default;

PutRecordsParsers::ParserPtr PutRecordsParsers::Take() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto parser = std::move(idle_.back());
      idle_.pop_back();
      return parser;
    }
  }
  return ParserPtr(new Parser);
}

void PutRecordsParsers::Give(ParserPtr parser) {
  constexpr size_t kIdleMax = 4;  // network threads
  constexpr size_t kKeptBytesMax = size_t{1} << 20U;
  if (parser->json.capacity() > kKeptBytesMax) return;
  const MutexLock lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(parser));
}

PlainPutRecords& PutRecordsParsers::Scratch(Parser& parser) { return parser.scratch; }

bool PutRecordsParsers::Parse(Parser& parser, std::string& body, PlainPutRecords& out) {
  out.stream_name = {};
  out.stream_arn = {};
  out.records.clear();
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  od::document document;
  od::object object;
  if (parser.json.iterate(body.data(), body.size(), body.capacity()).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  // Only blanks may follow the object.
  return ParseBody(object, out) && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace tidemark::kinesis
