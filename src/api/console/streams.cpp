// SPDX-License-Identifier: Apache-2.0
// Streams one by one: create, describe, delete; and the table of their routes.
#include <algorithm>
#include <cstdio>

#include "api/console/streams_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr int64_t kShardsMax = 1000;
constexpr int64_t kShardsOfAllMax = 10'000;  // as the Kinesis API's limit of an account
constexpr int64_t kRetentionHoursMin = 24;
constexpr int64_t kRetentionHoursMax = 8760;
constexpr size_t kNameMax = 128;
constexpr size_t kTagsMax = 50;
constexpr int64_t kOnDemandShards = 4;

bool IsStreamName(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

Outcome<int64_t> BodyInt(const JsonValue& body, std::string_view name, IntRange range) {
  const JsonValue* value = body.Find(name);
  if (value == nullptr || value->is_null()) return range.fallback;
  const auto number = value->is_string() ? ParseInt64(value->string_value()) : value->AsInt64();
  if (number && *number >= range.min && *number <= range.max) return *number;
  return std::unexpected(InvalidRequest(std::string(name) + " must be from " +
                                            std::to_string(range.min) + " to " +
                                            std::to_string(range.max),
                                        std::string(name)));
}

std::optional<Failure> ReadTags(const JsonValue& body, log::CreateStreamRequest& request) {
  const JsonValue* tags = body.Find("tags");
  if (tags == nullptr || tags->is_null()) return std::nullopt;
  const bool texts =
      tags->is_object() && tags->object().size() <= kTagsMax &&
      std::ranges::all_of(tags->object(), [](const auto& tag) { return tag.second.is_string(); });
  if (!texts) return InvalidRequest("tags must be an object of at most 50 texts", "tags");
  for (const auto& [key, value] : tags->object())
    request.tags.emplace_back(key, value.string_value());
  return std::nullopt;
}

Outcome<log::CreateStreamRequest> ReadCreate(const std::string& text) {
  const auto body = ParseBody(text, {"name", "shards", "mode", "retention_hours", "tags"});
  if (!body.ok()) return std::unexpected(ToFailure(body.error()));
  log::CreateStreamRequest request;
  const JsonValue* name = body->Find("name");
  if (name != nullptr && name->is_string()) request.name = name->string_value();
  if (!IsStreamName(request.name)) {
    return std::unexpected(InvalidRequest(
        "a stream's name has 1 to 128 characters of a-z, A-Z, 0-9, '_', '.', '-'", "name"));
  }
  if (const JsonValue* mode = body->Find("mode"); mode != nullptr && !mode->is_null()) {
    const bool on_demand = mode->is_string() && mode->string_value() == "ON_DEMAND";
    if (!on_demand && !(mode->is_string() && mode->string_value() == "PROVISIONED")) {
      return std::unexpected(InvalidRequest("mode must be PROVISIONED or ON_DEMAND", "mode"));
    }
    if (on_demand) request.mode = catalog::StreamMode::kOnDemand;
  }
  const int64_t fallback = request.mode == catalog::StreamMode::kOnDemand ? kOnDemandShards : 1;
  const auto shards = BodyInt(*body, "shards", {1, kShardsMax, fallback});
  if (!shards) return std::unexpected(shards.error());
  const auto retention =
      BodyInt(*body, "retention_hours", {kRetentionHoursMin, kRetentionHoursMax, 24});
  if (!retention) return std::unexpected(retention.error());
  request.shards = static_cast<uint32_t>(*shards);
  request.retention_hours = static_cast<uint32_t>(*retention);
  if (auto failure = ReadTags(*body, request)) return std::unexpected(*std::move(failure));
  return request;
}

Answer CreateStream(Core& core, Call& call) {
  const auto request = ReadCreate(call.request.body);
  if (!request) return core.Fail(request.error());
  int64_t shards = request->shards;
  for (const auto& stream : core.deps.log.List()) {
    shards += static_cast<int64_t>(stream->definition().shards.size());
  }
  if (shards > kShardsOfAllMax) {
    return core.Fail(InvalidRequest("all streams together may have 10,000 shards", "shards"));
  }
  const auto made = core.deps.log.CreateStream(*request);
  if (!made.ok()) return core.Fail(made.error());
  return core.JsonOr(core.status.Stream((*made)->name()), "stream_not_found");
}

Answer ChangeStream(Core& core, Call& call) {
  const auto body = ParseBody(call.request.body, {"retention_hours"});
  if (!body.ok()) return core.Fail(body.error());
  if (body->Find("retention_hours") == nullptr) {
    return core.Fail(InvalidRequest("it is missing", "retention_hours"));
  }
  const auto retention =
      BodyInt(*body, "retention_hours", {kRetentionHoursMin, kRetentionHoursMax, 24});
  if (!retention) return core.Fail(retention.error());
  const auto done = core.deps.log.SetRetention(call.path[1], static_cast<uint32_t>(*retention));
  if (!done.ok()) return core.Fail(ToFailure(done.error(), "stream_not_found"));
  return core.JsonOr(core.status.Stream(call.path[1]), "stream_not_found");
}

Answer DeleteStream(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  if (const auto users = core.deps.pipelines.UsersOfStream((*stream)->name()); !users.empty()) {
    Failure failure = ToFailure(
        Error{Code::kFailedPrecondition, "A pipeline uses stream " + (*stream)->name() + "."});
    failure.hint = "Delete pipeline " + users.front() + " first.";
    return core.Fail(failure);
  }
  const auto done = core.deps.log.DeleteStream((*stream)->name());
  if (!done.ok()) return core.Fail(ToFailure(done.error(), "stream_not_found"));
  return NoContent();
}

constexpr Route kRoutes[] = {
    {"GET", "streams",
     [](Core& core, Call&) -> Answer { return Replies::Ok(core.status.Streams()); }},
    {"POST", "streams", CreateStream},
    {"GET", "streams/*",
     [](Core& core, Call& call) -> Answer {
       return core.JsonOr(core.status.Stream(call.path[1]), "stream_not_found");
     }},
    {"PATCH", "streams/*", ChangeStream},
    {"DELETE", "streams/*", DeleteStream},
    {"GET", "streams/*/shards", GetStreamShards},
    {"GET", "streams/*/keys", GetStreamKeys},
    {"GET", "streams/*/records", GetStreamRecords},
    {"POST", "streams/*/records", PutStreamRecords},
    {"GET", "streams/*/consumers", GetStreamConsumers},
    {"GET", "streams/*/producers", GetStreamProducers},
};

}  // namespace

std::span<const Route> StreamRoutes() { return kRoutes; }

std::string ShardName(uint32_t shard) {
  char text[32];
  const int size = std::snprintf(text, sizeof(text), "shardId-%012u", shard);
  return {text, static_cast<size_t>(size)};
}

std::optional<uint32_t> ParseShardName(std::string_view text) {
  constexpr std::string_view kPrefix = "shardId-";
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  const auto number = ParseInt64(text);
  if (!number || *number > int64_t{log::kShardNumberMax}) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

Outcome<StreamPtr> FindStream(const ServiceDeps& deps, const Call& call) {
  auto stream = deps.log.Find(call.path[1]);
  if (stream != nullptr) return stream;
  return std::unexpected(ToFailure(
      Error{Code::kNotFound, "Stream " + call.path[1] + " does not exist."}, "stream_not_found"));
}

Outcome<int64_t> QueryInt(const http::Request& request, std::string_view name, IntRange range) {
  const auto text = request.QueryValue(name);
  if (!text) return range.fallback;
  const auto number = ParseInt64(*text);
  if (number && *number >= range.min && *number <= range.max) return *number;
  return std::unexpected(InvalidRequest(std::string(name) + " must be from " +
                                            std::to_string(range.min) + " to " +
                                            std::to_string(range.max),
                                        std::string(name)));
}

}  // namespace tidemark::console
