// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "api/console/record_filter_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr size_t kPathStepsMax = 32;

bool IsNameChar(char c) {
  return c != '.' && c != '[' && c != ' ' && c != '=' && c != '!' && c != '<' && c != '>';
}

Error BadPath(std::string_view why) {
  return {Code::kInvalidArgument,
          "the path " + std::string(why) + "; write $.name, $.a.b[0] or $['a b']"};
}

void SkipBlanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

std::string ScalarText(const JsonValue& value) {
  if (value.is_string()) return value.string_value();
  if (value.is_null()) return "null";
  if (value.kind() == JsonValue::Kind::kBool) return value.bool_value() ? "true" : "false";
  if (value.kind() == JsonValue::Kind::kInt) return std::to_string(value.int_value());
  if (value.is_number()) return FormatDoubleShortest(value.double_value());
  return "";
}

std::optional<double> NumberOf(const JsonValue& value) {
  if (value.is_number()) return value.double_value();
  if (value.is_string()) return ParseFiniteDouble(value.string_value());
  return std::nullopt;
}

}  // namespace

Result<JsonPath> JsonPath::Take(std::string_view& text) {
  if (!text.starts_with('$')) return BadPath("must begin with $");
  text.remove_prefix(1);
  JsonPath path;
  while (!text.empty() && (text.front() == '.' || text.front() == '[')) {
    if (path.steps_.size() == kPathStepsMax) return BadPath("has more than 32 steps");
    const bool member = text.front() == '.';
    text.remove_prefix(1);
    if (member) {
      const auto end = std::ranges::find_if_not(text, IsNameChar);
      const auto length = static_cast<size_t>(end - text.begin());
      if (length == 0) return BadPath("has an empty name");
      path.steps_.emplace_back(std::string(text.substr(0, length)));
      text.remove_prefix(length);
      continue;
    }
    const bool quoted = text.starts_with('\'') || text.starts_with('"');
    const std::string_view close = !quoted ? "]" : text.front() == '\'' ? "']" : "\"]";
    if (quoted) text.remove_prefix(1);
    const size_t end = text.find(close);
    if (end == std::string_view::npos) return BadPath("has a [ without its ]");
    const std::string_view inside = text.substr(0, end);
    if (quoted) {
      path.steps_.emplace_back(std::string(inside));
    } else {
      const auto index = ParseInt64(inside);
      if (!index || *index < 0) return BadPath("has an index that is no number");
      path.steps_.emplace_back(static_cast<size_t>(*index));
    }
    text.remove_prefix(end + close.size());
  }
  if (path.steps_.empty()) return BadPath("names nothing");
  return path;
}

Result<JsonPath> JsonPath::Parse(std::string_view text) {
  TM_ASSIGN_OR_RETURN(JsonPath path, Take(text));
  if (!text.empty()) return BadPath("has \"" + std::string(text) + "\" behind it");
  return path;
}

const JsonValue* JsonPath::Find(const JsonValue& document) const {
  const JsonValue* at = &document;
  for (const auto& step : steps_) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      at = at->is_object() ? at->Find(*name) : nullptr;
    } else {
      const size_t index = std::get<size_t>(step);
      at = at->is_array() && index < at->array().size() ? &at->array()[index] : nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

Result<RecordFilter::Op> RecordFilter::TakeOp(std::string_view& text) {
  // Longer ones first.
  constexpr std::array<std::pair<std::string_view, Op>, 8> kOps{{{"<=", Op::kLessEqual},
                                                                 {">=", Op::kGreaterEqual},
                                                                 {"!=", Op::kNotEqual},
                                                                 {"==", Op::kEqual},
                                                                 {"=", Op::kEqual},
                                                                 {"<", Op::kLess},
                                                                 {">", Op::kGreater},
                                                                 {"contains ", Op::kContains}}};
  for (const auto& [spelling, op] : kOps) {
    if (!text.starts_with(spelling)) continue;
    text.remove_prefix(spelling.size());
    return op;
  }
  return Error{Code::kInvalidArgument,
               "after the path comes one of = != < <= > >= contains, then a value"};
}

Result<RecordFilter> RecordFilter::Parse(std::string_view text) {
  RecordFilter filter;
  if (!text.starts_with('$')) {
    filter.text_ = text;
    return filter;
  }
  Condition condition;
  TM_ASSIGN_OR_RETURN(condition.path, JsonPath::Take(text));
  SkipBlanks(text);
  TM_ASSIGN_OR_RETURN(condition.op, TakeOp(text));
  SkipBlanks(text);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const bool quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
                      text.front() == text.back();
  if (quoted) text = text.substr(1, text.size() - 2);
  condition.value = text;
  if (!quoted) condition.number = ParseFiniteDouble(text);
  filter.condition_ = std::move(condition);
  return filter;
}

bool RecordFilter::Holds(const Condition& condition, const JsonValue& value) {
  if (condition.op == Op::kContains) {
    return ScalarText(value).find(condition.value) != std::string::npos;
  }
  int order = 0;
  const auto number = condition.number ? NumberOf(value) : std::nullopt;
  if (number) {
    order = *number < *condition.number ? -1 : *number > *condition.number ? 1 : 0;
    if (std::isnan(*number)) return condition.op == Op::kNotEqual;
  } else {
    const int compared = ScalarText(value).compare(condition.value);
    order = compared < 0 ? -1 : compared > 0 ? 1 : 0;
  }
  switch (condition.op) {
    case Op::kEqual:
      return order == 0;
    case Op::kNotEqual:
      return order != 0;
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    case Op::kGreaterEqual:
      return order >= 0;
    case Op::kContains:
      return false;  // above
  }
  TM_UNREACHABLE();
}

bool RecordFilter::Matches(std::string_view payload, std::string_view key) const {
  if (!condition_) {
    return payload.find(text_) != std::string_view::npos ||
           key.find(text_) != std::string_view::npos;
  }
  const auto document = ParseJson(payload);
  if (!document.ok()) return false;
  const JsonValue* value = condition_->path.Find(*document);
  return value != nullptr && Holds(*condition_, *value);
}

std::optional<EventTime> TimeOfJson(const JsonValue& value) {
  double count = 0;
  std::optional<int64_t> whole = value.AsInt64();
  if (value.is_string()) {
    whole = ParseInt64(value.string_value());
    if (!whole) {
      const auto number = ParseFiniteDouble(value.string_value());
      if (!number) {
        const auto time = ParseTimestamp(value.string_value());
        return time.ok() ? std::optional(*time) : std::nullopt;
      }
      count = *number;
    }
  } else if (!value.is_number()) {
    return std::nullopt;
  } else if (!whole) {
    count = value.double_value();
  }
  if (whole) count = static_cast<double>(*whole);
  // By size: seconds until the year 5138, then milliseconds, microseconds, nanoseconds.
  const double size = std::fabs(count);
  const int64_t factor = size < 1e11   ? 1'000'000'000
                         : size < 1e14 ? 1'000'000
                         : size < 1e17 ? 1'000
                                       : 1;
  int64_t ns = 0;
  if (whole) {
    if (__builtin_mul_overflow(*whole, factor, &ns)) return std::nullopt;
  } else {
    const double scaled = count * static_cast<double>(factor);
    if (!(std::fabs(scaled) < 9.2e18)) return std::nullopt;
    ns = std::llround(scaled);
  }
  const EventTime time{ns};
  if (time < kEventTimeMin || time >= kEventTimeMax) return std::nullopt;
  return time;
}

}  // namespace tidemark::console
