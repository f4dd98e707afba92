// SPDX-License-Identifier: Apache-2.0
// When a scheduled query runs (timestream-api.md 5.10): rate(n unit) or cron(six fields), in UTC,
// with a resolution of one minute. Immutable value.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tidemark::timestream {

class Schedule {
 public:
  /// kInvalidArgument says what is wrong with the text.
  static Result<Schedule> Parse(std::string_view text);

  /// The first time after `after`. rate(): `created` plus a multiple of the period. None: cron()
  /// has no such time until the end of 2199.
  std::optional<ArrivalTime> Next(ArrivalTime after, ArrivalTime created) const;
  /// The last time in (from, to], or none.
  std::optional<ArrivalTime> LastIn(ArrivalTime from, ArrivalTime to, ArrivalTime created) const;

 private:
  /// Which days of a month, or which days of a week.
  struct Days {
    bool any = false;      // '?': the other field decides
    std::bitset<32> in;    // numbers; of a week 1 = Sunday
    bool last = false;     // of the month: L; a weekday in a month: "5L"
    bool weekday = false;  // of the month: the nearest one, "15W" or "LW"
    int nth = 0;           // "3#2": the 2nd Tuesday
  };
  static Result<Days> ParseDaysOfMonth(std::string_view text);
  static Result<Days> ParseDaysOfWeek(std::string_view text);
  static Result<Schedule> ParseCron(std::string_view text);
  static Result<Schedule> ParseRate(std::string_view text);

  bool DayMatches(std::chrono::sys_days day) const;
  std::optional<ArrivalTime> NextCron(ArrivalTime after) const;

  milliseconds period_{0};  // rate(); 0: cron()
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<13> months_;
  std::bitset<230> years_;  // from 1970
  Days month_days_;
  Days week_days_;
};

}  // namespace tidemark::timestream
