// SPDX-License-Identifier: Apache-2.0
// Printing and reading by a list of fields. Reading collects fields and puts them together at the
// end: the order of a pattern says nothing about their rank.
#include "sql/datetime_format.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/time_zone.h"
#include "sql/datetime.h"

namespace tidemark::sql {
namespace {

__extension__ using Wide = __int128;
using Field = DatetimeFormat::Field;

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};

/// Abbreviations that Joda reads; others are ambiguous.
constexpr std::array<std::pair<std::string_view, int64_t>, 11> kShortZones{{{"UTC", 0},
                                                                            {"GMT", 0},
                                                                            {"UT", 0},
                                                                            {"EST", -5},
                                                                            {"EDT", -4},
                                                                            {"CST", -6},
                                                                            {"CDT", -5},
                                                                            {"MST", -7},
                                                                            {"MDT", -6},
                                                                            {"PST", -8},
                                                                            {"PDT", -7}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

bool IsFraction(const DatetimeFormat::Element& element) {
  return element.field == Field::kFraction;
}

/// To the nearest microsecond, where the range allows.
int64_t Rounded(int64_t ns) {
  const int64_t rest = ((ns % 1000) + 1000) % 1000;
  int64_t out = 0;
  if (__builtin_add_overflow(ns, rest >= 500 ? 1000 - rest : -rest, &out)) return ns;
  return out;
}

/// What a text said.
struct Read {
  std::optional<int64_t> year, century, quarter, month, day, day_of_year;
  std::optional<int64_t> week_year, week, weekday;
  std::optional<int64_t> half, hour, hour_of_half;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t fraction_ns = 0;
  std::optional<TimeZone> zone;
};

struct Range {
  int64_t least = 0;
  int64_t most = 0;
  std::string_view name;
};

std::optional<Range> RangeOf(Field field) {
  switch (field) {
    case Field::kQuarter:
      return Range{1, 4, "quarter"};
    case Field::kMonth:
      return Range{1, 12, "month"};
    case Field::kDay:
      return Range{1, 31, "day of month"};
    case Field::kDayOfYear:
      return Range{1, 366, "day of year"};
    case Field::kWeek:
      return Range{1, 53, "week"};
    case Field::kWeekday:
      return Range{1, 7, "day of week"};
    case Field::kHour:
      return Range{0, 23, "hour"};
    case Field::kHour24:
      return Range{1, 24, "hour"};
    case Field::kHourOfHalf:
      return Range{0, 11, "hour"};
    case Field::kHour12:
      return Range{1, 12, "hour"};
    case Field::kMinute:
      return Range{0, 59, "minute"};
    case Field::kSecond:
      return Range{0, 59, "second"};
    default:
      return std::nullopt;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  Result<int64_t> Run(const std::vector<DatetimeFormat::Element>& elements) {
    for (const DatetimeFormat::Element& element : elements) {
      TM_RETURN_IF_ERROR(Take(element));
    }
    if (!rest_.empty()) return Malformed();
    return Combine();
  }

 private:
  Error Bad(std::string what) const {
    return {Code::kInvalidArgument,
            fmt::format("Cannot parse '{}': {}", text_.substr(0, 100), what)};
  }
  Error Malformed() const {
    if (rest_.size() == text_.size() || rest_.empty()) {
      return {Code::kInvalidArgument, fmt::format("Invalid format: '{}'", text_.substr(0, 100))};
    }
    return {Code::kInvalidArgument, fmt::format("Invalid format: '{}' is malformed at '{}'",
                                                text_.substr(0, 100), rest_.substr(0, 100))};
  }

  std::optional<int64_t> Digits(size_t most) {
    size_t n = 0;
    int64_t value = 0;
    while (n < most && n < rest_.size() && IsDigit(rest_[n]))
      value = value * 10 + (rest_[n++] - '0');
    rest_.remove_prefix(n);
    return n > 0 ? std::optional(value) : std::nullopt;
  }

  /// Index of the name at the front, whole or by its first three letters.
  template <size_t N>
  std::optional<int64_t> Name(const std::array<std::string_view, N>& names) {
    for (const bool whole : {true, false}) {
      for (size_t i = 0; i < N; ++i) {
        const std::string_view name = whole ? names[i] : names[i].substr(0, 3);
        if (!StartsWithIgnoringCase(rest_, name)) continue;
        rest_.remove_prefix(name.size());
        return static_cast<int64_t>(i) + 1;
      }
    }
    return std::nullopt;
  }

  Result<void> Take(const DatetimeFormat::Element& element) {
    switch (element.field) {
      case Field::kLiteral:
        if (!StartsWithIgnoringCase(rest_, element.text)) return Malformed();
        rest_.remove_prefix(element.text.size());
        return {};
      case Field::kMonthShort:
      case Field::kMonthLong:
        read_.month = Name(kMonths);
        return read_.month ? Result<void>() : Malformed();
      case Field::kWeekdayShort:
      case Field::kWeekdayLong:
        read_.weekday = Name(kWeekdays);
        return read_.weekday ? Result<void>() : Malformed();
      case Field::kHalf: {
        const bool am = StartsWithIgnoringCase(rest_, "AM");
        if (!am && !StartsWithIgnoringCase(rest_, "PM")) return Malformed();
        read_.half = am ? 0 : 1;
        rest_.remove_prefix(2);
        return {};
      }
      case Field::kEra:
        if (!StartsWithIgnoringCase(rest_, "AD")) return Malformed();
        rest_.remove_prefix(2);
        return {};
      case Field::kFraction:
        return Fraction(element.digits_max);
      case Field::kOffset:
      case Field::kOffsetColon:
      case Field::kZone:
        return Zone();
      default:
        return Number(element);
    }
  }

  Result<void> Fraction(size_t most) {
    const size_t before = rest_.size();
    auto value = Digits(std::min<size_t>(most, 9));
    if (!value) return Malformed();
    for (size_t n = before - rest_.size(); n < 9; ++n) *value *= 10;
    read_.fraction_ns = *value;
    return {};
  }

  Result<void> Zone() {
    for (const auto& [name, hours] : kShortZones) {
      if (!rest_.starts_with(name) ||
          (rest_.size() > name.size() && IsLetter(rest_[name.size()]))) {
        continue;
      }
      rest_.remove_prefix(name.size());
      TM_ASSIGN_OR_RETURN(read_.zone, TimeZone::Fixed(hours * 3600));
      return {};
    }
    size_t n = 0;
    const bool offset = rest_.starts_with('+') || rest_.starts_with('-');
    while (n < rest_.size() &&
           (offset ? IsDigit(rest_[n]) || rest_[n] == ':' || n == 0
                   : IsLetter(rest_[n]) || IsDigit(rest_[n]) ||
                         std::string_view("/_+-").find(rest_[n]) != std::string_view::npos)) {
      ++n;
    }
    Result<TimeZone> zone = TimeZone::Find(rest_.substr(0, n));
    if (!zone.ok()) return zone.error().code == Code::kInvalidArgument ? Malformed() : zone.error();
    read_.zone = std::move(zone).value();
    rest_.remove_prefix(n);
    return {};
  }

  Result<void> Number(const DatetimeFormat::Element& element) {
    const size_t before = rest_.size();
    const auto value = Digits(element.digits_max);
    if (!value) return Malformed();
    if (const auto range = RangeOf(element.field);
        range && (*value < range->least || *value > range->most)) {
      return Bad(
          fmt::format("{} {} is not in {} to {}", range->name, *value, range->least, range->most));
    }
    // A year written otherwise than with two digits is itself, as Joda's "yy" reads it.
    const bool two_digits = before - rest_.size() == 2;
    const int64_t of_century = two_digits ? *value + (*value >= 70 ? 1900 : 2000) : *value;
    switch (element.field) {
      case Field::kYear:
        read_.year = *value;
        break;
      case Field::kYearOfCentury:
        read_.year = of_century;
        break;
      case Field::kCentury:
        read_.century = *value;
        break;
      case Field::kQuarter:
        read_.quarter = *value;
        break;
      case Field::kMonth:
        read_.month = *value;
        break;
      case Field::kDay:
        read_.day = *value;
        break;
      case Field::kDayOfYear:
        read_.day_of_year = *value;
        break;
      case Field::kWeekYear:
        read_.week_year = *value;
        break;
      case Field::kWeekYearOfCentury:
        read_.week_year = of_century;
        break;
      case Field::kWeek:
        read_.week = *value;
        break;
      case Field::kWeekday:
        read_.weekday = *value;
        break;
      case Field::kHour:
        read_.hour = *value;
        break;
      case Field::kHour24:
        read_.hour = *value % 24;
        break;
      case Field::kHourOfHalf:
        read_.hour_of_half = *value;
        break;
      case Field::kHour12:
        read_.hour_of_half = *value % 12;
        break;
      case Field::kMinute:
        read_.minute = *value;
        break;
      case Field::kSecond:
        read_.second = *value;
        break;
      default:
        break;
    }
    return {};
  }

  Result<int64_t> Day() const {
    if (read_.week_year || read_.week) {
      const int64_t week_year = read_.week_year.value_or(1970);
      if (week_year > 9999) return Bad(fmt::format("year {} is out of range", week_year));
      const int64_t monday = FirstMonday(week_year);
      const int64_t week = read_.week.value_or(1);
      const int64_t day = monday + (week - 1) * 7 + read_.weekday.value_or(1) - 1;
      if (IsoWeekOf(day).week != week) return Bad(fmt::format("the year has no week {}", week));
      return day;
    }
    int64_t year = read_.year.value_or(1970);
    if (read_.century && !read_.year) year = *read_.century * 100;
    if (year > 9999) return Bad(fmt::format("year {} is out of range", year));
    int64_t day = 0;
    if (read_.day_of_year) {
      day = DaysOf({year, 1, 1}) + *read_.day_of_year - 1;
      if (CivilOf(day).year != year)
        return Bad(fmt::format("the year has no day {}", *read_.day_of_year));
    } else {
      const int64_t month = read_.month.value_or(read_.quarter ? (*read_.quarter - 1) * 3 + 1 : 1);
      const int64_t of_month = read_.day.value_or(1);
      if (of_month > DaysInMonth(year, month)) {
        return Bad(fmt::format("{} {} has no day {}", kMonths[static_cast<size_t>(month - 1)], year,
                               of_month));
      }
      day = DaysOf({year, month, of_month});
    }
    if (!read_.weekday) return day;
    return day - IsoWeekOf(day).weekday + *read_.weekday;
  }

  Result<int64_t> Combine() const {
    TM_ASSIGN_OR_RETURN(const int64_t day, Day());
    int64_t hour = read_.hour.value_or(0);
    if (!read_.hour && (read_.hour_of_half || read_.half)) {
      hour = read_.hour_of_half.value_or(0) + 12 * read_.half.value_or(0);
    }
    int64_t seconds = day * 86'400 + hour * 3600 + read_.minute * 60 + read_.second;
    if (read_.zone) {
      const std::optional<int64_t> instant = read_.zone->InstantOf(seconds);
      if (!instant) return Bad("clocks of the time zone skip this time");
      seconds = *instant;
    }
    const Wide ns = static_cast<Wide>(seconds) * kNsPerSecond + read_.fraction_ns;
    if (ns < std::numeric_limits<int64_t>::min() || ns > std::numeric_limits<int64_t>::max()) {
      return Bad("timestamp out of range: 1677-09-21 to 2262-04-11");
    }
    return static_cast<int64_t>(ns);
  }

  std::string_view text_;
  std::string_view rest_;
  Read read_;
};

}  // namespace

std::string DatetimeFormat::Format(int64_t ns) const {
  const bool exact = std::any_of(elements_.begin(), elements_.end(), [](const Element& element) {
    return IsFraction(element) && element.digits_min > 6;
  });
  if (!exact) ns = Rounded(ns);
  const int64_t day = DayOf(ns);
  const auto of_day = static_cast<int64_t>(ns - static_cast<Wide>(day) * kNsPerDay);
  const CivilDate date = CivilOf(day);
  const IsoWeek week = IsoWeekOf(day);
  const int64_t hour = of_day / (3600 * kNsPerSecond);
  std::string out;
  const auto number = [&](const Element& element, int64_t value) {
    fmt::format_to(std::back_inserter(out), "{:0{}}", value, element.digits_min);
  };
  for (const Element& element : elements_) {
    switch (element.field) {
      case Field::kLiteral:
        out += element.text;
        break;
      case Field::kYear:
        number(element, date.year);
        break;
      case Field::kYearOfCentury:
        number(element, date.year % 100);
        break;
      case Field::kCentury:
        number(element, date.year / 100);
        break;
      case Field::kEra:
        out += "AD";
        break;
      case Field::kQuarter:
        number(element, (date.month + 2) / 3);
        break;
      case Field::kMonth:
        number(element, date.month);
        break;
      case Field::kMonthShort:
        out += kMonths[static_cast<size_t>(date.month - 1)].substr(0, 3);
        break;
      case Field::kMonthLong:
        out += kMonths[static_cast<size_t>(date.month - 1)];
        break;
      case Field::kDay:
        number(element, date.day);
        break;
      case Field::kDayOfYear:
        number(element, day - DaysOf({date.year, 1, 1}) + 1);
        break;
      case Field::kWeekYear:
        number(element, week.year);
        break;
      case Field::kWeekYearOfCentury:
        number(element, week.year % 100);
        break;
      case Field::kWeek:
        number(element, week.week);
        break;
      case Field::kWeekday:
        number(element, week.weekday);
        break;
      case Field::kWeekdayShort:
        out += kWeekdays[static_cast<size_t>(week.weekday - 1)].substr(0, 3);
        break;
      case Field::kWeekdayLong:
        out += kWeekdays[static_cast<size_t>(week.weekday - 1)];
        break;
      case Field::kHalf:
        out += hour < 12 ? "AM" : "PM";
        break;
      case Field::kHour:
        number(element, hour);
        break;
      case Field::kHour24:
        number(element, hour == 0 ? 24 : hour);
        break;
      case Field::kHourOfHalf:
        number(element, hour % 12);
        break;
      case Field::kHour12:
        number(element, hour % 12 == 0 ? 12 : hour % 12);
        break;
      case Field::kMinute:
        number(element, of_day / (60 * kNsPerSecond) % 60);
        break;
      case Field::kSecond:
        number(element, of_day / kNsPerSecond % 60);
        break;
      case Field::kFraction: {
        std::string digits = fmt::format("{:09}", of_day % kNsPerSecond);
        digits.resize(element.digits_min, '0');
        out += digits;
        break;
      }
      case Field::kOffset:
        out += "+0000";
        break;
      case Field::kOffsetColon:
        out += "+00:00";
        break;
      case Field::kZone:
        out += "UTC";
        break;
    }
  }
  return out;
}

Result<int64_t> DatetimeFormat::Parse(std::string_view text) const {
  return Reader(text).Run(elements_);
}

// -------------------------------------------------------------------------------------------
// patterns

namespace {

using Element = DatetimeFormat::Element;

void AddLiteral(std::vector<Element>& out, std::string_view text) {
  if (!out.empty() && out.back().field == Field::kLiteral) {
    out.back().text += text;
  } else {
    out.push_back({Field::kLiteral, 0, 0, std::string(text)});
  }
}

/// None: the letter stands for itself.
std::optional<std::vector<Element>> MysqlField(char letter) {
  const auto one = [](Field field, uint8_t least, uint8_t most) {
    return std::vector<Element>{{field, least, most, ""}};
  };
  switch (letter) {
    case 'a':
      return one(Field::kWeekdayShort, 0, 0);
    case 'b':
      return one(Field::kMonthShort, 0, 0);
    case 'c':
      return one(Field::kMonth, 1, 2);
    case 'd':
      return one(Field::kDay, 2, 2);
    case 'e':
      return one(Field::kDay, 1, 2);
    case 'f':
      return one(Field::kFraction, 6, 9);
    case 'H':
      return one(Field::kHour, 2, 2);
    case 'h':
    case 'I':
      return one(Field::kHour12, 2, 2);
    case 'i':
      return one(Field::kMinute, 2, 2);
    case 'j':
      return one(Field::kDayOfYear, 3, 3);
    case 'k':
      return one(Field::kHour, 1, 2);
    case 'l':
      return one(Field::kHour12, 1, 2);
    case 'M':
      return one(Field::kMonthLong, 0, 0);
    case 'm':
      return one(Field::kMonth, 2, 2);
    case 'p':
      return one(Field::kHalf, 0, 0);
    case 'S':
    case 's':
      return one(Field::kSecond, 2, 2);
    case 'v':
      return one(Field::kWeek, 2, 2);
    case 'W':
      return one(Field::kWeekdayLong, 0, 0);
    case 'x':
      return one(Field::kWeekYear, 4, 4);
    case 'Y':
      return one(Field::kYear, 4, 4);
    case 'y':
      return one(Field::kYearOfCentury, 2, 2);
    case 'r':
    case 'T': {
      std::vector<Element> out{{letter == 'r' ? Field::kHour12 : Field::kHour, 2, 2, ""},
                               {Field::kLiteral, 0, 0, ":"},
                               {Field::kMinute, 2, 2, ""},
                               {Field::kLiteral, 0, 0, ":"},
                               {Field::kSecond, 2, 2, ""}};
      if (letter == 'r') {
        out.push_back({Field::kLiteral, 0, 0, " "});
        out.push_back({Field::kHalf, 0, 0, ""});
      }
      return out;
    }
    default:
      return std::nullopt;
  }
}

/// Letters from the same character on.
size_t RunLength(std::string_view pattern, size_t at) {
  const size_t end = pattern.find_first_not_of(pattern[at], at);
  return (end == std::string_view::npos ? pattern.size() : end) - at;
}

bool IsNumericField(std::string_view pattern, size_t at) {
  if (at >= pattern.size() || !IsLetter(pattern[at])) return false;
  const char c = pattern[at];
  if (c == 'M' || c == 'L') return RunLength(pattern, at) <= 2;
  return std::string_view("cCdDeFhHkKmsSwWxyYuQqn").find(c) != std::string_view::npos;
}

Error IllegalComponent(std::string_view component) {
  return {Code::kInvalidArgument, fmt::format("Illegal pattern component: {}", component)};
}

/// `followed`: by another number, without anything between.
Result<Element> JodaField(std::string_view component, bool followed) {
  const size_t n = component.size();
  const auto least = static_cast<uint8_t>(std::min<size_t>(n, 18));
  const auto number = [&](Field field, uint8_t most) {
    return Element{field, least, followed ? std::min(least, most) : most, ""};
  };
  const auto year = [&](Field whole, Field of_century) {
    if (n == 2) return Element{of_century, 2, static_cast<uint8_t>(followed ? 2 : 9), ""};
    return Element{whole, least, followed ? least : uint8_t{9}, ""};
  };
  switch (component.front()) {
    case 'G':
      return Element{Field::kEra, 0, 0, ""};
    case 'C':
      return number(Field::kCentury, 2);
    case 'Y':
    case 'y':
    case 'u':
      return year(Field::kYear, Field::kYearOfCentury);
    case 'x':
      return year(Field::kWeekYear, Field::kWeekYearOfCentury);
    case 'Q':
    case 'q':
      if (n > 2) return IllegalComponent(component);
      return number(Field::kQuarter, 2);
    case 'M':
    case 'L':
      if (n >= 3) return Element{n == 3 ? Field::kMonthShort : Field::kMonthLong, 0, 0, ""};
      return number(Field::kMonth, 2);
    case 'w':
      return number(Field::kWeek, 2);
    case 'e':
      return number(Field::kWeekday, 1);
    case 'E':
      return Element{n <= 3 ? Field::kWeekdayShort : Field::kWeekdayLong, 0, 0, ""};
    case 'D':
      return number(Field::kDayOfYear, 3);
    case 'd':
      return number(Field::kDay, 2);
    case 'a':
      return Element{Field::kHalf, 0, 0, ""};
    case 'K':
      return number(Field::kHourOfHalf, 2);
    case 'h':
      return number(Field::kHour12, 2);
    case 'H':
      return number(Field::kHour, 2);
    case 'k':
      return number(Field::kHour24, 2);
    case 'm':
      return number(Field::kMinute, 2);
    case 's':
      return number(Field::kSecond, 2);
    case 'S':
      return Element{Field::kFraction, least, least, ""};
    case 'n':
      return Element{Field::kFraction, 9, 9, ""};
    case 'Z':
      return Element{n == 1   ? Field::kOffset
                     : n == 2 ? Field::kOffsetColon
                              : Field::kZone,
                     0, 0, ""};
    case 'z':
    case 'V':
      return Element{Field::kZone, 0, 0, ""};
    case 'X':
      return Element{n <= 2 ? Field::kOffset : Field::kOffsetColon, 0, 0, ""};
    default:
      return IllegalComponent(component);
  }
}

Error EmptyPattern() {
  return {Code::kInvalidArgument, "Invalid pattern specification: the pattern is empty"};
}

}  // namespace

Result<DatetimeFormat> CompileMysqlPattern(std::string_view pattern) {
  std::vector<Element> out;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      AddLiteral(out, pattern.substr(at, 1));
      continue;
    }
    if (++at == pattern.size()) break;  // a '%' at the end is dropped
    const char letter = pattern[at];
    if (std::string_view("DUuVwX").find(letter) != std::string_view::npos) {
      return Error{Code::kInvalidArgument,
                   fmt::format("%{} not supported in date format string", letter)};
    }
    if (auto fields = MysqlField(letter)) {
      out.insert(out.end(), fields->begin(), fields->end());
    } else {
      AddLiteral(out, pattern.substr(at, 1));
    }
  }
  if (out.empty()) return EmptyPattern();
  return DatetimeFormat(std::move(out));
}

Result<DatetimeFormat> CompileJodaPattern(std::string_view pattern) {
  if (pattern.empty()) return EmptyPattern();
  std::vector<Element> out;
  for (size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '\'') {
      // '' is one quote, in and outside of a quoted text.
      if (pattern.substr(at).starts_with("''")) {
        AddLiteral(out, "'");
        at += 2;
        continue;
      }
      for (++at; at < pattern.size(); ++at) {
        if (pattern[at] == '\'') {
          if (!pattern.substr(at).starts_with("''")) break;
          ++at;
        }
        AddLiteral(out, pattern.substr(at, 1));
      }
      if (at < pattern.size()) ++at;
    } else if (IsLetter(pattern[at])) {
      const size_t n = RunLength(pattern, at);
      TM_ASSIGN_OR_RETURN(Element element,
                          JodaField(pattern.substr(at, n), IsNumericField(pattern, at + n)));
      out.push_back(std::move(element));
      at += n;
    } else {
      AddLiteral(out, pattern.substr(at, 1));
      ++at;
    }
  }
  return DatetimeFormat(std::move(out));
}

}  // namespace tidemark::sql
