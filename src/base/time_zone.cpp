// SPDX-License-Identifier: Apache-2.0
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

#include "base/time.h"
#include "base/time_zone_internal.h"

namespace tidemark {
namespace {

constexpr size_t kVersionBytesMax = 64;
constexpr int64_t kOffsetMax = 18 * 3600;
// Of the accepted times.
constexpr int64_t kFirstSecond = kEventTimeMin.ns / 1'000'000'000;
constexpr int64_t kLastSecond = kEventTimeMax.ns / 1'000'000'000;

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

int64_t DayOf(int64_t seconds) {
  return seconds / kDaySeconds - (seconds % kDaySeconds < 0 ? 1 : 0);
}

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
  return day * kDaySeconds + rule.seconds;
}

}  // namespace

int64_t TimeZone::Data::ByRule(int64_t utc) const {
  if (!rule->daylight) return rule->standard;
  const int64_t year = YearOf(DayOf(utc + rule->standard));
  const int64_t start = ChangeIn(rule->start, year) - rule->standard;
  const int64_t end = ChangeIn(rule->end, year) - *rule->daylight;
  const bool summer = start < end ? utc >= start && utc < end : utc >= start || utc < end;
  return summer ? *rule->daylight : rule->standard;
}

int64_t TimeZone::Data::OffsetAt(int64_t utc) const {
  const auto next =
      std::upper_bound(transitions.begin(), transitions.end(), utc,
                       [](int64_t at, const Transition& change) { return at < change.at; });
  if (next == transitions.end() && rule) return ByRule(utc);
  return next == transitions.begin() ? first_offset : std::prev(next)->offset;
}

std::vector<int64_t> TimeZone::Data::Changes() const {
  std::vector<int64_t> out;
  out.reserve(transitions.size());
  for (const Transition& change : transitions) out.push_back(change.at);
  if (!rule || !rule->daylight) return out;
  const int64_t since = transitions.empty() ? kFirstSecond : transitions.back().at;
  for (int64_t year = YearOf(DayOf(std::clamp(since, kFirstSecond, kLastSecond))) - 1;
       year <= YearOf(DayOf(kLastSecond)); ++year) {
    out.push_back(ChangeIn(rule->start, year) - rule->standard);
    out.push_back(ChangeIn(rule->end, year) - *rule->daylight);
  }
  return out;
}

namespace {

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

bool IsUtc(std::string_view name) {
  return name == "UTC" || name == "Z" || name == "GMT" || name == "UT";
}

std::string JoinZonePath(std::string_view name) {
  const char* folder = std::getenv("TZDIR");
  return std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/" + std::string(name);
}

/// "": there is no such file.
std::string ReadText(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Where distributions say which zone data it is: at the head of its source, or alone in a file.
std::string DataVersion() {
  const auto first_line = [](std::string_view file) {
    std::ifstream in(JoinZonePath(file));
    std::string line;
    std::getline(in, line);
    return line.substr(0, kVersionBytesMax);
  };
  constexpr std::string_view kHead = "# version ";
  if (const std::string line = first_line("tzdata.zi"); line.starts_with(kHead)) {
    return line.substr(kHead.size());
  }
  const std::string line = first_line("+VERSION");
  return line.empty() ? first_line("version") : line;
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

Result<TimeZone> TimeZone::FromTzif(std::string_view bytes) {
  auto data = std::make_shared<Data>();
  if (!DecodeTzif(bytes, *data)) {
    return Error{Code::kCorruption, "the zone file is damaged, or of the first version"};
  }
  return TimeZone(std::move(data));
}

Result<std::optional<ZoneFile>> TimeZone::ReadFile(std::string_view name) {
  if (IsUtc(name)) return std::optional<ZoneFile>();
  if (ParseOffset(name)) {
    TM_RETURN_IF_ERROR(Find(name));
    return std::optional<ZoneFile>();
  }
  if (!IsZoneName(name)) return NoZone(name);
  std::string bytes = ReadText(JoinZonePath(name));
  if (!bytes.starts_with("TZif")) return NoZone(name);
  return std::optional(ZoneFile{DataVersion(), std::move(bytes)});
}

Result<TimeZone> TimeZone::Find(std::string_view name) {
  if (IsUtc(name)) return Fixed(0);
  if (const auto offset = ParseOffset(name)) {
    Result<TimeZone> zone = Fixed(*offset);
    return zone.ok() ? std::move(zone) : Result<TimeZone>(NoZone(name));
  }
  if (!IsZoneName(name)) return NoZone(name);
  const std::string path = JoinZonePath(name);
  const std::string bytes = ReadText(path);
  if (!bytes.starts_with("TZif")) return NoZone(name);
  auto zone = FromTzif(bytes);
  if (zone.ok()) return zone;
  return Error{Code::kInternal, "the time zone file " + path + " is damaged"};
}

int64_t TimeZone::OffsetAt(int64_t utc_seconds) const { return data_->OffsetAt(utc_seconds); }

bool operator==(const TimeZone& a, const TimeZone& b) {
  if (a.data_ == b.data_) return true;
  const auto same_at = [&](int64_t at) {
    const int64_t within = std::clamp(at, kFirstSecond, kLastSecond);
    return a.OffsetAt(within) == b.OffsetAt(within);
  };
  return same_at(kFirstSecond) && std::ranges::all_of(a.data_->Changes(), same_at) &&
         std::ranges::all_of(b.data_->Changes(), same_at);
}

std::optional<int64_t> TimeZone::InstantOf(int64_t local_seconds) const {
  std::optional<int64_t> earliest;
  for (const int64_t near : {local_seconds - kDaySeconds, local_seconds + kDaySeconds}) {
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
  int64_t before = local_seconds - 2 * kDaySeconds;
  int64_t at_or_after = local_seconds + 2 * kDaySeconds;
  while (at_or_after - before > 1) {
    const int64_t middle = before + (at_or_after - before) / 2;
    (middle + OffsetAt(middle) >= local_seconds ? at_or_after : before) = middle;
  }
  return at_or_after;
}

}  // namespace tidemark
