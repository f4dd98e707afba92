// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels_text.h"

#include <array>
#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "sql/kernels_internal.h"
#include "sql/unicode.h"

namespace tidemark::sql::kernels {
namespace {

// -------------------------------------------------------------------------------------------
// characters

void Encode(uint32_t code_point, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0U | code_point >> 6U);
    put(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    put(0xE0U | code_point >> 12U);
    put(0x80U | (code_point >> 6U & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  } else {
    put(0xF0U | code_point >> 18U);
    put(0x80U | (code_point >> 12U & 0x3FU));
    put(0x80U | (code_point >> 6U & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  }
}

std::vector<uint32_t> CodePoints(std::string_view text) {
  std::vector<uint32_t> out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Decoded next = Decode(text, at);
    out.push_back(next.code_point);
    at += next.bytes;
  }
  return out;
}

int64_t CountCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80; });
}

/// Byte of the character number `n` from 0; the text's size if it has fewer.
size_t ByteOf(std::string_view text, int64_t n) {
  size_t at = 0;
  for (; n > 0 && at < text.size(); --n) at += CharacterBytes(text, at);
  return at;
}

/// java.lang.Character.isWhitespace: not the no-break ones.
bool IsBlank(uint32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200A && c != 0x2007) || c == 0x2028 || c == 0x2029 ||
         c == 0x205F || c == 0x3000;
}

std::string_view WithoutLeadingBlanks(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Decoded next = Decode(text, at);
    if (!IsBlank(next.code_point)) break;
    at += next.bytes;
  }
  return text.substr(at);
}

std::string_view WithoutTrailingBlanks(std::string_view text) {
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<uint8_t>(text[start]) & 0xC0U) == 0x80) --start;
    if (!IsBlank(Decode(text, start).code_point)) break;
    text = text.substr(0, start);
  }
  return text;
}

template <uint32_t (*Map)(uint32_t)>
std::string Mapped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Decoded next = Decode(text, at);
    Encode(Map(next.code_point), out);
    at += next.bytes;
  }
  return out;
}

enum class Side : uint8_t { kLeft, kRight };

Result<std::string> Pad(std::string_view text, int64_t length, std::string_view pad, Side side) {
  if (length < 0 || length > std::numeric_limits<int32_t>::max()) {
    return Invalid("Target length must be in the range [0..2147483647]");
  }
  if (pad.empty()) return Invalid("Padding string must not be empty");
  const int64_t missing = length - CountCharacters(text);
  if (missing <= 0) return std::string(text.substr(0, ByteOf(text, length)));
  const int64_t pad_characters = CountCharacters(pad);
  const int64_t whole = missing / pad_characters;
  const std::string_view rest = pad.substr(0, ByteOf(pad, missing % pad_characters));
  TM_RETURN_IF_ERROR(
      CheckSize(text.size() + rest.size() + static_cast<size_t>(whole) * pad.size()));
  std::string out;
  if (side == Side::kRight) out = text;
  for (int64_t i = 0; i < whole; ++i) out += pad;
  out += rest;
  if (side == Side::kLeft) out += text;
  return out;
}

// The next match may overlap the one before, as the dialect has it: strpos('aaa', 'aa', 2) is 2.
constexpr size_t kNone = std::string_view::npos;

}  // namespace

Result<int64_t> Length(std::string_view text) { return CountCharacters(text); }

Result<std::string> Concat(std::string_view a, std::string_view b) {
  std::string out(a);
  out += b;
  return out;
}

Result<std::string> Lower(std::string_view text) { return Mapped<LowerCodePoint>(text); }
Result<std::string> Upper(std::string_view text) { return Mapped<UpperCodePoint>(text); }

Result<std::string> Reverse(std::string_view text) {
  std::string out(text.size(), '\0');
  for (size_t at = 0; at < text.size();) {
    const size_t n = CharacterBytes(text, at);
    text.copy(out.data() + (text.size() - at - n), n, at);
    at += n;
  }
  return out;
}

Result<std::string> Trim(std::string_view text) {
  return std::string(WithoutTrailingBlanks(WithoutLeadingBlanks(text)));
}
Result<std::string> TrimLeft(std::string_view text) {
  return std::string(WithoutLeadingBlanks(text));
}
Result<std::string> TrimRight(std::string_view text) {
  return std::string(WithoutTrailingBlanks(text));
}

Result<std::string> Chr(int64_t code_point) {
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < 0 || code_point > 0x10FFFF || surrogate) {
    return Invalid(fmt::format("Not a valid Unicode code point: {}", code_point));
  }
  std::string out;
  Encode(static_cast<uint32_t>(code_point), out);
  return out;
}

Result<int64_t> CodePoint(std::string_view character) {
  if (character.empty() || Decode(character, 0).bytes != character.size()) {
    return Invalid("Input string must be a single character string");
  }
  return Decode(character, 0).code_point;
}

Result<std::string> PadLeft(std::string_view text, int64_t length, std::string_view pad) {
  return Pad(text, length, pad, Side::kLeft);
}
Result<std::string> PadRight(std::string_view text, int64_t length, std::string_view pad) {
  return Pad(text, length, pad, Side::kRight);
}

Result<std::string> Remove(std::string_view text, std::string_view search) {
  return Replace(text, search, "");
}

Result<std::string> Replace(std::string_view text, std::string_view search,
                            std::string_view replacement) {
  std::string out;
  if (search.empty()) {
    // Before every character and at the end.
    TM_RETURN_IF_ERROR(CheckSize(text.size() + (text.size() + 1) * replacement.size()));
    for (size_t at = 0; at < text.size();) {
      const size_t n = CharacterBytes(text, at);
      out += replacement;
      out += text.substr(at, n);
      at += n;
    }
    out += replacement;
    return out;
  }
  size_t at = 0;
  for (size_t found = text.find(search); found != kNone; found = text.find(search, at)) {
    out += text.substr(at, found - at);
    out += replacement;
    at = found + search.size();
    TM_RETURN_IF_ERROR(CheckSize(out.size()));
  }
  out += text.substr(at);
  return out;
}

Result<std::optional<std::string>> SplitPart(std::string_view text, std::string_view delimiter,
                                             int64_t index) {
  if (index < 1) return Invalid("Index must be greater than zero");
  if (delimiter.empty()) {
    const size_t at = ByteOf(text, index - 1);
    if (at >= text.size()) return std::optional<std::string>();
    return std::optional(std::string(text.substr(at, CharacterBytes(text, at))));
  }
  size_t at = 0;
  for (;;) {
    const size_t found = text.find(delimiter, at);
    if (--index == 0) return std::optional(std::string(text.substr(at, found - at)));
    if (found == kNone) return std::optional<std::string>();
    at = found + delimiter.size();
  }
}

Result<std::vector<std::string>> Split(std::string_view text, std::string_view delimiter) {
  return SplitUpTo(text, delimiter, std::numeric_limits<int32_t>::max());
}

Result<std::vector<std::string>> SplitUpTo(std::string_view text, std::string_view delimiter,
                                           int64_t limit) {
  if (limit <= 0) return Invalid("Limit must be positive");
  if (limit > std::numeric_limits<int32_t>::max()) return Invalid("Limit is too large");
  if (delimiter.empty()) return Invalid("The delimiter may not be the empty string");
  std::vector<std::string> parts;
  size_t at = 0;
  for (; limit > 1; --limit) {
    const size_t found = text.find(delimiter, at);
    if (found == kNone) break;
    parts.emplace_back(text.substr(at, found - at));
    at = found + delimiter.size();
    TM_RETURN_IF_ERROR(CheckParts(parts.size()));
  }
  parts.emplace_back(text.substr(at));
  return parts;
}

Result<int64_t> Position(std::string_view text, std::string_view search) {
  return PositionOf(text, search, 1);
}

Result<int64_t> PositionOf(std::string_view text, std::string_view search, int64_t instance) {
  if (instance < 1) return Invalid("'instance' must be a positive number");
  if (search.empty()) return 1;
  size_t found = text.find(search);
  for (; instance > 1 && found != kNone; --instance) found = text.find(search, found + 1);
  return found == kNone ? 0 : CountCharacters(text.substr(0, found)) + 1;
}

Result<int64_t> LastPosition(std::string_view text, std::string_view search) {
  return LastPositionOf(text, search, 1);
}

Result<int64_t> LastPositionOf(std::string_view text, std::string_view search, int64_t instance) {
  if (instance < 1) return Invalid("'instance' must be a positive number");
  if (search.empty()) return 1;
  size_t found = text.rfind(search);
  for (; instance > 1 && found != kNone; --instance) {
    found = found == 0 ? kNone : text.rfind(search, found - 1);
  }
  return found == kNone ? 0 : CountCharacters(text.substr(0, found)) + 1;
}

Result<std::string> Substring(std::string_view text, int64_t start) {
  return SubstringOf(text, start, std::numeric_limits<int64_t>::max());
}

Result<std::string> SubstringOf(std::string_view text, int64_t start, int64_t length) {
  if (start == 0 || length <= 0) return std::string();
  int64_t first = start - 1;
  if (start < 0) {
    const int64_t count = CountCharacters(text);
    if (start < -count) return std::string();
    first = count + start;
  }
  text.remove_prefix(ByteOf(text, first));
  return std::string(text.substr(0, ByteOf(text, length)));
}

Result<bool> StartsWith(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix);
}

Result<std::string> Translate(std::string_view text, std::string_view from, std::string_view to) {
  const std::vector<uint32_t> sources = CodePoints(from);
  const std::vector<uint32_t> targets = CodePoints(to);
  std::map<uint32_t, std::optional<uint32_t>> mapping;  // none: the character goes
  for (size_t i = 0; i < sources.size(); ++i) {
    mapping.try_emplace(sources[i], i < targets.size() ? std::optional(targets[i]) : std::nullopt);
  }
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Decoded next = Decode(text, at);
    at += next.bytes;
    const auto found = mapping.find(next.code_point);
    if (found == mapping.end()) {
      Encode(next.code_point, out);
    } else if (found->second) {
      Encode(*found->second, out);
    }
  }
  TM_RETURN_IF_ERROR(CheckSize(out.size()));
  return out;
}

Result<int64_t> HammingDistance(std::string_view a, std::string_view b) {
  const std::vector<uint32_t> left = CodePoints(a);
  const std::vector<uint32_t> right = CodePoints(b);
  if (left.size() != right.size()) {
    return Invalid("The input strings to hamming_distance function must have the same length");
  }
  int64_t distance = 0;
  for (size_t i = 0; i < left.size(); ++i) distance += left[i] != right[i] ? 1 : 0;
  return distance;
}

Result<int64_t> LevenshteinDistance(std::string_view a, std::string_view b) {
  const std::vector<uint32_t> left = CodePoints(a);
  const std::vector<uint32_t> right = CodePoints(b);
  if (left.empty()) return static_cast<int64_t>(right.size());
  if (right.empty()) return static_cast<int64_t>(left.size());
  // The work is the product of the lengths.
  constexpr size_t kProductMax = 1'000'000;
  if (left.size() * right.size() > kProductMax) {
    return Invalid(
        fmt::format("The texts are too long for levenshtein_distance: {} and {} "
                    "characters, their product may be {}",
                    left.size(), right.size(), kProductMax));
  }
  std::vector<int64_t> row(right.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = static_cast<int64_t>(j);
  for (size_t i = 0; i < left.size(); ++i) {
    int64_t diagonal = row[0]++;
    for (size_t j = 0; j < right.size(); ++j) {
      const int64_t change = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

Result<std::string> Fit(std::string_view text, int64_t length) {
  if (CountCharacters(text) <= length) return std::string(text);
  return Invalid(
      fmt::format("Value {} cannot be represented as varchar({})", text.substr(0, 100), length));
}

Result<std::string> Cut(std::string_view text, int64_t length) {
  return std::string(text.substr(0, ByteOf(text, length)));
}

namespace {

/// An empty `escape`: there is none.
Result<bool> MatchesLike(std::string_view text, std::string_view pattern, std::string_view escape) {
  // One backtrack point suffices: the last '%'.
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  const auto escaped = [&](size_t at) {
    return !escape.empty() && pattern.substr(at).starts_with(escape);
  };
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (!escaped(at)) continue;
    at += escape.size();
    const bool valid =
        at < pattern.size() && (pattern[at] == '%' || pattern[at] == '_' || escaped(at));
    if (!valid)
      return Invalid(
          "Escape character must be followed by '%', '_' or the escape character itself");
    if (escaped(at)) at += escape.size() - 1;
  }
  while (t < text.size()) {
    bool matched = false;
    if (p < pattern.size()) {
      if (escaped(p)) {
        const size_t literal = p + escape.size();
        const size_t n = CharacterBytes(pattern, literal);
        if (text.substr(t).starts_with(pattern.substr(literal, n))) {
          p = literal + n;
          t += n;
          matched = true;
        }
      } else if (pattern[p] == '%') {
        star = ++p;
        star_text = t;
        continue;
      } else if (pattern[p] == '_') {
        ++p;
        t += CharacterBytes(text, t);
        matched = true;
      } else if (pattern[p] == text[t]) {
        ++p;
        ++t;
        matched = true;
      }
    }
    if (matched) continue;
    if (star == std::string_view::npos) return false;
    star_text += CharacterBytes(text, star_text);
    t = star_text;
    p = star;
  }
  while (p < pattern.size() && pattern[p] == '%' && !escaped(p)) ++p;
  return p == pattern.size();
}

}  // namespace

Result<bool> Like(std::string_view text, std::string_view pattern, std::string_view escape) {
  if (escape.empty() || CharacterBytes(escape, 0) != escape.size()) {
    return Invalid("Escape string must be a single character");
  }
  return MatchesLike(text, pattern, escape);
}

Result<bool> LikeWithoutEscape(std::string_view text, std::string_view pattern) {
  return MatchesLike(text, pattern, "");
}

}  // namespace tidemark::sql::kernels
