// SPDX-License-Identifier: Apache-2.0
#include "base/numbers.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <system_error>

#include "base/check.h"

namespace tidemark {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t CountDigits(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  return n;
}

struct DecimalParts {
  std::string_view whole;
  std::string_view fraction;
  std::string_view exponent;  // with its sign
};

/// Splits unsigned decimal text; none if it is anything else.
std::optional<DecimalParts> SplitDecimal(std::string_view text) {
  DecimalParts parts;
  parts.whole = text.substr(0, CountDigits(text));
  text.remove_prefix(parts.whole.size());
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    parts.fraction = text.substr(0, CountDigits(text));
    text.remove_prefix(parts.fraction.size());
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (text.empty()) return parts;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const size_t sign = !text.empty() && (text.front() == '-' || text.front() == '+') ? 1 : 0;
  if (text.size() == sign || CountDigits(text.substr(sign)) != text.size() - sign) {
    return std::nullopt;
  }
  parts.exponent = text;
  return parts;
}

/// For text that is out of range: whether it is too small (then it means zero) rather than too
/// large.
bool IsTiny(const DecimalParts& parts) {
  const size_t in_whole = parts.whole.find_first_not_of('0');
  const size_t in_fraction = parts.fraction.find_first_not_of('0');
  int64_t magnitude = 0;
  if (in_whole != std::string_view::npos) {
    magnitude = static_cast<int64_t>(parts.whole.size() - in_whole);
  } else if (in_fraction != std::string_view::npos) {
    magnitude = -static_cast<int64_t>(in_fraction);
  } else {
    return true;
  }
  if (parts.exponent.empty()) return magnitude <= 0;
  const auto exponent = ParseInt64(parts.exponent);
  if (!exponent || *exponent > INT64_MAX / 2 || *exponent < INT64_MIN / 2) {
    return parts.exponent.front() == '-';
  }
  return magnitude + *exponent <= 0;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> ParseFiniteDouble(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const auto parts = SplitDecimal(text);
  if (!parts) return std::nullopt;
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (!IsTiny(*parts)) return std::nullopt;
    value = 0;
  } else if (error != std::errc() || stop != text.data() + text.size()) {
    return std::nullopt;
  }
  if (!std::isfinite(value)) return std::nullopt;
  return negative ? -value : value;
}

namespace {

/// Values of at most four decimals between 0.001 and ten million: most of what is measured. False,
/// and nothing appended: the value is none.
bool AppendFewDecimals(double magnitude, std::string& out) {
  constexpr uint64_t kScale = 10'000;
  constexpr size_t kDecimals = 4;
  const auto scaled = static_cast<uint64_t>(magnitude * kScale + 0.5);
  // Both sides are exact and the division rounds once, so the text `scaled` / 10,000 reads back to
  // the value. It has at most 15 digits, hence no other text of as few does.
  if (static_cast<double>(scaled) / kScale != magnitude) return false;
  std::array<char, 24> text{};
  char* end = std::to_chars(text.data(), text.data() + text.size(), scaled / kScale).ptr;
  *end++ = '.';
  uint64_t rest = scaled % kScale;
  for (size_t i = kDecimals; i > 0; --i, rest /= 10)
    end[i - 1] = static_cast<char>('0' + rest % 10);
  end += kDecimals;
  while (end[-1] == '0' && end[-2] != '.') --end;
  out.append(text.data(), end);
  return true;
}

}  // namespace

void AppendDoubleSql(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::signbit(value)) out.push_back('-');
  const double magnitude = std::fabs(value);
  if (std::isinf(value)) {
    out += "Infinity";
    return;
  }
  if (magnitude == 0) {
    out += "0.0";
    return;
  }
  const bool plain = magnitude >= 1e-3 && magnitude < 1e7;
  if (plain && AppendFewDecimals(magnitude, out)) return;

  // Shortest digits come as "d[.ddd]e[+-]xx".
  std::array<char, 40> raw{};
  auto [end, error] =
      std::to_chars(raw.data(), raw.data() + raw.size(), magnitude, std::chars_format::scientific);
  TM_CHECK(error == std::errc());
  if (raw[1] == 'e') {
    // Java prints two digits at least, and those nearest to the value: 4.9E-324, not 5.0E-324.
    end = std::to_chars(raw.data(), raw.data() + raw.size(), magnitude,
                        std::chars_format::scientific, 1)
              .ptr;
  }
  const std::string_view text(raw.data(), static_cast<size_t>(end - raw.data()));
  const size_t e = text.find('e');
  // Without the point: its place takes the first digit.
  raw[1] = raw[0];
  std::string_view digits(raw.data() + 1, e - 1);
  if (digits.size() == 2 && digits.back() == '0') digits.remove_suffix(1);
  const auto exponent = static_cast<int>(*ParseInt64(text.substr(e + 1)));

  if (plain && exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out += digits;
    return;
  }
  const size_t whole = plain ? static_cast<size_t>(exponent) + 1 : 1;
  out += digits.substr(0, whole);
  if (digits.size() < whole) out.append(whole - digits.size(), '0');
  out.push_back('.');
  if (digits.size() > whole) {
    out += digits.substr(whole);
  } else {
    out.push_back('0');
  }
  if (plain) return;
  out.push_back('E');
  out += std::to_string(exponent);
}

std::string FormatDoubleSql(double value) {
  std::string out;
  AppendDoubleSql(value, out);
  return out;
}

std::string FormatDoubleShortest(double value) {
  std::array<char, 40> raw{};
  const auto [end, error] = std::to_chars(raw.data(), raw.data() + raw.size(), value);
  TM_CHECK(error == std::errc());
  return {raw.data(), end};
}

}  // namespace tidemark
