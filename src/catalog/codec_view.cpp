// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"
#include "catalog/codec_view_internal.h"

namespace tidemark::catalog {
namespace {

void EncodeDuration(std::string_view name, nanoseconds value, nanoseconds fallback, Writer& out) {
  if (value != fallback) out.Int(name, value.count());
}

void EncodeText(std::string_view name, const std::string& value, std::string_view fallback,
                Writer& out) {
  if (value != fallback) out.Text(name, value);
}

void EncodeZoneRules(const std::vector<ZoneRulesDef>& all, Writer& out) {
  if (all.empty()) return;
  JsonWriter& json = out.json();
  json.Key("zone_rules").BeginArray();
  for (const ZoneRulesDef& rules : all) {
    json.BeginObject();
    json.Key("from_ns").Int(rules.from.ns);
    json.Key("version").String(rules.version);
    json.Key("tzif").String(Base64Encode(rules.tzif));
    json.EndObject();
  }
  json.EndArray();
}

void DecodeZoneRules(std::vector<ZoneRulesDef>& all, Reader& in) {
  const JsonValue* value = in.Find("zone_rules");
  if (value == nullptr) return;
  if (!value->is_array()) return in.Fail("zone_rules", "is not a list");
  for (const JsonValue& one : value->array()) {
    ZoneRulesDef& rules = all.emplace_back();
    Reader members(one);
    members.Int("from_ns", rules.from.ns);
    members.Text("version", rules.version);
    std::string tzif;
    members.Text("tzif", tzif);
    if (const auto r = members.Finish(); !r.ok()) return in.Fail("zone_rules", r.error().message);
    if (const auto r = Base64DecodeTo(tzif, rules.tzif); !r.ok()) {
      return in.Fail("zone_rules", r.error().message);
    }
  }
}

}  // namespace

void EncodeFilter(std::string_view name, const FilterDef& filter, Writer& out) {
  if (filter.empty()) return;
  JsonWriter& json = out.json();
  json.Key(name).BeginObject();
  json.Key("texts").BeginArray();
  for (const FilterDef::Text& text : filter.texts) {
    json.BeginObject();
    json.Key("name").String(text.name);
    json.Key("values").BeginArray();
    for (const std::string& value : text.values) json.String(value);
    json.EndArray();
    json.Key("glob").Bool(text.glob);
    json.EndObject();
  }
  json.EndArray();
  if (filter.value_min) json.Key("value_min").Double(*filter.value_min);
  if (filter.value_max) json.Key("value_max").Double(*filter.value_max);
  json.EndObject();
}

void DecodeFilter(std::string_view name, FilterDef& filter, Reader& in) {
  const JsonValue* value = in.Find(name);
  if (value == nullptr) return;
  Reader members(*value);
  if (const JsonValue* texts = members.Find("texts"); texts != nullptr && texts->is_array()) {
    for (const JsonValue& one : texts->array()) {
      Reader text(one);
      FilterDef::Text& to = filter.texts.emplace_back();
      text.Text("name", to.name);
      text.Texts("values", to.values);
      text.Flag("glob", to.glob);
      if (const auto r = text.Finish(); !r.ok()) in.Fail(name, r.error().message);
    }
  }
  members.OptionalNumber("value_min", filter.value_min);
  members.OptionalNumber("value_max", filter.value_max);
  if (const auto r = members.Finish(); !r.ok()) in.Fail(name, r.error().message);
}

void EncodeViewExtras(const ViewDef& def, Writer& out) {
  const ViewDef plain;
  if (def.replaces != plain.replaces) out.Int("replaces", def.replaces.value);
  if (!def.retired.empty()) {
    out.json().Key("retired").BeginArray();
    for (const ViewId id : def.retired) out.json().Int(id.value);
    out.json().EndArray();
  }
  EncodeText("source", def.source, plain.source, out);
  if (def.source_generation != 0) out.Int("source_generation", def.source_generation);
  EncodeFilter("filter", def.filter, out);
  if (!def.label_map.name.empty()) {
    JsonWriter& json = out.json();
    json.Key("label_map").BeginObject();
    json.Key("name").String(def.label_map.name);
    json.Key("from").String(def.label_map.from);
    json.Key("texts").BeginArray();  // pattern, text, pattern, text ..
    for (const auto& [pattern, text] : def.label_map.texts) json.String(pattern).String(text);
    json.EndArray();
    json.EndObject();
  }
  EncodeDuration("slide_ns", def.slide, plain.slide, out);
  EncodeDuration("session_gap_ns", def.session_gap, plain.session_gap, out);
  EncodeDuration("max_session_ns", def.max_session, plain.max_session, out);
  EncodeText("calendar", def.calendar, plain.calendar, out);
  EncodeText("zone", def.zone, plain.zone, out);
  EncodeText("week_start", def.week_start, plain.week_start, out);
  EncodeZoneRules(def.zone_rules, out);
  EncodeDuration("every_ns", def.every, plain.every, out);
  EncodeText("fill", def.fill, plain.fill, out);
  if (def.fill_value != plain.fill_value) out.json().Key("fill_value").Double(def.fill_value);
  EncodeDuration("max_gap_ns", def.max_gap, plain.max_gap, out);
  if (!def.levels.empty()) {
    out.json().Key("levels_ns").BeginArray();
    for (const nanoseconds level : def.levels) out.json().Int(level.count());
    out.json().EndArray();
  }
  if (def.multi_rows) out.Flag("multi_rows", true);
  if (!def.columns.empty()) out.Texts("columns", def.columns);
  if (!def.buckets.empty()) {
    out.json().Key("buckets").BeginArray();
    for (const double bound : def.buckets) out.json().Double(bound);
    out.json().EndArray();
  }
  EncodeDuration("staleness_ns", def.staleness, plain.staleness, out);
  EncodeDuration("horizon_ns", def.horizon, plain.horizon, out);
  if (def.recompute_per_second != plain.recompute_per_second) {
    out.Int("recompute_per_second", def.recompute_per_second);
  }
  EncodeDuration("refresh_ns", def.refresh, plain.refresh, out);
  EncodeText("late_stream", def.late_stream, plain.late_stream, out);
}

void DecodeViewExtras(ViewDef& def, Reader& in) {
  in.Int("replaces", def.replaces.value);
  if (const JsonValue* retired = in.Find("retired"); retired != nullptr && retired->is_array()) {
    for (const JsonValue& one : retired->array()) {
      const auto id = one.AsInt64();
      if (!id || *id <= 0 || *id > UINT32_MAX) {
        return in.Fail("retired", "holds something that is no number of a view");
      }
      def.retired.push_back({static_cast<uint32_t>(*id)});
    }
  }
  in.Text("source", def.source);
  in.Int("source_generation", def.source_generation);
  DecodeFilter("filter", def.filter, in);
  if (const JsonValue* value = in.Find("label_map")) {
    Reader members(*value);
    members.Text("name", def.label_map.name);
    members.Text("from", def.label_map.from);
    std::vector<std::string> texts;
    members.Texts("texts", texts);
    for (size_t i = 0; i + 1 < texts.size(); i += 2) {
      def.label_map.texts.emplace_back(texts[i], texts[i + 1]);
    }
    if (const auto r = members.Finish(); !r.ok()) in.Fail("label_map", r.error().message);
  }
  in.Duration("slide_ns", def.slide);
  in.Duration("session_gap_ns", def.session_gap);
  in.Duration("max_session_ns", def.max_session);
  in.Text("calendar", def.calendar);
  in.Text("zone", def.zone);
  in.Text("week_start", def.week_start);
  DecodeZoneRules(def.zone_rules, in);
  in.Duration("every_ns", def.every);
  in.Text("fill", def.fill);
  in.Number("fill_value", def.fill_value);
  in.Duration("max_gap_ns", def.max_gap);
  if (const JsonValue* levels = in.Find("levels_ns"); levels != nullptr && levels->is_array()) {
    for (const JsonValue& level : levels->array()) {
      const auto ns = level.AsInt64();
      if (!ns) return in.Fail("levels_ns", "holds something that is not an integer");
      def.levels.emplace_back(*ns);
    }
  }
  in.Flag("multi_rows", def.multi_rows);
  in.Texts("columns", def.columns);
  in.Numbers("buckets", def.buckets);
  in.Duration("staleness_ns", def.staleness);
  in.Duration("horizon_ns", def.horizon);
  in.Int("recompute_per_second", def.recompute_per_second);
  in.Duration("refresh_ns", def.refresh);
  in.Text("late_stream", def.late_stream);
}

}  // namespace tidemark::catalog
