// SPDX-License-Identifier: Apache-2.0
// The object of one stream (web/API.md section 5, Streams).
#include <algorithm>
#include <cmath>

#include "api/console/reply_internal.h"
#include "api/console/status_internal.h"

namespace tidemark::console {
namespace {

double Tenths(double value) { return std::round(value * 10) / 10; }

std::string_view ModeName(catalog::StreamMode mode) {
  return mode == catalog::StreamMode::kOnDemand ? "ON_DEMAND" : "PROVISIONED";
}

/// How far the slowest of all who read the stream is behind.
struct Consumers {
  uint64_t count = 0;
  std::optional<milliseconds> age;

  void Add(std::optional<milliseconds> other) {
    ++count;
    if (other) age = std::max(age.value_or(milliseconds(0)), *other);
  }
};

}  // namespace

void Status::WriteStream(JsonWriter& out, const StreamFacts& facts,
                         const std::vector<pipeline::PipelineStatus>& pipelines,
                         StreamDetail detail) const {
  const log::Stream& stream = *facts.stream;
  const catalog::StreamDef& def = stream.definition();
  Consumers consumers;
  for (const auto& pipeline : pipelines) {
    if (pipeline.definition.stream != def.name) continue;
    consumers.Add(pipeline.lag_records ? std::optional(pipeline.lag) : std::nullopt);
  }
  for (const log::Reader& reader : deps_.log.readers().List(def.id, deps_.clock.Now())) {
    std::optional<milliseconds> worst;
    for (const auto& [number, shard] : reader.shards) {
      if (shard.iterator_age)
        worst = std::max(worst.value_or(milliseconds(0)), *shard.iterator_age);
    }
    consumers.Add(worst);
  }
  const StreamMeter::Throttled throttled = meter_.ThrottledOf(stream);
  WriteText(out, "name", def.name);
  WriteText(out, "status", "ACTIVE");
  WriteText(out, "mode", ModeName(def.mode));
  WriteI64(out, "created", def.created.ms);
  out.Key("shards").Int(
      std::ranges::count_if(def.shards, [](const auto& shard) { return !shard.closed; }));
  out.Key("records_per_second").Double(Tenths(facts.records_per_second));
  out.Key("bytes_per_second").Double(Tenths(facts.bytes_per_second));
  WriteI64(out, "records_total", facts.records);
  WriteI64(out, "retention_hours", int64_t{stream.retention_hours()});
  out.Key("throttled_per_minute").Double(throttled.per_minute);
  WriteI64(out, "throttled_total", throttled.total);
  out.Key("iterator_age_ms");
  consumers.age ? out.String(std::to_string(consumers.age->count())) : out.Null();
  out.Key("consumers").Uint(consumers.count);
  WriteI64(out, "disk_bytes", stream.disk_bytes());
  if (detail == StreamDetail::kEvent) return;
  out.Key("history_step_ms").Int(StreamMeter::kStep.count());
  out.Key("history").BeginArray();
  for (const double rate : meter_.History(def.id)) out.Double(Tenths(rate));
  out.EndArray();
}

Result<std::string> Status::Stream(std::string_view name) const {
  const std::shared_ptr<log::Stream> stream = deps_.log.Find(name);
  if (stream == nullptr) {
    return Error{Code::kNotFound, "Stream " + std::string(name) + " does not exist."};
  }
  StreamFacts facts = Describe(*stream, deps_.FiguresNow());
  facts.stream = stream;
  const auto pipelines = deps_.pipelines.Statuses();
  JsonWriter out;
  out.BeginObject();
  WriteStream(out, facts, pipelines, StreamDetail::kListing);
  out.Key("tags").BeginObject();
  for (const auto& [key, value] : stream->definition().tags) WriteText(out, key, value);
  out.EndObject();
  out.Key("record_kib_max").Uint(stream->definition().record_kib_max);
  WriteText(out, "encryption", "NONE");
  out.Key("pipelines").BeginArray();
  for (const auto& pipeline : pipelines) {
    if (pipeline.definition.stream == name) out.String(pipeline.definition.name);
  }
  out.EndArray();
  const auto failure = stream->failure();
  WriteTextOrNull(out, "error", failure ? failure->message : "");
  out.EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::console
