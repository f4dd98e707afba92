// SPDX-License-Identifier: Apache-2.0
// Bytes of positions that pipelines journal. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "log/sequence_number.h"

namespace tidemark::pipeline {

/// The journaled position: the source's own, and how far the dead-letter stream was known to be
/// written.
std::string EncodePosition(std::string_view source, std::string_view dead_end);
Result<std::pair<std::string, std::string>> DecodePosition(std::string_view bytes);

/// A place in a shard: eight bytes, most significant first, so that bytewise order is the order of
/// offsets.
std::string OffsetBytes(log::RecordOffset offset);
Result<log::RecordOffset> ReadOffset(std::string_view bytes);

/// "shardId-000000000002".
std::string ShardName(uint32_t number);

}  // namespace tidemark::pipeline
