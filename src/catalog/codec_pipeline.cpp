// SPDX-License-Identifier: Apache-2.0
// What a pipeline's definition has besides its mapping: written only where it is not at its
// default.
#include "base/base64.h"
#include "catalog/codec_pipeline_internal.h"
#include "catalog/codec_view_internal.h"

namespace tidemark::catalog {
namespace {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

void EncodePairs(std::string_view name, const TextPairs& pairs, Writer& out) {
  if (pairs.empty()) return;
  out.json().Key(name).BeginArray();  // key, value, key, value ..
  for (const auto& [key, value] : pairs) out.json().String(key).String(value);
  out.json().EndArray();
}

void DecodePairs(std::string_view name, TextPairs& pairs, Reader& in) {
  std::vector<std::string> texts;
  in.Texts(name, texts);
  for (size_t i = 0; i + 1 < texts.size(); i += 2) pairs.emplace_back(texts[i], texts[i + 1]);
}

void EncodeSavepoint(const SavepointDef& savepoint, JsonWriter& json) {
  json.BeginObject().Key("name").String(savepoint.name);
  json.Key("created_ms").Int(savepoint.created.ms);
  json.Key("definition").String(savepoint.definition);
  json.Key("partitions").BeginArray();
  for (const auto& [number, position] : savepoint.partitions) {
    json.BeginObject().Key("number").Int(number);
    json.Key("position").String(Base64Encode(position)).EndObject();
  }
  json.EndArray().EndObject();
}

Result<SavepointDef> DecodeSavepoint(const JsonValue& value) {
  SavepointDef out;
  Reader in(value);
  in.Text("name", out.name);
  in.Time("created_ms", out.created);
  in.Text("definition", out.definition);
  if (const JsonValue* list = in.Find("partitions"); list != nullptr && list->is_array()) {
    for (const JsonValue& one : list->array()) {
      auto& partition = out.partitions.emplace_back();
      Reader members(one);
      std::string position;
      members.Int("number", partition.number);
      members.Text("position", position);
      TM_RETURN_IF_ERROR(members.Finish());
      TM_ASSIGN_OR_RETURN(partition.position, Base64Decode(position));
    }
  }
  TM_RETURN_IF_ERROR(in.Finish());
  return out;
}

}  // namespace

void EncodePipelineExtras(const PipelineDef& def, Writer& out) {
  const PipelineDef plain;
  if (!def.mapping.punctuation.empty()) out.Text("punctuation", def.mapping.punctuation);
  EncodeFilter("filter", def.rules.filter, out);
  EncodePairs("rename", def.rules.rename, out);
  EncodePairs("set", def.rules.set, out);
  if (!def.rules.scale.empty()) {
    JsonWriter& json = out.json();
    json.Key("scale").BeginObject();
    for (const auto& [measure, factor] : def.rules.scale) json.Key(measure).Double(factor);
    json.EndObject();
  }
  if (def.breaker != plain.breaker) out.json().Key("breaker").Double(def.breaker);
  if (def.savepoints.empty()) return;
  out.json().Key("savepoints").BeginArray();
  for (const SavepointDef& savepoint : def.savepoints) EncodeSavepoint(savepoint, out.json());
  out.json().EndArray();
}

void DecodePipelineExtras(PipelineDef& def, Reader& in) {
  in.Text("punctuation", def.mapping.punctuation);
  DecodeFilter("filter", def.rules.filter, in);
  DecodePairs("rename", def.rules.rename, in);
  DecodePairs("set", def.rules.set, in);
  if (const JsonValue* scale = in.Find("scale"); scale != nullptr && scale->is_object()) {
    for (const auto& [measure, factor] : scale->object()) {
      if (!factor.is_number()) return in.Fail("scale", "holds something that is not a number");
      def.rules.scale.emplace_back(measure, factor.double_value());
    }
  }
  in.Number("breaker", def.breaker);
  const JsonValue* list = in.Find("savepoints");
  if (list == nullptr || !list->is_array()) return;
  for (const JsonValue& one : list->array()) {
    auto savepoint = DecodeSavepoint(one);
    if (!savepoint.ok()) return in.Fail("savepoints", savepoint.error().message);
    def.savepoints.push_back(std::move(savepoint).value());
  }
}

}  // namespace tidemark::catalog
