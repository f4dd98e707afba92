// SPDX-License-Identifier: Apache-2.0
// TZif: two blocks, the second with 64-bit times, and behind them a rule in POSIX TZ form for what
// comes after the last transition. Only the second block and the rule are read.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/time_zone_internal.h"

namespace tidemark {
namespace {

// RFC 8536: clocks are 26 hours from UTC at most, and a rule's change lies within a week of its
// day.
constexpr int64_t kOffsetMax = 26 * 3600;
constexpr int64_t kRuleSecondsMax = 167 * 3600;

bool InRange(int64_t seconds, int64_t most) { return -most <= seconds && seconds <= most; }

/// Reads "EST5EDT,M3.2.0,M11.1.0/2" and "<+0330>-3:30".
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  std::optional<Rule> Read() {
    Rule rule;
    if (!Name()) return std::nullopt;
    const auto standard = Clock();
    if (!standard) return std::nullopt;
    rule.standard = -*standard;
    if (!InRange(rule.standard, kOffsetMax)) return std::nullopt;
    if (rest_.empty()) return rule;
    if (!Name()) return std::nullopt;
    rule.daylight = rule.standard + 3600;
    if (!rest_.empty() && rest_.front() != ',') {
      const auto daylight = Clock();
      if (!daylight) return std::nullopt;
      rule.daylight = -*daylight;
    }
    if (!InRange(*rule.daylight, kOffsetMax)) return std::nullopt;
    if (!Take(',') || !Day(rule.start) || !Take(',') || !Day(rule.end)) return std::nullopt;
    return rest_.empty() ? std::optional(rule) : std::nullopt;
  }

 private:
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Name() {
    if (Take('<')) {
      const size_t close = rest_.find('>');
      if (close == std::string_view::npos) return false;
      rest_.remove_prefix(close + 1);
      return true;
    }
    size_t n = 0;
    while (n < rest_.size() &&
           ((rest_[n] >= 'A' && rest_[n] <= 'Z') || (rest_[n] >= 'a' && rest_[n] <= 'z'))) {
      ++n;
    }
    rest_.remove_prefix(n);
    return n >= 3;
  }

  std::optional<int64_t> Number() {
    size_t n = 0;
    int64_t value = 0;
    while (n < rest_.size() && n < 4 && rest_[n] >= '0' && rest_[n] <= '9') {
      value = value * 10 + (rest_[n++] - '0');
    }
    rest_.remove_prefix(n);
    return n > 0 ? std::optional(value) : std::nullopt;
  }

  /// [+-]h[h][:mm[:ss]] in seconds.
  std::optional<int64_t> Clock() {
    const bool negative = Take('-');
    if (!negative) Take('+');
    int64_t total = 0;
    for (const int64_t unit : {3600, 60, 1}) {
      const auto part = Number();
      if (!part) return std::nullopt;
      total += *part * unit;
      if (!Take(':')) break;
    }
    return negative ? -total : total;
  }

  bool Day(RuleDay& out) {
    if (Take('M')) {
      const auto month = Number();
      const auto week = Take('.') ? Number() : std::nullopt;
      const auto day = Take('.') ? Number() : std::nullopt;
      if (!month || !week || !day || *month < 1 || *month > 12 || *week < 1 || *week > 5 ||
          *day > 6) {
        return false;
      }
      out.month = *month;
      out.week = *week;
      out.day = *day;
    } else {
      out.kind = Take('J') ? RuleDay::Kind::kJulian : RuleDay::Kind::kDayOfYear;
      const auto day = Number();
      if (!day || *day > 366) return false;
      out.day = *day;
    }
    if (!Take('/')) return true;
    const auto seconds = Clock();
    if (!seconds || !InRange(*seconds, kRuleSecondsMax)) return false;
    out.seconds = *seconds;
    return true;
  }

  std::string_view rest_;
};

/// Big-endian, of a checked length.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}
  bool Has(size_t n) const { return rest_.size() >= n; }
  std::string_view Take(size_t n) {
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  int64_t Integer(size_t bytes) {
    uint64_t value = 0;
    const std::string_view text = Take(bytes);
    for (const char c : text) value = value << 8U | static_cast<uint8_t>(c);
    if (bytes == 4) return static_cast<int32_t>(static_cast<uint32_t>(value));
    return static_cast<int64_t>(value);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct Header {
  std::array<size_t, 6> counts{};  // isut, isstd, leap, time, type, char
  bool Read(Bytes& in) {
    if (!in.Has(44) || in.Take(4) != "TZif") return false;
    in.Take(16);
    for (size_t& count : counts) {
      const int64_t n = in.Integer(4);
      if (n < 0 || n > 100'000) return false;
      count = static_cast<size_t>(n);
    }
    return true;
  }
  size_t Size(size_t time_bytes) const {
    return counts[3] * (time_bytes + 1) + counts[4] * 6 + counts[5] + counts[2] * (time_bytes + 4) +
           counts[1] + counts[0];
  }
};

}  // namespace

bool DecodeTzif(std::string_view file, TimeZone::Data& out) {
  Bytes in(file);
  Header header;
  if (!header.Read(in) || !in.Has(header.Size(4))) return false;
  in.Take(header.Size(4));
  if (!header.Read(in) || !in.Has(header.Size(8)) || header.counts[4] == 0) return false;
  const size_t times = header.counts[3];
  Bytes block(in.Take(header.Size(8)));
  for (size_t i = 0; i < times; ++i) out.transitions.push_back({block.Integer(8), 0});
  const std::string_view types = block.Take(times);
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < header.counts[4]; ++i) {
    offsets.push_back(block.Integer(4));
    if (!InRange(offsets.back(), kOffsetMax)) return false;
    block.Take(2);
  }
  out.first_offset = offsets.front();
  for (size_t i = 0; i < times; ++i) {
    const auto type = static_cast<uint8_t>(types[i]);
    if (type >= offsets.size()) return false;
    out.transitions[i].offset = offsets[type];
    if (i > 0 && out.transitions[i].at <= out.transitions[i - 1].at) return false;
  }
  std::string_view footer = in.rest();
  if (footer.size() < 2 || footer.front() != '\n') return false;
  footer = footer.substr(1, footer.find('\n', 1) - 1);
  if (footer.empty()) return true;
  out.rule = RuleReader(footer).Read();
  return out.rule.has_value();
}

}  // namespace tidemark
