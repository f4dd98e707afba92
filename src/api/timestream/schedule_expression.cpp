// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/schedule_expression.h"

#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/numbers.h"

namespace tidemark::timestream {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

constexpr int kYearFirst = 1970;
constexpr int kYearLast = 2199;
constexpr int64_t kRateMax = 1'000'000;

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekDays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};

struct FieldKind {
  std::string_view name;
  int min = 0;
  int max = 0;
  std::span<const std::string_view> names;  // of min, min + 1, ..
};
constexpr FieldKind kMinute{"minutes", 0, 59, {}};
constexpr FieldKind kHour{"hours", 0, 23, {}};
constexpr FieldKind kMonthDay{"day-of-month", 1, 31, {}};
constexpr FieldKind kMonth{"month", 1, 12, kMonths};
constexpr FieldKind kWeekDay{"day-of-week", 1, 7, kWeekDays};
constexpr FieldKind kYear{"year", kYearFirst, kYearLast, {}};

Error Wrong(const FieldKind& kind, std::string_view text) {
  return {Code::kInvalidArgument, "'" + std::string(text) + "' is not a valid " +
                                      std::string(kind.name) + " field of a cron expression"};
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> out = Split(text, ' ');
  std::erase_if(out, [](std::string_view word) { return word.empty(); });
  return out;
}

std::optional<int> NumberOf(const FieldKind& kind, std::string_view text) {
  if (text.size() == 3) {
    std::string upper(text);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    for (size_t i = 0; i < kind.names.size(); ++i) {
      if (kind.names[i] == upper) return kind.min + static_cast<int>(i);
    }
  }
  if (text.empty() || text.size() > 4) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  const auto value = ParseInt64(text);
  if (!value || *value < kind.min || *value > kind.max) return std::nullopt;
  return static_cast<int>(*value);
}

struct Span {
  int first = 0;
  int last = 0;
  int step = 1;
};

// "*", "7", "7-9", each with "/step"; "7/2" goes to the maximum.
Result<Span> ParseSpan(const FieldKind& kind, std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() > 2) return Wrong(kind, text);
  Span out{kind.min, kind.max, 1};
  if (parts[0] != "*") {
    const std::vector<std::string_view> ends = Split(parts[0], '-');
    const auto first = NumberOf(kind, ends[0]);
    const auto last = ends.size() == 2 ? NumberOf(kind, ends[1]) : first;
    if (ends.size() > 2 || !first || !last || *last < *first) return Wrong(kind, text);
    out.first = *first;
    if (ends.size() == 2 || parts.size() == 1) out.last = *last;
  }
  if (parts.size() == 2) {
    const auto step = ParseInt64(parts[1]);
    if (!step || *step < 1 || *step > kind.max) return Wrong(kind, text);
    out.step = static_cast<int>(*step);
  }
  return out;
}

template <size_t N>
Result<void> ParseSet(const FieldKind& kind, std::string_view text, int base, std::bitset<N>& out) {
  for (const std::string_view item : Split(text, ',')) {
    TM_ASSIGN_OR_RETURN(const Span span, ParseSpan(kind, item));
    for (int i = span.first; i <= span.last; i += span.step) {
      out.set(static_cast<size_t>(i - base));
    }
  }
  return {};
}

// 1 = Sunday.
int WeekDayOf(sys_days day) { return static_cast<int>(std::chrono::weekday(day).c_encoding()) + 1; }
bool IsWeekend(sys_days day) { return WeekDayOf(day) == 1 || WeekDayOf(day) == 7; }

// The weekday nearest to `day` in its month.
sys_days NearestWeekday(sys_days day) {
  if (!IsWeekend(day)) return day;
  const year_month_day date(day);
  const sys_days nearest = WeekDayOf(day) == 7 ? day - days(1) : day + days(1);
  if (year_month_day(nearest).month() == date.month()) return nearest;
  return WeekDayOf(day) == 7 ? day + days(2) : day - days(2);
}

}  // namespace

Result<Schedule> Schedule::Parse(std::string_view text) {
  const auto inside = [text](std::string_view name) -> std::optional<std::string_view> {
    if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
    return text.substr(name.size(), text.size() - name.size() - 1);
  };
  if (const auto rate = inside("rate(")) return ParseRate(*rate);
  if (const auto cron = inside("cron(")) return ParseCron(*cron);
  return Error{Code::kInvalidArgument, "'" + std::string(text) +
                                           "' is neither rate(..) nor cron(..): write for example "
                                           "rate(5 minutes) or cron(0/5 * * * ? *)"};
}

Result<Schedule> Schedule::ParseRate(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  const auto count = words.size() == 2 ? ParseInt64(words[0]) : std::nullopt;
  if (!count || *count < 1 || *count > kRateMax) {
    return Error{Code::kInvalidArgument,
                 "rate(" + std::string(text) + ") needs a positive number and a unit"};
  }
  std::string unit(words[1]);
  const bool plural = unit.ends_with('s');
  if (plural) unit.pop_back();
  const milliseconds one = unit == "minute" ? milliseconds(minutes(1))
                           : unit == "hour" ? milliseconds(hours(1))
                           : unit == "day"  ? milliseconds(hours(24))
                                            : milliseconds(0);
  if (one.count() == 0 || plural != (*count > 1)) {
    return Error{Code::kInvalidArgument, "rate(" + std::string(text) +
                                             "): the unit is minute, hour or day after 1, and "
                                             "minutes, hours or days after more"};
  }
  Schedule out;
  out.period_ = one * *count;
  return out;
}

Result<Schedule::Days> Schedule::ParseDaysOfMonth(std::string_view text) {
  Days out;
  if (text == "?") {
    out.any = true;
  } else if (text == "L" || text == "LW") {
    out.last = true;
    out.weekday = text == "LW";
  } else if (text.ends_with('W')) {
    const auto number = NumberOf(kMonthDay, text.substr(0, text.size() - 1));
    if (!number) return Wrong(kMonthDay, text);
    out.in.set(static_cast<size_t>(*number));
    out.weekday = true;
  } else {
    TM_RETURN_IF_ERROR(ParseSet(kMonthDay, text, 0, out.in));
  }
  return out;
}

Result<Schedule::Days> Schedule::ParseDaysOfWeek(std::string_view text) {
  Days out;
  if (text == "?") {
    out.any = true;
    return out;
  }
  if (text == "L") {  // alone: Saturday
    out.in.set(7);
    return out;
  }
  const size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    const auto number = NumberOf(kWeekDay, text.substr(0, hash));
    const auto nth = ParseInt64(text.substr(hash + 1));
    if (!number || !nth || *nth < 1 || *nth > 5) return Wrong(kWeekDay, text);
    out.in.set(static_cast<size_t>(*number));
    out.nth = static_cast<int>(*nth);
    return out;
  }
  if (text.size() > 1 && text.ends_with('L')) {
    const auto number = NumberOf(kWeekDay, text.substr(0, text.size() - 1));
    if (!number) return Wrong(kWeekDay, text);
    out.in.set(static_cast<size_t>(*number));
    out.last = true;
    return out;
  }
  TM_RETURN_IF_ERROR(ParseSet(kWeekDay, text, 0, out.in));
  return out;
}

Result<Schedule> Schedule::ParseCron(std::string_view text) {
  const std::vector<std::string_view> fields = Words(text);
  if (fields.size() != 6) {
    return Error{Code::kInvalidArgument, "cron(" + std::string(text) +
                                             ") needs six fields: minutes, hours, day-of-month, "
                                             "month, day-of-week and year"};
  }
  Schedule out;
  TM_RETURN_IF_ERROR(ParseSet(kMinute, fields[0], 0, out.minutes_));
  TM_RETURN_IF_ERROR(ParseSet(kHour, fields[1], 0, out.hours_));
  TM_ASSIGN_OR_RETURN(out.month_days_, ParseDaysOfMonth(fields[2]));
  TM_RETURN_IF_ERROR(ParseSet(kMonth, fields[3], 0, out.months_));
  TM_ASSIGN_OR_RETURN(out.week_days_, ParseDaysOfWeek(fields[4]));
  TM_RETURN_IF_ERROR(ParseSet(kYear, fields[5], kYearFirst, out.years_));
  if (out.month_days_.any == out.week_days_.any) {
    return Error{
        Code::kInvalidArgument,
        "cron(" + std::string(text) + "): exactly one of day-of-month and day-of-week must be '?'"};
  }
  return out;
}

bool Schedule::DayMatches(sys_days date) const {
  const year_month_day parts(date);
  if (!months_.test(static_cast<unsigned>(parts.month()))) return false;
  const sys_days month_end(year_month_day_last(parts.year(), parts.month() / std::chrono::last));
  if (week_days_.any) {
    const Days& days_in = month_days_;
    if (!days_in.weekday) {
      return days_in.last ? date == month_end : days_in.in.test(static_cast<unsigned>(parts.day()));
    }
    sys_days wanted = month_end;
    if (!days_in.last) {
      unsigned number = 1;
      while (!days_in.in.test(number)) ++number;
      const year_month_day named(parts.year(), parts.month(), day(number));
      if (!named.ok()) return false;
      wanted = sys_days(named);
    }
    return date == NearestWeekday(wanted);
  }
  if (!week_days_.in.test(static_cast<size_t>(WeekDayOf(date)))) return false;
  const auto number = static_cast<int>(static_cast<unsigned>(parts.day()));
  if (week_days_.last) return month_end - date < days(7);
  return week_days_.nth == 0 || (number - 1) / 7 + 1 == week_days_.nth;
}

std::optional<ArrivalTime> Schedule::NextCron(ArrivalTime after) const {
  using std::chrono::floor;
  // The first whole minute after.
  const std::chrono::sys_time<minutes> from =
      floor<minutes>(std::chrono::sys_time<milliseconds>(milliseconds(after.ms))) + minutes(1);
  const sys_days end(year_month_day(year(kYearLast + 1), month(1), day(1)));
  for (sys_days date = floor<days>(from); date < end;) {
    const year_month_day parts(date);
    const int number = static_cast<int>(parts.year());
    if (number < kYearFirst || !years_.test(static_cast<size_t>(number - kYearFirst))) {
      date = sys_days(year_month_day(parts.year() + std::chrono::years(1), month(1), day(1)));
      continue;
    }
    if (!DayMatches(date)) {
      date += days(1);
      continue;
    }
    for (int hour = 0; hour < 24; ++hour) {
      if (!hours_.test(static_cast<size_t>(hour))) continue;
      for (int minute = 0; minute < 60; ++minute) {
        const auto time = date + hours(hour) + minutes(minute);
        if (minutes_.test(static_cast<size_t>(minute)) && time >= from) {
          return ArrivalTime{milliseconds(time.time_since_epoch()).count()};
        }
      }
    }
    date += days(1);
  }
  return std::nullopt;
}

std::optional<ArrivalTime> Schedule::Next(ArrivalTime after, ArrivalTime created) const {
  if (period_.count() == 0) return NextCron(after);
  // Whole seconds, as NextInvocationTime shows them (5.6).
  const ArrivalTime start{created.ms / 1000 * 1000};
  const int64_t past = (after - start).count();
  const int64_t periods = past < 0 ? 0 : past / period_.count();
  return start + period_ * (periods + 1);
}

std::optional<ArrivalTime> Schedule::LastIn(ArrivalTime from, ArrivalTime to,
                                            ArrivalTime created) const {
  std::optional<ArrivalTime> next = Next(from, created);
  if (!next || *next > to) return std::nullopt;
  if (period_.count() != 0) {
    const int64_t periods = (to - *next).count() / period_.count();
    return *next + period_ * periods;
  }
  // Halves the range until it holds one time: log2(minutes) searches however long nobody looked.
  ArrivalTime last = *next;
  ArrivalTime end = to;
  while (last < end) {
    const ArrivalTime middle = last + milliseconds((end - last).count() / 2);
    const std::optional<ArrivalTime> found = Next(middle, created);
    if (found && *found <= to) {
      last = *found;
    } else {
      end = middle;
    }
    if (end - last < milliseconds(minutes(1))) break;
  }
  return last;
}

}  // namespace tidemark::timestream
