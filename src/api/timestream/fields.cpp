// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/fields_internal.h"

namespace tidemark::timestream {

std::string Fields::Path(std::string_view name) const {
  std::string out = prefix_;
  out += name;
  char& first = out[prefix_.size()];
  if (first >= 'A' && first <= 'Z') first = static_cast<char>(first + 32);
  return out;
}

void Fields::Wrong(std::string_view name, std::string_view wanted) {
  if (root_->wrong_.empty()) root_->wrong_ = Path(name) + " must be " + std::string(wanted);
}

const JsonValue* Fields::Present(std::string_view name) const {
  // Duplicate members: the last one counts.
  const JsonValue* found = nullptr;
  for (const JsonValue::Member& member : object_.object()) {
    if (member.first == name) found = &member.second;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

void Fields::Require(std::string_view name) {
  if (Present(name) == nullptr) constraints().Add("null", Path(name), "Member must not be null");
}

std::optional<std::string> Fields::Text(std::string_view name, Length length) {
  const JsonValue* value = Present(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    Wrong(name, "a string");
    return std::nullopt;
  }
  const std::string& text = value->string_value();
  if (text.size() < length.min) {
    constraints().AddQuoted(
        text, Path(name),
        "Member must have length greater than or equal to " + std::to_string(length.min));
  }
  if (text.size() > length.max) {
    constraints().AddQuoted(
        text, Path(name),
        "Member must have length less than or equal to " + std::to_string(length.max));
  }
  return text;
}

std::string Fields::RequiredText(std::string_view name, Length length) {
  Require(name);
  return Text(name, length).value_or("");
}

std::optional<int64_t> Fields::Integer(std::string_view name, Range range) {
  const JsonValue* value = Present(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<int64_t> number = value->AsInt64();
  if (!number) {
    Wrong(name, "an integer");
    return std::nullopt;
  }
  if (*number < range.min) {
    constraints().AddQuoted(
        std::to_string(*number), Path(name),
        "Member must have value greater than or equal to " + std::to_string(range.min));
  }
  if (*number > range.max) {
    constraints().AddQuoted(
        std::to_string(*number), Path(name),
        "Member must have value less than or equal to " + std::to_string(range.max));
  }
  return number;
}

int64_t Fields::RequiredInteger(std::string_view name, Range range) {
  Require(name);
  return Integer(name, range).value_or(range.min);
}

std::optional<bool> Fields::Bool(std::string_view name) {
  const JsonValue* value = Present(name);
  if (value == nullptr) return std::nullopt;
  if (value->kind() == JsonValue::Kind::kBool) return value->bool_value();
  Wrong(name, "true or false");
  return std::nullopt;
}

const JsonValue* Fields::Object(std::string_view name) {
  const JsonValue* value = Present(name);
  if (value == nullptr || value->is_object()) return value;
  Wrong(name, "an object");
  return nullptr;
}

const JsonValue* Fields::List(std::string_view name) {
  const JsonValue* value = Present(name);
  if (value == nullptr || value->is_array()) return value;
  Wrong(name, "a list");
  return nullptr;
}

std::optional<Failure> Fields::failure() const {
  const std::string& wrong = root_->wrong_;
  if (!wrong.empty()) {
    return Failure::Serialization(wrong, wrong.substr(0, wrong.find_first_of(". ")));
  }
  if (root_->constraints_.violated()) return root_->constraints_.ToFailure();
  return std::nullopt;
}

}  // namespace tidemark::timestream
