// SPDX-License-Identifier: Apache-2.0
// Three kinds of time that never mix (design: "Clocks are data").
//   EventTime      when it happened: int64 nanoseconds since 1970-01-01T00:00:00Z.
//   ArrivalTime    when we saw it: int64 milliseconds since the same epoch, from Clock::Now().
//   MonotonicTime  for timeouts only: nanoseconds since an arbitrary start.
// All are immutable values. Durations are std::chrono.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct EventTime {
  int64_t ns = 0;

  friend constexpr auto operator<=>(const EventTime&, const EventTime&) = default;
  friend constexpr EventTime operator+(EventTime t, nanoseconds d) { return {t.ns + d.count()}; }
  friend constexpr EventTime operator-(EventTime t, nanoseconds d) { return {t.ns - d.count()}; }
  friend constexpr nanoseconds operator-(EventTime a, EventTime b) {
    return nanoseconds(a.ns - b.ns);
  }
};

/// Accepted event times: [kEventTimeMin, kEventTimeMax), 1700-01-01 to 2250-01-01 (event-time.md
/// section 1).
inline constexpr EventTime kEventTimeMin{-8'520'336'000'000'000'000};
inline constexpr EventTime kEventTimeMax{8'835'955'200'000'000'000};

struct ArrivalTime {
  int64_t ms = 0;

  friend constexpr auto operator<=>(const ArrivalTime&, const ArrivalTime&) = default;
  friend constexpr ArrivalTime operator+(ArrivalTime t, milliseconds d) {
    return {t.ms + d.count()};
  }
  friend constexpr ArrivalTime operator-(ArrivalTime t, milliseconds d) {
    return {t.ms - d.count()};
  }
  friend constexpr milliseconds operator-(ArrivalTime a, ArrivalTime b) {
    return milliseconds(a.ms - b.ms);
  }
  /// The event time of the same instant: the only bridge between the two kinds.
  constexpr EventTime AsEventTime() const { return {ms * 1'000'000}; }
};

struct MonotonicTime {
  int64_t ns = 0;

  friend constexpr auto operator<=>(const MonotonicTime&, const MonotonicTime&) = default;
  friend constexpr MonotonicTime operator+(MonotonicTime t, nanoseconds d) {
    return {t.ns + d.count()};
  }
  friend constexpr nanoseconds operator-(MonotonicTime a, MonotonicTime b) {
    return nanoseconds(a.ns - b.ns);
  }
};

/// Half-open: start <= t < end.
struct TimeRange {
  EventTime start = kEventTimeMin;
  EventTime end = kEventTimeMax;

  constexpr bool empty() const { return end <= start; }
  constexpr bool Contains(EventTime t) const { return start <= t && t < end; }
  friend constexpr bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// The largest multiple of `width` (shifted by `offset`) at or before `t`: floor, also before 1970.
/// `width` > 0.
constexpr EventTime FloorTo(EventTime t, nanoseconds width, nanoseconds offset = nanoseconds(0)) {
  const int64_t shifted = t.ns - offset.count();
  int64_t rest = shifted % width.count();
  if (rest < 0) rest += width.count();
  return {t.ns - rest};
}

/// "5m", "75s", "-2h", "250ms", "1d12h": units ns us ms s m h d w, as in the SQL dialect.
/// kInvalidArgument names the text and the units.
Result<nanoseconds> ParseDuration(std::string_view text);
/// The shortest exact form: "5m", "1h30m", "250ms", "0s".
std::string FormatDuration(nanoseconds duration);

/// "2026-11-26 09:15:00.000000000", UTC: the SQL dialect's text of a TIMESTAMP
/// (timestream-api.md 5.1.5).
std::string FormatSqlTimestamp(EventTime time);
/// "2026-11-26T09:15:00.123Z", UTC, always three decimals.
std::string FormatIso8601Millis(EventTime time);
/// Reads "2026-11-26", "2026-11-26 09:15[:00[.fraction up to 9 digits]]", 'T' and a final 'Z'
/// allowed; UTC.
Result<EventTime> ParseTimestamp(std::string_view text);

/// "256MiB", "64KiB", "1GiB", "1000" (bytes; also KB, MB, GB as powers of ten). kInvalidArgument
/// otherwise.
Result<uint64_t> ParseByteSize(std::string_view text);

}  // namespace tidemark
