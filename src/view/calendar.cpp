// SPDX-License-Identifier: Apache-2.0
#include "view/calendar.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <string>

#include "base/check.h"

namespace tidemark::view {
namespace {

constexpr int64_t kDaySeconds = 86'400;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::chrono::year_month_day DateOf(int64_t day) {
  return std::chrono::sys_days(std::chrono::days(day));
}

int64_t DayOf(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch().count();
}

template <size_t N>
int IndexIn(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

}  // namespace

Result<CalendarGrid> CalendarGrid::Make(std::string_view unit, std::string_view zone,
                                        std::string_view week_start) {
  auto found = TimeZone::Find(zone.empty() ? "UTC" : zone);
  if (!found.ok()) return std::move(found).error().With("zone");
  std::vector<ZoneRules> rules;
  rules.push_back({.version = "", .zone = *std::move(found)});
  return Make(unit, std::move(rules), week_start);
}

Result<CalendarGrid> CalendarGrid::Make(std::string_view unit, std::vector<ZoneRules> rules,
                                        std::string_view week_start) {
  static constexpr std::array<std::string_view, 5> kUnits{"day", "week", "month", "quarter",
                                                          "year"};
  static constexpr std::array<std::string_view, 7> kDays{
      "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  const int unit_index = IndexIn(kUnits, unit);
  if (unit_index < 0) {
    return Error{Code::kInvalidArgument, "calendar: \"" + std::string(unit) +
                                             "\" is none of day, week, month, quarter, year"};
  }
  const int day_index = IndexIn(kDays, week_start);
  if (day_index < 0) {
    return Error{Code::kInvalidArgument,
                 "week_start: \"" + std::string(week_start) + "\" is no day of the week"};
  }
  if (rules.empty() || rules.front().from.ns != INT64_MIN ||
      std::ranges::adjacent_find(rules, std::greater_equal<>(), &ZoneRules::from) != rules.end()) {
    return Error{Code::kInvalidArgument, "zone: its rules do not ascend from the first window on"};
  }
  return CalendarGrid(static_cast<CalendarUnit>(unit_index), std::move(rules), day_index);
}

struct CalendarGrid::Days {
  int shortest;
  int longest;
};

CalendarGrid::Days CalendarGrid::DaysOf(CalendarUnit unit) {
  switch (unit) {
    case CalendarUnit::kDay:
      return {1, 1};
    case CalendarUnit::kWeek:
      return {7, 7};
    case CalendarUnit::kMonth:
      return {28, 31};
    case CalendarUnit::kQuarter:
      return {90, 92};
    case CalendarUnit::kYear:
      return {365, 366};
  }
  TM_UNREACHABLE();
}

nanoseconds CalendarGrid::shortest() const { return hours(24 * DaysOf(unit_).shortest - 1); }
nanoseconds CalendarGrid::longest() const { return hours(24 * DaysOf(unit_).longest + 1); }

int64_t CalendarGrid::Truncate(int64_t day) const {
  using std::chrono::January;
  using std::chrono::month;
  if (unit_ == CalendarUnit::kDay) return day;
  if (unit_ == CalendarUnit::kWeek) {
    const int64_t since_monday = day + 3;  // 1970-01-01 was a Thursday
    return FloorDiv(since_monday - week_start_, 7) * 7 + week_start_ - 3;
  }
  const auto date = DateOf(day);
  const unsigned at = static_cast<unsigned>(date.month());
  if (unit_ == CalendarUnit::kMonth) return DayOf(date.year() / date.month() / 1);
  if (unit_ == CalendarUnit::kQuarter) return DayOf(date.year() / month((at - 1) / 3 * 3 + 1) / 1);
  return DayOf(date.year() / January / 1);
}

int64_t CalendarGrid::After(int64_t day, int units) const {
  using std::chrono::months;
  if (unit_ == CalendarUnit::kDay) return day + units;
  if (unit_ == CalendarUnit::kWeek) return day + int64_t{7} * units;
  const int each = unit_ == CalendarUnit::kMonth ? 1 : unit_ == CalendarUnit::kQuarter ? 3 : 12;
  return DayOf(DateOf(day) + months(each * units));
}

TimeRange CalendarGrid::WindowBy(const TimeZone& zone, EventTime t) const {
  const auto start_of = [&zone](int64_t day) {
    return EventTime{zone.FirstInstantAt(day * kDaySeconds) * 1'000'000'000};
  };
  const int64_t second = FloorDiv(t.ns, 1'000'000'000);
  int64_t day = Truncate(FloorDiv(second + zone.OffsetAt(second), kDaySeconds));
  // The local date may be the one before or after that of the window (event-time.md 3, step 2).
  while (t < start_of(day)) day = After(day, -1);
  while (start_of(After(day, 1)) <= t) day = After(day, 1);
  return {start_of(day), start_of(After(day, 1))};
}

TimeRange CalendarGrid::WindowOf(EventTime t) const {
  const auto next = std::ranges::upper_bound(rules_, t, {}, &ZoneRules::from);
  const ZoneRules& rules = *std::prev(next);
  TimeRange window = WindowBy(rules.zone, t);
  window.start = std::max(window.start, rules.from);
  if (next != rules_.end()) window.end = std::min(window.end, next->from);
  return window;
}

}  // namespace tidemark::view
