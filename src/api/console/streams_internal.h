// SPDX-License-Identifier: Apache-2.0
// The streams' part of /api/v1 (web/API.md section 5, Streams): what the routes share.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/console/routes_internal.h"
#include "base/json.h"
#include "log/stream.h"

namespace tidemark::console {

template <typename T>
using Outcome = std::expected<T, Failure>;

using StreamPtr = std::shared_ptr<log::Stream>;

/// "shardId-000000000002".
std::string ShardName(uint32_t shard);
/// Also "2". None: not one.
std::optional<uint32_t> ParseShardName(std::string_view text);

/// The stream named in the call's path; 404 `stream_not_found`.
Outcome<StreamPtr> FindStream(const ServiceDeps& deps, const Call& call);

/// A whole number of the query string; 400 names the parameter and its bounds.
struct IntRange {
  int64_t min;
  int64_t max;
  int64_t fallback;
};
Outcome<int64_t> QueryInt(const http::Request& request, std::string_view name, IntRange range);

/// Handlers of their own sources.
Answer GetStreamRecords(Core& core, Call& call);
Answer PutStreamRecords(Core& core, Call& call);
Answer GetStreamKeys(Core& core, Call& call);
Answer GetStreamShards(Core& core, Call& call);
Answer GetStreamConsumers(Core& core, Call& call);
Answer GetStreamProducers(Core& core, Call& call);

}  // namespace tidemark::console
