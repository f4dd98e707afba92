// SPDX-License-Identifier: Apache-2.0
#include "sql/datetime.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/lexer.h"

namespace tidemark::sql {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Reads a text from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool At(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool Take(char c) {
    if (!At(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeText(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  /// min..max digits as a number; none if there are fewer.
  std::optional<int64_t> Digits(size_t min, size_t max) {
    size_t n = 0;
    int64_t value = 0;
    while (n < max && n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9') {
      value = value * 10 + (rest_[n++] - '0');
    }
    if (n < min) return std::nullopt;
    rest_.remove_prefix(n);
    return value;
  }
  size_t size() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

enum class Form : uint8_t { kSql, kIso };

std::optional<int64_t> ScanDate(Scanner& in) {
  const auto year = in.Digits(4, 4);
  if (!year || !in.Take('-')) return std::nullopt;
  const auto month = in.Digits(1, 2);
  if (!month || *month < 1 || *month > 12 || !in.Take('-')) return std::nullopt;
  const auto day = in.Digits(1, 2);
  if (!day || *day < 1 || *day > DaysInMonth(*year, *month)) return std::nullopt;
  return DaysOf({*year, *month, *day});
}

std::optional<int64_t> ScanTime(Scanner& in, Form form = Form::kSql) {
  const bool iso = form == Form::kIso;
  const auto hour = in.Digits(1, 2);
  if (!hour || *hour > 23) return std::nullopt;
  if (iso && !in.At(':')) return *hour * 3600 * kNsPerSecond;
  if (!in.Take(':')) return std::nullopt;
  const auto minute = in.Digits(1, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int64_t ns = (*hour * 3600 + *minute * 60) * kNsPerSecond;
  if (!in.Take(':')) return ns;
  const auto second = in.Digits(1, 2);
  if (!second || *second > 59) return std::nullopt;
  ns += *second * kNsPerSecond;
  if (!in.Take('.') && !(iso && in.Take(','))) return ns;
  const size_t before = in.size();
  auto fraction = in.Digits(1, 9);
  if (!fraction) return std::nullopt;
  for (size_t digits = before - in.size(); digits < 9; ++digits) *fraction *= 10;
  while (in.Digits(1, 9)) continue;  // below a nanosecond: cut off
  return ns + *fraction;
}

/// Offset from UTC in nanoseconds; 0 if there is none.
std::optional<int64_t> ScanZone(Scanner& in) {
  if (in.done()) return 0;
  const bool blank = in.Take(' ');
  if (in.TakeText("UTC") || in.Take('Z')) return 0;
  if (blank && in.done()) return std::nullopt;
  const bool negative = in.At('-');
  if (!in.Take('-') && !in.Take('+')) return std::nullopt;
  const auto hours = in.Digits(1, 2);
  if (!hours || *hours > 14) return std::nullopt;
  int64_t minutes = 0;
  if (in.Take(':') || !in.done()) {
    const auto m = in.Digits(2, 2);
    if (!m || *m > 59) return std::nullopt;
    minutes = *m;
  }
  const int64_t offset = (*hours * 60 + minutes) * 60 * kNsPerSecond;
  return negative ? -offset : offset;
}

Error NoSuch(std::string_view type, std::string_view text) {
  return {Code::kInvalidArgument, fmt::format("'{}' is not a {}", text.substr(0, 100), type)};
}

std::optional<int64_t> Narrow(Wide value) {
  if (value < std::numeric_limits<int64_t>::min() || value > std::numeric_limits<int64_t>::max()) {
    return std::nullopt;
  }
  return static_cast<int64_t>(value);
}

}  // namespace

int64_t DaysOf(CivilDate date) {
  // Days from 1970-01-01; years counted from March so that the leap day comes last.
  const int64_t y = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = FloorDiv(y, 400);
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate CivilOf(int64_t days) {
  days += 719468;
  const int64_t era = FloorDiv(days, 146097);
  const int64_t doe = days - era * 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int64_t month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}

int64_t DaysInMonth(int64_t year, int64_t month) {
  static constexpr std::array<int64_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

IsoWeek IsoWeekOf(int64_t days) {
  const int64_t weekday = days + 3 - FloorDiv(days + 3, 7) * 7 + 1;  // 1970-01-01: Thursday
  // The Thursday of a week decides its year.
  const int64_t year = CivilOf(days - weekday + 4).year;
  return {year, (days - FirstMonday(year)) / 7 + 1, weekday};
}

int64_t FirstMonday(int64_t iso_year) {
  const int64_t fourth = DaysOf({iso_year, 1, 4});
  return fourth - (fourth + 3 - FloorDiv(fourth + 3, 7) * 7);
}

int64_t DayOf(int64_t ns) { return FloorDiv(ns, kNsPerDay); }

Result<int64_t> ParseTimestampText(std::string_view text) {
  Scanner in(text);
  const auto days = ScanDate(in);
  if (!days) return NoSuch("timestamp", text);
  int64_t time = 0;
  if (in.At('T') || (in.At(' ') && in.size() > 1 && text[text.size() - in.size() + 1] >= '0' &&
                     text[text.size() - in.size() + 1] <= '9')) {
    if (!in.Take('T')) in.Take(' ');
    const auto parsed = ScanTime(in);
    if (!parsed) return NoSuch("timestamp", text);
    time = *parsed;
  }
  const auto zone = ScanZone(in);
  if (!zone || !in.done()) return NoSuch("timestamp", text);
  const auto ns = Narrow(static_cast<Wide>(*days) * kNsPerDay + time - *zone);
  if (!ns) {
    return Error{Code::kInvalidArgument,
                 fmt::format("timestamp '{}' is out of range: 1677-09-21 to 2262-04-11", text)};
  }
  return *ns;
}

namespace {

/// YYYY[-MM[-DD]], YYYY-Www[-D], YYYY-DDD.
std::optional<int64_t> ScanIsoDate(Scanner& in) {
  const auto year = in.Digits(4, 4);
  if (!year) return std::nullopt;
  const int64_t first = DaysOf({*year, 1, 1});
  if (!in.Take('-')) return first;
  if (in.Take('W')) {
    const auto week = in.Digits(2, 2);
    if (!week || *week < 1 || *week > 53) return std::nullopt;
    int64_t weekday = 1;
    if (in.Take('-')) weekday = in.Digits(1, 1).value_or(0);
    if (weekday < 1 || weekday > 7) return std::nullopt;
    return FirstMonday(*year) + (*week - 1) * 7 + weekday - 1;
  }
  const size_t before = in.size();
  const auto number = in.Digits(1, 3);
  if (!number || *number < 1) return std::nullopt;
  if (before - in.size() == 3) {
    const int64_t days = DaysOf({*year + 1, 1, 1}) - first;
    return *number <= days ? std::optional(first + *number - 1) : std::nullopt;
  }
  if (*number > 12) return std::nullopt;
  if (!in.Take('-')) return DaysOf({*year, *number, 1});
  const auto day = in.Digits(1, 2);
  if (!day || *day < 1 || *day > DaysInMonth(*year, *number)) return std::nullopt;
  return DaysOf({*year, *number, *day});
}

}  // namespace

Result<int64_t> ParseIso8601Timestamp(std::string_view text) {
  Scanner in(text);
  const auto days = ScanIsoDate(in);
  if (!days) return NoSuch("ISO 8601 timestamp", text);
  std::optional<int64_t> time = 0;
  if (in.Take('T')) time = ScanTime(in, Form::kIso);
  const std::optional<int64_t> zone = in.At(' ') ? std::nullopt : ScanZone(in);
  if (!time || !zone || !in.done()) return NoSuch("ISO 8601 timestamp", text);
  const auto ns = Narrow(static_cast<Wide>(*days) * kNsPerDay + *time - *zone);
  if (!ns) return NoSuch("timestamp in range", text);
  return *ns;
}

Result<int64_t> ParseIso8601Date(std::string_view text) {
  Scanner in(text);
  const auto days = ScanIsoDate(in);
  if (!days || !in.done()) return NoSuch("ISO 8601 date", text);
  return *days;
}

Result<int64_t> ParseDateText(std::string_view text) {
  Scanner in(text);
  const auto days = ScanDate(in);
  if (!days || !in.done()) return NoSuch("date", text);
  return *days;
}

Result<int64_t> ParseTimeText(std::string_view text) {
  Scanner in(text);
  const auto ns = ScanTime(in);
  if (!ns || !in.done()) return NoSuch("time", text);
  return *ns;
}

Result<ParsedDuration> MakeDuration(std::string_view number, std::string_view unit) {
  const auto found = FindDurationUnit(unit);
  const auto bad = [&](std::string_view why) {
    return Error{Code::kInvalidArgument, fmt::format("'{}{}' {}", number, unit, why)};
  };
  if (!found) return bad("is not a duration: the units are ns, us, ms, s, m, h, d, month, y");
  const size_t point = number.find_first_of(".eE");
  ParsedDuration out;
  if (found->months != 0) {
    const auto n = ParseInt64(number);
    if (point != std::string_view::npos || !n)
      return bad("is not a whole number of months or years");
    const auto months = Narrow(static_cast<Wide>(*n) * found->months);
    if (!months || *months > 1'000'000 || *months < -1'000'000) return bad("is out of range");
    out.months = *months;
    out.in_months = true;
    return out;
  }
  if (number.find_first_of("eE") != std::string_view::npos) {
    const auto value = ParseFiniteDouble(number);
    const double ns = value.value_or(0) * static_cast<double>(found->nanoseconds);
    if (!value || ns >= 9.2e18 || ns <= -9.2e18) return bad("is out of range");
    out.nanoseconds = static_cast<int64_t>(ns);
    return out;
  }
  // Exact: the digits as an integer, scaled down once; a fraction of a nanosecond is cut off.
  Wide digits = 0;
  Wide scale = 1;
  bool fraction = false;
  for (const char c : number) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (fraction && scale >= 1'000'000'000'000'000) continue;
    digits = digits * 10 + (c - '0');
    if (fraction) scale *= 10;
    if (digits / scale > std::numeric_limits<int64_t>::max()) return bad("is out of range");
  }
  const Wide whole = digits / scale * found->nanoseconds;
  const Wide part = digits % scale * found->nanoseconds / scale;
  const auto ns = Narrow(whole + part);
  if (!ns) return bad("is out of range");
  out.nanoseconds = *ns;
  return out;
}

Result<ParsedDuration> ParseDurationText(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && ((text[n] >= '0' && text[n] <= '9') || text[n] == '.')) ++n;
  std::string_view unit = text.substr(n);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  std::string lower(unit);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const std::string_view number = text.substr(0, n);
  if (number.empty() || std::count(number.begin(), number.end(), '.') > 1 || number == ".") {
    return NoSuch("duration", text);
  }
  return MakeDuration(number, lower);
}

namespace {

/// Exactly `count` digits, zeros in front.
char* PutDigits(char* at, uint64_t value, size_t count) {
  for (size_t i = count; i > 0; --i, value /= 10) at[i - 1] = static_cast<char>('0' + value % 10);
  return at + count;
}

}  // namespace

void AppendDateText(int64_t days, std::string& out) {
  const CivilDate date = CivilOf(days);
  if (date.year < 0 || date.year > 9999) {
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", date.year, date.month, date.day);
    return;
  }
  std::array<char, 10> text{};
  char* at = PutDigits(text.data(), static_cast<uint64_t>(date.year), 4);
  *at++ = '-';
  at = PutDigits(at, static_cast<uint64_t>(date.month), 2);
  *at++ = '-';
  PutDigits(at, static_cast<uint64_t>(date.day), 2);
  out.append(text.data(), text.size());
}

// Of a day or less: hours have two digits.
void AppendTimeText(int64_t ns, std::string& out) {
  const auto s = static_cast<uint64_t>(ns / kNsPerSecond);
  std::array<char, 18> text{};
  char* at = PutDigits(text.data(), s / 3600, 2);
  *at++ = ':';
  at = PutDigits(at, s / 60 % 60, 2);
  *at++ = ':';
  at = PutDigits(at, s % 60, 2);
  *at++ = '.';
  PutDigits(at, static_cast<uint64_t>(ns % kNsPerSecond), 9);
  out.append(text.data(), text.size());
}

void AppendTimestampText(int64_t ns, std::string& out) {
  const int64_t day = DayOf(ns);
  AppendDateText(day, out);
  out.push_back(' ');
  AppendTimeText(static_cast<int64_t>(ns - static_cast<Wide>(day) * kNsPerDay), out);
}

void AppendDaySecondText(int64_t ns, std::string& out) {
  uint64_t rest = static_cast<uint64_t>(ns);
  if (ns < 0) {
    out.push_back('-');
    rest = 0 - rest;
  }
  constexpr auto kDay = static_cast<uint64_t>(kNsPerDay);
  fmt::format_to(std::back_inserter(out), "{} ", rest / kDay);
  AppendTimeText(static_cast<int64_t>(rest % kDay), out);
}

void AppendYearMonthText(int64_t months, std::string& out) {
  const int64_t rest = months < 0 ? -months : months;
  fmt::format_to(std::back_inserter(out), "{}{}-{}", months < 0 ? "-" : "", rest / 12, rest % 12);
}

Result<int64_t> AddMonthsToDate(int64_t days, int64_t months) {
  const CivilDate date = CivilOf(days);
  const Wide index = static_cast<Wide>(date.year) * 12 + date.month - 1 + months;
  if (index < 0 || index > 9999 * 12 + 11) return Error{Code::kOutOfRange, "date out of range"};
  const auto month_index = static_cast<int64_t>(index);
  const int64_t year = month_index / 12;
  const int64_t month = month_index % 12 + 1;
  return DaysOf({year, month, std::min(date.day, DaysInMonth(year, month))});
}

Result<int64_t> AddMonths(int64_t ns, int64_t months) {
  const int64_t day = DayOf(ns);
  TM_ASSIGN_OR_RETURN(const int64_t moved, AddMonthsToDate(day, months));
  const auto out = Narrow(static_cast<Wide>(ns) + (static_cast<Wide>(moved) - day) * kNsPerDay);
  if (!out) return Error{Code::kOutOfRange, "timestamp out of range: 1677-09-21 to 2262-04-11"};
  return *out;
}

std::optional<DateUnit> ParseDateUnit(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kNames{
      "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    const bool equal = std::equal(
        text.begin(), text.end(), kNames[i].begin(), kNames[i].end(),
        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
    if (equal) return static_cast<DateUnit>(i);
  }
  return std::nullopt;
}

int64_t FixedUnitNs(DateUnit unit) {
  switch (unit) {
    case DateUnit::kMillisecond:
      return 1'000'000;
    case DateUnit::kSecond:
      return kNsPerSecond;
    case DateUnit::kMinute:
      return 60 * kNsPerSecond;
    case DateUnit::kHour:
      return 3600 * kNsPerSecond;
    case DateUnit::kDay:
      return kNsPerDay;
    case DateUnit::kWeek:
      return 7 * kNsPerDay;
    case DateUnit::kMonth:
    case DateUnit::kQuarter:
    case DateUnit::kYear:
      return 0;
  }
  return 0;
}

Result<int64_t> TruncateTo(DateUnit unit, int64_t ns) {
  Wide out = 0;
  if (unit == DateUnit::kWeek) {
    const int64_t day = DayOf(ns);
    out = static_cast<Wide>(day - (day + 3 - FloorDiv(day + 3, 7) * 7)) *
          kNsPerDay;  // 1970-01-01: Thursday
  } else if (const int64_t width = FixedUnitNs(unit); width != 0) {
    out = static_cast<Wide>(FloorDiv(ns, width)) * width;
  } else {
    CivilDate date = CivilOf(DayOf(ns));
    date.day = 1;
    if (unit == DateUnit::kQuarter) date.month = (date.month - 1) / 3 * 3 + 1;
    if (unit == DateUnit::kYear) date.month = 1;
    out = static_cast<Wide>(DaysOf(date)) * kNsPerDay;
  }
  const auto narrow = Narrow(out);
  if (!narrow) return Error{Code::kOutOfRange, "timestamp out of range: 1677-09-21 to 2262-04-11"};
  return *narrow;
}

}  // namespace tidemark::sql
