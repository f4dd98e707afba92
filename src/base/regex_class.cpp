// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "base/regex_class_internal.h"

namespace tidemark {
namespace {

// General categories (Unicode 15, table 12 of UAX 44) that both sides know by the same name.
constexpr std::array<std::string_view, 37> kCategories = {
    "C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
    "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi",
    "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};

using Name = std::pair<std::string_view, std::string_view>;

// java.util.regex.Pattern, "POSIX character classes (US-ASCII only)".
constexpr std::array<Name, 13> kPosix = {{
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

// \p{IsX}: "Binary properties", in any case, and the Unicode readings of the POSIX names.
constexpr std::array<Name, 21> kBinary = {{
    {"alphabetic", "Alphabetic"},
    {"alpha", "Alphabetic"},
    {"ideographic", "Ideographic"},
    {"letter", "L"},
    {"lowercase", "Lowercase"},
    {"lower", "Lowercase"},
    {"uppercase", "Uppercase"},
    {"upper", "Uppercase"},
    {"titlecase", "Lt"},
    {"punctuation", "P"},
    {"punct", "P"},
    {"control", "Cc"},
    {"cntrl", "Cc"},
    {"white_space", "White_Space"},
    {"whitespace", "White_Space"},
    {"space", "White_Space"},
    {"digit", "Nd"},
    {"hex_digit", "Hex_Digit"},
    {"join_control", "Join_Control"},
    {"noncharacter_code_point", "Noncharacter_Code_Point"},
    {"emoji", "Emoji"},
}};

// "java.lang.Character classes": what the methods of that name answer.
constexpr std::array<Name, 14> kJava = {{
    {"javaLowerCase", "\\p{Lowercase}"},
    {"javaUpperCase", "\\p{Uppercase}"},
    {"javaTitleCase", "\\p{Lt}"},
    {"javaAlphabetic", "\\p{Alphabetic}"},
    {"javaIdeographic", "\\p{Ideographic}"},
    {"javaDigit", "\\p{Nd}"},
    {"javaLetter", "\\p{L}"},
    {"javaLetterOrDigit", "\\p{L}\\p{Nd}"},
    {"javaDefined", "\\P{Cn}"},
    {"javaSpaceChar", "\\p{Z}"},
    {"javaWhitespace",
     "\\x{9}-\\x{d}\\x{1c}-\\x{20}\\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}"
     "\\x{2028}\\x{2029}\\x{205f}\\x{3000}"},
    {"javaISOControl", "\\x{0}-\\x{1f}\\x{7f}-\\x{9f}"},
    {"javaMirrored", "\\p{Bidi_Mirrored}"},
    {"javaSurrogate", "\\p{Cs}"},
}};

template <size_t N>
std::optional<std::string_view> Find(const std::array<Name, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &Name::first);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool IsCategory(std::string_view name) {
  return std::ranges::find(kCategories, name) != kCategories.end();
}

bool IsScriptName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == ' ';
  });
}

std::string Escape(std::string_view property, bool negated) {
  return std::string(negated ? "\\P{" : "\\p{") + std::string(property) + "}";
}

/// PCRE2 would take a bare script name for its extensions; Java means the script itself.
std::optional<std::string> Script(std::string_view name, bool negated) {
  if (!IsScriptName(name)) return std::nullopt;
  return Escape("sc:" + std::string(name), negated);
}

}  // namespace

std::optional<std::string> PropertySet(std::string_view name, bool negated) {
  if (IsCategory(name)) {
    if (name.size() == 1) return Escape(name, negated);
    return Escape(name, negated);
  }
  if (const auto posix = Find(kPosix, name)) {
    return std::string(negated ? "[:^" : "[:") + std::string(*posix) + ":]";
  }
  if (const auto set = Find(kJava, name)) {
    if (!negated) return std::string(*set);
    const bool one_piece = set->starts_with("\\p{") && set->find('\\', 1) == std::string_view::npos;
    if (one_piece) return "\\P" + std::string(set->substr(2));
    if (*set == "\\P{Cn}") return "\\p{Cn}";
    return "^" + std::string(*set);
  }
  if (name == "L1") return std::string(negated ? "^" : "") + "\\x{0}-\\x{ff}";
  if (name == "LC") return Escape("L&", negated);
  if (name == "LD") return std::string(negated ? "^" : "") + "\\p{L}\\p{Nd}";
  const size_t equal = name.find('=');
  if (equal != std::string_view::npos) {
    const std::string key = LowerCase(name.substr(0, equal));
    const std::string_view value = name.substr(equal + 1);
    if (key == "sc" || key == "script") return Script(value, negated);
    if ((key == "gc" || key == "general_category") && IsCategory(value)) {
      return Escape(value, negated);
    }
    return std::nullopt;
  }
  if (!name.starts_with("Is")) return std::nullopt;
  name.remove_prefix(2);
  if (IsCategory(name)) return Escape(name, negated);
  const std::string lower = LowerCase(name);
  if (lower == "assigned") return Escape("Cn", !negated);
  if (const auto binary = Find(kBinary, lower)) return Escape(*binary, negated);
  return Script(name, negated);
}

std::string CharacterClass::Operand::ToPattern() const {
  std::string plain = items;
  std::vector<std::string> alternatives;
  for (const CharacterClass& inner : nested) {
    if (inner.plain() && !inner.negated) {
      plain += inner.operands[0].items;
    } else {
      alternatives.push_back(inner.ToPattern());
    }
  }
  if (!plain.empty()) alternatives.insert(alternatives.begin(), "[" + plain + "]");
  if (alternatives.size() == 1) return alternatives[0];
  std::string out = "(?:";
  for (size_t i = 0; i < alternatives.size(); ++i) out += (i > 0 ? "|" : "") + alternatives[i];
  return out + ")";
}

std::string CharacterClass::ToPattern() const {
  if (plain()) return (negated ? "[^" : "[") + operands[0].items + "]";
  std::string out;
  if (operands.size() == 1) {
    out = operands[0].ToPattern();
  } else {
    out = "(?:";
    for (size_t i = 0; i + 1 < operands.size(); ++i) out += "(?=" + operands[i].ToPattern() + ")";
    out += operands.back().ToPattern() + ")";
  }
  return negated ? "(?:(?!" + out + ")(?s:.))" : out;
}

}  // namespace tidemark
