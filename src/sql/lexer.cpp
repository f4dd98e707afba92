// SPDX-License-Identifier: Apache-2.0
#include "sql/lexer.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tidemark::sql {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNamePart(char c) { return IsLetter(c) || IsDigit(c); }

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

void AppendUtf8(std::string& out, uint32_t code) {
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// Bytes of the UTF-8 character at the start of `text`, 0 if it is not one (overlong, surrogate,
/// cut).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < n) return 0;
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return n;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    for (;;) {
      TM_RETURN_IF_ERROR(SkipBlanks());
      Token token;
      token.place = place_;
      if (at_ == text_.size()) {
        tokens.push_back(std::move(token));
        return tokens;
      }
      TM_RETURN_IF_ERROR(Next(token));
      tokens.push_back(std::move(token));
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void Advance(size_t bytes) {
    for (const size_t end = at_ + bytes; at_ < end; ++at_) {
      if (text_[at_] == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((static_cast<uint8_t>(text_[at_]) & 0xC0U) != 0x80U) {
        ++place_.column;
      }
    }
  }

  Result<void> SkipBlanks() {
    for (;;) {
      const char c = Peek();
      if (at_ < text_.size() && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
        Advance(1);
      } else if (c == '-' && Peek(1) == '-') {
        const size_t end = std::min(text_.find('\n', at_), text_.size());
        Advance(end - at_);
      } else if (c == '/' && Peek(1) == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return ErrorAt(place_, "the comment is not closed");
        Advance(end + 2 - at_);
      } else {
        return {};
      }
    }
  }

  Result<void> Next(Token& token) {
    const char c = Peek();
    if ((c == 'U' || c == 'u') && Peek(1) == '&' && Peek(2) == '\'') return UnicodeString(token);
    if (IsLetter(c)) return Word(token);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number(token);
    if (c == '\'') {
      token.kind = TokenKind::kString;
      return Quoted(token, '\'');
    }
    if (c == '"') {
      token.kind = TokenKind::kQuotedName;
      TM_RETURN_IF_ERROR(Quoted(token, '"'));
      if (token.value.empty()) return ErrorAt(token.place, "a quoted name is empty");
      return {};
    }
    if (c == '@') return Parameter(token);
    return Operator(token);
  }

  Result<void> Word(Token& token) {
    size_t n = 1;
    while (IsNamePart(Peek(n))) ++n;
    token.kind = TokenKind::kWord;
    token.value = text_.substr(at_, n);
    Advance(n);
    // `measure_value::double` is one identifier, not a cast (1.1).
    if (Lower(token.value) == "measure_value" && Peek() == ':' && Peek(1) == ':') {
      size_t end = 2;
      while (IsNamePart(Peek(end))) ++end;
      const std::string type = Lower(text_.substr(at_ + 2, end - 2));
      static constexpr std::array kTypes{"double", "bigint", "varchar", "boolean", "timestamp"};
      if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
        return ErrorAt(place_,
                       fmt::format("'measure_value::{}' is not a column: the types are double, "
                                   "bigint, varchar, boolean, timestamp",
                                   type));
      }
      token.value = "measure_value::" + type;
      Advance(end);
    }
    token.keyword = Upper(token.value);
    return {};
  }

  Result<void> Number(Token& token) {
    size_t n = 0;
    bool decimal = false;
    while (IsDigit(Peek(n))) ++n;
    if (Peek(n) == '.') {
      decimal = true;
      ++n;
      while (IsDigit(Peek(n))) ++n;
    }
    if ((Peek(n) == 'e' || Peek(n) == 'E') &&
        (IsDigit(Peek(n + 1)) ||
         ((Peek(n + 1) == '+' || Peek(n + 1) == '-') && IsDigit(Peek(n + 2))))) {
      decimal = true;
      n += 2;
      while (IsDigit(Peek(n))) ++n;
    }
    token.value = text_.substr(at_, n);
    size_t letters = n;
    while (IsNamePart(Peek(letters))) ++letters;
    if (letters > n) {
      token.unit = Lower(text_.substr(at_ + n, letters - n));
      if (!FindDurationUnit(token.unit)) {
        return ErrorAt(
            token.place,
            fmt::format("'{}' is neither a number nor a duration: the units are ns, us, ms, "
                        "s, m, h, d, month, y",
                        text_.substr(at_, letters)));
      }
      token.kind = TokenKind::kDuration;
      Advance(letters);
      return {};
    }
    token.kind = decimal ? TokenKind::kDecimal : TokenKind::kInteger;
    Advance(n);
    return {};
  }

  /// The text between quotes, doubled quotes made one.
  Result<void> Quoted(Token& token, char quote) {
    Advance(1);
    for (;;) {
      const size_t end = text_.find(quote, at_);
      if (end == std::string_view::npos) {
        return ErrorAt(token.place,
                       quote == '"' ? "the quoted name is not closed" : "the string is not closed");
      }
      token.value += text_.substr(at_, end - at_);
      Advance(end + 1 - at_);
      if (Peek() != quote) return {};
      token.value.push_back(quote);
      Advance(1);
    }
  }

  Result<void> UnicodeString(Token& token) {
    Advance(2);
    token.kind = TokenKind::kString;
    TM_RETURN_IF_ERROR(Quoted(token, '\''));
    char escape = '\\';
    TM_RETURN_IF_ERROR(SkipBlanks());
    if (Upper(text_.substr(at_, 7)) == "UESCAPE" && !IsNamePart(Peek(7))) {
      Advance(7);
      TM_RETURN_IF_ERROR(SkipBlanks());
      Token custom;
      custom.place = place_;
      if (Peek() != '\'') return ErrorAt(place_, "UESCAPE needs a string of one character");
      TM_RETURN_IF_ERROR(Quoted(custom, '\''));
      const bool usable =
          custom.value.size() == 1 && custom.value != "+" && custom.value != "'" &&
          custom.value != "\"" && custom.value != " " &&
          std::string_view("0123456789abcdefABCDEF").find(custom.value) == std::string_view::npos;
      if (!usable) return ErrorAt(custom.place, "UESCAPE needs one character that is no hex digit");
      escape = custom.value[0];
    }
    return Unescape(token, escape);
  }

  static Result<void> Unescape(Token& token, char escape) {
    std::string out;
    const std::string& in = token.value;
    for (size_t i = 0; i < in.size(); ++i) {
      if (in[i] != escape) {
        out.push_back(in[i]);
        continue;
      }
      if (i + 1 < in.size() && in[i + 1] == escape) {
        out.push_back(escape);
        ++i;
        continue;
      }
      const bool six = i + 1 < in.size() && in[i + 1] == '+';
      const size_t start = i + (six ? 2 : 1);
      const size_t digits = six ? 6 : 4;
      uint32_t code = 0;
      size_t used = 0;
      for (; used < digits && start + used < in.size(); ++used) {
        const char c = in[start + used];
        const std::string_view hex = "0123456789abcdef";
        const size_t value = hex.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
        if (value == std::string_view::npos) break;
        code = code * 16 + static_cast<uint32_t>(value);
      }
      const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
      if (used != digits || code > 0x10FFFF || surrogate) {
        return ErrorAt(token.place, "the Unicode string holds an incomplete or invalid escape");
      }
      AppendUtf8(out, code);
      i = start + digits - 1;
    }
    token.value = std::move(out);
    return {};
  }

  Result<void> Parameter(Token& token) {
    size_t n = 1;
    while (IsNamePart(Peek(n))) ++n;
    if (n == 1) return ErrorAt(place_, "a parameter needs a name after '@'");
    token.kind = TokenKind::kParameter;
    token.value = text_.substr(at_ + 1, n - 1);
    Advance(n);
    return {};
  }

  Result<void> Operator(Token& token) {
    token.kind = TokenKind::kOperator;
    static constexpr std::array<std::string_view, 6> kTwo{"<>", "!=", "<=", ">=", "||", "->"};
    const std::string_view two = text_.substr(at_, 2);
    if (std::find(kTwo.begin(), kTwo.end(), two) != kTwo.end()) {
      token.value = two == "!=" ? "<>" : two;
      Advance(2);
      return {};
    }
    if (two == "::") {
      return ErrorAt(place_, "'::' is no cast here: only measure_value::double and the like exist",
                     "use CAST(x AS type)");
    }
    const char c = Peek();
    if (c == '`') return ErrorAt(place_, "a backquote is no quote for names", "use \"...\"");
    if (std::string_view("+-*/%=<>[].,();").find(c) == std::string_view::npos) {
      return ErrorAt(place_, fmt::format("unexpected character '{}'", ShowCharacter()));
    }
    token.value = c;
    Advance(1);
    return {};
  }

  std::string ShowCharacter() const {
    const auto c = static_cast<uint8_t>(Peek());
    if (c < 0x20 || c == 0x7F) return fmt::format("\\x{:02x}", c);
    return std::string(text_.substr(at_, std::max<size_t>(Utf8Length(text_.substr(at_)), 1)));
  }

  std::string_view text_;
  size_t at_ = 0;
  Place place_;
};

}  // namespace

Error ErrorAt(Place place, std::string_view message, std::string_view suggestion) {
  return {Code::kInvalidArgument, fmt::format("line {}:{}: {}{}{}", place.line, place.column,
                                              message, suggestion.empty() ? "" : "; ", suggestion)};
}

Error NotSupportedAt(Place place, std::string_view what) {
  return {Code::kUnimplemented,
          fmt::format("line {}:{}: {} not supported yet", place.line, place.column, what)};
}

std::string Token::Show() const {
  switch (kind) {
    case TokenKind::kEnd:
      return "end of the statement";
    case TokenKind::kQuotedName:
      return fmt::format("'\"{}\"'", value);
    case TokenKind::kString:
      return fmt::format("string '{}'", value);
    case TokenKind::kParameter:
      return fmt::format("'@{}'", value);
    case TokenKind::kDuration:
      return fmt::format("'{}{}'", value, unit);
    case TokenKind::kWord:
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kOperator:
      return fmt::format("'{}'", value);
  }
  return {};
}

Result<std::vector<Token>> Tokenize(std::string_view text) {
  if (text.size() > kStatementBytesMax) {
    return ErrorAt({}, fmt::format("the statement has {} bytes, at most {} are allowed",
                                   text.size(), kStatementBytesMax));
  }
  Place place;
  for (size_t i = 0; i < text.size();) {
    const size_t n = Utf8Length(text.substr(i));
    if (n == 0) return ErrorAt(place, "the statement is not valid UTF-8");
    if (text[i] == '\0') return ErrorAt(place, "the statement contains a NUL character");
    if (text[i] == '\n') place = {place.line + 1, 0};
    ++place.column;
    i += n;
  }
  return Lexer(text).Run();
}

bool IsReservedWord(std::string_view upper) {
  static constexpr std::string_view kWords[] = {// timestream-sql.md 1.3, sorted
                                                "ALTER",
                                                "AND",
                                                "AS",
                                                "BETWEEN",
                                                "BY",
                                                "CASE",
                                                "CAST",
                                                "CONSTRAINT",
                                                "CREATE",
                                                "CROSS",
                                                "CUBE",
                                                "CURRENT_DATE",
                                                "CURRENT_TIME",
                                                "CURRENT_TIMESTAMP",
                                                "CURRENT_USER",
                                                "DEALLOCATE",
                                                "DELETE",
                                                "DESCRIBE",
                                                "DISTINCT",
                                                "DROP",
                                                "ELSE",
                                                "END",
                                                "ESCAPE",
                                                "EXCEPT",
                                                "EXECUTE",
                                                "EXISTS",
                                                "EXTRACT",
                                                "FALSE",
                                                "FOR",
                                                "FROM",
                                                "FULL",
                                                "GROUP",
                                                "GROUPING",
                                                "HAVING",
                                                "IN",
                                                "INNER",
                                                "INSERT",
                                                "INTERSECT",
                                                "INTO",
                                                "IS",
                                                "JOIN",
                                                "LEFT",
                                                "LIKE",
                                                "LOCALTIME",
                                                "LOCALTIMESTAMP",
                                                "NATURAL",
                                                "NORMALIZE",
                                                "NOT",
                                                "NULL",
                                                "ON",
                                                "OR",
                                                "ORDER",
                                                "OUTER",
                                                "PREPARE",
                                                "RECURSIVE",
                                                "RIGHT",
                                                "ROLLUP",
                                                "SELECT",
                                                "TABLE",
                                                "THEN",
                                                "TRUE",
                                                "UESCAPE",
                                                "UNION",
                                                "UNNEST",
                                                "USING",
                                                "VALUES",
                                                "WHEN",
                                                "WHERE",
                                                "WITH"};
  return std::find(std::begin(kWords), std::end(kWords), upper) != std::end(kWords);
}

std::optional<DurationUnit> FindDurationUnit(std::string_view unit) {
  constexpr int64_t kSecond = 1'000'000'000;
  if (unit == "ns" || unit == "nanosecond") return DurationUnit{1, 0};
  if (unit == "us" || unit == "microsecond") return DurationUnit{1'000, 0};
  if (unit == "ms" || unit == "millisecond") return DurationUnit{1'000'000, 0};
  if (unit == "s" || unit == "second") return DurationUnit{kSecond, 0};
  if (unit == "m" || unit == "minute") return DurationUnit{60 * kSecond, 0};
  if (unit == "h" || unit == "hour") return DurationUnit{3600 * kSecond, 0};
  if (unit == "d" || unit == "day") return DurationUnit{86400 * kSecond, 0};
  if (unit == "month") return DurationUnit{0, 1};
  if (unit == "y" || unit == "year") return DurationUnit{0, 12};
  return std::nullopt;
}

}  // namespace tidemark::sql
