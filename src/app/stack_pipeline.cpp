// SPDX-License-Identifier: Apache-2.0
// [[pipeline]].
#include "app/stack_grammar_internal.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// `key = {name = "text", ..}`.
TextPairs ReadTexts(TomlTable& table, std::string_view key) {
  TextPairs out;
  auto inner = table.Table(key);
  if (!inner) return out;
  for (std::string& name : inner->Keys()) {
    std::string text = inner->RequiredString(name);
    out.emplace_back(std::move(name), std::move(text));
  }
  table.Join(*inner);
  return out;
}

void AppendValue(std::string& out, const std::string& text) { AppendJsonString(out, text); }
void AppendValue(std::string& out, double number) { out += FormatDoubleShortest(number); }

template <typename Value>
std::string InlineTable(const std::vector<std::pair<std::string, Value>>& pairs) {
  std::string out = "{";
  for (const auto& [name, value] : pairs) {
    if (out.size() > 1) out += ", ";
    AppendJsonString(out, name);
    out += " = ";
    AppendValue(out, value);
  }
  return out + "}";
}

}  // namespace

catalog::PipelineDef ReadPipeline(TomlTable& table) {
  catalog::PipelineDef def;
  def.name = NameOf(table);
  def.stream = NameOf(table, "stream");
  def.database = NameOf(table, "database");
  def.table = NameOf(table, "table");
  def.start = table.OneOf("start", "trim_horizon", {"trim_horizon", "latest"}) == 0
                  ? catalog::StartAt::kTrimHorizon
                  : catalog::StartAt::kLatest;
  def.idle_timeout = table.Duration("idle_timeout", seconds(60), milliseconds(1));
  table.OneOf("format", "json", {"json"});
  def.mapping.measure_name = table.RequiredString("measure_name");
  def.mapping.measure_value = table.RequiredString("measure_value");
  def.mapping.measure_type = table.String("measure_type", "");
  def.mapping.time = table.RequiredString("time");
  def.mapping.time_unit = table.String("time_unit", "");
  def.mapping.dimensions = table.Strings("dimensions", {"*"});
  if (table.Has("punctuation")) def.mapping.punctuation = table.RequiredString("punctuation");
  def.rules.filter = ReadFilter(table);
  def.rules.rename = ReadTexts(table, "rename");
  def.rules.set = ReadTexts(table, "set");
  if (auto scale = table.Table("scale")) {
    for (std::string& measure : scale->Keys()) {
      const auto factor = scale->Number(measure);
      def.rules.scale.emplace_back(std::move(measure), factor.value_or(1));
    }
    table.Join(*scale);
  }
  def.breaker = table.Number("breaker").value_or(def.breaker);
  if (def.breaker < 0 || def.breaker > 1) {
    table.Problem("breaker", "key \"breaker\" must be a share between 0 and 1 (1: never)");
  }
  def.definition = DefinitionText(def);
  return def;
}

std::string DefinitionText(const catalog::PipelineDef& def) {
  JsonWriter out;
  out.BeginObject();
  out.Key("stream").String(def.stream).Key("database").String(def.database);
  out.Key("table").String(def.table);
  out.Key("start").String(def.start == catalog::StartAt::kLatest ? "latest" : "trim_horizon");
  out.Key("idle_timeout").String(FormatDuration(def.idle_timeout));
  out.Key("format").String(def.mapping.format);
  out.Key("measure_name").String(def.mapping.measure_name);
  out.Key("measure_value").String(def.mapping.measure_value);
  out.Key("measure_type").String(def.mapping.measure_type);
  out.Key("time").String(def.mapping.time).Key("time_unit").String(def.mapping.time_unit);
  StringList(out, "dimensions", def.mapping.dimensions);
  // Not in the texts of catalogs written before there were these.
  if (!def.mapping.punctuation.empty()) out.Key("punctuation").String(def.mapping.punctuation);
  if (!def.rules.filter.empty()) WriteFilter(out.Key("filter"), def.rules.filter);
  const auto texts = [&out](std::string_view key, const TextPairs& pairs) {
    if (pairs.empty()) return;
    out.Key(key).BeginObject();
    for (const auto& [name, text] : pairs) out.Key(name).String(text);
    out.EndObject();
  };
  texts("rename", def.rules.rename);
  texts("set", def.rules.set);
  if (!def.rules.scale.empty()) {
    out.Key("scale").BeginObject();
    for (const auto& [measure, factor] : def.rules.scale) out.Key(measure).Double(factor);
    out.EndObject();
  }
  if (def.breaker != catalog::PipelineDef().breaker) out.Key("breaker").Double(def.breaker);
  out.EndObject();
  return std::move(out).Take();
}

std::string StackText(const catalog::PipelineDef& def) {
  TomlWriter out("pipeline");
  out.String("name", def.name).String("stream", def.stream);
  out.String("database", def.database).String("table", def.table);
  if (def.start == catalog::StartAt::kLatest) out.String("start", "latest");
  out.Duration("idle_timeout", def.idle_timeout, seconds(60));
  out.String("measure_name", def.mapping.measure_name);
  out.String("measure_value", def.mapping.measure_value);
  out.String("measure_type", def.mapping.measure_type, "");
  out.String("time", def.mapping.time).String("time_unit", def.mapping.time_unit, "");
  out.Strings("dimensions", def.mapping.dimensions, {"*"});
  out.String("punctuation", def.mapping.punctuation, "");
  if (!def.rules.filter.empty()) out.Raw("filter", FilterText(def.rules.filter));
  if (!def.rules.rename.empty()) out.Raw("rename", InlineTable(def.rules.rename));
  if (!def.rules.set.empty()) out.Raw("set", InlineTable(def.rules.set));
  if (!def.rules.scale.empty()) out.Raw("scale", InlineTable(def.rules.scale));
  if (def.breaker != catalog::PipelineDef().breaker) {
    out.Raw("breaker", FormatDoubleShortest(def.breaker));
  }
  return std::move(out).Take();
}

}  // namespace tidemark::app
