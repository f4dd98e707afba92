// SPDX-License-Identifier: Apache-2.0
// TZif: two blocks, the second with 64-bit times, and behind them a rule in POSIX TZ form for what
// comes after the last transition. Only the second block and the rule are read.
#include "base/time_zone.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

namespace tidemark {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int64_t kOffsetMax = 18 * 3600;

/// A day of a rule: Mm.w.d, Jn or n.
struct RuleDay {
  enum class Kind : uint8_t { kMonthWeekday, kJulian, kDayOfYear };
  Kind kind = Kind::kMonthWeekday;
  int64_t month = 1;
  int64_t week = 1;  // 5: the last
  int64_t day = 0;   // Sunday: 0; or the number of the day
  int64_t seconds = 2 * 3600;
};

struct Rule {
  int64_t standard = 0;
  std::optional<int64_t> daylight;
  RuleDay start;
  RuleDay end;
};

struct Transition {
  int64_t at = 0;
  int64_t offset = 0;  // from then on
};

bool IsLeap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int64_t FirstDay(int64_t year) {
  // Days from 1970 to January 1st.
  const int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 - 719'162;
}

int64_t YearOf(int64_t days) {
  int64_t year = 1970 + days / 366;
  while (FirstDay(year + 1) <= days) ++year;
  while (FirstDay(year) > days) --year;
  return year;
}

int64_t DayOf(int64_t seconds) { return seconds / kDay - (seconds % kDay < 0 ? 1 : 0); }

/// Wall-clock seconds since 1970 of a rule's change in a year.
int64_t ChangeIn(const RuleDay& rule, int64_t year) {
  const bool leap = IsLeap(year);
  int64_t day = FirstDay(year);
  switch (rule.kind) {
    case RuleDay::Kind::kJulian:  // February 29th is never counted
      day += rule.day - 1 + (leap && rule.day >= 60 ? 1 : 0);
      break;
    case RuleDay::Kind::kDayOfYear:
      day += rule.day;
      break;
    case RuleDay::Kind::kMonthWeekday: {
      const std::array<int64_t, 12> lengths{31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                            31};
      for (int64_t m = 1; m < rule.month; ++m) day += lengths[static_cast<size_t>(m - 1)];
      const int64_t weekday = ((day + 4) % 7 + 7) % 7;  // of the month's first; 1970-01-01: 4
      int64_t ahead = (rule.day - weekday + 7) % 7 + (rule.week - 1) * 7;
      while (ahead >= lengths[static_cast<size_t>(rule.month - 1)]) ahead -= 7;
      day += ahead;
      break;
    }
  }
  return day * kDay + rule.seconds;
}

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
    if (rest_.empty()) return rule;
    if (!Name()) return std::nullopt;
    rule.daylight = rule.standard + 3600;
    if (!rest_.empty() && rest_.front() != ',') {
      const auto daylight = Clock();
      if (!daylight) return std::nullopt;
      rule.daylight = -*daylight;
    }
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
    if (!seconds) return false;
    out.seconds = *seconds;
    return true;
  }

  std::string_view rest_;
};

}  // namespace

struct TimeZone::Data {
  int64_t first_offset = 0;
  std::vector<Transition> transitions;  // ascending
  std::optional<Rule> rule;             // behind the last transition

  int64_t ByRule(int64_t utc) const {
    if (!rule->daylight) return rule->standard;
    const int64_t year = YearOf(DayOf(utc + rule->standard));
    const int64_t start = ChangeIn(rule->start, year) - rule->standard;
    const int64_t end = ChangeIn(rule->end, year) - *rule->daylight;
    const bool summer = start < end ? utc >= start && utc < end : utc >= start || utc < end;
    return summer ? *rule->daylight : rule->standard;
  }
};

namespace {

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

bool Decode(std::string_view file, TimeZone::Data& out) {
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
    block.Take(2);
  }
  out.first_offset = offsets.front();
  for (size_t i = 0; i < times; ++i) {
    const auto type = static_cast<uint8_t>(types[i]);
    if (type >= offsets.size()) return false;
    out.transitions[i].offset = offsets[type];
  }
  std::string_view footer = in.rest();
  if (footer.size() < 2 || footer.front() != '\n') return false;
  footer = footer.substr(1, footer.find('\n', 1) - 1);
  if (footer.empty()) return true;
  out.rule = RuleReader(footer).Read();
  return out.rule.has_value();
}

Error NoZone(std::string_view name) {
  return {Code::kInvalidArgument,
          "'" + std::string(name.substr(0, 100)) + "' is not a valid time zone"};
}

/// +h, +hh, +hhmm, +hh:mm.
std::optional<int64_t> ParseOffset(std::string_view text) {
  if (text.size() < 2 || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int64_t sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && i == 2 && text.size() == 5) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits += text[i];
  }
  if (digits.size() == 1) digits.insert(0, "0");
  if (digits.size() == 2) digits += "00";
  if (digits.size() != 4) return std::nullopt;
  const int64_t hours = (digits[0] - '0') * 10 + (digits[1] - '0');
  const int64_t minutes = (digits[2] - '0') * 10 + (digits[3] - '0');
  if (minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

/// The name comes from a query: it must not leave the folder.
bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
}

}  // namespace

Result<TimeZone> TimeZone::Fixed(int64_t offset_seconds) {
  if (offset_seconds < -kOffsetMax || offset_seconds > kOffsetMax) {
    return Error{Code::kInvalidArgument, "a time zone is at most 18 hours from UTC"};
  }
  auto data = std::make_shared<Data>();
  data->first_offset = offset_seconds;
  return TimeZone(std::move(data));
}

Result<TimeZone> TimeZone::Find(std::string_view name) {
  if (name == "UTC" || name == "Z" || name == "GMT" || name == "UT") return Fixed(0);
  if (const auto offset = ParseOffset(name)) {
    Result<TimeZone> zone = Fixed(*offset);
    return zone.ok() ? std::move(zone) : Result<TimeZone>(NoZone(name));
  }
  if (!IsZoneName(name)) return NoZone(name);
  const char* folder = std::getenv("TZDIR");
  const std::string path =
      std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/" + std::string(name);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return NoZone(name);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!bytes.starts_with("TZif")) return NoZone(name);
  auto data = std::make_shared<Data>();
  if (!Decode(bytes, *data))
    return Error{Code::kInternal, "the time zone file " + path + " is damaged"};
  return TimeZone(std::move(data));
}

int64_t TimeZone::OffsetAt(int64_t utc_seconds) const {
  const std::vector<Transition>& all = data_->transitions;
  const auto next = std::upper_bound(all.begin(), all.end(), utc_seconds,
                                     [](int64_t at, const Transition& t) { return at < t.at; });
  if (next == all.end() && data_->rule) return data_->ByRule(utc_seconds);
  return next == all.begin() ? data_->first_offset : std::prev(next)->offset;
}

std::optional<int64_t> TimeZone::InstantOf(int64_t local_seconds) const {
  std::optional<int64_t> earliest;
  for (const int64_t near : {local_seconds - kDay, local_seconds + kDay}) {
    const int64_t offset = OffsetAt(near);
    const int64_t instant = local_seconds - offset;
    if (OffsetAt(instant) != offset) continue;
    if (!earliest || instant < *earliest) earliest = instant;
  }
  return earliest;
}

int64_t TimeZone::FirstInstantAt(int64_t local_seconds) const {
  if (const auto instant = InstantOf(local_seconds)) return *instant;
  // Skipped by a change of at most a day (Pacific/Apia, 2011-12-30) that is alone within two.
  int64_t before = local_seconds - 2 * kDay;
  int64_t at_or_after = local_seconds + 2 * kDay;
  while (at_or_after - before > 1) {
    const int64_t middle = before + (at_or_after - before) / 2;
    (middle + OffsetAt(middle) >= local_seconds ? at_or_after : before) = middle;
  }
  return at_or_after;
}

}  // namespace tidemark
