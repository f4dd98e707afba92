// SPDX-License-Identifier: Apache-2.0
// Values as people read them (console-ux.md section 3, Formats).
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "app/cli/output.h"
#include "base/numbers.h"
#include "base/time_zone.h"

namespace tidemark::app {
namespace {

/// The code point at `at`, which moves behind it; bytes that are no UTF-8 count one each.
char32_t Decode(std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0x80    ? 1
                        : lead >= 0xf0 ? 4
                        : lead >= 0xe0 ? 3
                        : lead >= 0xc0 ? 2
                                       : 1;
  if (length == 1 || at + length > text.size()) {
    ++at;
    return lead;
  }
  char32_t code = lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    code = code << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
  }
  at += length;
  return code;
}

size_t WidthOf(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  // Marks that take no cell of their own, and the East Asian wide blocks and pictographs.
  constexpr std::array<Range, 5> kNone{
      {{0x300, 0x36f}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2069}, {0xfe00, 0xfe0f}}};
  constexpr std::array<Range, 9> kWide{{{0x1100, 0x115f},
                                        {0x2e80, 0xa4cf},
                                        {0xac00, 0xd7a3},
                                        {0xf900, 0xfaff},
                                        {0xfe30, 0xfe6f},
                                        {0xff00, 0xff60},
                                        {0x1f300, 0x1f64f},
                                        {0x1f900, 0x1f9ff},
                                        {0x20000, 0x3fffd}}};
  const auto in = [c](const Range& range) { return c >= range.first && c <= range.last; };
  if (std::ranges::any_of(kNone, in)) return 0;
  return std::ranges::any_of(kWide, in) ? 2 : 1;
}

std::string Three(double value) {
  // Three significant digits.
  const double size = std::fabs(value);
  return fmt::format("{:.{}f}", value, size >= 99.95 || value == 0 ? 0 : size >= 9.995 ? 1 : 2);
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) width += WidthOf(Decode(text, at));
  return width;
}

std::string CutTo(std::string_view text, size_t width, bool utf8) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view dots = utf8 ? "…" : "...";
  const size_t room = width - std::min(width, DisplayWidth(dots));
  size_t used = 0;
  size_t at = 0;
  while (at < text.size()) {
    size_t next = at;
    used += WidthOf(Decode(text, next));
    if (used > room) break;
    at = next;
  }
  return std::string(text.substr(0, at)) + std::string(dots);
}

std::string Harmless(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = Decode(text, at);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));  // would turn the line around
    } else {
      out.append(text.substr(begin, at - begin));
    }
  }
  return out;
}

std::string FormatCount(std::string_view digits) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return (negative ? "-" : "") + std::string(digits);
  }
  std::string out = negative ? "-" : "";
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ' ';
    out += digits[i];
  }
  return out;
}

std::string FormatSi(double value) {
  constexpr std::array<std::string_view, 5> kUnits{"", " k", " M", " G", " T"};
  size_t unit = 0;
  while (std::fabs(value) >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0 && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return Three(value) + std::string(kUnits[unit]);
}

std::string FormatBytes(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits{" B", " KiB", " MiB", " GiB", " TiB"};
  size_t unit = 0;
  while (std::fabs(bytes) >= 1023.5 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f}{}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string FormatMillis(double ms) {
  if (ms < 0) return "-" + FormatMillis(-ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", ms / 1000);
  const auto whole = static_cast<int64_t>(ms / 1000);
  const auto two = [](int64_t a, std::string_view ua, int64_t b, std::string_view ub) {
    return b == 0 ? fmt::format("{} {}", a, ua) : fmt::format("{} {} {} {}", a, ua, b, ub);
  };
  if (whole < 3600) return two(whole / 60, "m", whole % 60, "s");
  if (whole < 86'400) return two(whole / 3600, "h", whole % 3600 / 60, "m");
  return two(whole / 86'400, "d", whole % 86'400 / 3600, "h");
}

std::string FormatTime(int64_t ns, std::string_view zone) {
  int64_t offset = 0;
  if (zone != "UTC") {
    if (const auto found = TimeZone::Find(zone); found.ok()) {
      offset = found->OffsetAt(FloorTo({ns}, seconds(1)).ns / 1'000'000'000);
    }
  }
  std::string out = FormatSqlTimestamp(EventTime{ns} + seconds(offset));
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string ShownText(const JsonValue* value, Show show, std::string_view time_zone) {
  if (value == nullptr || value->is_null()) return "-";
  const std::string plain = PlainText(value);
  const auto number =
      value->is_number() ? value->double_value() : ParseFiniteDouble(plain).value_or(std::nan(""));
  const auto whole = ParseInt64(plain);
  switch (show) {
    case Show::kText:
      return Harmless(plain);
    case Show::kNumber:
      return whole ? FormatCount(plain) : Harmless(plain);
    case Show::kTimeNs:
      return whole ? FormatTime(*whole, time_zone) : Harmless(plain);
    case Show::kTimeMs:
      return whole ? FormatTime(*whole * 1'000'000, time_zone) : Harmless(plain);
    case Show::kHours:
      return plain + "h";
    default:
      break;
  }
  if (std::isnan(number)) return Harmless(plain);
  switch (show) {
    case Show::kRate:
      return FormatSi(number);
    case Show::kByteRate:
      return FormatSi(number) + (std::fabs(number) >= 999.5 ? "B" : " B");
    case Show::kBytes:
      return FormatBytes(number);
    case Show::kMillis:
      return FormatMillis(number);
    case Show::kPercent:
      return fmt::format("{:.{}f} %", number * 100, number * 100 < 9.95 ? 1 : 0);
    default:
      return plain;
  }
}

}  // namespace tidemark::app
