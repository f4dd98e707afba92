// SPDX-License-Identifier: Apache-2.0
// The service model's constraints as tables, checked in the order of kinesis-api.md 1.13: member
// types (SerializationException), then constraints (ValidationException, up to ten in one message).
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "api/kinesis/error.h"
#include "base/json.h"

namespace tidemark::kinesis {

enum class MemberType : uint8_t {
  kString,
  kBlob,
  kInteger,
  kTimestamp,
  kBoolean,
  kList,
  kMap,
  kStructure
};

enum class Pattern : uint8_t { kNone, kName, kStreamArn, kHashKey, kSequenceNumber };

struct Member {
  const char* name;
  MemberType type;
  bool required = false;
  // Of a string's characters, a blob's decoded bytes, a list's or map's entries; or of the number
  // itself.
  std::optional<int64_t> min = std::nullopt;
  std::optional<int64_t> max = std::nullopt;
  Pattern pattern = Pattern::kNone;
  std::span<const std::string_view> values = {};  // an enum's
  std::span<const Member> members = {};           // of a structure, or of each entry of a list
};

/// None: `input` fits.
std::optional<Failure> Validate(const JsonValue& input, std::span<const Member> members);

/// Whole text matches. Exposed for tests.
bool Matches(Pattern pattern, std::string_view text);

// The members of each operation's input (kinesis-api.md section 2).
std::span<const Member> CreateStreamMembers();
std::span<const Member> DeleteStreamMembers();
std::span<const Member> DescribeStreamMembers();
std::span<const Member> DescribeStreamSummaryMembers();
std::span<const Member> ListStreamsMembers();
std::span<const Member> ListShardsMembers();
std::span<const Member> PutRecordMembers();
std::span<const Member> PutRecordsMembers();
std::span<const Member> GetShardIteratorMembers();
std::span<const Member> GetRecordsMembers();

}  // namespace tidemark::kinesis
