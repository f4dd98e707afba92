// SPDX-License-Identifier: Apache-2.0
// What of a stream's records the viewer shows: a text that payload or key contains, or a condition
// on a JSON path ("$.cpu.user >= 90"). Immutable after Parse().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::console {

/// "$.a.b[0]['c d']": members and elements.
class JsonPath {
 public:
  /// kInvalidArgument says where it stops to make sense.
  static Result<JsonPath> Parse(std::string_view text);
  /// Null: not there.
  const JsonValue* Find(const JsonValue& document) const;

  /// Takes a path off the front of `text`, for what follows it.
  static Result<JsonPath> Take(std::string_view& text);

 private:
  std::vector<std::variant<std::string, size_t>> steps_;
};

class RecordFilter {
 public:
  /// Text that begins with '$' is a condition, anything else is looked for as it stands.
  static Result<RecordFilter> Parse(std::string_view text);
  bool Matches(std::string_view payload, std::string_view key) const;

 private:
  enum class Op : uint8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kContains
  };
  struct Condition {
    JsonPath path;
    Op op = Op::kEqual;
    std::string value;
    std::optional<double> number;
  };
  static Result<Op> TakeOp(std::string_view& text);
  static bool Holds(const Condition& condition, const JsonValue& value);

  std::string text_;
  std::optional<Condition> condition_;
};

/// The time that a JSON value tells: RFC 3339, SQL timestamp, or a count since the epoch in s, ms,
/// us or ns by its size. None: not one.
std::optional<EventTime> TimeOfJson(const JsonValue& value);

}  // namespace tidemark::console
