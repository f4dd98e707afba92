// SPDX-License-Identifier: Apache-2.0
// One scanner that checks a text and finds pieces of it: pieces are views, so numbers keep their
// digits and nothing is built that is not asked for.
#include "sql/kernels_json.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "base/numbers.h"
#include "sql/kernels_cast.h"
#include "sql/kernels_internal.h"
#include "sql/kernels_text.h"

namespace tidemark::sql::kernels {
namespace {

enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// The whole text as one value without the blanks around; none if it is no JSON.
  std::optional<std::string_view> Whole() {
    const auto value = Value(0);
    Blanks();
    return at_ == text_.size() ? value : std::nullopt;
  }

  /// Calls visit(element) for each of an array, or visit(name, value) for each of an object; the
  /// text was checked before.
  template <typename Visit>
  void Elements(Visit visit) {
    Take('[');
    for (Blanks(); !Take(']'); Take(',')) visit(*Value(0));
  }
  template <typename Visit>
  void Members(Visit visit) {
    Take('{');
    for (Blanks(); !Take('}'); Take(',')) {
      const std::string_view name = *Value(0);
      Take(':');
      visit(name, *Value(0));
      Blanks();
    }
  }

 private:
  static constexpr int kDepthMax = 200;

  void Blanks() {
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool Take(char c) {
    Blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::optional<std::string_view> Value(int depth) {
    Blanks();
    if (at_ == text_.size() || depth > kDepthMax) return std::nullopt;
    const size_t begin = at_;
    const char c = text_[at_];
    bool good = false;
    if (c == '{' || c == '[') {
      good = Container(depth);
    } else if (c == '"') {
      good = String();
    } else if (c == '-' || IsDigit(c)) {
      good = Number();
    } else {
      good = Word("true") || Word("false") || Word("null");
    }
    if (!good) return std::nullopt;
    const std::string_view value = text_.substr(begin, at_ - begin);
    Blanks();
    return value;
  }

  bool Container(int depth) {
    const bool object = text_[at_++] == '{';
    const char close = object ? '}' : ']';
    if (Take(close)) return true;
    do {
      Blanks();
      if (object && (at_ == text_.size() || text_[at_] != '"' || !String() || !Take(':')))
        return false;
      if (!Value(depth + 1)) return false;
    } while (Take(','));
    return Take(close);
  }

  bool Word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool String() {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<uint8_t>(c) < ' ') return false;
      if (c != '\\') continue;
      if (++at_ == text_.size()) return false;
      if (text_[at_] == 'u') {
        for (int i = 0; i < 4; ++i) {
          ++at_;
          const bool hex =
              at_ < text_.size() &&
              std::string_view("0123456789abcdefABCDEF").find(text_[at_]) != std::string_view::npos;
          if (!hex) return false;
        }
      } else if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
        return false;
      }
    }
    return false;
  }

  size_t Digits() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ - begin;
  }

  bool Number() {
    if (text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const size_t whole = Digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (Digits() == 0) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (Digits() == 0) return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Kind KindOf(std::string_view value) {
  switch (value.front()) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBoolean;
    case 'n':
      return Kind::kNull;
    default:
      return Kind::kNumber;
  }
}

/// The characters of a checked string; half a surrogate pair becomes U+FFFD.
std::string Characters(std::string_view quoted) {
  std::string out;
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  const auto unit = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      const char c = text[at + i];
      value = value * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c != 'u') {
      constexpr std::string_view kNames = "bfnrt";
      const size_t control = kNames.find(c);
      out += control == std::string_view::npos ? c : "\b\f\n\r\t"[control];
      continue;
    }
    uint32_t code_point = unit(i + 1);
    i += 4;
    if (code_point >= 0xD800 && code_point < 0xDC00 && text.substr(i + 1).starts_with("\\u")) {
      const uint32_t low = unit(i + 3);
      if (low >= 0xDC00 && low < 0xE000) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
        i += 6;
      }
    }
    out += Chr(code_point).value_or("\xEF\xBF\xBD");
  }
  return out;
}

// -------------------------------------------------------------------------------------------
// paths

struct Step {
  std::string name;
  std::optional<int64_t> index;
};

Result<std::vector<Step>> ParsePath(std::string_view path) {
  const auto bad = [&] {
    return Invalid(fmt::format("Invalid JSON path: '{}'", path.substr(0, 100)));
  };
  if (!path.starts_with('$')) return bad();
  std::vector<Step> steps;
  size_t at = 1;
  const auto name = [&] {
    const size_t begin = at;
    while (at < path.size() &&
           (std::string_view("_-:").find(path[at]) != std::string_view::npos || IsDigit(path[at]) ||
            static_cast<uint8_t>(path[at]) >= 0x80 || (path[at] >= 'a' && path[at] <= 'z') ||
            (path[at] >= 'A' && path[at] <= 'Z'))) {
      ++at;
    }
    return path.substr(begin, at - begin);
  };
  while (at < path.size()) {
    if (path[at] == '.') {
      ++at;
      const std::string_view found = name();
      if (found.empty()) return bad();
      steps.push_back({std::string(found), std::nullopt});
      continue;
    }
    if (path[at] != '[') return bad();
    ++at;
    Step step;
    if (at < path.size() && path[at] == '"') {
      for (++at; at < path.size() && path[at] != '"'; ++at) {
        if (path[at] == '\\' && ++at == path.size()) return bad();
        step.name += path[at];
      }
      if (at++ >= path.size()) return bad();
    } else {
      step.name = name();
      if (step.name.empty()) return bad();
      step.index = ParseInt64(step.name);
    }
    if (at >= path.size() || path[at++] != ']') return bad();
    steps.push_back(std::move(step));
  }
  return steps;
}

std::optional<std::string_view> Follow(std::string_view value, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    std::optional<std::string_view> next;
    const Kind kind = KindOf(value);
    if (kind == Kind::kObject) {
      Scanner(value).Members([&](std::string_view name, std::string_view member) {
        if (!next && Characters(name) == step.name) next = member;
      });
    } else if (kind == Kind::kArray && step.index) {
      int64_t position = 0;
      Scanner(value).Elements([&](std::string_view element) {
        if (position++ == *step.index) next = element;
      });
    }
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

Result<std::optional<std::string_view>> Find(std::string_view json, std::string_view path) {
  TM_ASSIGN_OR_RETURN(const std::vector<Step> steps, ParsePath(path));
  const auto whole = Scanner(json).Whole();
  if (!whole) return std::optional<std::string_view>();
  return Follow(*whole, steps);
}

std::vector<std::string_view> ElementsOf(std::string_view array) {
  std::vector<std::string_view> out;
  Scanner(array).Elements([&](std::string_view element) { out.push_back(element); });
  return out;
}

// -------------------------------------------------------------------------------------------
// canonical text

bool IsInteger(std::string_view number) {
  return number.find_first_of(".eE") == std::string_view::npos;
}

/// Without blanks; `sorted`: members by name, the last of one name wins, numbers as the dialect
/// prints them.
enum class Style : uint8_t { kAsWritten, kCanonical };

void Append(std::string_view value, Style style, std::string& out) {
  switch (KindOf(value)) {
    case Kind::kArray: {
      out += '[';
      Scanner(value).Elements([&](std::string_view element) {
        if (out.back() != '[') out += ',';
        Append(element, style, out);
      });
      out += ']';
      return;
    }
    case Kind::kObject: {
      std::vector<std::pair<std::string, std::string_view>> members;
      Scanner(value).Members([&](std::string_view name, std::string_view member) {
        members.emplace_back(Characters(name), member);
      });
      if (style == Style::kCanonical) {
        std::map<std::string, std::string_view> sorted;
        for (auto& [name, member] : members) sorted[name] = member;
        members.assign(sorted.begin(), sorted.end());
      }
      out += '{';
      bool first = true;
      for (const auto& [name, member] : members) {
        if (!first) out += ',';
        first = false;
        AppendJsonString(out, name);
        out += ':';
        Append(member, style, out);
      }
      out += '}';
      return;
    }
    case Kind::kString:
      AppendJsonString(out, Characters(value));
      return;
    case Kind::kNumber:
      if (style == Style::kCanonical && !IsInteger(value)) {
        const Result<double> number = TextToDouble(value);
        if (number.ok() && std::isfinite(*number)) {
          out += FormatDoubleSql(*number);
          return;
        }
      }
      out += value;
      return;
    case Kind::kNull:
    case Kind::kBoolean:
      out += value;
      return;
  }
}

std::string TextOf(std::string_view value, Style style) {
  std::string out;
  Append(value, style, out);
  return out;
}

std::optional<std::string> ScalarOf(std::string_view value) {
  switch (KindOf(value)) {
    case Kind::kString:
      return Characters(value);
    case Kind::kNumber:
    case Kind::kBoolean:
      return std::string(value);
    case Kind::kNull:
    case Kind::kArray:
    case Kind::kObject:
      return std::nullopt;
  }
  return std::nullopt;
}

template <typename Matches>
Result<std::optional<bool>> ContainsWhere(std::string_view json, Matches matches) {
  const auto whole = Scanner(json).Whole();
  if (!whole || KindOf(*whole) != Kind::kArray) return std::optional<bool>();
  const auto elements = ElementsOf(*whole);
  return std::optional<bool>(std::any_of(elements.begin(), elements.end(), matches));
}

Error CannotCastJson(std::string_view json, std::string_view type) {
  return CannotCast(json, type);
}

/// The value of a json that a function made.
Result<std::string_view> Checked(std::string_view json) {
  const auto whole = Scanner(json).Whole();
  if (!whole)
    return Invalid(fmt::format("Cannot convert value to JSON: '{}'", json.substr(0, 100)));
  return *whole;
}

}  // namespace

Result<std::optional<std::string>> JsonExtract(std::string_view json, std::string_view path) {
  TM_ASSIGN_OR_RETURN(const auto found, Find(json, path));
  if (!found) return std::optional<std::string>();
  return std::optional(TextOf(*found, Style::kAsWritten));
}

Result<std::optional<std::string>> JsonExtractScalar(std::string_view json, std::string_view path) {
  TM_ASSIGN_OR_RETURN(const auto found, Find(json, path));
  if (!found) return std::optional<std::string>();
  return ScalarOf(*found);
}

Result<std::optional<int64_t>> JsonSize(std::string_view json, std::string_view path) {
  TM_ASSIGN_OR_RETURN(const auto found, Find(json, path));
  if (!found) return std::optional<int64_t>();
  int64_t size = 0;
  if (KindOf(*found) == Kind::kArray) {
    Scanner(*found).Elements([&](std::string_view) { ++size; });
  } else if (KindOf(*found) == Kind::kObject) {
    Scanner(*found).Members([&](std::string_view, std::string_view) { ++size; });
  }
  return std::optional(size);
}

Result<std::optional<int64_t>> JsonArrayLength(std::string_view json) {
  const auto whole = Scanner(json).Whole();
  if (!whole || KindOf(*whole) != Kind::kArray) return std::optional<int64_t>();
  return std::optional(static_cast<int64_t>(ElementsOf(*whole).size()));
}

Result<std::optional<std::string>> JsonArrayGet(std::string_view json, int64_t index) {
  const auto whole = Scanner(json).Whole();
  if (!whole || KindOf(*whole) != Kind::kArray) return std::optional<std::string>();
  const auto elements = ElementsOf(*whole);
  const auto size = static_cast<int64_t>(elements.size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::optional<std::string>();
  return std::optional(TextOf(elements[static_cast<size_t>(index)], Style::kAsWritten));
}

Result<std::optional<bool>> JsonArrayContainsText(std::string_view json, std::string_view value) {
  return ContainsWhere(json, [&](std::string_view element) {
    return KindOf(element) == Kind::kString && Characters(element) == value;
  });
}
Result<std::optional<bool>> JsonArrayContainsBigint(std::string_view json, int64_t value) {
  return ContainsWhere(json, [&](std::string_view element) {
    return KindOf(element) == Kind::kNumber && ParseInt64(element) == value;
  });
}
Result<std::optional<bool>> JsonArrayContainsDouble(std::string_view json, double value) {
  return ContainsWhere(json, [&](std::string_view element) {
    return KindOf(element) == Kind::kNumber && !IsInteger(element) &&
           TextToDouble(element).value_or(NAN) == value;
  });
}
Result<std::optional<bool>> JsonArrayContainsBoolean(std::string_view json, bool value) {
  return ContainsWhere(
      json, [&](std::string_view element) { return element == (value ? "true" : "false"); });
}

Result<bool> IsJsonScalar(std::string_view json) {
  TM_ASSIGN_OR_RETURN(const std::string_view whole, Checked(json));
  return KindOf(whole) != Kind::kArray && KindOf(whole) != Kind::kObject;
}

Result<std::string> JsonParse(std::string_view text) {
  TM_ASSIGN_OR_RETURN(const std::string_view whole, Checked(text));
  return TextOf(whole, Style::kCanonical);
}

Result<std::string> TextToJson(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

Result<std::string> DoubleToJson(double x) {
  // JSON has no such numbers: they become strings.
  if (!std::isfinite(x)) return TextToJson(FormatDoubleSql(x));
  return FormatDoubleSql(x);
}

Result<std::optional<std::string>> JsonToText(std::string_view json) {
  TM_ASSIGN_OR_RETURN(const std::string_view whole, Checked(json));
  const Kind kind = KindOf(whole);
  if (kind == Kind::kArray || kind == Kind::kObject) return CannotCastJson(whole, "varchar");
  return ScalarOf(whole);
}

namespace {

/// A number or a string that holds one, by the cast from varchar.
template <typename T>
Result<std::optional<T>> JsonTo(std::string_view json, std::string_view type,
                                Result<T> (*from_text)(std::string_view),
                                Result<T> (*from_double)(double), T yes, T no) {
  TM_ASSIGN_OR_RETURN(const std::string_view whole, Checked(json));
  switch (KindOf(whole)) {
    case Kind::kNull:
      return std::optional<T>();
    case Kind::kBoolean:
      return std::optional<T>(whole == "true" ? yes : no);
    case Kind::kString: {
      TM_ASSIGN_OR_RETURN(const T value, from_text(Characters(whole)));
      return std::optional<T>(value);
    }
    case Kind::kNumber: {
      if (IsInteger(whole)) {
        TM_ASSIGN_OR_RETURN(const T value, from_text(whole));
        return std::optional<T>(value);
      }
      TM_ASSIGN_OR_RETURN(const double number, TextToDouble(whole));
      TM_ASSIGN_OR_RETURN(const T value, from_double(number));
      return std::optional<T>(value);
    }
    case Kind::kArray:
    case Kind::kObject:
      break;
  }
  return CannotCastJson(whole, type);
}

Result<double> Itself(double x) { return x; }
Result<bool> IsNotZero(double x) { return x != 0; }
Result<bool> BooleanOf(std::string_view text) {
  if (const Result<double> number = TextToDouble(text); number.ok()) return *number != 0;
  return TextToBoolean(text);
}

}  // namespace

Result<std::optional<bool>> JsonToBoolean(std::string_view json) {
  return JsonTo<bool>(json, "boolean", BooleanOf, IsNotZero, true, false);
}
Result<std::optional<int64_t>> JsonToBigint(std::string_view json) {
  return JsonTo<int64_t>(json, "bigint", TextToBigint, DoubleToBigint, 1, 0);
}
Result<std::optional<int64_t>> JsonToInteger(std::string_view json) {
  return JsonTo<int64_t>(json, "integer", TextToInteger, DoubleToInteger, 1, 0);
}
Result<std::optional<double>> JsonToDouble(std::string_view json) {
  return JsonTo<double>(json, "double", TextToDouble, Itself, 1.0, 0.0);
}

Result<std::optional<std::vector<std::string>>> JsonElements(std::string_view json) {
  using Texts = std::vector<std::string>;
  TM_ASSIGN_OR_RETURN(const std::string_view whole, Checked(json));
  if (KindOf(whole) == Kind::kNull) return std::optional<Texts>();
  if (KindOf(whole) != Kind::kArray) return CannotCastJson(whole, "array");
  Texts out;
  for (const std::string_view element : ElementsOf(whole)) out.emplace_back(element);
  return std::optional(std::move(out));
}

Result<std::optional<JsonList>> JsonFields(
    std::string_view json, const std::vector<std::optional<std::string_view>>& names) {
  TM_ASSIGN_OR_RETURN(const std::string_view whole, Checked(json));
  JsonList out(names.size());
  switch (KindOf(whole)) {
    case Kind::kNull:
      return std::optional<JsonList>();
    case Kind::kArray: {
      const auto elements = ElementsOf(whole);
      if (elements.size() != names.size()) return CannotCastJson(whole, "row");
      for (size_t i = 0; i < names.size(); ++i) out[i] = std::string(elements[i]);
      return std::optional(std::move(out));
    }
    case Kind::kObject: {
      Scanner(whole).Members([&](std::string_view name, std::string_view member) {
        const std::string key = Characters(name);
        for (size_t i = 0; i < names.size(); ++i) {
          if (names[i] == key) out[i] = std::string(member);
        }
      });
      return std::optional(std::move(out));
    }
    default:
      return CannotCastJson(whole, "row");
  }
}

Result<std::string> JsonArrayOf(const std::vector<std::optional<std::string_view>>& elements) {
  std::string out = "[";
  for (const auto& element : elements) {
    if (out.size() > 1) out += ',';
    out += element.value_or("null");
  }
  out += ']';
  TM_RETURN_IF_ERROR(CheckSize(out.size()));
  return out;
}

Result<std::string> JsonObjectOf(const std::vector<std::optional<std::string_view>>& names,
                                 const std::vector<std::optional<std::string_view>>& values) {
  std::string out = "{";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, i < names.size() ? names[i].value_or("") : "");
    out += ':';
    out += values[i].value_or("null");
  }
  out += '}';
  TM_RETURN_IF_ERROR(CheckSize(out.size()));
  return out;
}

}  // namespace tidemark::sql::kernels
