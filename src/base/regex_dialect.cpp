// SPDX-License-Identifier: Apache-2.0
// One pass over the pattern. It knows three places: outside, inside a character class, and inside
// \Q..\E; nothing else of the grammar is needed to tell where the two dialects part.
#include <algorithm>
#include <array>
#include <optional>

#include "base/regex_dialect_internal.h"

namespace tidemark {
namespace {

constexpr std::string_view kSameEscapes = "AaBbDdeEfGHhnRrSstVvWwXZz";
constexpr std::string_view kClassEscapes = "aDdeEfHhnrSstVvWw";

// General categories (Unicode 15, table 12 of UAX 44) that both sides know by the same name.
constexpr std::array<std::string_view, 37> kCategories = {
    "C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
    "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi",
    "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};

// java.util.regex.Pattern, "POSIX character classes (US-ASCII only)".
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kPosix = {{
    {"Lower", "lower"},
    {"Upper", "upper"},
    {"ASCII", "ascii"},
    {"Alpha", "alpha"},
    {"Digit", "digit"},
    {"Alnum", "alnum"},
    {"Punct", "punct"},
    {"Graph", "graph"},
    {"Print", "print"},
    {"Blank", "blank"},
    {"Cntrl", "cntrl"},
    {"XDigit", "xdigit"},
    {"Space", "space"},
}};

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

  void OpenClass() {
    in_class_ = true;
    Copy(1);
    if (Peek(0) == '^') Copy(1);
    if (Peek(0) == ']') Copy(1);  // a first one is itself
  }

  void ClassCharacter(char c) {
    if (c == '[') return Refuse("a character class inside a character class is not supported");
    if (c == '&' && Peek(1) == '&') return Refuse("class intersection && is not supported");
    if (c == ']') in_class_ = false;
    Copy(1);
  }

  void OpenGroup() {
    if (Peek(1) == '*') return Refuse("a group cannot begin with *");
    if (Peek(1) != '?') return Copy(1);
    const char kind = Peek(2);
    if (kind == ':' || kind == '=' || kind == '!' || kind == '>') return Copy(3);
    if (kind == '<') return Copy(Peek(3) == '=' || Peek(3) == '!' ? 4 : 3);
    Flags();
  }

  // (?ims-ims) and (?ims-ims:
  void Flags() {
    size_t end = at_ + 2;
    std::string flags;
    for (; end < in_.size() && in_[end] != ')' && in_[end] != ':'; ++end) {
      const char c = in_[end];
      if (c == 'i' || c == 'm' || c == 's' || c == '-') {
        flags += c;
      } else if (c != 'u') {  // letters compare by Unicode's rules anyway
        return Refuse(std::string("the group (?") + c + " is not supported");
      }
    }
    if (end >= in_.size()) return Refuse("a group is not closed");
    Replace(end - at_, "(?" + flags);
    Copy(1);
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
    if (std::find(kCategories.begin(), kCategories.end(), name) != kCategories.end()) {
      return Copy(bytes);
    }
    for (const auto& [java, posix] : kPosix) {
      if (java != name) continue;
      std::string text = std::string(negated ? "[:^" : "[:") + std::string(posix) + ":]";
      if (!in_class_) text = "[" + text + "]";
      return Replace(bytes, text);
    }
    Refuse("the property \\p{" + std::string(name) + "} is not supported");
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
