// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "api/console/macros_internal.h"
#include "api/console/time_range_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

enum class Macro : uint8_t {
  kIntervalRawMs,
  kTimeFilter,
  kIntervalMs,
  kInterval,
  kTimeFrom,
  kTimeTo,
  kNowMs,
  kDatabase,
  kMeasure,
  kTable,
};

struct MacroName {
  std::string_view name;
  Macro macro;
  std::string_view help;
};

// Longest first where one begins another (console-ux.md 5.5).
constexpr std::array kMacros{
    MacroName{"$__interval_raw_ms", Macro::kIntervalRawMs, "The step in milliseconds, a number"},
    MacroName{"$__timeFilter", Macro::kTimeFilter,
              "time BETWEEN from_milliseconds(FROM) AND from_milliseconds(TO)"},
    MacroName{"$__interval_ms", Macro::kIntervalMs, "The step as a duration: 60000ms"},
    MacroName{"$__interval", Macro::kInterval, "The step as a duration: 60000ms"},
    MacroName{"$__timeFrom", Macro::kTimeFrom, "Start of the time range, milliseconds"},
    MacroName{"$__timeTo", Macro::kTimeTo, "End of the time range, milliseconds"},
    MacroName{"$__now_ms", Macro::kNowMs, "The server's clock, milliseconds"},
    MacroName{"$__database", Macro::kDatabase, "The selected database"},
    MacroName{"$__measure", Macro::kMeasure, "The selected measure"},
    MacroName{"$__table", Macro::kTable, "The selected table"},
};

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr std::array<int64_t, 15> kSteps{kSecond,      5 * kSecond,  10 * kSecond, 15 * kSecond,
                                         30 * kSecond, kMinute,      5 * kMinute,  10 * kMinute,
                                         15 * kMinute, 30 * kMinute, kHour,        3 * kHour,
                                         6 * kHour,    12 * kHour,   24 * kHour};

constexpr int64_t kNsPerMs = 1'000'000;

std::string Ms(EventTime time) {
  return std::to_string(FloorTo(time, milliseconds(1)).ns / kNsPerMs);
}

std::string Doubled(std::string_view text, char quote) {
  std::string out;
  for (const char c : text) {
    if (c == quote) out.push_back(c);
    out.push_back(c);
  }
  return out;
}

bool IsNamePart(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0U) == 0x80U; }

std::optional<Failure> ReadTime(const JsonValue& body, std::string_view member, EventTime now,
                                EventTime& out) {
  const JsonValue* value = body.Find(member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  std::string text;
  if (value->is_string()) {
    text = value->string_value();
  } else if (const auto ms = value->AsInt64()) {
    text = std::to_string(*ms);
  } else {
    return InvalidRequest("it must be a time", std::string(member));
  }
  const auto time = ParseTimePoint(text, now);
  if (!time.ok()) return InvalidRequest(time.error().message, std::string(member));
  out = *time;
  return std::nullopt;
}

}  // namespace

MacroValues DefaultMacroValues(EventTime now) {
  MacroValues out;
  out.now = now;
  out.from = now - hours(1);
  out.to = now;
  return out;
}

int64_t DefaultIntervalMs(EventTime from, EventTime to) {
  const int64_t wished = std::max<int64_t>(0, (to.ns / 1000 - from.ns / 1000) / kNsPerMs);
  const auto* found = std::ranges::lower_bound(kSteps, wished);
  return found == kSteps.end() ? kSteps.back() : *found;
}

std::optional<Failure> ReadMacroValues(const JsonValue& body, MacroValues& values) {
  if (auto failure = ReadTime(body, "from", values.now, values.from)) return failure;
  if (auto failure = ReadTime(body, "to", values.now, values.to)) return failure;
  if (const JsonValue* step = body.Find("interval_ms"); step != nullptr && !step->is_null()) {
    const auto ms = step->is_string() ? ParseInt64(step->string_value()) : step->AsInt64();
    if (!ms || *ms < 1) return InvalidRequest("it must be a whole number above 0", "interval_ms");
    values.interval_ms = *ms;
  }
  for (const auto& [member, name] :
       {std::pair("database", &MacroValues::database), std::pair("table", &MacroValues::table),
        std::pair("measure", &MacroValues::measure)}) {
    const JsonValue* value = body.Find(member);
    if (value == nullptr || value->is_null()) continue;
    if (!value->is_string()) return InvalidRequest("it must be a string", member);
    values.*name = value->string_value();
  }
  return std::nullopt;
}

/// One pass over a text. Single-owner.
class Expander {
 public:
  Expander(std::string_view typed, const MacroValues& values, Expansion& out)
      : typed_(typed), values_(values), out_(out) {}

  std::optional<Failure> Run() {
    while (at_ < typed_.size()) {
      const std::string_view rest = typed_.substr(at_);
      if (rest.starts_with("--")) {
        CopyTo(std::min(typed_.find('\n', at_), typed_.size()));
      } else if (rest.starts_with("/*")) {
        const size_t end = typed_.find("*/", at_ + 2);
        CopyTo(end == std::string_view::npos ? typed_.size() : end + 2);
      } else if (rest.front() == '"') {
        const size_t end = typed_.find('"', at_ + 1);
        CopyTo(end == std::string_view::npos ? typed_.size() : end + 1);
      } else if (rest.front() == '\'') {
        in_string_ = !in_string_;
        CopyTo(at_ + 1);
        // A doubled quote ends one string and begins another; to us it is all the same.
        if (in_string_) {
          if (auto failure = RestOfString()) return failure;
        }
      } else if (auto failure = Step()) {
        return failure;
      }
    }
    return std::nullopt;
  }

 private:
  void CopyTo(size_t end) {
    out_.sql_.append(typed_.substr(at_, end - at_));
    at_ = end;
  }

  std::optional<Failure> RestOfString() {
    while (at_ < typed_.size() && typed_[at_] != '\'') {
      if (auto failure = Step()) return failure;
    }
    return std::nullopt;
  }

  /// One macro or one byte.
  std::optional<Failure> Step() {
    const std::string_view rest = typed_.substr(at_);
    const auto* found =
        rest.front() != '$' ? kMacros.end() : std::ranges::find_if(kMacros, [&](const auto& m) {
          return rest.starts_with(m.name) &&
                 (rest.size() == m.name.size() || !IsNamePart(rest[m.name.size()]));
        });
    if (found == kMacros.end()) {
      CopyTo(at_ + 1);
      return std::nullopt;
    }
    std::string text;
    if (auto failure = Text(found->macro, text)) return failure;
    if (text.empty()) {
      CopyTo(at_ + found->name.size());
      return std::nullopt;
    }
    out_.pieces_.push_back({at_, found->name.size(), out_.sql_.size(), text.size()});
    out_.sql_ += text;
    at_ += found->name.size();
    return std::nullopt;
  }

  /// Empty: it stays as it is.
  std::optional<Failure> Text(Macro macro, std::string& out) const {
    const int64_t step = values_.interval_ms != 0 ? values_.interval_ms
                                                  : DefaultIntervalMs(values_.from, values_.to);
    switch (macro) {
      case Macro::kDatabase:
        return Name(values_.database, "database", out);
      case Macro::kTable:
        return Name(values_.table, "table", out);
      case Macro::kMeasure:
        return Name(values_.measure, "measure", out);
      default:
        break;
    }
    if (in_string_) return std::nullopt;
    switch (macro) {
      case Macro::kTimeFilter:
        out = "time BETWEEN from_milliseconds(" + Ms(values_.from) + ") AND from_milliseconds(" +
              Ms(values_.to) + ")";
        break;
      case Macro::kTimeFrom:
        out = Ms(values_.from);
        break;
      case Macro::kTimeTo:
        out = Ms(values_.to);
        break;
      case Macro::kNowMs:
        out = Ms(values_.now);
        break;
      case Macro::kIntervalRawMs:
        out = std::to_string(step);
        break;
      default:
        out = std::to_string(step) + "ms";
        break;
    }
    return std::nullopt;
  }

  std::optional<Failure> Name(const std::string& name, std::string_view member,
                              std::string& out) const {
    if (name.empty()) {
      return InvalidRequest("The statement uses $__" + std::string(member) + ": choose a " +
                                std::string(member) + " first.",
                            std::string(member));
    }
    out = in_string_ ? Doubled(name, '\'') : '"' + Doubled(name, '"') + '"';
    return std::nullopt;
  }

  const std::string_view typed_;
  const MacroValues& values_;
  Expansion& out_;
  size_t at_ = 0;
  bool in_string_ = false;
};

std::optional<Failure> ExpandMacros(std::string_view typed, const MacroValues& values,
                                    Expansion& out) {
  return Expander(typed, values, out).Run();
}

size_t Expansion::TypedOffset(size_t offset) const {
  size_t shift_at = 0;
  size_t typed_at = 0;
  for (const Piece& piece : pieces_) {
    if (offset < piece.at) break;
    if (offset < piece.at + piece.bytes) return piece.typed;
    shift_at = piece.at + piece.bytes;
    typed_at = piece.typed + piece.typed_bytes;
  }
  return typed_at + (offset - shift_at);
}

Place Expansion::Typed(std::string_view typed, Place place) const {
  if (!expanded()) return place;
  return PlaceOf(typed, TypedOffset(OffsetOf(sql_, place)));
}

size_t OffsetOf(std::string_view text, Place place) {
  size_t at = 0;
  for (int line = 1; line < place.line; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return text.size();
    ++at;
  }
  for (int column = 1; column < place.column && at < text.size() && text[at] != '\n'; ++column) {
    ++at;
    while (at < text.size() && IsContinuation(text[at])) ++at;
  }
  return at;
}

Place PlaceOf(std::string_view text, size_t offset) {
  Place out;
  for (size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++out.line;
      out.column = 1;
    } else if (!IsContinuation(text[i])) {
      ++out.column;
    }
  }
  return out;
}

std::vector<std::pair<std::string_view, std::string_view>> MacroHelp() {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  for (const MacroName& macro : kMacros) out.emplace_back(macro.name, macro.help);
  std::ranges::sort(out);
  return out;
}

}  // namespace tidemark::console
