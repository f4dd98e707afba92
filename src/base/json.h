// SPDX-License-Identifier: Apache-2.0
// JSON text in and out. Reading parses with simdjson (validating UTF-8) into an immutable tree;
// hot paths (record decoding, PutRecords) use simdjson directly in their own sources instead.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark {

/// Appends to its own string. Keeps track of commas; nesting is the caller's. Doubles print the
/// shortest text that reads back equal; NaN and infinities are refused by TM_CHECK (they are not
/// JSON). Single-owner.
class JsonValue;

class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value);  // invalid UTF-8 bytes become U+FFFD
  JsonWriter& Int(int64_t value);
  JsonWriter& Uint(uint64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  JsonWriter& Raw(std::string_view json);  // already valid JSON
  JsonWriter& Value(const JsonValue& value);

  const std::string& text() const { return text_; }
  std::string Take() && { return std::move(text_); }

 private:
  void Separate();

  std::string text_;
  bool need_comma_ = false;
};

/// Appends `value` quoted and escaped to `out`.
void AppendJsonString(std::string& out, std::string_view value);

/// Immutable; thread-compatible.
class JsonValue {
 public:
  enum class Kind : uint8_t { kNull, kBool, kInt, kUint, kDouble, kString, kArray, kObject };
  using Member = std::pair<std::string, JsonValue>;

  JsonValue() = default;

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_object() const { return kind_ == Kind::kObject; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_number() const {
    return kind_ == Kind::kInt || kind_ == Kind::kUint || kind_ == Kind::kDouble;
  }

  bool bool_value() const { return integer_ != 0; }
  /// kInt: exact. kUint only above int64's maximum. kDouble: a number with point or exponent, or
  /// too large.
  int64_t int_value() const { return integer_; }
  uint64_t uint_value() const { return static_cast<uint64_t>(integer_); }
  double double_value() const;
  const std::string& string_value() const { return string_; }
  const std::vector<JsonValue>& array() const { return array_; }
  /// In source order; a repeated name is kept twice.
  const std::vector<Member>& object() const { return object_; }

  /// First member of that name, or null.
  const JsonValue* Find(std::string_view name) const;
  /// The integer if the value is one (kInt), also written as 3.0.
  std::optional<int64_t> AsInt64() const;

  static JsonValue FromString(std::string value);

 private:
  friend class JsonBuilder;
  Kind kind_ = Kind::kNull;
  int64_t integer_ = 0;
  double double_ = 0;
  std::string string_;
  std::vector<JsonValue> array_;
  std::vector<Member> object_;
};

/// kInvalidArgument with the parser's reason. Depth is bounded (64).
Result<JsonValue> ParseJson(std::string_view text);

}  // namespace tidemark
