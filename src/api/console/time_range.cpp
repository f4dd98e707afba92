// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "api/console/time_range_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int64_t kCountMax = 1'000'000;  // of a unit: keeps sums far from overflow

Error Wrong(std::string_view text) {
  return Error{Code::kInvalidArgument,
               "\"" + std::string(text.substr(0, 64)) +
                   "\" is no time: write now, now-15m, now-1h/h, milliseconds since the epoch or "
                   "RFC 3339"};
}

/// Zero: not a unit of fixed length.
nanoseconds WidthOf(char unit) {
  switch (unit) {
    case 's':
      return seconds(1);
    case 'm':
      return minutes(1);
    case 'h':
      return hours(1);
    case 'd':
      return hours(24);
    case 'w':
      return hours(24 * 7);
    default:
      return nanoseconds(0);
  }
}

/// Splits off the time of the day.
struct Calendar {
  explicit Calendar(EventTime time) {
    const nanoseconds since_epoch(time.ns);
    day = std::chrono::floor<days>(std::chrono::sys_time<nanoseconds>(since_epoch));
    of_day = since_epoch - day.time_since_epoch();
  }
  EventTime Time() const { return {nanoseconds(day.time_since_epoch()).count() + of_day.count()}; }

  sys_days day;
  nanoseconds of_day;
};

EventTime AddMonths(EventTime time, int64_t months) {
  Calendar at(time);
  year_month_day date(at.day);
  date += std::chrono::months(months);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;  // 31 January + 1M
  at.day = sys_days(date);
  return at.Time();
}

Result<EventTime> Shift(EventTime time, int64_t count, char unit, std::string_view text) {
  if (unit == 'M' || unit == 'y') {
    const int64_t months = unit == 'y' ? count * 12 : count;
    if (std::abs(months) > 12 * 250) return Wrong(text);  // what nanoseconds in 64 bits can tell
    return AddMonths(time, months);
  }
  const nanoseconds width = WidthOf(unit);
  if (width == nanoseconds(0)) return Wrong(text);
  int64_t step = 0;
  EventTime out;
  if (__builtin_mul_overflow(width.count(), count, &step) ||
      __builtin_add_overflow(time.ns, step, &out.ns)) {
    return Wrong(text);
  }
  return out;
}

Result<EventTime> Floor(EventTime time, char unit, std::string_view text) {
  Calendar at(time);
  at.of_day = nanoseconds(0);
  const year_month_day date(at.day);
  if (unit == 'w') {
    at.day -= std::chrono::weekday(at.day) - std::chrono::Monday;
  } else if (unit == 'M') {
    at.day = sys_days(date.year() / date.month() / 1);
  } else if (unit == 'y') {
    at.day = sys_days(date.year() / std::chrono::January / 1);
  } else {
    const nanoseconds width = WidthOf(unit);
    if (width == nanoseconds(0)) return Wrong(text);
    return FloorTo(time, width);
  }
  return at.Time();
}

}  // namespace

Result<EventTime> ParseTimePoint(std::string_view text, EventTime now) {
  if (const auto ms = ParseInt64(text)) {
    EventTime out;
    if (__builtin_mul_overflow(*ms, int64_t{1'000'000}, &out.ns)) return Wrong(text);
    return out;
  }
  if (!text.starts_with("now")) {
    auto time = ParseTimestamp(text);
    if (!time.ok()) return Wrong(text);
    return time;
  }
  EventTime time = now;
  for (std::string_view rest = text.substr(3); !rest.empty();) {
    const char sign = rest.front();
    rest.remove_prefix(1);
    if (sign == '/') {
      if (rest.size() != 1) return Wrong(text);
      return Floor(time, rest.front(), text);
    }
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const auto count = ParseInt64(rest.substr(0, digits));
    if ((sign != '-' && sign != '+') || !count || *count > kCountMax || digits == rest.size()) {
      return Wrong(text);
    }
    TM_ASSIGN_OR_RETURN(time, Shift(time, sign == '-' ? -*count : *count, rest[digits], text));
    rest.remove_prefix(digits + 1);
  }
  return time;
}

}  // namespace tidemark::console
