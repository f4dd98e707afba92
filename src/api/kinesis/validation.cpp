// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "api/kinesis/validation_internal.h"
#include "base/base64.h"

namespace tidemark::kinesis {
namespace {

constexpr size_t kViolationsMax = 10;  // kinesis-api.md 1.13

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameChar(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '-';
}

std::string_view PatternText(Pattern pattern) {
  switch (pattern) {
    case Pattern::kNone:
      return "";
    case Pattern::kName:
      return "[a-zA-Z0-9_.-]+";
    case Pattern::kStreamArn:
      return R"(arn:aws.*:kinesis:.*:\d{12}:stream/\S+)";
    case Pattern::kHashKey:
      return R"(0|([1-9]\d{0,38}))";
    case Pattern::kSequenceNumber:
      return R"(0|([1-9]\d{0,128}))";
  }
  TM_UNREACHABLE();
}

bool MatchesNumber(std::string_view text, size_t digits_max) {
  if (text == "0") return true;
  return !text.empty() && text.size() <= digits_max && text[0] != '0' &&
         std::ranges::all_of(text, IsDigit);
}

bool MatchesStreamArn(std::string_view text) {
  // From the right: the name, the account, then anything between the two fixed parts.
  const size_t slash = text.find(":stream/");
  if (!text.starts_with("arn:aws") || slash == std::string_view::npos || slash < 13) return false;
  const std::string_view name = text.substr(slash + 8);
  const std::string_view account = text.substr(slash - 12, 12);
  const std::string_view head = text.substr(0, slash - 12);
  const size_t service = head.find(":kinesis:");
  return !name.empty() && name.find_first_of(" \t\r\n\f\v") == std::string_view::npos &&
         std::ranges::all_of(account, IsDigit) && service != std::string_view::npos &&
         head.ends_with(':') && head.size() > service + 9;
}

size_t CharacterCount(std::string_view utf8) {
  return static_cast<size_t>(
      std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string LowerFirst(std::string_view name) {
  std::string out(name);
  if (out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] - 'A' + 'a');
  return out;
}

std::string_view TypeName(MemberType type) {
  switch (type) {
    case MemberType::kString:
      return "a string";
    case MemberType::kBlob:
      return "base64 text";
    case MemberType::kInteger:
      return "an integer";
    case MemberType::kTimestamp:
      return "a number of seconds";
    case MemberType::kBoolean:
      return "true or false";
    case MemberType::kList:
      return "a list";
    case MemberType::kMap:
    case MemberType::kStructure:
      return "an object";
  }
  TM_UNREACHABLE();
}

bool HasType(const JsonValue& value, MemberType type) {
  switch (type) {
    case MemberType::kString:
      return value.is_string();
    case MemberType::kBlob:
      return value.is_string() && Base64Decode(value.string_value()).ok();
    case MemberType::kInteger:
      return value.kind() == JsonValue::Kind::kInt || value.AsInt64().has_value();
    case MemberType::kTimestamp:
      return value.is_number();
    case MemberType::kBoolean:
      return value.kind() == JsonValue::Kind::kBool;
    case MemberType::kList:
      return value.is_array();
    case MemberType::kMap:
    case MemberType::kStructure:
      return value.is_object();
  }
  TM_UNREACHABLE();
}

/// Absent and null are the same (1.3).
const JsonValue* Find(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<Failure> WrongType(const std::string& path, std::string_view expected) {
  return Failure{KinesisError::kSerialization, path + " must be " + std::string(expected)};
}

std::optional<Failure> CheckTypes(const JsonValue& input, std::span<const Member> members,
                                  const std::string& prefix) {
  for (const Member& member : members) {
    const JsonValue* value = Find(input, member.name);
    if (value == nullptr) continue;
    const std::string path = prefix + member.name;
    if (!HasType(*value, member.type)) return WrongType(path, TypeName(member.type));
    if (member.type == MemberType::kStructure) {
      if (auto failure = CheckTypes(*value, member.members, path + ".")) return failure;
    }
    if (member.type == MemberType::kMap) {
      for (const auto& [key, entry] : value->object()) {
        if (!entry.is_string()) return WrongType(path + "." + key, "a string");
      }
    }
    if (member.type == MemberType::kList) {
      for (const JsonValue& entry : value->array()) {
        if (!entry.is_object()) return WrongType(path, "a list of objects");
        if (auto failure = CheckTypes(entry, member.members, path + ".")) return failure;
      }
    }
  }
  return std::nullopt;
}

class Checker {
 public:
  void Check(const JsonValue& input, std::span<const Member> members, const std::string& prefix) {
    for (const Member& member : members) {
      const std::string path = prefix + LowerFirst(member.name);
      const JsonValue* value = Find(input, member.name);
      if (value == nullptr) {
        if (member.required) Add("null", path, "Member must not be null");
        continue;
      }
      CheckMember(*value, member, path);
    }
  }

  std::optional<Failure> Finish() const {
    if (violations_.empty()) return std::nullopt;
    std::string message = std::to_string(violations_.size()) + " validation error" +
                          (violations_.size() > 1 ? "s" : "") + " detected: ";
    for (size_t i = 0; i < violations_.size(); ++i) {
      if (i > 0) message += "; ";
      message += violations_[i];
    }
    return Failure{KinesisError::kValidation, std::move(message)};
  }

 private:
  void Add(const std::string& shown, const std::string& path, const std::string& rule) {
    if (violations_.size() == kViolationsMax) return;
    violations_.push_back("Value " + shown + " at '" + path +
                          "' failed to satisfy constraint: " + rule);
  }

  void CheckMember(const JsonValue& value, const Member& member, const std::string& path) {
    switch (member.type) {
      case MemberType::kString:
        CheckString(value.string_value(), member, path);
        break;
      case MemberType::kBlob: {
        const size_t bytes = Base64Decode(value.string_value()).value().size();
        const std::string n = std::to_string(bytes);
        CheckBounds(static_cast<int64_t>(bytes), member, path,
                    "'java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]'", "length ");
        break;
      }
      case MemberType::kInteger: {
        const int64_t number = value.AsInt64().value_or(value.int_value());
        CheckBounds(number, member, path, "'" + std::to_string(number) + "'", "value ");
        break;
      }
      case MemberType::kList:
        CheckBounds(static_cast<int64_t>(value.array().size()), member, path, "'[...]'", "length ");
        for (size_t i = 0; i < value.array().size() && violations_.size() < kViolationsMax; ++i) {
          Check(value.array()[i], member.members, path + "." + std::to_string(i + 1) + ".member.");
        }
        break;
      case MemberType::kMap:
        CheckBounds(static_cast<int64_t>(value.object().size()), member, path, "'{...}'",
                    "length ");
        break;
      case MemberType::kStructure:
        Check(value, member.members, path + ".");
        break;
      case MemberType::kTimestamp:
      case MemberType::kBoolean:
        break;
    }
  }

  void CheckString(const std::string& text, const Member& member, const std::string& path) {
    const std::string shown = "'" + text + "'";
    if (!member.values.empty() && std::ranges::find(member.values, text) == member.values.end()) {
      std::string list;
      for (const std::string_view value : member.values) {
        if (!list.empty()) list += ", ";
        list += value;
      }
      Add(shown, path, "Member must satisfy enum value set: [" + list + "]");
    }
    if (!Matches(member.pattern, text)) {
      Add(shown, path,
          "Member must satisfy regular expression pattern: " +
              std::string(PatternText(member.pattern)));
    }
    CheckBounds(static_cast<int64_t>(CharacterCount(text)), member, path, shown, "length ");
  }

  void CheckBounds(int64_t actual, const Member& member, const std::string& path,
                   const std::string& shown, const std::string& what) {
    if (member.min && actual < *member.min) {
      Add(shown, path,
          "Member must have " + what + "greater than or equal to " + std::to_string(*member.min));
    }
    if (member.max && actual > *member.max) {
      Add(shown, path,
          "Member must have " + what + "less than or equal to " + std::to_string(*member.max));
    }
  }

  std::vector<std::string> violations_;
};

}  // namespace

bool Matches(Pattern pattern, std::string_view text) {
  switch (pattern) {
    case Pattern::kNone:
      return true;
    case Pattern::kName:
      return !text.empty() && std::ranges::all_of(text, IsNameChar);
    case Pattern::kStreamArn:
      return MatchesStreamArn(text);
    case Pattern::kHashKey:
      return MatchesNumber(text, 39);
    case Pattern::kSequenceNumber:
      return MatchesNumber(text, 129);
  }
  TM_UNREACHABLE();
}

std::optional<Failure> Validate(const JsonValue& input, std::span<const Member> members) {
  if (auto failure = CheckTypes(input, members, "")) return failure;
  Checker checker;
  checker.Check(input, members, "");
  return checker.Finish();
}

}  // namespace tidemark::kinesis
