// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/sim/sim_clock.h"
#include "base/testing/seed.h"

namespace tidemark {
namespace {

using namespace std::chrono_literals;

EventTime Parse(std::string_view text) {
  const auto time = ParseTimestamp(text);
  EXPECT_TRUE(time.ok()) << text;
  return time.ok() ? *time : EventTime{};
}

TEST(FloorTo, RoundsDownBeforeAndAfter1970) {
  EXPECT_EQ(FloorTo(EventTime{0}, 10s), EventTime{0});
  EXPECT_EQ(FloorTo(EventTime{9'999'999'999}, 10s), EventTime{0});
  EXPECT_EQ(FloorTo(EventTime{10'000'000'000}, 10s), EventTime{10'000'000'000});
  EXPECT_EQ(FloorTo(EventTime{-1}, 10s), EventTime{-10'000'000'000});
  EXPECT_EQ(FloorTo(EventTime{-10'000'000'000}, 10s), EventTime{-10'000'000'000});
  EXPECT_EQ(FloorTo(EventTime{-10'000'000'001}, 10s), EventTime{-20'000'000'000});
}

TEST(FloorTo, ShiftsByTheOffset) {
  EXPECT_EQ(FloorTo(EventTime{12}, 10ns, 3ns), EventTime{3});
  EXPECT_EQ(FloorTo(EventTime{13}, 10ns, 3ns), EventTime{13});
  EXPECT_EQ(FloorTo(EventTime{2}, 10ns, 3ns), EventTime{-7});
  EXPECT_EQ(FloorTo(EventTime{-8}, 10ns, 3ns), EventTime{-17});
}

TEST(TimeRange, IsHalfOpen) {
  const TimeRange range{EventTime{5}, EventTime{7}};
  EXPECT_FALSE(range.Contains(EventTime{4}));
  EXPECT_TRUE(range.Contains(EventTime{5}));
  EXPECT_FALSE(range.Contains(EventTime{7}));
  EXPECT_TRUE((TimeRange{EventTime{5}, EventTime{5}}.empty()));
}

TEST(EventTimeLimits, Are1700To2250) {
  EXPECT_EQ(kEventTimeMin, Parse("1700-01-01"));
  EXPECT_EQ(kEventTimeMax, Parse("2250-01-01"));
}

TEST(ParseDuration, ReadsUnitsAndSums) {
  EXPECT_EQ(*ParseDuration("5m"), 5min);
  EXPECT_EQ(*ParseDuration("75s"), 75s);
  EXPECT_EQ(*ParseDuration("-2h"), -2h);
  EXPECT_EQ(*ParseDuration("250ms"), 250ms);
  EXPECT_EQ(*ParseDuration("3us"), 3us);
  EXPECT_EQ(*ParseDuration("7ns"), 7ns);
  EXPECT_EQ(*ParseDuration("1d12h"), 36h);
  EXPECT_EQ(*ParseDuration("2w"), 14 * 24h);
  EXPECT_EQ(*ParseDuration("0s"), 0s);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "-", "5", "m", "5 m", "5x", "5m-3s", "1.5h", "+5m", " 5m", "5m ",
                           "5M", "300y", "99999999999999999999s", "15251w"}) {
    const auto parsed = ParseDuration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument) << text;
  }
}

TEST(FormatDuration, IsShortAndExact) {
  EXPECT_EQ(FormatDuration(5min), "5m");
  EXPECT_EQ(FormatDuration(90min), "1h30m");
  EXPECT_EQ(FormatDuration(250ms), "250ms");
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(-36h), "-1d12h");
  EXPECT_EQ(FormatDuration(10 * 24h), "10d");
}

TEST(FormatDuration, ReadsBackEqual) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 2000; ++i) {
    const auto shift = static_cast<unsigned>(random.Below(63)) + 1;
    const nanoseconds d(static_cast<int64_t>(random.Next()) >> shift);
    const std::string text = FormatDuration(d);
    EXPECT_EQ(*ParseDuration(text), d) << text;
  }
  EXPECT_FALSE(FormatDuration(nanoseconds::min()).empty());
  EXPECT_EQ(*ParseDuration(FormatDuration(nanoseconds::max())), nanoseconds::max());
}

TEST(FormatSqlTimestamp, HasNineDigits) {  // timestream-api.md 5.1.5
  EXPECT_EQ(FormatSqlTimestamp(EventTime{0}), "1970-01-01 00:00:00.000000000");
  EXPECT_EQ(FormatSqlTimestamp(EventTime{-1}), "1969-12-31 23:59:59.999999999");
  EXPECT_EQ(FormatSqlTimestamp(Parse("2026-11-26T09:15:00.76")), "2026-11-26 09:15:00.760000000");
  EXPECT_EQ(FormatSqlTimestamp(EventTime{std::numeric_limits<int64_t>::max()}),
            "2262-04-11 23:47:16.854775807");
  EXPECT_EQ(FormatSqlTimestamp(EventTime{std::numeric_limits<int64_t>::min()}),
            "1677-09-21 00:12:43.145224192");
}

TEST(FormatIso8601Millis, HasThreeDecimalsRoundedDown) {
  EXPECT_EQ(FormatIso8601Millis(Parse("2026-11-26 09:15:00.1239")), "2026-11-26T09:15:00.123Z");
  EXPECT_EQ(FormatIso8601Millis(EventTime{-1}), "1969-12-31T23:59:59.999Z");
}

TEST(ParseTimestamp, ReadsEveryShape) {
  const EventTime day = Parse("2026-11-26");
  EXPECT_EQ(Parse("2026-11-26Z"), day);
  EXPECT_EQ(Parse("2026-11-26 09:15") - day, 9h + 15min);
  EXPECT_EQ(Parse("2026-11-26T09:15Z") - day, 9h + 15min);
  EXPECT_EQ(Parse("2026-11-26 09:15:30") - day, 9h + 15min + 30s);
  EXPECT_EQ(Parse("2026-11-26T09:15:30.000000001Z") - day, 9h + 15min + 30s + 1ns);
  EXPECT_EQ(Parse("2024-02-29") - Parse("2024-02-28"), 24h);
  EXPECT_EQ(day.ns, 1'795'651'200'000'000'000);
}

TEST(ParseTimestamp, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026", "2026-11", "2026-13-01", "2026-02-29", "2026-11-26 ", "26-11-26",
        "2026-11-26 24:00", "2026-11-26 09:60", "2026-11-26 09:15:60", "2026-11-26 9:15",
        "2026-11-26 09:15:00.", "2026-11-26 09:15:00.1234567890", "2026-11-26 09:15.5",
        "2026-11-26 09:15:00+01:00", "2026-11-26x", " 2026-11-26", "2026-00-10", "2026-11-00"}) {
    EXPECT_FALSE(ParseTimestamp(text).ok()) << text;
  }
}

TEST(ParseTimestamp, EndsWhereInt64NanosecondsEnd) {
  EXPECT_EQ(Parse("2262-04-11 23:47:16.854775807").ns, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Parse("1677-09-21 00:12:43.145224192").ns, std::numeric_limits<int64_t>::min());
  EXPECT_FALSE(ParseTimestamp("2262-04-11 23:47:16.854775808").ok());
  EXPECT_FALSE(ParseTimestamp("1677-09-21 00:12:43.145224191").ok());
  EXPECT_FALSE(ParseTimestamp("0000-01-01").ok());
  EXPECT_FALSE(ParseTimestamp("9999-12-31").ok());
}

TEST(ParseTimestamp, ReadsBackWhatIsFormatted) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 2000; ++i) {
    const EventTime time{static_cast<int64_t>(random.Next())};
    EXPECT_EQ(Parse(FormatSqlTimestamp(time)), time);
  }
}

TEST(ParseByteSize, ReadsUnits) {
  EXPECT_EQ(*ParseByteSize("256MiB"), uint64_t{256} << 20U);
  EXPECT_EQ(*ParseByteSize("64KiB"), 65536U);
  EXPECT_EQ(*ParseByteSize("1GiB"), uint64_t{1} << 30U);
  EXPECT_EQ(*ParseByteSize("1000"), 1000U);
  EXPECT_EQ(*ParseByteSize("2KB"), 2000U);
  EXPECT_EQ(*ParseByteSize("3GB"), 3'000'000'000U);
  for (const char* text : {"", "MiB", "-1", "1.5GiB", "1 MiB", "1mib", "99999999999GiB"}) {
    EXPECT_FALSE(ParseByteSize(text).ok()) << text;
  }
}

TEST(SystemClock, IsPlausibleAndMonotonic) {
  const SystemClock clock;
  EXPECT_GT(clock.Now().ms, 1'700'000'000'000);
  const MonotonicTime first = clock.Monotonic();
  EXPECT_LE(first, clock.Monotonic());
}

TEST(SimClock, MovesOnlyWhenTold) {
  sim::SimClock clock;
  EXPECT_EQ(clock.Now().AsEventTime(), Parse("2026-01-01"));
  clock.Advance(1500ms);
  clock.StepWall(-1s);
  EXPECT_EQ(clock.Now().AsEventTime() - Parse("2026-01-01"), 500ms);
  EXPECT_EQ(clock.Monotonic().ns, 1'500'000'000);
}

TEST(SeededRandom, IsSplitmix64) {
  SeededRandom random(1234567);  // the reference implementation's published sequence
  EXPECT_EQ(random.Next(), 6457827717110365317U);
  EXPECT_EQ(random.Next(), 3203168211198807973U);
}

TEST(SystemRandom, DoesNotRepeat) {
  SystemRandom random;
  EXPECT_NE(random.Next(), random.Next());
}

}  // namespace
}  // namespace tidemark
