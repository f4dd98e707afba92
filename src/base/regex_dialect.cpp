// SPDX-License-Identifier: Apache-2.0
// One pass over the pattern. It knows three places: outside, inside a character class, and inside
// \Q..\E; nothing else of the grammar is needed to tell where the two dialects part. A class that
// holds classes or && is parsed as a whole (regex_class_internal.h).
#include <algorithm>
#include <optional>

#include "base/regex_class_internal.h"
#include "base/regex_dialect_internal.h"

namespace tidemark {
namespace {

constexpr std::string_view kSameEscapes = "AaBbDdeEfGHhnRrSstVvWwXZz";
constexpr std::string_view kClassEscapes = "aDdeEfHhnrSstVvWw";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsOctal(char c) { return c >= '0' && c <= '7'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
std::optional<uint32_t> HexDigit(char c) {
  if (IsDigit(c)) return static_cast<uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint32_t>(c - 'A' + 10);
  return std::nullopt;
}

class Translator {
 public:
  Translator(std::string_view pattern, TranslatedPattern& out) : in_(pattern), out_(out) {}

  DialectError Run() {
    while (error_.what.empty() && at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\') {
        Escape();
      } else if (in_class_) {
        ClassCharacter(c);
      } else if (c == '[') {
        OpenClass();
      } else if (c == '(') {
        OpenGroup();
      } else if (c == ')') {
        CloseGroup();
      } else if (free_spacing_ && (IsBlank(c) || c == '#')) {
        SkipBlank();
      } else {
        Copy(1);
      }
    }
    return std::move(error_);
  }

 private:
  char Peek(size_t ahead) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  void Copy(size_t bytes) {
    bytes = std::min(bytes, in_.size() - at_);
    out_.text.append(in_.substr(at_, bytes));
    at_ += bytes;
  }
  void Replace(size_t bytes, std::string_view by) {
    out_.origins.emplace_back(out_.text.size(), at_);
    out_.text.append(by);
    at_ += bytes;
    out_.origins.emplace_back(out_.text.size(), at_);
  }
  void Refuse(std::string what) { error_ = {std::move(what), at_}; }
  void ReplaceByCodePoint(size_t bytes, uint32_t code_point) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text = "\\x{";
    for (int shift = 20; shift >= 0; shift -= 4) text += kHex[code_point >> shift & 0xfU];
    Replace(bytes, text + "}");
  }

  // -------------------------------------------------------------------------------------------
  // classes

  void OpenClass() {
    if (IsNestedClass()) return NestedClass();
    in_class_ = true;
    Copy(1);
    if (Peek(0) == '^') Copy(1);
    if (Peek(0) == ']') Copy(1);  // a first one is itself
  }

  void ClassCharacter(char c) {
    if (const size_t bytes = PosixBracket(); bytes > 0) return Copy(bytes);
    if (free_spacing_ && (IsBlank(c) || c == '#')) return SkipBlank();
    if (c == ']') in_class_ = false;
    Copy(1);
  }

  /// Bytes of "[:alpha:]" here; 0 if there is none.
  size_t PosixBracket() const {
    if (!in_.substr(at_).starts_with("[:")) return 0;
    size_t n = 2;
    if (Peek(n) == '^') ++n;
    while (Peek(n) >= 'a' && Peek(n) <= 'z') ++n;
    return in_.substr(at_ + n).starts_with(":]") ? n + 2 : 0;
  }

  /// Whether the class at `at_` holds a class or &&.
  bool IsNestedClass() {
    const size_t begin = at_;
    ++at_;
    if (Peek(0) == '^') ++at_;
    bool nested = false;
    for (bool first = true; at_ < in_.size() && !nested; first = false) {
      const char c = Peek(0);
      if (c == '\\') {
        const size_t end = Peek(1) == 'Q' ? in_.find("\\E", at_) : at_;
        at_ = std::min(end, in_.size()) + 2;
      } else if (const size_t bytes = PosixBracket(); bytes > 0) {
        at_ += bytes;
      } else if (c == ']' && !first) {
        break;
      } else {
        nested = c == '[' || (c == '&' && Peek(1) == '&');
        ++at_;
      }
    }
    at_ = begin;
    return nested;
  }

  void NestedClass() {
    const size_t begin = at_;
    const size_t size = out_.text.size();
    const size_t origins = out_.origins.size();
    in_class_ = true;
    CharacterClass parsed;
    const bool good = ParseClass(parsed, 0);
    in_class_ = false;
    // What reading the pieces wrote is replaced by the whole.
    out_.text.resize(size);
    out_.origins.resize(origins);
    if (!good) return;
    const size_t bytes = at_ - begin;
    at_ = begin;
    Replace(bytes, parsed.ToPattern());
  }

  /// At the '['. False: refused.
  bool ParseClass(CharacterClass& out, int depth) {
    constexpr int kDepthMax = 50;
    if (depth > kDepthMax) return Refused("character classes are nested too deeply");
    ++at_;
    out.negated = Peek(0) == '^';
    if (out.negated) ++at_;
    CharacterClass::Operand operand;
    bool any = false;
    for (;; any = true) {
      if (at_ >= in_.size()) return Refused("a character class is not closed");
      const char c = Peek(0);
      if (c == ']' && any) {
        ++at_;
        break;
      }
      if (c == '&' && Peek(1) == '&') {
        at_ += 2;
        if (!operand.empty()) out.operands.push_back(std::move(operand));
        operand = {};
      } else if (const size_t bytes = PosixBracket(); bytes > 0) {
        operand.items += in_.substr(at_, bytes);
        at_ += bytes;
      } else if (c == '[') {
        if (!ParseClass(operand.nested.emplace_back(), depth + 1)) return false;
      } else if (free_spacing_ && (IsBlank(c) || c == '#')) {
        SkipBlank();
      } else if (!ClassItem(operand)) {
        return false;
      }
    }
    if (!operand.empty()) out.operands.push_back(std::move(operand));
    if (out.operands.empty()) return Refused("a character class is empty");
    return true;
  }

  /// One character, range end or escape.
  bool ClassItem(CharacterClass::Operand& operand) {
    const char c = Peek(0);
    if (c == '\\') {
      const size_t before = out_.text.size();
      Escape();
      operand.items += out_.text.substr(before);
      return error_.what.empty();
    }
    // A '-' with nothing to reach from or to is itself.
    const char next = Peek(1);
    const bool alone = c == '-' && (operand.items.empty() || next == ']' || next == '[' ||
                                    (next == '&' && Peek(2) == '&'));
    if (alone || c == '^' || c == ']') operand.items += '\\';
    operand.items += c;
    ++at_;
    return true;
  }

  bool Refused(std::string what) {
    Refuse(std::move(what));
    return false;
  }

  // -------------------------------------------------------------------------------------------
  // groups and flags

  static bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  /// (?x): blanks and comments stand for nothing, also in classes.
  void SkipBlank() {
    size_t end = at_;
    if (in_[end] == '#') {
      end = std::min(in_.find('\n', end), in_.size());
    } else {
      while (end < in_.size() && IsBlank(in_[end])) ++end;
    }
    const bool reference = !in_class_ && out_.text.size() >= 2 && IsDigit(out_.text.back()) &&
                           out_.text[out_.text.size() - 2] == '\\';
    if (reference && end < in_.size() && IsDigit(in_[end])) {
      return Refuse("a digit behind a back-reference is not supported");
    }
    Replace(end - at_, "");
  }

  void OpenGroup() {
    outer_spacing_.push_back(free_spacing_);
    if (Peek(1) == '*') return Refuse("a group cannot begin with *");
    if (Peek(1) != '?') return Copy(1);
    const char kind = Peek(2);
    if (kind == ':' || kind == '=' || kind == '!' || kind == '>') return Copy(3);
    if (kind == '<') return Copy(Peek(3) == '=' || Peek(3) == '!' ? 4 : 3);
    if (kind == '#') {
      outer_spacing_.pop_back();
      const size_t close = in_.find(')', at_);
      if (close == std::string_view::npos) return Refuse("a comment is not closed");
      return Replace(close + 1 - at_, "");
    }
    Flags();
  }

  void CloseGroup() {
    if (!outer_spacing_.empty()) {
      free_spacing_ = outer_spacing_.back();
      outer_spacing_.pop_back();
    }
    Copy(1);
  }

  // (?ims-ims) and (?ims-ims:
  void Flags() {
    size_t end = at_ + 2;
    std::string flags;
    bool on = true;
    bool spacing = free_spacing_;
    for (; end < in_.size() && in_[end] != ')' && in_[end] != ':'; ++end) {
      const char c = in_[end];
      if (c == 'i' || c == 'm' || c == 's' || c == '-') {
        flags += c;
        on &= c != '-';
      } else if (c == 'x') {
        spacing = on;
      } else if (c != 'u' && c != 'd') {  // Unicode's letters and \n as line end are so anyway
        return Refuse(std::string("the group (?") + c + " is not supported");
      }
    }
    if (end >= in_.size()) return Refuse("a group is not closed");
    const bool group = in_[end] == ':';
    if (!group) outer_spacing_.pop_back();  // flags up to the end of the group around
    free_spacing_ = spacing;
    if (group || !flags.empty()) {
      Replace(end - at_, "(?" + flags);
      Copy(1);
    } else {
      Replace(end + 1 - at_, "");
    }
  }

  void Escape() {
    const char c = Peek(1);
    if (c == 'Q') return Quote();
    if (c == 'p' || c == 'P') return Property();
    if (c == 'u') return Utf16();
    if (c == 'x') return Hex();
    if (c == '0') return Octal();
    if (c == 'c') {
      const char letter = Peek(2);
      if (letter >= '@' && letter <= '_') return Copy(3);
      return Refuse("\\c needs one of @ to _ behind it");
    }
    if (IsDigit(c)) {
      if (in_class_) return Refuse("a back-reference inside a character class");
      if (IsDigit(Peek(2))) return Refuse("back-references beyond \\9 are not supported");
      return Copy(2);
    }
    if (c == 'k' && !in_class_ && Peek(2) == '<') return Copy(3);
    if (c == 'b' && Peek(2) == '{') return Refuse("\\b{ is not supported");
    if (IsLetter(c) &&
        (in_class_ ? kClassEscapes : kSameEscapes).find(c) == std::string_view::npos) {
      return Refuse(std::string("\\") + c + " is not supported" +
                    (in_class_ ? " inside a character class" : ""));
    }
    Copy(2);  // a lone backslash at the end is PCRE2's to report
  }

  void Quote() {
    const size_t end = in_.find("\\E", at_ + 2);
    Copy(end == std::string_view::npos ? in_.size() - at_ : end + 2 - at_);
  }

  void Property() {
    const bool negated = Peek(1) == 'P';
    std::string_view name = in_.substr(std::min(at_ + 2, in_.size()), 1);
    size_t bytes = 3;
    if (name == "{") {
      const size_t close = in_.find('}', at_);
      if (close == std::string_view::npos) return Refuse("\\p{ is not closed");
      name = in_.substr(at_ + 3, close - at_ - 3);
      bytes = close + 1 - at_;
    }
    const std::optional<std::string> set = PropertySet(name, negated);
    if (!set) {
      return Refuse(std::string("the property \\") + (negated ? "P{" : "p{") + std::string(name) +
                    "} is not supported");
    }
    if (*set == in_.substr(at_, bytes)) return Copy(bytes);
    // A set of several pieces is a class of its own.
    const bool one_piece = set->starts_with("\\") && set->find('\\', 1) == std::string::npos;
    if (!in_class_) return Replace(bytes, one_piece ? *set : "[" + *set + "]");
    if (set->starts_with('^')) {
      return Refuse("the property \\P{" + std::string(name) +
                    "} is not supported inside a character class");
    }
    Replace(bytes, *set);
  }

  std::optional<uint32_t> HexAt(size_t from, size_t digits) const {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const auto digit = HexDigit(Peek(from + i));
      if (!digit) return std::nullopt;
      value = value << 4U | *digit;
    }
    return value;
  }

  // \uHHHH; two that are a surrogate pair are one character.
  void Utf16() {
    const auto first = HexAt(2, 4);
    if (!first) return Refuse("\\u needs four hexadecimal digits");
    if (*first < 0xd800 || *first > 0xdfff) return ReplaceByCodePoint(6, *first);
    const uint32_t second = Peek(6) == '\\' && Peek(7) == 'u' ? HexAt(8, 4).value_or(0) : 0;
    if (*first > 0xdbff || second < 0xdc00 || second > 0xdfff) {
      return Refuse("a half of a surrogate pair is not a character");
    }
    ReplaceByCodePoint(12, 0x10000 + ((*first - 0xd800) << 10U) + (second - 0xdc00));
  }

  void Hex() {
    if (Peek(2) == '{') {
      size_t digits = 0;
      while (HexDigit(Peek(3 + digits))) ++digits;
      if (digits > 0 && digits <= 8 && Peek(3 + digits) == '}') return Copy(digits + 4);
    } else if (HexAt(2, 2)) {
      return Copy(4);
    }
    Refuse("\\x needs two hexadecimal digits or {..}");
  }

  // \0n, \0nn and \0mnn with m <= 3.
  void Octal() {
    size_t digits = 0;
    uint32_t value = 0;
    while (digits < 3 && IsOctal(Peek(2 + digits))) {
      const uint32_t next = value * 8 + static_cast<uint32_t>(Peek(2 + digits) - '0');
      if (next > 0xff) break;
      value = next;
      ++digits;
    }
    if (digits == 0) return Refuse("\\0 needs an octal digit");
    ReplaceByCodePoint(2 + digits, value);
  }

  std::string_view in_;
  TranslatedPattern& out_;
  size_t at_ = 0;
  bool in_class_ = false;
  bool free_spacing_ = false;        // (?x)
  std::vector<bool> outer_spacing_;  // of the groups around
  DialectError error_;
};

}  // namespace

size_t TranslatedPattern::OriginOf(size_t at) const {
  const auto after =
      std::upper_bound(origins.begin(), origins.end(), at,
                       [](size_t wanted, const auto& origin) { return wanted < origin.first; });
  if (after == origins.begin()) return at;
  const auto& [here, there] = *std::prev(after);
  // Inside a replaced piece: no further than where it ends.
  return after == origins.end() ? there + (at - here)
                                : std::min(there + (at - here), after->second);
}

DialectError TranslatePattern(std::string_view pattern, TranslatedPattern& out) {
  out.text.reserve(pattern.size());
  return Translator(pattern, out).Run();
}

}  // namespace tidemark
