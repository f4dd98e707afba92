// SPDX-License-Identifier: Apache-2.0
// Definitions as a stack writes them.
#include <algorithm>

#include "app/stack.h"
#include "base/json.h"

namespace tidemark::app {
namespace {

/// A TOML table, key by key. Basic strings of TOML are JSON strings but for DEL, which no name has.
class TomlWriter {
 public:
  explicit TomlWriter(std::string_view kind) : out_("[[" + std::string(kind) + "]]\n") {}

  TomlWriter& String(std::string_view key, std::string_view value) {
    out_.append(key).append(" = ");
    AppendJsonString(out_, value);
    out_ += '\n';
    return *this;
  }
  TomlWriter& String(std::string_view key, std::string_view value, std::string_view fallback) {
    return value == fallback ? *this : String(key, value);
  }
  TomlWriter& Strings(std::string_view key, const std::vector<std::string>& values,
                      const std::vector<std::string>& fallback) {
    if (values == fallback) return *this;
    out_.append(key).append(" = [");
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_ += ", ";
      AppendJsonString(out_, values[i]);
    }
    out_ += "]\n";
    return *this;
  }
  TomlWriter& Duration(std::string_view key, nanoseconds value, nanoseconds fallback) {
    return value == fallback ? *this : String(key, FormatDuration(value));
  }
  std::string Take() && { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace

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
  return std::move(out).Take();
}

std::string StackText(const catalog::ViewDef& def) {
  TomlWriter out("view");
  out.String("name", def.name).String("database", def.database).String("table", def.table);
  out.String("target_table", def.target_table, def.table);
  out.Strings("measures", def.measures, {"*"}).Strings("types", def.types, {"DOUBLE"});
  out.Strings("aggregates", def.aggregates, {"avg"});
  out.String("window", FormatDuration(def.window));
  out.Duration("offset", def.offset, nanoseconds(0)).Strings("group_by", def.group_by, {"*"});
  out.String("output", def.output, "{aggregate}_{measure}");
  if (def.label == catalog::WindowLabel::kEnd) out.String("label", "end");
  out.Duration("out_of_orderness", def.out_of_orderness, nanoseconds(0));
  out.Duration("allowed_lateness", def.allowed_lateness, nanoseconds(0));
  if (def.late == catalog::LatePolicy::kFreeze) out.String("late", "freeze");
  out.Duration("early", def.early, nanoseconds(0));
  out.Duration("provisional_after", def.provisional_after, nanoseconds(0));
  return std::move(out).Take();
}

}  // namespace tidemark::app
