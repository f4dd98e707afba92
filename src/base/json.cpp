// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/numbers.h"

namespace tidemark {
namespace {

constexpr size_t kDepthMax = 64;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// Bytes of the valid UTF-8 sequence that `text` starts with; 0 if it starts with none.
size_t ValidSequence(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  size_t length = 0;
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xbf;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) second_min = 0xa0;  // overlong
    if (first == 0xed) second_max = 0x9f;  // surrogates
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) second_min = 0x90;  // overlong
    if (first == 0xf4) second_max = 0x8f;  // beyond U+10FFFF
  }
  if (length == 0 || text.size() < length || at(1) < second_min || at(1) > second_max) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xc0U) != 0x80) return 0;
  }
  return length;
}

void AppendEscape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  static constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(c);
  out += "\\u00";
  out.push_back(kHex[byte >> 4U]);
  out.push_back(kHex[byte & 15U]);
}

template <typename Int>
void AppendInteger(std::string& out, Int value) {
  std::array<char, 24> raw{};
  const auto [end, error] = std::to_chars(raw.data(), raw.data() + raw.size(), value);
  TM_CHECK(error == std::errc());
  out.append(raw.data(), end);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool FitsInt64OrUint64(std::string_view digits, bool negative) {
  uint64_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return parsed.ec == std::errc() && (!negative || value <= uint64_t{1} << 63U);
}

/// simdjson refuses integers beyond 64 bits; a ".0" behind each makes doubles of them. Strings
/// stay.
std::string MarkLongIntegers(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string || !IsDigit(c)) {
      out.push_back(c);
      if (c == '"') in_string = !in_string;
      if (in_string && c == '\\' && i + 1 < text.size()) out.push_back(text[++i]);
      continue;
    }
    // A number from its first digit on; what follows point or exponent belongs to it.
    size_t end = i;
    while (end < text.size() && IsDigit(text[end])) ++end;
    const std::string_view digits = text.substr(i, end - i);
    const bool negative = i > 0 && text[i - 1] == '-';
    size_t rest = end;
    while (rest < text.size() && (IsDigit(text[rest]) || text[rest] == '.' || text[rest] == 'e' ||
                                  text[rest] == 'E' || text[rest] == '+' || text[rest] == '-')) {
      ++rest;
    }
    out += text.substr(i, rest - i);
    if (rest == end && !FitsInt64OrUint64(digits, negative)) out += ".0";
    i = rest - 1;
  }
  return out;
}

}  // namespace

namespace {

/// Whether none of eight bytes needs an escape or a look at its neighbours: ASCII but for controls,
/// '"' and '\\'.
bool EightPlain(const char* at) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHigh = 0x8080808080808080U;
  uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  // Of bytes below 0x80 a byte's high bit in x - kOnes * n says that it is below n; the lowest such
  // byte is always found, and borrows only come from one.
  const auto has = [](uint64_t x) { return (x - kOnes) & ~x; };
  const uint64_t below = (bytes - kOnes * 0x20) & ~bytes;
  return ((bytes | below | has(bytes ^ (kOnes * '"')) | has(bytes ^ (kOnes * '\\'))) & kHigh) == 0;
}

}  // namespace

JsonWriter& JsonWriter::Value(const JsonValue& value) {
  switch (value.kind()) {
    case JsonValue::Kind::kNull:
      return Null();
    case JsonValue::Kind::kBool:
      return Bool(value.bool_value());
    case JsonValue::Kind::kInt:
      return Int(value.int_value());
    case JsonValue::Kind::kUint:
      return Uint(value.uint_value());
    case JsonValue::Kind::kDouble:
      return Double(value.double_value());
    case JsonValue::Kind::kString:
      return String(value.string_value());
    case JsonValue::Kind::kArray:
      BeginArray();
      for (const JsonValue& item : value.array()) Value(item);
      return EndArray();
    case JsonValue::Kind::kObject:
      BeginObject();
      for (const auto& [name, member] : value.object()) Key(name).Value(member);
      return EndObject();
  }
  TM_UNREACHABLE();
}

void AppendJsonString(std::string& out, std::string_view value) {
  out.push_back('"');
  size_t plain = 0;  // start of the bytes that can be copied as they are
  size_t i = 0;
  while (i < value.size()) {
    if (i + sizeof(uint64_t) <= value.size() && EightPlain(value.data() + i)) {
      i += sizeof(uint64_t);
      continue;
    }
    const auto c = static_cast<uint8_t>(value[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const size_t valid = ValidSequence(value.substr(i));
    if (valid > 1) {
      i += valid;
      continue;
    }
    out.append(value, plain, i - plain);
    if (valid == 1) {
      AppendEscape(out, value[i]);
    } else {
      out += kReplacement;
    }
    plain = ++i;
  }
  out.append(value, plain, value.size() - plain);
  out.push_back('"');
}

void JsonWriter::Separate() {
  if (need_comma_) text_.push_back(',');
  need_comma_ = true;
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  text_.push_back('{');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  text_.push_back('}');
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  text_.push_back('[');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  text_.push_back(']');
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  AppendJsonString(text_, name);
  text_.push_back(':');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(text_, value);
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t value) {
  Separate();
  AppendInteger(text_, value);
  return *this;
}

JsonWriter& JsonWriter::Uint(uint64_t value) {
  Separate();
  AppendInteger(text_, value);
  return *this;
}

JsonWriter& JsonWriter::Double(double value) {
  TM_CHECK(std::isfinite(value));
  Separate();
  text_ += FormatDoubleShortest(value);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  text_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  text_ += "null";
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  text_ += json;
  return *this;
}

double JsonValue::double_value() const {
  switch (kind_) {
    case Kind::kInt:
      return static_cast<double>(integer_);
    case Kind::kUint:
      return static_cast<double>(uint_value());
    default:
      return double_;
  }
}

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const Member& member : object_) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

std::optional<int64_t> JsonValue::AsInt64() const {
  if (kind_ == Kind::kInt) return integer_;
  // Both bounds are exact doubles; the upper one is no int64 itself.
  if (kind_ == Kind::kDouble && double_ >= -0x1p63 && double_ < 0x1p63 &&
      std::trunc(double_) == double_) {
    return static_cast<int64_t>(double_);
  }
  return std::nullopt;
}

JsonValue JsonValue::FromString(std::string value) {
  JsonValue out;
  out.kind_ = Kind::kString;
  out.string_ = std::move(value);
  return out;
}

class JsonBuilder {
 public:
  /// Recursion is bounded by the parser's depth. value_unsafe(): the tree is parsed, the type is
  /// checked.
  static JsonValue Build(const simdjson::dom::element& element) {
    using Type = simdjson::dom::element_type;
    JsonValue out;
    switch (element.type()) {
      case Type::ARRAY: {
        out.kind_ = JsonValue::Kind::kArray;
        // A name of its own: the result that value_unsafe() refers into dies before a loop's body.
        const simdjson::dom::array array = element.get_array().value_unsafe();
        for (const auto item : array) out.array_.push_back(Build(item));
        return out;
      }
      case Type::OBJECT: {
        out.kind_ = JsonValue::Kind::kObject;
        const simdjson::dom::object object = element.get_object().value_unsafe();
        for (const auto field : object) {
          out.object_.emplace_back(std::string(field.key), Build(field.value));
        }
        return out;
      }
      case Type::INT64:
        out.kind_ = JsonValue::Kind::kInt;
        out.integer_ = element.get_int64().value_unsafe();
        return out;
      case Type::UINT64:
        out.kind_ = JsonValue::Kind::kUint;
        out.integer_ = static_cast<int64_t>(element.get_uint64().value_unsafe());
        return out;
      case Type::DOUBLE:
        out.kind_ = JsonValue::Kind::kDouble;
        out.double_ = element.get_double().value_unsafe();
        return out;
      case Type::STRING:
        out.kind_ = JsonValue::Kind::kString;
        out.string_ = std::string(element.get_string().value_unsafe());
        return out;
      case Type::BOOL:
        out.kind_ = JsonValue::Kind::kBool;
        out.integer_ = element.get_bool().value_unsafe() ? 1 : 0;
        return out;
      case Type::NULL_VALUE:
        return out;
    }
    TM_UNREACHABLE();
  }
};

Result<JsonValue> ParseJson(std::string_view text) {
  if (text.data() == nullptr) text = "";  // simdjson copies it, and memcpy takes no null
  simdjson::dom::parser parser;
  if (const auto error = parser.allocate(text.size() + 1, kDepthMax); error != simdjson::SUCCESS) {
    return Error{Code::kInvalidArgument, simdjson::error_message(error)};
  }
  auto parsed = parser.parse(text.data(), text.size());
  if (parsed.error() == simdjson::NUMBER_ERROR) {
    const std::string marked = MarkLongIntegers(text);
    parsed = parser.parse(marked.data(), marked.size());
    if (parsed.error() == simdjson::SUCCESS) return JsonBuilder::Build(parsed.value_unsafe());
  }
  if (parsed.error() != simdjson::SUCCESS) {
    return Error{Code::kInvalidArgument,
                 std::string("not JSON: ") + simdjson::error_message(parsed.error())};
  }
  return JsonBuilder::Build(parsed.value_unsafe());
}

}  // namespace tidemark
