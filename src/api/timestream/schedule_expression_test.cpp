// SPDX-License-Identifier: Apache-2.0
// Rows of the conformance checklist (timestream-api.md section 8) and 5.10.
#include "api/timestream/schedule_expression.h"

#include <gtest/gtest.h>

namespace tidemark::timestream {
namespace {

ArrivalTime At(std::string_view text) { return {ParseTimestamp(text).value().ns / 1'000'000}; }

// The first `count` times after `from`.
std::string Times(std::string_view text, std::string_view from, int count = 1,
                  std::string_view created = "2026-01-01 00:00:00") {
  const auto schedule = Schedule::Parse(text);
  if (!schedule.ok()) return schedule.error().message;
  std::string out;
  ArrivalTime time = At(from);
  for (int i = 0; i < count; ++i) {
    const auto next = schedule->Next(time, At(created));
    if (!next) return out + "none";
    time = *next;
    out += FormatIso8601Millis(time.AsEventTime()).substr(0, 16) + " ";
  }
  return out;
}

bool Valid(std::string_view text) { return Schedule::Parse(text).ok(); }

TEST(Schedule, Row104_Refusals) {
  for (const char* text :
       {"rate(1 minutes)",      "rate(0 hours)",         "rate(2 hour)",
        "rate(-1 minutes)",     "rate(5 seconds)",       "rate(5)",
        "rate(5 minutes",       "every 5 minutes",       "",
        "cron(* * * * * *)",    "cron(* * ? * ? *)",     "cron(0 0 * * ?)",
        "cron(60 * * * ? *)",   "cron(* 24 * * ? *)",    "cron(* * 0 * ? *)",
        "cron(* * 32 * ? *)",   "cron(* * * 13 ? *)",    "cron(* * ? * 8 *)",
        "cron(* * * * ? 2200)", "cron(* * ? * MON#6 *)", "cron(* * ? * MON#1,TUE#2 *)",
        "cron(5-1 * * * ? *)",  "cron(0/0 * * * ? *)",   "cron(a * * * ? *)",
        "cron(? * * * ? *)",    "cron(1/2/3 * * * ? *)", "cron(1- * * * ? *)"}) {
    EXPECT_FALSE(Valid(text)) << text;
  }
  for (const char* text : {"rate(1 minute)", "rate(2 days)", "cron(0/2 * * * ? *)",
                           "cron(0 0/1 * * ? *)", "cron(0 12 ? JAN,mar MON-FRI 2026-2030)"}) {
    EXPECT_TRUE(Valid(text)) << text;
  }
}

TEST(Schedule, RateStartsWithTheQuery) {
  EXPECT_EQ(Times("rate(2 hours)", "2026-01-01 00:00:00", 3),
            "2026-01-01T02:00 2026-01-01T04:00 2026-01-01T06:00 ");
  EXPECT_EQ(Times("rate(1 day)", "2026-02-01 13:00:00", 1, "2026-01-01 12:34:56.789"),
            "2026-02-02T12:34 ");
}

TEST(Schedule, CronListsRangesAndSteps) {
  EXPECT_EQ(Times("cron(0/20 * * * ? *)", "2026-01-01 00:00:00", 3),
            "2026-01-01T00:20 2026-01-01T00:40 2026-01-01T01:00 ");
  EXPECT_EQ(
      Times("cron(5,50-52 9-10/1 * * ? *)", "2026-01-01 09:06:00", 5),
      "2026-01-01T09:50 2026-01-01T09:51 2026-01-01T09:52 2026-01-01T10:05 2026-01-01T10:50 ");
  EXPECT_EQ(Times("cron(0 0 1 1 ? 2030)", "2026-01-01 00:00:00", 2), "2030-01-01T00:00 none");
  EXPECT_EQ(Times("cron(0 0 29 2 ? *)", "2026-01-01 00:00:00", 2),
            "2028-02-29T00:00 2032-02-29T00:00 ");
}

TEST(Schedule, CronDaysOfMonthAndWeek) {
  // 2026-01-01 is a Thursday; January 31st a Saturday, February 28th too.
  EXPECT_EQ(Times("cron(0 8 L * ? *)", "2026-01-01 00:00:00", 2),
            "2026-01-31T08:00 2026-02-28T08:00 ");
  EXPECT_EQ(Times("cron(0 8 LW * ? *)", "2026-01-01 00:00:00", 2),
            "2026-01-30T08:00 2026-02-27T08:00 ");
  // Sunday February 1st: the nearest weekday is not looked for in January.
  EXPECT_EQ(Times("cron(0 8 1W 2 ? *)", "2026-01-01 00:00:00"), "2026-02-02T08:00 ");
  EXPECT_EQ(Times("cron(0 8 17W 1 ? *)", "2026-01-01 00:00:00"), "2026-01-16T08:00 ");
  EXPECT_EQ(Times("cron(0 0 ? * 2 *)", "2026-01-01 00:00:00", 2),
            "2026-01-05T00:00 2026-01-12T00:00 ");  // 2 = Monday
  EXPECT_EQ(Times("cron(0 0 ? * FRI#2 *)", "2026-01-01 00:00:00", 2),
            "2026-01-09T00:00 2026-02-13T00:00 ");
  EXPECT_EQ(Times("cron(0 0 ? * 6L *)", "2026-01-01 00:00:00", 2),
            "2026-01-30T00:00 2026-02-27T00:00 ");
  EXPECT_EQ(Times("cron(0 0 ? * L *)", "2026-01-01 00:00:00"), "2026-01-03T00:00 ");
}

TEST(Schedule, LastTimeOfARange) {
  const auto last = [](std::string_view text, std::string_view from, std::string_view to) {
    const auto time =
        Schedule::Parse(text).value().LastIn(At(from), At(to), At("2026-01-01 00:00:30"));
    return time ? FormatIso8601Millis(time->AsEventTime()).substr(0, 19) : "none";
  };
  EXPECT_EQ(last("rate(1 minute)", "2026-01-01 00:00:30", "2026-01-01 01:00:00"),
            "2026-01-01T00:59:30");
  EXPECT_EQ(last("rate(1 hour)", "2026-01-01 00:00:30", "2026-01-01 01:00:00"), "none");
  EXPECT_EQ(last("cron(0/7 * * * ? *)", "2026-01-01 00:00:00", "2026-03-01 00:34:59"),
            "2026-03-01T00:28:00");
  EXPECT_EQ(last("cron(0 0 1 * ? *)", "2026-01-01 00:00:00", "2026-03-01 00:00:00"),
            "2026-03-01T00:00:00");
  EXPECT_EQ(last("cron(0 0 1 * ? *)", "2026-03-01 00:00:00", "2026-03-31 00:00:00"), "none");
}

}  // namespace
}  // namespace tidemark::timestream
