// SPDX-License-Identifier: Apache-2.0
#include "app/toml_reader.h"

// The packaged library is built with exceptions; without them the parser has to be compiled here.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <toml++/toml.h>

#include "app/stack.h"
#include "base/check.h"
#include "base/json.h"

namespace tidemark::app {

struct TomlTable::Impl {
  std::shared_ptr<toml::table> root;  // keeps `table` alive
  toml::table* table = nullptr;
  std::string file;
  size_t line = 0;
  std::string title;  // "[[view]] \"ec2-5m\"" is not known yet: "[[view]]"
  std::vector<std::string> asked;
  std::vector<std::string_view> expected;
  std::optional<Error> error;

  void CheckExpected(std::string_view key) const {
    TM_CHECK(expected.empty() || std::ranges::find(expected, key) != expected.end());
  }

  void Ask(std::string_view key) {
    CheckExpected(key);
    asked.emplace_back(key);
  }

  const toml::node* Find(std::string_view key) {
    Ask(key);
    return table->get(key);
  }

  void Fail(size_t at, std::string message) {
    if (!error) {
      error = Error{Code::kInvalidArgument, file + ":" + std::to_string(at) + ": " + message};
    }
  }

  void WrongType(std::string_view key, const toml::node& node, std::string_view want) {
    Fail(node.source().begin.line, "key \"" + std::string(key) + "\" must be " + std::string(want));
  }
};

TomlTable::TomlTable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TomlTable::~TomlTable() = default;
TomlTable::TomlTable(TomlTable&&) noexcept = default;
TomlTable& TomlTable::operator=(TomlTable&&) noexcept = default;

Result<TomlTable> ParseToml(std::string_view text, std::string_view file) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return Error{Code::kInvalidArgument, std::string(file) + ":" +
                                             std::to_string(error.source().begin.line) + ": " +
                                             std::string(error.description())};
  }
  auto impl = std::make_unique<TomlTable::Impl>();
  impl->root = std::make_shared<toml::table>(std::move(parsed).table());
  impl->table = impl->root.get();
  impl->file = file;
  impl->line = 1;
  return TomlTable(std::move(impl));
}

bool TomlTable::Has(std::string_view key) const {
  impl_->CheckExpected(key);
  return impl_->table->contains(key);
}

void TomlTable::Expect(std::vector<std::string_view> keys) { impl_->expected = std::move(keys); }

std::vector<std::string> TomlTable::KeyPaths() const {
  std::vector<std::string> out;
  for (const auto& [key, node] : *impl_->table) {
    const std::string name(key.str());
    const auto* table = node.as_table();
    if (table == nullptr) {
      out.push_back(name);
      continue;
    }
    for (const auto& [inner, value] : *table) out.push_back(name + "." + std::string(inner.str()));
  }
  return out;
}

std::string TomlTable::String(std::string_view key, std::string_view fallback) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return std::string(fallback);
  if (const auto* text = node->as_string()) return text->get();
  impl_->WrongType(key, *node, "a string");
  return {};
}

std::string TomlTable::RequiredString(std::string_view key) {
  std::string value = String(key, "");
  if (value.empty() && Has(key)) {
    Problem(key, "key \"" + std::string(key) + "\" must not be empty");
  } else if (value.empty()) {
    impl_->Fail(impl_->line, impl_->title + " needs the key \"" + std::string(key) + "\"");
  }
  return value;
}

int64_t TomlTable::Integer(std::string_view key, int64_t fallback, int64_t min, int64_t max) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return fallback;
  const auto* number = node->as_integer();
  if (number == nullptr) {
    impl_->WrongType(key, *node, "a whole number");
    return fallback;
  }
  if (number->get() < min || number->get() > max) {
    impl_->WrongType(key, *node, "between " + std::to_string(min) + " and " + std::to_string(max));
  }
  return number->get();
}

bool TomlTable::Bool(std::string_view key, bool fallback) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  impl_->WrongType(key, *node, "true or false");
  return fallback;
}

nanoseconds TomlTable::Duration(std::string_view key, nanoseconds fallback, nanoseconds min) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return fallback;
  const auto* text = node->as_string();
  const auto duration = text != nullptr ? ParseDuration(text->get())
                                        : Result<nanoseconds>(Error{Code::kInvalidArgument, ""});
  if (!duration.ok()) {
    impl_->WrongType(key, *node, "a duration such as \"5m\" or \"250ms\"");
    return fallback;
  }
  if (*duration < min) impl_->WrongType(key, *node, "at least " + FormatDuration(min));
  return *duration;
}

nanoseconds TomlTable::RequiredDuration(std::string_view key, nanoseconds min) {
  if (!Has(key)) {
    impl_->Fail(impl_->line, impl_->title + " needs the key \"" + std::string(key) + "\"");
  }
  return Duration(key, min, min);
}

uint64_t TomlTable::ByteSize(std::string_view key, uint64_t fallback, uint64_t min) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return fallback;
  const auto* text = node->as_string();
  const auto size = text != nullptr ? ParseByteSize(text->get())
                                    : Result<uint64_t>(Error{Code::kInvalidArgument, ""});
  if (!size.ok()) {
    impl_->WrongType(key, *node, "a size with unit such as \"256MiB\"");
    return fallback;
  }
  if (*size < min) impl_->WrongType(key, *node, "at least " + std::to_string(min) + " bytes");
  return *size;
}

std::vector<nanoseconds> TomlTable::Durations(std::string_view key) {
  std::vector<nanoseconds> out;
  if (!Has(key)) return out;
  for (const std::string& text : Strings(key, {})) {
    const auto duration = ParseDuration(text);
    if (!duration.ok()) {
      Problem(key, "key \"" + std::string(key) + "\": \"" + text +
                       "\" is no duration such as \"5m\" or \"250ms\"");
      return out;
    }
    out.push_back(*duration);
  }
  return out;
}

namespace {

// TOML has nan and inf; nothing here does.
bool IsFinite(const toml::node& node) {
  return node.is_number() && std::isfinite(node.value<double>().value_or(0));
}

}  // namespace

std::optional<double> TomlTable::Number(std::string_view key) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return std::nullopt;
  if (!IsFinite(*node)) {
    impl_->WrongType(key, *node, "a finite number");
    return std::nullopt;
  }
  return node->value<double>();
}

std::vector<double> TomlTable::Numbers(std::string_view key) {
  std::vector<double> out;
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return out;
  const auto* list = node->as_array();
  if (list == nullptr) {
    impl_->WrongType(key, *node, "a list of numbers");
    return out;
  }
  for (const auto& item : *list) {
    if (!IsFinite(item)) {
      impl_->WrongType(key, item, "a list of finite numbers");
      return out;
    }
    out.push_back(item.value<double>().value_or(0));
  }
  return out;
}

bool TomlTable::IsList(std::string_view key) const {
  const toml::node* node = impl_->table->get(key);
  return node != nullptr && node->is_array();
}

std::vector<std::string> TomlTable::Keys() const {
  std::vector<std::string> out;
  for (const auto& [key, node] : *impl_->table) out.emplace_back(key.str());
  return out;
}

std::vector<std::string> TomlTable::Strings(std::string_view key, std::vector<std::string> fallback,
                                            EmptyList empty) {
  const toml::node* node = impl_->Find(key);
  if (node == nullptr) return fallback;
  if (const auto* text = node->as_string()) return {text->get()};
  std::vector<std::string> out;
  const auto* list = node->as_array();
  if (list == nullptr || (list->empty() && empty == EmptyList::kRefused)) {
    impl_->WrongType(key, *node, "a string or a list of strings");
    return out;
  }
  for (const auto& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr) {
      impl_->WrongType(key, item, "a list of strings");
      return out;
    }
    out.push_back(text->get());
  }
  return out;
}

size_t TomlTable::OneOf(std::string_view key, std::string_view fallback,
                        const std::vector<std::string>& names) {
  const std::string value = String(key, fallback);
  const auto found = std::ranges::find(names, value);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  Problem(key,
          "key \"" + std::string(key) + "\" must be one of " + list + ", not \"" + value + "\"");
  return 0;
}

std::vector<TomlTable> TomlTable::Tables(std::string_view key) {
  std::vector<TomlTable> out;
  toml::node* node = impl_->table->get(key);
  impl_->Ask(key);
  if (node == nullptr) return out;
  auto* list = node->as_array();
  if (list == nullptr) {
    impl_->WrongType(key, *node, "written as [[" + std::string(key) + "]]");
    return out;
  }
  for (auto& item : *list) {
    auto* table = item.as_table();
    if (table == nullptr) {
      impl_->WrongType(key, item, "written as [[" + std::string(key) + "]]");
      return out;
    }
    auto impl = std::make_unique<Impl>();
    impl->root = impl_->root;
    impl->table = table;
    impl->file = impl_->file;
    impl->line = table->source().begin.line;
    impl->title = "[[" + std::string(key) + "]]";
    out.push_back(TomlTable(std::move(impl)));
  }
  return out;
}

std::optional<TomlTable> TomlTable::Table(std::string_view key) {
  toml::node* node = impl_->table->get(key);
  impl_->Ask(key);
  if (node == nullptr) return std::nullopt;
  auto* table = node->as_table();
  if (table == nullptr) {
    impl_->WrongType(key, *node, "written as [" + std::string(key) + "]");
    return std::nullopt;
  }
  auto impl = std::make_unique<Impl>();
  impl->root = impl_->root;
  impl->table = table;
  impl->file = impl_->file;
  impl->line = table->source().begin.line;
  impl->title = "[" + std::string(key) + "]";
  return TomlTable(std::move(impl));
}

void TomlTable::Problem(std::string_view key, std::string message) {
  const toml::node* node = impl_->table->get(key);
  impl_->Fail(node != nullptr ? node->source().begin.line : impl_->line, std::move(message));
}

Result<void> TomlTable::Finish() {
  for (const auto& [key, node] : *impl_->table) {
    const std::string name(key.str());
    if (std::ranges::find(impl_->asked, name) != impl_->asked.end()) continue;
    std::vector<std::string> names = impl_->asked;
    names.insert(names.end(), impl_->expected.begin(), impl_->expected.end());
    const std::string nearest = NearestName(name, names);
    impl_->Fail(key.source().begin.line,
                "unknown key \"" + name + "\"" +
                    (impl_->title.empty() ? "" : " in " + impl_->title) +
                    (nearest.empty() ? "" : ": did you mean \"" + nearest + "\"?"));
  }
  if (impl_->error) return *impl_->error;
  return {};
}

void TomlTable::Join(TomlTable& inner) {
  if (auto r = inner.Finish(); !r.ok() && !impl_->error) impl_->error = std::move(r).error();
}

namespace {

void WriteJson(JsonWriter& out, const toml::node& node) {
  if (const auto* table = node.as_table()) {
    out.BeginObject();
    for (const auto& [key, inner] : *table) {
      out.Key(key.str());
      WriteJson(out, inner);
    }
    out.EndObject();
  } else if (const auto* list = node.as_array()) {
    out.BeginArray();
    for (const auto& item : *list) WriteJson(out, item);
    out.EndArray();
  } else if (const auto* text = node.as_string()) {
    out.String(text->get());
  } else if (const auto* integer = node.as_integer()) {
    out.Int(integer->get());
  } else if (const auto* flag = node.as_boolean()) {
    out.Bool(flag->get());
  } else if (IsFinite(node)) {
    out.Double(node.value<double>().value_or(0));
  } else if (node.is_number()) {
    out.Null();
  } else {
    std::ostringstream date;
    node.visit([&date](const auto& value) { date << value; });
    out.String(std::move(date).str());
  }
}

}  // namespace

std::string TomlTable::Json() const {
  JsonWriter out;
  WriteJson(out, *impl_->table);
  return std::move(out).Take();
}

std::string TomlTable::Where() const { return impl_->file + ":" + std::to_string(impl_->line); }

}  // namespace tidemark::app
