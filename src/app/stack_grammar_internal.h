// SPDX-License-Identifier: Apache-2.0
// The pieces of the stack's grammar, one kind a file. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/stack.h"
#include "app/toml_reader.h"
#include "base/json.h"
#include "catalog/definitions.h"

namespace tidemark::app {

bool IsName(std::string_view name);
/// A required key that is a name.
std::string NameOf(TomlTable& table, std::string_view key = "name");
void StringList(JsonWriter& out, std::string_view key, const std::vector<std::string>& values);

/// `filter = {region = ["a", "b"], instance_type = "m5*", value_min = 0.0}`: a text is a pattern, a
/// list is any of its texts.
catalog::FilterDef ReadFilter(TomlTable& table);
/// As in a canonical definition: `{"region":["a"],..}`, a pattern as a string.
void WriteFilter(JsonWriter& out, const catalog::FilterDef& filter);
/// As the stack has it: `{region = ["a"]}`.
std::string FilterText(const catalog::FilterDef& filter);

catalog::PipelineDef ReadPipeline(TomlTable& table);
catalog::ViewDef ReadView(TomlTable& table);

/// A TOML table, key by key. Basic strings of TOML are JSON strings but for DEL, which no name has.
class TomlWriter {
 public:
  explicit TomlWriter(std::string_view kind);

  TomlWriter& String(std::string_view key, std::string_view value);
  /// These leave out what is at its default.
  TomlWriter& String(std::string_view key, std::string_view value, std::string_view fallback);
  TomlWriter& Strings(std::string_view key, const std::vector<std::string>& values,
                      const std::vector<std::string>& fallback);
  TomlWriter& Duration(std::string_view key, nanoseconds value, nanoseconds fallback);
  /// TOML text as it is.
  TomlWriter& Raw(std::string_view key, std::string_view text);
  std::string Take() && { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace tidemark::app
