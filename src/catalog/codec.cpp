// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "base/json.h"
#include "catalog/codec_internal.h"
#include "catalog/codec_members_internal.h"
#include "catalog/codec_pipeline_internal.h"
#include "catalog/codec_view_internal.h"

namespace tidemark::catalog {
namespace {

constexpr Names<StreamMode, 2> kStreamModes{
    {{StreamMode::kProvisioned, "provisioned"}, {StreamMode::kOnDemand, "on_demand"}}};
constexpr Names<StartAt, 2> kStarts{
    {{StartAt::kTrimHorizon, "trim_horizon"}, {StartAt::kLatest, "latest"}}};
constexpr Names<WindowLabel, 2> kLabels{
    {{WindowLabel::kStart, "start"}, {WindowLabel::kEnd, "end"}}};
constexpr Names<LatePolicy, 2> kLatePolicies{
    {{LatePolicy::kRecompute, "recompute"}, {LatePolicy::kFreeze, "freeze"}}};

std::string HashText(HashKey key) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(key.hi),
                static_cast<unsigned long long>(key.lo));
  return {text.data(), 32};
}

Result<JsonValue> Parse(std::string_view json) {
  auto value = ParseJson(json);
  if (!value.ok()) return Error{Code::kCorruption, "catalog definition: " + value.error().message};
  return value;
}

void EncodeShard(JsonWriter& json, const ShardDef& shard) {
  json.BeginObject();
  json.Key("number").Int(shard.number);
  json.Key("hash_start").String(HashText(shard.hash_start));
  json.Key("hash_end").String(HashText(shard.hash_end));
  if (shard.parent) json.Key("parent").Int(*shard.parent);
  if (shard.adjacent_parent) json.Key("adjacent_parent").Int(*shard.adjacent_parent);
  json.Key("created_ms").Int(shard.created.ms);
  if (shard.closed) json.Key("closed_ms").Int(shard.closed->ms);
  json.EndObject();
}

Result<ShardDef> DecodeShard(const JsonValue& value) {
  ShardDef shard;
  Reader in(value);
  in.Int("number", shard.number);
  in.Hash("hash_start", shard.hash_start);
  in.Hash("hash_end", shard.hash_end);
  in.OptionalInt("parent", shard.parent);
  in.OptionalInt("adjacent_parent", shard.adjacent_parent);
  in.Time("created_ms", shard.created);
  std::optional<int64_t> closed;
  in.OptionalInt("closed_ms", closed);
  if (closed) shard.closed = ArrivalTime{*closed};
  TM_RETURN_IF_ERROR(in.Finish());
  return shard;
}

}  // namespace

std::string EncodeDefinition(const StreamDef& def) {
  Writer out;
  out.json().Key("shards").BeginArray();
  for (const ShardDef& shard : def.shards) EncodeShard(out.json(), shard);
  out.json().EndArray();
  out.Int("retention_hours", def.retention_hours);
  out.Enum("mode", def.mode, kStreamModes);
  out.Int("record_kib_max", def.record_kib_max);
  out.json().Key("tags").BeginObject();
  for (const auto& [key, value] : def.tags) out.Text(key, value);
  out.json().EndObject();
  out.Int("created_ms", def.created.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, StreamDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  if (const JsonValue* shards = in.Find("shards"); shards != nullptr && shards->is_array()) {
    for (const JsonValue& item : shards->array()) {
      TM_ASSIGN_OR_RETURN(ShardDef shard, DecodeShard(item));
      def.shards.push_back(shard);
    }
  } else {
    in.Fail("shards", "is not a list");
  }
  in.Int("retention_hours", def.retention_hours);
  in.Enum("mode", def.mode, kStreamModes);
  in.Int("record_kib_max", def.record_kib_max);
  if (const JsonValue* tags = in.Find("tags"); tags != nullptr && tags->is_object()) {
    for (const auto& [key, tag] : tags->object()) def.tags.emplace_back(key, tag.string_value());
  }
  in.Time("created_ms", def.created);
  return in.Finish();
}

std::string EncodeDefinition(const DatabaseDef& def) {
  Writer out;
  out.Text("extra", def.extra_json);
  out.Int("created_ms", def.created.ms);
  out.Int("updated_ms", def.updated.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, DatabaseDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Text("extra", def.extra_json);
  in.Time("created_ms", def.created);
  in.Time("updated_ms", def.updated);
  return in.Finish();
}

std::string EncodeDefinition(const TableDef& def) {
  Writer out;
  out.Int("database_id", def.database.value);
  out.Int("memory_retention_hours", def.memory_retention_hours);
  out.Int("magnetic_retention_days", def.magnetic_retention_days);
  out.Flag("magnetic_writes_enabled", def.magnetic_writes_enabled);
  out.Text("extra", def.extra_json);
  out.Int("created_ms", def.created.ms);
  out.Int("updated_ms", def.updated.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, TableDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Int("database_id", def.database.value);
  in.Int("memory_retention_hours", def.memory_retention_hours);
  in.Int("magnetic_retention_days", def.magnetic_retention_days);
  in.Flag("magnetic_writes_enabled", def.magnetic_writes_enabled);
  in.Text("extra", def.extra_json);
  in.Time("created_ms", def.created);
  in.Time("updated_ms", def.updated);
  return in.Finish();
}

std::string EncodeDefinition(const PipelineDef& def) {
  Writer out;
  out.Text("stream", def.stream);
  out.Text("database", def.database);
  out.Text("table", def.table);
  out.Enum("start", def.start, kStarts);
  out.Int("idle_timeout_ns", def.idle_timeout.count());
  out.Text("format", def.mapping.format);
  out.Text("measure_name", def.mapping.measure_name);
  out.Text("measure_value", def.mapping.measure_value);
  out.Text("measure_type", def.mapping.measure_type);
  out.Text("time", def.mapping.time);
  out.Text("time_unit", def.mapping.time_unit);
  out.Texts("dimensions", def.mapping.dimensions);
  EncodePipelineExtras(def, out);
  out.Flag("running", def.running);
  out.Text("definition", def.definition);
  out.Int("created_ms", def.created.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, PipelineDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Text("stream", def.stream);
  in.Text("database", def.database);
  in.Text("table", def.table);
  in.Enum("start", def.start, kStarts);
  in.Duration("idle_timeout_ns", def.idle_timeout);
  in.Text("format", def.mapping.format);
  in.Text("measure_name", def.mapping.measure_name);
  in.Text("measure_value", def.mapping.measure_value);
  in.Text("measure_type", def.mapping.measure_type);
  in.Text("time", def.mapping.time);
  in.Text("time_unit", def.mapping.time_unit);
  in.Texts("dimensions", def.mapping.dimensions);
  DecodePipelineExtras(def, in);
  in.Flag("running", def.running);
  in.Text("definition", def.definition);
  in.Time("created_ms", def.created);
  return in.Finish();
}

std::string EncodeDefinition(const ViewDef& def) {
  Writer out;
  out.Int("generation", def.generation);
  out.Text("database", def.database);
  out.Text("table", def.table);
  out.Text("target_table", def.target_table);
  out.Texts("measures", def.measures);
  out.Texts("types", def.types);
  out.Texts("aggregates", def.aggregates);
  out.Int("window_ns", def.window.count());
  if (def.offset != nanoseconds(0)) out.Int("offset_ns", def.offset.count());
  out.Texts("group_by", def.group_by);
  EncodeViewExtras(def, out);
  out.Text("output", def.output);
  out.Enum("label", def.label, kLabels);
  out.Int("out_of_orderness_ns", def.out_of_orderness.count());
  out.Int("allowed_lateness_ns", def.allowed_lateness.count());
  out.Enum("late", def.late, kLatePolicies);
  if (def.early != nanoseconds(0)) out.Int("early_ns", def.early.count());
  if (def.provisional_after != nanoseconds(0))
    out.Int("provisional_after_ns", def.provisional_after.count());
  out.Flag("adopt", def.adopt);
  out.Flag("running", def.running);
  if (def.paused) out.Flag("paused", true);
  out.Text("definition", def.definition);
  out.Int("created_ms", def.created.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, ViewDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Int("generation", def.generation);
  in.Text("database", def.database);
  in.Text("table", def.table);
  in.Text("target_table", def.target_table);
  in.Texts("measures", def.measures);
  in.Texts("types", def.types);
  in.Texts("aggregates", def.aggregates);
  in.Duration("window_ns", def.window);
  in.Duration("offset_ns", def.offset);
  in.Texts("group_by", def.group_by);
  DecodeViewExtras(def, in);
  in.Text("output", def.output);
  in.Enum("label", def.label, kLabels);
  in.Duration("out_of_orderness_ns", def.out_of_orderness);
  in.Duration("allowed_lateness_ns", def.allowed_lateness);
  in.Enum("late", def.late, kLatePolicies);
  in.Duration("early_ns", def.early);
  in.Duration("provisional_after_ns", def.provisional_after);
  in.Flag("adopt", def.adopt);
  in.Flag("running", def.running);
  in.Flag("paused", def.paused);
  in.Text("definition", def.definition);
  in.Time("created_ms", def.created);
  return in.Finish();
}

namespace {

void EncodeRun(JsonWriter& json, const ScheduledRunDef& run) {
  json.BeginObject();
  json.Key("invocation_ms").Int(run.invocation.ms);
  json.Key("trigger_ms").Int(run.trigger.ms);
  json.Key("manual").Bool(run.manual);
  json.Key("succeeded").Bool(run.succeeded);
  json.Key("execution_ms").Int(run.execution_ms);
  json.Key("bytes_written").Int(run.bytes_written);
  json.Key("records").Int(run.records);
  json.Key("rows").Int(run.rows);
  json.Key("bytes_scanned").Int(run.bytes_scanned);
  json.Key("report_bucket").String(run.report_bucket);
  json.Key("report_key").String(run.report_key);
  json.Key("failure").String(run.failure);
  json.EndObject();
}

Result<ScheduledRunDef> DecodeRun(const JsonValue& value) {
  ScheduledRunDef run;
  Reader in(value);
  in.Time("invocation_ms", run.invocation);
  in.Time("trigger_ms", run.trigger);
  in.Flag("manual", run.manual);
  in.Flag("succeeded", run.succeeded);
  in.Int("execution_ms", run.execution_ms);
  in.Int("bytes_written", run.bytes_written);
  in.Int("records", run.records);
  in.Int("rows", run.rows);
  in.Int("bytes_scanned", run.bytes_scanned);
  in.Text("report_bucket", run.report_bucket);
  in.Text("report_key", run.report_key);
  in.Text("failure", run.failure);
  TM_RETURN_IF_ERROR(in.Finish());
  return run;
}

}  // namespace

std::string EncodeDefinition(const ScheduledQueryDef& def) {
  Writer out;
  out.Text("suffix", def.suffix);
  out.Text("sql", def.sql);
  out.Text("schedule", def.schedule);
  out.Flag("enabled", def.enabled);
  out.Text("properties", def.properties_json);
  out.Text("client_token", def.client_token);
  out.Text("request_hash", def.request_hash);
  out.Int("considered_ms", def.considered.ms);
  out.json().Key("runs").BeginArray();
  for (const ScheduledRunDef& run : def.runs) EncodeRun(out.json(), run);
  out.json().EndArray();
  out.Int("created_ms", def.created.ms);
  return out.Finish();
}

Result<void> DecodeDefinition(std::string_view text, ScheduledQueryDef& def) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, Parse(text));
  Reader in(value);
  in.Text("suffix", def.suffix);
  in.Text("sql", def.sql);
  in.Text("schedule", def.schedule);
  in.Flag("enabled", def.enabled);
  in.Text("properties", def.properties_json);
  in.Text("client_token", def.client_token);
  in.Text("request_hash", def.request_hash);
  in.Time("considered_ms", def.considered);
  if (const JsonValue* runs = in.Find("runs"); runs != nullptr && runs->is_array()) {
    for (const JsonValue& item : runs->array()) {
      TM_ASSIGN_OR_RETURN(ScheduledRunDef run, DecodeRun(item));
      def.runs.push_back(std::move(run));
    }
  }
  in.Time("created_ms", def.created);
  return in.Finish();
}

}  // namespace tidemark::catalog
