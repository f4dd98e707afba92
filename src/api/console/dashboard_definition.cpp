// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/dashboard_definition_internal.h"

namespace tidemark::console {
namespace {

constexpr size_t kPanelsMax = 200;
constexpr size_t kQueriesMax = 20;       // of a panel
constexpr size_t kVariablesMax = 100;    // of a dashboard, or a call
constexpr size_t kValuesMax = 1000;      // of a variable
constexpr size_t kValueBytesMax = 2048;  // as a dimension's value: timestream-api.md 4.9
constexpr int64_t kPointsMax = 100'000;

Error Bad(std::string what) { return Error{Code::kInvalidArgument, std::move(what)}; }

std::string TextOf(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  return value != nullptr && value->is_string() ? value->string_value() : std::string();
}

Result<DashboardDefinition::Panel> ReadPanel(const JsonValue& value) {
  DashboardDefinition::Panel panel;
  panel.id = TextOf(value, "id");
  if (panel.id.empty()) return Bad("every panel needs an id");
  if (const JsonValue* points = value.Find("max_points"); points != nullptr) {
    const auto count = points->AsInt64();
    if (count && *count >= 10 && *count <= kPointsMax) {
      panel.max_points = static_cast<size_t>(*count);
    }
  }
  const JsonValue* queries = value.Find("queries");
  if (queries == nullptr || !queries->is_array()) return panel;
  if (queries->array().size() > kQueriesMax) return Bad("a panel has at most 20 queries");
  for (const JsonValue& query : queries->array()) {
    panel.queries.push_back({TextOf(query, "sql"), TextOf(query, "database"),
                             TextOf(query, "table"), TextOf(query, "measure")});
  }
  return panel;
}

Result<std::vector<std::string>> ReadValues(const JsonValue& value) {
  std::vector<std::string> out;
  if (value.is_null()) return out;
  if (value.is_string()) {
    out.push_back(value.string_value());
  } else if (value.is_array() && value.array().size() <= kValuesMax) {
    for (const JsonValue& item : value.array()) {
      if (!item.is_string()) return Bad("values of a variable are texts");
      out.push_back(item.string_value());
    }
  } else {
    return Bad("a variable is a text or a list of at most 1,000 texts");
  }
  if (std::ranges::any_of(out, [](const auto& v) { return v.size() > kValueBytesMax; })) {
    return Bad("a value of a variable has at most 2,048 bytes");
  }
  return out;
}

bool IsNamePart(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string Doubled(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') out.push_back(c);
    out.push_back(c);
  }
  return out;
}

std::string Literals(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) {
    out.append(out.empty() ? "'" : ",'").append(Doubled(value)).append("'");
  }
  return out;
}

/// One pass over a statement. Single-owner.
class Replacer {
 public:
  Replacer(std::string_view sql, const Variables& variables, std::string& out)
      : sql_(sql), variables_(variables), out_(out) {}

  std::optional<Failure> Run() {
    while (at_ < sql_.size()) {
      const std::string_view rest = sql_.substr(at_);
      if (rest.starts_with("[[")) {
        if (auto failure = Clause()) return failure;
      } else if (rest.starts_with("--")) {
        CopyTo(std::min(sql_.find('\n', at_), sql_.size()));
      } else if (rest.starts_with("/*")) {
        CopyTo(Behind(sql_.find("*/", at_ + 2), 2));
      } else if (rest.front() == '"') {
        CopyTo(Behind(sql_.find('"', at_ + 1), 1));
      } else if (rest.front() == '\'') {
        if (auto failure = String()) return failure;
      } else if (const auto name = NameAt(at_); name.bytes > 0) {
        std::string text;
        if (auto failure = Values(name.name, text)) return failure;
        out_ += text;
        at_ += name.bytes;
      } else {
        CopyTo(at_ + 1);
      }
    }
    return std::nullopt;
  }

 private:
  struct Found {
    std::string_view name;
    size_t bytes = 0;  // 0: no variable is here
  };

  size_t Behind(size_t end, size_t mark) const {
    return end == std::string_view::npos ? sql_.size() : end + mark;
  }
  void CopyTo(size_t end) {
    out_.append(sql_.substr(at_, end - at_));
    at_ = end;
  }

  /// $name or ${name}; $__name is a macro.
  Found NameAt(size_t at) const {
    if (sql_[at] != '$') return {};
    const bool braced = at + 1 < sql_.size() && sql_[at + 1] == '{';
    const size_t begin = at + (braced ? 2 : 1);
    size_t end = begin;
    while (end < sql_.size() && IsNamePart(sql_[end])) ++end;
    const std::string_view name = sql_.substr(begin, end - begin);
    // A digit begins no name: $5 is a price.
    if (name.empty() || name.starts_with("__") || (name.front() >= '0' && name.front() <= '9')) {
      return {};
    }
    if (braced && (end >= sql_.size() || sql_[end] != '}')) return {};
    return {name, end + (braced ? 1 : 0) - at};
  }

  std::optional<Failure> Missing(std::string_view name) const {
    return InvalidRequest("The statement uses $" + std::string(name) + ", which has no value.",
                          "variables." + std::string(name));
  }

  std::optional<Failure> Values(std::string_view name, std::string& text) const {
    const auto found = variables_.find(name);
    if (found == variables_.end() || found->second.empty()) return Missing(name);
    text = Literals(found->second);
    return std::nullopt;
  }

  /// [[ .. ]] around variables: left out while one of them is given and has no value ("All").
  /// Around anything else these are brackets like others.
  std::optional<Failure> Clause() {
    const size_t end = sql_.find("]]", at_);
    const std::string_view inside =
        end == std::string_view::npos ? std::string_view() : sql_.substr(at_ + 2, end - at_ - 2);
    bool names = false;
    bool all = false;
    const Replacer reader(inside, variables_, out_);
    for (size_t i = 0; i < inside.size(); ++i) {
      const Found name = reader.NameAt(i);
      if (name.bytes == 0) continue;
      names = true;
      const auto found = variables_.find(name.name);
      all = all || (found != variables_.end() && found->second.empty());
    }
    if (!names) {
      CopyTo(at_ + 2);
      return std::nullopt;
    }
    if (!all) {
      if (auto failure = Replacer(inside, variables_, out_).Run()) return failure;
    }
    at_ = end + 2;
    return std::nullopt;
  }

  /// A whole string literal, doubled quotes included.
  std::optional<Failure> String() {
    const Found whole = at_ + 1 < sql_.size() ? NameAt(at_ + 1) : Found{};
    const size_t close = at_ + 1 + whole.bytes;
    const bool alone = whole.bytes > 0 && close < sql_.size() && sql_[close] == '\'' &&
                       (close + 1 == sql_.size() || sql_[close + 1] != '\'');
    if (alone) {
      std::string text;
      if (auto failure = Values(whole.name, text)) return failure;
      out_ += text;
      at_ = close + 1;
      return std::nullopt;
    }
    CopyTo(at_ + 1);
    while (at_ < sql_.size() && sql_[at_] != '\'') {
      const Found name = NameAt(at_);
      const auto found = name.bytes > 0 ? variables_.find(name.name) : variables_.end();
      // A price in a text is no variable.
      if (found == variables_.end() || found->second.size() != 1) {
        CopyTo(at_ + 1);
        continue;
      }
      out_ += Doubled(found->second.front());
      at_ += name.bytes;
    }
    if (at_ < sql_.size()) CopyTo(at_ + 1);
    return std::nullopt;
  }

  const std::string_view sql_;
  const Variables& variables_;
  std::string& out_;
  size_t at_ = 0;
};

}  // namespace

const DashboardDefinition::Panel* DashboardDefinition::Find(std::string_view panel) const {
  const auto found = std::ranges::find(panels, panel, &Panel::id);
  return found == panels.end() ? nullptr : &*found;
}

std::set<std::pair<std::string, std::string>> DashboardDefinition::Tables() const {
  std::set<std::pair<std::string, std::string>> out;
  for (const Panel& panel : panels) {
    for (const Query& query : panel.queries) out.emplace(query.database, query.table);
  }
  return out;
}

Result<DashboardDefinition> ReadDefinition(const JsonValue& value) {
  if (!value.is_object()) return Bad("the definition must be a JSON object");
  const JsonValue* schema = value.Find("schema");
  if (schema == nullptr || schema->AsInt64() != 1) return Bad("the definition needs \"schema\": 1");
  DashboardDefinition out;
  out.title = TextOf(value, "title");
  if (out.title.empty()) return Bad("the definition needs a title");
  out.description = TextOf(value, "description");
  if (const JsonValue* tags = value.Find("tags"); tags != nullptr && tags->is_array()) {
    for (const JsonValue& tag : tags->array()) {
      if (tag.is_string() && out.tags.size() < 20) out.tags.push_back(tag.string_value());
    }
  }
  if (const JsonValue* variables = value.Find("variables");
      variables != nullptr && variables->is_array()) {
    if (variables->array().size() > kVariablesMax) return Bad("at most 100 variables");
    for (const JsonValue& variable : variables->array()) {
      const std::string name = TextOf(variable, "name");
      if (name.empty()) return Bad("every variable needs a name");
      const JsonValue* fallback = variable.Find("default");
      std::vector<std::string> values;
      if (fallback != nullptr) {
        TM_ASSIGN_OR_RETURN(values, ReadValues(*fallback));
      }
      out.defaults.emplace(name, std::move(values));
    }
  }
  if (const JsonValue* panels = value.Find("panels"); panels != nullptr && panels->is_array()) {
    if (panels->array().size() > kPanelsMax) return Bad("at most 200 panels");
    for (const JsonValue& item : panels->array()) {
      TM_ASSIGN_OR_RETURN(DashboardDefinition::Panel panel, ReadPanel(item));
      if (out.Find(panel.id) != nullptr) return Bad("two panels have the id " + panel.id);
      out.panels.push_back(std::move(panel));
    }
  }
  return out;
}

Result<DashboardDefinition> ParseDefinition(std::string_view text) {
  TM_ASSIGN_OR_RETURN(const JsonValue value, ParseJson(text));
  return ReadDefinition(value);
}

std::optional<Failure> ReadVariables(const JsonValue* value, Variables& out) {
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_object() || value->object().size() > kVariablesMax) {
    return InvalidRequest("it must be an object of at most 100 variables", "variables");
  }
  for (const auto& [name, given] : value->object()) {
    auto values = ReadValues(given);
    if (!values.ok()) return InvalidRequest(values.error().message, "variables." + name);
    out[name] = std::move(*values);
  }
  return std::nullopt;
}

void WriteVariables(JsonWriter& out, const Variables& variables) {
  out.BeginObject();
  for (const auto& [name, values] : variables) {
    out.Key(name).BeginArray();
    for (const std::string& value : values) out.String(value);
    out.EndArray();
  }
  out.EndObject();
}

std::optional<Failure> ReplaceVariables(std::string_view sql, const Variables& variables,
                                        std::string& out) {
  return Replacer(sql, variables, out).Run();
}

}  // namespace tidemark::console
