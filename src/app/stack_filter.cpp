// SPDX-License-Identifier: Apache-2.0
#include "app/stack_grammar_internal.h"
#include "base/numbers.h"

namespace tidemark::app {

catalog::FilterDef ReadFilter(TomlTable& table) {
  catalog::FilterDef out;
  auto filter = table.Table("filter");
  if (!filter) return out;
  out.value_min = filter->Number("value_min");
  out.value_max = filter->Number("value_max");
  for (std::string& name : filter->Keys()) {
    if (name == "value_min" || name == "value_max") continue;
    const bool glob = !filter->IsList(name);
    auto values = filter->Strings(name, {});
    out.texts.push_back({std::move(name), std::move(values), glob});
  }
  if (out.value_min && out.value_max && *out.value_max < *out.value_min) {
    table.Problem("filter", "key \"filter\": value_max is below value_min: nothing would pass");
  }
  table.Join(*filter);
  return out;
}

void WriteFilter(JsonWriter& out, const catalog::FilterDef& filter) {
  out.BeginObject();
  for (const auto& text : filter.texts) {
    if (text.values.empty()) continue;  // not a filter that could be read
    if (text.glob) {
      out.Key(text.name).String(text.values.front());
    } else {
      StringList(out, text.name, text.values);
    }
  }
  if (filter.value_min) out.Key("value_min").Double(*filter.value_min);
  if (filter.value_max) out.Key("value_max").Double(*filter.value_max);
  out.EndObject();
}

std::string FilterText(const catalog::FilterDef& filter) {
  std::string out = "{";
  const auto key = [&out](std::string_view name) {
    if (out.size() > 1) out += ", ";
    AppendJsonString(out, name);
    out += " = ";
  };
  for (const auto& text : filter.texts) {
    key(text.name);
    if (text.glob) {
      AppendJsonString(out, text.values.front());
      continue;
    }
    out += '[';
    for (size_t i = 0; i < text.values.size(); ++i) {
      if (i > 0) out += ", ";
      AppendJsonString(out, text.values[i]);
    }
    out += ']';
  }
  const auto bound = [&](std::string_view name, const std::optional<double>& value) {
    if (!value) return;
    key(name);
    out += FormatDoubleShortest(*value);
  };
  bound("value_min", filter.value_min);
  bound("value_max", filter.value_max);
  return out + "}";
}

}  // namespace tidemark::app
