// SPDX-License-Identifier: Apache-2.0
// Definitions as a stack writes them.
#include "app/stack_grammar_internal.h"

namespace tidemark::app {

TomlWriter::TomlWriter(std::string_view kind) : out_("[[" + std::string(kind) + "]]\n") {}

TomlWriter& TomlWriter::String(std::string_view key, std::string_view value) {
  out_.append(key).append(" = ");
  AppendJsonString(out_, value);
  out_ += '\n';
  return *this;
}

TomlWriter& TomlWriter::String(std::string_view key, std::string_view value,
                               std::string_view fallback) {
  return value == fallback ? *this : String(key, value);
}

TomlWriter& TomlWriter::Strings(std::string_view key, const std::vector<std::string>& values,
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

TomlWriter& TomlWriter::Duration(std::string_view key, nanoseconds value, nanoseconds fallback) {
  return value == fallback ? *this : String(key, FormatDuration(value));
}

TomlWriter& TomlWriter::Raw(std::string_view key, std::string_view text) {
  out_.append(key).append(" = ").append(text) += '\n';
  return *this;
}

}  // namespace tidemark::app
